"""Colors moved as they are in the picture: toward one color or away from it, or around the color circle."""

import numpy as np

from retouch.editor.instructions.plan import ColorValue, ShiftColor, Target, TurnHue
from retouch.editor.operations.look import blend_in_strips
from retouch.editor.operations.stage import Context, Stage
from retouch.images.array_types import FloatImage
from retouch.images.color import (
    linear_to_oklab,
    oklab_to_linear_in_gamut,
    oklab_to_oklch,
    oklch_to_oklab,
    srgb8_to_oklab,
)
from retouch.images.tone import ColorFunction, apply_color_table, color_table
from retouch.types import Resolution

__all__ = ["shift_color", "turn_hue"]

_CAST = 0.07
"""Oklab a, b that is added in the mid-tones at amount 1: the cast of a strong filter, short of a colored gel."""
_PULL_DEGREES = 20.0
"""How far a colored pixel's hue may turn toward the color at amount 1: grass turns greener, a face does not."""
_NEUTRAL_CHROMA = 0.02
_MIXING = 0.35
_MIXED_CHROMA = 0.1


def shift_color(stage: Stage, operation: ShiftColor, context: Context) -> Stage:
    """Carry out "make the sky more blue", "less red".

    Parameters
    ----------
    stage : Stage
    operation : ShiftColor
        An amount of 0 leaves the picture as it is.
    context : Context

    Returns
    -------
    Stage
        Without a target every pixel counts as touched; with one, pixels outside its mask are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        The target is not in the picture.
    EditAbortedError
    """
    if operation.amount > 0:
        function = _toward(operation.color, operation.amount, local=operation.target is not None)
    else:
        function = _away(operation.color, operation.amount)
    return _apply(stage, function, operation.target, context)


def turn_hue(stage: Stage, operation: TurnHue, context: Context) -> Stage:
    """Carry out "shift the hue by 40 degrees"; parameters, result and errors as of ``shift_color``. 0 degrees change nothing."""

    def turn(rgb: FloatImage) -> FloatImage:
        lch = oklab_to_oklch(linear_to_oklab(rgb))
        lch[..., 2] += operation.degrees
        return oklab_to_linear_in_gamut(oklch_to_oklab(lch))

    return _apply(stage, turn, operation.target, context)


def _apply(stage: Stage, function: ColorFunction, target: Target | None, context: Context) -> Stage:
    """Return the stage with a function of color applied to a target, or everywhere."""
    if target is None:
        return stage.after(apply_color_table(stage.pixels, function), None)
    finding = stage.find(target)
    context.checkpoint()
    changed = blend_in_strips(stage.pixels, color_table(function), finding.mask)
    resolution = Resolution(target.phrase, finding.resolved_to, finding.confidence, verified=finding.verified)
    return stage.after(changed, finding.mask, resolutions=(resolution,))


def _direction(color: ColorValue) -> tuple[float, float, float]:
    """Return lightness, chroma and hue (degrees) of a color."""
    lightness, chroma, hue = (float(v) for v in oklab_to_oklch(srgb8_to_oklab(np.array(color.rgb, np.uint8))))
    return lightness, chroma, hue


def _toward(color: ColorValue, amount: float, *, local: bool) -> ColorFunction:
    """Return a function that moves colors toward ``color``: hues near it turn to it and gain chroma, grays take a cast.

    Hues far from it are mixed with it, or a blue sky would only turn gray on its way to orange. A whole picture takes half of
    what one thing in it (``local``) takes, for there everything moves. White and black hold; toward white, gray or black the
    lightness moves and the chroma falls.
    """
    lightness, chroma, hue = _direction(color)
    mixing = _MIXING if local else _MIXING / 4

    def neutral(rgb: FloatImage) -> FloatImage:
        lab = linear_to_oklab(rgb)
        share = np.float32(1.0 - 0.65**amount)
        goal = np.stack([np.full_like(lab[..., 0], lightness), lab[..., 1] * 0.3, lab[..., 2] * 0.3], axis=-1)
        return oklab_to_linear_in_gamut(lab + share * (goal - lab))

    def colored(rgb: FloatImage) -> FloatImage:
        lch = oklab_to_oklch(linear_to_oklab(rgb))
        turn = (hue - lch[..., 2] + 180.0) % 360.0 - 180.0
        near = np.exp(-((turn / 80.0) ** 2)) * np.clip(lch[..., 1] / _NEUTRAL_CHROMA, 0.0, 1.0)
        limit = _PULL_DEGREES * amount
        lch[..., 2] += near * np.clip(turn, -limit, limit)
        lch[..., 1] *= 1.0 + 0.35 * amount * near
        lab = oklch_to_oklab(lch)
        middle = np.clip(4.0 * lch[..., 0] * (1.0 - lch[..., 0]), 0.0, 1.0) ** 0.7
        share = (1.0 - (1.0 - mixing) ** amount) * (1.0 - near)
        cast = (_CAST if local else 0.5 * _CAST) * amount * middle * (1.0 - 0.35 * near)
        for axis, direction in ((1, np.cos(np.radians(hue))), (2, np.sin(np.radians(hue)))):
            lab[..., axis] += share * (_MIXED_CHROMA * middle * direction - lab[..., axis]) + cast * direction
        return oklab_to_linear_in_gamut(lab)

    return neutral if chroma < _NEUTRAL_CHROMA else colored


def _away(color: ColorValue, amount: float) -> ColorFunction:
    """Return a function that takes a color out: its hues lose chroma, and everything takes a little of the opposite cast."""
    lightness, chroma, hue = _direction(color)

    def neutral(rgb: FloatImage) -> FloatImage:
        lab = linear_to_oklab(rgb)
        exponent = np.float32(1.0 - 0.25 * amount if lightness > 0.5 else 1.0 / (1.0 - 0.25 * amount))
        lab[..., 0] = np.clip(lab[..., 0], 0.0, 1.0) ** exponent
        return oklab_to_linear_in_gamut(lab)

    def colored(rgb: FloatImage) -> FloatImage:
        lch = oklab_to_oklch(linear_to_oklab(rgb))
        turn = (hue - lch[..., 2] + 180.0) % 360.0 - 180.0
        near = np.exp(-((turn / 50.0) ** 2))
        lch[..., 1] *= 1.0 - near * (1.0 - 0.45 ** abs(amount))
        lab = oklch_to_oklab(lch)
        middle = np.clip(4.0 * lch[..., 0] * (1.0 - lch[..., 0]), 0.0, 1.0) ** 0.7
        cast = 0.25 * _CAST * amount * middle
        lab[..., 1] += cast * np.cos(np.radians(hue))
        lab[..., 2] += cast * np.sin(np.radians(hue))
        return oklab_to_linear_in_gamut(lab)

    return neutral if chroma < _NEUTRAL_CHROMA else colored
