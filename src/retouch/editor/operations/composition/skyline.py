"""How far a picture is tilted, from the line in which its sky ends.

References
----------
M. A. Fischler, R. C. Bolles, "Random sample consensus", Communications of the ACM 24(6), 1981.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.operations.composition.tilt import MAX_TILT_DEGREES, Tilt
from retouch.images.array_types import Mask
from retouch.images.filters import resize_float

__all__ = ["agree", "tilt_of_skyline"]

Floats = npt.NDArray[np.float64]

_LONG_SIDE_PX: Final = 1000
_WIDTH: Final = 0.5
"""Share of the picture's width in which the sky's end must be seen."""
_ON_LINE: Final = 0.9
"""Share of it that lies on one line: mountains and roofs do not."""
_TOLERANCE: Final = 0.003
_BASE: Final = 0.15
"""Least distance, as a share of the width, of the two places that a line is tried through."""
_TRIALS: Final = 200
_SAME_DEGREES: Final = 1.5


def tilt_of_skyline(sky: Mask, matte: Mask) -> Tilt | None:
    """Return how far the line is tilted in which a sky ends, None where it ends in no line.

    Parameters
    ----------
    sky : (H, W) float32 [0, 1]
    matte : (H, W) float32 [0, 1]
        Of the main subject, whose outline is no skyline.

    Notes
    -----
    The sky's lowest pixels, but for those above the subject; the line that most of them lie on, fitted to these. O(W).
    """
    scale = min(1.0, _LONG_SIDE_PX / max(sky.shape))
    size_hw = max(2, round(sky.shape[0] * scale)), max(2, round(sky.shape[1] * scale))
    x, y = _lower_border(resize_float(sky, size_hw) > 0.5, resize_float(matte, size_hw) > 0.3)
    if x.size < _WIDTH * size_hw[1]:
        return None
    on_line = _on_best_line(x, y, tolerance=max(1.5, _TOLERANCE * max(size_hw)), base=_BASE * size_hw[1])
    share = float(on_line.mean())
    if share < _ON_LINE:
        return None
    slope = float(np.polyfit(x[on_line], y[on_line], 1)[0])
    degrees = float(np.degrees(np.arctan(slope)))
    return None if abs(degrees) > MAX_TILT_DEGREES else Tilt(round(degrees, 2), round(share, 3), "level")


def agree(lines: Tilt | None, skyline: Tilt | None) -> Tilt | None:
    """Return what lines and skyline say together.

    A skyline outweighs level lines, which may be a chair's. Where upright lines contradict it, it may be a roof that runs into
    the depth, and nothing is sure.
    """
    if skyline is None or lines is None:
        return skyline or lines
    if abs(lines.degrees - skyline.degrees) <= _SAME_DEGREES or lines.lines == "level":
        return skyline
    return None


def _lower_border(sky: npt.NDArray[np.bool_], subject: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return x and y of the lowest pixels of the sky, but for columns that end at the subject or at the picture's border."""
    height = sky.shape[0]
    lowest = height - 1 - np.argmax(sky[::-1], axis=0)
    reach = 2 * round(0.007 * max(sky.shape)) + 1
    near = cv2.dilate(subject.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    columns = np.arange(sky.shape[1])
    below = np.minimum(lowest + 4, height - 1)
    free = sky.any(axis=0) & (lowest < height - 3) & ~near[below, columns]
    return columns[free].astype(np.float64), lowest[free].astype(np.float64)


def _on_best_line(x: Floats, y: Floats, *, tolerance: float, base: float) -> npt.NDArray[np.bool_]:
    """Return which points lie on the line that most of them lie on, of those through two of a fixed draw of points."""
    draw = np.random.default_rng(0).integers(x.size, size=(_TRIALS, 2))
    draw = draw[np.abs(x[draw[:, 0]] - x[draw[:, 1]]) >= base]
    if len(draw) == 0:
        return np.zeros(x.size, bool)
    first, second = draw[:, 0], draw[:, 1]
    slopes = (y[second] - y[first]) / (x[second] - x[first])
    away = np.abs(y[None] - y[first][:, None] - slopes[:, None] * (x[None] - x[first][:, None]))
    near = away < tolerance
    return np.asarray(near[int(near.sum(axis=1).argmax())])
