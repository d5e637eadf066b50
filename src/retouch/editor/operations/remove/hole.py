"""From a thing's mask to the hole that it leaves: its rim, what it casts, and what it must not take along."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.values import Light
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import srgb8_to_oklab
from retouch.images.filters import resize_float
from retouch.images.masks import bounding_box, grow_mask

__all__ = ["find_shadow", "hole_of"]

Bools = npt.NDArray[np.bool_]

RIM_SHARE: Final = 0.012
"""How far a hole reaches beyond the thing, as a share of the picture's long side: its soft rim is mixed with what is behind."""
MIN_RIM_PX: Final = 2
SEEN: Final = 0.05
ISLAND_SHARE: Final = 0.04
"""What a hole encloses is filled too where it is smaller than this share of the hole."""
CRUMB_SHARE: Final = 0.1
"""Of what is kept, parts smaller than this share of the largest are crumbs of its mask."""

SHADOW_SIDE_PX: Final = 360
MIN_DARKENING: Final = 0.12
"""Share of its lightness (Oklab L) that the ground loses in a shadow."""
FADING: Final = 0.04
"""What darkens the ground less than a shadow, but is joined to one, is its soft rim."""
CORNER_OF_REACH: Final = 0.14
RIM_OF_REACH: Final = 0.3
"""How wide the rim, and the corner between a shadow and its thing, may be, as a share of the thing's longer side."""
MAX_CHROMA_SHIFT: Final = 0.05
REACH_SHARE: Final = 0.35
"""How far a shadow is looked for beside its thing, as a share of the thing's longer side."""
FOOT_SHARE: Final = 0.65
"""Shadows lie on the ground: beside the lowest third of a thing, and below it."""
BUSIER: Final = 1.3
GOES_ON: Final = 0.35
CUT_OFF: Final = 0.5
"""A thing that the lower border cuts over this share of its width shows no ground that it stands on."""
MAX_SHARE_OF_THING: Final = 0.5
"""A larger dark part is one of the ground's own."""


def hole_of(mask: Mask, *, spared: Mask | None = None) -> Mask:
    """Return where a thing's pixels, and those mixed with it, are.

    Parameters
    ----------
    mask : (H, W) float32 [0, 1]
        Of the thing.
    spared : (H, W) float32 [0, 1], optional
        What must stay, where it is not the thing itself.

    Returns
    -------
    (H, W) float32, 0 or 1
    """
    core = (mask > SEEN).astype(np.float32)
    rim = max(MIN_RIM_PX, round(RIM_SHARE * max(mask.shape)))
    hole = _fill_islands(_close_gaps(grow_mask(core, rim), 2 * rim))
    if spared is not None:
        stays = _large_parts((spared > 0.5) & (mask < 0.5))
        hole = np.where(stays, np.float32(0), hole)
    return np.asarray(hole, dtype=np.float32)


def _close_gaps(hole: Mask, size_px: int) -> Mask:
    """Fill slits and notches, which show nothing of what is behind but a frayed outline: a closing with a disc."""
    margin = size_px + 1
    outside = cv2.copyMakeBorder(
        (hole == 0).astype(np.uint8), margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=1
    )
    grown = (cv2.distanceTransform(outside, cv2.DIST_L2, 5) <= size_px).astype(np.uint8)
    closed = cv2.distanceTransform(grown, cv2.DIST_L2, 5)[margin:-margin, margin:-margin] > size_px
    return np.asarray(np.maximum(closed, hole), dtype=np.float32)


def _fill_islands(hole: Mask) -> Mask:
    """Fill what a hole encloses, where it is small beside the hole: a rest of the thing, or a glimpse that joins nothing."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((hole == 0).astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < ISLAND_SHARE * float(hole.sum())
    edges = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    small[np.unique(edges)] = False
    small[0] = False
    return np.where(small[labels], np.float32(1), hole) if count > 1 else hole


def _large_parts(solid: Bools) -> Bools:
    """Leave out crumbs, which a mask's outline left where another thing covers it."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    if count <= 1:
        return solid
    areas = stats[:, cv2.CC_STAT_AREA]
    large = areas >= CRUMB_SHARE * int(areas[1:].max())
    large[0] = False
    return np.asarray(large[labels])


def find_shadow(pixels: Pixels, hole: Mask, light: Light) -> Mask:
    """Return where a thing darkens what is around it.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    hole : (H, W) float32, 0 or 1
        Of the thing.
    light : Light
        Shadows fall away from it.

    Returns
    -------
    (H, W) float32, 0 or 1
        Without the hole itself; all 0 where none is found.

    Notes
    -----
    What is darker than the lit ground around, of about its hue, and touches the thing, at 360 px.
    """
    height, width = hole.shape
    scale = min(1.0, SHADOW_SIDE_PX / max(hole.shape))
    size_hw = max(1, round(height * scale)), max(1, round(width * scale))
    lab = srgb8_to_oklab(cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA))
    thing = resize_float(hole, size_hw) > 0.3
    box = bounding_box(thing.astype(np.float32))
    if box is None or thing.all() or thing[-1].mean() > CUT_OFF * thing.any(axis=0).mean():
        return np.zeros_like(hole)
    reach = max(box[0].stop - box[0].start, box[1].stop - box[1].start)
    lit = _usual_ground(lab, thing, max(4.0, 0.3 * reach))
    ratio = lab[..., 0] / np.maximum(lit[..., 0], 0.05)
    shift = np.hypot(lab[..., 1] - lit[..., 1], lab[..., 2] - lit[..., 2])
    # The darker a shadow, the less is left of the ground's chroma.
    paler = np.hypot(lit[..., 1], lit[..., 2]) * np.clip(1.0 - ratio, 0.0, 1.0)
    allowed = _where_it_may_fall(thing, box, light)
    candidate = (ratio < 1.0 - MIN_DARKENING) & (shift < MAX_CHROMA_SHIFT + paler) & allowed & ~thing
    attached = _touching(candidate, thing)
    if not 0 < int(attached.sum()) <= MAX_SHARE_OF_THING * int(thing.sum()):
        return np.zeros_like(hole)
    if _goes_on(attached, allowed) or _is_busier(lab, attached, thing):
        return np.zeros_like(hole)
    fading = (cv2.blur(ratio, (3, 3)) < 1.0 - FADING) & (shift < MAX_CHROMA_SHIFT + paler) & ~thing
    grown = cv2.dilate(_with_rim(attached, fading, thing, reach).astype(np.uint8), np.ones((5, 5), np.uint8))
    full = cv2.resize(grown.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray((full > 0.3) & (hole == 0), dtype=np.float32)


def _with_rim(attached: Bools, fading: Bools, thing: Bools, reach: int) -> Bools:
    """Return a shadow with the soft rim into which it fades, and with the corners between it and its thing."""
    widest = 2 * max(2, round(CORNER_OF_REACH * reach)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (widest, widest))
    near = cv2.distanceTransform((~attached).astype(np.uint8), cv2.DIST_L2, 5) <= max(3.0, RIM_OF_REACH * reach)
    soft = _touching(fading & near, attached) | attached
    padded = cv2.copyMakeBorder(
        (soft | thing).astype(np.uint8), widest, widest, widest, widest, cv2.BORDER_CONSTANT, value=0
    )
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc)[widest:-widest, widest:-widest] > 0
    return np.asarray((soft | (closed & near)) & ~thing)


def _usual_ground(lab: FloatImage, thing: Bools, sigma: float) -> FloatImage:
    """Return the mean color around each pixel, the thing left out, and the darker half of it too."""
    weight = (~np.asarray(thing, bool)).astype(np.float32)
    for _ in range(2):
        mass = cv2.GaussianBlur(weight, (0, 0), sigma)
        mean = cv2.GaussianBlur(lab * weight[..., None], (0, 0), sigma) / np.maximum(mass, 1e-3)[..., None]
        # What is clearly darker than the mean is shadow itself, and says nothing of the lit ground.
        weight = weight * (lab[..., 0] > mean[..., 0] - 0.02)
    return np.asarray(mean, dtype=np.float32)


def _where_it_may_fall(thing: Bools, box: tuple[slice, slice], light: Light) -> Bools:
    """Return the strip below and beside the foot of a thing, away from the light where its side is known."""
    height, width = thing.shape
    tall, wide = box[0].stop - box[0].start, box[1].stop - box[1].start
    reach = max(4, round(REACH_SHARE * max(tall, wide)))
    left, right = box[1].start - reach, box[1].stop + reach
    if light.direction_confidence > 0.5 and abs(light.direction_x) > 0.3:
        short = max(3, round(0.1 * wide))
        left = box[1].start - (short if light.direction_x < 0 else reach)
        right = box[1].stop + (short if light.direction_x > 0 else reach)
    allowed = np.zeros((height, width), bool)
    top = box[0].start + round(FOOT_SHARE * tall)
    allowed[top : box[0].stop + max(3, round(0.25 * tall)), max(0, left) : max(0, right)] = True
    return allowed


def _touching(candidate: Bools, thing: Bools) -> Bools:
    """Return the parts of ``candidate`` that touch the thing."""
    near = cv2.dilate(thing.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    opened = cv2.morphologyEx(candidate.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels = cv2.connectedComponents(opened, connectivity=8)
    touching = np.unique(labels[near & (labels > 0)])
    return np.asarray(np.isin(labels, touching) & (labels > 0))


def _is_busier(lab: FloatImage, attached: Bools, thing: Bools) -> bool:
    """Return whether what is darker has more contrast than the ground around it: foliage or furniture, and no shadow."""
    lightness = np.ascontiguousarray(lab[..., 0])
    mean = cv2.blur(lightness, (5, 5))
    contrast = np.sqrt(np.maximum(cv2.blur(lightness * lightness, (5, 5)) - mean * mean, 0.0))
    inner = cv2.erode(attached.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    near = cv2.dilate(attached.astype(np.uint8), np.ones((41, 41), np.uint8)) > 0
    border = cv2.dilate((attached | thing).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    ground = near & ~border
    if not inner.any() or not ground.any():
        return False
    return float(np.median(contrast[inner])) > BUSIER * float(np.median(contrast[ground])) + 0.01


def _goes_on(attached: Bools, allowed: Bools) -> bool:
    """Return whether what is darker ends only where we stop looking: then it is a part of the ground."""
    columns = np.flatnonzero(allowed.any(axis=0))
    ends = attached[:, columns[0]] | attached[:, columns[-1]]
    return int(ends.sum()) > GOES_ON * int(attached.any(axis=1).sum())
