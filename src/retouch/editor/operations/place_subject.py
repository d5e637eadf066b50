"""Cut the subject out of one picture and put it into another."""

from dataclasses import replace
from typing import Final, Literal

import numpy as np

from retouch.editor.instructions.plan import Placement, PlaceSubject, Relation, Target, TargetKind
from retouch.editor.objects.nouns import Place, known_noun
from retouch.editor.operations.insert.canvas import Canvas
from retouch.editor.operations.insert.choice import MAX_ENLARGEMENT
from retouch.editor.operations.insert.lay import lay_standing, site_at
from retouch.editor.operations.insert.placement import find_site
from retouch.editor.operations.insert.region import mask_box
from retouch.editor.operations.insert.size import size_rule, subject_length_m
from retouch.editor.operations.insert.surroundings import Surroundings, look_around
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.values import Box
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask
from retouch.images.color import srgb_to_linear
from retouch.images.compose import Layer, bleed_colors
from retouch.types import Resolution

__all__ = ["place_subject"]

Side = Literal["top", "bottom", "left", "right"]
_SIDES: Final[tuple[Side, ...]] = ("top", "bottom", "left", "right")

_CUT_OF_BORDER: Final = 0.02
_CUT_OF_EXTENT: Final = 0.08
"""A border cuts a subject when what touches it is at least these shares of the border's length and of the subject's extent."""

_MAX_CUT_ENLARGEMENT: Final = 2.0
_LEAST_CUT_HEIGHT: Final = 0.45
"""Share of the picture's height: smaller, a subject can't hang from the upper border without floating."""

_BEYOND_PX: Final = 3
"""So far outside the picture lies a side at which the subject is cut, so that no soft rim shows there."""

_MOST_COVERED: Final = 0.8

_LEAST_SHARE: Final = 0.30
"""Of the picture's shorter side: smaller, the subject would not be what the picture is about."""

_LEAST_FAR_SHARE: Final = 0.16
_UNKNOWN_SHARE: Final = 0.48
_CUT_HEIGHT_SHARE: Final = 0.72
_COLUMN_SHARES: Final = (0.25, 0.75, 0.5)


def place_subject(stage: Stage, operation: PlaceSubject, context: Context) -> Stage:
    """Put the subject of one picture into the stage.

    Parameters
    ----------
    stage : Stage
        The picture that receives it.
    operation : PlaceSubject
    context : Context
        ``scenes`` gives the picture that it is cut from.

    Returns
    -------
    Stage
        Bit-identical to ``stage`` away from the subject and its shadow.

    Raises
    ------
    UnsupportedInstructionError
        The source has no clear subject, or none like the one that was named.

    Notes
    -----
    A side at which the subject's own picture cuts it off lies at that side's border here too, so that no straight edge shows.
    """
    index = operation.subject.image_index
    if index is None:
        raise UnsupportedInstructionError(
            (), (operation.subject.phrase,), "Say which picture it is taken from: the first or the second."
        )
    source = context.scenes(index)
    finding = source.find(operation.subject)
    layer, box = _cut(source, finding.mask, operation.subject)
    context.checkpoint()

    anchor_mask, anchor_resolutions = _anchor(stage, operation.placement)
    around = look_around(stage.scene, anchor_mask, added=stage.added.values())
    canvas = Canvas(stage.pixels)
    cuts = cut_sides(finding.mask)
    placement = operation.placement
    in_air = placement.relation in (Relation.SKY, Relation.ABOVE) and not cuts
    if cuts & {"top", "bottom"} or cuts >= {"left", "right"}:
        site_box = _at_borders(layer, operation, around, cuts, context.rng)
    else:
        site_box = _standing(layer, source, operation, stage.scene, around, context.rng, in_air=in_air)
        site_box = _move_to_side(site_box, cuts, around.picture_hw[1])
    # Cut by the border, it has no foot on any ground: no shadow is cast, as by what floats.
    site = site_at(site_box, Place.AIR if in_air or "bottom" in cuts else Place.GROUND)
    if placement.relation is Relation.BEHIND and around.anchor_mask is not None:
        site = site_at(site_box, site.place, behind=True)
    shown = lay_standing(canvas, stage, layer, site, around, context.rng, is_lit=False)
    pixels, mask = canvas.finish()
    noun = operation.subject.noun or "subject"
    notes = [f"The subject of picture {index + 1} was cut out and placed into the scene."]
    if cuts:
        where = " and the ".join(side for side in _SIDES if side in cuts)
        notes.append(f"It is cut off at the {where} of its own picture, so it stays at the {where} of this one.")
    if max(box.width, box.height) * MAX_ENLARGEMENT < site.long_side_px + 1:
        notes.append("It is small in its own picture, which limits its size here.")
    return stage.after(
        pixels,
        mask,
        added={noun: np.maximum(shown, stage.added.get(noun, np.float32(0)))},
        resolutions=(
            *anchor_resolutions,
            Resolution(operation.subject.phrase, finding.resolved_to, finding.confidence, finding.verified),
        ),
        notes=tuple(notes),
    )


def _anchor(stage: Stage, placement: Placement) -> tuple[Mask | None, tuple[Resolution, ...]]:
    if placement.anchor is None:
        return None, ()
    finding = stage.scene.find(placement.anchor)
    phrase = placement.anchor.phrase
    return finding.mask, (Resolution(phrase, finding.resolved_to, finding.confidence, finding.verified),)


def _cut(source: Scene, mask: Mask, target: Target) -> tuple[Layer, Box]:
    """Cut a found thing out, with its own colors under the soft rim."""
    box = mask_box(mask)
    if box is None:
        raise UnsupportedInstructionError((), (target.phrase,), "Nothing of it could be cut out of its picture.")
    rows = slice(int(max(0, box.top - 2)), int(box.bottom + 2))
    cols = slice(int(max(0, box.left - 2)), int(box.right + 2))
    whole_subject = target.kind is TargetKind.SUBJECT or bool(np.array_equal(mask, source.subject.matte))
    if whole_subject:
        colors = srgb_to_linear(np.ascontiguousarray(source.foreground[rows, cols]))
        return Layer(colors, np.ascontiguousarray(mask[rows, cols])), box
    alpha = np.ascontiguousarray(mask[rows, cols])
    return Layer(bleed_colors(srgb_to_linear(np.ascontiguousarray(source.pixels[rows, cols])), alpha), alpha), box


def cut_sides(mask: Mask) -> frozenset[Side]:
    """Return the sides of its own picture that cut a thing off.

    Parameters
    ----------
    mask : (H, W) float32 [0, 1]
    """
    box = mask_box(mask)
    if box is None:
        return frozenset()
    borders: tuple[tuple[Side, Mask, float], ...] = (
        ("top", mask[:2].max(axis=0), box.width),
        ("bottom", mask[-2:].max(axis=0), box.width),
        ("left", mask[:, :2].max(axis=1), box.height),
        ("right", mask[:, -2:].max(axis=1), box.height),
    )
    return frozenset(
        side
        for side, line, extent in borders
        if (line > 0.5).sum() >= max(_CUT_OF_BORDER * line.size, _CUT_OF_EXTENT * extent)
    )


def _at_borders(
    layer: Layer, operation: PlaceSubject, around: Surroundings, cuts: frozenset[Side], rng: np.random.Generator
) -> Box:
    """Return a box whose cut sides all lie at the picture's borders.

    Raises
    ------
    UnsupportedInstructionError
        The subject would have to be enlarged too much, float, or hide nearly all of the picture.
    """
    h, w = around.picture_hw
    tall, wide = layer.alpha.shape
    height = min(_CUT_HEIGHT_SHARE * h * operation.scale, 0.98 * h, 1.1 * w * tall / wide)
    if {"top", "bottom"} <= cuts:
        height = h + 2.0 * _BEYOND_PX
    elif "top" in cuts:
        height = 0.9 * h
    if {"left", "right"} <= cuts:
        height = max(height, (w + 2.0 * _BEYOND_PX) * tall / wide)
    least = _LEAST_CUT_HEIGHT * h if "top" in cuts else 0.0
    spans = {"top", "bottom"} <= cuts or {"left", "right"} <= cuts
    most = (_MAX_CUT_ENLARGEMENT if spans else MAX_ENLARGEMENT) * tall
    width = min(height, most) * wide / tall
    covered = min(height, h) * min(width, w) / (h * w) * float(layer.alpha.mean())
    if (spans and height > most) or most < least or covered > _MOST_COVERED:
        where = " and the ".join(side for side in _SIDES if side in cuts)
        raise UnsupportedInstructionError(
            (),
            (operation.subject.phrase,),
            f"It is cut off at the {where} of its own picture, and a straight edge would show here. Send a picture that shows "
            "all of it.",
        )
    height = min(height, most)
    share = _column_share(operation.placement, around, w, width)
    center = share * w + float(rng.normal(0, 0.02)) * w
    center = float(np.clip(center, min(width / 2, w / 2), max(w - width / 2, w / 2)))
    top = h - height + _BEYOND_PX if "bottom" in cuts or "top" not in cuts else -_BEYOND_PX
    return _move_to_side(Box(center - width / 2, top, center + width / 2, top + height), cuts, w)


def _move_to_side(box: Box, cuts: frozenset[Side], picture_width: int) -> Box:
    """Move a box to the left or right border where the subject is cut there; one that is cut at both spans the picture."""
    if {"left", "right"} <= cuts:
        shift = (picture_width - box.width) / 2 - box.left
    elif "left" in cuts:
        shift = -_BEYOND_PX - box.left
    elif "right" in cuts:
        shift = picture_width + _BEYOND_PX - box.right
    else:
        return box
    return Box(box.left + shift, box.top, box.right + shift, box.bottom)


def _column_share(placement: Placement, around: Surroundings, width: int, own_width: float) -> float:
    """Where between left (0) and right (1) the prompt, or the free room, puts the subject."""
    if placement.horizontal is not None:
        return {"left": 0.25, "center": 0.5, "right": 0.75}[placement.horizontal]
    if placement.relation in (Relation.LEFT_OF, Relation.RIGHT_OF):
        return 0.24 if placement.relation is Relation.LEFT_OF else 0.76
    others = [box for box in (around.subject_box, *around.taken) if box is not None]
    if not others:
        return 0.5

    def covered(share: float) -> float:
        left, right = share * width - own_width / 2, share * width + own_width / 2
        return sum(max(0.0, min(right, box.right) - max(left, box.left)) for box in others)

    return min(_COLUMN_SHARES, key=covered)


def _standing(
    layer: Layer,
    source: Scene,
    operation: PlaceSubject,
    scene: Scene,
    around: Surroundings,
    rng: np.random.Generator,
    *,
    in_air: bool,
) -> Box:
    """A box on the ground, or in the air, sized by what the subject is known to be."""
    tall, wide = layer.alpha.shape
    known = subject_length_m(source)
    length = None
    if known is not None:
        pixels, meters, _ = known
        length = meters * max(tall, wide) / pixels
    elif operation.subject.noun is not None and (entry := known_noun(operation.subject.noun)) is not None:
        length = entry.length_m
    h, w = around.picture_hw
    placement = operation.placement
    if placement.relation is Relation.ANYWHERE:
        placement = replace(placement, relation=Relation.FOREGROUND)
    far = placement.relation in (Relation.BACKGROUND, Relation.SKY)
    least = _LEAST_FAR_SHARE if far else _LEAST_SHARE if length is not None else _UNKNOWN_SHARE
    site = find_site(
        around,
        placement,
        places=(Place.AIR,) if in_air else (Place.GROUND,),
        aspect=wide / tall,
        length_m=length,
        rule=size_rule(scene),
        factor=operation.scale,
        taken=(),
        rng=rng,
        max_long_side_px=MAX_ENLARGEMENT * max(tall, wide),
        least_long_side_px=least * min(h, w) * min(operation.scale, 1.5),
    )
    return site.box
