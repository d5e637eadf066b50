"""Seams: colors whose differences between neighbors are given, and which meet the picture around.

References
----------
P. Perez, M. Gangnet, A. Blake, "Poisson image editing", SIGGRAPH 2003.
P. Bhat et al., "Fourier analysis of the 2D screened Poisson equation for gradient domain problems", ECCV 2008.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage

__all__ = ["Differences", "integrate"]

Bools = npt.NDArray[np.bool_]

CYCLES: Final = 4
SWEEPS: Final = 2
DAMPING: Final = 0.8
COARSEST_PX: Final = 8
CROSS: Final = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32)


class Differences:
    """What each pixel's right and lower neighbor differ from it by.

    Attributes
    ----------
    right, down : (H, W, C) float32
        The last column of ``right`` and the last row of ``down`` don't count.
    """

    def __init__(self, right: FloatImage, down: FloatImage) -> None:
        self.right = right
        self.down = down

    def divergence(self) -> FloatImage:
        """Return the sum of the differences towards all neighbors, (H, W, C)."""
        total = np.zeros_like(self.right)
        total[:, :-1] += self.right[:, :-1]
        total[:, 1:] -= self.right[:, :-1]
        total[:-1] += self.down[:-1]
        total[1:] -= self.down[:-1]
        return total


def integrate(image: FloatImage, hole: Bools, wanted: Differences, reach_px: FloatImage) -> FloatImage:
    """Give a hole the wanted differences between neighbors, starting from the colors around it.

    Parameters
    ----------
    image : (H, W, C) float32
        Outside the hole it stays; inside it is what the result keeps to at large.
    hole : (H, W) bool
    wanted : Differences
    reach_px : (H, W) float32
        Over about this distance the result may part from ``image`` to fulfil the differences.

    Returns
    -------
    (H, W, C) float32

    Notes
    -----
    The screened Poisson equation, solved for the correction to ``image`` by multigrid V-cycles with damped Jacobi sweeps. At the
    picture's own border nothing is asked for. O(H W C).
    """
    screen = (1.0 / reach_px**2).astype(np.float32)
    missing = np.zeros_like(image)
    missing[:, :-1] += image[:, 1:] - image[:, :-1]
    missing[:, 1:] -= image[:, 1:] - image[:, :-1]
    missing[:-1] += image[1:] - image[:-1]
    missing[1:] -= image[1:] - image[:-1]
    right_side = missing - wanted.divergence()
    correction = np.zeros_like(image)
    for _ in range(CYCLES):
        correction = _cycle(correction, right_side, hole.astype(np.float32), screen)
    return image + correction


def _cycle(guess: FloatImage, right_side: FloatImage, hole: FloatImage, screen: FloatImage) -> FloatImage:
    """Do one V-cycle for ``(degree + screen) c - (sum of neighbors) = right_side`` inside the hole, 0 outside."""
    inside = np.ones(hole.shape, np.float32)
    weight = cv2.filter2D(inside, -1, CROSS, borderType=cv2.BORDER_CONSTANT) + screen
    step = np.repeat((DAMPING * hole / weight)[..., None], guess.shape[2], axis=2)
    guess = _relax(guess, right_side, step)
    small_hw = hole.shape[0] // 2, hole.shape[1] // 2
    if min(small_hw) >= COARSEST_PX:
        residual = (right_side - _apply(guess, weight)) * hole[..., None]
        size_wh = small_hw[::-1]
        coarse_hole = (cv2.resize(hole, size_wh, interpolation=cv2.INTER_AREA) > 0.99).astype(np.float32)
        if coarse_hole.any():
            coarse = 4.0 * _planes(cv2.resize(residual, size_wh, interpolation=cv2.INTER_AREA), guess)
            coarse_screen = 4.0 * cv2.resize(screen, size_wh, interpolation=cv2.INTER_AREA)
            below = _cycle(np.zeros_like(coarse), coarse, coarse_hole, coarse_screen)
            raised = cv2.resize(below, hole.shape[::-1], interpolation=cv2.INTER_LINEAR)
            guess = guess + _planes(raised, guess) * hole[..., None]
    return _relax(guess, right_side, step)


def _relax(guess: FloatImage, right_side: FloatImage, step: FloatImage) -> FloatImage:
    """Do damped Jacobi sweeps; the guess is 0 outside the hole and stays so."""
    for _ in range(SWEEPS):
        change = _planes(cv2.filter2D(guess, -1, CROSS, borderType=cv2.BORDER_CONSTANT), guess)
        change += right_side
        change *= step
        guess = guess * np.float32(1.0 - DAMPING) + change
    return guess


def _apply(values: FloatImage, weight: FloatImage) -> FloatImage:
    around = cv2.filter2D(values, -1, CROSS, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(weight[..., None] * values - _planes(around, values), dtype=np.float32)


def _planes(image: FloatImage, like: FloatImage) -> FloatImage:
    """Undo what OpenCV does to an image of one channel: drop the last axis."""
    return image.reshape(*image.shape[:2], like.shape[2])
