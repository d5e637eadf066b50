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
from retouch.images.color import luminance
from retouch.images.filters import resize_float
from retouch.images.masks import smoothstep

__all__ = ["SkyLayers", "split_sky", "spread_sky"]

_BAND: Final = 0.012
"""Half-width, as a share of the long side, of the band in which the matte is solved again."""
_THIN: Final = 0.007
"""Things narrower than this share of the long side (masts, wires, twigs) are kept before the sky."""
_GAP_REACH: Final = 0.2
"""How far from the found sky, as a share of the long side, gaps that show it are looked for."""
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
    Both sides are normalised convolutions of what is surely theirs, made at 360 px. Inside the sky, narrow things are found by
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
    return SkyLayers(np.asarray(alpha, np.float32), behind)


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
    """Return the share of sky in gaps between branches, bars and sails: like the sky nearby, and above most of the skyline."""
    has_sky = hard.any(axis=0)
    lowest = hard.shape[0] - 1 - np.argmax(hard[::-1], axis=0)
    limit = float(np.median(lowest[has_sky])) if has_sky.any() else 0.0
    if float((lowest[has_sky] > 0.97 * hard.shape[0]).mean()) > 0.5:
        limit = 0.9 * hard.shape[0]
    rows = int(limit)
    gaps = np.zeros(hard.shape, np.float32)
    if rows > 8:
        # The reach is wide and its outline does not matter: an eighth of the size will do.
        small = cv2.resize(hard, (max(2, hard.shape[1] // 8), max(2, hard.shape[0] // 8)), interpolation=cv2.INTER_AREA)
        wide = cv2.dilate(small, _disc(max(2, round(_GAP_REACH * max(small.shape) / 2))))
        near = cv2.resize(wide, hard.shape[::-1], interpolation=cv2.INTER_NEAREST)[:rows]
        stops = np.abs(np.log2((linear[:rows] + 0.01) / (behind[:rows] + 0.01))).max(axis=2)
        gaps[:rows] = smoothstep(0.5, 0.14, stops) * near
    return gaps


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
