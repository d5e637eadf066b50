"""Write on a thing in the picture: on a mug, a shirt, a wall."""

import numpy as np

from retouch.editor.instructions.plan import AddText, LetteringStyle
from retouch.editor.operations.lettering.ink import contrast_ratio
from retouch.editor.operations.lettering.typeset import choose_face, set_block, turn
from retouch.editor.operations.print.surface import Surface, find_surface
from retouch.editor.operations.stage import Context, Stage
from retouch.images.array_types import Mask, PixelsRGBA
from retouch.images.color import luminance, srgb_to_linear
from retouch.types import Resolution

__all__ = ["write_on_surface"]

_DRAWN_SIZE_PX = 120.0
_FILLS = 0.72
"""Share of the printable area's width or height that letters take at the plain size."""


def write_on_surface(stage: Stage, operation: AddText, context: Context) -> Stage:
    """Carry out "write OPEN on the mug": set the words, and print them with the surface's shape and shading.

    Parameters
    ----------
    stage : Stage
    operation : AddText
        Its ``surface`` is not None.
    context : Context

    Returns
    -------
    Stage
        Pixels outside the letters are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        The thing is not there, or has no surface to write on.
    EditAbortedError
    """
    assert operation.surface is not None
    face, notes = choose_face(operation.words, operation.style)
    surface = find_surface(stage, operation.surface, aspect=2.0)
    context.checkpoint()
    shape = surface.shape
    block = set_block(
        operation.words,
        face,
        operation.style,
        _DRAWN_SIZE_PX,
        max_width_px=_line_length(operation.words, shape.max_across / max(shape.max_along, 1.0)),
        max_height_px=1e6,
        fixed=True,
    )
    inked = turn(_trim(block.coverage, block.margin_px), operation.style.rotation_degrees)
    picture = _as_picture(inked, operation.style, stage, surface, shape.max_across / max(shape.max_along, 1.0))
    pixels, coverage = surface.print(stage.pixels, picture)
    kind = "round" if shape.kind == "round" else "flat"
    resolution = Resolution(
        operation.surface.phrase,
        f"{surface.resolved_to}, a {kind} surface",
        surface.confidence,
        verified=surface.verified,
    )
    return stage.after(pixels, coverage, resolutions=(resolution,), notes=notes)


def _line_length(words: str, aspect: float) -> float:
    """Return the length of a line at which the words fill a box of this ratio best."""
    letters = max(len(words), 1)
    longest = max(len(word) for word in words.split())
    per_line = max(longest, round(np.sqrt(letters * aspect * 2.2)))
    return float((per_line + 1) * 0.72 * _DRAWN_SIZE_PX)


def _trim(coverage: Mask, margin_px: int) -> Mask:
    """Return coverage without its empty margin."""
    rows, columns = np.flatnonzero(coverage.any(axis=1)), np.flatnonzero(coverage.any(axis=0))
    if rows.size == 0:
        return coverage[margin_px:-margin_px, margin_px:-margin_px]
    return coverage[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _as_picture(coverage: Mask, style: LetteringStyle, stage: Stage, surface: Surface, aspect: float) -> PixelsRGBA:
    """Return letters in their color in a transparent picture of the printable area's ratio, at their size and place in it."""
    height, width = coverage.shape
    share = float(np.clip(_FILLS * style.scale, 0.12, 0.97))
    whole_height = max(height / share, width / share / aspect)
    size_hw = (round(whole_height), round(whole_height * aspect))
    canvas = np.zeros((max(size_hw[0], height), max(size_hw[1], width)), np.float32)
    top, left = (canvas.shape[0] - height) // 2, (canvas.shape[1] - width) // 2
    canvas[top : top + height, left : left + width] = coverage
    color = style.color.rgb if style.color is not None else _standing_out(stage, surface)
    picture = np.empty((*canvas.shape, 4), np.uint8)
    picture[..., :3] = np.array(color, np.uint8)
    picture[..., 3] = np.rint(np.clip(canvas * style.opacity, 0.0, 1.0) * 255.0).astype(np.uint8)
    return picture


def _standing_out(stage: Stage, surface: Surface) -> tuple[int, int, int]:
    """Return near-black or white, whichever stands out from the surface."""
    shape = surface.shape
    light = luminance(srgb_to_linear(np.ascontiguousarray(stage.pixels[shape.box][..., :3])))
    weight = shape.visible * (np.abs(shape.across) < shape.max_across / 2) * (np.abs(shape.along) < shape.max_along / 2)
    mean = float((light * weight).sum() / max(float(weight.sum()), 1e-6))
    return (250, 250, 248) if 1.4 * contrast_ratio(0.86, mean) > contrast_ratio(0.01, mean) else (22, 22, 24)
