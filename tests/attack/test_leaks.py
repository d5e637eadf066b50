"""What an answer tells of the server: nothing but what was wrong with the request."""

import ast
import base64
import inspect
import json
import time

import pytest
from starlette.requests import Request

from retouch.accounts import keys, secret
from retouch.jobs.models import Problem
from retouch.server import auth
from retouch.server.errors import ERROR_TABLE, answer_problem
from retouch.testing import FakeEngine

SECRETS = {
    "a path": "/var/lib/retouch/server/jobs.sqlite",
    "a key": "sk-live-0123456789abcdef0123456789",
    "a library": "sqlalchemy.exc.OperationalError: Pillow 12.3.0, uvicorn 0.54",
    "a source": 'File "/usr/lib/python3.11/site-packages/retouch/jobs/worker.py", line 12',
    "an address": "postgresql://retouch:hunter2@10.0.0.5/jobs",
}
TELLTALES = (
    *("/usr/", "/var/", "/home/", "/root/", "/tmp/", "site-packages", "Traceback", 'File "', ".py", ", line "),
    *("sqlalchemy", "sqlite", "psycopg", "uvicorn", "starlette", "fastapi", "pydantic", "pillow", "libheif", "numpy", "torch"),
    *("hunter2", "sk-live", "0x7f", "object at", "NoneType", "Errno"),
)  # fmt: skip


def require_discreet(text: str) -> None:
    lowered = text.lower()
    assert not [telltale for telltale in TELLTALES if telltale.lower() in lowered], text[:500]


class Blabbing(FakeEngine):
    """Fails as no engine should, with everything in its message."""

    def edit(self, *_, **__):
        raise RuntimeError("; ".join(SECRETS.values()))


FORM = "multipart/form-data; boundary=x"
DIALECTS = {
    "/v1/images/generations": lambda uri: {"model": "flux/kontext-max/image-to-image", "prompt": "x", "image_url": uri},
    "/v1/images/edits": lambda uri: {"prompt": "x", "image": uri},
    "/v1/edits": lambda uri: {"model": "flux/kontext-max/image-to-image", "prompt": "x", "image_url": uri},
    "/v1/flux-kontext-max": lambda uri: {"prompt": "x", "input_image": uri},
    "/fal/fal-ai/flux-pro/kontext": lambda uri: {"prompt": "x", "image_url": uri},
    "/v1/models/black-forest-labs/flux-kontext-max/predictions": lambda uri: {
        "input": {"prompt": "x", "input_image": uri}
    },
}


@pytest.mark.parametrize("code", ERROR_TABLE)
def test_every_problem_of_every_dialect_says_its_message_and_no_more(client, code):
    details = {"file": SECRETS["a path"], "cause": SECRETS["a library"], "key": SECRETS["a key"]}
    problem = Problem(code, "The message.", details=details)
    for path in (*DIALECTS, "/nothing", "/files/x", "/v1/models"):
        scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b"", "app": client.app}
        scope |= {"server": ("127.0.0.1", 80), "scheme": "http", "root_path": "", "state": {"inference_id": "0" * 32}}
        answer = answer_problem(Request(scope), problem)
        text = answer.body.decode()
        json.loads(text)
        require_discreet(text)


@pytest.mark.parametrize("path", DIALECTS)
def test_an_engine_that_blabs_is_not_repeated(path, serve, photo):
    client = serve(engine=Blabbing())
    uri = f"data:image/png;base64,{base64.b64encode(photo).decode()}"
    answer = client.post(path, json=DIALECTS[path](uri), headers={"Prefer": "wait=20"})
    texts = [answer.text]
    followed = answer.json()
    url = followed.get("polling_url") or followed.get("urls", {}).get("self") or followed.get("urls", {}).get("get")
    if url is not None:  # the protocol has the client ask for the end
        until = time.monotonic() + 60
        while time.monotonic() < until:
            texts.append(client.get(url.removeprefix("http://127.0.0.1:8000")).text)
            if "rror" in texts[-1]:
                break
            time.sleep(0.05)
    assert any("rror" in text for text in texts)
    for text in texts:
        require_discreet(text)


@pytest.mark.parametrize(
    "request_of",
    [
        lambda client: client.get("/files/../../etc/passwd"),
        lambda client: client.get("/v1/edits/" + "a" * 32),
        lambda client: client.get("/v1/get_result?id=%00"),
        lambda client: client.post(
            "/v1/images/generations", content=b"{", headers={"Content-Type": "application/json"}
        ),
        lambda client: client.post("/v1/images/generations", json={"model": ["x"], "prompt": {"a": 1}}),
        lambda client: client.post("/v1/images/edits", content=b"--x", headers={"Content-Type": FORM}),
        lambda client: client.post("/v1/images/generations", json={}, headers={"Authorization": "Bearer"}),
        lambda client: client.post("/v1/images/generations", json={}, headers={"Host": "evil.example"}),
        lambda client: client.post("/v1/previews", json={"image_url": "data:image/png;base64,iVBORw0KGgo="}),
        lambda client: client.post("/v1/previews", json={"image_url": "http://127.0.0.1:1/"}),
        lambda client: client.post("/v1/previews", json={"image_url": "http://no-such-host.invalid/"}),
        lambda client: client.patch("/v1/edits"),
    ],
)
def test_what_is_wrong_with_a_request_is_said_without_the_servers_insides(client, request_of):
    answer = request_of(client)
    assert 400 <= answer.status_code < 500
    require_discreet(answer.text)
    assert "server" not in answer.headers
    assert "x-powered-by" not in answer.headers


def test_a_wrong_key_is_not_repeated(serve):
    client = serve(server={"api_keys": "a-long-enough-key-0"})
    for wrong in (
        "sk-live-0123456789abcdef0123456789",
        "a-long-enough-key-1",
        "a-long-enough-key-",
        "a-long-enough-key-0x",
    ):
        answer = client.get("/v1/edits/x", headers={"Authorization": f"Bearer {wrong}"})
        assert answer.status_code == 401
        assert "long-enough" not in answer.text
        assert "sk-live" not in answer.text
    assert client.get("/v1/edits/x", headers={"Authorization": "Bearer a-long-enough-key-0"}).status_code == 404


@pytest.mark.parametrize("module", [auth, keys, secret])
def test_no_key_is_ever_compared_as_it_is(module):
    """A comparison that stops at the first difference tells by its time how much of a guess was right."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            assert not names & {"key", "secret", "presented", "token", "plain"}, ast.unparse(node)


def test_keys_are_kept_as_digests_only(serve):
    client = serve(server={"api_keys": "a-long-enough-key-0"})
    authenticator = client.app.state.services.authenticator
    assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in authenticator._configured)
    assert "a-long-enough-key-0" not in repr(vars(authenticator))
