"""Painting with brush strokes, from large to small.

References
----------
A. Hertzmann, "Painterly Rendering with Curved Brush Strokes of Multiple Sizes", SIGGRAPH 1998.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from retouch.editor.operations.style.flow import Flow, edge_flow, flow_noise, lightness, unit_px
from retouch.editor.operations.style.surface import cloud_noise, light_relief
from retouch.images.array_types import FloatImage, Pixels

__all__ = ["Brush", "paint"]


_DENSE_POINTS_PX = 4.0
"""Below this radius every other point of a stroke is enough: they lie a radius apart, on a curve many radii wide."""
MOST_STROKES = 11_000
"""Of one layer: the worst places come first. It bounds the time, about 0.3 s a layer."""


@dataclass(frozen=True, slots=True)
class Brush:
    """How a painter works. Lengths are for a picture of a megapixel.

    Attributes
    ----------
    radii_px : tuple of float
        Half the width of the strokes, from the first layer to the last.
    length : float
        Longest stroke, in radii; 0 paints dots.
    spacing : float
        Between strokes, in radii.
    tolerance : float
        How far (0 to 1) a color may be off before another stroke covers it.
    jitter : float
        By how much (0 to 1) the lightness of strokes varies.
    hue_jitter : float
        The same for their single channels.
    swirl : float
        How far (radians) calm areas curl away from the edges' direction.
    relief : float
        Depth of the paint, as in ``light_relief``.
    """

    radii_px: tuple[float, ...] = (11.0, 6.0, 3.0, 1.7)
    length: float = 8.0
    spacing: float = 1.1
    tolerance: float = 0.055
    jitter: float = 0.03
    hue_jitter: float = 0.015
    swirl: float = 0.0
    relief: float = 0.2


def paint(
    pixels: Pixels,
    brush: Brush,
    rng: np.random.Generator,
    *,
    scale: float = 1.0,
    ground: Pixels | None = None,
    checkpoint: Callable[[], None] = lambda: None,
) -> Pixels:
    """Paint a picture stroke by stroke.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    brush : Brush
    rng : numpy.random.Generator
        Draws the order of the strokes and their variation.
    scale : float
        Of the strokes: 1.4 is a bolder painting.
    ground : (H, W, 3) uint8 or None
        What shows between strokes; None is the picture itself, blurred by the largest brush.
    checkpoint : callable
        Called before each layer.

    Returns
    -------
    (H, W, 3) uint8, sRGB

    Notes
    -----
    Each layer blurs the picture by its brush, looks for the largest error in every cell of a grid, and lays a curved stroke
    there that follows the edges until the color under it fits better than its own. Strokes write their color and a height of
    their own; the height and bristles drawn along the flow are lit in the end.
    """
    unit = unit_px(pixels) * scale
    height, width = pixels.shape[:2]
    flow = _swirled(edge_flow(lightness(pixels), 3.0 * unit), brush.swirl, rng, unit)
    first = cv2.GaussianBlur(pixels, (0, 0), max(1.0, brush.radii_px[0] * unit * 0.7)) if ground is None else ground
    canvas = np.dstack([first, np.full((height, width), 128, np.uint8)])
    for number, radius in enumerate(brush.radii_px):
        checkpoint()
        radius_px = max(1.0, radius * unit)
        reference = cv2.GaussianBlur(pixels, (0, 0), 0.45 * radius_px)
        _lay_strokes(canvas, reference, flow, brush, radius_px, rng, everywhere=number == 0)
    painted = np.ascontiguousarray(canvas[..., :3])
    if brush.relief == 0:
        return painted
    bristles = flow_noise(flow, rng, 7.0 * unit, 0.9 * unit)
    relief = canvas[..., 3].astype(np.float32) / 128.0 - 1.0 + 0.45 * bristles
    return light_relief(painted, relief, brush.relief)


def _swirled(flow: Flow, swirl: float, rng: np.random.Generator, unit: float) -> Flow:
    """Turn the flow by smooth noise where it has no clear direction."""
    if swirl == 0:
        return flow
    turn = swirl * cloud_noise(flow.x.shape, rng, 110.0 * unit, 2) * (1.0 - 0.75 * flow.clarity)
    cos, sin = np.cos(turn), np.sin(turn)
    return Flow(flow.x * cos - flow.y * sin, flow.x * sin + flow.y * cos, flow.clarity)


def _lay_strokes(
    canvas: Pixels,
    reference: Pixels,
    flow: Flow,
    brush: Brush,
    radius_px: float,
    rng: np.random.Generator,
    *,
    everywhere: bool,
) -> None:
    """Draw one layer into the (H, W, 4) canvas."""
    cell = max(2, round(radius_px * brush.spacing))
    starts = _starts(canvas, reference, cell, 0.0 if everywhere else brush.tolerance, rng)
    if len(starts) == 0:
        return
    points, counts = _trace(starts, canvas, reference, flow, radius_px, brush.length)
    colors = reference[starts[:, 1], starts[:, 0]].astype(np.float32)
    colors += 255 * brush.jitter * rng.standard_normal((len(starts), 1), dtype=np.float32)
    colors += 255 * brush.hue_jitter * rng.standard_normal((len(starts), 3), dtype=np.float32)
    heights = rng.uniform(60, 196, (len(starts), 1)).astype(np.float32)
    paints = np.clip(np.hstack([colors, heights]), 0, 255).astype(int).tolist()
    thickness = max(1, round(2 * radius_px))
    fixed = np.round(points * 8).astype(np.int32)
    # Points that are nearer than a pixel's worth of curve cost time and show nothing.
    step = 2 if radius_px < _DENSE_POINTS_PX else 1
    chosen = [sorted({*range(0, count, step), count - 1}) for count in range(1, points.shape[1] + 1)]
    for i, count in enumerate(counts.tolist()):
        if count < 2:
            center = (int(fixed[i, 0, 0]), int(fixed[i, 0, 1]))
            cv2.circle(canvas, center, round(radius_px * 8), paints[i], -1, cv2.LINE_AA, shift=3)
        else:
            cv2.polylines(canvas, [fixed[i, chosen[count - 1]]], False, paints[i], thickness, cv2.LINE_AA, shift=3)


def _starts(canvas: Pixels, reference: Pixels, cell: int, tolerance: float, rng: np.random.Generator) -> np.ndarray:
    """Return (N, 2) int columns and rows: the worst pixel of every cell whose mean error passes the tolerance, shuffled."""
    difference = cv2.absdiff(np.ascontiguousarray(canvas[..., :3]), reference)
    error = cv2.transform(difference, np.full((1, 3), 1 / 3)).astype(np.float32) / np.float32(255.0)
    height, width = error.shape
    rows, columns = height // cell, width // cell
    if rows == 0 or columns == 0:
        return np.zeros((0, 2), np.int32)
    error = error[: rows * cell, : columns * cell] + rng.random((rows * cell, columns * cell), dtype=np.float32) * 0.01
    cells = error.reshape(rows, cell, columns, cell).swapaxes(1, 2).reshape(rows, columns, cell * cell)
    worst = cells.argmax(axis=2)
    mean = cells.mean(axis=2)
    if mean.size > MOST_STROKES:
        tolerance = max(tolerance, float(np.partition(mean, -MOST_STROKES, axis=None)[-MOST_STROKES]))
    row, column = np.nonzero(mean >= tolerance)
    inside = worst[row, column]
    starts = np.stack([column * cell + inside % cell, row * cell + inside // cell], axis=1)
    return np.asarray(rng.permutation(starts), dtype=np.int32)


def _trace(
    starts: np.ndarray, canvas: Pixels, reference: Pixels, flow: Flow, radius_px: float, length: float
) -> tuple[FloatImage, np.ndarray]:
    """Return the (N, K, 2) points of all strokes and how many of them each one has."""
    height, width = flow.x.shape
    steps = max(0, round(length))
    points = np.zeros((len(starts), steps + 1, 2), np.float32)
    points[:, 0] = starts
    counts = np.ones(len(starts), np.int32)
    colors = reference[starts[:, 1], starts[:, 0]].astype(np.int16)
    position: FloatImage = starts.astype(np.float32)
    direction = np.stack([flow.x[starts[:, 1], starts[:, 0]], flow.y[starts[:, 1], starts[:, 0]]], axis=1)
    alive = np.ones(len(starts), bool)
    for step in range(1, steps + 1):
        position = np.asarray(position + radius_px * direction, dtype=np.float32)
        column, row = np.rint(position[:, 0]).astype(np.int32), np.rint(position[:, 1]).astype(np.int32)
        alive &= (column >= 0) & (column < width) & (row >= 0) & (row < height)
        column, row = np.clip(column, 0, width - 1), np.clip(row, 0, height - 1)
        here = reference[row, column].astype(np.int16)
        misfit = np.abs(here - colors).sum(axis=1)
        if step > 2:
            alive &= misfit <= np.abs(here - canvas[row, column, :3]).sum(axis=1) + 12
        alive &= misfit < 110
        if not alive.any():
            break
        points[:, step] = position
        counts += alive
        there = np.stack([flow.x[row, column], flow.y[row, column]], axis=1)
        there *= np.where((there * direction).sum(axis=1, keepdims=True) < 0, -1.0, 1.0).astype(np.float32)
        direction = np.asarray(0.6 * there + 0.4 * direction, dtype=np.float32)
        direction /= np.maximum(np.hypot(direction[:, 0], direction[:, 1])[:, None], 1e-6)
    return points, counts
