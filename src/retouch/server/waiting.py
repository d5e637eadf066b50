"""A synchronous answer is a job that somebody waits for; when the waiting ends early, so does the job."""

import asyncio
import contextlib
import time
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from retouch.errors import EditAbortedError
from retouch.jobs.manager import JobManager
from retouch.jobs.models import Job, JobResult, JobState, Problem
from retouch.server.errors import ProblemError

__all__ = ["wait_for_result"]

_POLL_SECONDS: Final = 1.0
"""How often to look at the store without being told: another process may run the job."""


async def wait_for_result(request: Request, jobs: JobManager, job: Job) -> JobResult:
    """Wait until a job has a result, and return it.

    Raises
    ------
    ProblemError
        The job failed or was moderated.
    EditAbortedError
        Somebody cancelled it.
    ClientDisconnect
        The client went away; the job is cancelled.
    """
    try:
        finished = await _until_final(request, jobs, job)
    except (ClientDisconnect, asyncio.CancelledError):
        # In a thread of its own, so that a server that is shutting down doesn't cancel the cancelling.
        await asyncio.shield(asyncio.to_thread(jobs.cancel, job.id))
        raise
    if finished.state is JobState.SUCCEEDED and finished.result is not None:
        return finished.result
    if finished.problem is not None:
        raise ProblemError(finished.problem)
    raise EditAbortedError("The edit was cancelled before it was finished. Send the request again.")


async def _until_final(request: Request, jobs: JobManager, job: Job) -> Job:
    changed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def notify() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(changed.set)

    gone = asyncio.ensure_future(_until_disconnected(request))
    given_up_at = job.deadline_at + 3 * jobs.policy.lease_seconds
    try:
        with jobs.watching(job.id, notify):
            while True:
                current = await asyncio.to_thread(jobs.get, job.id)
                if current.state.is_final:
                    return current
                if gone.done():
                    raise ClientDisconnect
                if time.time() > given_up_at:
                    message = "The edit was not finished in time, and its worker does not answer."
                    raise ProblemError(Problem("deadline_exceeded", message, True))
                await _first_of(changed, gone)
                changed.clear()
    finally:
        gone.cancel()


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
