"""Estimate how an edited picture lies on the input's grid, although part of it really changed.

The estimate always runs from the input's pixels to the edit's, so the edit can be brought onto the input's grid by one
backward warp and the input is never resampled for it. Four steps:

1. Guess: the answer's own crop, a plain stretch and a letterbox of the whole input, each as it stands.
2. Search, only where no guess fits: a scan of zooms by phase correlation, and feature matches by RANSAC.
3. Refine: robust Gauss-Newton on locally normalized luminance at well-textured points, coarse to fine.
4. Simplify: the plainest model (identity, shift, scale and shift, affine) that explains the points as well.

The second step is ``search``, the third ``refine``; both cite their sources.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.geometry import Fit
from retouch.preserve.affine import Affine, identity, max_displacement, rescaled, warp_structure
from retouch.preserve.difference import is_exact_elsewhere
from retouch.preserve.refine import cost, refine, textured_points
from retouch.preserve.search import MAX_ZOOM, guess_maps, search_maps

__all__ = ["MAX_ZOOM", "Alignment", "AlignmentModel", "block_agreement", "estimate_alignment", "warp_onto"]

AlignmentModel = Literal["identity", "shift", "scale", "affine", "none"]

COARSE_SIDE: Final = 320
FINE_SIDE: Final = 1024
GOOD_AGREEMENT: Final = 0.6
MIN_AGREEMENT: Final = 0.12
MIN_IDENTITY_AGREEMENT: Final = 0.06
IDENTITY_TOLERANCE_PX: Final = 0.12


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the edited picture lies on the input's grid.

    Attributes
    ----------
    matrix : (2, 3) float64
        Maps a pixel center ``(x, y, 1)`` of the fitted input to ``(x, y)`` in the edited picture.
    model : {"identity", "shift", "scale", "affine", "none"}
        The plainest model that explains the picture; "none" where no alignment is possible.
    confidence : float
        0 to 1: how much of the input's texture is found again where the estimate says.
    """

    matrix: Affine
    model: AlignmentModel
    confidence: float

    @property
    def found(self) -> bool:
        """Whether the pictures could be brought together at all."""
        return self.model != "none"

    @property
    def is_identity(self) -> bool:
        """Whether the edit needs no warp."""
        return self.model == "identity"

    @property
    def zoom(self) -> float:
        """Magnification of the edit's content against the input's; 1 = none."""
        return math.sqrt(abs(float(np.linalg.det(self.matrix[:, :2]))))

    @property
    def rotation_degrees(self) -> float:
        """Rotation of the edit's content, counter-clockwise as seen."""
        return -math.degrees(math.atan2(self.matrix[1, 0] - self.matrix[0, 1], self.matrix[0, 0] + self.matrix[1, 1]))

    def shift_px(self, height: int, width: int) -> tuple[float, float]:
        """Return how far the content at the picture's center moved, as (x, y) in pixels."""
        center = np.array([(width - 1) / 2, (height - 1) / 2, 1.0])
        x, y = self.matrix @ center - center[:2]
        return float(x), float(y)


def estimate_alignment(
    base: Pixels, edited: Pixels, *, source_fit: Fit | None = None, exact: bool | None = None
) -> Alignment:
    """Estimate the affine map from the fitted input to the edited picture.

    Parameters
    ----------
    base : (H, W, 3) uint8, sRGB
        The input, fitted to the edit's size.
    edited : (H, W, 3) uint8, sRGB
        The edited picture; a part of it may have nothing to do with the input.
    source_fit : Fit, optional
        How ``base`` was cropped from the input; with it, a stretch and a letterbox of the whole input are tried too.
    exact : bool, optional
        ``difference.is_exact_elsewhere``, where the caller has asked already: then nothing moved.

    Returns
    -------
    Alignment
        ``model`` is "none" where the pictures have too little in common to say.

    Notes
    -----
    O(H W) for the pyramids; the refinement works on at most 14 000 points. A picture without texture can't be aligned by
    what it shows; it is taken as it lies, with confidence 0.
    """
    height, width = base.shape[:2]
    if is_exact_elsewhere(base, edited) if exact is None else exact:
        return Alignment(identity(), "identity", 1.0)
    pyramid = [
        (_structure(_shrunk(base, side)), _structure(_shrunk(edited, side))) for side in _pyramid_sides(height, width)
    ]
    coarse_base, coarse_edited = pyramid[0]
    if not _has_texture(coarse_base):
        return Alignment(identity(), "identity", 0.0)

    # 1. guess, 2. search
    scale = coarse_base.shape[1] / width
    guesses = [rescaled(guess, scale) for guess in guess_maps(source_fit, height, width)]
    scores = [
        block_agreement(coarse_base, warp_structure(coarse_edited, guess, coarse_base.shape)) for guess in guesses
    ]
    if max(scores) < GOOD_AGREEMENT:
        for guess in search_maps(
            coarse_base, coarse_edited, _shrunk(base, 2 * COARSE_SIDE), _shrunk(edited, 2 * COARSE_SIDE)
        ):
            guesses.append(guess)
            scores.append(block_agreement(coarse_base, warp_structure(coarse_edited, guess, coarse_base.shape)))

    # 3. refine the best two: a guess that is a little off scores low until it is refined
    best, best_score = identity(), -1.0
    for index in sorted(range(len(guesses)), key=lambda i: -scores[i])[:2]:
        refined = refine(coarse_base, coarse_edited, guesses[index], parameters=6)
        score = block_agreement(coarse_base, warp_structure(coarse_edited, refined, coarse_base.shape))
        candidates = ((guesses[index], scores[index]), (refined, score))
        for matrix, agreement in candidates:
            if agreement > best_score + 0.01:
                best, best_score = matrix, agreement
        if best_score > 0.9:
            break
    matrix = rescaled(best, 1 / scale)
    for level_base, level_edited in pyramid[1:]:
        level_scale = level_base.shape[1] / width
        matrix = rescaled(
            refine(level_base, level_edited, rescaled(matrix, level_scale), parameters=6), 1 / level_scale
        )

    # 4. simplify and judge
    fine_base, fine_edited = pyramid[-1]
    model, matrix = _simplest(fine_base, fine_edited, matrix, fine_base.shape[1] / width, height, width)
    confidence = block_agreement(coarse_base, warp_structure(coarse_edited, rescaled(matrix, scale), coarse_base.shape))
    needed = MIN_IDENTITY_AGREEMENT if max_displacement(matrix, height, width) < 4.0 else MIN_AGREEMENT
    if confidence < needed:
        return Alignment(identity(), "none", confidence)
    return Alignment(matrix, model, confidence)


def warp_onto(edited: Pixels, matrix: Affine, size_hw: tuple[int, int]) -> tuple[Pixels, Mask]:
    """Bring the edited picture onto the input's grid.

    Parameters
    ----------
    edited : (H, W, C) uint8
    matrix : (2, 3) float64
        From the input's pixel centers to the edit's.
    size_hw : tuple of two int
        Rows and columns of the input's grid.

    Returns
    -------
    tuple of (h, w, C) uint8 and (h, w) float32
        The warped picture (Lanczos, 8 x 8) and 1 where the edited picture has a pixel to give, else 0.
    """
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(edited, matrix, size_hw[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    rows = np.arange(size_hw[0], dtype=np.float64)[:, None]
    cols = np.arange(size_hw[1], dtype=np.float64)[None, :]
    x = matrix[0, 0] * cols + matrix[0, 1] * rows + matrix[0, 2]
    y = matrix[1, 0] * cols + matrix[1, 1] * rows + matrix[1, 2]
    height, width = edited.shape[:2]
    inside = (x > -0.75) & (x < width - 0.25) & (y > -0.75) & (y < height - 0.25)
    return warped, inside.astype(np.float32)


def block_agreement(base: FloatImage, edited: FloatImage, *, window_px: int = 17) -> float:
    """Return the share of textured places where two structure images agree, 0 to 1.

    Parameters
    ----------
    base, edited : (H, W) float32
        Locally normalized luminance. A pixel of ``edited`` that is NaN lies outside of its picture and does not count.

    Notes
    -----
    Normalized cross-correlation in windows, counted from 0 at 0.4 to 1 at 0.8, over the textured half of the windows.
    """
    outside = np.isnan(edited)
    edited = np.where(outside, 0.0, edited).astype(np.float32)
    mean = _box(window_px)
    base_mean, edited_mean = mean(base), mean(edited)
    base_var = np.maximum(mean(base * base) - base_mean**2, 0.0)
    edited_var = np.maximum(mean(edited * edited) - edited_mean**2, 0.0)
    covariance = mean(base * edited) - base_mean * edited_mean
    correlation = covariance / np.sqrt(base_var * edited_var + 1e-6)
    counted = (base_var > max(0.02, 0.25 * float(np.percentile(base_var, 90)))) & ~outside
    if counted.sum() < 16:
        return 0.0
    return float(np.clip((correlation[counted] - 0.4) / 0.4, 0.0, 1.0).mean())


def _box(window_px: int) -> Any:
    """Return the mean over a square window, as a function of an image."""
    return lambda image: cv2.boxFilter(image, -1, (window_px, window_px))


def _pyramid_sides(height: int, width: int) -> list[int]:
    """Return the long sides of the levels, coarse first."""
    long_side = max(height, width)
    sides = [min(side, long_side) for side in (COARSE_SIDE, 2 * COARSE_SIDE, FINE_SIDE)]
    return sorted(set(sides))


def _shrunk(pixels: Pixels, side: int) -> FloatImage:
    """Return the luma, float32 [0, 255], with ``side`` as the long side; never enlarged."""
    gray = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    factor = side / max(gray.shape)
    if factor < 1:
        size = (max(8, round(gray.shape[1] * factor)), max(8, round(gray.shape[0] * factor)))
        gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    return np.asarray(gray, dtype=np.float32)


def _structure(gray: FloatImage) -> FloatImage:
    """Return luminance without its local mean and contrast, so that tone drift does not move the estimate."""
    smooth = cv2.GaussianBlur(gray, (0, 0), 1.0)
    detail = smooth - cv2.GaussianBlur(smooth, (0, 0), 8.0)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 8.0))
    return np.asarray(detail / (contrast + 3.0), dtype=np.float32)


def _has_texture(structure: FloatImage) -> bool:
    return float(np.percentile(np.abs(structure), 98)) > 0.15


def _simplest(
    base: FloatImage, edited: FloatImage, matrix: Affine, level_scale: float, height: int, width: int
) -> tuple[AlignmentModel, Affine]:
    """Return the plainest model whose robust cost is within 3 % of the affine one's."""
    if max_displacement(matrix, height, width) < IDENTITY_TOLERANCE_PX:
        return "identity", identity()
    fine = rescaled(matrix, level_scale)
    points = textured_points(base)
    limit = 1.03 * cost(base, edited, points, fine) + 1e-6
    if cost(base, edited, points, identity()) <= limit:
        return "identity", identity()
    plain: Sequence[tuple[AlignmentModel, int]] = (("shift", 2), ("scale", 4))
    for model, parameters in plain:
        start = identity()
        if parameters == 4:
            start[0, 0], start[1, 1] = fine[0, 0], fine[1, 1]
        center = np.array([(base.shape[1] - 1) / 2, (base.shape[0] - 1) / 2])
        start[:, 2] = fine[:, :2] @ center + fine[:, 2] - start[:, :2] @ center
        candidate = refine(base, edited, start, parameters=parameters, rounds=4)
        if cost(base, edited, points, candidate) <= limit:
            return model, rescaled(candidate, 1 / level_scale)
    return "affine", matrix
