"""What a picture looks like on a surface: bent onto it, in its light, with its folds and its gloss."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from retouch.editor.operations.print.kinds import SurfaceKind
from retouch.editor.operations.print.shape import PrintSurface
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import channel_min, linear_to_oklab, linear_to_srgb, luminance, srgb_to_linear, to_float
from retouch.images.masks import smoothstep

__all__ = ["Fit", "print_picture"]

_WHITE_OF_PRINT: Final = 0.86
"""Reflectance of the print's white: a good glaze or paper, not a lamp."""
_PLAIN: Final = 0.30
"""Spread of the log luminance of a panel from which on it shows a picture of its own, whose tones are no light."""
_SCREEN_OFF: Final = 0.06


class Fit(StrEnum):
    """How a picture of another ratio than the surface goes onto it."""

    CONTAIN = "contain"
    COVER = "cover"


def print_picture(
    pixels: Pixels, picture: Pixels, surface: PrintSurface, kind: SurfaceKind, fit: Fit = Fit.CONTAIN
) -> tuple[Pixels, Mask]:
    """Print a picture on a surface.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB
        Alpha is returned as it is.
    picture : (h, w, 3) or (h, w, 4) uint8, sRGB, straight alpha
        Keeps its ratio; ``Fit.COVER`` cuts what reaches over the surface.
    surface : PrintSurface
        In the coordinates of ``pixels``.
    kind : SurfaceKind
        A screen shines, cloth has folds, a glaze has gloss.
    fit : Fit

    Returns
    -------
    pixels : (H, W, C) uint8, sRGB
        Bit-identical where the coverage is 0.
    coverage : (H, W) float32 [0, 1]
        How much of each pixel the print covers, its edge antialiased.

    Notes
    -----
    In linear light, ``ink x light + gloss``. The light is a smooth polynomial of the surface's own luminance, fitted
    robustly, so folds and rounding shade the print and an old logo doesn't shine through; gloss is what outshines the polynomial
    in all channels. The picture is first area-averaged to the size at which it is printed, then bent with
    bicubic interpolation. O(H W) on the crop of the print.
    """
    if fit is Fit.COVER:
        picture = _cut_to_ratio(picture, surface.max_across / surface.max_along)
        width, height = surface.max_across, surface.max_along
    else:
        width, height = _print_size(picture.shape[1] / picture.shape[0], surface)
    base = srgb_to_linear(pixels[surface.box][..., :3])
    ink, opacity = _warp(picture, surface, width, height)
    alpha = _coverage(surface, width, height) * opacity
    if kind is SurfaceKind.SCREEN:
        printed = _shine(ink, base, surface, pixels)
    else:
        light, gloss = _light_and_gloss(base, surface, kind)
        printed = _roll_off(ink * (_WHITE_OF_PRINT * _white(pixels, surface)) * light[..., None] + gloss[..., None])
    shown = np.rint(linear_to_srgb(base + alpha[..., None] * (printed - base)) * 255.0).astype(np.uint8)
    result = pixels.copy()
    result[surface.box][..., :3] = np.where((alpha > 0)[..., None], shown, pixels[surface.box][..., :3])
    coverage = np.zeros(pixels.shape[:2], np.float32)
    coverage[surface.box] = alpha
    return result, coverage


def _cut_to_ratio(picture: Pixels, ratio: float) -> Pixels:
    """Return the middle of a picture with this width over height."""
    height, width = picture.shape[:2]
    wide, tall = min(width, max(1, round(height * ratio))), min(height, max(1, round(width / ratio)))
    top, left = (height - tall) // 2, (width - wide) // 2
    return picture[top : top + tall, left : left + wide]


def _white(pixels: Pixels, surface: PrintSurface) -> float:
    """Return the luminance of white in the light of the surface: half by the whole picture, half by what is around it."""
    rows, columns = surface.box
    tall, wide = (rows.stop - rows.start) // 2, (columns.stop - columns.start) // 2
    near = pixels[max(0, rows.start - tall) : rows.stop + tall, max(0, columns.start - wide) : columns.stop + wide]
    thinned = (np.ascontiguousarray(each[::4, ::4, :3]) for each in (pixels, near))
    levels = [float(np.percentile(luminance(srgb_to_linear(each)), 98)) for each in thinned]
    return float(np.clip(np.sqrt(max(levels[0], 0.05) * max(levels[1], 0.05)), 0.3, 1.0))


def _shine(ink: FloatImage, base: FloatImage, surface: PrintSurface, pixels: Pixels) -> FloatImage:
    """Return a screen that shows the picture: its own light, plus what a screen that was off reflects."""
    level = float(np.clip(np.percentile(luminance(srgb_to_linear(pixels[::4, ::4, :3])), 99), 0.55, 0.95))
    seen = surface.visible > 0.5
    bright = luminance(base)
    off = seen.any() and float(np.median(bright[seen])) < _SCREEN_OFF
    reflected = base if off else np.zeros_like(base)
    return _roll_off(ink * level + reflected)


def _print_size(aspect: float, surface: PrintSurface) -> tuple[float, float]:
    """Return width and height of the print on the surface: as large as fits, the ratio kept."""
    height = min(surface.max_along, surface.max_across / aspect)
    return height * aspect, height


def _coverage(surface: PrintSurface, width: float, height: float) -> Mask:
    """Return how much of each pixel a print of this size covers, (H, W) float32 [0, 1]."""
    to_side = (width / 2 - np.abs(surface.across)) * surface.facing
    to_end = height / 2 - np.abs(surface.along)
    inside = np.clip(np.minimum(to_side, to_end) + 0.5, 0.0, 1.0)
    return np.asarray(inside * surface.visible, dtype=np.float32)


def _warp(picture: Pixels, surface: PrintSurface, width: float, height: float) -> tuple[FloatImage, FloatImage]:
    """Return the picture bent onto the surface, linear light (H, W, 3), and its opacity (H, W)."""
    linear = srgb_to_linear(picture[..., :3])
    opacity = to_float(picture[..., 3]) if picture.shape[2] == 4 else np.ones(picture.shape[:2], np.float32)
    layers = np.dstack([linear * opacity[..., None], opacity]).astype(np.float32)
    size_wh = (max(2, min(picture.shape[1], round(width))), max(2, min(picture.shape[0], round(height))))
    layers = cv2.resize(layers, size_wh, interpolation=cv2.INTER_AREA)
    column = (surface.across / width + 0.5) * size_wh[0] - 0.5
    row = (surface.along / height + 0.5) * size_wh[1] - 0.5
    bent = cv2.remap(
        layers, column.astype(np.float32), row.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    opaque = np.clip(bent[..., 3], 0.0, 1.0)
    ink = np.clip(bent[..., :3] / np.maximum(opaque, 1e-3)[..., None], 0.0, 1.0)
    return ink, opaque


def _light_and_gloss(base: FloatImage, surface: PrintSurface, kind: SurfaceKind) -> tuple[FloatImage, FloatImage]:
    """Return the light on the surface, median 1, and what it reflects as a mirror, both (H, W) float32."""
    level = np.log(np.maximum(luminance(base), 1e-3))
    smooth = _fit_smooth(level, surface)
    seen = surface.visible > 0.5
    relief = level - smooth
    light = np.exp(smooth - np.median(smooth[seen]))
    nothing = np.zeros_like(level)
    if kind is SurfaceKind.ROUND:
        whitest = channel_min(base)
        body = np.exp(_fit_smooth(np.log(np.maximum(whitest, 1e-3)), surface))
        gloss = np.clip(whitest - 1.15 * body, 0.0, 1.0) * 0.8
        return np.clip(light, 0.25, 1.6), cv2.GaussianBlur(gloss, (0, 0), 1.0)
    if kind is not SurfaceKind.CLOTH and float(np.std(relief[seen])) > _PLAIN:
        # What it shows now is a picture: only a faint slope of it can be light.
        return np.clip(np.sqrt(light), 0.85, 1.12), nothing
    return np.clip(light * np.exp(_folds(base, relief, surface)), 0.3, 1.5), nothing


def _folds(base: FloatImage, relief: FloatImage, surface: PrintSurface) -> FloatImage:
    """Return the log light of folds in cloth, without the patches, buttons and prints that the new print covers."""
    lab = linear_to_oklab(base)
    seen = surface.visible > 0.5
    cloth = np.median(lab[seen], axis=0)
    other = np.hypot(lab[..., 1] - cloth[1], lab[..., 2] - cloth[2])
    limit = 2.5 * float(np.median(np.abs(relief[seen]))) + 0.05
    weight = (1.0 - smoothstep(0.03, 0.06, other)) * (1.0 - smoothstep(limit, 2.0 * limit, np.abs(relief)))
    weight = weight * surface.visible + 1e-4
    sigma = 0.012 * float(np.sqrt(relief.size))
    relief = cv2.GaussianBlur(relief * weight, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)
    return np.asarray(np.clip(relief, -0.7, 0.4), dtype=np.float32)


def _fit_smooth(values: FloatImage, surface: PrintSurface) -> FloatImage:
    """Fit a polynomial of the surface's coordinates, quartic across and quadratic along, that ignores outliers."""
    x = np.clip(surface.across / surface.max_across, -1.0, 1.0)
    y = np.clip(surface.along / surface.max_along, -1.0, 1.0)
    chosen = np.flatnonzero(surface.visible > 0.5)
    chosen = chosen[:: max(1, chosen.size // 8_000)]
    matrix = np.stack(list(_terms(x.reshape(-1)[chosen], y.reshape(-1)[chosen])), axis=-1).astype(np.float64)
    known = values.reshape(-1)[chosen].astype(np.float64)
    ridge = 1e-6 * max(1, chosen.size) * np.eye(matrix.shape[1])
    weight = np.ones_like(known)
    for _ in range(4):
        weighted = (matrix * weight[:, None]).T
        solution = np.linalg.solve(weighted @ matrix + ridge, weighted @ known)
        residual = np.abs(matrix @ solution - known)
        weight = 1.0 / np.maximum(1.0, residual / max(1e-3, 1.5 * float(np.median(residual))))
    smooth = np.zeros_like(values)
    for coefficient, term in zip(solution, _terms(x, y), strict=True):
        smooth += np.float32(coefficient) * term
    return smooth


def _terms(x: FloatImage, y: FloatImage) -> Iterator[FloatImage]:
    """Yield the products ``x ** i * y ** j`` with i up to 4, j up to 2 and i + j up to 4."""
    power = np.ones_like(x)
    for degree in range(5):
        yield power
        if degree <= 3:
            yield power * y
        if degree <= 2:
            yield power * y * y
        power = power * x


def _roll_off(linear: FloatImage) -> FloatImage:
    """Bend what is brighter than 0.85 towards 1, which it never reaches."""
    over = np.maximum(linear - 0.85, 0.0)
    return np.where(linear > 0.85, 0.85 + 0.15 * -np.expm1(-over / 0.15), linear)
