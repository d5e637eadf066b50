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

__all__ = ["ENDS", "Entry", "EntryKind", "Held", "Ledger", "end_hold", "grant", "hold"]

_MAX_GRANT: Final = 10**15
_MAX_BALANCE: Final = 10**17
"""Far from where a column of 64 bits ends, whatever edits take in between."""
_MAX_REFERENCE: Final = 128

# Built once: to put a statement together takes as long as to carry it out.
_LOCK_KEY: Final = sa.select(KEYS).where(KEYS.c.id == sa.bindparam("its_id")).with_for_update()
_CHANGE_BALANCE: Final = (
    sa.update(KEYS)
    .where(KEYS.c.id == sa.bindparam("its_id"))
    .values(balance=KEYS.c.balance + sa.bindparam("change"))
    .returning(*KEYS.c)
)
_ADD_ENTRY: Final = sa.insert(CREDIT_ENTRIES)


class EntryKind(enum.StrEnum):
    """Why a balance changed."""

    GRANT = "grant"
    HOLD = "hold"
    SETTLE = "settle"
    RELEASE = "release"


ENDS: Final = (EntryKind.SETTLE, EntryKind.RELEASE)
"""What can come of a hold."""

_CHARGED_FOR: Final = sa.select(CREDIT_ENTRIES.c.charged).where(
    CREDIT_ENTRIES.c.job_id == sa.bindparam("its_job"), CREDIT_ENTRIES.c.kind == EntryKind.SETTLE.value
)


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


@dataclass(frozen=True, slots=True)
class Held:
    """What is set aside for an edit that has not ended.

    Attributes
    ----------
    key_id, job_id : str
    amount : int
    reference : str
    """

    key_id: str
    job_id: str
    amount: int
    reference: str


def grant(connection: sa.Connection, key_id: str, amount: int, *, reference: str, now: float) -> int:
    """Change a key's balance by the operator's will; see ``Ledger.grant``."""
    if amount == 0 or abs(amount) > _MAX_GRANT:
        raise InvalidValueError("credits", f"a whole number other than 0, up to {_MAX_GRANT}", amount)
    if len(reference) > _MAX_REFERENCE or not reference.isprintable():
        raise InvalidValueError("reference", f"at most {_MAX_REFERENCE} printable characters", reference)
    key = connection.execute(_CHANGE_BALANCE, {"its_id": key_id, "change": amount}).one_or_none()
    if key is None:
        raise NotFoundError("key", key_id, "Keys of the settings are unlimited and have no balance.")
    if abs(key.balance) > _MAX_BALANCE:
        raise InvalidValueError("credits", f"a number that leaves a balance of at most {_MAX_BALANCE}", amount)
    _write(connection, key_id, None, EntryKind.GRANT, amount=amount, reference=reference, now=now)
    return int(key.balance)


def hold(
    connection: sa.Connection, key_id: str, job_id: str, amount: int, *, reference: str, now: float
) -> sa.Row[Any] | None:
    """Set credits aside for an edit, in the transaction that accepts it.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    key_id, job_id : str
    amount : int
        0 for an edit that is free: the key's row is only locked.
    reference : str
    now : float
        Seconds since the epoch.

    Returns
    -------
    sqlalchemy.Row or None
        The key, locked until the transaction ends, so that two edits can't take the same credits and each counts the other. None
        for a key of the settings, which has no balance and is unlimited.

    Raises
    ------
    OutOfCreditsError
        The key has fewer, and is not unlimited. What was taken goes back with the transaction.
    """
    if amount == 0:
        return connection.execute(_LOCK_KEY, {"its_id": key_id}).one_or_none()
    key = connection.execute(_CHANGE_BALANCE, {"its_id": key_id, "change": -amount}).one_or_none()
    if key is not None and not key.is_unlimited and key.balance < 0:
        raise OutOfCreditsError(
            f"The edit may cost {amount} credits, and the key has {key.balance + amount}. Ask the server's operator for more."
        )
    _write(connection, key_id, job_id, EntryKind.HOLD, amount=-amount, reference=reference, now=now)
    return key


def end_hold(connection: sa.Connection, held: Held, *, share: tuple[int, int], now: float) -> int:
    """End a hold with the share of it that the edit cost, and give back the rest; return what was charged.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    held : Held
    share : tuple of (int, int)
        Pictures that were made, and pictures that were held for.
    now : float
        Seconds since the epoch.
    """
    made, of = share
    cost = held.amount // of * made  # a hold is a whole price for each picture, so this divides without a rest
    if not 0 <= cost <= held.amount:
        raise ValueError(f"{made} pictures were made of {of} that were held for")
    amount = held.amount - cost
    connection.execute(_CHANGE_BALANCE, {"its_id": held.key_id, "change": amount})
    kind = EntryKind.SETTLE if made else EntryKind.RELEASE
    _write(connection, held.key_id, held.job_id, kind, amount=amount, charged=cost, reference=held.reference, now=now)
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
        _ADD_ENTRY,
        {
            "key_id": key_id,
            "job_id": job_id,
            "kind": kind.value,
            "amount": amount,
            "charged": charged,
            "reference": reference,
            "created_at": now,
        },
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
        with reading(self._engine) as connection:
            return connection.scalar(_CHARGED_FOR, {"its_job": job_id}) or 0

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
