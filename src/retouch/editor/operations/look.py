"""The looks: black and white, sepia, vintage, and the sliders for warmth, brightness, contrast and color."""

from collections.abc import Callable

import cv2
import numpy as np

from retouch.editor.instructions.plan import AdjustLook, Look
from retouch.editor.operations.stage import Context, Stage
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import (
    channel_mean,
    linear_to_oklab,
    luminance,
    max_chroma,
    oklab_to_linear_in_gamut,
    srgb8_to_oklab,
    to_float,
)
from retouch.images.masks import blend_pixels, bounding_box
from retouch.images.tone import (
    ColorFunction,
    apply_color_table,
    brighten,
    color_table,
    fit_linear_gamut,
    s_curve,
    white_balance_matrix,
)
from retouch.types import Resolution

__all__ = ["adjust_look", "apply_look", "blend_in_strips", "look_function", "middle_lightness"]

_FILTER_WEIGHTS = np.array([0.36, 0.52, 0.12], np.float32)
"""Channel mix of the black-and-white film: a light yellow filter, which lifts skin and deepens skies."""
_MIREDS = 38.0
_STOPS = 0.75
_SKIN_HUE = 55.0
_STRIP_PIXELS = 1_000_000


def adjust_look(stage: Stage, operation: AdjustLook, context: Context) -> Stage:
    """Carry out "make it black and white", "warmer", "make the background less saturated".

    Parameters
    ----------
    stage : Stage
    operation : AdjustLook
        A strength of 0 leaves the picture as it is.
    context : Context

    Returns
    -------
    Stage
        Without a target every pixel counts as touched; with one, pixels outside its mask are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        The target is not in the picture.
    EditAbortedError
    """
    if operation.target is None:
        return stage.after(apply_look(stage.pixels, operation.look, operation.strength, context.rng), None)
    finding = stage.find(operation.target)
    context.checkpoint()
    mask = finding.mask
    middle = middle_lightness(stage.pixels, mask)
    function = look_function(operation.look, operation.strength, middle)
    pixels = stage.pixels
    if operation.strength != 0:
        pixels = blend_in_strips(pixels, color_table(function), mask)
    resolution = Resolution(operation.target.phrase, finding.resolved_to, finding.confidence, verified=finding.verified)
    return stage.after(pixels, mask, resolutions=(resolution,))


def blend_in_strips(pixels: Pixels, change: Callable[[Pixels], Pixels], mask: Mask) -> Pixels:
    """Lay a changed version of a picture over it under a mask, a strip of rows at a time.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB
    change : callable
        A function of each pixel by itself.
    mask : (H, W) float32 [0, 1]

    Returns
    -------
    (H, W, C) uint8, sRGB
        Bit-identical where the mask is 0.

    Notes
    -----
    Only the mask's bounding box is worked on, and only a strip of it is ever held in float32: a picture of 24 megapixels
    needs no more memory than one of 1. O(box).
    """
    box = bounding_box(mask)
    if box is None:
        return pixels
    rows, columns = box
    result = pixels.copy()
    height = max(64, _STRIP_PIXELS // max(1, columns.stop - columns.start))
    for top in range(rows.start, rows.stop, height):
        strip = (slice(top, min(top + height, rows.stop)), columns)
        result[strip] = blend_pixels(pixels[strip], change(np.ascontiguousarray(pixels[strip])), mask[strip])
    return result


def apply_look(pixels: Pixels, look: Look, strength: float, rng: np.random.Generator) -> Pixels:
    """Give a whole picture a look.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB
        Alpha is returned as it is.
    look : Look
    strength : float
        0 leaves the image as it is; 1 is the usual amount; up to about 2.
    rng : numpy.random.Generator
        Draws the grain of VINTAGE.

    Returns
    -------
    (H, W, C) uint8, sRGB

    Notes
    -----
    Each look is a function of one pixel's linear light, applied by a color table in one pass; VINTAGE adds a vignette and
    grain. O(H W).
    """
    if strength == 0:
        return pixels
    changed = apply_color_table(pixels, look_function(look, strength, middle_lightness(pixels)))
    if look is Look.VINTAGE:
        changed = _vignette_and_grain(changed, strength, rng)
    return changed


def middle_lightness(pixels: Pixels, region: Mask | None = None) -> float:
    """Return the picture's own mid-tone: the median Oklab L of (a sample of) its region, kept inside [0.3, 0.75]."""
    step = max(1, round(np.sqrt(pixels.shape[0] * pixels.shape[1] / 40_000)))
    sample = pixels[::step, ::step, :3]
    inside = np.ones(sample.shape[:2], bool) if region is None else region[::step, ::step] > 0.5
    chosen = sample[inside] if inside.any() else sample.reshape(-1, 3)
    return float(np.clip(np.median(srgb8_to_oklab(chosen)[..., 0]), 0.3, 0.75))


def look_function(look: Look, strength: float, middle: float) -> ColorFunction:
    """Return a look as a function of linear light, for a picture whose mid-tone is ``middle`` (Oklab L)."""
    s = strength
    table: dict[Look, ColorFunction] = {
        Look.BLACK_AND_WHITE: lambda rgb: _black_and_white(rgb, s, middle),
        Look.SEPIA: lambda rgb: _sepia(rgb, s, middle),
        Look.VINTAGE: lambda rgb: _vintage(rgb, s),
        Look.WARMER: lambda rgb: _temperature(rgb, _MIREDS * s),
        Look.COOLER: lambda rgb: _temperature(rgb, -_MIREDS * s),
        Look.BRIGHTER: lambda rgb: _expose(rgb, _STOPS * s),
        Look.DARKER: lambda rgb: _expose(rgb, -_STOPS * s),
        Look.MORE_CONTRAST: lambda rgb: _contrast(rgb, middle, 1.0 + 0.35 * s),
        Look.LESS_CONTRAST: lambda rgb: _contrast(rgb, middle, 1.0 / (1.0 + 0.35 * s)),
        Look.MORE_SATURATED: lambda rgb: _vibrance(rgb, 0.45 * s),
        Look.LESS_SATURATED: lambda rgb: _desaturate(rgb, 1.0 - min(1.0, 0.5 * s)),
    }
    return table[look]


def _through_oklab(rgb: FloatImage, change: Callable[[FloatImage], FloatImage]) -> FloatImage:
    """Apply a change in Oklab to linear light; colors that leave sRGB lose chroma, not hue."""
    return oklab_to_linear_in_gamut(change(linear_to_oklab(rgb)))


def _film_lightness(rgb: FloatImage, contrast: float, middle: float) -> FloatImage:
    """Return the Oklab L of a black-and-white print: channel mix, then a gentle S around the picture's mid-tone."""
    return s_curve(np.cbrt(np.clip(rgb @ _FILTER_WEIGHTS, 0.0, 1.0)), middle, contrast)


def _black_and_white(rgb: FloatImage, strength: float, middle: float) -> FloatImage:
    """Mix to gray; below strength 1 some color stays, above it the contrast rises."""
    gray = _film_lightness(rgb, 1.0 + 0.18 * strength, middle)
    amount = min(1.0, strength)

    def change(lab: FloatImage) -> FloatImage:
        lightness = lab[..., 0] + amount * (gray - lab[..., 0])
        return np.concatenate([lightness[..., None], lab[..., 1:] * (1.0 - amount)], axis=-1)

    return _through_oklab(rgb, change)


def _sepia(rgb: FloatImage, strength: float, middle: float) -> FloatImage:
    """Tone a black-and-white print brown: strongest in the mid-tones, paper and deep shadows almost neutral."""
    lightness = 0.05 + 0.93 * _film_lightness(rgb, 1.08, middle)
    chroma = 0.067 * min(strength, 2.0) ** 0.6 * np.clip(4.0 * lightness * (1.0 - lightness), 0.0, 1.0) ** 0.8
    hue = np.radians(58.0 + 16.0 * lightness)
    amount = min(1.0, 0.45 + 0.55 * strength) if strength < 1.0 else 1.0
    toned = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    return _through_oklab(rgb, lambda lab: lab + amount * (toned - lab))


def _vintage(rgb: FloatImage, strength: float) -> FloatImage:
    """Fade like an old color print: lifted blacks, dull whites, cyan-blue shadows and yellow highlights."""

    def change(lab: FloatImage) -> FloatImage:
        lift = 0.18 * min(strength, 2.0) ** 0.5
        lightness = lift + (0.985 - 0.01 * strength - lift) * s_curve(
            np.clip(lab[..., 0], 0.0, 1.0), 0.5, 1.0 + 0.12 * strength
        )
        shadow = (1.0 - lab[..., 0]) ** 2
        highlight = lab[..., 0] ** 1.5
        keep = 1.0 - min(0.6, 0.25 * strength)
        tint = min(strength, 2.0) ** 0.7
        a = lab[..., 1] * keep + tint * (-0.008 * shadow + 0.008 * highlight)
        b = lab[..., 2] * keep + tint * (-0.018 * shadow + 0.034 * highlight)
        return np.stack([lightness, a, b], axis=-1)

    return _through_oklab(rgb, change)


def _temperature(rgb: FloatImage, mireds: float) -> FloatImage:
    """Move the illuminant along the Planckian locus; whites give way a little so that they can take the tint."""
    balanced = rgb @ white_balance_matrix(mireds).T
    return fit_linear_gamut(balanced * (1.0 - 0.0008 * abs(mireds)))


def _expose(rgb: FloatImage, exposure_ev: float) -> FloatImage:
    """Expose on luminance for true colors, mixed with the channels for film-like highlights."""
    level = luminance(rgb)[..., None]
    scaled = rgb * (brighten(level, exposure_ev) / np.maximum(level, 1e-6))
    return 0.6 * fit_linear_gamut(scaled) + 0.4 * brighten(rgb, exposure_ev)


def _contrast(rgb: FloatImage, middle: float, slope: float) -> FloatImage:
    """Steepen lightness around the mid-tone; hue stays and chroma follows half of the way."""

    def change(lab: FloatImage) -> FloatImage:
        lightness = np.clip(lab[..., 0], 1e-4, 1.0)
        steep = s_curve(lightness, middle, slope)
        follow = np.sqrt(np.clip(steep / lightness, 0.25, 4.0))
        return np.concatenate([steep[..., None], lab[..., 1:] * follow[..., None]], axis=-1)

    return _through_oklab(rgb, change)


def _vibrance(rgb: FloatImage, amount: float) -> FloatImage:
    """Raise chroma, dull colors most; skin takes half, and nothing passes the edge of sRGB."""

    def change(lab: FloatImage) -> FloatImage:
        chroma = np.hypot(lab[..., 1], lab[..., 2])
        hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])).reshape(-1)
        limit = max_chroma(lab[..., 0].reshape(-1), hue).reshape(chroma.shape)
        used = np.clip(chroma / np.maximum(limit, 1e-4), 0.0, 1.0)
        turn = (hue.reshape(chroma.shape) - _SKIN_HUE + 180.0) % 360.0 - 180.0
        skin = np.exp(-((turn / 22.0) ** 2)) * np.exp(-(((chroma - 0.08) / 0.06) ** 2))
        gain = 1.0 + amount * (1.0 - used**2) * (1.0 - 0.5 * skin)
        return np.concatenate([lab[..., :1], lab[..., 1:] * gain[..., None]], axis=-1)

    return _through_oklab(rgb, change)


def _desaturate(rgb: FloatImage, keep: float) -> FloatImage:
    """Scale chroma; lightness and hue stay."""
    return _through_oklab(rgb, lambda lab: lab * np.array([1.0, keep, keep], np.float32))


def _vignette_and_grain(pixels: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    """Darken the corners as a simple lens does (cos^4 of the angle) and add film grain, strongest in the mid-tones."""
    height, width = pixels.shape[:2]
    rows = (np.arange(height, dtype=np.float32) - (height - 1) / 2)[:, None]
    columns = (np.arange(width, dtype=np.float32) - (width - 1) / 2)[None, :]
    radius_squared = (rows**2 + columns**2) / (height**2 + width**2) * 4.0
    falloff = 1.0 / (1.0 + 0.32 * strength * radius_squared) ** 2
    image = to_float(pixels[..., :3])
    noise = rng.standard_normal((height, width), dtype=np.float32)
    size = max(0.4, 0.00055 * float(np.sqrt(height * width)))
    grain = cv2.GaussianBlur(noise, (0, 0), size)
    grain *= 0.016 * strength / max(float(grain.std()), 1e-6)
    tone = channel_mean(image)
    image = image * (falloff ** (1 / 2.2))[..., None] + (grain * (0.4 + 2.4 * tone * (1.0 - tone)))[..., None]
    aged = np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)
    return aged if pixels.shape[2] == 3 else np.dstack([aged, pixels[..., 3]])
