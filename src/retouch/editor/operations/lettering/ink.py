"""The color of new letters, and what makes them stand out."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from retouch.editor.instructions.plan import ColorValue, LetteringStyle
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import luminance, srgb_to_linear

__all__ = ["Ink", "choose_ink", "contrast_ratio", "paint"]

_WHITE = ColorValue("white", (255, 255, 255))
_BLACK = ColorValue("black", (18, 18, 20))
_ENOUGH_CONTRAST: Final = 4.5
"""Of WCAG 2 for small text."""
_SHADOW_OPACITY = 0.62


@dataclass(frozen=True, slots=True)
class Ink:
    """How letters are colored.

    Attributes
    ----------
    color : ColorValue
    outline : ColorValue or None
    outline_px : float
    shadow : ColorValue or None
        A soft glow of this color behind the letters.
    opacity : float
    """

    color: ColorValue
    outline: ColorValue | None
    outline_px: float
    shadow: ColorValue | None
    opacity: float


def contrast_ratio(a: float | FloatImage, b: float | FloatImage) -> FloatImage:
    """Return the contrast of two luminances, 1 to 21 (WCAG 2.2).

    >>> float(contrast_ratio(1.0, 0.0))
    21.0
    """
    return np.asarray((np.maximum(a, b) + 0.05) / (np.minimum(a, b) + 0.05))


def choose_ink(style: LetteringStyle, behind: Pixels, coverage: Mask, size_px: float) -> Ink:
    """Choose the color where the prompt names none, and a shadow where letters would not stand out.

    Parameters
    ----------
    style : LetteringStyle
    behind : (h, w, C) uint8, sRGB
        The picture behind the letters.
    coverage : (h, w) float32 [0, 1]
    size_px : float
        Of the font.

    Returns
    -------
    Ink
        The shadow is dark behind light letters and light behind dark ones.
    """
    light = luminance(srgb_to_linear(np.ascontiguousarray(behind[..., :3])))
    near = light[cv2.dilate((coverage > 0.1).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0]
    near = near if near.size else light.ravel()
    color = style.color
    if color is None:
        whiter = np.percentile(contrast_ratio(_luminance(_WHITE), near), 15) * 1.35
        color = _WHITE if whiter >= np.percentile(contrast_ratio(_luminance(_BLACK), near), 15) else _BLACK
    own = _luminance(color)
    legible = float(np.percentile(contrast_ratio(own, near), 10)) >= _ENOUGH_CONTRAST
    wanted = style.shadow if style.shadow is not None else (not legible and style.outline is None)
    shadow = (_BLACK if own > 0.18 else _WHITE) if wanted else None
    return Ink(color, style.outline, max(1.0, 0.055 * size_px), shadow, style.opacity)


def _luminance(color: ColorValue) -> float:
    return float(luminance(srgb_to_linear(np.array([[color.rgb]], np.uint8)))[0, 0])


def paint(pixels: Pixels, coverage: Mask, ink: Ink, top: int, left: int, size_px: float) -> tuple[Pixels, Mask]:
    """Paint letters on a picture.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB, straight alpha
    coverage : (h, w) float32 [0, 1]
        Of the letters; may reach beyond the picture.
    ink : Ink
    top, left : int
        Where its corner goes.
    size_px : float
        Of the font: outline and shadow scale with it.

    Returns
    -------
    pixels : (H, W, C) uint8, sRGB
        Bit-identical where nothing is painted. Letters on a transparent picture are solid.
    mask : (H, W) float32 [0, 1]
    """
    layers: list[tuple[ColorValue, Mask]] = []
    if ink.shadow is not None:
        spread = cv2.GaussianBlur(coverage, (0, 0), max(1.0, 0.09 * size_px)) * 1.5
        spread = np.maximum(spread, 0.9 * cv2.GaussianBlur(coverage, (0, 0), max(0.7, 0.03 * size_px)))
        layers.append((ink.shadow, np.asarray(np.clip(spread, 0.0, 1.0) * _SHADOW_OPACITY, np.float32)))
    if ink.outline is not None:
        layers.append((ink.outline, _outline(coverage, ink.outline_px)))
    layers.append((ink.color, coverage))
    result, touched = pixels.copy(), np.zeros(pixels.shape[:2], np.float32)
    rows = slice(max(0, top), min(pixels.shape[0], top + coverage.shape[0]))
    cols = slice(max(0, left), min(pixels.shape[1], left + coverage.shape[1]))
    window = slice(rows.start - top, rows.stop - top), slice(cols.start - left, cols.stop - left)
    shown = result[rows, cols, :3].astype(np.float32)
    alpha = np.zeros(shown.shape[:2], np.float32)
    for color, layer in layers:
        part = (layer[window] * np.float32(ink.opacity))[..., None]
        part = np.where(part < 1.0 / 255.0, np.float32(0.0), part)
        shown += part * (np.array(color.rgb, np.float32) - shown)
        alpha = np.maximum(alpha, part[..., 0])
    result[rows, cols, :3] = np.where(alpha[..., None] > 0, np.rint(shown), result[rows, cols, :3]).astype(np.uint8)
    if pixels.shape[2] == 4:
        result[rows, cols, 3] = np.maximum(result[rows, cols, 3], np.rint(alpha * 255.0).astype(np.uint8))
    touched[rows, cols] = alpha
    return result, touched


def _outline(coverage: Mask, radius_px: float) -> Mask:
    """Return letters grown by a radius, their edge soft over a pixel: a distance transform, O(h w)."""
    outside = cv2.distanceTransform((coverage < 0.5).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.clip(radius_px + 0.5 - outside, 0.0, 1.0), np.float32)
