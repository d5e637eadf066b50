"""Add to the picture's sides: more of the scene, bars, a border."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.instructions.plan import AddBorder, Border, ColorValue, ExtendCanvas, Filling
from retouch.editor.operations.composition.boxes import grow_to_ratio
from retouch.editor.operations.composition.reframe import Beyond, bounds, check_ratio, scale_of, show, show_box
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.values import Box
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.images.fill import fill
from retouch.images.frame import Frame
from retouch.images.geometry import fill_size, fit_pixels
from retouch.images.masks import grow_mask
from retouch.types import Resolution

__all__ = ["add_border", "extend_canvas"]

WHITE: Final = ColorValue("white", (255, 255, 255))
_MOST_ADDED: Final = 1.5
"""New area over the picture's own: more is a wish for another picture."""
_CUT_SHARE: Final = 0.12
"""A subject that touches a side over this much of its extent is cut by it."""
_BLUR_SHARE: Final = 0.03
_ROUND_SHARE: Final = 0.07
_BORDER_SHARES: Final = {Border.PLAIN: 0.035, Border.PASSE_PARTOUT: 0.11, Border.POLAROID: 0.05, Border.ROUNDED: 0.0}
_POLAROID_FOOT: Final = 3.6


def extend_canvas(stage: Stage, operation: ExtendCanvas, context: Context) -> Stage:
    """Carry out "extend it to the left", "make it 16:9 without cropping", "zoom out".

    Parameters
    ----------
    stage : Stage
    operation : ExtendCanvas
    context : Context

    Returns
    -------
    Stage
        Reframed; what was the picture stays the picture, in one resize.

    Raises
    ------
    UnsupportedInstructionError
        The subject is cut by the side that is extended (what is missing of it can't be made up), the picture has that ratio
        already, or more than half again would have to be made up.
    EditAbortedError

    Notes
    -----
    The scene is continued by patch synthesis (``images.fill``), mostly from the same height, never from the subject.
    """
    limits = bounds(stage, context)
    required = check_ratio(operation.ratio, context, operation.phrase)
    box = _extended(operation, limits, scale_of(stage, context))
    if required is not None:
        box = grow_to_ratio(box, required)
    added = box.width * box.height / (limits.width * limits.height) - 1.0
    if added < 0.005:
        raise UnsupportedInstructionError((), (operation.phrase,), "The picture has that shape already.")
    if operation.filling is not Filling.SCENE:
        painter = _blurred if operation.filling is Filling.BLUR else _plain(operation.color or WHITE)
        return show_box(stage, box, context, ratio=operation.ratio, beyond=painter)
    if added > _MOST_ADDED:
        hint = "That is more than can be made up from the picture: extend it by less, or ask for bars of a color."
        raise UnsupportedInstructionError((), (operation.phrase,), hint)
    _check_subject(stage, box, limits, operation.phrase)
    notes = ("The new part is made up from the rest of the picture.",)
    resolution = Resolution(operation.phrase, f"{100 * added:.0f} % more picture, made up", 0.6, verified=False)
    painter = _scene_painter(stage, box, context)
    return show_box(stage, box, context, ratio=operation.ratio, beyond=painter, resolutions=(resolution,), notes=notes)


def _extended(operation: ExtendCanvas, limits: Box, shrink: float) -> Box:
    sides = operation.sides
    across, down = (1 / shrink, 1 / shrink) if sides.in_pixels else (limits.width, limits.height)
    return Box(
        limits.left - sides.left * across,
        limits.top - sides.top * down,
        limits.right + sides.right * across,
        limits.bottom + sides.bottom * down,
    )


def _check_subject(stage: Stage, box: Box, limits: Box, phrase: str) -> None:
    """Raise where a side that is extended cuts through the subject."""
    subject = stage.scene.subject
    if not subject.present or stage.is_reframed:
        return
    solid = subject.matte > 0.5
    grown = {
        "left": (limits.left - box.left > 1, solid[:, :2].any(axis=1), solid.any(axis=1)),
        "right": (box.right - limits.right > 1, solid[:, -2:].any(axis=1), solid.any(axis=1)),
        "top": (limits.top - box.top > 1, solid[:2].any(axis=0), solid.any(axis=0)),
        "bottom": (box.bottom - limits.bottom > 1, solid[-2:].any(axis=0), solid.any(axis=0)),
    }
    for side, (is_grown, touching, extent) in grown.items():
        if is_grown and touching.sum() > _CUT_SHARE * max(1, int(extent.sum())):
            hint = (
                f"The {side} side cuts through the subject, and what is missing of it can't be made up. "
                'Extend another side, or ask for bars: "make it square with white bars".'
            )
            raise UnsupportedInstructionError((), (phrase,), hint)


def _plain(color: ColorValue) -> Beyond:
    def paint(pixels: Pixels, coverage: Mask) -> Pixels:
        painted = pixels.copy()
        painted[coverage == 0, :3] = color.rgb
        return painted

    return paint


def _blurred(pixels: Pixels, coverage: Mask) -> Pixels:
    """Put the picture itself behind it, enlarged to fill and blurred."""
    rows, columns = np.flatnonzero(coverage.any(axis=1)), np.flatnonzero(coverage.any(axis=0))
    shown = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = pixels.shape[:2]
    behind = fit_pixels(np.ascontiguousarray(shown), fill_size(shown.shape[1], shown.shape[0], (width, height)))
    behind = np.asarray(cv2.GaussianBlur(behind, (0, 0), _BLUR_SHARE * max(height, width)), dtype=np.uint8)
    return np.where((coverage > 0)[..., None], pixels, behind)


def _scene_painter(stage: Stage, box: Box, context: Context) -> Beyond:
    """Return what continues the scene; the subject, grown by its rim, is no source, and sky goes on as sky."""
    subject = stage.scene.subject
    sources = grow_mask(subject.matte, 0.01 * max(subject.matte.shape)) if subject.present else None
    height, width = stage.pixels.shape[:2]
    # A scene of other pixels, as after a turn, says nothing about where these have sky.
    sky = stage.scene.sky if stage.scene.pixels.shape[:2] == (height, width) else None

    def paint(pixels: Pixels, coverage: Mask) -> Pixels:
        scale_x, scale_y = box.width / coverage.shape[1], box.height / coverage.shape[0]
        at = np.array([[1 / scale_x, 0.0, -box.left / scale_x], [0.0, 1 / scale_y, -box.top / scale_y]])
        usable = None if sources is None else cv2.warpAffine(sources, at, coverage.shape[::-1]) < 0.1
        guide = None
        if sky is not None:
            guide = cv2.warpAffine(sky, at, coverage.shape[::-1], borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        hole = grow_mask(1.0 - coverage, max(1.0, 0.002 * max(height, width)))
        rgb = fill(
            np.ascontiguousarray(pixels[..., :3]),
            hole,
            sources=usable,
            guide=guide,
            rng=context.rng,
            should_abort=context.should_abort,
        )
        return rgb if pixels.shape[2] == 3 else np.dstack([rgb, np.where(coverage > 0, pixels[..., 3], 255)])

    return paint


def add_border(stage: Stage, operation: AddBorder, context: Context) -> Stage:
    """Carry out "add a thin white border", "rounded corners".

    Returns
    -------
    Stage
        Reframed: the picture within is whole, and smaller by the border; rounded corners cover the corners instead.
    """
    color = operation.color or WHITE
    height, width = stage.pixels.shape[:2]
    if operation.kind is Border.ROUNDED:
        return _round_corners(stage, color, operation.width)
    edge = _BORDER_SHARES[operation.kind] * operation.width * float(np.sqrt(height * width))
    foot = _POLAROID_FOOT * edge if operation.kind is Border.POLAROID else edge
    box = Box(-edge, -edge, width + edge, height + foot)
    fixed = context.answer_size.fixed_ratio
    if fixed is not None:
        box = grow_to_ratio(box, fixed)
    frame = Frame.of_box(
        (box.left, box.top, box.right, box.bottom),
        context.answer_size.for_part(box.width, box.height, shrink=scale_of(stage, context)),
    )

    def paint(pixels: Pixels, coverage: Mask) -> Pixels:
        painted = _plain(color)(pixels, coverage)
        return _bevel(painted, coverage) if operation.kind is Border.PASSE_PARTOUT else painted

    return show(stage, frame, context, beyond=paint)


def _bevel(pixels: Pixels, coverage: Mask) -> Pixels:
    """Draw the cut edge of a mat around the opening: light below and right, shaded above and left, as lit from the upper left."""
    height, width = coverage.shape
    cut = max(2, round(0.004 * float(np.sqrt(height * width))))
    grown = cv2.dilate(coverage, np.ones((2 * cut + 1, 2 * cut + 1), np.uint8))
    ring = (grown > 0) & (coverage == 0)
    rows, columns = np.flatnonzero(coverage.any(axis=1)), np.flatnonzero(coverage.any(axis=0))
    y, x = np.mgrid[:height, :width]
    above, left = rows[0] - y, columns[0] - x
    below, right = y - rows[-1], x - columns[-1]
    depth = np.stack([above, left, below, right])
    side = depth.argmax(axis=0)
    shade = np.array([0.80, 0.86, 1.03, 0.97], np.float32)[side]
    beveled = pixels.copy()
    beveled[ring, :3] = np.clip(pixels[ring, :3] * shade[ring][:, None], 0, 255).astype(np.uint8)
    return beveled


def _round_corners(stage: Stage, color: ColorValue, width: float) -> Stage:
    """Cover the corners outside of a quarter circle; only those pixels change."""
    height, columns = stage.pixels.shape[:2]
    radius = _ROUND_SHARE * width * min(height, columns)
    x = np.arange(columns) + 0.5
    y = (np.arange(height) + 0.5)[:, None]
    dx = np.maximum(np.maximum(radius - x, x - (columns - radius)), 0.0)
    dy = np.maximum(np.maximum(radius - y, y - (height - radius)), 0.0)
    outside = np.clip(np.hypot(dx, dy) - radius + 0.5, 0.0, 1.0).astype(np.float32)
    pixels = stage.pixels.copy()
    mixed = pixels[..., :3] + outside[..., None] * (np.array(color.rgb, np.float32) - pixels[..., :3])
    pixels[..., :3] = np.rint(mixed).astype(np.uint8)
    return stage.after(pixels, outside)
