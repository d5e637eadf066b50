"""Blend an edit into the input where it shows least.

The edit must come whole from the edited picture in the core; it may reach a band further. Within the band the seam runs where
the two pictures differ least, is feathered there, what is left of a slow difference in tone fades into the edit, and
grain that the edit lost is given back.

References
----------
J. Cousty et al., "Watershed cuts: minimum spanning forests and the drop of water principle", IEEE TPAMI, 2009 (the watershed
of the inverted difference is the seam whose largest difference is least).
A. Efros, W. Freeman, "Image quilting for texture synthesis and transfer", SIGGRAPH, 2001 (minimum-error boundary).
P. Perez, M. Gangnet, A. Blake, "Poisson image editing", SIGGRAPH, 2003 (the difference at the seam as a membrane).
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.preserve.difference import largest_channel_difference

__all__ = ["BAND_PX", "BlendPlan", "blend_edit", "crops_of", "make_grain", "missing_grain", "mix", "plan_blend"]

Bits = npt.NDArray[np.bool_]

BAND_PX: Final = 6
FEATHER_PX: Final = 2.5
DISTANCE_COST: Final = 5.0
"""Levels of difference that a seam may show rather than run a pixel further out."""
MEMBRANE_SIGMA_PX: Final = 10.0
MEMBRANE_REACH_PX: Final = 24.0
MEMBRANE_LIMIT: Final = 10.0
"""Levels of 255: a larger difference at the seam is content, not tone."""
MAX_GRAIN: Final = 6.0
MIN_GRAIN: Final = 0.6
"""Levels of 255: less is rounding, not grain."""


@dataclass(frozen=True, slots=True)
class BlendPlan:
    """How an edit goes into the input, on the grid on which the two were compared.

    Attributes
    ----------
    alpha : (H, W) float32 [0, 1]
        Share of the edit: 1 in the core, 0 outside of what is allowed.
    offset : (H, W, 3) float32
        Added to the edit, in levels of 255: takes it to the input's tone at the seam, fades out inside.
    """

    alpha: Mask
    offset: FloatImage


def plan_blend(base: Pixels, edited: Pixels, core: Bits, allowed: Bits) -> BlendPlan:
    """Choose seam, feather and tone correction.

    Parameters
    ----------
    base, edited : (H, W, 3) uint8, sRGB
        Aligned.
    core : (H, W) bool
        Comes from the edit, whole. Inside ``allowed``.
    allowed : (H, W) bool
        Where the edit may reach; equal to ``core`` for a hard cut.

    Notes
    -----
    Works on a crop around each region; O(changed area).
    """
    alpha = np.zeros(base.shape[:2], np.float32)
    offset = np.zeros(base.shape, np.float32)
    for part in crops_of(allowed, margin_px=2):
        part_core, part_allowed = core[part], allowed[part]
        band = part_allowed & ~part_core
        if not band.any():
            alpha[part] = part_core
            continue
        difference = cv2.GaussianBlur(largest_channel_difference(base[part], edited[part]), (0, 0), 0.8)
        inside = _least_visible_cut(difference, part_core, part_allowed)
        alpha[part] = _feather(inside, part_core, part_allowed)
        offset[part] = _membrane(base[part], edited[part], difference, band, part_core)
    return BlendPlan(alpha, offset)


def blend_edit(base: Pixels, edited: Pixels, core: Bits, allowed: Bits, *, seed: int = 0) -> tuple[Pixels, Mask]:
    """Blend the edited picture into the input.

    Parameters
    ----------
    base, edited : (H, W, 3) uint8, sRGB
        Aligned.
    core, allowed : (H, W) bool
        As ``plan_blend``.
    seed : int
        Of the grain.

    Returns
    -------
    tuple of (H, W, 3) uint8 and (H, W) float32 [0, 1]
        The picture, bit-identical to ``base`` where the mask is 0, and the share of the edit in each pixel.
    """
    plan = plan_blend(base, edited, core, allowed)
    pixels = base.copy()
    hard_cut = not (allowed & ~core).any()
    missing = 0.0 if hard_cut else missing_grain(base, edited, ~allowed, core)
    for part in crops_of(allowed, margin_px=2):
        source = edited[part].astype(np.float32) + plan.offset[part]
        if missing:
            source += make_grain(missing, source.shape[:2], seed)[..., None]
        pixels[part] = mix(base[part], source, plan.alpha[part])
    return pixels, plan.alpha


def mix(base: Pixels, edited: FloatImage, alpha: Mask) -> Pixels:
    """Return (H, W, 3) uint8: ``base`` to the bit where ``alpha`` is 0, ``edited`` (levels of 255) where it is 1."""
    mixed = base + alpha[..., None] * (edited - base)
    return np.where(alpha[..., None] > 0, np.clip(mixed + 0.5, 0, 255), base).astype(np.uint8)


def crops_of(bits: Bits, *, margin_px: int, most: int = 24) -> list[tuple[slice, slice]]:
    """Return rows and columns of a box around each region; boxes that overlap are merged, and beyond ``most`` all are."""
    height, width = bits.shape
    _, _, stats, _ = cv2.connectedComponentsWithStats(bits.astype(np.uint8), connectivity=8)
    boxes = [
        [max(0, y - margin_px), min(height, y + h + margin_px), max(0, x - margin_px), min(width, x + w + margin_px)]
        for x, y, w, h, _ in stats[1:].tolist()
    ]
    if len(boxes) > 400:
        boxes = [_hull(boxes)]
    merged: list[list[int]] = []
    for box in sorted(boxes):
        while True:
            touching = [other for other in merged if _overlap(box, other)]
            if not touching:
                break
            merged = [other for other in merged if other not in touching]
            box = _hull([box, *touching])
        merged.append(box)
    if len(merged) > most:
        merged = [_hull(merged)]
    return [(slice(top, bottom), slice(left, right)) for top, bottom, left, right in merged]


def _overlap(a: list[int], b: list[int]) -> bool:
    return a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]


def _hull(boxes: list[list[int]]) -> list[int]:
    tops, bottoms, lefts, rights = zip(*boxes, strict=True)
    return [min(tops), max(bottoms), min(lefts), max(rights)]


def _least_visible_cut(difference: npt.NDArray[np.uint8], core: Bits, allowed: Bits) -> Bits:
    """Return the edit's side of the seam: the watershed of the inverted difference between core and outside."""
    from skimage.segmentation import watershed  # 0.4 s of imports, that no edit of the built-in editor needs

    markers = np.zeros(core.shape, np.int32)
    markers[~allowed] = 1
    markers[core] = 2
    # A pixel further out must be worth it: what lies beyond the seam is the input's, to the bit.
    distance = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 3)
    relief = 255.0 - difference - np.minimum(DISTANCE_COST * distance, 250.0)
    labels = watershed(relief.astype(np.int16), markers)
    return np.asarray(labels == 2, dtype=np.bool_)


def _feather(inside: Bits, core: Bits, allowed: Bits) -> Mask:
    """Return the share of the edit: a ramp across the seam that never reaches outside of the band."""
    to_outside = cv2.distanceTransform(np.pad(allowed, 1, mode="edge").astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    to_core = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 3)
    inward = cv2.distanceTransform(np.pad(inside, 1, mode="edge").astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    outward = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 3)
    signed = np.where(inside, inward - 0.5, 0.5 - outward)
    half = np.maximum(
        0.5, np.minimum(FEATHER_PX, np.where(inside, to_core + np.abs(signed), to_outside + np.abs(signed)))
    )
    alpha = np.clip(0.5 + signed / (2 * half), 0.0, 1.0)
    alpha = alpha * alpha * (3 - 2 * alpha)
    alpha[core] = 1.0
    alpha[~allowed] = 0.0
    return np.asarray(alpha, dtype=np.float32)


def _membrane(base: Pixels, edited: Pixels, difference: npt.NDArray[np.uint8], band: Bits, core: Bits) -> FloatImage:
    """Return a smooth correction that takes the edit to the input's tone at the seam and fades out inside."""
    trusted = (band & (difference < 3 * MEMBRANE_LIMIT)).astype(np.float32)
    offset = (base.astype(np.float32) - edited) * trusted[..., None]
    weight = cv2.GaussianBlur(trusted, (0, 0), MEMBRANE_SIGMA_PX)
    spread = cv2.GaussianBlur(offset, (0, 0), MEMBRANE_SIGMA_PX) / (weight + 1e-3)[..., None]
    depth = cv2.distanceTransform(np.pad(core, 1, mode="edge").astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    fade = np.exp(-depth / MEMBRANE_REACH_PX) * np.minimum(1.0, weight / 0.02)
    return np.asarray(np.clip(spread, -MEMBRANE_LIMIT, MEMBRANE_LIMIT) * fade[..., None], dtype=np.float32)


def missing_grain(base: Pixels, edited: Pixels, around: Bits, core: Bits) -> float:
    """Return how much grain the input has around the edit that the edit lacks, as a standard deviation in levels of 255."""
    if around.sum() < 200 or core.sum() < 200:
        return 0.0
    wanted, present = _grain_level(base, around), _grain_level(edited, core)
    if wanted < MIN_GRAIN or wanted <= 1.15 * present:
        return 0.0
    return min(MAX_GRAIN, float(np.sqrt(wanted**2 - present**2)))


def make_grain(level: float, size_hw: tuple[int, int], seed: int) -> FloatImage:
    """Return (H, W) float32 grain of a standard deviation of ``level``; the same for the same seed."""
    noise = np.random.default_rng(seed).standard_normal(size_hw, dtype=np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.6)
    return np.asarray(noise * np.float32(level / max(1e-6, float(noise.std()))), dtype=np.float32)


def _grain_level(pixels: Pixels, where: Bits) -> float:
    """Return the level of the grain: the quietest fifth of the detail in small windows, in levels of 255."""
    gray = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = gray - cv2.GaussianBlur(gray, (0, 0), 1.5)
    energy = cv2.boxFilter(detail * detail, -1, (7, 7))
    usable = where & (gray > 12) & (gray < 243)
    if usable.sum() < 100:
        return 0.0
    return float(np.sqrt(np.quantile(energy[usable], 0.2)))
