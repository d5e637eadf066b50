"""Throw what is behind the subject out of focus, as a lens would.

References
----------
H. Knutsson, C.-F. Westin, "Normalized and Differential Convolution", CVPR 1993.
J. Barron et al., "Fast Bilateral-Space Stereo for Synthetic Defocus", CVPR 2015 (why colours must not bleed across depth).
"""

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import linear_to_srgb, srgb_to_linear
from retouch.images.masks import grow_mask

__all__ = ["blur_radius_px", "defocus", "disc_kernel"]

_RADIUS_SHARE = 0.016
"""Radius of the blur disc at strength 1, as a share of the square root of the picture's area."""
_WORKING_RADIUS_PX = 6.0
_HEADROOM = 0.72
_TINY_WEIGHT = 1e-4


def blur_radius_px(height: int, width: int, strength: float) -> float:
    """Return the radius of the disc, so that the same strength looks the same at any size.

    >>> round(blur_radius_px(880, 1184, 1.0), 1)
    16.3
    """
    return _RADIUS_SHARE * strength * float(np.sqrt(height * width))


def disc_kernel(radius_px: float) -> FloatImage:
    """Return a (2 n + 1, 2 n + 1) float32 disc with an antialiased edge; its sum is 1.

    >>> disc_kernel(0.0).tolist()
    [[1.0]]
    """
    reach = int(np.ceil(radius_px))
    offset = np.arange(-reach, reach + 1, dtype=np.float32)
    distance = np.hypot(offset[:, None], offset[None, :])
    disc = np.clip(radius_px + 0.5 - distance, 0.0, 1.0)
    return np.asarray(disc / disc.sum(), dtype=np.float32)


def defocus(background: FloatImage, alpha: Mask, radius_px: float) -> FloatImage:
    """Blur a background layer with a disc, leaving out what belongs to the subject.

    Parameters
    ----------
    background : (H, W, 3) float32 [0, 1], sRGB
        The layer behind, as ``estimate_layers`` returns it.
    alpha : (H, W) float32 [0, 1]
        Matte of the subject; what it covers gives no light.
    radius_px : float
        0 leaves the image as it is.

    Returns
    -------
    (H, W, 3) float32 [0, 1], sRGB

    Notes
    -----
    Normalised convolution in linear light: ``(w B) * disc / (w * disc)`` with ``w = 1 - alpha``, the matte first grown a little
    so that the rim of a tight matte doesn't glow around the subject. Where the disc sees nothing but subject, a wider
    Gaussian steps in. Highlights are expanded before and compressed after, ``x / (1 - h x)`` and its inverse: a clipped lamp was
    brighter than white, which is what makes bokeh discs. Discs above 6 px are computed on a reduced picture, whose loss the blur
    hides. Borders reflect. O(H W) and a constant.
    """
    if radius_px <= 0.0:
        return background
    height, width = alpha.shape
    scale = min(1.0, _WORKING_RADIUS_PX / radius_px)
    weight = 1.0 - grow_mask(alpha, 1.0 + 0.1 * radius_px)
    linear = srgb_to_linear(background)
    layers = np.dstack([linear / (1.0 - _HEADROOM * linear), np.ones_like(weight)]) * weight[..., None]
    small_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(layers, small_wh, interpolation=cv2.INTER_AREA)
    disc = cv2.filter2D(small, -1, disc_kernel(radius_px * scale), borderType=cv2.BORDER_REFLECT)
    wide = cv2.GaussianBlur(small, (0, 0), 3.0 * radius_px * scale, borderType=cv2.BORDER_REFLECT)
    mean = layers.reshape(-1, 4).mean(axis=0) + np.array([0.0, 0.0, 0.0, 1e-9], np.float32)
    filled = disc + _TINY_WEIGHT * (wide + _TINY_WEIGHT * mean)
    blurred = filled[..., :3] / filled[..., 3:]
    full = np.maximum(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC), 0.0)
    return linear_to_srgb(full / (1.0 + _HEADROOM * full))
