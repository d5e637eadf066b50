"""Estimate how an edited picture lies on the input's grid, although part of it really changed.

The estimate always runs from the input's pixels to the edit's, so the edit can be brought onto the input's grid by one
backward warp and the input is never resampled for it. Four steps:

1. Guess: the answer's own crop, a plain stretch and a letterbox of the whole input, each as it stands.
2. Search, only where no guess fits: a scan of zooms by phase correlation, and feature matches by RANSAC.
3. Refine: robust Gauss-Newton on locally normalized luminance at well-textured points, coarse to fine.
4. Simplify: the plainest model (identity, shift, scale and shift, affine) that explains the points as well.

References
----------
B. D. Lucas, T. Kanade, "An iterative image registration technique with an application to stereo vision", IJCAI, 1981.
M. J. Black, P. Anandan, "The robust estimation of multiple motions", CVIU, 1996 (redescending weights in registration).
C. D. Kuglin, D. C. Hines, "The phase correlation image alignment method", IEEE Conf. on Cybernetics and Society, 1975.
D. G. Lowe, "Distinctive image features from scale-invariant keypoints", IJCV, 2004.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.geometry import Fit
from retouch.preserve.difference import is_exact_elsewhere

__all__ = ["MAX_ZOOM", "Alignment", "AlignmentModel", "block_agreement", "estimate_alignment", "warp_onto"]

AlignmentModel = Literal["identity", "shift", "scale", "affine", "none"]
Affine = npt.NDArray[np.float64]

MAX_ZOOM: Final = 1.25
"""A picture zoomed by more than this was reframed; its content no longer fits the input's frame."""

COARSE_SIDE: Final = 320
FINE_SIDE: Final = 1024
GOOD_AGREEMENT: Final = 0.6
MIN_AGREEMENT: Final = 0.12
MIN_IDENTITY_AGREEMENT: Final = 0.06
IDENTITY_TOLERANCE_PX: Final = 0.12
MAX_POINTS: Final = 14_000


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
        return Alignment(_identity(), "identity", 1.0)
    pyramid = [
        (_structure(_shrunk(base, side)), _structure(_shrunk(edited, side))) for side in _pyramid_sides(height, width)
    ]
    coarse_base, coarse_edited = pyramid[0]
    if not _has_texture(coarse_base):
        return Alignment(_identity(), "identity", 0.0)

    # 1. guess, 2. search
    scale = coarse_base.shape[1] / width
    guesses = [_rescaled(guess, scale) for guess in _guesses(source_fit, height, width)]
    scores = [block_agreement(coarse_base, _warp(coarse_edited, guess, coarse_base.shape)) for guess in guesses]
    if max(scores) < GOOD_AGREEMENT:
        for guess in _searched(
            coarse_base, coarse_edited, _shrunk(base, 2 * COARSE_SIDE), _shrunk(edited, 2 * COARSE_SIDE)
        ):
            guesses.append(guess)
            scores.append(block_agreement(coarse_base, _warp(coarse_edited, guess, coarse_base.shape)))

    # 3. refine the best two: a guess that is a little off scores low until it is refined
    best, best_score = _identity(), -1.0
    for index in sorted(range(len(guesses)), key=lambda i: -scores[i])[:2]:
        refined = _refine(coarse_base, coarse_edited, guesses[index], parameters=6)
        score = block_agreement(coarse_base, _warp(coarse_edited, refined, coarse_base.shape))
        candidates = ((guesses[index], scores[index]), (refined, score))
        for matrix, agreement in candidates:
            if agreement > best_score + 0.01:
                best, best_score = matrix, agreement
        if best_score > 0.9:
            break
    matrix = _rescaled(best, 1 / scale)
    for level_base, level_edited in pyramid[1:]:
        level_scale = level_base.shape[1] / width
        matrix = _rescaled(
            _refine(level_base, level_edited, _rescaled(matrix, level_scale), parameters=6), 1 / level_scale
        )

    # 4. simplify and judge
    fine_base, fine_edited = pyramid[-1]
    model, matrix = _simplest(fine_base, fine_edited, matrix, fine_base.shape[1] / width, height, width)
    confidence = block_agreement(coarse_base, _warp(coarse_edited, _rescaled(matrix, scale), coarse_base.shape))
    needed = MIN_IDENTITY_AGREEMENT if _max_displacement(matrix, height, width) < 4.0 else MIN_AGREEMENT
    if confidence < needed:
        return Alignment(_identity(), "none", confidence)
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


def _identity() -> Affine:
    return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


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


def _rescaled(matrix: Affine, factor: float) -> Affine:
    """Return the same map on a grid that is ``factor`` times as fine (pixel centers stay pixel centers)."""
    result = matrix.copy()
    center = (factor - 1) / 2
    result[:, 2] = matrix[:, 2] * factor + center - matrix[:, :2] @ np.array([center, center])
    return result


def _max_displacement(matrix: Affine, height: int, width: int) -> float:
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]], dtype=np.float64)
    return float(np.linalg.norm(corners @ matrix.T - corners[:, :2], axis=1).max())


def _guesses(source_fit: Fit | None, height: int, width: int) -> list[Affine]:
    """Return the maps of an edit that kept the crop, stretched the whole input, or letterboxed it."""
    guesses = [_identity()]
    if source_fit is None:
        return guesses
    left, top, right, bottom = source_fit.box
    kept_w, kept_h = right - left, bottom - top
    full_w, full_h = kept_w + 2 * left, kept_h + 2 * top
    if full_w - kept_w < 0.5 and full_h - kept_h < 0.5:
        return guesses
    box = np.array([[kept_w / width, 0, left], [0, kept_h / height, top]])
    letterbox = min(width / full_w, height / full_h)
    for scale_x, scale_y in ((width / full_w, height / full_h), (letterbox, letterbox)):
        offset_x, offset_y = (width - full_w * scale_x) / 2, (height - full_h * scale_y) / 2
        a, d = box[0, 0] * scale_x, box[1, 1] * scale_y
        x0 = (0.5 * box[0, 0] + left) * scale_x + offset_x - 0.5
        y0 = (0.5 * box[1, 1] + top) * scale_y + offset_y - 0.5
        guesses.append(np.array([[a, 0.0, x0], [0.0, d, y0]]))
    return guesses


def _warp(structure: FloatImage, matrix: Affine, shape: tuple[int, ...]) -> FloatImage:
    """Warp a structure image onto the input's grid; NaN where it has nothing to give."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(
            structure, matrix, (shape[1], shape[0]), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=np.nan
        ),
        dtype=np.float32,
    )


def _searched(base: FloatImage, edited: FloatImage, base_gray: FloatImage, edited_gray: FloatImage) -> Iterator[Affine]:
    """Yield maps found by a scan of zooms and by features, for the structure images' grid."""
    height, width = base.shape
    window = np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F))
    found: list[tuple[float, Affine]] = []
    for zoom in np.geomspace(1 / MAX_ZOOM, MAX_ZOOM, 23):
        matrix = np.array([[zoom, 0, (1 - zoom) * (width - 1) / 2], [0, zoom, (1 - zoom) * (height - 1) / 2]])
        warped = np.nan_to_num(_warp(edited, matrix, base.shape))
        (dx, dy), response = cv2.phaseCorrelate(base * window, warped * window)
        matrix[:, 2] += matrix[:, :2] @ np.array([dx, dy])
        found.append((response, matrix))
    for _, matrix in sorted(found, key=lambda item: -item[0])[:4]:
        yield matrix
    features = _match_features(base_gray, edited_gray)
    if features is not None:
        yield _rescaled(features, width / base_gray.shape[1])


def _match_features(base: FloatImage, edited: FloatImage) -> Affine | None:
    """Return the affine map that most SIFT matches agree on, or None."""
    sift = cv2.SIFT.create(nfeatures=1500, contrastThreshold=0.02)
    base_points, base_words = sift.detectAndCompute(base.astype(np.uint8), None)
    edited_points, edited_words = sift.detectAndCompute(edited.astype(np.uint8), None)
    if base_words is None or edited_words is None or min(len(base_words), len(edited_words)) < 12:
        return None
    pairs = cv2.BFMatcher().knnMatch(base_words, edited_words, k=2)
    good = [
        first for first, second in (pair for pair in pairs if len(pair) == 2) if first.distance < 0.75 * second.distance
    ]
    if len(good) < 10:
        return None
    source = np.array([base_points[match.queryIdx].pt for match in good])
    target = np.array([edited_points[match.trainIdx].pt for match in good])
    cv2.setRNGSeed(0)
    matrix, inliers = cv2.estimateAffine2D(source, target, method=cv2.RANSAC, ransacReprojThreshold=2.0, maxIters=3000)
    if matrix is None or int(inliers.sum()) < 10 or not _is_plausible(matrix[:, :2]):
        return None
    return np.asarray(matrix, dtype=np.float64)


def _is_plausible(linear: Affine) -> bool:
    """Whether a map keeps the picture upright and about as large: engines zoom and stretch, they do not turn or mirror."""
    stretch = np.linalg.svd(linear, compute_uv=False)
    upright = (
        linear[0, 0] > 0
        and linear[1, 1] > 0
        and abs(linear[1, 0] - linear[0, 1]) < 0.35 * (linear[0, 0] + linear[1, 1])
    )
    return bool(upright and stretch[0] < 2.5 and stretch[1] > 0.4)


def _textured_points(structure: FloatImage) -> npt.NDArray[np.float32]:
    """Return up to 14 000 (x, y) with strong gradients, spread over the whole picture."""
    dx, dy = cv2.Sobel(structure, cv2.CV_32F, 1, 0), cv2.Sobel(structure, cv2.CV_32F, 0, 1)
    strength = dx * dx + dy * dy
    margin = 3
    cell = max(3, int(math.sqrt(structure.size / (MAX_POINTS / 2))))
    rows, cols = (structure.shape[0] - 2 * margin) // cell, (structure.shape[1] - 2 * margin) // cell
    area = strength[margin : margin + rows * cell, margin : margin + cols * cell]
    cells = area.reshape(rows, cell, cols, cell).transpose(0, 2, 1, 3).reshape(rows * cols, cell * cell)
    top = np.argpartition(cells, -2, axis=1)[:, -2:]
    row = (np.arange(rows * cols)[:, None] // cols) * cell + top // cell + margin
    col = (np.arange(rows * cols)[:, None] % cols) * cell + top % cell + margin
    kept = np.take_along_axis(cells, top, axis=1) > float(np.percentile(strength, 40)) + 1e-4
    return np.stack([col[kept], row[kept]], axis=1).astype(np.float32)


def _sample(image: FloatImage, xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Read an image at fractional (x, y); bicubic, NaN outside."""
    maps = xy.astype(np.float32)
    values = cv2.remap(
        image, maps[:, None, 0], maps[:, None, 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=np.nan
    )
    return np.asarray(values[:, 0], dtype=np.float64)


def _basis(points: npt.NDArray[np.float32], shape: tuple[int, ...], parameters: int) -> npt.NDArray[np.float64]:
    """Return the (N, 2, P) displacement of each point for each parameter, with coordinates scaled to about 1.

    P = 2: shift. P = 4: shift and one scale for each axis. P = 6: affine.
    """
    size = max(shape) / 2
    x = (points[:, 0] - (shape[1] - 1) / 2) / size
    y = (points[:, 1] - (shape[0] - 1) / 2) / size
    one, zero = np.ones_like(x), np.zeros_like(x)
    horizontal = [one, zero, x, zero, y, zero][:parameters]
    vertical = [zero, one, zero, y, zero, x][:parameters]
    return np.stack([np.stack(horizontal, axis=1), np.stack(vertical, axis=1)], axis=1).astype(np.float64)


def _refine(base: FloatImage, edited: FloatImage, start: Affine, *, parameters: int, rounds: int = 8) -> Affine:
    """Refine a map by robust Gauss-Newton (both pictures' gradients averaged, Geman-McClure weights)."""
    points = _textured_points(base)
    if len(points) < 4 * parameters:
        return start
    gradient = (cv2.Sobel(base, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(base, cv2.CV_32F, 0, 1) / 8)
    moved_gradient = (cv2.Sobel(edited, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(edited, cv2.CV_32F, 0, 1) / 8)
    basis = _basis(points, base.shape, parameters)
    values = _sample(base, points.astype(np.float64))
    fixed = np.stack([_sample(each, points.astype(np.float64)) for each in gradient], axis=1)
    matrix = start.copy()
    homogeneous = np.column_stack([points, np.ones(len(points))]).astype(np.float64)
    for _ in range(rounds):
        xy = homogeneous @ matrix.T
        moved = np.stack([_sample(each, xy) for each in moved_gradient], axis=1)
        residual = _sample(edited, xy) - values
        usable = np.isfinite(residual) & np.isfinite(moved).all(axis=1)
        if usable.sum() < 4 * parameters:
            return start
        slope = (moved[usable] + fixed[usable]) / 2
        jacobian = np.einsum("ni,nip->np", slope, basis[usable])
        weights = _robust_weights(residual[usable])
        normal = (jacobian * weights[:, None]).T @ jacobian
        normal += np.eye(parameters) * (1e-4 * np.trace(normal) / parameters + 1e-9)
        step = -np.linalg.solve(normal, (jacobian * weights[:, None]).T @ residual[usable])
        matrix = matrix + _as_affine(step, base.shape)
        if np.abs(step).max() < 0.003:
            break
    return matrix


def _as_affine(step: npt.NDArray[np.float64], shape: tuple[int, ...]) -> Affine:
    """Turn a step in the parameters of ``_basis`` into a change of the matrix."""
    full = np.zeros(6)
    full[: len(step)] = step
    size = max(shape) / 2
    linear = np.array([[full[2], full[4]], [full[5], full[3]]]) / size
    center = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    return np.column_stack([linear, full[:2] - linear @ center])


def _robust_weights(residual: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return Geman-McClure weights, which vanish for what really changed; the scale is the lower half's."""
    scale = max(2.0 * float(np.quantile(np.abs(residual), 0.4)), 1e-3)
    weights: npt.NDArray[np.float64] = 1.0 / (1.0 + (residual / (2.0 * scale)) ** 2) ** 2
    return weights


def _simplest(
    base: FloatImage, edited: FloatImage, matrix: Affine, level_scale: float, height: int, width: int
) -> tuple[AlignmentModel, Affine]:
    """Return the plainest model whose robust cost is within 3 % of the affine one's."""
    if _max_displacement(matrix, height, width) < IDENTITY_TOLERANCE_PX:
        return "identity", _identity()
    fine = _rescaled(matrix, level_scale)
    points = _textured_points(base)
    limit = 1.03 * _cost(base, edited, points, fine) + 1e-6
    if _cost(base, edited, points, _identity()) <= limit:
        return "identity", _identity()
    plain: Sequence[tuple[AlignmentModel, int]] = (("shift", 2), ("scale", 4))
    for model, parameters in plain:
        start = _identity()
        if parameters == 4:
            start[0, 0], start[1, 1] = fine[0, 0], fine[1, 1]
        center = np.array([(base.shape[1] - 1) / 2, (base.shape[0] - 1) / 2])
        start[:, 2] = fine[:, :2] @ center + fine[:, 2] - start[:, :2] @ center
        candidate = _refine(base, edited, start, parameters=parameters, rounds=4)
        if _cost(base, edited, points, candidate) <= limit:
            return model, _rescaled(candidate, 1 / level_scale)
    return "affine", matrix


def _cost(base: FloatImage, edited: FloatImage, points: npt.NDArray[np.float32], matrix: Affine) -> float:
    """Return the mean absolute residual of the better 60 % of the points: changed ones stay out of it."""
    xy = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    residual = np.abs(_sample(edited, xy) - _sample(base, points.astype(np.float64)))
    residual = np.sort(residual[np.isfinite(residual)])
    kept = residual[: int(0.6 * len(residual))]
    return float(kept.mean()) if len(kept) else math.inf
