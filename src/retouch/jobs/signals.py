"""News between the parts of a service: a job changed, there is work. The store stays the truth; these only save waiting.

A ``JobSignals`` tells the threads of its own process. Each relay carries the news to other processes and brings theirs; what one
relay brought goes to all others, so that a supervisor passes news on between its workers, the other machines, and itself.
"""

import contextlib
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from typing import Final, Protocol

__all__ = ["JobSignals", "Relay"]


_REMEMBERED_JOBS: Final = 1000
"""Of so many jobs the latest news reaches also who begins to watch a moment later."""


class Relay(Protocol):
    """Carries news to other processes. Its methods are quick and never raise: news that can't be told is lost."""

    def job_changed(self, job_id: str, /) -> None:
        """A job may have changed."""

    def work_arrived(self) -> None:
        """A job waits."""


class JobSignals:
    """Tells whoever watches a job that it should look at the store again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        self._latest: OrderedDict[str, None] = OrderedDict()
        self._relays: list[Relay] = []
        self._work = threading.Condition()
        self._arrivals = 0

    def relay_by(self, relay: Relay) -> None:
        """Tell a relay everything from now on."""
        with self._lock:
            self._relays.append(relay)

    @contextlib.contextmanager
    def watching(self, job_id: str, callback: Callable[[], None]) -> Iterator[None]:
        """Call ``callback``, from any thread, whenever the job may have changed, and at once when it has lately.

        It must be quick and must not raise.
        """
        with self._lock:
            self._watchers[job_id].append(callback)
            has_changed = job_id in self._latest
        try:
            if has_changed:
                callback()
            yield
        finally:
            with self._lock:
                self._watchers[job_id].remove(callback)
                if not self._watchers[job_id]:
                    del self._watchers[job_id]

    def job_changed(self, job_id: str, *, by: Relay | None = None) -> None:
        """Tell the watchers of a job, and every relay but the one that brought the news."""
        with self._lock:
            self._latest[job_id] = None
            self._latest.move_to_end(job_id)
            if len(self._latest) > _REMEMBERED_JOBS:
                self._latest.popitem(last=False)
            callbacks = list(self._watchers.get(job_id, ()))
            relays = [relay for relay in self._relays if relay is not by]
        for callback in callbacks:
            callback()
        for relay in relays:
            relay.job_changed(job_id)

    def work_arrived(self, *, by: Relay | None = None) -> None:
        """Wake idle workers, and tell every relay but the one that brought the news."""
        self.wake()
        with self._lock:
            relays = [relay for relay in self._relays if relay is not by]
        for relay in relays:
            relay.work_arrived()

    def wake(self) -> None:
        """Wake the idle workers of this process alone."""
        with self._work:
            self._arrivals += 1
            self._work.notify_all()

    @property
    def arrivals(self) -> int:
        """How often work has arrived; to be read before looking for work, and handed to ``wait_for_work``."""
        with self._work:
            return self._arrivals

    def wait_for_work(self, timeout_seconds: float, *, since: int) -> None:
        """Return when more work has arrived than ``since``, or when the time is over."""
        with self._work:
            self._work.wait_for(lambda: self._arrivals > since, timeout_seconds)

    def watched_jobs(self) -> list[str]:
        """Return the ids of the jobs that somebody watches."""
        with self._lock:
            return list(self._watchers)

    def tell_all(self, *, by: Relay | None = None) -> None:
        """Tell every watcher and wake every worker: news may have been missed, or nobody knows what has changed."""
        for job_id in self.watched_jobs():
            self.job_changed(job_id, by=by)
        self.work_arrived(by=by)
