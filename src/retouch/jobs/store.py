"""Where jobs wait: an SQL table, reached through SQLAlchemy Core.

Every change of state is one statement whose WHERE names the state that it starts from, so of two processes that try the same
change exactly one succeeds, on SQLite as on a server database.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import sqlalchemy as sa

from retouch.database.connection import metadata, storage_errors
from retouch.errors import NotFoundError, QueueFullError
from retouch.jobs.models import (
    Job,
    JobInput,
    JobResult,
    JobState,
    NewJob,
    Problem,
    progress_from_json,
    progress_to_json,
    request_from_json,
    request_to_json,
)
from retouch.jobs.tables import JOBS, WEBHOOKS
from retouch.jobs.webhooks import insert_webhook
from retouch.types import Progress

__all__ = ["JobStore"]

_FINAL_STATES: Final = [state.value for state in JobState if state.is_final]


class JobStore:
    """The jobs of all processes that share a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From ``connect``.
    clock : callable
        Seconds since the epoch.
    """

    def __init__(self, engine: sa.Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def create_schema(self) -> None:
        """Make the tables where they are not there yet."""
        with storage_errors():
            metadata.create_all(self._engine)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def enqueue(self, new: NewJob, *, max_waiting: int) -> Job:
        """Accept a job.

        Raises
        ------
        QueueFullError
            ``max_waiting`` jobs wait already.
        StorageError
        """
        with storage_errors(), self._engine.begin() as connection:
            waiting = connection.scalar(
                sa.select(sa.func.count()).select_from(JOBS).where(JOBS.c.state == JobState.QUEUED.value)
            )
            if (waiting or 0) >= max_waiting:
                raise QueueFullError(
                    f"{max_waiting} edits are waiting already. Try again shortly.", retry_after_seconds=5.0
                )
            row = connection.execute(
                sa.insert(JOBS)
                .values(
                    id=new.id,
                    state=JobState.QUEUED.value,
                    engine=new.engine,
                    request=request_to_json(new.request),
                    input_digests=[each.to_json() for each in new.inputs],
                    attempts=0,
                    created_at=self._clock(),
                    deadline_at=new.deadline_at,
                    abort_requested=False,
                )
                .returning(*JOBS.c)
            ).one()
            if new.webhook is not None:
                insert_webhook(connection, new.id, new.webhook, now=self._clock())
            return _job(row)

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises
        ------
        NotFoundError, StorageError
        """
        with storage_errors(), self._read() as connection:
            row = connection.execute(sa.select(JOBS).where(JOBS.c.id == job_id)).one_or_none()
        if row is None:
            raise NotFoundError("job", job_id)
        return _job(row)

    def claim(self, worker_id: str, *, lease_seconds: float) -> Job | None:
        """Take the job that has waited longest; None when none waits."""
        now = self._clock()
        oldest = (
            sa.select(JOBS.c.id)
            .where(JOBS.c.state == JobState.QUEUED.value)
            .order_by(JOBS.c.created_at, JOBS.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        statement = (
            sa.update(JOBS)
            .where(JOBS.c.id == oldest, JOBS.c.state == JobState.QUEUED.value)
            .values(
                state=JobState.RUNNING.value,
                worker_id=worker_id,
                lease_until=now + lease_seconds,
                started_at=now,
                attempts=JOBS.c.attempts + 1,
                progress=None,
            )
            .returning(*JOBS.c)
        )
        with storage_errors(), self._engine.begin() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _job(row)

    def heartbeat(self, job_id: str, worker_id: str, *, lease_seconds: float, progress: Progress | None) -> Job | None:
        """Prolong the lease and note the progress; None when the job is no longer this worker's."""
        values: dict[str, Any] = {"lease_until": self._clock() + lease_seconds}
        if progress is not None:
            values["progress"] = progress_to_json(progress)
        return self._change_running(job_id, worker_id, values)

    def finish(self, job_id: str, worker_id: str, state: JobState, outcome: JobResult | Problem | None) -> Job | None:
        """Bring a running job to a final state; None when the job is no longer this worker's.

        Parameters
        ----------
        job_id, worker_id : str
        state : JobState
            A final one.
        outcome : JobResult, Problem or None
            What came of it.
        """
        if not state.is_final:
            raise ValueError(f"{state} is not final")
        values: dict[str, Any] = {"state": state.value, "finished_at": self._clock(), "lease_until": None}
        if isinstance(outcome, JobResult):
            values["result"] = outcome.to_json()
        elif outcome is not None:
            values["problem"] = _problem_to_json(outcome)
        return self._change_running(job_id, worker_id, values)

    def release(self, job_id: str, worker_id: str) -> Job | None:
        """Put a running job back, as if it had not been started: its worker is told to stop.

        One that was to be aborted is cancelled instead. None when the job is no longer this worker's.
        """
        cancelled = {"state": JobState.CANCELLED.value, "finished_at": self._clock(), "lease_until": None}
        queued = {
            "state": JobState.QUEUED.value,
            "worker_id": None,
            "lease_until": None,
            "started_at": None,
            "progress": None,
            "attempts": JOBS.c.attempts - 1,
        }
        return self._change_running(
            job_id, worker_id, cancelled, JOBS.c.abort_requested.is_(True)
        ) or self._change_running(job_id, worker_id, queued, JOBS.c.abort_requested.is_(False))

    def cancel(self, job_id: str) -> Job:
        """Cancel a queued job; ask the worker of a running one to abort; leave a finished one as it is.

        Raises
        ------
        NotFoundError, StorageError
        """
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(
                sa.update(JOBS)
                .where(JOBS.c.id == job_id, JOBS.c.state == JobState.QUEUED.value)
                .values(state=JobState.CANCELLED.value, finished_at=self._clock())
            )
            connection.execute(
                sa.update(JOBS)
                .where(JOBS.c.id == job_id, JOBS.c.state == JobState.RUNNING.value)
                .values(abort_requested=True)
            )
        return self.get(job_id)

    def requeue_stalled(self, *, max_attempts: int) -> list[Job]:
        """Settle jobs whose worker gave no sign of life, and return them.

        They go back to the queue; those that were to be aborted are cancelled, those without an attempt left have failed.
        """
        now = self._clock()
        stalled = (JOBS.c.state == JobState.RUNNING.value, JOBS.c.lease_until < now)
        again = (
            sa.update(JOBS)
            .where(*stalled, JOBS.c.attempts < max_attempts)
            .values(state=JobState.QUEUED.value, worker_id=None, lease_until=None, started_at=None, progress=None)
            .returning(*JOBS.c)
        )
        aborted = (
            sa.update(JOBS)
            .where(*stalled, JOBS.c.abort_requested.is_(True))
            .values(state=JobState.CANCELLED.value, finished_at=now, lease_until=None)
            .returning(*JOBS.c)
        )
        given_up = Problem(
            "engine_failed", f"The edit was started {max_attempts} times and never finished.", retryable=True
        )
        with storage_errors(), self._engine.begin() as connection:
            rows = list(connection.execute(aborted))
            rows += connection.execute(again)
            rows += connection.execute(self._fail_where(given_up, *stalled))
        return [_job(row) for row in rows]

    def fail_overdue(self) -> list[Job]:
        """Fail jobs whose deadline passed while they waited, and return them."""
        problem = Problem("deadline_exceeded", "The edit waited until its time was over.", retryable=True)
        overdue = (JOBS.c.state == JobState.QUEUED.value, JOBS.c.deadline_at < self._clock())
        with storage_errors(), self._engine.begin() as connection:
            return [_job(row) for row in connection.execute(self._fail_where(problem, *overdue))]

    def delete_finished_before(self, moment: float) -> int:
        """Forget jobs that were finished before ``moment``, and whom to tell of them; return how many."""
        old = (JOBS.c.state.in_(_FINAL_STATES), JOBS.c.finished_at < moment)
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(sa.delete(WEBHOOKS).where(WEBHOOKS.c.job_id.in_(sa.select(JOBS.c.id).where(*old))))
            return connection.execute(sa.delete(JOBS).where(*old)).rowcount

    def count(self, state: JobState) -> int:
        """Return how many jobs are in a state."""
        statement = sa.select(sa.func.count()).select_from(JOBS).where(JOBS.c.state == state.value)
        with storage_errors(), self._read() as connection:
            return connection.scalar(statement) or 0

    def waiting_before(self, created_at: float) -> int:
        """Return how many jobs wait that were accepted before a moment, in seconds since the epoch."""
        earlier = (JOBS.c.state == JobState.QUEUED.value, JOBS.c.created_at < created_at)
        statement = sa.select(sa.func.count()).select_from(JOBS).where(*earlier)
        with storage_errors(), self._read() as connection:
            return connection.scalar(statement) or 0

    def inputs_in_use(self) -> frozenset[str]:
        """Return the SHA-256 of everything in the input store that an unfinished job needs."""
        statement = sa.select(JOBS.c.input_digests).where(JOBS.c.state.not_in(_FINAL_STATES))
        with storage_errors(), self._read() as connection:
            inputs = [_inputs(stored) for (stored,) in connection.execute(statement)]
        return frozenset(digest for of_one_job in inputs for each in of_one_job for digest in each.digests)

    @contextlib.contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        """A connection for reading, which takes no lock."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection

    def _change_running(
        self, job_id: str, worker_id: str, values: dict[str, Any], *further: sa.ColumnElement[bool]
    ) -> Job | None:
        mine = (JOBS.c.id == job_id, JOBS.c.worker_id == worker_id, JOBS.c.state == JobState.RUNNING.value)
        statement = sa.update(JOBS).where(*mine, *further).values(**values).returning(*JOBS.c)
        with storage_errors(), self._engine.begin() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _job(row)

    def _fail_where(self, problem: Problem, *conditions: sa.ColumnElement[bool]) -> sa.Executable:
        return (
            sa.update(JOBS)
            .where(*conditions)
            .values(
                state=JobState.FAILED.value,
                finished_at=self._clock(),
                lease_until=None,
                problem=_problem_to_json(problem),
            )
            .returning(*JOBS.c)
        )


def _problem_to_json(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "message": problem.message,
        "retryable": problem.retryable,
        "details": dict(problem.details),
    }


def _inputs(stored: list[Any]) -> tuple[JobInput, ...]:
    return tuple(JobInput.from_json(each) for each in stored)


def _job(row: Any) -> Job:
    return Job(
        id=row.id,
        engine=row.engine,
        state=JobState(row.state),
        request=request_from_json(row.request),
        inputs=_inputs(row.input_digests),
        attempts=row.attempts,
        created_at=row.created_at,
        deadline_at=row.deadline_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        abort_requested=row.abort_requested,
        progress=None if row.progress is None else progress_from_json(row.progress),
        result=None if row.result is None else JobResult.from_json(row.result),
        problem=None if row.problem is None else Problem(**row.problem),
    )
