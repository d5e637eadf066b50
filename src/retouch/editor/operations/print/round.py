"""The front of a cup, a can or a bottle, read from its outline."""

from dataclasses import dataclass

import cv2
import numpy as np

from retouch.editor.operations.print.shape import MIN_HEIGHT_PX, PrintSurface
from retouch.images.array_types import FloatImage, Mask
from retouch.images.masks import bounding_box, largest_component

__all__ = ["find_cylinder"]

_MAX_SIDE_ERROR = 0.02
_MAX_BULGE = 0.07
_MAX_LEAN = 0.14
_MAX_RIM_RATIO = 0.55
_MAX_ARC_DEGREES = 56.0


@dataclass(frozen=True, slots=True)
class _Body:
    """The silhouette of a cup without its handle: rows, and its left and right side as quadratics of the row."""

    mask: Mask
    top: int
    bottom: int
    left: FloatImage
    right: FloatImage

    def half_width(self, rows: FloatImage | float) -> FloatImage:
        """Return the radius at each row."""
        return np.asarray(np.polyval(self.right - self.left, rows) / 2)

    def center(self, rows: FloatImage | float) -> FloatImage:
        """Return the column of the axis at each row."""
        return np.asarray(np.polyval(self.right + self.left, rows) / 2)


def find_cylinder(mask: Mask) -> PrintSurface | None:
    """Read the outline of a cup, a can or a vase as that of a round body.

    Parameters
    ----------
    mask : (H, W) float32 [0, 1]
        Of the thing, handle included.

    Returns
    -------
    PrintSurface or None
        None where the outline is not that of an upright round body seen from the side: sides that aren't smooth, mirror
        images of each other and nearly straight, or a rim so round that the view is from above.

    Notes
    -----
    An opening removes the handle; quadratics fit the sides between a quarter and 85 % of the height; half ellipses fit rim and
    base, and their flatness gives the camera's elevation. A point at angle ``t`` and axis row ``a`` is seen at
    column ``c(a) + R(a) sin t``, row ``a + k(a) R(a) cos t``; three fixed-point steps invert that. O(H W).
    """
    box = bounding_box(mask, margin_px=2)
    if box is None:
        return None
    mask = mask[box]
    body = _cup_body(mask)
    if body is None:
        return None
    rim, base = _ellipse_ratio(body, at_top=True), _ellipse_ratio(body, at_top=False)
    if rim is None or base is None or rim > _MAX_RIM_RATIO:
        return None
    axis_top = body.top + rim * float(body.half_width(body.top))
    axis_bottom = body.bottom - base * float(body.half_width(body.bottom))
    if axis_bottom - axis_top < MIN_HEIGHT_PX:
        return None

    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    axis_row = rows.copy()
    for _ in range(4):
        ratio = rim + (base - rim) * np.clip((axis_row - axis_top) / (axis_bottom - axis_top), 0.0, 1.0)
        radius = np.maximum(body.half_width(axis_row), 1.0)
        sine = np.clip((columns - body.center(axis_row)) / radius, -1.0, 1.0)
        facing = np.sqrt(1.0 - sine * sine)
        axis_row = rows - ratio * radius * facing

    # The print sits a little above the middle, where makers put it: the hand and the taper take the lower part.
    middle_row = axis_top + 0.48 * (axis_bottom - axis_top)
    radius_px = float(body.half_width(middle_row))
    inside = (axis_row > axis_top) & (axis_row < axis_bottom) & (np.abs(sine) < 0.995)
    return PrintSurface(
        box=box,
        across=(np.arcsin(sine) * radius_px).astype(np.float32),
        along=(axis_row - middle_row).astype(np.float32),
        facing=facing.astype(np.float32),
        visible=(np.minimum(mask, body.mask) * inside).astype(np.float32),
        max_across=2.0 * float(np.radians(_MAX_ARC_DEGREES)) * radius_px,
        max_along=0.66 * (axis_bottom - axis_top),
        kind="round",
    )


def _cup_body(mask: Mask) -> _Body | None:
    """Return the upright, smooth-sided body of a mask, or None."""
    whole = largest_component(mask)
    columns = np.flatnonzero(whole.any(axis=0))
    if columns.size < MIN_HEIGHT_PX:
        return None
    body = _open_away(whole, 0.1 * columns.size)
    rows = np.flatnonzero(body.any(axis=1))
    if rows.size < MIN_HEIGHT_PX:
        return None
    top, bottom = int(rows[0]), int(rows[-1])
    left = np.argmax(body[top : bottom + 1] > 0, axis=1).astype(np.float64)
    right = body.shape[1] - 1 - np.argmax(body[top : bottom + 1, ::-1] > 0, axis=1).astype(np.float64)
    every_row = np.arange(top, bottom + 1, dtype=np.float64)
    share = (every_row - top) / (bottom - top)
    middle = (share > 0.25) & (share < 0.85)
    left_fit, left_error = _fit_side(every_row[middle], left[middle])
    right_fit, right_error = _fit_side(every_row[middle], right[middle])
    width = float((right - left)[middle].mean())
    if max(left_error, right_error) > _MAX_SIDE_ERROR * width or not 0.45 < (bottom - top) / width < 3.0:
        return None
    found = _Body(body, top, bottom, left_fit, right_fit)
    return found if _is_upright(found, width) else None


def _open_away(mask: Mask, radius_px: float) -> Mask:
    """Remove what is thinner than a disc, such as a handle, and keep the largest part: an opening by distances, O(H W)."""
    padded = cv2.copyMakeBorder((mask > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    core = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) > radius_px
    if not core.any():
        return np.zeros_like(mask)
    from_core = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return largest_component(np.asarray(from_core <= radius_px, dtype=np.float32))


def _fit_side(rows: FloatImage, columns: FloatImage) -> tuple[FloatImage, float]:
    """Fit a quadratic to one side, twice, the second time without outliers (stubs of a handle); returns it and its error."""
    coefficients = np.polyfit(rows, columns, 2)
    residual = np.abs(np.polyval(coefficients, rows) - columns)
    good = residual <= max(1.5, 2.0 * float(np.median(residual)))
    coefficients = np.polyfit(rows[good], columns[good], 2)
    residual = np.abs(np.polyval(coefficients, rows) - columns)
    return coefficients, float(np.percentile(residual, 80))


def _is_upright(body: _Body, width: float) -> bool:
    """Tell a cup from a disc or a tilted thing: nearly straight sides that mirror each other around an upright axis."""
    height = body.bottom - body.top
    rows = body.top + height * np.array([0.25, 0.55, 0.85])
    center, half = body.center(rows), body.half_width(rows)
    lean = abs(center[2] - center[0]) / (rows[2] - rows[0])
    bulge = abs(half[1] - (half[0] + half[2]) / 2) / width
    return bool(lean < _MAX_LEAN and bulge < _MAX_BULGE and half.min() > 0.15 * width)


def _ellipse_ratio(body: _Body, *, at_top: bool) -> float | None:
    """Return minor over major axis of the half ellipse that ends the silhouette at its rim or base; None if it is none."""
    edge = body.top if at_top else body.bottom
    center, radius = float(body.center(edge)), float(body.half_width(edge))
    columns = np.arange(max(0, int(center - 0.8 * radius)), min(body.mask.shape[1], int(center + 0.8 * radius) + 1))
    if columns.size < 8:
        return None
    part = body.mask[:, columns] > 0
    profile = np.argmax(part, axis=0) if at_top else body.mask.shape[0] - 1 - np.argmax(part[::-1], axis=0)
    drop = np.abs(profile - edge).astype(np.float64)
    shape = 1.0 - np.sqrt(1.0 - ((columns - center) / radius) ** 2)
    semi_minor = max(0.0, float((drop * shape).sum() / (shape * shape).sum()))
    error = float(np.median(np.abs(drop - semi_minor * shape)))
    return semi_minor / radius if error < 0.05 * radius else None
