"""The processes of the service on one machine, and the numbers that they share through a private folder.

Each process holds a numbered place in the folder, by a lock that the system releases when the process ends, however it ends.
Beside the lock lie the numbers of whoever has, or had, the place, written every second. Who takes the place of one that has ended
goes on from its numbers, so that a counter never falls, and there are no more files than processes that lived at the same time.
"""

import contextlib
import fcntl
import json
import logging
import platform
import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from retouch.errors import ConfigurationError
from retouch.telemetry.catalog import PROCESS_STARTS
from retouch.telemetry.ledger import Ledger, Series, merge_into, read_snapshot
from retouch.telemetry.memory import resident_bytes

__all__ = ["Colleague", "Desk", "machine_folder"]

_WRITE_SECONDS: Final = 1.0
_MOST_PLACES: Final = 256
_FORGOTTEN_SECONDS: Final = 24 * 3600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Colleague:
    """A process that lives: what it does, which place it has, and its memory in bytes, where the system tells."""

    role: str
    place: int
    memory: int | None


def machine_folder(folder: Path) -> Path:
    """Return the folder, within one that machines may share, for the processes of this machine."""
    return folder / (re.sub(r"[^A-Za-z0-9.-]", "-", platform.node())[:64] or "machine")


class Desk:
    """The place of this process among those of its machine.

    Parameters
    ----------
    folder : Path
        From ``machine_folder``. Made when it is not there, for this user alone.
    role : str
        What the process does: "api", "worker".
    ledger : Ledger
        Its numbers.
    """

    def __init__(self, folder: Path, role: str, ledger: Ledger) -> None:
        self._folder = folder
        self._role = role
        self._ledger = ledger
        self._written: tuple[int, int] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self.place = -1

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place for as long as the block lasts.

        Raises
        ------
        ConfigurationError
            The folder can't be written.
        """
        try:
            lock = self._take_place()
        except OSError as exc:
            raise ConfigurationError(
                f"The folder of the metrics can't be written ({exc.strerror}). Choose another data folder, or set "
                'telemetry.metrics to "off".'
            ) from exc
        with lock:
            self._ledger.add(PROCESS_STARTS, (self._role,), 1)
            self._thread.start()
            try:
                yield
            finally:
                self._stopping.set()
                self._thread.join()
                self._write()

    def everyone(self) -> tuple[Series, tuple[Colleague, ...]]:
        """Return the numbers of all processes of this machine, past ones included, and which of them live."""
        total: Series = {}
        merge_into(total, self._ledger.series())
        alive = [Colleague(self._role, self.place, resident_bytes())]
        for place in self._places():
            if place == self.place:
                continue
            lives = self._is_held(place)
            with contextlib.suppress(OSError, ValueError):  # being replaced, or of a process that has not written yet
                header, _, snapshot = self._numbers_file(place).read_bytes().partition(b"\n")
                of_others = Ledger()
                if lives:
                    said = json.loads(header)
                    alive.append(Colleague(str(said["role"]), place, said["memory"]))
                    merge_into(total, read_snapshot(snapshot))
                else:
                    of_others.take_over(snapshot)
                    merge_into(total, of_others.series())
        return total, tuple(alive)

    def _take_place(self) -> IO[bytes]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "door").open("ab") as door:  # one at a time decides whether nobody is here
            fcntl.flock(door, fcntl.LOCK_EX)
            if not any(self._is_held(place) for place in self._places()):
                self._clear()
            for place in range(_MOST_PLACES):
                lock = self._lock_file(place).open("ab")
                if _try_lock(lock):
                    break
                lock.close()
            else:
                raise ConfigurationError(f"{_MOST_PLACES} processes share one data folder on this machine already.")
            self.place = place
            with contextlib.suppress(OSError, ValueError):
                self._ledger.take_over(self._numbers_file(place).read_bytes().partition(b"\n")[2])
        return lock

    def _clear(self) -> None:
        """Begin anew: nobody is here. Forget machines that shared the folder and have been gone for long."""
        for place in self._places():
            self._numbers_file(place).unlink(missing_ok=True)
        for other in self._folder.parent.iterdir():
            numbers = list(other.glob("*.json")) if other != self._folder and (other / "door").exists() else []
            youngest = max((file.stat().st_mtime for file in numbers), default=time.time())
            if time.time() - youngest > _FORGOTTEN_SECONDS:
                shutil.rmtree(other, ignore_errors=True)

    def _places(self) -> list[int]:
        return sorted(int(file.stem) for file in self._folder.glob("*.lock") if file.stem.isdigit())

    def _is_held(self, place: int) -> bool:
        if place == self.place:
            return True
        with contextlib.suppress(OSError), self._lock_file(place).open("rb") as lock:
            return not _try_lock(lock, fcntl.LOCK_SH)  # closing it lets go
        return False

    def _lock_file(self, place: int) -> Path:
        return self._folder / f"{place}.lock"

    def _numbers_file(self, place: int) -> Path:
        return self._folder / f"{place}.json"

    def _run(self) -> None:
        failed = False
        while not self._stopping.wait(_WRITE_SECONDS):
            written = self._write()
            if not written and not failed:
                _log.warning("the metrics of this process can't be written at present; its colleagues don't see them")
            failed = not written

    def _write(self) -> bool:
        """Write the numbers down where they, or the memory's mebibytes, have changed. A reader finds the old ones or the new."""
        memory = resident_bytes()
        state = (self._ledger.changes, (memory or 0) >> 20)
        if state == self._written:
            return True
        header = json.dumps({"role": self._role, "memory": memory}).encode()
        partial = self._folder / f"{self.place}.part"
        try:
            partial.write_bytes(header + b"\n" + self._ledger.snapshot())
            partial.replace(self._numbers_file(self.place))
        except OSError:
            return False
        self._written = state
        return True


def _try_lock(file: IO[bytes], kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
