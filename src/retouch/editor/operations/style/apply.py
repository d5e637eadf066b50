"""Carry out ``ApplyStyle``: choose the painter, and lay its picture over the photo where it was asked for."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from retouch.editor.instructions.plan import FILM_STYLES, ApplyStyle, Style
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.operations.style import drawing, geometric, graphic, painting
from retouch.editor.operations.style.film import develop
from retouch.editor.operations.style.flow import unit_px
from retouch.editor.operations.style.network import paint_learned, paint_like
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.images.color import oklab_to_srgb8, srgb8_to_oklab
from retouch.images.masks import blend_pixels, bounding_box, grow_mask
from retouch.types import Resolution

__all__ = ["apply_style"]

_MARGIN_PX = 48
_HIDDEN_RIM_PX = 9.0
_SMALLEST_SIDE_PX = 24
_BOLDER = 1.35
"""Of the strokes, where a style is asked for strongly."""

Painter = Callable[[Pixels, np.random.Generator, float, Callable[[], None]], Pixels]

_PAINTERS: dict[Style, Painter] = {
    Style.OIL: painting.paint_oil,
    Style.IMPRESSIONIST: painting.paint_impressionist,
    Style.MONET: painting.paint_like_monet,
    Style.POINTILLIST: painting.paint_pointillist,
    Style.WATERCOLOR: painting.paint_watercolor,
    Style.GOUACHE: painting.paint_gouache,
    Style.PASTEL: painting.paint_pastel,
    Style.FRESCO: painting.paint_fresco,
    Style.PENCIL: drawing.draw_pencil,
    Style.COLORED_PENCIL: drawing.draw_colored_pencil,
    Style.CHARCOAL: drawing.draw_charcoal,
    Style.INK: drawing.draw_ink,
    Style.LINE_ART: drawing.draw_lines,
    Style.CARTOON: graphic.draw_cartoon,
    Style.COMIC: graphic.draw_comic,
    Style.POP_ART: graphic.print_pop_art,
    Style.POSTER: graphic.print_poster,
    Style.HALFTONE: graphic.print_halftone,
    Style.STENCIL: graphic.print_stencil,
    Style.PIXEL_ART: geometric.draw_pixel_art,
    Style.PIXELATED: geometric.pixelate,
    Style.LOW_POLY: geometric.build_low_poly,
    Style.MOSAIC: geometric.lay_mosaic,
    Style.STAINED_GLASS: geometric.set_stained_glass,
    Style.CUBIST: geometric.paint_cubist,
    Style.MONDRIAN: geometric.paint_rectangles,
}

_LEARNED: dict[Style, tuple[int, float, float]] = {
    Style.VAN_GOGH: (19, 0.25, 1.25),
    Style.MUNCH: (5, 0.25, 1.25),
    Style.KANDINSKY: (15, 0.85, 2.1),
    Style.UKIYO_E: (24, 0.35, 1.25),
}
"""Style -> the network's style that looks like it, the share of the photo's own color that stays, and how vivid that is.

The network's styles have no names; these four were chosen by eye.
"""


def apply_style(stage: Stage, operation: ApplyStyle, context: Context) -> Stage:
    """Carry out "turn it into a watercolor", "make the background a pencil sketch", "in the style of image 2".

    Parameters
    ----------
    stage : Stage
    operation : ApplyStyle
        A strength of 0 leaves the picture as it is.
    context : Context

    Returns
    -------
    Stage
        Without a target every pixel counts as touched; with one, pixels outside its mask are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        The target is not in the picture, or the picture is too small.
    ModelFileError
        The style needs a network whose weights are not installed.
    EditAbortedError
    """
    if min(stage.pixels.shape[:2]) < _SMALLEST_SIDE_PX:
        raise UnsupportedInstructionError(
            (),
            (operation.phrase,),
            f"A style needs a picture of at least {_SMALLEST_SIDE_PX} pixels on its shorter side.",
        )
    if operation.strength == 0:
        return stage
    if operation.target is None:
        return stage.after(_styled(stage.pixels, operation, context, None), None)
    finding = stage.find(replace(operation.target, all_but=False))
    mask = 1.0 - finding.mask if operation.target.all_but else finding.mask
    if operation.style is Style.PIXELATED and not operation.target.all_but:
        # A hidden face must not show an eye at the rim of its mask.
        mask = grow_mask(mask, _HIDDEN_RIM_PX * unit_px(stage.pixels))
    context.checkpoint()
    styled = _styled(stage.pixels, operation, context, mask)
    resolution = Resolution(operation.target.phrase, finding.resolved_to, finding.confidence, verified=finding.verified)
    return stage.after(blend_pixels(stage.pixels, styled, mask), mask, resolutions=(resolution,))


def _styled(pixels: Pixels, operation: ApplyStyle, context: Context, mask: Mask | None) -> Pixels:
    """Return the picture in the style; only the surroundings of a mask are worked on."""
    box = None if mask is None else bounding_box(mask, margin_px=_MARGIN_PX)
    rows, columns = box if box is not None else (slice(None), slice(None))
    if operation.style in FILM_STYLES:
        # A vignette or a band of sharpness belongs to the frame, not to the part's box.
        rows, columns = slice(None), slice(None)
    part = np.ascontiguousarray(pixels[rows, columns, :3])
    # Painters have no use for a part smaller than their strokes.
    if min(part.shape[:2]) < _SMALLEST_SIDE_PX:
        rows, columns = slice(None), slice(None)
        part = np.ascontiguousarray(pixels[..., :3])
    painted = _render(part, operation, context, unit_px(pixels) / unit_px(part))
    # What is hidden behind coarse pixels must not shine through.
    if operation.strength < 1.0 and operation.style not in FILM_STYLES and operation.style is not Style.PIXELATED:
        painted = cv2.addWeighted(painted, 0.3 + 0.6 * operation.strength, part, 0.7 - 0.6 * operation.strength, 0.0)
    result = pixels.copy()
    result[rows, columns, :3] = painted
    return result


def _render(pixels: Pixels, operation: ApplyStyle, context: Context, scale: float) -> Pixels:
    """Return an (H, W, 3) picture in the style at its full strength (films: at the strength that is asked for).

    ``scale`` makes the strokes on a part of the picture as large as they would be on the whole.
    """
    style = operation.style
    if style in FILM_STYLES:
        return develop(pixels, style, operation.strength, context.rng, operation.colors)
    if style is Style.PICTURE:
        return paint_like(pixels, context.originals(operation.picture_index or 0)[..., :3], context.models)
    if style in _LEARNED:
        number, share, vividness = _LEARNED[style]
        painted = paint_learned(pixels, number, context.models)
        context.checkpoint()
        return _with_own_color(painted, pixels, share if operation.strength <= 1.0 else 0.5 * share, vividness)
    bold = scale * (_BOLDER if operation.strength > 1.0 else 1.0)
    return _PAINTERS[style](pixels, context.rng, bold, context.checkpoint)


def _with_own_color(painted: Pixels, photo: Pixels, share: float, vividness: float) -> Pixels:
    """Mix the photo's own hue and chroma into a painting; where that color is strong, some of its light and dark too."""
    lab = srgb8_to_oklab(painted)
    own = srgb8_to_oklab(cv2.GaussianBlur(photo, (0, 0), 2.0))
    lab[..., 1:] += share * (vividness * own[..., 1:] - lab[..., 1:])
    if share > 0.5:
        lab[..., 0] = lab[..., 0] * (0.45 + 0.55 * own[..., 0])
    return oklab_to_srgb8(lab)
