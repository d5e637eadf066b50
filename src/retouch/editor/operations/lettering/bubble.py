"""A speech bubble with words in it, its tail pointing at who speaks."""

from dataclasses import dataclass

import cv2
import numpy as np

from retouch.editor.instructions.plan import AddText, ColorValue
from retouch.editor.operations.lettering.ink import Ink, paint
from retouch.editor.operations.lettering.typeset import Block
from retouch.editor.operations.stage import Stage
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import FloatImage, Mask
from retouch.images.masks import bounding_box
from retouch.types import Resolution

__all__ = ["draw_bubble"]

_PAPER = ColorValue("white", (255, 255, 255))
_LINE = ColorValue("black", (16, 16, 18))
_OVERSAMPLING = 4
_SURE_OF_HEAD = 0.3


@dataclass(frozen=True, slots=True)
class _Head:
    """Who speaks: the middle of the head, and half its size, both (row, column)."""

    center: FloatImage
    half: FloatImage

    def rim_towards(self, point: FloatImage) -> FloatImage:
        """Return the place, at the height of the mouth and a little inside the rim, that faces a point."""
        mouth = self.center + np.array([0.35 * self.half[0], 0.0])
        away = point - mouth
        length = float(np.hypot(*(away / np.maximum(self.half, 1.0))))
        return np.asarray(mouth + away / max(length, 1e-6) * 0.72)


def draw_bubble(stage: Stage, operation: AddText, block: Block, notes: tuple[str, ...]) -> Stage:
    """Draw a bubble beside the speaker's head, where it covers least, and write in it.

    Raises
    ------
    UnsupportedInstructionError
        There is no one to speak, or the bubble does not fit.
    """
    head, resolutions = _speaker(stage, operation)
    height, width = stage.pixels.shape[:2]
    size_hw = np.array([block.coverage.shape[0] + 1.2 * block.size_px, block.coverage.shape[1] + 1.7 * block.size_px])
    if size_hw[0] > 0.9 * height or size_hw[1] > 0.96 * width:
        hint = "The bubble does not fit the picture: write fewer words, or smaller."
        raise UnsupportedInstructionError((), (operation.words[:160],), hint)
    center = _choose_center(head, size_hw, operation, stage)
    paper = _shape(center, size_hw, head.rim_towards(center), (height, width))
    line_px = max(1.5, 0.05 * block.size_px)
    pixels, touched = paint(stage.pixels, paper, Ink(_PAPER, _LINE, line_px, None, 1.0), 0, 0, block.size_px)
    top, left = round(center[0] - block.coverage.shape[0] / 2), round(center[1] - block.coverage.shape[1] / 2)
    ink = Ink(operation.style.color or _LINE, operation.style.outline, line_px, None, 1.0)
    pixels, letters = paint(pixels, block.coverage, ink, top, left, block.size_px)
    return stage.after(pixels, np.maximum(touched, letters), resolutions=resolutions, notes=notes)


def _speaker(stage: Stage, operation: AddText) -> tuple[_Head, tuple[Resolution, ...]]:
    """Return who speaks: the thing that is named, a head that is surely one, else the upper part of the subject."""
    if operation.anchor is not None:
        finding = stage.find(operation.anchor)
        resolution = Resolution(
            operation.anchor.phrase, finding.resolved_to, finding.confidence, verified=finding.verified
        )
        return _upper_part(finding.mask), (resolution,)
    head = stage.scene.head
    if head is not None and head.confidence >= _SURE_OF_HEAD:
        center = np.array([(head.top + head.bottom) / 2, (head.left + head.right) / 2])
        half = np.array([head.bottom - head.top, head.right - head.left]) / 2
        verified = head.found_by == "face"
        return _Head(center, half), (
            Resolution("the speaker", "the head of the main subject", head.confidence, verified),
        )
    subject = stage.scene.subject
    if not subject.present:
        hint = 'I see no one in this picture who could speak; say who: add a speech bubble saying "Hi" to the dog.'
        raise UnsupportedInstructionError((), (operation.words[:160],), hint)
    resolution = Resolution("the speaker", "the main subject", 0.5 * subject.confidence, verified=False)
    return _upper_part(subject.matte), (resolution,)


def _upper_part(mask: Mask) -> _Head:
    """Return a head's place in a thing whose head is not known: its upper quarter, around where that is."""
    box = bounding_box((mask > 0.5).astype(np.float32))
    rows, columns = box if box is not None else (slice(0, mask.shape[0]), slice(0, mask.shape[1]))
    quarter = max(4, (rows.stop - rows.start) // 4)
    across = np.flatnonzero((mask[rows.start : rows.start + quarter] > 0.5).any(axis=0))
    middle = float(across.mean()) if across.size else (columns.start + columns.stop) / 2
    half = np.array([quarter / 2, min(quarter / 2, max(4.0, across.size / 2))])
    return _Head(np.array([rows.start + quarter / 2, middle]), half)


def _choose_center(head: _Head, size_hw: FloatImage, operation: AddText, stage: Stage) -> FloatImage:
    """Return (row, column) of the bubble's middle: near the head but off it, inside the picture, over little of the subject."""
    height, width = stage.pixels.shape[:2]
    matte = stage.scene.subject.matte
    best, lowest = head.center, np.inf
    for down in (-1.9, -1.3, -0.8, -0.3, 0.2):
        for across in (-1.5, -1.1, -0.7, -0.3, 0.3, 0.7, 1.1, 1.5):
            wanted = head.center + np.array([down, across]) * (head.half + size_hw / 2)
            center = np.clip(wanted, size_hw / 2 + 4, np.array([height, width]) - size_hw / 2 - 4)
            box = tuple(slice(int(c - s / 2), int(c + s / 2)) for c, s in zip(center, size_hw, strict=True))
            covered = float(matte[box].mean()) if matte.shape == (height, width) else 0.0
            gap = np.abs(center - head.center) - (size_hw / 2 + 1.15 * head.half)
            over_head = max(0.0, float(-gap.max()) / max(float(head.half.min()), 1.0))
            wrong = {"left": center[1] > width / 2, "right": center[1] < width / 2}.get(
                operation.horizontal or "", False
            )
            far = float(np.linalg.norm((center - head.center) / (head.half + size_hw / 2)))
            cost = 1.5 * covered + 4.0 * min(1.0, over_head) + 4.0 * wrong + 0.35 * far
            if cost < lowest:
                best, lowest = center, cost
    return best


def _shape(center: FloatImage, size_hw: FloatImage, tip: FloatImage, picture_hw: tuple[int, int]) -> Mask:
    """Return the bubble with its tail, antialiased: (H, W) float32 [0, 1]."""
    scale = _OVERSAMPLING
    drawn = np.zeros((picture_hw[0] * scale, picture_hw[1] * scale), np.uint8)
    rows, columns = size_hw / 2
    angle = np.linspace(0.0, 2.0 * np.pi, 180)
    corner = 2.0 / 3.2  # a superellipse: rounder than a box, roomier than an oval
    x = center[1] + columns * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** corner
    y = center[0] + rows * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** corner
    cv2.fillPoly(drawn, [np.rint(np.stack([x, y], axis=1) * scale).astype(np.int32)], 255)
    away = tip - center
    side = np.array([away[1], -away[0]]) / max(float(np.linalg.norm(away)), 1.0) * 0.2 * size_hw.min()
    root = center + away * 0.2
    tail = np.stack([root + side, tip, root - side])[:, ::-1]
    cv2.fillPoly(drawn, [np.rint(tail * scale).astype(np.int32)], 255)
    small = cv2.resize(drawn, (picture_hw[1], picture_hw[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32) / np.float32(255.0)
