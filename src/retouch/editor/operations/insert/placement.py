"""Where a new object goes: every place on a grid gets a score, and chance picks among the best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from retouch.editor.instructions.plan import Placement, Relation
from retouch.editor.objects.nouns import Place
from retouch.editor.operations.insert.region import MIN_GROUND, Box, BoxSums, mask_box, standing_ground, water_mask
from retouch.editor.operations.insert.size import SizeRule, chosen_long_side
from retouch.editor.scene.scene import Scene
from retouch.images.array_types import FloatImage, Mask

__all__ = ["Site", "Surroundings", "find_site", "look_around"]

GRID_COLUMNS: Final = 41
GRID_ROWS: Final = 36
CHOICE_TEMPERATURE: Final = 0.22
"""Spread of the choice among good places: a place that scores this much less is taken e times less often."""

_TOLERANCE: Final = {
    Relation.FOREGROUND: 0.45,
    Relation.NEXT_TO: 0.6,
    Relation.LEFT_OF: 0.6,
    Relation.RIGHT_OF: 0.6,
    Relation.IN_FRONT_OF: 0.5,
    Relation.BEHIND: 0.0,
    Relation.ON: 0.4,
}
"""How much covering the subject counts against a place; 1 where the prompt does not ask to be near it."""

_DEPTH: Final = {Relation.FOREGROUND: False, Relation.IN_FRONT_OF: False, Relation.BACKGROUND: True}
"""Whether the subject hides what stands there."""

_WET: Final = 0.35
_EYE_LEVEL_M: Final = 1.2
"""What is smaller than this and stands on level ground doesn't reach up to the horizon."""
_NEAR_WITHOUT_GROUND: Final = 1.4
"""How much larger a thing is that stands so near that the lower border cuts its foot."""

_BESIDE = (Relation.NEXT_TO, Relation.LEFT_OF, Relation.RIGHT_OF)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What placing goes by, read from the scene once.

    Attributes
    ----------
    picture_hw : tuple of two int
    subject : (H, W) float32 [0, 1]
        0 where there is none.
    subject_box : Box or None
    face : Box or None
        What must not be covered: the head, or the upper part of the subject.
    ground, sky, water : BoxSums or None
    has_ground : bool
        Whether there is anything at all that a thing could stand on, and that is no water.
    clutter : BoxSums
        How busy the picture is, 0 to 1.
    horizon_row : float or None
    anchor : Box or None
        What the placement refers to.
    anchor_mask : (H, W) float32 [0, 1] or None
    """

    picture_hw: tuple[int, int]
    subject: Mask
    subject_sums: BoxSums
    subject_box: Box | None
    face: Box | None
    ground: BoxSums
    has_ground: bool
    sky: BoxSums | None
    water: BoxSums | None
    clutter: BoxSums
    horizon_row: float | None
    anchor: Box | None
    anchor_mask: Mask | None


@dataclass(frozen=True, slots=True)
class Site:
    """Where one object goes.

    Attributes
    ----------
    center_x, base_row : float
        Middle of its foot, in pixels.
    long_side_px : float
        Longest side of the object.
    true_long_side_px : float or None
        What would be true to scale, where the scene says.
    place : Place
        Ground, air, water: what kind of shadow it has.
    behind_anchor : bool
        The anchor's mask hides part of it.
    box : Box
    behind_subject : bool or None
        Whether the subject hides part of it; None: as its foot stands above or below the subject's.
    is_limited : bool
        It would be clearly larger if its own picture had the pixels.
    """

    center_x: float
    base_row: float
    long_side_px: float
    true_long_side_px: float | None
    place: Place
    behind_anchor: bool
    box: Box
    behind_subject: bool | None = None
    is_limited: bool = False


def look_around(scene: Scene, anchor_mask: Mask | None) -> Surroundings:
    """Read the masks of a scene that placing needs."""
    subject = scene.subject
    matte = subject.matte if subject.present else np.zeros_like(subject.matte)
    box = mask_box(matte)
    head = scene.head if subject.present else None
    face = None if head is None else Box(head.left, head.top, head.right, head.bottom)
    if face is None and box is not None:
        face = Box(box.left + 0.1 * box.width, box.top, box.right - 0.1 * box.width, box.top + 0.45 * box.height)
    grey = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0
    busy = np.clip(np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 0.8, 0, 1)
    sky, water, horizon, ground = scene.sky, water_mask(scene), scene.horizon, standing_ground(scene)
    return Surroundings(
        picture_hw=(matte.shape[0], matte.shape[1]),
        subject=matte,
        subject_sums=BoxSums(matte),
        subject_box=box,
        face=face,
        ground=BoxSums(ground),
        has_ground=float((ground if water is None else ground * (water < _WET)).mean()) >= MIN_GROUND,
        sky=None if sky is None else BoxSums(sky),
        water=None if water is None else BoxSums(water),
        clutter=BoxSums(busy),
        horizon_row=None if horizon is None else horizon.row,
        anchor=None if anchor_mask is None else mask_box(anchor_mask),
        anchor_mask=anchor_mask,
    )


def place_for(relation: Relation, places: Sequence[Place], around: Surroundings) -> Place:
    """Choose between ground, air and water from what the prompt says, where the thing belongs, and what the picture has."""
    if relation is Relation.SKY or relation is Relation.ABOVE:
        return Place.AIR
    if relation is Relation.WATER:
        return Place.WATER
    if relation in (Relation.ON, Relation.GROUND, Relation.FOREGROUND, Relation.IN_FRONT_OF) and Place.GROUND in places:
        return Place.GROUND
    first = next((each for each in places if each in (Place.GROUND, Place.AIR, Place.WATER)), Place.GROUND)
    if first is Place.WATER and around.water is None:
        return Place.GROUND
    if first is Place.AIR and relation in (Relation.ON, Relation.GROUND):
        return Place.GROUND
    return first


def find_site(
    around: Surroundings,
    placement: Placement,
    *,
    places: Sequence[Place],
    aspect: float,
    length_m: float | None,
    rule: SizeRule,
    factor: float,
    taken: Sequence[Box],
    rng: np.random.Generator,
    max_long_side_px: float,
    least_long_side_px: float = 0.0,
) -> Site:
    """Choose where one object goes and how big it is there.

    Parameters
    ----------
    around : Surroundings
    placement : Placement
    places : sequence of Place
        Where such a thing belongs.
    aspect : float
        Width by height of the cut-out.
    length_m : float or None
        Real-world longest side.
    rule : SizeRule
    factor : float
        Wanted size against the usual one.
    taken : sequence of Box
        What was placed before.
    rng : numpy.random.Generator
    max_long_side_px : float
        The cut-out has no more detail than this.
    least_long_side_px : float
        Smaller would not be what was asked for, whatever the scene says.
    """
    place = place_for(placement.relation, places, around)
    h, w = around.picture_hw
    jitter = float(np.exp(rng.normal(0, 0.09)))
    columns, rows = np.linspace(0.02, 0.98, GRID_COLUMNS) * w, np.linspace(0.05, 0.985, GRID_ROWS) * h
    chosen = [
        chosen_long_side(
            rule, length_m, placement.relation, 0.8 * h if place is Place.AIR else row, min(h, w), factor * jitter
        )
        for row in rows.tolist()
    ]
    limit = min(max_long_side_px, 0.92 * h, 0.92 * w)
    if placement.relation is Relation.FOREGROUND and not around.has_ground:
        chosen = [(size if true is not None else size * _NEAR_WITHOUT_GROUND, true) for size, true in chosen]
        # What the lower border cuts must not rise over the face.
        limit = min(limit, h if around.face is None else max(h - around.face.bottom, 0.2 * h))
    xs, bases = np.tile(columns, GRID_ROWS), np.repeat(rows, GRID_COLUMNS)
    sizes = np.repeat([min(max(size, least_long_side_px), limit) for size, _ in chosen], GRID_COLUMNS)
    widths = np.where(aspect >= 1, sizes, sizes * aspect)
    heights = np.where(aspect >= 1, sizes / aspect, sizes)
    score = score_sites(around, placement, place, xs, bases, widths, heights, taken)
    best = float(score.max())
    weights = np.exp((score - best) / CHOICE_TEMPERATURE)
    weights[score < best - 1.0] = 0
    k = int(rng.choice(xs.size, p=weights / weights.sum()))
    step_x, step_y = 0.96 * w / (GRID_COLUMNS - 1), 0.935 * h / (GRID_ROWS - 1)
    wide, tall = float(widths[k]), float(heights[k])
    x = float(xs[k] + rng.uniform(-0.4, 0.4) * step_x)
    x = float(np.clip(x, min(wide / 2 + 3, w / 2), max(w - wide / 2 - 3, w / 2)))
    foot = min(float(bases[k]) + float(rng.uniform(-0.3, 0.3)) * step_y, 0.988 * h)
    freely = placement.relation not in (Relation.ON, Relation.BEHIND, Relation.BACKGROUND)
    is_near = placement.relation in (Relation.FOREGROUND, Relation.ANYWHERE)
    if (
        place is Place.GROUND
        and freely
        and (not _has_ground(around, x, foot, wide, tall) or (is_near and _towers(around, foot - tall, length_m)))
    ):
        # No ground to stand on: the picture's lower border cuts the foot, so that nothing floats.
        place, foot = Place.AIR, h + 0.07 * tall
    box = Box(x - wide / 2, foot - tall, x + wide / 2, foot)
    return Site(
        center_x=x,
        base_row=foot,
        long_side_px=float(sizes[k]),
        true_long_side_px=chosen[k // GRID_COLUMNS][1],
        place=place,
        behind_anchor=placement.relation is Relation.BEHIND,
        behind_subject=_DEPTH.get(placement.relation),
        box=box,
        is_limited=max(chosen[k // GRID_COLUMNS][0], least_long_side_px) > 1.15 * max_long_side_px,
    )


def _towers(around: Surroundings, top: float, length_m: float | None) -> bool:
    """Whether a small thing rises above the horizon, so that it must be nearer than any ground that the picture shows."""
    row = around.horizon_row
    return row is not None and around.sky is not None and (length_m or 0.5) < _EYE_LEVEL_M and top < row


def _has_ground(around: Surroundings, x: float, foot: float, wide: float, tall: float) -> bool:
    """Whether there is anything to stand on at a foot."""
    edges = (np.array([each]) for each in (x - 0.4 * wide, foot - 0.12 * tall, x + 0.4 * wide, foot + 0.12 * tall))
    return bool(around.ground.mean(*edges)[0] > 0.25)


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
        if around.sky is not None:
            score -= 2.5 * around.sky.mean(left, bases - foot, right, bases + foot)
        if around.water is not None and relation is not Relation.WATER:
            score -= 1.2 * around.water.mean(left, bases - foot, right, bases + foot)
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
    for box in taken:
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
