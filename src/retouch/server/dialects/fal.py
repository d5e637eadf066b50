"""fal's dialect: ``/fal/{app}`` runs an edit, ``/falq/{app}`` queues one: fal has two hosts with the same paths."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from retouch.errors import EditAbortedError
from retouch.jobs.models import Job, JobResult, JobState, Problem
from retouch.server.costs import note_cost
from retouch.server.dialect import Dialect
from retouch.server.dialects import fal_reference as reference
from retouch.server.dialects.answers import SECURED
from retouch.server.dialects.fal_input import APPS, NAMES, FalSubmission, parse_input
from retouch.server.dialects.fields import Field, broken_rule, read_fields
from retouch.server.dialects.pictures import base64_files, described, file_urls
from retouch.server.dialects.submission import WebhookOrder, accept, find_job, wait_for
from retouch.server.dialects.webhook_fields import CallbackURL
from retouch.server.errors import ProblemError, public_details
from retouch.server.json_response import SafeJSONResponse
from retouch.server.public_urls import public_base_url
from retouch.server.services import Services, services_of
from retouch.server.waiting import changes

__all__ = ["DIALECT", "QUEUE_PREFIX", "RUN_PREFIX"]

router = APIRouter()

_NAME: Final = "fal"
_QUERY: Final = (Field("fal_webhook", CallbackURL(), "Told when the edit has ended, with its result."),)
RUN_PREFIX: Final = "/fal"
QUEUE_PREFIX: Final = "/falq"
_STATUSES: Final = {
    "invalid_value": HTTPStatus.UNPROCESSABLE_ENTITY.value,
    "content_moderated": HTTPStatus.UNPROCESSABLE_ENTITY.value,
}
_TYPES: Final = {"content_moderated": "content_policy_violation"}
"""What fal calls a problem, where its clients look for a word of its own."""
_REQUESTS: Final = QUEUE_PREFIX + "/{owner}/{alias}/requests/{job_id}"


@router.post(
    RUN_PREFIX + "/{app:path}",
    tags=["fal"],
    summary="Edit a picture and wait for it",
    openapi_extra=reference.BODY,
    responses=reference.RUN,
)
async def run(request: Request, app: str) -> Response:
    """Edit a picture and answer when it is done."""
    _check_app(app)
    submission, job = await accept(request, _read)
    result = await wait_for(request, submission, job)
    await note_cost(request, job.id)
    services = services_of(request)
    base_url = public_base_url(request, services.public_url)
    return SafeJSONResponse(await _answer(services, base_url, result, submission))


@router.get(
    _REQUESTS + "/status",
    tags=["fal"],
    summary="Ask where an edit stands",
    openapi_extra=SECURED,
    responses=reference.STATUS,
)
async def status(request: Request, owner: str, alias: str, job_id: str) -> Response:
    """Say whether the edit waits, runs or is completed; a failed one is completed, and its result is the error."""
    job = await find_job(request, job_id)
    said = await _status(services_of(request), job, _urls(request, f"{owner}/{alias}", job_id))
    http_status = HTTPStatus.OK if job.state.is_final else HTTPStatus.ACCEPTED
    return SafeJSONResponse(said, http_status)


@router.get(
    _REQUESTS + "/status/stream",
    tags=["fal"],
    summary="Follow an edit as events",
    response_class=StreamingResponse,
    openapi_extra=SECURED,
    responses=reference.STREAM,
)
async def stream_status(request: Request, owner: str, alias: str, job_id: str) -> Response:
    """Send the status as a server-sent event whenever it changes, until the edit is completed."""
    await find_job(request, job_id)  # what does not exist is an ordinary 404
    services = services_of(request)
    urls = _urls(request, f"{owner}/{alias}", job_id)

    async def events() -> AsyncIterator[str]:
        said = ""
        async for job in changes(services.jobs, job_id):
            now = json.dumps(await _status(services, job, urls))
            if now != said:
                said = now
                yield f"data: {now}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream", headers={"cache-control": "no-store"})


@router.get(
    _REQUESTS, tags=["fal"], summary="Fetch the result of an edit", openapi_extra=SECURED, responses=reference.RESULT
)
async def result(request: Request, job_id: str) -> Response:
    """Return the pictures, or the error that the edit ended with."""
    job = await find_job(request, job_id)
    if not job.state.is_final:
        raise ProblemError(Problem("invalid_request", "Request is still in progress"))
    if job.problem is not None:
        raise ProblemError(NAMES.in_their_words(job.problem))
    if job.result is None:
        raise EditAbortedError("The edit was cancelled before it was finished. Send the request again.")
    services = services_of(request)
    base_url = public_base_url(request, services.public_url)
    return SafeJSONResponse(await _answer(services, base_url, job.result, None))


@router.put(
    _REQUESTS + "/cancel",
    tags=["fal"],
    summary="Cancel an edit",
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra=SECURED,
    responses=reference.CANCELLED,
)
async def cancel(request: Request, job_id: str) -> Response:
    """Cancel a waiting edit, or ask a running one to stop."""
    job = await find_job(request, job_id)
    if job.state.is_final:
        return SafeJSONResponse({"status": "ALREADY_COMPLETED"}, HTTPStatus.BAD_REQUEST)
    await asyncio.to_thread(services_of(request).jobs.cancel, job_id)
    return SafeJSONResponse({"status": "CANCELLATION_REQUESTED"}, HTTPStatus.ACCEPTED)


@router.post(
    QUEUE_PREFIX + "/{app:path}",
    tags=["fal"],
    summary="Queue an edit",
    openapi_extra=reference.BODY,
    responses=reference.QUEUED,
)
async def submit(request: Request, app: str) -> Response:
    """Accept an edit; the answer says where to ask for it."""
    _check_app(app)
    webhook = _webhook_of(request)

    async def read(request: Request) -> FalSubmission:
        return replace(await _read(request), webhook=webhook)

    submission, job = await accept(request, read)
    said = await _status(services_of(request), job, _urls(request, "/".join(app.split("/")[:2]), job.id))
    if submission.ignored:
        said["ignored"] = list(submission.ignored)
    return SafeJSONResponse(said)


def _webhook_of(request: Request) -> WebhookOrder | None:
    url = read_fields(request.query_params, _QUERY).get("fal_webhook")
    return None if url is None else WebhookOrder(url, _NAME)


def _check_app(app: str) -> None:
    if app.strip("/") not in APPS:
        message = f"There is no endpoint {app[:80]} here. Available: {', '.join(APPS)}."
        raise ProblemError(Problem("model_not_found", message))


async def _read(request: Request) -> FalSubmission:
    return parse_input(await services_of(request).intake.read_json_object(request))


def _urls(request: Request, app_root: str, job_id: str) -> dict[str, str]:
    base_url = public_base_url(request, services_of(request).public_url)
    own = f"{base_url}{QUEUE_PREFIX}/{app_root}/requests/{job_id}"
    return {"response_url": own, "status_url": f"{own}/status", "cancel_url": f"{own}/cancel"}


async def _status(services: Services, job: Job, urls: dict[str, str]) -> dict[str, Any]:
    """Where an edit stands; the key ``logs`` is always there, since fal's clients read it without asking."""
    said: dict[str, Any] = {"request_id": job.id, **urls, "logs": _logs(job)}
    if job.state is JobState.QUEUED:
        place = await asyncio.to_thread(services.jobs.place_in_queue, job)
        return {"status": "IN_QUEUE", "queue_position": place, **said}
    if not job.state.is_final:
        return {"status": "IN_PROGRESS", **said}
    metrics = {}
    if job.started_at is not None and job.finished_at is not None:
        metrics["inference_time"] = round(job.finished_at - job.started_at, 3)
    failed = {} if job.problem is None else {"error": job.problem.message, "error_type": job.problem.code}
    return {"status": "COMPLETED", "metrics": metrics, **failed, **said}


def _logs(job: Job) -> list[dict[str, str]]:
    if job.progress is None:
        return []
    message = f"{job.progress.label} ({job.progress.step}/{job.progress.total})"
    return [{"message": message, "level": "INFO", "source": "retouch"}]


async def _webhook_body(services: Services, job: Job, base_url: str) -> dict[str, Any]:
    """What fal tells: the result as payload, or the error."""
    told: dict[str, Any] = {"request_id": job.id, "gateway_request_id": job.id}
    if job.result is not None:
        return {**told, "status": "OK", "payload": await _answer(services, base_url, job.result, None)}
    problem = NAMES.in_their_words(job.problem or Problem("aborted", "The edit was cancelled."))
    return {**told, "status": "ERROR", "error": problem.message, "payload": _error_body(None, problem, 0)}


async def _answer(
    services: Services, base_url: str, result: JobResult, submission: FalSubmission | None
) -> dict[str, Any]:
    urls = await file_urls(result, services, base_url)
    images = [described(image, {}, urls) for image in result.images]
    if submission is not None and submission.inline:
        encoded = await base64_files(result, services)
        for image, shown in zip(result.images, images, strict=True):
            shown["url"] = f"data:{image.media_type};base64,{encoded[image.name]}"
    answer = {
        "images": images,
        "timings": dict(result.timings),
        "seed": result.seed,
        "has_nsfw_concepts": [image.has_nsfw_concepts for image in result.images],
        "prompt": result.prompt,
        "notes": [*result.interpretation["notes"], *result.notes],
    }
    if submission is not None and submission.ignored:
        answer["ignored"] = list(submission.ignored)
    return answer


def _error_body(_request: Request | None, problem: Problem, _status: int) -> dict[str, Any]:
    """``detail`` as a list, the one form that every client of fal shows; ``message`` for those that read that."""
    details = public_details(problem)
    wrong = details.get("problems") or [{"field": details.get("param")}]
    listed = [
        {
            "loc": ["body"] if each["field"] is None else ["body", str(each["field"])],
            "msg": broken_rule(each) if "rule" in each else problem.message,
            "type": _TYPES.get(problem.code, problem.code),
        }
        for each in wrong
    ]
    return {"message": problem.message, "detail": listed}


DIALECT: Final = Dialect(
    _NAME,
    router,
    (RUN_PREFIX + "/", QUEUE_PREFIX + "/", "/api/fal/"),
    _error_body,
    _STATUSES,
    webhook_body=_webhook_body,
)
