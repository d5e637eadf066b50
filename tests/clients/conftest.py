"""Servers for the clients, all behind a key: the fake engine over http and over https, and the built-in editor."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image
from skimage.data import astronaut
from tests.clients.tls import Terminator, make_certificate
from tests.system.conftest import FAKE_SERVER, read_greeting

collect_ignore = ["drivers"]  # they import what is not installed here

KEY = "the-right-key-of-this-server"


@dataclass(frozen=True)
class Server:
    """Where a server listens, and what a client's process needs to trust it."""

    url: str
    environment: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
def photo(tmp_path_factory) -> Path:
    """A photo whose size is a preset's, so that an answer has the same pixels where nothing was edited."""
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(astronaut()).resize((1024, 1024), Image.Resampling.LANCZOS).save(path)
    return path


@contextmanager
def serve(command: list[str], **settings: str) -> Iterator[str]:
    """Run a server until the end of the block; yields its URL."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RETOUCH_")}
    environment = {**clean, "RETOUCH_SERVER__API_KEYS": KEY, **settings}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    try:
        yield re.search(r"http://\S+", read_greeting(process)).group()
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()


@pytest.fixture(scope="session")
def plain_server(tmp_path_factory):
    command = [sys.executable, str(FAKE_SERVER), "--data", str(tmp_path_factory.mktemp("plain"))]
    with serve(command) as url:
        yield Server(url)


@pytest.fixture(scope="session")
def server_of_words(tmp_path_factory):
    """Of an engine that also makes pictures from words alone."""
    data = str(tmp_path_factory.mktemp("words"))
    with serve([sys.executable, str(FAKE_SERVER), "--data", data, "--text-to-image"]) as url:
        yield Server(url)


@pytest.fixture(scope="session")
def secure_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secure")
    certificate, key = make_certificate(folder)
    terminator = Terminator(certificate, key)
    command = [sys.executable, str(FAKE_SERVER), "--data", str(folder / "data")]
    with terminator.listening() as url, serve(command, RETOUCH_SERVER__PUBLIC_URL=url) as inner:
        terminator.port = int(inner.rsplit(":", 1)[1])
        yield Server(url, {"SSL_CERT_FILE": str(certificate), "NODE_EXTRA_CA_CERTS": str(certificate)})


@pytest.fixture(scope="session")
def built_in_editor(tmp_path_factory):
    """`retouch serve`, as everyone starts it."""
    data = str(tmp_path_factory.mktemp("editor"))
    with serve([sys.executable, "-u", "-m", "retouch", "serve", "--port", "0"], XDG_DATA_HOME=data) as url:
        yield Server(url)
