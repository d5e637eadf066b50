"""Color spaces: sRGB, linear light, Oklab and Oklch.

References
----------
B. Ottosson, "A perceptual color space for image processing", 2020 (Oklab).
IEC 61966-2-1:1999 (sRGB transfer function).
"""

from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Pixels

__all__ = [
    "LUMINANCE_WEIGHTS",
    "channel_max",
    "channel_mean",
    "channel_min",
    "linear_to_oklab",
    "linear_to_srgb",
    "luminance",
    "max_chroma",
    "oklab_to_linear",
    "oklab_to_linear_in_gamut",
    "oklab_to_oklch",
    "oklab_to_srgb8",
    "oklch_to_oklab",
    "srgb8_to_oklab",
    "srgb_to_linear",
    "to_float",
    "to_uint8",
    "transform_colors",
]

LUMINANCE_WEIGHTS: Final = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
"""Rec. 709 weights of linear red, green and blue."""

_LINEAR_TO_LMS: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
_LMS_TO_OKLAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)
_OKLAB_TO_LMS: Final = np.linalg.inv(_LMS_TO_OKLAB.astype(np.float64)).astype(np.float32)
_LMS_TO_LINEAR: Final = np.linalg.inv(_LINEAR_TO_LMS.astype(np.float64)).astype(np.float32)

_FEW_VALUES: Final = 4096


def to_float(pixels: Pixels) -> FloatImage:
    """Return uint8 [0, 255] as float32 [0, 1], same color space."""
    return pixels.astype(np.float32) / np.float32(255.0)


def to_uint8(image: FloatImage) -> Pixels:
    """Return float [0, 1] as uint8, rounded to nearest; values outside are clipped."""
    return (np.clip(image, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


_SRGB8_TO_LINEAR: Final = np.where(
    np.arange(256) / 255.0 <= 0.04045, np.arange(256) / 255.0 / 12.92, ((np.arange(256) / 255.0 + 0.055) / 1.055) ** 2.4
).astype(np.float32)


def srgb_to_linear(image: Pixels | FloatImage) -> FloatImage:
    """Decode sRGB to linear light.

    Parameters
    ----------
    image : (..., C) uint8 [0, 255] or float [0, 1], sRGB
        uint8 goes through a table of 256 entries.

    Returns
    -------
    (..., C) float32 [0, 1], linear light
    """
    if image.dtype == np.uint8:
        return _SRGB8_TO_LINEAR[image]
    low = image / 12.92
    high = ((np.maximum(image, 0.0) + 0.055) / 1.055) ** 2.4
    return np.where(image <= 0.04045, low, high).astype(np.float32)


def linear_to_srgb(image: FloatImage) -> FloatImage:
    """Encode linear light [0, 1] as sRGB float32 [0, 1]; values outside are clipped first."""
    clipped = np.clip(image, 0.0, 1.0).astype(np.float32)
    return np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** (1 / 2.4) - 0.055).astype(np.float32)


def channel_max(image: FloatImage) -> FloatImage:
    """Return the largest of the three channels of an (..., 3) image; ``image.max(axis=-1)`` takes six times as long."""
    return np.asarray(np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2]))


def channel_min(image: FloatImage) -> FloatImage:
    """Return the smallest of the three channels of an (..., 3) image."""
    return np.asarray(np.minimum(np.minimum(image[..., 0], image[..., 1]), image[..., 2]))


def channel_mean(image: FloatImage) -> FloatImage:
    """Return the mean of the three channels of an (..., 3) float32 image."""
    return transform_colors(image, np.full((1, 3), 1 / 3, np.float32))[..., 0]


def luminance(linear: FloatImage) -> FloatImage:
    """Return the (H, W) float32 relative luminance of an (H, W, 3) linear-light image."""
    return transform_colors(linear, LUMINANCE_WEIGHTS[None])[..., 0]


def linear_to_oklab(linear: FloatImage) -> FloatImage:
    """Convert linear light to Oklab.

    Parameters
    ----------
    linear : (..., 3) float32 [0, 1], linear light with sRGB primaries

    Returns
    -------
    (..., 3) float32
        L in [0, 1]; a and b about -0.4 to 0.4.
    """
    return transform_colors(np.cbrt(transform_colors(linear, _LINEAR_TO_LMS)), _LMS_TO_OKLAB)


def oklab_to_linear(lab: FloatImage) -> FloatImage:
    """Convert Oklab to linear light; the result may leave [0, 1] where the color is outside sRGB."""
    lms = transform_colors(lab, _OKLAB_TO_LMS)
    cubed = lms * lms
    cubed *= lms
    return transform_colors(cubed, _LMS_TO_LINEAR)


def transform_colors(image: FloatImage, matrix: FloatImage) -> FloatImage:
    """Multiply the colors of an image by a matrix.

    Parameters
    ----------
    image : (..., 3) float32
    matrix : (N, 3) float32

    Returns
    -------
    (..., N) float32

    Notes
    -----
    Not numpy's product of matrices: its threads wait for one another in a loop, which on a busy machine takes several times
    as long as the work.
    """
    if image.size < _FEW_VALUES:
        return np.asarray(image @ matrix.T, dtype=np.float32)
    flat = np.ascontiguousarray(image, dtype=np.float32).reshape(-1, 1, 3)
    return np.asarray(cv2.transform(flat, matrix), dtype=np.float32).reshape(*image.shape[:-1], len(matrix))


def srgb8_to_oklab(pixels: Pixels) -> FloatImage:
    """Convert (..., 3) uint8 sRGB to Oklab float32."""
    return linear_to_oklab(srgb_to_linear(pixels))


def oklab_to_linear_in_gamut(lab: FloatImage) -> FloatImage:
    """Convert (..., 3) Oklab to linear light inside sRGB, [0, 1].

    Notes
    -----
    A color outside sRGB is brought in by scaling its chroma, lightness and hue kept, so a saturated recolor doesn't turn
    its hue at the gamut's edge. The edge comes from ``max_chroma``; what its interpolation misses, below 0.01, is clipped.
    """
    lab = np.array(lab, np.float32)
    np.clip(lab[..., 0], 0.0, 1.0, out=lab[..., 0])
    linear = oklab_to_linear(lab)
    outside = (channel_min(linear) < -1e-4) | (channel_max(linear) > 1.0 + 1e-4)
    if outside.any():
        part = lab[outside]
        chroma = np.hypot(part[:, 1], part[:, 2])
        hue = np.degrees(np.arctan2(part[:, 2], part[:, 1]))
        share = np.minimum(1.0, max_chroma(part[:, 0], hue) / np.maximum(chroma, 1e-6))
        part[:, 1:] *= share[:, None]
        linear[outside] = oklab_to_linear(part)
    return np.clip(linear, 0.0, 1.0, out=linear)


def max_chroma(lightness: FloatImage, hue: FloatImage) -> FloatImage:
    """Return the largest Oklab chroma inside sRGB.

    Parameters
    ----------
    lightness : (N,) float32 [0, 1], Oklab L
    hue : (N,) float32
        In degrees, any turn.

    Returns
    -------
    (N,) float32, 0 at black and at white

    Notes
    -----
    Bilinear interpolation in a table of 129 lightnesses by 360 hues, made once by bisection. O(N).
    """
    table = _max_chroma_table()
    row = np.clip(lightness, 0.0, 1.0) * (table.shape[0] - 1)
    column = hue % 360.0
    top = np.minimum(row.astype(np.int32), table.shape[0] - 2)
    left = np.minimum(column.astype(np.int32), table.shape[1] - 2)
    down, right = row - top, column - left
    upper = table[top, left] * (1.0 - right) + table[top, left + 1] * right
    lower = table[top + 1, left] * (1.0 - right) + table[top + 1, left + 1] * right
    return np.asarray(upper * (1.0 - down) + lower * down, dtype=np.float32)


@lru_cache(maxsize=1)
def _max_chroma_table() -> FloatImage:
    """Return the (129, 361) table of ``max_chroma``; its last column repeats the first."""
    lightness, hue = np.meshgrid(np.linspace(0.0, 1.0, 129), np.radians(np.arange(361.0)), indexing="ij")
    low, high = np.zeros_like(lightness), np.full_like(lightness, 0.4)
    for _ in range(12):
        middle = (low + high) / 2
        linear = oklab_to_linear(np.stack([lightness, middle * np.cos(hue), middle * np.sin(hue)], axis=-1))
        fits = np.all((linear >= -1e-4) & (linear <= 1.0 + 1e-4), axis=-1)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    low[[0, -1]] = 0.0
    return np.asarray(low, dtype=np.float32)


def oklab_to_srgb8(lab: FloatImage) -> Pixels:
    """Convert (..., 3) Oklab to uint8 sRGB; a color outside sRGB loses chroma, never lightness or hue."""
    return to_uint8(linear_to_srgb(oklab_to_linear_in_gamut(lab)))


def oklab_to_oklch(lab: FloatImage) -> FloatImage:
    """Return L, chroma and hue (degrees, 0 to 360) of an (..., 3) Oklab image, as float32."""
    lch = np.empty(lab.shape, np.float32)
    lch[..., 0] = lab[..., 0]
    lch[..., 1] = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    lch[..., 2] = np.where(hue < 0.0, hue + 360.0, hue)
    return lch


def oklch_to_oklab(lch: FloatImage) -> FloatImage:
    """Return Oklab for L, chroma and hue (degrees)."""
    hue = np.radians(lch[..., 2])
    lab = np.empty(lch.shape, np.float32)
    lab[..., 0] = lch[..., 0]
    lab[..., 1] = lch[..., 1] * np.cos(hue)
    lab[..., 2] = lch[..., 1] * np.sin(hue)
    return lab
