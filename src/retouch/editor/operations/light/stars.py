"""Stars, the moon and lightning: what shines by itself in a sky. All of it is added light."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.operations.light.noise import fractal_texture
from retouch.images.array_types import FloatImage
from retouch.images.color import luminance
from retouch.images.masks import smoothstep

__all__ = ["lightning", "moon", "starlight"]

_STARS_PER_MEGAPIXEL: Final = 1500
_MAGNITUDE_SLOPE: Final = 0.51
"""Each magnitude fainter has 10 ** 0.51 times as many stars."""
_MAGNITUDES: Final = 4.6


def starlight(sky: FloatImage, horizon: float, amount: float, rng: np.random.Generator) -> FloatImage:
    """Return the light of stars.

    Parameters
    ----------
    sky : (H, W, 3) float32, linear light
        What they stand in: stars drown in a bright sky and in clouds.
    horizon : float
        Row; the air dims stars towards it.
    amount : float
        0 none, 1 a clear night.
    rng : numpy.random.Generator

    Returns
    -------
    (H, W, 3) float32, linear light

    Notes
    -----
    Positions are uniform, magnitudes follow the star counts (a factor of 3.2 a magnitude), colors run from blue-white to orange.
    Each star is a Gaussian of a pixel; the brightest get a faint halo.
    """
    height, width = sky.shape[:2]
    count = max(24, round(amount * _STARS_PER_MEGAPIXEL * height * width / 1e6))
    faintness = np.log10(1 + rng.random(count) * (10 ** (_MAGNITUDE_SLOPE * _MAGNITUDES) - 1)) / _MAGNITUDE_SLOPE
    flux = 1.9 * 10 ** (-0.4 * faintness) * 2.2
    warmth = np.clip(rng.normal(0.0, 0.5, count), -1, 1)
    color = np.stack([1 + 0.22 * warmth, np.ones(count), 1 - 0.28 * warmth], axis=1)
    rows, cols = rng.uniform(0, height - 1, count), rng.uniform(0, width - 1, count)
    layer = np.zeros_like(sky)
    scale = max(1.0, max(height, width) / 1400)
    for (dr, dc), weight in _splat(rows, cols):
        np.add.at(layer, ((rows.astype(int) + dr), (cols.astype(int) + dc)), (flux * weight)[:, None] * color)
    sharp = cv2.GaussianBlur(layer, (0, 0), 0.62 * scale) * (3.2 * scale**2)
    bright = cv2.GaussianBlur(np.maximum(layer - 1.2, 0.0), (0, 0), 2.6 * scale) * (6.0 * scale**2)
    level = np.arange(height, dtype=np.float32)
    extinction = smoothstep(0.0, 0.45 * height, np.maximum(horizon - level, 0.0))[:, None] * 0.85 + 0.15
    dark = 1.0 - smoothstep(0.012, 0.09, luminance(sky))
    return np.asarray((sharp + bright) * (amount * extinction * dark)[..., None], dtype=np.float32)


def _splat(rows: np.ndarray, cols: np.ndarray) -> list[tuple[tuple[int, int], np.ndarray]]:
    """Return bilinear weights of the four pixels around each position."""
    down, right = rows % 1, cols % 1
    return [
        ((0, 0), (1 - down) * (1 - right)), ((0, 1), (1 - down) * right),
        ((1, 0), down * (1 - right)), ((1, 1), down * right),
    ]  # fmt: skip


def moon(
    size_hw: tuple[int, int], center: tuple[float, float], radius_px: float, rng: np.random.Generator
) -> tuple[FloatImage, FloatImage]:
    """Return a full moon's disc and its halo, each (H, W) float32; multiply by the moon's light.

    Notes
    -----
    The disc: low-frequency noise above its mean makes the maria, finer noise the rays and craters; the limb darkens only
    slightly, as the moon's does. The halo falls off exponentially from 0.5 at the limb.
    """
    rows, cols = np.mgrid[: size_hw[0], : size_hw[1]].astype(np.float32)
    distance = np.hypot(rows - np.float32(center[0]), cols - np.float32(center[1])) / np.float32(radius_px)
    disc = np.clip((1.0 - distance) * radius_px + 0.5, 0.0, 1.0)
    side = max(16, round(2 * radius_px) + 4)
    seas = cv2.resize(fractal_texture(64, rng, slope=1.9), (side, side), interpolation=cv2.INTER_CUBIC)
    rough = cv2.resize(fractal_texture(128, rng, slope=1.2), (side, side), interpolation=cv2.INTER_CUBIC)
    face = 1.0 - 0.42 * smoothstep(-0.1, 0.9, seas) + 0.07 * rough
    placed = np.ones(size_hw, np.float32)
    top, left = round(center[0] - side / 2), round(center[1] - side / 2)
    row0, row1, col0, col1 = max(0, top), min(size_hw[0], top + side), max(0, left), min(size_hw[1], left + side)
    if row0 < row1 and col0 < col1:
        placed[row0:row1, col0:col1] = face[row0 - top : row1 - top, col0 - left : col1 - left]
    limb = 0.82 + 0.18 * np.sqrt(np.clip(1.0 - distance**2, 0.0, 1.0))
    outside = np.maximum(distance - 1.0, 0.0)
    halo = 0.16 * np.exp(-outside / 0.7) + 0.06 * np.exp(-outside / 3.0) + 0.02 * np.exp(-outside / 8.0)
    return np.asarray(disc * placed * limb, np.float32), np.asarray(halo, np.float32)


def lightning(
    size_hw: tuple[int, int], top: tuple[float, float], bottom: tuple[float, float], rng: np.random.Generator
) -> tuple[FloatImage, FloatImage]:
    """Return a bolt with its branches, (H, W) float32 [0, 1], and the glow around it.

    Notes
    -----
    Midpoint displacement (each half of a segment is pushed aside by a share of its length), with branches that leave downwards.
    """
    bolt = np.zeros(size_hw, np.float32)
    long_side = max(size_hw)
    thickness = max(1, round(long_side / 750))
    main = _displace(np.array([top, bottom], np.float64), rng, rounds=7)
    _draw(bolt, main, 1.0, thickness)
    span = float(np.linalg.norm(main[-1] - main[0]))
    for _ in range(5):
        start = main[int(rng.integers(len(main) // 6, len(main) * 3 // 4))]
        angle = rng.uniform(0.35, 0.9) * rng.choice([-1, 1])
        reach = span * rng.uniform(0.12, 0.34)
        end = start + reach * np.array([np.cos(angle), np.sin(angle)])
        _draw(bolt, _displace(np.array([start, end]), rng, rounds=5), 0.45, max(1, thickness - 1))
    soft = cv2.GaussianBlur(bolt, (0, 0), max(0.55, 0.3 * thickness))
    small = cv2.resize(bolt, (max(2, size_hw[1] // 8), max(2, size_hw[0] // 8)), interpolation=cv2.INTER_AREA)
    glow = 2.5 * cv2.GaussianBlur(small, (0, 0), long_side / 8 / 60) + 12.0 * cv2.GaussianBlur(
        small, (0, 0), long_side / 8 / 9
    )
    wide = cv2.resize(glow, size_hw[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(1.5 * soft, 0, 1), np.float32), np.asarray(wide, np.float32)


def _displace(points: np.ndarray, rng: np.random.Generator, *, rounds: int) -> np.ndarray:
    """Return a polyline of (row, col) with every middle pushed aside, ``rounds`` times."""
    for _ in range(rounds):
        along = points[1:] - points[:-1]
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
        middle = (points[1:] + points[:-1]) / 2 + normal * rng.normal(0.0, 0.13, (len(along), 1))
        points = np.concatenate([np.stack([points[:-1], middle], axis=1).reshape(-1, 2), points[-1:]])
    return points


def _draw(canvas: FloatImage, points: np.ndarray, value: float, thickness: int) -> None:
    """Draw a polyline of (row, col), smooth-edged, into a float canvas."""
    layer = np.zeros(canvas.shape, np.uint8)
    cv2.polylines(
        layer, [np.rint(points[:, ::-1] * 8).astype(np.int32)], isClosed=False, color=255, thickness=thickness,
        lineType=cv2.LINE_AA, shift=3,
    )  # fmt: skip
    np.maximum(canvas, value * layer.astype(np.float32) / 255.0, out=canvas)
