"""Give a thing another colour and keep its shading, its highlights and its prints."""

from dataclasses import dataclass

import numpy as np

from retouch.editor.instructions.plan import ColorValue, Recolor
from retouch.editor.operations.stage import Context, Stage
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
from retouch.images.masks import bounding_box, estimate_layers, smoothstep
from retouch.types import Resolution

__all__ = ["Material", "measure_material", "paint", "recolor", "recolor_pixels", "shift_lightness"]

_NEUTRAL_CHROMA = 0.035
"""Oklab chroma below which a material counts as white, grey or black."""
_MAX_SAMPLES = 60_000
_PAINTABLE_LIGHTNESS = (0.20, 0.94)
"""Oklab L of the blackest and the whitest paint: a real surface leaves room for shading below and highlights above."""
_PAINTABLE_CHROMA = 0.20
_PAINTABLE_SATURATION = 0.42
"""Oklab chroma, and chroma per lightness, up to which a colour is taken as it is; beyond is light more than paint."""


@dataclass(frozen=True, slots=True)
class Material:
    """The dominant colour of a thing.

    Attributes
    ----------
    lightness, chroma, hue : float
        Oklch medians of its lit body; hue in degrees.
    hue_spread : float
        Degrees around ``hue`` that hold most of the body: small for paint, large for petals and fur.
    is_neutral : bool
        White, grey or black: the hue says nothing.
    """

    lightness: float
    chroma: float
    hue: float
    hue_spread: float
    is_neutral: bool


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
        The target is not in the picture.
    EditAbortedError
    """
    finding = stage.find(operation.target)
    context.checkpoint()
    if not (finding.mask > 0).any():
        raise UnsupportedInstructionError((), (operation.target.phrase,), "Nothing of it is visible in the picture.")
    pixels = recolor_pixels(
        stage.pixels, finding.mask, color=operation.color, lightness_shift=operation.lightness_shift
    )
    resolution = Resolution(operation.target.phrase, finding.resolved_to, finding.confidence, verified=finding.verified)
    return stage.after(pixels, finding.mask, resolutions=(resolution,))


def recolor_pixels(
    pixels: Pixels, mask: Mask, *, color: ColorValue | None = None, lightness_shift: float = 0.0
) -> Pixels:
    """Recolour what a mask covers.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB
        Alpha is returned as it is.
    mask : (H, W) float32 [0, 1]
        A matte of the thing, soft at its edges.
    color : ColorValue or None
        What its body becomes.
    lightness_shift : float
        Without a colour: shift of the body's Oklab L; 0 leaves the image as it is.

    Returns
    -------
    (H, W, C) uint8, sRGB
        Bit-identical where the mask is 0.

    Notes
    -----
    With the picture ``alpha F + (1 - alpha) B`` at a soft edge, only ``F`` is painted: the result is
    ``picture + alpha (paint(F) - F)`` with F from blur fusion, so no fringe of the old colour stays. Works on the crop of the
    mask; O(crop).
    """
    box = bounding_box(mask, margin_px=8)
    if box is None or (color is None and lightness_shift == 0.0):
        return pixels
    alpha = mask[box]
    image = to_float(pixels[box][..., :3])
    foreground, _ = estimate_layers(image, alpha)
    lab = linear_to_oklab(srgb_to_linear(foreground))
    material = measure_material(lab, alpha)
    painted = paint(lab, material, color) if color is not None else shift_lightness(lab, material, lightness_shift)
    difference = linear_to_srgb(oklab_to_linear_in_gamut(painted)) - foreground
    mixed = np.clip(image + alpha[..., None] * difference, 0.0, 1.0)
    result = pixels.copy()
    result[box][..., :3] = np.where(alpha[..., None] > 0, np.rint(mixed * 255.0).astype(np.uint8), pixels[box][..., :3])
    return result


def measure_material(lab: FloatImage, mask: Mask) -> Material:
    """Find the dominant colour of a thing.

    Parameters
    ----------
    lab : (H, W, 3) float32, Oklab
    mask : (H, W) float32 [0, 1]
        Only its upper half counts, or its highest values where it never gets that far.

    Notes
    -----
    The hue is the peak of a chroma-weighted, smoothed hue histogram, which a print or a highlight can't move as it would a
    mean; lightness and chroma are medians of the pixels near that hue. Deterministic: large masks are sampled at a stride.
    """
    samples = lab[mask >= min(0.6, float(mask.max()))]
    samples = samples[:: max(1, len(samples) // _MAX_SAMPLES)]
    lightness, chroma, hue = np.moveaxis(oklab_to_oklch(samples), -1, 0)
    colored = chroma > _NEUTRAL_CHROMA
    if colored.mean() < 0.4:
        body = samples[~colored] if (~colored).any() else samples
        center = np.median(body, axis=0)
        return Material(
            lightness=float(np.clip(center[0], 0.05, 1.0)),
            chroma=float(np.hypot(center[1], center[2])),
            hue=float(np.degrees(np.arctan2(center[2], center[1])) % 360.0),
            hue_spread=180.0,
            is_neutral=True,
        )
    peak = _dominant_hue(hue, chroma)
    distance = _hue_distance(hue, peak)
    near = (distance < 40.0) & (chroma > 0.5 * np.median(chroma[colored]))
    return Material(
        lightness=float(np.clip(np.median(lightness[near]), 0.05, 1.0)),
        chroma=float(np.median(chroma[near])),
        hue=peak,
        hue_spread=float(np.percentile(distance[near], 85)),
        is_neutral=False,
    )


def _dominant_hue(hue: FloatImage, chroma: FloatImage) -> float:
    """Return the peak, in degrees, of the chroma-weighted hue histogram, refined to the mean around it."""
    histogram = np.histogram(hue, bins=72, range=(0.0, 360.0), weights=chroma)[0]
    kernel = np.array([1.0, 2.0, 3.0, 2.0, 1.0])
    smooth = np.convolve(np.concatenate([histogram[-2:], histogram, histogram[:2]]), kernel, mode="valid")
    peak = (float(np.argmax(smooth)) + 0.5) * 5.0
    near = _hue_distance(hue, peak) < 25.0
    turn = np.radians(hue[near])
    weights = chroma[near]
    return float(np.degrees(np.arctan2((weights * np.sin(turn)).sum(), (weights * np.cos(turn)).sum())) % 360.0)


def _hue_distance(hue: FloatImage, other: float) -> FloatImage:
    """Return the unsigned angle between hues, in degrees, 0 to 180."""
    return np.abs((hue - other + 180.0) % 360.0 - 180.0)


def paint(lab: FloatImage, material: Material, color: ColorValue) -> FloatImage:
    """Give a material another colour.

    Parameters
    ----------
    lab : (..., 3) float32, Oklab
    material : Material
        What the thing is made of now.
    color : ColorValue
        What its body becomes; extreme colours are brought into the range of real paint first.

    Returns
    -------
    (..., 3) float32, Oklab
        May leave the sRGB gamut.

    Notes
    -----
    Body lightness ``L`` becomes ``T (L / L0) ** k``: shading is a ratio, and as Oklab L is a cube root, a ratio of L is a ratio
    of light. ``k`` falls below 1 only where a dark material turns light, whose noise would be blown up. Above the target a
    shoulder ends at white, so nothing clips. Chroma becomes the target's times the pixel's share of the body's saturation,
    ``(C / L) / (C0 / L0)``: highlights, grime and white prints have little and stay neutral. Pixels of another hue keep
    their colour.
    """
    target_lightness, target_chroma, target_hue = paintable(color)
    lch = oklab_to_oklch(lab)
    lightness, hue = lch[..., 0], lch[..., 2]

    # 1. how much of each pixel is body, and how much shines or belongs to a print
    saturation, foreign, shine = _composition(lch, lab, material)

    # 2. the body's new lightness: shading as a ratio, a shoulder to white
    gain = target_lightness / material.lightness
    contrast = float(np.clip(gain**-0.35, 0.5, 1.0)) if gain > 1 else 1.0
    shaded = target_lightness * np.maximum(lightness / material.lightness, 1e-3) ** contrast
    body_lightness = _shoulder(shaded, target_lightness)

    # 3. its new colour, fading towards white in the highlights as paint does
    relative = body_lightness / target_lightness
    fade = np.clip((1.0 - body_lightness) / max(1.0 - target_lightness, 1e-3), 0.0, 1.0)
    body_chroma = target_chroma * saturation * np.where(relative > 1.0, np.sqrt(fade), relative)
    body_hue = target_hue + (0.0 if material.is_neutral else 0.2) * _signed_turn(hue, material.hue)

    # 4. shine keeps its own lightness over the new body; prints stay
    new_lightness = body_lightness + shine * np.maximum(lightness - body_lightness, 0.0)
    new_chroma = body_chroma * (1.0 - 0.85 * shine)
    painted = oklch_to_oklab(np.stack([new_lightness, new_chroma, body_hue], axis=-1))
    return np.asarray(painted + foreign[..., None] * (lab - painted), dtype=np.float32)


def paintable(color: ColorValue) -> tuple[float, float, float]:
    """Return the Oklch of a colour as a surface can have it: not darker than black paint, not more vivid than paint."""
    lightness, chroma, hue = (float(v) for v in oklab_to_oklch(srgb8_to_oklab(np.array(color.rgb, np.uint8))))
    lightness = float(np.clip(lightness, *_PAINTABLE_LIGHTNESS))
    limit = min(_PAINTABLE_CHROMA, _PAINTABLE_SATURATION * lightness)
    return lightness, min(chroma, limit) + 0.4 * max(0.0, chroma - limit), hue


def _composition(lch: FloatImage, lab: FloatImage, material: Material) -> tuple[FloatImage, FloatImage, FloatImage]:
    """Return the share of the body's saturation [0, 1.3], of foreign colour [0, 1] and of shine [0, 1], each (...)."""
    lightness, chroma, hue = lch[..., 0], lch[..., 1], lch[..., 2]
    if material.is_neutral:
        turn = np.radians(material.hue)
        body_ab = np.array([np.cos(turn), np.sin(turn)], np.float32) * material.chroma
        foreign = smoothstep(0.06, 0.12, np.hypot(lab[..., 1] - body_ab[0], lab[..., 2] - body_ab[1]))
        start = material.lightness + 0.65 * (1.0 - material.lightness)
        shine = smoothstep(start, 1.0, lightness) * (0.9 if material.lightness < 0.7 else 0.35)
        return np.ones_like(lightness), foreign, shine
    body_saturation = material.chroma / material.lightness
    expected = body_saturation * np.clip(lightness, 0.08, material.lightness)
    saturation = np.clip(chroma / expected, 0.0, 1.3)
    tolerance = 35.0 + 1.5 * material.hue_spread
    foreign = smoothstep(tolerance, tolerance + 30.0, _hue_distance(hue, material.hue)) * smoothstep(0.03, 0.07, chroma)
    neutral = 1.0 - smoothstep(0.25, 0.75, saturation)
    shine = neutral * smoothstep(0.75, 1.05, lightness / material.lightness)
    return saturation, foreign, shine


def _signed_turn(hue: FloatImage, reference: float) -> FloatImage:
    """Return the angle from the reference to each hue, in degrees, limited to 40 either way."""
    return np.clip((hue - reference + 180.0) % 360.0 - 180.0, -40.0, 40.0)


def _shoulder(lightness: FloatImage, knee: float) -> FloatImage:
    """Compress what lies above the knee so that it approaches 1, with slope 1 at the knee."""
    room = max(1.0 - knee, 1e-3)
    over = np.maximum(lightness - knee, 0.0)
    return np.where(lightness > knee, knee + room * -np.expm1(-over / room), lightness)


def shift_lightness(lab: FloatImage, material: Material, shift: float) -> FloatImage:
    """Make a material lighter or darker and keep its colour.

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
    ``s_curve``-free: a power of L that carries the body's lightness to the shifted one and holds black and white, so neither
    shadows nor highlights clip; chroma follows L.
    """
    start = float(np.clip(material.lightness, 0.08, 0.95))
    goal = float(np.clip(start + shift, 0.06, 0.97))
    exponent = np.log(goal) / np.log(start)
    lightness = np.clip(lab[..., 0], 1e-4, 1.0)
    changed = lightness**exponent
    ratio = np.sqrt(changed / lightness) if shift > 0 else changed / lightness
    return np.concatenate([changed[..., None], lab[..., 1:] * ratio[..., None]], axis=-1).astype(np.float32)
