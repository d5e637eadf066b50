"""What has no surface to speak of: a tree of thousands of leaves, a cloud."""

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np

from retouch.editor.objects.drawn.noise import fractal, smoothstep
from retouch.editor.objects.drawn.palette import Palette
from retouch.editor.objects.drawn.render import Lighting
from retouch.editor.objects.drawn.solids import Array
from retouch.images.array_types import PixelsRGBA
from retouch.images.color import linear_to_srgb

__all__ = ["PAINTERS", "Painter"]

Painter = Callable[[np.random.Generator, Palette, int, Lighting], PixelsRGBA]

_LEAVES: Final = 5200
_GREENS: Final = ((74, 108, 42), (92, 122, 48), (58, 92, 44), (110, 124, 52))


def tree(rng: np.random.Generator, palette: Palette, long_side_px: int, light: Lighting) -> PixelsRGBA:
    """Paint a broad-leaved tree: forked branches, then leaves from back to front, each lit by where it sits."""
    side = int(np.clip(2 * long_side_px, 240, 1400))
    canvas = np.zeros((side, side, 4), np.uint8)
    tips: list[tuple[float, float, float]] = []
    _grow(
        rng,
        canvas,
        tips,
        start=(0.5, 0.985, 0.0),
        angle=float(rng.normal(0, 0.05)),
        length=0.205,
        width=0.050,
        depth=0,
        light=light,
    )
    _paint_leaves(rng, canvas, np.asarray(tips), np.asarray(palette.main(_GREENS), np.float32), light)
    return _halve(canvas, long_side_px)


def _grow(
    rng: np.random.Generator,
    canvas: PixelsRGBA,
    tips: list[tuple[float, float, float]],
    *,
    start: tuple[float, float, float],
    angle: float,
    length: float,
    width: float,
    depth: int,
    light: Lighting,
) -> None:
    """Draw one branch and the branches that fork from it; collect where leaves grow."""
    side = canvas.shape[0]
    x, y, z = start
    end = (x + np.sin(angle) * length, y - np.cos(angle) * length, z + float(rng.normal(0, 0.10)))
    a, b = (round(x * side), round(y * side)), (round(end[0] * side), round(end[1] * side))
    thick = max(1, round(width * side))
    cv2.line(canvas, a, b, (52, 42, 34, 255), thick)
    shift = round(np.sign(light.direction[0]) * thick * 0.22)
    cv2.line(canvas, (a[0] + shift, a[1]), (b[0] + shift, b[1]), (106, 88, 70, 255), max(1, thick // 2))
    if depth >= 1:
        tips.append((float(end[0]), float(end[1]), end[2]))
    if depth == 4:
        return
    for sign in (-1, 1) if rng.random() < 0.62 else (-1, 0, 1):
        turn = angle + sign * float(rng.uniform(0.34, 0.82)) + float(rng.normal(0, 0.08))
        shorter = length * float(rng.uniform(0.68, 0.86))
        _grow(
            rng,
            canvas,
            tips,
            start=end,
            angle=turn * 0.92,
            length=shorter,
            width=width * 0.62,
            depth=depth + 1,
            light=light,
        )


def _paint_leaves(rng: np.random.Generator, canvas: PixelsRGBA, tips: Array, green: Array, light: Lighting) -> None:
    side = canvas.shape[0]
    spread = 0.066
    chosen = tips[rng.integers(len(tips), size=_LEAVES)]
    offset = rng.normal(0, 1, (_LEAVES, 3))
    offset /= np.maximum(np.linalg.norm(offset, axis=1, keepdims=True), 1e-6)
    offset *= rng.uniform(0.25, 1.0, (_LEAVES, 1)) ** 0.5 * spread
    place = chosen + offset
    middle = tips.mean(axis=0)
    extent = np.maximum(tips.std(axis=0) * 1.9, 0.05)
    outward = (place - middle) / extent
    depth = np.clip(np.linalg.norm(outward, axis=1), 0, 1.3)
    normal = 0.55 * outward / np.maximum(depth[:, None], 0.1) + 0.45 * offset / spread
    normal[:, 1] *= -1  # rows grow downwards
    toward = np.clip(normal @ np.asarray(light.direction) * 0.75 + 0.35, 0, 1.4)
    open_sky = 0.30 + 0.70 * np.clip(depth, 0, 1) ** 1.5
    bright = open_sky * (0.42 + (0.5 + 0.6 * light.hardness) * toward)
    tone = rng.normal(1.0, 0.10, (_LEAVES, 3)) * np.array([1.0, 1.0, 0.9])
    tone[:, 0] += np.clip(rng.normal(0.0, 0.16, _LEAVES), -0.1, 0.5)
    colors = (linear_to_srgb((green * tone * bright[:, None] * 1.25).astype(np.float32)) * 255).astype(int)
    for k in np.argsort(place[:, 2]):
        size = float(rng.uniform(0.0055, 0.0105)) * side
        center = (round(place[k, 0] * side), round(place[k, 1] * side))
        axes = (max(1, round(size)), max(1, round(size * float(rng.uniform(0.35, 0.6)))))
        r, g, b = colors[k].tolist()
        cv2.ellipse(canvas, center, axes, float(rng.uniform(0, 180)), 0, 360, (r, g, b, 255), -1)


def _halve(canvas: PixelsRGBA, long_side_px: int) -> PixelsRGBA:
    """Reduce with premultiplied alpha to the size that was asked for."""
    alpha = canvas[..., 3:].astype(np.float32) / 255.0
    premultiplied = np.dstack([canvas[..., :3].astype(np.float32) * alpha, alpha * 255.0])
    small = cv2.resize(premultiplied, (long_side_px, long_side_px), interpolation=cv2.INTER_AREA)
    cover = np.maximum(small[..., 3:] / 255.0, 1e-3)
    straight = np.dstack([small[..., :3] / cover, small[..., 3:]])
    return np.asarray(np.clip(straight, 0, 255).round(), dtype=np.uint8)


def cloud(rng: np.random.Generator, palette: Palette, long_side_px: int, light: Lighting) -> PixelsRGBA:
    """Paint a cumulus cloud: puffs over a flat base, ragged by noise, bright where the light falls on them."""
    w, h = long_side_px, max(8, round(long_side_px * 0.58))
    x, y = np.meshgrid(np.linspace(-1, 1, w, dtype=np.float32), np.linspace(0.58, -0.58, h, dtype=np.float32))
    seed = int(rng.integers(10_000))
    flat = np.zeros_like(x)
    ragged = fractal(x * 4, y * 4, flat + seed, octaves=5, seed=seed) - 0.5
    wisps = fractal(x * 11, y * 11, flat + seed, octaves=4, seed=seed + 7) - 0.5
    height: Array = np.full_like(x, -1.0)
    for _ in range(16):
        cx = float(rng.uniform(-0.62, 0.62))
        radius = float(rng.uniform(0.14, 0.30)) * (1.05 - 0.7 * abs(cx))
        cy = -0.20 + radius * 0.5 + float(rng.uniform(0, 0.30)) * (1 - abs(cx))
        distance = np.hypot(x - cx + 0.12 * ragged, (y - cy + 0.12 * wisps) * 1.1)
        height = np.maximum(height, radius - distance)
    height = height + 0.16 * ragged + 0.09 * wisps - 0.4 * np.clip(-0.24 - y - 0.15 * ragged, 0, 1)
    density = smoothstep(-0.03, 0.15, height)
    bulge = cv2.GaussianBlur(np.sqrt(np.clip(height, 0, None)), (0, 0), max(1.0, 0.012 * w))
    slope_x, slope_y = cv2.Sobel(bulge, cv2.CV_32F, 1, 0) * w / 16, cv2.Sobel(bulge, cv2.CV_32F, 0, 1) * w / 16
    toward = -slope_x * light.direction[0] + slope_y * light.direction[1]
    shine = np.clip(0.72 + 0.22 * toward + 0.34 * (y + 0.1), 0.34, 1.0)
    white = np.asarray(palette.main(((246, 247, 250),)), np.float32) / 0.86
    shade = np.array([0.60, 0.66, 0.76], np.float32)
    colors = white * (shade + (1 - shade) * shine[..., None]) * (0.45 + 0.55 * shine[..., None])
    edge = smoothstep(0.0, 0.08, np.minimum(np.minimum(x + 1, 1 - x), np.minimum(y + 0.58, 0.58 - y)))
    rgba = np.dstack([linear_to_srgb(np.clip(colors, 0, 1)), np.clip(density * edge * 0.97, 0, 1)])
    return (rgba * 255 + 0.5).astype(np.uint8)


PAINTERS: Final[Mapping[str, Painter]] = {"tree": tree, "cloud": cloud}
