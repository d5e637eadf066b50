"""Show a part of the picture: around a thing, in a ratio, without what is at the side."""

from typing import Final

from retouch.editor.instructions.plan import CenterSubject, Crop, CropOut, Sides, Trim, Zoom
from retouch.editor.operations.composition.boxes import grow_to_ratio, inside, largest_box, pleasing_ratio
from retouch.editor.operations.composition.locate import Located, find_focus, locate
from retouch.editor.operations.composition.reframe import bounds, check_ratio, scale_of, show_box
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.values import Box
from retouch.errors import UnsupportedInstructionError
from retouch.types import Resolution

__all__ = ["center_subject", "crop", "crop_out", "trim", "zoom"]

_LEAST_SIDE_PX: Final = 24.0
"""In pixels of the original: less can't be shown large."""
_LEAST_LEFT: Final = 0.35
_LEAST_WIDTH: Final = 0.4
_FACE_RATIO: Final = (4, 5)
_FILLS: Final = 0.93
_TIGHT: Final = 0.3
_AWAY: Final = 0.02


def crop(stage: Stage, operation: Crop, context: Context) -> Stage:
    """Carry out "crop to the face", "crop to a square", "crop tightly around the cup".

    Parameters
    ----------
    stage : Stage
    operation : Crop
    context : Context

    Returns
    -------
    Stage
        Reframed; untouched pixels come from the original at its own resolution.

    Raises
    ------
    UnsupportedInstructionError
        The target is not in the picture, fills it already, or the request's aspect ratio says otherwise.
    EditAbortedError

    Notes
    -----
    A ratio alone keeps as much as possible, placed by the main subject: in the middle where it is large, on a third where it is
    small. A thing gets room in proportion to its size, a head its hair and shoulders.
    """
    limits = bounds(stage, context)
    required = check_ratio(operation.ratio, context, operation.phrase)
    if operation.target is None:
        if required is None:
            required = limits.width / limits.height
        box = _holding_head(largest_box(limits, required, find_focus(stage)), limits, stage)
        return show_box(stage, box, context, ratio=operation.ratio)
    found = locate(stage, operation.target, margin=operation.margin)
    if _fills(_clipped(found.framed, limits), limits) and operation.margin > _TIGHT:
        found = locate(stage, operation.target, margin=_TIGHT)
    ratio = operation.ratio
    if required is None:
        ratio = _FACE_RATIO if found.is_face and found.framed.width < found.framed.height else None
        ratio = ratio or pleasing_ratio(_clipped(found.framed, limits), limits)
        required = ratio[0] / ratio[1]
    box = inside(grow_to_ratio(_clipped(found.framed, limits), required), limits)
    _check_part(box, limits, stage, context, operation.phrase)
    notes = _note_cut(box, found)
    return show_box(stage, box, context, ratio=ratio, resolutions=(found.resolution,), notes=notes)


def _holding_head(box: Box, limits: Box, stage: Stage) -> Box:
    """Move a box so that the subject's head is in it, where the subject does not fit as a whole."""
    head = stage.scene.head if stage.scene.subject.present else None
    if head is None:
        return box
    left = box.left + min(0.0, head.left - box.left) + max(0.0, head.right - box.right)
    top = box.top + min(0.0, head.top - box.top) + max(0.0, head.bottom - box.bottom)
    return inside(Box(left, top, left + box.width, top + box.height), limits)


def zoom(stage: Stage, operation: Zoom, context: Context) -> Stage:
    """Carry out "zoom in on the face", "zoom in 2x": a part in the picture's own ratio; raises as ``crop``."""
    limits = bounds(stage, context)
    height, width = stage.pixels.shape[:2]
    required = context.answer_size.fixed_ratio or width / height
    if operation.target is None:
        focus = find_focus(stage)
        x, y = focus.center if focus is not None else limits.center
        resolutions: tuple[Resolution, ...] = ()
    else:
        found = locate(stage, operation.target)
        x, y = found.core.center
        resolutions = (found.resolution,)
        if operation.factor is None:
            box = inside(grow_to_ratio(_clipped(found.framed, limits), required), limits)
            _check_part(box, limits, stage, context, operation.phrase)
            return show_box(stage, box, context, resolutions=resolutions, notes=_note_cut(box, found))
    whole = largest_box(limits, required)
    half_w, half_h = whole.width / (operation.factor or 1.0) / 2, whole.height / (operation.factor or 1.0) / 2
    box = inside(Box(x - half_w, y - half_h, x + half_w, y + half_h), limits)
    _check_part(box, limits, stage, context, operation.phrase)
    return show_box(stage, box, context, resolutions=resolutions)


def trim(stage: Stage, operation: Trim, context: Context) -> Stage:
    """Carry out "cut off the left third"; an aspect ratio of the request is then taken from the middle of the rest."""
    limits = bounds(stage, context)
    left, top, right, bottom = _amounts(operation.sides, limits, scale_of(stage, context))
    box = Box(limits.left + left, limits.top + top, limits.right - right, limits.bottom - bottom)
    if box.width <= 0 or box.height <= 0:
        hint = "That is more than the whole picture: cut off less."
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    fixed = context.answer_size.fixed_ratio
    if fixed is not None:
        box = largest_box(box, fixed)
    _check_part(box, limits, stage, context, operation.phrase)
    return show_box(stage, box, context)


def _amounts(sides: Sides, limits: Box, shrink: float) -> tuple[float, float, float, float]:
    """Return what goes at each side, in the stage's pixels."""
    across, down = (1 / shrink, 1 / shrink) if sides.in_pixels else (limits.width, limits.height)
    return sides.left * across, sides.top * down, sides.right * across, sides.bottom * down


def crop_out(stage: Stage, operation: CropOut, context: Context) -> Stage:
    """Carry out "crop out the person on the right": keep the largest part without it.

    Raises
    ------
    UnsupportedInstructionError
        It is not in the picture, or too little would be left: it stands in the middle.
    """
    limits = bounds(stage, context)
    found = locate(stage, operation.target)
    core, away = found.core, _AWAY * max(limits.width, limits.height)
    candidates = (
        Box(limits.left, limits.top, core.left - away, limits.bottom),
        Box(core.right + away, limits.top, limits.right, limits.bottom),
        Box(limits.left, limits.top, limits.right, core.top - away),
        Box(limits.left, core.bottom + away, limits.right, limits.bottom),
    )
    box = max(candidates, key=lambda each: max(0.0, each.width) * max(0.0, each.height))
    fixed = context.answer_size.fixed_ratio
    if min(box.width, box.height) > 0 and fixed is not None:
        box = largest_box(box, fixed)
    if min(box.width, box.height) <= 0 or box.width * box.height < _LEAST_LEFT * limits.width * limits.height:
        hint = f"It takes too much of the middle of the picture to be cropped out. {_INSTEAD}"
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    return show_box(stage, box, context, resolutions=(found.resolution,))


_INSTEAD = "Say which part to cut off, such as the left third."


def center_subject(stage: Stage, operation: CenterSubject, context: Context) -> Stage:
    """Carry out "center the subject", "use the rule of thirds": crop so that it comes to lie there.

    Raises
    ------
    UnsupportedInstructionError
        It is not in the picture, or lies so near to a border that too little would be left.
    """
    limits = bounds(stage, context)
    height, width = stage.pixels.shape[:2]
    required = context.answer_size.fixed_ratio or width / height
    found = locate(stage, operation.target)
    core = found.core
    places = (1 / 3, 2 / 3) if operation.on_thirds else (1 / 2,)
    x, y = core.center
    share_x, box_width = _widest(x, limits.left, limits.right, places)
    share_y, box_height = 0.5, limits.height
    if operation.on_thirds and core.height < 0.6 * limits.height:
        share_y, box_height = _widest(y, limits.top, limits.bottom, places)
    box_width = min(box_width, box_height * required, limits.width)
    box_height = box_width / required
    left, top = x - share_x * box_width, y - share_y * box_height
    top = min(max(top, limits.top), limits.bottom - box_height)
    box = Box(left, top, left + box_width, top + box_height)
    cuts = (
        core.left < box.left - 1 or core.right > box.right + 1 or core.top < box.top - 1 or core.bottom > box.bottom + 1
    )
    if box_width < _LEAST_WIDTH * limits.width or (cuts and core.width < 0.95 * limits.width):
        hint = "It lies too near to a border: a crop would cut it or leave too little. Extend the picture on that side first."
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    return show_box(stage, box, context, resolutions=(found.resolution,))


def _widest(at: float, low: float, high: float, places: tuple[float, ...]) -> tuple[float, float]:
    """Return the place in the frame that leaves the longest frame around ``at``, and that length."""
    lengths = {place: min((at - low) / place, (high - at) / (1 - place)) for place in places}
    best = max(lengths, key=lambda place: lengths[place])
    return best, lengths[best]


def _clipped(box: Box, limits: Box) -> Box:
    """Return the part of a box that the picture has."""
    return Box(
        max(box.left, limits.left),
        max(box.top, limits.top),
        min(box.right, limits.right),
        min(box.bottom, limits.bottom),
    )


def _check_part(box: Box, limits: Box, stage: Stage, context: Context, phrase: str) -> None:
    """Raise where a part is too small to be shown, or is the picture that there is already."""
    if min(box.width, box.height) * scale_of(stage, context) < _LEAST_SIDE_PX:
        raise UnsupportedInstructionError((), (phrase,), "The part is too small to be shown as a picture: crop less.")
    if _fills(box, limits) and context.answer_size.fixed_wh is None:
        raise UnsupportedInstructionError((), (phrase,), "It fills the picture already: there is nothing to crop.")


def _fills(box: Box, limits: Box) -> bool:
    return box.width * box.height > _FILLS * limits.width * limits.height


def _note_cut(box: Box, found: Located) -> tuple[str, ...]:
    """Say so where the ratio leaves no room for all of the thing."""
    core = found.core
    slack = 0.02 * max(core.width, core.height)
    out = max(box.left - core.left, box.top - core.top, core.right - box.right, core.bottom - box.bottom)
    return ("Not all of it fits into that ratio.",) if out > slack else ()
