"""Throw what is behind the subject out of focus, as a lens would.

References
----------
H. Knutsson, C.-F. Westin, "Normalized and Differential Convolution", CVPR 1993.
J. Barron et al., "Fast Bilateral-Space Stereo for Synthetic Defocus", CVPR 2015 (why colors must not bleed across depth).
"""

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import linear_to_srgb, srgb_to_linear
from retouch.images.masks import bounding_box, grow_mask

__all__ = ["blend_by_depth", "blur_radius_px", "defocus", "defocus_by_depth", "disc_kernel", "ground_defocus"]

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


def ground_defocus(alpha: Mask, ground: Mask, horizon_row: float) -> Mask | None:
    """Return how far out of focus each pixel is when the lens is focused on a subject that stands on the ground.

    Parameters
    ----------
    alpha : (H, W) float32 [0, 1]
        Matte of the subject.
    ground : (H, W) float32 [0, 1]
    horizon_row : float

    Returns
    -------
    (H, W) float32 [0, 1] or None
        0 where the subject touches the ground, rising towards the horizon and the viewer, 1 off the ground. None where
        the subject's foot is not seen, or not below the horizon.

    Notes
    -----
    The circle of confusion grows with the difference of inverse depths, and on level ground the inverse depth is proportional
    to the rows below the horizon. The subject has depth itself: a band of 5 % of its height stays in focus.
    """
    box = bounding_box((alpha > 0.5).astype(np.float32))
    height = alpha.shape[0]
    if box is None or box[0].stop >= height - 2 or box[0].stop - horizon_row < 0.1 * height:
        return None
    foot, band = box[0].stop, 0.05 * (box[0].stop - box[0].start)
    rows = np.arange(height, dtype=np.float32)[:, None]
    away = np.maximum(np.maximum(foot - band - rows, rows - foot), 0.0)
    on_ground = np.clip(1.5 * away / (foot - horizon_row), 0.0, 1.0)
    share = 1.0 - cv2.GaussianBlur(ground, (0, 0), 0.01 * height) * (1.0 - on_ground)
    return np.asarray(np.clip(share, 0.0, 1.0), dtype=np.float32)


def defocus_by_depth(background: FloatImage, alpha: Mask, radius_px: float, share: Mask | None) -> FloatImage:
    """Blur a background layer as ``defocus`` does, by a share of the radius that varies over the picture.

    Parameters
    ----------
    background, alpha, radius_px
        As for ``defocus``.
    share : (H, W) float32 [0, 1] or None
        0 leaves the layer as it is, 1 blurs by the whole radius; None is 1 everywhere.

    Returns
    -------
    (H, W, 3) float32 [0, 1], sRGB

    Notes
    -----
    Linear interpolation between the sharp layer, half of the radius and the whole of it.
    """
    full = defocus(background, alpha, radius_px)
    if share is None:
        return full
    half = defocus(background, alpha, radius_px / 2)
    return blend_by_depth(background, half, full, share)


def blend_by_depth(sharp: FloatImage, half: FloatImage, full: FloatImage, share: Mask) -> FloatImage:
    """Interpolate between a layer, its blur by half of a radius, and that by the whole: (H, W, 3), by an (H, W) share."""
    near, far = np.clip(2.0 * share, 0.0, 1.0)[..., None], np.clip(2.0 * share - 1.0, 0.0, 1.0)[..., None]
    return np.asarray(sharp + near * (half - sharp) + far * (full - half), dtype=np.float32)


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
    Normalized convolution in linear light: ``(w B) * disc / (w * disc)`` with ``w = 1 - alpha``, the matte first grown a little
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
