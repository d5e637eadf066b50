"""OpenAI's dialect: ``POST /v1/images/edits``, as a form with files or as JSON. Its ``generations`` are the AI/ML API's route."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fastapi import APIRouter
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from retouch import kontext
from retouch.errors import ImageError, InvalidValueError, ModeratedError
from retouch.images.codec import DecodeLimits
from retouch.isolation.decoder import Decoder
from retouch.jobs.models import Problem
from retouch.server.dialect import Dialect
from retouch.server.dialects import aimlapi_reference as reference
from retouch.server.dialects.answers import REPEATABLE, SECURED
from retouch.server.dialects.fields import (
    Field,
    Flag,
    ImageSources,
    Integer,
    Number,
    RuleBrokenError,
    Text,
    invalid_body,
    json_schema,
)
from retouch.server.dialects.image_answer import answer_image_request
from retouch.server.dialects.image_body import ImageBody, ImageRoute, parse_body
from retouch.server.dialects.image_fields import FIELDS
from retouch.server.dialects.model_fields import DEV_FIELDS, body_schema, fit_to_engine
from retouch.server.dialects.submission import accept
from retouch.server.errors import error_body
from retouch.server.intake import Form, media_type_of
from retouch.server.json_response import SafeJSONResponse
from retouch.server.services import services_of

__all__ = ["DIALECT"]

router = APIRouter()

_OPAQUE: Final = 255
_PICTURES: Final = "image"
_SPELLINGS: Final = (_PICTURES, "image[]", "images", "images[]", "image_url")
"""Under which clients send the input pictures."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """One picture or a list of them: files of a form, URLs, ``data:`` URIs, or OpenAI's ``{"image_url": ...}``."""

    max_count: int

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return f"1 to {self.max_count} pictures: files of a form, http(s) URLs or data: URIs"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        one = {"type": "string", "description": "A file of the form, an http(s) URL or a data: URI."}
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": self.max_count}]}

    def read(self, value: Any) -> tuple[str | bytes, ...]:
        """See ``Rule``."""
        given = value if isinstance(value, list) else [value]
        if not 1 <= len(given) <= self.max_count or b"" in given:
            raise RuleBrokenError(self.text)
        return tuple(self._read_one(each) for each in given)

    def _read_one(self, value: Any) -> str | bytes:
        if isinstance(value, bytes):
            return value
        located = value.get("image_url") if isinstance(value, Mapping) else value
        try:
            return ImageSources(1).read(located)[0]
        except RuleBrokenError as exc:
            raise RuleBrokenError(self.text) from exc


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A mask: a file of the form, a URL, a ``data:`` URI, or OpenAI's ``{"image_url": ...}``."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return "one picture: a file of the form, an http(s) URL or a data: URI"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "string"}

    def read(self, value: Any) -> str | bytes:
        """See ``Rule``."""
        try:
            return Pictures(1).read(value)[0]
        except RuleBrokenError as exc:
            raise RuleBrokenError(self.text) from exc


def mask_of_transparency(data: bytes, decoder: Decoder, limits: DecodeLimits) -> bytes:
    """Return OpenAI's kind of mask, which is transparent where the edit may be, as a gray PNG that is white there.

    A picture without any transparency is returned as it is: there, white is where the edit may be.

    Raises
    ------
    InvalidValueError
        It is no picture.
    """
    try:
        pixels = decoder.decode_rgba(data, limits)
    except ImageError as exc:
        raise InvalidValueError("mask", f"a picture ({exc.message})", "another file") from exc
    alpha = pixels[..., 3]
    if alpha.min() == _OPAQUE:
        return data
    buffer = io.BytesIO()
    Image.fromarray(_OPAQUE - alpha).save(buffer, "PNG")
    return buffer.getvalue()


_MASK: Final = Field(
    "mask",
    MaskFile(),
    "Where the first picture may change: transparent as OpenAI has it, or white in a gray one. The rest stays exactly as it was.",
)


def _edit_field(field: Field) -> Field:
    """A field of ``generations`` as it is here: another name for the pictures, and a model may be left out."""
    if field.name == "image_url":
        return replace(
            field,
            name=_PICTURES,
            rule=Pictures(kontext.MAX_REFERENCE_IMAGES),
            description="The picture to edit, or up to four that the prompt brings together. `image[]` is taken as well.",
        )
    return {
        "model": replace(field, required=False, default=kontext.DEFAULT_MODEL),
        "output_format": replace(field, default="png"),
        "response_format": replace(field, default=None, description="Left out, both `url` and `b64_json`."),
        "parent": replace(field, description=field.description.replace("image_url", _PICTURES)),
    }.get(field.name, field)


_ROUTE: Final = ImageRoute(
    fields=(*(_edit_field(field) for field in FIELDS if field.name != "mask"), _MASK),
    pictures=_PICTURES,
    output_format="png",
    base64_unless_url=True,
    event="image_edit",
    translate_mask=mask_of_transparency,
)


def _request_body() -> dict[str, Any]:
    """The body for OpenAPI; the form in one piece, since Swagger UI shows no upload in a schema of several."""
    schema = json_schema(_ROUTE.fields)
    file = {"type": "string", "format": "binary"}
    files = {"anyOf": [file, {"type": "array", "items": file, "maxItems": kontext.MAX_REFERENCE_IMAGES}]}
    form = {**schema, "properties": {**schema["properties"], _PICTURES: files, "mask": file}}
    content = {"multipart/form-data": {"schema": form}, "application/json": {"schema": body_schema(_ROUTE.fields)}}
    return {"requestBody": {"required": True, "content": content}, **SECURED, **REPEATABLE}


@router.post("/images/edits", include_in_schema=False)
@router.post(
    "/v1/images/edits",
    tags=["images"],
    summary="Edit uploaded pictures by a sentence",
    response_class=SafeJSONResponse,
    openapi_extra=_request_body(),
    responses=reference.RESPONSES,
)
async def edit(request: Request) -> Response:
    """Edit one picture, or bring up to four together, and answer when it is done."""
    parsed, job = await accept(request, _read)
    return await answer_image_request(request, parsed, job, _ROUTE.event)


async def _read(request: Request) -> ImageBody:
    services = services_of(request)
    if media_type_of(request) == "multipart/form-data":
        body = _body_of_form(await services.intake.read_form(request))
    else:
        body = await services.intake.read_json_object(request)
    return await fit_to_engine(parse_body(_with_pictures_together(body), _ROUTE), services)


def _body_of_form(form: Form) -> dict[str, Any]:
    """Return a form as JSON would have it: numbers and flags by what their fields are, the rest as text."""
    rules = {field.name: field.rule for field in (*_ROUTE.fields, *DEV_FIELDS)}
    body: dict[str, Any] = {}
    for name, values in form.items():
        if name in _SPELLINGS:
            body[name] = values
        elif name == _MASK.name and len(values) == 1:
            body[name] = values[0]
        elif any(isinstance(value, bytes) for value in values):
            raise invalid_body([{"field": name[:100], "rule": "text, not a file", "received": "a file"}])
        elif len(values) > 1:
            raise invalid_body([{"field": name[:100], "rule": "sent once", "received": f"{len(values)} values"}])
        else:
            body[name] = _typed(str(values[0]), rules.get(name, Text(1)))
    return body


def _typed(text: str, rule: object) -> Any:
    """The value that a form's text stands for; the text itself when it is none, for the rule to refuse."""
    if text == "":
        return None
    try:
        if isinstance(rule, Integer):
            return int(text)
        if isinstance(rule, Number):
            return float(text)
    except ValueError:
        return text
    if isinstance(rule, Flag):
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def _with_pictures_together(body: Mapping[str, Any]) -> dict[str, Any]:
    """Gather the input pictures, under whichever spelling they came, in one field."""
    pictures: list[Any] = []
    for name in _SPELLINGS:
        value = body.get(name)
        if value is not None:
            pictures += value if isinstance(value, list) else [value]
    gathered = {_PICTURES: pictures} if pictures else {}
    return {**{name: value for name, value in body.items() if name not in _SPELLINGS}, **gathered}


_MODERATED: Final = {"type": "image_generation_user_error", "code": "moderation_blocked"}
"""OpenAI's words for what its own safety system refuses."""


def _error_body(request: Request, problem: Problem, status: int) -> dict[str, Any]:
    """The shape of the server, with OpenAI's words for what was moderated."""
    body = error_body(request, problem, status)
    if problem.code == ModeratedError.code:
        body["error"] |= _MODERATED
    return body


DIALECT: Final = Dialect("openai", router, ("/v1/images/edits", "/images/edits"), _error_body)
