"""Who wants to be told when a job ends, and what came of telling them. Kept beside the jobs, so that no crash loses a call."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from retouch.database.connection import reading, storage_errors
from retouch.jobs.models import WebhookTarget
from retouch.jobs.rows import FINAL_STATES
from retouch.jobs.tables import JOBS, WEBHOOKS

__all__ = ["Delivery", "DeliveryState", "WebhookStore", "insert_webhook"]


class DeliveryState(StrEnum):
    """Where a call stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given up"


_DUE: Final = (
    sa.select(WEBHOOKS.c.job_id)
    .join(JOBS, JOBS.c.id == WEBHOOKS.c.job_id)
    .where(
        WEBHOOKS.c.state == DeliveryState.PENDING.value,
        WEBHOOKS.c.next_attempt_at <= sa.bindparam("now"),
        JOBS.c.state.in_(FINAL_STATES),
    )
    .order_by(WEBHOOKS.c.next_attempt_at)
    .limit(1)
)
_CLAIMING: Final = (
    sa.update(WEBHOOKS)
    .where(
        # What another process is taking is no reason to wait.
        WEBHOOKS.c.job_id == _DUE.with_for_update(skip_locked=True, of=WEBHOOKS).scalar_subquery(),
        WEBHOOKS.c.next_attempt_at <= sa.bindparam("now"),  # of two that chose the same call, one wins
    )
    .values(attempts=WEBHOOKS.c.attempts + 1, next_attempt_at=sa.bindparam("due_again_at"))
    .returning(*WEBHOOKS.c)
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call that is due, or that was made.

    Attributes
    ----------
    job_id : str
    target : WebhookTarget
    state : DeliveryState
    attempts : int
        How often it was tried.
    last_outcome : str or None
        What came of the last attempt, for the operator.
    """

    job_id: str
    target: WebhookTarget
    state: DeliveryState
    attempts: int
    last_outcome: str | None


def insert_webhook(connection: sa.Connection, job_id: str, target: WebhookTarget, *, now: float) -> None:
    """Note whom to tell of a job, in the transaction that accepts it."""
    connection.execute(
        sa.insert(WEBHOOKS).values(
            job_id=job_id,
            dialect=target.dialect,
            url=target.url,
            base_url=target.base_url,
            secret=target.secret,
            state=DeliveryState.PENDING.value,
            attempts=0,
            next_attempt_at=now,
        )
    )


class WebhookStore:
    """The calls of all processes that share a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Of the job store.
    clock : callable
        Seconds since the epoch.
    """

    def __init__(self, engine: sa.Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def claim_due(self, *, lease_seconds: float) -> Delivery | None:
        """Take a call whose job has ended and whose time has come; None when there is none.

        It counts as tried. Unless ``settle`` says what came of it, it is due again when the lease is over: whoever took it died.
        """
        now = self._clock()
        with reading(self._engine) as connection:  # mostly there is none, and to say so needs no lock
            if connection.scalar(_DUE, {"now": now}) is None:
                return None
        with storage_errors(), self._engine.begin() as connection:
            row = connection.execute(_CLAIMING, {"now": now, "due_again_at": now + lease_seconds}).one_or_none()
        return None if row is None else _delivery(row)

    def settle(self, job_id: str, state: DeliveryState, outcome: str, *, next_attempt_at: float | None = None) -> None:
        """Say what came of an attempt; a call that stays pending is due again at ``next_attempt_at``."""
        values = {"state": state.value, "last_outcome": outcome[:500]}
        when = {"delivered_at": self._clock()} if state is DeliveryState.DELIVERED else {}
        again = {} if next_attempt_at is None else {"next_attempt_at": next_attempt_at}
        statement = sa.update(WEBHOOKS).where(WEBHOOKS.c.job_id == job_id).values(**values, **when, **again)
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(statement)

    def find(self, job_id: str) -> Delivery | None:
        """Return what is known of the call about a job; None when nobody wants to be told."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(WEBHOOKS).where(WEBHOOKS.c.job_id == job_id)).one_or_none()
        return None if row is None else _delivery(row)


def _delivery(row: sa.Row[tuple[object, ...]]) -> Delivery:
    target = WebhookTarget(row.url, row.dialect, row.base_url, row.secret)
    return Delivery(row.job_id, target, DeliveryState(row.state), row.attempts, row.last_outcome)
