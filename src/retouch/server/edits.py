"""Edits that are started, followed and cancelled: ``/v1/edits``; and pictures as a browser can show them: ``/v1/previews``.

The body of an edit is that of ``POST /v1/images/generations``, and so is the result. What the hosted dialects each leave out is
here in one place: the place in the queue, the step, previews, cancelling, and why an instruction was refused.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from retouch.accounts.principal import Scope
from retouch.errors import ImageError
from retouch.images.codec import DecodedImage, encode
from retouch.images.geometry import bound_pixels
from retouch.jobs.models import Job, JobState, Problem
from retouch.server import edits_reference as reference
from retouch.server.costs import credits_of
from retouch.server.dialect import Dialect
from retouch.server.dialects.answers import SECURED
from retouch.server.dialects.fields import Field, Flag, Integer, read_fields
from retouch.server.dialects.generation_fields import MASK_FIELDS, OneSource
from retouch.server.dialects.image_answer import answer_body
from retouch.server.dialects.image_body import ImageBody, ImageRoute, parse_body
from retouch.server.dialects.image_fields import FIELDS
from retouch.server.dialects.model_fields import body_schema, fit_to_engine
from retouch.server.dialects.pictures import file_urls
from retouch.server.dialects.submission import ParamNames, accept, engine_name, find_job
from retouch.server.errors import ERROR_TABLE, ProblemError, error_body, public_details
from retouch.server.json_response import SafeJSONResponse
from retouch.server.public_urls import own_base_urls, public_base_url
from retouch.server.services import Services, services_of
from retouch.server.sources import PictureSources
from retouch.server.waiting import changes
from retouch.types import OutputFormat

__all__ = ["DIALECT"]

router = APIRouter()

_EDITS: Final = "/v1/edits"
_PREVIEWS: Final = "/v1/previews"
_OF_WAITING_ROUTES: Final = frozenset({"response_format", "stream", "partial_images"})
_ROUTE: Final = ImageRoute(
    fields=(
        *(field for field in FIELDS if field.name not in _OF_WAITING_ROUTES),
        *MASK_FIELDS,
        Field("previews", Flag(), "Send previews with the events, where the engine makes any.", default=False),
    ),
    pictures="image_url",
    output_format="jpeg",
    base64_unless_url=False,
    event="edit",
)
_NAMES: Final = ParamNames("image_url", {"mask": "mask_url"})
_PREVIEW_FIELDS: Final = (
    Field("image_url", OneSource(), "The picture: an http(s) URL or a `data:` URI.", required=True),
    Field("max_side", Integer(16, 2048), "The preview's longer side has at most so many pixels.", default=1600),
)
_LARGEST_PREVIEW: Final = 1600
_SILENT_LOOKS: Final = 15
"""After so many looks without news, about a second each, a comment keeps the connection alive."""


@router.post(
    _EDITS,
    tags=["edits"],
    summary="Start an edit",
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra=reference.edit_body(body_schema(_ROUTE.fields)),
    responses=reference.STARTED,
)
async def start(request: Request) -> Response:
    """Accept an edit; the answer says where to follow and to cancel it. It goes on when the client goes away."""
    parsed, job = await accept(request, _read)
    said = await _described(request, job)
    for name, told in (("ignored", parsed.ignored), ("notes", parsed.notes)):
        if told:
            said[name] = list(told)
    return SafeJSONResponse(said, HTTPStatus.ACCEPTED, headers={"location": said["urls"]["self"]})


async def _read(request: Request) -> ImageBody:
    services = services_of(request)
    body = await services.intake.read_json_object(request)
    parsed = await fit_to_engine(parse_body(body, _ROUTE), services)
    return await _with_previews(parsed, services) if body.get("previews") is True else parsed


async def _with_previews(parsed: ImageBody, services: Services) -> ImageBody:
    """Ask for previews of every step; an engine that makes none is not asked, and so has nothing to say of it."""
    engine = engine_name(parsed.engine, services)
    capabilities = await asyncio.to_thread(services.registry.capabilities, engine)
    if "preview_every" not in capabilities.generation_options:
        return parsed
    generation = replace(parsed.request.generation, preview_every=1)
    return replace(parsed, request=replace(parsed.request, generation=generation))


@router.get(
    _EDITS + "/{job_id}",
    tags=["edits"],
    summary="Ask where an edit stands",
    openapi_extra=SECURED,
    responses=reference.EDIT_ANSWERS,
)
async def show(request: Request, job_id: str) -> Response:
    """Say where an edit stands: its place in the queue, its step, its result, or why there is none."""
    return SafeJSONResponse(await _described(request, await find_job(request, job_id)))


@router.get(
    _EDITS + "/{job_id}/events",
    tags=["edits"],
    summary="Follow an edit as server-sent events",
    response_class=StreamingResponse,
    openapi_extra=SECURED,
    responses=reference.STREAM,
)
async def events(request: Request, job_id: str) -> Response:
    """Send what ``GET /v1/edits/ID`` would say whenever it changes, and the preview, until the edit has ended."""
    await find_job(request, job_id)  # what does not exist is an ordinary 404
    services = services_of(request)

    async def stream() -> AsyncIterator[str]:
        last, silent = "", 0
        async for job in changes(services.jobs, job_id):
            now = json.dumps({**await _described(request, job), **_preview_of(job)})
            silent = silent + 1 if now == last else 0
            if now != last:
                last = now
                yield f"event: edit\ndata: {now}\n\n"
            elif silent % _SILENT_LOOKS == 0:
                yield ": still there\n\n"

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)


@router.post(
    _EDITS + "/{job_id}/cancel",
    tags=["edits"],
    summary="Cancel an edit",
    openapi_extra=SECURED,
    responses=reference.EDIT_ANSWERS,
)
async def cancel(request: Request, job_id: str) -> Response:
    """Cancel a waiting edit, or ask a running one to stop; a finished one stays as it is."""
    await find_job(request, job_id)
    job = await asyncio.to_thread(services_of(request).jobs.cancel, job_id)
    return SafeJSONResponse(await _described(request, job))


@router.post(
    _PREVIEWS,
    tags=["edits"],
    summary="Show a picture as a browser can",
    openapi_extra=reference.preview_body(_PREVIEW_FIELDS),
    responses=reference.PREVIEW_ANSWERS,
)
async def preview(request: Request) -> Response:
    """Return a small upright JPEG of a picture that a browser can't show or may not fetch, and the picture's own size."""
    services = services_of(request)
    await services.authenticator.check(request, Scope.EDIT)
    async with services.intake.place():
        values = read_fields(await services.intake.read_json_object(request), _PREVIEW_FIELDS)
        sources = PictureSources(services.results, services.fetch_policy, own_base_urls(request, services.public_url))
        try:
            (found,) = await sources.collect([values["image_url"]], parent=None, field=["image_url"])
            data = found if isinstance(found, bytes) else found.data
            picture = await asyncio.to_thread(services.decoder.decode, data, services.decode_limits, index=0)
            shown = await asyncio.to_thread(_shrunk, picture, values.get("max_side", _LARGEST_PREVIEW))
        except ImageError as exc:
            raise ProblemError(ParamNames(("image_url",)).in_their_words(Problem.from_error(exc))) from exc
    return SafeJSONResponse(shown)


def _shrunk(picture: DecodedImage, max_side_px: int) -> dict[str, Any]:
    height, width = picture.pixels.shape[:2]
    small = encode(bound_pixels(picture.pixels, max_side_px), OutputFormat.JPEG)
    return {
        "width": width,
        "height": height,
        "format": picture.format,
        "notes": list(picture.notes),
        "preview": f"data:image/jpeg;base64,{base64.b64encode(small).decode('ascii')}",
    }


async def _described(request: Request, job: Job) -> dict[str, Any]:
    """Where an edit stands; a key without a value is left out."""
    services = services_of(request)
    base_url = public_base_url(request, services.public_url)
    own = f"{base_url}{_EDITS}/{job.id}"
    urls = {"self": own, "events": f"{own}/events", "cancel": f"{own}/cancel"}
    said: dict[str, Any] = {"id": job.id, "status": job.state.value, "urls": urls}
    said |= await _where(services, job)
    if job.result is not None:
        files = await file_urls(job.result, services, base_url)
        said["result"] = answer_body(
            job.result,
            {},
            files,
            explain=job.request.explain,
            credits_used=await credits_of(services, job.id),
        )
    if job.problem is not None:
        said["error"] = _problem(_NAMES.in_their_words(job.problem))
    return said


async def _where(services: Services, job: Job) -> dict[str, Any]:
    if job.state is JobState.QUEUED:
        return {"queue_position": await asyncio.to_thread(services.jobs.place_in_queue, job)}
    if job.state.is_final or job.progress is None:
        return {}
    progress: dict[str, Any] = {
        "step": job.progress.step,
        "total": job.progress.total,
        "label": job.progress.label,
    }
    if job.progress.seconds_left is not None:
        progress["seconds_left"] = round(job.progress.seconds_left, 1)
    return {"progress": progress}


def _preview_of(job: Job) -> dict[str, str]:
    if job.state.is_final or job.progress is None or job.progress.preview_png is None:
        return {}
    return {"preview": f"data:image/png;base64,{base64.b64encode(job.progress.preview_png).decode('ascii')}"}


def _problem(problem: Problem) -> dict[str, Any]:
    status, _ = ERROR_TABLE[problem.code]
    told = {"code": problem.code, "message": problem.message, "status": status, "retryable": problem.retryable}
    return {**told, **public_details(problem)}


def _error_body(request: Request, problem: Problem, status: int) -> dict[str, Any]:
    """The server's own shape, and under ``error`` what an edit that failed later has there too."""
    return {**error_body(request, problem, status), "error": _problem(problem)}


DIALECT: Final = Dialect("edits", router, (_EDITS, _PREVIEWS), _error_body)
