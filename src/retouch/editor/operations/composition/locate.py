"""What the frame is to be put around: faces with room for hair and shoulders, things by their masks."""

from dataclasses import dataclass

import numpy as np

from retouch.editor.instructions.plan import Target
from retouch.editor.operations.composition.boxes import box_of_mask, union
from retouch.editor.operations.stage import Stage
from retouch.editor.scene.sides import keep_side
from retouch.editor.scene.values import Box
from retouch.errors import UnsupportedInstructionError
from retouch.types import Resolution

__all__ = ["Located", "find_focus", "locate"]

FACE = "face"

_CROWN, _CHIN, _CHEEK = 0.55, 0.12, 0.22
"""What the head has above the forehead, below the chin and beside the cheeks, as shares of the face's height and width."""
_ROOM = 0.14


@dataclass(frozen=True, slots=True)
class Located:
    """A thing that the frame goes around, in the stage's pixels.

    Attributes
    ----------
    core : Box
        What must be in the frame.
    framed : Box
        With the room that suits it.
    is_face : bool
    resolution : Resolution
    """

    core: Box
    framed: Box
    is_face: bool
    resolution: Resolution


def locate(stage: Stage, target: Target, *, margin: float = 1.0) -> Located:
    """Find a target and say how much room it wants.

    Raises
    ------
    UnsupportedInstructionError
        It is not in the picture.
    """
    if target.noun == FACE:
        return _locate_face(stage, target, margin)
    finding = stage.find(target)
    core = box_of_mask(finding.mask)
    if core is None:
        raise UnsupportedInstructionError((), (target.phrase,), f"I can't make out where {target.describe()} is.")
    room = _ROOM * margin * max(core.width, core.height, 0.5 * (core.width + core.height))
    framed = Box(core.left - room, core.top - room, core.right + room, core.bottom + room)
    resolution = Resolution(target.phrase, finding.resolved_to, finding.confidence, verified=finding.verified)
    return Located(core, framed, is_face=False, resolution=resolution)


def _locate_face(stage: Stage, target: Target, margin: float) -> Located:
    """Frame a head: hair above, shoulders below, eyes about the upper third."""
    heads = _heads(stage, target)
    if not heads:
        hint = 'I see no face in this picture. Name what to frame: "crop to the subject", "crop to the dog".'
        raise UnsupportedInstructionError((), (target.phrase or "the face",), hint)
    wants_all = target.phrase.lower().rstrip("s. ") != target.phrase.lower().rstrip(". ")
    chosen = heads if wants_all else heads[:1]
    core, framed = chosen[0], _with_shoulders(chosen[0], margin)
    for head in chosen[1:]:
        core, framed = union(core, head), union(framed, _with_shoulders(head, margin))
    number = "the face" if len(chosen) == 1 else f"{len(chosen)} faces"
    others = f", the largest of {len(heads)}" if len(heads) > len(chosen) else ""
    return Located(
        core, framed, is_face=True, resolution=Resolution(target.phrase, number + others, 0.9, verified=True)
    )


def _heads(stage: Stage, target: Target) -> list[Box]:
    """Return the boxes of heads from crown to chin, largest face first."""
    heads = []
    for face in stage.scene.faces:
        box = face.box
        rise, drop, side = _CROWN * box.height, _CHIN * box.height, _CHEEK * box.width
        heads.append(Box(box.left - side, box.top - rise, box.right + side, box.bottom + drop))
    if target.horizontal is not None or target.vertical is not None:
        heads = [head for head in heads if _is_at_side(head, stage, target)]
    if not heads and not stage.scene.faces:
        head = stage.scene.head
        if head is not None and head.found_by == "face":
            heads = [Box(head.left, head.top, head.right, head.bottom)]
    return heads


def _is_at_side(head: Box, stage: Stage, target: Target) -> bool:
    """Return whether a head is at the side of the picture that the phrase names."""
    height, width = stage.pixels.shape[:2]
    x, y = head.center
    spot = np.zeros((height, width), np.float32)
    spot[int(np.clip(y, 0, height - 1)), int(np.clip(x, 0, width - 1))] = 1.0
    return bool(keep_side(spot, target.horizontal, target.vertical).any())


def _with_shoulders(head: Box, margin: float) -> Box:
    """Return the frame of a head: closer with less margin, down to the chest with more."""
    above = head.height * (0.06 + 0.16 * margin)
    below = head.height * (0.08 + 0.42 * margin)
    beside = head.width * (0.10 + 0.32 * margin)
    return Box(head.left - beside, head.top - above, head.right + beside, head.bottom + below)


def find_focus(stage: Stage) -> Box | None:
    """Return what the picture is about, for a frame that the prompt leaves open: what was added, faces, or the main subject."""
    boxes = [box for mask in stage.added.values() if (box := box_of_mask(mask)) is not None]
    if stage.scene.subject.present and (subject := box_of_mask(stage.scene.subject.matte)) is not None:
        boxes.append(subject)
    if not boxes:
        return None
    focus = boxes[0]
    for box in boxes[1:]:
        focus = union(focus, box)
    return focus
