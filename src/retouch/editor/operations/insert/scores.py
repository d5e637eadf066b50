"""How good a place is for a new object: what it stands on, what it covers, and what the prompt says."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from retouch.editor.instructions.plan import Placement, Relation
from retouch.editor.objects.nouns import Place
from retouch.editor.operations.insert.surroundings import Surroundings
from retouch.editor.scene.values import Box
from retouch.images.array_types import FloatImage

__all__ = ["LEAST_SUPPORT", "score_sites"]

LEAST_SUPPORT: Final = 0.25
"""Share of ground under a foot below which it stands on nothing."""

_TOLERANCE: Final = {
    Relation.FOREGROUND: 0.45,
    Relation.NEXT_TO: 0.6,
    Relation.LEFT_OF: 0.6,
    Relation.RIGHT_OF: 0.6,
    Relation.IN_FRONT_OF: 0.5,
    Relation.BEHIND: 0.0,
    Relation.ON: 0.4,
    Relation.BETWEEN: 0.4,
    Relation.AROUND: 0.5,
}
"""How much covering the subject counts against a place; 1 where the prompt does not ask to be near it."""

_BESIDE = (Relation.NEXT_TO, Relation.LEFT_OF, Relation.RIGHT_OF)


def score_sites(
    around: Surroundings,
    placement: Placement,
    place: Place,
    xs: FloatImage,
    bases: FloatImage,
    widths: FloatImage,
    heights: FloatImage,
    taken: Sequence[Box],
) -> FloatImage:
    """Return a score for each place, the higher the better; differences of 0.2 matter, of 1 decide."""
    h, w = around.picture_hw
    relation = placement.relation
    left, right, top = xs - widths / 2, xs + widths / 2, bases - heights
    score = np.zeros_like(xs)
    # 1. inside the picture, with some air around
    margin_x, margin_y = 0.015 * w, 0.015 * h
    out = np.maximum(margin_x - left, 0) + np.maximum(right - (w - margin_x), 0) + np.maximum(margin_y - top, 0)
    score -= 60 * out / w
    # 2. what it stands on or hangs before
    foot = np.maximum(heights * 0.10, 3)
    if place is Place.GROUND:
        support = around.ground.mean(left + 0.2 * widths, bases - foot * 0.3, right - 0.2 * widths, bases + foot * 0.7)
        # Further back, nothing but the ground shows where a thing stands.
        score += (3.0 if relation is Relation.BACKGROUND else 1.5) * support
        if around.has_ground and relation not in (Relation.ON, Relation.BEHIND):
            score -= 2.0 * (support < LEAST_SUPPORT)
        if around.sky is not None:
            score -= 2.5 * around.sky.mean(left, bases - foot, right, bases + foot)
        if around.water is not None and relation is not Relation.WATER:
            score -= 2.0 * around.water.mean(left, bases - foot, right, bases + foot)
    elif place is Place.WATER and around.water is not None:
        score += 2.2 * around.water.mean(left, bases - foot, right, bases + foot)
    elif place is Place.AIR:
        if around.sky is not None:
            score += 2.0 * around.sky.mean(left, top, right, bases)
        else:
            score -= 1.4 * np.clip(bases / h - 0.5, 0, 1)
    # 3. what it must not cover
    cover = around.subject_sums.mean(left, top, right, bases)
    score -= 2.6 * _TOLERANCE.get(relation, 1.0) * cover
    if around.face is not None and relation is not Relation.BEHIND:
        score -= 4.0 * _overlap(around.face, left, top, right, bases)
    for box in (*taken, *around.taken):
        score -= 5.0 * _overlap(box, left - 0.06 * widths, top, right + 0.06 * widths, bases)
    score -= 0.5 * around.clutter.mean(left, top, right, bases)
    # 4. what the prompt says
    score += _relation_score(around, placement, place, xs, bases, widths, heights)
    score += _part_score(placement, xs, bases - heights / 2, w, h)
    return score


def _overlap(box: Box, left: FloatImage, top: FloatImage, right: FloatImage, bottom: FloatImage) -> FloatImage:
    wide = np.clip(np.minimum(right, box.right) - np.maximum(left, box.left), 0, None)
    tall = np.clip(np.minimum(bottom, box.bottom) - np.maximum(top, box.top), 0, None)
    own = (right - left) * (bottom - top)
    return np.asarray(wide * tall / np.maximum(np.minimum(own, box.width * box.height), 1.0))


def _near(value: FloatImage, wanted: float, tolerance: float) -> FloatImage:
    """0 at the wanted value, falling off as a parabola, at most -3."""
    return np.asarray(np.maximum(-(((value - wanted) / tolerance) ** 2), -3.0))


def _relation_score(
    around: Surroundings,
    placement: Placement,
    place: Place,
    xs: FloatImage,
    bases: FloatImage,
    widths: FloatImage,
    heights: FloatImage,
) -> FloatImage:
    h, w = around.picture_hw
    relation, anchor = placement.relation, around.anchor
    zero = np.zeros_like(xs)
    if relation in _BESIDE and anchor is not None:
        gap = 0.5 * widths + 0.035 * w
        # Where the anchor leaves no room beside it, as near to that as the picture allows.
        least, most = 0.5 * widths + 0.02 * w, w - 0.5 * widths - 0.02 * w
        to_left = _near(xs - np.clip(anchor.left - gap, least, most), 0, 0.05 * w)
        to_right = _near(xs - np.clip(anchor.right + gap, least, most), 0, 0.05 * w)
        to_left = to_left - 1.5 * np.clip(least - (anchor.left - gap), 0, None) / widths
        to_right = to_right - 1.5 * np.clip(anchor.right + gap - most, 0, None) / widths
        sides = {Relation.LEFT_OF: to_left, Relation.RIGHT_OF: to_right}.get(relation, np.maximum(to_left, to_right))
        foot = min(anchor.bottom, 0.975 * h) if place is not Place.AIR else anchor.top + 0.45 * anchor.height
        return 1.6 * sides + 0.9 * _near(bases, foot + 0.012 * h, 0.05 * h)
    if relation is Relation.BETWEEN and anchor is not None:
        return _between_score(around, place, xs, bases, heights)
    if relation is Relation.AROUND and anchor is not None:
        away_x = (xs - anchor.center_x) / (0.5 * anchor.width + 0.5 * widths)
        away_y = (bases - heights / 2 - (anchor.top + anchor.bottom) / 2) / (0.5 * anchor.height + 0.5 * heights)
        return 1.3 * _near(np.hypot(away_x, away_y), 1.15, 0.35)
    if relation is Relation.ABOVE and anchor is not None:
        return 1.4 * _near(xs, anchor.center_x, 0.10 * w) + 1.4 * _near(bases, anchor.top - 0.05 * h, 0.05 * h)
    if relation is Relation.ON and anchor is not None:
        return _on_score(around, anchor, xs, bases)
    if relation is Relation.IN_FRONT_OF and anchor is not None:
        foot = min(anchor.bottom + 0.06 * h, 0.98 * h)
        return 1.0 * _near(xs, anchor.center_x, 0.24 * max(anchor.width, 0.2 * w)) + 1.3 * _near(bases, foot, 0.04 * h)
    if relation is Relation.BEHIND and anchor is not None:
        return _behind_score(around, anchor, xs, bases, widths, heights)
    if relation is Relation.FOREGROUND:
        return 1.2 * _near(bases / h, 0.93, 0.06)
    if relation is Relation.BACKGROUND:
        row = around.horizon_row if around.horizon_row is not None else 0.45 * h
        return 0.6 * _near(bases, row + 0.06 * h, 0.13 * h)
    if relation is Relation.SKY:
        return 0.5 * _near((bases - heights / 2) / h, 0.2, 0.22)
    if place is Place.GROUND:
        return 0.5 * _near(bases / h, 0.86, 0.12)
    return zero


def _between_score(
    around: Surroundings, place: Place, xs: FloatImage, bases: FloatImage, heights: FloatImage
) -> FloatImage:
    """In the middle of the gap between two things, on a line with their feet, or in the air at their middles."""
    assert around.anchor is not None, "between needs an anchor"
    h, w = around.picture_hw
    first, second = around.anchor, around.second or around.anchor
    left, right = sorted((first, second), key=lambda box: box.center_x)
    middle = (left.right + right.left) / 2 if around.second is not None else first.center_x
    feet = min((first.bottom + second.bottom) / 2, 0.975 * h)
    if place is Place.AIR:
        middles = (first.top + first.bottom + second.top + second.bottom) / 4
        return 1.6 * _near(xs, middle, 0.04 * w) + 0.9 * _near(bases - heights / 2, middles, 0.06 * h)
    return 1.6 * _near(xs, middle, 0.04 * w) + 0.9 * _near(bases, feet + 0.012 * h, 0.05 * h)


def _on_score(around: Surroundings, anchor: Box, xs: FloatImage, bases: FloatImage) -> FloatImage:
    """On top of a thing: at its upper edge; on a wide flat thing (a table, sand): inside it."""
    assert around.anchor_mask is not None, "an anchor has a mask"
    h, w = around.picture_hw
    columns = np.clip(xs, 0, w - 1).astype(int)
    rows = np.clip(bases, 0, h - 1).astype(int)
    solid = around.anchor_mask > 0.5
    filled = float(solid.sum()) / max(anchor.width * anchor.height, 1.0)
    wide = anchor.width > 2.2 * anchor.height or anchor.width * anchor.height > 0.25 * h * w
    if wide and filled > 0.62:
        low = anchor.top + 0.62 * anchor.height
        return np.asarray(1.8 * solid[rows, columns] + 0.4 * _near(bases, low, 0.3 * anchor.height))
    first = np.where(solid.any(axis=0), np.argmax(solid, axis=0), -1)[columns].astype(np.float32)
    upper = np.where(first >= 0, _near(bases - first, 0.02 * h, 0.02 * h), -3.0)
    return np.asarray(
        2.0 * upper
        + 0.5 * _near(xs, anchor.center_x, 0.3 * anchor.width)
        - 1.5 * (first > anchor.top + 0.6 * anchor.height)
    )


def _behind_score(
    around: Surroundings, anchor: Box, xs: FloatImage, bases: FloatImage, widths: FloatImage, heights: FloatImage
) -> FloatImage:
    """Partly hidden: about a third is covered by the anchor, the foot stands a little further back."""
    h, _ = around.picture_hw
    hidden = around.subject_sums.mean(xs - widths / 2, bases - heights, xs + widths / 2, bases)
    foot = anchor.bottom - 0.05 * h
    if around.horizon_row is not None:
        foot = max(foot - 0.15 * (foot - around.horizon_row), around.horizon_row)
    return np.asarray(1.5 * _near(hidden, 0.35, 0.16) + 1.0 * _near(bases, foot, 0.08 * h))


_COLUMNS: Final = {"left": (0.20, 0.0, 0.42), "center": (0.5, 0.3, 0.7), "right": (0.80, 0.58, 1.0)}
_ROWS: Final = {"top": (0.20, 0.0, 0.45), "middle": (0.5, 0.28, 0.72), "bottom": (0.82, 0.55, 1.0)}
"""Where a part of the picture has its middle, and from where to where it reaches, as shares of the picture."""


def _part_score(placement: Placement, xs: FloatImage, middles: FloatImage, w: int, h: int) -> FloatImage:
    """The named part of the picture, "top left": nothing that speaks against a place there moves the object out of it."""
    score = np.zeros_like(xs)
    if placement.horizontal is not None:
        score += _inside_part(xs / w, *_COLUMNS[placement.horizontal])
    if placement.vertical is not None:
        score += _inside_part(middles / h, *_ROWS[placement.vertical])
    return score


def _inside_part(position: FloatImage, middle: float, start: float, end: float) -> FloatImage:
    outside = (position < start) | (position > end)
    return np.asarray(1.5 * _near(position, middle, 0.1) - 20.0 * outside)
