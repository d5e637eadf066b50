"""The land in another light: exposure, color of lit and shaded surfaces, contrast; lamps that go on shining at night."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.operations.light.moods import Mood
from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import LUMINANCE_WEIGHTS, channel_max, luminance
from retouch.images.filters import resize_float
from retouch.images.masks import smoothstep

__all__ = ["bloom", "existing_lights", "relight_land", "soft_shoulder"]

_KNEE: Final = 0.82


def relight_land(
    land: FloatImage, mood: Mood, *, median: float, strength: float, sun_side: FloatImage | None
) -> FloatImage:
    """Light a landscape as a mood has it.

    Parameters
    ----------
    land : (H, W, 3) float32, linear light
        May be premultiplied by its share of the pixel.
    mood : Mood
    median : float
        The land's present median luminance: what the exposure is taken from.
    strength : float
        0 leaves the land as it is, 1 is the mood, above 1 goes further.
    sun_side : (1, W) float32 [0, 1] or None
        How much each column faces the sun.

    Returns
    -------
    (H, W, 3) float32, linear light

    Notes
    -----
    ``out = gain * tone(Y) / Y * mix(Y, I) * tint``: the tone curve is a power around the median, the tint runs from the mood's
    shade to its light with the luminance, so that shadows cool while lit surfaces warm. O(H W).
    """
    low, high = mood.gain_limits
    gain = float(np.clip(mood.land_tone / max(median, 1e-4), low, high)) ** min(strength, 1.5)
    contrast = 1.0 + (mood.contrast - 1.0) * strength
    saturation = max(0.0, 1.0 + (mood.saturation - 1.0) * strength)
    level = luminance(land)
    pivot = max(median, 0.02)
    relative = level / np.float32(pivot)
    ratio = gain * np.power(np.maximum(relative, 1e-3), np.float32(contrast - 1.0))
    lit = relative / (1.0 + relative)
    if sun_side is not None:
        lit = np.clip(lit * (0.75 + 0.5 * sun_side), 0.0, 1.0)
    lit = smoothstep(0.15, 0.85, lit)
    light, shade = (1.0 + strength * (np.array(c, np.float32) - 1.0) for c in (mood.light, mood.shade))
    light, shade = (np.maximum(c, 0.15) / float(np.maximum(c, 0.15) @ LUMINANCE_WEIGHTS) for c in (light, shade))
    result = np.empty_like(land)
    for channel in range(3):
        mixed = level + np.float32(saturation) * (land[..., channel] - level)
        tint = shade[channel] + lit * (light[channel] - shade[channel])
        result[..., channel] = np.maximum(mixed, 0.0) * ratio * tint
    return result


def soft_shoulder(linear: FloatImage) -> FloatImage:
    """Roll off what passes 0.82 so that it nears 1 instead of clipping; below, nothing changes."""
    over = np.maximum(linear - _KNEE, 0.0)
    room = 1.0 - _KNEE
    return np.asarray(np.minimum(linear, _KNEE) + room * over / (room + over), dtype=np.float32)


def existing_lights(linear: FloatImage, sky: Mask, median: float) -> Mask:
    """Find lamps and lit windows: much brighter than what is around them, in a picture that is dark already.

    Returns
    -------
    (H, W) float32 [0, 1]
        All 0 in daylight, where a bright spot is a reflection.
    """
    dark_scene = 1.0 - float(smoothstep(0.05, 0.13, np.array(median, np.float32)))
    if dark_scene <= 0:
        return np.zeros(sky.shape, np.float32)
    level = channel_max(linear)
    height, width = level.shape
    small = cv2.resize(level, (max(2, width // 8), max(2, height // 8)), interpolation=cv2.INTER_AREA)
    around = resize_float(cv2.GaussianBlur(small, (0, 0), max(height, width) / 8 / 14), (height, width))
    peak = smoothstep(2.0, 5.0, level / (around + 0.02)) * smoothstep(0.22, 0.6, level)
    return np.asarray(dark_scene * peak * (1.0 - sky), dtype=np.float32)


def bloom(light: FloatImage, amount: float) -> FloatImage:
    """Return the veil of light that a lens spreads around bright things: (H, W, 3), to be added."""
    height, width = light.shape[:2]
    small = cv2.resize(light, (max(2, width // 4), max(2, height // 4)), interpolation=cv2.INTER_AREA)
    long_side = max(small.shape[:2])
    veil = 0.6 * cv2.GaussianBlur(small, (0, 0), long_side / 120) + 0.4 * cv2.GaussianBlur(
        small, (0, 0), long_side / 24
    )
    return np.asarray(amount * cv2.resize(veil, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
