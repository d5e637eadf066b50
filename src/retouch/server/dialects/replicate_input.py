"""The ``input`` of a prediction, as the models on Replicate have it."""

from collections.abc import Mapping
from typing import Any, Final, cast

from retouch import kontext
from retouch.server.dialects.fields import (
    Choice,
    Field,
    ImageSources,
    Integer,
    Number,
    Text,
    invalid_body,
    json_schema,
    read_fields,
    unknown_fields,
)
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
from retouch.server.dialects.sizes import Size, nearest_ratio
from retouch.server.dialects.submission import ParamNames, Submission
from retouch.types import AspectRatio, OutputFormat

__all__ = ["INPUT_SCHEMA", "NAMES", "OWNERS", "parse_input"]

OWNERS: Final[Mapping[str, tuple[str, ...]]] = {
    "black-forest-labs": ("flux-kontext-max", "flux-kontext-pro", "flux-kontext-dev"),
    "flux-kontext-apps": ("multi-image-kontext-max", "multi-image-kontext-pro"),
}
"""The models that are answered for, by their owner."""

_PICTURES: Final = ("input_image", "image", "input_image_1", "input_image_2", "input_image_3", "input_image_4")
"""Spellings of the input pictures, in their order; each holds one."""

NAMES: Final = ParamNames(
    "input_image",
    {"guidance_scale": "guidance", "num_images": "num_outputs", "num_inference_steps": "num_inference_steps"},
)
_MATCH_INPUT: Final = "match_input_image"
_ONE_PICTURE: Final = ImageSources(1)

_FIELDS: Final = (
    PROMPT,
    *(
        Field(name, _ONE_PICTURE, "A picture to edit or to bring in: an http(s) URL or a data: URI.")
        for name in _PICTURES
    ),
    Field("mask", _ONE_PICTURE, "White where the first picture may change; the rest stays exactly as it was."),
    Field(
        "aspect_ratio",
        Choice((_MATCH_INPUT, *kontext.ASPECT_RATIOS)),
        "Of the answer.",
        default=_MATCH_INPUT,
    ),
    Field("size", Size(), "Stands for the nearest preset ratio; `original` keeps the input's own resolution."),
    Field("num_outputs", Integer(1, kontext.MAX_IMAGES_PER_REQUEST), "How many attempts.", default=1),
    SEED,
    Field("output_format", Choice(("jpg", "png"), also={"jpeg": "jpg"}), "File format of the answer.", default="png"),
    SAFETY_TOLERANCE,
    guidance("guidance"),
    Field("guidance_scale", Number(kontext.MIN_GUIDANCE_SCALE, kontext.MAX_GUIDANCE_SCALE), "The same as `guidance`."),
    steps("num_inference_steps"),
    Field("negative_prompt", Text(kontext.MAX_PROMPT_CHARACTERS), "What a generative engine should not show."),
    Field("strength", Number(0.01, 1.0), "How far a generative engine may get from the input."),
    unused_flag("prompt_upsampling"),
)

INPUT_SCHEMA: Final = {**json_schema(_FIELDS), "title": "Input"}


def parse_input(given: Mapping[str, Any], model: str) -> Submission:
    """Check an input and turn it into the project's words.

    Parameters
    ----------
    given : mapping
    model : str
        As Replicate calls it.

    Raises
    ------
    ProblemError
        Fields are missing or wrong; names each.
    """
    values = read_fields(given, _FIELDS)
    sources = tuple(values[name][0] for name in _PICTURES if name in values)
    _check_number_of_pictures(sources)
    size = values.get("size")
    request = build_request(
        NAMES,
        prompt=values["prompt"],
        num_images=values.get("num_outputs", 1),
        seed=values.get("seed"),
        aspect_ratio=_ratio(values.get("aspect_ratio"), size),
        size="original" if size == "original" else "preset",
        output_format=OutputFormat("jpeg" if values.get("output_format") == "jpg" else "png"),
        guidance_scale=values.get("guidance", values.get("guidance_scale")),
        safety_tolerance=values.get("safety_tolerance", 2),
        model=model,
        generation={
            "num_inference_steps": values.get("num_inference_steps"),
            "negative_prompt": values.get("negative_prompt"),
            "strength": values.get("strength"),
        },
    )
    return Submission(
        request=request,
        sources=sources,
        names=NAMES,
        mask=values.get("mask", (None,))[0],
        ignored=(*unknown_fields(given, _FIELDS), *without_effect(values, loses_to=_loses_to(values))),
    )


def _loses_to(values: Mapping[str, Any]) -> dict[str, str]:
    named = values.get("aspect_ratio", _MATCH_INPUT) != _MATCH_INPUT
    return {"guidance_scale": "guidance", **({"size": "aspect_ratio"} if named else {})}


def _check_number_of_pictures(sources: tuple[str, ...]) -> None:
    if not 1 <= len(sources) <= kontext.MAX_REFERENCE_IMAGES:
        rule = f"{_ONE_PICTURE.text} (required; at most {kontext.MAX_REFERENCE_IMAGES} pictures in all)"
        received = f"{len(sources)} pictures" if sources else None
        raise invalid_body([{"field": "input_image", "rule": rule, "received": received}])


def _ratio(named: str | None, size: str | None) -> AspectRatio | None:
    if named is not None and named != _MATCH_INPUT:
        return cast(AspectRatio, named)
    return None if size in (None, "auto", "original") else nearest_ratio(str(size))
