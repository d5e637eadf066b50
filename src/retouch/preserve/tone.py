"""Estimate and undo the tone and color drift that an engine lays over the whole picture.

Generative engines return the untouched part a little warmer, paler or contrastier than they got it. The drift is fitted where
the pictures agree, so that what the engine really changed has no say, and undone in the edit, so that the seam does not show.

References
----------
D. Geman, S. McClure, "Bayesian image analysis: an application to single photon emission tomography", 1985 (the weights).
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import Mask, Pixels
from retouch.preserve.difference import perceptual_lab

__all__ = ["ToneDrift", "fit_tone_drift", "no_tone_drift"]

FITTING_SIDE: Final = 256
SAMPLES_PER_COLOR: Final = 60
ROUNDS: Final = 12
NEGLIGIBLE_DELTA_E: Final = 0.15
MAX_DELTA_E: Final = 9.0
"""A picture that moved by more than this on average was regraded on purpose."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ToneDrift:
    """A smooth map of colors from the edit's back to the input's.

    Attributes
    ----------
    coefficients : (7, 3) float64
        Correction of R, G, B in [0, 1] for the terms 1, R, G, B, R (1 - R), G (1 - G), B (1 - B): a color matrix and curves.
        All 0 leaves the picture as it is.
    mean_delta_e : float
        How much it changes the edited picture, on average.
    limit : float
        No channel is moved by more than this: colors that the fit has not seen are not driven away.
    """

    coefficients: Matrix
    mean_delta_e: float
    limit: float

    @property
    def is_identity(self) -> bool:
        """Whether there is nothing to undo."""
        return not self.coefficients.any()

    def undo(self, edited: Pixels) -> Pixels:
        """Return the edited picture with the drift undone: (..., 3) uint8, sRGB; the very same array where there is none."""
        if self.is_identity:
            return edited
        return _correct(edited, self.coefficients, self.limit)


def fit_tone_drift(base: Pixels, edited: Pixels, weight: Mask | None = None) -> ToneDrift:
    """Fit the drift between two aligned pictures.

    Parameters
    ----------
    base, edited : (H, W, 3) uint8, sRGB
        Aligned.
    weight : (H, W) float32 [0, 1], optional
        0 where the edit is known to have changed something, or has no pixel to give.

    Returns
    -------
    ToneDrift
        The identity where the pictures agree to the bit in most places, where nothing better was found, and where what was
        found is too much to be drift.

    Notes
    -----
    Every color has the same say, however many pixels show it: else a recolored sky, which is one color and a third of the
    picture, would be taken for drift. Iteratively reweighted least squares; O(H W) for the reduction to 256 px only.
    """
    small_base, small_edited, small_weight = _reduce(base, edited, weight)
    chosen = _balanced_sample(small_base, small_weight)
    if len(chosen) < 64:
        return no_tone_drift()
    target = small_base.reshape(-1, 3)[chosen].astype(np.float64) / 255.0
    source = small_edited.reshape(-1, 3)[chosen].astype(np.float64) / 255.0
    if np.quantile(np.abs(target - source).max(axis=1), 0.5) < 0.5 / 255:
        return no_tone_drift()

    # From two starts, nothing drifted and everything by the same offset; the plainer model unless the richer explains more.
    best, best_count = np.zeros((7, 3)), _explained(target - source)
    for offset in (np.zeros(3), np.median(target - source, axis=0)):
        for fit, gain in ((_fit_curves_per_channel, 1.02), (_fit_matrix_and_curves, 1.04)):
            coefficients = fit(source, target, offset)
            count = _explained(target - source - _terms(source) @ coefficients)
            if count > gain * best_count:
                best, best_count = coefficients, count
    if not best.any():
        return no_tone_drift()
    moved = np.abs(_terms(source) @ best)
    limit = float(np.quantile(moved.max(axis=1), 0.98)) * 1.25
    delta_e = np.linalg.norm(
        perceptual_lab(_correct(small_edited, best, limit)) - perceptual_lab(small_edited), axis=2
    ).mean()
    if not NEGLIGIBLE_DELTA_E < delta_e < MAX_DELTA_E:
        return no_tone_drift()
    return ToneDrift(best, float(delta_e), limit)


def no_tone_drift() -> ToneDrift:
    """Return the drift that leaves every picture as it is."""
    return ToneDrift(np.zeros((7, 3)), 0.0, 0.0)


def _reduce(base: Pixels, edited: Pixels, weight: Mask | None) -> tuple[Pixels, Pixels, Mask]:
    """Return everything at 256 px on the long side: fine texture and codec noise average out."""
    height, width = base.shape[:2]
    factor = min(1.0, FITTING_SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if weight is None:
        weight = np.ones((height, width), np.float32)
    small = [
        cv2.resize(np.ascontiguousarray(each), size, interpolation=cv2.INTER_AREA) for each in (base, edited, weight)
    ]
    return small[0], small[1], np.asarray(small[2], dtype=np.float32)


def _balanced_sample(base: Pixels, weight: Mask) -> npt.NDArray[np.intp]:
    """Return flat indices with at most 60 of each color (bins of 16 levels), edges and zero weights left out."""
    gray = cv2.cvtColor(base, cv2.COLOR_RGB2GRAY)
    edge = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).ravel()
    usable = np.flatnonzero((weight.ravel() > 0.99) & (edge <= max(16, np.quantile(edge, 0.7))))
    color = base.reshape(-1, 3)[usable].astype(np.intp) // 16
    bins = (color[:, 0] * 16 + color[:, 1]) * 16 + color[:, 2]
    spread = np.random.default_rng(0).permutation(len(bins))
    order = spread[np.argsort(bins[spread], kind="stable")]
    ordered = bins[order]
    first = np.searchsorted(ordered, ordered, side="left")
    return usable[order[np.arange(len(ordered)) - first < SAMPLES_PER_COLOR]]


def _terms(color: Matrix) -> Matrix:
    """Return the (N, 7) terms: 1, R, G, B and the curves c (1 - c), which leave black and white alone."""
    return np.column_stack([np.ones(len(color)), color, color * (1 - color)])


def _fit_curves_per_channel(source: Matrix, target: Matrix, offset: Matrix) -> Matrix:
    """Fit a gain, an offset and a curve for each channel alone."""
    result = np.zeros((7, 3))
    terms = _terms(source)
    for channel in range(3):
        columns = [0, 1 + channel, 4 + channel]
        wanted = (target - source)[:, channel : channel + 1]
        result[columns, channel] = _robust_fit(terms[:, columns], wanted, offset[channel : channel + 1], ridge=1e-3)[
            :, 0
        ]
    return result


def _fit_matrix_and_curves(source: Matrix, target: Matrix, offset: Matrix) -> Matrix:
    """Fit a 3 x 4 color matrix together with a curve for each channel."""
    return _robust_fit(_terms(source), target - source, offset, ridge=5e-3)


def _robust_fit(terms: Matrix, wanted: Matrix, offset: Matrix, *, ridge: float) -> Matrix:
    """Solve terms @ c = wanted with redescending weights whose scale narrows from 10 % to 1.5 % of the range."""
    residual = wanted - offset
    penalty = np.eye(terms.shape[1]) * ridge
    penalty[0, 0] *= 0.01
    coefficients = np.zeros((terms.shape[1], wanted.shape[1]))
    for scale in np.geomspace(0.1, 0.015, ROUNDS):
        weights = 1.0 / (1.0 + (np.linalg.norm(residual, axis=1) / scale) ** 2) ** 2
        weighted = terms * weights[:, None] / weights.sum()
        coefficients = np.linalg.solve(weighted.T @ terms + penalty, weighted.T @ wanted)
        residual = wanted - terms @ coefficients
    return coefficients


def _explained(residual: Matrix) -> float:
    """Return how many samples a fit explains, counted softly at 1.5 % of the range."""
    return float(np.exp(-0.5 * (residual**2).sum(axis=1) / 0.015**2).sum())


def _correct(pixels: Pixels, coefficients: Matrix, limit: float) -> Pixels:
    color = pixels.reshape(-1, 3).astype(np.float32) / np.float32(255)
    columns = [np.ones(len(color), np.float32), *color.T, *(color * (1 - color)).T]
    result = np.empty_like(color)
    for channel in range(3):
        shift = np.zeros(len(color), np.float32)
        for column, value in zip(columns, coefficients[:, channel], strict=True):
            if value:
                shift += np.float32(value) * column
        result[:, channel] = color[:, channel] + np.clip(shift, -limit, limit)
    return (np.clip(result, 0, 1) * 255 + 0.5).astype(np.uint8).reshape(pixels.shape)
