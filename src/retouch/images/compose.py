"""Layers with alpha: resize, soften, and lay one over another, in premultiplied linear light.

References
----------
T. Porter, T. Duff, "Compositing digital images", SIGGRAPH 1984.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask, PixelsRGBA
from retouch.images.color import linear_to_srgb, srgb_to_linear

__all__ = [
    "Layer",
    "Window",
    "bleed_colors",
    "blur_layer",
    "flip_layer",
    "layer_from_rgba",
    "overlap",
    "resize_layer",
    "rotate_layer",
]

_SOLID = 0.9


@dataclass(frozen=True, slots=True)
class Layer:
    """A cut-out as floats.

    Attributes
    ----------
    linear : (h, w, 3) float32, linear light, straight
        Colors also stand where ``alpha`` is 0, so that no filter brings in a fringe.
    alpha : (h, w) float32 [0, 1]
    """

    linear: FloatImage
    alpha: Mask


@dataclass(frozen=True, slots=True)
class Window:
    """Where a layer meets a picture: slices of both, of equal size."""

    rows: slice
    cols: slice
    layer_rows: slice
    layer_cols: slice


def overlap(picture_hw: tuple[int, int], layer_hw: tuple[int, int], top: int, left: int) -> Window | None:
    """Return where a layer placed at (top, left) meets the picture, or None when it misses it.

    >>> overlap((10, 10), (4, 4), 8, -1).layer_cols
    slice(1, 4, None)
    """
    row0, row1 = max(0, top), min(picture_hw[0], top + layer_hw[0])
    col0, col1 = max(0, left), min(picture_hw[1], left + layer_hw[1])
    if row0 >= row1 or col0 >= col1:
        return None
    return Window(slice(row0, row1), slice(col0, col1), slice(row0 - top, row1 - top), slice(col0 - left, col1 - left))


def layer_from_rgba(rgba: PixelsRGBA) -> Layer:
    """Decode a cut-out to linear light and continue its solid colors under the soft rim.

    Parameters
    ----------
    rgba : (h, w, 4) uint8, sRGB, straight alpha

    Notes
    -----
    A cut-out's rim carries some of the background that it was cut from; taking the rim's color from the solid part next to it
    removes that fringe.
    """
    alpha = (rgba[..., 3].astype(np.float32) / 255.0).astype(np.float32)
    return Layer(bleed_colors(srgb_to_linear(rgba[..., :3]), alpha), alpha)


def bleed_colors(linear: FloatImage, alpha: Mask) -> FloatImage:
    """Replace colors where ``alpha`` is not solid by those of the solid part nearby.

    Parameters
    ----------
    linear : (h, w, 3) float32, linear light, straight
    alpha : (h, w) float32 [0, 1]

    Returns
    -------
    (h, w, 3) float32
        Bit-identical where alpha is at least 0.9, and everywhere when nothing is solid.

    Notes
    -----
    Normalized convolution with growing Gaussians, alpha-weighted. O(pixels).
    """
    weight = np.where(alpha >= _SOLID, 1.0, 0.0).astype(np.float32)
    if not weight.any():
        return linear
    result = linear.astype(np.float32).copy()
    for sigma in (1.0, 2.5, 6.0, 16.0, 60.0):
        known = weight > 0
        if known.all():
            break
        cover = cv2.GaussianBlur(weight, (0, 0), sigma)
        spread = cv2.GaussianBlur(result * weight[..., None], (0, 0), sigma)
        reached = ~known & (cover > 1e-3)
        result[reached] = spread[reached] / cover[reached, None]
        weight[reached] = 1.0
    return result


def resize_layer(layer: Layer, size_hw: tuple[int, int]) -> Layer:
    """Resize a layer: area averages going down, cubic going up, alpha premultiplied.

    Parameters
    ----------
    layer : Layer
    size_hw : tuple of two int
    """
    if layer.alpha.shape == size_hw:
        return layer
    shrinks = size_hw[0] < layer.alpha.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    size_wh = (size_hw[1], size_hw[0])
    alpha = np.clip(cv2.resize(layer.alpha, size_wh, interpolation=how), 0, 1)
    premultiplied = cv2.resize(layer.linear * layer.alpha[..., None], size_wh, interpolation=how)
    plain = cv2.resize(layer.linear, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    straight = np.where(alpha[..., None] > 0.02, premultiplied / np.maximum(alpha[..., None], 0.02), plain)
    return Layer(np.maximum(straight, 0).astype(np.float32), alpha.astype(np.float32))


def flip_layer(layer: Layer) -> Layer:
    """Mirror a layer left to right."""
    return Layer(np.ascontiguousarray(layer.linear[:, ::-1]), np.ascontiguousarray(layer.alpha[:, ::-1]))


def rotate_layer(layer: Layer, degrees: float) -> tuple[Layer, float, float]:
    """Turn a layer clockwise about the middle of its lower edge, in a box that holds all of it.

    Parameters
    ----------
    layer : Layer
    degrees : float
        Clockwise.

    Returns
    -------
    Layer
    float, float
        Column and row, in the new layer, of the middle of the old lower edge.
    """
    h, w = layer.alpha.shape
    if degrees == 0:
        return layer, w / 2, float(h)
    turn = cv2.getRotationMatrix2D((w / 2, float(h)), -degrees, 1.0)
    corners = turn @ np.array([[0, w, 0, w], [0, 0, h, h], [1, 1, 1, 1]], np.float64)
    low, high = np.floor(corners.min(axis=1)), np.ceil(corners.max(axis=1))
    turn[:, 2] -= low
    size_wh = (int(high[0] - low[0]), int(high[1] - low[1]))
    alpha = np.clip(cv2.warpAffine(layer.alpha, turn, size_wh, flags=cv2.INTER_LINEAR), 0, 1)
    linear = cv2.warpAffine(layer.linear, turn, size_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Layer(linear, alpha), float(w / 2 - low[0]), float(h - low[1])


def pad_layer(layer: Layer, margin: int) -> Layer:
    """Add a transparent margin on all sides, the rim's colors continued in it."""
    linear = cv2.copyMakeBorder(layer.linear, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    alpha = cv2.copyMakeBorder(layer.alpha, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    return Layer(linear, alpha)


def blur_layer(layer: Layer, sigma: float) -> Layer:
    """Blur colors and alpha together; 0 leaves the layer as it is. Give it a margin of 3 sigma first."""
    if sigma <= 0.15:
        return layer
    alpha = np.clip(cv2.GaussianBlur(layer.alpha, (0, 0), sigma), 0, 1)
    premultiplied = cv2.GaussianBlur(layer.linear * layer.alpha[..., None], (0, 0), sigma)
    straight = np.where(alpha[..., None] > 0.01, premultiplied / np.maximum(alpha[..., None], 0.01), layer.linear)
    return Layer(straight.astype(np.float32), alpha.astype(np.float32))


def sharpen_layer(layer: Layer, sigma: float, amount: float) -> Layer:
    """Unsharp-mask the colors in a perceptual scale; 0 leaves the layer as it is."""
    if amount <= 0:
        return layer
    encoded = linear_to_srgb(layer.linear)
    sharper = encoded + amount * (encoded - cv2.GaussianBlur(encoded, (0, 0), sigma))
    return Layer(srgb_to_linear(np.clip(sharper, 0, 1).astype(np.float32)), layer.alpha)
