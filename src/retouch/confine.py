"""Keep an edit inside the mask that came with the request, whatever engine made it."""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from retouch.engines.base import EditInputs, EngineOutput
from retouch.errors import InvalidValueError, UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.images.mask_file import resize_mask
from retouch.images.masks import blend_pixels, smoothstep
from retouch.preserve.composite import Preserved, composite
from retouch.preserve.original import composite_into_original
from retouch.preserve.restore import preserve_fitted
from retouch.types import EditRequest

__all__ = ["FEATHER_PX", "confine_to_mask", "prepare_mask", "require_confinable"]

FEATHER_PX: Final = 3.0
"""A hard edge of a mask is softened inwards by so much; outside of it nothing is touched."""


def prepare_mask(mask: Mask, size_wh: tuple[int, int]) -> tuple[Mask, tuple[str, ...]]:
    """Bring a mask to the size of the picture that it is for.

    Parameters
    ----------
    mask : (H, W) float32 [0, 1]
    size_wh : (int, int)
        Of the picture.

    Returns
    -------
    tuple of Mask and tuple of str
        (height, width) float32 [0, 1], and a note when it had another size.

    Raises
    ------
    InvalidValueError
        Nothing in it may change.
    """
    if not (mask > 0).any():
        raise InvalidValueError("mask", "white where the edit may be", "a mask that is black everywhere")
    height, width = mask.shape
    if (width, height) == size_wh:
        return mask, ()
    stretched = abs(width * size_wh[1] / (height * size_wh[0]) - 1) > 0.01
    other_ratio = "; its ratio is another one, so it was stretched" if stretched else ""
    note = (
        f"The mask has {width}x{height} pixels and was resized to the picture's {size_wh[0]}x{size_wh[1]}{other_ratio}."
    )
    return resize_mask(mask, size_wh), (note,)


def require_confinable(request: EditRequest, output: EngineOutput) -> None:
    """Raise unless a mask on the first picture can confine this edit.

    Raises
    ------
    UnsupportedInstructionError
        The edit changes the frame, or is built on another picture than the first.
    """
    if output.is_reframed:
        hint = "It changes the frame of the picture, which no mask can confine. Leave the mask out."
        raise UnsupportedInstructionError([], [request.prompt], hint)
    if output.base_index != 0:
        hint = (
            f"The mask is for the first picture, and this edit changes picture {output.base_index + 1}. "
            "Send that picture first, or leave the mask out."
        )
        raise UnsupportedInstructionError([], [request.prompt], hint)


def confine_to_mask(request: EditRequest, inputs: EditInputs, output: EngineOutput) -> Preserved:
    """Return the answer's pixels: the edit where the mask lets it be, and exactly the input's elsewhere.

    Parameters
    ----------
    request : EditRequest
    inputs : EditInputs
        With a mask that is not empty.
    output : EngineOutput

    Returns
    -------
    Preserved
        Bit-identical to the fitted input (with ``size="original"``, to the input) wherever the mask is 0.

    Raises
    ------
    UnsupportedInstructionError
        A mask can't confine this edit, or all of it lies outside of the mask.
    EngineError
        The engine's picture or mask has another size than the input.

    Notes
    -----
    An engine that knows what it changed is believed, inside of the mask. One that doesn't has redrawn the whole picture: drift
    and tone are undone as always, and the seam runs inside of the mask. ``preserve="off"`` leaves both out.
    """
    require_confinable(request, output)
    assert inputs.mask is not None
    assert inputs.original_mask is not None
    base, original = inputs.fitted(0), inputs.originals[0]
    knows_change = output.change_mask is not None or output.is_global or output.pixels.shape[2] == 4
    if request.size == "original" and base.shape != original.shape:
        known = composite(base, output.pixels, output.change_mask, is_global=output.is_global).pixels
        found = composite_into_original(original, known[..., :3], mask=inputs.original_mask, seed=output.seed)
        confined = _softened(original, found, inputs.original_mask)
    elif knows_change or request.preserve == "off":
        confined = _blended(base, output, inputs.mask)
    else:
        found = preserve_fitted(base, output.pixels, mask=inputs.mask, source_fit=inputs.fit(0), seed=output.seed)
        confined = _softened(base, found, inputs.mask)
    if confined.changed_share == 0 and np.any(output.pixels[..., :3] != base):
        hint = "All of what it changes lies outside of the mask. Make the mask larger, or leave it out."
        raise UnsupportedInstructionError([], [request.prompt], hint)
    return confined


def _blended(base: Pixels, output: EngineOutput, mask: Mask) -> Preserved:
    """Lay the engine's picture over the input under the mask."""
    share = np.minimum(mask, _ramp(mask))
    change = share if output.change_mask is None else np.minimum(share, output.change_mask)
    # Checks the sizes, and restores what the engine says that it left alone.
    known = composite(base, output.pixels, output.change_mask, is_global=output.is_global).pixels
    opaque = base
    if known.shape[2] == 4:
        opaque = np.dstack([base, np.full(base.shape[:2], 255, np.uint8)])
    return composite(base, blend_pixels(opaque, known, share), change, is_global=False)


def _softened(base: Pixels, found: Preserved, mask: Mask) -> Preserved:
    """Let the edit fade where the mask is gray: the seam was laid for a mask of yes and no."""
    wanted = np.minimum(found.change_mask, mask)
    ratio = np.divide(wanted, found.change_mask, out=np.zeros_like(mask), where=found.change_mask > 0)
    kept = composite(base, blend_pixels(base, found.pixels, ratio), wanted, is_global=False)
    return replace(kept, report=found.report)


def _ramp(mask: Mask) -> Mask:
    """Return a ramp from the edge of the mask inwards; the picture's border is no edge."""
    allowed = np.pad((mask > 0).astype(np.uint8), 1, mode="edge")
    distance = cv2.distanceTransform(allowed, cv2.DIST_L2, 3)[1:-1, 1:-1]
    return np.asarray(smoothstep(0.0, FEATHER_PX, distance), dtype=np.float32)
