"""``fill``: complete a picture coarse to fine, then bring the result to full size."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from retouch.errors import EditAbortedError
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.fill.detail import carry_to_full_size
from retouch.images.fill.diffusion import diffuse
from retouch.images.fill.levels import WORKING_SIDE_PX, Level, build_levels, layering
from retouch.images.fill.match import (
    Matches,
    match_by_descriptors,
    match_exhaustively,
    peel,
    random_matches,
    scale_matches,
)
from retouch.images.fill.vote import vote
from retouch.images.masks import bounding_box

__all__ = ["fill"]

ROW_WEIGHT: Final = 0.3
"""Of a picture whose colors go by height alone."""
EXHAUSTIVE_PIXELS: Final = 3600
"""Up to this many pixels every patch is compared with every other, weights and all."""
ROUNDS: Final = (10, 8, 5, 4, 3, 2, 2)
"""Rounds of matching and voting by level, coarsest first; the last number holds for what is finer still."""
SWEEPS: Final = 2
"""How often in a round each patch asks its neighbors; at the finest level, where most is settled, once."""


def fill(
    pixels: Pixels,
    hole: Mask | npt.NDArray[np.bool_],
    *,
    sources: npt.NDArray[np.bool_] | None = None,
    guide: FloatImage | None = None,
    row_weight: float | None = None,
    working_side_px: int = WORKING_SIDE_PX,
    rng: np.random.Generator,
    should_abort: Callable[[], bool] | None = None,
) -> Pixels:
    """Fill a hole of a picture with what the rest of it suggests.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
        What stands inside the hole is never looked at.
    hole : (H, W) bool, or float32 [0, 1]
        Filled where it is above 0. All 0 leaves the picture as it is.
    sources : (H, W) bool, optional
        Where may be copied from; by default everywhere outside the hole. Where it leaves no room for a single patch, everywhere.
    guide : (H, W) or (H, W, G) float32 [0, 1], optional
        Says inside and outside the hole alike what belongs together (1 where the sky is or is to be): patches of other
        values are chosen only where nothing else fits.
    row_weight : float, optional
        How much it costs to copy from another height of the picture: 0 copies from anywhere (textures, views from above), 0.3
        keeps sky out of sand. By default as much as the picture's colors go by height.
    working_side_px : int
        Long side of the finest level that is solved; smaller is faster and coarser: 200 for a preview.
    rng : numpy.random.Generator
        The only source of chance: the same state gives the same pixels.
    should_abort : callable, optional
        Asked a few times a second; True stops.

    Returns
    -------
    (H, W, 3) uint8, sRGB
        Bit-identical to ``pixels`` outside the hole.

    Raises
    ------
    EditAbortedError
        ``should_abort`` said so.

    Notes
    -----
    Wexler's energy (every patch that touches the hole shall look like some patch outside it) is brought down by turns of matching
    and voting on a pyramid whose finest level has ``working_side_px``; the matches are then carried to full size,
    so that detail is copied and not enlarged. A picture with no room for a patch outside the hole (or nothing at all) gets its
    surrounding colors diffused. About O(hole pixels at 620 px).

    References
    ----------
    Y. Wexler, E. Shechtman, M. Irani, "Space-time completion of video", IEEE TPAMI 29(3), 2007.
    C. Barnes, E. Shechtman, A. Finkelstein, D. Goldman, "PatchMatch", SIGGRAPH 2009.
    A. Newson et al., "Video inpainting of complex scenes", SIAM J. Imaging Sciences 7(4), 2014 (texture features, onion peel).
    """
    missing = np.asarray(hole > 0)
    if bounding_box(missing.astype(np.float32)) is None:
        return pixels
    levels = build_levels(pixels, missing, sources, guide, working_side_px)
    if not levels:
        return diffuse(pixels, missing)
    weight = ROW_WEIGHT * layering(levels[0]) if row_weight is None else row_weight
    matches: Matches | None = None
    for number, level in enumerate(levels):
        matches = _solve(level, number, matches, weight, rng, should_abort, is_finest=level is levels[-1])
    assert matches is not None
    return carry_to_full_size(pixels, missing, levels[-1], matches)


def _solve(
    level: Level,
    number: int,
    coarser: Matches | None,
    row_weight: float,
    rng: np.random.Generator,
    should_abort: Callable[[], bool] | None,
    *,
    is_finest: bool,
) -> Matches:
    """Match and vote by turns on one level, whose colors in the hole are changed."""
    if coarser is None:
        peel(level, row_weight)
        matches = random_matches(level, rng)
    else:
        matches = scale_matches(coarser, level, rng)
        vote(level, matches, None, coarse=True)
    exhaustive = level.hole.size <= EXHAUSTIVE_PIXELS
    rounds = ROUNDS[min(number, len(ROUNDS) - 1)]
    for turn in range(rounds):
        if should_abort is not None and should_abort():
            raise EditAbortedError("The edit was stopped before it was finished.")
        if exhaustive:
            matches, distances = match_exhaustively(level, row_weight)
        else:
            sweeps = 1 if is_finest else SWEEPS
            matches, distances = match_by_descriptors(level, matches, row_weight, rng, sweeps=sweeps)
        # What detail there is comes with the matches: of the finest level only the colors at large are used.
        vote(level, matches, distances, coarse=is_finest and turn == rounds - 1)
    return matches
