"""OpenAI's server-sent events of the image routes: previews while the edit runs, then the finished pictures, or an error."""

import base64
import contextlib
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from retouch.errors import RetouchError
from retouch.jobs.models import Job, Problem, ResultImage
from retouch.server.dialects.image_body import ImageBody
from retouch.server.dialects.pictures import base64_files, file_urls, located
from retouch.server.errors import ERROR_TABLE, ProblemError, error_body, unexpected_problem
from retouch.server.public_urls import public_base_url
from retouch.server.services import services_of
from retouch.server.waiting import follow, result_of

__all__ = ["answer_as_events"]

_NO_TOKENS: Final = {
    "total_tokens": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
}
"""OpenAI's clients read the usage of a completed event; an edit here is not made of tokens."""
_ALWAYS: Final = {"quality": "auto", "background": "opaque"}
_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}
_PNG_SIZE: Final = slice(16, 24)
"""Where a PNG file has its width and height."""

_log = logging.getLogger(__name__)


async def answer_as_events(request: Request, body: ImageBody, job: Job, event: str) -> Response:
    """Wait for the first event of a job, and return the answer that begins with it.

    As long as there is no event, what goes wrong is an ordinary HTTP error; after that it is an event as well.

    Raises
    ------
    ProblemError, RetouchError, ClientDisconnect
        As ``wait_for_result``; in the dialect's words.
    """
    events = _events(request, body, job, event)
    try:
        first = await anext(events)
    except ProblemError as exc:
        raise ProblemError(body.in_their_words(exc.problem)) from exc
    answer = _after(first, events, request, body)
    return StreamingResponse(answer, media_type="text/event-stream", headers=_HEADERS)


async def _events(request: Request, body: ImageBody, job: Job, event: str) -> AsyncGenerator[str, None]:
    """Yield at most ``partial_images`` previews, evenly over the steps, and then an event for each finished picture."""
    services = services_of(request)
    base_url = public_base_url(request, services.public_url)
    passed = sent = 0
    async with contextlib.aclosing(follow(request, services.jobs, job)) as looks:
        async for current in looks:
            progress = current.progress
            if current.state.is_final:
                result = result_of(current)
                encoded = await base64_files(result, services)
                urls = await file_urls(result, services, base_url)
                for image in result.images:
                    yield _completed(image, encoded, urls, event)
            elif progress is not None and progress.preview_png is not None and progress.step < progress.total:
                due = progress.step * (body.partial_images + 1) // progress.total
                if due > passed:
                    yield _partial(progress.preview_png, sent, event)
                    passed, sent = due, sent + 1


async def _after(
    first: str, events: AsyncGenerator[str, None], request: Request, body: ImageBody
) -> AsyncIterator[str]:
    """Yield all events; an error among them is one more."""
    async with contextlib.aclosing(events):
        yield first
        try:
            async for each in events:
                yield each
        except ProblemError as exc:
            yield _error(request, body.in_their_words(exc.problem))
        except RetouchError as exc:
            yield _error(request, Problem.from_error(exc))
        except Exception:  # noqa: BLE001 - the status is sent; the client gets an id, the log gets the rest
            _log.exception("%s: unexpected error in a stream", request.state.inference_id)
            yield _error(request, unexpected_problem())


def _partial(png: bytes, index: int, event: str) -> str:
    width, height = (int.from_bytes(png[_PNG_SIZE][at : at + 4], "big") for at in (0, 4))
    data = {
        "b64_json": base64.b64encode(png).decode("ascii"),
        "partial_image_index": index,
        "created_at": int(time.time()),
        "size": f"{width}x{height}",
        "output_format": "png",
        **_ALWAYS,
    }
    return _event(f"{event}.partial_image", data)


def _completed(image: ResultImage, encoded: Mapping[str, str], urls: Mapping[str, str], event: str) -> str:
    """A finished picture, with the keys that OpenAI's clients know."""
    data = {
        **located(image.name, encoded, urls),
        "created_at": int(time.time()),
        "size": f"{image.width}x{image.height}",
        "output_format": image.media_type.removeprefix("image/"),
        **_ALWAYS,
        "usage": _NO_TOKENS,
    }
    return _event(f"{event}.completed", data)


def _error(request: Request, problem: Problem) -> str:
    status, _ = ERROR_TABLE[problem.code]
    return _event("error", error_body(request, problem, status))


def _event(name: str, data: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"
