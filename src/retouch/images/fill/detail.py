"""From the finest level to the picture's own size: the matches are carried over, so that detail is copied from full size."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage, Pixels
from retouch.images.color import linear_to_srgb, oklab_to_linear_in_gamut, to_float, to_uint8
from retouch.images.fill.gradient import Differences, integrate
from retouch.images.fill.levels import CHROMA_GAIN, COLORS, RADIUS, Level
from retouch.images.fill.match import Matches
from retouch.images.masks import bounding_box

__all__ = ["carry_to_full_size"]

Box = tuple[slice, slice]

MARGIN_PX: Final = 4
RIM_REACH_SHARE: Final = 0.1
"""How far the colors of the rim are felt in the hole, as a share of the picture's long side."""
INNER_REACH_SHARE: Final = 0.02
"""Deep in the hole only seams are smoothed: differences alone would add up to colors that nothing around has."""


def carry_to_full_size(pixels: Pixels, hole: npt.NDArray[np.bool_], level: Level, matches: Matches) -> Pixels:
    """Return the picture with its hole filled; bit-identical outside.

    Notes
    -----
    Each pixel's differences to its neighbors are those at the place that its match points at; where two neighbors come from
    different places, the mean of both is taken. Integrated from the rim, they show no seam; at large the level's colors hold.
    """
    box = bounding_box(hole.astype(np.float32), margin_px=MARGIN_PX)
    assert box is not None
    source = to_float(pixels)
    rows, cols = _places(box, level, matches, hole.shape)
    start = np.where(hole[box][..., None], _decode(level, box, hole.shape), source[box])
    wanted = Differences(
        _mean_difference(source, rows, cols, (0, 1)),
        _mean_difference(source, rows, cols, (1, 0)),
    )
    found = integrate(start.astype(np.float32), hole[box], wanted, _reach(hole[box], max(hole.shape)))
    result = pixels.copy()
    result[box] = np.where(hole[box][..., None], to_uint8(found), pixels[box])
    return result


def _reach(hole: npt.NDArray[np.bool_], long_side_px: int) -> FloatImage:
    """Return how far colors may part from the level's: far at the rim, where they must meet the picture, little inside."""
    rim, inner = RIM_REACH_SHARE * long_side_px, max(2.0, INNER_REACH_SHARE * long_side_px)
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(inner + (rim - inner) * np.exp(-depth / rim), dtype=np.float32)


def _places(box: Box, level: Level, matches: Matches, shape_hw: tuple[int, ...]) -> tuple[FloatImage, FloatImage]:
    """Return for each pixel of the box the row and column that it is copied from; its own where nothing is missing."""
    inner = level.hole.shape[0] - 2 * RADIUS, level.hole.shape[1] - 2 * RADIUS
    scale = shape_hw[0] / inner[0], shape_hw[1] / inner[1]
    rows, cols = np.arange(box[0].start, box[0].stop), np.arange(box[1].start, box[1].stop)
    at_rows = np.minimum(((rows + 0.5) / scale[0]).astype(np.intp), inner[0] - 1) + RADIUS
    at_cols = np.minimum(((cols + 0.5) / scale[1]).astype(np.intp), inner[1] - 1) + RADIUS
    at = np.ix_(at_rows, at_cols)
    down = np.where(level.targets[at], matches.rows[at] - at_rows[:, None], 0) * scale[0]
    right = np.where(level.targets[at], matches.cols[at] - at_cols[None], 0) * scale[1]
    from_rows = np.clip(np.rint(rows[:, None] + down), 0, shape_hw[0] - 1)
    from_cols = np.clip(np.rint(cols[None] + right), 0, shape_hw[1] - 1)
    return from_rows.astype(np.float32), from_cols.astype(np.float32)


def _mean_difference(source: FloatImage, rows: FloatImage, cols: FloatImage, step: tuple[int, int]) -> FloatImage:
    """Return what the next pixel differs by: as at the place of this pixel, and as at the place of the next one, on average."""

    def at(add_rows: int, add_cols: int) -> FloatImage:
        near_rows, near_cols = rows + np.float32(add_rows), cols + np.float32(add_cols)
        near = cv2.remap(source, near_cols, near_rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(near, dtype=np.float32)

    here = at(0, 0)
    ahead = at(*step) - here
    behind = here - at(-step[0], -step[1])
    # The next pixel's own difference to the one before it.
    ahead += np.roll(behind, (-step[0], -step[1]), axis=(0, 1))
    ahead *= np.float32(0.5)
    return ahead


def _decode(level: Level, box: Box, shape_hw: tuple[int, ...]) -> FloatImage:
    """Return the level's colors over the box at full size: float32 [0, 1], sRGB."""
    lab = level.image[RADIUS:-RADIUS, RADIUS:-RADIUS, :COLORS].copy()
    lab[..., 1:] /= CHROMA_GAIN
    colors = linear_to_srgb(oklab_to_linear_in_gamut(lab))
    full = cv2.resize(colors, (shape_hw[1], shape_hw[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full[box], dtype=np.float32)
