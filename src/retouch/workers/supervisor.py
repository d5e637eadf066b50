"""Starts worker processes, passes news to and from them, and replaces those that die, hang or grow too large."""

import contextlib
import logging
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from retouch.errors import ConfigurationError, StorageError
from retouch.jobs.housekeeping import Housekeeper
from retouch.jobs.signals import JobSignals
from retouch.jobs.workers import WorkerState, new_worker_id
from retouch.workers.channel import Channel, socket_pair

__all__ = ["SupervisionRules", "Supervisor"]

_TICK_SECONDS: Final = 0.2
_STEADY_SECONDS: Final = 30.0
"""A worker that was ready and lived for so long did not die of its start."""
_MAX_PAUSE_SECONDS: Final = 60.0
_FAILURES_TO_REPORT: Final = 3
_STATM: Final = "/proc/{pid}/statm"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SupervisionRules:
    """When a worker process is ended.

    Attributes
    ----------
    grace_seconds : float
        After a job's deadline, or after it was told to stop, for its engine to listen.
    memory_bytes : int
        Resident memory of one process; 0 for no limit.

    Raises
    ------
    ConfigurationError
        There is a limit of memory, and this system does not tell how much a process has.
    """

    grace_seconds: float = 10.0
    memory_bytes: int = 0

    def __post_init__(self) -> None:
        if self.memory_bytes and not Path(_STATM.format(pid="self")).exists():
            raise ConfigurationError(
                "The setting workers.memory_bytes needs /proc, which this system does not have. Set it to 0."
            )


@dataclass(slots=True)
class _Worker:
    """A process, and what is known of it. Moments are of the monotonic clock."""

    id: str
    process: "subprocess.Popen[bytes]"
    channel: Channel
    started_at: float
    is_ready: bool = False
    has_worked: bool = False
    is_leaving: bool = False
    kill_at: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Place:
    """A place for a worker: who has it, and when the next one may be started."""

    worker: _Worker | None = None
    failures: int = 0
    start_at: float = 0.0


class Supervisor:
    """The worker processes of this process. A relay of news, for them.

    Parameters
    ----------
    command : sequence of str
        Starts a worker; ``--channel DESCRIPTOR --worker-id NAME`` is appended.
    count : int
        How many.
    signals : JobSignals
    housekeeper : Housekeeper
        Settles the jobs of workers that died.
    rules : SupervisionRules
    """

    def __init__(
        self,
        command: Sequence[str],
        count: int,
        *,
        signals: JobSignals,
        housekeeper: Housekeeper,
        rules: SupervisionRules,
    ) -> None:
        self._command = tuple(command)
        self._places = [_Place() for _ in range(count)]
        self._signals = signals
        self._housekeeper = housekeeper
        self._rules = rules
        self._selector = selectors.DefaultSelector()
        self._workers: list[_Worker] = []
        self._left_behind: list[str] = []
        self._finish_seconds: float | None = None
        self._killed_at = float("inf")
        self._memory_checked_at = 0.0
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    @property
    def is_failing(self) -> bool:
        """Whether workers end again and again before they can work."""
        return any(place.failures >= _FAILURES_TO_REPORT for place in self._places)

    @property
    def has_places(self) -> bool:
        """Whether it has workers at all."""
        return bool(self._places)

    def worker_ids(self) -> frozenset[str]:
        """Return the workers that live."""
        return frozenset(worker.id for worker in list(self._workers))

    def start(self) -> None:
        """Start the workers, and watch them from now on."""
        self._signals.relay_by(self)
        self._thread.start()

    def stop(self, finish_seconds: float = 0.0, *, release_seconds: float = 15.0) -> None:
        """Have all workers end: running jobs may finish for so long, then they go back to the queue.

        Parameters
        ----------
        finish_seconds : float
        release_seconds : float
            That workers get beyond, to put back what they run; then they are killed.
        """
        self._killed_at = time.monotonic() + finish_seconds + release_seconds
        self._finish_seconds = finish_seconds
        self._thread.join()

    def hurry(self) -> None:
        """While it stops: have running jobs go back to the queue at once."""
        for worker in list(self._workers):
            worker.channel.send("stop", "0")

    def job_changed(self, job_id: str) -> None:
        """Tell the workers that a job changed: it may be to be aborted."""
        for worker in list(self._workers):
            worker.channel.send("changed", job_id)

    def work_arrived(self) -> None:
        """Tell the workers that there is work."""
        for worker in list(self._workers):
            worker.channel.send("work")

    def _run(self) -> None:
        while True:
            try:
                for key, _ in self._selector.select(_TICK_SECONDS):
                    self._hear(key.data)
                if self._look_after_all():
                    break
            except Exception:  # noqa: BLE001 - whatever goes wrong with one worker, the others need their supervisor
                _log.exception("the supervisor stumbled and goes on")
        self._selector.close()

    def _look_after_all(self) -> bool:
        """Look at every worker once; True when all have ended and none is to follow."""
        now = time.monotonic()
        self._settle_left_behind()
        measure = bool(self._rules.memory_bytes) and now - self._memory_checked_at > 1.0
        if measure:
            self._memory_checked_at = now
        for place in self._places:
            worker = place.worker
            if worker is None:
                if self._finish_seconds is None and now >= place.start_at:
                    self._start_in(place)
                continue
            if worker.process.poll() is not None:
                self._bury(place, worker)
                continue
            if self._finish_seconds is not None and not worker.is_leaving:
                worker.is_leaving = True
                worker.channel.send("stop", str(self._finish_seconds))
            if measure:
                self._check_memory(worker)
            self._check_time(worker, now)
        return self._finish_seconds is not None and not self._workers and not self._left_behind

    def _start_in(self, place: _Place) -> None:
        worker_id = new_worker_id()
        channel, theirs = socket_pair()
        command = [*self._command, "--channel", str(theirs.fileno()), "--worker-id", worker_id]
        try:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command, stdin=subprocess.DEVNULL, stdout=sys.__stderr__, pass_fds=(theirs.fileno(),)
            )
        except OSError:
            _log.exception("no worker can be started")
            channel.close()
            self._note_failure(place)
            return
        finally:
            theirs.close()
        place.worker = _Worker(worker_id, process, channel, time.monotonic())
        self._workers.append(place.worker)
        self._selector.register(channel, selectors.EVENT_READ, place.worker)
        _log.info("%s started as process %d", worker_id, process.pid)

    def _hear(self, worker: _Worker) -> None:
        messages = worker.channel.receive()
        if messages is None:  # it has died, or is about to: look_after_all finds out how
            self._selector.unregister(worker.channel)
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(1.0)
            return
        for kind, *words in messages:
            if kind == "changed":
                self._signals.job_changed(words[0], by=self)
            elif kind == "work":
                self._signals.work_arrived(by=self)
            elif kind == "started":
                worker.has_worked = True
                left = max(0.0, float(words[1]))
                worker.kill_at[words[0]] = time.monotonic() + left + self._rules.grace_seconds
            elif kind == "stopping" and words[0] in worker.kill_at:
                worker.kill_at[words[0]] = min(worker.kill_at[words[0]], time.monotonic() + self._rules.grace_seconds)
            elif kind == "ended":
                worker.kill_at.pop(words[0], None)
            elif kind == "state":
                worker.is_ready = words[0] == WorkerState.READY.value

    def _check_time(self, worker: _Worker, now: float) -> None:
        """Kill a worker whose engine does not stop. Its job ends for that; others that it ran beside start anew, uncounted."""
        if now > self._killed_at:
            worker.process.kill()
            return
        overdue = [job_id for job_id, moment in worker.kill_at.items() if now > moment]
        if not overdue:
            return
        try:
            hung = [job_id for job_id in overdue if self._housekeeper.give_up(job_id, worker.id)]
        except StorageError:
            _log.exception("what hangs can't be settled at present")
            return
        for job_id in overdue:
            del worker.kill_at[job_id]
        if hung:
            _log.error("%s does not stop job %s and is killed", worker.id, ", ".join(hung))
            for job_id in worker.kill_at:
                with contextlib.suppress(StorageError):  # then it starts anew with this attempt counted
                    self._housekeeper.put_back(job_id, worker.id)
            worker.is_leaving = True
            worker.process.kill()

    def _check_memory(self, worker: _Worker) -> None:
        size = _resident_bytes(worker.process.pid)
        if worker.is_leaving or size <= self._rules.memory_bytes:
            return
        _log.warning("%s has grown to %d bytes, more than workers.memory_bytes, and is replaced", worker.id, size)
        try:
            for job_id in worker.kill_at:
                self._housekeeper.end_outgrown(job_id, worker.id)
        except StorageError:
            _log.exception("what it runs can't be settled at present")
            return
        worker.is_leaving = True
        worker.process.kill()

    def _bury(self, place: _Place, worker: _Worker) -> None:
        """Take note of an end: settle what it ran, at once, and see to the next one.

        A worker that had not worked yet, whatever ended it, is followed after a pause: the next one may fare no better.
        """
        status = worker.process.returncode
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(worker.channel)
        worker.channel.close()
        self._workers.remove(worker)
        place.worker = None
        self._left_behind.append(worker.id)
        self._settle_left_behind()
        lived = time.monotonic() - worker.started_at
        if status == 0 or worker.is_leaving:
            _log.info("%s has ended", worker.id)
        else:
            _log.error("%s died (%s) after %.1f seconds", worker.id, _cause(status), lived)
        if self._finish_seconds is not None:
            return
        if worker.has_worked or (worker.is_ready and lived > _STEADY_SECONDS):
            place.failures = 0
            place.start_at = time.monotonic()
        else:
            self._note_failure(place)

    def _note_failure(self, place: _Place) -> None:
        place.failures += 1
        pause = min(_MAX_PAUSE_SECONDS, 0.5 * 2 ** (place.failures - 1))
        place.start_at = time.monotonic() + pause
        level = logging.ERROR if place.failures >= _FAILURES_TO_REPORT else logging.WARNING
        _log.log(
            level, "no edit was begun by %d workers in a row; the next is started in %.1f s", place.failures, pause
        )

    def _settle_left_behind(self) -> None:
        """End the leases of workers that died; what can't be settled while the database is away is tried again."""
        for worker_id in list(self._left_behind):
            try:
                self._housekeeper.bury_worker(worker_id)
            except StorageError:
                _log.exception("what %s left behind can't be settled at present", worker_id)
                if self._finish_seconds is None or time.monotonic() < self._killed_at:
                    return
            self._left_behind.remove(worker_id)


def _resident_bytes(pid: int) -> int:
    try:
        pages = int(Path(_STATM.format(pid=pid)).read_text("ascii").split()[1])
    except (OSError, IndexError):  # it has just ended
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _cause(status: int) -> str:
    return f"exit status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
