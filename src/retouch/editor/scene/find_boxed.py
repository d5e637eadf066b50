"""From a phrase and the detector's boxes to a mask of just that one, or of all of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.scene.boxed import clip_to_box, cut_box, is_plausible
from retouch.editor.scene.detector import Detection, overlap
from retouch.editor.scene.instances import (
    PERSON,
    Instances,
    count_kinds,
    describe_counts,
    face_in,
    find_instances,
    needs_instances,
)
from retouch.editor.scene.values import Box, Finding
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask

if TYPE_CHECKING:
    from retouch.editor.scene.scene import Scene

__all__ = ["find_boxed"]

_WITHIN: Final = 0.9
"""Share of a mask that must be in a box for the two to mean one thing."""
_SAME_BOX: Final = 0.55
_GUESS_SHARE: Final = 0.85
"""How sure a find is whose name says more than the detector tells."""
_LEAST_CONFIDENCE: Final = 0.4


def find_boxed(scene: "Scene", target: Target, unaided: Callable[[], Finding]) -> Finding | None:
    """Find a thing by its box.

    Parameters
    ----------
    scene : Scene
    target : Target
    unaided : callable
        Finds the same without the detector; raises ``UnsupportedInstructionError`` where it can't.

    Returns
    -------
    Finding or None
        None where the detector says nothing of it.

    Raises
    ------
    UnsupportedInstructionError
        The phrase fits several and does not say which, or what is in the box can't be outlined.
    """
    found = find_instances(scene, target)
    if found is None:
        if needs_instances(target) or _points_at_one(target):
            _require_countable(scene, target)
        return None
    is_one_of_many = len(found.chosen) < len(found.seen)
    says_more = not found.meaning.exact and not needs_instances(target) and target.horizontal is None
    known = _try(unaided) if says_more or not is_one_of_many else None
    by_face = any(face_in(each.box, scene.faces) for each in found.chosen if each.kind == PERSON)
    if known is not None and (known.verified if says_more and is_one_of_many else by_face):
        return known
    if (
        known is not None
        and not is_one_of_many
        and len(found.chosen) == 1
        and _mean_the_same(known.mask, found.chosen[0].box)
    ):
        mask = clip_to_box(known.mask, found.chosen[0].box)
        return Finding(mask, max(known.confidence, _trust(found)), known.resolved_to, verified=True)
    return Finding(_cut_all(scene, target, found), _trust(found), _tell(target, found), verified=found.meaning.exact)


def _points_at_one(target: Target) -> bool:
    """Return whether a phrase is "the one on the right": one of several, of a kind that it does not name."""
    return (
        target.kind is TargetKind.SUBJECT and target.horizontal is not None and "one" in target.phrase.lower().split()
    )


def _require_countable(scene: "Scene", target: Target) -> None:
    """Refuse to count what the detector does not see; the only one of its kind may also be its largest."""
    if not scene.detects:
        raise _refuse(target, _NO_DETECTOR)
    counted = target.pick is not None and target.pick.order in ("left", "right", "top", "bottom")
    if counted or _points_at_one(target):
        raise _refuse(target, f"I see no {target.noun or 'things'} that I could count; I see {scene.describe()}.")


_NO_DETECTOR: Final = (
    "One of several is told from the others by the detector, which is not installed: `retouch models pull detector`. "
    'Without it, say where the thing is ("the bird on the left") or its color.'
)


def _try(unaided: Callable[[], Finding]) -> Finding | None:
    try:
        return unaided()
    except UnsupportedInstructionError:
        return None


def _mean_the_same(mask: Mask, box: Box) -> bool:
    """Return whether a mask lies in a box and fills it from side to side."""
    inside = mask > 0.5
    if not inside.any():
        return False
    rows, cols = np.nonzero(inside.any(axis=1))[0], np.nonzero(inside.any(axis=0))[0]
    around = Box(float(cols[0]), float(rows[0]), float(cols[-1] + 1), float(rows[-1] + 1))
    within = float(clip_to_box(inside.astype(np.float32), box).sum() / inside.sum())
    return within >= _WITHIN and overlap(around, box) >= _SAME_BOX


def _cut_all(scene: "Scene", target: Target, found: Instances) -> Mask:
    masks = [_cut(scene, each, found) for each in found.chosen]
    plausible = [mask for mask, each in zip(masks, found.chosen, strict=True) if is_plausible(mask, each.box)]
    if not plausible:
        kind = found.chosen[0].kind
        raise _refuse(target, f"I see the {kind}, but can't outline it well enough to touch nothing else.")
    return np.asarray(np.max(plausible, axis=0), dtype=np.float32)


def _cut(scene: "Scene", each: Detection, found: Instances) -> Mask:
    key = f"cut {each!r}"
    return scene.keep(key, lambda: _cut_one(scene, each, found))


def _cut_one(scene: "Scene", each: Detection, found: Instances) -> Mask:
    neighbors = tuple(other for other in found.seen if other is not each)
    faces = scene.faces if each.kind == PERSON else ()
    face = face_in(each.box, faces)
    located = scene.locate(each.kind)
    return cut_box(
        scene.pixels,
        each.box,
        matte=scene.subject.matte,
        score=scene.saliency,
        heat=None if located is None else located[0],
        others=[other.box for other in neighbors],
        face=face,
        other_faces=[other for other in faces if other is not face],
    )


def _trust(found: Instances) -> float:
    score = min(each.score for each in found.chosen)
    return (_LEAST_CONFIDENCE + (1.0 - _LEAST_CONFIDENCE) * score) * (1.0 if found.meaning.exact else _GUESS_SHARE)


def _tell(target: Target, found: Instances) -> str:
    """Return in words what was found, and what of the phrase was not looked at."""
    chosen = describe_counts(count_kinds(found.chosen))
    if len(found.chosen) < len(found.seen):
        number = "one" if len(found.chosen) == 1 else str(len(found.chosen))
        chosen = f"{number} of {describe_counts(count_kinds(found.seen))}"
    if found.meaning.exact:
        return chosen
    unseen = (
        "whether a man, a woman or a child is not looked at"
        if PERSON in found.meaning.kinds
        else "of which kind is not looked at"
    )
    return f"{chosen} (taken for {target.phrase!r}; {unseen})"


def _refuse(target: Target, hint: str) -> UnsupportedInstructionError:
    return UnsupportedInstructionError((), (target.phrase,), hint)
