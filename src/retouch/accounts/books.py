"""The observer of jobs that keeps the books: limits and a hold when an edit is accepted, its cost or nothing when it ends."""

import time
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from retouch.accounts.ledger import EntryKind, Held, end_hold, hold
from retouch.accounts.prices import Prices
from retouch.accounts.requests import RequestStatus, insert_request
from retouch.accounts.tables import CREDIT_ENTRIES, REQUESTS
from retouch.accounts.usage import add_usage, day_of, images_on, seconds_to_next_day
from retouch.errors import RateLimitedError
from retouch.jobs.models import Job, JobState, NewJob
from retouch.jobs.tables import JOBS

__all__ = ["Books"]

_RETRY_SECONDS: Final = 5.0

_IS_ITS_HOLD: Final = sa.and_(
    CREDIT_ENTRIES.c.job_id == REQUESTS.c.job_id, CREDIT_ENTRIES.c.kind == EntryKind.HOLD.value
)
_OPEN_BOOKS: Final = (
    sa.select(
        REQUESTS.c.id,
        REQUESTS.c.key_id,
        REQUESTS.c.images,
        REQUESTS.c.created_at,
        CREDIT_ENTRIES.c.amount,
        CREDIT_ENTRIES.c.reference,
    )
    .select_from(REQUESTS.outerjoin(CREDIT_ENTRIES, _IS_ITS_HOLD))
    .where(REQUESTS.c.job_id == sa.bindparam("its_job"), REQUESTS.c.ended_at.is_(None))
)
_CLOSE_REQUEST: Final = sa.update(REQUESTS).where(REQUESTS.c.id == sa.bindparam("its_id"))


class Books:
    """Keeps the books about jobs, in the transactions that accept and end them.

    Parameters
    ----------
    prices : Prices
        Of edits that are accepted from now on; an edit is settled at the price that it was accepted at.
    clock : callable
        Seconds since the epoch.
    """

    def __init__(self, prices: Prices, *, clock: Callable[[], float] = time.time) -> None:
        self._prices = prices
        self._clock = clock

    def accepted(self, connection: sa.Connection, new: NewJob, /) -> None:
        """See ``JobObserver``.

        Raises
        ------
        RateLimitedError
            The key has as many edits under way, or pictures today, as it may.
        OutOfCreditsError
        """
        now = self._clock()
        caller, images = new.caller, new.request.num_images
        credits = self._prices.of_image(new.request.model, new.engine) * images
        key = hold(connection, caller.key_id, new.id, credits, reference=caller.inference_id, now=now)
        if key is not None:
            _check_unfinished(connection, key)
            _check_day(connection, key, images, now)
        insert_request(connection, caller, job_id=new.id, engine=new.engine, images=images, now=now)
        add_usage(connection, caller.key_id, day_of(now), edits=1, images=images)

    def ended(self, connection: sa.Connection, job: Job, /) -> None:
        """See ``JobObserver``. A job that has no books, or whose books are closed, is left alone."""
        row = connection.execute(_OPEN_BOOKS, {"its_job": job.id}).one_or_none()
        if row is None:
            return
        now = self._clock()
        made = 0 if job.result is None or job.state is not JobState.SUCCEEDED else len(job.result.images)
        charged = 0
        if row.amount is not None:
            held = Held(row.key_id, job.id, -row.amount, row.reference)
            charged = end_hold(connection, held, share=(made, row.images), now=now)
        connection.execute(
            _CLOSE_REQUEST,
            {
                "its_id": row.id,
                "status": RequestStatus.of_job(job.state).value,
                "error_code": None if job.problem is None else job.problem.code,
                "images": made,
                "credits": charged,
                "ended_at": now,
            },
        )
        failed = int(job.state in (JobState.FAILED, JobState.MODERATED))
        day = day_of(row.created_at)
        add_usage(connection, row.key_id, day, images=made - row.images, failed=failed, credits=charged)


def _check_unfinished(connection: sa.Connection, key: Any) -> None:
    mine = (REQUESTS.c.key_id == key.id, REQUESTS.c.ended_at.is_(None))
    if key.max_unfinished is not None:
        unfinished = connection.scalar(sa.select(sa.func.count()).select_from(REQUESTS).where(*mine)) or 0
        if unfinished >= key.max_unfinished:
            raise RateLimitedError(
                f"The key has {unfinished} edits under way, which is as many as it may have. Wait until one has ended.",
                retry_after_seconds=_RETRY_SECONDS,
            )
    if key.max_waiting is not None:
        statement = sa.select(sa.func.count()).select_from(REQUESTS).join(JOBS, JOBS.c.id == REQUESTS.c.job_id)
        waiting = connection.scalar(statement.where(*mine, JOBS.c.state == JobState.QUEUED.value)) or 0
        if waiting >= key.max_waiting:
            raise RateLimitedError(
                f"The key has {waiting} edits waiting, which is as many as it may have. Try again shortly.",
                retry_after_seconds=_RETRY_SECONDS,
            )


def _check_day(connection: sa.Connection, key: Any, images: int, now: float) -> None:
    if key.images_per_day is None:
        return
    used = images_on(connection, key.id, day_of(now))
    if used + images > key.images_per_day:
        raise RateLimitedError(
            f"The key may have {key.images_per_day} pictures a day (UTC) and has had {used}; this request asks for {images}.",
            retry_after_seconds=seconds_to_next_day(now),
        )
