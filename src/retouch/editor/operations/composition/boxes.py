"""Where to put the frame: boxes around things, in a ratio, inside of bounds."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.scene.values import Box
from retouch.images.array_types import Mask

__all__ = ["box_of_mask", "grow_to_ratio", "inside", "largest_box", "pleasing_ratio", "union"]

PLEASING_RATIOS: Final = ((1, 1), (4, 5), (5, 4), (3, 4), (4, 3), (2, 3), (3, 2), (9, 16), (16, 9))
"""What a crop may be when nothing says its ratio."""

_SOLID = 0.5
_MINOR_SHARE = 0.05
_CENTER_FROM_SHARE: Final = 0.4
"""A thing that takes more of the frame than this is centered; a smaller one may lie on a third."""


def box_of_mask(mask: Mask) -> Box | None:
    """Return the box around a mask's large parts; specks below a twentieth of the largest don't count. None if it is empty."""
    solid = (mask > _SOLID).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    if count < 2:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = stats[1:][areas >= _MINOR_SHARE * areas.max()]
    left, top = kept[:, cv2.CC_STAT_LEFT], kept[:, cv2.CC_STAT_TOP]
    right, bottom = left + kept[:, cv2.CC_STAT_WIDTH], top + kept[:, cv2.CC_STAT_HEIGHT]
    return Box(float(left.min()), float(top.min()), float(right.max()), float(bottom.max()))


def union(a: Box, b: Box) -> Box:
    """Return the smallest box that holds both."""
    return Box(min(a.left, b.left), min(a.top, b.top), max(a.right, b.right), max(a.bottom, b.bottom))


def grow_to_ratio(box: Box, ratio: float) -> Box:
    """Return the smallest box of a ratio that holds ``box``, around the same middle."""
    x, y = box.center
    width = max(box.width, box.height * ratio)
    height = width / ratio
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def inside(box: Box, limits: Box) -> Box:
    """Move a box into limits; one that is too large is first reduced around its middle, in its ratio.

    >>> inside(Box(-10, 0, 30, 20), Box(0, 0, 100, 10))
    Box(left=0.0, top=0.0, right=20.0, bottom=10.0)
    """
    factor = min(1.0, limits.width / box.width, limits.height / box.height)
    x, y = box.center
    width, height = box.width * factor, box.height * factor
    left = min(max(x - width / 2, limits.left), limits.right - width)
    top = min(max(y - height / 2, limits.top), limits.bottom - height)
    return Box(left, top, left + width, top + height)


def pleasing_ratio(box: Box, limits: Box) -> tuple[int, int]:
    """Return the usual ratio whose smallest box around ``box`` adds least, of those that fit into the limits."""
    sizes = {ratio: grow_to_ratio(box, ratio[0] / ratio[1]) for ratio in PLEASING_RATIOS}
    fitting = [r for r, grown in sizes.items() if grown.width <= limits.width and grown.height <= limits.height]
    return min(fitting or PLEASING_RATIOS, key=lambda r: sizes[r].width * sizes[r].height)


def largest_box(limits: Box, ratio: float, focus: Box | None = None) -> Box:
    """Return the largest box of a ratio inside of limits, placed for the sake of ``focus``.

    Parameters
    ----------
    limits : Box
    ratio : float
    focus : Box, optional
        What the picture is about. It comes to the middle where it is large; a small one keeps to the third at which it lies.
    """
    width = min(limits.width, limits.height * ratio)
    height = width / ratio
    if focus is None:
        x, y = limits.center
    else:
        x = _place(focus.left, focus.right, limits.left, limits.right, width)
        y = _place(focus.top, focus.bottom, limits.top, limits.bottom, height)
    return inside(Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2), limits)


def _place(low: float, high: float, start: float, end: float, length: float) -> float:
    """Return where the middle of a frame of ``length`` goes, along one axis."""
    middle = (low + high) / 2
    if high - low > _CENTER_FROM_SHARE * length:
        return middle
    share = (middle - start) / (end - start)
    third = min((1 / 3, 1 / 2, 2 / 3), key=lambda place: abs(place - share))
    return middle + (0.5 - third) * length
