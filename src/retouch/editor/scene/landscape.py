"""What a picture shows of the open air: how surely it is a landscape, its water, its greenery.

The classifier says whether (a lake, a shore, an alp), colors and textures say where.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.graph_cut import cut_out, keep_large_parts, soften_edges, working_size
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import oklab_to_oklch, srgb8_to_oklab
from retouch.images.filters import box_blur, resize_float

__all__ = ["Landscape", "find_vegetation", "find_water", "greenness", "is_sea_below_sky", "judge_landscape"]

BoolMask = npt.NDArray[np.bool_]

_LONG_SIDE_PX: Final = 400
WATER_CLASSES: Final = (
    975,
    976,
    977,
    978,
    460,
    525,
    536,
    472,
    484,
    510,
    554,
    576,
    625,
    628,
    724,
    780,
    814,
    871,
    914,
    147,
    148,
)
"""Lakeside, promontory, sandbar, seashore, breakwater, dam, dock; boats; whales."""
OPEN_CLASSES: Final = (970, 972, 979, 980, 417, 701, 404, 895, 405, 449)
"""Alp, cliff, valley, volcano; what flies: balloon, parachute, airliner, warplane, airship; boathouse."""
NATURE_CLASSES: Final = (*range(300, 327), *range(70, 80), *range(984, 999))
"""Insects, spiders; rapeseed, daisies, orchids, corn, acorns, hips, buckeyes, mushrooms, ears of grain."""
SURE_OF_NATURE: Final = 0.6
BUILDING_CLASSES: Final = (
    425,
    437,
    442,
    483,
    497,
    517,
    538,
    540,
    557,
    657,
    663,
    668,
    682,
    698,
    755,
    807,
    812,
    821,
    832,
    839,
    863,
    873,
    888,
    900,
)
"""What is tall and stands outdoors: towers, domes, palaces, bridges, cranes, flagpoles, rockets."""
HOUSEHOLD_CLASSES: Final = (
    423, 440, 441, 453, 493, 504, 505, 508, 520, 526, 527, 532, 548, 550, 553, 559, 564, 567, 572, 598, 619, 620, 651, 659, 664,
    673, 681, 737, 760, 765, 782, 789, 794, 809, 827, 831, 846, 849, 851, 854, 859, 861, 868, 883, 894, 896, 898, 899, 901, 904,
    905, 907, 923, *range(924, 970),
)  # fmt: skip
"""Furniture, screens, crockery, bottles, lamps, curtains; food and drink."""
SURE_OF_HOUSEHOLD: Final = 0.6
BEYOND_DOUBT: Final = 0.9
SURE_OF_BUILDING: Final = 0.2
"""Mean of the windows: a model rocket in the corner of a portrait has one window for it, and no more."""
SURE_OF_WATER: Final = 0.6
SURE_OF_OPEN_AIR: Final = 0.65

_COOL_HUE: Final = 222.0
_COOL_REACH: Final = 62.0
_NEUTRAL_CHROMA: Final = 0.028
_LIKE_SKY: Final = 0.04
_TONED_SPREAD: Final = 0.02
"""Chroma about the picture's mean color, at its 90th percentile, below which a picture is toned or black and white."""
_RIPPLE: Final = 0.009
"""Oklab lightness a pixel: the change along a row below which a surface may be water."""
_TOO_UNEVEN: Final = 0.3
_RIPPLE_TONED: Final = 0.004
MIN_WATER_SEEDS: Final = 0.012
MIN_WATER_WIDTH: Final = 0.22

_SHORELINE_SHARE: Final = 0.6
"""Share of the picture's free width over which a sea must meet the sky where the classifier sees no shore."""
_LEVEL: Final = 0.012
_NEAR_SKY: Final = 0.04
_SEA_HUES: Final = (165.0, 280.0)
_SEA_CHROMA: Final = 0.03

_GREEN_HUE: Final = 126.0
_GREEN_REACH: Final = 30.0
_LEAFY: Final = 0.006
MIN_VEGETATION: Final = 0.01


@dataclass(frozen=True, slots=True)
class Landscape:
    """How surely a picture shows the open air.

    Attributes
    ----------
    water : float
        0 to 1: the most that any window of the picture speaks for a shore, a lake, a boat.
    open_air : float
        0 to 1: the same for these and mountains, cliffs and what flies.
    nature : float
        0 to 1: the same for what grows and crawls outdoors, and is photographed from near, without a sky.
    building : float
        0 to 1: how much the windows speak for what is tall and stands outdoors, on the average.
    household : float
        0 to 1: the most that any window speaks for what stands and lies in rooms.
    """

    water: float
    open_air: float
    nature: float = 0.0
    building: float = 0.0
    household: float = 0.0

    @property
    def shows_water(self) -> bool:
        """Whether water may be looked for."""
        return self.water >= SURE_OF_WATER

    @property
    def shows_nature(self) -> bool:
        """Whether it is a close-up of blossoms, mushrooms or insects: outdoors, though all behind them is a blur."""
        return self.nature >= SURE_OF_NATURE

    @property
    def shows_building(self) -> bool:
        """Whether something tall outdoors fills the picture: the sky may be narrow, and end at the picture's lower border."""
        return self.building >= SURE_OF_BUILDING

    @property
    def shows_household(self) -> bool:
        """Whether it shows things of a room, and no landscape: what is gray above them is a wall."""
        return self.household >= SURE_OF_HOUSEHOLD and not self.is_open_air

    @property
    def is_beyond_doubt(self) -> bool:
        """Whether it is a landscape whatever the colors of its sky: purple, red, nearly black."""
        return self.open_air >= BEYOND_DOUBT

    @property
    def is_open_air(self) -> bool:
        """Whether a sky may be believed without what else tells it from a wall."""
        return self.open_air >= SURE_OF_OPEN_AIR


def judge_landscape(windows: FloatImage) -> Landscape:
    """Judge from the classifier's coarsest windows, which see most of the picture at once.

    Parameters
    ----------
    windows : (classes, rows, columns) float32
        Raw scores, as ``map_square``.
    """
    powers = np.exp(windows - windows.max(axis=0))
    windows = np.asarray(powers / powers.sum(axis=0), dtype=np.float32)
    water = windows[list(WATER_CLASSES)].sum(axis=0)
    other = windows[list(OPEN_CLASSES)].sum(axis=0)
    nature = windows[list(NATURE_CLASSES)].sum(axis=0)
    building = windows[list(BUILDING_CLASSES)].sum(axis=0)
    household = windows[list(HOUSEHOLD_CLASSES)].sum(axis=0)
    return Landscape(
        float(water.max()),
        float((water + other).max()),
        float(nature.max()),
        float(building.mean()),
        float(household.max()),
    )


def find_water(
    pixels: Pixels, matte: Mask, sky: Mask | None, horizon_row: float | None, vegetation: Mask | None = None
) -> Mask | None:
    """Find the sea, a lake or a river in a picture that shows one.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]
        Of the main subject, which is no water.
    sky : (H, W) float32 [0, 1] or None
        Water has its colors, somewhat darker.
    horizon_row : float or None
        Above it there is none.
    vegetation : (H, W) float32 [0, 1] or None
        Dark leaves pass for water otherwise.

    Returns
    -------
    (H, W) float32 [0, 1] or None
        None where nothing has the color and the smoothness of water over a good part of the width.

    Notes
    -----
    Seeds: cool, or of the sky's hues, and even along rows (ripples run across a picture, grass and pebbles go every way). A graph
    cut grows them. In a toned or gray picture the colors say nothing, the evenness must do. About 0.3 s.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1], _LONG_SIDE_PX)
    lab = _small_lab(pixels, size_hw)
    free = resize_float(np.maximum(matte, 0.0 if vegetation is None else vegetation), size_hw) < 0.3
    small_sky = None if sky is None else resize_float(sky, size_hw)
    if small_sky is not None:
        free &= small_sky < 0.4
    top = _first_water_row(small_sky, None if horizon_row is None else horizon_row / pixels.shape[0], size_hw)
    free[:top] = False
    color, toned = _water_color(lab, small_sky)
    even = np.exp(-((_unevenness(pixels, size_hw) / (_RIPPLE_TONED if toned else _RIPPLE)) ** 2))
    fit = color * even * free
    seeds = keep_large_parts((fit > 0.5).astype(np.float32), share_of_largest=0.1)
    seeds = cv2.morphologyEx(seeds, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if float(seeds.mean()) < MIN_WATER_SEEDS or not _is_wide(seeds):
        return None
    likelihood = np.clip(0.12 + 0.5 * fit, 0.0, 1.0).astype(np.float32)
    likelihood[seeds > 0.5] = 0.8
    likelihood[cv2.erode(seeds, np.ones((5, 5), np.uint8)) > 0.5] = 1.0
    likelihood[~free | (even < _TOO_UNEVEN)] = 0.0
    hard = cut_out(pixels, likelihood, rounds=2, long_side_px=_LONG_SIDE_PX)
    hard = keep_large_parts(cv2.morphologyEx(hard, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), share_of_largest=0.15)
    if not _is_wide(hard) or _outshines_sky(lab, hard, small_sky):
        return None
    water = soften_edges(pixels, hard, reach=0.004)
    taken = matte if sky is None else np.maximum(matte, sky)
    return np.asarray(np.minimum(water, 1.0 - taken), dtype=np.float32)


def is_sea_below_sky(pixels: Pixels, water: Mask, sky: Mask, matte: Mask) -> bool:
    """Return whether what may be water is a sea for sure: blue or teal, and along most of the width level where it meets the sky.

    What lies so far off that its end is level and blue is water; mountains are no line, meadows and sand are not blue. Walls and
    floors are below no sky.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    water, sky, matte : (H, W) float32 [0, 1]
        ``matte`` is of the main subject, which may hide the line.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1], _LONG_SIDE_PX)
    sea, above, hidden = (resize_float(mask, size_hw) > 0.5 for mask in (water, sky, matte))
    shown = sea.any(axis=0)
    top = np.argmax(sea, axis=0)
    end_of_sky = size_hw[0] - np.argmax(above[::-1], axis=0)
    meets = shown & above.any(axis=0) & (np.abs(top - end_of_sky) <= max(2.0, _NEAR_SKY * size_hw[0]))
    free = ~hidden[: max(1, int(np.median(top[shown])) if shown.any() else 1)].any(axis=0)
    if float(meets.sum()) < _SHORELINE_SHARE * max(1, int(free.sum())) or float(meets.mean()) < 0.5 * _SHORELINE_SHARE:
        return False
    low, high = np.percentile(top[meets], (10, 90))
    if high - low > max(2.0, _LEVEL * size_hw[0]):
        return False
    _, a, b = np.median(_small_lab(pixels, size_hw)[sea], axis=0)
    hue = float(np.degrees(np.arctan2(b, a))) % 360.0
    return float(np.hypot(a, b)) >= _SEA_CHROMA and _SEA_HUES[0] <= hue <= _SEA_HUES[1]


def find_vegetation(pixels: Pixels, matte: Mask | None) -> Mask | None:
    """Find grass, leaves and trees by their green and their texture.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1] or None
        Of a main subject that is no plant.

    Returns
    -------
    (H, W) float32 [0, 1] or None
        None where too little is green, or where what is green is as smooth as paint. About 0.2 s.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1], _LONG_SIDE_PX)
    small = cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA)
    lab = srgb8_to_oklab(small)
    green = greenness(np.asarray(cv2.GaussianBlur(lab, (0, 0), 1.5), dtype=np.float32))
    if matte is not None:
        green = green * (resize_float(matte, size_hw) < 0.5)
    seeds = keep_large_parts((green > 0.5).astype(np.float32), share_of_largest=0.03)
    if float(seeds.mean()) < MIN_VEGETATION or _texture(lab, seeds > 0.5) < _LEAFY:
        return None
    likelihood = np.clip(0.1 + 0.55 * green, 0.0, 1.0).astype(np.float32)
    likelihood[(seeds > 0.5) & (green > 0.8)] = 1.0
    likelihood[cv2.dilate(seeds, np.ones((15, 15), np.uint8)) < 0.5] = 0.0
    if matte is not None:
        likelihood[resize_float(matte, size_hw) > 0.5] = 0.0
    hard = keep_large_parts(cut_out(pixels, likelihood, rounds=2, long_side_px=_LONG_SIDE_PX), share_of_largest=0.02)
    if float(hard.mean()) < MIN_VEGETATION:
        return None
    found = soften_edges(pixels, hard, reach=0.004)
    return found if matte is None else np.asarray(np.minimum(found, 1.0 - matte), dtype=np.float32)


def _small_lab(pixels: Pixels, size_hw: tuple[int, int]) -> FloatImage:
    small = cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA)
    return srgb8_to_oklab(cv2.bilateralFilter(small, 5, 20, 3))


def _first_water_row(sky: Mask | None, horizon: float | None, size_hw: tuple[int, int]) -> int:
    """Return the row above which there is no water: the sky's end in the columns where it reaches lowest, or the horizon."""
    if sky is None or float((sky > 0.5).mean()) < 0.01:
        return round(((horizon or 0.3) - 0.03) * size_hw[0])
    rows = np.flatnonzero((sky > 0.5).mean(axis=1) > 0.1)
    return 0 if len(rows) == 0 else int(np.clip(rows[-1] - 0.2 * size_hw[0], 0, size_hw[0]))


def _water_color(lab: FloatImage, sky: Mask | None) -> tuple[FloatImage, bool]:
    """Return how well each pixel has a color of water, (h, w), 0 to 1, and whether the picture is toned: then all have."""
    tint = lab[..., 1:] - lab[..., 1:].mean(axis=(0, 1))
    if float(np.percentile(np.linalg.norm(tint, axis=2), 90)) < _TONED_SPREAD:
        return np.ones(lab.shape[:2], np.float32), True
    lch = oklab_to_oklch(lab)
    away = np.abs((lch[..., 2] - _COOL_HUE + 180.0) % 360.0 - 180.0)
    cool = np.exp(-((away / _COOL_REACH) ** 4)) * np.clip((lch[..., 1] - 0.01) / 0.02, 0.0, 1.0)
    fit = cool
    if sky is not None and float((sky > 0.9).mean()) > 0.01:
        reflected = lab[sky > 0.9][::7, 1:]
        _, _, hues = cv2.kmeans(
            reflected.astype(np.float32), min(4, len(reflected)), None, (3, 20, 1e-4), 1, cv2.KMEANS_PP_CENTERS
        )
        nearest = np.min([np.linalg.norm(lab[..., 1:] - hue, axis=2) for hue in hues], axis=0)
        fit = np.maximum(fit, 0.9 * np.exp(-((nearest / _LIKE_SKY) ** 4)))
    neutral = 0.4 * (lch[..., 1] < _NEUTRAL_CHROMA)
    return np.asarray(np.maximum(fit, neutral), dtype=np.float32), False


def _unevenness(pixels: Pixels, size_hw: tuple[int, int]) -> FloatImage:
    """Return how much the lightness changes along rows, averaged over some pixels; next to nothing where rows differ far more."""
    lightness = srgb8_to_oklab(cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA))[..., 0]
    lightness = np.ascontiguousarray(cv2.GaussianBlur(lightness, (3, 3), 0.6))
    along, across = (
        box_blur(np.abs(cv2.Sobel(lightness, cv2.CV_32F, dx, 1 - dx, ksize=3)) / np.float32(8), 4) for dx in (1, 0)
    )
    uneven = along * np.clip(2.0 * along / (along + across + 1e-4), 0.4, 1.0)
    # The least of a window: a single edge (a mast, the subject) is no texture.
    return np.asarray(cv2.erode(uneven, np.ones((11, 11), np.uint8)), dtype=np.float32)


def _outshines_sky(lab: FloatImage, water: Mask, sky: Mask | None) -> bool:
    """Return whether what was found is brighter than the sky: then it is more sky, behind a mast or a cable."""
    if sky is None or float((sky > 0.9).mean()) < 0.01:
        return False
    return float(np.median(lab[..., 0][water > 0.5])) > float(np.median(lab[..., 0][sky > 0.9])) + 0.02


def _is_wide(mask: Mask) -> bool:
    return float((mask > 0.5).any(axis=0).mean()) >= MIN_WATER_WIDTH


def greenness(lab: FloatImage) -> FloatImage:
    """Return how well each pixel has the green of leaves and grass, dark and yellowish ones included."""
    lch = oklab_to_oklch(lab)
    away = np.abs((lch[..., 2] - _GREEN_HUE + 180.0) % 360.0 - 180.0)
    # The darker, the less chroma a green can have.
    enough = np.clip(0.06 * lch[..., 0], 0.012, 0.04)
    fit = np.exp(-((away / _GREEN_REACH) ** 4)) * np.clip(lch[..., 1] / enough - 0.6, 0.0, 1.0)
    return np.asarray(fit * (lch[..., 0] < 0.95), dtype=np.float32)


def _texture(lab: FloatImage, where: BoolMask) -> float:
    """Return the median local contrast in lightness."""
    lightness = np.ascontiguousarray(lab[..., 0])
    mean = box_blur(lightness, 2)
    return float(np.median(np.abs(lightness - mean)[where]))
