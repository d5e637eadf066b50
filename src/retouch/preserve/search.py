"""Where to begin an alignment: maps that an edit may have, guessed from the answer's crop or searched for.

References
----------
C. D. Kuglin, D. C. Hines, "The phase correlation image alignment method", IEEE Conf. on Cybernetics and Society, 1975.
D. G. Lowe, "Distinctive image features from scale-invariant keypoints", IJCV, 2004.
"""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from retouch.images.array_types import FloatImage
from retouch.images.geometry import Fit
from retouch.preserve.affine import Affine, identity, rescaled, warp_structure

__all__ = ["MAX_ZOOM", "guess_maps", "search_maps"]

MAX_ZOOM: Final = 1.25
"""A picture zoomed by more than this was reframed; its content no longer fits the input's frame."""


def guess_maps(source_fit: Fit | None, height: int, width: int) -> list[Affine]:
    """Return the maps of an edit that kept the crop, stretched the whole input, or letterboxed it."""
    guesses = [identity()]
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


def search_maps(
    base: FloatImage, edited: FloatImage, base_gray: FloatImage, edited_gray: FloatImage
) -> Iterator[Affine]:
    """Yield maps found by a scan of zooms and by features, for the structure images' grid."""
    height, width = base.shape
    window = np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F))
    found: list[tuple[float, Affine]] = []
    for zoom in np.geomspace(1 / MAX_ZOOM, MAX_ZOOM, 23):
        matrix = np.array([[zoom, 0, (1 - zoom) * (width - 1) / 2], [0, zoom, (1 - zoom) * (height - 1) / 2]])
        warped = np.nan_to_num(warp_structure(edited, matrix, base.shape))
        (dx, dy), response = cv2.phaseCorrelate(base * window, warped * window)
        matrix[:, 2] += matrix[:, :2] @ np.array([dx, dy])
        found.append((response, matrix))
    for _, matrix in sorted(found, key=lambda item: -item[0])[:4]:
        yield matrix
    features = _match_features(base_gray, edited_gray)
    if features is not None:
        yield rescaled(features, width / base_gray.shape[1])


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
