"""Between jobs and their rows in the table."""

from dataclasses import asdict, fields
from typing import Any, Final

from retouch.jobs.models import (
    Caller,
    Job,
    JobInput,
    JobResult,
    JobState,
    NewJob,
    Problem,
    progress_from_json,
    request_from_json,
    request_to_json,
)

__all__ = ["FINAL_STATES", "inputs_of", "job_of", "problem_to_json", "row_of"]

FINAL_STATES: Final = [state.value for state in JobState if state.is_final]
_CALLER_COLUMNS: Final = frozenset({"key_id", "priority"})
_CALLER_FIELDS: Final = frozenset(each.name for each in fields(Caller)) - _CALLER_COLUMNS
"""What is kept of the caller as JSON: the queue does not ask for it."""


def row_of(new: NewJob, *, now: float) -> dict[str, Any]:
    """Return the row of a job that is accepted now."""
    caller = new.caller
    return {
        "id": new.id,
        "state": JobState.QUEUED.value,
        "engine": new.engine,
        "request": request_to_json(new.request),
        "input_digests": [each.to_json() for each in new.inputs],
        "attempts": 0,
        "created_at": now,
        "deadline_at": new.deadline_at,
        "abort_requested": False,
        "owner": caller.key_id,
        "priority": caller.priority,
        "caller": {name: value for name, value in asdict(caller).items() if name not in _CALLER_COLUMNS},
        "idempotency_key": None if new.idempotency is None else new.idempotency.key,
        "submission_digest": None if new.idempotency is None else new.idempotency.digest,
    }


def job_of(row: Any) -> Job:
    """Return the job of a row."""
    return Job(
        id=row.id,
        engine=row.engine,
        state=JobState(row.state),
        request=request_from_json(row.request),
        inputs=inputs_of(row.input_digests),
        attempts=row.attempts,
        created_at=row.created_at,
        deadline_at=row.deadline_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        abort_requested=row.abort_requested,
        progress=None if row.progress is None else progress_from_json(row.progress),
        result=None if row.result is None else JobResult.from_json(row.result),
        problem=None if row.problem is None else Problem(**row.problem),
        caller=_caller_of(row),
    )


def _caller_of(row: Any) -> Caller:
    """Who asked for a job; what an older version did not store, or a newer one does, is left out."""
    stored = {name: value for name, value in row.caller.items() if name in _CALLER_FIELDS}
    return Caller(key_id=row.owner, priority=row.priority, **stored)


def inputs_of(stored: list[Any]) -> tuple[JobInput, ...]:
    """Return the inputs of a row."""
    return tuple(JobInput.from_json(each) for each in stored)


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON-ready values."""
    return {
        "code": problem.code,
        "message": problem.message,
        "retryable": problem.retryable,
        "details": dict(problem.details),
    }
