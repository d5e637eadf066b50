"""Cut out what is in a detector's box: the subject's matte where it is the subject, else a graph cut that starts from the box."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from retouch.editor.scene.face_parts import face_ellipse
from retouch.editor.scene.graph_cut import cut_out, keep_large_parts, soften_edges, working_size
from retouch.editor.scene.values import Box, Face
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.filters import resize_float

__all__ = ["clip_to_box", "cut_box", "is_plausible"]

_MARGIN: Final = 0.05
"""How far beyond its box a thing may reach, as a share of the box's sides."""
_UNKNOWN: Final = 0.3
_SALIENT: Final = 0.5
_STANDS_OUT: Final = 0.25
"""Mean saliency in a box below which saliency does not tell the thing in it."""
_CERTAIN_CORE: Final = 0.35
_NEARER: Final = 0.85
_BODY_BELOW: Final = 9.0
"""Heights of a face down to which there is a body."""


def clip_to_box(mask: Mask, box: Box) -> Mask:
    """Return a mask, faded out beyond a box. Exactly 0 from a twentieth of the box's sides outside of it."""
    rows, cols = mask.shape
    inside = np.zeros((rows, cols), np.float32)
    wide, high = _MARGIN * box.width, _MARGIN * box.height
    top, bottom = max(0, round(box.top - high)), min(rows, round(box.bottom + high))
    left, right = max(0, round(box.left - wide)), min(cols, round(box.right + wide))
    inside[top:bottom, left:right] = 1.0
    return np.asarray(mask * inside, dtype=np.float32)


def cut_box(
    pixels: Pixels,
    box: Box,
    *,
    matte: Mask,
    score: Mask,
    heat: Mask | None = None,
    others: Sequence[Box] = (),
    face: Face | None = None,
    other_faces: Sequence[Face] = (),
) -> Mask:
    """Cut out one thing.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    box : Box
    matte : (H, W) float32 [0, 1]
        Of the main subject.
    score : (h, w) float32 [0, 1]
        Any saliency.
    heat : (h, w) float32 [0, 1], optional
        Where the classifier sees the kind; asked where nothing in the box stands out.
    others : sequence of Box
        Of others of the kind: what is nearer to the middle of one of them is probably its own.
    face, other_faces : Face
        Of a person; a face is certain, and so is that another one's is not.

    Returns
    -------
    (H, W) float32 [0, 1]
        Exactly 0 away from the box. About 0.5 s.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1])
    scale = size_hw[0] / pixels.shape[0]
    distance = _distance(box.moved(0, 0, scale), size_hw)
    standing_out = np.maximum(resize_float(matte, size_hw), resize_float(score, size_hw))
    if float(standing_out[distance < 1.0].mean()) < _STANDS_OUT:
        # A box alone says no more than that its middle is likelier than its corners.
        of_kind = np.zeros(size_hw, np.float32) if heat is None else resize_float(heat, size_hw)
        standing_out = np.maximum(np.clip(1.1 - 0.8 * distance, 0.0, 1.0) * (0.7 + 0.3 * of_kind), standing_out)
    likelihood = _prior(box.moved(0, 0, scale), standing_out.astype(np.float32), distance)
    for other in others:
        nearer = _distance(other.moved(0, 0, scale), size_hw) < _NEARER * distance
        likelihood[nearer] = np.minimum(likelihood[nearer], 0.15)
    if face is not None:
        _mark_person(likelihood, face.moved(0, 0, scale))
    for one in other_faces:
        likelihood[face_ellipse(one.moved(0, 0, scale), size_hw) < 1.2] = 0.0
    hard = keep_large_parts(cut_out(pixels, likelihood, rounds=4), share_of_largest=0.25)
    return clip_to_box(soften_edges(pixels, hard), box)


def _prior(box: Box, standing_out: Mask, distance: FloatImage) -> FloatImage:
    """Return how likely each place is the thing in a box: what stands out, more so in the box's middle; 0 outside."""
    likelihood = np.where(standing_out > 0.5, 0.75, _UNKNOWN + _SALIENT * standing_out)
    likelihood = np.where(distance < 0.7, likelihood + 0.15, likelihood - 0.1)
    likelihood[(distance < _CERTAIN_CORE) & (standing_out > 0.4)] = 1.0
    rows, cols = np.mgrid[: distance.shape[0], : distance.shape[1]]
    margin_x, margin_y = 0.5 * _MARGIN * box.width, 0.5 * _MARGIN * box.height
    outside = (cols < box.left - margin_x) | (cols > box.right + margin_x)
    outside |= (rows < box.top - margin_y) | (rows > box.bottom + margin_y)
    likelihood[outside] = 0.0
    return np.clip(likelihood, 0.0, 1.0).astype(np.float32)


def _distance(box: Box, size_hw: tuple[int, int]) -> FloatImage:
    """Return the distance from a box's middle, 1 where an ellipse in it ends."""
    rows, cols = np.ogrid[: size_hw[0], : size_hw[1]]
    x, y = box.center
    across, down = (cols - x) / max(0.5 * box.width, 1.0), (rows - y) / max(0.5 * box.height, 1.0)
    return np.asarray(np.hypot(across, down), dtype=np.float32)


def _mark_person(likelihood: Mask, face: Face) -> None:
    """Mark a face as certain, and what is below it as likely, where it is in the box."""
    size_hw = likelihood.shape[0], likelihood.shape[1]
    rows, cols = np.ogrid[: size_hw[0], : size_hw[1]]
    box = face.box
    down = (rows - box.bottom) / max(box.height, 1.0)
    half = box.width * np.clip(0.6 + 1.4 * down, 0.5, 1.5)
    trunk = (down > -0.1) & (down < _BODY_BELOW) & (np.abs(cols - box.center[0]) < half)
    likelihood[trunk & (likelihood > 0)] = np.maximum(likelihood[trunk & (likelihood > 0)], 0.8)
    likelihood[(face_ellipse(face, size_hw) < 0.95)] = 1.0


def is_plausible(mask: Mask, box: Box) -> bool:
    """Return whether a cut fills a fair part of its box."""
    area = float((mask > 0.5).sum()) / max(1.0, box.width * box.height)
    return 0.12 <= area <= 1.2
