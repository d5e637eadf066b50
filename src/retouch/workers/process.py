"""What runs in a worker process: the engine, the threads that carry out jobs, and the line to the supervisor."""

import contextlib
import faulthandler
import logging
import os
import signal
import socket
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from retouch.errors import RetouchError, StorageError
from retouch.jobs.worker import WorkerPool, Workshop
from retouch.jobs.workers import WorkerCard, WorkerRegister, WorkerState
from retouch.workers.channel import Channel

__all__ = ["WorkerProcess", "WorkingRules"]

_OOM_SCORE: Final = "500"
"""Where memory runs out, the kernel ends a worker, whose job runs again, rather than the API."""
_RELEASE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.1
"""While running jobs finish, between looks whether they still may."""
_RECYCLE_SECONDS: Final = 3600.0
"""That jobs which run beside the last one get to finish; each has a deadline of its own."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkingRules:
    """How a worker process works.

    Attributes
    ----------
    jobs_at_once : int
    recycle_after_jobs : int
        Jobs after which it ends, for a fresh one to take its place; 0 for never.
    grace_seconds : float
        That an engine gets to stop when it was told to.
    """

    jobs_at_once: int = 1
    recycle_after_jobs: int = 0
    grace_seconds: float = 10.0


class WorkerProcess:
    """The process that it runs in, as a worker.

    Parameters
    ----------
    worker_id : str
    engine : str
        Name of the default engine.
    workshop : Workshop
    register : WorkerRegister
    channel : Channel
        To the supervisor.
    rules : WorkingRules
    """

    def __init__(
        self,
        worker_id: str,
        engine: str,
        workshop: Workshop,
        register: WorkerRegister,
        channel: Channel,
        rules: WorkingRules,
    ) -> None:
        self._shop = workshop
        self._register = register
        self._channel = channel
        self._rules = rules
        self._card = WorkerCard(
            worker_id, socket.gethostname(), os.getpid(), engine, WorkerState.LOADING, started_at=time.time()
        )
        self._signing = threading.Lock()
        self._end = _End()
        self._line = _Line(channel, rules, self._end)

    def run(self) -> None:
        """Work until the supervisor says to stop, or is gone."""
        _yield_to_the_api()
        self._shop.signals.relay_by(self._line)
        threading.Thread(target=self._listen, name="channel", daemon=True).start()
        beating = threading.Thread(target=self._beat, name="beat", daemon=True)
        beating.start()
        self._load_engine()
        pool = WorkerPool(self._shop, self._rules.jobs_at_once, self._card.id, overseer=self._line)
        if not self._end.is_near.is_set():
            pool.start()
            self._end.is_near.wait()
            pool.retire()
            while pool.is_working and not self._end.has_come():
                pool.wait(_LOOK_SECONDS)
            pool.stop(_RELEASE_SECONDS)
        beating.join()
        with contextlib.suppress(StorageError):
            self._register.leave(self._card.id)
        self._shop.registry.close()

    def _load_engine(self) -> None:
        """Load the default engine; when it can't be loaded, each job will say so to its client."""
        try:
            self._shop.registry.get(self._card.engine)
            self._set_state(WorkerState.READY)
        except RetouchError as exc:
            _log.error("the engine %s can't be loaded: %s", self._card.engine, exc.message)
            self._set_state(WorkerState.FAILED, exc.code)
        except Exception:  # noqa: BLE001 - the worker goes on, and says that it is not ready
            _log.exception("the engine %s can't be loaded", self._card.engine)
            self._set_state(WorkerState.FAILED, "internal_error")

    def _set_state(self, state: WorkerState, problem: str | None = None) -> None:
        self._card = replace(self._card, state=state, problem=problem)
        self._sign_in()
        self._channel.send("state", state.value)

    def _sign_in(self) -> None:
        with self._signing:
            try:
                self._register.beat(self._card)
            except StorageError:
                _log.exception("no sign of life could be written")

    def _beat(self) -> None:
        self._sign_in()
        while not self._end.is_near.wait(self._shop.policy.lease_seconds / 3):
            self._sign_in()

    def _listen(self) -> None:
        """Take in what the supervisor says. When it is gone, so is who would restart this process: it stops, too."""
        while True:
            self._channel.wait()
            messages = self._channel.receive()
            if messages is None:
                _log.warning("the supervisor is gone; the running edit goes back to the queue")
                self._end.come(0.0)
                return
            for kind, *words in messages:
                if kind == "stop":
                    self._end.come(float(words[0]))
                elif kind == "changed":
                    self._shop.signals.job_changed(words[0], by=self._line)
                elif kind == "work":
                    self._shop.signals.work_arrived(by=self._line)


class _End:
    """Whether this process is to end, and until when its running jobs may go on. Whoever says so last may only hurry it."""

    def __init__(self) -> None:
        self.is_near = threading.Event()
        self._moment = float("inf")
        self._lock = threading.Lock()

    def come(self, finish_seconds: float) -> None:
        with self._lock:
            self._moment = min(self._moment, time.monotonic() + finish_seconds)
        self.is_near.set()

    def has_come(self) -> bool:
        return time.monotonic() >= self._moment


class _Line:
    """Tells the supervisor what goes on: news of jobs, and which of them run.

    A process whose engine holds on to the interpreter can't hear anything, and its supervisor may be dead: a timer that needs no
    interpreter then ends it.
    """

    def __init__(self, channel: Channel, rules: WorkingRules, end: _End) -> None:
        self._channel = channel
        self._rules = rules
        self._end = end
        self._lock = threading.Lock()
        self._latest_ends: dict[str, float] = {}
        self._jobs_done = 0

    def job_changed(self, job_id: str) -> None:
        self._channel.send("changed", job_id)

    def work_arrived(self) -> None:
        self._channel.send("work")

    def job_started(self, job_id: str, seconds_left: float) -> None:
        self._channel.send("started", job_id, f"{seconds_left:.3f}")
        with self._lock:
            self._latest_ends[job_id] = time.monotonic() + max(0.0, seconds_left) + 3 * self._rules.grace_seconds
            self._set_timer()

    def job_stopping(self, job_id: str) -> None:
        self._channel.send("stopping", job_id)

    def job_ended(self, job_id: str) -> None:
        self._channel.send("ended", job_id)
        with self._lock:
            self._latest_ends.pop(job_id, None)
            self._set_timer()
            self._jobs_done += 1
            if 0 < self._rules.recycle_after_jobs <= self._jobs_done:
                self._end.come(_RECYCLE_SECONDS)

    def _set_timer(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        if self._latest_ends:
            left = max(self._latest_ends.values()) - time.monotonic()
            faulthandler.dump_traceback_later(max(1.0, left), exit=True)


def _yield_to_the_api() -> None:
    """Leave signals to the supervisor, which tells when to stop, and offer this process where memory runs out."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
