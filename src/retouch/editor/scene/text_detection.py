"""Where lettering is: a text detector's map, read as tilted rectangles.

References
----------
M. Liao, Z. Wan, C. Yao, K. Chen, X. Bai, "Real-time scene text detection with differentiable binarization", AAAI 2020.
"""

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Pixels
from retouch.models import Session

__all__ = ["detect_lines", "rectify"]

_SIDE_MULTIPLE = 32
_SHORT_SIDE_PX = 736
"""Smaller pictures are enlarged to this, so that small print is large enough for the network."""
_LONG_SIDE_PX = 1280
_INK = 0.3
"""The map's value from which a pixel belongs to a line."""
_MIN_SCORE = 0.5
_UNCLIP = 1.6
"""The network is trained on shrunken lines; a line grows by its area over its perimeter times this."""
_MIN_SIDE_PX = 4.0
_MOST_LINES = 200


def detect_lines(pixels: Pixels, detector: Session) -> list[FloatImage]:
    """Return the lines of lettering in a picture.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    detector : Session
        PP-OCR's text detector: (1, 3, h, w) BGR in [-1, 1] to (1, 1, h, w) probabilities.

    Returns
    -------
    list of (4, 2) float64
        Corners (column, row) in pixels, clockwise from the top left of the lettering; at most 200.

    Notes
    -----
    Connected parts of the thresholded map, their smallest enclosing rectangles, grown back by ``area / perimeter * 1.6``.
    """
    height, width = pixels.shape[:2]
    scale = max(1.0, _SHORT_SIDE_PX / min(height, width))
    scale = min(scale, _LONG_SIDE_PX / max(height, width))
    size_wh = tuple(
        max(_SIDE_MULTIPLE, round(side * scale / _SIDE_MULTIPLE) * _SIDE_MULTIPLE) for side in (width, height)
    )
    shown = cv2.resize(pixels, size_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    blob = np.ascontiguousarray((shown[..., ::-1].astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None])
    probability = detector.run(None, {"x": blob})[0][0, 0]
    mask = cv2.dilate((probability > _INK).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    to_picture = np.array([width / size_wh[0], height / size_wh[1]])
    lines = []
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:_MOST_LINES]:
        center, (long, short), angle = cv2.minAreaRect(contour)
        if min(long, short) < _MIN_SIDE_PX or _score(probability, contour) < _MIN_SCORE:
            continue
        grow = long * short * _UNCLIP / (long + short)
        corners = cv2.boxPoints((center, (long + grow, short + grow), angle)).astype(np.float64)
        lines.append(_order(corners * to_picture))
    return lines


def _score(probability: FloatImage, contour: FloatImage) -> float:
    """Return the mean of the map inside a contour."""
    left, top, width, height = cv2.boundingRect(contour)
    inside = np.zeros((height, width), np.uint8)
    cv2.drawContours(inside, [contour], -1, 1, cv2.FILLED, offset=(-left, -top))
    return float(cv2.mean(probability[top : top + height, left : left + width], inside)[0])


def _order(corners: FloatImage) -> FloatImage:
    """Return corners clockwise from the one where reading begins: lines run to the right, steep ones downwards."""
    edges = np.roll(corners, -1, axis=0) - corners
    lengths = np.linalg.norm(edges, axis=1)
    along = int(np.argmax(lengths)) if max(lengths) > 1.5 * min(lengths) else int(np.argmax(np.abs(edges[:, 0])))
    upright = max(lengths) > 1.5 * min(lengths) and abs(edges[along, 1]) > 2.0 * abs(edges[along, 0])
    forward = edges[along, 1] if upright else edges[along, 0]
    start = along if forward > 0 else (along + 2) % 4
    ordered = np.roll(corners, -start, axis=0)
    across, down = ordered[1] - ordered[0], ordered[3] - ordered[0]
    clockwise = across[0] * down[1] - across[1] * down[0] > 0
    return ordered if clockwise else ordered[[3, 2, 1, 0]]


def rectify(pixels: FloatImage | Pixels, quad: FloatImage, size_wh: tuple[int, int]) -> FloatImage:
    """Return the part of a picture inside a quadrilateral as an upright rectangle; cubic, borders continued."""
    width, height = size_wh
    upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), upright)
    return np.asarray(
        cv2.warpPerspective(pixels, matrix, size_wh, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    )
