"""Boxes around people and things of eighty everyday kinds: NanoDet, run over the picture and over its parts.

References
----------
RangiLyu, "NanoDet-g": 416 px, 3.8 million parameters, 22.9 AP on COCO. Apache-2.0.
X. Li et al., "Generalized focal loss", NeurIPS 2020: a side of a box is the mean of a distribution over distances.
T.-Y. Lin et al., "Microsoft COCO: common objects in context", ECCV 2014: the kinds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from retouch.editor.scene.detector_nouns import KINDS
from retouch.editor.scene.tfjs_graph import convert_graph_model
from retouch.editor.scene.values import Box
from retouch.images.array_types import FloatImage, Pixels
from retouch.models import Session

__all__ = ["DETECTOR_CONVERTER", "DETECTOR_NAME", "GRAPH_NAME", "Detection", "convert_detector", "detect", "overlap"]

DETECTOR_NAME: Final = "detector"
GRAPH_NAME: Final = "detector-graph"
DETECTOR_CONVERTER: Final = 1
"""To be raised with each change of what ``convert_detector`` makes of its files."""

LEAST_SCORE: Final = 0.3
_SIDE_PX: Final = 416
_STRIDES_PX: Final = (8, 16, 32)
_OUTPUTS: Final = ("Identity", "Identity_3", "Identity_1", "Identity_4", "Identity_2", "Identity_5")
"""Scores and sides at each stride."""
_INPUT_NAME: Final = "input_1"
_BINS: Final = 11
_MEAN_BGR: Final = np.array([103.53, 116.28, 123.675], np.float32)
_STD_BGR: Final = np.array([57.375, 57.12, 58.395], np.float32)
_SAME: Final = 0.55
_INSIDE: Final = 0.8
_PART: Final = 0.62
"""The share of the picture's sides that each of the four parts covers."""
_LARGE_ENOUGH_PX: Final = 520
_CUT_PX: Final = 4.0
_PART_MOST: Final = 0.35
"""A box that takes more of a part's area is better seen in the whole picture."""
_PART_LEAST_SCORE: Final = 0.55


@dataclass(frozen=True, slots=True)
class Detection:
    """One person or thing.

    Attributes
    ----------
    kind : str
        One of ``KINDS`` of ``detector_nouns``.
    score : float
        0 to 1.
    box : Box
        In pixels of the picture; within it.
    """

    kind: str
    score: float
    box: Box


def convert_detector(topology: Path, weights: Path) -> bytes:
    """Return the detector's ONNX graph out of its two verified files."""
    return convert_graph_model(topology.read_bytes(), weights.read_bytes(), _OUTPUTS)


def detect(pixels: Pixels, session: Session) -> tuple[Detection, ...]:
    """Find people and things.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    session : Session
        Of the graph that ``convert_detector`` builds.

    Returns
    -------
    tuple of Detection
        Surest first; what two of them have in common is less than ``_SAME`` of both, where their kind is one.

    Notes
    -----
    The network sees 416 px. Of a picture with a side of at least 520 px its four overlapping quarters are looked at too, which
    adds what is small; what a quarter's border cuts is left to the whole picture. About 0.1 s of one core a look, five looks.
    """
    found = _look(pixels, session, LEAST_SCORE)
    if max(pixels.shape[:2]) >= _LARGE_ENOUGH_PX:
        for box in _parts(pixels.shape[0], pixels.shape[1]):
            found += _look_at_part(pixels, box, session)
    return _without_doubles(found)


def overlap(one: Box, other: Box) -> float:
    """Return the intersection of two boxes over their union, 0 to 1."""
    common = _common(one, other)
    return common / max(one.width * one.height + other.width * other.height - common, 1e-6)


def _common(one: Box, other: Box) -> float:
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0.0, across) * max(0.0, down)


def _parts(height: int, width: int) -> list[Box]:
    """Return four overlapping parts, one at each corner."""
    part_height, part_width = round(_PART * height), round(_PART * width)
    corners = [(x, y) for y in (0, height - part_height) for x in (0, width - part_width)]
    return [Box(x, y, x + part_width, y + part_height) for x, y in corners]


def _look_at_part(pixels: Pixels, part: Box, session: Session) -> list[Detection]:
    top, left = int(part.top), int(part.left)
    crop = pixels[top : int(part.bottom), left : int(part.right)]
    height, width = pixels.shape[:2]
    seen = []
    for found in _look(crop, session, _PART_LEAST_SCORE):
        box = found.box.moved(left, top)
        cut = (
            (left > 0 and box.left - left < _CUT_PX)
            or (top > 0 and box.top - top < _CUT_PX)
            or (part.right < width and part.right - box.right < _CUT_PX)
            or (part.bottom < height and part.bottom - box.bottom < _CUT_PX)
        )
        if not cut and box.width * box.height <= _PART_MOST * part.width * part.height:
            seen.append(Detection(found.kind, found.score, box))
    return seen


def _look(pixels: Pixels, session: Session, least_score: float) -> list[Detection]:
    """Run the network once; the picture is centered in its square."""
    height, width = pixels.shape[:2]
    scale = _SIDE_PX / max(height, width)
    rows, cols = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (_SIDE_PX - rows) // 2, (_SIDE_PX - cols) // 2
    small = cv2.resize(pixels, (cols, rows), interpolation=cv2.INTER_AREA)[..., ::-1].astype(np.float32)
    canvas = np.zeros((_SIDE_PX, _SIDE_PX, 3), np.float32)
    canvas[top : top + rows, left : left + cols] = (small - _MEAN_BGR) / _STD_BGR
    batch = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None])
    answers = session.run(_OUTPUTS, {_INPUT_NAME: batch})
    found: list[Detection] = []
    for scores, sides, stride in zip(answers[::2], answers[1::2], _STRIDES_PX, strict=True):
        for kind, score, box in _decode(scores[0], sides[0], stride, least_score):
            placed = box.moved(-left, -top, height / rows)
            found.append(Detection(KINDS[kind], score, _clipped(placed, width, height)))
    return found


def _decode(scores: FloatImage, sides: FloatImage, stride: int, least_score: float) -> list[tuple[int, float, Box]]:
    """Return (class, score, box in the network's pixels) of one stride's cells."""
    cells, kinds = np.nonzero(scores > least_score)
    logits = sides[cells].reshape(-1, 4, _BINS)
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    away = (powers * np.arange(_BINS)).sum(axis=2) / powers.sum(axis=2) * stride
    row, col = np.divmod(cells, _SIDE_PX // stride)
    xs, ys = (col + 0.5) * stride, (row + 0.5) * stride
    corners = np.stack([xs - away[:, 0], ys - away[:, 1], xs + away[:, 2], ys + away[:, 3]], axis=1)
    found = zip(kinds.tolist(), scores[cells, kinds].tolist(), corners.tolist(), strict=True)
    return [(kind, score, Box(*corner)) for kind, score, corner in found]


def _clipped(box: Box, width: int, height: int) -> Box:
    return Box(max(0.0, box.left), max(0.0, box.top), min(float(width), box.right), min(float(height), box.bottom))


def _without_doubles(found: Sequence[Detection]) -> tuple[Detection, ...]:
    """Keep the surest of those that mean the same: much alike, or a smaller box of the kind almost inside and like it."""
    kept: list[Detection] = []
    for candidate in sorted(found, key=lambda each: -each.score):
        rivals = (each.box for each in kept if each.kind == candidate.kind)
        if not any(_means_the_same(candidate.box, rival) for rival in rivals):
            kept.append(candidate)
    return tuple(kept)


def _means_the_same(one: Box, other: Box) -> bool:
    smaller = min(one.width * one.height, other.width * other.height)
    alike = overlap(one, other)
    return alike > _SAME or (alike > 0.5 * _SAME and _common(one, other) > _INSIDE * max(smaller, 1e-6))
