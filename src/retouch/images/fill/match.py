"""Finding, for every patch that touches the hole, the patch outside it that looks most like it."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage
from retouch.images.fill.levels import COLORS, RADIUS, TEXTURES, Level

__all__ = ["Matches", "match_by_descriptors", "match_exhaustively", "peel", "random_matches", "scale_matches"]

Ints = npt.NDArray[np.intp]

SIDE: Final = 2 * RADIUS + 1
SEARCH_SHRINK: Final = 3.0
FIRST_SEARCH: Final = 0.25
"""Share of the picture's side within which a random candidate lies at first."""
LIGHTNESS_WAVES: Final[tuple[tuple[int, int], ...]] = ((0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1))
COLOR_WAVES: Final[tuple[tuple[int, int], ...]] = ((0, 0), (0, 1), (1, 0))
FLAT_WAVES: Final[tuple[tuple[int, int], ...]] = ((0, 0),)


@dataclass(frozen=True, slots=True)
class Matches:
    """For every pixel of a level the center of the patch that stands for its own; only ``Level.targets`` count.

    Attributes
    ----------
    rows, cols : (h, w) intp
    """

    rows: Ints
    cols: Ints


def random_matches(level: Level, rng: np.random.Generator) -> Matches:
    """Return a random usable patch for every pixel."""
    rows, cols = np.nonzero(level.usable)
    chosen = rng.integers(rows.size, size=level.hole.shape)
    return Matches(rows[chosen], cols[chosen])


def scale_matches(coarser: Matches, level: Level, rng: np.random.Generator) -> Matches:
    """Return a coarser level's matches on a finer one; random ones where they are not usable there."""
    height, width = level.hole.shape
    old_h, old_w = coarser.rows.shape
    inner_hw, old_hw = (height - 2 * RADIUS, width - 2 * RADIUS), (old_h - 2 * RADIUS, old_w - 2 * RADIUS)
    factors = inner_hw[0] / old_hw[0], inner_hw[1] / old_hw[1]
    own_rows, own_cols = np.mgrid[:height, :width]
    from_rows = _nearest(own_rows, factors[0], old_hw[0])
    from_cols = _nearest(own_cols, factors[1], old_hw[1])
    shift_rows = (coarser.rows[from_rows, from_cols] - from_rows) * factors[0]
    shift_cols = (coarser.cols[from_rows, from_cols] - from_cols) * factors[1]
    rows = np.clip(np.rint(own_rows + shift_rows), 0, height - 1).astype(np.intp)
    cols = np.clip(np.rint(own_cols + shift_cols), 0, width - 1).astype(np.intp)
    fallback = random_matches(level, rng)
    usable = level.usable[rows, cols]
    return Matches(np.where(usable, rows, fallback.rows), np.where(usable, cols, fallback.cols))


def _nearest(own: Ints, factor: float, old_size: int) -> Ints:
    inner = np.floor((own - RADIUS + 0.5) / factor).astype(np.intp)
    return np.asarray(np.clip(inner, 0, old_size - 1) + RADIUS, dtype=np.intp)


# All against all, on the smallest levels ---------------------------------------------------------------------------------


def match_exhaustively(level: Level, row_weight: float) -> tuple[Matches, FloatImage]:
    """Compare every patch with every other, each pixel weighted by its confidence.

    Returns
    -------
    Matches, and (h, w) float32 mean squared differences
    """
    target_at, source_at = np.nonzero(level.targets), np.nonzero(level.usable)
    windows = _windows(level.image)
    weights = np.repeat(_windows(level.confidence[..., None])[target_at], level.image.shape[2], axis=1)
    best, distance = _nearest_patches(
        windows[target_at], weights, windows[source_at], target_at, source_at, level, row_weight
    )
    rows, cols = (np.array(axis, np.intp) for axis in np.mgrid[: level.hole.shape[0], : level.hole.shape[1]])
    rows[target_at], cols[target_at] = source_at[0][best], source_at[1][best]
    distances = np.zeros(level.hole.shape, np.float32)
    distances[target_at] = distance
    return Matches(rows, cols), distances


def _nearest_patches(
    targets: FloatImage,
    weights: FloatImage,
    sources: FloatImage,
    target_at: tuple[Ints, ...],
    source_at: tuple[Ints, ...],
    level: Level,
    row_weight: float,
) -> tuple[Ints, FloatImage]:
    """Return the index of the nearest source of each target, and the squared differences per pixel."""
    total = weights.sum(axis=1, keepdims=True) / level.image.shape[2]
    weights = weights / np.maximum(total, 1e-6)
    distances = weights @ (sources * sources).T - 2.0 * (weights * targets) @ sources.T
    distances += (weights * targets * targets).sum(axis=1, keepdims=True)
    away = (target_at[0][:, None] - source_at[0][None]) / level.hole.shape[0]
    distances += (row_weight * away * away).astype(np.float32)
    best = distances.argmin(axis=1)
    return best, np.maximum(distances[np.arange(best.size), best], 0.0).astype(np.float32)


def _windows(image: FloatImage) -> FloatImage:
    """Return (h, w, 49 * C): the patch around every pixel; beyond the array the border is repeated."""
    padded = np.pad(image, ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)), mode="edge")
    view = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE), axis=(0, 1))
    return np.ascontiguousarray(view.transpose(0, 1, 3, 4, 2)).reshape(*image.shape[:2], -1)


def peel(level: Level, row_weight: float) -> None:
    """Give the hole its first colors from its rim inwards, each ring from the patches that fit what is known beside it."""
    depth = cv2.distanceTransform(level.hole.astype(np.uint8), cv2.DIST_C, 3)
    source_at = np.nonzero(level.usable)
    sources = _windows(level.image)[source_at]
    known = ~level.hole
    inside = np.zeros(level.hole.shape, bool)
    inside[RADIUS:-RADIUS, RADIUS:-RADIUS] = True
    for ring in range(1, int(depth.max()) + 1):
        at = np.nonzero(level.hole & (depth > ring - 1) & (depth <= ring))
        if at[0].size == 0:
            continue
        given = (known & inside).astype(np.float32)
        weights = np.repeat(_windows(given[..., None])[at], level.image.shape[2], axis=1) + 1e-6
        best, _ = _nearest_patches(_windows(level.image)[at], weights, sources, at, source_at, level, row_weight)
        level.image[at[0], at[1], : level.voted] = level.image[source_at[0][best], source_at[1][best], : level.voted]
        known[at] = True
    level.reflect_border()


# By descriptors, on all others -------------------------------------------------------------------------------------------


def match_by_descriptors(
    level: Level, matches: Matches, row_weight: float, rng: np.random.Generator, *, sweeps: int
) -> tuple[Matches, FloatImage]:
    """Improve matches by asking the neighbors' and random places around.

    Returns
    -------
    Matches, and (h, w) float32 mean squared differences

    Notes
    -----
    PatchMatch, done for all patches at once rather than in scan order. Patches are compared by their lowest cosine waves
    (16 numbers for 245): two patches differ by at least what their waves do, and by little more in natural pictures.
    """
    search = _Search(level, matches, row_weight)
    for _ in range(sweeps):
        for step in (1, 3):
            for down, right in ((0, step), (step, 0), (0, -step), (-step, 0)):
                search.ask_neighbors(down, right)
        reach = FIRST_SEARCH * max(level.hole.shape)
        while reach >= 1.0:
            search.ask_randomly(reach, rng)
            reach /= SEARCH_SHRINK
    return search.result()


class _Search:
    """The best match so far of each target, and its distance. Places are flat indexes into the level."""

    def __init__(self, level: Level, matches: Matches, row_weight: float) -> None:
        self._height, self._width = level.hole.shape
        self._features = _describe(level.image)
        self._usable = level.usable.ravel()
        self._targets = np.flatnonzero(level.targets)
        self._target_rows, self._target_cols = np.divmod(self._targets, self._width)
        self._of_targets = self._features[self._targets]
        self._row_cost = np.float32(row_weight / self._height**2)
        # The number of each target, -1 elsewhere, so that a neighbor's match is found by its place.
        self._number = np.full(level.hole.size, -1, np.intp)
        self._number[self._targets] = np.arange(self._targets.size)
        self._best = (matches.rows * self._width + matches.cols).ravel()[self._targets]
        self._distance = self._compare(np.arange(self._targets.size), self._best)

    def _compare(self, which: Ints, places: Ints) -> FloatImage:
        difference = self._features.take(places, axis=0)
        difference -= self._of_targets.take(which, axis=0)
        squares = np.einsum("ij,ij->i", difference, difference)
        if self._row_cost > 0.0:
            away = (self._target_rows[which] - places // self._width).astype(np.float32)
            squares += self._row_cost * away * away
        return np.asarray(squares, dtype=np.float32)

    def _try(self, which: Ints, places: Ints) -> None:
        usable = self._usable[places] & (places != self._best[which])
        which, places = which[usable], places[usable]
        distance = self._compare(which, places)
        better = distance < self._distance[which]
        self._best[which[better]] = places[better]
        self._distance[which[better]] = distance[better]

    def ask_neighbors(self, down: int, right: int) -> None:
        """Try each neighbor's match, moved as the neighbor lies."""
        # Targets keep RADIUS >= the largest step away from the array's border: no index wraps round.
        numbers = self._number[self._targets - (down * self._width + right)]
        which = np.flatnonzero(numbers >= 0)
        places = self._best[numbers[which]]
        rows, cols = np.divmod(places, self._width)
        rows, cols = rows + down, cols + right
        inside = (rows >= 0) & (rows < self._height) & (cols >= 0) & (cols < self._width)
        self._try(which[inside], (rows * self._width + cols)[inside])

    def ask_randomly(self, reach: float, rng: np.random.Generator) -> None:
        """Try a place at most ``reach`` from the present match."""
        rows, cols = np.divmod(self._best, self._width)
        jump = rng.uniform(-reach, reach, size=(2, self._best.size))
        rows = np.clip(rows + np.rint(jump[0]).astype(np.intp), 0, self._height - 1)
        cols = np.clip(cols + np.rint(jump[1]).astype(np.intp), 0, self._width - 1)
        self._try(np.arange(self._best.size), rows * self._width + cols)

    def result(self) -> tuple[Matches, FloatImage]:
        rows, cols = np.divmod(np.arange(self._height * self._width), self._width)
        rows[self._targets], cols[self._targets] = np.divmod(self._best, self._width)
        distances = np.zeros(self._height * self._width, np.float32)
        distances[self._targets] = self._distance
        shape = (self._height, self._width)
        return Matches(rows.reshape(shape), cols.reshape(shape)), distances.reshape(shape)


def _describe(image: FloatImage) -> FloatImage:
    """Return (h * w, D): for each pixel the lowest waves of its patch; squared differences are means over the patch."""
    waves = _waves()
    parts = []
    for channel in range(image.shape[2]):
        chosen = LIGHTNESS_WAVES if channel == 0 else COLOR_WAVES if channel < COLORS else FLAT_WAVES
        plane = np.ascontiguousarray(image[..., channel])
        parts += [
            cv2.sepFilter2D(plane, cv2.CV_32F, waves[across], waves[down], borderType=cv2.BORDER_REPLICATE) / SIDE
            for down, across in chosen
        ]
    assert image.shape[2] >= COLORS + TEXTURES
    return np.dstack(parts).reshape(-1, len(parts))


@cache
def _waves() -> FloatImage:
    """Return the (7, 7) orthonormal cosine basis (DCT-II), one wave in each row."""
    places = (np.arange(SIDE) + 0.5) * np.pi / SIDE
    basis = np.cos(np.arange(SIDE)[:, None] * places[None]) * np.sqrt(2.0 / SIDE)
    basis[0] /= np.sqrt(2.0)
    return np.asarray(basis, dtype=np.float32)
