"""Where the subject's head is: a face that lies on the matte, an animal's head; else the top of the silhouette."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import cv2
import cv2.data
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.values import Face, Head
from retouch.images.array_types import Mask, Pixels

__all__ = ["find_head"]

BoolMask = npt.NDArray[np.bool_]

_LONG_SIDE_PX: Final = 400
_CAT_CASCADE: Final = "haarcascade_frontalcatface_extended.xml"
"""Shipped with OpenCV. The networks of ``faces`` know people only."""
_CAT_TRUST: Final = 0.7
_CAT_AGREEING: Final = 6
_MIN_ON_SUBJECT: Final = 0.6
_MIN_FACE: Final = 0.05
_MARGIN: Final = 0.12
"""Border added around the subject, as a share of its longer side: a cascade misses a face that fills its picture."""
_CROWN: Final = 0.42
"""How far the crown lies above the box of a face, as a share of its height."""
_EARS: Final = 0.1
_MOST_TILT: Final = 35.0
_KNOB: Final = 0.34
"""Confidence of a knob with a neck from which on it outlines an animal's head better than the evidence around its peak."""


def find_head(
    pixels: Pixels,
    matte: Mask,
    faces: tuple[Face, ...] = (),
    *,
    animal: Callable[[], Head | None] = lambda: None,
) -> Head | None:
    """Guess the box of the subject's head.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]
        Of the main subject.
    faces : tuple of Face
        Of people, as ``find_faces``.
    animal : callable
        Asked where no face is found: the subject's head, if it is an animal, as ``find_animal_head``.

    Returns
    -------
    Head or None
        From the largest face that lies on the subject, a person's or a cat's, stretched from forehead and chin to crown and chin.
        Else an animal's head. Else the knob at the top of the silhouette, with a confidence of at most 0.5. None without a
        subject.

    References
    ----------
    P. Viola, M. Jones, "Rapid object detection using a boosted cascade of simple features", CVPR 2001.
    """
    if float(matte.max()) < 0.5:
        return None
    found = _from_faces(faces, matte) or _from_cat(pixels, matte)
    if found is not None:
        return found
    knob, head = _from_silhouette(matte), animal()
    return knob if head is None else _settle(head, knob)


def _settle(head: Head, knob: Head) -> Head:
    """Return the better outline of an animal's head: the knob with a neck where the evidence peaks in it."""
    x, y = (head.left + head.right) / 2, (head.top + head.bottom) / 2
    is_in_knob = knob.left <= x <= knob.right and knob.top <= y <= knob.bottom
    if not is_in_knob or knob.confidence < _KNOB:
        return head
    return Head(knob.left, knob.top, knob.right, knob.bottom, max(head.confidence, knob.confidence), "animal")


def _from_faces(faces: tuple[Face, ...], matte: Mask) -> Head | None:
    """Stretch the largest face on the subject to its head."""
    for face in faces:
        box = face.box
        if _share_inside(matte, (box.left, box.top, box.width, box.height)) < _MIN_ON_SUBJECT:
            continue
        side = _EARS * box.width
        left, right = max(0.0, box.left - side), min(float(matte.shape[1]), box.right + side)
        crown = max(0.0, box.top - _CROWN * box.height, _top_of_matte(matte, left, right))
        tilt = face.tilt if abs(face.tilt) <= _MOST_TILT else 0.0
        return Head(left, min(crown, max(0.0, box.top)), right, box.bottom, face.confidence, "face", tilt)
    return None


@cache
def _cascade(name: str) -> Any:
    return cv2.CascadeClassifier(cv2.data.haarcascades + name)


def _from_cat(pixels: Pixels, matte: Mask) -> Head | None:
    left, top, across, down = cv2.boundingRect((matte > 0.3).astype(np.uint8))
    right, bottom = left + across, top + down
    scale = min(1.0, _LONG_SIDE_PX / max(right - left, bottom - top))
    size_wh = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    crop = cv2.resize(pixels[top:bottom, left:right], size_wh, interpolation=cv2.INTER_AREA)
    gray = cv2.equalizeHist(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))
    margin = round(_MARGIN * max(gray.shape))
    padded = cv2.copyMakeBorder(gray, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    least = max(24, round(_MIN_FACE * max(gray.shape)))
    found = _cascade(_CAT_CASCADE).detectMultiScale(
        padded, scaleFactor=1.1, minNeighbors=_CAT_AGREEING, minSize=(least, least)
    )
    boxes = [((x - margin) / scale + left, (y - margin) / scale + top, w / scale, h / scale) for x, y, w, h in found]
    on_subject = [box for box in boxes if _share_inside(matte, box) >= _MIN_ON_SUBJECT]
    if not on_subject:
        return None
    x, y, width, height = max(on_subject, key=lambda box: box[2] * box[3])
    crown = max(0.0, y - 0.3 * height, _top_of_matte(matte, x, x + width))
    return Head(float(x), float(min(crown, y)), float(x + width), float(y + height), _CAT_TRUST, "face")


def _share_inside(matte: Mask, box: tuple[float, ...]) -> float:
    left, top, width, height = (round(v) for v in box)
    part = matte[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)]
    return float(part.mean()) if part.size else 0.0


def _top_of_matte(matte: Mask, left: float, right: float) -> float:
    """Return the first row of the subject between two columns."""
    rows = np.flatnonzero((matte[:, round(left) : max(round(left) + 1, round(right))] > 0.5).any(axis=1))
    return float(rows[0]) if len(rows) else 0.0


def _from_silhouette(matte: Mask) -> Head:
    """Take the knob at the top of the silhouette, down to its neck, for the head."""
    hard = _smooth_silhouette(matte)
    rows, columns = np.flatnonzero(hard.any(axis=1)), np.flatnonzero(hard.any(axis=0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    least, most = max(3, round(0.12 * (bottom - top))), max(4, round(0.45 * (bottom - top)))
    lefts, rights = _follow_down(hard, top, top + most)
    depth, narrowed = _depth_to_neck(rights - lefts, least)
    left, right = float(lefts[:depth].min()), float(rights[:depth].max())
    share = (right - left) / (int(columns[-1]) + 1 - int(columns[0]))
    confidence = float(np.clip((0.5 if narrowed else 0.35) * (1.2 - share), 0.05, 0.5))
    return Head(left, float(top), right, float(top + depth), confidence, "silhouette")


def _smooth_silhouette(matte: Mask) -> BoolMask:
    """Return the subject without hairs, spikes and aerials, which would pass for its top."""
    hard = (matte > 0.5).astype(np.uint8)
    side = max(3, round(0.02 * float(np.sqrt(hard.sum())) * 2) | 1)
    opened = cv2.morphologyEx(hard, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return np.asarray((opened if opened.any() else hard) > 0)


def _depth_to_neck(widths: npt.NDArray[np.intp], least: int) -> tuple[int, bool]:
    """Return how many rows the head takes, and whether it ends in a neck rather than by proportion.

    A neck is a row clearly narrower than the widest one above it, before the silhouette widens again. Without one, a head is
    taken to be as tall as it is wide.
    """
    widest = np.maximum.accumulate(widths)
    for row in range(least, len(widths)):
        is_waist = widths[row] < 0.85 * widest[row] and widths[row] <= widths[row : row + least].min()
        if is_waist:
            return row + 1, True
    square = np.flatnonzero(np.arange(1, len(widths) + 1) >= widest)
    square = square[square >= least]
    return (int(square[0]) + 1 if len(square) else len(widths)), False


def _follow_down(hard: BoolMask, top: int, bottom: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return, row by row, left and right end of the run of subject pixels that hangs together with the topmost one."""
    columns = np.flatnonzero(hard[top])
    left, right = int(columns[0]), int(columns[-1])
    lefts, rights = [], []
    for row in range(top, min(bottom, hard.shape[0])):
        columns = np.flatnonzero(hard[row])
        runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1) if len(columns) else []
        overlapping = [run for run in runs if run[-1] >= left and run[0] <= right]
        if overlapping:
            left, right = int(overlapping[0][0]), int(overlapping[-1][-1])
        lefts.append(left)
        rights.append(right + 1)
    return np.array(lefts), np.array(rights)
