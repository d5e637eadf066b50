"""The subject's own colours, also where the background shines through."""

import numpy as np

from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import to_float
from retouch.images.filters import box_blur

__all__ = ["estimate_foreground"]


def estimate_foreground(pixels: Pixels, matte: Mask) -> FloatImage:
    """Estimate the straight colours of the subject.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]

    Returns
    -------
    (H, W, 3) float32 [0, 1], sRGB
        Equal to the picture where the matte is 1; in the rim the background's share is taken out; further out the nearest
        foreground colours are carried on, so that a compositor may sample there.

    Notes
    -----
    Blur fusion, two passes: foreground and background are averaged over a box, weighted by the matte, and the residue of the
    compositing equation is added back, weighted by the matte. O(pixels).

    References
    ----------
    M. Forte, "Approximate fast foreground colour estimation", ICIP 2021.
    """
    image = to_float(pixels)
    alpha = matte[..., None]
    long_side = max(pixels.shape[:2])
    # In the wide pass only what is nearly opaque, or nearly clear, has a say; the narrow pass adds local detail.
    foreground, background = _fuse(image, alpha, image, image, max(20, round(0.04 * long_side)), weight_power=4)
    foreground, _ = _fuse(image, alpha, foreground, background, max(2, round(0.004 * long_side)), weight_power=1)
    return np.where(alpha >= 1.0, image, foreground).astype(np.float32)


def _fuse(
    image: FloatImage,
    alpha: FloatImage,
    foreground: FloatImage,
    background: FloatImage,
    radius_px: int,
    *,
    weight_power: int,
) -> tuple[FloatImage, FloatImage]:
    """Return the smoothed foreground, corrected by the residue of the compositing equation, and the smoothed background."""
    smooth_foreground = _weighted_mean(foreground, alpha**weight_power, radius_px)
    smooth_background = _weighted_mean(background, (1 - alpha) ** weight_power, radius_px)
    residue = image - alpha * smooth_foreground - (1 - alpha) * smooth_background
    corrected = np.clip(smooth_foreground + alpha * residue, 0.0, 1.0).astype(np.float32)
    return corrected, np.clip(smooth_background, 0.0, 1.0).astype(np.float32)


def _weighted_mean(image: FloatImage, weight: FloatImage, radius_px: int) -> FloatImage:
    total = box_blur((image * weight).astype(np.float32), radius_px)
    return np.asarray(total / (box_blur(weight[..., 0], radius_px)[..., None] + 1e-5), dtype=np.float32)
