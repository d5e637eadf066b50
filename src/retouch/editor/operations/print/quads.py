"""Find a rectangle in perspective by its edges in the picture: a screen, a billboard, a framed print.

References
----------
R. Grompone von Gioi et al., "LSD: A Fast Line Segment Detector with a False Detection Control", PAMI 32(4), 2010.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import channel_max

__all__ = ["Quad", "find_quads"]

_LONG_SIDE_PX: Final = 560
_DIRECTIONS: Final = 12
_SAMPLES: Final = 28
_LEAST_AREA: Final = 0.006
_MOST_AREA: Final = 0.93
_MOST_LINES: Final = 14
_LEAST_LINE: Final = 0.06
_LEAST_SIDE_SUPPORT: Final = 0.62
"""Share of each side along which the picture really has an edge in that direction."""
_LEAST_MEAN_SUPPORT: Final = 0.80
_LEAST_OF_ONE_KIND: Final = 0.72
_MOST_OVERSHOOT: Final = 0.5
_STEP: Final = 0.045
_SIGNED_STEP: Final = 0.03
"""What counts as an edge: a step of this height between the two sides, in sRGB."""
_SAME: Final = 0.012
_MOST_FOUND: Final = 80
_MAX_COSINE: Final = 0.80
_LEAST_SIDE_PX: Final = 12
_MOST_UNEQUAL: Final = 1.9


@dataclass(frozen=True, slots=True)
class Quad:
    """A convincing quadrilateral.

    Attributes
    ----------
    corners : (4, 2) float64
        Column and row in the picture, clockwise from the top left.
    support : float
        0 to 1: how much of its outline is an edge in the picture.
    area : float
        Pixels.
    """

    corners: FloatImage
    support: float
    area: float


def find_quads(pixels: Pixels, within: Mask | None = None) -> list[Quad]:
    """Return the quadrilaterals whose four sides are all edges of the picture, best supported first.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    within : (H, W) float32 [0, 1], optional
        Where to look.

    Returns
    -------
    list of Quad

    Notes
    -----
    Candidates come from closed contours of edge maps and from pairs of pairs of line segments, so that a hand or a plant before a
    side does no harm. A candidate is judged by the steps of brightness and color across its sides, and its corners are then
    moved to where those steps are steepest. Worked at 560 px. O(H W) and a bounded number of candidates.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, _LONG_SIDE_PX / max(height, width))
    size_wh = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(np.ascontiguousarray(pixels[..., :3]), size_wh, interpolation=cv2.INTER_AREA)
    where = None if within is None else cv2.resize(within, size_wh, interpolation=cv2.INTER_AREA)
    edges = _EdgeMaps(small)
    contours = np.array([*_from_contours(small)]).reshape(-1, 4, 2)
    candidates = _in_order(np.concatenate([contours, _from_lines(small, where)]))
    candidates = candidates[_is_plausible(candidates, size_wh, where)]
    edge, of_one_kind = edges.support(candidates)
    good = (edge.min(axis=1) >= _LEAST_SIDE_SUPPORT) & (edge.mean(axis=1) >= _LEAST_MEAN_SUPPORT)
    good &= of_one_kind.mean(axis=1) >= _LEAST_OF_ONE_KIND
    candidates, edge, of_one_kind = candidates[good], edge[good], of_one_kind[good]
    support = (
        edge.mean(axis=1) * of_one_kind.mean(axis=1) * (1 - _MOST_OVERSHOOT * edges.overshoot(candidates).mean(axis=1))
    )
    found: list[Quad] = []
    kept = np.empty((0, 4, 2))
    for number in np.argsort(-support):
        corners = candidates[number]
        if len(kept) == _MOST_FOUND:
            break
        if (np.abs(kept - corners).max(axis=(1, 2)) < _SAME * max(size_wh)).any():
            continue
        kept = np.concatenate([kept, corners[None]])
        exact = _refine(corners, edges)
        found.append(
            Quad((exact + 0.5) / scale - 0.5, float(support[number]), float(_areas(exact[None])[0]) / scale**2)
        )
    return found


class _EdgeMaps:
    """How high a step the picture has at each pixel, across each of some directions."""

    def __init__(self, small: Pixels) -> None:
        smooth = cv2.GaussianBlur(small.astype(np.float32) / 255.0, (0, 0), 0.8)
        across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) / 4.0
        down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1) / 4.0
        kernel = np.ones((3, 3), np.uint8)
        angles = [np.pi * number / _DIRECTIONS for number in range(_DIRECTIONS)]
        steps = [np.cos(angle) * across + np.sin(angle) * down for angle in angles]
        self._maps = np.stack([channel_max(np.abs(each)) for each in steps])
        self._loose = np.stack([cv2.dilate(each, kernel) for each in self._maps]) > _STEP
        signed = [np.dstack([cv2.dilate(each, kernel), cv2.dilate(-each, kernel)]) for each in steps]
        self._signed = np.stack(signed) > _SIGNED_STEP

    def across(self, start: FloatImage, end: FloatImage, reach: int) -> FloatImage:
        """Return the steps near a segment, (2 reach + 1, samples): row by row further out along its normal."""
        normal, number = _normals(end - start)
        offsets = np.arange(-reach, reach + 1)[:, None, None]
        points = start + _SHARES[None, :, None] * (end - start) + offsets * normal
        return np.asarray(self._maps[int(number)][self._at(points)])

    def support(self, corners: FloatImage) -> tuple[FloatImage, FloatImage]:
        """Return which share of each of the four sides is an edge, and one of always the same kind, twice (N, 4)."""
        numbers, rows, columns = self._along(corners, _SHARES)
        edge = self._loose[numbers, rows, columns].mean(axis=2)
        return edge, self._signed[numbers, rows, columns].mean(axis=2).max(axis=2)

    def overshoot(self, corners: FloatImage) -> FloatImage:
        """Return (N, 4) how far the sides' edges go on beyond the corners, as in a grid; a thing of its own ends there."""
        numbers, rows, columns = self._along(corners, _BEYOND)
        return np.asarray(self._loose[numbers, rows, columns].mean(axis=2))

    def _along(self, corners: FloatImage, shares: FloatImage) -> tuple[FloatImage, FloatImage, FloatImage]:
        """Return the map, row and column of points on the four sides, for (N, 4, 2) corners."""
        ends = np.roll(corners, -1, axis=1)
        _, numbers = _normals(ends - corners)
        points = corners[:, :, None] + shares[None, None, :, None] * (ends - corners)[:, :, None]
        return numbers[..., None], *self._at(points)

    def _at(self, points: FloatImage) -> tuple[FloatImage, FloatImage]:
        height, width = self._maps[0].shape
        rows = np.clip(np.rint(points[..., 1]), 0, height - 1).astype(int)
        return rows, np.clip(np.rint(points[..., 0]), 0, width - 1).astype(int)


_SHARES: Final = np.linspace(0.04, 0.96, _SAMPLES)
_BEYOND: Final = np.concatenate([np.linspace(-0.22, -0.06, 8), np.linspace(1.06, 1.22, 8)])


def _normals(direction: FloatImage) -> tuple[FloatImage, FloatImage]:
    """Return the unit normals of (..., 2) directions, and the numbers of the maps that show steps across them."""
    normal = np.stack([direction[..., 1], -direction[..., 0]], axis=-1)
    normal = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
    number = np.rint(np.arctan2(normal[..., 1], normal[..., 0]) / np.pi * _DIRECTIONS).astype(int) % _DIRECTIONS
    return normal, number


def _from_contours(small: Pixels) -> Iterator[FloatImage]:
    """Yield quadrilaterals that closed contours of edge and brightness maps are close to."""
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    kernel = np.ones((3, 3), np.uint8)
    for channel in cv2.split(cv2.bilateralFilter(lab, 5, 24, 5)):
        maps = [cv2.dilate(cv2.Canny(channel, high // 2, high), kernel) for high in (30, 60, 120)]
        maps += [(channel > level).astype(np.uint8) for level in np.percentile(channel, [10, 30, 50, 70, 90])]
        for each in maps:
            contours, _ = cv2.findContours(each, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
            for contour in contours:
                if cv2.contourArea(contour) < _LEAST_AREA * small.shape[0] * small.shape[1]:
                    continue
                for outline in (contour, cv2.convexHull(contour)):
                    length = cv2.arcLength(outline, closed=True)
                    polygon = cv2.approxPolyDP(outline, 0.025 * length, closed=True).reshape(-1, 2)
                    if len(polygon) == 4:
                        yield polygon.astype(np.float64)


def _from_lines(small: Pixels, where: Mask | None) -> FloatImage:
    """Return (N, 4, 2) quadrilaterals between two lines that run across and two that run down."""
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    segments = cv2.createLineSegmentDetector().detect(gray)[0]
    if segments is None:
        return np.empty((0, 4, 2))
    lines = segments.reshape(-1, 4).astype(np.float64)
    vector = lines[:, 2:] - lines[:, :2]
    length = np.hypot(vector[:, 0], vector[:, 1])
    keep = length > _LEAST_LINE * max(gray.shape)
    if where is not None:
        middle = np.rint((lines[:, :2] + lines[:, 2:]) / 2).astype(int)
        inside = cv2.dilate(where, np.ones((9, 9), np.uint8)) > 0.3
        keep &= inside[np.clip(middle[:, 1], 0, gray.shape[0] - 1), np.clip(middle[:, 0], 0, gray.shape[1] - 1)]
    lines, vector, length = lines[keep], vector[keep], length[keep]
    order = np.argsort(-length)
    level = np.abs(vector[:, 0]) >= np.abs(vector[:, 1])
    across = _distinct(lines[order[level[order]]])
    down = _distinct(lines[order[~level[order]]])
    if len(across) < 2 or len(down) < 2:
        return np.empty((0, 4, 2))
    level_pairs, steep_pairs = (np.array(list(combinations(_straights(each), 2))) for each in (across, down))
    level_pairs, steep_pairs = level_pairs[:, None], steep_pairs[None]
    corners = [np.cross(level_pairs[..., i, :], steep_pairs[..., j, :]) for i, j in ((0, 0), (0, 1), (1, 1), (1, 0))]
    points = np.stack(corners, axis=-2).reshape(-1, 4, 3)
    points = points[(np.abs(points[..., 2]) > 1e-9).all(axis=1)]
    return np.asarray(points[..., :2] / points[..., 2:])


def _straights(lines: list[FloatImage]) -> FloatImage:
    """Return the straights through segments in homogeneous coordinates, (N, 3)."""
    ends = np.array(lines).reshape(-1, 2, 2)
    homogeneous = np.concatenate([ends, np.ones((len(ends), 2, 1))], axis=2)
    return np.asarray(np.cross(homogeneous[:, 0], homogeneous[:, 1]))


def _distinct(lines: FloatImage) -> list[FloatImage]:
    """Return the longest lines, without those that continue or double one of them."""
    kept: list[FloatImage] = []
    for line in lines:
        if len(kept) == _MOST_LINES:
            break
        if not any(_off_line(line, other) < 2.0 for other in kept):
            kept.append(line)
    return kept


def _off_line(line: FloatImage, other: FloatImage) -> float:
    """Return how far the ends of a line are from the straight through another, in pixels."""
    direction = other[2:] - other[:2]
    normal = np.array([-direction[1], direction[0]]) / max(float(np.hypot(*direction)), 1e-6)
    return float(max(abs((line[:2] - other[:2]) @ normal), abs((line[2:] - other[:2]) @ normal)))


def _meet(first: FloatImage, second: FloatImage) -> FloatImage | None:
    """Return where the straights through two segments meet."""
    a, b = first[2:] - first[:2], second[2:] - second[:2]
    cross = a[0] * b[1] - a[1] * b[0]
    if abs(cross) < 1e-6:
        return None
    gap = second[:2] - first[:2]
    return np.asarray(first[:2] + a * (gap[0] * b[1] - gap[1] * b[0]) / cross)


def _in_order(corners: FloatImage) -> FloatImage:
    """Return (N, 4, 2) corners turned so that each goes clockwise from the top left."""
    outwards = corners - corners.mean(axis=1, keepdims=True)
    order = np.argsort(np.arctan2(outwards[..., 1], outwards[..., 0]), axis=1)
    turned = np.take_along_axis(corners, order[..., None], axis=1)
    first = np.argmin(turned.sum(axis=2), axis=1)
    order = (np.arange(4)[None, :] + first[:, None]) % 4
    return np.asarray(np.take_along_axis(turned, order[..., None], axis=1))


def _is_plausible(corners: FloatImage, size_wh: tuple[int, int], where: Mask | None) -> FloatImage:
    """Return (N,) bool: whether a rectangle can look like this, and lies in the picture, and where it is looked for."""
    width, height = size_wh
    margin = 0.01 * max(size_wh)
    inside = (corners >= -margin).all(axis=(1, 2)) & (corners <= np.array([width, height]) + margin).all(axis=(1, 2))
    sides = np.roll(corners, -1, axis=1) - corners
    following = np.roll(sides, -1, axis=1)
    convex = (sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0] > 0).all(axis=1)
    lengths = np.maximum(np.linalg.norm(sides, axis=2), 1e-6)
    area = _areas(corners) / (width * height)
    large = (area >= _LEAST_AREA) & (area <= _MOST_AREA) & (lengths.min(axis=1) >= _LEAST_SIDE_PX)
    # Perspective makes opposite sides unequal, but never by much in what is readable.
    ratio = lengths[:, :2] / lengths[:, 2:]
    even = (np.maximum(ratio, 1 / ratio) < _MOST_UNEQUAL).all(axis=1)
    unit = sides / lengths[..., None]
    square = (np.abs((unit * np.roll(unit, -1, axis=1)).sum(axis=2)) < _MAX_COSINE).all(axis=1)
    good = inside & convex & large & even & square
    if where is not None:
        good &= _mean_inside(corners, where) > 0.5
    return np.asarray(good)


def _mean_inside(corners: FloatImage, mask: Mask) -> FloatImage:
    """Return (N,) the mean of a mask at 5 x 5 points inside each quadrilateral."""
    share = np.linspace(0.1, 0.9, 5)
    u, v = (each.reshape(1, -1, 1) for each in np.meshgrid(share, share))
    a, b, c, d = (corners[:, number, None] for number in range(4))
    points = (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * d + u * c)
    rows = np.clip(np.rint(points[..., 1]), 0, mask.shape[0] - 1).astype(int)
    columns = np.clip(np.rint(points[..., 0]), 0, mask.shape[1] - 1).astype(int)
    return np.asarray(mask[rows, columns].mean(axis=1))


def _areas(corners: FloatImage) -> FloatImage:
    """Return (N,) the areas of (N, 4, 2) quadrilaterals."""
    x, y = corners[..., 0], corners[..., 1]
    return np.asarray(np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2)


def _refine(corners: FloatImage, edges: _EdgeMaps) -> FloatImage:
    """Move each side to where the picture's steps are steepest, and return where the sides then meet."""
    lines = []
    reach = 3
    for number in range(4):
        start, end = corners[number], corners[(number + 1) % 4]
        steps = edges.across(start, end, reach).astype(np.float64)
        weight = np.clip(steps - 0.5 * _STEP, 0, None) ** 2
        normal, _ = _normals(end - start)
        # One offset at each end: a weighted straight through the steepest places.
        share = np.broadcast_to(_SHARES[None, :], steps.shape)
        offset = np.broadcast_to(np.arange(-reach, reach + 1)[:, None].astype(np.float64), steps.shape)
        if weight.sum() <= 0:
            lines.append(np.concatenate([start, end]))
            continue
        slope, level = np.polyfit(share.ravel(), offset.ravel(), 1, w=np.sqrt(weight.ravel()) + 1e-9)
        lines.append(np.concatenate([start + level * normal, end + (level + slope) * normal]))
    moved = [_meet(lines[number - 1], lines[number]) for number in range(4)]
    near = [m is not None and float(np.abs(m - c).max()) < 3 * reach for m, c in zip(moved, corners, strict=True)]
    return np.array([m if ok else c for m, c, ok in zip(moved, corners, near, strict=True)], np.float64)
