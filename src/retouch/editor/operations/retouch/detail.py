"""Detail: sharpen, reduce blur, reduce noise, clear haze.

All take and return (H, W, 3) float32 [0, 1] sRGB; a ``strength`` of 1 is the usual one.
"""

from typing import Final

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import channel_min, transform_colors
from retouch.images.filters import box_blur, resize_float

__all__ = ["deblur", "dehaze", "denoise", "luma", "noise_level", "sharpen", "smooth_by_edges", "with_lightness"]

_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_RINGING: Final = 0.04
_HAZE_KEPT: Final = 0.18
_LEAST_TRANSMISSION: Final = 0.25
_HAZE_PX: Final = 400


def luma(image: FloatImage) -> Mask:
    """Return the (H, W) float32 luma of an sRGB image."""
    return transform_colors(image, _LUMA[None])[..., 0]


def with_lightness(image: FloatImage, before: Mask, after: Mask, *, follow: float = 0.5) -> FloatImage:
    """Give an image another luma; colors follow between by addition (0: as they are) and by the ratio (1: as light does)."""
    ratio = np.clip(after / np.maximum(before, 0.02), 0.25, 4.0)
    gain = np.asarray((1.0 - follow) + follow * ratio, dtype=np.float32)
    offset = np.asarray((1.0 - follow) * (after - before), dtype=np.float32)
    # Repeated per channel: numpy broadcasts over three channels several times slower.
    moved = image * cv2.merge([gain, gain, gain])
    moved += cv2.merge([offset, offset, offset])
    return np.asarray(np.clip(moved, 0.0, 1.0, out=moved), dtype=np.float32)


def sharpen(image: FloatImage, strength: float) -> FloatImage:
    """Unsharp-mask the luma at two radii; noise is left alone, and edges overshoot by at most 4 % of white.

    Notes
    -----
    The gain is faded in above twice the noise level (a soft threshold), and the result is kept near the local minimum and
    maximum, which is what stops halos.
    """
    before = luma(image)
    scale = max(0.6, float(np.sqrt(before.size / 1.04e6)))
    fine = before - cv2.GaussianBlur(before, (0, 0), 0.9 * scale)
    wide = before - cv2.GaussianBlur(before, (0, 0), 2.2 * scale)
    gate = _gate(np.abs(fine), 1.6 * noise_level(before))
    raised = before + strength * gate * (0.9 * fine + 0.45 * wide)
    window = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(before, window), cv2.dilate(before, window)
    return with_lightness(
        image, before, np.clip(raised, low - _RINGING, high + _RINGING).astype(np.float32), follow=0.0
    )


def deblur(image: FloatImage, strength: float, *, sigma: float | None = None) -> FloatImage:
    """Undo a small blur of the luma by Richardson and Lucy's iteration.

    References
    ----------
    W. Richardson, "Bayesian-based iterative method of image restoration", JOSA 62(1), 1972.
    """
    before = luma(image)
    scale = max(0.6, float(np.sqrt(before.size / 1.04e6)))
    width = (1.1 + 0.5 * strength) * scale if sigma is None else sigma
    estimate = before + 1e-3
    for _ in range(round(6 + 6 * strength)):
        seen = cv2.GaussianBlur(estimate, (0, 0), width)
        estimate = estimate * cv2.GaussianBlur((before + 1e-3) / np.maximum(seen, 1e-3), (0, 0), width)
    window = np.ones((5, 5), np.uint8)
    low, high = cv2.erode(before, window), cv2.dilate(before, window)
    kept = np.clip(estimate - 1e-3, low - _RINGING, high + _RINGING)
    gate = _gate(np.abs(kept - before), 1.5 * noise_level(before))
    after = before + gate * (kept - before)
    return with_lightness(image, before, after.astype(np.float32), follow=0.0)


def denoise(image: FloatImage, strength: float) -> FloatImage:
    """Reduce noise: non-local means on the luma, and edge-keeping smoothing on the color, where the eye misses no detail.

    References
    ----------
    A. Buades, B. Coll, J.-M. Morel, "A non-local algorithm for image denoising", CVPR 2005.
    """
    level = noise_level(luma(image))
    ycc = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)
    height = float(np.clip(strength * (1.0 * level * 255.0), 1.5, 24.0))
    rough = np.rint(np.clip(ycc[..., 0], 0, 1) * 255).astype(np.uint8)
    found = cv2.fastNlMeansDenoising(rough, None, h=height, templateWindowSize=5, searchWindowSize=13)
    clean = found.astype(np.float32) / 255.0
    ycc[..., 0] = clean
    radius = max(3, round(0.006 * max(image.shape)))
    for channel in (1, 2):
        ycc[..., channel] = _guided_by(clean, ycc[..., channel], radius, (0.5 * level) ** 2 + 2e-4)
    return np.asarray(np.clip(cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB), 0.0, 1.0), dtype=np.float32)


def noise_level(gray: Mask) -> float:
    """Return the standard deviation of the noise, [0, 1].

    References
    ----------
    J. Immerkaer, "Fast noise variance estimation", CVIU 64(2), 1996; here by the median, which detail sways less than the mean.
    """
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(gray, -1, kernel)[1:-1, 1:-1])
    return float(np.median(response) / 0.6745 / 6.0) if response.size else 0.0


def dehaze(image: FloatImage, strength: float) -> tuple[FloatImage, float]:
    """Clear haze by the dark channel; returns the image and how much haze there was (0 to 1, mean).

    References
    ----------
    K. He, J. Sun, X. Tang, "Single image haze removal using dark channel prior", CVPR 2009; the transmission is refined by a
    guided filter (the same authors, ECCV 2010).
    """
    height, width = image.shape[:2]
    scale = min(1.0, _HAZE_PX / max(height, width))
    small = resize_float(image, (max(8, round(height * scale)), max(8, round(width * scale))))
    patch = np.ones((2 * max(1, round(0.012 * max(small.shape))) + 1,) * 2, np.uint8)
    dark = cv2.erode(channel_min(small), patch)
    count = max(4, dark.size // 500)
    haziest = np.argpartition(dark.ravel(), -count)[-count:]
    air = np.clip(np.median(small.reshape(-1, 3)[haziest], axis=0), 0.5, 1.0).astype(np.float32)
    haze = cv2.erode(channel_min(small / air), patch)
    transmission = 1.0 - min(0.98, (1.0 - _HAZE_KEPT) * strength) * np.clip(haze, 0.0, 1.0)
    refined = _guided_by(luma(small), transmission.astype(np.float32), max(4, round(0.06 * max(small.shape))), 1e-3)
    full = np.maximum(resize_float(refined, (height, width)), _LEAST_TRANSMISSION)[..., None]
    cleared = (image - air) / full + air
    lift = float(np.clip(np.median(luma(image)) / max(float(np.median(luma(np.clip(cleared, 0, 1)))), 0.05), 1.0, 1.6))
    brightened = 1.0 - (1.0 - np.clip(cleared, 0.0, 1.0)) ** (0.5 + 0.5 * lift)
    return np.asarray(np.clip(brightened, 0.0, 1.0), dtype=np.float32), float(1.0 - refined.mean())


def smooth_by_edges(gray: Mask, radius_px: int, epsilon: float) -> Mask:
    """Return the base layer of an image: smooth, but with its strong edges (a self-guided filter at a reduced size).

    References
    ----------
    K. He, J. Sun, X. Tang, "Guided image filtering", ECCV 2010.
    """
    return _guided_by(gray, gray, radius_px, epsilon)


def _guided_by(guide: Mask, values: Mask, radius_px: int, epsilon: float) -> Mask:
    """Filter values by the edges of a gray guide; wide windows work on a reduced picture."""
    height, width = guide.shape
    step = max(1, min(radius_px // 6, height // 32, width // 32))
    size_hw = (max(1, height // step), max(1, width // step))
    small_guide, small = resize_float(guide, size_hw), resize_float(values, size_hw)
    radius = max(1, radius_px // step)
    mean_guide, mean = box_blur(small_guide, radius), box_blur(small, radius)
    covariance = box_blur(small_guide * small, radius) - mean_guide * mean
    variance = box_blur(small_guide * small_guide, radius) - mean_guide * mean_guide
    slope = covariance / (variance + np.float32(epsilon))
    offset = mean - slope * mean_guide
    slopes, offsets = (resize_float(box_blur(each, radius), (height, width)) for each in (slope, offset))
    return np.asarray(slopes * guide + offsets, dtype=np.float32)


def _gate(values: Mask, threshold: float) -> Mask:
    """Return 0 for what is below a threshold, rising to 1 at three times of it."""
    low = max(threshold, 1e-4)
    return np.asarray(np.clip((values - 0.5 * low) / (1.5 * low), 0.0, 1.0), dtype=np.float32)
