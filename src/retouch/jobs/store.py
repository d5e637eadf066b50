"""Where jobs wait: an SQL table, reached through SQLAlchemy Core.

Every change of state is one statement whose WHERE names the state that it starts from, so of two processes that try the same
change exactly one succeeds, on SQLite as on a server database.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from retouch.database.connection import reading, storage_errors
from retouch.database.locks import Lock, hold
from retouch.database.schema import upgrade
from retouch.errors import NotFoundError
from retouch.jobs.admission import QueueRoom, check_room, find_same, is_known
from retouch.jobs.claiming import Place, next_job, places_ahead
from retouch.jobs.models import Idempotency, Job, JobResult, JobState, NewJob, Problem, progress_to_json
from retouch.jobs.observers import JobObserver
from retouch.jobs.rows import FINAL_STATES, inputs_of, job_of, problem_to_json, row_of
from retouch.jobs.tables import JOBS, WEBHOOKS
from retouch.jobs.webhooks import insert_webhook
from retouch.types import Progress

__all__ = ["JobStore"]

_MOST_ID_CHARACTERS: Final = 64
_BACK_IN_QUEUE: Final[Mapping[str, Any]] = {
    "state": JobState.QUEUED.value,
    "worker_id": None,
    "lease_until": None,
    "started_at": None,
    "progress": None,
}

# What every edit needs is built once: to put a statement together takes longer than to carry it out.
_BY_ID: Final = sa.select(JOBS).where(JOBS.c.id == sa.bindparam("its_id"))
_ADDING: Final = sa.insert(JOBS).returning(*JOBS.c)
_IN_STATE: Final = sa.select(sa.func.count()).select_from(JOBS).where(JOBS.c.state == sa.bindparam("its_state"))
_CLAIMING: Final = (
    sa.update(JOBS)
    .where(JOBS.c.id == sa.bindparam("its_id"), JOBS.c.state == JobState.QUEUED.value)
    .values(
        state=JobState.RUNNING.value,
        worker_id=sa.bindparam("its_worker"),
        lease_until=sa.bindparam("leased_until"),
        started_at=sa.bindparam("now"),
        attempts=JOBS.c.attempts + 1,
        progress=None,
    )
    .returning(*JOBS.c)
)
_CHANGING_RUNNING: Final = (
    sa.update(JOBS)
    .where(
        JOBS.c.id == sa.bindparam("its_id"),
        JOBS.c.worker_id == sa.bindparam("its_worker"),
        JOBS.c.state == JobState.RUNNING.value,
    )
    .returning(*JOBS.c)
)
"""Sets the columns that its further parameters name."""


class JobStore:
    """The jobs of all processes that share a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From ``connect``.
    observers : sequence of JobObserver
        Take part in the transactions that accept and end jobs.
    clock : callable
        Seconds since the epoch.
    """

    def __init__(
        self, engine: sa.Engine, observers: Sequence[JobObserver] = (), *, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._observers = tuple(observers)
        self._clock = clock

    def create_schema(self) -> None:
        """Bring the database to the shape that this version needs, whatever it was before."""
        upgrade(self._engine)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def enqueue(self, new: NewJob, *, max_waiting: int, max_waiting_per_key: int = 0) -> Job:
        """Accept a job, or return the one that was accepted before under the same idempotency key.

        Parameters
        ----------
        new : NewJob
        max_waiting : int
            Jobs that may wait in all.
        max_waiting_per_key : int
            Jobs that may wait of the caller's key; 0 for no limit of its own.

        Raises
        ------
        QueueFullError
            So many jobs wait already.
        IdempotencyConflictError
            The idempotency key was used for something else.
        StorageError
        """
        with storage_errors(), self._engine.begin() as connection:
            hold(connection, Lock.ACCEPT)
            if new.idempotency is not None:
                same = find_same(connection, new.caller.key_id, new.idempotency)
                if same is not None:
                    return same
            now = self._clock()
            check_room(connection, new, QueueRoom(max_waiting, max_waiting_per_key), now=now)
            for observer in self._observers:
                observer.accepted(connection, new)
            row = connection.execute(_ADDING, row_of(new, now=now)).one()
            if new.webhook is not None:
                insert_webhook(connection, new.id, new.webhook, now=now)
            return job_of(row)

    def find_accepted(self, owner: str, idempotency: Idempotency) -> Job | None:
        """Return the job that a key's holder got accepted under an idempotency key; None when there is none (any more).

        Raises
        ------
        IdempotencyConflictError
            It was accepted for something else.
        StorageError
        """
        with reading(self._engine) as connection:
            return find_same(connection, owner, idempotency)

    def is_accepted(self, owner: str, idempotency_key: str) -> bool:
        """Whether a key's holder got a job accepted under an idempotency key, whatever it was for."""
        with reading(self._engine) as connection:
            return is_known(connection, owner, idempotency_key)

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises
        ------
        NotFoundError, StorageError
        """
        _require_possible(job_id)
        with reading(self._engine) as connection:
            row = connection.execute(_BY_ID, {"its_id": job_id}).one_or_none()
        if row is None:
            raise NotFoundError("job", job_id)
        return job_of(row)

    def claim(self, worker_id: str, *, lease_seconds: float) -> Job | None:
        """Take the job whose turn it is (see ``retouch.jobs.claiming``); None when none waits."""
        now = self._clock()
        with storage_errors(), self._engine.begin() as connection:
            hold(connection, Lock.CLAIM)
            job_id = next_job(connection)
            if job_id is None:
                return None
            claimed = {"its_id": job_id, "its_worker": worker_id, "leased_until": now + lease_seconds, "now": now}
            return job_of(connection.execute(_CLAIMING, claimed).one())

    def heartbeat(self, job_id: str, worker_id: str, *, lease_seconds: float, progress: Progress | None) -> Job | None:
        """Prolong the lease and note the progress; None when the job is no longer this worker's."""
        values: dict[str, Any] = {"lease_until": self._clock() + lease_seconds}
        if progress is not None:
            values["progress"] = progress_to_json(progress)
        with storage_errors(), self._engine.begin() as connection:
            return _change_running(connection, job_id, worker_id, values)

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
            values["problem"] = problem_to_json(outcome)
        with storage_errors(), self._engine.begin() as connection:
            job = _change_running(connection, job_id, worker_id, values)
            if job is not None:
                self._tell_ended(connection, job)
        return job

    def release(self, job_id: str, worker_id: str) -> Job | None:
        """Put a running job back, as if it had not been started: its worker is told to stop.

        One that was to be aborted is cancelled instead. None when the job is no longer this worker's.
        """
        queued = {**_BACK_IN_QUEUE, "attempts": JOBS.c.attempts - 1}
        mine = (JOBS.c.id == job_id, JOBS.c.worker_id == worker_id, JOBS.c.state == JobState.RUNNING.value)
        with storage_errors(), self._engine.begin() as connection:
            _hold_job(connection, job_id)
            ended = _change(connection, self._cancelled(), *mine, JOBS.c.abort_requested.is_(True))
            if ended is None:
                return _change(connection, queued, *mine)
            self._tell_ended(connection, ended)
            return ended

    def cancel(self, job_id: str) -> Job:
        """Cancel a queued job; ask the worker of a running one to abort; leave a finished one as it is.

        Raises
        ------
        NotFoundError, StorageError
        """
        return self._cancel_where(job_id)

    def abandon(self, job_id: str) -> Job:
        """Cancel a job, as ``cancel`` does, whose caller went away, unless its end matters to somebody all the same.

        That is one with a webhook, and one with an idempotency key, whose caller may come back for it.

        Raises
        ------
        NotFoundError, StorageError
        """
        told = sa.exists().where(WEBHOOKS.c.job_id == JOBS.c.id)
        return self._cancel_where(job_id, JOBS.c.idempotency_key.is_(None), ~told)

    def _cancel_where(self, job_id: str, *conditions: sa.ColumnElement[bool]) -> Job:
        waiting = (JOBS.c.id == job_id, JOBS.c.state == JobState.QUEUED.value, *conditions)
        running = (JOBS.c.id == job_id, JOBS.c.state == JobState.RUNNING.value, *conditions)
        _require_possible(job_id)
        with storage_errors(), self._engine.begin() as connection:
            _hold_job(connection, job_id)
            cancelled = _change(connection, self._cancelled(), *waiting)
            if cancelled is not None:
                self._tell_ended(connection, cancelled)
                return cancelled
            connection.execute(sa.update(JOBS).where(*running).values(abort_requested=True))
        return self.get(job_id)

    def requeue_stalled(self, *, max_attempts: int) -> list[Job]:
        """Settle jobs whose worker gave no sign of life, and return them.

        They go back to the queue; those that were to be aborted are cancelled, those without an attempt left have failed.
        """
        times = "once" if max_attempts == 1 else f"{max_attempts} times"
        given_up = Problem(
            "engine_crashed",
            f"The edit was started {times}, and each time the process that ran it ended or hung. It is not tried again.",
        )
        return self._settle_each(
            (JOBS.c.state == JobState.RUNNING.value, JOBS.c.lease_until < self._clock()),
            (
                (JOBS.c.abort_requested.is_(True), self._cancelled()),
                (JOBS.c.attempts < max_attempts, _BACK_IN_QUEUE),
                (sa.true(), self._failed(given_up)),
            ),
        )

    def end_leases_of(self, worker_id: str) -> int:
        """End the leases of a worker that is known to be dead, for ``requeue_stalled`` to find; return how many."""
        theirs = (JOBS.c.worker_id == worker_id, JOBS.c.state == JobState.RUNNING.value)
        with storage_errors(), self._engine.begin() as connection:
            hold(connection, Lock.SWEEP)
            return connection.execute(sa.update(JOBS).where(*theirs).values(lease_until=0.0)).rowcount

    def follow_clock(self, jump_seconds: float, *, lease_seconds: float) -> None:
        """Take note that the wall clock was set: leases of running jobs begin anew, and who is not done loses no time.

        Where the clock was set back, deadlines stay: they only come later, and two processes that notice it change them once.
        """
        running = sa.update(JOBS).where(JOBS.c.state == JobState.RUNNING.value, JOBS.c.lease_until > 0)
        unfinished = sa.update(JOBS).where(JOBS.c.state.not_in(FINAL_STATES))
        with storage_errors(), self._engine.begin() as connection:
            hold(connection, Lock.SWEEP)
            connection.execute(running.values(lease_until=self._clock() + lease_seconds))
            if jump_seconds > 0:
                connection.execute(unfinished.values(deadline_at=JOBS.c.deadline_at + jump_seconds))

    def fail_overdue(self) -> list[Job]:
        """Fail jobs whose deadline passed while they waited, and return them."""
        problem = Problem("deadline_exceeded", "The edit waited until its time was over.", retryable=True)
        overdue = (JOBS.c.state == JobState.QUEUED.value, JOBS.c.deadline_at < self._clock())
        return self._settle_each(overdue, ((sa.true(), self._failed(problem)),))

    def delete_finished_before(self, moment: float) -> int:
        """Forget jobs that were finished before ``moment``, and whom to tell of them; return how many."""
        old = (JOBS.c.state.in_(FINAL_STATES), JOBS.c.finished_at < moment)
        with storage_errors(), self._engine.begin() as connection:
            hold(connection, Lock.SWEEP)
            connection.execute(sa.delete(WEBHOOKS).where(WEBHOOKS.c.job_id.in_(sa.select(JOBS.c.id).where(*old))))
            return connection.execute(sa.delete(JOBS).where(*old)).rowcount

    def count(self, state: JobState) -> int:
        """Return how many jobs are in a state."""
        with reading(self._engine) as connection:
            return connection.scalar(_IN_STATE, {"its_state": state.value}) or 0

    def places_ahead(self, job: Job) -> int:
        """Return how many waiting jobs will be taken before one that waits, as far as can be said."""
        place = Place(job.caller.key_id, job.caller.priority, job.created_at)
        with reading(self._engine) as connection:
            return places_ahead(connection, place)

    def inputs_in_use(self) -> frozenset[str]:
        """Return the SHA-256 of everything in the input store that an unfinished job needs."""
        statement = sa.select(JOBS.c.input_digests).where(JOBS.c.state.not_in(FINAL_STATES))
        with reading(self._engine) as connection:
            inputs = [inputs_of(stored) for (stored,) in connection.execute(statement)]
        return frozenset(digest for of_one_job in inputs for each in of_one_job for digest in each.digests)

    def _settle_each(
        self,
        which: Sequence[sa.ColumnElement[bool]],
        ways: Sequence[tuple[sa.ColumnElement[bool], Mapping[str, Any]]],
    ) -> list[Job]:
        """Change every job that the conditions fit, in the first way whose own condition fits; return those that changed.

        Each in a transaction of its own. Observers lock rows of their own for a job, such as its key's; a transaction that ends
        several jobs would hold those of one while it waits for those of the next, and others would wait for it in a circle.
        """
        with reading(self._engine) as connection:
            ids = list(connection.scalars(sa.select(JOBS.c.id).where(*which).order_by(JOBS.c.created_at)))
        settled = (self._settle(job_id, which, ways) for job_id in ids)
        return [job for job in settled if job is not None]

    def _settle(
        self,
        job_id: str,
        which: Sequence[sa.ColumnElement[bool]],
        ways: Sequence[tuple[sa.ColumnElement[bool], Mapping[str, Any]]],
    ) -> Job | None:
        with storage_errors(), self._engine.begin() as connection:
            _hold_job(connection, job_id)
            for condition, values in ways:
                job = _change(connection, values, JOBS.c.id == job_id, *which, condition)
                if job is not None:
                    if job.state.is_final:
                        self._tell_ended(connection, job)
                    return job
        return None

    def _tell_ended(self, connection: sa.Connection, job: Job) -> None:
        for observer in self._observers:
            observer.ended(connection, job)

    def _cancelled(self) -> dict[str, Any]:
        return {"state": JobState.CANCELLED.value, "finished_at": self._clock(), "lease_until": None}

    def _failed(self, problem: Problem) -> dict[str, Any]:
        return {
            "state": JobState.FAILED.value,
            "finished_at": self._clock(),
            "lease_until": None,
            "problem": problem_to_json(problem),
        }


def _require_possible(job_id: str) -> None:
    """Raise ``NotFoundError`` for what can be no id: databases differ in which texts they take at all."""
    if not (0 < len(job_id) <= _MOST_ID_CHARACTERS and job_id.isascii() and job_id.isprintable()):
        raise NotFoundError("job", job_id)


def _hold_job(connection: sa.Connection, job_id: str) -> None:
    """Keep everybody else from a job until the transaction ends, so that it is in one state for all its statements."""
    connection.execute(sa.select(JOBS.c.id).where(JOBS.c.id == job_id).with_for_update())


def _change_running(connection: sa.Connection, job_id: str, worker_id: str, values: Mapping[str, Any]) -> Job | None:
    """Set columns of a job that runs and is this worker's, and return it; None when there is none such."""
    row = connection.execute(_CHANGING_RUNNING, {**values, "its_id": job_id, "its_worker": worker_id}).one_or_none()
    return None if row is None else job_of(row)


def _change(connection: sa.Connection, values: Mapping[str, Any], *which: sa.ColumnElement[bool]) -> Job | None:
    """Change the job that the conditions fit, and return it; None when they fit none."""
    row = connection.execute(sa.update(JOBS).where(*which).values(**values).returning(*JOBS.c)).one_or_none()
    return None if row is None else job_of(row)
