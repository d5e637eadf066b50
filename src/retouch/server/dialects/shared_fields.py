"""Fields that Black Forest Labs', Replicate's and fal's dialects have in common, and the edit that checked fields ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from retouch import kontext
from retouch.errors import InvalidValueError
from retouch.generation import MAX_INFERENCE_STEPS, GenerationOptions
from retouch.jobs.models import Problem
from retouch.server.dialects.fields import Field, Flag, Integer, Number, Text
from retouch.server.dialects.submission import ParamNames
from retouch.server.errors import ProblemError
from retouch.types import MAX_SEED, EditRequest

__all__ = [
    "PROMPT",
    "SAFETY_TOLERANCE",
    "SEED",
    "FromZero",
    "build_request",
    "guidance",
    "steps",
    "unused_flag",
    "without_effect",
]


@dataclass(frozen=True, slots=True)
class FromZero(Integer):
    """A whole number from 0; these APIs have a 0 where ours begins at 1, and it is taken for that."""

    def read(self, value: Any) -> int:
        """See ``Rule``."""
        return max(1, Integer.read(self, value))


PROMPT: Final = Field("prompt", Text(kontext.MAX_PROMPT_CHARACTERS), "What to change, as a sentence.", required=True)
SEED: Final = Field(
    "seed", FromZero(0, MAX_SEED), "Same seed, prompt, pictures and version: the same bytes. 0 is taken for 1."
)
SAFETY_TOLERANCE: Final = Field("safety_tolerance", FromZero(0, 6), "0 is the strictest, and taken for 1.", default=2)


_REWRITING: Final = ("prompt_upsampling", "enhance_prompt")


def guidance(name: str) -> Field:
    """Return the field for how closely the prompt is followed."""
    rule = Number(kontext.MIN_GUIDANCE_SCALE, kontext.MAX_GUIDANCE_SCALE)
    return Field(name, rule, "How closely a generative engine follows the prompt.")


def steps(name: str) -> Field:
    """Return the field for the denoising steps."""
    return Field(name, Integer(1, MAX_INFERENCE_STEPS), "Denoising steps of a generative engine.")


def unused_flag(name: str) -> Field:
    """Return the field for a rewriting of the prompt, which does not happen here."""
    return Field(name, Flag(), "Taken and not used: the prompt is carried out as it stands.", default=False)


def without_effect(
    values: Mapping[str, Any], *, loses_to: Mapping[str, str], needs: Mapping[str, str] | None = None
) -> tuple[dict[str, str], ...]:
    """Return ``field`` and ``reason`` of known fields that were sent and change nothing, for the client to be told.

    Parameters
    ----------
    values : mapping
        As ``read_fields`` returns them.
    loses_to : mapping of str to str
        Fields, and the one that overrules each.
    needs : mapping of str to str, optional
        Fields, and the one without which each means nothing.
    """
    unused = {name: "the prompt is carried out as it stands" for name in _REWRITING if values.get(name)}
    lost = {name: f"{other} says it" for name, other in loses_to.items() if name in values and other in values}
    alone = {name: f"needs {other}" for name, other in (needs or {}).items() if name in values and other not in values}
    return tuple({"field": name, "reason": reason} for name, reason in {**unused, **alone, **lost}.items())


def build_request(names: ParamNames, *, generation: Mapping[str, Any] | None = None, **asked: Any) -> EditRequest:
    """Return the edit that checked fields ask for.

    Parameters
    ----------
    names : ParamNames
    generation : mapping, optional
        Of ``GenerationOptions``; None stands for what was left out.
    **asked
        Of ``EditRequest``.

    Raises
    ------
    ProblemError
        Two fields contradict each other; in the dialect's words.
    """
    try:
        return EditRequest(**asked, generation=GenerationOptions(**(generation or {})))
    except InvalidValueError as exc:
        raise ProblemError(names.in_their_words(Problem.from_error(exc))) from exc
