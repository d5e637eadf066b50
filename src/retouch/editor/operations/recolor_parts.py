"""Which pixels of a thing are its paint, which shine, and which are something else that keeps its color."""

from typing import NamedTuple

import cv2
import numpy as np

from retouch.editor.operations.recolor_material import Material, signed_turn
from retouch.images.array_types import FloatImage
from retouch.images.filters import guided_filter
from retouch.images.masks import smoothstep

__all__ = ["Parts", "split_parts"]

_REGION_SIDE_PX = 480
_SMALLEST_REGION = 0.001
_FAINT_EDGE = 0.012
"""Oklab per pixel at that size; paint that ends at something else changes by 0.03 and more."""
_FAINT_BORDER = 0.12
"""Share of a region's border without an edge from which on it counts as fading; real parts stayed below 0.05."""


class Parts(NamedTuple):
    """What each pixel consists of, all (H, W) float32.

    ``saturation``: chroma for its lightness, as a share of the body's, 0 to 1.3. ``foreign``: 1 keeps its own color, judged by
    the pixel alone. ``shine``: 1 is a mirror image of the light, whose lightness stays. ``apart``: 1 keeps its own color because
    of the region that it lies in.
    """

    saturation: FloatImage
    foreign: FloatImage
    shine: FloatImage
    apart: FloatImage


def split_parts(lab: FloatImage, lch: FloatImage, material: Material, *, regions: bool = True) -> Parts:
    """Split a thing into paint, shine and foreign parts.

    Parameters
    ----------
    lab, lch : (H, W, 3) float32
        The thing in Oklab and in Oklch, hue in degrees.
    material : Material
        Its dominant paint.
    regions : bool
        False judges each pixel by itself: ``apart`` is 0 then, and the picture may be any list of colors.

    Returns
    -------
    Parts

    Notes
    -----
    A vivid pixel of quite another hue is judged by itself. One that is pale, or whose hue is near, is ambiguous: the rim of
    a highlight, or skin beside a vivid jacket. There the region decides: the test is averaged by a guided filter, so that
    thin rims go with the paint around them and a face stays whole. Black parts of a colored thing are foreign; where the
    color is paint among fittings, chrome is, too. O(H W).
    """
    split = _split_neutral if material.is_neutral else _split_colored
    return split(lab, lch, material, regions=regions)


def _split_neutral(lab: FloatImage, lch: FloatImage, material: Material, *, regions: bool) -> Parts:
    """Split a white, gray or black thing: foreign is what has a color, shine what outshines dark paint."""
    turn = np.radians(material.hue)
    body_ab = np.array([np.cos(turn), np.sin(turn)], np.float32) * material.chroma
    foreign = smoothstep(0.04, 0.08, np.hypot(lab[..., 1] - body_ab[0], lab[..., 2] - body_ab[1]))
    start = material.lightness + 0.65 * (1.0 - material.lightness)
    strength = np.float32(np.interp(material.lightness, [0.6, 0.9], [0.9, 0.0]))
    shine = smoothstep(start, 1.0, lch[..., 0]) * strength
    apart = _by_region(foreign, lab, 0.008, 0.35, 0.65) if regions else np.zeros_like(shine)
    return Parts(np.ones_like(shine), np.zeros_like(shine), shine, apart)


def _split_colored(lab: FloatImage, lch: FloatImage, material: Material, *, regions: bool) -> Parts:
    """Split a colored thing."""
    lightness, chroma, hue = lch[..., 0], lch[..., 1], lch[..., 2]
    relative = lightness / material.lightness
    expected = material.chroma / material.lightness * np.clip(lightness, 0.08, material.lightness)
    saturation = np.asarray(np.clip(chroma / expected, 0.0, 1.3), dtype=np.float32)
    turn = signed_turn(hue, material.hue)
    beyond = np.maximum(turn - material.hue_above, -turn - material.hue_below)
    other = smoothstep(-5.0, 10.0, beyond) * smoothstep(0.025, 0.05, chroma)
    foreign = other * smoothstep(40.0, 50.0, np.abs(turn))
    if material.has_fittings:
        foreign = np.maximum(other, 1.0 - smoothstep(0.35, 0.7, saturation))
        return Parts(saturation, foreign, np.zeros_like(lightness), np.zeros_like(lightness))

    dark_part = (1.0 - smoothstep(0.15, 0.45, saturation)) * (1.0 - smoothstep(0.6, 0.9, relative))
    shine = (1.0 - smoothstep(0.25, 0.75, saturation)) * smoothstep(0.75, 1.05, relative)
    if not regions:
        return Parts(saturation, np.maximum(foreign, dark_part), shine, np.zeros_like(lightness))
    fading = _fading_regions(saturation * (1.0 - foreign), lab)
    narrow = max(6.0, 2.5 * material.hue_spread - 5.0)
    unlike = smoothstep(0.0, 10.0, np.abs(turn) - narrow) * smoothstep(0.02, 0.04, chroma)
    pale_and_unlike = unlike * (1.0 - smoothstep(0.35, 0.7, saturation))
    doubtful = _by_region(np.maximum(other, pale_and_unlike), lab, 0.03, 0.4, 0.65)
    return Parts(saturation, np.maximum(foreign, dark_part), shine, np.maximum(fading, doubtful))


def _fading_regions(paint: FloatImage, lab: FloatImage) -> FloatImage:
    """Return 1 on regions of paint color that lie apart from the largest one and fade into another color.

    A coat of paint ends at an edge. Coffee that is dark at one side and light at the other has the cup's own hue in places,
    but no edge around those. Judged at ``_REGION_SIDE_PX``, where grain and glaze are gone.
    """
    scale = min(1.0, _REGION_SIDE_PX / max(paint.shape))
    small_wh = (max(1, round(paint.shape[1] * scale)), max(1, round(paint.shape[0] * scale)))
    small = cv2.resize(np.asarray(paint, np.float32), small_wh, interpolation=cv2.INTER_AREA)
    solid = cv2.morphologyEx((small > 0.5).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    edges = _edge_strength(cv2.resize(lab, small_wh, interpolation=cv2.INTER_AREA))
    fading = np.zeros_like(small)
    by_size = np.argsort(stats[1:count, cv2.CC_STAT_AREA])[::-1] + 1
    for label in by_size[1:]:
        if stats[label, cv2.CC_STAT_AREA] < _SMALLEST_REGION * solid.size:
            break
        region = (labels == label).astype(np.uint8)
        border = (cv2.dilate(region, np.ones((3, 3), np.uint8)) - region) > 0
        if float((edges[border] < _FAINT_EDGE).mean()) > _FAINT_BORDER:
            fading = np.maximum(fading, cv2.dilate(region, np.ones((7, 7), np.uint8)))
    if not fading.any():
        return np.zeros_like(paint)
    grown = cv2.resize(fading, (paint.shape[1], paint.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, dtype=np.float32)


def _edge_strength(lab: FloatImage) -> FloatImage:
    """Return the steepest change of Oklab within three pixels of each, per pixel: (H, W) float32."""
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    slopes = [cv2.Sobel(smooth, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1))]
    steepness = np.sqrt(sum((slope**2).sum(axis=2) for slope in slopes))
    return np.asarray(cv2.dilate(steepness, np.ones((7, 7), np.uint8)), dtype=np.float32)


def _by_region(share: FloatImage, lab: FloatImage, radius_share: float, low: float, high: float) -> FloatImage:
    """Let regions decide: average within edges over a window that is a share of the picture's size, then harden."""
    radius_px = max(1, round(radius_share * float(np.sqrt(share.size))))
    subsample = max(1, radius_px // 4)
    return smoothstep(low, high, guided_filter(lab, share, radius_px, 3e-4, subsample=subsample))
