"""Whether what a sentence is about is in the picture, so that a refusal shows only what works here."""

import time
from collections.abc import Callable

from retouch.editor.instructions.plan import (
    AddObject,
    ChangeLight,
    EditPlan,
    Flaw,
    Operation,
    Relation,
    RemoveFlaws,
    Retouch,
    RetouchPicture,
    Target,
    TargetKind,
)
from retouch.editor.objects.library import ObjectLibrary
from retouch.editor.scene.scene import Scene
from retouch.errors import UnsupportedInstructionError

__all__ = ["Sight"]

BUDGET_SECONDS = 4.0
"""A refusal is worth about as much waiting as an edit of a photo; what was not looked for until then is not shown."""

_IN_FACES = frozenset([Retouch.RED_EYE, Retouch.SMOOTH_SKIN, Retouch.WHITEN_TEETH, Retouch.BRIGHTEN_EYES])
_NAMED = frozenset([TargetKind.NOUN, TargetKind.COLOR_PART])
_ON_HEADS = frozenset(["head", "face", "hair"])


class Sight:
    """Looks for what plans are about, each thing once, until the time is up.

    Parameters
    ----------
    scene : callable
        ``scene(i)`` returns the scene of input picture i; called for the first plan that is about something.
    objects : ObjectLibrary
        What can be put into a picture.
    budget_seconds : float
        From the first look on; the one that is running then is finished.
    clock : callable
        Returns seconds.
    """

    def __init__(
        self,
        scene: Callable[[int], Scene],
        objects: ObjectLibrary,
        *,
        budget_seconds: float = BUDGET_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scene = scene
        self._objects = objects
        self._budget_seconds = budget_seconds
        self._clock = clock
        self._deadline: float | None = None
        self._seen: dict[object, bool] = {}

    def shows(self, plan: EditPlan) -> bool:
        """Return whether everything that a plan is about is there; False also for what there was no time to look for."""
        return all(self._shows(operation) for operation in plan.operations)

    def _shows(self, operation: Operation) -> bool:
        if isinstance(operation, AddObject) and not self._objects.search(operation.noun):
            return False
        index = operation.edited_picture() or 0
        if _needs_face(operation) and not self._look(("faces", index), lambda: bool(self._scene(index).faces)):
            return False
        if _needs_head(operation) and not self._look(("head", index), lambda: _has_head(self._scene(index))):
            return False
        if isinstance(operation, ChangeLight) and operation.sky_only:
            return self._finds(Target(TargetKind.SKY, "the sky", image_index=index))
        return all(self._finds(target) for target in operation.targets())

    def _finds(self, target: Target) -> bool:
        if target.kind in (TargetKind.PICTURE, TargetKind.REGION):
            return True
        return self._look(target, lambda: self._is_there(target))

    def _is_there(self, target: Target) -> bool:
        scene = self._scene(target.image_index or 0)
        if target.noun in _ON_HEADS and not _has_head(scene):
            return False
        try:
            finding = scene.find(target)
        except UnsupportedInstructionError:
            return False
        return finding.verified or target.kind not in _NAMED

    def _look(self, key: object, look: Callable[[], bool]) -> bool:
        """Return what a look tells, from memory where it was taken before; False where the time is up."""
        if key not in self._seen:
            now = self._clock()
            self._deadline = now + self._budget_seconds if self._deadline is None else self._deadline
            self._seen[key] = now < self._deadline and look()
        return self._seen[key]


def _needs_face(operation: Operation) -> bool:
    if isinstance(operation, RetouchPicture):
        return operation.kind in _IN_FACES
    return isinstance(operation, RemoveFlaws) and operation.flaw is Flaw.BLEMISHES


def _needs_head(operation: Operation) -> bool:
    return isinstance(operation, AddObject) and operation.placement.relation in (Relation.ON_HEAD, Relation.OVER_EYES)


def _has_head(scene: Scene) -> bool:
    return bool(scene.faces) or scene.head is not None
