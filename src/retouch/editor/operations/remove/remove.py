"""Remove a thing: find it and what it casts, fill its place, look again for what is left."""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.instructions.nouns import EYEWEAR
from retouch.editor.instructions.plan import Remove, Target, TargetKind
from retouch.editor.operations.remove.hole import find_shadow, hole_of
from retouch.editor.operations.remove.inpainter import choose_inpainter
from retouch.editor.operations.remove.places import find_to_remove
from retouch.editor.operations.stage import Context, Stage
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.images.masks import grow_mask
from retouch.types import Resolution

__all__ = ["fill_hole", "remove", "spared_mask"]

GUESS_SHARE: Final = 0.45
HOPELESS_SHARE: Final = 0.8
NEAR_SHARE: Final = 0.02
_FACE_WEAR: Final = EYEWEAR | {"mask", "eyepatch"}
CONTACT: Final = 0.3
"""Share of its outline by which a rest meets the hole; less has what merely stands beside the thing."""
MOST_LEFT: Final = {True: 0.4, False: 0.12}
"""How large what is left over may be, as a share of the hole; of a named thing less, since what is beside it was not named."""
TOUCHED_BORDERS: Final = 3


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
    finding = find_to_remove(stage, operation, context)
    _refuse_what_hides_a_face(stage, operation, finding.mask)
    context.checkpoint()
    spared = spared_mask(stage, operation.spared)
    hole = hole_of(finding.mask, spared=spared)
    if not (hole > 0).any():
        raise UnsupportedInstructionError(
            (), (operation.phrase,), "Nothing of it is left once what is kept is left out."
        )
    if operation.target.kind is not TargetKind.REGION:
        shadow = find_shadow(rgb(stage.pixels), hole, stage.scene.light)
        if spared is not None:
            shadow = np.where(spared > 0.5, np.float32(0), shadow)
        hole = np.maximum(hole, hole_of(shadow, spared=spared)) if shadow.any() else hole
    notes = judge(hole, operation.phrase)
    done = fill_hole(stage, hole, finding.mask, context, notes=notes)
    if operation.target.kind is not TargetKind.REGION:
        left = _left_over(done, hole, spared, whole=operation.target.kind is TargetKind.SUBJECT)
        if left.any():
            context.checkpoint()
            done = fill_hole(stage, np.maximum(hole, left), finding.mask, context, notes=notes)
    resolution = Resolution(operation.target.phrase or "the subject", finding.resolved_to, finding.confidence)
    return replace(done, resolutions=(*done.resolutions, resolution))


def _refuse_what_hides_a_face(stage: Stage, operation: Remove, mask: Mask) -> None:
    """Raise for glasses and masks: what they hide of a face is nowhere else in the picture."""
    if operation.target.noun not in _FACE_WEAR:
        return
    for face in stage.scene.faces:
        box = face.box
        inside = float(mask[int(max(0, box.top)) : int(box.bottom), int(max(0, box.left)) : int(box.right)].sum())
        if inside > 0.3 * float(mask.sum()):
            hint = f"What the {operation.target.noun} hides of the face can't be known from this picture."
            raise UnsupportedInstructionError((), (operation.phrase,), hint)


def _left_over(done: Stage, hole: Mask, spared: Mask | None, *, whole: bool) -> Mask:
    """Return what still stands out at the hole, once it is filled: a leg or a handle that the mask had missed.

    Parameters
    ----------
    done : Stage
        After the first fill.
    hole : (H, W) float32, 0 or 1
    spared : (H, W) float32 [0, 1] or None
    whole : bool
        Everything that stands out was meant; else only small rests go, since what is beside the thing was not named.
    """
    none = np.zeros_like(hole)
    subject = done.scene.subject
    if not subject.present:
        return none
    seen = subject.matte > 0.5
    if spared is not None:
        seen &= spared < 0.5
    _, labels = cv2.connectedComponents(seen.astype(np.uint8), connectivity=8)
    near = grow_mask(hole, max(3, round(NEAR_SHARE * max(hole.shape)))) > 0
    touching = np.setdiff1d(np.unique(labels[near]), [0])
    most = MOST_LEFT[whole] * float(hole.sum())
    found = [label for label in touching if _is_rest(labels == label, hole, most)]
    left = np.isin(labels, found) & (hole == 0)
    return hole_of(left.astype(np.float32), spared=spared) if left.any() else none


def _is_rest(part: npt.NDArray[np.bool_], hole: Mask, most: float) -> bool:
    """Return whether what stands out is small and grows out of the hole, rather than standing beside it."""
    outside = (part & (hole == 0)).astype(np.uint8)
    area = int(outside.sum())
    if not 0 < area <= most:
        return False
    edge = outside - cv2.erode(outside, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    beside = grow_mask(hole, 4) > 0
    contact = float((edge.astype(bool) & beside).sum()) / max(1.0, float(edge.sum()))
    return contact >= CONTACT


def rgb(pixels: Pixels) -> Pixels:
    """Return the colors of a picture without its alpha."""
    return pixels if pixels.shape[2] == 3 else np.ascontiguousarray(pixels[..., :3])


def spared_mask(stage: Stage, spared: tuple[Target, ...]) -> Mask | None:
    """Return where what must stay is; what can't be found can't be in the way."""
    masks = []
    for target in spared:
        try:
            masks.append(stage.find(target).mask)
        except UnsupportedInstructionError:
            continue
    return np.maximum.reduce(masks) if masks else None


def judge(hole: Mask, phrase: str) -> tuple[str, ...]:
    """Return a note where the fill can only be a guess.

    Raises
    ------
    UnsupportedInstructionError
        Nearly nothing of the picture would stay.
    """
    share = float((hole > 0).mean())
    if share > HOPELESS_SHARE:
        hint = f"It covers {share:.0%} of the picture: too little is left to fill its place from."
        raise UnsupportedInstructionError((), (phrase,), hint)
    edges = (hole[0], hole[-1], hole[:, 0], hole[:, -1])
    borders = sum(bool((edge > 0).mean() > 0.2) for edge in edges)
    if share > GUESS_SHARE or borders >= TOUCHED_BORDERS:
        return (f"What was removed covered {share:.0%} of the picture; what is seen there now is a guess.",)
    return ()


def fill_hole(
    stage: Stage,
    hole: Mask,
    thing: Mask,
    context: Context,
    *,
    sources: npt.NDArray[np.bool_] | None = None,
    notes: tuple[str, ...] = (),
) -> Stage:
    """Return the stage with a hole filled, and with the scene of the picture as it is then.

    Parameters
    ----------
    stage : Stage
    hole : (H, W) float32, 0 or 1
    thing : (H, W) float32 [0, 1]
        What was in it.
    context : Context
    sources : (H, W) bool, optional
        Where may be copied from; by default all that is not the main subject, unless the hole is in it.
    notes : tuple of str
    """
    pixels = rgb(stage.pixels)
    inpaint = choose_inpainter(context.models)
    if sources is None:
        sources = _sources(stage, hole, thing)
    filled = inpaint(pixels, hole, sources=sources, rng=context.rng, should_abort=context.should_abort)
    # No feather: the fill meets the rim already, and a thin hole would be feathered away.
    result = filled if stage.pixels.shape[2] == 3 else np.dstack([filled, stage.pixels[..., 3]])
    after = stage.after(result, hole, notes=notes)
    added = {noun: kept for noun, kept in after.added.items() if _survives(kept, hole)}
    return replace(after, scene=context.analyze(rgb(result)), added=added)


def _survives(added: Mask, hole: Mask) -> bool:
    return float((added * (hole == 0)).sum()) > 0.5 * float(added.sum())


def _sources(stage: Stage, hole: Mask, thing: Mask) -> npt.NDArray[np.bool_] | None:
    """Return where may be copied from: not from the main subject, unless it is what stands around the hole."""
    subject = stage.scene.subject
    if not subject.present:
        return None
    body = hole_of(subject.matte) > 0
    inside = float((body & (thing > 0.5)).sum()) / max(1.0, float((thing > 0.5).sum()))
    rest = body & (hole == 0)
    if inside > 0.3 and float(rest.sum()) > 0.3 * float(body.sum()):
        return None
    allowed = ~body
    return allowed if allowed.mean() > 0.1 else None
