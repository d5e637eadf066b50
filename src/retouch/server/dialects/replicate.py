"""Replicate's dialect: predictions by model or by version, waited for, polled or streamed; and files to upload.

An output is a ``data:`` URI where the client came over plain http: its clients make files only of ``https:`` and ``data:``.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from retouch.accounts.principal import Scope
from retouch.jobs.models import Job, JobState, Problem
from retouch.server.costs import note_cost
from retouch.server.dialect import Dialect
from retouch.server.dialects import replicate_reference as reference
from retouch.server.dialects.answers import SECURED
from retouch.server.dialects.fields import Field, invalid_body, read_fields
from retouch.server.dialects.pictures import base64_files, file_urls
from retouch.server.dialects.replicate_input import INPUT_SCHEMA, NAMES, OWNERS, parse_input
from retouch.server.dialects.submission import Submission, WebhookOrder, accept, find_job
from retouch.server.dialects.webhook_fields import CallbackURL, EventFilter
from retouch.server.errors import ERROR_TABLE, ProblemError, public_details
from retouch.server.json_response import SafeJSONResponse
from retouch.server.public_urls import file_url, public_base_url
from retouch.server.services import Services, services_of
from retouch.server.waiting import changes
from retouch.server.webhook_secrets import webhook_secret_of

__all__ = ["DIALECT"]

router = APIRouter()

_PREFER_WAIT: Final = re.compile(r"\bwait(?:\s*=\s*(\d{1,4}))?", re.IGNORECASE)
_LONGEST_WAIT_SECONDS: Final = 60.0
_NAME: Final = "replicate"
_WEBHOOK_FIELDS: Final = (
    Field("webhook", CallbackURL(), "Told when the edit has ended, with the prediction."),
    Field("webhook_events_filter", EventFilter(), "Only `completed` is told."),
)
_DEFAULT_MODEL: Final = "black-forest-labs/flux-kontext-max"
_STATUSES: Final = {"invalid_value": HTTPStatus.UNPROCESSABLE_ENTITY.value}
_TITLES: Final = {
    "invalid_value": "Input validation failed",
    "invalid_api_key": "Unauthenticated",
    "unsupported_instruction": "Instruction can't be carried out",
}
_FLAGGED: Final = "The input or output was flagged as sensitive (E005)."
"""The words and the code by which Replicate's clients know a moderated prediction."""
_STATE_NAMES: Final = {
    JobState.QUEUED: "starting",
    JobState.RUNNING: "processing",
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.MODERATED: "failed",
    JobState.CANCELLED: "canceled",
}


@router.post(
    "/v1/models/{owner}/{name}/predictions",
    tags=["Replicate"],
    summary="Start an edit",
    response_class=SafeJSONResponse,
    status_code=HTTPStatus.CREATED,
    openapi_extra=reference.BODY,
    responses=reference.CREATED,
)
async def predict_by_model(request: Request, owner: str, name: str) -> Response:
    """Accept an edit; with ``Prefer: wait`` answer when it is done, or after 60 seconds."""
    _check_model(owner, name)
    return await _predict(request, f"{owner}/{name}")


@router.post(
    "/v1/predictions",
    tags=["Replicate"],
    summary="Start an edit by a version",
    response_class=SafeJSONResponse,
    status_code=HTTPStatus.CREATED,
    openapi_extra=reference.BODY,
    responses=reference.CREATED,
)
async def predict_by_version(request: Request) -> Response:
    """Accept an edit. There is one version of each model here, so any is taken."""
    return await _predict(request, _DEFAULT_MODEL)


async def _predict(request: Request, model: str) -> Response:
    async def read(request: Request) -> Submission:
        return _parse_body(await services_of(request).intake.read_json_object(request), model)

    submission, job = await accept(request, read)
    services = services_of(request)
    extra: dict[str, Any] = {"ignored": list(submission.ignored)} if submission.ignored else {}
    seconds = _seconds_to_wait(request)
    if seconds is not None:
        async for current in changes(services.jobs, job.id, seconds=seconds):
            job = current
        await note_cost(request, job.id)
        if not job.state.is_final:
            extra["status"] = "starting"  # its clients take any other status for the end, processing included
        is_moderated = job.state is JobState.MODERATED  # which its clients know as a failed prediction
        if job.problem is not None and not is_moderated and _is_callers_fault(job.problem):
            raise ProblemError(submission.in_their_words(job.problem))
    return await _answer(request, services, job, HTTPStatus.CREATED, extra)


def _is_callers_fault(problem: Problem) -> bool:
    return ERROR_TABLE[problem.code][0] < HTTPStatus.INTERNAL_SERVER_ERROR


def _parse_body(body: Mapping[str, Any], model: str) -> Submission:
    values = read_fields(body, _WEBHOOK_FIELDS)
    given = body.get("input")
    if not isinstance(given, dict):
        raise invalid_body([{"field": "input", "rule": "an object (required)", "received": given}])
    url = values.get("webhook")
    return replace(parse_input(given, model), webhook=None if url is None else WebhookOrder(url, _NAME))


def _seconds_to_wait(request: Request) -> float | None:
    """For how long the client wants to wait; None when it does not."""
    wanted = _PREFER_WAIT.search(request.headers.get("prefer", ""))
    if wanted is None:
        return None
    return _LONGEST_WAIT_SECONDS if wanted[1] is None else min(float(wanted[1]), _LONGEST_WAIT_SECONDS)


@router.get(
    "/v1/predictions/{job_id}",
    tags=["Replicate"],
    summary="Ask for an edit",
    openapi_extra=SECURED,
    responses=reference.PREDICTION,
)
async def get_prediction(request: Request, job_id: str) -> Response:
    """Say where an edit stands."""
    job = await find_job(request, job_id)
    return await _answer(request, services_of(request), job, HTTPStatus.OK)


@router.post(
    "/v1/predictions/{job_id}/cancel",
    tags=["Replicate"],
    summary="Cancel an edit",
    openapi_extra=SECURED,
    responses=reference.PREDICTION,
)
async def cancel_prediction(request: Request, job_id: str) -> Response:
    """Cancel a waiting edit, or ask a running one to stop; a finished one stays as it is."""
    services = services_of(request)
    await find_job(request, job_id)
    job = await asyncio.to_thread(services.jobs.cancel, job_id)
    return await _answer(request, services, job, HTTPStatus.OK)


@router.get(
    "/v1/predictions/{job_id}/stream",
    tags=["Replicate"],
    summary="Follow an edit as server-sent events",
    response_class=StreamingResponse,
    responses=reference.STREAM,
)
async def stream_prediction(request: Request, job_id: str) -> Response:
    """Send ``logs`` for each step, then ``output`` for each picture, and ``done``. Needs no key: ids can't be guessed."""
    services = services_of(request)
    await asyncio.to_thread(services.jobs.get, job_id)  # what does not exist is an ordinary 404
    base_url = public_base_url(request, services.public_url)
    return StreamingResponse(
        _events(services, job_id, base_url), media_type="text/event-stream", headers={"cache-control": "no-store"}
    )


async def _events(services: Services, job_id: str, base_url: str) -> AsyncIterator[str]:
    said = ""
    async for job in changes(services.jobs, job_id):
        logs = _logs(job)
        if logs != said and not job.state.is_final:
            said = logs
            yield _event("logs", logs)
        if not job.state.is_final:
            continue
        problem = _problem_of(job)
        if problem is not None:
            yield _event("error", problem.message)
        for url in await _outputs(services, job, base_url):
            yield _event("output", url)
        reason = {JobState.SUCCEEDED: {}, JobState.CANCELLED: {"reason": "canceled"}}.get(
            job.state, {"reason": "error"}
        )
        yield _event("done", json.dumps(reason))


def _event(name: str, data: str) -> str:
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in data.splitlines() or [""]) + "\n"


@router.get(
    "/v1/models/{owner}/{name}",
    tags=["Replicate"],
    summary="Describe a model",
    openapi_extra=SECURED,
    responses=reference.MODEL,
)
async def get_model(request: Request, owner: str, name: str) -> Response:
    """Describe a model, with the schema of its input."""
    await services_of(request).authenticator.check(request, Scope.EDIT, Scope.READ)
    _check_model(owner, name)
    version = _version(owner, name)
    described = {"owner": owner, "name": name, "visibility": "public", "latest_version": version}
    return SafeJSONResponse({**described, "description": "Edits a picture by a sentence, on this server."})


@router.get(
    "/v1/models/{owner}/{name}/versions/{version}",
    tags=["Replicate"],
    summary="Describe a version of a model",
    openapi_extra=SECURED,
    responses=reference.VERSION,
)
async def get_version(request: Request, owner: str, name: str, version: str) -> Response:
    """Describe a version; there is one of each model here, under whatever id it is asked for."""
    await services_of(request).authenticator.check(request, Scope.EDIT, Scope.READ)
    _check_model(owner, name)
    return SafeJSONResponse({**_version(owner, name), "id": version})


def _check_model(owner: str, name: str) -> None:
    if owner not in OWNERS or name not in OWNERS[owner]:
        known = ", ".join(f"{each}/{model}" for each, models in OWNERS.items() for model in models)
        raise ProblemError(
            Problem("model_not_found", f"There is no model {owner[:80]}/{name[:80]} here, only {known}.")
        )


def _version(owner: str, name: str) -> dict[str, Any]:
    output = {"type": "string", "format": "uri", "title": "Output"}
    schemas = {"Input": INPUT_SCHEMA, "Output": output}
    return {
        "id": f"{owner}-{name}",
        "created_at": datetime.fromtimestamp(0, UTC).isoformat(),
        "cog_version": "0",
        "openapi_schema": {"info": {"title": "Cog", "version": "0"}, "components": {"schemas": schemas}},
    }


@router.get(
    "/v1/webhooks/default/secret",
    tags=["Replicate"],
    summary="Ask for the secret of webhooks",
    openapi_extra=SECURED,
    responses=reference.SECRET,
)
async def webhook_secret(request: Request) -> Response:
    """Return what the webhooks of this key are signed with."""
    services = services_of(request)
    principal = await services.authenticator.check(request, Scope.EDIT, Scope.READ)
    return SafeJSONResponse({"key": await webhook_secret_of(services, principal.key_id)})


@router.post(
    "/v1/files",
    tags=["Replicate"],
    summary="Upload a picture",
    status_code=HTTPStatus.CREATED,
    openapi_extra=reference.UPLOAD_BODY,
    responses=reference.UPLOADED,
)
async def upload(request: Request) -> Response:
    """Keep a picture for the edits that will name it by its URL; it goes as results go, after the retention time."""
    services = services_of(request)
    await services.authenticator.check(request, Scope.EDIT)
    base_url = public_base_url(request, services.public_url)
    async with services.intake.place():
        form = await services.intake.read_form(request)
        (content, *more) = form.get("content", [b""])
        if not isinstance(content, bytes) or not content or more:
            raise invalid_body(
                [{"field": "content", "rule": "one file that is not empty (required)", "received": None}]
            )
        if len(content) > services.fetch_policy.max_bytes:
            rule = f"a file of at most {services.fetch_policy.max_bytes} bytes"
            raise invalid_body([{"field": "content", "rule": rule, "received": f"{len(content)} bytes"}])
        name = await asyncio.to_thread(services.results.save, content, ".upload")
    return SafeJSONResponse(_described_file(name, len(content), base_url), HTTPStatus.CREATED)


def _described_file(name: str, size: int, base_url: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "content_type": "application/octet-stream",
        "size": size,
        "etag": name,
        "checksums": {},
        "metadata": {},
        "created_at": datetime.now(UTC).isoformat(),
        "urls": {"get": file_url(base_url, name)},
    }


async def _answer(
    request: Request, services: Services, job: Job, http_status: HTTPStatus, extra: Mapping[str, Any] | None = None
) -> Response:
    base_url = public_base_url(request, services.public_url)
    answer = await _prediction(services, job, base_url)
    return SafeJSONResponse({**answer, **(extra or {})}, http_status)


async def _prediction(services: Services, job: Job, base_url: str) -> dict[str, Any]:
    own = f"{base_url}/v1/predictions/{job.id}"
    outputs = await _outputs(services, job, base_url)
    problem = _problem_of(job)
    return {
        "id": job.id,
        "model": job.request.model,
        "version": "hidden",
        "input": {"prompt": job.request.prompt},
        "status": _STATE_NAMES[job.state],
        "output": (outputs[0] if len(outputs) == 1 else outputs) or None,
        "error": None if problem is None else problem.message,
        "logs": _logs(job),
        "metrics": _metrics(job),
        "created_at": _time(job.created_at),
        "started_at": _time(job.started_at),
        "completed_at": _time(job.finished_at),
        "urls": {"get": own, "cancel": f"{own}/cancel", "stream": f"{own}/stream"},
    }


def _metrics(job: Job) -> dict[str, float]:
    if job.started_at is None or job.finished_at is None:
        return {}
    return {"predict_time": round(job.finished_at - job.started_at, 3)}


async def _outputs(services: Services, job: Job, base_url: str) -> list[str]:
    if job.result is None:
        return []
    if base_url.startswith("https:"):
        urls = await file_urls(job.result, services, base_url)
        return [urls[image.name] for image in job.result.images]
    encoded = await base64_files(job.result, services)
    return [f"data:{image.media_type};base64,{encoded[image.name]}" for image in job.result.images]


def _problem_of(job: Job) -> Problem | None:
    if job.problem is None:
        return None
    problem = NAMES.in_their_words(job.problem)
    return replace(problem, message=f"{_FLAGGED} {problem.message}") if job.state is JobState.MODERATED else problem


def _logs(job: Job) -> str:
    """The progress in the form that Replicate's clients read a percentage from, and what the engine had to say at the end."""
    if job.result is not None:
        return "\n".join([*job.result.interpretation["notes"], *job.result.notes])
    if job.progress is None:
        return ""
    step, total = job.progress.step, max(job.progress.total, 1)
    return f"{job.progress.label}\n{100 * step // total}%|{'#' * (10 * step // total):10}| {step}/{total}"


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _error_body(_request: Request, problem: Problem, status: int) -> dict[str, Any]:
    """A problem as Replicate has it (RFC 9457)."""
    title = _TITLES.get(problem.code, HTTPStatus(status).phrase)
    body: dict[str, Any] = {"title": title, "detail": problem.message, "status": status}
    wrong = public_details(problem).get("problems")
    if wrong:
        body["invalid_fields"] = [
            {"field": each["field"], "type": problem.code, "description": f"must be {each['rule']}"} for each in wrong
        ]
    return body


_MODEL_PATHS: Final = re.compile(r"/v1/models/[^/]+/[^/]+(/predictions|/versions(/[^/]*)*)?")
"""The ids of the AI/ML API's models, which are described at the same address, have three parts."""

DIALECT: Final = Dialect(
    _NAME,
    router,
    ("/v1/predictions", "/v1/files", "/v1/webhooks"),
    _error_body,
    _STATUSES,
    pattern=_MODEL_PATHS,
    webhook_body=_prediction,
)
