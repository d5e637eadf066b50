"""What is refused, at which tolerance, and what happens then. A policy is read from a file by ``retouch.safety.policy_file``."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from retouch.safety.pictures import DEFAULT_TOLERANCE, THRESHOLDS
from retouch.safety.prompts import PromptRule

__all__ = ["MAX_TOLERANCE", "Action", "PictureRule", "SafetyPolicy"]

MAX_TOLERANCE: Final = max(THRESHOLDS)
"""The highest ``safety_tolerance`` that there is."""


class Action(StrEnum):
    """What happens when a check finds more than a request's tolerance allows."""

    MODERATE = "moderate"
    """The request ends, in the state "moderated"; nothing is answered."""
    FLAG = "flag"
    """It goes on, and ``has_nsfw_concepts`` is true."""
    LOG = "log"
    """It goes on, and only the server's log has a line about it."""


@dataclass(frozen=True, slots=True)
class PictureRule:
    """What the picture check allows.

    Attributes
    ----------
    thresholds : mapping of int to float
        The highest score that each tolerance from 1 to 6 lets through; they don't fall.
    action : Action
    """

    thresholds: Mapping[int, float] = field(default_factory=lambda: THRESHOLDS)
    action: Action = Action.MODERATE

    def lowest_tolerance(self, score: float) -> int | None:
        """Return the smallest tolerance that lets a score of 0 to 1 through; None when none does.

        >>> PictureRule().lowest_tolerance(0.9)
        4
        """
        return min((each for each, threshold in self.thresholds.items() if score <= threshold), default=None)

    def can_refuse(self, tolerance: int) -> bool:
        """Whether there are scores that the tolerance does not let through."""
        return self.thresholds[tolerance] < 1.0

    def is_explicit(self, score: float) -> bool:
        """Whether a score is over what the default tolerance lets through."""
        return score > self.thresholds[DEFAULT_TOLERANCE]


@dataclass(frozen=True, slots=True)
class SafetyPolicy:
    """All rules. The default is the thresholds of ADR 0011 and no rule for prompts.

    Attributes
    ----------
    inputs, outputs : PictureRule
        For pictures that are given, and for finished ones.
    prompt_rules : tuple of PromptRule
    prompt_action : Action
    max_tolerance : int
        The highest ``safety_tolerance`` that a request may ask for, 2 to 6.
    max_tolerance_of : mapping of str to int
        The same for single keys, by the key's id.
    """

    inputs: PictureRule = field(default_factory=PictureRule)
    outputs: PictureRule = field(default_factory=PictureRule)
    prompt_rules: tuple[PromptRule, ...] = ()
    prompt_action: Action = Action.MODERATE
    max_tolerance: int = MAX_TOLERANCE
    max_tolerance_of: Mapping[str, int] = field(default_factory=dict)

    def highest_for(self, key_id: str | None) -> int:
        """Return the highest tolerance that a request with this key may ask for."""
        return self.max_tolerance if key_id is None else self.max_tolerance_of.get(key_id, self.max_tolerance)

    def without_prompt_rules(self) -> "SafetyPolicy":
        """Return the policy for a server that does not look at prompts."""
        return replace(self, prompt_rules=())
