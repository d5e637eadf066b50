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


def vote(level: Level, matches: Matches, distances: FloatImage | None) -> None:
    """Set the colors of a level's hole from its matches.

    Parameters
    ----------
    level : Level
        Its ``image`` is changed inside the hole.
    matches : Matches
    distances : (h, w) float32, optional
        How badly each match fits; None counts all alike.
    """
    height, width = level.hole.shape
    weights = level.confidence.copy()
    if distances is not None:
        scale = max(float(np.quantile(distances[level.targets], QUANTILE)), 1e-6)
        weights = weights * np.exp(-distances / (2.0 * scale))
    weights = (np.where(level.targets, weights + 1e-6, 0.0)).astype(np.float32).ravel()
    sources = (matches.rows * width + matches.cols).ravel()
    colors = np.ascontiguousarray(level.image[..., : level.voted]).reshape(height * width, level.voted)
    holes = np.flatnonzero(level.hole)
    total = np.zeros((holes.size, level.voted), np.float32)
    mass = np.zeros(holes.size, np.float32)
    for down in range(-RADIUS, RADIUS + 1):
        for right in range(-RADIUS, RADIUS + 1):
            step = down * width + right
            nearness = np.float32(np.exp(-(down * down + right * right) / (2.0 * SHARPNESS_PX**2)))
            weight = weights[holes - step] * nearness
            total += weight[:, None] * colors[sources[holes - step] + step]
            mass += weight
    found = total / np.maximum(mass, 1e-9)[:, None]
    rows, cols = np.divmod(holes, width)
    level.image[rows, cols, : level.voted] = found
