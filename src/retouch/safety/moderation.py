"""Refuse what a request's tolerance does not allow, and say whether a finished picture is explicit."""

import logging
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image

from retouch.errors import ModeratedError
from retouch.images.array_types import Pixels, PixelsRGBA
from retouch.safety.pictures import PictureCheck
from retouch.safety.policy import MAX_TOLERANCE, Action, PictureRule, SafetyPolicy
from retouch.safety.prompts import find_rule

__all__ = ["UNCHECKED_NOTE", "find_nsfw", "require_inputs_allowed", "require_prompt_allowed"]

UNCHECKED_NOTE: Final = (
    "No picture check ran: safety_tolerance had no effect, and has_nsfw_concepts is false because nothing looked."
)
"""What a result says when nobody checked its pictures."""

_DEFAULT: Final = SafetyPolicy()

_log = logging.getLogger(__name__)


def require_prompt_allowed(prompt: str, tolerance: int, policy: SafetyPolicy) -> bool:
    """Raise unless a prompt may be carried out; return whether the policy flags it all the same.

    Parameters
    ----------
    prompt : str
        Is neither logged nor repeated in an error.
    tolerance : int
        ``EditRequest.safety_tolerance``, 1 to 6.
    policy : SafetyPolicy

    Raises
    ------
    ModeratedError
        It breaks a rule, which the message names. ``check`` is "prompt".
    """
    rule = find_rule(prompt, policy.prompt_rules, tolerance)
    if rule is None:
        return False
    if policy.prompt_action is Action.MODERATE:
        needed = rule.refused_up_to + 1 if rule.refused_up_to < MAX_TOLERANCE else None
        raise ModeratedError(
            f'The prompt check refused the prompt (rule "{rule.name}") at safety_tolerance {tolerance}; nothing was edited. '
            f"Word it otherwise{_or_ask_for(needed, policy)}",
            check="prompt",
            rule=rule.name,
            allowed_from=_reachable(needed, policy),
        )
    return _let_through("prompt", f"rule {rule.name}", policy.prompt_action)


def require_inputs_allowed(
    pictures: Sequence[Pixels], tolerance: int, check: PictureCheck, policy: SafetyPolicy = _DEFAULT
) -> bool:
    """Raise unless every input picture may be edited; return whether the policy flags one all the same.

    Parameters
    ----------
    pictures : sequence of (H, W, 3) uint8, sRGB
    tolerance : int
        ``EditRequest.safety_tolerance``, 1 to 6. At one that refuses nothing (6, unless the policy says otherwise), the pictures
        are not scored.
    check : PictureCheck
    policy : SafetyPolicy

    Raises
    ------
    ModeratedError
        Names the first picture over the threshold in ``index``; ``check`` is "input".
    ModelFileError
        As ``PictureCheck.score``.
    """
    rule, flagged = policy.inputs, False
    if not rule.can_refuse(tolerance):
        return False
    for index, pixels in enumerate(pictures):
        score = check.score(pixels)
        if score <= rule.thresholds[tolerance]:
            continue
        if rule.action is Action.MODERATE:
            needed = rule.lowest_tolerance(score)
            raise ModeratedError(
                f"The picture check refused input picture {index + 1} at safety_tolerance {tolerance}; nothing was edited. "
                f"Send another picture{_or_ask_for(needed, policy)}",
                check="input",
                index=index,
                allowed_from=_reachable(needed, policy),
            )
        flagged |= _let_through(f"input picture {index + 1}", f"score {score:.3f}", rule.action)
    return flagged


def find_nsfw(
    pixels: Pixels | PixelsRGBA,
    tolerance: int,
    check: PictureCheck,
    *,
    attempt: int,
    policy: SafetyPolicy = _DEFAULT,
) -> bool:
    """Return whether a finished picture is explicit: whether its score is over the default tolerance's threshold.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB, straight alpha
        A transparent picture is scored as it looks on white.
    tolerance : int
        ``EditRequest.safety_tolerance``, 1 to 6.
    check : PictureCheck
    attempt : int
        Which finished picture of the request this is, counted from 0.
    policy : SafetyPolicy

    Raises
    ------
    ModeratedError
        The picture is over the threshold of ``tolerance``; ``check`` is "output".
    ModelFileError
        As ``PictureCheck.score``.
    """
    rule: PictureRule = policy.outputs
    score = check.score(_on_white(pixels))
    if score <= rule.thresholds[tolerance]:
        return rule.is_explicit(score)
    if rule.action is Action.MODERATE:
        needed = rule.lowest_tolerance(score)
        raise ModeratedError(
            f"The picture check refused finished picture {attempt + 1} at safety_tolerance {tolerance}; no picture is returned. "
            f"Change the prompt or the seed{_or_ask_for(needed, policy)}",
            check="output",
            attempt=attempt,
            allowed_from=_reachable(needed, policy),
        )
    return _let_through(f"finished picture {attempt + 1}", f"score {score:.3f}", rule.action)


def _reachable(needed: int | None, policy: SafetyPolicy) -> int | None:
    """Return a tolerance that a request may ask for, None for one that is beyond the policy."""
    return needed if needed is not None and needed <= policy.max_tolerance else None


def _or_ask_for(needed: int | None, policy: SafetyPolicy) -> str:
    """The end of a refusal: the tolerance that would do, or that none does."""
    if _reachable(needed, policy) is None:
        return ". No safety_tolerance that this server's policy allows lets it through; its operator can change the policy."
    return f" or, if this is wanted, send a safety_tolerance of at least {needed}."


def _let_through(what: str, found: str, action: Action) -> bool:
    """Log what a policy lets through; return whether it is flagged."""
    _log.warning("the safety check found something in the %s (%s); the policy says to %s it", what, found, action.value)
    return action is Action.FLAG


def _on_white(pixels: Pixels | PixelsRGBA) -> Pixels:
    """Lay a picture with alpha on white; one without is returned as it is."""
    if pixels.shape[2] == 3:
        return pixels
    height, width = pixels.shape[:2]
    white = Image.new("RGBA", (width, height), (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, Image.fromarray(pixels)).convert("RGB"))
