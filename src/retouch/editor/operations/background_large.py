"""A new background for a picture of many megapixels: worked out on a reduced copy, laid behind the subject strip by strip."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import channel_mean, to_float
from retouch.images.filters import enlarge_rows, resize_float
from retouch.images.masks import estimate_layers

__all__ = ["MAX_WHOLE_PIXELS", "Scenery", "grain_of_bands", "replace_in_strips"]

MAX_WHOLE_PIXELS = 4_000_000
"""A larger picture is worked on in strips: whole, it would take 150 bytes a pixel."""
_WORKED_PIXELS = 1_500_000
_STRIP_PIXELS = 1_000_000
_BANDS = 5
_BAND_ROWS = 128

Scenery = Callable[[slice, FloatImage], FloatImage]
"""Takes some rows, and the present layer behind the subject in them, (rows, W, 3) float32 sRGB; returns the new layer."""


def replace_in_strips(
    pixels: Pixels, alpha: Mask, make_scenery: Callable[[FloatImage, Mask], Scenery] | None
) -> Pixels:
    """Lay the subject over another background.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB
    alpha : (H, W) float32 [0, 1]
        The subject's matte.
    make_scenery : callable or None
        Given the layer behind the subject (h, w, 3) and the matte (h, w) of the reduced copy, returns the new layer's rows. None
        cuts the subject out.

    Returns
    -------
    (H, W, 3) uint8, or (H, W, 4) where the subject is cut out
        Pixels where the matte is 1 are bit-identical.

    Notes
    -----
    The two layers of the soft edge are estimated on a copy of ``_WORKED_PIXELS`` and enlarged; by as much as a pixel belongs
    to one of them it keeps its own colour, so detail stays. O(H W), about 0.1 s and 0.01 GB a megapixel.
    """
    height, width = alpha.shape
    scale = float(np.sqrt(_WORKED_PIXELS / alpha.size))
    small_hw = (max(1, round(height * scale)), max(1, round(width * scale)))
    colors = np.ascontiguousarray(pixels[..., :3])
    small = cv2.resize(colors, small_hw[::-1], interpolation=cv2.INTER_AREA)
    small_alpha = np.clip(resize_float(alpha, small_hw), 0.0, 1.0)
    front, behind = estimate_layers(to_float(small), small_alpha)
    scenery = None if make_scenery is None else make_scenery(behind, small_alpha)
    result = np.empty((height, width, 4 if scenery is None else 3), np.uint8)
    for rows in _strips(height, width):
        image, weight = to_float(colors[rows]), alpha[rows]
        share = cv2.merge([weight, weight, weight])
        subject = image
        if pixels.shape[2] == 3:
            subject = enlarge_rows(front, rows, height, width)
            subject += share * (image - subject)
        if scenery is None:
            result[rows][..., 3] = np.rint(weight * 255.0)
            mixed = subject
        else:
            mixed = enlarge_rows(behind, rows, height, width)
            mixed = scenery(rows, image + share * (mixed - image))
            mixed = mixed + share * (subject - mixed)
        solid = (weight >= 1.0)[..., None]
        result[rows][..., :3] = np.where(solid, colors[rows], np.rint(np.clip(mixed, 0.0, 1.0) * 255.0))
    return result


def grain_of_bands(pixels: Pixels, alpha: Mask) -> FloatImage:
    """Return samples of the background's finest detail, as ``_restore_grain`` measures it, from some bands of rows."""
    samples = []
    for top in np.linspace(0, max(0, alpha.shape[0] - _BAND_ROWS), _BANDS).astype(int):
        band = slice(int(top), int(top) + _BAND_ROWS)
        gray = channel_mean(to_float(pixels[band, :, :3]))
        samples.append(np.abs(gray - cv2.GaussianBlur(gray, (0, 0), 1.0))[alpha[band] < 0.1])
    return np.concatenate(samples)


def _strips(height: int, width: int) -> Iterator[slice]:
    """Yield slices of rows that hold about ``_STRIP_PIXELS`` each."""
    rows = max(64, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))
