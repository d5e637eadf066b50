"""Hats on heads and glasses over eyes."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from retouch.editor.instructions.plan import Relation
from retouch.editor.objects.cutout import Cutout
from retouch.editor.scene.nouns import noun_table
from retouch.editor.scene.scene import Head, Scene
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask

__all__ = ["WornFit", "fit_worn", "require_head"]

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
_EYE_ROW: Final = 0.44
_GLASSES_WIDTH: Final = 0.90


@dataclass(frozen=True, slots=True)
class WornFit:
    """``width_px``: of the thing. ``center_x``, ``base_row``: middle of its lower edge. ``tilt``: degrees, clockwise."""

    width_px: float
    center_x: float
    base_row: float
    tilt: float = 0.0


def require_head(scene: Scene, phrase: str) -> Head:
    """Return the subject's head, or refuse.

    Raises
    ------
    UnsupportedInstructionError
        The picture shows none.
    """
    head = scene.head if scene.subject.present else None
    no_face = head is None or head.found_by != "face"
    if head is None or head.confidence < _MIN_HEAD_CONFIDENCE or (no_face and _is_headless(scene)):
        raise UnsupportedInstructionError(
            (), (phrase,), "The picture shows no head that it could be put on. Name a place in the picture instead."
        )
    return head


def _is_headless(scene: Scene) -> bool:
    """Whether the subject is of a kind that has no head."""
    table = noun_table()
    headless = {number for kind in _HEADLESS for number in table.lookup(kind) or ()}
    known = [(set(table.lookup(noun) or ()), share) for noun, share in scene.labels]
    shares = [share for classes, share in known if classes and 2 * len(classes & headless) > len(classes)]
    return sum(shares) > _MAX_HEADLESS


def fit_worn(
    cutout: Cutout, relation: Relation, head: Head, matte: Mask, scale: float, rng: np.random.Generator
) -> WornFit:
    """Return how a worn thing sits on a head.

    Parameters
    ----------
    cutout : Cutout
    relation : Relation
        ON_HEAD or OVER_EYES.
    head : Head
    matte : (H, W) float32 [0, 1]
        The wearer.
    scale : float
    rng : numpy.random.Generator
    """
    upright = _fit_upright(cutout, relation, head, matte, scale, rng)
    tilt = head.tilt if abs(head.tilt) >= _LEAST_TILT else 0.0
    # The thing turns with the head, about the middle of the face.
    middle_x, middle_y = (head.left + head.right) / 2, (head.top + head.bottom) / 2
    across, down = upright.center_x - middle_x, upright.base_row - middle_y
    cosine, sine = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    return WornFit(
        upright.width_px, middle_x + cosine * across - sine * down, middle_y + sine * across + cosine * down, tilt
    )


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
    row = float(np.clip(row, head.top - 0.35 * height, head.top + 0.2 * height))
    band = matte[int(row) : int(row + 0.25 * height) + 1, left:right]
    weights = band.sum(axis=0)
    if weights.sum() <= 0:
        return row, (head.left + head.right) / 2
    return row, float(left + (weights * np.arange(right - left)).sum() / weights.sum())
