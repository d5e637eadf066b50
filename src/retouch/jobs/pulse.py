"""The sign of life of a running job, and the ear for a call to stop."""

import enum
import logging
import threading
import time
from types import TracebackType
from typing import Protocol, Self

from retouch.errors import StorageError
from retouch.jobs.models import Job
from retouch.jobs.signals import JobSignals
from retouch.jobs.store import JobStore
from retouch.types import Progress

__all__ = ["Overseer", "Pulse", "StopReason"]

_log = logging.getLogger(__name__)


class StopReason(enum.Enum):
    """Why a running job should stop."""

    CANCELLED = enum.auto()
    DEADLINE = enum.auto()
    LEASE_LOST = enum.auto()
    SHUTDOWN = enum.auto()


class Overseer(Protocol):
    """Watches a worker from outside of its process, and ends it when an engine does not listen. Never blocks, never raises."""

    def job_started(self, job_id: str, seconds_left: float, /) -> None:
        """A job runs, and its deadline is so far away."""

    def job_stopping(self, job_id: str, /) -> None:
        """A running job has been told to stop."""

    def job_ended(self, job_id: str, /) -> None:
        """The worker is done with the job."""


class Pulse:
    """Beats for one running job, in a thread of its own, for as long as the ``with`` block lasts.

    Three beats fit in a lease, so that one may fail. After the deadline it stops beating: an engine that does not listen then
    loses its lease, and the job is settled without it. The wall clock says once how far away the deadline is; from then on a
    clock counts that nobody sets.

    Parameters
    ----------
    job : Job
        Claimed by ``worker_id``.
    worker_id : str
    store : JobStore
    signals : JobSignals
        A change of the job makes the next beat come at once.
    lease_seconds : float
    overseer : Overseer, optional
        Is told when the job starts, is to stop, and ends.
    """

    def __init__(
        self,
        job: Job,
        worker_id: str,
        store: JobStore,
        signals: JobSignals,
        *,
        lease_seconds: float,
        overseer: Overseer | None = None,
    ) -> None:
        self._job = job
        self._worker_id = worker_id
        self._store = store
        self._signals = signals
        self._lease_seconds = lease_seconds
        self._overseer = overseer
        self._deadline = time.monotonic() + job.deadline_at - time.time()
        self._progress: Progress | None = None
        self._wake = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=f"pulse-{job.id[:8]}", daemon=True)
        self.stop_reason: StopReason | None = None

    def __enter__(self) -> Self:
        if self._overseer is not None:
            self._overseer.job_started(self._job.id, self._deadline - time.monotonic())
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended = True
        self._wake.set()
        self._thread.join()
        if self._overseer is not None:
            self._overseer.job_ended(self._job.id)

    def note_progress(self, progress: Progress) -> None:
        """Remember where the edit stands; the next beat writes it down, and comes at once where there is a preview."""
        self._progress = progress
        if progress.preview_png is not None:
            self._wake.set()

    def stop(self, reason: StopReason) -> None:
        """Ask the job to stop. The first reason counts."""
        if self.stop_reason is not None:
            return
        self.stop_reason = reason
        if self._overseer is not None:
            self._overseer.job_stopping(self._job.id)

    def should_abort(self) -> bool:
        """Whether the engine has to stop."""
        if self.stop_reason is None and time.monotonic() > self._deadline:
            self.stop(StopReason.DEADLINE)
        return self.stop_reason is not None

    def _run(self) -> None:
        with self._signals.watching(self._job.id, self._hear):
            while True:
                self._wake.wait(min(self._lease_seconds / 3, max(0.05, self._deadline - time.monotonic())))
                self._wake.clear()
                if self._ended or self.should_abort():
                    return
                self._beat()

    def _hear(self) -> None:
        if threading.current_thread() is not self._thread:  # what the beat itself says is no news to it
            self._wake.set()

    def _beat(self) -> None:
        progress = self._progress
        try:
            job = self._store.heartbeat(
                self._job.id, self._worker_id, lease_seconds=self._lease_seconds, progress=progress
            )
        except StorageError:
            _log.exception("no heartbeat could be written for job %s", self._job.id)
            return
        if job is None:
            self.stop(StopReason.LEASE_LOST)
        elif job.abort_requested:
            self.stop(StopReason.CANCELLED)
        elif progress is not None and progress.preview_png is not None:
            self._signals.job_changed(self._job.id)
