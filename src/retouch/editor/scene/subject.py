"""The main subject: a saliency network's score, cut out along the picture's edges.

References
----------
X. Qin et al., "U2-Net: going deeper with nested U-structure for salient object detection", Pattern Recognition 106, 2020.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from retouch.editor.scene.graph_cut import cut_out, keep_large_parts, soften_edges
from retouch.editor.scene.second_look import look_again, rim_certainty, without_neighbors
from retouch.editor.scene.values import Face, Subject
from retouch.images.array_types import Mask, Pixels
from retouch.models import Session

__all__ = ["find_subject", "saliency_confidence", "score_saliency"]

_INPUT_PX: Final = 320
_IMAGENET_MEAN: Final = np.array([0.485, 0.456, 0.406], np.float32)
_IMAGENET_STD: Final = np.array([0.229, 0.224, 0.225], np.float32)
_INPUT_NAME: Final = "input.1"
_FUSED_OUTPUT_NAME: Final = "1959"
"""The network's fused map, already through its sigmoid: the score itself, on no scale of its own."""

MIN_CONFIDENCE: Final = 0.9
MIN_AREA: Final = 0.002
MAX_AREA: Final = 0.97


def find_subject(
    pixels: Pixels,
    score: Mask,
    *,
    look: Callable[[Pixels], Mask] | None = None,
    faces: Callable[[], tuple[Face, ...]] | None = None,
) -> Subject:
    """Find the main subject of a picture.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    score : (320, 320) float32 [0, 1]
        As ``score_saliency``.
    look : callable, optional
        Returns the score of a part of the picture, where the first one is unsure.
    faces : callable, optional
        Returns the faces in the picture; asked where something beside a person is unsure.

    Returns
    -------
    Subject
        Not ``present``, with an empty matte, where the network is unsure (a landscape) or sees all or nothing.

    Notes
    -----
    About 0.5 s at 1184 x 880 on two cores, for the edge; a second look at an unsure part adds 0.2 s.
    """
    confidence = saliency_confidence(score)
    nothing = np.zeros(pixels.shape[:2], np.float32)
    if confidence < MIN_CONFIDENCE:
        return Subject(nothing, confidence, present=False)
    sharper = score if look is None else look_again(pixels, score, look)
    if faces is not None:
        sharper = without_neighbors(pixels, sharper, faces)
    hard = keep_large_parts(cut_out(pixels, sharper), share_of_largest=0.05)
    if not MIN_AREA <= float(hard.mean()) <= MAX_AREA:
        return Subject(nothing, 0.0, present=False)
    edge_confidence, unsure_at = rim_certainty(sharper, hard)
    return Subject(
        soften_edges(pixels, hard), confidence, present=True, edge_confidence=edge_confidence, unsure_at=unsure_at
    )


def score_saliency(pixels: Pixels, session: Session) -> Mask:
    """Return the score [0, 1] that the model ``u2netp`` gives each place for belonging to the subject: (320, 320) float32."""
    small = cv2.resize(pixels, (_INPUT_PX, _INPUT_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    normalized = (small / max(float(small.max()), 1.0) - _IMAGENET_MEAN) / _IMAGENET_STD
    batch = np.ascontiguousarray(normalized.transpose(2, 0, 1)[None], dtype=np.float32)
    score: Mask = session.run([_FUSED_OUTPUT_NAME], {_INPUT_NAME: batch})[0][0, 0]
    return score


def saliency_confidence(score: Mask) -> float:
    """Return how sure the network is of what it marked, 0 to 1.

    Notes
    -----
    The mean score over the marked pixels, each weighted by its distance from the mark's edge: the plain mean would punish a
    slim subject, which is all edge. Real subjects reach 0.96 or more; a landscape's vague favorite 0.3 to 0.9.
    """
    marked = score > max(0.2, 0.5 * float(score.max()))
    weight = cv2.distanceTransform(marked.astype(np.uint8), cv2.DIST_L2, 3)
    total = float(weight.sum())
    return float((score * weight).sum() / total) if total > 0 else 0.0
