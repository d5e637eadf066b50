"""Give a picture the colors of another one."""

from typing import Final

import numpy as np

from retouch.editor.instructions.plan import MatchColors
from retouch.editor.operations.stage import Context, Stage
from retouch.images.color import oklab_to_srgb8, srgb8_to_oklab

__all__ = ["match_colors"]

_SPREAD: Final = ((0.6, 0.0, 0.0), (1.7, 1.7, 1.7))
"""How far the spread of each channel is drawn together and apart: beyond it noise and banding show."""
_SHARES: Final = (0.6, 0.85, 0.85)
"""How much of the other picture's lightness and colors is taken over; with all of it whites take the cast of its things."""
_GRAY_SPREAD: Final = 0.015
"""Oklab: a picture whose colors spread less is black and white, or toned, and so is what takes its colors."""
_SAMPLE_STEP: Final = 3


def match_colors(stage: Stage, operation: MatchColors, context: Context) -> Stage:
    """Carry out "give the first picture the colors of the second": the means and spreads of Oklab are carried over.

    Parameters
    ----------
    stage : Stage
    operation : MatchColors
    context : Context
        ``scenes`` gives the other picture.

    Returns
    -------
    Stage
        Changed everywhere; its alpha stays as it is.

    References
    ----------
    E. Reinhard et al., "Color transfer between images", 2001; here in Oklab instead of l-alpha-beta.
    """
    lab = srgb8_to_oklab(np.ascontiguousarray(stage.pixels[..., :3]))
    other = context.scenes(operation.other_index).pixels
    model = srgb8_to_oklab(np.ascontiguousarray(other[::_SAMPLE_STEP, ::_SAMPLE_STEP, :3]))
    context.checkpoint()
    mean, spread = lab.mean(axis=(0, 1)), lab.std(axis=(0, 1))
    wanted_mean, wanted_spread = model.mean(axis=(0, 1)), model.std(axis=(0, 1))
    gain = np.clip(wanted_spread / np.maximum(spread, 1e-4), *_SPREAD)
    gray = float(np.hypot(*wanted_spread[1:])) < _GRAY_SPREAD
    share = operation.strength * np.array((_SHARES[0], 1.0, 1.0) if gray else _SHARES, np.float32)
    moved = (lab - mean) * gain + wanted_mean
    result = stage.pixels.copy()
    result[..., :3] = oklab_to_srgb8(np.asarray(lab + share * (moved - lab), np.float32))
    return stage.after(result, None)
