"""Hats on heads and glasses over eyes."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from retouch.editor.instructions.plan import AddObject, Placement, Relation
from retouch.editor.objects.cutout import Cutout
from retouch.editor.scene.nouns import noun_table
from retouch.editor.scene.scene import Head, Scene
from retouch.editor.scene.values import Face
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask

__all__ = ["Wearer", "WornFit", "find_wearers", "fit_on_shoulder", "fit_worn"]

_MIN_HEAD_CONFIDENCE: Final = 0.2
_HEADLESS: Final = ("building", "vehicle", "tower", "bridge", "furniture", "boat", "ship", "airplane", "rocket")
_MAX_HEADLESS: Final = 0.15
"""Probability that the subject is a building, a vehicle or furniture, above which the top of its silhouette is no head."""
_LEAST_TILT: Final = 3.0
# How wide a worn thing is against the head, and how far it comes down from the crown, in head heights.
_HEADWEAR: Final = {
    "crown": (0.86, 0.17),
    "party hat": (0.55, 0.10),
    "top hat": (1.25, 0.22),
    "cowboy hat": (1.75, 0.26),
    "hat": (1.62, 0.28),
    "cap": (1.2, 0.34),
    "helmet": (1.2, 0.5),
}
_DEFAULT_HEADWEAR: Final = (1.1, 0.2)
_ABOVE_FACE: Final = 0.30
_BESIDE_FACE: Final = 0.08
"""How far a head reaches over the detected face, which goes from the forehead to the chin, as shares of the face."""
_GLASSES_PER_EYE_DISTANCE: Final = 2.15
_SHOULDER_AWAY: Final = 0.98
_SHOULDER_SIZE: Final = 0.95
_CLAWS: Final = 0.15
_PROFILE_EYES: Final = 0.34
_FACE_IN_MASK: Final = 0.5
_FACE_TOUCHED: Final = 0.25
"""The same where nobody's face lies within the mask of the one that was named, which may cut into it."""
_MOST_HAIR: Final = 0.08
_MOST_ABOVE_SILHOUETTE: Final = 0.35
"""How far above the expected crown the matte may have it, in head heights: a lamp behind a head is none of its hair."""
_EYE_ROW: Final = 0.44
_GLASSES_WIDTH: Final = 0.90


@dataclass(frozen=True, slots=True)
class WornFit:
    """``width_px``: of the thing. ``center_x``, ``base_row``: middle of its lower edge. ``tilt``: degrees, clockwise."""

    width_px: float
    center_x: float
    base_row: float
    tilt: float = 0.0


@dataclass(frozen=True, slots=True)
class Wearer:
    """Who wears something.

    Attributes
    ----------
    head : Head
    body : (H, W) float32 [0, 1]
        The matte that it belongs to; where there is none, all around the head.
    face : Face or None
        With its eyes, where one was found.
    """

    head: Head
    body: Mask
    face: Face | None = None


def find_wearers(
    scene: Scene, near: Mask | None, placement: Placement, phrase: str, *, strictly: bool = False
) -> list[Wearer]:
    """Return the heads that could be meant, the likeliest first.

    Parameters
    ----------
    scene : Scene
    near : (H, W) float32 [0, 1] or None
        Who was named.
    placement : Placement
        Its anchor's side chooses among faces: "the man on the left".
    phrase : str
        Of the prompt, for the refusal.
    strictly : bool
        Whether only a head in ``near`` is meant: an animal's, beside people, or that of one of several.

    Raises
    ------
    UnsupportedInstructionError
        The picture shows none.
    """
    faces = [face for face in scene.faces if near is None or _share_inside(face, near) > _FACE_IN_MASK]
    if not faces and strictly and near is not None:
        faces = [face for face in scene.faces if _share_inside(face, near) > _FACE_TOUCHED]
    others = [] if strictly else list(scene.faces)
    faces = _on_side(faces or others, placement, scene.pixels.shape[1])
    if faces:
        return [Wearer(_head_of(face), _body(scene, face), face) for face in faces]
    head = scene.head if scene.subject.present else None
    if head is not None and strictly and near is not None and not _lies_in(head, near):
        head = None
    if head is None or head.confidence < _MIN_HEAD_CONFIDENCE or (head.found_by != "face" and _is_headless(scene)):
        raise UnsupportedInstructionError(
            (),
            (phrase,),
            "I find no head that it could be put on: people's faces are found from the front, an animal's head where it "
            "stands out. Name a place in the picture instead.",
        )
    return [Wearer(head, scene.subject.matte)]


def _lies_in(head: Head, mask: Mask) -> bool:
    part = mask[int(max(0, head.top)) : int(head.bottom) + 1, int(max(0, head.left)) : int(head.right) + 1]
    return bool(part.size) and float(part.mean()) > _FACE_IN_MASK


def _share_inside(face: Face, mask: Mask) -> float:
    box = face.box
    part = mask[int(max(0, box.top)) : int(box.bottom) + 1, int(max(0, box.left)) : int(box.right) + 1]
    return float(part.mean()) if part.size else 0.0


def _on_side(faces: list[Face], placement: Placement, width: int) -> list[Face]:
    """Order faces by the side that is named: the leftmost first for "the man on the left"."""
    side = placement.anchor.horizontal if placement.anchor is not None else None
    wanted = {"left": 0.0, "center": 0.5, "right": 1.0}.get(side or "")
    if wanted is None:
        return faces
    return sorted(faces, key=lambda face: abs(face.box.center[0] / width - wanted))


def _head_of(face: Face) -> Head:
    """Return the whole head around a face, crown to chin and ear to ear."""
    box = face.box
    return Head(
        left=box.left - _BESIDE_FACE * box.width,
        top=box.top - _ABOVE_FACE * box.height,
        right=box.right + _BESIDE_FACE * box.width,
        bottom=box.bottom,
        confidence=face.confidence,
        found_by="face",
        tilt=face.tilt,
    )


def _body(scene: Scene, face: Face) -> Mask:
    """Return the subject's matte if the face is in it, else a box around the head."""
    if scene.subject.present and _share_inside(face, scene.subject.matte) > _FACE_IN_MASK:
        return scene.subject.matte
    body = np.zeros_like(scene.subject.matte)
    head = _head_of(face)
    body[int(max(0, head.top)) :, int(max(0, head.left)) : int(max(0, head.right))] = 1.0
    return body


def _is_headless(scene: Scene) -> bool:
    """Whether the subject is of a kind that has no head."""
    table = noun_table()
    headless = {number for kind in _HEADLESS for number in table.lookup(kind) or ()}
    known = [(set(table.lookup(noun) or ()), share) for noun, share in scene.labels]
    shares = [share for classes, share in known if classes and 2 * len(classes & headless) > len(classes)]
    return sum(shares) > _MAX_HEADLESS


def fit_worn(cutout: Cutout, relation: Relation, wearer: Wearer, scale: float, rng: np.random.Generator) -> WornFit:
    """Return how a worn thing sits on a head.

    Parameters
    ----------
    cutout : Cutout
    relation : Relation
        ON_HEAD or OVER_EYES.
    wearer : Wearer
        Known eyes say exactly where glasses sit, how wide they are and how they are turned.
    scale : float
    rng : numpy.random.Generator
    """
    head = wearer.head
    if relation is Relation.OVER_EYES and wearer.face is not None:
        return _fit_to_eyes(cutout, wearer.face, scale)
    upright = _fit_upright(cutout, relation, head, wearer.body, scale, rng)
    tilt = head.tilt if abs(head.tilt) >= _LEAST_TILT else 0.0
    # The thing turns with the head, about the middle of the face.
    middle_x, middle_y = (head.left + head.right) / 2, (head.top + head.bottom) / 2
    across, down = upright.center_x - middle_x, upright.base_row - middle_y
    cosine, sine = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    return WornFit(
        upright.width_px, middle_x + cosine * across - sine * down, middle_y + sine * across + cosine * down, tilt
    )


def _fit_to_eyes(cutout: Cutout, face: Face, scale: float) -> WornFit:
    """Return how glasses sit: their middle between the pupils, a little below, turned as the eyes are."""
    (left_x, left_y), (right_x, right_y) = face.eyes
    apart = math.hypot(right_x - left_x, right_y - left_y)
    # Seen half from the side, the eyes come closer together than the head gets narrower.
    wide = max(_GLASSES_PER_EYE_DISTANCE * apart, 0.78 * face.box.width) * scale
    tall = wide * cutout.rgba.shape[0] / cutout.rgba.shape[1]
    # Upright in the face's own axes: half of the height below the eyes.
    down = 0.5 * tall + 0.04 * apart
    cosine, sine = math.cos(math.radians(face.tilt)), math.sin(math.radians(face.tilt))
    middle_x, middle_y = (left_x + right_x) / 2, (left_y + right_y) / 2
    return WornFit(wide, middle_x - sine * down, middle_y + cosine * down, face.tilt)


def fit_on_shoulder(
    cutout: Cutout, wearer: Wearer, matte: Mask, operation: AddObject, rng: np.random.Generator
) -> WornFit:
    """Return how a thing sits on a shoulder: beside the face, where the person's outline begins.

    Raises
    ------
    UnsupportedInstructionError
        The picture shows no shoulder there.
    """
    head = wearer.head
    wide, tall = head.right - head.left, head.bottom - head.top
    center = (head.left + head.right) / 2
    no_shoulder = UnsupportedInstructionError(
        (),
        (operation.phrase,),
        'The picture shows no shoulder that it could sit on. Name another place, as in "on the left".',
    )
    if wearer.face is None or _is_profile(wearer.face):
        raise no_shoulder
    side = {"left": -1.0, "right": 1.0}.get(operation.placement.horizontal or "")
    for sign in (side,) if side is not None else rng.permutation([-1.0, 1.0]).tolist():
        column = round(center + sign * _SHOULDER_AWAY * wide)
        if not 0 <= column < matte.shape[1]:
            continue
        first = int(head.top + 0.6 * tall)
        reach = max(2, round(_CLAWS * wide))
        below = matte[first:, max(0, column - reach) : column + reach + 1] > 0.5
        row = first + float(np.median(np.where(below.any(axis=0), below.argmax(axis=0), below.shape[0])))
        if row < head.bottom + 0.9 * tall and row < matte.shape[0] - 2:
            share = cutout.rgba.shape[1] / max(cutout.rgba.shape[:2])
            size = _SHOULDER_SIZE * tall * operation.scale * share
            return WornFit(size, float(column), row + 0.03 * tall)
    raise no_shoulder


def _is_profile(face: Face) -> bool:
    """Whether a face looks to the side, so that one shoulder hides the other: its eyes are close together."""
    (left, _), (right, _) = face.eyes
    return right - left < _PROFILE_EYES * face.box.width


def _fit_upright(
    cutout: Cutout, relation: Relation, head: Head, matte: Mask, scale: float, rng: np.random.Generator
) -> WornFit:
    """Return how a worn thing would sit if the head were upright."""
    width, height = head.right - head.left, head.bottom - head.top
    center = (head.left + head.right) / 2
    jitter = float(rng.normal(0, 0.012))
    aspect = cutout.rgba.shape[1] / cutout.rgba.shape[0]
    if relation is Relation.OVER_EYES:
        wide = width * _GLASSES_WIDTH * scale
        return WornFit(wide, center + jitter * width, head.top + _EYE_ROW * height + wide / aspect / 2)
    share, down = _HEADWEAR.get(cutout.noun, _DEFAULT_HEADWEAR)
    crown_row, crown_center = _crown(matte, head)
    wide = width * share * scale
    middle = 0.5 * center + 0.5 * crown_center
    # A head at the picture's upper border leaves no room: the hat sits deeper, as far as a hat can.
    missing = max(0.0, wide / aspect - (crown_row + down * height))
    return WornFit(wide, middle + jitter * width, crown_row + down * height + min(missing, 0.16 * height))


def _crown(matte: Mask, head: Head) -> tuple[float, float]:
    """Top row of the head in the matte, and the middle of the head a little below it."""
    h, w = matte.shape
    left, right = int(max(0, head.left)), int(min(w, head.right + 1))
    column_box = matte[: int(min(h, max(head.bottom, 1))), left:right] > 0.5
    rows = np.flatnonzero(column_box.sum(axis=1) > 0.12 * max(right - left, 1))
    if rows.size == 0:
        return head.top, (head.left + head.right) / 2
    row = float(rows[0])
    # A crown far above the detected head is raised hands or a hat; one far below is a bad matte.
    height = head.bottom - head.top
    up = _MOST_HAIR if head.found_by == "face" else _MOST_ABOVE_SILHOUETTE
    row = float(np.clip(row, head.top - up * height, head.top + 0.2 * height))
    band = matte[int(row) : int(row + 0.25 * height) + 1, left:right]
    weights = band.sum(axis=0)
    if weights.sum() <= 0:
        return row, (head.left + head.right) / 2
    return row, float(left + (weights * np.arange(right - left)).sum() / weights.sum())
