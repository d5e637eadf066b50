"""A synchronous answer is a job that somebody waits for; when the waiting ends early, so does the job. Others only look on."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from retouch.errors import EditAbortedError, StorageError
from retouch.jobs.manager import JobManager
from retouch.jobs.models import Job, JobResult, JobState, Problem
from retouch.server.errors import ProblemError

__all__ = ["changes", "follow", "result_of", "wait_for_result"]

_POLL_SECONDS: Final = 1.0
"""How often to look at the store without being told: another process may run the job."""
_PATIENCE_SECONDS: Final = 15.0
"""For so long the database may be away before who waits is told that the server can't go on."""


async def wait_for_result(request: Request, jobs: JobManager, job: Job) -> JobResult:
    """Wait until a job has a result, and return it.

    Raises
    ------
    ProblemError
        The job failed or was moderated.
    EditAbortedError
        Somebody cancelled it.
    ClientDisconnect
        The client went away; the job is abandoned.
    """
    async with contextlib.aclosing(follow(request, jobs, job)) as looks:
        async for current in looks:
            if current.state.is_final:
                return result_of(current)
    raise AssertionError("a job that is followed to its end is final")


def result_of(job: Job) -> JobResult:
    """Return what a finished job made.

    Raises
    ------
    ProblemError
        It failed or was moderated.
    EditAbortedError
        Somebody cancelled it.
    """
    if job.state is JobState.SUCCEEDED and job.result is not None:
        return job.result
    if job.problem is not None:
        raise ProblemError(job.problem)
    raise EditAbortedError("The edit was cancelled before it was finished. Send the request again.")


async def follow(request: Request, jobs: JobManager, job: Job) -> AsyncGenerator[Job, None]:
    """Yield the job as it was accepted, and again whenever it may have changed, for the last time when it is final.

    The job is the listener's: when the client goes away, or who listens stops early, it is abandoned (``JobManager.abandon``).

    Raises
    ------
    ProblemError
        It was not finished in time, and its worker does not answer.
    ClientDisconnect
        The client went away.
    """
    gone = asyncio.ensure_future(_until_disconnected(request))
    given_up_at = time.monotonic() + job.deadline_at - time.time() + 3 * jobs.policy.lease_seconds
    current = job
    try:
        with _news_of(jobs, job.id) as changed:
            while True:
                yield current
                if current.state.is_final:
                    return
                if gone.done():
                    raise ClientDisconnect
                if time.monotonic() > given_up_at:
                    message = "The edit was not finished in time, and its worker does not answer."
                    raise ProblemError(Problem("deadline_exceeded", message, True))
                await _first_of(changed, gone)
                changed.clear()
                current = await _look(jobs, job.id)
    except (ClientDisconnect, asyncio.CancelledError, GeneratorExit):
        if not current.state.is_final:
            # In a thread of its own, so that a server that is shutting down doesn't cancel the cancelling.
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, jobs.abandon, job.id))
        raise
    finally:
        gone.cancel()


async def changes(jobs: JobManager, job_id: str, *, seconds: float | None = None) -> AsyncIterator[Job]:
    """Yield the job now, and again whenever it may have changed: for the last time when it is final, or when the time is over.

    Whoever stops listening leaves the job as it is.

    Parameters
    ----------
    jobs : JobManager
    job_id : str
    seconds : float, optional
        For which to look on; None looks on to the end.

    Raises
    ------
    NotFoundError
        There is no such job (any more).
    """
    ends_at = None if seconds is None else time.monotonic() + seconds
    with _news_of(jobs, job_id) as changed:
        while True:
            current = await _look(jobs, job_id)
            yield current
            left = _POLL_SECONDS if ends_at is None else min(_POLL_SECONDS, ends_at - time.monotonic())
            if current.state.is_final or left <= 0:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left)
            changed.clear()


async def _look(jobs: JobManager, job_id: str) -> Job:
    """Return a job as it is now. A database that is away for a moment, as while it is started anew, is waited for."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return await asyncio.to_thread(jobs.get, job_id)
        except StorageError:
            if time.monotonic() >= until:
                raise
            await asyncio.sleep(_POLL_SECONDS)


@contextlib.contextmanager
def _news_of(jobs: JobManager, job_id: str) -> Iterator[asyncio.Event]:
    """An event that is set, from whatever thread the news comes, when the job may have changed."""
    changed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def notify() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(changed.set)

    with jobs.watching(job_id, notify):
        yield changed


async def _first_of(changed: asyncio.Event, gone: "asyncio.Future[None]") -> None:
    news = asyncio.ensure_future(changed.wait())
    awaited: set[asyncio.Future[Any]] = {news, gone}
    try:
        await asyncio.wait(awaited, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        news.cancel()


async def _until_disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
