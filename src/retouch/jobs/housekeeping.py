"""What has to be done now and then: settle stalled and overdue jobs, delete what is old."""

import logging
import threading
import time
from collections.abc import Callable, Set
from typing import Final, Protocol

from retouch.jobs.manager import QueuePolicy
from retouch.jobs.models import Job, JobState, Problem
from retouch.jobs.signals import JobSignals
from retouch.jobs.store import JobStore

__all__ = ["Housekeeper"]

_CLEAN_UP_SECONDS: Final = 300.0
_INPUT_GRACE_SECONDS: Final = 600.0
_SILENT_SECONDS: Final = 3600.0
"""After which a worker that gave no sign of life, and was not seen to die, is struck off the register."""
_JUMP_SECONDS: Final = 2.0
"""By which the wall clock has to part from the monotonic one to count as set; less is a clock being slewed."""

_log = logging.getLogger(__name__)


class _Results(Protocol):
    def delete_older_than(self, age_seconds: float, /) -> int: ...

    def delete_orphans(self) -> int: ...


class _UnusedInputs(Protocol):
    def delete_unused(self, in_use: Set[str], /, *, min_age_seconds: float) -> int: ...


class _Register(Protocol):
    def leave(self, worker_id: str, /) -> None: ...

    def forget_silent(self, *, after_seconds: float) -> None: ...


class Housekeeper:
    """Looks after one data folder in a thread of its own.

    Parameters
    ----------
    store : JobStore
    signals : JobSignals
    results, inputs
        The file stores.
    register
        Of the worker processes.
    policy : QueuePolicy
    retention_seconds : float
        Age at which results and finished jobs are deleted; 0 keeps them.
    clock, monotonic : callable
        Seconds since the epoch, and seconds of a clock that nobody sets.
    """

    def __init__(
        self,
        store: JobStore,
        signals: JobSignals,
        results: _Results,
        inputs: _UnusedInputs,
        register: _Register,
        *,
        policy: QueuePolicy,
        retention_seconds: float,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._signals = signals
        self._results = results
        self._inputs = inputs
        self._register = register
        self._policy = policy
        self._retention_seconds = retention_seconds
        self._clock = clock
        self._monotonic = monotonic
        self._offset = clock() - monotonic()
        self._offset_lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        """Begin, with one round at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the round that is running."""
        self._stopping.set()
        self._thread.join()

    def settle_jobs(self) -> None:
        """Put stalled jobs back or fail them; fail those whose deadline passed while they waited."""
        self._follow_clock()
        settled = self._store.requeue_stalled(max_attempts=self._policy.max_attempts) + self._store.fail_overdue()
        for job in settled:
            _log.warning("job %s is %s after %d attempts", job.id, job.state, job.attempts)
            self._tell(job)

    def bury_worker(self, worker_id: str) -> None:
        """Strike off a worker that is known to be dead, and settle what it ran without waiting for its leases to lapse."""
        self._register.leave(worker_id)
        if self._store.end_leases_of(worker_id):
            self.settle_jobs()

    def give_up(self, job_id: str, worker_id: str) -> bool:
        """End a job whose engine does not stop, before its worker is killed; False when it has ended or is another's."""
        if self._store.get(job_id).abort_requested:
            job = self._store.finish(job_id, worker_id, JobState.CANCELLED, None)
        else:
            late = Problem("deadline_exceeded", "The edit was stopped because its time was over.", retryable=True)
            job = self._store.finish(job_id, worker_id, JobState.FAILED, late)
        if job is not None:
            self._tell(job)
        return job is not None

    def end_outgrown(self, job_id: str, worker_id: str) -> None:
        """End a job whose worker is killed for its size, where it has no attempt left; else it runs again once that is buried."""
        found = self._store.get(job_id)
        attempts = found.attempts
        if attempts < self._policy.max_attempts or found.abort_requested:
            return
        job = self._store.finish(
            job_id,
            worker_id,
            JobState.FAILED,
            Problem(
                "engine_crashed",
                f"The edit was stopped in attempt {attempts} of {self._policy.max_attempts}, because it took more memory than a "
                "worker may have. Send a smaller picture, or ask whoever runs the server for more.",
            ),
        )
        if job is not None:
            self._tell(job)

    def put_back(self, job_id: str, worker_id: str) -> None:
        """Put a running job back whose worker is killed for another's sake, without counting the attempt."""
        job = self._store.release(job_id, worker_id)
        if job is not None:
            self._tell(job)

    def _tell(self, job: Job) -> None:
        self._signals.job_changed(job.id)
        if job.state is JobState.QUEUED:
            self._signals.work_arrived()

    def _follow_clock(self) -> None:
        """Notice that the wall clock was set, or that the machine slept, before leases seem to have lapsed by it."""
        with self._offset_lock:
            offset = self._clock() - self._monotonic()
            jump = offset - self._offset
            if abs(jump) > _JUMP_SECONDS:
                _log.warning("the clock was set by %+.1f s; leases begin anew", jump)
                self._store.follow_clock(jump, lease_seconds=self._policy.lease_seconds)
                self._offset = offset

    def clean_up(self) -> None:
        """Delete old results, their jobs, what crashes left, and inputs that neither a job nor a result needs."""
        if self._retention_seconds > 0:
            self._results.delete_older_than(self._retention_seconds)
            self._store.delete_finished_before(self._clock() - self._retention_seconds)
        self._register.forget_silent(after_seconds=_SILENT_SECONDS)
        self._results.delete_orphans()
        # Jobs are asked before results: what a job that ends in between hands on to its results is seen in one of the two.
        self._inputs.delete_unused(self._store.inputs_in_use(), min_age_seconds=_INPUT_GRACE_SECONDS)

    def _run(self) -> None:
        cleaned_at = float("-inf")
        while True:
            try:
                self.settle_jobs()
                if self._monotonic() - cleaned_at >= _CLEAN_UP_SECONDS:
                    self.clean_up()
                    cleaned_at = self._monotonic()
            except Exception:  # noqa: BLE001 - without housekeeping, edits of workers that died would wait for ever
                _log.exception("housekeeping failed and is tried again")
            if self._stopping.wait(self._policy.lease_seconds / 3):
                return
