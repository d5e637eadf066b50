"""Filling the hole that a thing leaves: what may be copied, what stands in front, and what must be said about the result."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from retouch.editor.operations.remove.hole import hole_of
from retouch.editor.operations.remove.inpainter import choose_inpainter
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.instances import ANIMALS, PERSON
from retouch.editor.scene.values import Box
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
SAME_CREATURE: Final = 0.5
"""The same for people and animals, which stand before each other."""
WORN: Final = 0.8
"""Share of a thing within a creature from which on it is worn by it, or held, and what is around it is the creature."""
MOST_OF_PICTURE: Final = 0.35
"""Larger boxes are those of tables and beds, on which the thing stands."""
FACE_REACH: Final = 1.3
LEAST_WITHOUT_CREATURES: Final = 0.03
"""Share of the picture; with less of it there is nothing to copy but people and animals."""
IN_SKY: Final = 0.85
LEAST_SKY: Final = 0.02


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


def find_scenery(stage: Stage, hole: Mask, thing: Mask, kept: Mask | None = None, *, phrase: str = "") -> Scenery:
    """Return what around a hole belongs to the scene, and what are other things.

    Parameters
    ----------
    stage : Stage
    hole : (H, W) float32, 0 or 1
    thing : (H, W) float32 [0, 1]
        What was in it.
    kept : (H, W) float32 [0, 1], optional
        Things that were named to stay.
    phrase : str
        What is refused where nothing may be copied.

    Raises
    ------
    UnsupportedInstructionError
        Nothing is left but people and animals.

    Notes
    -----
    Nothing is copied from the main subject, unless it is what stands around the hole, nor from what is kept, nor from other
    things that the detector sees, nor from faces: half of another dog's face is no floor. Behind a cloud is only sky.
    """
    near = grow_mask(hole, FRONT_REACH_SHARE * max(hole.shape)) > 0
    creatures = _creatures(stage, thing) & (hole == 0)
    sky = _sky_behind(stage, hole, thing, creatures)
    if sky is not None:
        return Scenery(sky, near & (hole == 0) & ~sky)
    other = np.zeros(hole.shape, bool) if kept is None else hole_of(kept) > 0
    subject = stage.scene.subject
    if subject.present:
        body = hole_of(subject.matte) > 0
        inside = float((body & (thing > 0.5)).sum()) / max(1.0, float((thing > 0.5).sum()))
        rest = body & (hole == 0)
        if inside <= 0.3 or float(rest.sum()) <= 0.3 * float(body.sum()):
            other |= body
    other &= hole == 0
    allowed = ~other & (hole == 0) & ~creatures
    other_things = _other_things(stage, thing)
    if (allowed & ~other_things).mean() > LEAST_SOURCES:
        allowed &= ~other_things
    if not (other.any() or other_things.any() or creatures.any()):
        return Scenery(None, np.zeros(hole.shape, bool))
    if allowed.mean() <= LEAST_SOURCES:
        return _without_creatures(hole, creatures, phrase)
    return Scenery(allowed, other & near)


def _without_creatures(hole: Mask, creatures: Bools, phrase: str) -> Scenery:
    """Return all that is left of a picture but people and animals."""
    rest = (hole == 0) & ~creatures
    if creatures.any() and rest.mean() <= LEAST_WITHOUT_CREATURES:
        hint = "What is left of the picture are people or animals, and nothing of them may stand in its place."
        raise UnsupportedInstructionError((), (phrase,), hint)
    return Scenery(rest if creatures.any() else None, np.zeros(hole.shape, bool))


def _sky_behind(stage: Stage, hole: Mask, thing: Mask, creatures: Bools) -> Bools | None:
    """Return the sky around a thing that is in it: a cloud, a kite; None for other things, or where the sky is too small."""
    if stage.scene.sky is None:
        return None
    sky = stage.scene.sky > 0.5
    solid = thing > 0.5
    if float((solid & sky).sum()) < IN_SKY * float(solid.sum()):
        return None
    free = sky & (hole == 0) & ~creatures
    return free if free.mean() >= LEAST_SKY else None


def _creatures(stage: Stage, thing: Mask) -> Bools:
    """Return where faces, and people and animals by the detector, are that neither go nor wear what goes."""
    found = np.zeros(thing.shape, bool)
    for face in stage.scene.faces:
        wide, high = 0.5 * FACE_REACH * face.box.width, 0.5 * FACE_REACH * face.box.height
        x, y = face.box.center
        found |= _unless_it_goes(Box(x - wide, y - high, x + wide, y + high), thing, SAME_CREATURE)
    for each in stage.scene.detections:
        if each.kind == PERSON or each.kind in ANIMALS:
            found |= _unless_it_goes(each.box, thing, SAME_CREATURE)
    return found


def _other_things(stage: Stage, thing: Mask) -> Bools:
    """Return where the detector sees other things than the one that goes. Doubtful ones count: it costs little."""
    found = np.zeros(thing.shape, bool)
    for each in stage.scene.detections:
        found |= _unless_it_goes(each.box, thing, SAME_THING)
    return found


def _unless_it_goes(box: Box, thing: Mask, same: float) -> Bools:
    """Return the ellipse in a box; nothing where most of it goes, or where it is what stands around the thing."""
    rows, cols = np.ogrid[: thing.shape[0], : thing.shape[1]]
    x, y = box.center
    inside = np.hypot((cols - x) / max(0.5, 0.5 * box.width), (rows - y) / max(0.5, 0.5 * box.height)) < 1.0
    area, taken = float(inside.sum()), float(thing[inside].sum())
    is_around = area > MOST_OF_PICTURE * thing.size or taken > WORN * float(thing.sum())
    return np.zeros(thing.shape, bool) if is_around or taken > same * area else np.asarray(inside)


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
