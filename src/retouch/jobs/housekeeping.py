"""What has to be done now and then: settle stalled and overdue jobs, delete what is old."""

import logging
import threading
import time
from collections.abc import Set
from typing import Final, Protocol

from retouch.errors import StorageError
from retouch.jobs.manager import QueuePolicy
from retouch.jobs.models import JobState
from retouch.jobs.signals import JobSignals
from retouch.jobs.store import JobStore

__all__ = ["Housekeeper"]

_CLEAN_UP_SECONDS: Final = 300.0
_INPUT_GRACE_SECONDS: Final = 600.0

_log = logging.getLogger(__name__)


class _Results(Protocol):
    def delete_older_than(self, age_seconds: float, /) -> int: ...

    def delete_orphans(self) -> int: ...


class _UnusedInputs(Protocol):
    def delete_unused(self, in_use: Set[str], /, *, min_age_seconds: float) -> int: ...


class Housekeeper:
    """Looks after one data folder in a thread of its own.

    Parameters
    ----------
    store : JobStore
    signals : JobSignals
    results, inputs
        The file stores.
    policy : QueuePolicy
    retention_seconds : float
        Age at which results and finished jobs are deleted; 0 keeps them.
    """

    def __init__(
        self,
        store: JobStore,
        signals: JobSignals,
        results: _Results,
        inputs: _UnusedInputs,
        *,
        policy: QueuePolicy,
        retention_seconds: float,
    ) -> None:
        self._store = store
        self._signals = signals
        self._results = results
        self._inputs = inputs
        self._policy = policy
        self._retention_seconds = retention_seconds
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
        settled = self._store.requeue_stalled(max_attempts=self._policy.max_attempts) + self._store.fail_overdue()
        for job in settled:
            _log.warning("job %s is %s after %d attempts", job.id, job.state, job.attempts)
            self._signals.job_changed(job.id)
            if job.state is JobState.QUEUED:
                self._signals.work_arrived()

    def clean_up(self) -> None:
        """Delete old results, their jobs, what crashed attempts left, and inputs that neither a job nor a result needs."""
        if self._retention_seconds > 0:
            self._results.delete_older_than(self._retention_seconds)
            self._store.delete_finished_before(time.time() - self._retention_seconds)
        self._results.delete_orphans()
        # Jobs are asked before results: what a job that ends in between hands on to its results is seen in one of the two.
        self._inputs.delete_unused(self._store.inputs_in_use(), min_age_seconds=_INPUT_GRACE_SECONDS)

    def _run(self) -> None:
        cleaned_at = float("-inf")
        while True:
            try:
                self.settle_jobs()
                if time.monotonic() - cleaned_at >= _CLEAN_UP_SECONDS:
                    self.clean_up()
                    cleaned_at = time.monotonic()
            except StorageError:
                _log.exception("housekeeping failed and is tried again")
            if self._stopping.wait(self._policy.lease_seconds / 3):
                return
