"""Take words off what they are on."""

import numpy as np

from retouch.editor.instructions.plan import EraseText, Target
from retouch.editor.operations.lettering.patch import grow_quad, look_at
from retouch.editor.operations.lettering.wipe import letters_mask, wipe
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.text import TextMatch, describe_text, matches_for, quad_mask
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask
from retouch.types import Resolution

__all__ = ["erase_text", "find_words", "resolve"]

_ON_IT = 0.5
"""Share of a line that must lie on a thing for the line to be on it."""


def erase_text(stage: Stage, operation: EraseText, context: Context) -> Stage:
    """Carry out "remove the text", "erase the word SALE", "remove the watermark".

    Parameters
    ----------
    stage : Stage
    operation : EraseText
    context : Context

    Returns
    -------
    Stage
        Pixels away from the letters are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        No such words are read in the picture; says which are.
    EditAbortedError
    """
    matches, notes = find_words(stage, operation.target, operation.within)
    matches = _overlaid(stage, matches) if operation.faint else matches
    size_hw = (stage.pixels.shape[0], stage.pixels.shape[1])
    letters = np.max([quad_mask(line.quad, size_hw) for line in stage.scene.text_lines], axis=0)
    pixels, touched = stage.pixels, np.zeros(size_hw, np.float32)
    for match in matches:
        context.checkpoint()
        patch = look_at(pixels, match.quad)
        height = match.line.height_px
        hole = (
            letters_mask(patch, match.quad, size_hw, match.text)
            if patch is not None
            else quad_mask(grow_quad(match.quad, 0.1 * height, 0.1 * height), size_hw)
        )
        pixels = wipe(
            pixels, (hole > 0).astype(np.float32), context, smooth=patch is not None and patch.is_smooth, avoid=letters
        )
        touched = np.maximum(touched, (hole > 0).astype(np.float32))
    return stage.after(pixels, touched, resolutions=resolve(operation.phrase, matches), notes=notes)


def find_words(stage: Stage, target: Target, within: Target | None) -> tuple[list[TextMatch], tuple[str, ...]]:
    """Return the words that are meant, and notes on how they were found.

    Raises
    ------
    UnsupportedInstructionError
        There are none, or none on the thing that was named.
    """
    if stage.pixels.shape[:2] != stage.scene.pixels.shape[:2]:
        raise UnsupportedInstructionError(
            (), (target.phrase,), "Change the words before the picture is cropped or turned."
        )
    matches = matches_for(stage.scene, target)
    if within is None or (target.words is not None and len(matches) == 1):
        return matches, ()
    try:
        thing = stage.find(within).mask
    except UnsupportedInstructionError:
        note = f"{within.describe()} could not be outlined: took the words that were read in the whole picture"
        return matches, (note,)
    lying = [match for match in matches if _share_on(match, thing) >= _ON_IT]
    if lying:
        return lying, ()
    if len(stage.scene.text_lines) == 1 or target.words is not None:
        read = describe_text(stage.scene.text_lines).removeprefix("I read ")
        return matches, (f"took the words {read}, although not on {within.describe()}",)
    hint = f"{describe_text(stage.scene.text_lines)}, but none of it on {within.describe()}. Quote the words that you mean."
    raise UnsupportedInstructionError((), (target.phrase,), hint)


def _share_on(match: TextMatch, thing: Mask) -> float:
    inside = quad_mask(match.quad, (thing.shape[0], thing.shape[1]))
    return float((inside * (thing > 0.5)).sum() / max(float(inside.sum()), 1e-6))


def _overlaid(stage: Stage, matches: list[TextMatch]) -> list[TextMatch]:
    """Return the lines of a watermark or date stamp: those that lie level, near a corner or edge; all where none does."""
    height = stage.pixels.shape[0]

    def is_overlaid(match: TextMatch) -> bool:
        along = match.quad[1] - match.quad[0]
        level = abs(along[1]) <= 0.04 * max(abs(along[0]), 1.0)
        near = match.quad[:, 1].max() > 0.8 * height or match.quad[:, 1].min() < 0.2 * height
        return bool(level and near and match.line.height_px < 0.12 * height)

    return [match for match in matches if is_overlaid(match)] or matches


def resolve(phrase: str, matches: list[TextMatch]) -> tuple[Resolution, ...]:
    """Return what was read, and how surely, for the answer."""
    return tuple(
        Resolution(phrase, f'the words read as "{match.text}"', round(match.confidence, 3), verified=True)
        for match in matches
    )
