"""Keep the things that are on one side of a picture."""

from typing import Literal

import cv2
import numpy as np

from retouch.images.array_types import Mask

__all__ = ["is_on_side", "keep_side"]

_BANDS = {
    "left": (0.0, 0.5),
    "center": (0.25, 0.75),
    "right": (0.5, 1.0),
    "top": (0.0, 0.5),
    "middle": (0.25, 0.75),
    "bottom": (0.5, 1.0),
}


def keep_side(
    mask: Mask,
    horizontal: Literal["left", "center", "right"] | None,
    vertical: Literal["top", "middle", "bottom"] | None,
) -> Mask:
    """Zero the connected parts of a mask whose middle is not on the named side.

    Parameters
    ----------
    mask : (H, W) float32 [0, 1]
    horizontal, vertical : str or None
        None leaves that axis as it is. "left" and "right" are halves; "center" and "middle" the half in between.

    Returns
    -------
    (H, W) float32 [0, 1]
        A part that is wholly kept or wholly gone. All 0 if none lies there.
    """
    if horizontal is None and vertical is None:
        return mask
    height, width = mask.shape
    count, labels, _, centers = cv2.connectedComponentsWithStats((mask > 0.3).astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    for part in range(1, count):
        kept[part] = is_on_side((centers[part][0] / width, centers[part][1] / height), horizontal, vertical)
    # The soft rim around a part belongs to it.
    near = cv2.dilate(kept[labels].astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    return np.where(near, mask, np.float32(0.0)).astype(np.float32)


def is_on_side(
    center: tuple[float, float],
    horizontal: Literal["left", "center", "right"] | None,
    vertical: Literal["top", "middle", "bottom"] | None,
) -> bool:
    """Return whether a point, (x, y) as shares of the picture's size, is on the named side."""
    return _in_band(center[0], horizontal) and _in_band(center[1], vertical)


def _in_band(position: float, side: str | None) -> bool:
    if side is None:
        return True
    low, high = _BANDS[side]
    return low <= position <= high
