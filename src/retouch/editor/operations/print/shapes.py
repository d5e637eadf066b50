"""Where on a thing one can print: the round front of a cup, or a flat face.

A surface says, for every pixel, which point of it is seen there, in pixels measured along the surface; the print is then a
rectangle in those coordinates.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask
from retouch.images.masks import bounding_box, largest_component

__all__ = ["PrintSurface", "find_cylinder", "find_flat_face", "find_quad"]

Box = tuple[slice, slice]

_MIN_HEIGHT_PX = 24
_MAX_SIDE_ERROR = 0.02
_MAX_BULGE = 0.07
_MAX_LEAN = 0.14
_MAX_RIM_RATIO = 0.55
_MAX_ARC_DEGREES = 56.0


@dataclass(frozen=True, slots=True)
class PrintSurface:
    """A printable area.

    Attributes
    ----------
    box : tuple of two slice
        The (rows, columns) of the picture that the arrays cover.
    across, along : (h, w) float32
        Coordinates on the surface, from the centre of the print, in pixels as they are at that centre; right and down.
    facing : (h, w) float32 [0, 1]
        Cosine between the surface and the view: 1 seen straight, 0 edge-on.
    visible : (h, w) float32 [0, 1]
        Where the surface is.
    max_across, max_along : float
        The largest print that still looks right, in the same pixels.
    kind : str
        "round" or "flat".
    """

    box: Box
    across: FloatImage
    along: FloatImage
    facing: FloatImage
    visible: Mask
    max_across: float
    max_along: float
    kind: str


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
    if axis_bottom - axis_top < _MIN_HEIGHT_PX:
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
    if columns.size < _MIN_HEIGHT_PX:
        return None
    body = _open_away(whole, 0.1 * columns.size)
    rows = np.flatnonzero(body.any(axis=1))
    if rows.size < _MIN_HEIGHT_PX:
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


def find_quad(mask: Mask) -> PrintSurface | None:
    """Read the outline of a poster, a book or a screen as a rectangle in perspective.

    Parameters
    ----------
    mask : (H, W) float32 [0, 1]

    Returns
    -------
    PrintSurface or None
        None unless four straight sides explain the outline: the quadrilateral and the mask overlap by at least 93 %.

    Notes
    -----
    Four corners by Douglas-Peucker on the convex hull, then a homography to a rectangle whose sides are the means of
    opposite sides. O(H W).
    """
    box = bounding_box(mask, margin_px=2)
    if box is None:
        return None
    mask = mask[box]
    corners = _four_corners(largest_component(mask))
    if corners is None:
        return None
    drawn = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(drawn, np.rint(corners).astype(np.int32), 1)
    thing = mask > 0.5
    overlap = float((thing & (drawn > 0)).sum()) / max(1.0, float((thing | (drawn > 0)).sum()))
    if overlap < 0.93:
        return None
    top, right, bottom, left = (np.linalg.norm(corners[(i + 1) % 4] - corners[i]) for i in range(4))
    width, height = float(top + bottom) / 2, float(left + right) / 2
    if min(width, height) < _MIN_HEIGHT_PX:
        return None
    x, y = width / 2, height / 2
    rectangle = np.array([[-x, -y], [x, -y], [x, y], [-x, y]], np.float32)
    to_plane = cv2.getPerspectiveTransform(corners.astype(np.float32), rectangle)
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    plane = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ to_plane.T.astype(np.float32)
    depth = np.where(np.abs(plane[..., 2]) < 1e-6, 1e-6, plane[..., 2])
    return PrintSurface(
        box=box,
        across=(plane[..., 0] / depth).astype(np.float32),
        along=(plane[..., 1] / depth).astype(np.float32),
        facing=np.ones(mask.shape, np.float32),
        visible=mask,
        max_across=0.86 * width,
        max_along=0.86 * height,
        kind="flat",
    )


def _four_corners(mask: Mask) -> FloatImage | None:
    """Return (4, 2) corners (column, row), clockwise from the top left, of a mask whose hull has four; else None."""
    contours, _ = cv2.findContours((mask > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    length = cv2.arcLength(hull, closed=True)
    for tolerance in (0.01, 0.02, 0.03, 0.05):
        polygon = cv2.approxPolyDP(hull, tolerance * length, closed=True).reshape(-1, 2)
        if len(polygon) == 4:
            center = polygon.mean(axis=0)
            turn = np.arctan2(polygon[:, 1] - center[1], polygon[:, 0] - center[0])
            ordered = polygon[np.argsort(turn)].astype(np.float64)
            return np.asarray(np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0))
    return None


def find_flat_face(mask: Mask, aspect: float) -> PrintSurface | None:
    """Find room for an upright picture on cloth or another flat thing of any outline.

    Parameters
    ----------
    mask : (H, W) float32 [0, 1]
    aspect : float
        Width over height of the picture.

    Returns
    -------
    PrintSurface or None
        None where no rectangle of a useful size fits inside the mask.

    Notes
    -----
    The largest rectangle of the aspect, centred on any pixel of a reduced mask, that holds no pixel outside, by bisection
    over its size with summed areas; among places nearly as good the one nearest to the mask's centre of gravity wins, so a
    chest is chosen over a shoulder. O(log(H W)) box filters of the reduced mask.
    """
    box = bounding_box(mask, margin_px=2)
    if box is None:
        return None
    mask = mask[box]
    inside = largest_component(mask)
    scale = min(1.0, 256.0 / max(mask.shape))
    small = cv2.resize(inside, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    outside = (small < 0.9).astype(np.float32)
    low, high = 0.0, float(max(small.shape))
    for _ in range(9):
        height = (low + high) / 2
        low, high = (height, high) if _fits(outside, height, aspect).any() else (low, height)
    if low / scale < _MIN_HEIGHT_PX or low * low * aspect < 0.04 * float(small.sum()):
        return None
    places = np.argwhere(_fits(outside, 0.86 * low, aspect))
    gravity = np.argwhere(outside < 1).mean(axis=0)
    row, column = (places[np.argmin(((places - gravity) ** 2).sum(axis=1))] + 0.5) / scale
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    return PrintSurface(
        box=box,
        across=columns - np.float32(column),
        along=rows - np.float32(row),
        facing=np.ones(mask.shape, np.float32),
        visible=mask,
        max_across=0.78 * low / scale * aspect,
        max_along=0.78 * low / scale,
        kind="flat",
    )


def _fits(outside: Mask, height: float, aspect: float) -> FloatImage:
    """Return where a rectangle of this height may be centred: (H, W) bool."""
    size_wh = (max(1, round(height * aspect)), max(1, round(height)))
    if size_wh[0] > outside.shape[1] or size_wh[1] > outside.shape[0]:
        return np.zeros(outside.shape, bool)
    count = cv2.boxFilter(outside, -1, size_wh, normalize=False, borderType=cv2.BORDER_CONSTANT)
    inside_px = cv2.boxFilter(np.ones_like(outside), -1, size_wh, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray((count < 0.5) & (inside_px > size_wh[0] * size_wh[1] - 0.5))
