"""Cut a thing out along its edges: color models and a graph cut, then a guided filter for the soft rim."""

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import Mask, Pixels
from retouch.images.color import to_float
from retouch.images.filters import guided_filter, resize_float

__all__ = ["cut_out", "filter_where", "keep_large_parts", "soften_edges", "working_size"]

BoolMask = npt.NDArray[np.bool_]

WORK_LONG_SIDE_PX = 640
TILE_PX = 256
FULL_MODEL_SIDE_PX = 1600
"""A picture twice as long or more fits the guided filter's models at a half, a third, ... of its size: they are smooth, and the
time falls by as much squared."""
MAX_COLOR_OVERLAP = 0.8
"""Photographs stay below 0.65; blank pictures are at 0.9 and more."""
_RNG_SEED = 1
"""GrabCut starts from k-means, which draws from OpenCV's generator: seeded, so that the same picture gives the same mask."""


def cut_out(
    pixels: Pixels,
    likelihood: Mask,
    *,
    certain: float = 0.95,
    excluded: float = 0.05,
    rounds: int = 2,
    long_side_px: int = WORK_LONG_SIDE_PX,
) -> Mask:
    """Snap a likelihood to the picture's edges.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    likelihood : (H, W) or smaller float32 [0, 1]
        How likely each pixel belongs to the thing; any size.
    certain, excluded : float
        Above ``certain`` a pixel is the thing for sure, below ``excluded`` it is not; between, the cut decides.
    rounds : int
        Rounds of fitting color models and cutting.
    long_side_px : int
        The working size, at most; the time grows with its square.

    Returns
    -------
    (h, w) float32, 0 or 1
        At the working size. The thresholded likelihood, where it leaves one side without pixels or where both sides have the
        same colors: there a cut has nothing to go by, and finding none takes OpenCV minutes (a blank wall with some grain).

    Notes
    -----
    About 0.3 s at 640 px. The working size is what makes a graph cut affordable, and detail below it comes from the guided
    filter of ``soften_edges``.

    References
    ----------
    C. Rother, V. Kolmogorov, A. Blake, "GrabCut: interactive foreground extraction using iterated graph cuts", SIGGRAPH 2004.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1], long_side_px)
    small = cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA)
    prior = resize_float(likelihood, size_hw)
    labels = np.where(prior > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[prior > certain] = cv2.GC_FGD
    labels[prior < excluded] = cv2.GC_BGD
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if inside.all() or not inside.any() or _color_overlap(small, inside) > MAX_COLOR_OVERLAP:
        return np.asarray(inside, dtype=np.float32)
    cv2.setRNGSeed(_RNG_SEED)
    cv2.grabCut(small, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), rounds, cv2.GC_INIT_WITH_MASK)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), dtype=np.float32)


def _color_overlap(pixels: Pixels, inside: npt.NDArray[np.bool_]) -> float:
    """Return how much two regions share their colors, 0 to 1: the intersection of their histograms of 16 levels a channel."""
    levels = (pixels >> 4).astype(np.int32)
    bins = levels[..., 0] * 256 + levels[..., 1] * 16 + levels[..., 2]
    shares = [np.bincount(bins[part], minlength=4096) / part.sum() for part in (inside, ~inside)]
    return float(np.minimum(*shares).sum())


def working_size(height: int, width: int, long_side_px: int = WORK_LONG_SIDE_PX) -> tuple[int, int]:
    """Return (rows, columns) with the long side at most ``long_side_px``, the ratio kept."""
    scale = min(1.0, long_side_px / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def keep_large_parts(mask: Mask, *, share_of_largest: float = 0.1) -> Mask:
    """Zero the connected parts (above 0.5) that are small beside the largest one, and whatever touches none of the kept.

    Parameters
    ----------
    mask : (H, W) float32 [0, 1]
    share_of_largest : float
        Area, relative to the largest part's, below which a part is dropped.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8), connectivity=8)
    if count <= 2:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0
    kept = areas >= share_of_largest * areas.max()
    return np.where(kept[labels], mask, np.float32(0.0)).astype(np.float32)


def soften_edges(pixels: Pixels, mask: Mask, *, reach: float = 0.006, epsilon: float = 1e-4) -> Mask:
    """Bring a hard, small mask to the picture's size with an edge that follows the picture.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    mask : (h, w) float32 [0, 1]
    reach : float
        How far from the mask's edge the picture's edge may lie, as a share of the long side.
    epsilon : float
        As in ``guided_filter``.

    Returns
    -------
    (H, W) float32 [0, 1]
        Exactly 0 further than 1.4 times the reach from the mask, exactly 1 as deep inside it. Computed on the mask's box only.
    """
    height, width = pixels.shape[:2]
    radius = max(2, round(reach * max(height, width)))
    upscaled = _enlarge(mask, (height, width))
    rows, columns = _box_around(upscaled, margin_px=4 * radius)
    result = np.zeros((height, width), np.float32)
    if rows.start == rows.stop:
        return result
    crop = upscaled[rows, columns]
    near = _ring(crop, round(1.4 * radius))
    subsample = max(1, max(height, width) // FULL_MODEL_SIDE_PX)
    # A window far from any edge still leaks a little of the picture's texture into the mask: pin both sides.
    result[rows, columns] = filter_where(
        pixels[rows, columns], crop, near, np.round(crop), radius, epsilon, subsample=subsample
    )
    return result


def filter_where(
    pixels: Pixels, mask: Mask, near: BoolMask, elsewhere: Mask, radius_px: int, epsilon: float, *, subsample: int
) -> Mask:
    """Make a mask follow the picture's edges near its own edge, tile by tile, so that the cost grows with the edge's length.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    mask : (H, W) float32 [0, 1]
    near : (H, W) bool
        Where to filter.
    elsewhere : (H, W) float32 [0, 1]
        The result elsewhere.
    radius_px, epsilon, subsample : int, float, int
        As in ``guided_filter``.
    """
    height, width = mask.shape
    result = np.array(elsewhere, np.float32)
    margin = 2 * radius_px + subsample
    for top in range(0, height, TILE_PX):
        for left in range(0, width, TILE_PX):
            tile = slice(top, min(top + TILE_PX, height)), slice(left, min(left + TILE_PX, width))
            if not near[tile].any():
                continue
            rows = slice(max(0, top - margin), min(height, top + TILE_PX + margin))
            columns = slice(max(0, left - margin), min(width, left + TILE_PX + margin))
            guide = to_float(pixels[rows, columns])
            filtered = guided_filter(guide, mask[rows, columns], radius_px, epsilon, subsample=subsample)
            inner = filtered[top - rows.start :, left - columns.start :][: tile[0].stop - top, : tile[1].stop - left]
            result[tile] = np.where(near[tile], np.clip((inner - 0.06) / 0.88, 0.0, 1.0), result[tile])
    return result


def _enlarge(mask: Mask, size_hw: tuple[int, int]) -> Mask:
    """Upscale a hard mask without its staircase: cubic, then a blur of about one source pixel."""
    if mask.shape == size_hw:
        return mask
    scale = size_hw[0] / mask.shape[0]
    large = cv2.resize(mask, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    large = cv2.GaussianBlur(large, (0, 0), max(0.5, 0.65 * scale))
    return np.asarray(np.clip(large, 0.0, 1.0), dtype=np.float32)


def _box_around(mask: Mask, *, margin_px: int) -> tuple[slice, slice]:
    """Return the row and column slices of everything above 0, with a margin; empty slices if there is nothing."""
    rows, columns = np.flatnonzero(mask.max(axis=1) > 0), np.flatnonzero(mask.max(axis=0) > 0)
    if len(rows) == 0:
        return slice(0, 0), slice(0, 0)
    return (
        slice(max(0, int(rows[0]) - margin_px), min(mask.shape[0], int(rows[-1]) + margin_px + 1)),
        slice(max(0, int(columns[0]) - margin_px), min(mask.shape[1], int(columns[-1]) + margin_px + 1)),
    )


def _ring(mask: Mask, radius_px: int) -> BoolMask:
    """Return where the mask is within ``radius_px`` of its own edge."""
    hard = (mask > 0.5).astype(np.uint8)
    inwards, outwards = (cv2.distanceTransform(side, cv2.DIST_L2, 3) for side in (hard, 1 - hard))
    return np.asarray((inwards <= radius_px) & (outwards <= radius_px))
