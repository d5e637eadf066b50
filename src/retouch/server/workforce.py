"""Who carries out the edits that a server accepts: worker processes, or threads of its own."""

import logging
import threading
from typing import TYPE_CHECKING, Protocol

from retouch.errors import RetouchError
from retouch.jobs.workers import WorkerRegister, WorkerState
from retouch.workers.supervisor import Supervisor

if TYPE_CHECKING:
    from retouch.jobs.worker import Workshop

__all__ = ["ProcessWorkforce", "ThreadWorkforce", "Workforce"]

_log = logging.getLogger(__name__)


class Workforce(Protocol):
    """Whoever carries out edits."""

    def start(self) -> None:
        """Begin to work."""

    def stop(self, release_seconds: float) -> None:
        """Put running edits back into the queue, and end; ``release_seconds`` is how long that may take."""

    def engine_state(self) -> str:
        """Return "ok" when the default engine is ready for an edit, or what keeps it from that. May block on the disk."""

    def worker_ids(self) -> frozenset[str]:
        """Return its workers, as far as they are in the register."""


class ThreadWorkforce:
    """Threads of this process, which share its engine.

    Parameters
    ----------
    workshop : Workshop
        Its registry is closed with the workforce.
    engine : str
        The default engine.
    count : int
        Edits that run at the same time.
    """

    def __init__(self, workshop: "Workshop", engine: str, count: int) -> None:
        from retouch.jobs.worker import WorkerPool

        self._registry = workshop.registry
        self._engine = engine
        self._pool = WorkerPool(workshop, count)
        self._state = "loading"
        self._loading = threading.Thread(target=self._load, name="load-engine", daemon=True)

    def start(self) -> None:
        """Begin to work, and load the engine meanwhile, so that a slow one does not keep the server from answering."""
        self._loading.start()
        self._pool.start()

    def stop(self, release_seconds: float) -> None:
        """Put running edits back, wait for the threads, and close the engines."""
        self._pool.stop(release_seconds)
        self._loading.join()
        self._registry.close()

    def engine_state(self) -> str:
        """Return how loading went."""
        return self._state

    def worker_ids(self) -> frozenset[str]:
        """Return none: threads are in no register."""
        return frozenset()

    def _load(self) -> None:
        try:
            self._registry.get(self._engine)
            self._state = "ok"
        except RetouchError as exc:
            self._state = exc.code
            _log.error("the engine %s can't be loaded: %s", self._engine, exc.message)
        except Exception:  # noqa: BLE001 - the server goes on, and says that it is not ready
            self._state = "failed"
            _log.exception("the engine %s can't be loaded", self._engine)


class ProcessWorkforce:
    """Worker processes: this server's own, and those of other machines that share the database.

    Parameters
    ----------
    supervisor : Supervisor
        Of this server's own.
    register : WorkerRegister
    engine : str
        The default engine.
    present_seconds : float
        For how long a sign of life counts.
    """

    def __init__(
        self, supervisor: Supervisor, register: WorkerRegister, *, engine: str, present_seconds: float
    ) -> None:
        self._supervisor = supervisor
        self._register = register
        self._engine = engine
        self._present_seconds = present_seconds

    def start(self) -> None:
        """Start the processes."""
        self._supervisor.start()

    def stop(self, release_seconds: float) -> None:
        """Have the processes put back what they run, and end."""
        self._supervisor.stop(release_seconds=release_seconds)

    def worker_ids(self) -> frozenset[str]:
        """Return this server's own."""
        return self._supervisor.worker_ids()

    def engine_state(self) -> str:
        """Return "ok" when one worker, here or elsewhere, has the default engine ready."""
        cards = self._register.present(within_seconds=self._present_seconds)
        workers = [card for card in cards if card.engine == self._engine]
        if any(card.state is WorkerState.READY for card in workers):
            return "ok"
        if self._supervisor.is_failing:
            return "worker_dies_at_start"
        problems = [card.problem for card in workers if card.problem is not None]
        if problems:
            return problems[0]
        return "loading" if workers or self._supervisor.has_places else "no_worker"
