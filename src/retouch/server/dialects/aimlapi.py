"""The AI/ML API's dialect: ``POST /v1/images/generations`` with Kontext models.

Clients in the wild read either the published schema's ``data`` or the published sample's ``images``, so the answer has both.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from fastapi import APIRouter
from starlette.requests import Request

from retouch import kontext
from retouch.errors import InvalidValueError
from retouch.jobs.models import JobResult, Problem
from retouch.server.catalog import MODELS
from retouch.server.dialect import Dialect
from retouch.server.dialects import aimlapi_reference as reference
from retouch.server.dialects.fields import (
    Choice,
    Field,
    Flag,
    ImageSources,
    Integer,
    Number,
    ResultReference,
    Rule,
    Text,
    invalid_body,
    json_schema,
    read_fields,
)
from retouch.server.dialects.pictures import base64_files, described, explained, located
from retouch.server.dialects.sizes import PixelSize, Size, nearest_ratio
from retouch.server.dialects.submission import ParamNames, Submission, accept, wait_for
from retouch.server.errors import ProblemError
from retouch.server.json_response import SafeJSONResponse
from retouch.server.public_urls import public_base_url
from retouch.server.services import services_of
from retouch.types import MAX_SEED, AspectRatio, EditRequest, OutputFormat, PreserveMode

__all__ = ["DIALECT", "ParsedBody", "parse_body"]

router = APIRouter()

_NAMES: Final = ParamNames("image_url")


def _one_to_six() -> Rule:
    levels = tuple(str(level) for level in range(1, 7))
    return Choice(levels, also={int(level): level for level in levels})


_FIELDS: Final = (
    Field("model", Text(200), "Which model; see `GET /v1/models`.", required=True),
    Field("prompt", Text(kontext.MAX_PROMPT_CHARACTERS), "What to change, as a sentence.", required=True),
    Field(
        "image_url",
        ImageSources(kontext.MAX_REFERENCE_IMAGES),
        "The picture to edit, or up to four that the prompt brings together: http(s) URLs or `data:` URIs. An answer of this "
        "server may be sent by its URL; see `parent`.",
        required=True,
        unless="parent",
    ),
    Field(
        "parent",
        ResultReference(),
        "Extension: the URL or `file_name` of an answer to edit again, in place of `image_url` or as the picture before those of "
        "`image_url`. Every pixel that no turn has touched stays that of the first input, however many turns there are.",
    ),
    Field(
        "num_images",
        Integer(1, kontext.MAX_IMAGES_PER_REQUEST),
        "How many attempts. Attempt i equals a single request with `seed` + i.",
        default=1,
    ),
    Field(
        "seed", Integer(1, MAX_SEED), "Same seed, prompt, pictures and version: the same bytes. Drawn when left out."
    ),
    Field(
        "guidance_scale",
        Number(kontext.MIN_GUIDANCE_SCALE, kontext.MAX_GUIDANCE_SCALE),
        "How closely a generative engine follows the prompt. `meta.notes` says when the engine has no use for it.",
    ),
    Field("safety_tolerance", _one_to_six(), "1 is the strictest. A number is taken as well.", default="2"),
    Field(
        "output_format",
        Choice(("jpeg", "png"), also={"jpg": "jpeg", "url": "url", "b64_json": "b64_json"}),
        "File format of the answer. `jpg` is taken for jpeg; `url` and `b64_json` are taken for `response_format`.",
        default="jpeg",
    ),
    Field(
        "aspect_ratio",
        Choice(kontext.ASPECT_RATIOS),
        "A preset ratio. Left out, the preset nearest to the first picture's ratio.",
    ),
    Field("response_format", Choice(("url", "b64_json")), "`b64_json` adds each picture as base64.", default="url"),
    Field(
        "size",
        Size(),
        "Extension: `original` keeps the input's own resolution. WIDTHxHEIGHT stands for the nearest preset ratio.",
    ),
    Field("image_size", PixelSize(), "Stands for the nearest preset ratio."),
    Field("n", Integer(1, kontext.MAX_IMAGES_PER_REQUEST), "OpenAI's name for `num_images`."),
    Field("explain", Flag(), "Extension: adds plan, resolved phrases, change masks.", default=False),
    Field(
        "preserve",
        Choice(("auto", "off")),
        "Extension: `auto` restores every pixel outside the edit; `off` returns what the engine made.",
        default="auto",
    ),
    Field("engine", Text(64), "Extension: which of the server's engines; its default when left out."),
    Field("stream", Flag(), "Only `false`: this endpoint answers once.", default=False),
)

_WITHOUT_MEANING: Final = (
    "quality",
    "user",
    "style",
    "background",
    "mask",
    "moderation",
    "num_outputs",
    "sync_mode",
    "enhance_prompt",
    "partial_images",
)
"""Fields of other endpoints that clients send along."""

_NO_MEANING: Final = "has no meaning for this model"
_UNKNOWN: Final = "is not a field of this endpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedBody(Submission):
    """A checked body.

    Attributes
    ----------
    with_base64 : bool
        Whether the answer carries the pictures themselves.
    ignored : tuple of mapping
        ``field`` and ``reason`` of what was sent and has no effect.
    notes : tuple of str
        How a tolerated value was taken.
    """

    with_base64: bool
    ignored: tuple[Mapping[str, str], ...]
    notes: tuple[str, ...]


def parse_body(body: Mapping[str, Any]) -> ParsedBody:
    """Check a body and turn it into the project's words.

    Raises
    ------
    ProblemError
        Fields are missing or wrong, or the model is not known. Names field, rule and value.
    """
    merged = _merge_extra_body(body)
    values = read_fields(merged, _FIELDS)
    _check_model(values["model"])
    if values.get("stream"):
        raise invalid_body([{"field": "stream", "rule": "false: this endpoint answers once", "received": True}])
    ignored = _ignored(merged, values)
    ratio, keep_size, notes = _answer_size(values, ignored)
    wanted = values.get("output_format", "jpeg")
    response_format = values.get("response_format")
    if wanted in ("url", "b64_json"):
        response_format, wanted = response_format or wanted, "jpeg"
    try:
        request = EditRequest(
            prompt=values["prompt"],
            num_images=values.get("num_images") or values.get("n") or 1,
            seed=values.get("seed"),
            aspect_ratio=ratio,
            size="original" if keep_size else "preset",
            output_format=OutputFormat(wanted),
            guidance_scale=values.get("guidance_scale"),
            safety_tolerance=int(values.get("safety_tolerance", "2")),
            preserve=cast(PreserveMode, values.get("preserve", "auto")),
            explain=values.get("explain", False),
            model=values["model"],
        )
    except InvalidValueError as exc:  # rules that concern two fields at once
        raise ProblemError(_NAMES.in_their_words(Problem.from_error(exc))) from exc
    return ParsedBody(
        request=request,
        sources=_image_sources(values),
        parent=values.get("parent"),
        engine=values.get("engine"),
        names=_NAMES,
        with_base64=response_format == "b64_json",
        ignored=tuple(ignored),
        notes=tuple(notes),
    )


def _image_sources(values: Mapping[str, Any]) -> tuple[str, ...]:
    sources: tuple[str, ...] = values.get("image_url", ())
    beside_parent = kontext.MAX_REFERENCE_IMAGES - 1
    if "parent" in values and len(sources) > beside_parent:
        rule = f"at most {beside_parent} pictures beside parent"
        raise invalid_body([{"field": "image_url", "rule": rule, "received": f"{len(sources)} pictures"}])
    return sources


def _merge_extra_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a nested ``extra_body``, as LiteLLM sends it, over the body; it wins, as it does where OpenAI's client merges it."""
    extra = body.get("extra_body")
    if extra is None:
        extra = {}
    if not isinstance(extra, dict):
        raise invalid_body([{"field": "extra_body", "rule": "an object of further fields", "received": extra}])
    return {name: value for name, value in {**body, **extra}.items() if name != "extra_body"}


def _check_model(model: str) -> None:
    if model not in MODELS:
        message = f"There is no model {json.dumps(model)} here. Available: {', '.join(MODELS)}."
        raise ProblemError(Problem("model_not_found", message, details={"param": "model"}))


def _ignored(body: Mapping[str, Any], values: Mapping[str, Any]) -> list[dict[str, str]]:
    """Say which of the fields that were sent have no effect, and why."""
    known = {each.name for each in _FIELDS}
    ignored = [
        {"field": name[:100], "reason": _NO_MEANING if name in _WITHOUT_MEANING else _UNKNOWN}
        for name, value in body.items()
        if name not in known and value is not None
    ]
    if "n" in values and "num_images" in values:
        ignored.append({"field": "n", "reason": "num_images says how many"})
    return ignored


def _answer_size(
    values: Mapping[str, Any], ignored: list[dict[str, str]]
) -> tuple[AspectRatio | None, bool, list[str]]:
    """Return the preset ratio, whether to keep the input's size, and notes; add to ``ignored`` what loses."""
    ratio = values.get("aspect_ratio")
    size = values.get("size")
    if size == "auto":
        size = None
    if size == "original":
        return ratio, True, []
    notes = []
    for name, text in (("size", size), ("image_size", values.get("image_size"))):
        if text is None:
            continue
        if ratio is not None:
            ignored.append({"field": name, "reason": "another field says the ratio"})
            continue
        ratio = nearest_ratio(text)
        notes.append(f"{name} {text} was taken for the nearest preset ratio, {ratio}.")
    return ratio, False, notes


@router.post(
    "/v1/images/generations",
    tags=["images"],
    summary="Edit a picture by a sentence",
    response_class=SafeJSONResponse,
    openapi_extra=reference.request_body(json_schema(_FIELDS)),
    responses=reference.RESPONSES,
)
async def generate(request: Request) -> SafeJSONResponse:
    """Edit one picture, or bring up to four together, and answer when it is done."""
    services = services_of(request)
    parsed, job = await accept(request, _read)
    result = await wait_for(request, parsed, job)
    encoded = await base64_files(result, services) if parsed.with_base64 else {}
    return SafeJSONResponse(_answer(parsed, result, encoded, public_base_url(request, services.public_url)))


async def _read(request: Request) -> ParsedBody:
    return parse_body(await services_of(request).intake.read_json_object(request))


def _answer(parsed: ParsedBody, result: JobResult, encoded: Mapping[str, str], base_url: str) -> dict[str, Any]:
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
    notes = [*result.interpretation["notes"], *result.notes, *parsed.notes]
    if notes:
        answer["meta"]["notes"] = notes
    if parsed.ignored:
        answer["meta"]["ignored"] = list(parsed.ignored)
    if parsed.request.explain:
        answer["explain"] = {
            **result.interpretation,
            "images": [explained(image, encoded, base_url) for image in result.images],
        }
    return answer


DIALECT: Final = Dialect("aimlapi", router, ("/v1/images/generations", "/v1/models"))
