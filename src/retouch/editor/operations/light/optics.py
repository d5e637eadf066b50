"""Light in the lens and in the air: flare and rays."""

from typing import Final

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import luminance
from retouch.images.filters import resize_float
from retouch.images.masks import smoothstep

__all__ = ["lens_flare", "light_source", "sun_rays"]

_GHOSTS: Final = (
    (0.42, 0.020, (0.5, 0.9, 0.6), 0.10), (0.62, 0.036, (0.9, 0.6, 0.35), 0.07), (1.18, 0.024, (0.4, 0.6, 1.0), 0.10),
    (1.42, 0.052, (0.5, 0.8, 0.9), 0.05), (1.75, 0.030, (1.0, 0.55, 0.4), 0.07), (2.1, 0.085, (0.45, 0.75, 0.6), 0.035),
)  # fmt: skip
"""Place on the line from the source (0) through the middle (1), radius and color of each reflection, and its strength."""
_RAY_STEPS: Final = 48


def light_source(linear: FloatImage, sky: Mask | None, direction_x: float) -> tuple[float, float]:
    """Return (row, col) of where the light comes from: the sun in the sky, else beyond an upper corner.

    Parameters
    ----------
    linear : (H, W, 3) float32, linear light
    sky : (H, W) float32 [0, 1] or None
    direction_x : float
        -1 from the left to 1 from the right: where no sun is seen.
    """
    height, width = linear.shape[:2]
    if sky is not None and float(sky.max()) > 0.5:
        small_hw = (max(2, height // 8), max(2, width // 8))
        level = resize_float(luminance(linear) * sky, small_hw)
        level = cv2.GaussianBlur(level, (0, 0), 1.5)
        row, col = np.unravel_index(int(level.argmax()), level.shape)
        typical = float(np.median(level[resize_float(sky, small_hw) > 0.5])) if (level > 0).any() else 1.0
        if float(level.max()) > max(0.75, 1.5 * typical):
            return (float(row) + 0.5) * 8, (float(col) + 0.5) * 8
    return 0.06 * height, width * (0.14 if direction_x < 0 else 0.86)


def lens_flare(size_hw: tuple[int, int], source: tuple[float, float], strength: float) -> FloatImage:
    """Return the light that a lens adds for a bright source: glow, star, and reflections through the middle.

    Returns
    -------
    (H, W, 3) float32, linear light, to be added
    """
    height, width = size_hw
    long_side = max(size_hw)
    rows, cols = np.mgrid[:height, :width].astype(np.float32)
    down, across = (rows - source[0]) / long_side, (cols - source[1]) / long_side
    distance = np.hypot(down, across)
    angle = np.arctan2(down, across)
    spikes = np.abs(np.cos(3.0 * angle + 0.4)) ** 60 * np.exp(-distance / 0.05)
    core = np.exp(-((distance / 0.016) ** 2)) * 1.6 + 0.42 * np.exp(-distance / 0.045) + 0.14 * np.exp(-distance / 0.2)
    warm = np.array([1.0, 0.86, 0.66], np.float32)
    light = core[..., None] * warm + 0.55 * spikes[..., None]
    ring = np.exp(-(((distance - 0.17) / 0.012) ** 2)) * 0.035
    light = light + ring[..., None] * np.array([1.0, 0.7, 0.5], np.float32)
    middle = (height / 2, width / 2)
    for place, radius, color, amount in _GHOSTS:
        at_row, at_col = (s + place * (m - s) for s, m in zip(source, middle, strict=True))
        away = np.hypot(rows - at_row, cols - at_col) / (radius * long_side)
        disc = smoothstep(1.05, 0.9, away) * (0.45 + 0.55 * np.clip(away, 0.0, 1.0) ** 2)
        light = light + (amount * disc)[..., None] * np.array(color, np.float32)
    return np.asarray(strength * light, dtype=np.float32)


def sun_rays(
    linear: FloatImage, source: tuple[float, float], openings: Mask, strength: float, rng: np.random.Generator
) -> FloatImage:
    """Return shafts of light from a source: (H, W, 3) float32, linear light, to be added.

    Parameters
    ----------
    linear : (H, W, 3) float32, linear light
    source : (row, col)
    openings : (H, W) float32 [0, 1]
        What lets light through (sky between branches); where there is none, noise over the angle makes the shafts.
    strength : float
    rng : numpy.random.Generator

    Notes
    -----
    The picture's bright openings are averaged along the line to the source, with weights that fall off (light scattering as a
    post-process), times a fan of soft random shafts. Made at a quarter of the size: shafts have no fine detail.

    References
    ----------
    K. Mitchell, "Volumetric light scattering as a post-process", GPU Gems 3, 2007.
    """
    height, width = openings.shape
    small_hw = (max(4, height // 4), max(4, width // 4))
    bright = resize_float(openings * (0.35 + 0.65 * np.clip(luminance(linear) * 1.6, 0.0, 1.0)), small_hw)
    rows, cols = np.mgrid[: small_hw[0], : small_hw[1]].astype(np.float32)
    at_row, at_col = np.float32(source[0] / 4), np.float32(source[1] / 4)
    total = np.zeros(small_hw, np.float32)
    for step in range(_RAY_STEPS):
        share = np.float32(step / _RAY_STEPS)
        sampled = cv2.remap(
            bright, cols + share * (at_col - cols), rows + share * (at_row - rows), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        total += sampled / _RAY_STEPS
    down, across = rows - at_row, cols - at_col
    distance = np.hypot(down, across) / max(small_hw)
    fan = _fan(np.arctan2(down, across), rng)
    falloff = np.exp(-distance / 0.55) * (1.0 - np.exp(-distance / 0.04))
    shafts = cv2.GaussianBlur((0.25 + 0.75 * total) * fan * falloff, (0, 0), 1.2)
    light = strength * 0.85 * np.clip(shafts, 0.0, None)
    warm = np.array([1.0, 0.88, 0.66], np.float32)
    return np.asarray(resize_float(light, (height, width))[..., None] * warm, dtype=np.float32)


def _fan(angle: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Return soft shafts over the angle, 0 to 1."""
    count = 220
    rough = rng.random(count).astype(np.float32)
    smooth = cv2.GaussianBlur(np.concatenate([rough, rough, rough])[None], (0, 0), 1.7)[0][count : 2 * count]
    smooth = np.clip((smooth - np.quantile(smooth, 0.35)) / max(float(np.ptp(smooth)) * 0.5, 1e-6), 0.0, 1.0)
    position = (angle / (2 * np.pi) + 0.5) * count
    low = position.astype(np.int32) % count
    part = (position % 1.0).astype(np.float32)
    return np.asarray(smooth[low] * (1 - part) + smooth[(low + 1) % count] * part, dtype=np.float32)
