"""A real server with its worker processes, on a free port of this machine, and what they weigh."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Service", "serving"]

_STOP_SECONDS: Final = 30
_FAKE: Final = Path(__file__).with_name("fake_service.py")


@dataclass(frozen=True, slots=True)
class Service:
    """A running server: its process, and its base URL."""

    process: "subprocess.Popen[str]"
    url: str

    def memory(self) -> dict[str, int]:
        """Resident bytes of the API process, and of its children together."""
        return {"api": _resident(self.process.pid), "children": sum(map(_resident, _descendants(self.process.pid)))}

    def cpu_seconds(self) -> float:
        """Processor seconds that the API process and its children, those that ended included, have taken so far."""
        return sum(map(_cpu_seconds, [self.process.pid, *_descendants(self.process.pid)]))


@contextlib.contextmanager
def serving(
    engine: str, *, workers: int = 1, in_process: bool = False, max_waiting: int = 32, step_seconds: float = 0.0
) -> Iterator[Service]:
    """Run a server for as long as the block lasts, on data of its own that goes with it.

    Parameters
    ----------
    engine : {"fake", "builtin"}
    workers : int
        Edits that run at the same time, each in a process of its own unless ``in_process``.
    in_process : bool
        Threads of the API's process carry out the edits.
    max_waiting : int
        Edits that may wait.
    step_seconds : float
        How long the fake engine takes.
    """
    with tempfile.TemporaryDirectory(prefix="retouch-load-") as data, open(os.path.join(data, "log"), "w+") as log:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RETOUCH_")}
        environment |= {
            "RETOUCH_QUEUE__WORKERS": str(workers),
            "RETOUCH_QUEUE__MAX_WAITING": str(max_waiting),
            "RETOUCH_WORKERS__IN_PROCESS": str(in_process).lower(),
            "RETOUCH_SAFETY__CHECK_PICTURES": "false",  # as the library, which it is compared with
        }
        if engine == "fake":
            command = [sys.executable, str(_FAKE), "--data", data, "--step-seconds", str(step_seconds)]
        else:
            command = [sys.executable, "-m", "retouch", "serve", "--port", "0", "--data-dir", data]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        try:
            yield Service(process, _url_of(process, Path(log.name)))
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _url_of(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if found:
            return found.group()
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _cpu_seconds(pid: int) -> float:
    """Of a process, and of those of its children that it has buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _descendants(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [each for child in children for each in (child, *_descendants(child))]
