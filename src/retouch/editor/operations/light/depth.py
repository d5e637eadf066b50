"""A rough depth of a scene from what is known of it: sky, horizon, ground, subject."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.scene.scene import Scene
from retouch.images.array_types import Mask
from retouch.images.color import channel_min, luminance, srgb_to_linear, to_float
from retouch.images.filters import guided_filter, resize_float
from retouch.images.masks import smoothstep

__all__ = ["estimate_depth"]

_WORKING_PX: Final = 320
_FAR: Final = 1.0
_HILLS: Final = 0.78
_NEAREST_SHARE: Final = 0.35
"""Of the depth that a row has, what remains for something black."""


def estimate_depth(scene: Scene, sky: Mask | None, horizon_row: float) -> Mask:
    """Estimate how far away each pixel is.

    Parameters
    ----------
    scene : Scene
    sky : (H, W) float32 [0, 1] or None
    horizon_row : float

    Returns
    -------
    (H, W) float32 [0, 1]
        0 at the lens, 1 at the sky; not metric.

    Notes
    -----
    The ground recedes from the lower border to the horizon; what stands above the horizon and is no sky counts as hills, the
    farther the more its blacks are lifted by the air in between (the dark channel: something black in a small window is near);
    the subject stands at its lowest row's distance all over. A guided filter lays the borders onto the picture's own edges.

    References
    ----------
    K. He, J. Sun, X. Tang, "Single image haze removal using dark channel prior", CVPR 2009.
    """
    height, width = scene.pixels.shape[:2]
    scale = min(1.0, _WORKING_PX / max(height, width))
    size_hw = (max(8, round(height * scale)), max(8, round(width * scale)))
    rows = np.linspace(0.0, 1.0, size_hw[0], dtype=np.float32)[:, None]
    horizon = float(np.clip(horizon_row / height, 0.12, 0.9))
    below = np.clip((rows - horizon) / (1.0 - horizon), 0.0, 1.0)
    recession = _HILLS * (1.0 - below) ** 1.6
    depth = np.broadcast_to(recession, size_hw).astype(np.float32).copy()
    depth *= _NEAREST_SHARE + (1.0 - _NEAREST_SHARE) * _haziness(scene, sky, size_hw)
    if sky is not None:
        small_sky = resize_float(sky, size_hw)
        depth += small_sky * (_FAR - depth)
    if scene.subject.present:
        matte = resize_float(scene.subject.matte, size_hw)
        foot_rows = np.flatnonzero((matte > 0.5).any(axis=1))
        if foot_rows.size:
            at = min(1.0, foot_rows[-1] / size_hw[0])
            foot = _HILLS * (1.0 - np.clip((at - horizon) / (1.0 - horizon), 0.0, 1.0)) ** 1.6
            depth += matte * (min(float(foot), 0.55) - depth)
    guide = to_float(cv2.resize(scene.pixels, size_hw[::-1], interpolation=cv2.INTER_AREA))
    smooth = guided_filter(guide, depth, max(2, size_hw[0] // 40), 1e-3)
    return np.clip(resize_float(smooth, (height, width)), 0.0, 1.0)


def _haziness(scene: Scene, sky: Mask | None, size_hw: tuple[int, int]) -> Mask:
    """Return how much air seems to lie before each pixel, 0 to 1: the dark channel against the brightness of the air."""
    linear = srgb_to_linear(cv2.resize(scene.pixels, size_hw[::-1], interpolation=cv2.INTER_AREA))
    window = max(3, round(0.03 * max(size_hw))) | 1
    dark = cv2.erode(channel_min(linear), np.ones((window, window), np.uint8), borderType=cv2.BORDER_REPLICATE)
    level = luminance(linear)
    inside = resize_float(sky, size_hw) > 0.9 if sky is not None else level >= np.percentile(level, 90)
    air = float(np.median(level[inside])) if inside.any() else 1.0
    return smoothstep(0.02, 0.2, cv2.blur(dark, (window, window)) / max(air, 0.02))
