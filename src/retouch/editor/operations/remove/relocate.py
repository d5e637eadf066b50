"""Move a thing within the picture, and put another in its place."""

from dataclasses import replace
from typing import Final

import numpy as np

from retouch.editor.instructions.plan import AddObject, MoveObject, ReplaceObject
from retouch.editor.objects.nouns import Place
from retouch.editor.operations.harmonize import recolor_layer
from retouch.editor.operations.insert.canvas import Canvas
from retouch.editor.operations.insert.choice import suited
from retouch.editor.operations.insert.insert import insert
from retouch.editor.operations.insert.lay import lay_standing, site_at
from retouch.editor.operations.insert.region import mask_box
from retouch.editor.operations.insert.shadow import ambient_shadow, cast_shadow, contact_shadow
from retouch.editor.operations.insert.surroundings import look_around
from retouch.editor.operations.insert.wear import MAX_DRAWN_SIDE_PX
from retouch.editor.operations.remove.filling import fill_hole, find_scenery, judge, rgb
from retouch.editor.operations.remove.hole import find_shadow, hole_of
from retouch.editor.operations.remove.places import find_to_take
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.values import Box
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask
from retouch.images.color import srgb_to_linear
from retouch.images.compose import Layer, bleed_colors, layer_from_rgba
from retouch.types import Resolution

__all__ = ["move_object", "replace_object"]

STEP_SHARE: Final = 0.25
"""How far "to the left" is, as a share of the picture's side."""
MARGIN_SHARE: Final = 0.03


def replace_object(stage: Stage, operation: ReplaceObject, context: Context) -> Stage:
    """Take a thing out and put a new one where it stood, about as large.

    Raises
    ------
    UnsupportedInstructionError
        The thing is not found, no pack has the new one, or nothing would be left to fill from.
    """
    if not context.objects.search(operation.added.noun):
        return insert(stage, operation.added, context)  # which says what there is instead
    finding = find_to_take(stage, operation.target, operation.phrase)
    box = mask_box(finding.mask)
    if box is None:
        raise UnsupportedInstructionError((), (operation.phrase,), "Nothing of it could be cut out.")
    emptied = _empty(stage, finding.mask, operation.phrase, context)
    resolution = Resolution(operation.target.phrase or "the subject", finding.resolved_to, finding.confidence)
    emptied = replace(emptied, resolutions=(*emptied.resolutions, resolution))
    return _lay_into(emptied, operation.added, box, context)


def _lay_into(stage: Stage, added: AddObject, box: Box, context: Context) -> Stage:
    """Lay a new object where another stood: on the same foot, about as large."""
    library = context.objects
    entries = suited(library.search(added.noun), added, min(stage.pixels.shape[:2]))
    entry = entries[int(context.rng.integers(len(entries)))]
    scene = stage.scene
    cutout = library.load(
        entry,
        long_side_px=min(round(max(box.width, box.height) * added.scale), MAX_DRAWN_SIDE_PX),
        rng=context.rng,
        color_rgb=added.color.rgb if added.color else None,
        light_x=scene.light.direction_x,
        hardness=scene.light.hardness,
    )
    layer = layer_from_rgba(cutout.rgba)
    if added.color is not None and not cutout.has_color:
        layer = recolor_layer(layer, added.color.rgb)
    high, wide = layer.alpha.shape
    # The same area as the old box, so that a tall thing may follow a wide one.
    factor = added.scale * float(np.sqrt(box.width * box.height / (high * wide)))
    room = box.bottom - MARGIN_SHARE * stage.pixels.shape[0]
    factor = min(factor, 1.25 * box.height / high * max(1.0, added.scale), room / high)
    half = wide * factor / 2
    site = site_at(Box(box.center_x - half, box.bottom - high * factor, box.center_x + half, box.bottom), Place.GROUND)
    canvas = Canvas(stage.pixels)
    around = look_around(scene, None)
    shown = lay_standing(canvas, stage, layer, site, around, context.rng, is_lit=cutout.is_lit)
    pixels, mask = canvas.finish()
    what = Resolution(added.phrase, cutout.name, 1.0, verified=True)
    return stage.after(pixels, mask, added={added.noun: shown}, resolutions=(what,))


def _empty(stage: Stage, mask: Mask, phrase: str, context: Context) -> Stage:
    """Return the stage without a thing and its shadow."""
    hole = hole_of(mask)
    shadow = find_shadow(rgb(stage.pixels), hole, stage.scene.light)
    hole = np.maximum(hole, hole_of(shadow)) if shadow.any() else hole
    around = find_scenery(stage, hole, mask, phrase=phrase)
    return fill_hole(stage, hole, around, context, notes=judge(hole, phrase))


def move_object(stage: Stage, operation: MoveObject, context: Context) -> Stage:
    """Cut a thing out, fill its place, and set it down elsewhere.

    Raises
    ------
    UnsupportedInstructionError
        The thing is not found, is cut off by a border, has no room that way, or leaves nothing to fill from.
    """
    finding = find_to_take(stage, operation.target, operation.phrase)
    box = mask_box(finding.mask)
    if box is None:
        raise UnsupportedInstructionError((), (operation.phrase,), "Nothing of it could be cut out.")
    _require_whole(finding.mask, operation)
    right, down = _shift(operation, box, finding.mask.shape)
    rows, cols = slice(int(box.top), int(box.bottom)), slice(int(box.left), int(box.right))
    alpha = np.ascontiguousarray(finding.mask[rows, cols])
    colors = srgb_to_linear(np.ascontiguousarray(rgb(stage.pixels)[rows, cols]))
    layer = Layer(bleed_colors(colors, alpha), alpha)
    emptied = _empty(stage, finding.mask, operation.phrase, context)
    context.checkpoint()
    canvas = Canvas(emptied.pixels)
    top, left = rows.start + down, cols.start + right
    casts = bool(find_shadow(rgb(stage.pixels), hole_of(finding.mask), stage.scene.light).any())
    canvas.shade(_shadow_of(alpha, stage, top, left, casts=casts))
    shown = canvas.lay(layer, top, left)
    pixels, mask = canvas.finish()
    noun = operation.target.noun
    resolution = Resolution(operation.target.phrase or "the subject", finding.resolved_to, finding.confidence)
    moved = emptied.after(pixels, mask, resolutions=(resolution,), added={noun: shown} if noun else None)
    return replace(moved, scene=context.analyze(rgb(pixels)))


def _shadow_of(alpha: Mask, stage: Stage, top: int, left: int, *, casts: bool) -> Mask:
    """Return the shadow of a thing that was set down: a cast one where it ``casts`` one at its old place, but not in the sky."""
    picture_hw = stage.pixels.shape[0], stage.pixels.shape[1]
    contact = contact_shadow(alpha, picture_hw, top, left)
    scene = stage.scene
    if not casts:
        return contact
    foot = min(top + alpha.shape[0], picture_hw[0]) - 1
    if scene.sky is not None and float(scene.sky[foot, left : left + alpha.shape[1]].mean()) > 0.5:
        return contact
    horizon = scene.horizon.row if scene.horizon is not None else 0.35 * picture_hw[0]
    tilt = float(np.clip(0.75 * (foot - horizon) / picture_hw[0], 0.12, 0.5))
    cast = cast_shadow(alpha, picture_hw, top, left, scene.light, tilt)
    ambient = ambient_shadow(alpha, picture_hw, top, left)
    return np.maximum(1.0 - (1.0 - cast) * (1.0 - ambient), contact).astype(np.float32)


def _require_whole(mask: Mask, operation: MoveObject) -> None:
    """Raise where a border cuts the thing on the side that would come into view."""
    edges = {"left": mask[:, -2:], "right": mask[:, :2], "top": mask[-2:], "bottom": mask[:2]}
    sides = [side for side in (operation.horizontal, operation.vertical) if side in edges]
    cut = [
        side
        for side in sides
        if float((edges[side] > 0.5).max(axis=0 if side in ("top", "bottom") else 1).mean()) > 0.05
    ]
    if cut:
        hint = "It is cut off by the picture's border, and the cut would come into view. Move it the other way."
        raise UnsupportedInstructionError((), (operation.phrase,), hint)


def _shift(operation: MoveObject, box: Box, shape_hw: tuple[int, ...]) -> tuple[int, int]:
    """Return by how many pixels a thing goes right and down."""
    height, width = shape_hw[0], shape_hw[1]
    margin = MARGIN_SHARE * max(height, width)
    room = {
        "left": -max(0.0, box.left - margin),
        "right": max(0.0, width - margin - box.right),
        "top": -max(0.0, box.top - margin),
        "bottom": max(0.0, height - margin - box.bottom),
        "center": (width - box.width) / 2 - box.left,
        "middle": (height - box.height) / 2 - box.top,
    }
    right = room.get(operation.horizontal or "", 0.0)
    down = room.get(operation.vertical or "", 0.0)
    if operation.by_some:
        right = float(np.clip(right, -1, 1)) * min(abs(right), operation.strength * STEP_SHARE * width)
        down = float(np.clip(down, -1, 1)) * min(abs(down), operation.strength * STEP_SHARE * height)
    if max(abs(right), abs(down)) < 0.02 * max(height, width):
        raise UnsupportedInstructionError((), (operation.phrase,), "There is no room to move it that way.")
    return round(right), round(down)
