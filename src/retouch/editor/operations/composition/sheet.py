"""Put pictures together on one sheet, none of them cropped: a collage, before and after."""

from typing import Final

import numpy as np

from retouch.editor.instructions.plan import BeforeAfter, Collage, Layout
from retouch.editor.operations.stage import Context, Stage
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Pixels
from retouch.images.frame import AnswerSize, read_frame
from retouch.images.geometry import Fit, fit_pixels

__all__ = ["make_collage", "show_before_after"]

_GAP_SHARE: Final = 0.012
_WHITE: Final = 255
_WIDE: Final = 1.25
"""Pictures wider than this look better one above the other when nothing says how."""
_MAX_KEPT_SIDE_PX: Final = 8000


def make_collage(stage: Stage, operation: Collage, context: Context) -> Stage:
    """Carry out "make a collage", "put them side by side".

    Parameters
    ----------
    stage : Stage
        Earlier operations on the first picture are shown.
    operation : Collage
    context : Context

    Returns
    -------
    Stage
        Reframed, without a single map to the original. The pictures are whole, in rows of equal height that are equally wide.
    """
    pictures = [_picture(stage, index, context) for index in operation.image_indexes]
    return _show_sheet(stage, pictures, _rows(pictures, operation.layout), context)


def _picture(stage: Stage, index: int, context: Context) -> Pixels:
    """Return a picture for the sheet: the stage for the one that is edited, where anything was."""
    untouched = not stage.is_reframed and not stage.change_mask.any() and not stage.is_global
    if index == context.base_index and not untouched:
        return _on_white(stage.pixels)
    return context.originals(index)


def show_before_after(stage: Stage, operation: BeforeAfter, context: Context) -> Stage:
    """Carry out "show before and after side by side": the picture as it was, then as it is.

    Raises
    ------
    UnsupportedInstructionError
        Nothing was edited before it.
    """
    if not stage.change_mask.any() and not stage.is_global and not stage.is_reframed:
        hint = 'Say first what to edit: "make it black and white and show before and after".'
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    after = _on_white(stage.pixels)
    original = context.originals(context.base_index)
    before = original
    if stage.frame is not None:
        before, coverage = read_frame(original, stage.frame)
        before = original if (coverage < 1).any() else before
    layout = operation.layout
    if layout is Layout.AUTO:
        layout = Layout.ROW if after.shape[1] / after.shape[0] < _WIDE else Layout.COLUMN
    pictures = [before, after]
    return _show_sheet(stage, pictures, _rows(pictures, layout), context)


def _rows(pictures: list[Pixels], layout: Layout) -> list[list[int]]:
    """Return which pictures stand in which row.

    Two stand beside each other unless both are wide; three are one over two; four are a grid.
    """
    count = len(pictures)
    numbers = list(range(count))
    ratios = [picture.shape[1] / picture.shape[0] for picture in pictures]
    if layout is Layout.ROW:
        return [numbers]
    if layout is Layout.COLUMN:
        return [[number] for number in numbers]
    if count == 2:
        return [[0], [1]] if min(ratios) > _WIDE and layout is Layout.AUTO else [[0, 1]]
    if count == 3:
        return [[0], [1, 2]] if sum(ratios) > 3 * 0.9 else [[0, 1, 2]]
    return [numbers[:2], numbers[2:]]


def _show_sheet(stage: Stage, pictures: list[Pixels], rows: list[list[int]], context: Context) -> Stage:
    """Lay out rows of pictures with a white gap around each, at the answer's size."""
    context.checkpoint()
    ratios = [[pictures[number].shape[1] / pictures[number].shape[0] for number in row] for row in rows]
    height = sum(1 / sum(row) for row in ratios)
    size_wh = _sheet_size(pictures, rows, 1.0, height, context.answer_size)
    gap = max(2, round(_GAP_SHARE * float(np.sqrt(size_wh[0] * size_wh[1]))))
    sheet = np.full((size_wh[1], size_wh[0], 3), _WHITE, np.uint8)
    scale = _common_scale(ratios, size_wh, gap)
    row_heights = [(scale - gap * (len(row) - 1)) / sum(row) for row in ratios]
    y = (size_wh[1] - sum(row_heights) - gap * (len(rows) - 1)) / 2
    for row, row_ratios, row_height in zip(rows, ratios, row_heights, strict=True):
        x = (size_wh[0] - scale) / 2
        for number, ratio in zip(row, row_ratios, strict=True):
            _place(sheet, pictures[number], x, y, ratio * row_height, row_height)
            x += ratio * row_height + gap
        y += row_height + gap
    mask = np.ones(sheet.shape[:2], np.float32)
    return stage.reframed(sheet, mask, None, context.analyze(sheet), added={})


def _common_scale(ratios: list[list[float]], size_wh: tuple[int, int], gap: int) -> float:
    """Return how wide all rows are, so that they fit with the gaps between and around them."""
    widest = size_wh[0] - 2 * gap
    per_width = sum(1 / sum(row) for row in ratios)
    lost = sum(gap * (len(row) - 1) / sum(row) for row in ratios)
    tallest = (size_wh[1] - gap * (len(ratios) + 1) + lost) / per_width
    return min(float(widest), tallest)


def _sheet_size(
    pictures: list[Pixels], rows: list[list[int]], width: float, height: float, answer_size: AnswerSize
) -> tuple[int, int]:
    """Return the sheet's size; at the original's scale the picture that is shrunk least keeps its own."""
    if not answer_size.keep_scale:
        return answer_size.for_part(width, height)
    widths = []
    for row in rows:
        total = sum(pictures[number].shape[1] / pictures[number].shape[0] for number in row)
        widths.append(max(pictures[number].shape[0] for number in row) * total)
    full = min(max(widths), _MAX_KEPT_SIDE_PX, _MAX_KEPT_SIDE_PX / height)
    return max(1, round(full)), max(1, round(full * height))


def _place(sheet: Pixels, picture: Pixels, x: float, y: float, width: float, height: float) -> None:
    """Draw a picture into the sheet, to whole pixels."""
    left, top = max(0, round(x)), max(0, round(y))
    right, bottom = (
        min(sheet.shape[1], max(left + 1, round(x + width))),
        min(sheet.shape[0], max(top + 1, round(y + height))),
    )
    whole = Fit((0.0, 0.0, float(picture.shape[1]), float(picture.shape[0])), (right - left, bottom - top))
    sheet[top:bottom, left:right] = fit_pixels(picture, whole)


def _on_white(pixels: Pixels) -> Pixels:
    """Lay a transparent picture on white."""
    if pixels.shape[2] == 3:
        return pixels
    alpha = pixels[..., 3:].astype(np.float32) / 255.0
    return np.asarray(np.rint(255.0 + alpha * (pixels[..., :3] - 255.0)), dtype=np.uint8)
