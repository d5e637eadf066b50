"""Sky, horizon and ground: the regions that a scene is built of.

All of it works at 400 px on the long side. A sky is told from a plain wall or a studio backdrop by what lies below it: under a
sky there is a world, under a backdrop there is the subject and nothing else.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.clouds import complete_sky, solve_rim
from retouch.editor.scene.graph_cut import cut_out, soften_edges, working_size
from retouch.editor.scene.landscape import Landscape, greenness
from retouch.editor.scene.values import Horizon
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import oklab_to_oklch, srgb8_to_oklab
from retouch.images.filters import resize_float

__all__ = ["find_ground", "find_horizon", "find_sky"]

BoolMask = npt.NDArray[np.bool_]

_LONG_SIDE_PX: Final = 400
_SMOOTH_BELOW: Final = 0.016
"""Oklab units a pixel, after a bilateral filter: less is sky-smooth."""
_GROWTH: Final = 0.025
"""How far, as a share of the long side, the sky may grow beyond what is smooth: further out lie pale mountains."""
_TONED_SPREAD: Final = 0.02
"""Chroma about the mean color, at its 90th percentile, below which a picture is toned or black and white."""
_NARROWEST_GROUND: Final = 0.07
"""Share of the picture's width: a strip of "ground" narrower than this is a tower, a trunk or a mast."""
MIN_SKY_AREA: Final = 0.03
MIN_SKY_COLORED: Final = 0.6
MIN_SKY_BLUE: Final = 0.3
BRIGHT_SKY: Final = 0.8
LEAST_UNAIDED: Final = 0.1
"""Share of the picture that a sky takes where the classifier knows nothing of the open air: less is a window or a pale shelf."""
DAYLIGHT: Final = 0.45
"""Lightness above which what is behind blossoms and insects may be a sky; darker is a shaded background."""
WALL_WARMTH: Final = 0.006
"""Oklab b: what is as pale as a sky, but on the yellow side of gray, is paint or plaster under a lamp."""
WALL_CHROMA: Final = 0.06
MIN_GREEN_WORLD: Final = 0.1
LOW_SUN: Final = 0.55
DUSK: Final = 0.25
"""Lightness from which on red, orange and purple are a glowing sky; of dusk in a landscape beyond doubt."""
MAX_SKY_AT_BOTTOM: Final = 0.25
MIN_WORLD_AT_BOTTOM: Final = 0.15
MIN_SKYLINE_WIDTH: Final = 0.4
MIN_TOWER_WIDTH: Final = 0.15
MIN_SKYLINE_CONTRAST: Final = 0.05
SEA_HUES: Final = (195.0, 275.0)
SEA_CHROMA: Final = 0.05
BLUER: Final = 0.025
"""Oklab chroma that a sea must have more than the sky right above it: a clear sky only gets paler towards the horizon."""
CLEAR_CONTRAST: Final = 0.12
"""Where a tower hides most of the skyline, the rest must stand out as clearly as this."""


def find_sky(pixels: Pixels, matte: Mask, *, landscape: Landscape | None = None) -> Mask | None:
    """Find the sky.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]
        Of the main subject; all 0 if there is none.
    landscape : Landscape or None
        In a sure landscape nothing below need tell a sky from a wall, and a smooth lake below a smooth sky is told from it by the
        line between them.

    Returns
    -------
    (H, W) float32 [0, 1] or None
        None where no region at the top is smooth, colored like a sky, and above a world.
    """
    seeds = _smooth_from_top(pixels, matte)
    open_air = landscape is not None and landscape.is_open_air
    seeds = _above_waterline(pixels, seeds, only_blue=not open_air)
    if float(seeds.mean()) < MIN_SKY_AREA:
        return None
    hard = _grow_sky(pixels, matte, seeds)
    towers = landscape is not None and landscape.shows_building
    least_glow = None
    if landscape is not None and (open_air or towers):
        least_glow = DUSK if landscape.is_beyond_doubt else LOW_SUN
    if not _is_colored_like_sky(pixels, hard, least_glow=least_glow):
        return None
    if not open_air and not _is_above_a_world(pixels, matte, hard, towers=towers):
        return None
    if landscape is not None and _is_indoors(pixels, hard, landscape):
        return None
    beside_water = landscape is not None and landscape.shows_water
    sky = soften_edges(pixels, complete_sky(pixels, matte, hard, beside_water=beside_water), reach=0.004)
    return np.asarray(np.minimum(solve_rim(pixels, sky), 1.0 - matte), dtype=np.float32)


def find_horizon(pixels: Pixels, matte: Mask, sky: Mask | None) -> Horizon | None:
    """Estimate the horizon as a level line.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]
    sky : (H, W) float32 [0, 1] or None

    Returns
    -------
    Horizon or None
        Sure (0.9) where the sky ends in a level line; unsure where mountains, trees or houses hide it, or where only the
        colors change from row to row; None where nothing speaks for one.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1], _LONG_SIDE_PX)
    scale = pixels.shape[0] / size_hw[0]
    small_matte = resize_float(matte, size_hw)
    if sky is not None:
        found = _end_of_sky(resize_float(sky, size_hw), small_matte)
    else:
        found = _strongest_row_change(_small_lab(pixels, size_hw), small_matte)
    return None if found is None else Horizon(found[0] * scale, found[1])


def find_ground(pixels: Pixels, matte: Mask, sky: Mask | None, horizon: Horizon | None) -> Mask:
    """Find where something could stand: floor, sand, grass, table top.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]
    sky : (H, W) float32 [0, 1] or None
    horizon : Horizon or None

    Returns
    -------
    (H, W) float32 [0, 1]
        What is like the bottom of the picture and reaches it, below the horizon, without the subject and without masts, towers
        and trunks. Without a horizon the upper limit is where the subject's lower third begins, or the middle of the picture.
    """
    size_hw = working_size(pixels.shape[0], pixels.shape[1], _LONG_SIDE_PX)
    free = resize_float(matte, size_hw) < 0.3
    if sky is not None:
        free &= resize_float(sky, size_hw) < 0.3
    free[: round(_upper_limit_of_ground(matte, sky, horizon) * size_hw[0])] = False
    strip = free.copy()
    strip[: round(0.92 * size_hw[0])] = False
    if not strip.any():
        return np.zeros(pixels.shape[:2], np.float32)
    likelihood = 0.15 + 0.7 * _likeness(_small_lab(pixels, size_hw), strip)
    likelihood[strip] = 1.0
    likelihood[~free] = 0.0
    hard = _parts_touching(cut_out(pixels, likelihood.astype(np.float32), rounds=2, long_side_px=_LONG_SIDE_PX), row=-1)
    ground = soften_edges(pixels, _without_uprights(hard, ~free), reach=0.004)
    return np.asarray(np.minimum(ground, 1.0 - matte), dtype=np.float32)


def _without_uprights(ground: Mask, not_ground: BoolMask) -> Mask:
    """Drop what is too narrow to stand on: towers, trunks, posts. What hides the ground (a subject's legs) doesn't narrow it.

    Parameters
    ----------
    ground : (h, w) float32, 0 or 1
    not_ground : (h, w) bool
        Subject, sky, and all above the horizon; of these only what has ground on both sides in its row is bridged.
    """
    width = max(3, round(_NARROWEST_GROUND * ground.shape[1]))
    hidden = (not_ground & (cv2.boxFilter(ground, -1, (4 * width + 1, 1)) > 0.4)).astype(np.float32)
    opened = cv2.morphologyEx(np.maximum(ground, hidden), cv2.MORPH_OPEN, np.ones((1, width), np.uint8))
    return np.asarray(np.minimum(opened, ground), dtype=np.float32)


def _small_lab(pixels: Pixels, size_hw: tuple[int, int]) -> FloatImage:
    small = cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA)
    return srgb8_to_oklab(cv2.bilateralFilter(small, 7, 25, 5))


def _smooth_from_top(pixels: Pixels, matte: Mask) -> Mask:
    """Return, at 400 px, the smooth region that is connected to the top of the picture: (h, w) float32, 0 or 1."""
    size_hw = working_size(pixels.shape[0], pixels.shape[1], _LONG_SIDE_PX)
    lab = _small_lab(pixels, size_hw)
    change = (
        np.sqrt(
            sum(cv2.Sobel(lab, cv2.CV_32F, dx, 1 - dx, ksize=3).astype(np.float64) ** 2 for dx in (0, 1)).sum(axis=2)
        )
        / 8
    )
    smooth = (change < _SMOOTH_BELOW) & (resize_float(matte, size_hw) < 0.3)
    return _parts_touching(cv2.erode(smooth.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32), row=0)


def _parts_touching(mask: Mask, *, row: int) -> Mask:
    """Keep the connected parts that have pixels in the given row (or within two rows of it)."""
    hard = (mask > 0.5).astype(np.uint8)
    _, labels = cv2.connectedComponents(hard, connectivity=4)
    strip = labels[:3] if row == 0 else labels[-3:]
    touching = np.setdiff1d(np.unique(strip), [0])
    return np.isin(labels, touching).astype(np.float32)


def _grow_sky(pixels: Pixels, matte: Mask, seeds: Mask) -> Mask:
    """Grow the seeds by a graph cut to clouds, to gaps between branches, up to the skyline."""
    size_hw = seeds.shape[0], seeds.shape[1]
    reach = max(3, round(_GROWTH * max(size_hw)))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    likelihood = 0.15 + 0.6 * _likeness(_small_lab(pixels, size_hw), seeds > 0.5)
    likelihood[seeds > 0.5] = 0.7
    likelihood[cv2.erode(seeds, np.ones((5, 5), np.uint8)) > 0.5] = 1.0
    likelihood[cv2.dilate(cv2.morphologyEx(seeds, cv2.MORPH_CLOSE, disk), disk) < 0.5] = 0.0
    likelihood[resize_float(matte, size_hw) > 0.5] = 0.0
    return _parts_touching(cut_out(pixels, likelihood.astype(np.float32), rounds=2, long_side_px=_LONG_SIDE_PX), row=0)


def _likeness(lab: FloatImage, seeds: BoolMask) -> FloatImage:
    """Return how well each pixel fits the seeds' color, which may change linearly from row to row: (h, w), 0 to 1."""
    height, width = seeds.shape
    rows = np.broadcast_to(np.linspace(0, 1, height, dtype=np.float32)[:, None], (height, width))
    # A shallow strip says little about how its color goes on: the ridge keeps the slope at 0 unless the seeds span rows.
    ridge = 0.01 * float(seeds.sum()) * np.array([[0.0, 0.0], [0.0, 1.0]])
    design = np.stack([np.ones(int(seeds.sum())), rows[seeds]], axis=1)
    offset, slope = np.linalg.solve(design.T @ design + ridge, design.T @ lab[seeds])
    residual = lab - (offset + rows[..., None] * slope)
    spread = np.maximum(residual[seeds].std(axis=0), 0.012)
    return np.asarray(np.exp(-0.5 * ((residual / (2 * spread)) ** 2).sum(axis=2)), dtype=np.float32)


def _above_waterline(pixels: Pixels, seeds: Mask, *, only_blue: bool) -> Mask:
    """Cut the seeds off at the line across which their own colors change most: below it lies water, as smooth as the sky.

    With ``only_blue``, for pictures that nothing else says are taken outdoors, only where what is below is a sea by its color.
    """
    size_hw = seeds.shape[0], seeds.shape[1]
    lab = _small_lab(pixels, size_hw)
    line = _strongest_row_change(lab, 1.0 - seeds, least=0.015)
    if line is None or (only_blue and not _is_bluer_below(lab, seeds > 0.5, round(line[0]))):
        return seeds
    above = seeds.copy()
    above[max(0, round(line[0]) - 2) :] = 0.0
    return above


def _is_bluer_below(lab: FloatImage, seeds: BoolMask, row: int) -> bool:
    """Return whether the seeds right below a row are blue, bluer than right above it, and darker: as a sea, and as no sky is."""
    reach = max(3, lab.shape[0] // 12)
    above, below = lab[max(0, row - reach) : row], lab[row : row + reach]
    above, below = above[seeds[max(0, row - reach) : row]], below[seeds[row : row + reach]]
    if min(len(above), len(below)) < lab.shape[1]:
        return False
    sky, sea = np.median(above, axis=0), np.median(below, axis=0)
    hue = float(np.degrees(np.arctan2(sea[2], sea[1]))) % 360.0
    chroma = float(np.hypot(sea[1], sea[2]))
    is_bluer = chroma >= SEA_CHROMA and chroma >= float(np.hypot(sky[1], sky[2])) + BLUER
    return is_bluer and SEA_HUES[0] <= hue <= SEA_HUES[1] and float(sea[0]) < float(sky[0])


def _is_indoors(pixels: Pixels, hard: Mask, landscape: Landscape) -> bool:
    """Return whether what is as smooth and pale as a sky is a wall, a window or a dark backdrop, by what the picture shows."""
    inside = hard > 0.5
    lab = _small_lab(pixels, (hard.shape[0], hard.shape[1]))
    lightness, a, b = np.median(lab[inside], axis=0)
    cool = np.hypot(lab[inside][:, 1], lab[inside][:, 2]) > 0.02
    is_blue = float((cool & (lab[inside][:, 2] < -0.01)).mean()) >= 0.5
    if landscape.shows_household and not landscape.shows_nature and not is_blue:
        return True
    if landscape.is_open_air or landscape.shows_building:
        return float(inside.mean()) < LEAST_UNAIDED and not landscape.is_open_air
    if landscape.shows_nature:
        return bool(lightness < DAYLIGHT)
    if float(inside.mean()) < LEAST_UNAIDED:
        return True
    # A toned print has one color for the sky and for everything else.
    tint = lab[..., 1:] - lab[..., 1:].mean(axis=(0, 1))
    toned = float(np.percentile(np.linalg.norm(tint, axis=2), 90)) < _TONED_SPREAD
    if toned or b < WALL_WARMTH or np.hypot(a, b) > WALL_CHROMA:
        return False
    return float((greenness(lab)[~inside] > 0.5).mean()) < MIN_GREEN_WORLD


def _is_colored_like_sky(pixels: Pixels, hard: Mask, *, least_glow: float | None) -> bool:
    """Return whether a region has the colors of a sky: blue, gray, or the glow of a low sun.

    ``least_glow`` is the lightness from which on it may glow all over; None where nothing says that it is outdoors.
    """
    inside = hard > 0.5
    if float(inside.mean()) < MIN_SKY_AREA:
        return False
    lch = oklab_to_oklch(_small_lab(pixels, (hard.shape[0], hard.shape[1])))[inside]
    blue = (np.abs(lch[:, 2] - 250) < 55) | (lch[:, 1] < 0.035)
    glow = (lch[:, 0] > (least_glow or LOW_SUN)) & ((lch[:, 2] < 100) | (lch[:, 2] > 300))
    if float((blue | glow).mean()) < MIN_SKY_COLORED:
        return False
    if least_glow is not None:
        return True
    # A wooden table is as warm as a sunset, but a sunset is blue somewhere, and an overexposed or toned sky is bright.
    return float(blue.mean()) >= MIN_SKY_BLUE or float(np.median(lch[:, 0])) >= BRIGHT_SKY


def _is_above_a_world(pixels: Pixels, matte: Mask, hard: Mask, *, towers: bool) -> bool:
    """Tell a sky from a wall, a table top or a studio backdrop; where a tower may fill the picture, by its skyline alone."""
    inside, size_hw = hard > 0.5, (hard.shape[0], hard.shape[1])
    lab, subject = _small_lab(pixels, size_hw), resize_float(matte, size_hw) > 0.4
    bottom_sky, bottom_world = float(inside[-2:].mean()), float((~inside & ~subject)[-2:].mean())
    if bottom_sky > MAX_SKY_AT_BOTTOM or (bottom_world < MIN_WORLD_AT_BOTTOM and not towers):
        return False
    rows, columns = _skyline(inside, subject)
    width, contrast = len(columns) / size_hw[1], _contrast_across(lab, rows, columns) if len(columns) else 0.0
    if towers and width >= MIN_TOWER_WIDTH and contrast >= CLEAR_CONTRAST:
        return True
    return width >= MIN_SKYLINE_WIDTH and contrast >= MIN_SKYLINE_CONTRAST


def _skyline(sky: BoolMask, subject: BoolMask) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return rows and columns of the sky's lower border, where the world and not the subject lies below it."""
    height, width = sky.shape
    lowest = height - 1 - np.argmax(sky[::-1], axis=0)
    below = np.minimum(lowest + 4, height - 1)
    usable = sky.any(axis=0) & (lowest < height - 8) & ~subject[below, np.arange(width)]
    columns = np.flatnonzero(usable)
    return lowest[columns], columns


def _contrast_across(lab: FloatImage, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> float:
    """Return the median Oklab distance between the colors just above and just below a border."""
    above = np.stack([lab[np.maximum(rows - d, 0), columns] for d in (2, 3, 4, 5)]).mean(axis=0)
    below = np.stack([lab[np.minimum(rows + d, lab.shape[0] - 1), columns] for d in (3, 4, 5, 6)]).mean(axis=0)
    return float(np.median(np.linalg.norm(below - above, axis=1)))


def _end_of_sky(sky: Mask, matte: Mask) -> tuple[float, float] | None:
    """Return (row, confidence) from the sky's lower border, where it does not end at the subject."""
    border, columns = _skyline(sky > 0.5, matte > 0.3)
    if len(columns) < 0.1 * sky.shape[1]:
        return None
    low, high = np.percentile(border, [20, 80])
    spread = float(high - low) / sky.shape[0]
    if spread < 0.03:
        return float(np.median(border)), 0.9
    return float(np.percentile(border, 85)), float(np.clip(0.6 - 2.0 * spread, 0.15, 0.6))


def _strongest_row_change(lab: FloatImage, matte: Mask, *, least: float = 0.04) -> tuple[float, float] | None:
    """Return (row, confidence) of the level line across which the colors outside the subject change most, if one stands out."""
    height = lab.shape[0]
    weight = (matte < 0.3).astype(np.float32)[..., None]
    if float(weight.mean()) < 0.2:
        return None
    rows = (lab * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1.0)
    reach = max(2, height // 50)
    change = np.zeros(height, np.float32)
    for row in range(reach, height - reach):
        if weight[row].mean() > 0.2:
            change[row] = np.linalg.norm(rows[row : row + reach].mean(axis=0) - rows[row - reach : row].mean(axis=0))
    change[: round(0.1 * height)] = 0
    change[round(0.85 * height) :] = 0
    best = int(change.argmax())
    contrast, typical = float(change[best]), float(np.median(change[change > 0])) if (change > 0).any() else 0.0
    if contrast < least or contrast < 4 * typical:
        return None
    return float(best), float(np.clip(0.1 + contrast, 0.15, 0.35))


def _upper_limit_of_ground(matte: Mask, sky: Mask | None, horizon: Horizon | None) -> float:
    """Return the row, as a share of the height, above which nothing is ground.

    Where there is a sky, its lower border limits the ground however unsure the horizon is: what stands before it is no ground.
    """
    height = matte.shape[0]
    if horizon is not None and (horizon.confidence >= 0.3 or sky is not None):
        return float(horizon.row / height)
    rows = np.flatnonzero(matte.max(axis=1) > 0.5)
    if len(rows) == 0:
        return 0.5
    top, bottom = rows[0] / height, rows[-1] / height
    return float(np.clip(bottom - (bottom - top) / 3, 0.35, 0.85))
