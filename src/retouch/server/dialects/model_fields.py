"""What tells the models of the image routes from one another: each has fields of its own, laid over the route's.

``flux/dev/image-to-image`` takes one picture and keeps its size; the models that make a picture from words alone take none.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

from retouch import kontext
from retouch.generation import MIN_STRENGTH
from retouch.server.catalog import MODELS, OPENAI_MODELS, HostedModel
from retouch.server.dialects.fields import Field, Flag, Integer, Number, invalid_body, json_schema
from retouch.server.dialects.generation_fields import SentElsewhere
from retouch.server.dialects.sizes import Size
from retouch.server.dialects.submission import Submission, engine_name
from retouch.server.services import Services

__all__ = ["DEV_FIELDS", "body_schema", "fields_of", "fit_to_engine", "settle_for_model"]

DEV: Final = "flux/dev/image-to-image"
_DEFAULT_STRENGTH: Final = 0.95
_REFUSES_NOTHING: Final = "6"
_WITHOUT_PRESETS: Final = frozenset({"aspect_ratio", "size", "image_size"})
_ABOUT_PICTURES: Final = frozenset({"image_url", "image", "parent", "mask", "mask_url"})
_FROM_WORDS: Final = SentElsewhere(
    f"left out: this model makes a picture from words alone; {kontext.DEFAULT_MODEL} is one that takes pictures"
)
DEV_FIELDS: Final = (
    Field(
        "strength",
        Number(0.0, 1.0),
        f"How far a generative engine may get from the picture. 0 is taken for {MIN_STRENGTH:g}.",
        default=_DEFAULT_STRENGTH,
    ),
    Field("num_inference_steps", Integer(1, 50), "Denoising steps of a generative engine."),
    Field(
        "enable_safety_checker",
        Flag(),
        f"`false` stands for a `safety_tolerance` of {_REFUSES_NOTHING}, unless one is sent.",
        default=True,
    ),
)

SubmissionT = TypeVar("SubmissionT", bound=Submission)


def fields_of(model: HostedModel, fields: Sequence[Field]) -> tuple[Field, ...]:
    """Return a route's fields as one model has them."""
    if model.max_images == 0:
        kept = [each for each in fields if each.name != "strength"]
        return tuple(_from_words(each) for each in kept)
    if model.id != DEV:
        return tuple(fields)
    own = {each.name for each in DEV_FIELDS}
    kept = [each for each in fields if each.name not in _WITHOUT_PRESETS | own]
    return (*(_of_one_picture(each) for each in kept), *DEV_FIELDS)


def _from_words(field: Field) -> Field:
    if field.name == "size":
        return replace(field, rule=Size(has_original=False), description="Stands for the nearest preset ratio.")
    if field.name in _ABOUT_PICTURES:
        return replace(field, rule=_FROM_WORDS, required=False, unless=None, description="Never.")
    return field


def _of_one_picture(field: Field) -> Field:
    if field.name not in ("image_url", "image"):
        return field
    return replace(field, rule=replace(cast(Any, field.rule), max_count=1), description="The picture to edit.")


def settle_for_model(values: dict[str, Any]) -> list[str]:
    """Put what a model's own fields stand for into checked values; return a note of each value that was taken for another."""
    if values["model"] != DEV:
        return []
    values["size"] = "original"
    if not values.get("enable_safety_checker", True):
        values.setdefault("safety_tolerance", _REFUSES_NOTHING)
    if values.get("strength") == 0:
        values["strength"] = MIN_STRENGTH
        return [f"strength 0 was taken for {MIN_STRENGTH:g}."]
    return []


async def fit_to_engine(parsed: SubmissionT, services: Services) -> SubmissionT:
    """Return an edit with what its model leaves to the engine.

    Raises
    ------
    ProblemError
        The model makes a picture from words alone, and the engine doesn't.
    ConfigurationError
        The engine is not installed.
    """
    request, engine = parsed.request, engine_name(parsed.engine, services)
    model = MODELS[request.model]
    if model.max_images and model.id != DEV:
        return parsed
    capabilities = await asyncio.to_thread(services.registry.capabilities, engine)
    if not model.is_possible(capabilities):
        takes = ", ".join(each.id for each in MODELS.values() if each.max_images)
        rule = f"one that edits a picture ({takes}), since the engine {engine!r} makes none from words alone"
        raise invalid_body([{"field": "model", "rule": rule, "received": model.id}])
    if model.id != DEV or request.generation.strength is not None:
        return parsed
    if "strength" not in capabilities.generation_options:
        return parsed
    generation = replace(request.generation, strength=_DEFAULT_STRENGTH)
    return replace(parsed, request=replace(request, generation=generation))


def body_schema(fields: Sequence[Field]) -> dict[str, Any]:
    """Return the JSON schema of a route's body: one of those of its models."""
    kontext_models = [each for each in MODELS.values() if each.max_images > 1]
    from_words = [each for each in MODELS.values() if each.max_images == 0]
    openai = {"pattern": f"^({'|'.join(OPENAI_MODELS)})"}
    named: dict[str, Any] = {"anyOf": [{"enum": [each.id for each in kontext_models]}, openai]}
    return {
        "anyOf": [
            _of_models("Kontext", kontext_models[0], fields, named),
            _of_models("FLUX dev", MODELS[DEV], fields, {"enum": [DEV]}),
            _of_models("From words alone", from_words[0], fields, {"enum": [each.id for each in from_words]}),
        ]
    }


def _of_models(title: str, model: HostedModel, fields: Sequence[Field], named: Mapping[str, Any]) -> dict[str, Any]:
    schema = json_schema(fields_of(model, fields))
    properties = {**schema["properties"], "model": {**schema["properties"]["model"], **named}}
    required = schema["required"] if model.id == kontext.DEFAULT_MODEL else [*schema["required"], "model"]
    return {**schema, "title": title, "required": list(dict.fromkeys(required)), "properties": properties}
