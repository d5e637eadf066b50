"""The pyramid: what is compared at each size, where the hole is, and which patches may be copied."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage, Pixels
from retouch.images.color import srgb8_to_oklab
from retouch.images.filters import resize_float

__all__ = ["RADIUS", "WORKING_SIDE_PX", "Level", "build_levels", "layering"]

Bools = npt.NDArray[np.bool_]

RADIUS: Final = 3
"""Patches are 7 x 7."""
WORKING_SIDE_PX: Final = 620
MOST_PIXELS: Final = 90_000
"""Of the hole at the finest level; a larger hole, which can only be a guess, is solved at a smaller size."""
COARSEST_SIDE_PX: Final = 40
STEP: Final = 1.55
CHROMA_GAIN: Final = 2.0
"""Oklab's a and b count this much more than L, or the grain of a surface would outweigh its hue."""
TEXTURE_GAIN: Final = 2.0
GUIDE_GAIN: Final = 0.5
MIN_PATCHES: Final = 30
KNOWN_SHARE: Final = 0.5
COLORS: Final = 3
TEXTURES: Final = 2


@dataclass(slots=True)
class Level:
    """One size of the picture, with a margin of ``RADIUS`` on all sides so that every patch is whole.

    Attributes
    ----------
    image : (h, w, C) float32
        Oklab L, twice a and b, two measures of texture, then the guide. In the hole it is what was found so far.
    hole : (h, w) bool
    targets : (h, w) bool
        Centers of the patches that touch the hole.
    usable : (h, w) bool
        Centers of the patches that may be copied.
    confidence : (h, w) float32 (0, 1]
        1 outside the hole, less towards its middle.
    voted : int
        How many channels of ``image`` are found by voting; the rest (the guide) is given.
    """

    image: FloatImage
    hole: Bools
    targets: Bools
    usable: Bools
    confidence: FloatImage
    voted: int

    def reflect_border(self) -> None:
        """Mirror the picture into the margin again: where the hole reaches the border, the margin is of what was found."""
        image = self.image
        image[:RADIUS] = image[2 * RADIUS : RADIUS : -1]
        image[-RADIUS:] = image[-RADIUS - 2 : -2 * RADIUS - 2 : -1]
        image[:, :RADIUS] = image[:, 2 * RADIUS : RADIUS : -1]
        image[:, -RADIUS:] = image[:, -RADIUS - 2 : -2 * RADIUS - 2 : -1]


def build_levels(
    pixels: Pixels,
    hole: Bools,
    sources: Bools | None,
    guide: FloatImage | None,
    working_side_px: int = WORKING_SIDE_PX,
) -> list[Level]:
    """Return the levels, coarsest first; those too small to hold a few whole patches outside the hole are left out."""
    allowed = ~hole if sources is None else sources & ~hole
    lab = srgb8_to_oklab(pixels)
    lab[..., 1:] *= CHROMA_GAIN
    channels = [lab] if guide is None else [lab, GUIDE_GAIN * guide.reshape(*guide.shape[:2], -1).astype(np.float32)]
    share = float(np.sqrt(MOST_PIXELS / max(1, int(hole.sum()))))
    side_px = min(working_side_px, max(COARSEST_SIDE_PX, round(share * max(hole.shape))))
    sizes = _sizes((hole.shape[0], hole.shape[1]), side_px)
    for choice in (allowed, ~hole):
        levels = [_build_level(channels, hole, choice, size_hw, finest=size_hw == sizes[-1]) for size_hw in sizes]
        kept = [level for level in levels if int(level.usable.sum()) >= MIN_PATCHES and level.hole.any()]
        if kept and kept[-1] is levels[-1]:
            return kept
    return []


def _sizes(shape_hw: tuple[int, int], working_side_px: int) -> list[tuple[int, int]]:
    """Return (rows, columns) of all levels, coarsest first."""
    scale = min(1.0, working_side_px / max(shape_hw))
    sizes = []
    while True:
        rows, columns = max(1, round(shape_hw[0] * scale)), max(1, round(shape_hw[1] * scale))
        sizes.append((rows, columns))
        scale /= STEP
        if max(shape_hw) * scale < COARSEST_SIDE_PX or min(shape_hw) * scale < 4 * RADIUS:
            return sizes[::-1]


def _build_level(
    channels: list[FloatImage], hole: Bools, allowed: Bools, size_hw: tuple[int, int], *, finest: bool
) -> Level:
    lab, *rest = channels
    known = (~hole).astype(np.float32)
    share = resize_float(known, size_hw)
    small_hole = share < (1.0 - 1e-3 if finest else KNOWN_SHARE)
    colors = resize_float(lab * known[..., None], size_hw) / np.maximum(share, 1e-6)[..., None]
    texture = _texture(colors[..., 0], ~small_hole)
    given = [resize_float(extra, size_hw).reshape(*size_hw, -1) for extra in rest]
    image = np.dstack([colors, texture, *given]).astype(np.float32)
    image[small_hole, : COLORS + TEXTURES] = 0.0
    may_copy = (resize_float(allowed.astype(np.float32), size_hw) > 1.0 - 1e-3) & ~small_hole
    image = cv2.copyMakeBorder(image, RADIUS, RADIUS, RADIUS, RADIUS, cv2.BORDER_REFLECT_101)
    padded_hole = _pad(small_hole, cv2.BORDER_REFLECT_101)
    window = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)
    inside = _pad(np.ones(size_hw, bool), cv2.BORDER_CONSTANT)
    true_hole = padded_hole & inside
    targets = (cv2.dilate(true_hole.astype(np.uint8), window) > 0) & inside
    usable = cv2.erode(_pad(may_copy, cv2.BORDER_CONSTANT).astype(np.uint8), window) > 0
    depth = cv2.distanceTransform(padded_hole.astype(np.uint8), cv2.DIST_L2, 5)
    confidence = np.maximum(1.3 ** (-depth), 1e-3).astype(np.float32)
    return Level(image, true_hole, targets, usable, confidence, COLORS + TEXTURES)


def _pad(mask: Bools, border: int) -> Bools:
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), RADIUS, RADIUS, RADIUS, RADIUS, border)
    return np.asarray(padded > 0)


def _texture(lightness: FloatImage, known: Bools) -> FloatImage:
    """Return (h, w, 2): how much the lightness changes across and down, on average around each pixel."""
    across = np.abs(np.diff(lightness, axis=1, append=lightness[:, -1:]))
    down = np.abs(np.diff(lightness, axis=0, append=lightness[-1:]))
    weight = cv2.erode(known.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    side = (4 * RADIUS + 1, 4 * RADIUS + 1)
    total = cv2.blur(weight, side)
    changes = [cv2.blur(change * weight, side) / np.maximum(total, 1e-3) for change in (across, down)]
    return np.asarray(TEXTURE_GAIN * np.dstack(changes), dtype=np.float32)


def layering(level: Level) -> float:
    """Return how far the known colors of a level go by height: 0 (not at all, as on a table top) to 1 (sky, sea, sand).

    It is the share of their variance that the means of the rows explain, 0.2 and less counted as chance.
    """
    known = ~level.hole[RADIUS:-RADIUS, RADIUS:-RADIUS]
    colors = level.image[RADIUS:-RADIUS, RADIUS:-RADIUS, :COLORS]
    counts = known.sum(axis=1)
    if not (counts > 0).any():
        return 0.0
    means = (colors * known[..., None]).sum(axis=1) / np.maximum(counts, 1)[:, None]
    mean = (means * counts[:, None]).sum(axis=0) / counts.sum()
    between = float((((means - mean) ** 2).sum(axis=1) * counts).sum())
    total = float((((colors - mean) ** 2).sum(axis=2) * known).sum())
    share = between / max(total, 1e-9)
    return float(np.clip((share - 0.2) / 0.3, 0.0, 1.0))
