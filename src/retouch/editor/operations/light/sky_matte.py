"""A clean matte of the sky: fine at branches and masts, and the sky's own color taken out of the soft edge.

A pixel at the edge mixes the sky behind it with what stands before it, in linear light: ``I = (1 - a) F + a B``. With smooth
estimates of both sides the share ``a`` follows by projection, and ``I - a B`` is the land alone, without a fringe of the old sky.

References
----------
A. R. Smith, J. F. Blinn, "Blue screen matting", SIGGRAPH 1996 (the compositing equation and its solution for known sides).
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import channel_max, luminance
from retouch.images.filters import resize_float
from retouch.images.masks import smoothstep

__all__ = ["SkyLayers", "split_sky", "spread_sky"]

_BAND: Final = 0.012
"""Half-width, as a share of the long side, of the band in which the matte is solved again."""
_THIN: Final = 0.007
"""Things narrower than this share of the long side (masts, wires, twigs) are kept before the sky."""
_GAP_REACH: Final = 0.2
"""How far from the found sky, as a share of the long side, gaps that show it are looked for."""
_ALIKE_STOPS: Final = 0.45
_SMOOTH_STOPS: Final = 0.1
"""A patch that was missed: so close to the sky's color, and so smooth."""
_MIN_SEPARATION: Final = 0.06
"""Distance of the two sides in linear RGB below which their mixture can't be solved."""
_WORKING_PX: Final = 360


@dataclass(frozen=True, slots=True)
class SkyLayers:
    """A picture taken apart at its skyline.

    Attributes
    ----------
    alpha : (H, W) float32 [0, 1]
        Share of sky in a pixel; exactly 0 away from the sky.
    behind : (H, W, 3) float32, linear light
        The present sky, smooth, continued behind the land.
    """

    alpha: Mask
    behind: FloatImage


def split_sky(linear: FloatImage, sky: Mask, matte: Mask) -> SkyLayers:
    """Solve the sky's matte at full size.

    Parameters
    ----------
    linear : (H, W, 3) float32 [0, 1], linear light
    sky : (H, W) float32 [0, 1]
        Coarse: right but for a band of a hundredth of the picture's long side.
    matte : (H, W) float32 [0, 1]
        Of the main subject, which is no sky where it is solid.

    Returns
    -------
    SkyLayers

    Notes
    -----
    Both sides are normalized convolutions of what is surely theirs, made at 360 px. Inside the sky, narrow things are found by
    black and white top-hats. O(H W).
    """
    long_side = max(sky.shape)
    reach = max(2, round(_BAND * long_side))
    hard = np.asarray(sky > 0.5, np.uint8)
    inner = cv2.erode(hard, _disc(max(1, reach // 2)), borderType=cv2.BORDER_REPLICATE) > 0
    outer = cv2.dilate(hard, _disc(reach), borderType=cv2.BORDER_REPLICATE) > 0
    behind = _spread(linear, inner if inner.any() else hard > 0)
    land = ~outer
    front = _spread(linear, land) if land.any() else np.zeros_like(linear)
    span = behind - front
    separation = np.einsum("ijk,ijk->ij", span, span)
    share = np.einsum("ijk,ijk->ij", linear - front, span) / np.maximum(separation, 1e-6)
    solved = smoothstep(0.1, 0.9, share.astype(np.float32))
    trust = smoothstep(_MIN_SEPARATION**2, (2 * _MIN_SEPARATION) ** 2, separation)
    banded = sky + trust * (solved - sky)
    alpha = np.where(inner, _before_sky(linear, round(_THIN * long_side)), np.where(outer, banded, 0.0))
    alpha = np.maximum(alpha, _gaps(linear, behind, hard) * (1.0 - smoothstep(0.3, 0.6, matte)))
    alpha = np.minimum(alpha, 1.0 - smoothstep(0.9, 1.0, matte))
    alpha = np.where(_left_out(hard, reach), np.minimum(alpha, sky), alpha)
    return SkyLayers(np.asarray(alpha, np.float32), behind)


def _left_out(hard: npt.NDArray[np.uint8], reach: int) -> npt.NDArray[np.bool_]:
    """Return what the segmentation saw in the midst of the sky and left out: masts, lattices, kites."""
    closed = cv2.morphologyEx(hard, cv2.MORPH_CLOSE, _disc(reach), borderType=cv2.BORDER_REPLICATE)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - hard, connectivity=4)
    height, width = hard.shape
    left, top, across, down = (stats[:, part] for part in range(4))
    enclosed = (left > 0) & (top > 0) & (left + across < width) & (top + down < height)
    enclosed[0] = False
    return np.asarray((closed > hard) | enclosed[labels])


def spread_sky(linear: FloatImage, alpha: Mask) -> FloatImage:
    """Return the present sky, smooth, continued behind the land, for a known matte: (H, W, 3) float32, linear light."""
    return _spread(linear, alpha > 0.95)


def _before_sky(linear: FloatImage, width_px: int) -> FloatImage:
    """Return 1 for open sky, less on narrow things that differ from it."""
    tone = np.log2(luminance(linear) + 0.02)
    kernel = _disc(max(1, width_px // 2))
    narrow = np.maximum(
        cv2.morphologyEx(tone, cv2.MORPH_BLACKHAT, kernel), cv2.morphologyEx(tone, cv2.MORPH_TOPHAT, kernel)
    )
    return 1.0 - smoothstep(0.35, 1.1, narrow)


def _gaps(linear: FloatImage, behind: FloatImage, hard: npt.NDArray[np.uint8]) -> FloatImage:
    """Return the share of sky that the segmentation missed: gaps between branches and bars, and sky cut off by a tower.

    Above most of the skyline, near the found sky, what has its color is sky. Elsewhere it must also be smooth over a wider patch,
    most of which lies above the skyline.
    """
    has_sky = hard.any(axis=0)
    lowest = hard.shape[0] - 1 - np.argmax(hard[::-1], axis=0)
    limit = round(float(np.median(lowest[has_sky]))) if has_sky.any() else 0
    if limit <= 8:
        return np.zeros(hard.shape, np.float32)
    difference = np.log2((linear + 0.01) / (behind + 0.01))
    small_hw = (max(2, hard.shape[0] // 4), max(2, hard.shape[1] // 4))
    small = resize_float(difference, small_hw)
    offset = cv2.blur(small, (5, 5))
    texture = np.sqrt(channel_max(np.maximum(cv2.blur(small * small, (5, 5)) - offset * offset, 0.0)))
    alike = np.asarray((channel_max(np.abs(offset)) < _ALIKE_STOPS) & (texture < _SMOOTH_STOPS), np.uint8)
    wide = _mostly_above(alike, limit / 4)
    small_hard = cv2.resize(hard, small_hw[::-1], interpolation=cv2.INTER_AREA)
    near = cv2.dilate(small_hard | wide, _disc(max(2, round(_GAP_REACH * max(small_hw) / 2))))
    near[limit // 4 :] = 0
    wide = cv2.dilate(wide, _disc(2))
    # Soft borders: where a patch ends inside haze, no step may show.
    where_near, where_wide = (
        resize_float(cv2.blur(part.astype(np.float32), (5, 5)), (hard.shape[0], hard.shape[1])) for part in (near, wide)
    )
    stops = channel_max(np.abs(difference))
    gaps = np.maximum(where_near * smoothstep(0.6, 0.2, stops), where_wide * smoothstep(0.9, 0.55, stops))
    rims = _dark_rims(linear, behind, gaps, channel_max(difference))
    return np.asarray(np.maximum(gaps, rims), dtype=np.float32)


def _dark_rims(linear: FloatImage, behind: FloatImage, gaps: FloatImage, excess: FloatImage) -> FloatImage:
    """Return the share of sky in pixels beside a gap that mix it with something darker, such as a twig."""
    beside = cv2.dilate(np.asarray(gaps > 0.8, np.uint8), _disc(2))
    level, sky = luminance(linear), luminance(behind)
    darkest = cv2.erode(level, _disc(3), borderType=cv2.BORDER_REPLICATE)
    share = (level - darkest) / np.maximum(sky - darkest, 0.02)
    # What is brighter than the sky in any channel is no mixture of sky and dark.
    return np.asarray(beside * (excess < 0.15) * smoothstep(0.1, 0.95, share), dtype=np.float32)


def _mostly_above(alike: npt.NDArray[np.uint8], limit: float) -> npt.NDArray[np.uint8]:
    """Keep the connected patches of which more than half lies above a row."""
    _, labels = cv2.connectedComponents(alike, connectivity=4)
    sizes = np.bincount(labels.ravel())
    above = np.bincount(labels[: round(limit)].ravel(), minlength=sizes.size)
    kept = above > 0.5 * sizes
    kept[0] = False
    return np.asarray(kept[labels], np.uint8)


def _spread(linear: FloatImage, known: npt.NDArray[np.bool_]) -> FloatImage:
    """Return the colors of ``known`` pixels, smooth, near where they are and continued everywhere else."""
    scale = min(1.0, _WORKING_PX / max(known.shape))
    size_hw = (max(8, round(known.shape[0] * scale)), max(8, round(known.shape[1] * scale)))
    weight = resize_float(known.astype(np.float32), size_hw)
    weighted = resize_float(linear * known[..., None].astype(np.float32), size_hw)
    result = np.zeros_like(weighted)
    done = np.zeros(size_hw, np.float32)
    for sigma in (2.0, 5.0, 14.0, 45.0):
        cover, smooth = _blur_known(weight, weighted, sigma)
        take = (1.0 - done) * smoothstep(0.02, 0.25, cover)
        result += take[..., None] * smooth
        done = done + take
    mean = weighted.mean(axis=(0, 1)) / max(float(weight.mean()), 1e-6)
    result += (1.0 - done)[..., None] * mean
    return resize_float(result, (known.shape[0], known.shape[1]))


def _blur_known(weight: FloatImage, weighted: FloatImage, sigma: float) -> tuple[FloatImage, FloatImage]:
    """Return the blurred weight and the colors under it; wide blurs are made at a quarter of the size."""
    size_hw, shrink = (weight.shape[0], weight.shape[1]), 4 if sigma >= 14 else 1
    small_hw = (max(2, size_hw[0] // shrink), max(2, size_hw[1] // shrink))
    cover = cv2.GaussianBlur(resize_float(weight, small_hw), (0, 0), sigma / shrink)
    colors = cv2.GaussianBlur(resize_float(weighted, small_hw), (0, 0), sigma / shrink)
    smooth = colors / np.maximum(cover, 1e-6)[..., None]
    return resize_float(cover, size_hw), resize_float(smooth, size_hw)


def _disc(radius_px: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1)), np.uint8)
