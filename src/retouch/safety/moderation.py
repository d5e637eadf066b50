"""Refuse what a request's tolerance does not allow, and say whether a finished picture is explicit."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image

from retouch.errors import ModeratedError
from retouch.images.array_types import Pixels, PixelsRGBA
from retouch.safety.pictures import DEFAULT_TOLERANCE, THRESHOLDS, PictureCheck
from retouch.telemetry.catalog import PICTURE_CHECKS
from retouch.telemetry.measures import count

__all__ = ["NEVER_REFUSES", "UNCHECKED_NOTE", "find_nsfw", "lowest_tolerance", "require_inputs_allowed"]

UNCHECKED_NOTE: Final = (
    "No picture check ran: safety_tolerance had no effect, and has_nsfw_concepts is false because nothing looked."
)
"""What a result says when nobody checked its pictures."""

NEVER_REFUSES: Final = max(THRESHOLDS)
"""The tolerance that lets every picture through."""


def lowest_tolerance(score: float) -> int:
    """Return the smallest ``safety_tolerance`` that lets a score of 0 to 1 through.

    >>> lowest_tolerance(0.1), lowest_tolerance(0.9), lowest_tolerance(1.0)
    (1, 4, 6)
    """
    return min(tolerance for tolerance, threshold in THRESHOLDS.items() if score <= threshold)


def require_inputs_allowed(pictures: Sequence[Pixels], tolerance: int, check: PictureCheck) -> None:
    """Raise unless every input picture may be edited.

    Parameters
    ----------
    pictures : sequence of (H, W, 3) uint8, sRGB
    tolerance : int
        ``EditRequest.safety_tolerance``, 1 to 6. At 6, which refuses nothing, the pictures are not scored.
    check : PictureCheck

    Raises
    ------
    ModeratedError
        Names the first picture over the threshold in ``index``.
    ModelFileError
        As ``PictureCheck.score``.
    """
    if tolerance == NEVER_REFUSES:
        return
    for index, pixels in enumerate(pictures):
        needed = lowest_tolerance(check.score(pixels))
        count(PICTURE_CHECKS, "input", _outcome(needed, tolerance))
        if needed > tolerance:
            raise ModeratedError(
                f"The picture check refused input picture {index + 1} at safety_tolerance {tolerance}; nothing was edited. "
                f"Send another picture or, if this one may be edited, a safety_tolerance of at least {needed}.",
                index=index,
                allowed_from=needed,
            )


def find_nsfw(pixels: Pixels | PixelsRGBA, tolerance: int, check: PictureCheck, *, attempt: int) -> bool:
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

    Raises
    ------
    ModeratedError
        The picture is over the threshold of ``tolerance``.
    ModelFileError
        As ``PictureCheck.score``.
    """
    needed = lowest_tolerance(check.score(_on_white(pixels)))
    count(PICTURE_CHECKS, "output", _outcome(needed, tolerance))
    if needed > tolerance:
        raise ModeratedError(
            f"The picture check refused finished picture {attempt + 1} at safety_tolerance {tolerance}; no picture is returned. "
            f"Change the prompt or the seed or, if such a picture is wanted, send a safety_tolerance of at least {needed}.",
            attempt=attempt,
            allowed_from=needed,
        )
    return needed > DEFAULT_TOLERANCE


def _outcome(needed: int, tolerance: int) -> str:
    if needed > tolerance:
        return "refused"
    return "flagged" if needed > DEFAULT_TOLERANCE else "passed"


def _on_white(pixels: Pixels | PixelsRGBA) -> Pixels:
    """Lay a picture with alpha on white; one without is returned as it is."""
    if pixels.shape[2] == 3:
        return pixels
    height, width = pixels.shape[:2]
    white = Image.new("RGBA", (width, height), (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, Image.fromarray(pixels)).convert("RGB"))
