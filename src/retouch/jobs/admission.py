"""What is decided before a job is accepted: whether it is there already, and whether there is room."""

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from retouch.errors import IdempotencyConflictError, QueueFullError
from retouch.jobs.claiming import Place, places_ahead
from retouch.jobs.models import Idempotency, Job, JobState, NewJob
from retouch.jobs.rows import job_of
from retouch.jobs.tables import JOBS

__all__ = ["QueueRoom", "check_room", "find_same", "is_known"]

_RECENT_RUNS: Final = 20
_UNKNOWN_RUN_SECONDS: Final = 5.0
"""What an edit takes where none has ended yet."""
_SOONEST_SECONDS: Final = 1.0
_LATEST_SECONDS: Final = 120.0


_SAME: Final = sa.select(JOBS).where(
    JOBS.c.owner == sa.bindparam("its_owner"), JOBS.c.idempotency_key == sa.bindparam("its_key")
)
_WAITING: Final = sa.select(sa.func.count()).select_from(JOBS).where(JOBS.c.state == JobState.QUEUED.value)
_WAITING_OF: Final = _WAITING.where(JOBS.c.owner == sa.bindparam("its_owner"))
_RUNNING: Final = sa.select(sa.func.count()).select_from(JOBS).where(JOBS.c.state == JobState.RUNNING.value)


def _usual_seconds() -> sa.Select[Any]:
    """How long the latest edits ran."""
    latest = (
        sa.select((JOBS.c.finished_at - JOBS.c.started_at).label("seconds"))
        .where(JOBS.c.state == JobState.SUCCEEDED.value)
        .order_by(JOBS.c.finished_at.desc())
        .limit(_RECENT_RUNS)
        .subquery()
    )
    return sa.select(sa.func.avg(latest.c.seconds))


_USUAL_SECONDS: Final = _usual_seconds()


@dataclass(frozen=True, slots=True)
class QueueRoom:
    """How many jobs may wait.

    Attributes
    ----------
    in_all : int
    per_key : int
        0 for no limit of its own.
    """

    in_all: int
    per_key: int = 0


def find_same(connection: sa.Connection, owner: str, idempotency: Idempotency) -> Job | None:
    """Return the job that was accepted under an idempotency key; None when there is none (any more).

    Raises
    ------
    IdempotencyConflictError
        It was accepted for something else.
    """
    row = connection.execute(_SAME, {"its_owner": owner, "its_key": idempotency.key}).one_or_none()
    if row is None:
        return None
    if row.submission_digest != idempotency.digest:
        raise IdempotencyConflictError(idempotency.key)
    return job_of(row)


def is_known(connection: sa.Connection, owner: str, key: str) -> bool:
    """Whether a job was accepted under an idempotency key, whatever it was for."""
    return connection.execute(_SAME, {"its_owner": owner, "its_key": key}).first() is not None


def check_room(connection: sa.Connection, new: NewJob, room: QueueRoom, *, now: float) -> None:
    """Raise ``QueueFullError`` when too many jobs wait already. To be called under ``Lock.ACCEPT``."""
    owner = new.caller.key_id
    if (connection.scalar(_WAITING) or 0) >= room.in_all:
        said = f"{room.in_all} edits are waiting already."
    elif room.per_key and (connection.scalar(_WAITING_OF, {"its_owner": owner}) or 0) >= room.per_key:
        said = f"{room.per_key} edits of this key are waiting already, which is as many as one key may have."
    else:
        return
    seconds = _seconds_until_turn(connection, Place(owner, new.caller.priority, now))
    raise QueueFullError(f"{said} Try again in about {seconds:.0f} s.", retry_after_seconds=seconds)


def _seconds_until_turn(connection: sa.Connection, place: Place) -> float:
    """When a job that came now would be started, by how long the latest ones ran and how many run side by side."""
    usual = connection.scalar(_USUAL_SECONDS)
    side_by_side = max(1, connection.scalar(_RUNNING) or 0)
    seconds = (usual or _UNKNOWN_RUN_SECONDS) * (places_ahead(connection, place) + 1) / side_by_side
    return min(max(seconds, _SOONEST_SECONDS), _LATEST_SECONDS)
