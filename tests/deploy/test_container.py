"""The container image: its file is clean, holds what the package is made of, and its check of health tells life from death."""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator

import pytest
from tests.deploy.artefacts import DOCKERFILE, ROOT, passes, tool

TEXT = DOCKERFILE.read_text("utf-8")


def test_the_dockerfile_passes_its_linter() -> None:
    passes(tool("hadolint", "lints Dockerfiles"), "--failure-threshold", "style", DOCKERFILE)


def test_the_image_ends_as_a_numbered_user_that_is_not_root() -> None:
    stages = re.split(r"^FROM ", TEXT, flags=re.M)
    users = [re.findall(r"^USER (.*)", stage, re.M) for stage in stages]
    assert [each[-1] for each in users if each] == ["10001:10001"] * 2


def test_everything_that_the_package_is_made_of_reaches_the_builder() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", "src", project["project"]["readme"], *project["project"]["license-files"]}
    needed |= {path.split("/")[0] for path in wheel.get("force-include", {})}
    build = TEXT.partition(" AS build\n")[2].partition("\nFROM ")[0]
    copied = {word.rstrip("/") for line in re.findall(r"^COPY (.*)", build, re.M) for word in line.split()[:-1]}
    let_in = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text("utf-8"), re.M))
    assert needed <= copied
    assert needed <= let_in


def test_nothing_else_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in lines
    assert not [line for line in lines if re.match(r"!.*(\.env|deploy|tests|\.git)", line)]


class _Answers(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def answering() -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def check_health(port: int) -> int:
    """Run the HEALTHCHECK as it stands in the Dockerfile."""
    _, *command = json.loads(re.search(r"^HEALTHCHECK.*\\\n\s+CMD (\[.*\])$", TEXT, re.M)[1])  # type: ignore[index]
    environment = {**os.environ, "RETOUCH_SERVER__PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, timeout=60, check=False
    ).returncode


def test_a_server_that_answers_is_healthy(answering: http.server.HTTPServer) -> None:
    assert check_health(answering.server_port) == 0


def test_a_server_that_answers_with_an_error_is_not(
    answering: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Answers, "status", 500)
    assert check_health(answering.server_port) != 0


def test_a_server_that_does_not_answer_is_not(answering: http.server.HTTPServer) -> None:
    answering.server_close()
    assert check_health(1) != 0
