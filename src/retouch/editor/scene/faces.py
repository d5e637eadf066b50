"""People's faces, with their eyes and mouths: three small networks, each judging what the one before let through.

The first slides over the picture at many sizes and proposes boxes; the second and third look at each box more closely, and the
third also tells where the eyes and the corners of the mouth are.

References
----------
K. Zhang et al., "Joint face detection and alignment using multitask cascaded convolutional networks", IEEE Signal Processing
Letters 23(10), 2016.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.graph_cut import working_size
from retouch.editor.scene.values import Box, Face
from retouch.images.array_types import FloatImage, Pixels
from retouch.models import ModelStore, Session

__all__ = ["FaceNetworks", "find_faces"]

Boxes = npt.NDArray[np.float64]
"""(n, 5): left, top, right, bottom, score."""

_LONG_SIDE_PX: Final = 1000
_MARGIN: Final = 0.15
"""Border added around the picture, as a share of its long side: a face that fills it would else fit no window."""
_NEUTRAL: Final = 127
_WINDOW_PX: Final = 12
_STRIDE_PX: Final = 2
_SMALLEST_FACE_PX: Final = 22
_PYRAMID_STEP: Final = 0.709
_THRESHOLDS: Final = (0.6, 0.7, 0.97)
"""Of the paper, but for the last: its 0.7 sees faces in foliage and fur, and a real face is seldom below 0.99."""
_MOST_PROPOSALS: Final = 1500

_EYE_OPENING: Final = 0.24
"""Half the width of an open eye, as a share of the distance between the pupils."""
_LEAST_EYE_DISTANCE: Final = 0.22
"""Distance between the eyes as a share of the face's width; less is a profile, where the far eye is no eye any more."""


@dataclass(frozen=True, slots=True)
class FaceNetworks:
    """The three networks. Each takes (n, columns, rows, 3) float32, RGB from -1 to 1: columns come before rows."""

    propose: Session
    refine: Session
    output: Session

    @classmethod
    def load(cls, models: ModelStore) -> "FaceNetworks":
        """Return the shared sessions. Raises ``ModelFileError`` where a file is missing."""
        return cls(models.session("mtcnn-pnet"), models.session("mtcnn-rnet"), models.session("mtcnn-onet"))


def find_faces(pixels: Pixels, networks: FaceNetworks) -> tuple[Face, ...]:
    """Find people's faces.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    networks : FaceNetworks

    Returns
    -------
    tuple of Face
        Largest first. Faces narrower than about 2 % of the picture's long side, faces from behind and pure profiles are missed.

    Notes
    -----
    About 0.2 s on two cores whatever the picture's size: the search runs at 1000 px on the long side.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1], _LONG_SIDE_PX)
    if min(size_hw) < _WINDOW_PX:
        return ()
    small = cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA)
    margin = round(_MARGIN * max(size_hw))
    padded = cv2.copyMakeBorder(small, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(_NEUTRAL,) * 3)
    boxes = _refine(padded, _propose(padded, networks.propose), networks.refine)
    boxes, points = _settle(padded, boxes, networks.output)
    scale = pixels.shape[1] / size_hw[1]
    found = [
        _face((box[:4] - margin) * scale, (landmarks - margin) * scale, float(box[4]))
        for box, landmarks in zip(boxes, points, strict=True)
    ]
    height, width = pixels.shape[:2]
    plausible = [face for face in found if _is_plausible(face, width, height)]
    return tuple(sorted(plausible, key=lambda face: -face.box.width * face.box.height))


def _propose(pixels: Pixels, session: Session) -> Boxes:
    """Slide the first network over a pyramid of sizes."""
    scale = _WINDOW_PX / _SMALLEST_FACE_PX
    found: list[Boxes] = [np.zeros((0, 5))]
    while min(pixels.shape[:2]) * scale >= _WINDOW_PX:
        width, height = (max(_WINDOW_PX, round(side * scale)) for side in pixels.shape[1::-1])
        offsets, scores = session.run(
            ["conv2d_4", "softmax"],
            {"input_1": _as_batch([cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)])},
        )
        columns, rows = np.nonzero(scores[0, ..., 1] > _THRESHOLDS[0])
        corner = np.stack([columns, rows], axis=1) * (_STRIDE_PX / scale)
        side = _WINDOW_PX / scale
        square = np.concatenate([corner, corner + side], axis=1)
        boxes = _with_scores(square + offsets[0][columns, rows] * side, scores[0, columns, rows, 1])
        found.append(_suppress(boxes, 0.5))
        scale *= _PYRAMID_STEP
    merged = _suppress(np.concatenate(found), 0.7)
    return merged[:_MOST_PROPOSALS]


def _refine(pixels: Pixels, boxes: Boxes, session: Session) -> Boxes:
    """Judge each box again at 24 px."""
    if len(boxes) == 0:
        return boxes
    squares = _squares(boxes)
    offsets, scores = session.run(["dense_2", "softmax_1"], {"input_2": _crops(pixels, squares, 24)})
    kept = scores[:, 1] > _THRESHOLDS[1]
    return _suppress(_moved(squares[kept], offsets[kept], scores[kept, 1]), 0.7)


def _settle(pixels: Pixels, boxes: Boxes, session: Session) -> tuple[Boxes, FloatImage]:
    """Judge each box at 48 px; return the boxes and the (n, 5, 2) points: left eye, right eye, nose, corners of the mouth."""
    if len(boxes) == 0:
        return boxes, np.zeros((0, 5, 2), np.float32)
    squares = _squares(boxes)
    names = ["dense_5", "dense_6", "softmax_2"]
    offsets, marks, scores = session.run(names, {"input_3": _crops(pixels, squares, 48)})
    kept = scores[:, 1] > _THRESHOLDS[2]
    squares, marks = squares[kept], marks[kept].reshape(-1, 2, 5).transpose(0, 2, 1)
    size = (squares[:, 2:4] - squares[:, :2])[:, None]
    points = squares[:, None, :2] + marks * size
    moved = _moved(squares, offsets[kept], scores[kept, 1])
    order = _suppressed_order(moved, 0.7, of_smaller=True)
    return moved[order], np.asarray(points[order], dtype=np.float32)


def _as_batch(crops: list[Pixels]) -> FloatImage:
    return np.asarray((np.stack(crops).transpose(0, 2, 1, 3).astype(np.float32) - 127.5) / 128.0, dtype=np.float32)


def _crops(pixels: Pixels, boxes: Boxes, side_px: int) -> FloatImage:
    """Cut out each box and bring it to one size; beyond the border, neutral gray."""
    crops = []
    for left, top, right, bottom in np.round(boxes[:, :4]).astype(int):
        inside = pixels[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
        crop = np.full((bottom - top, right - left, 3), _NEUTRAL, np.uint8)
        crop[max(0, -top) :, max(0, -left) :][: inside.shape[0], : inside.shape[1]] = inside
        crops.append(cv2.resize(crop, (side_px, side_px), interpolation=cv2.INTER_AREA))
    return _as_batch(crops)


def _with_scores(boxes: FloatImage, scores: FloatImage) -> Boxes:
    return np.concatenate([boxes.astype(np.float64), scores.astype(np.float64)[:, None]], axis=1)


def _moved(boxes: Boxes, offsets: FloatImage, scores: FloatImage) -> Boxes:
    """Move the corners by what a network says, in shares of the box."""
    size = np.tile(boxes[:, 2:4] - boxes[:, :2], 2)
    return _with_scores(boxes[:, :4] + offsets * size, scores)


def _squares(boxes: Boxes) -> Boxes:
    """Return the boxes as squares about the same middles."""
    middle = (boxes[:, :2] + boxes[:, 2:4]) / 2
    half = np.maximum((boxes[:, 2:4] - boxes[:, :2]).max(axis=1, keepdims=True) / 2, 1.0)
    return np.concatenate([middle - half, middle + half, boxes[:, 4:]], axis=1)


def _suppress(boxes: Boxes, overlap: float) -> Boxes:
    return boxes[_suppressed_order(boxes, overlap)]


def _suppressed_order(boxes: Boxes, overlap: float, *, of_smaller: bool = False) -> npt.NDArray[np.intp]:
    """Return the indices of the boxes, best first, without those that overlap a better one by more than ``overlap``.

    The overlap is the share of the two boxes' union, or of the smaller one's area.
    """
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    waiting = np.argsort(-boxes[:, 4], kind="stable")
    kept: list[int] = []
    while len(waiting):
        best, rest = int(waiting[0]), waiting[1:]
        kept.append(best)
        corner = np.maximum(boxes[best, :2], boxes[rest, :2])
        shared = np.maximum(np.minimum(boxes[best, 2:4], boxes[rest, 2:4]) - corner, 0.0).prod(axis=1)
        whole = np.minimum(areas[best], areas[rest]) if of_smaller else areas[best] + areas[rest] - shared
        waiting = rest[shared <= overlap * np.maximum(whole, 1e-9)]
    return np.array(kept, dtype=np.intp)


def _face(box: FloatImage, points: FloatImage, score: float) -> Face:
    """Return a face from its box and its five points, in pixels of the picture."""
    left, top, right, bottom = (float(v) for v in box)
    first, second = ((float(x), float(y)) for x, y in points[:2])
    distance = float(np.hypot(second[0] - first[0], second[1] - first[1]))
    # A turned head brings the eyes together, but makes none of them smaller.
    eye_radius = _EYE_OPENING * max(distance, 0.36 * (right - left))
    (mouth_left, y_left), (mouth_right, y_right) = ((float(x), float(y)) for x, y in points[3:])
    wide = max(mouth_right - mouth_left, 0.25 * (right - left))
    middle, level = (mouth_left + mouth_right) / 2, (y_left + y_right) / 2
    # The corners of a smile lie higher than its lips.
    mouth = Box(middle - 0.6 * wide, level - 0.32 * wide, middle + 0.6 * wide, level + 0.48 * wide)
    nose = (float(points[2][0]), float(points[2][1]))
    return Face(Box(left, top, right, bottom), min(1.0, score), (first, second), eye_radius, nose, mouth)


def _is_plausible(face: Face, width: int, height: int) -> bool:
    """Return whether eyes and mouth lie as in a face, and most of the box in the picture."""
    box, (first, second) = face.box, face.eyes
    if box.width <= 0 or box.height <= 0:
        return False
    inside = max(0.0, min(box.right, width) - max(box.left, 0.0)) * max(
        0.0, min(box.bottom, height) - max(box.top, 0.0)
    )
    between = float(np.hypot(second[0] - first[0], second[1] - first[1]))
    eyes_x, eyes_y = (first[0] + second[0]) / 2, (first[1] + second[1]) / 2
    mouth_x, mouth_y = face.mouth.center
    down = float(np.hypot(mouth_x - eyes_x, mouth_y - eyes_y))
    return (
        inside >= 0.6 * box.width * box.height
        and between >= _LEAST_EYE_DISTANCE * box.width
        and mouth_y > eyes_y
        and 0.25 * box.height <= down <= 0.75 * box.height
    )
