"""Voting: each pixel of the hole becomes the mean of what the patches around it were matched with."""

from typing import Final

import numpy as np

from retouch.images.array_types import FloatImage
from retouch.images.fill.levels import RADIUS, Level
from retouch.images.fill.match import Matches

__all__ = ["vote"]

QUANTILE: Final = 0.75
"""The distance below which three patches in four lie sets how fast a worse match loses its vote (Wexler et al. 2007)."""
SHARPNESS_PX: Final = 2.0
"""Standard deviation, in pixels, by which a patch speaks less for what is far from its center."""
FEW_PIXELS: Final = 12_000
"""Up to this many pixels every patch that covers one has a say in it; of more, every other or every fourth."""


def vote(level: Level, matches: Matches, distances: FloatImage | None, *, coarse: bool = False) -> None:
    """Set the colors of a level's hole from its matches.

    Parameters
    ----------
    level : Level
        Its ``image`` is changed inside the hole.
    matches : Matches
    distances : (h, w) float32, optional
        How badly each match fits; None counts all alike.
    coarse : bool
        Only the colors at large are asked for: a few of the patches that cover a pixel are enough.
    """
    height, width = level.hole.shape
    weights = level.confidence.copy()
    if distances is not None:
        scale = max(float(np.quantile(distances[level.targets], QUANTILE)), 1e-6)
        weights = weights * np.exp(-distances / (2.0 * scale))
    weights = (np.where(level.targets, weights + 1e-6, 0.0)).astype(np.float32).ravel()
    sources = (matches.rows * width + matches.cols).ravel().astype(np.int32)
    colors = np.ascontiguousarray(level.image[..., : level.voted]).reshape(height * width, level.voted)
    holes = np.flatnonzero(level.hole).astype(np.int32)
    total = np.zeros((holes.size, level.voted), np.float32)
    mass = np.zeros(holes.size, np.float32)
    for down, right in _taps(holes.size, coarse=coarse):
        step = down * width + right
        nearness = np.float32(np.exp(-(down * down + right * right) / (2.0 * SHARPNESS_PX**2)))
        centers = holes - np.int32(step)
        weight = weights.take(centers) * nearness
        votes = colors.take(sources.take(centers) + np.int32(step), axis=0)
        votes *= weight[:, None]
        total += votes
        mass += weight
    total /= np.maximum(mass, 1e-9)[:, None]
    rows, cols = np.divmod(holes, width)
    level.image[rows, cols, : level.voted] = total
    level.reflect_border()


def _taps(count: int, *, coarse: bool) -> list[tuple[int, int]]:
    """Return how far the centers of the patches that are asked lie from a pixel."""
    reach = range(-RADIUS, RADIUS + 1)
    taps = [(down, right) for down in reach for right in reach]
    if count <= FEW_PIXELS:
        return taps
    if coarse:
        return [(down, right) for down, right in taps if down % 2 == right % 2 == 0]
    return [(down, right) for down, right in taps if (down + right) % 2 == 0]
