"""From the finest level to the picture's own size: the matches are carried over, so that detail is copied from full size."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage, Pixels
from retouch.images.color import linear_to_srgb, oklab_to_linear_in_gamut, to_float, to_uint8
from retouch.images.fill.diffusion import spread
from retouch.images.fill.levels import CHROMA_GAIN, COLORS, RADIUS, Level
from retouch.images.fill.match import Matches
from retouch.images.masks import bounding_box, grow_mask

__all__ = ["carry_to_full_size"]

RIM_PX: Final = 2.0
"""How far around the hole, in pixels of the finest level, what was found is compared with what is there."""
TONE_SIGMA: Final = 2.5
"""What is coarser than this, in pixels of the finest level, comes from the level; what is finer, from the copied pixels."""


def carry_to_full_size(pixels: Pixels, hole: npt.NDArray[np.bool_], level: Level, matches: Matches) -> Pixels:
    """Return the picture with its hole filled; bit-identical outside."""
    inner_h, inner_w = level.hole.shape[0] - 2 * RADIUS, level.hole.shape[1] - 2 * RADIUS
    scale = hole.shape[0] / inner_h, hole.shape[1] / inner_w
    rim = max(2, round(RIM_PX * max(scale)))
    box = bounding_box(hole.astype(np.float32), margin_px=4 * rim)
    assert box is not None
    source = to_float(pixels)
    known = to_float(pixels[box])
    copied = _copy_pixels(source, box, level, matches, scale)
    low = _decode(level, box, hole.shape[:2])
    sigma = TONE_SIGMA * max(scale)
    found = copied + cv2.GaussianBlur(low - copied, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    cut = hole[box]
    found = _meet_the_rim(found, known, cut, rim)
    result = pixels.copy()
    result[box] = np.where(cut[..., None], to_uint8(found), pixels[box])
    return result


def _copy_pixels(
    source: FloatImage, box: tuple[slice, slice], level: Level, matches: Matches, scale: tuple[float, float]
) -> FloatImage:
    """Return the box with each pixel copied from where the four nearest matches of the level point, blended bilinearly."""
    height, width = source.shape[:2]
    rows, cols = np.arange(box[0].start, box[0].stop), np.arange(box[1].start, box[1].stop)
    level_rows, level_cols = (rows + 0.5) / scale[0] - 0.5, (cols + 0.5) / scale[1] - 0.5
    top, left = np.floor(level_rows).astype(np.intp), np.floor(level_cols).astype(np.intp)
    down, right = (level_rows - top).astype(np.float32), (level_cols - left).astype(np.float32)
    flat = source.reshape(-1, source.shape[2])
    blended = np.zeros((rows.size, cols.size, source.shape[2]), np.float32)
    for row_step, row_share in ((0, 1.0 - down), (1, down)):
        at_rows = np.clip(top + row_step, 0, level.hole.shape[0] - 2 * RADIUS - 1) + RADIUS
        for col_step, col_share in ((0, 1.0 - right), (1, right)):
            at_cols = np.clip(left + col_step, 0, level.hole.shape[1] - 2 * RADIUS - 1) + RADIUS
            at = np.ix_(at_rows, at_cols)
            shift_rows = np.where(level.targets[at], matches.rows[at] - at_rows[:, None], 0) * scale[0]
            shift_cols = np.where(level.targets[at], matches.cols[at] - at_cols[None], 0) * scale[1]
            from_rows = np.clip(np.rint(rows[:, None] + shift_rows), 0, height - 1).astype(np.intp)
            from_cols = np.clip(np.rint(cols[None] + shift_cols), 0, width - 1).astype(np.intp)
            share = row_share[:, None] * col_share[None]
            blended += share[..., None] * flat[from_rows * width + from_cols]
    return blended


def _decode(level: Level, box: tuple[slice, slice], shape_hw: tuple[int, int]) -> FloatImage:
    """Return the level's colors over the box at full size: float32 [0, 1], sRGB."""
    lab = level.image[RADIUS:-RADIUS, RADIUS:-RADIUS, :COLORS].copy()
    lab[..., 1:] /= CHROMA_GAIN
    colors = linear_to_srgb(oklab_to_linear_in_gamut(lab))
    full = cv2.resize(colors, (shape_hw[1], shape_hw[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(full[box], dtype=np.float32)


def _meet_the_rim(found: FloatImage, known: FloatImage, cut: npt.NDArray[np.bool_], rim: int) -> FloatImage:
    """Spread the difference along the hole's rim into it, so that no step shows there."""
    near = grow_mask(cut.astype(np.float32), rim) > 0
    ring = (near & ~cut).astype(np.float32)
    if not ring.any():
        return found
    difference = cv2.GaussianBlur((known - found) * ring[..., None], (0, 0), rim, borderType=cv2.BORDER_REFLECT)
    mass = cv2.GaussianBlur(ring, (0, 0), rim, borderType=cv2.BORDER_REFLECT)
    smooth = difference / np.maximum(mass, 1e-3)[..., None]
    return found + spread(smooth, ring)
