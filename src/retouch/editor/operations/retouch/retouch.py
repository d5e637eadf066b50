"""Carry out one step of retouching, on the whole picture or under the mask of what it is about."""

from typing import Final

import numpy as np

from retouch.editor.instructions.plan import Retouch, RetouchPicture, Target, TargetKind
from retouch.editor.operations.composition.reframe import scale_of
from retouch.editor.operations.retouch import detail, faces, tone
from retouch.editor.operations.stage import Context, Stage
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import to_float, to_uint8
from retouch.images.masks import blend_pixels
from retouch.types import Resolution

__all__ = ["retouch_picture"]

_PARTS: Final = {Retouch.SMOOTH_SKIN: "skin", Retouch.WHITEN_TEETH: "tooth", Retouch.BRIGHTEN_EYES: "eye"}
_PHRASES: Final = {"skin": "the skin", "tooth": "the teeth", "eye": "the eyes"}
_LITTLE_HAZE: Final = 0.12
_LITTLE_CAST: Final = 0.04
_LITTLE_NOISE: Final = 0.004
_NO_VIGNETTE_HINT: Final = (
    "I see no clear vignette in this picture: it does not grow darker toward all four corners alike. Where only some of it is "
    'dark, say which: "brighten the top left corner", "lift the shadows".'
)


def retouch_picture(stage: Stage, operation: RetouchPicture, context: Context) -> Stage:
    """Carry out "sharpen the photo", "fix the white balance", "whiten the teeth".

    Parameters
    ----------
    stage : Stage
    operation : RetouchPicture
        A strength of 0 leaves the picture as it is.
    context : Context

    Returns
    -------
    Stage
        Without a target every pixel counts as touched; with one, and for red eyes, skin, teeth and eyes, pixels outside the mask
        are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        The picture does not show what it is about: no face, no red eyes, the target is not there.
    EditAbortedError
    """
    context.checkpoint()
    if operation.strength == 0:
        return stage
    image = to_float(stage.pixels[..., :3])
    if operation.kind is Retouch.RED_EYE:
        return _fix_red_eyes(stage, operation, image)
    target = operation.target
    if operation.kind in _PARTS:
        noun = _PARTS[operation.kind]
        target = Target(TargetKind.NOUN, _PHRASES[noun], noun=noun)
    if target is None:
        changed, notes = _retouched(image, operation, stage, context)
        return stage.after(_finished(stage, changed), None, notes=notes)
    finding = stage.find(target)
    context.checkpoint()
    changed, notes = _retouched(image, operation, stage, context)
    resolution = Resolution(target.phrase, finding.resolved_to, finding.confidence, verified=finding.verified)
    return _masked(stage, changed, finding.mask, resolution, notes)


def _finished(stage: Stage, changed: FloatImage) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    pixels = to_uint8(changed)
    return pixels if stage.pixels.shape[2] == 3 else np.dstack([pixels, stage.pixels[..., 3]])


def _masked(stage: Stage, changed: FloatImage, mask: Mask, resolution: Resolution, notes: tuple[str, ...]) -> Stage:
    pixels = blend_pixels(stage.pixels, _finished(stage, changed), mask)
    return stage.after(pixels, mask, resolutions=(resolution,), notes=notes)


def _retouched(
    image: FloatImage, operation: RetouchPicture, stage: Stage, context: Context
) -> tuple[FloatImage, tuple[str, ...]]:
    """Return the whole image retouched, and what the user should know."""
    strength = operation.strength
    match operation.kind:
        case Retouch.SHARPEN:
            return detail.sharpen(image, strength), ()
        case Retouch.DEBLUR:
            return detail.deblur(image, strength), (
                "Only a small blur can be undone; detail that is lost is not made up.",
            )
        case Retouch.DENOISE:
            little = detail.noise_level(detail.luma(image)) < _LITTLE_NOISE
            return detail.denoise(image, strength), ("The picture has next to no noise.",) if little else ()
        case Retouch.DEHAZE:
            cleared, haze = detail.dehaze(image, strength)
            return cleared, (
                "The picture has little haze: mostly its contrast changed.",
            ) if haze < _LITTLE_HAZE else ()
        case Retouch.UPSCALE:
            return _upscaled(image, stage, context)
        case Retouch.WHITE_BALANCE:
            balanced, cast = tone.balance_white(image, strength)
            return balanced, ("The picture has next to no color cast.",) if cast < _LITTLE_CAST else ()
        case Retouch.ENHANCE:
            return tone.enhance(image, strength), ()
        case Retouch.HDR:
            return tone.look_hdr(image, strength), ()
        case Retouch.CLARITY:
            return tone.add_clarity(image, strength), ()
        case Retouch.LIFT_SHADOWS:
            return tone.move_shadows(image, strength), ()
        case Retouch.DEEPEN_SHADOWS:
            return tone.move_shadows(image, -strength), ()
        case Retouch.LOWER_HIGHLIGHTS:
            return tone.move_highlights(image, -strength), ()
        case Retouch.LIFT_CORNERS:
            lifted, stops = tone.lift_corners(image, strength)
            if stops == 0:
                raise UnsupportedInstructionError((), ("the vignette",), _NO_VIGNETTE_HINT)
            return lifted, ()
        case Retouch.EXPOSURE:
            return tone.expose(image, strength), ()
        case Retouch.SMOOTH_SKIN:
            widths = [face.box.width for face in stage.scene.faces]
            return faces.smooth_skin(image, strength, max(widths, default=0.25 * image.shape[1])), ()
        case Retouch.WHITEN_TEETH:
            return faces.whiten_teeth(image, strength), ()
        case Retouch.BRIGHTEN_EYES | Retouch.RED_EYE:
            return faces.brighten_eyes(image, strength), ()


def _upscaled(image: FloatImage, stage: Stage, context: Context) -> tuple[FloatImage, tuple[str, ...]]:
    """Take out the softness that enlarging left, and say how large the answer is."""
    enlarged = 1.0 / scale_of(stage, context)
    height, width = image.shape[:2]
    size = f"The answer has {width} x {height} pixels; "
    if enlarged > 1.05:
        note = size + f"the original was enlarged {enlarged:.1f} times. Edges are clean, but detail is not made up."
        sharper = detail.deblur(image, 1.0, sigma=float(np.clip(0.5 * enlarged, 0.6, 2.2)))
        return sharper, (note,)
    note = (
        size + 'the original has more: ask for size "original" to keep them all.'
        if enlarged < 0.95
        else size + "as the original."
    )
    return detail.sharpen(image, 0.6), (note,)


def _fix_red_eyes(stage: Stage, operation: RetouchPicture, image: FloatImage) -> Stage:
    """Find the glow in the eyes of every face."""
    people = stage.scene.faces
    if not people:
        hint = "I see no face from the front in this picture, and so no eyes to correct."
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    mask = faces.find_red_eyes(image, people)
    if not mask.any():
        raise UnsupportedInstructionError((), (operation.phrase,), "The eyes in this picture are not red.")
    resolution = Resolution(operation.phrase, "red pupils", 0.8, verified=True)
    return _masked(stage, faces.fix_red_eyes(image), mask, resolution, ())
