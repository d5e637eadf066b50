"""What placing goes by, read from the scene once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from retouch.editor.operations.insert.region import (
    MIN_GROUND,
    BoxSums,
    boxes_of,
    mask_box,
    standing_ground,
    water_mask,
)
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.values import Box
from retouch.images.array_types import Mask

__all__ = ["Surroundings", "look_around"]

_WET: Final = 0.35


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What placing goes by, read from the scene once.

    Attributes
    ----------
    picture_hw : tuple of two int
    subject : (H, W) float32 [0, 1]
        0 where there is none.
    subject_box : Box or None
    face : Box or None
        What must not be covered: the head, or the upper part of the subject.
    ground, sky, water : BoxSums or None
    has_ground : bool
        Whether there is anything at all that a thing could stand on, and that is no water.
    clutter : BoxSums
        How busy the picture is, 0 to 1.
    horizon_row : float or None
    anchor : Box or None
        What the placement refers to.
    anchor_mask : (H, W) float32 [0, 1] or None
    second : Box or None
        Of BETWEEN: the other thing.
    taken : tuple of Box
        What earlier operations put in.
    """

    picture_hw: tuple[int, int]
    subject: Mask
    subject_sums: BoxSums
    subject_box: Box | None
    face: Box | None
    ground: BoxSums
    has_ground: bool
    sky: BoxSums | None
    water: BoxSums | None
    clutter: BoxSums
    horizon_row: float | None
    anchor: Box | None
    anchor_mask: Mask | None
    second: Box | None = None
    taken: tuple[Box, ...] = ()


def look_around(
    scene: Scene, anchor_mask: Mask | None, second_mask: Mask | None = None, added: Iterable[Mask] = ()
) -> Surroundings:
    """Read the masks of a scene that placing needs.

    Parameters
    ----------
    scene : Scene
    anchor_mask, second_mask : (H, W) float32 [0, 1] or None
        What the placement refers to.
    added : iterable of (H, W) float32 [0, 1]
        What earlier operations put in, which is not to be covered.
    """
    subject = scene.subject
    matte = subject.matte if subject.present else np.zeros_like(subject.matte)
    box = mask_box(matte)
    head = scene.head if subject.present else None
    face = None if head is None else Box(head.left, head.top, head.right, head.bottom)
    if face is None and box is not None:
        face = Box(box.left + 0.1 * box.width, box.top, box.right - 0.1 * box.width, box.top + 0.45 * box.height)
    gray = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0
    busy = np.clip(np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)) / 0.8, 0, 1)
    sky, water, horizon, ground = scene.sky, water_mask(scene), scene.horizon, standing_ground(scene)
    return Surroundings(
        picture_hw=(matte.shape[0], matte.shape[1]),
        subject=matte,
        subject_sums=BoxSums(matte),
        subject_box=box,
        face=face,
        ground=BoxSums(ground),
        has_ground=float((ground if water is None else ground * (water < _WET)).mean()) >= MIN_GROUND,
        sky=None if sky is None else BoxSums(sky),
        water=None if water is None else BoxSums(water),
        clutter=BoxSums(busy),
        horizon_row=None if horizon is None else horizon.row,
        anchor=None if anchor_mask is None else mask_box(anchor_mask),
        anchor_mask=anchor_mask,
        second=None if second_mask is None else mask_box(second_mask),
        taken=tuple(box for mask in added for box in boxes_of(mask)),
    )
