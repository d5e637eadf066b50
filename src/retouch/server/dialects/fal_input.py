"""The input of fal's Kontext endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from retouch import kontext
from retouch.server.dialects.fields import (
    Choice,
    Field,
    Flag,
    ImageSources,
    Integer,
    RuleBrokenError,
    Text,
    invalid_body,
    read_fields,
    unknown_fields,
)
from retouch.server.dialects.shared_fields import (
    PROMPT,
    SEED,
    build_request,
    guidance,
    steps,
    unused_flag,
    without_effect,
)
from retouch.server.dialects.sizes import PixelSize, nearest_ratio
from retouch.server.dialects.submission import ParamNames, Submission
from retouch.types import OutputFormat

__all__ = ["APPS", "FIELDS", "NAMES", "FalSubmission", "parse_input"]

APPS: Final = (
    "fal-ai/flux-pro/kontext",
    "fal-ai/flux-pro/kontext/max",
    "fal-ai/flux-pro/kontext/multi",
    "fal-ai/flux-pro/kontext/max/multi",
    "fal-ai/flux-kontext/dev",
)
"""The endpoints that are answered for."""

_NAMED_SIZES: Final = {
    "square_hd": "1:1",
    "square": "1:1",
    "portrait_4_3": "3:4",
    "portrait_16_9": "9:16",
    "landscape_4_3": "4:3",
    "landscape_16_9": "16:9",
}
_LEVELS: Final = tuple(str(level) for level in range(1, 7))


@dataclass(frozen=True, slots=True)
class ImageSize:
    """One of fal's named sizes, or ``{"width": ..., "height": ...}``; read as the nearest preset ratio."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return f"one of {', '.join(_NAMED_SIZES)}, or {PixelSize().text}"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"anyOf": [{"type": "string", "enum": list(_NAMED_SIZES)}, PixelSize().schema]}

    def read(self, value: Any) -> Any:
        """See ``Rule``."""
        if isinstance(value, str) and value in _NAMED_SIZES:
            return _NAMED_SIZES[value]
        try:
            return nearest_ratio(PixelSize().read(value))
        except RuleBrokenError as exc:
            raise RuleBrokenError(self.text) from exc


FIELDS: Final = (
    PROMPT,
    Field("image_url", ImageSources(1), "The picture to edit.", required=True, unless="image_urls"),
    Field(
        "image_urls", ImageSources(kontext.MAX_REFERENCE_IMAGES), "Up to four pictures that the prompt brings together."
    ),
    Field("mask_url", ImageSources(1), "White where the first picture may change; the rest stays exactly as it was."),
    Field("num_images", Integer(1, kontext.MAX_IMAGES_PER_REQUEST), "How many attempts.", default=1),
    SEED,
    Field(
        "aspect_ratio", Choice(kontext.ASPECT_RATIOS), "Of the answer; left out, the preset nearest to the picture's."
    ),
    Field("image_size", ImageSize(), "Stands for the nearest preset ratio."),
    Field("output_format", Choice(("jpeg", "png"), also={"jpg": "jpeg"}), "File format of the answer.", default="jpeg"),
    guidance("guidance_scale"),
    steps("num_inference_steps"),
    Field("negative_prompt", Text(kontext.MAX_PROMPT_CHARACTERS), "What a generative engine should not show."),
    Field(
        "safety_tolerance",
        Choice(_LEVELS, also={int(level): level for level in _LEVELS}),
        "1 is the strictest.",
        default="2",
    ),
    Field("sync_mode", Flag(), "Answer with data: URIs instead of URLs.", default=False),
    unused_flag("enhance_prompt"),
)

NAMES: Final = ParamNames("image_urls")


@dataclass(frozen=True, slots=True, kw_only=True)
class FalSubmission(Submission):
    """An edit, and whether its pictures are wanted inline."""

    inline: bool


def parse_input(given: Mapping[str, Any]) -> FalSubmission:
    """Check an input and turn it into the project's words. Raises ``ProblemError`` naming every field that is wrong."""
    values = read_fields(given, FIELDS)
    sources = (*values.get("image_url", ()), *values.get("image_urls", ()))
    if len(sources) > kontext.MAX_REFERENCE_IMAGES:
        rule = f"at most {kontext.MAX_REFERENCE_IMAGES} pictures in all"
        raise invalid_body([{"field": "image_urls", "rule": rule, "received": f"{len(sources)} pictures"}])
    names = ParamNames(tuple(["image_url"] * len(values.get("image_url", ())) + ["image_urls"] * len(sources)))
    request = build_request(
        names,
        prompt=values["prompt"],
        num_images=values.get("num_images", 1),
        seed=values.get("seed"),
        aspect_ratio=values.get("aspect_ratio") or values.get("image_size"),
        output_format=OutputFormat(values.get("output_format", "jpeg")),
        guidance_scale=values.get("guidance_scale"),
        safety_tolerance=int(values.get("safety_tolerance", "2")),
        generation={
            "num_inference_steps": values.get("num_inference_steps"),
            "negative_prompt": values.get("negative_prompt"),
        },
    )
    return FalSubmission(
        request=request,
        sources=sources,
        names=names,
        mask=values.get("mask_url", (None,))[0],
        ignored=(*unknown_fields(given, FIELDS), *without_effect(values, loses_to={"image_size": "aspect_ratio"})),
        inline=values.get("sync_mode", False),
    )
