"""From a mask's file to a mask: white is where an edit may be, black is where it may not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from retouch.errors import ImageError, InvalidValueError
from retouch.images.array_types import Mask, PixelsRGBA
from retouch.images.codec import DecodeLimits, decode_rgba
from retouch.images.geometry import Fit, fit_mask

__all__ = ["mask_from_array", "read_mask", "resize_mask"]

_RULE = "a gray picture, white where the edit may be and black elsewhere"
_MAX_COLOR_DIFFERENCE = 24
"""Levels of 255 that the channels of a gray JPEG may differ by."""
_LEAST = 8 / 255
"""What is darker counts as black: a JPEG rings around every edge."""


def read_mask(
    data: bytes,
    limits: DecodeLimits | None = None,
    *,
    decode: Callable[[bytes, DecodeLimits], PixelsRGBA] = decode_rgba,
) -> Mask:
    """Decode a mask.

    Parameters
    ----------
    data : bytes
        A file in any format that pictures are taken in; best a PNG. Transparency is laid on black, so white strokes on nothing
        work.
    limits : DecodeLimits, optional
        Caps on bytes and pixels.
    decode : callable, optional
        Decodes the file, as ``decode_rgba`` does: a server has strangers' files decoded elsewhere.

    Returns
    -------
    (H, W) float32 [0, 1]
        1 = may change. Upright. Below 8/255 it is 0.

    Raises
    ------
    InvalidValueError
        Of the field ``mask``: the file is no picture, too large, or in color (a photo with a hole in it is not a mask).
    """
    try:
        pixels = decode(data, limits or DecodeLimits())
    except ImageError as exc:
        raise InvalidValueError("mask", f"{_RULE}, as a PNG for example ({exc.message})", "another file") from exc
    return _from_rgba(pixels)


def mask_from_array(values: "npt.NDArray[Any]") -> Mask:
    """Return a mask that was given as an array.

    Parameters
    ----------
    values : (H, W) bool, (H, W) float in [0, 1], or (H, W), (H, W, 3) or (H, W, 4) uint8

    Returns
    -------
    (H, W) float32 [0, 1]

    Raises
    ------
    InvalidValueError
        Of the field ``mask``: another shape, type or range, or in color.
    """
    if values.ndim == 2 and values.size and values.dtype == np.bool_:
        return values.astype(np.float32)
    if values.ndim == 2 and values.size and np.issubdtype(values.dtype, np.floating):
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise InvalidValueError("mask", "numbers from 0 (keep) to 1 (may change)", "numbers beyond that")
        return _without_traces(values.astype(np.float32))
    if values.ndim == 2 and values.size and values.dtype == np.uint8:
        return _without_traces(values.astype(np.float32) / np.float32(255))
    if values.ndim == 3 and values.size and values.dtype == np.uint8 and values.shape[2] in (3, 4):
        opaque = np.full((*values.shape[:2], 1), 255, np.uint8)
        return _from_rgba(np.concatenate([values, opaque], axis=2) if values.shape[2] == 3 else values)
    rule = "an (H, W) array of bool, of numbers from 0 to 1, or of uint8, or a gray (H, W, 3) or (H, W, 4) one"
    raise InvalidValueError("mask", rule, f"{values.shape} {values.dtype}")


def resize_mask(mask: Mask, size_wh: tuple[int, int]) -> Mask:
    """Resize a whole mask with a bilinear filter; returns (height, width) float32 [0, 1]."""
    height, width = mask.shape
    return fit_mask(mask, Fit((0.0, 0.0, float(width), float(height)), size_wh))


def _from_rgba(pixels: PixelsRGBA) -> Mask:
    colors, alpha = pixels[..., :3], pixels[..., 3]
    shown = colors[alpha > 0].astype(np.int16)
    if shown.size and int((shown.max(axis=1) - shown.min(axis=1)).max()) > _MAX_COLOR_DIFFERENCE:
        raise InvalidValueError("mask", _RULE, "a picture in color")
    gray = colors.astype(np.float32).mean(axis=2)
    return _without_traces(gray * (alpha.astype(np.float32) / np.float32(255 * 255)))


def _without_traces(mask: Mask) -> Mask:
    return np.where(mask < _LEAST, np.float32(0), np.minimum(mask, np.float32(1))).astype(np.float32)
