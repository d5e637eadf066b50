"""News between the threads of one process: a job changed, there is work. The store stays the truth; these only save waiting."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator

__all__ = ["JobSignals"]


class JobSignals:
    """Tells whoever watches a job that it should look at the store again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        self._work = threading.Semaphore(0)

    @contextlib.contextmanager
    def watching(self, job_id: str, callback: Callable[[], None]) -> Iterator[None]:
        """Call ``callback``, from any thread, whenever the job may have changed. It must be quick and must not raise."""
        with self._lock:
            self._watchers[job_id].append(callback)
        try:
            yield
        finally:
            with self._lock:
                self._watchers[job_id].remove(callback)
                if not self._watchers[job_id]:
                    del self._watchers[job_id]

    def job_changed(self, job_id: str) -> None:
        """Tell the watchers of a job."""
        with self._lock:
            callbacks = list(self._watchers.get(job_id, ()))
        for callback in callbacks:
            callback()

    def work_arrived(self) -> None:
        """Wake one idle worker."""
        self._work.release()

    def wait_for_work(self, timeout_seconds: float) -> None:
        """Return when work arrived, or when the time is over."""
        self._work.acquire(timeout=timeout_seconds)
