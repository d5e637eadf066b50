"""Whether the server can take an edit now: engine loaded, disk writable, room in the queue."""

import logging
import threading
from collections.abc import Callable

from retouch.engines.registry import EngineRegistry
from retouch.errors import RetouchError
from retouch.files.results import ResultFiles
from retouch.jobs.manager import JobManager

__all__ = ["Readiness"]

_log = logging.getLogger(__name__)


class Readiness:
    """Loads the default engine in the background, and answers what still stands in the way.

    Parameters
    ----------
    registry : EngineRegistry
    engine : str
        The default engine.
    results : ResultFiles
    jobs : JobManager
    """

    def __init__(self, registry: EngineRegistry, engine: str, results: ResultFiles, jobs: JobManager) -> None:
        self._registry = registry
        self._engine = engine
        self._results = results
        self._jobs = jobs
        self._engine_state = "loading"

    def load_engine(self) -> threading.Thread:
        """Start to load the engine, in a thread, so that a slow one does not keep the server from answering."""
        thread = threading.Thread(target=self._load, name="load-engine", daemon=True)
        thread.start()
        return thread

    def _load(self) -> None:
        try:
            self._registry.get(self._engine)
            self._engine_state = "ok"
        except RetouchError as exc:
            self._engine_state = exc.code
            _log.error("the engine %s can't be loaded: %s", self._engine, exc.message)
        except Exception:  # noqa: BLE001 - the server goes on, and says that it is not ready
            self._engine_state = "failed"
            _log.exception("the engine %s can't be loaded", self._engine)

    def checks(self) -> dict[str, str]:
        """Return each check with "ok" or what is wrong. May block on the disk."""
        return {
            "engine": self._engine_state,
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
