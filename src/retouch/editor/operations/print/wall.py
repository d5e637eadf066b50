"""The plain wall behind everything."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.scene.scene import Scene
from retouch.images.array_types import Mask
from retouch.images.color import srgb8_to_oklab
from retouch.images.masks import largest_component

__all__ = ["find_wall"]

_LEAST_SHARE: Final = 0.06
_PLAIN: Final = 0.05
_LOWEST: Final = 0.85
_COLORLESS: Final = 0.04
"""In black and white, nothing tells a sky from a wall: it is taken for a sky."""


def find_wall(scene: Scene) -> Mask | None:
    """Return the largest plain area that is neither subject nor ground nor sky.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    (H, W) float32 [0, 1] or None
        None where the picture shows no plain area of a useful size, is taken outdoors, or looks straight down on something.

    Notes
    -----
    Plain: the Oklab color varies by less than 0.05 within a window of 1/30 of the picture, so that brick and plaster count, and
    leaves do not.
    """
    if _is_outdoors(scene) or (scene.horizon is None and not scene.faces):
        return None
    lab = srgb8_to_oklab(np.ascontiguousarray(scene.pixels))
    height, width = lab.shape[:2]
    size = max(3, round(max(height, width) / 30)) | 1
    mean = cv2.blur(lab, (size, size))
    spread = np.sqrt(np.maximum(cv2.blur(lab * lab, (size, size)) - mean * mean, 0).sum(axis=2))
    plain = spread < _PLAIN
    if scene.subject.present:
        plain &= scene.subject.matte < 0.05
    plain &= (scene.ground < 0.5) | (np.arange(height)[:, None] < 0.45 * height)
    plain[int(_LOWEST * height) :] = False
    wall = largest_component(plain.astype(np.float32))
    return np.asarray(wall, np.float32) if float(wall.mean()) > _LEAST_SHARE else None


def _is_outdoors(scene: Scene) -> bool:
    """Whether what passes for sky has a sky's color; a plain beige wall has not."""
    if scene.sky is None or float(scene.sky.mean()) < _LEAST_SHARE:
        return False
    lab = srgb8_to_oklab(np.ascontiguousarray(scene.pixels))
    color = np.median(lab[scene.sky > 0.8].reshape(-1, 3), axis=0)
    is_colorless = float(np.quantile(np.hypot(lab[..., 1], lab[..., 2]), 0.9)) < _COLORLESS
    return bool(color[2] < -0.02 or color[0] > 0.92 or is_colorless)
