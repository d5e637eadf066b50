"""Turn the picture: mirror it, rotate it, straighten it."""

import math
from typing import Final

import numpy as np

from retouch.editor.instructions.plan import Flip, Rotate, Straighten
from retouch.editor.operations.composition.reframe import bounds, scale_of, show
from retouch.editor.operations.composition.skyline import agree, tilt_of_skyline
from retouch.editor.operations.composition.tilt import estimate_tilt
from retouch.editor.operations.stage import Context, Stage
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.images.frame import Frame
from retouch.images.geometry import center_crop_box
from retouch.types import Resolution

__all__ = ["flip", "rotate", "straighten"]

MAX_CROPPED_DEGREES: Final = 20.0
"""A turn by more keeps the whole picture, on white: a crop would leave too little of it."""
_STRAIGHT_DEGREES: Final = 0.25


def flip(stage: Stage, operation: Flip, context: Context) -> Stage:
    """Carry out "mirror it", "flip it vertically". Lossless: every pixel only moves."""
    height, width = stage.pixels.shape[:2]
    across = ((1.0, 0.0, 0.0), (0.0, -1.0, float(height)))
    frame = Frame(across if operation.vertically else ((-1.0, 0.0, float(width)), (0.0, 1.0, 0.0)), (width, height))
    return show(stage, frame, context)


def rotate(stage: Stage, operation: Rotate, context: Context) -> Stage:
    """Carry out "rotate 90 degrees to the right", "turn it upside down", "rotate by 5 degrees".

    Parameters
    ----------
    stage : Stage
    operation : Rotate
    context : Context

    Returns
    -------
    Stage
        Quarter turns are lossless, and swap width and height unless the request names an aspect ratio. Up to 20 degrees from
        those the corners are cropped off, in the picture's own ratio; beyond, the whole picture is shown on white.
    """
    quarters = round(operation.degrees / 90.0)
    rest = operation.degrees - 90.0 * quarters
    if abs(rest) < 1e-6:
        return _turn_by_quarters(stage, quarters % 4, context)
    if abs(rest) <= MAX_CROPPED_DEGREES:
        turned = _turn_by_quarters(stage, quarters % 4, context) if quarters % 4 else stage
        return _turn_and_crop(turned, rest, context)
    return _turn_whole(stage, operation.degrees, context)


def _turn_by_quarters(stage: Stage, quarters: int, context: Context) -> Stage:
    """Turn by so many quarters, clockwise."""
    height, width = stage.pixels.shape[:2]
    frames = {
        1: Frame(((0.0, 1.0, 0.0), (-1.0, 0.0, float(height))), (height, width)),
        2: Frame(((-1.0, 0.0, float(width)), (0.0, -1.0, float(height))), (width, height)),
        3: Frame(((0.0, -1.0, float(width)), (1.0, 0.0, 0.0)), (height, width)),
    }
    frame = frames[quarters]
    fixed_wh = context.answer_size.fixed_wh
    if fixed_wh is not None and frame.size_wh != fixed_wh:
        box = center_crop_box(*frame.size_wh, fixed_wh[0] / fixed_wh[1])
        frame = Frame.of_box(box, fixed_wh).inside(frame)
    return show(stage, frame, context)


def _turn_and_crop(
    stage: Stage,
    degrees: float,
    context: Context,
    *,
    resolutions: tuple[Resolution, ...] = (),
    notes: tuple[str, ...] = (),
) -> Stage:
    """Turn a little, clockwise, and show the largest part without empty corners."""
    limits = bounds(stage, context)
    height, width = stage.pixels.shape[:2]
    ratio = context.answer_size.fixed_ratio or width / height
    cos, sin = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    shown_height = min(limits.width / (ratio * cos + sin), limits.height / (ratio * sin + cos))
    size_wh = context.answer_size.for_part(shown_height * ratio, shown_height, shrink=scale_of(stage, context))
    if not stage.is_reframed and not context.answer_size.keep_scale:
        size_wh = (width, height)
    frame = _turned(limits.center, degrees, shown_height * ratio, shown_height, size_wh)
    return show(stage, frame, context, resolutions=resolutions, notes=notes)


def _turn_whole(stage: Stage, degrees: float, context: Context) -> Stage:
    """Turn by any angle and keep all of the picture; the corners are white."""
    limits = bounds(stage, context)
    cos, sin = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    width, height = limits.width * cos + limits.height * sin, limits.width * sin + limits.height * cos
    fixed = context.answer_size.fixed_ratio
    if fixed is not None:
        width, height = max(width, height * fixed), max(height, width / fixed)
    size_wh = context.answer_size.for_part(width, height, shrink=scale_of(stage, context))
    frame = _turned(limits.center, degrees, width, height, size_wh)
    notes = ("The whole picture is kept; the corners that the turn leaves empty are white.",)
    return show(stage, frame, context, beyond=_white_beyond, notes=notes)


def _turned(
    center: tuple[float, float], degrees: float, width: float, height: float, size_wh: tuple[int, int]
) -> Frame:
    """Return the frame of a part of ``width`` x ``height`` around ``center`` after the picture was turned clockwise."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    scale_x, scale_y = width / size_wh[0], height / size_wh[1]
    linear = np.array([[cos * scale_x, sin * scale_y], [-sin * scale_x, cos * scale_y]])
    offset = np.array(center) - linear @ (np.array(size_wh) / 2)
    return Frame.of_matrix(np.column_stack([linear, offset]), size_wh)


def _white_beyond(pixels: Pixels, coverage: Mask) -> Pixels:
    white = pixels.copy()
    white[coverage == 0] = 255
    return white


def straighten(stage: Stage, operation: Straighten, context: Context) -> Stage:
    """Carry out "straighten the horizon".

    Raises
    ------
    UnsupportedInstructionError
        No lines say how the picture is tilted, or they say that it is straight.
    """
    subject, sky = stage.scene.subject, stage.scene.sky
    lines = estimate_tilt(stage.pixels[..., :3], subject.matte if subject.present else None)
    tilt = agree(lines, None if sky is None else tilt_of_skyline(sky, subject.matte))
    context.checkpoint()
    if tilt is None:
        hint = (
            "I find no horizon, walls or other lines that agree on how the picture is tilted. "
            'Say by how much: "rotate 2 degrees to the left".'
        )
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    if abs(tilt.degrees) < _STRAIGHT_DEGREES:
        hint = 'Its lines are straight already. Where they mislead, say by how much: "rotate 1 degree to the right".'
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    way = "right" if tilt.degrees > 0 else "left"
    resolved_to = f"a tilt of {abs(tilt.degrees):.1f} degrees to the {way}, by {tilt.lines} lines"
    resolution = Resolution(operation.phrase, resolved_to, tilt.confidence, verified=True)
    return _turn_and_crop(stage, -tilt.degrees, context, resolutions=(resolution,))
