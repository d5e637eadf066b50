"""Colors told apart everywhere at once: one color replaced by another, or all of them but one turned to gray."""

import cv2
import numpy as np

from retouch.editor.instructions.plan import ColorValue, KeepColors, Look, ReplaceColor
from retouch.editor.operations.look import blend_in_strips, look_function, middle_lightness
from retouch.editor.operations.recolor import recolor_pixels
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.color_match import color_likelihood
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.images.filters import resize_float
from retouch.images.masks import smoothstep
from retouch.images.tone import color_table
from retouch.types import Resolution

__all__ = ["color_mask", "keep_colors", "replace_color"]

_MAX_MATCHED_PIXELS = 1_500_000
"""Colors are matched on at most this many pixels; the mask is enlarged."""
_SMALLEST_SHARE = 0.0008
"""Of the picture: less of a color than this is noise, or too little to see a change."""
_SMALLEST_PART = 0.00004
_SMALLEST_OF_LARGEST = 0.01
"""Beside a large red coat, a red speck on a cheek is no red thing."""


def replace_color(stage: Stage, operation: ReplaceColor, context: Context) -> Stage:
    """Carry out "turn everything red into green", "swap red and blue".

    Parameters
    ----------
    stage : Stage
    operation : ReplaceColor
    context : Context

    Returns
    -------
    Stage
        Pixels of no such color are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        There is (next to) nothing of the color.
    EditAbortedError
    """
    mask = _find(stage, operation.color)
    back = _find(stage, operation.replacement) if operation.swap else np.zeros_like(mask)
    # Where both colors match a little, each pixel goes with the better match.
    mask, back = np.where(mask >= back, mask, 0.0), np.where(back > mask, back, 0.0)
    context.checkpoint()
    pixels = recolor_pixels(stage.pixels, mask, color=operation.replacement)
    resolutions = [_resolution(operation.color)]
    if operation.swap:
        context.checkpoint()
        pixels = recolor_pixels(pixels, back, color=operation.color)
        resolutions.append(_resolution(operation.replacement))
    return stage.after(pixels, np.maximum(mask, back), resolutions=tuple(resolutions))


def keep_colors(stage: Stage, operation: KeepColors, context: Context) -> Stage:
    """Carry out "keep only the red in color"; parameters, result and errors as of ``replace_color``."""
    kept = np.max([_find(stage, color) for color in operation.colors], axis=0)
    context.checkpoint()
    gray = (1.0 - kept).astype(np.float32)
    function = look_function(Look.BLACK_AND_WHITE, 1.0, middle_lightness(stage.pixels))
    pixels = blend_in_strips(stage.pixels, color_table(function), gray)
    return stage.after(pixels, gray, resolutions=tuple(_resolution(color) for color in operation.colors))


def color_mask(pixels: Pixels, color: ColorValue) -> Mask:
    """Return where a picture has a color.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    color : ColorValue

    Returns
    -------
    (H, W) float32 [0, 1]
        Soft at edges; exactly 0 away from the color. Specks are left out, as they are noise more often than things.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, float(np.sqrt(_MAX_MATCHED_PIXELS / (height * width))))
    small_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, small_wh, interpolation=cv2.INTER_AREA) if scale < 1.0 else np.ascontiguousarray(pixels)
    fit = smoothstep(0.25, 0.65, color_likelihood(small, color))
    count, labels, stats, _ = cv2.connectedComponentsWithStats((fit > 0.0).astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float32)
    areas[0] = 0.0
    large = areas >= max(6.0, _SMALLEST_PART * fit.size, _SMALLEST_OF_LARGEST * float(areas.max()))
    large[0] = False
    fit = np.where(large[labels], fit, np.float32(0.0)) if count > 1 else fit * 0.0
    return resize_float(fit, (height, width)) if scale < 1.0 else np.asarray(fit, np.float32)


def _find(stage: Stage, color: ColorValue) -> Mask:
    """Return where the picture has a color; raises where it has next to none."""
    mask = color_mask(stage.pixels[..., :3], color)
    if float(mask.mean()) < _SMALLEST_SHARE:
        hint = f"I find nothing {color.name} in this picture that is large enough to work on."
        raise UnsupportedInstructionError((), (color.name,), hint)
    return mask


def _resolution(color: ColorValue) -> Resolution:
    return Resolution(color.name, f"everything {color.name}", 0.9, verified=True)
