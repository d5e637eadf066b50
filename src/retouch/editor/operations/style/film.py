"""Looks of films and papers: color as a table, then what the material adds: grain, glow, a vignette, a frame of blur."""

from collections.abc import Callable

import cv2
import numpy as np

from retouch.editor.instructions.plan import ColorValue, Style
from retouch.editor.operations.style.flow import lightness, unit_px
from retouch.images.array_types import FloatImage, Pixels
from retouch.images.color import linear_to_oklab, linear_to_srgb, oklab_to_linear_in_gamut, srgb_to_linear, to_uint8
from retouch.images.masks import smoothstep
from retouch.images.tone import apply_color_table, brighten, s_curve

__all__ = ["develop"]

DUOTONE_COLORS = (ColorValue("navy", (24, 22, 88)), ColorValue("coral", (255, 148, 112)))
"""Shadows and highlights of a duotone whose colors the prompt leaves open."""


def develop(
    pixels: Pixels, style: Style, strength: float, rng: np.random.Generator, colors: tuple[ColorValue, ...] = ()
) -> Pixels:
    """Give a photo the look of a film.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    style : Style
        One of ``FILM_STYLES``.
    strength : float
        0 leaves the photo as it is, 1 is the film, up to about 2.
    rng : numpy.random.Generator
        Draws the grain.
    colors : tuple of ColorValue
        Of DUOTONE.

    Returns
    -------
    (H, W, 3) uint8, sRGB
    """
    s = min(strength, 2.0)
    if style is Style.GRAIN:
        return _grain(pixels, 0.032 * s, rng, size=1.15)
    if style is Style.VIGNETTE:
        return _vignette(pixels, 0.9 * s)
    if style is Style.TILT_SHIFT:
        return _tilt_shift(pixels, s)
    if style is Style.GLOW:
        return _glow(pixels, 0.75 * min(s, 1.3))
    if style is Style.DUOTONE:
        return apply_color_table(pixels, _blend(_duotone(*_two(colors)), min(1.0, 0.35 + 0.65 * s)))
    source = pixels
    if style is Style.INFRARED:
        source = _glow(pixels, 0.22)
    graded = apply_color_table(source, _blend(_GRADES[style], s))
    grain, vignette = _MATERIAL.get(style, (0.0, 0.0))
    if vignette:
        graded = _vignette(graded, vignette * s)
    return _grain(graded, grain * s, rng) if grain else graded


Grade = Callable[[FloatImage], FloatImage]


def _blend(grade: Grade, amount: float) -> Grade:
    """Return a grade at part of its strength (or a little beyond it), mixed in Oklab."""

    def mixed(rgb: FloatImage) -> FloatImage:
        lab = linear_to_oklab(rgb)
        return oklab_to_linear_in_gamut(lab + amount * (grade(lab) - lab))

    return mixed


def _two(colors: tuple[ColorValue, ...]) -> tuple[ColorValue, ColorValue]:
    """Return the darker and the lighter of two colors; one alone goes from near black to near white through itself."""
    if not colors:
        return DUOTONE_COLORS
    if len(colors) == 1:
        red, green, blue = colors[0].rgb
        middle = 0.30 * red + 0.59 * green + 0.11 * blue
        if middle > 110:
            return ColorValue("ink", (red // 6, green // 6, blue // 6)), colors[0]
        return colors[0], ColorValue("paper", (250, 246, 238))
    ordered = sorted(colors, key=lambda color: 0.30 * color.rgb[0] + 0.59 * color.rgb[1] + 0.11 * color.rgb[2])
    return ordered[0], ordered[-1]


def _lab_of(color: ColorValue) -> FloatImage:
    return linear_to_oklab(srgb_to_linear(np.array(color.rgb, np.uint8)))


def _duotone(dark: ColorValue, light: ColorValue) -> Grade:
    """Map tones to the straight line between two colors."""
    start, end = _lab_of(dark), _lab_of(light)

    def grade(lab: FloatImage) -> FloatImage:
        tone = s_curve(np.clip(lab[..., 0], 0.0, 1.0), 0.5, 1.25)[..., None]
        return np.asarray(start + tone * (end - start), dtype=np.float32)

    return grade


def _curve(
    lab: FloatImage,
    *,
    contrast: float = 1.0,
    pivot: float = 0.5,
    black: float = 0.0,
    white: float = 1.0,
    chroma: float = 1.0,
    shadow: tuple[float, float] = (0.0, 0.0),
    middle: tuple[float, float] = (0.0, 0.0),
    light: tuple[float, float] = (0.0, 0.0),
) -> FloatImage:
    """Grade in Oklab: an S-curve between a black and a white, chroma, and a tint (a, b) for shadows, mid-tones and lights."""
    value = np.clip(lab[..., 0], 0.0, 1.0)
    tone = black + (white - black) * s_curve(value, pivot, contrast)
    low, high = (1.0 - value) ** 2, value**2
    between = 4.0 * value * (1.0 - value)
    # The deepest black and pure white take no tint, or they would look dirty.
    held = smoothstep(0.0, 0.12, value) * smoothstep(1.02, 0.9, value) if black < 0.05 else np.ones_like(value)
    a = lab[..., 1] * chroma + held * (low * shadow[0] + between * middle[0] + high * light[0])
    b = lab[..., 2] * chroma + held * (low * shadow[1] + between * middle[1] + high * light[1])
    return np.stack([tone, a, b], axis=-1).astype(np.float32)


def _around_hue(lab: FloatImage, hue: float, width: float) -> FloatImage:
    """Return how near (0 to 1) colors lie to a hue in degrees."""
    angle = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    turn = (angle - hue + 180.0) % 360.0 - 180.0
    return np.asarray(np.exp(-((turn / width) ** 2)) * smoothstep(0.01, 0.05, np.hypot(lab[..., 1], lab[..., 2])))


def _kodachrome(lab: FloatImage) -> FloatImage:
    """Dense color, deep blacks, glowing reds and yellows, blues that lean to cyan."""
    graded = _curve(lab, contrast=1.28, pivot=0.52, chroma=1.18, shadow=(0.004, -0.006), light=(0.004, 0.014))
    reds, blues = _around_hue(lab, 30.0, 35.0), _around_hue(lab, 255.0, 40.0)
    graded[..., 0] -= 0.03 * reds + 0.045 * blues
    graded[..., 1:] *= (1.0 + 0.16 * reds + 0.10 * blues)[..., None]
    graded[..., 1] -= 0.014 * blues
    return graded


def _portra(lab: FloatImage) -> FloatImage:
    """Open shadows, soft lights, warm skin, quiet greens and blues."""
    graded = _curve(
        lab,
        contrast=1.05,
        black=0.055,
        white=0.985,
        chroma=0.92,
        shadow=(-0.004, 0.004),
        middle=(0.006, 0.012),
        light=(0.003, 0.016),
    )
    greens = _around_hue(lab, 135.0, 40.0)
    graded[..., 2] += 0.014 * greens
    graded[..., 1:] *= (1.0 - 0.16 * greens)[..., None]
    graded[..., 0] += 0.02 * _around_hue(lab, 55.0, 25.0)
    return graded


def _teal_orange(lab: FloatImage) -> FloatImage:
    """Teal shadows under orange lights: each color moves towards the nearer of the two."""
    graded = _curve(
        lab,
        contrast=1.18,
        pivot=0.45,
        chroma=0.98,
        shadow=(-0.042, -0.044),
        middle=(-0.006, -0.006),
        light=(0.010, 0.026),
    )
    warm = _around_hue(lab, 60.0, 60.0)
    cool = _around_hue(lab, 215.0, 75.0)
    chroma = np.hypot(graded[..., 1], graded[..., 2])
    for near, hue in ((0.55 * warm, 58.0), (0.65 * cool, 212.0)):
        graded[..., 1] += near * (chroma * np.cos(np.radians(hue)) - graded[..., 1])
        graded[..., 2] += near * (chroma * np.sin(np.radians(hue)) - graded[..., 2])
    graded[..., 1:] *= (1.0 + 0.18 * warm)[..., None]
    return graded


def _noir(lab: FloatImage) -> FloatImage:
    """Hard black and white, shadows swallowed, lights that burn."""
    gray = np.clip(lab[..., 0] + 0.25 * lab[..., 1], 0.0, 1.0)
    tone = np.clip(s_curve(gray, 0.56, 1.85), 0.0, 1.0)
    return np.stack([tone, np.zeros_like(tone), np.full_like(tone, -0.002)], axis=-1)


def _cyanotype(lab: FloatImage) -> FloatImage:
    """Prussian blue on cream paper."""
    tone = s_curve(np.clip(lab[..., 0], 0.0, 1.0), 0.52, 1.15)
    value = 0.19 + 0.78 * tone**1.45
    chroma = 0.15 * np.clip(1.0 - tone, 0.0, 1.0) ** 0.6 * (0.6 + 0.4 * tone)
    paper = smoothstep(0.80, 1.0, tone)
    return np.stack([value, -0.25 * chroma, -chroma + 0.016 * paper], axis=-1).astype(np.float32)


def _cross_processed(lab: FloatImage) -> FloatImage:
    """Slide film in the wrong bath: hard contrast, green-blue shadows, yellow lights."""
    return _curve(
        lab,
        contrast=1.42,
        pivot=0.5,
        chroma=1.22,
        shadow=(-0.030, -0.050),
        middle=(-0.018, 0.010),
        light=(-0.014, 0.062),
    )


def _infrared(lab: FloatImage) -> FloatImage:
    """Black and white of near infrared: leaves white as snow, blue sky nearly black."""
    leaves = np.maximum(_around_hue(lab, 125.0, 34.0), 0.8 * _around_hue(lab, 100.0, 22.0))
    # Pale sky has an unsure hue: it darkens gradually, or noise would show as blotches.
    sky = _around_hue(lab, 240.0, 55.0) * smoothstep(0.0, 0.10, np.hypot(lab[..., 1], lab[..., 2]))
    value = np.clip(lab[..., 0], 0.0, 1.0)
    value = value + 0.72 * leaves * (0.95 - value) - 0.46 * sky * value
    value += 0.10 * _around_hue(lab, 50.0, 30.0) * (1.0 - value)
    tone = s_curve(np.clip(value, 0.0, 1.0), 0.5, 1.2)
    return np.stack([tone, np.zeros_like(tone), np.full_like(tone, 0.003)], axis=-1).astype(np.float32)


_GRADES: dict[Style, Grade] = {
    Style.KODACHROME: _kodachrome,
    Style.PORTRA: _portra,
    Style.POLAROID: lambda lab: _curve(
        lab,
        contrast=0.94,
        black=0.14,
        white=0.955,
        chroma=0.80,
        shadow=(-0.014, -0.004),
        middle=(0.004, 0.016),
        light=(-0.002, 0.034),
    ),
    Style.TEAL_ORANGE: _teal_orange,
    Style.NOIR: _noir,
    Style.CYANOTYPE: _cyanotype,
    Style.CROSS_PROCESSED: _cross_processed,
    Style.INFRARED: _infrared,
    Style.FADED_FILM: lambda lab: _curve(
        lab, contrast=0.86, black=0.19, white=0.94, chroma=0.68, shadow=(-0.004, -0.014), light=(0.004, 0.016)
    ),
    Style.SEVENTIES: lambda lab: _curve(
        lab,
        contrast=1.04,
        black=0.12,
        white=0.96,
        chroma=0.90,
        shadow=(0.024, 0.012),
        middle=(0.014, 0.030),
        light=(0.006, 0.048),
    ),
    Style.PASTEL_COLORS: lambda lab: _curve(
        lab,
        contrast=0.84,
        pivot=0.6,
        black=0.30,
        white=0.985,
        chroma=0.74,
        shadow=(0.016, -0.014),
        middle=(0.008, 0.004),
        light=(0.004, 0.010),
    ),
}

_MATERIAL: dict[Style, tuple[float, float]] = {
    Style.KODACHROME: (0.008, 0.0),
    Style.PORTRA: (0.010, 0.0),
    Style.POLAROID: (0.012, 0.38),
    Style.NOIR: (0.026, 0.7),
    Style.CYANOTYPE: (0.014, 0.0),
    Style.CROSS_PROCESSED: (0.016, 0.55),
    Style.INFRARED: (0.026, 0.0),
    Style.FADED_FILM: (0.014, 0.0),
    Style.SEVENTIES: (0.018, 0.32),
}
"""Style -> standard deviation of its grain, strength of its vignette."""


def _grain(pixels: Pixels, amount: float, rng: np.random.Generator, *, size: float = 1.0) -> Pixels:
    """Add film grain: clumped, strongest in the mid-tones, mostly without color."""
    height, width = pixels.shape[:2]
    noise = rng.standard_normal((height, width, 3), dtype=np.float32)
    sigma = max(0.45, 0.75 * size * unit_px(pixels))
    noise = 0.85 * noise.mean(axis=2, keepdims=True) * np.float32(np.sqrt(3)) + 0.3 * noise
    noise = cv2.GaussianBlur(noise, (0, 0), sigma)
    noise /= max(float(noise.std()), 1e-6)
    tone = lightness(pixels)[..., None]
    image = pixels.astype(np.float32) / np.float32(255.0)
    return to_uint8(image + np.float32(amount) * noise * (0.35 + 2.6 * tone * (1.0 - tone)))


def _vignette(pixels: Pixels, strength: float) -> Pixels:
    """Darken towards the corners in linear light, the middle untouched."""
    height, width = pixels.shape[:2]
    rows = (np.arange(height, dtype=np.float32) - (height - 1) / 2)[:, None] / (height / 2)
    columns = (np.arange(width, dtype=np.float32) - (width - 1) / 2)[None, :] / (width / 2)
    radius = np.sqrt((rows**2 + columns**2) / 2.0)
    falloff = 1.0 / (1.0 + strength * smoothstep(0.35, 1.05, np.asarray(radius)) * 1.5)
    return to_uint8(linear_to_srgb(srgb_to_linear(pixels) * falloff[..., None]))


def _glow(pixels: Pixels, amount: float) -> Pixels:
    """Lay a blurred, brightened copy over the photo as light over light (after Michael Orton's sandwiched slides)."""
    linear = srgb_to_linear(pixels)
    unit = unit_px(pixels)
    step = max(1, round(3 * unit))
    height, width = pixels.shape[:2]
    small = cv2.resize(linear, (max(1, width // step), max(1, height // step)), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(brighten(small, 0.5).astype(np.float32), (0, 0), 14.0 * unit / step)
    soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    screened = 1.0 - (1.0 - linear) * (1.0 - 0.75 * soft)
    # The screen lifts everything; half of the lift is given back so that the photo keeps its exposure.
    glowing = linear + amount * (brighten(screened, -0.45) - linear)
    return to_uint8(linear_to_srgb(glowing.astype(np.float32)))


def _tilt_shift(pixels: Pixels, strength: float) -> Pixels:
    """Keep a level band sharp and let the blur grow above and below it; richer color makes it a model."""
    height = pixels.shape[0]
    unit = unit_px(pixels)
    rows = np.abs((np.arange(height, dtype=np.float32) / height) - 0.56)
    amount = smoothstep(0.10, 0.46, rows)[:, None, None]
    linear = srgb_to_linear(pixels)
    widest = 11.0 * unit * strength
    levels = [linear, *(cv2.GaussianBlur(linear, (0, 0), widest * share) for share in (0.2, 0.5, 1.0))]
    places = (0.0, 0.34, 0.67, 1.0)
    blurred = linear
    for before, after, start, end in zip(levels[:-1], levels[1:], places[:-1], places[1:], strict=True):
        share = np.clip((amount - start) / (end - start), 0.0, 1.0)
        blurred = np.where(amount > start, before + share * (after - before), blurred)
    lab = linear_to_oklab(blurred.astype(np.float32))
    lab[..., 1:] *= 1.0 + 0.22 * min(strength, 1.0)
    return to_uint8(linear_to_srgb(oklab_to_linear_in_gamut(lab)))
