"""Cut the subject out of one picture and put it into another."""

from typing import Final, Literal

import numpy as np

from retouch.editor.instructions.plan import Placement, PlaceSubject, Relation, Target, TargetKind
from retouch.editor.objects.nouns import Place, known_noun
from retouch.editor.operations.insert import MAX_ENLARGEMENT, lay_standing, site_at
from retouch.editor.operations.insert_canvas import Canvas
from retouch.editor.operations.insert_placement import Surroundings, find_site, look_around
from retouch.editor.operations.insert_region import Box, mask_box
from retouch.editor.operations.insert_size import size_rule, subject_length_m
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.scene import Scene
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask
from retouch.images.color import srgb_to_linear
from retouch.images.compose import Layer, bleed_colors
from retouch.types import Resolution

__all__ = ["place_subject"]

CUT_BORDER_SHARE: Final = 0.06
"""A subject is cut by the border when it covers at least this share of it."""

_LEAST_SHARE: Final = 0.30
"""Of the picture's shorter side: smaller, the subject would not be what the picture is about."""

_LEAST_FAR_SHARE: Final = 0.16
_UNKNOWN_SHARE: Final = 0.48
_CUT_HEIGHT_SHARE: Final = 0.72


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
    A subject that its own picture's lower border cuts stays at the lower border here: it has no feet to stand on.
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
    around = look_around(stage.scene, anchor_mask)
    canvas = Canvas(stage.pixels)
    cut_below = _border_share(finding.mask[-1]) > CUT_BORDER_SHARE
    placement = operation.placement
    in_air = placement.relation in (Relation.SKY, Relation.ABOVE) and not cut_below
    site_box = (
        _at_lower_border(layer, placement, operation.scale, around, _cut_side(finding.mask), context.rng)
        if cut_below
        else _standing(layer, source, operation, stage.scene, around, context.rng, in_air=in_air)
    )
    # Cut by the border, it has no foot on any ground: no shadow is cast, as by what floats.
    site = site_at(site_box, Place.AIR if in_air or cut_below else Place.GROUND)
    if placement.relation is Relation.BEHIND and around.anchor_mask is not None:
        site = site_at(site_box, site.place, behind=True)
    shown = lay_standing(canvas, stage, layer, site, around, context.rng, is_lit=False)
    pixels, mask = canvas.finish()
    noun = operation.subject.noun or "subject"
    notes = [f"The subject of picture {index + 1} was cut out and placed into the scene."]
    if cut_below:
        notes.append("It is cut off at the bottom of its own picture, so it stays at the bottom of this one.")
    if _border_share(finding.mask[0]) > CUT_BORDER_SHARE:
        notes.append("It is cut off at the top of its own picture, and that straight edge shows.")
    if max(box.width, box.height) * MAX_ENLARGEMENT < site.long_side_px + 1:
        notes.append("It is small in its own picture, which limits its size here.")
    return stage.after(
        pixels,
        mask,
        added={noun: shown},
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
    """Cut a found thing out, with its own colours under the soft rim."""
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


def _border_share(line: Mask) -> float:
    return float((line > 0.5).mean())


def _cut_side(mask: Mask) -> Literal["left", "right"] | None:
    """Which side border of its own picture cuts the subject, the more of it the more surely; None when neither does."""
    left, right = _border_share(mask[:, 0]), _border_share(mask[:, -1])
    if max(left, right) <= CUT_BORDER_SHARE:
        return None
    return "left" if left >= right else "right"


def _at_lower_border(
    layer: Layer,
    placement: Placement,
    scale: float,
    around: Surroundings,
    cut_side: Literal["left", "right"] | None,
    rng: np.random.Generator,
) -> Box:
    """A box that ends at the picture's lower border, at the side where the subject is cut, or else where there is most room."""
    h, w = around.picture_hw
    tall, wide = layer.alpha.shape
    height = min(_CUT_HEIGHT_SHARE * h * scale, 0.98 * h, MAX_ENLARGEMENT * tall, 1.1 * w * tall / wide)
    width = height * wide / tall
    share = _column_share(placement, around.subject_box, w)
    center = share * w + float(rng.normal(0, 0.02)) * w
    center = float(np.clip(center, min(width / 2, w / 2), max(w - width / 2, w / 2)))
    if cut_side is not None:
        center = width / 2 - 2 if cut_side == "left" else w - width / 2 + 2
    # A little beyond the border, so that no soft rim shows there.
    return Box(center - width / 2, h - height + 2, center + width / 2, h + 2.0)


def _column_share(placement: Placement, subject: Box | None, width: int) -> float:
    """Where between left (0) and right (1) the prompt, or the free room, puts the subject."""
    if placement.horizontal is not None:
        return {"left": 0.25, "center": 0.5, "right": 0.75}[placement.horizontal]
    if placement.relation in (Relation.LEFT_OF, Relation.RIGHT_OF):
        return 0.24 if placement.relation is Relation.LEFT_OF else 0.76
    if subject is None:
        return 0.5
    return 0.25 if subject.center_x > width / 2 else 0.75


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
        pixels, metres, _ = known
        length = metres * max(tall, wide) / pixels
    elif operation.subject.noun is not None and (entry := known_noun(operation.subject.noun)) is not None:
        length = entry.length_m
    h, w = around.picture_hw
    placement = operation.placement
    if placement.relation is Relation.ANYWHERE:
        placement = Placement(Relation.FOREGROUND, placement.anchor, placement.horizontal, placement.vertical)
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
