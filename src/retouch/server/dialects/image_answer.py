"""The 200 of the image routes: both the published schema's ``data`` and the published sample's ``images``, or OpenAI's events."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from retouch.jobs.models import Job, JobResult
from retouch.server.costs import note_cost
from retouch.server.dialects.image_body import ImageBody
from retouch.server.dialects.image_stream import answer_as_events
from retouch.server.dialects.pictures import base64_files, described, explained, file_urls, located
from retouch.server.dialects.submission import wait_for
from retouch.server.json_response import SafeJSONResponse
from retouch.server.public_urls import public_base_url
from retouch.server.services import services_of

__all__ = ["answer_body", "answer_image_request"]


async def answer_image_request(request: Request, body: ImageBody, job: Job, event: str) -> Response:
    """Wait for the job and return the answer, as JSON or, when the client asked for a stream, as server-sent events."""
    if body.stream:
        return await answer_as_events(request, body, job, event)
    services = services_of(request)
    result = await wait_for(request, body, job)
    encoded = await base64_files(result, services) if body.with_base64 else {}
    urls = await file_urls(result, services, public_base_url(request, services.public_url))
    answer = answer_body(
        result,
        encoded,
        urls,
        explain=body.request.explain,
        credits_used=await note_cost(request, job.id),
        notes=body.notes,
        ignored=body.ignored,
    )
    return SafeJSONResponse(answer)


def answer_body(
    result: JobResult,
    encoded: Mapping[str, str],
    urls: Mapping[str, str],
    *,
    explain: bool,
    credits_used: int,
    notes: Sequence[str] = (),
    ignored: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Return the body of a 200. A key without a value is left out.

    Parameters
    ----------
    result : JobResult
    encoded : mapping of str to str
        Base64 of the files that go along, by name.
    urls : mapping of str to str
        Where each file is, by name.
    explain : bool
    credits_used : int
        What the edit was charged.
    notes : sequence of str
        How tolerated values were taken.
    ignored : sequence of mapping
        ``field`` and ``reason`` of what was sent and has no effect.
    """
    answer: dict[str, Any] = {
        "created": int(time.time()),
        "data": [located(image.name, encoded, urls) for image in result.images],
        "images": [described(image, encoded, urls) for image in result.images],
        "timings": dict(result.timings),
        "seed": result.seed,
        "has_nsfw_concepts": [image.has_nsfw_concepts for image in result.images],
        "prompt": result.prompt,
        "meta": {"usage": {"credits_used": credits_used}, "engine": result.engine},
    }
    said = [*result.interpretation["notes"], *result.notes, *notes]
    if said:
        answer["meta"]["notes"] = said
    if ignored:
        answer["meta"]["ignored"] = list(ignored)
    if explain:
        answer["explain"] = {
            **result.interpretation,
            "images": [explained(image, encoded, urls) for image in result.images],
        }
    return answer
