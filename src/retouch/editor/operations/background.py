"""Blur or replace what is behind the subject."""

import cv2
import numpy as np

from retouch.editor.instructions.plan import Background, ChangeBackground, ColorValue, TargetKind
from retouch.editor.operations.background_blur import (
    blend_by_depth,
    blur_radius_px,
    defocus,
    defocus_by_depth,
    ground_defocus,
)
from retouch.editor.operations.background_large import MAX_WHOLE_PIXELS, Scenery, grain_of_bands, replace_in_strips
from retouch.editor.operations.outline import note_unsure_outline
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.scene import Finding, Scene
from retouch.errors import InvalidValueError, UnsupportedInstructionError
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import channel_mean, linear_to_srgb, oklab_to_linear_in_gamut, srgb8_to_oklab, to_float
from retouch.images.filters import enlarge_rows, resize_float
from retouch.images.geometry import fill_size, fit_pixels
from retouch.images.masks import bounding_box, estimate_layers
from retouch.types import Resolution

__all__ = ["change_background", "composite_over", "contact_shadow"]

_CLEAR_HORIZON = 0.5
_SOLID = 0.5
_WHOLE = 0.9
_HAS_IT = 0.97
"""A matte that has this share of a thing has the whole of it; the rest is its own finer edge."""
_NO_SUBJECT_HINT = (
    "No clear subject stands out from the background in this picture. Name what should stay, as in "
    '"blur the background behind the cup", or use a picture with one main subject.'
)


def change_background(stage: Stage, operation: ChangeBackground, context: Context) -> Stage:
    """Carry out "blur the background", "make the background white", "put the second photo behind it".

    Parameters
    ----------
    stage : Stage
    operation : ChangeBackground
    context : Context

    Returns
    -------
    Stage
        With four channels for a transparent background. Pixels where the subject's matte is 1 are bit-identical:
        the subject keeps the light in which it was taken, also in front of another picture.

    Raises
    ------
    UnsupportedInstructionError
        The picture has no clear subject, or not the one that was named.
    InvalidValueError
        The operation lacks the colors or the picture that its kind needs.
    EditAbortedError

    Notes
    -----
    ``alpha F + (1 - alpha) new`` in gamma-encoded sRGB with the subject's own colors F from blur fusion: the space in which
    mattes are estimated and in which viewers composite a transparent PNG, so a white background equals the transparent picture
    laid on white.
    """
    finding = _find_subject(stage, operation)
    alpha = finding.mask
    for added in stage.added.values():
        alpha = np.maximum(alpha, added)
    for thing in stage.protected:
        alpha = _with(alpha, thing.mask)
    if stage.pixels.shape[2] == 4:
        alpha = np.minimum(alpha, to_float(stage.pixels[..., 3]))
    context.checkpoint()
    if alpha.size > MAX_WHOLE_PIXELS:
        pixels = _change_large(stage, operation, context, alpha)
    else:
        pixels = _change_whole(stage, operation, context, alpha)
    resolution = Resolution(
        operation.subject.phrase, f"{finding.resolved_to}, kept", finding.confidence, verified=finding.verified
    )
    notes = note_unsure_outline(stage.scene.subject) if operation.subject.kind is TargetKind.SUBJECT else ()
    return stage.after(pixels, (1.0 - alpha).astype(np.float32), resolutions=(resolution,), notes=notes)


def _change_whole(stage: Stage, operation: ChangeBackground, context: Context, alpha: Mask) -> Pixels:
    """Change the background of a picture in one piece."""
    image = to_float(stage.pixels[..., :3])
    foreground, behind = estimate_layers(image, alpha)
    if stage.pixels.shape[2] == 4:
        foreground = image
    context.checkpoint()
    if operation.kind is Background.TRANSPARENT:
        return _cut_out(stage.pixels, foreground, alpha)
    scenery = _new_background(stage.scene, operation, context, behind, alpha)
    pixels = _quantize(composite_over(foreground, scenery, alpha))
    kept = alpha >= 1.0
    pixels[kept] = stage.pixels[kept][:, :3]
    return pixels


def _change_large(stage: Stage, operation: ChangeBackground, context: Context, alpha: Mask) -> Pixels:
    """Change the background of a picture of many megapixels, in strips."""
    if operation.kind is Background.TRANSPARENT:
        return replace_in_strips(stage.pixels, alpha, None)
    height, width = alpha.shape

    def blur(behind: FloatImage, small_alpha: Mask) -> Scenery:
        small_hw = (small_alpha.shape[0], small_alpha.shape[1])
        radius_px = blur_radius_px(*small_hw, operation.strength)
        blurred = defocus(behind, small_alpha, radius_px)
        depth = _depth_of_ground(stage.scene, alpha)
        share = None if depth is None else resize_float(depth, small_hw)
        half = blurred if share is None else defocus(behind, small_alpha, radius_px / 2)
        fine = grain_of_bands(stage.pixels, alpha)

        def paint(rows: slice, sharp: FloatImage) -> FloatImage:
            context.checkpoint()
            layer = enlarge_rows(blurred, rows, height, width)
            if share is not None:
                near = enlarge_rows(share, rows, height, width)
                layer = blend_by_depth(sharp, enlarge_rows(half, rows, height, width), layer, near)
            return _dither(_add_grain(layer, fine, context), context)

        return paint

    def replace(behind: FloatImage, _: Mask) -> Scenery:
        whole = _new_background(stage.scene, operation, context, behind, alpha)
        return lambda rows, _sharp: whole[rows]

    return replace_in_strips(stage.pixels, alpha, blur if operation.kind is Background.BLUR else replace)


def _find_subject(stage: Stage, operation: ChangeBackground) -> Finding:
    """Resolve what stays; a picture without a subject is refused."""
    target = operation.subject
    if target.kind is TargetKind.SUBJECT and not stage.scene.subject.present and not stage.added:
        raise UnsupportedInstructionError((), (target.phrase or "the background",), _NO_SUBJECT_HINT)
    return stage.find(target)


def _with(alpha: Mask, stays: Mask) -> Mask:
    """Return a matte that also has what stays; one that has it already keeps its finer edge."""
    inside = stays > _SOLID
    is_in = inside.any() and float((alpha[inside] > _SOLID).mean()) > _HAS_IT
    return alpha if is_in else np.asarray(np.maximum(alpha, np.minimum(stays / _WHOLE, 1.0)), dtype=np.float32)


def composite_over(foreground: FloatImage, background: FloatImage, alpha: Mask) -> FloatImage:
    """Return ``alpha * foreground + (1 - alpha) * background``, (H, W, 3) float32, in the space of the arguments."""
    return np.asarray(background + alpha[..., None] * (foreground - background), dtype=np.float32)


def _quantize(image: FloatImage) -> Pixels:
    """Round (H, W, 3) float [0, 1] to uint8."""
    return np.asarray(np.rint(np.clip(image, 0.0, 1.0) * 255.0), dtype=np.uint8)


def _cut_out(pixels: Pixels, foreground: FloatImage, alpha: Mask) -> Pixels:
    """Return (H, W, 4) uint8 with straight alpha; nothing of the background is left in the colors."""
    rgb = np.where((alpha >= 1.0)[..., None], pixels[..., :3], _quantize(foreground))
    return np.dstack([rgb, np.rint(alpha * 255.0).astype(np.uint8)])


def _new_background(
    scene: Scene, operation: ChangeBackground, context: Context, behind: FloatImage, alpha: Mask
) -> FloatImage:
    """Return the (H, W, 3) float32 [0, 1] sRGB background."""
    height, width = alpha.shape
    if operation.kind is Background.PICTURE:
        return _picture_behind(operation, context, alpha)
    if operation.kind is Background.BLUR:
        radius_px = blur_radius_px(height, width, operation.strength)
        blurred = defocus_by_depth(behind, alpha, radius_px, _depth_of_ground(scene, alpha))
        return _dither(_restore_grain(blurred, behind, alpha, context), context)
    needed = 1 if operation.kind is Background.COLOR else 2
    if len(operation.colors) < needed:
        raise InvalidValueError("colors", f"{needed} for a {operation.kind.value} background", len(operation.colors))
    if operation.kind is Background.COLOR:
        flat = to_float(np.array(operation.colors[0].rgb, np.uint8))
        return np.broadcast_to(flat, (height, width, 3))
    return _dither(np.broadcast_to(_gradient(operation.colors[:2], height), (height, width, 3)), context)


def _depth_of_ground(scene: Scene, alpha: Mask) -> Mask | None:
    """Return the share of the blur by depth where the scene shows its ground and horizon clearly, else None."""
    horizon = scene.horizon
    if horizon is None or horizon.confidence < _CLEAR_HORIZON:
        return None
    return ground_defocus(alpha, scene.ground, horizon.row)


def _gradient(colors: tuple[ColorValue, ...], height: int) -> FloatImage:
    """Return (H, 1, 3) float32 sRGB from the first color at the top to the second; even steps in Oklab."""
    top, bottom = srgb8_to_oklab(np.array([color.rgb for color in colors], np.uint8))
    share = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None, None]
    return linear_to_srgb(oklab_to_linear_in_gamut(top + share * (bottom - top)))


def _dither(image: FloatImage, context: Context) -> FloatImage:
    """Add triangular noise of one 8-bit step, which turns the bands of a smooth tone into nothing one can see."""
    height, width = image.shape[:2]
    noise = context.rng.random((height, width, 1), dtype=np.float32) - context.rng.random(
        (height, width, 1), dtype=np.float32
    )
    return np.asarray(image + noise / 255.0, dtype=np.float32)


def _restore_grain(blurred: FloatImage, sharp: FloatImage, alpha: Mask, context: Context) -> FloatImage:
    """Give a blurred background the grain that the lens would have left: sensor noise is never out of focus."""
    gray = channel_mean(sharp)
    return _add_grain(blurred, np.abs(gray - cv2.GaussianBlur(gray, (0, 0), 1.0))[alpha < 0.1], context)


def _add_grain(blurred: FloatImage, fine: FloatImage, context: Context) -> FloatImage:
    """Add noise as strong as samples of a picture's finest detail say."""
    if fine.size == 0:
        return blurred
    sigma = min(1.4826 * float(np.median(fine)), 0.012)
    grain = context.rng.standard_normal(blurred.shape[:2], dtype=np.float32)
    return np.asarray(blurred + 0.8 * sigma * grain[..., None], dtype=np.float32)


def _picture_behind(operation: ChangeBackground, context: Context, alpha: Mask) -> FloatImage:
    """Return another input picture, (H, W, 3) float32 [0, 1] sRGB, filled to size and shadowed where the subject stands."""
    index = operation.background_image_index
    if index is None:
        raise InvalidValueError("background_image_index", "the number of an input picture", index)
    height, width = alpha.shape
    other = context.scenes(index).pixels[..., :3]
    scenery = to_float(fit_pixels(other, fill_size(other.shape[1], other.shape[0], (width, height))))
    return np.asarray(scenery * (1.0 - contact_shadow(alpha)[..., None]), dtype=np.float32)


def contact_shadow(alpha: Mask) -> Mask:
    """Return the soft shadow that a standing subject leaves right under it.

    Parameters
    ----------
    alpha : (H, W) float32 [0, 1]

    Returns
    -------
    (H, W) float32 [0, 0.5]
        All 0 where the lower border cuts the subject: then it stands outside of the picture.

    Notes
    -----
    The lowest twentieth of the subject, moved down by half of its height and blurred twice: narrow and dark where it
    touches, wide and faint around.
    """
    solid = (alpha > 0.5).astype(np.float32)
    box = bounding_box(solid)
    if box is None or box[0].stop >= alpha.shape[0] - 2:
        return np.zeros_like(alpha)
    extent = box[0].stop - box[0].start
    strip_px = max(2, extent // 20)
    feet = np.zeros_like(alpha)
    feet[box[0].stop - strip_px : box[0].stop] = solid[box[0].stop - strip_px : box[0].stop]
    feet = np.roll(feet, strip_px // 2, axis=0)
    near = cv2.GaussianBlur(feet, (0, 0), sigmaX=extent * 0.02 + 1, sigmaY=extent * 0.008 + 1)
    wide = cv2.GaussianBlur(feet, (0, 0), sigmaX=extent * 0.07 + 1, sigmaY=extent * 0.02 + 1)
    return np.asarray(np.clip(0.32 * near + 0.25 * wide, 0.0, 0.5), dtype=np.float32)
