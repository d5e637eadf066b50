"""Print one picture on a surface in another: on a mug, a poster, a shirt."""

import numpy as np

from retouch.editor.instructions.plan import PrintOnto, Target, TargetKind
from retouch.editor.operations.print.surface import find_surface
from retouch.editor.operations.stage import Context, Stage
from retouch.errors import InvalidValueError, UnsupportedInstructionError
from retouch.images.array_types import Pixels
from retouch.images.color import to_float
from retouch.images.masks import bounding_box, estimate_layers
from retouch.types import Resolution

__all__ = ["print_onto"]


def print_onto(stage: Stage, operation: PrintOnto, context: Context) -> Stage:
    """Carry out "print the first image on the mug of the second".

    Parameters
    ----------
    stage : Stage
        Of the picture that shows the surface.
    operation : PrintOnto
        A ``picture`` of kind PICTURE is printed whole, any other target as a cut-out.
    context : Context

    Returns
    -------
    Stage
        Pixels outside the print are bit-identical: the mug stays the very same mug.

    Raises
    ------
    UnsupportedInstructionError
        The thing is not in the picture, or shows no area that can be printed on.
    InvalidValueError
        The operation doesn't say which input picture to print.
    EditAbortedError
    """
    source = _printed_picture(operation.picture, context)
    context.checkpoint()
    surface = find_surface(stage, operation.surface, aspect=source.shape[1] / source.shape[0])
    context.checkpoint()
    pixels, coverage = surface.print(stage.pixels, source)
    resolutions = (
        Resolution(
            operation.surface.phrase,
            f"{surface.resolved_to}, a {'round' if surface.shape.kind == 'round' else 'flat'} surface",
            surface.confidence,
            verified=surface.verified,
        ),
    )
    return stage.after(pixels, coverage, resolutions=resolutions)


def _printed_picture(target: Target, context: Context) -> Pixels:
    """Return what is printed: (H, W, 3) a whole picture, or (H, W, 4) a cut-out with straight alpha."""
    if target.image_index is None:
        raise InvalidValueError("image_index", "the number of the input picture to print", target.image_index)
    scene = context.scenes(target.image_index)
    if target.kind is TargetKind.PICTURE:
        return scene.pixels[..., :3]
    alpha = scene.find(target).mask
    box = bounding_box((alpha > 0.1).astype(np.float32), margin_px=2)
    if box is None:
        raise UnsupportedInstructionError((), (target.phrase,), "Nothing of it is visible in the picture.")
    foreground, _ = estimate_layers(to_float(scene.pixels[box][..., :3]), alpha[box])
    cut_out = np.dstack([foreground, alpha[box]])
    return np.rint(np.clip(cut_out, 0.0, 1.0) * 255.0).astype(np.uint8)
