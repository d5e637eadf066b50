"""Fit a cut-out to the light of its site and lay it in, with its shadow or its reflection."""

from typing import Final

import numpy as np

from retouch.editor.objects.nouns import Place
from retouch.editor.operations.harmonize import harmonize, measure_tone
from retouch.editor.operations.insert.canvas import Canvas
from retouch.editor.operations.insert.placement import Site
from retouch.editor.operations.insert.shadow import ambient_shadow, cast_shadow, contact_shadow, water_reflection
from retouch.editor.operations.insert.surroundings import Surroundings
from retouch.editor.operations.stage import Stage
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.values import Box
from retouch.images.array_types import Mask
from retouch.images.color import luminance, srgb_to_linear
from retouch.images.compose import Layer, resize_layer, sharpen_layer

__all__ = ["lay_standing", "site_at"]

MIN_SIDE_PX: Final = 14
_NEAR_SHARE: Final = 0.25
_LEAST_LAND_PX: Final = 500


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
    fitted = harmonize(_in_haze(sized, stage, site), tone, scene.light, rng, is_lit=is_lit)
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


def _in_haze(layer: Layer, stage: Stage, site: Site) -> Layer:
    """Lift the blacks of what stands near the horizon to those of its distance: air between lets nothing be black."""
    scene = stage.scene
    horizon = scene.horizon
    if horizon is None or scene.sky is None or site.place is Place.AIR:
        return layer
    height = stage.pixels.shape[0]
    far = float(np.clip(1.0 - (site.base_row - horizon.row) / (_NEAR_SHARE * height), 0.0, 1.0))
    rows = slice(int(max(0, horizon.row - 0.04 * height)), int(min(height, horizon.row + 0.05 * height)))
    land = (scene.sky[rows] < 0.1) & (scene.subject.matte[rows] < 0.1)
    if far <= 0.0 or int(land.sum()) < _LEAST_LAND_PX:
        return layer
    colors = srgb_to_linear(np.ascontiguousarray(stage.pixels[rows][..., :3]))[land]
    bright = luminance(colors)
    veil = far * colors[bright <= np.quantile(bright, 0.05)].mean(axis=0)
    return Layer((veil + layer.linear * (1.0 - veil)).astype(np.float32), layer.alpha)


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
