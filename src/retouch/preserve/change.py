"""Find what an edit really changed: regions, whole, with their shadows, without holes and specks.

References
----------
J. Canny, "A computational approach to edge detection", IEEE TPAMI, 1986 (hysteresis: a weak response counts beside a strong one).
L. Vincent, "Morphological grayscale reconstruction in image analysis", IEEE TIP, 1993.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage, Pixels
from retouch.preserve.difference import (
    Differences,
    DriftLevel,
    contrast_code,
    largest_channel_difference,
    measure_differences,
)

__all__ = ["Change", "ChangeKind", "find_change"]

ChangeKind = Literal["none", "local", "background", "global"]
Bits = npt.NDArray[np.bool_]

STRONG: Final = (9.0, 6.5, 6.0)
"""Multiples of the drift level at 1, 2.5 and 6 px that are a change by themselves."""
WEAK: Final = (5.0, 3.4, 3.2)
"""Multiples that are a change where they touch a strong one."""
CLEAR: Final = (14.0, 7.2, 7.6)
"""Multiples that a tenth of a region must reach at one of the scales."""
ENOUGH_CLEAR_PX: Final = 200
STRONG_TEXTURE: Final = 9.0
WEAK_TEXTURE: Final = 5.0
"""Multiples of the usual scatter of local contrast between the pictures: texture that was smoothed away, or added."""
MIN_TEXTURE_AREA_PX: Final = 150
MIN_STRONG_AREA_PX: Final = (10, 14, 30)
MIN_REGION_AREA_PX: Final = 24
GUARD_PX: Final = 2
"""Regions are grown by this much: an edge is mixed with its neighbor in both pictures."""
GLOBAL_SHARE: Final = 0.4
FADING_SCORE: Final = 0.55
FADING_REACH_PX: Final = 5
MIN_KEPT_TEXTURE: Final = 0.08
"""Share of the texture that must be unchanged for a kept part to be believed beside a change of more than ``GLOBAL_SHARE``."""
KEPT_AREA_PX: Final = 12
BACKGROUND_SHARE: Final = 0.35


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit changed.

    Attributes
    ----------
    core : (H, W) bool
        Pixels that must come from the edit. All True for a global edit, all False for none.
    kind : {"none", "local", "background", "global"}
        "background" means that a subject was kept and what is around it is new.
    score : (H, W) float32
        Evidence of change; 1 is as much as an untouched pixel beside a change may show.
    drift_delta_e : float
        Typical difference of untouched pixels after 1 px of smoothing, in delta E.
    confidence : float
        0 to 1: how clearly the changed pixels stand out from the drift.
    """

    core: Bits
    kind: ChangeKind
    score: FloatImage
    drift_delta_e: float
    confidence: float


def find_change(base: Pixels, edited: Pixels, valid: Bits, *, exact: bool = False) -> Change:
    """Find the changed regions between two aligned pictures.

    Parameters
    ----------
    base, edited : (H, W, 3) uint8, sRGB
        Aligned, with the tone drift undone.
    valid : (H, W) bool
        False where the edited picture has no pixel to give; nothing changes there.
    exact : bool
        Every pixel that differs is a change (``difference.is_exact_elsewhere``).

    Returns
    -------
    Change

    Notes
    -----
    Differences at three scales count as multiples of the drift that the picture itself shows, with hysteresis. O(H W).
    """
    if exact:
        return _exact_change(base, edited, valid)
    differences = measure_differences(base, edited)
    evidence = _gather(differences, valid)
    score, coarse, level = evidence.score, evidence.coarse, evidence.level
    regions = _prominent(_without_specks(evidence.regions & valid, score), evidence.clear)
    whole = _whole_objects(regions, differences, score) & valid
    core = _with_fringe(whole, coarse) & valid
    kind = _classify(core, differences, valid)
    if kind == "global":
        core = np.ones_like(core)
    return Change(core, kind, score, float(np.median(level.level)), _confidence(core, score, kind))


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Weak evidence around strong one; the evidence of all scales and of the coarser ones; what stands out clearly."""

    regions: Bits
    score: FloatImage
    coarse: FloatImage
    clear: Bits
    level: DriftLevel


def _gather(differences: Differences, valid: Bits) -> _Evidence:
    """Collect evidence from fine to coarse, each scale beside what the finer ones found, then from texture."""
    # What is found at first must not teach the drift level: find roughly, read the level again without, find again.
    rough = _stage(differences, 0, valid)[0] | _stage(differences, 1, valid)[0]
    teaching = valid & (_grown(rough, 6) == 0)
    if teaching.mean() < 0.05:
        teaching = valid
    regions, score, level = _stage(differences, 0, teaching)
    clear = score * np.float32(WEAK[0]) > CLEAR[0]
    coarse = np.zeros_like(score)
    for index in (1, 2):
        regions, more, _ = _stage(differences, index, teaching, regions)
        np.maximum(coarse, more, out=coarse)
        clear |= differences.excess(index, teaching)[0] > CLEAR[index]
    texture = differences.texture_excess(teaching, regions)
    clear |= texture > STRONG_TEXTURE
    lost = _without_small(texture > STRONG_TEXTURE, MIN_TEXTURE_AREA_PX)
    regions = _connected_to(regions | lost | (texture > WEAK_TEXTURE), regions | lost)
    score = np.maximum(np.maximum(score, coarse), texture / np.float32(WEAK_TEXTURE))
    return _Evidence(regions, score, coarse, clear, level)


def _exact_change(base: Pixels, edited: Pixels, valid: Bits) -> Change:
    """Return the change of an editor that leaves untouched pixels alone to the bit."""
    largest = largest_channel_difference(base, edited)
    same = largest == 0
    core = _filled(~same & valid, max_hole_px=64) & valid
    if not core.any():
        return Change(core, "none", np.zeros(core.shape, np.float32), 0.0, 1.0)
    score = largest.astype(np.float32)
    kind: ChangeKind = "background" if _surrounds(core, valid) else "local"
    return Change(core, kind, score, 0.0, 1.0)


def _stage(
    differences: Differences, index: int, teaching: Bits, known: Bits | None = None
) -> tuple[Bits, FloatImage, DriftLevel]:
    """Return what shows at one scale together with what is ``known``, the multiples of the weak threshold, the drift level."""
    excess, level = differences.excess(index, teaching, known)
    strong = _without_small(excess > STRONG[index], MIN_STRONG_AREA_PX[index])
    score = excess / np.float32(WEAK[index])
    weak = (score > 1) | strong
    if known is not None:
        weak, strong = weak | known, strong | known
    return _connected_to(weak, strong), score, level


def _without_small(bits: Bits, min_area: int) -> Bits:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bits.astype(np.uint8), connectivity=8)
    if count <= 1:
        return bits
    kept = stats[:, cv2.CC_STAT_AREA] >= min_area
    kept[0] = False
    return np.asarray(kept[labels], dtype=np.bool_)


def _connected_to(weak: Bits, strong: Bits) -> Bits:
    """Return the weak pixels that are connected to a strong one."""
    count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    touched = np.zeros(count, np.bool_)
    touched[labels[strong]] = True
    touched[0] = False
    return np.asarray(touched[labels], dtype=np.bool_)


def _without_specks(bits: Bits, score: FloatImage) -> Bits:
    """Drop regions that are tiny for how weak they are: area times mean evidence decides."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bits.astype(np.uint8), connectivity=8)
    if count <= 1:
        return bits
    mass = np.bincount(labels.ravel(), weights=np.minimum(score, 8.0).ravel(), minlength=count)
    kept = (stats[:, cv2.CC_STAT_AREA] >= MIN_REGION_AREA_PX) & (mass >= 4.0 * MIN_REGION_AREA_PX)
    kept[0] = False
    return np.asarray(kept[labels], dtype=np.bool_)


def _prominent(regions: Bits, clear: Bits) -> Bits:
    """Drop regions that are only the far end of the drift: a tenth of a region must stand out clearly at some scale.

    Redrawn texture and outlines differ a lot here and there, but never over an area: smoothed, they fall back into the drift.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(regions.astype(np.uint8), connectivity=8)
    clear_area = np.bincount(labels.ravel(), weights=clear.ravel().astype(np.float64), minlength=count)
    kept = (clear_area >= 0.1 * stats[:, cv2.CC_STAT_AREA]) | (clear_area >= ENOUGH_CLEAR_PX)
    kept[0] = False
    return np.asarray(kept[labels], dtype=np.bool_)


def _disc(radius_px: int) -> npt.NDArray[np.uint8]:
    size = 2 * radius_px + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), dtype=np.uint8)


def _grown(bits: Bits, radius_px: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.dilate(bits.astype(np.uint8), _disc(radius_px)), dtype=np.uint8)


def _whole_objects(regions: Bits, differences: Differences, score: FloatImage) -> Bits:
    """Close each region in proportion to its size, and fill the holes that do not show the input's own texture.

    An inserted object has places that happen to look like what was there before; they are the object's all the same. A hole
    that shows the input's texture unchanged is a kept subject.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(regions.astype(np.uint8), connectivity=8)
    result = regions.copy()
    height, width = regions.shape
    for label in np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:64] + 1:
        left, top, w, h, area = (int(value) for value in stats[label])
        radius = int(np.clip(0.1 * math.sqrt(area), 2, 16))
        rows = slice(max(0, top - 2 * radius), min(height, top + h + 2 * radius))
        cols = slice(max(0, left - 2 * radius), min(width, left + w + 2 * radius))
        part = np.pad(labels[rows, cols] == label, 2 * radius).astype(np.uint8)
        closed = (
            cv2.morphologyEx(part, cv2.MORPH_CLOSE, _disc(radius))[2 * radius : -2 * radius, 2 * radius : -2 * radius]
            > 0
        )
        result[rows, cols] |= closed
    kept_texture = _enlarged_bits(differences.contrast[1][0] > contrast_code(4.0), regions.shape) & (score < 0.7)
    return _fill_holes(result, kept_texture)


def _with_fringe(regions: Bits, coarse: FloatImage) -> Bits:
    """Grow regions by the mixed pixels of their edges, and further where a shadow or a glow fades out slowly.

    ``coarse`` is the evidence of the coarser scales, which do not see what was found before: a hard edge has none beside it.
    """
    fading = coarse > FADING_SCORE
    near = (_grown(regions, GUARD_PX + FADING_REACH_PX) > 0) & fading
    return np.asarray((_grown(regions, GUARD_PX) > 0) | near, dtype=np.bool_)


def _enlarged_bits(bits: Bits, shape: tuple[int, ...]) -> Bits:
    return np.asarray(cv2.resize(bits.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST) > 0)


def _fill_holes(bits: Bits, kept_texture: Bits) -> Bits:
    """Fill holes: small ones always, larger ones unless they show kept texture or rival the region itself."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~bits).astype(np.uint8), connectivity=4)
    height, width = bits.shape
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    enclosed = (left > 0) & (top > 0) & (right < width) & (bottom < height)
    area = stats[:, cv2.CC_STAT_AREA]
    texture = np.bincount(
        labels.ravel(), weights=kept_texture.ravel().astype(np.float64), minlength=count
    ) / np.maximum(area, 1)
    small = area <= max(64, 0.0004 * bits.size)
    bland = (texture < 0.3) & (area <= 0.06 * max(1, int(bits.sum())))
    fill = enclosed & (small | bland)
    fill[0] = False
    return np.asarray(bits | fill[labels], dtype=np.bool_)


def _filled(bits: Bits, max_hole_px: int) -> Bits:
    """Close gaps of a pixel, and fill holes up to ``max_hole_px``."""
    closed = cv2.morphologyEx(np.pad(bits, 2).astype(np.uint8), cv2.MORPH_CLOSE, _disc(1))[2:-2, 2:-2] > 0
    holes = _without_small(~closed, max_hole_px + 1)
    return np.asarray(~holes, dtype=np.bool_)


def _surrounds(core: Bits, valid: Bits) -> bool:
    """Whether the change takes most of the border (of what the edited picture covers) and leaves a part inside it."""
    framed = np.pad(valid, 1).astype(np.uint8)
    border = (cv2.erode(framed, np.ones((5, 5), np.uint8))[1:-1, 1:-1] == 0) & valid
    return bool(core.mean() > BACKGROUND_SHARE and border.any() and core[border].mean() > 0.6)


def _classify(core: Bits, differences: Differences, valid: Bits) -> ChangeKind:
    """Tell a local edit from a new background and from a picture that changed as a whole.

    A kept part is believed where it shows the input's texture over an area. A style or a relight leaves scattered places that
    happen to be equal: plain ones, and textured ones no wider than a brush stroke.
    """
    if not core.any():
        return "none"
    share = float(core[valid].mean()) if valid.any() else 1.0
    textured = _enlarged_bits(differences.contrast[1][0] > contrast_code(2.5), core.shape) & valid
    kept = cv2.erode((~core & valid).astype(np.uint8), _disc(KEPT_AREA_PX)) > 0
    kept_texture = float((textured & kept).sum()) / max(1, int(textured.sum()))
    if share > 0.97 or (share > GLOBAL_SHARE and kept_texture < MIN_KEPT_TEXTURE):
        return "global"
    return "background" if _surrounds(core, valid) else "local"


def _confidence(core: Bits, score: FloatImage, kind: ChangeKind) -> float:
    """How far the typical changed pixel stands above the threshold, against the busiest untouched ones."""
    outside = score[~core]
    quiet = 1.0 - float((outside > 1).mean()) if outside.size else 1.0
    if kind in ("none", "global"):
        return round(quiet, 3)
    inside = float(np.median(score[core]))
    return round(quiet * float(np.clip((inside - 0.5) / 2.0, 0.2, 1.0)), 3)
