"""What an ImageNet classifier sees in a picture, and where.

The classifier runs fully convolutionally at several sizes; its last layer, applied at every position, tells for each window of
the picture how likely each class is. Coarse (a position covers about 1/20 of the width at the largest size), but it names and
finds things without having been trained on boxes.

References
----------
B. Zhou et al., "Learning deep features for discriminative localization", CVPR 2016.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from retouch.editor.instructions.articles import with_article
from retouch.editor.scene.efficientnet import INPUT_NAME, LOGITS_NAME, POOLED_LOGITS_NAME, STRIDE_PX
from retouch.editor.scene.nouns import CLASS_COUNT, noun_table
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.models import Session

__all__ = ["ClassMaps", "class_heat", "classify", "describe_labels", "map_classes", "map_scores", "map_square"]

TRAINING_SIZE_PX: Final = 260
LONG_SIDES_PX: Final = (420, 640, 900)
COST_OF_BREADTH: Final = 0.03


@dataclass(frozen=True, slots=True)
class ClassMaps:
    """Class probabilities of one picture.

    Attributes
    ----------
    whole : (classes,) float32
        Of the picture as a whole.
    windows : tuple of (classes, rows, columns) float32
        Of the windows around each position, one map for each size, coarse to fine.
    """

    whole: FloatImage
    windows: tuple[FloatImage, ...]


def map_square(pixels: Pixels, session: Session) -> FloatImage:
    """Run the classifier over a picture at the size that it was trained at.

    Returns
    -------
    (classes, rows, columns) float32
        Raw scores; ``map_classes`` turns them into the first of its windows. About 0.06 s.
    """
    return _run(pixels, (TRAINING_SIZE_PX, TRAINING_SIZE_PX), LOGITS_NAME, session)


def map_scores(pixels: Pixels, long_side_px: int, session: Session) -> FloatImage:
    """Run the classifier over a picture at a size of choice, each position judged by itself.

    Returns
    -------
    (classes, rows, columns) float32
        Raw scores, unpooled: finer than the windows of ``map_classes`` and no probabilities.
    """
    scale = long_side_px / max(pixels.shape[:2])
    rows, columns = (max(1, round(side * scale / STRIDE_PX)) * STRIDE_PX for side in pixels.shape[:2])
    # Enlarged by areas, a small picture would show squares.
    kernel = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return _run(cv2.resize(pixels, (columns, rows), interpolation=kernel), (rows, columns), LOGITS_NAME, session)


def map_classes(pixels: Pixels, session: Session, square: FloatImage | None = None) -> ClassMaps:
    """Run the classifier over a picture.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    session : Session
        Of the graph that ``convert_efficientnet_lite`` builds.
    square : (classes, rows, columns) float32, optional
        As ``map_square``, where it is known already.

    Notes
    -----
    About 0.5 s for all sizes on two cores, whatever the picture's size.
    """
    if square is None:
        square = map_square(pixels, session)
    windows = [_softmax(square)]
    for long_side in LONG_SIDES_PX:
        scale = long_side / max(pixels.shape[:2])
        rows, columns = (max(1, round(side * scale / STRIDE_PX)) * STRIDE_PX for side in pixels.shape[:2])
        windows.append(_softmax(_run(pixels, (rows, columns), POOLED_LOGITS_NAME, session)))
    return ClassMaps(_softmax(square.mean(axis=(1, 2))), tuple(windows))


def classify(maps: ClassMaps, *, count: int = 5) -> tuple[tuple[str, float], ...]:
    """Return the ``count`` likeliest everyday nouns with their probability, best first.

    A noun's probability is the sum over its classes, less what chance would give it. The best noun is the one that explains most
    with few classes (a scooter here and a moped there make a motorcycle, but not a vehicle); its classes are then spent, and the
    next one is chosen from what is left.
    """
    left = maps.whole.astype(np.float64)
    nouns = noun_table().reportable
    found: list[tuple[str, float]] = []
    for _ in range(count):
        totals = [max(0.0, float(left[list(classes)].sum()) - len(classes) / CLASS_COUNT) for _, classes in nouns]
        worth = [
            total - COST_OF_BREADTH * math.log2(len(classes) + 1)
            for total, (_, classes) in zip(totals, nouns, strict=True)
        ]
        best = int(np.argmax(worth))
        found.append((nouns[best][0], totals[best]))
        left[list(nouns[best][1])] = 0.0
    return tuple(sorted(found, key=lambda item: -item[1]))


def describe_labels(labels: Sequence[tuple[str, float]]) -> str:
    """Return labels as words for a message: "a mug"; "perhaps a palace or a church"; "nothing that I know by name"."""
    likely = [with_article(noun) for noun, probability in labels[:3] if probability >= 0.08]
    if labels and labels[0][1] >= 0.35:
        return likely[0]
    return f"perhaps {' or '.join(likely[:2])}" if likely else "nothing that I know by name"


def class_heat(
    maps: ClassMaps, classes: Sequence[int], size_hw: tuple[int, int], *, agreed: bool = False
) -> tuple[Mask, float]:
    """Find where any of some classes is.

    Parameters
    ----------
    maps : ClassMaps
    classes : sequence of int
        Their probabilities are added up.
    size_hw : tuple of two int
        Rows and columns of the result.
    agreed : bool
        True takes the mean over the sizes of window, which outlines a small thing more closely; False the maximum, which covers
        a large thing more fully.

    Returns
    -------
    heat : (rows, columns) float32 [0, 1]
        1 where the evidence is strongest, whatever its strength.
    peak : float
        The highest probability of any window, 0 to 1.
    """
    wanted = list(classes)
    layers = [window[wanted].sum(axis=0) for window in maps.windows]
    peak = max(float(layer.max()) for layer in layers)
    # A size that saw next to nothing must not be blown up to full strength.
    strengths = [(layer / max(float(layer.max()), 0.15)).astype(np.float32) for layer in layers]
    enlarged = [cv2.resize(strength, size_hw[::-1], interpolation=cv2.INTER_CUBIC) for strength in strengths]
    heat = np.mean(enlarged, axis=0) if agreed else np.max(enlarged, axis=0)
    return np.asarray(np.clip(heat / max(float(heat.max()), 1e-6), 0.0, 1.0), dtype=np.float32), peak


def _run(pixels: Pixels, size_hw: tuple[int, int], output: str, session: Session) -> FloatImage:
    resized = cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    batch = np.ascontiguousarray(((resized - 127.0) / 128.0).transpose(2, 0, 1)[None], dtype=np.float32)
    logits: FloatImage = session.run([output], {INPUT_NAME: batch})[0][0]
    return logits


def _softmax(logits: FloatImage) -> FloatImage:
    """Return probabilities over the first axis."""
    powers = np.exp(logits - logits.max(axis=0))
    return np.asarray(powers / powers.sum(axis=0), dtype=np.float32)
