"""Which worker processes there are, on all machines: each says now and then that it lives, and how it is."""

import contextlib
import enum
import secrets
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Final

import sqlalchemy as sa

from retouch.database.connection import metadata, storage_errors
from retouch.errors import StorageError

__all__ = ["WORKERS", "OtherWorkers", "WorkerCard", "WorkerRegister", "WorkerState", "new_worker_id"]

_REMEMBERED_SECONDS: Final = 1.0

WORKERS: Final = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("engine", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("problem", sa.String(64)),
    sa.Column("started_at", sa.Float, nullable=False),
    sa.Column("beat_at", sa.Float, nullable=False),
)


class WorkerState(enum.StrEnum):
    """How a worker process is."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class WorkerCard:
    """A worker process.

    Attributes
    ----------
    id : str
        Holds the leases of its jobs.
    host : str
        Name of its machine.
    pid : int
    engine : str
        The default engine, which it loads at its start.
    state : WorkerState
    started_at : float
        Seconds since the epoch.
    problem : str or None
        Code of what keeps the engine from loading.
    """

    id: str
    host: str
    pid: int
    engine: str
    state: WorkerState
    started_at: float
    problem: str | None = None


def new_worker_id() -> str:
    """Return a name that no other worker has."""
    return f"worker-{secrets.token_hex(8)}"


class WorkerRegister:
    """The worker processes that share a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    clock : callable
        Seconds since the epoch.
    """

    def __init__(self, engine: sa.Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def beat(self, card: WorkerCard) -> None:
        """Say that a worker lives, and how it is."""
        values = {**asdict(card), "state": card.state.value, "beat_at": self._clock()}
        with storage_errors(), self._engine.begin() as connection:
            known = connection.execute(sa.update(WORKERS).where(WORKERS.c.id == card.id).values(**values))
            if known.rowcount == 0:
                connection.execute(sa.insert(WORKERS).values(**values))

    def leave(self, worker_id: str) -> None:
        """Strike a worker off."""
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(sa.delete(WORKERS).where(WORKERS.c.id == worker_id))

    def present(self, *, within_seconds: float) -> list[WorkerCard]:
        """Return the workers that gave a sign of life in the last so many seconds."""
        alive = WORKERS.c.beat_at >= self._clock() - within_seconds
        with storage_errors(), self._engine.connect() as connection:
            return [_card(row) for row in connection.execute(sa.select(WORKERS).where(alive))]

    def forget_silent(self, *, after_seconds: float) -> None:
        """Strike off those that gave no sign of life for so long."""
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(sa.delete(WORKERS).where(WORKERS.c.beat_at < self._clock() - after_seconds))


class OtherWorkers:
    """Whether there are workers beside those of this process; asked often, looked up once a second.

    Parameters
    ----------
    register : WorkerRegister
    own_ids : callable
        The workers of this process.
    within_seconds : float
        For how long a sign of life counts.
    """

    def __init__(
        self, register: WorkerRegister, own_ids: Callable[[], Collection[str]], *, within_seconds: float
    ) -> None:
        self._register = register
        self._own_ids = own_ids
        self._within_seconds = within_seconds
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._are_there = False

    def are_there(self) -> bool:
        """Whether there are; while the database is away, whether there were."""
        with self._lock:
            if time.monotonic() - self._looked_at > _REMEMBERED_SECONDS:
                self._looked_at = time.monotonic()
                with contextlib.suppress(StorageError):
                    cards = self._register.present(within_seconds=self._within_seconds)
                    self._are_there = not {card.id for card in cards} <= set(self._own_ids())
            return self._are_there


def _card(row: sa.Row[tuple[object, ...]]) -> WorkerCard:
    return WorkerCard(row.id, row.host, row.pid, row.engine, WorkerState(row.state), row.started_at, row.problem)
