"""Fill the place of letters with what is behind them."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.operations.lettering.match_font import drawn_letters, match_font
from retouch.editor.operations.lettering.patch import Patch, grow_quad
from retouch.editor.operations.stage import Context
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.fill import fill
from retouch.images.fill.diffusion import diffuse
from retouch.images.masks import bounding_box, grow_mask

__all__ = ["grain_of", "letters_mask", "make_grain", "measure_grain", "wipe"]

_ALIKE: Final = 0.7
_NEAR_PX: Final = 9
_MAX_GRAIN: Final = 10.0
_GROW: Final = 0.03
"""Of a line's height, beside two pixels: how far beyond their visible edge letters have colored the picture."""


def letters_mask(patch: Patch, quad: FloatImage, size_hw: tuple[int, int], words: str) -> Mask:
    """Return where letters (outlines and shadows too) are in the picture: (H, W) float32, 0 or 1, a little more than they cover.

    Before a plain background that is all that stands out near them. Before a pattern, which stands out too, it is where the
    letters of the likeliest font lie, if one is alike enough.
    """
    size_wh = (size_hw[1], size_hw[0])
    foreign = patch.foreign
    if not patch.is_smooth:
        setting = match_font(patch, words, "")
        if setting is not None and setting.likeness >= _ALIKE:
            drawn = (drawn_letters(setting, words, patch) > 0.08).astype(np.uint8)
            near = cv2.dilate(drawn, np.ones((_NEAR_PX, _NEAR_PX), np.uint8)) > 0
            foreign = ((drawn > 0) | (near & (patch.alpha > 0.6))).astype(np.float32)
    warped = cv2.warpPerspective(foreign, patch.to_picture, size_wh, flags=cv2.INTER_LINEAR)
    height = float(np.linalg.norm(quad[3] - quad[0]))
    reach = np.zeros(size_hw, np.uint8)
    cv2.fillConvexPoly(reach, np.rint(grow_quad(quad, 0.12 * height, 0.12 * height)).astype(np.int32), 1)
    inside = (warped > 0.2) & (reach > 0)
    return np.asarray(grow_mask(inside.astype(np.float32), 1.5 + _GROW * height) > 0.5, dtype=np.float32)


def wipe(pixels: Pixels, hole: Mask, context: Context, *, smooth: bool, avoid: Mask | None = None) -> Pixels:
    """Fill a hole.

    Parameters
    ----------
    pixels : (H, W, C) uint8, sRGB
    hole : (H, W) float32, 0 or 1
    context : Context
    smooth : bool
        Whether what is behind is plain: then its colors are led in from the rim and its grain is laid over them. Otherwise
        patches are copied.
    avoid : (H, W) float32 or None
        Where nothing may be copied from: other letters.

    Returns
    -------
    (H, W, C) uint8, sRGB
        Bit-identical outside the hole.
    """
    box = bounding_box(hole)
    if box is None:
        return pixels
    margin = int(12 + (0.6 if smooth else 1.2) * max(24, min(box[0].stop - box[0].start, box[1].stop - box[1].start)))
    box = bounding_box(hole, margin_px=margin) or box
    crop = np.ascontiguousarray(pixels[box][..., :3])
    missing = hole[box] > 0
    if smooth:
        grain = make_grain(grain_of(crop, missing), missing.shape, context.rng)
        filled = np.clip(np.rint(diffuse(crop, missing) + grain), 0, 255).astype(np.uint8)
        filled = np.where(missing[..., None], filled, crop)
    else:
        sources = None if avoid is None else (avoid[box] <= 0) & ~missing
        filled = fill(
            crop, missing, sources=sources, row_weight=0.1, rng=context.rng, should_abort=context.should_abort
        )
    result = pixels.copy()
    result[box][..., :3] = filled
    return result


def grain_of(crop: Pixels, missing: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return strength (levels of 255) and grain size (sigma in pixels) of the noise around a hole."""
    near = cv2.dilate(missing.astype(np.uint8), np.ones((41, 41), np.uint8)) > 0
    return measure_grain(crop, near & (cv2.dilate(missing.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0))


def measure_grain(crop: Pixels, where: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return strength (levels of 255) and grain size (sigma in pixels) of the noise in a part of a picture.

    From the calmer 30 % of the high-pass values, so that edges and texture count little; the size from how alike neighbors are.
    """
    gray = crop.astype(np.float32).mean(axis=2)
    high = gray - cv2.GaussianBlur(gray, (0, 0), 2.0)
    if where.sum() < 100:
        return 0.0, 0.0
    strength = (
        float(np.percentile(np.abs(high[where]), 30)) / 0.385
    )  # 30 % of a normal distribution lie within 0.385 sigma
    calm = where & (np.abs(high) < 3 * strength + 0.5)
    both = calm[:, 1:] & calm[:, :-1]
    power = float((high[calm] ** 2).mean()) if calm.any() else 0.0
    alike = float((high[:, 1:] * high[:, :-1])[both].mean()) / max(power, 1e-6) if both.any() else 0.0
    return min(strength, _MAX_GRAIN), float(np.clip(0.9 * np.sqrt(max(alike, 0.0)), 0.0, 0.9))


def make_grain(grain: tuple[float, float], size_hw: tuple[int, ...], rng: np.random.Generator) -> FloatImage:
    """Return noise of a strength and size: (H, W, 1) float32, in levels of 255."""
    strength, sigma = grain
    noise = rng.standard_normal(size_hw[:2]).astype(np.float32)
    if sigma > 0.25:
        noise = cv2.GaussianBlur(noise, (0, 0), sigma)
        noise /= max(float(noise.std()), 1e-6)
    return np.asarray(noise * np.float32(strength), dtype=np.float32)[..., None]
