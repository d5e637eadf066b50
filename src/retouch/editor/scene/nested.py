"""Tell a cup from the saucer that it stands on, and what lies beside it: by the ellipses that round things show.

A saliency network takes a cup, its saucer and the spoon for one subject, and their colors are often the same. Their rims are not:
the rim of the cup is an ellipse of edges inside the subject, and the saucer's is the subject's own outline below it. The
cup's body reaches from its rim to a foot, which stands in the middle of the saucer.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.graph_cut import soften_edges, working_size
from retouch.images.array_types import Mask, Pixels
from retouch.images.color import srgb8_to_oklab
from retouch.images.filters import resize_float

__all__ = ["Nested", "split_nested"]

Points = npt.NDArray[np.float32]
Ellipse = tuple[tuple[float, float], tuple[float, float], float]

_LONG_SIDE_PX: Final = 600
_EDGE: Final = (60, 140)
_ON_EDGE_PX: Final = 3.0
_RIM_SUPPORT: Final = 0.8
_RIM_AREA: Final = (0.12, 0.7)
"""Of the subject's."""
_FLATTEST: Final = 0.3
_BASE_RESIDUAL: Final = 0.04
_BASE_IS_WIDER: Final = 1.25
_FOOT: Final = 0.65
"""The foot of a cup, relative to its rim."""
_ODD: Final = 0.13
"""Distance in Oklab's a and b over L from the base's color at which something else lies on it."""
_DARKEST: Final = 0.2
_MIN_ODD: Final = 0.02
_MAX_ODD: Final = 0.35
_ODD_RATIO: Final = 4.0
_SAMPLES: Final = 180
_BROAD: Final = 0.05
_HANDLE_SHARE: Final = 0.4
_MIN_PIECE: Final = 0.04


@dataclass(frozen=True, slots=True)
class Nested:
    """A round thing on another. All masks are (H, W) float32 [0, 1] and within the subject.

    Attributes
    ----------
    vessel : Mask
        The cup with its body, as far as the rim tells.
    base : Mask
        What is left of the subject.
    beside : Mask or None
        The one thing of another color that lies on the base: a spoon, a biscuit.
    """

    vessel: Mask
    base: Mask
    beside: Mask | None


def split_nested(pixels: Pixels, matte: Mask) -> Nested | None:
    """Split a subject into a vessel and what it stands on.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]

    Returns
    -------
    Nested or None
        None where the subject does not show two ellipses, one within the other. About 0.1 s.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1], _LONG_SIDE_PX)
    small = cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA)
    subject = (resize_float(matte, size_hw) > 0.5).astype(np.uint8)
    rim = _find_rim(small, subject)
    base = None if rim is None else _fit_base(subject, rim)
    if rim is None or base is None:
        return None
    vessel = _draw_vessel(rim, base, size_hw) & (subject > 0)
    beside = _find_beside(small, (subject > 0) & ~vessel)
    rest = (subject > 0) & ~vessel
    if beside is not None:
        # Its bright rim is easily missed, and shows on a base of another color.
        rest &= cv2.dilate(beside.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    cut = _softened(pixels, matte, vessel)
    other = None if beside is None else np.minimum(_softened(pixels, matte, beside), 1.0 - cut).astype(np.float32)
    taken = cut if other is None else np.maximum(cut, other)
    left = np.minimum(_softened(pixels, matte, rest), 1.0 - taken)
    return Nested(cut, np.asarray(left, np.float32), other)


def _softened(pixels: Pixels, matte: Mask, part: npt.NDArray[np.bool_]) -> Mask:
    soft = soften_edges(pixels, part.astype(np.float32), reach=0.004)
    return np.asarray(np.minimum(soft, matte), dtype=np.float32)


def _find_rim(small: Pixels, subject: npt.NDArray[np.uint8]) -> Ellipse | None:
    """Return the largest ellipse of edges inside the subject."""
    smooth = cv2.GaussianBlur(small, (5, 5), 1)
    edges = np.max([cv2.Canny(np.ascontiguousarray(smooth[..., i]), *_EDGE) for i in range(3)], axis=0)
    edges[subject == 0] = 0
    distance = cv2.distanceTransform((edges == 0).astype(np.uint8), cv2.DIST_L2, 3)
    contours, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    area = float(subject.sum())
    best: Ellipse | None = None
    for contour in contours:
        if len(contour) < 0.3 * np.sqrt(area):
            continue
        ellipse: Ellipse = cv2.fitEllipseDirect(contour)
        share = _area(ellipse) / max(area, 1.0)
        if not _RIM_AREA[0] <= share <= _RIM_AREA[1] or min(ellipse[1]) < _FLATTEST * max(ellipse[1]):
            continue
        if (best is None or share > _area(best) / area) and _support(ellipse, distance) >= _RIM_SUPPORT:
            best = ellipse
    return best


def _area(ellipse: Ellipse) -> float:
    return float(np.pi / 4 * ellipse[1][0] * ellipse[1][1])


def _support(ellipse: Ellipse, distance: Mask) -> float:
    """Return the share of an ellipse that runs along edges."""
    cols, rows = np.round(_outline(ellipse)).astype(int).T
    inside = (rows >= 0) & (cols >= 0) & (rows < distance.shape[0]) & (cols < distance.shape[1])
    return float((distance[rows[inside], cols[inside]] < _ON_EDGE_PX).sum() / _SAMPLES)


def _outline(ellipse: Ellipse, scale: float = 1.0) -> Points:
    (x, y), (first, second), angle = ellipse
    turn = np.deg2rad(angle)
    at = np.linspace(0, 2 * np.pi, _SAMPLES, endpoint=False)
    along, across = 0.5 * scale * first * np.cos(at), 0.5 * scale * second * np.sin(at)
    xs = x + along * np.cos(turn) - across * np.sin(turn)
    return np.stack([xs, y + along * np.sin(turn) + across * np.cos(turn)], axis=1).astype(np.float32)


def _fit_base(subject: npt.NDArray[np.uint8], rim: Ellipse) -> Ellipse | None:
    """Return the ellipse of the subject's outline away from the rim, if it is one, and is that of what the rim stands on."""
    contours, _ = cv2.findContours(subject, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=len)[:, 0]
    near_rim = cv2.fillPoly(np.zeros_like(subject), [_outline(rim, 1.08).astype(np.int32)], 1)
    height, width = subject.shape
    xs, ys = outline.T
    inner = (xs > 1) & (ys > 1) & (xs < width - 2) & (ys < height - 2)
    away = outline[(near_rim[ys, xs] == 0) & inner]
    if len(away) < 0.5 * len(outline):
        return None
    base: Ellipse = cv2.fitEllipseAMS(away)
    (_, y), axes, _ = base
    if max(axes) < _BASE_IS_WIDER * max(rim[1]) or max(axes) > 2.0 * max(subject.shape) or not rim[0][1] < y:
        return None
    fitted = _outline(base)
    residual = np.array([np.min(np.hypot(*(fitted - point).T)) for point in away[:: max(1, len(away) // _SAMPLES)]])
    inside = cv2.pointPolygonTest(fitted, (float(rim[0][0]), float(rim[0][1])), False) >= 0
    return base if inside and float(np.median(residual)) <= _BASE_RESIDUAL * max(axes) else None


def _draw_vessel(rim: Ellipse, base: Ellipse, size_hw: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return the hull of the rim and of a foot in the middle of the base, seen as flat as the base."""
    foot = _outline(base, _FOOT * max(rim[1]) / max(base[1]))
    hull = cv2.convexHull(np.concatenate([_outline(rim, 1.01), foot])).astype(np.int32)
    return np.asarray(cv2.fillConvexPoly(np.zeros(size_hw, np.uint8), hull, 1) > 0)


def _find_beside(small: Pixels, around: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    """Return the one thing of another hue than the base on which it lies; None where there is none, or several."""
    lab = srgb8_to_oklab(cv2.bilateralFilter(small, 5, 30, 3))
    # Relative to the lightness: a shadow on the base has its tint.
    tint = lab[..., 1:] / np.maximum(lab[..., :1], _DARKEST)
    inner = cv2.erode(around.astype(np.uint8), np.ones((5, 5), np.uint8))
    odd = (np.linalg.norm(tint - np.median(tint[around], axis=0), axis=2) > _ODD).astype(np.uint8) * inner
    odd = cv2.morphologyEx(odd, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    # Rims and highlights are thin.
    broad = max(3, round(_BROAD * np.sqrt(float(around.sum())))) | 1
    body = cv2.morphologyEx(odd, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (broad, broad)))
    count, labels, stats, centers = cv2.connectedComponentsWithStats(body, connectivity=8)
    if count < 2:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA] / max(1, int(around.sum()))
    order = np.argsort(-areas)
    alone = len(areas) == 1 or areas[order[0]] >= _ODD_RATIO * areas[order[1]]
    if not alone or not _MIN_ODD <= areas[order[0]] <= _MAX_ODD:
        return None
    main = labels == order[0] + 1
    # Slim pieces hang together with the base's rim by a few pixels.
    odd = cv2.morphologyEx(odd, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    return _with_handle(main, odd, centers[order[0] + 1]) & around


def _with_handle(body: npt.NDArray[np.bool_], odd: npt.NDArray[np.uint8], center: Points) -> npt.NDArray[np.bool_]:
    """Add the slim pieces that point at a body: the handle of a spoon, which light and the cup's rim break up."""
    half_width = _HANDLE_SHARE * float(np.sqrt(body.sum()))
    count, labels, stats, centers = cv2.connectedComponentsWithStats(
        ((odd > 0) & ~body).astype(np.uint8), connectivity=8
    )
    whole = body.copy()
    for index in range(1, count):
        if stats[index, cv2.CC_STAT_AREA] < _MIN_PIECE * float(body.sum()):
            continue
        piece = labels == index
        away = centers[index] - center
        away = away / max(float(np.hypot(*away)), 1e-6)
        rows, cols = np.nonzero(piece)
        aside = np.abs((cols - center[0]) * away[1] - (rows - center[1]) * away[0])
        along = (cols - center[0]) * away[0] + (rows - center[1]) * away[1]
        if float(np.percentile(aside, 95)) <= half_width and np.ptp(along) >= 1.2 * 2 * float(np.percentile(aside, 95)):
            whole |= piece
    return np.asarray(cv2.dilate(whole.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
