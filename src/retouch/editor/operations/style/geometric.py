"""Styles of pieces: pixel art, low poly, mosaic, stained glass, cubist facets, colored rectangles.

Each takes (H, W, 3) uint8 sRGB pixels, a generator, ``scale`` (the size of a mark; 1 is the usual, which grows with the picture)
and a checkpoint that is called between long steps and may raise ``EditAbortedError``; and returns (H, W, 3) uint8 sRGB.
"""

from collections.abc import Callable

import cv2
import numpy as np

from retouch.editor.operations.style.flow import edge_flow, ink_lines, kuwahara, lightness, unit_px
from retouch.editor.operations.style.graphic import quantize
from retouch.editor.operations.style.surface import cloud_noise, light_relief, paper_grain
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import oklab_to_srgb8, srgb8_to_oklab
from retouch.images.remember import remembered

__all__ = [
    "build_low_poly",
    "draw_pixel_art",
    "lay_mosaic",
    "paint_cubist",
    "paint_rectangles",
    "pixelate",
    "set_stained_glass",
]

Checkpoint = Callable[[], None]


def draw_pixel_art(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Draw in large square pixels and 24 colors, with the ordered dither of old consoles."""
    height, width = pixels.shape[:2]
    block = max(2, round(7.0 * unit_px(pixels) * scale))
    rows, columns = -(-height // block), -(-width // block)
    flow = edge_flow(lightness(pixels), 2.0)
    small = cv2.resize(
        cv2.copyMakeBorder(
            kuwahara(pixels, flow, 0.35 * block),
            0,
            rows * block - height,
            0,
            columns * block - width,
            cv2.BORDER_REPLICATE,
        ),
        (columns, rows),
        interpolation=cv2.INTER_AREA,
    )
    checkpoint()
    lab = srgb8_to_oklab(small)
    lab[..., 0] = np.clip(0.55 + 1.12 * (lab[..., 0] - 0.55), 0.0, 1.0)
    lab[..., 1:] *= 1.3
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16.0 - 0.47
    lab[..., 0] += 0.022 * np.tile(bayer, (rows // 4 + 1, columns // 4 + 1))[:rows, :columns]
    labels, colors = quantize(lab, 24, rng)
    art = oklab_to_srgb8(colors[None])[0][labels]
    large = np.repeat(np.repeat(art, block, axis=0), block, axis=1)[:height, :width]
    return np.ascontiguousarray(large)


def pixelate(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:  # noqa: ARG001
    """Hide detail behind coarse squares of one color each; a small part gets at most about 14 across."""
    height, width = pixels.shape[:2]
    block = max(4, round(16.0 * unit_px(pixels) * scale), min(height, width) // 14)
    size = (-(-width // block), -(-height // block))
    bottom, right = size[1] * block - height, size[0] * block - width
    whole = cv2.copyMakeBorder(pixels, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    large = np.repeat(np.repeat(small, block, axis=0), block, axis=1)
    return np.ascontiguousarray(large[:height, :width])


def build_low_poly(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Build the picture of flat triangles, small where it has detail."""
    unit = unit_px(pixels) * scale
    height, width = pixels.shape[:2]
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    flat = kuwahara(pixels, flow, 3.0 * unit)
    checkpoint()
    triangles = _triangles(_seeds(flat, 2600, rng, 1.0), height, width)
    labels = np.zeros((height, width), np.int32)
    for number, triangle in enumerate(np.rint(triangles * 8).astype(np.int32)):
        cv2.fillConvexPoly(labels, triangle, number + 1, cv2.LINE_8, shift=3)
    checkpoint()
    colors = _means(flat, labels)
    lit = colors + 5.0 * rng.standard_normal((len(colors), 1))
    return _fill(labels, lit, 0.45)


def _triangles(points: FloatImage, height: int, width: int) -> FloatImage:
    """Return the (N, 3, 2) triangles of a Delaunay triangulation that covers the picture."""
    grid = cv2.Subdiv2D((-2, -2, width + 4, height + 4))
    border = [(x, y) for x in np.linspace(0, width, 13) for y in (0.0, float(height))] + [
        (x, y) for y in np.linspace(0, height, 11) for x in (0.0, float(width))
    ]
    for x, y in [*border, *points.tolist()]:
        grid.insert((float(x), float(y)))
    found = np.asarray(grid.getTriangleList(), np.float32).reshape(-1, 3, 2)
    inside = (
        (found >= -1).all(axis=(1, 2))
        & (found[..., 0] <= width + 1).all(axis=1)
        & (found[..., 1] <= height + 1).all(axis=1)
    )
    return np.asarray(found[inside], dtype=np.float32)


def lay_mosaic(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Lay small stones in grout, in rows along the contours.

    Notes
    -----
    A centroidal Voronoi diagram whose cells are pushed off the edges, after A. Hausner, "Simulating decorative mosaics",
    SIGGRAPH 2001.
    """
    unit = unit_px(pixels) * scale
    height, width = pixels.shape[:2]
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    flat = kuwahara(pixels, flow, 2.5 * unit)
    checkpoint()
    pitch = max(5.0, 12.0 * unit)
    grid_x, grid_y = np.meshgrid(np.arange(pitch / 2, width, pitch), np.arange(pitch / 2, height, pitch))
    seeds: FloatImage = np.stack([grid_x.ravel(), grid_y.ravel()], axis=1).astype(np.float32)
    seeds = seeds + rng.normal(0, 0.16 * pitch, seeds.shape).astype(np.float32)
    edges = cv2.Canny(flat, 60, 150)
    free = 1.0 - 0.9 * (cv2.dilate(edges, np.ones((3, 3), np.uint8)) > 0)
    for _ in range(3):
        checkpoint()
        seeds = _centroids(_cells(seeds, height, width), free.astype(np.float32), seeds)
    labels = _cells(seeds, height, width)
    tint = 9.0 * rng.standard_normal((len(seeds) + 1, 1)) + 4.0 * rng.standard_normal((len(seeds) + 1, 3))
    colors = _means(_vivid(flat, 1.45), labels)
    colors = 128.0 + 1.15 * (colors - 128.0)
    stones = _fill(labels, colors + tint[: len(colors)], 0.0)
    gap = _borders(labels, max(0.6, 0.75 * unit))
    grain = paper_grain((height, width), rng, unit)
    grout = np.array([122.0, 116.0, 108.0], np.float32) * (0.86 + 0.03 * grain[..., None])
    laid = stones + gap[..., None] * (grout - stones)
    dome = cv2.GaussianBlur(1.0 - gap, (0, 0), 1.2 * unit) + 0.05 * grain
    return light_relief(
        np.asarray(np.clip(laid, 0, 255), dtype=np.uint8), np.asarray(1.6 * dome, dtype=np.float32), 0.28
    )


def set_stained_glass(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Set pieces of glowing glass in lead."""
    unit = unit_px(pixels) * scale
    height, width = pixels.shape[:2]
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    flat = kuwahara(pixels, flow, 3.0 * unit)
    checkpoint()
    simple = cv2.medianBlur(kuwahara(flat, flow, 5.0 * unit), 2 * round(3.0 * unit) + 1)
    labels = _pieces(_vivid(simple, 1.2), round(520 / scale**2), 11.0)
    checkpoint()
    lab = srgb8_to_oklab(np.asarray(np.clip(_means(flat, labels), 0, 255), dtype=np.uint8)[None])[0]
    lab[:, 0] = np.clip(0.10 + 0.95 * lab[:, 0] + 0.025 * rng.standard_normal(len(lab)), 0.05, 0.97)
    lab[:, 1:] *= 1.75
    glass = oklab_to_srgb8(lab[None].astype(np.float32))[0].astype(np.float32)[labels]
    streaks = cloud_noise((height, width), rng, 34.0 * unit, 3)
    distance = cv2.distanceTransform((_borders(labels, 0.5) < 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    glow = 0.86 + 0.20 * np.clip(distance / (16.0 * unit), 0.0, 1.0) + 0.045 * streaks
    # Features within a piece are painted on the glass in brown enamel, as in old windows.
    enamel = ink_lines(lightness(flat), flow, 1.3 * unit, threshold=0.012, softness=0.04)
    glass *= (glow * (1.0 - 0.72 * enamel))[..., None]
    lead = _borders(labels, 2.3 * unit)[..., None]
    window = glass + lead * (np.array([26.0, 25.0, 27.0], np.float32) - glass)
    relief = cv2.GaussianBlur(lead[..., 0], (0, 0), 1.1 * unit) * 1.4 + 0.10 * streaks
    return light_relief(np.asarray(np.clip(window, 0, 255), dtype=np.uint8), np.asarray(relief, dtype=np.float32), 0.25)


def paint_cubist(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Break the picture into shaded facets, each seen from a slightly different place."""
    unit = unit_px(pixels) * scale
    height, width = pixels.shape[:2]
    points = _seeds(pixels, 230, rng, 0.75)
    triangles = _triangles(points, height, width)
    labels = np.zeros((height, width), np.int32)
    for number, triangle in enumerate(np.rint(triangles * 8).astype(np.int32)):
        cv2.fillConvexPoly(labels, triangle, number + 1, cv2.LINE_8, shift=3)
    checkpoint()
    count = int(labels.max()) + 1
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    shift = (9.0 * unit * rng.standard_normal((count, 2))).astype(np.float32)
    zoom = (1.0 + 0.10 * rng.standard_normal(count)).astype(np.float32)
    area = np.maximum(np.bincount(labels.ravel(), minlength=count), 1)
    center_x = (np.bincount(labels.ravel(), columns.ravel(), count) / area).astype(np.float32)
    center_y = (np.bincount(labels.ravel(), rows.ravel(), count) / area).astype(np.float32)
    off_x, off_y = columns - center_x[labels], rows - center_y[labels]
    map_x = center_x[labels] + off_x * zoom[labels] + shift[labels, 0]
    map_y = center_y[labels] + off_y * zoom[labels] + shift[labels, 1]
    broken = cv2.remap(pixels, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    flat = kuwahara(broken, edge_flow(lightness(broken), 3.0 * unit), 4.0 * unit, 8.0)
    checkpoint()
    lab = srgb8_to_oklab(flat)
    turn = rng.uniform(0, 2 * np.pi, count).astype(np.float32)
    reach = np.sqrt(area).astype(np.float32)
    ramp = (off_x * np.cos(turn)[labels] + off_y * np.sin(turn)[labels]) / reach[labels]
    lab[..., 0] = np.clip(lab[..., 0] * 0.92 + 0.03 + 0.16 * ramp, 0.0, 1.0)
    # The muted ochre, gray and blue of 1910, the picture's own colors shining through.
    lab[..., 1] = 0.62 * lab[..., 1] + 0.008
    lab[..., 2] = 0.62 * lab[..., 2] + 0.022
    line = _borders(labels, 1.1 * unit)
    lab[..., 0] *= 1.0 - 0.5 * line
    grain = paper_grain((height, width), rng, unit) + 1.3 * cloud_noise((height, width), rng, 26.0 * unit, 2)
    return light_relief(oklab_to_srgb8(lab), np.asarray(0.3 * grain, dtype=np.float32), 0.1)


_PRIMARIES = np.array(
    [(244, 240, 228), (212, 32, 38), (26, 74, 160), (250, 205, 20), (28, 26, 28), (196, 198, 196)], np.uint8
)


def paint_rectangles(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Build the picture of rectangles in red, blue, yellow, white, gray and black between black bars."""
    unit = unit_px(pixels) * scale
    height, width = pixels.shape[:2]
    lab = srgb8_to_oklab(pixels)
    palette = srgb8_to_oklab(_PRIMARIES[None])[0]
    weights = np.array([1.0, 1.7, 1.7], np.float32)
    vivid = lab * np.array([1.0, 2.2, 2.2], np.float32)
    painted = np.zeros_like(pixels)
    bar = max(1, round(2.2 * unit))
    sums = np.dstack([cv2.integral(lab[..., 0]), cv2.integral(lab[..., 0] ** 2)])
    waiting = [(0, 0, height, width)]
    smallest = max(10.0, 15.0 * unit)
    while waiting:
        top, left, bottom, right = waiting.pop()
        first, second = (sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]) / (
            (bottom - top) * (right - left)
        )
        deviation = float(np.sqrt(max(second - first * first, 0.0)))
        longest = max(bottom - top, right - left)
        if longest > 2 * smallest and (deviation > 0.05 or longest > 260 * unit):
            cut = float(rng.uniform(0.38, 0.62))
            if bottom - top > right - left:
                middle = top + round(cut * (bottom - top))
                waiting += [(top, left, middle, right), (middle, left, bottom, right)]
            else:
                middle = left + round(cut * (right - left))
                waiting += [(top, left, bottom, middle), (top, middle, bottom, right)]
            continue
        mean = vivid[top:bottom, left:right].reshape(-1, 3).mean(axis=0)
        nearest = int((((palette - mean) * weights) ** 2).sum(axis=1).argmin())
        painted[top:bottom, left:right] = _PRIMARIES[nearest]
        cv2.rectangle(painted, (left, top), (right, bottom), (22, 20, 22), bar)
    checkpoint()
    grain = paper_grain((height, width), rng, unit)
    return light_relief(painted, 0.3 * grain, 0.06)


# Pieces ------------------------------------------------------------------------------------------------------------------


def _seeds(pixels: Pixels, count: int, rng: np.random.Generator, focus: float) -> FloatImage:
    """Return (count, 2) float32 columns and rows, dense where the picture has edges."""
    height, width = pixels.shape[:2]
    gray = cv2.GaussianBlur(lightness(pixels), (0, 0), 1.5)
    edge = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    spread = cv2.GaussianBlur(np.minimum(edge, 0.5), (0, 0), 2.0)
    density = (focus * spread / max(float(spread.mean()), 1e-5) + 0.22).ravel().astype(np.float64)
    chosen = rng.choice(height * width, min(count, height * width // 40), replace=False, p=density / density.sum())
    points = np.stack([chosen % width, chosen // width], axis=1).astype(np.float32)
    return points + rng.uniform(-0.4, 0.4, points.shape).astype(np.float32)


def _cells(seeds: FloatImage, height: int, width: int) -> np.ndarray:
    """Return the (H, W) int32 label, from 0, of the seed next to every pixel."""
    zeros = np.ones((height, width), np.uint8)
    column = np.clip(np.rint(seeds[:, 0]).astype(int), 0, width - 1)
    row = np.clip(np.rint(seeds[:, 1]).astype(int), 0, height - 1)
    zeros[row, column] = 0
    _, labels = cv2.distanceTransformWithLabels(zeros, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    return np.asarray(labels, dtype=np.int32)


def _centroids(labels: np.ndarray, weight: FloatImage, seeds: FloatImage) -> FloatImage:
    """Return the weighted center of every cell."""
    height, width = labels.shape
    count = int(labels.max()) + 1
    flat, share = labels.ravel(), weight.ravel() + 1e-3
    mass = np.bincount(flat, share, count)
    x = np.bincount(flat, share * np.tile(np.arange(width), height), count) / np.maximum(mass, 1e-6)
    y = np.bincount(flat, share * np.repeat(np.arange(height), width), count) / np.maximum(mass, 1e-6)
    centers = np.stack([x, y], axis=1)[mass > 0]
    return np.asarray(centers if len(centers) else seeds, dtype=np.float32)


@remembered()
def _pieces(pixels: Pixels, count: int, compactness: float) -> np.ndarray:
    """Return (H, W) int32 labels of about ``count`` pieces that follow the edges (SLIC, Achanta et al., TPAMI 2012)."""
    from skimage.segmentation import slic

    height, width = pixels.shape[:2]
    share = min(1.0, (260_000 / (height * width)) ** 0.5)
    small = cv2.resize(
        pixels, (max(8, round(width * share)), max(8, round(height * share))), interpolation=cv2.INTER_AREA
    )
    labels = slic(small, n_segments=count, compactness=compactness, start_label=0, max_num_iter=6, channel_axis=2)
    large = cv2.resize(labels.astype(np.int32), (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    # Enlarged labels have stairs; a majority filter of the labels is costly, a median of nearby ones is nearly the same.
    return np.asarray(cv2.medianBlur(large.astype(np.uint16), 5), dtype=np.int32)


def _means(pixels: Pixels, labels: np.ndarray) -> FloatImage:
    """Return the (count, 3) float64 mean color of every label."""
    flat = labels.ravel()
    count = int(flat.max()) + 1
    mass = np.maximum(np.bincount(flat, minlength=count), 1)
    return np.stack([np.bincount(flat, pixels[..., i].ravel(), count) / mass for i in range(3)], axis=1)


def _fill(labels: np.ndarray, colors: FloatImage, softness_px: float) -> Pixels:
    """Return the labels in their colors."""
    filled = np.clip(colors, 0, 255).astype(np.uint8)[labels]
    return np.asarray(cv2.GaussianBlur(filled, (0, 0), softness_px), dtype=np.uint8) if softness_px else filled


def _borders(labels: np.ndarray, half_px: float) -> Mask:
    """Return lines of twice ``half_px`` between the labels, (H, W) float32 [0, 1], anti-aliased."""
    border = np.zeros(labels.shape, np.uint8)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    distance = cv2.distanceTransform(1 - border, cv2.DIST_L2, 3)
    return np.asarray(np.clip(half_px - distance + 0.5, 0.0, 1.0), dtype=np.float32)


@remembered()
def _vivid(pixels: Pixels, chroma: float) -> Pixels:
    lab = srgb8_to_oklab(pixels)
    lab[..., 1:] *= chroma
    return oklab_to_srgb8(lab)
