"""Print one picture on a surface in another: on a mug, a poster, a shirt."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from retouch.editor.instructions.plan import PrintOnto, Target, TargetKind
from retouch.editor.operations.print.shapes import PrintSurface, find_cylinder, find_flat_face, find_quad
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.scene import Finding
from retouch.errors import InvalidValueError, UnsupportedInstructionError
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import linear_to_oklab, linear_to_srgb, luminance, srgb_to_linear, to_float
from retouch.images.masks import bounding_box, estimate_layers, smoothstep
from retouch.types import Resolution

__all__ = ["print_onto", "print_picture"]

ROUND_THINGS: Final = frozenset(
    {"cup", "mug", "glass", "can", "bottle", "vase", "jar", "bucket", "pot", "candle", "thermos", "tumbler"}
)
FLAT_THINGS: Final = frozenset(
    {
        *("bag", "banner", "billboard", "board", "book", "box", "cap", "card", "cushion", "door", "flag", "frame"),
        *("hoodie", "jacket", "jersey", "laptop", "magazine", "monitor", "notebook", "package", "paper", "phone"),
        *(
            "picture",
            "pillow",
            "plate",
            "poster",
            "screen",
            "shirt",
            "sign",
            "sweater",
            "t-shirt",
            "tablet",
            "television",
        ),
        *("towel", "truck", "umbrella", "van", "wall"),
    }
)
_WHITE_OF_PRINT = 0.86
"""Reflectance of the print's white: a good glaze or paper, not a lamp."""


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
    finding = stage.find(operation.surface)
    surface = _find_surface(finding, operation.surface, source.shape[1] / source.shape[0])
    context.checkpoint()
    pixels, coverage = print_picture(stage.pixels, source, surface)
    resolutions = (
        Resolution(
            operation.surface.phrase,
            f"{finding.resolved_to}, a {surface.kind} surface",
            finding.confidence,
            verified=finding.verified,
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


def _find_surface(finding: Finding, target: Target, aspect: float) -> PrintSurface:
    """Return where to print, by what the thing is called and how it looks, or refuse by name."""
    name, mask = target.noun or target.phrase or "the subject", finding.mask
    if target.noun is None or target.noun in ROUND_THINGS:
        surface = find_cylinder(mask)
        if surface is None and target.noun is None:
            surface = find_quad(mask)
        hint = (
            f"The outline of the {name} is not that of an upright round body seen from the side, or a straight-edged face: "
            "use a photo taken from the side, with nothing in front of it."
        )
    elif target.noun in FLAT_THINGS:
        # Straight edges prove a face by themselves; on any other outline the picture must have confirmed the noun.
        surface = find_quad(mask) or (find_flat_face(mask, aspect) if finding.verified else None)
        hint = f"The {name} shows no flat area that is large enough: use a photo taken from the front."
    else:
        surface = None
        hint = f"A {name} has no surface that one can print on; cups, bottles, shirts, boxes, posters and screens have."
    if surface is None:
        raise UnsupportedInstructionError((), (f"print on the {name}",), hint)
    return surface


def print_picture(pixels: Pixels, picture: Pixels, surface: PrintSurface) -> tuple[Pixels, Mask]:
    """Print a picture on a surface.

    Parameters
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB
        Alpha is returned as it is.
    picture : (h, w, 3) or (h, w, 4) uint8, sRGB, straight alpha
        Keeps its ratio.
    surface : PrintSurface
        In the coordinates of ``pixels``.

    Returns
    -------
    pixels : (H, W, C) uint8, sRGB
        Bit-identical where the coverage is 0.
    coverage : (H, W) float32 [0, 1]
        How much of each pixel the print covers, its edge antialiased.

    Notes
    -----
    In linear light, ``ink x light + gloss``. The light is a smooth polynomial of the surface's own luminance, fitted
    robustly, so folds and rounding shade the print and an old logo doesn't shine through; gloss is what outshines the polynomial
    in all channels. The picture is first area-averaged to the size at which it is printed, then bent with
    bicubic interpolation. O(H W) on the crop of the print.
    """
    width, height = _print_size(picture.shape[1] / picture.shape[0], surface)
    base = srgb_to_linear(pixels[surface.box][..., :3])
    ink, opacity = _warp(picture, surface, width, height)
    alpha = _coverage(surface, width, height) * opacity
    light, gloss = _light_and_gloss(base, surface)
    level = float(np.clip(np.percentile(luminance(srgb_to_linear(pixels[::4, ::4, :3])), 98), 0.35, 1.0))
    printed = _roll_off(ink * (_WHITE_OF_PRINT * level) * light[..., None] + gloss[..., None])
    shown = np.rint(linear_to_srgb(base + alpha[..., None] * (printed - base)) * 255.0).astype(np.uint8)
    result = pixels.copy()
    result[surface.box][..., :3] = np.where((alpha > 0)[..., None], shown, pixels[surface.box][..., :3])
    coverage = np.zeros(pixels.shape[:2], np.float32)
    coverage[surface.box] = alpha
    return result, coverage


def _print_size(aspect: float, surface: PrintSurface) -> tuple[float, float]:
    """Return width and height of the print on the surface: as large as fits, the ratio kept."""
    height = min(surface.max_along, surface.max_across / aspect)
    return height * aspect, height


def _coverage(surface: PrintSurface, width: float, height: float) -> Mask:
    """Return how much of each pixel a print of this size covers, (H, W) float32 [0, 1]."""
    to_side = (width / 2 - np.abs(surface.across)) * surface.facing
    to_end = height / 2 - np.abs(surface.along)
    inside = np.clip(np.minimum(to_side, to_end) + 0.5, 0.0, 1.0)
    return np.asarray(inside * surface.visible, dtype=np.float32)


def _warp(picture: Pixels, surface: PrintSurface, width: float, height: float) -> tuple[FloatImage, FloatImage]:
    """Return the picture bent onto the surface, linear light (H, W, 3), and its opacity (H, W)."""
    linear = srgb_to_linear(picture[..., :3])
    opacity = to_float(picture[..., 3]) if picture.shape[2] == 4 else np.ones(picture.shape[:2], np.float32)
    layers = np.dstack([linear * opacity[..., None], opacity]).astype(np.float32)
    size_wh = (max(2, min(picture.shape[1], round(width))), max(2, min(picture.shape[0], round(height))))
    layers = cv2.resize(layers, size_wh, interpolation=cv2.INTER_AREA)
    column = (surface.across / width + 0.5) * size_wh[0] - 0.5
    row = (surface.along / height + 0.5) * size_wh[1] - 0.5
    bent = cv2.remap(
        layers, column.astype(np.float32), row.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    opaque = np.clip(bent[..., 3], 0.0, 1.0)
    ink = np.clip(bent[..., :3] / np.maximum(opaque, 1e-3)[..., None], 0.0, 1.0)
    return ink, opaque


def _light_and_gloss(base: FloatImage, surface: PrintSurface) -> tuple[FloatImage, FloatImage]:
    """Return the light on the surface, median 1, and what it reflects as a mirror, both (H, W) float32."""
    level = np.log(np.maximum(luminance(base), 1e-3))
    smooth = _fit_smooth(level, surface)
    light = np.exp(smooth - np.median(smooth[surface.visible > 0.5]))
    if surface.kind == "flat":
        return np.clip(light * np.exp(_folds(base, level - smooth, surface)), 0.3, 1.5), np.zeros_like(level)
    whitest = base.min(axis=2)
    body = np.exp(_fit_smooth(np.log(np.maximum(whitest, 1e-3)), surface))
    gloss = np.clip(whitest - 1.15 * body, 0.0, 1.0) * 0.8
    return np.clip(light, 0.25, 1.6), cv2.GaussianBlur(gloss, (0, 0), 1.0)


def _folds(base: FloatImage, relief: FloatImage, surface: PrintSurface) -> FloatImage:
    """Return the log light of folds in cloth, without the patches, buttons and prints that the new print covers."""
    lab = linear_to_oklab(base)
    seen = surface.visible > 0.5
    cloth = np.median(lab[seen], axis=0)
    other = np.hypot(lab[..., 1] - cloth[1], lab[..., 2] - cloth[2])
    limit = 2.5 * float(np.median(np.abs(relief[seen]))) + 0.05
    weight = (1.0 - smoothstep(0.03, 0.06, other)) * (1.0 - smoothstep(limit, 2.0 * limit, np.abs(relief)))
    weight = weight * surface.visible + 1e-4
    sigma = 0.012 * float(np.sqrt(relief.size))
    relief = cv2.GaussianBlur(relief * weight, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)
    return np.asarray(np.clip(relief, -0.7, 0.4), dtype=np.float32)


def _fit_smooth(values: FloatImage, surface: PrintSurface) -> FloatImage:
    """Fit a polynomial of the surface's coordinates, quartic across and quadratic along, that ignores outliers."""
    x = np.clip(surface.across / surface.max_across, -1.0, 1.0)
    y = np.clip(surface.along / surface.max_along, -1.0, 1.0)
    chosen = np.flatnonzero(surface.visible > 0.5)
    chosen = chosen[:: max(1, chosen.size // 8_000)]
    matrix = np.stack(list(_terms(x.reshape(-1)[chosen], y.reshape(-1)[chosen])), axis=-1).astype(np.float64)
    known = values.reshape(-1)[chosen].astype(np.float64)
    ridge = 1e-6 * max(1, chosen.size) * np.eye(matrix.shape[1])
    weight = np.ones_like(known)
    for _ in range(4):
        weighted = (matrix * weight[:, None]).T
        solution = np.linalg.solve(weighted @ matrix + ridge, weighted @ known)
        residual = np.abs(matrix @ solution - known)
        weight = 1.0 / np.maximum(1.0, residual / max(1e-3, 1.5 * float(np.median(residual))))
    smooth = np.zeros_like(values)
    for coefficient, term in zip(solution, _terms(x, y), strict=True):
        smooth += np.float32(coefficient) * term
    return smooth


def _terms(x: FloatImage, y: FloatImage) -> Iterator[FloatImage]:
    """Yield the products ``x ** i * y ** j`` with i up to 4, j up to 2 and i + j up to 4."""
    power = np.ones_like(x)
    for degree in range(5):
        yield power
        if degree <= 3:
            yield power * y
        if degree <= 2:
            yield power * y * y
        power = power * x


def _roll_off(linear: FloatImage) -> FloatImage:
    """Bend what is brighter than 0.85 towards 1, which it never reaches."""
    over = np.maximum(linear - 0.85, 0.0)
    return np.where(linear > 0.85, 0.85 + 0.15 * -np.expm1(-over / 0.15), linear)
