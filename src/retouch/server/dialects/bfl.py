"""Black Forest Labs' dialect: ``POST /v1/flux-kontext-{max,pro,dev}`` answers at once, ``GET /v1/get_result`` is polled."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from retouch import kontext
from retouch.errors import NotFoundError
from retouch.jobs.models import Job, JobState, Problem
from retouch.server.dialect import Dialect
from retouch.server.dialects import bfl_reference as reference
from retouch.server.dialects.answers import SECURED, json_body
from retouch.server.dialects.fields import (
    Choice,
    Field,
    Integer,
    RuleBrokenError,
    Text,
    broken_rule,
    json_schema,
    read_fields,
    unknown_fields,
)
from retouch.server.dialects.pictures import file_urls
from retouch.server.dialects.shared_fields import (
    PROMPT,
    SAFETY_TOLERANCE,
    SEED,
    build_request,
    guidance,
    steps,
    unused_flag,
    without_effect,
)
from retouch.server.dialects.sizes import RatioInWords, nearest_ratio
from retouch.server.dialects.submission import ParamNames, Submission, WebhookOrder, accept, find_job
from retouch.server.dialects.webhook_fields import CallbackURL
from retouch.server.errors import ERROR_TABLE, ProblemError, public_details
from retouch.server.json_response import SafeJSONResponse
from retouch.server.public_urls import public_base_url
from retouch.server.services import Services, services_of
from retouch.types import OutputFormat

__all__ = ["DIALECT"]

router = APIRouter()

_NAME: Final = "bfl"
_PICTURES: Final = ("input_image", "input_image_2", "input_image_3", "input_image_4")
_NAMES: Final = ParamNames(
    _PICTURES, {"guidance_scale": "guidance", "num_inference_steps": "steps", "aspect_ratio": "aspect_ratio"}
)
_MODELS: Final = {
    "max": "flux/kontext-max/image-to-image",
    "pro": "flux/kontext-pro/image-to-image",
    "dev": kontext.DEFAULT_MODEL,
}
_SIDE: Final = Integer(64, 4096)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as base64 without a prefix, as a URL, or as a ``data:`` URI; read as a URL or URI."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return "a picture as base64, an http(s) URL, or a data: URI"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "string", "description": "Base64, an http(s) URL or a data: URI."}

    def read(self, value: Any) -> str:
        """See ``Rule``. Whether it is good base64 is found where ``data:`` URIs are decoded."""
        if not isinstance(value, str) or not value.strip():
            raise RuleBrokenError(self.text)
        if value[:5].lower() == "data:" or "://" in value[:10]:
            if not value[:8].lower().startswith(("data:", "http://", "https://")):
                raise RuleBrokenError(self.text)
            return value
        return f"data:application/octet-stream;base64,{value}"


_FIELDS: Final = (
    PROMPT,
    Field("input_image", Picture(), "The picture to edit.", required=True),
    *(Field(name, Picture(), "A further picture that the prompt brings in.") for name in _PICTURES[1:]),
    Field("mask", Picture(), "Extension: white where the first picture may change; the rest stays exactly as it was."),
    SEED,
    Field("aspect_ratio", RatioInWords(), "From 21:9 to 9:21; the nearest preset is taken."),
    Field("width", _SIDE, "With `height`: stands for the nearest preset ratio."),
    Field("height", _SIDE, "With `width`: stands for the nearest preset ratio."),
    Field("output_format", Choice(("jpeg", "png"), also={"jpg": "jpeg"}), "File format of the answer.", default="png"),
    SAFETY_TOLERANCE,
    steps("steps"),
    guidance("guidance"),
    Field("webhook_url", CallbackURL(), "Told when the edit has ended, with what `get_result` would say."),
    Field("webhook_secret", Text(200), "Signs that call, by the Standard Webhooks specification."),
    unused_flag("prompt_upsampling"),
)


def parse_body(body: Mapping[str, Any], variant: str) -> Submission:
    """Check a body and turn it into the project's words. Raises ``ProblemError`` naming every field that is wrong."""
    values = read_fields(body, _FIELDS)
    request = build_request(
        _NAMES,
        prompt=values["prompt"],
        seed=values.get("seed"),
        aspect_ratio=values.get("aspect_ratio") or _ratio_of_sides(values),
        output_format=OutputFormat(values.get("output_format", "png")),
        guidance_scale=values.get("guidance"),
        safety_tolerance=values.get("safety_tolerance", 2),
        model=_MODELS[variant],
        generation={"num_inference_steps": values.get("steps")},
    )
    sources = tuple(values[name] for name in _PICTURES if name in values)
    url = values.get("webhook_url")
    return Submission(
        request=request,
        sources=sources,
        names=_NAMES,
        mask=values.get("mask"),
        ignored=(
            *unknown_fields(body, _FIELDS),
            *without_effect(
                values,
                loses_to={"width": "aspect_ratio", "height": "aspect_ratio"},
                needs={"width": "height", "height": "width", "webhook_secret": "webhook_url"},
            ),
        ),
        webhook=None if url is None else WebhookOrder(url, _NAME, values.get("webhook_secret")),
    )


def _ratio_of_sides(values: Mapping[str, Any]) -> Any:
    if "width" not in values or "height" not in values:
        return None
    return nearest_ratio(f"{values['width']}x{values['height']}")


@router.post(
    "/v1/flux-kontext-{variant}",
    tags=["Black Forest Labs"],
    summary="Start an edit",
    response_class=SafeJSONResponse,
    openapi_extra=json_body(json_schema(_FIELDS)),
    responses=reference.STARTED,
)
async def start(request: Request, variant: str) -> SafeJSONResponse:
    """Accept an edit; the answer says where to poll for it."""
    if variant not in _MODELS:
        message = f"There is no model flux-kontext-{variant[:40]} here. Available: {', '.join(_MODELS)}."
        raise ProblemError(Problem("model_not_found", message))

    async def read(request: Request) -> Submission:
        return parse_body(await services_of(request).intake.read_json_object(request), variant)

    submission, job = await accept(request, read)
    base_url = public_base_url(request, services_of(request).public_url)
    said: dict[str, Any] = {"id": job.id, "polling_url": f"{base_url}/v1/get_result?id={job.id}"}
    if submission.ignored:
        said["ignored"] = list(submission.ignored)
    return SafeJSONResponse(said)


@router.get(
    "/v1/get_result",
    tags=["Black Forest Labs"],
    summary="Ask for the result of an edit",
    response_class=SafeJSONResponse,
    openapi_extra=SECURED,
    responses=reference.RESULT,
)
async def get_result(request: Request, id: str = "") -> Response:
    """Say where an edit stands.

    An edit that failed is answered with its own HTTP status and, in the body, the status ``Error``: the clients of this API show
    the message of an HTTP error, and nothing of what stands beside ``Error`` in a 200.
    """
    try:
        job = await find_job(request, id)
    except NotFoundError:
        said = {"id": id[:100], "status": "Task not found", "message": "Task not found", "detail": "Task not found"}
        return SafeJSONResponse(said, HTTPStatus.NOT_FOUND)
    services = services_of(request)
    said, status = await _describe(services, job, public_base_url(request, services.public_url))
    return SafeJSONResponse(said, status)


async def _webhook_body(services: Services, job: Job, base_url: str) -> dict[str, Any]:
    return (await _describe(services, job, base_url))[0]


async def _describe(services: Services, job: Job, base_url: str) -> tuple[dict[str, Any], int]:
    """Return where an edit stands, and the HTTP status of that."""
    if job.state is JobState.SUCCEEDED and job.result is not None:
        (image, *_) = job.result.images
        started, ended = job.started_at or job.created_at, job.finished_at or job.created_at
        result = {
            "sample": (await file_urls(job.result, services, base_url))[image.name],
            "prompt": job.result.prompt,
            "seed": image.seed,
            "start_time": started,
            "end_time": ended,
            "duration": round(ended - started, 3),
            "changed_share": round(image.changed_share, 6),
            "notes": [*job.result.interpretation["notes"], *job.result.notes],
        }
        return {"id": job.id, "status": "Ready", "result": result}, HTTPStatus.OK
    if not job.state.is_final:
        progress = {} if job.progress is None else {"progress": job.progress.step / max(job.progress.total, 1)}
        return {"id": job.id, "status": "Pending", **progress}, HTTPStatus.OK
    problem = job.problem or Problem("aborted", "The edit was cancelled before it was finished. Send it again.", True)
    if job.state is JobState.MODERATED:
        of_input = problem.details.get("attempt") is None
        status = "Request Moderated" if of_input else "Content Moderated"
        return {"id": job.id, "status": status, "details": {"message": problem.message}}, HTTPStatus.OK
    told = _error_body(None, _NAMES.in_their_words(problem), 0)
    return {"id": job.id, "status": "Error", **told}, _status_of(problem)


def _status_of(problem: Problem) -> int:
    return _STATUSES.get(problem.code, ERROR_TABLE[problem.code][0])


def _error_body(_request: Request | None, problem: Problem, _status: int) -> dict[str, Any]:
    """``message`` for the clients that read it, and ``detail`` as the API's own validation errors have it."""
    details = public_details(problem)
    wrong = details.get("problems") or [{"field": details["param"]}] if "param" in details else []
    if not wrong:
        return {"message": problem.message, "detail": problem.message}
    listed = [
        {
            "loc": ["body", each["field"]],
            "msg": broken_rule(each) if "rule" in each else problem.message,
            "type": problem.code,
        }
        for each in wrong
    ]
    return {"message": problem.message, "detail": listed}


_STATUSES: Final = {"invalid_value": HTTPStatus.UNPROCESSABLE_ENTITY.value}

DIALECT: Final = Dialect(
    _NAME, router, ("/v1/flux-kontext-", "/v1/get_result"), _error_body, _STATUSES, webhook_body=_webhook_body
)
