"""Put the input's pixels back wherever an edit says that it touched nothing."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from retouch.errors import EngineError
from retouch.images.array_types import Mask, Pixels
from retouch.preserve.difference import largest_channel_difference
from retouch.preserve.report import PreserveReport

__all__ = ["Preserved", "composite"]


@dataclass(frozen=True, slots=True)
class Preserved:
    """The answer's pixels, and what changed.

    Attributes
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB
    change_mask : (H, W) float32 [0, 1]
        0 exactly where ``pixels`` equals the input, also where an engine meant to change a pixel and did not.
    changed_share : float
        Share of pixels that differ from the input, 0 to 1.
    report : PreserveReport or None
        How the change was found; None where the engine knew it.
    """

    pixels: Pixels
    change_mask: Mask
    changed_share: float
    report: PreserveReport | None = None


def composite(base: Pixels, edited: Pixels, change_mask: Mask | None, *, is_global: bool) -> Preserved:
    """Restore the base wherever the mask is 0.

    Parameters
    ----------
    base : (H, W, 3) uint8, sRGB
        The input, fitted to the answer's size.
    edited : (H, W, 3) or (H, W, 4) uint8, sRGB
        The engine's picture, feather already blended in.
    change_mask : (H, W) float32 [0, 1], or None
        None means that the engine doesn't know what it changed, and nothing is restored.
    is_global : bool
        The edit touches every pixel by nature; nothing is restored.

    Returns
    -------
    Preserved
        Bit-identical to ``base`` where the mask is 0.

    Raises
    ------
    EngineError
        The engine's picture or mask has another size than the input.
    """
    if edited.shape[:2] != base.shape[:2]:
        raise EngineError(f"The engine returned {edited.shape[:2]} pixels (rows, columns) for {base.shape[:2]}.")
    if is_global or change_mask is None:
        differs = _differs(base, edited)
        return Preserved(edited, differs.astype(np.float32), float(differs.mean()))
    if change_mask.shape != base.shape[:2]:
        raise EngineError(f"The engine returned a mask of {change_mask.shape} (rows, columns) for {base.shape[:2]}.")
    outside = change_mask <= 0
    pixels = np.array(edited, order="C")
    if pixels.shape[2] == 4:
        pixels[outside, :3] = base[outside]
        pixels[outside, 3] = 255
    else:
        pixels = np.asarray(cv2.copyTo(np.ascontiguousarray(base), outside.astype(np.uint8), pixels), dtype=np.uint8)
    differs = _differs(base, pixels)
    return Preserved(pixels, np.where(differs, change_mask, np.float32(0.0)), float(differs.mean()))


def _differs(base: Pixels, pixels: Pixels) -> npt.NDArray[np.bool_]:
    """Return where the answer is not the input, bit for bit: (H, W) bool. A transparent pixel differs."""
    differs: npt.NDArray[np.bool_] = largest_channel_difference(base, np.ascontiguousarray(pixels[..., :3])) > 0
    if pixels.shape[2] == 4:
        differs |= pixels[..., 3] < 255
    return differs
