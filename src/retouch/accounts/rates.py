"""How many requests a key may send: a token bucket in the database, so that it holds over all processes of a service."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from retouch.accounts.tables import RATES
from retouch.database.connection import storage_errors

__all__ = ["Allowance", "RequestRates"]

_WINDOW_SECONDS: Final = 60.0
_SLACK_SECONDS: Final = 1e-4
"""Far below any interval between requests, and far above what adding up times as floats can lose."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a key's requests.

    Attributes
    ----------
    limit : int
        Requests in a minute, which is also how many may come at once.
    remaining : int
        Requests that may come at once now.
    reset_seconds : int
        Until they are all there again.
    retry_after_seconds : float or None
        When a refused request may come again; None when this one may pass.
    """

    limit: int
    remaining: int
    reset_seconds: int
    retry_after_seconds: float | None = None


class RequestRates:
    """The buckets of all keys, as the generic cell rate algorithm has them: one time for each key, one statement a request.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    clock : callable
        Seconds since the epoch. Of several machines, whose clocks may differ by as much as a request may come early.
    """

    def __init__(self, engine: sa.Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def take(self, key_id: str, per_minute: int) -> Allowance:
        """Take a request out of a key's bucket, which is refilled evenly; a refused request takes nothing."""
        now = self._clock()
        interval = _WINDOW_SECONDS / per_minute
        with storage_errors(), self._engine.begin() as connection:
            full_at = connection.scalar(_taking(connection, key_id, now, interval))
            if full_at is None:
                full_at = connection.scalar(sa.select(RATES.c.full_at).where(RATES.c.key_id == key_id)) or now
                wait = full_at + interval - _WINDOW_SECONDS - now
                return Allowance(per_minute, 0, math.ceil(full_at - now), max(0.0, wait))
        left = (now + _WINDOW_SECONDS - full_at + _SLACK_SECONDS) / interval
        return Allowance(per_minute, max(0, int(left)), math.ceil(full_at - now))


def _taking(connection: sa.Connection, key_id: str, now: float, interval: float) -> sa.Executable:
    """Return the statement that takes a request and says when the bucket will be full; it returns nothing when it is empty."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    from_now = sa.case((RATES.c.full_at > now, RATES.c.full_at), else_=now) + interval
    return (
        insert(RATES)
        .values(key_id=key_id, full_at=now + interval)
        .on_conflict_do_update(
            index_elements=[RATES.c.key_id],
            set_={"full_at": from_now},
            where=from_now <= now + _WINDOW_SECONDS + _SLACK_SECONDS,
        )
        .returning(RATES.c.full_at)
    )
