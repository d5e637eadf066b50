"""Which inputs are kept, where, and until when: the statements that decide between a clean-up and a new job."""

import time
from collections.abc import Callable, Sequence, Set
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from retouch.database.connection import reading, storage_errors
from retouch.files.tables import STORED_INPUTS, STORED_RESULTS

__all__ = ["InputIndex"]

_PAGE: Final = 500
_YOUNG_SECONDS: Final = 60.0
"""Far below the age at which a clean-up takes an input: one that is younger need not be made young."""
_KEEPING: Final = (
    sa.update(STORED_INPUTS).where(STORED_INPUTS.c.digest == sa.bindparam("of")).values(kept_at=sa.bindparam("now"))
)
_KEPT_AT: Final = sa.select(STORED_INPUTS.c.kept_at).where(STORED_INPUTS.c.digest == sa.bindparam("of"))
_ADDING: Final = sa.insert(STORED_INPUTS)
_PLACE_OF: Final = sa.select(STORED_INPUTS.c.place).where(STORED_INPUTS.c.digest == sa.bindparam("of"))


class InputIndex:
    """The kept inputs of all processes that share a database.

    A row stands for bytes that are there. A clean-up takes the row first, in one statement that no longer matches once a job has
    said that it wants the bytes; whoever wants them after that finds no row, and stores them anew in another place.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    clock : callable
        Seconds since the epoch.
    """

    def __init__(self, engine: sa.Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def keep(self, digest: str) -> bool:
        """Make an input young; False when it is not there."""
        now = self._clock()
        with reading(self._engine) as connection:
            kept_at = connection.scalar(_KEPT_AT, {"of": digest})
        if kept_at is None or now - _YOUNG_SECONDS < kept_at <= now:
            return kept_at is not None
        with storage_errors(), self._engine.begin() as connection:
            return connection.execute(_KEEPING, {"of": digest, "now": now}).rowcount == 1

    def add(self, digest: str, place: str) -> bool:
        """Note where an input is; False when somebody else noted another place for it first, which is young now."""
        row = {"digest": digest, "place": place, "kept_at": self._clock()}
        with storage_errors():
            try:
                with self._engine.begin() as connection:
                    connection.execute(_ADDING, row)
            except IntegrityError:
                return not self.keep(digest) and self.add(digest, place)
        return True

    def place_of(self, digest: str) -> str | None:
        """Return where an input is; None when it is not there."""
        with reading(self._engine) as connection:
            place: str | None = connection.scalar(_PLACE_OF, {"of": digest})
        return place

    def forget(self, digest: str, place: str) -> None:
        """Take out an input that turned out to be lost, so that it is stored again when it comes again."""
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(
                sa.delete(STORED_INPUTS).where(STORED_INPUTS.c.digest == digest, STORED_INPUTS.c.place == place)
            )

    def known_places(self, places: Sequence[str]) -> frozenset[str]:
        """Return those of some places that an input is in."""
        with reading(self._engine) as connection:
            return frozenset(
                connection.scalars(
                    sa.select(STORED_INPUTS.c.place).where(STORED_INPUTS.c.digest.in_(map(_digest_in, places)))
                )
            )

    def is_first_input(self, digest: str) -> bool:
        """Whether a result that is kept descends from an input."""
        with reading(self._engine) as connection:
            found = sa.select(STORED_RESULTS.c.name).where(STORED_RESULTS.c.first_input == digest).limit(1)
            return connection.scalar(found) is not None

    def take_unused(self, in_use: Set[str], *, min_age_seconds: float, after: str = "") -> tuple[list[str], str | None]:
        """Take out a page of inputs that nobody wants.

        Parameters
        ----------
        in_use : set of str
            What jobs want.
        min_age_seconds : float
            Since somebody last said that an input is wanted.
        after : str
            Where the page before ended.

        Returns
        -------
        tuple of list of str and (str or None)
            The places of what was taken out, and where the page ends; None at the last one.
        """
        old = STORED_INPUTS.c.kept_at <= self._clock() - min_age_seconds
        wanted_by_result = sa.exists().where(STORED_RESULTS.c.first_input == STORED_INPUTS.c.digest)
        page = (
            sa.select(STORED_INPUTS.c.digest)
            .where(old, STORED_INPUTS.c.digest > after, ~wanted_by_result)
            .order_by(STORED_INPUTS.c.digest)
            .limit(_PAGE)
        )
        with storage_errors(), self._engine.begin() as connection:
            digests = list(connection.scalars(page))
            unused = [digest for digest in digests if digest not in in_use]
            gone = sa.delete(STORED_INPUTS).where(STORED_INPUTS.c.digest.in_(unused), old)
            places = list(connection.scalars(gone.returning(STORED_INPUTS.c.place)))
        return places, digests[-1] if len(digests) == _PAGE else None


def _digest_in(place: str) -> str:
    return place.rsplit("/", 1)[-1][:64]
