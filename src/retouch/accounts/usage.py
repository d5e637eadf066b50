"""What each key used on each day."""

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from retouch.accounts.tables import USAGE
from retouch.database.connection import reading

__all__ = ["UsageDay", "UsageStore", "add_usage", "day_of", "images_on", "seconds_to_next_day"]

_COUNTED: Final = ("edits", "images", "failed", "credits")


@dataclass(frozen=True, slots=True)
class UsageDay:
    """A key's sums of a day.

    Attributes
    ----------
    key_id : str
    day : str
        Of acceptance, in UTC, as ``2026-11-22``.
    edits : int
        Accepted.
    images : int
        Made, or still to be made by edits that have not ended.
    failed : int
        Edits that failed or were moderated.
    credits : int
        Charged.
    """

    key_id: str
    day: str
    edits: int
    images: int
    failed: int
    credits: int


def day_of(moment: float) -> str:
    """Return the day of a moment.

    >>> day_of(0.0)
    '1970-01-01'
    """
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def seconds_to_next_day(moment: float) -> float:
    """Return how long the day of a moment will last yet.

    >>> seconds_to_next_day(86_399.0)
    1.0
    """
    today = datetime.fromtimestamp(moment, UTC)
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - today).total_seconds()


def add_usage(
    connection: sa.Connection,
    key_id: str,
    day: str,
    *,
    edits: int = 0,
    images: int = 0,
    failed: int = 0,
    credits: int = 0,
) -> None:
    """Add to a day's sums, in the transaction of what is counted."""
    counts = {"edits": edits, "images": images, "failed": failed, "credits": credits}
    connection.execute(_adding(connection.dialect.name), {"key_id": key_id, "day": day, **counts})


@functools.cache
def _adding(database: str) -> sa.Insert:
    """Built once: to put it together takes longer than to carry it out, and every edit does so twice."""
    insert = (postgresql.insert if database == "postgresql" else sqlite.insert)(USAGE)
    added = {name: USAGE.c[name] + insert.excluded[name] for name in _COUNTED}
    return insert.on_conflict_do_update(index_elements=[USAGE.c.key_id, USAGE.c.day], set_=added)


def images_on(connection: sa.Connection, key_id: str, day: str) -> int:
    """Return how many pictures of a key count on a day."""
    return connection.scalar(sa.select(USAGE.c.images).where(USAGE.c.key_id == key_id, USAGE.c.day == day)) or 0


class UsageStore:
    """The sums of all keys.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def page(
        self, *, limit: int, key_id: str | None = None, since: str | None = None, after: tuple[str, str] | None = None
    ) -> list[UsageDay]:
        """Return days with use, the newest first.

        Parameters
        ----------
        limit : int
        key_id : str, optional
            Only of this key.
        since : str, optional
            Only from this day on, as ``2026-11-22``.
        after : tuple of (str, str), optional
            Day and key of the last one of the page before.
        """
        statement = sa.select(USAGE).order_by(USAGE.c.day.desc(), USAGE.c.key_id.desc()).limit(limit)
        if key_id is not None:
            statement = statement.where(USAGE.c.key_id == key_id)
        if since is not None:
            statement = statement.where(USAGE.c.day >= since)
        if after is not None:
            statement = statement.where(sa.tuple_(USAGE.c.day, USAGE.c.key_id) < after)
        with reading(self._engine) as connection:
            return [
                UsageDay(row.key_id, row.day, *(getattr(row, name) for name in _COUNTED))
                for row in connection.execute(statement)
            ]
