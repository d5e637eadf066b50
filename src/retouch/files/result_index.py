"""Which results are kept, since when, and whether anybody was told of them."""

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import sqlalchemy as sa

from retouch.database.connection import reading, storage_errors
from retouch.errors import StorageError
from retouch.files.tables import STORED_RESULTS

__all__ = ["ResultIndex", "ResultRecorder"]

_PAGE: Final = 500
_ADDING: Final = sa.insert(STORED_RESULTS)
_RECORDING: Final = (
    sa.update(STORED_RESULTS)
    .where(STORED_RESULTS.c.name.in_(sa.bindparam("names", expanding=True)))
    .values(is_recorded=True)
)


class ResultIndex:
    """The results of all processes that share a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    clock : callable
        Seconds since the epoch.
    """

    def __init__(self, engine: sa.Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def add(
        self, name: str, *, is_recorded: bool, first_input: str | None = None, created_at: float | None = None
    ) -> None:
        """Note a file, before it is written, so that no crash leaves one that nobody knows of."""
        row = {
            "name": name,
            "created_at": self._clock() if created_at is None else created_at,
            "is_recorded": is_recorded,
            "first_input": first_input,
        }
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(_ADDING, row)

    def record(self, name: str, *, is_recorded: bool = True) -> bool:
        """Note that somebody was told of a file, or take that back; False when it stood so already, or there is none."""
        table = STORED_RESULTS
        with storage_errors(), self._engine.begin() as connection:
            changed = connection.execute(
                sa.update(table)
                .where(table.c.name == name, table.c.is_recorded != is_recorded)
                .values(is_recorded=is_recorded)
            )
            return changed.rowcount == 1

    def awaits(self, name: str) -> bool:
        """Whether a file was noted that nobody was told of yet."""
        table = STORED_RESULTS
        with reading(self._engine) as connection:
            found = connection.scalar(sa.select(table.c.is_recorded).where(table.c.name == name))
        return found is not None and not found

    def remove(self, names: Sequence[str]) -> None:
        """Take out files that were deleted."""
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(sa.delete(STORED_RESULTS).where(STORED_RESULTS.c.name.in_(names)))

    def known(self, names: Sequence[str]) -> frozenset[str]:
        """Return those of some names that are kept."""
        with reading(self._engine) as connection:
            return frozenset(
                connection.scalars(sa.select(STORED_RESULTS.c.name).where(STORED_RESULTS.c.name.in_(names)))
            )

    def older_than(self, age_seconds: float) -> list[str]:
        """Return some files of at least that age, the oldest first; none when there are none left."""
        table = STORED_RESULTS
        page = (
            sa.select(table.c.name)
            .where(table.c.is_recorded, table.c.created_at <= self._clock() - age_seconds)
            .order_by(table.c.created_at)
            .limit(_PAGE)
        )
        with reading(self._engine) as connection:
            return list(connection.scalars(page))

    def take_orphans(self, min_age_seconds: float) -> list[str]:
        """Take out some files that nobody was told of for so long.

        They are taken out before they are deleted: an edit that ends after all then finds that its files are gone, and fails.
        """
        table = STORED_RESULTS
        orphans = sa.and_(~table.c.is_recorded, table.c.created_at <= self._clock() - min_age_seconds)
        # A row that somebody holds is just being told of, or taken by another clean-up: neither is worth waiting for.
        page = sa.select(table.c.name).where(orphans).limit(_PAGE).with_for_update(skip_locked=True)
        with storage_errors(), self._engine.begin() as connection:
            gone = sa.delete(table).where(table.c.name.in_(page), orphans)
            return list(connection.scalars(gone.returning(table.c.name)))


class _Result(Protocol):
    @property
    def file_names(self) -> Sequence[str]: ...


class _EndedJob(Protocol):
    @property
    def result(self) -> _Result | None: ...


class ResultRecorder:
    """Notes that a job tells of its files, in the transaction that ends it: a ``JobObserver``."""

    def accepted(self, connection: sa.Connection, new: object, /) -> None:
        """Do nothing: no files yet."""

    def ended(self, connection: sa.Connection, job: _EndedJob, /) -> None:
        """Note the files of a job that ended well.

        Raises
        ------
        StorageError
            They were taken for what a crash left, and deleted. The job can't end like this.
        """
        names = () if job.result is None else tuple(job.result.file_names)
        if not names:
            return
        noted = connection.execute(_RECORDING, {"names": names})
        if noted.rowcount < len(set(names)):
            raise StorageError("The pictures of this edit were deleted before it had ended. Send it again.")
