"""Add an object: choose it, choose where and how big, fit it to the light, lay it in with its shadow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from retouch.editor.instructions.articles import with_article
from retouch.editor.instructions.plan import AddObject, Placement, Relation, Target, TargetKind
from retouch.editor.objects.cutout import Cutout, ObjectEntry
from retouch.editor.objects.drawn.catalog import drawn_aspect
from retouch.editor.objects.library import ObjectLibrary
from retouch.editor.objects.nouns import Place, known_noun
from retouch.editor.operations.harmonize import harmonize, measure_tone, recolor_layer
from retouch.editor.operations.insert.canvas import Canvas
from retouch.editor.operations.insert.placement import Site, Surroundings, find_site, look_around
from retouch.editor.operations.insert.region import Box
from retouch.editor.operations.insert.shadow import (
    ambient_shadow,
    cast_shadow,
    contact_shadow,
    water_reflection,
    worn_shade,
)
from retouch.editor.operations.insert.size import SizeRule, sane_share, size_rule
from retouch.editor.operations.insert.worn import fit_worn, require_head
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.scene import Scene
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask
from retouch.images.compose import Layer, flip_layer, layer_from_rgba, resize_layer, rotate_layer, sharpen_layer
from retouch.types import Resolution

__all__ = ["insert", "lay_standing", "site_at"]

MAX_ENLARGEMENT: Final = 1.6
"""A cut-out enlarged further shows that it is."""

MAX_DRAWN_SIDE_PX: Final = 900
_LEAST_SHARE: Final = 0.7
"""A photograph that can't be shown at this share of its usual size is too small for the picture."""

MIN_SIDE_PX: Final = 14
_WORN: Final = (Relation.ON_HEAD, Relation.OVER_EYES)
_FREE: Final = (Relation.ANYWHERE, Relation.FOREGROUND, Relation.BACKGROUND)
"""Placements that a flying thing fulfils as well as a standing one."""
_MOST_BEFORE_SKY: Final = 0.3
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
    if not found:
        raise _no_such_thing(operation, library)
    scene, short_side = stage.scene, min(stage.pixels.shape[:2])
    if operation.placement.relation in _WORN:
        return _insert_worn(stage, operation, context, library, suited(found, operation, short_side))

    anchor_mask, resolutions = _find_anchor(stage, operation.placement)
    around = look_around(scene, anchor_mask)
    if operation.placement.relation is Relation.WATER and not _shows_water(scene, around):
        raise UnsupportedInstructionError(
            (), (operation.phrase,), "The picture shows no water that I can see. Name another place for it."
        )
    must_fly, is_far = _must_fly(found, operation, around), operation.placement.relation is Relation.BACKGROUND
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
        layer = _prepare(cutout, operation, flip=each.flip)
        shown = np.maximum(shown, lay_standing(canvas, stage, layer, each.site, around, rng, is_lit=cutout.is_lit))
        loaded.append(cutout)
    pixels, mask = canvas.finish()
    notes = _notes(operation, loaded, [each.site for each in planned], library, rule)
    if operation.placement.relation is Relation.SKY and around.sky is None:
        notes += (f"The picture shows no sky, so the {operation.noun} floats in its upper part.",)
    if must_fly:
        notes += (f"The picture shows nothing to stand on, so the {operation.noun} flies.",)
    return stage.after(
        pixels,
        mask,
        added={operation.noun: np.maximum(shown, stage.added.get(operation.noun, np.float32(0)))},
        resolutions=(*resolutions, _resolution(operation, loaded)),
        notes=notes,
    )


def _shows_water(scene: Scene, around: Surroundings) -> bool:
    """Whether there is water: by its color and place, and confirmed by the classifier."""
    if around.water is None:
        return False
    peaks = [located[1] for noun in _WATERSIDE if (located := scene.locate(noun)) is not None]
    return max(peaks, default=0.0) >= _LEAST_WATER_PROBABILITY


def _must_fly(found: Sequence[ObjectEntry], operation: AddObject, around: Surroundings) -> bool:
    """Whether a thing that can fly has to, because there is nothing to stand on."""
    relation = operation.placement.relation
    if relation not in _FREE or around.has_ground or not any(_is_flying(entry) for entry in found):
        return False
    # In the foreground, the picture's lower border can cut its foot; further back nothing does. A subject that fills the picture
    # leaves no sky to fly in.
    has_sky = around.sky is not None and float(around.subject.mean()) < _MOST_BEFORE_SKY
    return has_sky or relation is Relation.BACKGROUND


def suited(entries: Sequence[ObjectEntry], operation: AddObject, short_side_px: int) -> tuple[ObjectEntry, ...]:
    """Leave out what fits the name but not the wish: an ostrich for "a bird", a standing gull for the sky.

    Photographs come before drawings where there are any that fit and have enough pixels for the picture.
    """
    usual = known_noun(operation.noun)
    chosen = [
        entry
        for entry in entries
        if usual is None
        or usual.length_m is None
        or entry.length_m is None
        or 0.4 <= entry.length_m / usual.length_m <= 2.3
        or entry.noun == usual.name
    ] or list(entries)
    if usual is not None:
        # A bird that does all that birds do: a hen or a penguin is one, but not what is meant by "a bird".
        chosen = [entry for entry in chosen if set(entry.places) >= set(usual.places)] or chosen
    in_air = operation.placement.relation is Relation.SKY
    on_ground = operation.placement.relation not in (Relation.SKY, Relation.ABOVE)
    chosen = [entry for entry in chosen if entry.stands or not on_ground] or chosen
    poses = [entry for entry in chosen if _is_flying(entry) == in_air] if operation.noun != "balloon" else []
    chosen = poses or chosen
    photographs = [entry for entry in chosen if not entry.is_drawn]
    least_px = [
        _LEAST_SHARE * sane_share(entry.length_m, operation.placement.relation)[1] * short_side_px / MAX_ENLARGEMENT
        for entry in photographs
    ]
    large_enough = [entry for entry, least in zip(photographs, least_px, strict=True) if entry.long_side_px >= least]
    drawn = [entry for entry in chosen if entry.is_drawn]
    return tuple(large_enough or drawn or photographs)


def _is_flying(entry: ObjectEntry) -> bool:
    return entry.places[0] is Place.AIR or entry.name.startswith("flying ")


def _no_such_thing(operation: AddObject, library: ObjectLibrary) -> UnsupportedInstructionError:
    names = library.nearest_names(operation.noun)
    nearest = f" What is there: {', '.join(names)}." if names else ""
    packs = (
        "" if library.has_photographic_pack else " `retouch objects add tuxpaint` fetches some 300 photographed things."
    )
    return UnsupportedInstructionError(
        (),
        (operation.phrase,),
        f"No pack has a {operation.noun!r}.{nearest}{packs} `retouch objects list` names all; a folder of your own cut-outs "
        "can be added with `retouch objects add FOLDER`.",
    )


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
        )
        if needs_one and stage.scene.subject.present:
            target = Target(TargetKind.SUBJECT, "the subject")
        else:
            return None, ()
    if target.noun is not None and target.noun in stage.added:
        mask = stage.added[target.noun]
        return mask, (Resolution(target.phrase, f"the {target.noun} that was added", 1.0, verified=True),)
    finding = stage.scene.find(target)
    return finding.mask, (Resolution(target.phrase, finding.resolved_to, finding.confidence, finding.verified),)


def _plan(
    operation: AddObject,
    candidates: Sequence[ObjectEntry],
    around: Surroundings,
    rule: SizeRule,
    rng: np.random.Generator,
) -> list[_Planned]:
    """Choose a thing and a site for each of the objects that were asked for; a flock is of one kind."""
    planned: list[_Planned] = []
    first = _choose(candidates, rng, min(around.picture_hw) * 0.14)
    same = [entry for entry in candidates if entry.noun == first.noun]
    for number in range(operation.count):
        entry = first if number == 0 else same[int(rng.integers(len(same)))]
        seed = int(rng.integers(2**32))
        aspect = entry.width_px / entry.height_px if entry.height_px else drawn_aspect(entry.name, seed)
        limit = MAX_DRAWN_SIDE_PX if entry.is_drawn else MAX_ENLARGEMENT * entry.long_side_px
        smaller = 1.0 if operation.count == 1 else 0.86 ** min(operation.count - 1, 4)
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
        flip = bool(entry.may_flip and not entry.is_drawn and rng.random() < 0.5)
        planned.append(_Planned(entry, site, flip, seed))
    return planned


def _choose(candidates: Sequence[ObjectEntry], rng: np.random.Generator, wanted_px: float) -> ObjectEntry:
    """Choose by chance; a picture too small for its likely size is taken less often."""
    weights = np.array(
        [
            1.0 if each.is_drawn else min(1.0, each.long_side_px * MAX_ENLARGEMENT / wanted_px) ** 3
            for each in candidates
        ]
    )
    return candidates[int(rng.choice(len(candidates), p=weights / weights.sum()))]


def _prepare(cutout: Cutout, operation: AddObject, *, flip: bool) -> Layer:
    layer = layer_from_rgba(cutout.rgba)
    if operation.color is not None and not cutout.has_color:
        layer = recolor_layer(layer, operation.color.rgb)
    return flip_layer(layer) if flip and cutout.may_flip else layer


def lay_standing(
    canvas: Canvas,
    stage: Stage,
    layer: Layer,
    site: Site,
    around: Surroundings,
    rng: np.random.Generator,
    *,
    is_lit: bool,
) -> Mask:
    """Fit a cut-out to its site and lay it in with shadow or reflection.

    Returns
    -------
    (H, W) float32 [0, 1]
        Where the object shows.
    """
    scene = stage.scene
    h, w = layer.alpha.shape
    scale = site.long_side_px / max(h, w)
    size_hw = (max(MIN_SIDE_PX // 2, round(h * scale)), max(MIN_SIDE_PX // 2, round(w * scale)))
    sized = resize_layer(layer, size_hw)
    if site.place is Place.WATER:
        sized = sink(sized)
    if scale > 1.05:
        sized = sharpen_layer(sized, 0.7 * scale, min(0.5, 0.6 * (scale - 1)))
    top, left = round(site.base_row - size_hw[0]), round(site.center_x - size_hw[1] / 2)
    box = (left, top, left + size_hw[1], top + size_hw[0])
    tone = measure_tone(stage.pixels[..., :3], scene, box, in_sky=site.place is Place.AIR)
    fitted = harmonize(sized, tone, scene.light, rng, is_lit=is_lit)
    margin = (fitted.alpha.shape[0] - size_hw[0]) // 2
    hidden = around.anchor_mask if site.behind_anchor else None
    behind = _stands_behind_subject(site, around) if site.behind_subject is None else site.behind_subject
    if hidden is None and behind:
        hidden = around.subject

    if site.place is Place.GROUND:
        shadow = cast_shadow(sized.alpha, canvas.picture_hw, top, left, scene.light, _ground_tilt(scene, site))
        ambient = ambient_shadow(sized.alpha, canvas.picture_hw, top, left)
        shadow = 1 - (1 - shadow) * (1 - ambient)
        shadow = np.maximum(shadow, contact_shadow(sized.alpha, canvas.picture_hw, top, left))
        canvas.shade(shadow if hidden is None else (shadow * (1 - hidden)).astype(np.float32))
    elif site.place is Place.WATER:
        colors, cover = water_reflection(fitted, canvas.picture_hw, top - margin, left - margin, rng)
        canvas.tint(colors, cover if hidden is None else (cover * (1 - hidden)).astype(np.float32))
        canvas.shade(contact_shadow(sized.alpha, canvas.picture_hw, top, left) * np.float32(0.3))
    return canvas.lay(fitted, top - margin, left - margin, hidden)


def sink(layer: Layer) -> Layer:
    """Let a floating thing dip into the water: its lowest twentieth is below the water line."""
    h = layer.alpha.shape[0]
    rows = np.arange(h, dtype=np.float32)[:, None]
    above = np.clip((0.95 * h - rows) / max(1.0, 0.008 * h), 0, 1)
    return Layer(layer.linear, (layer.alpha * above).astype(np.float32))


def _stands_behind_subject(site: Site, around: Surroundings) -> bool:
    """Something on the ground whose foot is clearly above the subject's foot stands further away than the subject."""
    box = around.subject_box
    if box is None or site.place is not Place.GROUND or around.anchor_mask is not None:
        return False
    return site.base_row < box.bottom - 0.06 * around.picture_hw[0]


def _ground_tilt(scene: Scene, site: Site) -> float:
    """How steeply the ground is seen: the further below the horizon, the steeper."""
    height = scene.pixels.shape[0]
    row = scene.horizon.row if scene.horizon is not None else 0.35 * height
    return float(np.clip((site.base_row - row) / height * 0.75, 0.12, 0.5))


def _insert_worn(
    stage: Stage, operation: AddObject, context: Context, library: ObjectLibrary, candidates: Sequence[ObjectEntry]
) -> Stage:
    """Put a worn thing on the subject's head or over its eyes."""
    scene, rng = stage.scene, context.rng
    head = require_head(scene, operation.phrase)
    matte = scene.subject.matte
    entry = _choose(candidates, rng, head.right - head.left)
    cutout = library.load(
        entry,
        long_side_px=round(min(max(2.0 * (head.right - head.left) * operation.scale, 32), MAX_DRAWN_SIDE_PX)),
        rng=rng,
        color_rgb=operation.color.rgb if operation.color else None,
        light_x=scene.light.direction_x,
        hardness=scene.light.hardness,
    )
    fit = fit_worn(cutout, operation.placement.relation, head, matte, operation.scale, rng)
    layer = _prepare(cutout, operation, flip=False)
    scale = fit.width_px / layer.alpha.shape[1]
    size_hw = (max(4, round(layer.alpha.shape[0] * scale)), max(4, round(fit.width_px)))
    sized, pivot_x, pivot_y = rotate_layer(resize_layer(layer, size_hw), fit.tilt)
    high, wide = sized.alpha.shape
    top, left = round(fit.base_row - pivot_y), round(fit.center_x - pivot_x)
    tone = measure_tone(stage.pixels[..., :3], scene, (left, top, left + wide, top + high), in_sky=False)
    fitted = harmonize(sized, tone, scene.light, rng, is_lit=cutout.is_lit)
    margin = (fitted.alpha.shape[0] - high) // 2
    canvas = Canvas(stage.pixels)
    canvas.shade(worn_shade(sized.alpha, matte, top, left, scene.light))
    shown = canvas.lay(fitted, top - margin, left - margin)
    pixels, mask = canvas.finish()
    place = "head" if operation.placement.relation is Relation.ON_HEAD else "eyes"
    where = Resolution(
        operation.placement.phrase or f"the {place}",
        f"the subject's {place}, found by its {head.found_by}",
        head.confidence,
        verified=head.found_by == "face",
    )
    return stage.after(
        pixels,
        mask,
        added={operation.noun: shown},
        resolutions=(where, _resolution(operation, [cutout])),
        notes=(_which(cutout, library),),
    )


def _resolution(operation: AddObject, loaded: Sequence[Cutout]) -> Resolution:
    names = ", ".join(dict.fromkeys(each.name for each in loaded))
    return Resolution(operation.phrase, f"{len(loaded)} x {names}" if len(loaded) > 1 else names, 1.0, verified=True)


def _which(cutout: Cutout, library: ObjectLibrary) -> str:
    """Say where the object is from."""
    thing = with_article(cutout.name)
    if not cutout.is_drawn:
        return f"Added {thing} from the pack {cutout.pack} ({cutout.license})."
    advice = "" if library.has_photographic_pack else " `retouch objects add tuxpaint` fetches photographed ones."
    return f"Added {thing} drawn by the project.{advice}"


def _notes(
    operation: AddObject, loaded: Sequence[Cutout], sites: Sequence[Site], library: ObjectLibrary, rule: SizeRule
) -> tuple[str, ...]:
    notes = [_which(each, library) for each in loaded]
    if any(each.is_limited for each in sites):
        notes.append(f"The picture of the {operation.noun} is small, which limits its size here.")
    true = [each.true_long_side_px / each.long_side_px for each in sites if each.true_long_side_px is not None]
    if rule.confidence > 0.3 and true and operation.scale == 1.0:
        ratio = float(np.median(true))
        if ratio < 0.6:
            notes.append(f"The {operation.noun} is shown larger than true to scale, so that it can be seen.")
        elif ratio > 1.7:
            notes.append(f"The {operation.noun} is shown smaller than true to scale, so that it fits the picture.")
    return tuple(dict.fromkeys(notes))


def site_at(box: Box, place: Place, *, behind: bool = False) -> Site:
    """Return the site of an object whose box is known; ``behind``: the anchor hides part of it."""
    return Site(
        center_x=box.center_x,
        base_row=box.bottom,
        long_side_px=max(box.width, box.height),
        true_long_side_px=None,
        place=place,
        behind_anchor=behind,
        box=box,
    )
