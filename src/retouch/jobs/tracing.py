"""For whom a worker works: what its log lines carry, and the trace that it goes on with."""

import contextlib
from collections.abc import Iterator

from retouch.jobs.models import Job
from retouch.telemetry.context import bound, hiding
from retouch.telemetry.spans import span

__all__ = ["working_on"]


@contextlib.contextmanager
def working_on(job: Job, *, claim_began_at: float) -> Iterator[None]:
    """Have log lines name the job and its caller, keep its prompt out of them, and go on with the trace of its request.

    Parameters
    ----------
    job : Job
        Claimed.
    claim_began_at : float
        Seconds since the epoch.
    """
    caller = job.caller
    with (
        bound(
            job_id=job.id,
            request_id=caller.inference_id or None,
            key_id=caller.key_id,
            dialect=caller.dialect or None,
            engine=job.engine,
        ),
        hiding(job.request.prompt, job.request.generation.negative_prompt or ""),
        span(
            "job",
            parent=caller.traceparent,
            started_at=claim_began_at,
            kind="consumer",
            engine=job.engine,
            job_id=job.id,
            attempt=job.attempts,
        ),
    ):
        with span("claim", started_at=claim_began_at):
            pass
        yield
