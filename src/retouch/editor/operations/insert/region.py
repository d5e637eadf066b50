"""Boxes and masks that placing a new object goes by."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.scene.scene import Scene
from retouch.editor.scene.values import Box
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.filters import resize_float
from retouch.images.masks import smoothstep

__all__ = ["MIN_GROUND", "BoxSums", "boxes_of", "firmness", "mask_box", "standing_ground", "water_mask"]

_HEADS_TO_THE_FLOOR: Final = 3.5
"""A picture that ends less than this many heads below the chin cuts a standing or sitting person above the floor."""
_HEADS_TO_THE_NECK: Final = 1.2
_CUT_SHARE: Final = 0.1
_CLOSE_UP_SHARE: Final = 0.4
MIN_GROUND: Final = 0.02
"""Share of the picture: less ground than this is an error of segmentation."""

_MIN_OPEN_AIR_CONFIDENCE: Final = 0.3
_CLEAR_HORIZON: Final = 0.45
_MUCH_LAND: Final = 0.2
_TEXTURE_SIDE_PX: Final = 600
_LEAFY: Final = (0.17, 0.27)
_TONED_SPREAD: Final = 6.0
_CALM_SLOPE: Final = 60.0
_AT_THE_WATER: Final = frozenset(
    [
        "pier",
        "boat",
        "ship",
        "lake",
        "sea",
        "canoe",
        "gondola",
        "dock",
        "lakeside",
        "seashore",
        "breakwater",
        "sailboat",
        "dam",
    ]
)
_LEAST_AT_THE_WATER: Final = 0.3


def mask_box(mask: Mask) -> Box | None:
    """Return the box of what is more than half covered, or None."""
    solid = mask > 0.5
    rows, cols = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if rows.size == 0:
        return None
    return Box(float(cols[0]), float(rows[0]), float(cols[-1] + 1), float(rows[-1] + 1))


def boxes_of(mask: Mask) -> list[Box]:
    """Return the boxes of the separate things in a mask, specks left out."""
    count, _, stats, _ = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8))
    least = 0.05 * max((int(stats[number, cv2.CC_STAT_AREA]) for number in range(1, count)), default=0)
    found = []
    for number in range(1, count):
        left, top, wide, tall, area = (float(value) for value in stats[number])
        if area >= least:
            found.append(Box(left, top, left + wide, top + tall))
    return sorted(found, key=lambda box: -box.width * box.height)


class BoxSums:
    """Means of a mask over many boxes at once, by a summed-area table (F. Crow, SIGGRAPH 1984)."""

    def __init__(self, mask: FloatImage) -> None:
        self._table = cv2.integral(mask.astype(np.float32), sdepth=cv2.CV_64F)
        self._hw = mask.shape[:2]

    def mean(self, left: FloatImage, top: FloatImage, right: FloatImage, bottom: FloatImage) -> FloatImage:
        """Mean over each box, cut at the border; 0 for a box that is empty there."""
        h, w = self._hw
        x0, x1 = (np.clip(np.round(each), 0, w).astype(int) for each in (left, right))
        y0, y1 = (np.clip(np.round(each), 0, h).astype(int) for each in (top, bottom))
        t = self._table
        total = t[y1, x1] - t[y0, x1] - t[y1, x0] + t[y0, x0]
        return np.asarray(total / np.maximum((x1 - x0) * (y1 - y0), 1), dtype=np.float32)


def standing_ground(scene: Scene) -> Mask:
    """Return the scene's ground, or nothing where what looks like it can't be: below a portrait or a close-up, or a mere trace.

    Returns
    -------
    (H, W) float32 [0, 1]
    """
    ground = scene.ground * firmness(scene.pixels)
    fills = (
        scene.subject.present
        and not _is_open_land(scene)
        and (_is_portrait(scene) or _is_close_up(scene.subject.matte))
    )
    return np.zeros_like(ground) if fills or float(ground.mean()) < MIN_GROUND else ground


def _is_open_land(scene: Scene) -> bool:
    """Whether there is land under a sky beside or before the subject: a lawn beside a person who is cut at the knees, a meadow.

    A horizon shows it, or a subject that ends above the picture's lower border, as a mountain does behind a meadow.
    """
    horizon, lowest = scene.horizon, scene.subject.matte[-1]
    is_before = float((lowest > 0.5).mean()) < _CUT_SHARE and scene.landscape.is_open_air
    is_clear = horizon is not None and horizon.confidence >= _CLEAR_HORIZON
    return scene.sky is not None and (is_before or is_clear) and float(scene.ground.mean()) > _MUCH_LAND


def firmness(pixels: Pixels) -> Mask:
    """Return where a thing could stand, as far as texture tells: 0 on foliage, heaps and clutter.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB

    Returns
    -------
    (H, W) float32 [0, 1]

    Notes
    -----
    Leaves leave dark gaps between them: the contrast of fine detail against the local mean is above a fifth, while lawns, sand,
    planks and rock stay below. Measured at 600 px, so that it means the same at any size.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, _TEXTURE_SIDE_PX / max(height, width))
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(np.ascontiguousarray(pixels[..., :3]), size_wh, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32) + 4.0
    detail = (gray - cv2.GaussianBlur(gray, (0, 0), 2.5)) ** 2
    contrast = np.sqrt(cv2.GaussianBlur(detail, (0, 0), 6.0)) / cv2.GaussianBlur(gray, (0, 0), 6.0)
    return resize_float(1.0 - smoothstep(*_LEAFY, contrast), (height, width))


def _is_portrait(scene: Scene) -> bool:
    """Whether the picture ends above the floor on which a person stands or sits."""
    head, box = scene.head, mask_box(scene.subject.matte)
    if head is None or box is None or head.found_by != "face":
        return False
    height, tall = scene.subject.matte.shape[0], head.bottom - head.top
    # A matte that ends at the neck has lost a dark suit before a dark wall.
    is_cut = box.bottom >= height - 2 or box.bottom < head.bottom + _HEADS_TO_THE_NECK * tall
    return is_cut and head.bottom + _HEADS_TO_THE_FLOOR * tall > height


def _is_close_up(matte: Mask) -> bool:
    """Whether the subject fills the picture and two or more borders cut it: what is beside it is no floor in reach."""
    lines = (matte[0], matte[-1], matte[:, 0], matte[:, -1])
    cut = sum(float((line > 0.5).mean()) > _CUT_SHARE for line in lines)
    return cut >= 2 and float(matte.mean()) > _CLOSE_UP_SHARE


def water_mask(scene: Scene) -> Mask | None:
    """Return where the picture seems to show water, or None.

    Notes
    -----
    Water lies in the open, below the horizon, is no sky or subject, and is calm and blue, green or gray. A guess by color; have
    the classifier confirm it before something floats on it.
    """
    horizon = scene.horizon
    if horizon is not None and _is_waterside(scene):
        return _calm_ground(scene)
    if horizon is None or (scene.sky is None and horizon.confidence < _MIN_OPEN_AIR_CONFIDENCE):
        return None
    top = int(horizon.row)
    lab = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2LAB).astype(np.float32)
    cool = np.clip((138.0 - lab[..., 2]) / 12.0, 0, 1) * np.clip((140.0 - lab[..., 1]) / 10.0, 0, 1)
    gray = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = cv2.boxFilter(np.abs(cv2.Sobel(gray, cv2.CV_32F, 1, 0)), -1, (31, 31))
    calm = np.clip((90.0 - slope) / 60.0, 0, 1)
    sky = scene.sky
    likely = cool * calm * (1 - scene.subject.matte)
    if sky is not None:
        likely *= 1 - sky
    likely[:top] = 0
    likely = cv2.morphologyEx(likely.astype(np.float32), cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    likely = cv2.GaussianBlur(likely, (0, 0), 3)
    return likely.astype(np.float32) if float((likely > 0.5).mean()) > 0.04 else None


def _is_waterside(scene: Scene) -> bool:
    """Whether the classifier sees a harbor or a shore; in an old toned print no color tells water from land."""
    lab = cv2.cvtColor(cv2.resize(scene.pixels, (64, 64), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    spread = np.hypot(*(lab[..., axis].astype(np.float32).std() for axis in (1, 2)))
    if float(spread) > _TONED_SPREAD:
        return False
    return sum(share for noun, share in scene.labels if noun in _AT_THE_WATER) >= _LEAST_AT_THE_WATER


def _calm_ground(scene: Scene) -> Mask | None:
    """Return what is level and without detail: of a harbor, the water."""
    gray = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = cv2.boxFilter(np.abs(cv2.Sobel(gray, cv2.CV_32F, 0, 1)), -1, (25, 25))
    calm = np.clip((_CALM_SLOPE - slope) / (0.5 * _CALM_SLOPE), 0, 1) * scene.ground
    opened = cv2.morphologyEx(calm.astype(np.float32), cv2.MORPH_OPEN, np.ones((15, 31), np.uint8))
    likely = cv2.GaussianBlur(opened, (0, 0), 3)
    return likely.astype(np.float32) if float((likely > 0.5).mean()) > 0.04 else None
