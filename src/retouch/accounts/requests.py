"""The log of requests for edits: one row for each, whatever became of it. Prompts and pictures are not in it.

The row of a request that was accepted is written and ended in the transactions of its job. One that did not become a job has no
transaction to take part in, whether it was refused or had been sent before; a thread writes its row a moment later, so that no
answer waits for it.
"""

import enum
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from retouch.accounts.tables import REQUESTS
from retouch.database.connection import reading, storage_errors
from retouch.errors import StorageError
from retouch.jobs.models import Caller, JobState

__all__ = ["JoblessRequest", "LogKeeper", "LoggedRequest", "RequestLog", "RequestStatus", "insert_request"]

_MAX_MODEL: Final = 128
_MAX_WAITING_ROWS: Final = 1000
_MINUTE_SECONDS: Final = 60.0
_ROWS_OF_A_KEY: Final = 600
"""In a minute: far more than anybody reads, and little enough to be kept for weeks."""
_ROWS_AT_ONCE: Final = 200
_PAUSE_SECONDS: Final = 0.2
_DELETE_SECONDS: Final = 600.0

_ADD_ROW: Final = sa.insert(REQUESTS)

_log = logging.getLogger(__name__)


class RequestStatus(enum.StrEnum):
    """What became of a request."""

    PENDING = "pending"
    """Its edit waits or runs."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    MODERATED = "moderated"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    """It never became an edit."""
    REPLAYED = "replayed"
    """It came again under its idempotency key, and got the answer of the edit that there was."""

    @classmethod
    def of_job(cls, state: JobState) -> "RequestStatus":
        """Return what a request is whose edit is in that state."""
        return cls(state.value) if state.is_final else cls.PENDING


@dataclass(frozen=True, slots=True)
class JoblessRequest:
    """A request that did not become a job.

    Attributes
    ----------
    caller : Caller
    error_code : str or None
        Of the problem that it was refused with; None of one that had been sent before.
    created_at, ended_at : float
        Seconds since the epoch.
    """

    caller: Caller
    error_code: str | None
    created_at: float
    ended_at: float

    @property
    def status(self) -> RequestStatus:
        """What became of it."""
        return RequestStatus.REPLAYED if self.error_code is None else RequestStatus.REFUSED


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A row of the log.

    Attributes
    ----------
    id : int
        Later ones are higher.
    key_id, inference_id, dialect, model, engine : str
        Empty where a request that was refused did not get so far.
    client_request_id, job_id : str or None
    status : RequestStatus
    error_code : str or None
    images : int
        Made; of an edit that has not ended, asked for.
    credits : int
        Charged.
    created_at : float
        Seconds since the epoch.
    ended_at : float or None
    """

    id: int
    key_id: str
    inference_id: str
    client_request_id: str | None
    job_id: str | None
    dialect: str
    model: str
    engine: str
    status: RequestStatus
    error_code: str | None
    images: int
    credits: int
    created_at: float
    ended_at: float | None


def insert_request(
    connection: sa.Connection, caller: Caller, *, job_id: str, engine: str, images: int, now: float
) -> None:
    """Write the row of a request that is accepted."""
    values = {"job_id": job_id, "engine": engine, "status": RequestStatus.PENDING.value, "images": images, "credits": 0}
    connection.execute(_ADD_ROW, {**_of_caller(caller), **values, "created_at": now})


def _of_caller(caller: Caller) -> dict[str, Any]:
    return {
        "key_id": caller.key_id,
        "inference_id": caller.inference_id,
        "client_request_id": caller.client_request_id,
        "dialect": caller.dialect,
        "model": caller.model[:_MAX_MODEL],
    }


class RequestLog:
    """The log of all processes that share a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    clock : callable
        Seconds since the epoch.
    """

    def __init__(self, engine: sa.Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def page(self, key_id: str | None, *, limit: int, before: int | None = None) -> list[LoggedRequest]:
        """Return requests, the newest first; of every key when ``key_id`` is None, and older than row ``before``."""
        statement = sa.select(REQUESTS).order_by(REQUESTS.c.id.desc()).limit(limit)
        if key_id is not None:
            statement = statement.where(REQUESTS.c.key_id == key_id)
        if before is not None:
            statement = statement.where(REQUESTS.c.id < before)
        with reading(self._engine) as connection:
            return [_logged(row) for row in connection.execute(statement)]

    def add_jobless(self, requests: Sequence[JoblessRequest]) -> None:
        """Write the rows of requests that did not become jobs."""
        rows = [
            {
                **_of_caller(each.caller),
                "engine": "",
                "status": each.status.value,
                "error_code": each.error_code,
                "images": 0,
                "credits": 0,
                "created_at": each.created_at,
                "ended_at": each.ended_at,
            }
            for each in requests
        ]
        with storage_errors(), self._engine.begin() as connection:
            connection.execute(_ADD_ROW, rows)

    def delete_older_than(self, age_seconds: float) -> int:
        """Forget requests that ended and came longer ago; return how many."""
        old = (REQUESTS.c.created_at < self._clock() - age_seconds, REQUESTS.c.ended_at.is_not(None))
        with storage_errors(), self._engine.begin() as connection:
            return connection.execute(sa.delete(REQUESTS).where(*old)).rowcount


class LogKeeper:
    """Writes the rows of requests that did not become jobs from a thread, and deletes old rows.

    It is bounded, so that nobody fills the database with requests that cost nothing: what comes faster than it can be written is
    left out and counted, and so is what one key sends beyond a number a minute.

    Parameters
    ----------
    log : RequestLog
    retention_seconds : float
        Age at which rows are deleted; 0 keeps them.
    """

    def __init__(self, log: RequestLog, *, retention_seconds: float = 0.0) -> None:
        self._requests = log
        self._retention_seconds = retention_seconds
        self._waiting: queue.Queue[JoblessRequest] = queue.Queue(_MAX_WAITING_ROWS)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._left_out = 0
        self._minute = 0.0
        self._rows_of: Counter[str] = Counter()

    def note(self, request: JoblessRequest) -> None:
        """Have a row written; returns at once."""
        minute = request.ended_at // _MINUTE_SECONDS
        if minute != self._minute:
            self._minute = minute
            self._rows_of.clear()
        self._rows_of[request.caller.key_id] += 1
        if self._rows_of[request.caller.key_id] > _ROWS_OF_A_KEY:
            self._left_out += 1
            return
        try:
            self._waiting.put_nowait(request)
        except queue.Full:
            self._left_out += 1

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after what waits has been written."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        deleted_at = told_at = float("-inf")
        while not self._stopping.wait(_PAUSE_SECONDS):
            self.write_waiting()
            if time.monotonic() - told_at >= _MINUTE_SECONDS:
                self._tell_left_out()
                told_at = time.monotonic()
            if self._retention_seconds > 0 and time.monotonic() - deleted_at >= _DELETE_SECONDS:
                self._delete_old()
                deleted_at = time.monotonic()
        self.write_waiting()
        self._tell_left_out()

    def _delete_old(self) -> None:
        try:
            self._requests.delete_older_than(self._retention_seconds)
        except StorageError:
            _log.exception("old rows of the log of requests can't be deleted at present")

    def write_waiting(self) -> None:
        """Write the rows that wait."""
        while rows := self._next_rows():
            try:
                self._requests.add_jobless(rows)
            except StorageError:
                self._left_out += len(rows)
                _log.exception("the log of requests can't be written at present")

    def _tell_left_out(self) -> None:
        if self._left_out:
            _log.warning("%d requests that did not become edits were left out of the log", self._left_out)
            self._left_out = 0

    def _next_rows(self) -> list[JoblessRequest]:
        rows: list[JoblessRequest] = []
        while len(rows) < _ROWS_AT_ONCE:
            try:
                rows.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return rows


def _logged(row: Any) -> LoggedRequest:
    return LoggedRequest(
        id=row.id,
        key_id=row.key_id,
        inference_id=row.inference_id,
        client_request_id=row.client_request_id,
        job_id=row.job_id,
        dialect=row.dialect,
        model=row.model,
        engine=row.engine,
        status=RequestStatus(row.status),
        error_code=row.error_code,
        images=row.images,
        credits=row.credits,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )
