"""The finer part of an alignment: robust Gauss-Newton on textured points.

References
----------
B. D. Lucas, T. Kanade, "An iterative image registration technique with an application to stereo vision", IJCAI, 1981.
M. J. Black, P. Anandan, "The robust estimation of multiple motions", CVIU, 1996 (redescending weights in registration).
"""

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage
from retouch.preserve.affine import Affine

__all__ = ["cost", "refine", "textured_points"]

MAX_POINTS: Final = 14_000


def refine(base: FloatImage, edited: FloatImage, start: Affine, *, parameters: int, rounds: int = 8) -> Affine:
    """Refine a map by robust Gauss-Newton (both pictures' gradients averaged, Geman-McClure weights)."""
    points = textured_points(base)
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


def cost(base: FloatImage, edited: FloatImage, points: npt.NDArray[np.float32], matrix: Affine) -> float:
    """Return the mean absolute residual of the better 60 % of the points: changed ones stay out of it."""
    xy = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    residual = np.abs(_sample(edited, xy) - _sample(base, points.astype(np.float64)))
    residual = np.sort(residual[np.isfinite(residual)])
    kept = residual[: int(0.6 * len(residual))]
    return float(kept.mean()) if len(kept) else math.inf


def textured_points(structure: FloatImage) -> npt.NDArray[np.float32]:
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
