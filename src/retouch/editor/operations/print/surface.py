"""Find the surface that a phrase names, and put pixels on it: the one way onto anything in a picture."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.operations.print.cloth import UPPER_BODY, drape, torso_mask
from retouch.editor.operations.print.flat import find_flat_face, find_quad, surface_of_corners
from retouch.editor.operations.print.ink import Fit, print_picture
from retouch.editor.operations.print.kinds import FILLED, INNER, SurfaceKind, kind_of
from retouch.editor.operations.print.quads import Quad, find_quads
from retouch.editor.operations.print.round import find_cylinder
from retouch.editor.operations.print.shape import PrintSurface
from retouch.editor.operations.print.wall import find_wall
from retouch.editor.operations.stage import Stage
from retouch.editor.scene.values import Finding
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.images.masks import grow_mask

__all__ = ["Surface", "find_surface"]

_CONVINCING: Final = 0.68
"""Support of a quadrilateral that is found anywhere in the picture; shelves and windows behind a subject stay below."""
_CONVINCING_IN_MASK: Final = 0.42
_MARGIN_PX: Final = 3
_NESTED: Final = (0.40, 0.97)
"""How large the inside of a frame is, against the frame."""
_NEARLY_AS_GOOD: Final = 0.8
_MOST_IN_FRONT: Final = 0.7
_LOOSE: Final = 0.86
_RIM: Final = 0.94
_LEAST_RIM: Final = 0.01


@dataclass(frozen=True, slots=True)
class Surface:
    """A surface of the picture that was named.

    Attributes
    ----------
    shape : PrintSurface
    kind : SurfaceKind
    is_filled : bool
        Whether a picture covers it from edge to edge; else it keeps its ratio and leaves a rim.
    resolved_to : str
        What the phrase was taken for, in plain words.
    confidence : float
    verified : bool
    """

    shape: PrintSurface
    kind: SurfaceKind
    is_filled: bool
    resolved_to: str
    confidence: float
    verified: bool

    def print(self, pixels: Pixels, picture: Pixels) -> tuple[Pixels, Mask]:
        """Put a picture on the surface, in its perspective, its light and its folds.

        Parameters
        ----------
        pixels : (H, W, 3) or (H, W, 4) uint8, sRGB
            Of the size of the picture in which the surface was found.
        picture : (h, w, 3) or (h, w, 4) uint8, sRGB, straight alpha

        Returns
        -------
        pixels : (H, W, C) uint8, sRGB
            Bit-identical where the coverage is 0.
        coverage : (H, W) float32 [0, 1]
        """
        return print_picture(pixels, picture, self.shape, self.kind, Fit.COVER if self.is_filled else Fit.CONTAIN)


def find_surface(stage: Stage, target: Target, *, aspect: float = 1.0) -> Surface:
    """Find where on a named thing one can print.

    Parameters
    ----------
    stage : Stage
    target : Target
        "the mug", "the left billboard", "her sweater", "the wall".
    aspect : float
        Width over height of what is to be printed; matters on cloth and walls, which have no edges of their own.

    Raises
    ------
    UnsupportedInstructionError
        The thing is not in the picture, has no surface, or shows none that is convincing.
    """
    kind = kind_of(target.noun)
    name = target.noun or target.phrase or "the subject"
    if kind is None and target.noun is not None and target.noun != "subject":
        hint = f"A {name} has no surface that one can print on; cups, bottles, shirts, boxes, posters and screens have."
        raise UnsupportedInstructionError((), (f"print on the {name}",), hint)
    if kind is SurfaceKind.WALL:
        return _wall(stage, target, aspect)
    if kind in (SurfaceKind.PANEL, SurfaceKind.SCREEN):
        return _panel(stage, target, kind, aspect)
    if kind is SurfaceKind.CLOTH:
        return _cloth(stage, target, aspect)
    return _round(stage, target, name)


def _round(stage: Stage, target: Target, name: str) -> Surface:
    """Find the front of a cup; of a subject without a name also a flat face with straight edges."""
    finding = stage.find(target)
    shape, kind = find_cylinder(finding.mask), SurfaceKind.ROUND
    if shape is None and kind_of(target.noun) is None:
        shape, kind = find_quad(finding.mask), SurfaceKind.PANEL
    if shape is None:
        hint = (
            f"The outline of the {name} is not that of an upright round body seen from the side, or a straight-edged face: "
            "use a photo taken from the side, with nothing in front of it."
        )
        raise UnsupportedInstructionError((), (f"print on the {name}",), hint)
    return _surface(shape, kind, finding, is_filled=False)


def _cloth(stage: Stage, target: Target, aspect: float) -> Surface:
    """Find room on a garment, a cushion or a bag; what is worn is also looked for below the face."""
    is_worn = target.noun in UPPER_BODY
    torso = torso_mask(stage.scene, target.horizontal) if is_worn and target.color is None else None
    finding, refusal = _try_find(stage, target) if torso is None else (None, None)
    if torso is not None:
        finding = Finding(torso, 0.6, f"the {target.noun} below the face", verified=False)
    if finding is None:
        assert refusal is not None
        raise refusal
    straight = None if is_worn else find_quad(finding.mask)
    # Straight edges prove a face by themselves; on any other outline something must have confirmed the noun.
    trusted = finding.verified or torso is not None
    shape = straight or (find_flat_face(finding.mask, aspect) if trusted else None)
    if shape is None:
        raise _no_flat_area(target)
    return _surface(drape(shape, stage.pixels, is_worn=is_worn), SurfaceKind.CLOTH, finding, is_filled=False)


def _panel(stage: Stage, target: Target, kind: SurfaceKind, aspect: float) -> Surface:
    """Find a straight-edged face: by the outline of the thing, or by its edges in the picture."""
    finding, refusal = _try_find(stage, target)
    is_filled = target.noun in FILLED
    outlined = find_quad(finding.mask) if finding is not None and target.noun not in INNER else None
    if finding is not None and outlined is not None:
        return _surface(outlined, kind, finding, is_filled=False)
    verified = finding is not None and finding.verified
    within = grow_mask(finding.mask, 0.02 * max(finding.mask.shape)) if finding is not None and verified else None
    quads = find_quads(stage.pixels[..., :3], within)
    quad = _choose(quads, target, stage.pixels.shape[:2], _CONVINCING_IN_MASK if verified else _CONVINCING)
    if quad is not None:
        shape = _shape_of(quad, stage, share=_share(quad, quads, target))
        if shape is not None:
            found = finding if finding is not None and verified else None
            words = found.resolved_to if found else f"a straight-edged area (taken for {target.noun!r})"
            confidence = found.confidence if found else 0.5 * quad.support
            return Surface(shape, kind, is_filled, words, confidence, verified=found is not None)
    if finding is not None and verified and kind is SurfaceKind.PANEL:
        flat = find_quad(finding.mask) or find_flat_face(finding.mask, aspect)
        if flat is not None:
            return _surface(flat, kind, finding, is_filled=False)
    if refusal is not None and not quads:
        raise refusal
    raise _no_flat_area(target)


def _wall(stage: Stage, target: Target, aspect: float) -> Surface:
    """Find a plain part of the wall, taken to be seen from the front."""
    mask = find_wall(stage.scene)
    shape = None if mask is None else find_flat_face(mask, aspect)
    if mask is None or shape is None:
        hint = (
            f"I find no plain {target.noun} that is large enough for a picture. Name a thing with a flat face instead."
        )
        raise UnsupportedInstructionError((), (f"print on the {target.noun}",), hint)
    finding = Finding(
        mask, 0.5, f"the plain area behind (taken for {target.noun!r}), seen from the front", verified=False
    )
    return _surface(shape, SurfaceKind.WALL, finding, is_filled=False)


def _try_find(stage: Stage, target: Target) -> tuple[Finding | None, UnsupportedInstructionError | None]:
    """Resolve a target; what the picture's edges may still show is no refusal yet."""
    try:
        return stage.find(target), None
    except UnsupportedInstructionError as refusal:
        return None, refusal


def _choose(quads: list[Quad], target: Target, picture_hw: tuple[int, ...], least_support: float) -> Quad | None:
    """Choose the quadrilateral that is named: well supported, large, on the named side; for a frame the inside of it."""
    height, width = picture_hw[:2]
    likely = [quad for quad in quads if quad.support >= least_support and _is_on_side(quad, target, height, width)]
    if not likely:
        return None
    best = max(likely, key=lambda quad: quad.support * (quad.area / (height * width)) ** 0.3)
    nested = [
        quad
        for quad in likely
        if quad.support > _NEARLY_AS_GOOD * best.support
        and _NESTED[0] < quad.area / best.area < _NESTED[1]
        and _contains(best, quad, margin=_LEAST_RIM)
    ]
    around = [
        quad
        for quad in likely
        if quad.support > _NEARLY_AS_GOOD * best.support
        and _NESTED[0] < best.area / quad.area < _NESTED[1]
        and _contains(quad, best)
    ]
    if target.noun in INNER:
        return min([best, *nested], key=lambda quad: quad.area)
    return max([best, *around], key=lambda quad: quad.area)


def _is_on_side(quad: Quad, target: Target, height: int, width: int) -> bool:
    column, row = quad.corners.mean(axis=0) / (width, height)
    across = {"left": column < 0.5, "right": column > 0.5, "center": 0.25 < column < 0.75}
    down = {"top": row < 0.5, "bottom": row > 0.5, "middle": 0.25 < row < 0.75}
    return bool(across.get(target.horizontal or "", True) and down.get(target.vertical or "", True))


def _share(quad: Quad, quads: list[Quad], target: Target) -> float:
    """Return how much of a quadrilateral a print may take: all of a poster, but not the dark rim of a dark screen."""
    if target.noun not in FILLED:
        return _LOOSE
    has_rim = any(
        _NESTED[0] < quad.area / other.area < _NESTED[1] and _contains(other, quad, margin=_LEAST_RIM)
        for other in quads
    )
    return 1.0 if has_rim or target.noun not in INNER else _RIM


def _contains(outer: Quad, inner: Quad, *, margin: float = -0.01) -> bool:
    """Whether all corners lie inside, by at least this share of the outer one's size: a rim goes all around."""
    outline = outer.corners.astype(np.float32).reshape(-1, 1, 2)
    least = margin * float(np.sqrt(outer.area))
    return all(cv2.pointPolygonTest(outline, (float(x), float(y)), measureDist=True) > least for x, y in inner.corners)


def _shape_of(quad: Quad, stage: Stage, *, share: float) -> PrintSurface | None:
    """Return the surface inside four corners, without what the subject hides of it."""
    height, width = stage.pixels.shape[:2]
    low, high = quad.corners.min(axis=0) - _MARGIN_PX, quad.corners.max(axis=0) + _MARGIN_PX
    rows = slice(max(0, int(low[1])), min(height, int(high[1]) + 1))
    columns = slice(max(0, int(low[0])), min(width, int(high[0]) + 1))
    corners = quad.corners - (columns.start, rows.start)
    inside = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    cv2.fillConvexPoly(inside, np.rint(corners).astype(np.int32), 1)
    grown = cv2.dilate(inside, np.ones((3, 3), np.uint8)).astype(np.float32)
    matte = stage.scene.subject.matte
    before = matte[rows, columns] * inside
    hidden = float(before.sum()) / max(1.0, float(inside.sum()))
    # Who stands before it also reaches out of it; who is shown on it does not.
    reaches_out = float(before.sum()) < 0.7 * float(matte.sum())
    if stage.scene.subject.present and hidden < _MOST_IN_FRONT and reaches_out:
        grown = np.asarray(grown * (1.0 - matte[rows, columns]), np.float32)
    return surface_of_corners(corners, (rows, columns), grown, share=share)


def _surface(shape: PrintSurface, kind: SurfaceKind, finding: Finding, *, is_filled: bool) -> Surface:
    return Surface(shape, kind, is_filled, finding.resolved_to, finding.confidence, finding.verified)


def _no_flat_area(target: Target) -> UnsupportedInstructionError:
    name = target.noun or target.phrase
    hint = f"The {name} shows no flat area that is large enough: use a photo taken from the front."
    if target.kind is TargetKind.NOUN and kind_of(target.noun) is not SurfaceKind.CLOTH:
        hint = f"I find no {name} with four straight edges that is large enough to print on: use a photo taken from the front."
    return UnsupportedInstructionError((), (f"print on the {name}",), hint)
