"""What a request can ask of an engine that generates pictures, beside the sentence."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from retouch import kontext
from retouch.errors import InvalidValueError, shorten
from retouch.rules import require_integer, require_number, require_text

__all__ = [
    "MAX_INFERENCE_STEPS",
    "MAX_LORAS",
    "MAX_LORA_WEIGHT",
    "MAX_SEQUENCE_LENGTH",
    "MAX_TRUE_CFG_SCALE",
    "MIN_SEQUENCE_LENGTH",
    "MIN_STRENGTH",
    "MIN_TRUE_CFG_SCALE",
    "GenerationOptions",
    "LoraWeight",
    "draw_seed",
]

_MAX_DRAWN_SEED: Final = 2**31 - 1
MAX_INFERENCE_STEPS: Final = 100
MIN_STRENGTH: Final = 0.01
MIN_TRUE_CFG_SCALE: Final = 1.01
"""At 1 a negative prompt has no effect."""
MAX_TRUE_CFG_SCALE: Final = 20.0
MIN_SEQUENCE_LENGTH: Final = 16
MAX_SEQUENCE_LENGTH: Final = 512
MAX_LORAS: Final = 4
MAX_LORA_WEIGHT: Final = 4.0

_LORA_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def draw_seed() -> int:
    """Return a fresh seed that every client can hold: 1 to 2**31 - 1, with room for ``num_images`` attempts."""
    return secrets.randbelow(_MAX_DRAWN_SEED - 16) + 1


@dataclass(frozen=True, slots=True, order=True)
class LoraWeight:
    """A LoRA and how strongly it acts.

    Attributes
    ----------
    name : str
        As the operator's folder has it, without the ending: letters, digits, ``.``, ``_`` and ``-``.
    weight : float
        -4 to 4; 1 is what it was trained for, 0 has no effect.
    """

    name: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or _LORA_NAME.fullmatch(self.name) is None:
            rule = "a list of LoRAs by name (letters, digits, '.', '_', '-') and weight"
            raise InvalidValueError("loras", rule, self.name)
        require_number("loras", self.weight, -MAX_LORA_WEIGHT, MAX_LORA_WEIGHT)


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How a generative engine makes a picture. None leaves a choice to the engine.

    An engine says in ``Capabilities.generation_options`` which of these it honors. One that has no use for a given option says so
    in the answer's notes; a LoRA, which changes what is in the picture, is refused.

    Attributes
    ----------
    num_inference_steps : int or None
        1 to 100.
    negative_prompt : str or None
        What the picture should not show, at most 4000 characters. Doubles the work.
    true_cfg_scale : float or None
        1.01 to 20: how strongly the picture is driven away from ``negative_prompt``, which has to be given with it.
    strength : float or None
        0.01 to 1: how far the picture may get from the input. Less than 1 starts from the input's own latents with that much of
        the noise, and makes that share of the steps.
    max_sequence_length : int or None
        16 to 512: tokens that prompts are padded to. A longer prompt is refused, not cut.
    loras : tuple of LoraWeight
        At most 4, each name once.
    preview_every : int or None
        1 to 100: a preview with the progress of every so many steps; None makes none. Does not change the picture.
    """

    num_inference_steps: int | None = None
    negative_prompt: str | None = None
    true_cfg_scale: float | None = None
    strength: float | None = None
    max_sequence_length: int | None = None
    loras: tuple[LoraWeight, ...] = ()
    preview_every: int | None = None

    def __post_init__(self) -> None:
        if self.num_inference_steps is not None:
            require_integer("num_inference_steps", self.num_inference_steps, 1, MAX_INFERENCE_STEPS)
        if self.negative_prompt is not None:
            require_text("negative_prompt", self.negative_prompt, kontext.MAX_PROMPT_CHARACTERS)
        if self.true_cfg_scale is not None:
            require_number("true_cfg_scale", self.true_cfg_scale, MIN_TRUE_CFG_SCALE, MAX_TRUE_CFG_SCALE)
            if self.negative_prompt is None:
                raise InvalidValueError("true_cfg_scale", "given together with negative_prompt", self.true_cfg_scale)
        if self.strength is not None:
            require_number("strength", self.strength, MIN_STRENGTH, 1.0)
        if self.max_sequence_length is not None:
            require_integer("max_sequence_length", self.max_sequence_length, MIN_SEQUENCE_LENGTH, MAX_SEQUENCE_LENGTH)
        if self.preview_every is not None:
            require_integer("preview_every", self.preview_every, 1, MAX_INFERENCE_STEPS)
        self._check_loras()

    def _check_loras(self) -> None:
        names = [lora.name for lora in self.loras] if _are_loras(self.loras) else None
        if names is None or len(names) > MAX_LORAS or len(set(names)) < len(names):
            raise InvalidValueError("loras", f"a list of at most {MAX_LORAS} LoRAs, each name once", self.loras)

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the options that were given."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name) not in (None, ()))

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "GenerationOptions":
        """Return the options whose ``dataclasses.asdict`` was stored; one added since then takes its default."""
        return cls(**{**body, "loras": tuple(LoraWeight(**lora) for lora in body.get("loras", ()))})

    @staticmethod
    def read_loras(value: object) -> tuple[LoraWeight, ...]:
        """Return LoRAs that were given as a mapping of names to weights, or as a sequence of ``LoraWeight``.

        Raises
        ------
        InvalidValueError
            It is neither, or a weight or name is wrong.
        """
        if isinstance(value, Mapping):
            return tuple(LoraWeight(name, weight) for name, weight in value.items())
        if isinstance(value, list | tuple) and _are_loras(value):
            return tuple(value)
        raise InvalidValueError("loras", "a mapping of names to weights", shorten(value))


def _are_loras(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(lora, LoraWeight) for lora in value)
