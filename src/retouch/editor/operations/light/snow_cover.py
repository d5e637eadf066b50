"""Snow that lies: on the ground, on roofs and branches, on what faces up."""

from typing import Final

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import luminance
from retouch.images.filters import resize_float
from retouch.images.masks import smoothstep

__all__ = ["lay_snow"]

_SNOW_LINEAR: Final = np.array([0.80, 0.85, 0.93], np.float32)
"""Reflectance of fresh snow in soft light, with the sky's blue in it."""


def lay_snow(
    land: FloatImage, ground: Mask, spared: Mask, strength: float, light: float, texture: FloatImage
) -> FloatImage:
    """Cover what faces up with snow.

    Parameters
    ----------
    land : (H, W, 3) float32, linear light
    ground : (H, W) float32 [0, 1]
        Takes more snow.
    spared : (H, W) float32 [0, 1]
        Sky, water, people, animals: no snow lies there.
    strength : float
        1 is a good fall of snow.
    light : float
        Luminance of white in this scene.
    texture : (H, W) float32
        Noise, standard deviation 1: where the cover is thin.

    Returns
    -------
    (H, W, 3) float32, linear light

    Notes
    -----
    Daylight comes from above, so what faces up is brighter than its surroundings, and brighter than what is right below it; both
    are measured on log luminance at three sizes. The snow keeps the shading of what it lies on, compressed, so forms
    stay readable.
    """
    tone = np.log2(luminance(land) + 0.01)
    long_side = max(ground.shape)
    height, width = ground.shape
    small = cv2.resize(tone, (max(2, width // 8), max(2, height // 8)), interpolation=cv2.INTER_AREA)
    coarse = resize_float(cv2.GaussianBlur(small, (0, 0), max(small.shape) / 28), (height, width))
    middle = cv2.GaussianBlur(tone, (0, 0), long_side / 160)
    step = max(2, round(0.008 * long_side))
    below = np.roll(middle, -step, axis=0)
    below[-step:] = middle[-step:]
    facing_up = 0.75 * (middle - coarse) + 0.9 * (middle - below) + 0.45 * (tone - middle)
    lying = 1.0 * smoothstep(0.2, 0.9, cv2.GaussianBlur(ground, (0, 0), long_side / 200))
    score = facing_up + lying + 0.12 * texture + 0.35 * (strength - 1.0)
    amount = 0.95 * smoothstep(-0.1, 1.2, score) * min(1.0, 0.55 + 0.45 * strength) * (1.0 - spared)
    shading = np.exp2(np.clip(0.42 * (tone - coarse), -1.3, 0.4))
    snow = (light * shading)[..., None] * _SNOW_LINEAR
    return np.asarray(land + amount[..., None] * (snow - land), dtype=np.float32)
