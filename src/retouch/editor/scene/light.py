"""The light of a scene: where it comes from, how hard and of what color it is."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.scene.graph_cut import working_size
from retouch.editor.scene.values import Light
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import luminance, srgb_to_linear
from retouch.images.filters import resize_float

__all__ = ["estimate_light"]

_LONG_SIDE_PX: Final = 320
_MINKOWSKI_NORM: Final = 6
_TRUST_IN_COLOR: Final = 0.5
"""Half-way to gray: a picture that is mostly sea must not pass for blue light."""


def estimate_light(pixels: Pixels, matte: Mask) -> Light:
    """Estimate the light of a scene.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]
        Of the main subject; all 0 if there is none, and the direction is then 0.

    Returns
    -------
    Light

    Notes
    -----
    Direction: the subject is taken for a rounded body, whose normal leans outwards with the gradient of its blurred matte; the
    correlation of luminance with that lean tells the side. Hardness: how deep the dark tenth of the scene lies below its middle.
    Color: shades of gray with Minkowski norm 6 over unclipped pixels, drawn half-way to gray.

    References
    ----------
    G. Finlayson, E. Trezzi, "Shades of gray and colour constancy", Color Imaging Conference, 2004.
    P. Nillius, J.-O. Eklundh, "Automatic estimation of the projected light source direction", CVPR 2001.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1], _LONG_SIDE_PX)
    linear = srgb_to_linear(cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA))
    small_matte = resize_float(matte, size_hw)
    bright = luminance(linear)
    direction, confidence = _direction_x(bright, small_matte)
    return Light(direction, _hardness(bright), _color(linear), confidence)


def _direction_x(bright: FloatImage, matte: Mask) -> tuple[float, float]:
    """Return -1 (light from the left) to 1 (from the right), and how sure that is."""
    inside = matte > 0.8
    if int(inside.sum()) < 200:
        return 0.0, 0.0
    width = np.flatnonzero(inside.any(axis=0))
    sigma = max(2.0, 0.12 * float(width[-1] - width[0]))
    rounded = cv2.GaussianBlur(matte, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    lean = -cv2.Sobel(rounded, cv2.CV_32F, 1, 0, ksize=3)[inside]
    # Log luminance: what counts is the ratio of lit to shaded, not how pale the material is.
    tone = np.log(cv2.GaussianBlur(bright, (0, 0), 2.0)[inside] + 0.01)
    lean, tone = lean - lean.mean(), tone - tone.mean()
    norm = float(np.sqrt((lean**2).sum() * (tone**2).sum()))
    correlation = float((lean * tone).sum() / norm) if norm > 0 else 0.0
    return float(np.clip(2.0 * correlation, -1.0, 1.0)), float(min(1.0, 2.0 * abs(correlation)))


def _hardness(bright: FloatImage) -> float:
    """Return 0 (overcast) to 1 (direct sun): stops between the middle tone and the dark tenth, 1 to 4 mapped to 0 to 1."""
    dark, middle = np.percentile(bright, [8, 55])
    stops = float(np.log2((middle + 0.01) / (dark + 0.01)))
    return float(np.clip((stops - 1.0) / 3.0, 0.0, 1.0))


def _color(linear: FloatImage) -> FloatImage:
    """Return the illuminant's linear RGB, mean 1."""
    usable = linear.max(axis=2) < 0.95
    samples = linear[usable] if int(usable.sum()) >= 100 else linear.reshape(-1, 3)
    strength = (samples.astype(np.float64) ** _MINKOWSKI_NORM).mean(axis=0) ** (1 / _MINKOWSKI_NORM)
    relative = strength / max(float(strength.mean()), 1e-6) if float(strength.mean()) > 0 else np.ones(3)
    return np.asarray(1.0 + _TRUST_IN_COLOR * (relative - 1.0), dtype=np.float32)
