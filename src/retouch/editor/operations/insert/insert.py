"""Add an object: choose it, choose where and how big, fit it to the light, lay it in with its shadow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from retouch.editor.instructions.articles import with_article
from retouch.editor.instructions.plan import AddObject, Placement, Relation, Target, TargetKind
from retouch.editor.objects.cutout import Cutout, ObjectEntry
from retouch.editor.objects.drawn.catalog import drawn_aspect
from retouch.editor.objects.nouns import Place
from retouch.editor.operations.insert.canvas import Canvas
from retouch.editor.operations.insert.choice import (
    MAX_ENLARGEMENT,
    choose,
    is_flying,
    no_such_thing,
    notes_on,
    prepare,
    resolution_of,
    suited,
)
from retouch.editor.operations.insert.lay import lay_standing
from retouch.editor.operations.insert.placement import Site, find_site
from retouch.editor.operations.insert.region import boxes_of, standing_ground
from retouch.editor.operations.insert.size import SizeRule, size_rule
from retouch.editor.operations.insert.surroundings import Surroundings, look_around
from retouch.editor.operations.insert.wear import MAX_DRAWN_SIDE_PX, insert_worn
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.values import Box
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask
from retouch.types import Resolution

__all__ = ["insert"]


_WORN: Final = (Relation.ON_HEAD, Relation.OVER_EYES, Relation.ON_SHOULDER)
_FREE: Final = (Relation.ANYWHERE, Relation.FOREGROUND, Relation.BACKGROUND)
"""Placements that a flying thing fulfils as well as a standing one."""
_MOST_BEFORE_SKY: Final = 0.3
_TABLES: Final = frozenset(["table", "desk", "counter", "tabletop", "dining table"])
_LEAST_TABLE: Final = 0.05
_LEAST_LAND: Final = 0.05
_FLOCK: Final = 4
_FLOCK_SPREAD: Final = 0.25
_TURNED_THE_OTHER_WAY: Final = 0.15
"""Share of a flock that looks the other way: animals that move together mostly face one way."""
_WATERSIDE: Final = ("sea", "lake")
_LEAST_WATER_PROBABILITY: Final = 0.15


@dataclass(frozen=True, slots=True)
class _Planned:
    entry: ObjectEntry
    site: Site
    flip: bool
    seed: int


def insert(stage: Stage, operation: AddObject, context: Context) -> Stage:
    """Put one or more objects into the picture.

    Parameters
    ----------
    stage : Stage
    operation : AddObject
    context : Context
        Its ``rng`` chooses which of its ``objects``, where, how big and which way round.

    Returns
    -------
    Stage
        Bit-identical to ``stage`` where the change mask did not grow: away from the objects, their shadows and reflections.

    Raises
    ------
    UnsupportedInstructionError
        No pack has such a thing, or the picture has no head to wear it, no water to float on, or not what it is placed by.
    """
    library = context.objects
    found = library.search(operation.noun)
    kind = operation.noun.rsplit(" ", 1)[-1]
    if not found and kind != operation.noun:  # a beach ball is a ball, but no football
        found = tuple(entry for entry in library.search(kind) if entry.noun == kind)
        if found:
            note = f"No pack has {with_article(operation.noun)}: {with_article(kind)} was taken."
            stage, operation = replace(stage, notes=(*stage.notes, note)), replace(operation, noun=kind)
    if not found:
        raise no_such_thing(operation, library)
    scene, short_side = stage.scene, min(stage.pixels.shape[:2])
    if operation.placement.relation in _WORN:
        return insert_worn(stage, operation, context, library, suited(found, operation, short_side))

    anchor_mask, resolutions = _find_anchor(stage, operation.placement)
    second_mask = None
    if operation.placement.relation is Relation.BETWEEN and anchor_mask is not None:
        anchor_mask, second_mask, more = _find_both(stage, operation.placement, anchor_mask)
        resolutions += more
    anchor = operation.placement.anchor
    others = [mask for noun, mask in stage.added.items() if anchor is None or noun != anchor.noun]
    around = look_around(scene, anchor_mask, second_mask, others)
    if operation.placement.relation is Relation.WATER and not _shows_water(scene, around):
        raise UnsupportedInstructionError(
            (), (operation.phrase,), "The picture shows no water that I can see. Name another place for it."
        )
    must_fly, is_far = _must_fly(found, operation, around), operation.placement.relation is Relation.BACKGROUND
    if not must_fly:
        _require_ground(operation, found, around)
    if must_fly:
        operation = replace(operation, placement=replace(operation.placement, relation=Relation.SKY))
    candidates = suited(found, operation, short_side)
    rule = size_rule(scene)
    planned = _plan(operation, candidates, around, rule, context.rng)
    if must_fly and is_far:
        planned = [replace(each, site=replace(each.site, behind_subject=True)) for each in planned]
    canvas = Canvas(stage.pixels)
    shown = np.zeros(canvas.picture_hw, np.float32)
    loaded: list[Cutout] = []
    # Things further away stand higher up in the picture: lay them first.
    for each in sorted(planned, key=lambda one: one.site.base_row):
        context.checkpoint()
        rng = np.random.default_rng(each.seed)
        cutout = library.load(
            each.entry,
            long_side_px=min(round(each.site.long_side_px), MAX_DRAWN_SIDE_PX),
            rng=rng,
            color_rgb=operation.color.rgb if operation.color else None,
            light_x=scene.light.direction_x,
            hardness=scene.light.hardness,
        )
        layer = prepare(cutout, operation, flip=each.flip)
        shown = np.maximum(shown, lay_standing(canvas, stage, layer, each.site, around, rng, is_lit=cutout.is_lit))
        loaded.append(cutout)
    pixels, mask = canvas.finish()
    notes = notes_on(operation, loaded, [each.site for each in planned], library, rule)
    if operation.placement.relation is Relation.SKY and around.sky is None:
        notes += (f"The picture shows no sky, so the {operation.noun} floats in its upper part.",)
    if must_fly:
        notes += (f"The picture shows nothing to stand on, so the {operation.noun} flies.",)
    return stage.after(
        pixels,
        mask,
        added={operation.noun: np.maximum(shown, stage.added.get(operation.noun, np.float32(0)))},
        resolutions=(*resolutions, resolution_of(operation, loaded)),
        notes=notes,
    )


def _shows_water(scene: Scene, around: Surroundings) -> bool:
    """Whether there is water: by its color and place, and confirmed by the classifier."""
    if around.water is None:
        return False
    if scene.water is not None:
        return True
    peaks = [located[1] for noun in _WATERSIDE if (located := scene.locate(noun)) is not None]
    return max(peaks, default=0.0) >= _LEAST_WATER_PROBABILITY


def _require_ground(operation: AddObject, found: Sequence[ObjectEntry], around: Surroundings) -> None:
    """Refuse to stand a thing further back in a picture of nothing but treetops, water and sky: nothing there hides its feet.

    Raises
    ------
    UnsupportedInstructionError
    """
    floats = any(entry.places[0] in (Place.WATER, Place.AIR) for entry in found)
    height, width = (np.array([float(side)]) for side in around.picture_hw)
    nothing = np.zeros(1)
    has_room = around.has_ground and float(around.ground.mean(nothing, nothing, width, height)[0]) >= _LEAST_LAND
    if operation.placement.relation not in (Relation.BACKGROUND, Relation.GROUND) or has_room or floats:
        return
    raise UnsupportedInstructionError(
        (),
        (operation.phrase,),
        f"I see no firm ground on which the {operation.noun} could stand there. Put it in the foreground, or next to a thing.",
    )


def _must_fly(found: Sequence[ObjectEntry], operation: AddObject, around: Surroundings) -> bool:
    """Whether a thing that can fly has to, because there is nothing to stand on."""
    relation = operation.placement.relation
    if relation not in _FREE or around.has_ground or not any(is_flying(entry) for entry in found):
        return False
    # In the foreground, the picture's lower border can cut its foot; further back nothing does. A subject that fills the picture
    # leaves no sky to fly in.
    has_sky = around.sky is not None and float(around.subject.mean()) < _MOST_BEFORE_SKY
    return has_sky or relation is Relation.BACKGROUND


def _find_anchor(stage: Stage, placement: Placement) -> tuple[Mask | None, tuple[Resolution, ...]]:
    """Find what the placement refers to: a thing that was added before, or one of the scene."""
    target = placement.anchor
    if target is None:
        needs_one = placement.relation in (
            Relation.NEXT_TO,
            Relation.LEFT_OF,
            Relation.RIGHT_OF,
            Relation.ABOVE,
            Relation.BEHIND,
            Relation.IN_FRONT_OF,
            Relation.ON,
            Relation.AROUND,
        )
        if needs_one and stage.scene.subject.present:
            target = Target(TargetKind.SUBJECT, "the subject")
        else:
            return None, ()
    if target.noun is not None and target.noun in stage.added:
        mask = stage.added[target.noun]
        return mask, (Resolution(target.phrase, f"the {target.noun} that was added", 1.0, verified=True),)
    try:
        finding = stage.scene.find(target)
    except UnsupportedInstructionError:
        top = _table_top(stage.scene) if target.noun in _TABLES and placement.relation is Relation.ON else None
        if top is None:
            raise
        return top, (
            Resolution(target.phrase, f"what things stand on here (taken for {target.noun!r})", 0.5, verified=False),
        )
    return finding.mask, (Resolution(target.phrase, finding.resolved_to, finding.confidence, finding.verified),)


def _table_top(scene: Scene) -> Mask | None:
    """Return the level area of a picture taken indoors: what lies below a cup that fills the picture is no floor."""
    if scene.sky is not None:
        return None
    ground = standing_ground(scene)
    return ground if float((ground > 0.5).mean()) >= _LEAST_TABLE else None


def _find_both(stage: Stage, placement: Placement, anchor_mask: Mask) -> tuple[Mask, Mask, tuple[Resolution, ...]]:
    """Find the two things that a new one goes between: two that are named, two people, or the two largest parts of a mask.

    Raises
    ------
    UnsupportedInstructionError
        The second one is not there.
    """
    if placement.second is not None:
        mask, resolutions = _find_anchor(stage, replace(placement, anchor=placement.second))
        if mask is not None:
            return anchor_mask, mask, resolutions
    faces = stage.scene.faces
    boxes = [each.box for each in faces[:2]]
    boxes = boxes if len(boxes) == 2 else boxes_of(anchor_mask)[:2]
    if len(boxes) < 2:
        raise UnsupportedInstructionError(
            (),
            (placement.phrase,),
            'I can\'t tell two things apart there. Name both, as in "between the cup and the plate".',
        )
    first, second = (_box_mask(box, anchor_mask) for box in boxes)
    return first, second, ()


def _box_mask(box: Box, like: Mask) -> Mask:
    mask = np.zeros_like(like)
    mask[int(max(0, box.top)) : int(box.bottom), int(max(0, box.left)) : int(box.right)] = 1.0
    return mask


def _plan(
    operation: AddObject,
    candidates: Sequence[ObjectEntry],
    around: Surroundings,
    rule: SizeRule,
    rng: np.random.Generator,
) -> list[_Planned]:
    """Choose a thing and a site for each of the objects that were asked for; a flock is of one kind."""
    planned: list[_Planned] = []
    first = choose(candidates, rng, min(around.picture_hw) * 0.14)
    same = [entry for entry in candidates if entry.noun == first.noun]
    faces_left = bool(rng.random() < 0.5)
    for number in range(operation.count):
        entry = first if number == 0 else same[int(rng.integers(len(same)))]
        seed = int(rng.integers(2**32))
        aspect = entry.width_px / entry.height_px if entry.height_px else drawn_aspect(entry.name, seed)
        limit = MAX_DRAWN_SIDE_PX if entry.is_drawn else MAX_ENLARGEMENT * entry.long_side_px
        smaller = 1.0 if operation.count == 1 else 0.86 ** min(operation.count - 1, 4)
        if operation.count >= _FLOCK:
            # Some are nearer than others; all must still pass for one kind.
            smaller *= float(np.exp(np.clip(rng.normal(0, _FLOCK_SPREAD), -0.5, 0.35)))
        site = find_site(
            around,
            operation.placement,
            places=entry.places,
            aspect=aspect,
            length_m=entry.length_m,
            rule=rule,
            factor=operation.scale * smaller,
            taken=[each.site.box for each in planned],
            rng=rng,
            max_long_side_px=limit,
        )
        odd_one = rng.random() < (_TURNED_THE_OTHER_WAY if operation.count >= _FLOCK else 0.5)
        flip = bool(entry.may_flip and not entry.is_drawn and (faces_left != odd_one))
        planned.append(_Planned(entry, site, flip, seed))
    return planned
