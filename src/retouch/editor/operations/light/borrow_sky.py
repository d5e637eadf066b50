"""Put the sky of another picture behind the land of this one."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.instructions.plan import BorrowSky
from retouch.editor.operations.light.place import MIN_SKY, look_around
from retouch.editor.operations.light.sky_matte import split_sky
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.scene import Scene
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import linear_to_oklab, linear_to_srgb, srgb_to_linear, to_uint8
from retouch.images.masks import smoothstep

__all__ = ["borrow_sky"]

_STEEP: Final = 0.02
"""Oklab lightness a pixel: a steeper edge belongs to no cloud."""
_MIN_CLEAR: Final = 0.6
"""Share of a sky, and of a row of it, that must be open."""
_MIN_ROWS: Final = 0.2


def borrow_sky(stage: Stage, operation: BorrowSky, context: Context) -> Stage:
    """Carry out "use the sky from the second picture".

    Parameters
    ----------
    stage : Stage
    operation : BorrowSky
    context : Context
        ``scenes`` gives the other picture.

    Returns
    -------
    Stage
        Pixels without sky are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        One of the pictures has no sky.
    """
    place = look_around(stage, context.rng)
    if place.sky is None:
        _refuse(operation, operation.base_index)
    assert place.sky is not None
    alpha = place.sky.alpha
    context.checkpoint()
    other = _sky_of(context.scenes(operation.other_index), operation)
    context.checkpoint()
    sky = _fit(other, alpha)
    finished = to_uint8(linear_to_srgb(np.clip(place.land + alpha[..., None] * sky, 0.0, 1.0).astype(np.float32)))
    pixels = stage.pixels.copy()
    pixels[..., :3] = np.where(alpha[..., None] > 0, finished, stage.pixels[..., :3])
    note = 'The land keeps its own light; for an hour that fits the sky add "golden hour light" or "make it sunset".'
    return stage.after(pixels, alpha, notes=(note,))


def _refuse(operation: BorrowSky, index: int) -> None:
    hint = (
        f"I see no sky in picture {index + 1}. Without one there say which sky instead: "
        '"a clear blue sky", "dramatic clouds", "a sunset sky".'
    )
    raise UnsupportedInstructionError((), (operation.phrase,), hint)


def _sky_of(scene: Scene, operation: BorrowSky) -> FloatImage:
    """Return the open rows of a picture's sky, without what stands before it: (h, W, 3) float32, linear light."""
    coarse = scene.sky
    if coarse is None or float(coarse.mean()) < MIN_SKY:
        _refuse(operation, operation.other_index)
    assert coarse is not None
    linear = srgb_to_linear(np.ascontiguousarray(scene.pixels[..., :3]))
    layers = scene.keep("sky layers", lambda: split_sky(linear, coarse, scene.subject.matte))
    clear = _clear_sky(linear, layers.alpha)
    covered = np.flatnonzero(clear.mean(axis=1) < _MIN_CLEAR)
    covered = covered[covered > _MIN_ROWS * linear.shape[0]]
    end = int(covered[0]) if covered.size else linear.shape[0]
    if float(clear[:end].mean()) < _MIN_CLEAR:
        hint = (
            f"Too much stands before the sky of picture {operation.other_index + 1} to take it. Take a picture with an open "
            'sky, or name one: "a sunset sky", "dramatic clouds".'
        )
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    return _fill(linear[:end], clear[:end])


def _clear_sky(linear: FloatImage, alpha: Mask) -> Mask:
    """Return 1 where the sky is surely open: clouds are soft, so what has sharp edges, and its surroundings, is none."""
    lightness = np.ascontiguousarray(linear_to_oklab(linear)[..., 0])
    smooth = cv2.GaussianBlur(lightness, (0, 0), 1.0)
    steep = cv2.magnitude(
        cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8)
    )
    covered = ((alpha < 0.97) | (steep > _STEEP)).astype(np.uint8)
    reach = 2 * max(2, round(0.012 * max(alpha.shape))) + 1
    around = cv2.dilate(covered, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return np.asarray(around == 0, np.float32)


def _fill(linear: FloatImage, clear: Mask) -> FloatImage:
    """Return a sky whose covered parts take the mean of the open ones around, from fine to coarse."""
    filled = linear * clear[..., None]
    weight = clear.copy()
    height, width = clear.shape
    result, known = filled.copy(), clear.copy()
    for step in (8, 16, 32, 64, 128):
        size = (max(2, width // step), max(2, height // step))
        share = cv2.GaussianBlur(cv2.resize(weight, size, interpolation=cv2.INTER_AREA), (0, 0), 1.5)
        mean = cv2.GaussianBlur(cv2.resize(filled, size, interpolation=cv2.INTER_AREA), (0, 0), 1.5)
        mean /= np.maximum(share, 1e-4)[..., None]
        near = cv2.resize(smoothstep(0.02, 0.2, share), (width, height), interpolation=cv2.INTER_LINEAR)
        part = ((1.0 - known) * near)[..., None]
        result = result + part * cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR)
        known = known + (1.0 - known) * near
    rest = filled.sum(axis=(0, 1)) / max(1.0, float(weight.sum()))
    return np.asarray(result + (1.0 - known)[..., None] * rest, np.float32)


def _fit(sky: FloatImage, alpha: Mask) -> FloatImage:
    """Return a sky at the size of a picture: it covers that picture's sky, its lower end at the lower end."""
    height, width = alpha.shape
    rows = np.flatnonzero((alpha > 0.02).any(axis=1))
    end = int(rows[-1]) + 1
    factor = max(width / sky.shape[1], end / sky.shape[0])
    size = (max(width, round(sky.shape[1] * factor)), max(end, round(sky.shape[0] * factor)))
    large = cv2.resize(sky, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    left = (size[0] - width) // 2
    part = large[size[1] - end :, left : left + width]
    below = np.repeat(part[-1:], height - end, axis=0)
    return np.asarray(np.maximum(np.concatenate([part, below]), 0.0), np.float32)
