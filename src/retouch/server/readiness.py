"""Whether the server can take an edit now: an engine is ready, the disk writable, room in the queue, no end in sight."""

from collections.abc import Callable
from typing import Protocol

from retouch.errors import RetouchError
from retouch.jobs.manager import JobManager

__all__ = ["Readiness"]


class _Results(Protocol):
    def check_writable(self) -> None: ...


class Readiness:
    """Answers what still stands in the way of an edit.

    Parameters
    ----------
    engine_state : callable
        Returns "ok", or what is wrong with the engine.
    results : object with ``check_writable``
    jobs : JobManager
    """

    def __init__(self, engine_state: Callable[[], str], results: _Results, jobs: JobManager) -> None:
        self._engine_state = engine_state
        self._results = results
        self._jobs = jobs
        self.is_draining = False

    def drain(self) -> None:
        """Be ready no more: this server is about to stop, and whoever sends it requests should send them elsewhere."""
        self.is_draining = True

    def is_told_to_stop(self) -> bool:
        """Whether ``drain`` was called."""
        return self.is_draining

    def checks(self) -> dict[str, str]:
        """Return each check with "ok" or what is wrong. May block on the disk."""
        return {
            "server": "draining" if self.is_draining else "ok",
            "engine": _outcome(self._engine_state),
            "storage": _outcome(self._results.check_writable),
            "queue": _outcome(self._check_queue),
        }

    def _check_queue(self) -> str:
        return "ok" if self._jobs.has_room() else "full"


def _outcome(check: Callable[[], str | None]) -> str:
    try:
        return check() or "ok"
    except RetouchError as exc:
        return exc.code
