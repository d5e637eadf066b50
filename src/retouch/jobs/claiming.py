"""Whose turn it is: by priority, then fairly between keys, then by age.

Of the keys with a waiting job of the highest priority, the one with the fewest running jobs is served; among equals the one
that was served longest ago; and of its jobs the oldest. So a key with a thousand waiting jobs delays the first job of another
by at most one.
"""

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from retouch.jobs.models import JobState
from retouch.jobs.tables import JOBS

__all__ = ["Place", "next_job", "places_ahead"]

_WAITS = JOBS.c.state == JobState.QUEUED.value
_RUNS = JOBS.c.state == JobState.RUNNING.value


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job stands, or would stand, among those of its own key.

    Attributes
    ----------
    owner : str
        Its key.
    priority : int
    created_at : float
        Seconds since the epoch.
    """

    owner: str
    priority: int
    created_at: float


def next_job(connection: sa.Connection) -> str | None:
    """Return the id of the job whose turn it is, its row locked; None when none waits. To be called under ``Lock.CLAIM``.

    Costs a few look-ups in an index for each key that has waiting jobs, however many these are.
    """
    turn = connection.execute(_TURN).one_or_none()
    if turn is None:
        return None
    job_id: str | None = connection.scalar(_OLDEST_OF, {"its_owner": turn.owner, "its_priority": turn.priority})
    return job_id


def places_ahead(connection: sa.Connection, place: Place) -> int:
    """Return how many waiting jobs will be taken before one, if no job ends or comes in between.

    A further key gets as many turns before it as it takes to catch up with this job's key, but no more than it has jobs.
    """
    higher = sa.select(sa.func.count()).where(_WAITS, JOBS.c.priority > place.priority)
    own = sa.select(sa.func.count()).where(
        _WAITS, JOBS.c.owner == place.owner, JOBS.c.priority == place.priority, JOBS.c.created_at < place.created_at
    )
    ahead_of_own = connection.scalar(own) or 0
    mine = connection.execute(
        sa.select(_running(place.owner), _served_at(place.owner), _urgent(place.owner, place.priority))
    ).one()
    total = (connection.scalar(higher) or 0) + ahead_of_own
    for key in connection.execute(_rivals(place)):
        # By the time of this priority, what is more urgent runs.
        catches_up = ahead_of_own + mine.running + mine.urgent - key.running - key.urgent
        is_before = (key.served_at, key.oldest_at) < (mine.served_at, place.created_at)
        total += max(0, min(key.waiting, catches_up + is_before))
    return total


def _rivals(place: Place) -> sa.Select[Any]:
    """The other keys with waiting jobs of the same priority: how many, and what decides their turn."""
    waiting = (
        sa.select(JOBS.c.owner, sa.func.count().label("waiting"), sa.func.min(JOBS.c.created_at).label("oldest_at"))
        .where(_WAITS, JOBS.c.priority == place.priority, JOBS.c.owner != place.owner)
        .group_by(JOBS.c.owner)
        .subquery()
    )
    owner = waiting.c.owner
    return sa.select(waiting, _running(owner), _served_at(owner), _urgent(owner, place.priority))


def _standings() -> sa.Subquery:
    """Of every key with waiting jobs: the highest priority among them, how many jobs run, and when one was started last."""
    keys = _waiting_keys()
    highest = sa.select(sa.func.max(JOBS.c.priority)).where(_WAITS, JOBS.c.owner == keys.c.owner).scalar_subquery()
    return (
        sa.select(keys.c.owner, highest.label("priority"), _running(keys.c.owner), _served_at(keys.c.owner))
        .where(keys.c.owner.is_not(None))
        .subquery()
    )


def _waiting_keys() -> sa.CTE:
    """The keys that have waiting jobs, each found by one look-up: a DISTINCT would read every waiting job."""
    first = sa.select(sa.func.min(JOBS.c.owner)).where(_WAITS).scalar_subquery()
    found = sa.select(first.label("owner")).cte("waiting_keys", recursive=True)
    following = sa.select(sa.func.min(JOBS.c.owner)).where(_WAITS, JOBS.c.owner > found.c.owner).scalar_subquery()
    return found.union_all(sa.select(following).where(found.c.owner.is_not(None)))


def _running(owner: Any) -> sa.Label[int]:
    return sa.select(sa.func.count()).where(_RUNS, JOBS.c.owner == owner).scalar_subquery().label("running")


def _served_at(owner: Any) -> sa.Label[float]:
    latest = sa.select(sa.func.max(JOBS.c.started_at)).where(JOBS.c.owner == owner).scalar_subquery()
    return sa.func.coalesce(latest, 0.0).label("served_at")


def _urgent(owner: Any, priority: int) -> sa.Label[int]:
    urgent = sa.select(sa.func.count()).where(_WAITS, JOBS.c.owner == owner, JOBS.c.priority > priority)
    return urgent.scalar_subquery().label("urgent")


def _turn() -> sa.Select[tuple[str, int]]:
    """The key whose turn it is, and the priority of its next job."""
    keys = _standings()
    oldest = (
        sa.select(sa.func.min(JOBS.c.created_at))
        .where(_WAITS, JOBS.c.owner == keys.c.owner, JOBS.c.priority == keys.c.priority)
        .scalar_subquery()
    )
    return (
        sa.select(keys.c.owner, keys.c.priority)
        .order_by(keys.c.priority.desc(), keys.c.running, keys.c.served_at, oldest, keys.c.owner)
        .limit(1)
    )


_TURN: Final = _turn()
"""Built once: to put it together takes longer than to carry it out."""

_OLDEST_OF: Final = (
    sa.select(JOBS.c.id)
    .where(_WAITS, JOBS.c.owner == sa.bindparam("its_owner"), JOBS.c.priority == sa.bindparam("its_priority"))
    .order_by(JOBS.c.created_at, JOBS.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)  # a row that somebody else holds is just being cancelled or failed
)
