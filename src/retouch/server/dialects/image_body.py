"""Read the body of an image route. Clients in the wild send more than the documented fields: what has no effect is reported."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from retouch import kontext
from retouch.images.codec import DecodeLimits
from retouch.isolation.decoder import Decoder
from retouch.jobs.models import Problem
from retouch.server.catalog import MODELS, OPENAI_MODELS, HostedModel
from retouch.server.dialects.fields import Field, invalid_body, read_fields, unknown_fields
from retouch.server.dialects.image_fields import edit_request
from retouch.server.dialects.model_fields import fields_of, settle_for_model
from retouch.server.dialects.submission import ParamNames, Submission
from retouch.server.errors import ProblemError

__all__ = ["ImageBody", "ImageRoute", "parse_body"]

_WITHOUT_MEANING: Final = frozenset(
    {
        "quality",
        "user",
        "style",
        "background",
        "moderation",
        "num_outputs",
        "sync_mode",
        "enhance_prompt",
        "input_fidelity",
        "output_compression",
    }
)
"""Fields of other endpoints that clients send along."""

_NO_MEANING: Final = "has no meaning for this model"


@dataclass(frozen=True, slots=True)
class ImageRoute:
    """What tells one image route from another.

    Attributes
    ----------
    fields : tuple of Field
    pictures : str
        Name of the field with the input pictures.
    output_format : str
        Of an answer whose request names none.
    base64_unless_url : bool
        Whether an answer carries the pictures themselves unless only URLs were asked for.
    event : str
        What its events are called when it is streamed.
    translate_mask : callable, optional
        See ``Submission``.
    """

    fields: tuple[Field, ...]
    pictures: str
    output_format: str
    base64_unless_url: bool
    event: str
    translate_mask: Callable[[bytes, Decoder, DecodeLimits], bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBody(Submission):
    """A checked body.

    Attributes
    ----------
    with_base64 : bool
        Whether the answer carries the pictures themselves.
    stream : bool
        Whether the answer comes as events.
    partial_images : int
        How many previews may come before the pictures of a stream.
    notes : tuple of str
        How a tolerated value was taken.
    """

    with_base64: bool
    stream: bool
    partial_images: int
    notes: tuple[str, ...]


def parse_body(body: Mapping[str, Any], route: ImageRoute) -> ImageBody:
    """Check a body and turn it into the project's words.

    Parameters
    ----------
    body : mapping
        Values as JSON has them; the input pictures may be files.
    route : ImageRoute

    Raises
    ------
    ProblemError
        Fields are missing or wrong, or the model is not known. Names field, rule and value.
    """
    merged = _merge_extra_body(body)
    model = _model_of(merged)
    fields = fields_of(model, route.fields)
    values = read_fields(merged, fields)
    notes = [*_resolve_model(values), *settle_for_model(values)]
    ignored = _ignored(merged, values, fields, route)
    mask_field = "mask_url" if "mask_url" in values else "mask"
    names = ParamNames(route.pictures, {"mask": mask_field})
    request, asked_for, size_notes = edit_request({"output_format": route.output_format, **values}, ignored, names)
    stream = values.get("stream", False)
    partial_images = values.get("partial_images", 0) if stream else 0
    if partial_images:  # of every step, since only the engine knows how many there will be; those that are due are sent
        request = replace(request, generation=replace(request.generation, preview_every=1))
    return ImageBody(
        request=request,
        sources=_sources(values, route.pictures, model),
        parent=values.get("parent"),
        engine=values.get("engine"),
        names=names,
        with_base64=asked_for == "b64_json" or (asked_for is None and route.base64_unless_url),
        stream=stream,
        partial_images=partial_images,
        mask=values.get(mask_field),
        translate_mask=route.translate_mask,
        ignored=tuple(ignored),
        notes=(*notes, *size_notes),
    )


def _sources(values: Mapping[str, Any], field: str, model: HostedModel) -> tuple[str | bytes, ...]:
    sources: tuple[str | bytes, ...] = values.get(field, ())
    beside_parent = model.max_images - 1
    if "parent" in values and len(sources) > beside_parent:
        rule = f"at most {beside_parent} pictures beside parent" if beside_parent else "left out beside parent"
        raise invalid_body([{"field": field, "rule": rule, "received": f"{len(sources)} pictures"}])
    return sources


def _merge_extra_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a nested ``extra_body``, as LiteLLM sends it, over the body; it wins, as it does where OpenAI's client merges it."""
    extra = body.get("extra_body")
    if extra is None:
        extra = {}
    if not isinstance(extra, dict):
        raise invalid_body([{"field": "extra_body", "rule": "an object of further fields", "received": extra}])
    return {name: value for name, value in {**body, **extra}.items() if name != "extra_body"}


def _model_of(body: Mapping[str, Any]) -> HostedModel:
    """The model whose fields the body has; the default one where it names none that there is, which is found out later."""
    named = body.get("model")
    return (MODELS.get(named) if isinstance(named, str) else None) or MODELS[kontext.DEFAULT_MODEL]


def _resolve_model(values: dict[str, Any]) -> list[str]:
    """Put the id of one of our models into ``values``; return a note when the client named another vendor's."""
    named = values.setdefault("model", kontext.DEFAULT_MODEL)
    if named in MODELS:
        return []
    if named.startswith(OPENAI_MODELS):
        values["model"] = kontext.DEFAULT_MODEL
        return [f"model {named} was taken for {kontext.DEFAULT_MODEL}."]
    message = f"There is no model {json.dumps(named)} here. Available: {', '.join(MODELS)}."
    raise ProblemError(Problem("model_not_found", message, details={"param": "model"}))


def _ignored(
    body: Mapping[str, Any], values: Mapping[str, Any], fields: Sequence[Field], route: ImageRoute
) -> list[dict[str, str]]:
    """Say which of the fields that were sent have no effect, and why."""
    of_other_models = _WITHOUT_MEANING | {each.name for each in route.fields}
    ignored = [
        {**each, "reason": _NO_MEANING} if each["field"] in of_other_models else dict(each)
        for each in unknown_fields(body, fields)
    ]
    if "n" in values and "num_images" in values:
        ignored.append({"field": "n", "reason": "num_images says how many"})
    if "partial_images" in values and not values.get("stream"):
        ignored.append({"field": "partial_images", "reason": "needs stream: true"})
    return ignored
