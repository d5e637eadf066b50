"""Where a new object goes: every place on a grid gets a score, and chance picks among the best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from retouch.editor.instructions.plan import Placement, Relation
from retouch.editor.objects.nouns import Place
from retouch.editor.operations.insert.scores import LEAST_SUPPORT, score_sites
from retouch.editor.operations.insert.size import SizeRule, chosen_long_side
from retouch.editor.operations.insert.surroundings import Surroundings
from retouch.editor.scene.values import Box

__all__ = ["Site", "find_site", "place_for"]

GRID_COLUMNS: Final = 41
GRID_ROWS: Final = 36
CHOICE_TEMPERATURE: Final = 0.22
"""Spread of the choice among good places: a place that scores this much less is taken e times less often."""

_DEPTH: Final = {Relation.FOREGROUND: False, Relation.IN_FRONT_OF: False, Relation.BACKGROUND: True}
"""Whether the subject hides what stands there."""

_EYE_LEVEL_M: Final = 1.2
"""What is smaller than this and stands on level ground doesn't reach up to the horizon."""
_NEAR_WITHOUT_GROUND: Final = 1.4
"""How much larger a thing is that stands so near that the lower border cuts its foot."""


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
    return bool(around.ground.mean(*edges)[0] > LEAST_SUPPORT)
