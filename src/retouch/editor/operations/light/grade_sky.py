"""Make the sky that is there more dramatic: its clouds stand out, it is deeper at the top and fuller in color."""

from typing import Final

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask

__all__ = ["can_be_graded", "grade_sky"]

_FEATURELESS: Final = 0.012
"""Oklab lightness: a sky whose broad light and dark vary less than this, and that has no color, has nothing to bring out."""
_COLORLESS: Final = 0.025
_CLOUD_SHARE: Final = 0.06
"""Size of the shapes that count as clouds, as a share of the long side."""
_FINE_SHARE: Final = 0.012


def can_be_graded(lab: FloatImage, alpha: Mask, *, in_color: bool) -> bool:
    """Return whether a sky shows clouds or, in a picture in color, color; a blank one does not."""
    inside = alpha > 0.9
    if int(inside.sum()) < 100:
        return False
    broad = _within(lab[..., 0], alpha, _radius(alpha, _FINE_SHARE))[inside]
    chroma = np.hypot(lab[..., 1], lab[..., 2])[inside]
    return bool(np.std(broad) > _FEATURELESS or (in_color and np.median(chroma) > _COLORLESS))


def grade_sky(lab: FloatImage, alpha: Mask, strength: float) -> FloatImage:
    """Return the picture with a more dramatic sky.

    Parameters
    ----------
    lab : (H, W, 3) float32, Oklab
    alpha : (H, W) float32 [0, 1]
        The sky's matte; where it is 0 nothing changes.
    strength : float
        1 is plain to see; 0 changes nothing.

    Returns
    -------
    (H, W, 3) float32, Oklab
        May leave the gamut of sRGB.

    Notes
    -----
    Lightness is cut into three layers by means within the sky alone, so that nothing of the land bleeds in and no halo forms
    along it; the two finer ones are raised. O(H W).
    """
    lightness = np.ascontiguousarray(lab[..., 0])
    fine = _within(lightness, alpha, _radius(alpha, _FINE_SHARE))
    broad = _within(lightness, alpha, _radius(alpha, _CLOUD_SHARE))
    middle = float(np.average(lightness, weights=alpha))
    rows = np.flatnonzero((alpha > 0.5).any(axis=1))
    depth = np.clip((rows[-1] - np.arange(alpha.shape[0])) / max(1, rows[-1] - rows[0]), 0.0, 1.0)
    deeper = strength * (0.05 + 0.12 * depth[:, None].astype(np.float32))
    base = broad + 0.45 * strength * (broad - middle) - deeper * np.clip(broad / 0.8, 0.3, 1.0)
    wanted = base + (1.0 + 1.1 * strength) * (fine - broad) + (1.0 + 0.35 * strength) * (lightness - fine)
    wanted = _hold_ends(wanted, lightness)
    graded = lab.copy()
    graded[..., 0] += alpha * (wanted - lightness)
    graded[..., 1:] *= (1.0 + 0.3 * strength * alpha)[..., None]
    return graded


def _hold_ends(wanted: FloatImage, before: FloatImage) -> FloatImage:
    """Bend lightness so that it nears white and a deep gray without reaching them, unless it was beyond before."""
    low, high = 0.18, 0.97
    soft = np.where(wanted > 0.85, 0.85 + (high - 0.85) * np.tanh((wanted - 0.85) / (high - 0.85)), wanted)
    soft = np.where(soft < 0.32, 0.32 - (0.32 - low) * np.tanh((0.32 - soft) / (0.32 - low)), soft)
    return np.asarray(np.clip(soft, np.minimum(low, before), np.maximum(high, before)), np.float32)


def _radius(alpha: Mask, share: float) -> float:
    return max(1.0, share * float(max(alpha.shape)))


def _within(values: FloatImage, alpha: Mask, sigma_px: float) -> FloatImage:
    """Return the Gaussian mean of the sky alone around each pixel, computed at the size that the blur allows."""
    height, width = values.shape
    factor = min(1.0, 4.0 / sigma_px)
    size = (max(2, round(width * factor)), max(2, round(height * factor)))
    weight = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    summed = cv2.resize(values * alpha, size, interpolation=cv2.INTER_AREA)
    weight = cv2.GaussianBlur(weight, (0, 0), sigma_px * factor)
    summed = cv2.GaussianBlur(summed, (0, 0), sigma_px * factor)
    mean = cv2.resize(summed / np.maximum(weight, 1e-3), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.where(alpha > 0, mean, values), np.float32)
