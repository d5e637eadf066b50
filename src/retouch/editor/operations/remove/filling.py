"""Filling the hole that a thing leaves: what may be copied, what stands in front, and what must be said about the result."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from retouch.editor.operations.remove.hole import hole_of
from retouch.editor.operations.remove.inpainter import choose_inpainter
from retouch.editor.operations.stage import Context, Stage
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.images.masks import grow_mask

__all__ = ["Scenery", "fill_hole", "find_scenery", "judge", "rgb"]

Bools = npt.NDArray[np.bool_]

GUESS_SHARE: Final = 0.45
HOPELESS_SHARE: Final = 0.6
OPEN_BORDERS: Final = 2
"""A large hole that reaches this many borders is surrounded by nothing that its inside could follow."""
TOUCHED_BORDERS: Final = 3
LEAST_SOURCES: Final = 0.1
FRONT_REACH_SHARE: Final = 0.08
"""How far the scene is continued behind what stands in front of it, as a share of the long side: the coarsest level's patch."""

SAME_THING: Final = 0.25
"""Share of a box that what goes may cover, if the box is another thing's."""
MOST_OF_PICTURE: Final = 0.35
"""Larger boxes are those of tables and beds, on which the thing stands."""


@dataclass(frozen=True, slots=True)
class Scenery:
    """What is around a hole.

    Attributes
    ----------
    sources : (H, W) bool or None
        Where may be copied from; None: everywhere outside the hole.
    front : (H, W) bool
        What stands in front of the scene beside the hole and stays: the scene goes on behind it.
    """

    sources: Bools | None
    front: Bools


def find_scenery(stage: Stage, hole: Mask, thing: Mask, kept: Mask | None = None) -> Scenery:
    """Return what around a hole belongs to the scene, and what are other things.

    Parameters
    ----------
    stage : Stage
    hole : (H, W) float32, 0 or 1
    thing : (H, W) float32 [0, 1]
        What was in it.
    kept : (H, W) float32 [0, 1], optional
        Things that were named to stay.

    Notes
    -----
    Nothing is copied from the main subject, unless it is what stands around the hole, nor from what is kept, nor from other
    things that the detector sees: half of another dog's face is no floor.
    """
    other = np.zeros(hole.shape, bool) if kept is None else hole_of(kept) > 0
    subject = stage.scene.subject
    if subject.present:
        body = hole_of(subject.matte) > 0
        inside = float((body & (thing > 0.5)).sum()) / max(1.0, float((thing > 0.5).sum()))
        rest = body & (hole == 0)
        if inside <= 0.3 or float(rest.sum()) <= 0.3 * float(body.sum()):
            other |= body
    other &= hole == 0
    allowed = ~other & (hole == 0)
    other_things = _other_things(stage, thing)
    if (allowed & ~other_things).mean() > LEAST_SOURCES:
        allowed &= ~other_things
    if not (other.any() or other_things.any()) or allowed.mean() <= LEAST_SOURCES:
        return Scenery(None, np.zeros(hole.shape, bool))
    near = grow_mask(hole, FRONT_REACH_SHARE * max(hole.shape)) > 0
    return Scenery(allowed, other & near)


def _other_things(stage: Stage, thing: Mask) -> Bools:
    """Return where the detector sees other things than the one that goes, as the ellipses in their boxes.

    Doubtful ones count: not to copy from there costs little.
    """
    found = np.zeros(thing.shape, bool)
    rows, cols = np.ogrid[: thing.shape[0], : thing.shape[1]]
    for each in stage.scene.detections:
        x, y = each.box.center
        inside = np.hypot((cols - x) / (0.5 * each.box.width), (rows - y) / (0.5 * each.box.height)) < 1.0
        area = max(1.0, float(inside.sum()))
        if area <= MOST_OF_PICTURE * thing.size and float(thing[inside].sum()) <= SAME_THING * area:
            found |= inside
    return found


def fill_hole(
    stage: Stage,
    hole: Mask,
    around: Scenery,
    context: Context,
    *,
    notes: tuple[str, ...] = (),
) -> Stage:
    """Return the stage with a hole filled, and with the scene of the picture as it is then.

    Parameters
    ----------
    stage : Stage
    hole : (H, W) float32, 0 or 1
    around : Scenery
    context : Context
    notes : tuple of str
    """
    pixels = rgb(stage.pixels)
    inpaint = choose_inpainter(context.models)
    # What stands in front is left out with the hole and put back after: its outline would be taken for one of the scene's.
    open_area = np.maximum(hole, around.front.astype(np.float32))
    filled = inpaint(pixels, open_area, sources=around.sources, rng=context.rng, should_abort=context.should_abort)
    filled = np.where(around.front[..., None], pixels, filled)
    # No feather: the fill meets the rim already, and a thin hole would be feathered away.
    result = filled if stage.pixels.shape[2] == 3 else np.dstack([filled, stage.pixels[..., 3]])
    after = stage.after(result, hole, notes=notes)
    added = {noun: kept for noun, kept in after.added.items() if _survives(kept, hole)}
    return replace(after, scene=context.analyze(rgb(result)), added=added)


def _survives(added: Mask, hole: Mask) -> bool:
    return float((added * (hole == 0)).sum()) > 0.5 * float(added.sum())


def rgb(pixels: Pixels) -> Pixels:
    """Return the colors of a picture without its alpha."""
    return pixels if pixels.shape[2] == 3 else np.ascontiguousarray(pixels[..., :3])


def judge(hole: Mask, phrase: str) -> tuple[str, ...]:
    """Return a note where the fill can only be a guess.

    Raises
    ------
    UnsupportedInstructionError
        What is left of the picture does not tell what was behind.
    """
    share = float((hole > 0).mean())
    edges = (hole[0], hole[-1], hole[:, 0], hole[:, -1])
    borders = sum(bool((edge > 0).mean() > 0.2) for edge in edges)
    if share > HOPELESS_SHARE or (share > GUESS_SHARE and borders >= OPEN_BORDERS):
        hint = (
            f"It covers {share:.0%} of the picture, and what is left does not tell what is behind it. Name a smaller part, or "
            'change it where it is: "make it blue", "blur the background".'
        )
        raise UnsupportedInstructionError((), (phrase,), hint)
    if share > GUESS_SHARE or borders >= TOUCHED_BORDERS:
        return (f"What was removed covered {share:.0%} of the picture; what is seen there now is a guess.",)
    return ()
