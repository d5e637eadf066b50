"""The whole of a sky, once a part of it is sure: clouds, and what lies beyond a tower or branches; not what flies in it.

What belongs to the sky has soft borders with it, whatever its color: clouds, haze, glow. What stands before it or flies in it has
crisp ones, whatever its size. So the sky grows through everything pale that no crisp edge parts from it, down to the skyline.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.graph_cut import working_size
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import srgb8_to_oklab
from retouch.images.filters import resize_float
from retouch.images.masks import smoothstep

__all__ = ["complete_sky", "solve_rim"]

BoolMask = npt.NDArray[np.bool_]

_LONG_SIDE_PX: Final = 640
_FINE_SIGMA: Final = 0.8
_COARSE_SIGMA: Final = 2.6
_CRISP_RATIO: Final = 1.75
"""How many times steeper an edge is at the fine scale than at the coarse one: 2.7 for a step, 1 for a ramp of eight pixels."""
_CRISP_STEP: Final = 0.012
"""Oklab units a pixel, below which an edge is none."""
_ALIKE: Final = 0.045
"""Oklab distance from the sky's color, continued smoothly, below which what is calm is sky wherever it is."""
_ALIKE_TONED: Final = 0.015
"""The same in black and white, where snow and walls are as gray as a sky."""
_SMOOTH: Final = 0.012
_PALE_CHROMA: Final = 0.05
_DARKER_CLOUD: Final = 0.1
_SHADED_CLOUD: Final = 0.24
_GLOWING: Final = 0.08
"""Share of warm colors in the sure part of a sky from which on it may be warm everywhere."""
_MAX_CRISP_RIM: Final = 0.5
_MAX_CRISP_CLOUD: Final = 0.85
"""How much of the outline of a hole in the sky may be crisp: of anything, and of what has a cloud's colors."""
_LARGEST_HOLE: Final = 0.05
_SPECK_PX: Final = 9
_LEVEL: Final = 0.03
_DEEPER: Final = 0.3
_TONED_SPREAD: Final = 0.02
_GAP_REACH: Final = 0.03
_SAME: Final = 0.03
_NARROW: Final = 0.006
_SUN_LIGHTNESS: Final = 0.93
_STANDS_OUT: Final = 0.06


def complete_sky(pixels: Pixels, matte: Mask, sky: Mask, *, beside_water: bool) -> Mask:
    """Grow a sure part of the sky to all of it.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]
        Of the main subject, which is no sky.
    sky : (h, w) float32, 0 or 1
    beside_water : bool
        Water has the sky's colors: nothing below the skyline is sky then.

    Returns
    -------
    (h', w') float32, 0 or 1
        At 640 px on the long side; never less than ``sky`` but where the subject is.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1], _LONG_SIDE_PX)
    lab = _small_lab(pixels, size_hw)
    subject = resize_float(matte, size_hw) > 0.5
    known = (resize_float(sky, size_hw) > 0.5) & ~subject
    above = _above_skyline(known)
    reach = above if beside_water else _above_skyline(known, deeper=_DEEPER)
    crisp = _crisp_edges(lab)
    expected = _spread(lab, known)
    away = np.linalg.norm(lab - expected, axis=2)
    toned = _is_toned(lab)
    alike = away < (_ALIKE_TONED if toned else _ALIKE)
    elsewhere = _mostly(alike & ~subject & (_steepness(lab, 1.5) < _SMOOTH), above)
    like_clouds = np.zeros_like(known) if toned else _like_clouds(lab, expected, known)
    through = (like_clouds | alike) & ~crisp & reach
    grown = _touching((known | elsewhere | through) & ~subject, known | elsewhere)
    if _is_glowing(lab, known):
        grown |= _sun(lab, expected, above & ~grown & ~known & ~subject) & above & ~subject
    return _fill_holes(grown | known, subject, crisp, like_clouds & reach).astype(np.float32)


def solve_rim(pixels: Pixels, sky: Mask) -> Mask:
    """Solve a sky's mask for what is narrow: masts, wires and twigs before it, and the gaps between them.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    sky : (H, W) float32 [0, 1]

    Returns
    -------
    (H, W) float32 [0, 1]
        Less than ``sky`` on what is narrow and unlike its surroundings, more in gaps that have the sky's very color.
    """
    lab = srgb8_to_oklab(pixels)
    expected = _spread(lab, sky > 0.9)
    away = np.linalg.norm(lab - expected, axis=2)
    reach = round(_GAP_REACH * max(sky.shape))
    near = cv2.dilate(resize_float(sky, (sky.shape[0] // 4, sky.shape[1] // 4)), _disc(max(1, reach // 4)))
    near = resize_float(np.asarray(near, np.float32), (sky.shape[0], sky.shape[1]))
    near[~_above_skyline(sky > 0.5)] = 0.0
    same = _ALIKE_TONED if _is_toned(lab[::4, ::4]) else _SAME
    gaps = np.minimum(near, smoothstep(2.0 * same, same, away))
    disc = _disc(max(2, round(_NARROW * max(sky.shape))))
    closed = cv2.morphologyEx(away, cv2.MORPH_TOPHAT, disc)
    solid = smoothstep(_STANDS_OUT, 2.5 * _STANDS_OUT, np.asarray(closed, np.float32))
    if _is_glowing(lab[::4, ::4], sky[::4, ::4] > 0.9):
        solid[_sun(lab, expected, solid > 0)] = 0.0
    return np.asarray(np.maximum(sky * (1.0 - solid), gaps), dtype=np.float32)


def _sun(lab: FloatImage, expected: FloatImage, solid: BoolMask) -> BoolMask:
    """Return what stands out from a glowing sky as the sun does: nearly white, brighter than all around it, and round."""
    bright = solid & (lab[..., 0] > _SUN_LIGHTNESS) & (lab[..., 0] > expected[..., 0] + 0.02)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bright.astype(np.uint8), connectivity=8)
    across, down = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    round_ones = (np.minimum(across, down) > 0.7 * np.maximum(across, down)) & (
        stats[:, cv2.CC_STAT_AREA] > 0.6 * across * down
    )
    round_ones[0] = False
    grown = cv2.dilate(round_ones[labels].astype(np.uint8), _disc(max(2, round(_NARROW * max(solid.shape)))))
    return np.asarray(grown > 0)


def _small_lab(pixels: Pixels, size_hw: tuple[int, int]) -> FloatImage:
    return srgb8_to_oklab(cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA))


def _above_skyline(sky: BoolMask, *, deeper: float = 0.0) -> BoolMask:
    """Return the rows in which there may be sky: to where nine tenths of its columns end, further only if that is not level.

    Parameters
    ----------
    sky : (h, w) bool
    deeper : float
        Share of the height.
    """
    above = np.zeros(sky.shape, bool)
    columns = sky.any(axis=0)
    if columns.any():
        lowest = sky.shape[0] - np.argmax(sky[::-1], axis=0)[columns]
        high, low = np.percentile(lowest, (40, 90))
        uneven = low - high > _LEVEL * sky.shape[0]
        above[: int(low + (deeper * sky.shape[0] if uneven else 0))] = True
    return above


def _like_clouds(lab: FloatImage, expected: FloatImage, sky: BoolMask) -> BoolMask:
    """Return what may be a cloud by its color: pale and not much darker than the sky; where the sky glows, warm and bright."""
    lightness, chroma = lab[..., 0], np.linalg.norm(lab[..., 1:], axis=2)
    blue = np.linalg.norm(expected[..., 1:], axis=2)
    not_dark = lightness > expected[..., 0] - _DARKER_CLOUD
    found = ((chroma < _PALE_CHROMA) & not_dark) | ((chroma < blue) & (lightness > expected[..., 0]))
    if _is_glowing(lab, sky):
        found |= (lab[..., 1] > -0.03) & (lab[..., 2] > -0.02) & not_dark
        # Against a low sun clouds are shaded: purple and gray, darker than the glow behind them.
        found |= (lab[..., 1] > -0.01) & (chroma < blue) & (lightness > expected[..., 0] - _SHADED_CLOUD)
    return np.asarray(found)


def _is_glowing(lab: FloatImage, sky: BoolMask) -> bool:
    """Return whether a good part of a sky is warm, as at a low sun."""
    warm = (lab[..., 1] > 0) & (np.linalg.norm(lab[..., 1:], axis=2) > _PALE_CHROMA)
    return bool(sky.any()) and float(warm[sky].mean()) > _GLOWING


def _is_toned(lab: FloatImage) -> bool:
    """Return whether a picture is black and white or of one tone: then snow, haze and clouds have one color."""
    tint = lab[..., 1:] - lab[..., 1:].mean(axis=(0, 1))
    return float(np.percentile(np.linalg.norm(tint, axis=2), 90)) < _TONED_SPREAD


def _crisp_edges(lab: FloatImage) -> BoolMask:
    """Return where the picture changes as fast as its lens lets it, and not gradually as clouds do."""
    fine, coarse = (_steepness(lab, sigma) for sigma in (_FINE_SIGMA, _COARSE_SIGMA))
    edges = (fine > _CRISP_STEP) & (fine > _CRISP_RATIO * coarse)
    return np.asarray(cv2.dilate(edges.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _steepness(lab: FloatImage, sigma: float) -> FloatImage:
    """Return the length of the gradient over all channels, in Oklab units a pixel, at a scale."""
    smooth = cv2.GaussianBlur(lab, (0, 0), sigma)
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, dx, 1 - dx, ksize=3) for dx in (1, 0))
    return np.asarray(np.sqrt((x * x + y * y).sum(axis=2)) / 8, dtype=np.float32)


def _spread(lab: FloatImage, known: BoolMask) -> FloatImage:
    """Return the colors of the known sky, smooth, continued everywhere."""
    weight = cv2.erode(known.astype(np.float32), np.ones((5, 5), np.uint8))
    if not weight.any():
        weight = known.astype(np.float32)
    small_hw = max(4, lab.shape[0] // 8), max(4, lab.shape[1] // 8)
    cover, colors = resize_float(weight, small_hw), resize_float(lab * weight[..., None], small_hw)
    result, done = np.zeros_like(colors), np.zeros(small_hw, np.float32)
    for sigma in (2.0, 6.0, 18.0):
        wide, smooth = cv2.GaussianBlur(cover, (0, 0), sigma), cv2.GaussianBlur(colors, (0, 0), sigma)
        take = (1.0 - done) * smoothstep(0.02, 0.2, wide)
        result += take[..., None] * smooth / np.maximum(wide, 1e-6)[..., None]
        done = done + take
    result += (1.0 - done)[..., None] * (colors.sum(axis=(0, 1)) / max(float(cover.sum()), 1e-6))
    return resize_float(result, (lab.shape[0], lab.shape[1]))


def _mostly(mask: BoolMask, above: BoolMask) -> BoolMask:
    """Keep the connected parts that lie above the skyline for the most part, and are no specks."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    sizes = np.bincount(labels.ravel())
    inside = np.bincount(labels[above], minlength=sizes.size)
    kept = (inside > 0.6 * sizes) & (sizes > 12)
    kept[0] = False
    return np.asarray(kept[labels])


def _touching(mask: BoolMask, seeds: BoolMask) -> BoolMask:
    """Keep the connected parts that hold seeds."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    held = np.bincount(labels[seeds & mask], minlength=int(labels.max()) + 1) > 0
    held[0] = False
    return np.asarray(held[labels])


def _fill_holes(sky: BoolMask, subject: BoolMask, crisp: BoolMask, like_clouds: BoolMask) -> BoolMask:
    """Add what the sky surrounds, but for balloons and birds: those have crisp outlines all around, and mostly other colors."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~sky).astype(np.uint8), connectivity=4)
    filled = sky.copy()
    for part in range(1, count):
        left, top, across, down, area = stats[part]
        if top + down == sky.shape[0] or area > _LARGEST_HOLE * sky.size:
            continue
        rows = slice(max(0, top - 2), top + down + 2)
        columns = slice(max(0, left - 2), left + across + 2)
        here = labels[rows, columns] == part
        if (here & subject[rows, columns]).any():
            continue
        rim = (cv2.dilate(here.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~here
        cloudy = float(like_clouds[rows, columns][here].mean())
        limit = _MAX_CRISP_RIM + (_MAX_CRISP_CLOUD - _MAX_CRISP_RIM) * cloudy
        if area < _SPECK_PX or float(crisp[rows, columns][rim].mean()) < limit:
            filled[rows, columns] |= here
    return filled


def _disc(radius_px: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1)), np.uint8)
