"""A second look at a subject where the first was unsure: the saliency network again, on parts of the picture.

The network sees a picture at 320 px. A mirror on its stalk, a headlight before a shelf, a handle are a few pixels there, and
get a score between yes and no. Seen from near, they mostly get a clear one.
"""

from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.graph_cut import working_size
from retouch.editor.scene.values import Face
from retouch.images.array_types import Mask, Pixels
from retouch.images.masks import smoothstep

__all__ = ["look_again", "rim_certainty", "without_neighbors"]

BoolMask = npt.NDArray[np.bool_]

_UNSURE: Final = (0.1, 0.8)
_SURE: Final = 0.85
_SEEN: Final = 0.04
"""What had less than this at first stays out, whatever a second look says of it: a shelf looks like a subject from near."""
_SMALLEST: Final = 0.005
"""Share of the picture: smaller unsure spots are not worth a second look."""
_SPECK: Final = 0.0005
_SIDE: Final = 0.86
"""Side of what is looked at again, as a share of the subject's longer side. From nearer, the network loses the context."""
_AGREE: Final = 0.8
"""Share of what was sure that a second look must see as well, before it is believed."""
_FADE: Final = 0.08
_STILL_UNSURE: Final = 0.97
_BESIDE: Final = 1.5
"""Distance from a face's middle, in widths of it, from which on what is unsure may be no part of the person."""
_DOUBTED: Final = 0.6
"""Mean score of a part below which it may be dropped: what a person holds gets more."""
_OTHER_COLORS: Final = 0.45
_RIM_STEP: Final = 0.45


def look_again(pixels: Pixels, score: Mask, look: Callable[[Pixels], Mask]) -> Mask:
    """Sharpen a score where a good part of the picture, next to what is sure, got neither yes nor no.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    score : (s, s) float32 [0, 1]
        Of the whole picture.
    look : callable
        Returns the score of a part of the picture.

    Returns
    -------
    (h, w) float32 [0, 1]
        At 640 px on the long side, where anything was looked at again; ``score`` itself otherwise, as in most pictures.
    """
    place = _unsure_place(score)
    if place is None:
        return score
    center_x, center_y, extent = place
    rows, columns = _square(pixels.shape[:2], (center_x, center_y), extent)
    seen = look(np.ascontiguousarray(pixels[rows, columns]))
    size_hw = working_size(pixels.shape[0], pixels.shape[1])
    result = np.array(cv2.resize(score, size_hw[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    scale_y, scale_x = size_hw[0] / pixels.shape[0], size_hw[1] / pixels.shape[1]
    there = (
        slice(round(rows.start * scale_y), round(rows.stop * scale_y)),
        slice(round(columns.start * scale_x), round(columns.stop * scale_x)),
    )
    result[there] = _fused(result[there], seen, _fade_out(there, size_hw))
    return result


def _unsure_place(score: Mask) -> tuple[float, float, float] | None:
    """Return (x, y, side), as shares of the picture, of the largest unsure spot beside what is sure; None where all are small."""
    sure = score > _SURE
    if not sure.any():
        return None
    unsure = ((score > _UNSURE[0]) & (score < _UNSURE[1])).astype(np.uint8)
    unsure = cv2.morphologyEx(unsure, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    count, labels, stats, centers = cv2.connectedComponentsWithStats(unsure, connectivity=8)
    beside = np.unique(labels[cv2.dilate(sure.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0])
    areas = np.where(np.isin(np.arange(count), beside), stats[:, cv2.CC_STAT_AREA], 0)
    areas[0] = 0
    best = int(areas.argmax())
    if areas[best] < _SMALLEST * score.size:
        return None
    rows, columns = np.nonzero(sure)
    side = _SIDE * float(max(np.ptp(rows), np.ptp(columns))) / score.shape[0]
    return float(centers[best][0] / score.shape[1]), float(centers[best][1] / score.shape[0]), side


def _square(size_hw: Sequence[int], center_xy: tuple[float, float], share: float) -> tuple[slice, slice]:
    """Return a square of the picture around a place, moved inside."""
    height, width = size_hw
    side = min(height, width, max(32, round(share * max(height, width))))
    top = int(np.clip(center_xy[1] * height - side / 2, 0, height - side))
    left = int(np.clip(center_xy[0] * width - side / 2, 0, width - side))
    return slice(top, top + side), slice(left, left + side)


def _fade_out(there: tuple[slice, slice], size_hw: tuple[int, int]) -> Mask:
    """Return weights that fall to 0 at the borders of a part, but not where they are the picture's."""
    weights = []
    for part, size in zip(there, size_hw, strict=True):
        length = part.stop - part.start
        ramp = np.clip((np.arange(length) + 0.5) / (_FADE * length), 0.0, 1.0)
        first = np.ones(length) if part.start <= 0 else ramp
        last = np.ones(length) if part.stop >= size else ramp[::-1]
        weights.append(np.minimum(first, last))
    return np.asarray(np.minimum.outer(*weights), dtype=np.float32)


def _fused(first: Mask, seen: Mask, weight: Mask) -> Mask:
    """Raise a score where a second look is sure and hangs together with what was; leave it, where that saw something else."""
    second = np.asarray(cv2.resize(seen, first.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    sure = first > _SURE
    if not sure.any() or float((second[sure] > 0.5).mean()) < _AGREE:
        return first
    allowed = cv2.dilate((first > _SEEN).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    new = ((second > 0.5) & allowed) | sure
    _, labels = cv2.connectedComponents(new.astype(np.uint8), connectivity=8)
    held = np.bincount(labels[sure], minlength=int(labels.max()) + 1) > 0
    held[0] = False
    # A clear yes is one for the cut along edges as well.
    raised = np.where(held[labels], weight * smoothstep(0.35, 0.9, second), 0.0)
    return np.asarray(np.maximum(first, raised), dtype=np.float32)


def without_neighbors(pixels: Pixels, score: Mask, faces: Callable[[], tuple[Face, ...]]) -> Mask:
    """Lower a score at the sides of a person, where it is unsure and the colors change: a flag, a curtain, a neighbor's arm.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    score : (h, w) float32 [0, 1]
    faces : callable
        Asked only where something is unsure; the person is the one face.

    Returns
    -------
    (h, w) float32 [0, 1]
    """
    unsure = ((score > _UNSURE[0]) & (score < _STILL_UNSURE)).astype(np.uint8)
    unsure = cv2.morphologyEx(unsure, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(unsure, connectivity=8)
    at_sides = np.unique(labels[:, [0, -1]])
    areas = stats[:, cv2.CC_STAT_AREA]
    parts = [part for part in range(1, count) if part in at_sides and areas[part] >= _SPECK * score.size]
    found = faces() if any(areas[part] >= _SMALLEST * score.size for part in parts) else ()
    if len(found) != 1:
        return score
    scale = score.shape[1] / pixels.shape[1]
    small = cv2.resize(pixels, score.shape[::-1], interpolation=cv2.INTER_AREA)
    columns = np.abs(np.arange(score.shape[1]) - found[0].box.center[0] * scale)
    beside = np.broadcast_to(columns > _BESIDE * found[0].box.width * scale, score.shape)
    chest = (found[0].box.bottom + found[0].box.height) * score.shape[0] / pixels.shape[0]
    lowered = score.copy()
    for part in parts:
        here = labels == part
        near = cv2.dilate(here.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
        body = near & (score > _STILL_UNSURE)
        # What begins below the chest is held in the lap or the hands.
        behind = stats[part, cv2.CC_STAT_TOP] < chest and float(score[here].mean()) < _DOUBTED
        if behind and beside[here].mean() > 0.9 and body.any() and _common_colors(small, here, body) < _OTHER_COLORS:
            rim = cv2.dilate(here.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
            lowered[rim] = np.where(score[rim] < _STILL_UNSURE, 0.0, score[rim])
    return lowered


def _common_colors(pixels: Pixels, first: BoolMask, second: BoolMask) -> float:
    """Return how much two regions share their colors, 0 to 1: the intersection of their histograms of 8 levels a channel."""
    levels = (pixels >> 5).astype(np.int32)
    bins = levels[..., 0] * 64 + levels[..., 1] * 8 + levels[..., 2]
    shares = [np.bincount(bins[part], minlength=512) / part.sum() for part in (first, second)]
    return float(np.minimum(*shares).sum())


def rim_certainty(score: Mask, hard: Mask) -> tuple[float, tuple[float, float] | None]:
    """Return how much of an outline a score confirms, and where it does not.

    Parameters
    ----------
    score : float32 [0, 1], any size
    hard : (h, w) float32, 0 or 1

    Returns
    -------
    confirmed : float
        0 to 1: the share of the outline across which the score rises clearly.
    place : (x, y) or None
        The middle of the longest stretch that it does not confirm, as shares of the width and the height; None where all are
        short.
    """
    size_hw = hard.shape[0], hard.shape[1]
    large = np.asarray(cv2.resize(score, size_hw[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    solid = (hard > 0.5).astype(np.uint8)
    reach = max(2, round(0.012 * max(size_hw)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    # Inside the picture only: where its border cuts the subject, there is no outline.
    rim = (cv2.dilate(solid, np.ones((3, 3), np.uint8)) > 0) & (solid == 0)
    if not rim.any():
        return 1.0, None
    rise = cv2.dilate(large, disc) - cv2.erode(large, disc)
    doubtful = rim & (rise < _RIM_STEP)
    confirmed = 1.0 - float(doubtful.sum()) / float(rim.sum())
    joined = cv2.dilate(doubtful.astype(np.uint8), disc)
    count, labels = cv2.connectedComponents(joined, connectivity=8)
    lengths = np.bincount(labels[doubtful], minlength=count)
    best = int(lengths.argmax())
    if lengths[best] < 0.04 * float(rim.sum()):
        return confirmed, None
    rows, columns = np.nonzero(doubtful & (labels == best))
    return confirmed, (float(columns.mean() / size_hw[1]), float(rows.mean() / size_hw[0]))
