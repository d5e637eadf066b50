"""Parts of a picture by their place alone: "the left half", "the top right corner", "the center"."""

from typing import Final

import numpy as np

from retouch.editor.instructions.plan import Target
from retouch.images.array_types import FloatImage, Mask
from retouch.images.masks import smoothstep

__all__ = ["draw_foreground", "draw_region"]

_SOFT: Final = 0.05
"""Half the width of a region's edge, as a share of the picture's side."""
_SHARES: Final = {"corner": 1 / 3, "third": 1 / 3, "edge": 1 / 5, "border": 1 / 5, "side": 1 / 3, "quarter": 1 / 2}
"""How much of a side the words take; any other takes half."""


def draw_region(target: Target, size_hw: tuple[int, int]) -> Mask:
    """Draw a region that is named by its place: (H, W) float32 [0, 1], 1 inside, with soft edges towards the rest.

    "center" and "middle" are the half in between, along their axis; both together an ellipse.
    """
    words = target.phrase.lower().split()
    share = next((size for word, size in _SHARES.items() if word in words or f"{word}s" in words), 0.5)
    height, width = size_hw
    if target.horizontal == "center" and target.vertical in ("middle", None) and "third" not in words:
        return _ellipse(size_hw)
    down = _band(height, {"top": "start", "middle": "middle", "bottom": "end"}.get(target.vertical or ""), share)
    across = _band(width, {"left": "start", "center": "middle", "right": "end"}.get(target.horizontal or ""), share)
    return np.asarray(down[:, None] * across[None, :], dtype=np.float32)


def draw_foreground(sky: Mask | None, horizon_row: float | None, size_hw: tuple[int, int]) -> Mask:
    """Draw what is near in a picture without a main subject: (H, W) float32 [0, 1], all below the horizon, softly from there.

    Without a horizon it begins at the middle of the picture. The sky is left out wherever it reaches.
    """
    height = size_hw[0]
    start = 0.5 if horizon_row is None else float(np.clip(horizon_row / height, 0.2, 0.8))
    at = (np.arange(height, dtype=np.float32) + 0.5) / height
    near = smoothstep(start - _SOFT, min(start + 3 * _SOFT, 1.0), at)[:, None]
    free = np.ones(size_hw, np.float32) if sky is None else 1.0 - sky
    return np.asarray(near * free, dtype=np.float32)


def _band(length: int, place: str | None, share: float) -> FloatImage:
    """Return a soft band over a side of the picture: (length,) float32."""
    at = (np.arange(length, dtype=np.float32) + 0.5) / length
    if place is None:
        return np.ones(length, np.float32)
    if place == "middle":
        from_middle = np.abs(at - 0.5)
        return np.asarray(1.0 - smoothstep(share / 2 - _SOFT, share / 2 + _SOFT, from_middle), dtype=np.float32)
    if place == "end":
        at = 1.0 - at
    return np.asarray(1.0 - smoothstep(share - _SOFT, share + _SOFT, at), dtype=np.float32)


def _ellipse(size_hw: tuple[int, int]) -> Mask:
    rows, columns = ((np.arange(side, dtype=np.float32) + 0.5) / side - 0.5 for side in size_hw)
    away = np.sqrt((rows[:, None] / 0.3) ** 2 + (columns[None, :] / 0.3) ** 2)
    return np.asarray(1.0 - smoothstep(0.85, 1.15, away), dtype=np.float32)
