"""Recompute the ledger from its entries, and say what does not add up."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from retouch.accounts.ledger import ENDS, EntryKind
from retouch.accounts.tables import CREDIT_ENTRIES, KEYS, USAGE
from retouch.database.connection import reading
from retouch.jobs.rows import FINAL_STATES
from retouch.jobs.tables import JOBS

__all__ = ["Audit", "audit_ledger"]

_HOLDS: Final = CREDIT_ENTRIES.alias("holds")
_ENDED: Final = CREDIT_ENTRIES.alias("ends")
_OF_EDITS: Final = [kind.value for kind in ENDS]


@dataclass(frozen=True, slots=True)
class Audit:
    """What was checked.

    Attributes
    ----------
    entries : int
    open_holds : int
        Of edits that have not ended.
    charged : int
        Credits in all.
    faults : tuple of str
        What does not add up, a sentence each.
    """

    entries: int
    open_holds: int
    charged: int
    faults: tuple[str, ...]


def audit_ledger(engine: sa.Engine) -> Audit:
    """Check that balances are the sums of their entries, that every hold has one right end, and that days add up.

    Each check is one statement, which sees the database of a busy service at one moment.
    """
    with reading(engine) as connection:
        faults = (*_wrong_balances(connection), *_wrong_ends(connection), *_wrong_days(connection))
        count = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(CREDIT_ENTRIES.c.charged), 0))
        entries, charged = connection.execute(count).one()
        without_end = sa.select(sa.func.count()).select_from(_holds_and_ends()).where(*_is_open())
        open_holds = connection.scalar(without_end) or 0
    return Audit(entries, open_holds, int(charged), faults)


def _wrong_balances(connection: sa.Connection) -> Iterator[str]:
    total = sa.func.coalesce(sa.func.sum(CREDIT_ENTRIES.c.amount), 0)
    statement = (
        sa.select(KEYS.c.id, KEYS.c.balance, total.label("total"))
        .outerjoin(CREDIT_ENTRIES, CREDIT_ENTRIES.c.key_id == KEYS.c.id)
        .group_by(KEYS.c.id, KEYS.c.balance)
        .having(KEYS.c.balance != total)
    )
    for row in connection.execute(statement):
        yield f"The key {row.id} has a balance of {row.balance}; its entries add up to {row.total}."


def _holds_and_ends() -> sa.Join:
    same_job = sa.and_(_ENDED.c.job_id == _HOLDS.c.job_id, _ENDED.c.kind.in_(_OF_EDITS))
    return _HOLDS.outerjoin(_ENDED, same_job).outerjoin(JOBS, JOBS.c.id == _HOLDS.c.job_id)


def _is_open() -> tuple[sa.ColumnElement[bool], ...]:
    return _HOLDS.c.kind == EntryKind.HOLD.value, _ENDED.c.id.is_(None)


def _wrong_ends(connection: sa.Connection) -> Iterator[str]:
    gone = sa.or_(JOBS.c.id.is_(None), JOBS.c.state.in_(FINAL_STATES))
    forgotten = sa.select(_HOLDS.c.job_id).select_from(_holds_and_ends()).where(*_is_open(), gone)
    for job_id in connection.scalars(forgotten):
        yield f"The edit {job_id} has ended, and its hold has not."
    held = -_HOLDS.c.amount
    is_wrong = sa.or_(
        _ENDED.c.amount != held - _ENDED.c.charged,
        _ENDED.c.charged < 0,
        _ENDED.c.charged > held,
        _ENDED.c.key_id != _HOLDS.c.key_id,
        sa.and_(_ENDED.c.kind == EntryKind.RELEASE.value, _ENDED.c.charged != 0),
    )
    wrong = (
        sa.select(_HOLDS.c.job_id, _ENDED.c.kind)
        .select_from(_holds_and_ends())
        .where(_HOLDS.c.kind == EntryKind.HOLD.value, is_wrong)
    )
    for row in connection.execute(wrong):
        yield f"The {row.kind} of the edit {row.job_id} does not fit its hold."
    holds = sa.select(_HOLDS.c.job_id).where(_HOLDS.c.kind == EntryKind.HOLD.value)
    without_hold = sa.select(_ENDED.c.job_id).where(_ENDED.c.kind.in_(_OF_EDITS), _ENDED.c.job_id.not_in(holds))
    for job_id in connection.scalars(without_hold):
        yield f"The edit {job_id} was settled or released, and nothing was held for it."


def _wrong_days(connection: sa.Connection) -> Iterator[str]:
    by_day = (
        sa.select(USAGE.c.key_id, sa.func.sum(USAGE.c.credits).label("credits")).group_by(USAGE.c.key_id).subquery()
    )
    charged = (
        sa.select(CREDIT_ENTRIES.c.key_id, sa.func.sum(CREDIT_ENTRIES.c.charged).label("credits"))
        .group_by(CREDIT_ENTRIES.c.key_id)
        .subquery()
    )
    statement = (
        sa.select(by_day.c.key_id, by_day.c.credits, sa.func.coalesce(charged.c.credits, 0).label("charged"))
        .outerjoin(charged, charged.c.key_id == by_day.c.key_id)
        .where(by_day.c.credits != sa.func.coalesce(charged.c.credits, 0))
    )
    for row in connection.execute(statement):
        yield f"The days of the key {row.key_id} add up to {row.credits} credits; it was charged {row.charged}."
