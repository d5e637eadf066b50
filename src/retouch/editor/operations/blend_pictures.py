"""Lay one whole picture over another: mixed, exposed twice, or one fading into the other."""

from typing import Final

import numpy as np

from retouch.editor.instructions.plan import Blend, BlendPictures
from retouch.editor.operations.stage import Context, Stage
from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import linear_to_srgb, srgb_to_linear, to_float
from retouch.images.geometry import fill_size, fit_pixels
from retouch.images.masks import smoothstep

__all__ = ["blend_pictures"]

_HELD_BACK: Final = 0.75
"""Light of each exposure of two on one frame: a photographer closes the lens a little, or the sky burns out."""
_FADE: Final = (0.25, 0.75)
"""From where to where across the picture one fades into the other."""


def blend_pictures(stage: Stage, operation: BlendPictures, context: Context) -> Stage:
    """Carry out "blend image 2 into image 1 at 30 %", "a double exposure of both", "fade image 1 into image 2".

    Parameters
    ----------
    stage : Stage
    operation : BlendPictures
    context : Context
        ``scenes`` gives the other picture, which is filled to the size of this one: its middle stays.

    Returns
    -------
    Stage
        Changed everywhere; its alpha stays as it is.

    Notes
    -----
    A mix and a fade are weighted means of sRGB, as any editor's opacity. A double exposure adds linear light and
    rolls highlights off.

    >>> from retouch.editor.instructions.plan import Blend, BlendPictures
    >>> BlendPictures(Blend.MIX, 0, 1, share=0.3).describe()
    'blend 30 % of picture 2 into picture 1'
    """
    height, width = stage.pixels.shape[:2]
    other = context.scenes(operation.other_index).pixels[..., :3]
    fitted = fit_pixels(other, fill_size(other.shape[1], other.shape[0], (width, height)))
    context.checkpoint()
    base = np.ascontiguousarray(stage.pixels[..., :3])
    if operation.kind is Blend.DOUBLE_EXPOSURE:
        mixed = _expose_twice(srgb_to_linear(base), srgb_to_linear(fitted), operation.share)
    else:
        share = operation.share if operation.kind is Blend.MIX else _fade(height, width, operation.toward)[..., None]
        mixed = np.asarray(to_float(base) + share * (to_float(fitted) - to_float(base)), np.float32)
    result = stage.pixels.copy()
    result[..., :3] = np.rint(np.clip(mixed, 0.0, 1.0) * 255.0).astype(np.uint8)
    return stage.after(result, None)


def _expose_twice(first: FloatImage, second: FloatImage, share: float) -> FloatImage:
    """Return two exposures on one frame, sRGB [0, 1]; ``share`` 0.5 exposes both alike."""
    weight = 2.0 * _HELD_BACK
    light = weight * ((1.0 - share) * first + share * second)
    return linear_to_srgb(
        np.asarray(np.where(light > 0.6, 0.6 - 0.4 * np.expm1(-(light - 0.6) / 0.4), light), np.float32)
    )


def _fade(height: int, width: int, toward: str) -> Mask:
    """Return (H, W) float32 [0, 1]: how much of the other picture shows, all of it at the side ``toward``."""
    along = np.linspace(0.0, 1.0, width if toward in ("left", "right") else height, dtype=np.float32)
    share = smoothstep(*_FADE, along)
    share = share if toward in ("right", "bottom") else share[::-1]
    line = share[None, :] if toward in ("left", "right") else share[:, None]
    return np.ascontiguousarray(np.broadcast_to(line, (height, width)))
