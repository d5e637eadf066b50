"""Leave what the prompt protects as it is: found once before the first operation, put back after each."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from retouch.editor.instructions.plan import Operation, Protection, Target
from retouch.editor.operations.stage import Protected, Stage
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.images.masks import blend_pixels
from retouch.types import Resolution

__all__ = ["protect", "put_back", "solid"]

_FULL_FROM: Final = 0.5
"""A mask protects wholly from here on; below it fades out."""
_PART_OF: Final = 0.9
"""An operation of whose change this share lies in a protected thing is about a part of that thing."""
_THE_SAME: Final = 0.6
"""Unless it also covers this share of it: then it is about the thing itself."""
_NOT_CHANGED: Final = "{} is kept by what was changed: a crop, a frame or something added repaints nothing of the rest."


def protect(stage: Stage, targets: Sequence[Target], operations: Sequence[Operation]) -> Stage:
    """Find what must stay as it is.

    Parameters
    ----------
    stage : Stage
        Of the base picture, before the first operation.
    targets : sequence of Target
    operations : sequence of Operation
        Of the whole plan.

    Returns
    -------
    Stage
        With the masks in ``protected``, and a resolution for each that says what was taken for it and how surely.

    Raises
    ------
    UnsupportedInstructionError
        A thing is not found, and an operation reaches over the whole picture or its background, so that it could be hit.
        Where every operation is limited to what it names, a note says so instead.
    """
    risky = [operation for operation in operations if operation.protection is not Protection.UNTOUCHED]
    for target in targets:
        if not risky:
            stage = replace(stage, notes=(*stage.notes, _NOT_CHANGED.format(target.phrase.capitalize())))
            continue
        try:
            finding = stage.find(target)
        except UnsupportedInstructionError as exc:
            if all(operation.is_limited() for operation in risky):
                note = f"I can't outline {target.phrase}, but nothing was changed except what you named."
                stage = replace(stage, notes=(*stage.notes, note))
                continue
            hint = f"I can't tell what of this picture to keep as it is. {exc.hint}"
            raise UnsupportedInstructionError(exc.understood, (target.phrase,), hint) from exc
        resolution = Resolution(
            target.phrase, f"{finding.resolved_to}, kept as it is", finding.confidence, verified=finding.verified
        )
        stage = replace(
            stage,
            protected=(*stage.protected, Protected(target, finding.mask)),
            resolutions=(*stage.resolutions, resolution),
        )
    return stage


def solid(mask: Mask) -> Mask:
    """Return a mask with its inside raised to 1, so that what it protects stays bit for bit; (H, W) float32 [0, 1].

    >>> solid(np.array([[0.0, 0.25, 0.5, 0.9]], np.float32)).tolist()
    [[0.0, 0.5, 1.0, 1.0]]
    """
    return np.asarray(np.clip(mask / _FULL_FROM, 0.0, 1.0), dtype=np.float32)


def put_back(before: Stage, after: Stage, operation: Operation) -> Stage:
    """Undo an operation where something is protected.

    Parameters
    ----------
    before, after : Stage
        On one grid.
    operation : Operation
        What led from one to the other.

    Returns
    -------
    Stage
        Pixels and change mask are those of ``before``, bit for bit, wherever a protected mask is at least one half, and fade
        over to ``after`` outside; an operation on the whole picture is no longer global.

    Raises
    ------
    UnsupportedInstructionError
        The operation is about the very thing that is protected, in other words.

    Notes
    -----
    What an operation changes within a larger protected thing ("whiten the teeth but keep the face") is no contradiction: that
    part is meant to change, and a note says so. O(H W).
    """
    if operation.protection is not Protection.MASKED or not before.protected or after.is_reframed != before.is_reframed:
        return after
    guard = np.zeros(before.pixels.shape[:2], np.float32)
    notes: list[str] = []
    for thing in before.protected:
        inside = solid(thing.mask)
        if operation.is_limited() and _is_within(before, after, inside):
            _refuse_the_same(before, after, thing)
            notes.append(
                f"{operation.describe().capitalize()}: that is a part of {thing.target.phrase}; the rest of it is kept."
            )
            continue
        guard = np.maximum(guard, inside)
    if not guard.any():
        return replace(after, notes=(*after.notes, *notes))
    old, new = _same_channels(before.pixels, after.pixels)
    free = 1.0 - guard
    return replace(
        after,
        pixels=blend_pixels(old, new, free),
        change_mask=np.asarray(before.change_mask + free * (after.change_mask - before.change_mask), dtype=np.float32),
        is_global=before.is_global,
        notes=(*after.notes, *notes),
    )


def _is_within(before: Stage, after: Stage, inside: Mask) -> bool:
    """Return whether nearly all that changed, by how much it did, lies in a protected thing."""
    fresh = _difference(before, after)
    return float(fresh[inside > 0.0].sum()) > _PART_OF * max(float(fresh.sum()), 1e-6)


def _refuse_the_same(before: Stage, after: Stage, thing: Protected) -> None:
    """Raise where the change covers most of the protected thing."""
    wanted = thing.mask > _FULL_FROM
    covered = float((_difference(before, after)[wanted] > 0.0).mean()) if wanted.any() else 0.0
    if covered >= _THE_SAME:
        hint = f"The prompt changes the very thing that it keeps: in this picture {thing.target.phrase} is what would be changed."
        raise UnsupportedInstructionError((), (thing.target.phrase,), hint)


def _difference(before: Stage, after: Stage) -> Mask:
    """Return how far pixels differ between two stages, (H, W) float32 [0, 1]."""
    old, new = _same_channels(before.pixels, after.pixels)
    return np.asarray(np.abs(new.astype(np.int16) - old).max(axis=2) / 255.0, dtype=np.float32)


def _same_channels(old: Pixels, new: Pixels) -> tuple[Pixels, Pixels]:
    """Return both pictures with an alpha channel if one of them has it."""
    if old.shape[2] == new.shape[2]:
        return old, new
    opaque = np.full((*old.shape[:2], 1), 255, np.uint8)
    return (np.dstack([old, opaque]), new) if old.shape[2] == 3 else (old, np.dstack([new, opaque]))
