"""One line of lettering seen straight on: what is ink, what is behind it, and how sharp and grainy both are.

References
----------
N. Otsu, "A threshold selection method from gray-level histograms", IEEE SMC 9(1), 1979.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import to_float

__all__ = ["PADDING", "Patch", "grow_quad", "look_at"]

Region = npt.NDArray[np.bool_]

PADDING = 0.14
"""Of the line's height: what is seen around it; little, since the surface may end there."""
_RIM = 0.1
"""Of the line's height: the detector leaves that much background around letters."""
_MIN_HEIGHT_PX, _MAX_HEIGHT_PX = 56, 160
_MAX_LENGTH_PX = 4000
_SMOOTH = 0.035
"""Background whose residual is below this (of 1, in sRGB) is filled smoothly, above it by synthesis."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A line of lettering, upright.

    Attributes
    ----------
    image : (h, w, 3) float32 [0, 1], sRGB
    behind : (h, w, 3) float32 [0, 1], sRGB
        The background alone, smooth.
    ink : (3,) float32 [0, 1], sRGB
        Color of the letters.
    alpha : (h, w) float32 [0, 1]
        How much of each pixel is ink.
    foreign : (h, w) float32, 0 or 1
        Everything that is not background: letters, outlines, shadows.
    texture : float
        Standard deviation of the background about ``behind``.
    to_picture : (3, 3) float64
        Homography from (column, row) here to the picture.
    height_px : float
        Of the line itself, here.
    scale : float
        Pixels here per pixel of the picture.
    """

    image: FloatImage
    behind: FloatImage
    ink: FloatImage
    alpha: Mask
    foreign: Mask
    texture: float
    to_picture: FloatImage
    height_px: float
    scale: float

    @property
    def is_smooth(self) -> bool:
        """Whether what is behind the letters is smooth enough to be continued without a pattern."""
        return self.texture < _SMOOTH


def grow_quad(quad: FloatImage, across_px: float, down_px: float) -> FloatImage:
    """Return a quadrilateral with its sides moved outwards along its own axes."""
    right = quad[1] - quad[0] + quad[2] - quad[3]
    down = quad[3] - quad[0] + quad[2] - quad[1]
    right = right / max(float(np.linalg.norm(right)), 1e-6) * across_px
    down = down / max(float(np.linalg.norm(down)), 1e-6) * down_px
    return np.stack([quad[0] - right - down, quad[1] + right - down, quad[2] + right + down, quad[3] - right + down])


def look_at(pixels: Pixels, quad: FloatImage) -> Patch | None:
    """Take a line of lettering apart.

    Parameters
    ----------
    pixels : (H, W, C) uint8, sRGB
    quad : (4, 2) float64
        Around the letters, as the detector found it.

    Returns
    -------
    Patch or None
        None where no ink stands out from what is behind it.

    Notes
    -----
    The background is a plane per channel, fitted robustly to the rim, then refined as the blurred average of all that is not
    foreign; or the median around each pixel, where that parts ink and background better (thin letters over a photo). Ink is
    told from it by Otsu's threshold on the distance between them.
    """
    width = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
    height = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
    if min(width, height) < 3.0:
        return None
    scale = float(np.clip(2.0 * height, _MIN_HEIGHT_PX, _MAX_HEIGHT_PX)) / height
    scale = min(scale, _MAX_LENGTH_PX / width)
    padding = PADDING * height
    around = grow_quad(quad, padding, padding)
    size_wh = (round((width + 2 * padding) * scale), round((height + 2 * padding) * scale))
    upright = np.array([[0, 0], [size_wh[0], 0], [size_wh[0], size_wh[1]], [0, size_wh[1]]], np.float32)
    to_picture = cv2.getPerspectiveTransform(upright, around.astype(np.float32))
    shown = to_float(np.ascontiguousarray(pixels[..., :3]))
    image = cv2.warpPerspective(
        shown, to_picture, size_wh, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    image = np.clip(image, 0.0, 1.0)
    inner = np.zeros(image.shape[:2], bool)
    rim = round(padding * scale)
    inner[rim : size_wh[1] - rim, rim : size_wh[0] - rim] = True
    return _split(image, inner, to_picture, height * scale, scale)


def _split(image: FloatImage, inner: Region, to_picture: FloatImage, height_px: float, scale: float) -> Patch | None:
    models = (_even_behind(image, inner, height_px), _median_behind(image, height_px))
    behind = max(models, key=lambda model: _separation(np.linalg.norm(image - model, axis=2), inner))
    distance = np.linalg.norm(image - behind, axis=2)
    threshold = _otsu(distance[inner])
    core = inner & (distance > threshold)
    if threshold < 0.04 or not 0.01 < core.sum() / max(int(inner.sum()), 1) < 0.85:
        return None
    deep = cv2.erode(core.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    solid = deep if deep.sum() > 30 else core
    strong = solid & (distance >= np.median(distance[solid]) * 0.8)
    ink = np.median(image[strong], axis=0)
    step = ink - behind
    alpha = np.clip(((image - behind) * step).sum(axis=2) / np.maximum((step * step).sum(axis=2), 1e-4), 0.0, 1.0)
    quiet = cv2.dilate((distance > 0.45 * threshold).astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    texture = float(np.sqrt(((image - behind) ** 2).mean(axis=2)[quiet].mean())) if quiet.any() else 0.0
    limit = max(0.3 * threshold, min(2.5 * texture, 0.6 * threshold))
    foreign = (distance > limit).astype(np.float32) * _near_letters(alpha > 0.5, inner, height_px)
    return Patch(
        image.astype(np.float32),
        behind,
        ink.astype(np.float32),
        alpha.astype(np.float32),
        foreign,
        texture,
        to_picture,
        height_px,
        scale,
    )


def _even_behind(image: FloatImage, inner: Region, height_px: float) -> FloatImage:
    """Return the background of letters on an even surface: a plane, refined where no ink is. Right for fat letters too."""
    core = np.zeros_like(inner)
    edge = round((PADDING + _RIM) * height_px)
    core[edge:-edge, edge:-edge] = True
    behind = _plane(image, inner & ~core)
    for _ in range(2):
        distance = np.linalg.norm(image - behind, axis=2)
        foreign = cv2.dilate((distance > 0.45 * _otsu(distance[inner])).astype(np.uint8), np.ones((5, 5), np.uint8))
        behind = _smooth_behind(image, foreign > 0, 0.6 * height_px)
    return behind


def _median_behind(image: FloatImage, height_px: float) -> FloatImage:
    """Return the background of thin letters on anything: the median around each pixel."""
    side = round(0.75 * height_px) | 1
    median = cv2.medianBlur(np.rint(image * 255.0).astype(np.uint8), min(side, 255))
    return np.asarray(cv2.GaussianBlur(median.astype(np.float32) / 255.0, (0, 0), 0.08 * height_px), dtype=np.float32)


def _separation(distance: FloatImage, inner: Region) -> float:
    """Return how well ink parts from the background: Otsu's criterion, 0 to 1, times the share of the line that has ink."""
    values = distance[inner]
    ink = values > _otsu(values)
    if not ink.any() or ink.all():
        return 0.0
    share = float(ink.mean())
    between = share * (1.0 - share) * float(values[ink].mean() - values[~ink].mean()) ** 2
    slices = np.array_split((distance > _otsu(values)) & inner, 12, axis=1)
    covered = float(np.mean([part.sum() > 0.01 * part.size for part in slices]))
    return between / max(float(values.var()), 1e-9) * covered


def _near_letters(solid: Region, inner: Region, height_px: float) -> Mask:
    """Return what lies near the connected parts of ink that the line holds: frames and neighbors run out of it."""
    count, labels, stats, centers = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    height, width = solid.shape
    held = np.zeros(count, bool)
    for i in range(1, count):
        left, top, wide, tall, area = stats[i]
        column, row = (int(value) for value in centers[i])
        leaves = top == 0 or left == 0 or top + tall == height or left + wide == width
        held[i] = bool(inner[row, column]) and area > 4 and not leaves
    if held[labels].sum() < 0.3 * solid.sum():
        held[1:] = True
    radius = max(2, round(0.09 * height_px))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(held[labels].astype(np.uint8), disc), dtype=np.float32)


def _plane(image: FloatImage, where: Region) -> FloatImage:
    """Fit a plane to each channel where a mask is set, without the pixels that are far from it (other letters)."""
    rows, columns = np.nonzero(where)
    step = max(1, rows.size // 4000)
    rows, columns = rows[::step], columns[::step]
    terms = np.stack([np.ones_like(rows), rows / image.shape[0] - 0.5, columns / image.shape[1] - 0.5], axis=1).astype(
        np.float64
    )
    values = image[rows, columns].astype(np.float64)
    middle = np.median(values, axis=0)
    good = np.linalg.norm(values - middle, axis=1) <= max(
        0.12, 2.0 * float(np.median(np.linalg.norm(values - middle, axis=1)))
    )
    for _ in range(3):
        solution = np.linalg.lstsq(terms[good], values[good], rcond=None)[0]
        error = np.linalg.norm(terms @ solution - values, axis=1)
        good = error <= max(0.03, 2.5 * float(np.median(error)))
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    plane = (
        solution[0]
        + (y[..., None] / image.shape[0] - 0.5) * solution[1]
        + (x[..., None] / image.shape[1] - 0.5) * solution[2]
    )
    return np.asarray(plane, dtype=np.float32)


def _smooth_behind(image: FloatImage, foreign: Region, sigma: float) -> FloatImage:
    """Return the background, blurred, where letters are left out."""
    weight = (~foreign).astype(np.float32)
    plane = (
        _plane(image, ~foreign)
        if (~foreign).sum() > 50
        else np.broadcast_to(np.median(image, axis=(0, 1)), image.shape)
    )
    cover = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    spread = cv2.GaussianBlur((image - plane) * weight[..., None], (0, 0), sigma)
    return np.asarray(plane + spread / (cover + 0.02), dtype=np.float32)


def _otsu(values: FloatImage) -> float:
    """Return Otsu's threshold of values in [0, 2]."""
    levels = np.clip(values * 160.0, 0, 255).astype(np.uint8).reshape(1, -1)
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return float(threshold) / 160.0
