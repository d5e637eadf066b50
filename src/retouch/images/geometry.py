"""From an input picture to the answer's size: a center crop to the exact ratio, then one Lanczos resize."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from retouch import kontext
from retouch.images.array_types import Mask, Pixels
from retouch.types import AspectRatio

__all__ = ["Fit", "bound_pixels", "center_crop_box", "fill_size", "fit_mask", "fit_pixels", "plan_fit"]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture is brought to the answer's size.

    Attributes
    ----------
    box : tuple of four float
        (left, top, right, bottom) of the part that is kept, in input pixels; edges may be fractional.
    size_wh : tuple of two int
        Width and height of the answer.
    """

    box: tuple[float, float, float, float]
    size_wh: tuple[int, int]


def center_crop_box(width: int, height: int, ratio: float) -> tuple[float, float, float, float]:
    """Return the largest centerd (left, top, right, bottom) of ``width`` x ``height`` whose ratio is exactly ``ratio``.

    >>> center_crop_box(100, 100, 2.0)
    (0.0, 25.0, 100.0, 75.0)
    """
    if width / height > ratio:
        kept = height * ratio
        left = (width - kept) / 2
        return (left, 0.0, left + kept, float(height))
    kept = width / ratio
    top = (height - kept) / 2
    return (0.0, top, float(width), top + kept)


def plan_fit(width: int, height: int, *, aspect_ratio: AspectRatio | None, keep_size: bool) -> Fit:
    """Choose the answer's size for an input of ``width`` x ``height``.

    Parameters
    ----------
    width, height : int
        Of the input, in pixels.
    aspect_ratio : str or None
        A preset; None takes the preferred size whose ratio is nearest to the input's.
    keep_size : bool
        True keeps the input's own size and crops nothing.
    """
    if keep_size:
        return Fit(box=(0.0, 0.0, float(width), float(height)), size_wh=(width, height))
    size_wh = kontext.snap_size_wh(width, height) if aspect_ratio is None else kontext.preset_size_wh(aspect_ratio)
    return fill_size(width, height, size_wh)


def fill_size(width: int, height: int, size_wh: tuple[int, int]) -> Fit:
    """Return the center crop of a ``width`` x ``height`` picture that fills ``size_wh`` exactly."""
    return Fit(box=center_crop_box(width, height, size_wh[0] / size_wh[1]), size_wh=size_wh)


def fit_pixels(pixels: Pixels, fit: Fit) -> Pixels:
    """Crop and resize a picture as planned.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB
    fit : Fit

    Returns
    -------
    (h, w, C) uint8, sRGB
        Bit-identical to ``pixels`` where the plan neither crops nor resizes.

    Notes
    -----
    One pass of Pillow's Lanczos (a = 3) over the fractional box, in gamma-encoded sRGB as diffusers' image processor and the
    hosted endpoint do it: a linear-light resize would differ from both at every edge.
    """
    height, width = pixels.shape[:2]
    if fit.size_wh == (width, height) and fit.box == (0.0, 0.0, float(width), float(height)):
        return pixels
    resized = Image.fromarray(pixels).resize(fit.size_wh, Image.Resampling.LANCZOS, box=fit.box)
    return np.asarray(resized)


def bound_pixels(pixels: Pixels, max_side_px: int) -> Pixels:
    """Shrink a picture so that its longer side is at most ``max_side_px``; a smaller one is returned as it is."""
    height, width = pixels.shape[:2]
    scale = max_side_px / max(height, width)
    if scale >= 1.0:
        return pixels
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    return fit_pixels(pixels, Fit(box=(0.0, 0.0, float(width), float(height)), size_wh=size_wh))


def fit_mask(mask: Mask, fit: Fit) -> Mask:
    """Crop and resize a mask as planned, with a bilinear filter, which can't overshoot [0, 1]."""
    picture = Image.fromarray(np.asarray(mask, dtype=np.float32))
    return np.asarray(picture.resize(fit.size_wh, Image.Resampling.BILINEAR, box=fit.box), dtype=np.float32)
