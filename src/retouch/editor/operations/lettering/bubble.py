"""A speech bubble with words in it, its tail pointing at who speaks."""

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


def draw_bubble(stage: Stage, operation: AddText, block: Block, notes: tuple[str, ...]) -> Stage:
    """Draw a bubble above the speaker's head, beside it where there is no room, and write in it.

    Raises
    ------
    UnsupportedInstructionError
        There is no one to speak, or the bubble does not fit.
    """
    mouth, resolutions = _speaker(stage, operation)
    height, width = stage.pixels.shape[:2]
    size_hw = np.array([block.coverage.shape[0] + 0.9 * block.size_px, block.coverage.shape[1] + 1.1 * block.size_px])
    if size_hw[0] > 0.9 * height or size_hw[1] > 0.96 * width:
        raise UnsupportedInstructionError(
            (), (operation.words[:160],), "The bubble does not fit the picture: write fewer words."
        )
    center = _choose_center(mouth, size_hw, operation, stage)
    paper = _shape(center, size_hw, mouth, (height, width))
    line_px = max(1.5, 0.05 * block.size_px)
    pixels, touched = paint(stage.pixels, paper, Ink(_PAPER, _LINE, line_px, None, 1.0), 0, 0, block.size_px)
    top, left = round(center[0] - block.coverage.shape[0] / 2), round(center[1] - block.coverage.shape[1] / 2)
    color = operation.style.color or _LINE
    pixels, letters = paint(
        pixels, block.coverage, Ink(color, operation.style.outline, line_px, None, 1.0), top, left, block.size_px
    )
    return stage.after(pixels, np.maximum(touched, letters), resolutions=resolutions, notes=notes)


def _speaker(stage: Stage, operation: AddText) -> tuple[FloatImage, tuple[Resolution, ...]]:
    """Return (row, column) of where the tail points to: the side of the head, at mouth height."""
    if operation.anchor is not None:
        finding = stage.find(operation.anchor)
        box = bounding_box((finding.mask > 0.5).astype(np.float32))
        if box is not None:
            rows, columns = box
            tip = np.array([rows.start + 0.12 * (rows.stop - rows.start), (columns.start + columns.stop) / 2])
            return tip, (
                Resolution(operation.anchor.phrase, finding.resolved_to, finding.confidence, verified=finding.verified),
            )
    head = stage.scene.head
    if head is None:
        raise UnsupportedInstructionError(
            (),
            (operation.words[:160],),
            'I see no one in this picture who could speak; say who: add a speech bubble saying "Hi" to the dog.',
        )
    tip = np.array([head.top + 0.35 * (head.bottom - head.top), (head.left + head.right) / 2])
    return tip, (
        Resolution("the speaker", "the head of the main subject", head.confidence, verified=head.found_by == "face"),
    )


def _choose_center(mouth: FloatImage, size_hw: FloatImage, operation: AddText, stage: Stage) -> FloatImage:
    """Return (row, column) of the bubble's middle: near the speaker, inside the picture, over as little subject as can be."""
    height, width = stage.pixels.shape[:2]
    subject = stage.scene.subject
    best, lowest = mouth, np.inf
    for dy in (-1.5, -1.2, -0.9, -0.4, 0.0):
        for dx in (-1.1, -0.8, -0.5, 0.5, 0.8, 1.1):
            center = mouth + np.array([dy, dx]) * size_hw
            center = np.clip(center, size_hw / 2 + 4, np.array([height, width]) - size_hw / 2 - 4)
            rows = slice(int(center[0] - size_hw[0] / 2), int(center[0] + size_hw[0] / 2))
            columns = slice(int(center[1] - size_hw[1] / 2), int(center[1] + size_hw[1] / 2))
            covered = float(subject.matte[rows, columns].mean()) if subject.matte.shape == (height, width) else 0.0
            over_mouth = bool(np.all(np.abs(center - mouth) < size_hw / 2 + 0.1 * size_hw[0]))
            wrong_side = (operation.horizontal == "left" and center[1] > width / 2) or (
                operation.horizontal == "right" and center[1] < width / 2
            )
            cost = (
                3.0 * covered
                + 5.0 * over_mouth
                + 4.0 * wrong_side
                + 0.4 * float(np.linalg.norm((center - mouth) / size_hw))
            )
            if cost < lowest:
                best, lowest = center, cost
    return best


def _shape(center: FloatImage, size_hw: FloatImage, mouth: FloatImage, picture_hw: tuple[int, int]) -> Mask:
    """Return the bubble with its tail, antialiased: (H, W) float32 [0, 1]. The tail stops short of the mouth."""
    scale = _OVERSAMPLING
    drawn = np.zeros((picture_hw[0] * scale, picture_hw[1] * scale), np.uint8)
    rows, columns = size_hw / 2
    angle = np.linspace(0.0, 2.0 * np.pi, 180)
    corner = 2.0 / 3.2  # a superellipse: rounder than a box, roomier than an oval
    x = center[1] + columns * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** corner
    y = center[0] + rows * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** corner
    cv2.fillPoly(drawn, [np.rint(np.stack([x, y], axis=1) * scale).astype(np.int32)], 255)
    away = mouth - center
    tip = center + away * max(0.0, 1.0 - 0.12 * float(np.linalg.norm(size_hw)) / max(float(np.linalg.norm(away)), 1.0))
    side = np.array([away[1], -away[0]]) / max(float(np.linalg.norm(away)), 1.0) * 0.16 * size_hw.min()
    root = center + away * 0.25
    tail = np.stack([root + side, tip, root - side])[:, ::-1]
    cv2.fillPoly(drawn, [np.rint(tail * scale).astype(np.int32)], 255)
    small = cv2.resize(drawn, (picture_hw[1], picture_hw[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32) / np.float32(255.0)
