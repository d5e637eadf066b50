"""Autumn: green leaves and grass turn."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.operations.light.noise import fractal_texture
from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import linear_to_oklab, oklab_to_linear_in_gamut
from retouch.images.masks import smoothstep

__all__ = ["find_green", "turn_leaves"]

_LEAF_HUES: Final = (32.0, 88.0)
"""Oklab hues of turned leaves, from red to yellow, in degrees."""


def find_green(lab: FloatImage) -> Mask:
    """Return how surely each pixel is green leaf or grass: (H, W) float32 [0, 1], from (H, W, 3) Oklab."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360.0
    in_hue = smoothstep(96.0, 110.0, hue) * smoothstep(168.0, 148.0, hue)
    return np.asarray(in_hue * smoothstep(0.018, 0.05, chroma), dtype=np.float32)


def turn_leaves(
    linear: FloatImage, allowed: Mask, strength: float, rng: np.random.Generator
) -> tuple[FloatImage, float]:
    """Turn green to red, orange and yellow, by patches as trees turn.

    Parameters
    ----------
    linear : (H, W, 3) float32, linear light
    allowed : (H, W) float32 [0, 1]
        Where leaves may be.
    strength : float
    rng : numpy.random.Generator

    Returns
    -------
    (H, W, 3) float32, linear light
    float
        Share of the picture that is green.
    """
    lab = linear_to_oklab(np.clip(linear, 0.0, 1.0))
    height, width = allowed.shape
    green = find_green(lab) * allowed
    soft = np.maximum(green, 0.7 * cv2.GaussianBlur(green, (0, 0), max(1.0, max(height, width) / 600)) * (green > 0.02))
    noise = sum(
        weight
        * cv2.resize(
            fractal_texture(256, rng, slope=1.6)[:height, :width], (width, height), interpolation=cv2.INTER_CUBIC
        )
        for weight in (0.7, 0.5)
    )
    low, high = _LEAF_HUES
    target = np.radians(np.clip(64.0 + 17.0 * np.asarray(noise), low, high))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    amount = np.clip(soft * min(1.0, 0.35 + 0.65 * strength), 0.0, 1.0)
    turned_chroma = np.minimum(1.35 * chroma + 0.02 * smoothstep(0.2, 0.5, lab[..., 0]), 0.19)
    turned = np.stack([lab[..., 0] * 1.04, turned_chroma * np.cos(target), turned_chroma * np.sin(target)], axis=-1)
    mixed = lab + amount[..., None] * (turned - lab)
    changed = oklab_to_linear_in_gamut(mixed.astype(np.float32))
    return linear + (amount[..., None] > 0) * (changed - linear), float(green.mean())
