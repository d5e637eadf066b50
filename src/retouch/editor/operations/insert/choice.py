"""Which of the objects that fit a noun, and what is said of the choice."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from retouch.editor.instructions.articles import with_article
from retouch.editor.instructions.plan import AddObject, Relation
from retouch.editor.objects.cutout import Cutout, ObjectEntry
from retouch.editor.objects.library import ObjectLibrary
from retouch.editor.objects.nouns import Place, known_noun
from retouch.editor.operations.harmonize import recolor_layer
from retouch.editor.operations.insert.placement import Site
from retouch.editor.operations.insert.size import SizeRule, sane_share
from retouch.errors import UnsupportedInstructionError
from retouch.images.compose import Layer, flip_layer, layer_from_rgba
from retouch.types import Resolution

__all__ = [
    "MAX_ENLARGEMENT",
    "choose",
    "describe_choice",
    "is_flying",
    "no_such_thing",
    "notes_on",
    "prepare",
    "resolution_of",
    "suited",
]

MAX_ENLARGEMENT: Final = 1.6
"""A cut-out enlarged further shows that it is."""

_LEAST_SHARE: Final = 0.7
"""A photograph that can't be shown at this share of its usual size is too small for the picture."""


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
    poses = [entry for entry in chosen if is_flying(entry) == in_air] if operation.noun != "balloon" else []
    chosen = poses or chosen
    photographs = [entry for entry in chosen if not entry.is_drawn]
    least_px = [
        _LEAST_SHARE * sane_share(entry.length_m, operation.placement.relation)[1] * short_side_px / MAX_ENLARGEMENT
        for entry in photographs
    ]
    large_enough = [entry for entry, least in zip(photographs, least_px, strict=True) if entry.long_side_px >= least]
    drawn = [entry for entry in chosen if entry.is_drawn]
    return tuple(large_enough or drawn or photographs)


def is_flying(entry: ObjectEntry) -> bool:
    return entry.places[0] is Place.AIR or entry.name.startswith("flying ")


def no_such_thing(operation: AddObject, library: ObjectLibrary) -> UnsupportedInstructionError:
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


def choose(candidates: Sequence[ObjectEntry], rng: np.random.Generator, wanted_px: float) -> ObjectEntry:
    """Choose by chance; a picture too small for its likely size is taken less often."""
    weights = np.array(
        [
            1.0 if each.is_drawn else min(1.0, each.long_side_px * MAX_ENLARGEMENT / wanted_px) ** 3
            for each in candidates
        ]
    )
    return candidates[int(rng.choice(len(candidates), p=weights / weights.sum()))]


def prepare(cutout: Cutout, operation: AddObject, *, flip: bool) -> Layer:
    layer = layer_from_rgba(cutout.rgba)
    if operation.color is not None and not cutout.has_color:
        layer = recolor_layer(layer, operation.color.rgb)
    return flip_layer(layer) if flip and cutout.may_flip else layer


def resolution_of(operation: AddObject, loaded: Sequence[Cutout]) -> Resolution:
    names = ", ".join(dict.fromkeys(each.name for each in loaded))
    return Resolution(operation.phrase, f"{len(loaded)} x {names}" if len(loaded) > 1 else names, 1.0, verified=True)


def describe_choice(cutout: Cutout, library: ObjectLibrary) -> str:
    """Say where the object is from."""
    thing = with_article(cutout.name)
    if not cutout.is_drawn:
        return f"Added {thing} from the pack {cutout.pack} ({cutout.license})."
    advice = "" if library.has_photographic_pack else " `retouch objects add tuxpaint` fetches photographed ones."
    return f"Added {thing} drawn by the project.{advice}"


def notes_on(
    operation: AddObject, loaded: Sequence[Cutout], sites: Sequence[Site], library: ObjectLibrary, rule: SizeRule
) -> tuple[str, ...]:
    notes = [describe_choice(each, library) for each in loaded]
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
