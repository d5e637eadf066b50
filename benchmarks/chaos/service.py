"""A real service under attack: it is started again whenever it dies, as systemd would."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

SERVER = Path(__file__).parents[2] / "tests" / "system" / "fake_server.py"
_START_SECONDS = 90


class Service:
    """An API process and its workers, on a port of its own."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("RETOUCH_")}
        self._environment = plain | settings
        self._folder = folder
        self._log = (folder / "service.log").open("ab")
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self.restart_seconds: list[float] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Keep it running, whatever happens to it."""
        self._start()
        try:
            yield
        finally:
            with self._lock:
                assert self._process is not None
                self._process.terminate()
                try:
                    self.exit_status = self._process.wait(60)
                finally:
                    self._process.kill()
                    assert self._process.stdout is not None
                    self._process.stdout.close()
                    self._log.close()

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        assert self._process is not None
        pids = []
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
                pids += [int(pid) for pid in (thread / "children").read_text().split()]
        return [pid for pid in pids if b"--worker-id" in _command_of(pid)]

    def kill_worker(self, choice: int) -> None:
        workers = self.workers()
        if workers:
            _kill(workers[choice % len(workers)])

    def kill_api(self, *, with_workers: bool) -> None:
        """Kill the API, which is the supervisor, with its workers or without, and start it anew."""
        with self._lock:
            assert self._process is not None
            workers = self.workers() if with_workers else []
            self._process.kill()
            for pid in workers:
                _kill(pid)
            self._process.wait(30)
            assert self._process.stdout is not None
            self._process.stdout.close()
            began = time.monotonic()
            self._start()
            self.restart_seconds.append(time.monotonic() - began)

    def _start(self) -> None:
        command = [
            sys.executable,
            str(SERVER),
            *("--data", str(self._folder / "data"), "--port", str(self._port), "--steps", "5"),
            *("--step-seconds", "0.04"),
        ]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._log, text=True, env=self._environment
        )
        assert self._process.stdout is not None
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            found = re.search(r"http://[\d.]+:(\d+)", self._process.stdout.readline())
            if found:
                self._port = int(found.group(1))
                return
        raise RuntimeError("the service did not start")


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
