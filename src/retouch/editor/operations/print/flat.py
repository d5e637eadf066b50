"""A flat face, read from the outline of the thing that has it."""

import cv2
import numpy as np

from retouch.editor.operations.print.shape import MIN_HEIGHT_PX, Box, PrintSurface
from retouch.images.array_types import FloatImage, Mask
from retouch.images.masks import bounding_box, largest_component

__all__ = ["find_flat_face", "find_quad", "surface_of_corners"]


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
    return surface_of_corners(corners, box, mask, share=0.86)


def surface_of_corners(corners: FloatImage, box: Box, visible: Mask, *, share: float) -> PrintSurface | None:
    """Return the surface of a rectangle that is seen in perspective.

    Parameters
    ----------
    corners : (4, 2) float
        Column and row within ``box``, clockwise from the top left.
    box : tuple of two slice
    visible : (h, w) float32 [0, 1]
        Where it is seen; of the box's size.
    share : float
        How much of its width and height a print may take.

    Returns
    -------
    PrintSurface or None
        None where it is too small.
    """
    top, right, bottom, left = (np.linalg.norm(corners[(i + 1) % 4] - corners[i]) for i in range(4))
    width, height = float(top + bottom) / 2, float(left + right) / 2
    if min(width, height) < MIN_HEIGHT_PX:
        return None
    x, y = width / 2, height / 2
    rectangle = np.array([[-x, -y], [x, -y], [x, y], [-x, y]], np.float32)
    to_plane = cv2.getPerspectiveTransform(corners.astype(np.float32), rectangle)
    rows, columns = np.mgrid[: visible.shape[0], : visible.shape[1]].astype(np.float32)
    plane = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ to_plane.T.astype(np.float32)
    depth = np.where(np.abs(plane[..., 2]) < 1e-6, 1e-6, plane[..., 2])
    return PrintSurface(
        box=box,
        across=(plane[..., 0] / depth).astype(np.float32),
        along=(plane[..., 1] / depth).astype(np.float32),
        facing=np.ones(visible.shape, np.float32),
        visible=visible,
        max_across=share * width,
        max_along=share * height,
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
    The largest rectangle of the aspect, centerd on any pixel of a reduced mask, that holds no pixel outside, by bisection
    over its size with summed areas; among places nearly as good the one nearest to the mask's center of gravity wins, so a
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
    if low / scale < MIN_HEIGHT_PX or low * low * aspect < 0.04 * float(small.sum()):
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
    """Return where a rectangle of this height may be centerd: (H, W) bool."""
    size_wh = (max(1, round(height * aspect)), max(1, round(height)))
    if size_wh[0] > outside.shape[1] or size_wh[1] > outside.shape[0]:
        return np.zeros(outside.shape, bool)
    count = cv2.boxFilter(outside, -1, size_wh, normalize=False, borderType=cv2.BORDER_CONSTANT)
    inside_px = cv2.boxFilter(np.ones_like(outside), -1, size_wh, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray((count < 0.5) & (inside_px > size_wh[0] * size_wh[1] - 0.5))
