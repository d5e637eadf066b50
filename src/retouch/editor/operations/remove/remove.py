"""Remove a thing: find it, what it casts and what its mask has missed, and fill its place."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from retouch.editor.instructions.nouns import EYEWEAR
from retouch.editor.instructions.plan import Remove, Target, TargetKind
from retouch.editor.operations.remove.filling import Scenery, fill_hole, find_scenery, judge, rgb
from retouch.editor.operations.remove.hole import find_shadow, hole_of
from retouch.editor.operations.remove.leftovers import find_left_over
from retouch.editor.operations.remove.places import find_to_remove
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.scene import Finding
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask
from retouch.types import Resolution

__all__ = ["remove"]

_FACE_WEAR: Final = EYEWEAR | {"mask", "eyepatch"}


def remove(stage: Stage, operation: Remove, context: Context) -> Stage:
    """Take a thing out of the picture.

    Parameters
    ----------
    stage : Stage
    operation : Remove
    context : Context
        Its ``rng`` decides how the place is filled.

    Returns
    -------
    Stage
        Bit-identical to ``stage`` away from the thing, its rim and its shadow. Its scene is that of the new picture.

    Raises
    ------
    UnsupportedInstructionError
        The thing is not found, or nothing would be left to fill its place from.
    """
    gone = _find_what_goes(stage, operation, context)
    context.checkpoint()
    notes = judge(gone.hole, operation.phrase)
    done = fill_hole(stage, gone.hole, gone.around, context, notes=notes)
    finding = gone.finding
    resolution = Resolution(operation.target.phrase or "the subject", finding.resolved_to, finding.confidence)
    return replace(done, resolutions=(*done.resolutions, resolution))


@dataclass(frozen=True, slots=True)
class _Gone:
    """What a removal takes out.

    Attributes
    ----------
    finding : Finding
    hole : (H, W) float32, 0 or 1
        With its rim, its shadow, and what its mask has missed.
    around : Scenery
    """

    finding: Finding
    hole: Mask
    around: Scenery


def _find_what_goes(stage: Stage, operation: Remove, context: Context) -> _Gone:
    """Return what goes. It follows from the picture and not from the seed, so it is kept for the next edit of the picture."""
    # Chance of its own: how much the search draws must not decide how the place is filled.
    fixed = replace(context, rng=np.random.default_rng(0))
    if not stage.is_untouched or stage.added:
        return _search(stage, operation, fixed)
    return stage.scene.keep(f"what goes by {operation!r}", lambda: _search(stage, operation, fixed))


def _search(stage: Stage, operation: Remove, context: Context) -> _Gone:
    finding = find_to_remove(stage, operation, context)
    _refuse_what_hides_a_face(stage, operation, finding.mask)
    context.checkpoint()
    spared = _spared_mask(stage, operation.spared)
    hole = hole_of(finding.mask, spared=spared)
    if not (hole > 0).any():
        raise UnsupportedInstructionError(
            (), (operation.phrase,), "Nothing of it is left once what is kept is left out."
        )
    judge(hole, operation.phrase)
    if operation.target.kind is not TargetKind.REGION:
        shadow = find_shadow(rgb(stage.pixels), hole, stage.scene.light)
        if spared is not None:
            shadow = np.where(spared > 0.5, np.float32(0), shadow)
        hole = np.maximum(hole, hole_of(shadow, spared=spared)) if shadow.any() else hole
    around = find_scenery(stage, hole, finding.mask, spared, phrase=operation.phrase)
    if operation.target.kind is not TargetKind.REGION:
        whole = operation.target.kind is TargetKind.SUBJECT
        left = find_left_over(stage, hole, around, context, spared=spared, whole=whole)
        if left.any():
            hole = np.maximum(hole, left)
            around = find_scenery(stage, hole, finding.mask, spared, phrase=operation.phrase)
    return _Gone(finding, hole, around)


def _refuse_what_hides_a_face(stage: Stage, operation: Remove, mask: Mask) -> None:
    """Raise for glasses and masks: what they hide of a face is nowhere else in the picture."""
    if operation.target.noun not in _FACE_WEAR:
        return
    hint = f"What the {operation.target.noun} hides of the face can't be known from this picture."
    subject = stage.scene.subject
    if subject.present and not stage.scene.faces and _is_worn(mask, subject.matte):
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    for face in stage.scene.faces:
        box = face.box
        inside = float(mask[int(max(0, box.top)) : int(box.bottom), int(max(0, box.left)) : int(box.right)].sum())
        if inside > 0.3 * float(mask.sum()):
            raise UnsupportedInstructionError((), (operation.phrase,), hint)


def _is_worn(mask: Mask, matte: Mask) -> bool:
    """Return whether a thing lies on a much larger subject."""
    area = float(mask.sum())
    return float((mask * matte).sum()) > 0.4 * area and area < 0.25 * float(matte.sum())


def _spared_mask(stage: Stage, spared: tuple[Target, ...]) -> Mask | None:
    """Return where what must stay is; what can't be found can't be in the way."""
    masks = []
    for target in spared:
        try:
            masks.append(stage.find(target).mask)
        except UnsupportedInstructionError:
            continue
    return np.maximum.reduce(masks) if masks else None
