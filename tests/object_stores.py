"""Object stores on this machine: moto's S3, which speaks enough of Google's XML API too, and Microsoft's Azurite."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import pytest

from retouch.files.places import StoragePlace

BUCKET = "photos"
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account that every Azurite has; no secret."""
_START_SECONDS = 60.0


@dataclass
class RunningStore:
    """A store that listens on loopback, with an empty bucket."""

    place: StoragePlace
    address: str
    requests: list[str] = field(default_factory=list)


@contextlib.contextmanager
def moto(scheme: str = "s3") -> Iterator[RunningStore]:
    """An S3 of moto, or the same as Google Cloud Storage. Notes the method and path of every request."""
    threaded = pytest.importorskip("moto.server", reason="needs moto[server]")
    server = threaded.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        _request(host, port, "PUT", f"/{BUCKET}")
        address = f"http://{host}:{port}"
        options = {
            "s3": {
                "endpoint": address,
                "region": "us-east-1",
                "access_key_id": "an-id",
                "secret_access_key": "a-secret-that-nobody-may-see",
            },
            "gs": {"base_url": address, "bearer_token": "a-token-that-nobody-may-see"},
        }[scheme]
        yield RunningStore(StoragePlace(f"{scheme}://{BUCKET}/pre/fix", {**options, "allow_http": "true"}), address)
    finally:
        server.stop()


@contextlib.contextmanager
def azurite() -> Iterator[RunningStore]:
    """An Azure Blob Storage; skips where Azurite is not installed."""
    program = os.environ.get("RETOUCH_TEST_AZURITE") or shutil.which("azurite-blob")
    if program is None:
        pytest.skip("needs Azurite: `npm install -g azurite`, or RETOUCH_TEST_AZURITE with the path of azurite-blob")
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        command = [program, "--inMemoryPersistence", "--blobPort", "0", "--disableTelemetry", "--skipApiVersionCheck"]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        try:
            port = _port_in(Path(log.name), process)
            _make_container("127.0.0.1", port)
            address = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
            options = {
                "account_name": AZURE_ACCOUNT,
                "account_key": AZURE_KEY,
                "endpoint": address,
                "allow_http": "true",
            }
            yield RunningStore(StoragePlace(f"az://{BUCKET}/pre/fix", options), address)
        finally:
            process.terminate()
            process.wait(30)


def _port_in(log: Path, process: subprocess.Popen[bytes]) -> int:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"listens on http://127\.0\.0\.1:(\d+)", log.read_text())
        if found:
            return int(found[1])
        time.sleep(0.05)
    raise RuntimeError(f"Azurite did not start: {log.read_text()}")


def _make_container(host: str, port: int) -> None:
    date, version = formatdate(usegmt=True), "2021-08-06"
    signed = (
        "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:{version}\n"
        f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{BUCKET}\nrestype:container"
    )
    mac = base64.b64encode(hmac.digest(base64.b64decode(AZURE_KEY), signed.encode(), hashlib.sha256)).decode()
    headers = {"x-ms-date": date, "x-ms-version": version, "Authorization": f"SharedKey {AZURE_ACCOUNT}:{mac}"}
    _request(host, port, "PUT", f"/{AZURE_ACCOUNT}/{BUCKET}?restype=container", headers)


def _request(host: str, port: int, method: str, path: str, headers: dict[str, str] | None = None) -> None:
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request(method, path, headers={"Content-Length": "0", **(headers or {})})
        answer = connection.getresponse()
        if answer.status >= 300:
            raise RuntimeError(f"{method} was answered with {answer.status}: {answer.read()[:500]!r}")
    finally:
        connection.close()
