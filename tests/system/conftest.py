"""A real server process on a free port of this machine."""

import base64
import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image
from skimage.data import astronaut

FAKE_SERVER = Path(__file__).with_name("fake_server.py")


@dataclass
class RunningServer:
    """A server process, and where it listens."""

    process: subprocess.Popen
    url: str
    greeting: str

    def post(self, body: dict, *, timeout: float = 30) -> httpx2.Response:
        """Ask for an edit."""
        headers = {"Authorization": "Bearer key"}
        return httpx2.post(f"{self.url}/v1/images/generations", json=body, headers=headers, timeout=timeout)

    def post_in_vain(self, body: dict) -> threading.Thread:
        """Ask for an edit in a thread, knowing that no answer will come."""

        def ask():
            with contextlib.suppress(httpx2.HTTPError):
                self.post(body)

        thread = threading.Thread(target=ask)
        thread.start()
        return thread

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers."""
        return children_of(self.process.pid)

    def is_ready(self) -> bool:
        """Whether it says that it can take an edit now."""
        with contextlib.suppress(httpx2.HTTPError):
            return httpx2.get(f"{self.url}/ready").status_code == 200
        return False

    def kill(self) -> None:
        """End it as a power cut would: with everything that it has started."""
        self.process.send_signal(signal.SIGSTOP)  # or it would start others
        for pid in self.workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> int:
        """Ask it to stop, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture(scope="session")
def photo_uri() -> str:
    buffer = io.BytesIO()
    Image.fromarray(astronaut()[64:448]).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


@pytest.fixture
def environment() -> dict[str, str]:
    """This process's environment without Retouch's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RETOUCH_")}


@pytest.fixture
def start(tmp_path, environment):
    """Start a server of the fake engine; further arguments are those of ``fake_server.py``."""
    with ExitStack() as stack:

        def run(
            *arguments: str,
            data: Path = tmp_path / "data",
            ready: bool = True,
            stderr: Any = subprocess.DEVNULL,
            **settings: str,
        ) -> RunningServer:
            command = [sys.executable, str(FAKE_SERVER), "--data", str(data), *arguments]
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=stderr, text=True, env={**environment, **settings}
            )
            stack.callback(process.stdout.close)
            stack.callback(process.wait, 20)
            stack.callback(process.kill)
            greeting = read_greeting(process)
            server = RunningServer(process, re.search(r"http://\S+", greeting).group(), greeting)
            until = time.monotonic() + 60
            while ready and not server.is_ready():
                assert time.monotonic() < until, "the server was not ready in time"
                time.sleep(0.05)
            return server

        yield run


def children_of(pid: int) -> list[int]:
    """The kernel lists them by the thread that started them."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


def read_greeting(process: subprocess.Popen) -> str:
    lines: list[str] = []
    while line := process.stdout.readline():
        lines.append(line)
        if line.startswith("Stop it"):
            return "".join(lines)
    raise AssertionError(f"the server ended with {process.wait()}: {''.join(lines)}")


@pytest.fixture
def wait_until():
    """Wait for a condition to come true."""

    def wait(condition, seconds=20.0):
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "it did not happen in time"
            time.sleep(0.02)

    return wait


@pytest.fixture
def body(photo_uri):
    """The documented request, with changes."""

    def make(**changes) -> dict:
        model, prompt = "flux/kontext-max/image-to-image", "Add a bird to the foreground of the photo."
        return {"model": model, "prompt": prompt, "image_url": photo_uri, **changes}

    return make
