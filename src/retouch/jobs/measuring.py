"""What the queue tells of its jobs: counts and seconds as they end, and how it stands when somebody asks."""

import re
import time
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from retouch.database.connection import reading
from retouch.jobs.models import Job, JobResult, JobState, NewJob
from retouch.jobs.tables import JOBS, WEBHOOKS
from retouch.jobs.webhooks import DeliveryState
from retouch.telemetry import catalog
from retouch.telemetry.measures import count, observe

__all__ = ["JobMeasures", "QueueReading", "read_queue"]

_KIND: Final = re.compile(r"[A-Za-z]{1,40}")
_PRIORITY_BOUND: Final = 100


class JobMeasures:
    """An observer of the job store that counts.

    It is told within the transaction; in the rare case that the transaction fails after that, and is tried again, a job counts
    twice. The ledger of credits, where that may not be, is another observer's.
    """

    def accepted(self, connection: sa.Connection, new: NewJob, /) -> None:  # noqa: ARG002 - the protocol's signature
        """Count a job that is put into the queue."""
        count(catalog.JOBS_ACCEPTED, new.engine)

    def ended(self, connection: sa.Connection, job: Job, /) -> None:  # noqa: ARG002 - the protocol's signature
        """Count how a job ended, and how long it took."""
        count(catalog.JOBS_ENDED, job.engine, job.state.value)
        if job.problem is not None:
            count(catalog.JOB_PROBLEMS, job.engine, job.problem.code)
        if job.attempts:
            count(catalog.JOB_ATTEMPTS, job.engine, amount=job.attempts)
            count(catalog.JOB_RERUNS, job.engine, amount=job.attempts - 1)
        if job.started_at is not None:
            observe(catalog.WAIT_SECONDS, max(0.0, job.started_at - job.created_at), job.engine)
            if job.finished_at is not None:
                seconds = max(0.0, job.finished_at - job.started_at)
                observe(catalog.RUN_SECONDS, seconds, job.engine, operation_of(job.result))
        if job.result is not None:
            for hop, seconds in job.result.timings.items():
                observe(catalog.HOP_SECONDS, seconds, hop)


def operation_of(result: JobResult | None) -> str:
    """Return the kind of the one edit that a job made; "several", or "none" where there is no plan that tells.

    A remote server's words for its edits are only taken where they look like kinds.
    """
    plan = [] if result is None else result.interpretation.get("plan", [])
    kinds = {str(step.get("operation", "")) for step in plan if isinstance(step, dict)}
    if len(kinds) > 1:
        return "several"
    kind = next(iter(kinds), "")
    return kind if _KIND.fullmatch(kind) else "none"


@dataclass(frozen=True, slots=True)
class QueueReading:
    """How the queue stands.

    Attributes
    ----------
    waiting : dict of (engine, priority) to int
        Priorities beyond ±100 are counted there.
    running : dict of engine to int
    oldest_waiting_seconds : float
        0 when none waits.
    webhooks_pending : int
        Calls about ended edits that are still to be made.
    """

    waiting: dict[tuple[str, str], int]
    running: dict[str, int]
    oldest_waiting_seconds: float
    webhooks_pending: int


def read_queue(engine: sa.Engine) -> QueueReading:
    """Count what waits and runs: two queries over indexed columns, without a lock.

    Raises
    ------
    StorageError
    """
    levels = (
        sa.select(JOBS.c.state, JOBS.c.engine, JOBS.c.priority, sa.func.count(), sa.func.min(JOBS.c.created_at))
        .where(JOBS.c.state.in_([JobState.QUEUED.value, JobState.RUNNING.value]))
        .group_by(JOBS.c.state, JOBS.c.engine, JOBS.c.priority)
    )
    calls = (
        sa.select(sa.func.count())
        .select_from(WEBHOOKS.join(JOBS, JOBS.c.id == WEBHOOKS.c.job_id))
        .where(
            WEBHOOKS.c.state == DeliveryState.PENDING.value,
            JOBS.c.state.in_([state.value for state in JobState if state.is_final]),
        )
    )
    with reading(engine) as connection:
        rows = connection.execute(levels).all()
        pending = connection.scalar(calls) or 0
    waiting: dict[tuple[str, str], int] = {}
    running: dict[str, int] = {}
    now = oldest = time.time()
    for state, name, priority, number, first in rows:
        if state == JobState.QUEUED.value:
            level = str(max(-_PRIORITY_BOUND, min(_PRIORITY_BOUND, priority)))
            waiting[name, level] = waiting.get((name, level), 0) + number
            oldest = min(oldest, first)
        else:
            running[name] = running.get(name, 0) + number
    return QueueReading(waiting, running, now - oldest, pending)
