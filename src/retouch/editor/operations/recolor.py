"""Give a thing another color and keep its shading, its highlights and its prints."""

import cv2
import numpy as np

from retouch.editor.instructions.plan import ColorValue, Recolor, Target, TargetKind
from retouch.editor.operations.outline import note_unsure_outline
from retouch.editor.operations.recolor_material import Material, measure_material, signed_turn
from retouch.editor.operations.recolor_parts import split_parts
from retouch.editor.operations.remove.places import find_to_take
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.nouns import is_one_of
from retouch.editor.scene.scene import Finding
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import (
    linear_to_oklab,
    linear_to_srgb,
    oklab_to_linear_in_gamut,
    oklab_to_oklch,
    oklch_to_oklab,
    srgb8_to_oklab,
    srgb_to_linear,
    to_float,
)
from retouch.images.filters import enlarge_rows, resize_float
from retouch.images.masks import bounding_box, estimate_layers
from retouch.images.remember import remembered
from retouch.images.tone import color_table
from retouch.types import Resolution

__all__ = ["paint", "recolor", "recolor_pixels", "shift_lightness"]

_PAINTABLE_LIGHTNESS = (0.20, 0.93)
"""Oklab L of the blackest and the whitest paint: a real surface leaves room for shading below and highlights above."""
_PAINTABLE_CHROMA = 0.20
_PAINTABLE_SATURATION = 0.42
"""Oklab chroma, and chroma per lightness, up to which a color is taken as it is; beyond is light more than paint."""

_GRAINY_GAIN = 1.5
_MAX_EXACT_PIXELS = 2_000_000
_MEASURED_PIXELS = 1_000_000
_STRIP_PIXELS = 1_500_000


def recolor(stage: Stage, operation: Recolor, context: Context) -> Stage:
    """Carry out "make the cup red" or "make the jacket a bit darker".

    Parameters
    ----------
    stage : Stage
    operation : Recolor
        Its ``lightness_shift`` of 0 with no ``color`` leaves the picture as it is.
    context : Context

    Returns
    -------
    Stage
        Pixels where the target's mask is 0 are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        The target is not in the picture, or only a guess speaks for what would be painted.
    EditAbortedError
    """
    finding = _find(stage, operation.target)
    context.checkpoint()
    if not (finding.mask > 0).any():
        raise UnsupportedInstructionError((), (operation.target.phrase,), "Nothing of it is visible in the picture.")
    pixels = recolor_pixels(
        stage.pixels, finding.mask, color=operation.color, lightness_shift=operation.lightness_shift
    )
    resolution = Resolution(operation.target.phrase, finding.resolved_to, finding.confidence, verified=finding.verified)
    notes = note_unsure_outline(stage.scene.subject) if operation.target.kind is TargetKind.SUBJECT else ()
    return stage.after(pixels, finding.mask, resolutions=(resolution,), notes=notes)


def _find(stage: Stage, target: Target) -> Finding:
    """Return what is to be painted, where more than a guess speaks for it: paint on the wrong thing is no help."""
    finding = find_to_take(stage, target, target.phrase, allows_nameless=True)
    if not finding.verified and target.color is None and is_one_of(target.noun or "", _STRIPS_OF_GROUND):
        hint = (
            f'I can\'t tell the {target.noun} from the rest of the ground. Say "the ground" for all of it, or name the present '
            f'color: "the grey {target.noun}".'
        )
        raise UnsupportedInstructionError((), (target.phrase,), hint)
    return finding


_STRIPS_OF_GROUND = frozenset(["path", "road", "street", "driveway", "sidewalk", "pavement", "trail"])


def recolor_pixels(
    pixels: Pixels, mask: Mask, *, color: ColorValue | None = None, lightness_shift: float = 0.0
) -> Pixels:
    """Recolor what a mask covers.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB
        Alpha is returned as it is.
    mask : (H, W) float32 [0, 1]
        A matte of the thing, soft at its edges.
    color : ColorValue or None
        What its body becomes.
    lightness_shift : float
        Without a color: shift of the body's Oklab L; 0 leaves the image as it is.

    Returns
    -------
    (H, W, C) uint8, sRGB
        Bit-identical where the mask is 0.

    Notes
    -----
    With the picture ``alpha F + (1 - alpha) B`` at a soft edge, only ``F`` is painted: the result is
    ``picture + alpha (paint(F) - F)`` with F from blur fusion, so no fringe of the old color stays. Works on the crop of the
    mask; where that exceeds ``_MAX_EXACT_PIXELS``, what is slow is measured on a smaller copy. O(crop).
    """
    box = bounding_box(mask, margin_px=8)
    if box is None or (color is None and lightness_shift == 0.0):
        return pixels
    if mask[box].size > _MAX_EXACT_PIXELS:
        return recolor_large(pixels, mask, box, color=color, lightness_shift=lightness_shift)
    alpha = mask[box]
    image = to_float(pixels[box][..., :3])
    foreground, lab, material = _measure(np.ascontiguousarray(pixels[box][..., :3]), alpha)
    painted = paint(lab, material, color) if color is not None else shift_lightness(lab, material, lightness_shift)
    difference = linear_to_srgb(oklab_to_linear_in_gamut(painted)) - foreground
    mixed = np.clip(image + alpha[..., None] * difference, 0.0, 1.0)
    result = pixels.copy()
    result[box][..., :3] = np.where(alpha[..., None] > 0, np.rint(mixed * 255.0).astype(np.uint8), pixels[box][..., :3])
    return result


@remembered()
def _measure(pixels: Pixels, alpha: Mask) -> tuple[FloatImage, FloatImage, Material]:
    """Return what a matte covers, unmixed from what is behind it, in sRGB [0, 1] and in Oklab, and what it is made of."""
    foreground, _ = estimate_layers(to_float(pixels), alpha)
    lab = linear_to_oklab(srgb_to_linear(foreground))
    return foreground, lab, measure_material(lab, alpha)


def recolor_large(
    pixels: Pixels, mask: Mask, box: tuple[slice, slice], *, color: ColorValue | None, lightness_shift: float
) -> Pixels:
    """Recolor a large crop a strip at a time: parameters and result as of ``recolor_pixels``, ``box`` holds the mask.

    Notes
    -----
    Material, regions and the foreground under soft edges are smooth or slow: they are measured on a copy of
    ``_MEASURED_PIXELS`` and enlarged. The paint itself is a function of one pixel's color then, applied by a color table to
    a bilateral base, so that grain is added back as it was. O(crop), about 0.15 s and 0.01 GB a megapixel.
    """
    crop, alpha = pixels[box][..., :3], mask[box]
    height, width = alpha.shape
    scale = float(np.sqrt(_MEASURED_PIXELS / alpha.size))
    small_hw = (max(1, round(height * scale)), max(1, round(width * scale)))
    small_alpha = np.clip(resize_float(alpha, small_hw), 0.0, 1.0)
    small = cv2.resize(np.ascontiguousarray(crop), small_hw[::-1], interpolation=cv2.INTER_AREA)
    front, _ = estimate_layers(to_float(small), small_alpha)
    lab = linear_to_oklab(srgb_to_linear(front))
    material = measure_material(lab, small_alpha)
    apart = split_parts(lab, oklab_to_oklch(lab), material).apart if color is not None else np.zeros_like(small_alpha)

    def change(linear: FloatImage) -> FloatImage:
        point = linear_to_oklab(linear)
        painted = (
            shift_lightness(point, material, lightness_shift)
            if color is None
            else paint(point, material, color, regions=False)
        )
        return oklab_to_linear_in_gamut(painted)

    table = color_table(change)
    result = pixels.copy()
    rows = max(64, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = slice(top, min(top + rows, height))
        weight = alpha[strip] * (1.0 - enlarge_rows(apart, strip, height, width))
        base = np.ascontiguousarray(crop[strip])
        share = np.clip(alpha[strip], 0.0, 1.0)[..., None]
        base = np.rint(base * share + 255.0 * enlarge_rows(front, strip, height, width) * (1.0 - share)).astype(
            np.uint8
        )
        base = cv2.bilateralFilter(base, 5, 12.0, 2.0)
        difference = table(base).astype(np.float32) - base
        mixed = np.clip(crop[strip] + weight[..., None] * difference, 0.0, 255.0)
        target = result[box][strip]
        target[..., :3] = np.where(share > 0, np.rint(mixed).astype(np.uint8), crop[strip])
    return result


def paint(lab: FloatImage, material: Material, color: ColorValue, *, regions: bool = True) -> FloatImage:
    """Give a material another color.

    Parameters
    ----------
    lab : (H, W, 3) float32, Oklab
    material : Material
        What the thing is made of now.
    color : ColorValue
        What its body becomes; extreme colors are brought into the range of real paint first.
    regions : bool
        False paints each pixel by its color alone: no region decides what stays, no grain is parted off.

    Returns
    -------
    (H, W, 3) float32, Oklab
        May leave the sRGB gamut.

    Notes
    -----
    Body lightness ``L`` becomes ``T (L / L0) ** k``: shading is a ratio, and as Oklab L is a cube root, a ratio of L is a ratio
    of light. ``k`` falls below 1 only where a dark material turns light; its grain is then parted off by a bilateral filter
    and added back as it was, for a gain would turn it into gravel, and a toe lifts drowned shadows along with the body.
    Above the target a shoulder ends at white, so nothing clips. Chroma becomes the target's times the pixel's share of the
    body's saturation, ``(C / L) / (C0 / L0)``: highlights, grime and white prints have little and stay neutral. Pixels of
    another hue, and black parts of a colored thing, keep their color. O(H W).
    """
    target_lightness, target_chroma, target_hue = paintable(color)
    lch = oklab_to_oklch(lab)
    lightness, hue = lch[..., 0], lch[..., 2]

    # 1. how much of each pixel is body, and how much shines or belongs to a print
    saturation, foreign, shine, apart = split_parts(lab, lch, material, regions=regions)
    foreign = np.maximum(foreign, apart)

    # 2. the body's new lightness: shading as a ratio, a shoulder to white
    gain = target_lightness / material.lightness
    contrast = float(np.clip(gain**-0.35, 0.5, 1.0)) if gain > 1 else 1.0
    steady, grain = _split_grain(lightness, gain) if regions else (lightness, np.zeros_like(lightness))
    toe = 0.1 * float(np.clip(np.log2(gain) / 3.0, 0.0, 1.0))
    ratio = (np.maximum(steady, 1e-4) + toe) / (material.lightness + toe)
    shaded = target_lightness * ratio**contrast
    body_lightness = np.clip(_shoulder(shaded, target_lightness) + grain, 0.0, 1.0)

    # 3. its new color, fading towards white in the highlights as paint does
    relative = body_lightness / target_lightness
    fade = np.clip((1.0 - body_lightness) / max(1.0 - target_lightness, 1e-3), 0.0, 1.0)
    body_chroma = target_chroma * saturation * np.where(relative > 1.0, np.sqrt(fade), relative)
    body_hue = target_hue + (0.0 if material.is_neutral else 0.2) * np.clip(signed_turn(hue, material.hue), -40.0, 40.0)

    # 4. shine lies over the new body; prints stay
    shine_lightness, dilution = _mirrored_light(lightness, body_lightness, material)
    new_lightness = body_lightness + shine * (shine_lightness - body_lightness)
    undiluted = np.where(saturation > 0.05, 1.0 / np.maximum(saturation, 0.05), 1.0)
    new_chroma = body_chroma * (1.0 + shine * (np.where(dilution > 0, dilution * undiluted, 0.15) - 1.0))
    painted = oklch_to_oklab(np.stack([new_lightness, new_chroma, body_hue], axis=-1))
    return np.asarray(painted + foreign[..., None] * (lab - painted), dtype=np.float32)


def _mirrored_light(
    lightness: FloatImage, body_lightness: FloatImage, material: Material
) -> tuple[FloatImage, FloatImage]:
    """Return the lightness (H, W) of shine over the new body, and the share of the body's color in it, 0 for none.

    On a dark or middling material, what is bright and colorless is a highlight or a white print: either keeps its own lightness.
    A light material is nearly as bright as its highlights, which would stand out as white patches on dark paint: only the
    light that they add is added, in linear light (the dichromatic reflection model; Shafer, "Using color to separate
    reflection components", Color Research & Application, 1985).
    """
    own = np.maximum(lightness, body_lightness)
    if material.lightness < 0.75:
        return own, np.zeros_like(own)
    added = np.maximum(lightness**3 - material.lightness**3, 0.0)
    total = np.cbrt(body_lightness**3 + added)
    return np.minimum(total, 1.0), np.asarray(body_lightness / np.maximum(total, 1e-3)) ** 2


def paintable(color: ColorValue) -> tuple[float, float, float]:
    """Return the Oklch of a color as a surface can have it: not darker than black paint, not more vivid than paint."""
    lightness, chroma, hue = (float(v) for v in oklab_to_oklch(srgb8_to_oklab(np.array(color.rgb, np.uint8))))
    lightness = float(np.clip(lightness, *_PAINTABLE_LIGHTNESS))
    limit = min(_PAINTABLE_CHROMA, _PAINTABLE_SATURATION * lightness)
    return lightness, min(chroma, limit) + 0.4 * max(0.0, chroma - limit), hue


def _split_grain(lightness: FloatImage, gain: float) -> tuple[FloatImage, FloatImage]:
    """Part a (H, W) lightness into shading and fine grain where a high gain would blow the grain up with the shading."""
    if gain < _GRAINY_GAIN:
        return lightness, np.zeros_like(lightness)
    steady = cv2.bilateralFilter(np.ascontiguousarray(lightness), 7, 0.06, 2.0)
    return steady, lightness - steady


def _shoulder(lightness: FloatImage, knee: float) -> FloatImage:
    """Compress what lies above the knee so that it approaches 1, with slope 1 at the knee."""
    room = max(1.0 - knee, 1e-3)
    over = np.maximum(lightness - knee, 0.0)
    return np.where(lightness > knee, knee + room * -np.expm1(-over / room), lightness)


def shift_lightness(lab: FloatImage, material: Material, shift: float) -> FloatImage:
    """Make a material lighter or darker and keep its color.

    Parameters
    ----------
    lab : (..., 3) float32, Oklab
    material : Material
    shift : float
        Of the body's Oklab L; 0 leaves the image as it is.

    Returns
    -------
    (..., 3) float32, Oklab

    Notes
    -----
    A power of L that carries the body's lightness to the shifted one and holds black and white, so neither
    shadows nor highlights clip; chroma follows L.
    """
    start = float(np.clip(material.lightness, 0.08, 0.95))
    goal = float(np.clip(start + shift, 0.06, 0.97))
    exponent = np.log(goal) / np.log(start)
    lightness = np.clip(lab[..., 0], 1e-4, 1.0)
    changed = lightness**exponent
    ratio = np.sqrt(changed / lightness) if shift > 0 else changed / lightness
    return np.concatenate([changed[..., None], lab[..., 1:] * ratio[..., None]], axis=-1).astype(np.float32)
