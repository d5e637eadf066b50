"""Smooth continuation into a hole: of colors where nothing can be copied, and of a seam's difference."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage, Pixels
from retouch.images.color import to_float, to_uint8
from retouch.images.filters import resize_float

__all__ = ["diffuse", "spread"]

TINY: Final = 1e-6


def diffuse(pixels: Pixels, hole: npt.NDArray[np.bool_]) -> Pixels:
    """Continue the surrounding colors smoothly into a hole; outside it the picture stays bit-identical.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    hole : (H, W) bool

    Returns
    -------
    (H, W, 3) uint8, sRGB
    """
    smooth = spread(to_float(pixels), (~hole).astype(np.float32))
    return np.where(hole[..., None], to_uint8(smooth), pixels)


def spread(values: FloatImage, known: FloatImage) -> FloatImage:
    """Continue values smoothly to where they are not known.

    Parameters
    ----------
    values : (H, W, C) float32
    known : (H, W) float32 [0, 1]
        The trust in each value. All 0 returns zeros.

    Returns
    -------
    (H, W, C) float32
        The value itself where it is fully known.

    Notes
    -----
    Push and pull over a pyramid (Gortler et al., "The Lumigraph", SIGGRAPH 1996). O(H W).
    """
    if min(known.shape) <= 2:
        total = float(known.sum())
        mean = (values * known[..., None]).sum(axis=(0, 1)) / max(total, TINY)
        return np.asarray(known[..., None] * values + (1.0 - known[..., None]) * mean, dtype=np.float32)
    half = ((known.shape[0] + 1) // 2, (known.shape[1] + 1) // 2)
    weight = resize_float(known, half)
    mean = resize_float(values * known[..., None], half).reshape(*half, -1) / np.maximum(weight, TINY)[..., None]
    below = spread(mean, np.minimum(1.0, 4.0 * weight).astype(np.float32))
    size_wh = (known.shape[1], known.shape[0])
    raised = cv2.resize(below, size_wh, interpolation=cv2.INTER_CUBIC).reshape(values.shape)
    return np.asarray(known[..., None] * values + (1.0 - known[..., None]) * raised, dtype=np.float32)
