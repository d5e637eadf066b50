"""Fog, rain and snow in the air."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.operations.light.noise import fractal_texture
from retouch.images.array_types import FloatImage, Mask

__all__ = ["add_fog", "add_rain", "add_snowfall"]

_RAIN_LAYERS: Final = ((2600, 0.013, 0.55, 0.09), (900, 0.03, 0.8, 0.13), (170, 0.07, 1.5, 0.12))
"""Streaks a megapixel, length as a share of the long side, width in px at 1000 px, opacity: from far to near."""
_SNOW_LAYERS: Final = ((4200, 0.75, 0.6), (1300, 1.5, 0.75), (260, 3.0, 0.7), (34, 8.5, 0.42))
"""Flakes a megapixel, radius in px at 1000 px, opacity: from far to near; the nearest are out of focus."""


def add_fog(
    linear: FloatImage, depth: Mask, density: float, color: FloatImage, rng: np.random.Generator, *, banks: float = 0.3
) -> FloatImage:
    """Lay fog over a picture by depth.

    Parameters
    ----------
    linear : (H, W, 3) float32, linear light
    depth : (H, W) float32 [0, 1]
    density : float
        Optical depth at the far end; 0 leaves the picture as it is.
    color : (3,) float32, linear light
        Of the air.
    rng : numpy.random.Generator
        Shapes the banks.
    banks : float
        How uneven the fog is.

    Returns
    -------
    (H, W, 3) float32, linear light

    Notes
    -----
    ``t I + (1 - t) A`` with ``t = exp(-density depth)`` (Koschmieder's law), the density varied by soft noise that is drawn out
    sideways, as fog lies.
    """
    height, width = depth.shape
    noise = cv2.resize(fractal_texture(128, rng, slope=1.8)[:64], (width, height), interpolation=cv2.INTER_CUBIC)
    uneven = np.clip(1.0 + banks * noise, 0.3, 1.8)
    share = (1.0 - np.exp(-density * np.power(depth, 1.25) * uneven)).astype(np.float32)[..., None]
    return np.asarray(linear + share * (color - linear), dtype=np.float32)


def add_rain(
    linear: FloatImage, behind_subject: Mask, strength: float, color: FloatImage, rng: np.random.Generator
) -> FloatImage:
    """Add streaks of rain in three depths; far ones fall behind the subject.

    Parameters
    ----------
    linear : (H, W, 3) float32, linear light
    behind_subject : (H, W) float32 [0, 1]
        The subject's matte.
    strength : float
        1 is steady rain.
    color : (3,) float32, linear light
        Of the light that the drops send on.
    rng : numpy.random.Generator
    """
    height, width = linear.shape[:2]
    long_side = max(height, width)
    slant = rng.uniform(0.06, 0.2) * rng.choice([-1, 1])
    result = linear
    for number, (count, length, thickness, opacity) in enumerate(_RAIN_LAYERS):
        streaks = np.zeros((height, width), np.uint8)
        _draw_streaks(streaks, round(count * strength * height * width / 1e6), length * long_side, slant, rng)
        layer = cv2.GaussianBlur(streaks.astype(np.float32) / 255.0, (0, 0), max(0.45, thickness * long_side / 1600))
        if number == 0:
            layer *= 1.0 - 0.8 * behind_subject
        share = np.clip(opacity * 2.2 * layer, 0.0, 0.75)[..., None]
        result = result + share * (np.maximum(color, 1.08 * result) - result)
    return np.asarray(result, dtype=np.float32)


def _draw_streaks(canvas: np.ndarray, count: int, length: float, slant: float, rng: np.random.Generator) -> None:
    """Draw slanted lines of varied length and brightness."""
    height, width = canvas.shape
    reach = length * rng.uniform(0.5, 1.3, count)
    tilt = slant + rng.normal(0.0, 0.012, count)
    rows, cols = rng.uniform(-length, height, count), rng.uniform(-0.1 * width, 1.1 * width, count)
    values = rng.uniform(70, 230, count)
    for row, col, down, lean, value in zip(rows, cols, reach, tilt, values, strict=True):
        start, end = (int(col * 8), int(row * 8)), (int((col + lean * down) * 8), int((row + down) * 8))
        cv2.line(canvas, start, end, float(value), 1, cv2.LINE_AA, 3)


def add_snowfall(
    linear: FloatImage, behind_subject: Mask, strength: float, color: FloatImage, rng: np.random.Generator
) -> FloatImage:
    """Add falling flakes in four depths, the far ones behind the subject, the nearest large and out of focus."""
    height, width = linear.shape[:2]
    scale = max(height, width) / 1000
    drift = rng.uniform(-0.5, 0.5)
    result = linear
    for number, (count, radius, opacity) in enumerate(_SNOW_LAYERS):
        flakes = np.zeros((height, width), np.float32)
        size = radius * scale
        for _ in range(max(3, round(count * strength * height * width / 1e6))):
            center = (int(rng.uniform(0, width) * 16), int(rng.uniform(0, height) * 16))
            own = max(0.5, size * float(rng.lognormal(0.0, 0.3)))
            axes = (int(own * 16), int(own * rng.uniform(1.0, 1.35) * 16))
            cv2.ellipse(
                flakes, center, axes, float(np.degrees(drift) / 2), 0, 360, float(rng.uniform(0.35, 1.0)), -1,
                cv2.LINE_8, 4,
            )  # fmt: skip
        soft = cv2.GaussianBlur(flakes, (0, 0), max(0.5, (0.45 if number < 3 else 0.4) * size))
        if number == 0:
            soft *= 1.0 - 0.85 * behind_subject
        result = result + np.clip(opacity * soft, 0.0, 0.92)[..., None] * (color - result)
    return np.asarray(np.maximum(result, 0.0), dtype=np.float32)
