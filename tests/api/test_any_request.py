"""Whatever a client sends, no route of any dialect fails on the server's side or answers what its reference does not describe.

Schemathesis makes the requests from the OpenAPI document, right ones and wrong ones, and sends them to a server that listens.
"""

import hashlib
import socket
import threading
import time

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from retouch.server.app import create_app
from retouch.settings import load_settings
from retouch.testing import fake_registry

EXAMPLES = 25
TAGS = ("images", "Black Forest Labs", "Replicate", "fal", "models", "files", "health", "billing", "admin")
KEY = "k" * 32
ADMIN_KEY = "a" * 32
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """Serve on a port of this machine; yield what Schemathesis read of the reference there."""
    keys = {"api_keys": [KEY], "admin_key_hashes": [hashlib.sha256(ADMIN_KEY.encode()).hexdigest()]}
    groups = {"engine": {"default": "fake"}, "server": keys, "limits": {"fetch_timeout_seconds": 0.1}}
    app = create_app(load_settings(None, groups), fake_registry(), tmp_path_factory.mktemp("data"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{listener.getsockname()[1]}/openapi.json")
        server.should_exit = True
        thread.join()


@pytest.fixture(autouse=True)
def no_names(monkeypatch):
    """Resolve no name: made-up URLs must not be asked for anywhere."""
    resolve = socket.getaddrinfo

    def only_here(host, *args, **more):
        if host in ("127.0.0.1", b"127.0.0.1"):
            return resolve(host, *args, **more)
        raise socket.gaierror(socket.EAI_NONAME, "no names in this test")

    monkeypatch.setattr(socket, "getaddrinfo", only_here)


@pytest.mark.slow
@pytest.mark.parametrize("tag", TAGS)
def test_every_answer_is_described(api, tag):
    operations = [each.ok() for each in api.include(tag=tag).get_all_operations()]
    assert operations
    cases = st.one_of(*(each.as_strategy(generation_mode=mode) for each in operations for mode in GenerationMode))

    @settings(
        max_examples=EXAMPLES * len(operations),
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def answers_as_described(case):
        key = ADMIN_KEY if tag == "admin" else KEY
        case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {key}"})

    answers_as_described()
