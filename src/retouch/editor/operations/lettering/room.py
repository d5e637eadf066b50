"""How far letters may reach along their line before they leave the surface that they are on."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from retouch.editor.operations.lettering.match_font import Setting
from retouch.editor.operations.lettering.patch import Patch
from retouch.images.array_types import Mask, Pixels
from retouch.images.color import to_float

__all__ = ["Room", "measure_room"]

_REACH: Final = 1.6
"""How many lengths of the old words are looked at on either side."""
_SAME: Final = 0.09
"""Difference in sRGB up to which a column still shows the same surface."""


@dataclass(frozen=True, slots=True)
class Room:
    """The free part of a line, in the plane of its letters.

    Attributes
    ----------
    left, right : float
        Columns; the old words run from 0 to their length.
    rise_px : float
        Height of the capitals above the base line.
    """

    left: float
    right: float
    rise_px: float


def measure_room(wiped: Pixels, patch: Patch, setting: Setting, others: Mask) -> Room:
    """Walk from the old words to both sides until the surface ends, other words begin, or the picture does.

    Parameters
    ----------
    wiped : (H, W, C) uint8, sRGB
        Without the old words.
    patch : Patch
    setting : Setting
    others : (H, W) float32 [0, 1]
        Other words.

    Returns
    -------
    Room
        At least as long as the old words; with a margin to what ends it.
    """
    top = setting.font.getbbox("H", anchor="ls")[1]
    length = setting.length_px
    reach = _REACH * length + 4 * abs(top)
    size_wh = (round(2 * reach + length), max(8, round(abs(top) * 1.3)))
    from_strip = np.array([[1, 0, -reach], [0, 1, top * 1.15], [0, 0, 1]], np.float64)
    matrix = patch.to_picture @ setting.to_patch @ from_strip
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shown = cv2.warpPerspective(to_float(np.ascontiguousarray(wiped[..., :3])), matrix, size_wh, flags=flags)
    inside = cv2.warpPerspective(np.ones(wiped.shape[:2], np.float32), matrix, size_wh, flags=flags)
    taken = cv2.warpPerspective(others, matrix, size_wh, flags=flags)
    start, end = round(reach), round(reach + length)
    middle = np.median(shown[:, start:end].reshape(-1, 3), axis=0)
    differs = np.linalg.norm(shown - middle, axis=2) > max(_SAME, 4.0 * patch.texture)
    blocked = (differs.mean(axis=0) > 0.25) | (inside.min(axis=0) < 0.5) | (taken.max(axis=0) > 0.4)
    left = next((i for i in range(start - 1, -1, -1) if blocked[i]), -1) + 1
    right = next((i for i in range(end, size_wh[0]) if blocked[i]), size_wh[0])
    margin = 0.3 * abs(top)
    return Room(min(0.0, left - reach + margin), max(length, right - reach - margin), abs(float(top)))
