"""Write on a picture, or on a surface in it."""

from typing import Final

import numpy as np

from retouch.editor.instructions.plan import AddText, LetteringKind, Target, TargetKind
from retouch.editor.operations.lettering.bubble import draw_bubble
from retouch.editor.operations.lettering.ink import choose_ink, paint
from retouch.editor.operations.lettering.place import choose_spot
from retouch.editor.operations.lettering.surface import write_on_surface
from retouch.editor.operations.lettering.typeset import Block, choose_face, set_block, turn
from retouch.editor.operations.stage import Context, Stage
from retouch.images.array_types import Mask
from retouch.images.masks import bounding_box
from retouch.types import Resolution

__all__ = ["add_text"]

SIZE_SHARE: Final = {
    LetteringKind.TEXT: 0.09,
    LetteringKind.TITLE: 0.12,
    LetteringKind.CAPTION: 0.052,
    LetteringKind.WATERMARK: 0.036,
    LetteringKind.BUBBLE: 0.05,
}
"""Size of the font by what it is for, as a share of the picture's shorter side."""
ONE_LINE_DOWN_TO: Final = {
    LetteringKind.TEXT: 0.65,
    LetteringKind.TITLE: 0.65,
    LetteringKind.CAPTION: 0.85,
    LetteringKind.WATERMARK: 0.7,
    LetteringKind.BUBBLE: 1.0,
}
"""To which share of it that size shrinks before lines break."""
_SMALL_LETTERS: Final = {"script": 1.3, "hand": 1.25}
"""Fonts whose letters are small for their size."""
_WATERMARK_OPACITY = 0.6
_STEEP_DEGREES = 15.0
_MAX_WIDTH_SHARE = 0.9
_MAX_HEIGHT_SHARE = 0.6
_REGIONS = (TargetKind.SKY, TargetKind.BACKGROUND, TargetKind.REGION)


def add_text(stage: Stage, operation: AddText, context: Context) -> Stage:
    """Carry out 'write "SALE" at the top in red', "write OPEN on the mug".

    Parameters
    ----------
    stage : Stage
    operation : AddText
    context : Context

    Returns
    -------
    Stage
        Pixels away from the letters (and their shadow or outline) are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        No font has the letters, they don't fit, or the thing to write on is not there or has no surface for it.
    EditAbortedError
    """
    if operation.surface is not None and operation.surface.kind not in (*_REGIONS, TargetKind.PICTURE):
        return write_on_surface(stage, operation, context)
    face, notes = choose_face(operation.words, operation.style)
    block = set_block(
        operation.words,
        face,
        operation.style,
        _size_px(operation, stage),
        max_width_px=_MAX_WIDTH_SHARE
        * stage.pixels.shape[1]
        * (0.5 if operation.kind is LetteringKind.BUBBLE else 1.0),
        max_height_px=_MAX_HEIGHT_SHARE * stage.pixels.shape[0],
        fixed=operation.style.size_px is not None or operation.style.size_share is not None,
        one_line_down_to=ONE_LINE_DOWN_TO[operation.kind],
    )
    context.checkpoint()
    if operation.kind is LetteringKind.BUBBLE:
        return draw_bubble(stage, operation, block, notes)
    coverage = turn(block.coverage, operation.style.rotation_degrees)
    top, left, resolutions = _place(stage, operation, block, coverage)
    context.checkpoint()
    rows = slice(max(0, top), max(1, top + coverage.shape[0]))
    columns = slice(max(0, left), max(1, left + coverage.shape[1]))
    behind = stage.pixels[rows, columns]
    seen = coverage[max(0, -top) :, max(0, -left) :][: behind.shape[0], : behind.shape[1]]
    ink = choose_ink(operation.style, behind, seen, block.size_px)
    if operation.kind is LetteringKind.WATERMARK and operation.style.opacity == 1.0:
        ink = type(ink)(ink.color, ink.outline, ink.outline_px, ink.shadow, _WATERMARK_OPACITY)
    pixels, mask = paint(stage.pixels, coverage, ink, top, left, block.size_px)
    if block.size_px < 0.97 * _size_px(operation, stage) and (operation.style.size_px or operation.style.size_share):
        notes = (*notes, f"The letters are {block.size_px:.0f} px instead, to fit the picture.")
    return stage.after(pixels, mask, resolutions=resolutions, notes=notes)


def _size_px(operation: AddText, stage: Stage) -> float:
    """Return the size that the font should have."""
    height, width = stage.pixels.shape[:2]
    style = operation.style
    if style.size_px is not None:
        return style.size_px
    if style.size_share is not None:
        return float(
            style.size_share * height / 0.7
        )  # a share speaks of capital letters, which are 0.7 of a font's size
    return float(
        max(11.0, SIZE_SHARE[operation.kind] * min(height, width))
        * style.scale
        * _SMALL_LETTERS.get(style.font or "", 1.0)
    )


def _place(stage: Stage, operation: AddText, block: Block, coverage: Mask) -> tuple[int, int, tuple[Resolution, ...]]:
    """Return top, left, and what was decided about the place."""
    if operation.anchor is not None:
        return _place_beside(stage, operation, operation.anchor, block, coverage)
    inside: Mask | None = None
    resolutions: tuple[Resolution, ...] = ()
    if operation.surface is not None and operation.surface.kind in _REGIONS:
        finding = stage.find(operation.surface)
        inside = finding.mask
        resolutions = (
            Resolution(operation.surface.phrase, finding.resolved_to, finding.confidence, verified=finding.verified),
        )
    steep = abs(operation.style.rotation_degrees) > _STEEP_DEGREES
    left_open = operation.horizontal is None and operation.vertical is None
    subject = stage.scene.subject if left_open or operation.vertical is None else None
    avoid = subject.matte if subject is not None and subject.present else None
    spot = choose_spot(
        (coverage.shape[0], coverage.shape[1]),
        stage.pixels,
        kind=operation.kind,
        horizontal="center" if left_open and steep else operation.horizontal,
        vertical="middle" if left_open and steep else operation.vertical,
        margin_px=block.margin_px,
        avoid=avoid if avoid is not None and avoid.shape == stage.pixels.shape[:2] else None,
        inside=inside if inside is not None and inside.shape == stage.pixels.shape[:2] else None,
    )
    if left_open:
        resolutions = (
            *resolutions,
            Resolution(operation.words, f"written at {spot.name} of the picture", 1.0, verified=True),
        )
    return spot.top, spot.left, resolutions


def _place_beside(
    stage: Stage, operation: AddText, anchor: Target, block: Block, coverage: Mask
) -> tuple[int, int, tuple[Resolution, ...]]:
    """Return the place above or below a thing, inside the picture."""
    finding = stage.find(anchor)
    box = bounding_box((finding.mask > 0.5).astype(np.float32))
    rows, columns = box if box is not None else (slice(0, stage.pixels.shape[0]), slice(0, stage.pixels.shape[1]))
    height, width = coverage.shape
    top = rows.start - height + block.margin_px // 2 if operation.above else rows.stop - block.margin_px // 2
    left = (columns.start + columns.stop - width) // 2
    edge = block.margin_px // 2
    top = int(np.clip(top, -edge, max(-edge, stage.pixels.shape[0] - height + edge)))
    left = int(np.clip(left, -edge, max(-edge, stage.pixels.shape[1] - width + edge)))
    resolution = Resolution(anchor.phrase, finding.resolved_to, finding.confidence, verified=finding.verified)
    return top, left, (resolution,)
