"""The 200 of the image routes: both the published schema's ``data`` and the published sample's ``images``, or OpenAI's events."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from retouch.jobs.models import Job, JobResult, ResultImage
from retouch.server.dialects.image_body import ImageBody
from retouch.server.dialects.pictures import base64_files, described, explained, located
from retouch.server.dialects.submission import wait_for
from retouch.server.json_response import SafeJSONResponse
from retouch.server.public_urls import public_base_url
from retouch.server.services import services_of

__all__ = ["answer_image_request"]

_NO_TOKENS: Final = {
    "total_tokens": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
}
"""OpenAI's clients read the usage of a completed event; an edit here is not made of tokens."""


async def answer_image_request(request: Request, body: ImageBody, job: Job, event: str) -> Response:
    """Wait for the job and return the answer, as JSON or, when the client asked for a stream, as server-sent events.

    Nothing is sent before the edit is done, so that what goes wrong is an ordinary HTTP error in a stream too.
    """
    services = services_of(request)
    result = await wait_for(request, body, job)
    encoded = await base64_files(result, services) if body.with_base64 or body.stream else {}
    base_url = public_base_url(request, services.public_url)
    if body.stream:
        events = [_completed(image, event, encoded, base_url) for image in result.images]
        return Response("".join(events), media_type="text/event-stream", headers={"cache-control": "no-store"})
    return SafeJSONResponse(_answer(body, result, encoded, base_url))


def _answer(body: ImageBody, result: JobResult, encoded: Mapping[str, str], base_url: str) -> dict[str, Any]:
    """Return the body of a 200. A key without a value is left out."""
    answer: dict[str, Any] = {
        "created": int(time.time()),
        "data": [located(image.name, encoded, base_url) for image in result.images],
        "images": [described(image, encoded, base_url) for image in result.images],
        "timings": dict(result.timings),
        "seed": result.seed,
        "has_nsfw_concepts": [image.has_nsfw_concepts for image in result.images],
        "prompt": result.prompt,
        "meta": {"usage": {"credits_used": 0}, "engine": result.engine},
    }
    notes = [*result.interpretation["notes"], *result.notes, *body.notes]
    if notes:
        answer["meta"]["notes"] = notes
    if body.ignored:
        answer["meta"]["ignored"] = list(body.ignored)
    if body.request.explain:
        answer["explain"] = {
            **result.interpretation,
            "images": [explained(image, encoded, base_url) for image in result.images],
        }
    return answer


def _completed(image: ResultImage, event: str, encoded: Mapping[str, str], base_url: str) -> str:
    """One server-sent event with a finished picture, with the keys that OpenAI's clients know."""
    name = f"{event}.completed"
    data = {
        "type": name,
        **located(image.name, encoded, base_url),
        "created_at": int(time.time()),
        "size": f"{image.width}x{image.height}",
        "output_format": image.media_type.removeprefix("image/"),
        "quality": "auto",
        "background": "opaque",
        "usage": _NO_TOKENS,
    }
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
