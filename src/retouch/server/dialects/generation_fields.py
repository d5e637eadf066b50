"""The fields for engines that generate pictures: further names of other endpoints' fields, each with the same meaning here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from retouch import kontext
from retouch.errors import InvalidValueError
from retouch.generation import (
    MAX_INFERENCE_STEPS,
    MAX_LORA_WEIGHT,
    MAX_LORAS,
    MAX_SEQUENCE_LENGTH,
    MAX_TRUE_CFG_SCALE,
    MIN_SEQUENCE_LENGTH,
    MIN_STRENGTH,
    MIN_TRUE_CFG_SCALE,
    GenerationOptions,
    LoraWeight,
)
from retouch.server.dialects.fields import (
    Field,
    ImageSources,
    Integer,
    Number,
    RuleBrokenError,
    Text,
)

__all__ = ["GENERATION_FIELDS", "MASK_FIELDS", "generation_options"]


@dataclass(frozen=True, slots=True)
class Loras:
    """An array of ``{"name": ..., "weight": ...}``; a weight that is left out is 1."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return (
            f'an array of at most {MAX_LORAS} objects {{"name": NAME, "weight": W}}, each name once, W from {-MAX_LORA_WEIGHT:g} '
            f"to {MAX_LORA_WEIGHT:g}"
        )

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        weight = {"type": "number", "minimum": -MAX_LORA_WEIGHT, "maximum": MAX_LORA_WEIGHT, "default": 1}
        properties = {"name": {"type": "string"}, "weight": weight}
        one = {"type": "object", "properties": properties, "required": ["name"], "additionalProperties": False}
        return {"type": "array", "items": one, "maxItems": MAX_LORAS}

    def read(self, value: Any) -> tuple[LoraWeight, ...]:
        """See ``Rule``."""
        if not isinstance(value, list) or not all(
            isinstance(each, dict) and "name" in each and set(each) <= {"name", "weight"} for each in value
        ):
            raise RuleBrokenError(self.text)
        try:
            return GenerationOptions(loras=tuple(LoraWeight(**each) for each in value)).loras
        except InvalidValueError as exc:
            raise RuleBrokenError(self.text) from exc


@dataclass(frozen=True, slots=True)
class OneSource:
    """One picture: an http(s) URL or a ``data:`` URI."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return "an http(s) URL or a data: URI"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "string", "format": "uri"}

    def read(self, value: Any) -> str:
        """See ``Rule``."""
        if not isinstance(value, str):
            raise RuleBrokenError(self.text)
        try:
            return ImageSources(1).read(value)[0]
        except RuleBrokenError as exc:
            raise RuleBrokenError(self.text) from exc


@dataclass(frozen=True, slots=True)
class SentElsewhere:
    """Refuses every value: without what it asks for, the answer would be another picture."""

    text: str

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"not": {}}

    def read(self, value: Any) -> Any:  # noqa: ARG002 - the protocol has a value
        """See ``Rule``."""
        raise RuleBrokenError(self.text)


GENERATION_FIELDS: Final = (
    Field(
        "num_inference_steps",
        Integer(1, MAX_INFERENCE_STEPS),
        "Denoising steps of a generative engine. `meta.notes` says when the engine has no use for this or one of the next four.",
    ),
    Field(
        "strength",
        Number(MIN_STRENGTH, 1.0),
        "How far a generative engine may get from the input: less than 1 starts from it.",
    ),
    Field(
        "negative_prompt",
        Text(kontext.MAX_PROMPT_CHARACTERS),
        "What a generative engine should not show; doubles its work.",
    ),
    Field(
        "true_cfg_scale",
        Number(MIN_TRUE_CFG_SCALE, MAX_TRUE_CFG_SCALE),
        "How strongly it avoids what `negative_prompt` says, which has to be sent with it.",
    ),
    Field(
        "max_sequence_length",
        Integer(MIN_SEQUENCE_LENGTH, MAX_SEQUENCE_LENGTH),
        "Tokens that a generative engine pads prompts to; a longer prompt is refused.",
    ),
    Field("loras", Loras(), "LoRAs that the server's operator has set up, by name."),
)

MASK_FIELDS: Final = (
    Field(
        "mask_url",
        OneSource(),
        "Extension: where the first picture may change, in white. The rest stays exactly as it was, whatever the engine.",
    ),
    Field(
        "mask",
        SentElsewhere(
            "left out: send it as mask_url, white where the edit may be, or as OpenAI has it to /v1/images/edits"
        ),
        "Never; see `mask_url`.",
    ),
)
"""Of the generations route; OpenAI's edits route has a mask of its own, which is transparent where the edit may be."""


def generation_options(values: Mapping[str, Any]) -> GenerationOptions:
    """Return the options that checked fields ask for.

    Raises
    ------
    InvalidValueError
        Two of them contradict each other.
    """
    return GenerationOptions(**{each.name: values[each.name] for each in GENERATION_FIELDS if each.name in values})
