"""Affine maps between the grids of two pictures, as (2, 3) matrices of pixel centers."""

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage

__all__ = ["Affine", "identity", "max_displacement", "rescaled", "warp_structure"]

Affine = npt.NDArray[np.float64]


def identity() -> Affine:
    """Return the map that moves nothing."""
    return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def rescaled(matrix: Affine, factor: float) -> Affine:
    """Return the same map on a grid that is ``factor`` times as fine (pixel centers stay pixel centers)."""
    result = matrix.copy()
    center = (factor - 1) / 2
    result[:, 2] = matrix[:, 2] * factor + center - matrix[:, :2] @ np.array([center, center])
    return result


def max_displacement(matrix: Affine, height: int, width: int) -> float:
    """Return how far, in pixels, a map moves any corner of a picture."""
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]], dtype=np.float64)
    return float(np.linalg.norm(corners @ matrix.T - corners[:, :2], axis=1).max())


def warp_structure(structure: FloatImage, matrix: Affine, shape: tuple[int, ...]) -> FloatImage:
    """Warp a structure image onto the input's grid; NaN where it has nothing to give."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(
            structure, matrix, (shape[1], shape[0]), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=np.nan
        ),
        dtype=np.float32,
    )
