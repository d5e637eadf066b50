"""A whole server of the fake engine, for those who mean harm: in this process, and behind a real socket."""

import base64
import contextlib
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from PIL import Image
from skimage.data import astronaut
from starlette.testclient import TestClient

from retouch.server.app import create_app
from retouch.server.connection import ConnectionRules, connection_class
from retouch.settings import load_settings
from retouch.testing import fake_registry

BASE_URL = "http://127.0.0.1:8000"


@pytest.fixture(scope="session")
def photo() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(astronaut()[64:448]).save(buffer, "PNG")
    return buffer.getvalue()


def make_app(folder: Path, *, engine=None, **settings):
    return create_app(load_settings(None, {"engine": {"default": "fake"}, **settings}), fake_registry(engine), folder)


@pytest.fixture
def serve(tmp_path):
    """Start a server in this process; return a client that is let in, and that gets a 500 as a client would."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(client_of(make_app(tmp_path / "data", **options)))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A client of one server without settings, for many tests."""
    with client_of(make_app(tmp_path_factory.mktemp("data"))) as shared:
        yield shared


def client_of(app) -> TestClient:
    return TestClient(app, base_url=BASE_URL, headers={"Authorization": "Bearer any"}, raise_server_exceptions=False)


@pytest.fixture
def body(photo):
    uri = f"data:image/png;base64,{base64.b64encode(photo).decode()}"

    def make(**changes):
        model, prompt = "flux/kontext-max/image-to-image", "Add a bird."
        return {"model": model, "prompt": prompt, "image_url": uri, **changes}

    return make


@dataclass
class Live:
    """A server behind a socket."""

    port: int

    def connect(self, **options: int) -> socket.socket:
        """Return a new connection; ``receive_bytes`` makes its window small."""
        made = socket.socket()
        if "receive_bytes" in options:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options["receive_bytes"])
        made.settimeout(20)
        made.connect(("127.0.0.1", self.port))
        return made

    def tell(self, request: bytes) -> bytes:
        """Send bytes as they are, and return all that comes until the server hangs up."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    received = bytearray()
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            received += part
    return bytes(received)


QUICK = ConnectionRules(header_timeout_seconds=0.8, idle_timeout_seconds=0.8)


@pytest.fixture
def live(tmp_path):
    """Start a server behind a socket of this machine, with these rules for connections and these settings."""
    with ExitStack() as stack:
        yield lambda rules, **settings: stack.enter_context(listening(make_app(tmp_path / "data", **settings), rules))


@pytest.fixture(scope="module")
def one_server(tmp_path_factory):
    """One such server for many tests, which waits for nobody."""
    with listening(make_app(tmp_path_factory.mktemp("data"), limits={"body_timeout_seconds": 0.8}), QUICK) as shared:
        yield shared


@contextlib.contextmanager
def listening(app, rules: ConnectionRules) -> Iterator[Live]:
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        config = uvicorn.Config(
            app,
            http=connection_class(rules),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield Live(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(30)
