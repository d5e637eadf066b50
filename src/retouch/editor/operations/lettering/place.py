"""Where lettering goes when the prompt leaves it open: clear of the subject, over a quiet part of the picture."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from retouch.editor.instructions.plan import Horizontal, LetteringKind, Vertical
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import srgb8_to_oklab

__all__ = ["Spot", "choose_spot"]

_PREFERENCES: Final[dict[LetteringKind, tuple[tuple[Vertical, Horizontal, float], ...]]] = {
    LetteringKind.TEXT: (
        ("bottom", "center", 0.0), ("top", "center", 0.02), ("middle", "center", 0.2),
        ("top", "left", 0.08), ("top", "right", 0.08), ("bottom", "left", 0.06),
        ("bottom", "right", 0.06), ("middle", "left", 0.15), ("middle", "right", 0.15),
    ),
    LetteringKind.TITLE: (
        ("top", "center", 0.0), ("bottom", "center", 0.35), ("top", "left", 0.2), ("top", "right", 0.2),
        ("middle", "center", 0.4),
    ),
    LetteringKind.CAPTION: (("bottom", "center", 0.0),),
    LetteringKind.WATERMARK: (("bottom", "right", 0.0),),
    LetteringKind.BUBBLE: (("top", "center", 0.0),),
}  # fmt: skip
"""Places for each kind of lettering, and how much worse than the best each is by itself."""
_COST_OF_SUBJECT = 1.5
_COST_OF_DETAIL = 2.5
_COST_OUTSIDE = 5.0
_MARGIN_SHARE = 0.045


@dataclass(frozen=True, slots=True)
class Spot:
    """A place: the corner of a box, and what it is called."""

    top: int
    left: int
    name: str


def choose_spot(
    size_hw: tuple[int, int],
    pixels: Pixels,
    *,
    kind: LetteringKind,
    horizontal: Horizontal | None,
    vertical: Vertical | None,
    margin_px: int,
    avoid: Mask | None,
    inside: Mask | None = None,
) -> Spot:
    """Choose where a box of letters goes.

    Parameters
    ----------
    size_hw : tuple of two int
        Of the box, with its own margin.
    pixels : (H, W, C) uint8, sRGB
    kind : LetteringKind
    horizontal, vertical : str or None
        What the prompt fixes.
    margin_px : int
        The box's own empty margin, which may leave the picture.
    avoid : (H, W) float32 [0, 1] or None
        The subject.
    inside : (H, W) float32 [0, 1] or None
        Where it has to be, such as the sky.

    Returns
    -------
    Spot
        The cheapest of the places that the prompt leaves open: subject, detail and distance from the usual place cost.
    """
    height, width = pixels.shape[:2]
    edge = round(_MARGIN_SHARE * min(height, width)) - margin_px
    detail = _detail(pixels)
    best: tuple[float, Spot] | None = None
    for down, across, cost in _options(kind, horizontal, vertical, anywhere=inside is not None):
        top = {"top": edge, "middle": (height - size_hw[0]) // 2, "bottom": height - edge - size_hw[0]}[down]
        left = {"left": edge, "center": (width - size_hw[1]) // 2, "right": width - edge - size_hw[1]}[across]
        box = (
            slice(max(0, top + margin_px), max(1, top + size_hw[0] - margin_px)),
            slice(max(0, left + margin_px), max(1, left + size_hw[1] - margin_px)),
        )
        cost += _COST_OF_DETAIL * float(detail[box].mean())
        cost += _COST_OF_SUBJECT * float(avoid[box].mean()) if avoid is not None else 0.0
        cost += _COST_OUTSIDE * (1.0 - float(inside[box].mean())) if inside is not None else 0.0
        if best is None or cost < best[0]:
            name = (
                "the middle"
                if (down, across) == ("middle", "center")
                else f"the {down} {across}".replace(" center", "").replace("middle ", "")
            )
            best = cost, Spot(top, left, name)
    assert best is not None
    return best[1]


def _options(
    kind: LetteringKind, horizontal: Horizontal | None, vertical: Vertical | None, *, anywhere: bool
) -> list[tuple[Vertical, Horizontal, float]]:
    """Return the places that are left open, each with its own cost."""
    if horizontal == "center" and vertical is None:
        return [("middle", "center", 0.0)]
    preferred = _PREFERENCES[LetteringKind.TEXT if horizontal or vertical or anywhere else kind]
    options = [
        (down, across, cost)
        for down, across, cost in preferred
        if down == (vertical or down) and across == (horizontal or across)
    ]
    if vertical is not None and horizontal is None:  # "at the top" is the middle of the top, whatever stands there
        options = [option for option in options if option[1] == "center"]
    return options


def _detail(pixels: Pixels) -> FloatImage:
    """Return how busy the picture is, (H, W) float32, about 0 (plain) to 1: mean steps of lightness."""
    lightness = srgb8_to_oklab(np.ascontiguousarray(pixels[..., :3]))[..., 0].astype(np.float32)
    steps = np.abs(lightness - cv2.GaussianBlur(lightness, (0, 0), 4.0))
    return np.asarray(np.clip(cv2.blur(steps, (31, 31)) * 8.0, 0.0, 1.0), dtype=np.float32)
