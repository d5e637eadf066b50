"""Put on what is worn: hats on heads, glasses over eyes, a parrot on a shoulder; on one person or on everyone."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from retouch.editor.instructions.nouns import singular
from retouch.editor.instructions.plan import AddObject, Placement, Relation, Target
from retouch.editor.objects.cutout import Cutout, ObjectEntry
from retouch.editor.objects.library import ObjectLibrary
from retouch.editor.operations.harmonize import harmonize, measure_tone
from retouch.editor.operations.insert.canvas import Canvas
from retouch.editor.operations.insert.choice import choose, describe_choice, prepare, resolution_of
from retouch.editor.operations.insert.shadow import worn_shade
from retouch.editor.operations.insert.worn import Wearer, WornFit, find_wearers, fit_on_shoulder, fit_worn
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.instances import PERSON
from retouch.editor.scene.nouns import is_person
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask
from retouch.images.compose import resize_layer, rotate_layer
from retouch.types import Resolution

__all__ = ["MAX_DRAWN_SIDE_PX", "insert_worn"]

MAX_DRAWN_SIDE_PX: Final = 900
EVERYONE: Final = frozenset(["everyone", "everybody", "people", "all people", "person each", "crowd", "group", "them"])
"""Nouns that stand for every face in the picture."""
_FACED: Final = EVERYONE | {
    "head", "face", "eye", "hair", "subject", "statue", "doll", "mannequin", "figure", "robot", "snowman", "painting", "poster",
}  # fmt: skip
_PLACES: Final = {Relation.ON_HEAD: "head", Relation.OVER_EYES: "eyes", Relation.ON_SHOULDER: "shoulder"}


def insert_worn(
    stage: Stage, operation: AddObject, context: Context, library: ObjectLibrary, candidates: Sequence[ObjectEntry]
) -> Stage:
    """Put a worn thing on a head, over eyes or on a shoulder, of one wearer or of all.

    Parameters
    ----------
    stage : Stage
    operation : AddObject
    context : Context
    library : ObjectLibrary
    candidates : sequence of ObjectEntry
        Chance picks one for each wearer.

    Returns
    -------
    Stage
        Bit-identical to ``stage`` away from what was put on and its shade.

    Raises
    ------
    UnsupportedInstructionError
        The picture shows no head.
    """
    wearers = _wearers(stage, operation)
    canvas = Canvas(stage.pixels)
    shown = np.zeros(canvas.picture_hw, np.float32)
    loaded: list[Cutout] = []
    # Who is further back is mostly higher up and smaller: dress them first.
    for wearer in sorted(wearers, key=lambda one: one.head.bottom):
        context.checkpoint()
        cutout = _load(stage, operation, wearer, context, library, candidates)
        shown = np.maximum(shown, _dress(canvas, stage, operation, wearer, cutout, context.rng))
        loaded.append(cutout)
    pixels, mask = canvas.finish()
    head = wearers[0].head
    whose = "the subject's" if len(wearers) == 1 else f"{len(wearers)} people's"
    where = Resolution(
        operation.placement.phrase or f"the {_PLACES[operation.placement.relation]}",
        f"{whose} {_PLACES[operation.placement.relation]}, found by {'its' if len(wearers) == 1 else 'their'} {head.found_by}",
        head.confidence,
        verified=head.found_by == "face",
    )
    notes = tuple(dict.fromkeys(describe_choice(each, library) for each in loaded))
    if len(wearers) == 1 and _is_plural(operation.placement):
        notes += (f'I found only one head for "{operation.placement.phrase}".',)
    return stage.after(
        pixels,
        mask,
        added={operation.noun: np.maximum(shown, stage.added.get(operation.noun, np.float32(0)))},
        resolutions=(where, resolution_of(operation, loaded)),
        notes=notes,
    )


def _wearers(stage: Stage, operation: AddObject) -> list[Wearer]:
    """Return who is meant: the one that the prompt names, the largest as many as there are things, or everyone."""
    placement = operation.placement
    noun = placement.anchor.noun if placement.anchor is not None else None
    count = 99 if (noun in EVERYONE and operation.count <= 2) or _is_plural(placement) else operation.count
    near = _near(stage, placement) if noun not in EVERYONE else None
    strictly = near is not None and placement.anchor is not None and _is_told_apart(stage, placement.anchor)
    wearers = find_wearers(stage.scene, near, placement, operation.phrase, strictly=strictly)
    if operation.count > len(wearers) and noun not in EVERYONE:
        raise UnsupportedInstructionError(
            (),
            (operation.phrase,),
            f"I find {len(wearers)} head{'s' * (len(wearers) != 1)} in this picture, not {operation.count}.",
        )
    return wearers[:count]


def _is_plural(placement: Placement) -> bool:
    """Whether several are to wear it: "the dogs"."""
    last = placement.anchor.phrase.lower().split()[-1:] if placement.anchor is not None else []
    return bool(last) and singular(last[0]) != last[0]


def _is_told_apart(stage: Stage, anchor: Target) -> bool:
    """Whether no other head will do: "the cat", or "the woman on the left" where the detector sees several people."""
    if not _may_be_face(anchor.noun):
        return True
    says_which = (anchor.horizontal, anchor.vertical, anchor.pick, anchor.wearing) != (None, None, None, None)
    return says_which and sum(each.kind == PERSON for each in stage.scene.detections) > 1


def _may_be_face(noun: str | None) -> bool:
    """Whether a face that is found in the picture may be what a noun names; an animal's is none."""
    return noun is None or is_person(noun) or noun in _FACED


def _near(stage: Stage, placement: Placement) -> Mask | None:
    """Return the mask of the one that is named, where that narrows the choice; None where it can't be told."""
    anchor = placement.anchor
    if anchor is None or anchor.noun is None:
        return None
    if anchor.noun in stage.added:
        return stage.added[anchor.noun]
    if stage.scene.faces and not _may_be_face(anchor.noun):
        return stage.find(anchor).mask  # "the cat", beside people: no one else gets its hat
    if len(stage.scene.faces) < 2 and not _is_told_apart(stage, anchor):
        return None
    try:
        return stage.find(anchor).mask
    except UnsupportedInstructionError:
        return None


def _load(
    stage: Stage,
    operation: AddObject,
    wearer: Wearer,
    context: Context,
    library: ObjectLibrary,
    candidates: Sequence[ObjectEntry],
) -> Cutout:
    wide = wearer.head.right - wearer.head.left
    light = stage.scene.light
    return library.load(
        choose(candidates, context.rng, wide),
        long_side_px=round(min(max(2.0 * wide * operation.scale, 32), MAX_DRAWN_SIDE_PX)),
        rng=context.rng,
        color_rgb=operation.color.rgb if operation.color else None,
        light_x=light.direction_x,
        hardness=light.hardness,
    )


def _dress(
    canvas: Canvas,
    stage: Stage,
    operation: AddObject,
    wearer: Wearer,
    cutout: Cutout,
    rng: np.random.Generator,
) -> Mask:
    """Lay one worn thing onto its wearer and return where it shows."""
    scene, relation = stage.scene, operation.placement.relation
    layer = prepare(cutout, operation, flip=False)
    fit: WornFit
    if relation is Relation.ON_SHOULDER:
        fit = fit_on_shoulder(cutout, wearer, wearer.body, operation, rng)
    else:
        fit = fit_worn(cutout, relation, wearer, operation.scale, rng)
    scale = fit.width_px / layer.alpha.shape[1]
    size_hw = (max(4, round(layer.alpha.shape[0] * scale)), max(4, round(fit.width_px)))
    sized, pivot_x, pivot_y = rotate_layer(resize_layer(layer, size_hw), fit.tilt)
    high, wide = sized.alpha.shape
    top, left = round(fit.base_row - pivot_y), round(fit.center_x - pivot_x)
    tone = measure_tone(stage.pixels[..., :3], scene, (left, top, left + wide, top + high), in_sky=False)
    fitted = harmonize(sized, tone, scene.light, rng, is_lit=cutout.is_lit)
    margin = (fitted.alpha.shape[0] - high) // 2
    canvas.shade(worn_shade(sized.alpha, wearer.body, top, left, scene.light))
    return canvas.lay(fitted, top - margin, left - margin)
