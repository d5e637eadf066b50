"""How well each pixel fits a color word.

A color word covers far more than one coordinate: a red mug runs from pink highlights to near-black shadow. So the hue decides
for the chromatic words, within the lightness and chroma at which people still use the word; lightness decides for white, gray
and black.

References
----------
B. Berlin, P. Kay, "Basic color terms: their universality and evolution", 1969 (the eleven words that the table starts from).
B. Ottosson, "A perceptual color space for image processing", 2020 (Oklab).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np

from retouch.editor.instructions.plan import ColorValue
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import oklab_to_oklch, srgb8_to_oklab

__all__ = ["color_likelihood", "hue_distance"]


@dataclass(frozen=True, slots=True)
class _Range:
    """Where a word holds. Hue in degrees of Oklch; lightness and chroma as in Oklab."""

    hue: float = 0.0
    hue_reach: float = 180.0
    lightness: tuple[float, float] = (0.0, 1.0)
    chroma: tuple[float, float] = (0.0, 0.5)


_RANGES: Final[Mapping[str, _Range]] = MappingProxyType(
    {
        "red": _Range(24, 15, chroma=(0.095, 0.5)),
        "orange": _Range(52, 24, lightness=(0.45, 1.0), chroma=(0.08, 0.5)),
        "yellow": _Range(98, 20, lightness=(0.5, 1.0), chroma=(0.055, 0.5)),
        "green": _Range(140, 36, chroma=(0.035, 0.5)),
        "teal": _Range(195, 25, chroma=(0.03, 0.5)),
        "turquoise": _Range(192, 26, lightness=(0.45, 1.0), chroma=(0.03, 0.5)),
        "cyan": _Range(205, 25, chroma=(0.03, 0.5)),
        "blue": _Range(245, 42, chroma=(0.035, 0.5)),
        "navy": _Range(265, 35, lightness=(0.0, 0.42), chroma=(0.015, 0.5)),
        "purple": _Range(310, 26, chroma=(0.03, 0.5)),
        "violet": _Range(300, 26, chroma=(0.03, 0.5)),
        "magenta": _Range(330, 24, chroma=(0.07, 0.5)),
        "pink": _Range(358, 33, lightness=(0.55, 1.0), chroma=(0.03, 0.5)),
        "brown": _Range(58, 30, lightness=(0.1, 0.62), chroma=(0.025, 0.16)),
        "gold": _Range(85, 22, lightness=(0.4, 1.0), chroma=(0.05, 0.5)),
        "beige": _Range(80, 30, lightness=(0.65, 1.0), chroma=(0.012, 0.09)),
        "white": _Range(lightness=(0.8, 1.0), chroma=(0.0, 0.045)),
        "gray": _Range(lightness=(0.3, 0.85), chroma=(0.0, 0.035)),
        "silver": _Range(lightness=(0.45, 0.95), chroma=(0.0, 0.035)),
        "black": _Range(lightness=(0.0, 0.3), chroma=(0.0, 0.06)),
    }
)
_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {"grey": "gray", "golden": "gold", "aqua": "cyan", "lilac": "purple"}
)

_SOFT_LIGHTNESS: Final = 0.08
_SOFT_CHROMA: Final = 0.02
_UNNAMED_HUE_REACH: Final = 20.0
_LOOSE_REACH: Final = 20.0
"""Degrees that a word reaches further on a thing that was named with it: a ladybug is red to people, and orange by its hue."""
_UNNAMED_LIGHTNESS_REACH: Final = 0.22
_ACHROMATIC_BELOW: Final = 0.03


def color_likelihood(pixels: Pixels, color: ColorValue, *, loosely: bool = False) -> Mask:
    """Tell how well each pixel fits a color word.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    color : ColorValue
        A basic word is matched as people use it ("red" from crimson to dark red); any other name by its own hue and
        lightness, so that "navy blue" does not take the sky.
    loosely : bool
        Whether neighboring hues fit as well, for where something else says what is meant.

    Returns
    -------
    (H, W) float32 [0, 1]

    Notes
    -----
    A bilateral filter first evens out noise and compression, in sRGB; the match itself is in Oklch. O(pixels).
    """
    smooth = cv2.bilateralFilter(pixels, 7, 30, 5)
    lch = oklab_to_oklch(srgb8_to_oklab(smooth))
    wanted = _range_of(color)
    fit = _inside(lch[..., 0], wanted.lightness, _SOFT_LIGHTNESS) * _inside(lch[..., 1], wanted.chroma, _SOFT_CHROMA)
    if wanted.hue_reach < 180:
        reach = wanted.hue_reach + (_LOOSE_REACH if loosely else 0.0)
        fit = fit * np.exp(-((hue_distance(lch[..., 2], wanted.hue) / reach) ** 4))
    return np.asarray(fit, dtype=np.float32)


def hue_distance(hue: FloatImage, other: float) -> FloatImage:
    """Return the angle between hues, in degrees, 0 to 180."""
    return np.asarray(np.abs((hue - other + 180.0) % 360.0 - 180.0), dtype=np.float32)


def _range_of(color: ColorValue) -> _Range:
    name = color.name.lower()
    name = _ALIASES.get(name, name)
    if name in _RANGES:
        return _RANGES[name]
    lightness, chroma, hue = oklab_to_oklch(srgb8_to_oklab(np.array(color.rgb, np.uint8)[None]))[0].tolist()
    around = (lightness - _UNNAMED_LIGHTNESS_REACH, lightness + _UNNAMED_LIGHTNESS_REACH)
    if chroma < _ACHROMATIC_BELOW:
        return _Range(lightness=around, chroma=(0.0, 0.045))
    return _Range(hue, _UNNAMED_HUE_REACH, lightness=around, chroma=(0.35 * chroma, 0.5))


def _inside(values: FloatImage, limits: tuple[float, float], softness: float) -> FloatImage:
    """Return 1 within the limits, falling to 0 over ``softness`` outside them."""
    low, high = limits
    rise = np.clip((values - (low - softness)) / softness, 0.0, 1.0)
    fall = np.clip(((high + softness) - values) / softness, 0.0, 1.0)
    return np.asarray(rise * fall, dtype=np.float32)
