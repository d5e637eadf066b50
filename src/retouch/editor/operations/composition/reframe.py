"""Show the stage through another frame, from the original's pixels wherever no operation has touched them."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.values import Box
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.images.frame import Frame, read_frame, read_mask
from retouch.images.geometry import fill_size
from retouch.images.masks import blend_pixels
from retouch.types import Resolution

__all__ = ["bounds", "check_ratio", "outer_frame", "scale_of", "show", "show_box"]

Beyond = Callable[[Pixels, Mask], Pixels]
"""Paints what lies beyond the picture: takes the pixels and the coverage (1 where the picture is)."""

_WHOLE_PX = 1e-3
_ENLARGED = 1.5
_RATIO_SLACK = 0.03


def outer_frame(stage: Stage, context: Context) -> Frame | None:
    """Return where the stage's pixels lie in the original; None where no single map says it."""
    if stage.is_reframed:
        return stage.frame
    original = context.originals(context.base_index)
    height, width = stage.pixels.shape[:2]
    fit = fill_size(original.shape[1], original.shape[0], (width, height))
    return Frame.of_box(fit.box, fit.size_wh)


def scale_of(stage: Stage, context: Context) -> float:
    """Return how many pixels of the original one pixel of the stage is."""
    outer = outer_frame(stage, context)
    return 1.0 if outer is None else outer.shrink


def bounds(stage: Stage, context: Context) -> Box:
    """Return how far a frame may reach, in the stage's pixels: to the original's borders while those are still unseen.

    The answer's ratio cuts off a little of most originals; a crop to another ratio may have that back. Not once the picture was
    reframed (that crop was meant), nor when every pixel was edited (there is nothing to show beyond).
    """
    height, width = stage.pixels.shape[:2]
    outer = outer_frame(stage, context)
    if stage.is_reframed or not _reads_original(stage) or outer is None:
        return Box(0.0, 0.0, float(width), float(height))
    (scale_x, _, left), (_, scale_y, top) = outer.rows
    original = context.originals(context.base_index)
    right, bottom = (original.shape[1] - left) / scale_x, (original.shape[0] - top) / scale_y
    return Box(-left / scale_x, -top / scale_y, right, bottom)


def check_ratio(ratio: tuple[int, int] | None, context: Context, phrase: str) -> float | None:
    """Return the width over height that an answer must have, None where it is open.

    Raises
    ------
    UnsupportedInstructionError
        The prompt names another ratio than the request.
    """
    fixed = context.answer_size.fixed_ratio
    if ratio is None:
        return fixed
    named = ratio[0] / ratio[1]
    if fixed is not None and abs(fixed / named - 1.0) > _RATIO_SLACK * 2:
        hint = "The request's aspect_ratio asks for another shape than the prompt: leave one of them out."
        raise UnsupportedInstructionError((), (phrase,), hint)
    return named if fixed is None else fixed


def show_box(
    stage: Stage,
    box: Box,
    context: Context,
    *,
    ratio: tuple[int, int] | None = None,
    beyond: Beyond | None = None,
    resolutions: tuple[Resolution, ...] = (),
    notes: tuple[str, ...] = (),
) -> Stage:
    """Show a part of the stage, in its own coordinates, at the size that the request gives a part of that shape."""
    shrink = scale_of(stage, context)
    if context.answer_size.keep_scale and abs(shrink - 1.0) < _WHOLE_PX:
        left, top = float(round(box.left)), float(round(box.top))  # whole pixels: none is resampled
        box = Box(left, top, left + round(box.width), top + round(box.height))
    size_wh = context.answer_size.for_part(box.width, box.height, shrink=shrink, ratio=ratio)
    frame = Frame.of_box((box.left, box.top, box.right, box.bottom), size_wh)
    return show(stage, frame, context, beyond=beyond, resolutions=resolutions, notes=notes)


def show(
    stage: Stage,
    frame: Frame,
    context: Context,
    *,
    beyond: Beyond | None = None,
    resolutions: tuple[Resolution, ...] = (),
    notes: tuple[str, ...] = (),
) -> Stage:
    """Return the stage through a frame of its own grid.

    Parameters
    ----------
    stage : Stage
    frame : Frame
        Of the stage's grid.
    context : Context
    beyond : callable, optional
        Paints what lies beyond the picture, and counts as an edit there; left out, the border is repeated.
    resolutions, notes : tuple

    Returns
    -------
    Stage
        Reframed. Pixels that no operation has touched are read from the original in one resize: a part of a large picture is as
        sharp as the original has it. Moves without a change of scale are lossless.
    """
    context.checkpoint()
    outer = outer_frame(stage, context)
    whole = None if outer is None else frame.inside(outer)
    if whole is None or not _reads_original(stage) or _only_moves(frame, stage):
        pixels, coverage = read_frame(stage.pixels, frame)
        mask = read_mask(stage.change_mask, frame)
    else:
        pixels, coverage = read_frame(context.originals(context.base_index), whole)
        mask = np.zeros(coverage.shape, np.float32)
        if stage.change_mask.any():
            reach = cv2.dilate((stage.change_mask > 0).astype(np.float32), np.ones((5, 5), np.uint8))
            mask = read_mask(reach, frame)
            pixels = blend_pixels(pixels, read_frame(stage.pixels, frame)[0], mask)
    if beyond is not None and (coverage < 1.0).any():
        context.checkpoint()
        pixels = beyond(pixels, coverage)
        mask = np.maximum(mask, 1.0 - coverage)
    return stage.reframed(
        pixels,
        mask,
        whole,
        context.analyze(np.ascontiguousarray(pixels[..., :3])),
        added={noun: read_mask(each, frame) for noun, each in stage.added.items()},
        protected=tuple(replace(each, mask=read_mask(each.mask, frame)) for each in stage.protected),
        resolutions=resolutions,
        notes=(*notes, *_note_enlargement(outer, whole)),
    )


def _reads_original(stage: Stage) -> bool:
    """Return whether some of the stage's pixels are still the original's."""
    return not stage.is_global and stage.pixels.shape[2] == 3


def _only_moves(frame: Frame, stage: Stage) -> bool:
    """Return whether a frame shows the whole stage pixel by pixel: mirrored, or turned by quarters."""
    corners = frame.corners()
    low, high = corners.min(axis=0), corners.max(axis=0)
    height, width = stage.pixels.shape[:2]
    right_angled = sum(abs(value) < _WHOLE_PX for row in frame.rows for value in row[:2]) == 2
    covers = np.abs(low).max() < _WHOLE_PX and np.abs(high - (width, height)).max() < _WHOLE_PX
    return right_angled and bool(covers) and abs(frame.shrink - 1.0) < _WHOLE_PX


def _note_enlargement(outer: Frame | None, whole: Frame | None) -> tuple[str, ...]:
    """Say so where a part is shown larger than the original has it, and larger than the whole picture was."""
    if outer is None or whole is None:
        return ()
    factor = 1.0 / whole.shrink
    if factor < _ENLARGED or factor < 1.05 / outer.shrink:
        return ()
    width, height = (round(side * whole.shrink) for side in whole.size_wh)
    return (f"The part has {width} x {height} pixels in the original and was enlarged {factor:.1f} times.",)
