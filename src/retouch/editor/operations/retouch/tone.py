"""Tone and color of a whole photo: white balance, levels, shadows and highlights, local contrast, HDR, exposure.

All take and return (H, W, 3) float32 [0, 1] sRGB; a ``strength`` of 1 is the usual one, stops or an amount of 0
leave the image as it is.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.operations.retouch.detail import luma, smooth_by_edges, with_lightness
from retouch.images.array_types import FloatImage
from retouch.images.color import linear_to_srgb, luminance, srgb_to_linear, to_float, to_uint8
from retouch.images.masks import smoothstep
from retouch.images.tone import apply_color_table, brighten, fit_linear_gamut

__all__ = [
    "add_clarity",
    "balance_white",
    "enhance",
    "expose",
    "illuminant",
    "lift_corners",
    "look_hdr",
    "move_highlights",
    "move_shadows",
]

_MOST_GAIN: Final = 2.5
_INNER: Final = 0.35
"""Nearer to the middle a vignette hardly shows."""
_LEAST_DROP: Final = 0.2
"""In natural logarithms: 0.3 stops, less than which any picture has by chance."""
_FALLING_SHARE: Final = 0.65
_SPREAD: Final = 1.3
_BASE_SHARE: Final = 0.03
_EDGE: Final = 0.012


def illuminant(image: FloatImage) -> FloatImage:
    """Estimate the color of the light: (3,) float32 linear RGB, mean 1.

    Notes
    -----
    Shades of gray (Minkowski norm 6, between "the mean is gray" and "the brightest is white") over what is neither clipped nor
    black, colorful pixels counting less: a lawn is no green light.

    References
    ----------
    G. Finlayson, E. Trezzi, "Shades of gray and colour constancy", Color and Imaging Conference 2004.
    """
    step = max(1, round(np.sqrt(image.shape[0] * image.shape[1] / 60_000)))
    sample = image[::step, ::step].reshape(-1, 3)
    usable = (sample.max(axis=1) < 0.985) & (sample.max(axis=1) > 0.06)
    if usable.sum() < 50:
        return np.ones(3, np.float32)
    linear = srgb_to_linear(sample[usable].astype(np.float32))
    light = np.ones(3, np.float64)
    for _ in range(4):
        seen = linear / light
        spread = (seen.max(axis=1) - seen.min(axis=1)) / np.maximum(seen.max(axis=1), 1e-4)
        weight = np.exp(-((spread / 0.35) ** 2))[:, None] + 0.02
        light = light * ((weight * seen**6).sum(axis=0) / weight.sum()) ** (1 / 6)
        light = light / light.mean()
    return np.asarray(light, dtype=np.float32)


def balance_white(image: FloatImage, strength: float) -> tuple[FloatImage, float]:
    """Make gray things gray; returns the image and how strong the cast was (0: none)."""
    light = illuminant(image)
    gains = np.clip(1.0 / np.maximum(light, 1e-3), 1 / _MOST_GAIN, _MOST_GAIN)
    gains = gains ** min(1.0, 0.9 * strength)
    sample = srgb_to_linear(image[::8, ::8])
    keep = float(luminance(sample).mean() / max(float(luminance(sample * gains).mean()), 1e-4))
    gains = (gains * keep).astype(np.float32)
    balanced = apply_color_table(to_uint8(image), lambda linear: fit_linear_gamut(linear * gains))
    return to_float(balanced), float(np.abs(np.log(light)).max())


def expose(image: FloatImage, stops: float) -> FloatImage:
    """Expose by stops; highlights roll off instead of clipping."""

    def change(linear: FloatImage) -> FloatImage:
        level = luminance(linear)[..., None]
        scaled = linear * (brighten(level, stops) / np.maximum(level, 1e-6))
        return np.asarray(0.6 * fit_linear_gamut(scaled) + 0.4 * brighten(linear, stops), dtype=np.float32)

    return to_float(apply_color_table(to_uint8(image), change))


def move_shadows(image: FloatImage, amount: float) -> FloatImage:
    """Lift the dark regions (amount above 0) or deepen them; contrast within them stays."""
    before = luma(image)
    base = _base(before)
    dark = (1.0 - smoothstep(0.05, 0.6, base)) * smoothstep(-0.02, 0.06, before)
    after = before + amount * dark * (0.55 * before + 0.07 if amount > 0 else 0.5 * before)
    return with_lightness(image, before, np.clip(after, 0.0, 1.0).astype(np.float32), follow=0.7)


def move_highlights(image: FloatImage, amount: float) -> FloatImage:
    """Bring down the bright regions (amount below 0); contrast within them stays."""
    before = luma(image)
    bright = smoothstep(0.5, 0.95, _base(before))
    after = before + amount * bright * 0.28 * before
    return with_lightness(image, before, np.clip(after, 0.0, 1.0).astype(np.float32), follow=0.5)


def lift_corners(image: FloatImage, strength: float) -> tuple[FloatImage, float]:
    """Take out a vignette that is there; returns the image and how many stops darker its corners were (0: none, or not surely).

    Notes
    -----
    Without a vignette the slopes of log luminance toward the corners are as often up as down. What their median leaves over at
    each radius is the slope of the falloff, here that of ``a r^2 + b r^4``; strong slopes are edges, and do not count. A dark
    wall behind a bright subject falls off as well, if not in all four quarters of the picture alike: where these disagree there
    is no vignette, and where they agree its depth is that of the quarter with the least. The light of the corners is multiplied,
    by 2.5 at most. O(rows * cols).

    References
    ----------
    Y. Zheng, J. Yu, S. B. Kang, S. Lin, C. Kambhamettu, "Single-image vignetting correction using radial gradient symmetry",
    CVPR 2008.
    """
    a, b = _falloff(image)
    rows, cols = image.shape[:2]
    y, x = np.mgrid[0:rows, 0:cols].astype(np.float32)
    radius2 = ((2 * y / max(1, rows - 1) - 1) ** 2 + (2 * x / max(1, cols - 1) - 1) ** 2) / 2
    loss = np.clip(strength * (a * radius2 + b * radius2**2), 0.0, np.log(_MOST_GAIN))
    lifted = fit_linear_gamut(srgb_to_linear(image) * np.exp(loss)[..., None].astype(np.float32))
    stops = float(loss[0, 0] / np.log(2.0))
    return np.asarray(linear_to_srgb(lifted), dtype=np.float32), stops


def _falloff(image: FloatImage) -> tuple[float, float]:
    """Return how log luminance falls with the share r of the way to a corner: a r^2 + b r^4, both at least 0."""
    slope, flat, x, y = _radial_slopes(image)
    radius = np.hypot(x, y)
    centers = np.linspace(0.15, 0.95, 17)
    medians = [
        float(np.median(slope[near])) if (near := flat & (np.abs(radius - c) < 0.05)).sum() > 30 else 0.0
        for c in centers
    ]
    wanted = -np.asarray(medians)
    basis = np.stack([2 * centers**2, 4 * centers**4], axis=1)
    fits = [np.linalg.lstsq(basis, wanted, rcond=None)[0]]
    fits += [np.array([max(0.0, float(basis[:, 0] @ wanted / (basis[:, 0] @ basis[:, 0]))), 0.0])]
    fits += [np.array([0.0, max(0.0, float(basis[:, 1] @ wanted / (basis[:, 1] @ basis[:, 1])))])]
    best = min((fit for fit in fits if fit.min() >= 0), key=lambda fit: float(((basis @ fit - wanted) ** 2).sum()))
    quarters = [
        _fall_of(slope, flat & (x * right > 0) & (y * down > 0), radius) for right in (-1, 1) for down in (-1, 1)
    ]
    drops = [drop for drop, _ in quarters]
    evident = min(drops) > _LEAST_DROP and min(share for _, share in quarters) > _FALLING_SHARE
    if not evident or max(drops) - min(drops) > _SPREAD * float(np.median(drops)):
        return 0.0, 0.0
    along = float(
        best[0] * (1.0 - _INNER**2) + best[1] * (1.0 - _INNER**4)
    )  # the fit's own fall where the quarters' is taken
    share = min(1.0, min(drops) / along) if along > 0 else 0.0
    return float(share * best[0]), float(share * best[1])


def _radial_slopes(image: FloatImage) -> tuple[FloatImage, npt.NDArray[np.bool_], FloatImage, FloatImage]:
    """Return d log luminance / d log r of the picture made small, where it is flat, and x and y with the corners at r = 1."""
    scale = min(1.0, 200 / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    level = np.log(luminance(srgb_to_linear(small.astype(np.float32))) + 0.004)
    level = cv2.GaussianBlur(level, (0, 0), 1.0)
    rows, cols = level.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : cols * 1j] / np.sqrt(2.0)
    slope_y, slope_x = np.gradient(level)
    slope = slope_x * (cols - 1) / 2 * np.sqrt(2.0) * x + slope_y * (rows - 1) / 2 * np.sqrt(2.0) * y
    flat = np.hypot(slope_x, slope_y) < np.quantile(np.hypot(slope_x, slope_y), 0.8)
    return slope, flat, x, y


def _fall_of(slope: FloatImage, where: npt.NDArray[np.bool_], radius: FloatImage) -> tuple[float, float]:
    """Return by how much log luminance falls outward in a quarter of the picture, and in which share of its rings it does."""
    centers = np.linspace(_INNER, 0.95, 13)
    rings = [where & (np.abs(radius - center) < 0.06) for center in centers]
    seen = [
        (center, float(np.median(slope[ring]))) for center, ring in zip(centers, rings, strict=True) if ring.sum() > 12
    ]
    if len(seen) < len(centers) // 2:
        return 0.0, 0.0
    at, falls = np.asarray(seen).T
    return float(-np.trapezoid(falls / at, at)), float((falls < 0).mean())


def add_clarity(image: FloatImage, strength: float) -> FloatImage:
    """Raise the contrast of regions of a few percent of the picture, most in the mid-tones, none across strong edges."""
    before = luma(image)
    detail = before - _base(before)
    middle = 1.0 - (2.0 * np.clip(before, 0, 1) - 1.0) ** 4
    after = before + 0.85 * strength * detail * middle
    return with_lightness(image, before, np.clip(after, 0.0, 1.0).astype(np.float32), follow=0.3)


def look_hdr(image: FloatImage, strength: float) -> FloatImage:
    """Compress the light of regions and raise their detail, as tone-mapped brackets look.

    References
    ----------
    F. Durand, J. Dorsey, "Fast bilateral filtering for the display of high-dynamic-range images", SIGGRAPH 2002; the base layer
    here comes from a guided filter.
    """
    before = luma(image)
    base = _base(before)
    middle = float(np.clip(np.median(base), 0.3, 0.6))
    compressed = middle + (base - middle) * (1.0 - 0.38 * min(strength, 2.0)) + 0.02
    after = compressed + (1.0 + 0.9 * strength) * (before - base)
    soft = np.clip(after, 0.0, 1.0)
    toned = with_lightness(image, before, soft.astype(np.float32), follow=0.75)
    return _more_color(toned, 0.18 * strength)


def enhance(image: FloatImage, strength: float) -> FloatImage:
    """Do what a careful first pass does: half of the white balance, levels, a lift of a dark middle, some clarity and color."""
    amount = min(strength, 1.6)
    light = illuminant(image)
    share = 0.55 * amount if float(np.abs(np.log(light)).max()) < 0.6 else 0.35 * amount
    balanced, _ = balance_white(image, share)
    before = luma(balanced)
    low, high = np.percentile(before[::4, ::4], (0.3, 99.6))
    low, high = min(float(low), 0.12) * min(1.0, amount), 1.0 - min(1.0 - float(high), 0.18) * min(1.0, amount)
    levels = np.clip((before - low) / max(high - low, 0.3), 0.0, 1.0)
    middle = float(np.median(levels))
    gamma = float(np.clip(np.log(0.47) / np.log(np.clip(middle, 0.08, 0.92)), 0.72, 1.18))
    levels = levels ** (1.0 + 0.6 * amount * (gamma - 1.0))
    toned = with_lightness(balanced, before, levels.astype(np.float32), follow=0.7)
    lifted = move_shadows(toned, 0.35 * amount)
    return _more_color(add_clarity(lifted, 0.4 * amount), 0.14 * amount)


def _base(gray: FloatImage) -> FloatImage:
    return smooth_by_edges(gray, max(4, round(_BASE_SHARE * max(gray.shape))), _EDGE)


def _more_color(image: FloatImage, amount: float) -> FloatImage:
    """Raise the chroma of dull colors more than that of strong ones."""
    ycc = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)
    chroma = np.hypot(ycc[..., 1] - 0.5, ycc[..., 2] - 0.5)
    gain = 1.0 + amount * np.clip(1.0 - chroma / 0.3, 0.0, 1.0)
    for channel in (1, 2):
        ycc[..., channel] = 0.5 + (ycc[..., channel] - 0.5) * gain
    return np.asarray(np.clip(cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB), 0.0, 1.0), dtype=np.float32)
