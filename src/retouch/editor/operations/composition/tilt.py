"""How far a picture is tilted, from its lines.

References
----------
R. Grompone von Gioi et al., "LSD: a Line Segment Detector", Image Processing On Line 2, 2012.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import Mask, Pixels
from retouch.images.filters import resize_float
from retouch.images.geometry import bound_pixels

__all__ = ["MAX_TILT_DEGREES", "Tilt", "estimate_tilt"]

Floats = npt.NDArray[np.float64]

MAX_TILT_DEGREES: Final = 15.0
"""More than this is not taken for a slip of the hand."""
_LONG_SIDE_PX: Final = 1000
_SCALES: Final = (1.0, 0.35)
"""A soft or distant horizon is a line only at a small size."""
_SHORTEST_SHARE: Final = 0.025
_JOINED_PX: Final = 3.0
_BIN_DEGREES: Final = 0.05
_SPREAD_DEGREES: Final = 0.35
_LEAST_LENGTH_SHARE: Final = 0.45
"""How much line must speak for the tilt, as a share of the long side: one good horizon, or a few walls."""
_LEAST_PEAK_SHARE: Final = 0.25
"""Of lines at all angles a fifteenth would agree by chance."""
_MOST_RIVAL: Final = 0.72
"""Another angle that has more than this of the votes makes the picture ambiguous."""
_SUBJECT_WEIGHT: Final = 0.3
"""A house speaks for the tilt, a dog does not: lines on the subject count, but less."""
_NEAR_DEGREES: Final = 1.0


@dataclass(frozen=True, slots=True)
class Tilt:
    """How a picture is turned.

    Attributes
    ----------
    degrees : float
        Clockwise positive: the picture must be turned back by so much.
    confidence : float
        0 to 1: the share of the lines that agree.
    lines : {"level", "upright", "level and upright"}
        What speaks for it.
    """

    degrees: float
    confidence: float
    lines: str


def estimate_tilt(pixels: Pixels, apart: Mask | None = None) -> Tilt | None:
    """Return how far a picture is tilted, None where its lines do not say it.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    apart : (H, W) float32 [0, 1], optional
        Whose lines say less: a subject stands as it likes.

    Notes
    -----
    Line segments within 15 degrees of level or upright vote for their angle with their length; collinear ones count as one long
    line and so for more than their sum, as a horizon does that foliage interrupts. Lines that run into the depth, or converge
    upwards, spread over many angles; what the camera's roll turns alike piles up. The peak must hold enough length and stand out
    from the rest.
    """
    gray = cv2.cvtColor(bound_pixels(pixels, _LONG_SIDE_PX), cv2.COLOR_RGB2GRAY)
    long_side = max(gray.shape)
    segments = np.concatenate([_segments(gray, scale) for scale in _SCALES])
    if len(segments) == 0:
        return None
    angles, lengths, upright = _angles(segments)
    near = (np.abs(angles) <= MAX_TILT_DEGREES) & (lengths >= _SHORTEST_SHARE * long_side)
    angles, lengths, upright, segments = angles[near], lengths[near], upright[near], segments[near]
    if len(angles) == 0:
        return None
    weights = _weights(segments, angles, lengths, upright, long_side)
    if apart is not None:
        free = _lie_outside(segments, resize_float(apart, (gray.shape[0], gray.shape[1])))
        weights = weights * np.where(free, 1.0, _SUBJECT_WEIGHT)
    peak, votes, rival = _peak(angles, weights)
    agreeing = np.abs(angles - peak) <= _NEAR_DEGREES
    share = float(weights[agreeing].sum() / weights.sum())
    length = float(lengths[agreeing].sum())
    if length < _LEAST_LENGTH_SHARE * long_side or share < _LEAST_PEAK_SHARE or rival > _MOST_RIVAL * votes:
        return None
    down, across = lengths[agreeing & upright].sum(), lengths[agreeing & ~upright].sum()
    lines = "level" if across > 4 * down else "upright" if down > 4 * across else "level and upright"
    return Tilt(round(peak, 2), round(min(1.0, share * 1.5), 3), lines)


def _segments(gray: npt.NDArray[np.uint8], scale: float) -> Floats:
    """Return the (n, 4) segments x, y, x, y found at a reduced size, in pixels of the full one."""
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else gray
    detector = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD)
    found = detector.detect(cv2.GaussianBlur(small, (0, 0), 0.8))[0]
    return np.zeros((0, 4)) if found is None else np.asarray(found.reshape(-1, 4) / scale, dtype=np.float64)


def _lie_outside(segments: Floats, mask: Mask) -> npt.NDArray[np.bool_]:
    """Return which segments lie outside of a mask with both ends and the middle."""
    height, width = mask.shape
    outside = np.ones(len(segments), np.bool_)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = segments[:, 0] + share * (segments[:, 2] - segments[:, 0])
        y = segments[:, 1] + share * (segments[:, 3] - segments[:, 1])
        column, row = np.clip(x.astype(int), 0, width - 1), np.clip(y.astype(int), 0, height - 1)
        outside &= mask[row, column] < 0.3
    return outside


def _angles(segments: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Return each segment's angle from level or upright (degrees, clockwise positive), its length, and whether it is upright."""
    dx, dy = segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1]
    lengths = np.hypot(dx, dy)
    degrees = np.degrees(np.arctan2(dy, dx))
    level = (degrees + 90.0) % 180.0 - 90.0
    upright = np.abs(level) > 45.0
    from_upright = np.where(level > 0, level - 90.0, level + 90.0)
    return np.where(upright, from_upright, level), lengths, upright


def _weights(
    segments: Floats, angles: Floats, lengths: Floats, upright: npt.NDArray[np.bool_], long_side: int
) -> Floats:
    """Return each segment's vote: its length, times how much of the picture its line runs through, with its neighbors on it."""
    middle_x, middle_y = (segments[:, 0] + segments[:, 2]) / 2, (segments[:, 1] + segments[:, 3]) / 2
    radians = np.radians(angles)
    across = np.where(upright, middle_x, middle_y)
    along = np.where(upright, middle_y, middle_x)
    offset = np.where(upright, across + along * np.tan(radians), across - along * np.tan(radians))
    same_line = (
        (np.abs(offset[:, None] - offset[None]) < _JOINED_PX)
        & (np.abs(angles[:, None] - angles[None]) < _NEAR_DEGREES)
        & (upright[:, None] == upright[None])
    )
    joined = same_line @ lengths
    return np.asarray(lengths * (0.15 + np.minimum(joined / long_side, 1.0)) ** 1.5)


def _peak(angles: Floats, weights: Floats) -> tuple[float, float, float]:
    """Return the angle at which the smoothed votes are highest, how high, and how high they are well away from it."""
    grid = np.arange(-MAX_TILT_DEGREES, MAX_TILT_DEGREES + _BIN_DEGREES, _BIN_DEGREES)
    votes = (weights[:, None] * np.exp(-0.5 * ((angles[:, None] - grid) / _SPREAD_DEGREES) ** 2)).sum(axis=0)
    best = int(votes.argmax())
    rivals = votes[np.abs(grid - grid[best]) > 2 * _NEAR_DEGREES]
    near = np.abs(angles - grid[best]) < 2 * _SPREAD_DEGREES
    refined = float((angles[near] * weights[near]).sum() / weights[near].sum()) if near.any() else float(grid[best])
    return refined, float(votes[best]), float(rivals.max())
