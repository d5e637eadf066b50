"""Clouds: a fractal layer on a plane overhead, lit from the sun through its own depth."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.operations.light.moods import Mood, linear_rgb
from retouch.editor.operations.light.noise import fractal_texture, sample_wrapped
from retouch.images.array_types import FloatImage
from retouch.images.masks import smoothstep

__all__ = ["draw_clouds"]

_TEXTURE_PX: Final = 512
_TEXELS_PER_HEIGHT: Final = 210.0
"""Scale of the cloud plane: texels to one cloud height of ground distance."""
_MIN_ELEVATION: Final = 2.2
_CLOSED: Final = 0.95
"""Cover from which on the clouds leave no gap."""
_LIGHT_STEPS: Final = (1.2, 2.8, 5.5)
"""Distances towards the sun, in degrees, at which the depth of cloud is sampled."""

Angles = tuple[FloatImage, FloatImage, float, float]


def draw_clouds(
    sky: FloatImage, angles: Angles, mood: Mood, rng: np.random.Generator, *, horizon_color: FloatImage
) -> FloatImage:
    """Lay clouds over a clear sky.

    Parameters
    ----------
    sky : (H, W, 3) float32, linear light
    angles : (elevation (H, 1), azimuth (1, W), the sun's azimuth, pixels per degree)
        In degrees.
    mood : Mood
        Its cover, colors and sun.
    rng : numpy.random.Generator
    horizon_color : (3,) float32, linear light
        What far clouds fade into.

    Returns
    -------
    (H, W, 3) float32, linear light

    Notes
    -----
    Density is domain-warped noise above a threshold that covers the wished share of the sky. What a spot gets of the sun's
    light falls with the density between it and the sun (Beer-Lambert, three samples on the screen), and thin edges near the sun
    shine through (forward scattering). O(H W).
    """
    elevation, azimuth, sun_azimuth, px_per_degree = angles
    closed = mood.cover >= _CLOSED
    density = _density(elevation, azimuth, mood.cover, rng)
    towards_col, towards_row = _towards_sun(elevation, azimuth, sun_azimuth, mood.sun_elevation)
    depth = _depth_to_sun(density, towards_col, towards_row, px_per_degree)
    lit = np.exp(-1.15 * depth)
    distance = np.hypot(azimuth - sun_azimuth, elevation - mood.sun_elevation)
    near_sun = np.exp(-distance / 14.0)
    rim = 4.0 * density * (1.0 - density) * near_sun * (1.2 if mood.glow_strength > 0 else 0.0)
    thickness = 0.35 + 0.65 * (1.0 - smoothstep(0.35, 1.0, density))
    lightness = 1.25 - 1.15 * density if closed else lit * (0.25 + thickness)
    amount = np.clip(lightness, 0.0, 1.0)[..., None]
    bright, dark = linear_rgb(mood.cloud_lit)[0], linear_rgb(mood.cloud_shade)[0]
    color = dark + amount * (bright - dark) + 0.7 * rim[..., None] * bright
    far = (1.0 - smoothstep(0.0, 14.0, elevation))[..., None] * 0.6
    color = color + far * (horizon_color - color)
    opacity = smoothstep(0.02, 0.7, density) * smoothstep(1.5, 7.0, elevation)
    opacity = opacity * (0.97 if closed else 0.92)
    return np.asarray(sky + opacity[..., None] * (color - sky), dtype=np.float32)


def _density(elevation: FloatImage, azimuth: FloatImage, cover: float, rng: np.random.Generator) -> FloatImage:
    """Return how dense the clouds are, 0 to 1: (H, W)."""
    lifted = np.radians(np.maximum(elevation, 0.0) + _MIN_ELEVATION)
    away = (1.0 / np.tan(lifted)).astype(np.float32)
    shape = (elevation.shape[0], azimuth.shape[1])
    rows = np.broadcast_to(away * _TEXELS_PER_HEIGHT, shape) + np.float32(rng.uniform(0, _TEXTURE_PX))
    cols = np.tan(np.radians(azimuth)) * away * _TEXELS_PER_HEIGHT + np.float32(rng.uniform(0, 512))
    coarse, fine = (fractal_texture(_TEXTURE_PX, rng, slope=slope) for slope in (2.05, 1.45))
    warp_cols = sample_wrapped(coarse, 0.7 * rows, 0.7 * cols) * 16.0
    warp_rows = sample_wrapped(coarse, 0.9 * cols + 200, 0.9 * rows) * 10.0
    base = sample_wrapped(coarse, cols + warp_cols, rows + warp_rows)
    detail = sample_wrapped(fine, 2.3 * cols + warp_cols, 2.3 * rows + warp_rows)
    billows = 1.0 - np.abs(sample_wrapped(coarse, 3.1 * cols, 3.1 * rows + 77))
    field = base + 0.24 * detail + 0.2 * billows
    if cover >= _CLOSED:
        return np.clip(0.62 + 0.2 * field, 0.12, 1.0).astype(np.float32)
    open_sky = elevation[:, 0] > 0.5
    sample = field[open_sky] if open_sky.any() else field
    threshold = float(np.quantile(sample[::3, ::3], 1.0 - cover))
    return np.clip((field - threshold) / 1.3, 0.0, 1.0).astype(np.float32)


def _towards_sun(
    elevation: FloatImage, azimuth: FloatImage, sun_azimuth: float, sun_elevation: float
) -> tuple[FloatImage, FloatImage]:
    """Return the unit vectors on the screen, (H, W) columns and rows, towards the sun."""
    across = (sun_azimuth - azimuth) + 0.0 * elevation
    down = (elevation - sun_elevation) + 0.0 * azimuth
    length = np.maximum(np.hypot(across, down), 1.0)
    return (across / length).astype(np.float32), (down / length).astype(np.float32)


def _depth_to_sun(density: FloatImage, cols: FloatImage, rows: FloatImage, px_per_degree: float) -> FloatImage:
    """Return the density summed on the way to the sun, about 0 to 3."""
    height, width = density.shape
    at_row, at_col = np.mgrid[:height, :width].astype(np.float32)
    soft = cv2.GaussianBlur(density, (0, 0), 0.25 * px_per_degree)
    total = 0.35 * density
    for step in _LIGHT_STEPS:
        reach = np.float32(step * px_per_degree)
        total += cv2.remap(
            soft, at_col + reach * cols, at_row + reach * rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return total
