"""Credits, as an append-only ledger: what an edit may cost is held when it is accepted, and settled or released when it ends.

::

    grant    +n          the operator gives credits, or takes some back
    hold     -held       an edit is accepted
    settle   +held-cost  it made pictures; ``charged`` is the cost
    release  +held       it made none

A balance is the sum of the amounts. Every hold has at most one end, and the database refuses a second, so that no run of an edit
can be charged twice. Credits are whole numbers: a finer price is a matter of what a credit is worth.
"""

import enum
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from retouch.accounts.tables import CREDIT_ENTRIES, KEYS
from retouch.database.connection import reading, storage_errors
from retouch.errors import InvalidValueError, NotFoundError, OutOfCreditsError

__all__ = ["ENDS", "Entry", "EntryKind", "Ledger", "grant", "hold", "release", "settle"]

_MAX_GRANT: Final = 10**15
_MAX_REFERENCE: Final = 128


class EntryKind(enum.StrEnum):
    """Why a balance changed."""

    GRANT = "grant"
    HOLD = "hold"
    SETTLE = "settle"
    RELEASE = "release"


ENDS: Final = (EntryKind.SETTLE, EntryKind.RELEASE)
"""What can come of a hold."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger.

    Attributes
    ----------
    id : int
        Later ones are higher.
    key_id : str
    job_id : str or None
        None of a grant.
    kind : EntryKind
    amount : int
        By which the balance changed.
    charged : int
        What an edit has cost; 0 of every kind but a settlement.
    reference : str
        The inference id of the request, or what the operator noted.
    created_at : float
        Seconds since the epoch.
    """

    id: int
    key_id: str
    job_id: str | None
    kind: EntryKind
    amount: int
    charged: int
    reference: str
    created_at: float


def grant(connection: sa.Connection, key_id: str, amount: int, *, reference: str, now: float) -> int:
    """Change a key's balance by the operator's will; see ``Ledger.grant``."""
    if amount == 0 or abs(amount) > _MAX_GRANT:
        raise InvalidValueError("credits", f"a whole number other than 0, up to {_MAX_GRANT}", amount)
    if len(reference) > _MAX_REFERENCE or not reference.isprintable():
        raise InvalidValueError("reference", f"at most {_MAX_REFERENCE} printable characters", reference)
    balance = connection.scalar(
        sa.update(KEYS).where(KEYS.c.id == key_id).values(balance=KEYS.c.balance + amount).returning(KEYS.c.balance)
    )
    if balance is None:
        raise NotFoundError("key", key_id, "Keys of the settings are unlimited and have no balance.")
    _write(connection, key_id, None, EntryKind.GRANT, amount=amount, reference=reference, now=now)
    return int(balance)


def hold(connection: sa.Connection, key_id: str, job_id: str, amount: int, *, reference: str, now: float) -> None:
    """Set credits aside for an edit, in the transaction that accepts it.

    The statement that takes them checks that they are there, and locks the key's row: two edits can't take the same credits.

    Raises
    ------
    OutOfCreditsError
        The key has fewer, and is not unlimited. Keys of the settings have no balance, and are.
    """
    affordable = sa.or_(KEYS.c.is_unlimited, KEYS.c.balance >= amount)
    taken = connection.execute(
        sa.update(KEYS).where(KEYS.c.id == key_id, affordable).values(balance=KEYS.c.balance - amount)
    )
    if taken.rowcount == 0:
        balance = connection.scalar(sa.select(KEYS.c.balance).where(KEYS.c.id == key_id))
        if balance is not None:
            raise OutOfCreditsError(
                f"The edit may cost {amount} credits, and the key has {balance}. Ask the server's operator for more."
            )
    _write(connection, key_id, job_id, EntryKind.HOLD, amount=-amount, reference=reference, now=now)


def settle(connection: sa.Connection, job_id: str, *, share: tuple[int, int], now: float) -> int:
    """End a hold with the share of it that the edit cost, and give back the rest.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    job_id : str
    share : tuple of (int, int)
        Pictures that were made, at least 1, and pictures that were held for.
    now : float
        Seconds since the epoch.

    Returns
    -------
    int
        What was charged, also when the hold had ended before; 0 when nothing was held.
    """
    return _end(connection, job_id, EntryKind.SETTLE, share, now)


def release(connection: sa.Connection, job_id: str, *, now: float) -> int:
    """End a hold without a cost; return what was charged: nothing, unless the hold had been settled before."""
    return _end(connection, job_id, EntryKind.RELEASE, (0, 1), now)


def _end(connection: sa.Connection, job_id: str, kind: EntryKind, share: tuple[int, int], now: float) -> int:
    entries = connection.execute(sa.select(CREDIT_ENTRIES).where(CREDIT_ENTRIES.c.job_id == job_id)).all()
    ended = next((entry for entry in entries if entry.kind in ENDS), None)
    if ended is not None or not entries:
        return 0 if ended is None else int(ended.charged)
    (held,) = entries
    made, of = share
    cost = int(-held.amount // of * made)  # a hold is a whole price for each picture, so this divides without a rest
    if not 0 <= cost <= -held.amount:
        raise ValueError(f"{made} pictures were made of {of} that were held for")
    amount = -held.amount - cost
    connection.execute(sa.update(KEYS).where(KEYS.c.id == held.key_id).values(balance=KEYS.c.balance + amount))
    _write(connection, held.key_id, job_id, kind, amount=amount, charged=cost, reference=held.reference, now=now)
    return cost


def _write(
    connection: sa.Connection,
    key_id: str,
    job_id: str | None,
    kind: EntryKind,
    *,
    amount: int,
    reference: str,
    now: float,
    charged: int = 0,
) -> None:
    connection.execute(
        sa.insert(CREDIT_ENTRIES).values(
            key_id=key_id,
            job_id=job_id,
            kind=kind.value,
            amount=amount,
            charged=charged,
            reference=reference,
            created_at=now,
        )
    )


class Ledger:
    """The credits of all keys.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    clock : callable
        Seconds since the epoch.
    """

    def __init__(self, engine: sa.Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def grant(self, key_id: str, amount: int, *, reference: str = "") -> int:
        """Give a key credits, or take some back with a negative amount; return its new balance.

        Raises
        ------
        InvalidValueError, NotFoundError, StorageError
        """
        with storage_errors(), self._engine.begin() as connection:
            return grant(connection, key_id, amount, reference=reference, now=self._clock())

    def charged_for(self, job_id: str) -> int:
        """Return what an edit has cost so far."""
        statement = sa.select(CREDIT_ENTRIES.c.charged).where(
            CREDIT_ENTRIES.c.job_id == job_id, CREDIT_ENTRIES.c.kind == EntryKind.SETTLE.value
        )
        with reading(self._engine) as connection:
            return connection.scalar(statement) or 0

    def transactions(self, key_id: str | None, *, limit: int, before: int | None = None) -> list[Entry]:
        """Return charges and grants, the newest first; of every key when ``key_id`` is None, and older than entry ``before``.

        Holds and what is given back of them are left out: they say nothing about what was spent.
        """
        shown = sa.or_(CREDIT_ENTRIES.c.kind == EntryKind.GRANT.value, CREDIT_ENTRIES.c.charged > 0)
        statement = sa.select(CREDIT_ENTRIES).where(shown).order_by(CREDIT_ENTRIES.c.id.desc()).limit(limit)
        if key_id is not None:
            statement = statement.where(CREDIT_ENTRIES.c.key_id == key_id)
        if before is not None:
            statement = statement.where(CREDIT_ENTRIES.c.id < before)
        with reading(self._engine) as connection:
            return [_entry(row) for row in connection.execute(statement)]


def _entry(row: Any) -> Entry:
    return Entry(
        row.id,
        row.key_id,
        row.job_id,
        EntryKind(row.kind),
        row.amount,
        row.charged,
        row.reference,
        row.created_at,
    )
