"""Printed and flat styles: cartoon, comic, poster, pop art, halftone, stencil, woodblock print.

Each takes (H, W, 3) uint8 sRGB pixels, a generator, ``scale`` (the size of a mark; 1 is the usual, which grows with the picture)
and a checkpoint that is called between long steps and may raise ``EditAbortedError``; and returns (H, W, 3) uint8 sRGB.
"""

from collections.abc import Callable

import cv2
import numpy as np

from retouch.editor.operations.style.flow import edge_flow, ink_lines, kuwahara, lightness, unit_px
from retouch.editor.operations.style.surface import paper_grain
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import channel_max, oklab_to_srgb8, srgb8_to_oklab
from retouch.images.masks import smoothstep
from retouch.images.remember import remembered

__all__ = [
    "draw_cartoon",
    "draw_comic",
    "print_halftone",
    "print_pop_art",
    "print_poster",
    "print_stencil",
    "quantize",
]

Checkpoint = Callable[[], None]
_INK = np.array([22.0, 19.0, 24.0], np.float32)


@remembered(but_for=("rng", "checkpoint"))
def draw_cartoon(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:  # noqa: ARG001
    """Draw with flat, shaded color and clean contours.

    Notes
    -----
    After H. Winnemöller, S. C. Olsen, B. Gooch, "Real-time video abstraction", SIGGRAPH 2006: edge-keeping smoothing, soft
    steps of lightness, difference-of-Gaussians lines.
    """
    unit = unit_px(pixels) * scale
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    flat = kuwahara(kuwahara(pixels, flow, 3.0 * unit, 9.0), flow, 2.4 * unit, 9.0)
    checkpoint()
    flat = _despeckle(flat, unit)
    lab = srgb8_to_oklab(flat)
    lab[..., 0] = np.clip(_steps(0.06 + 0.96 * lab[..., 0], 6, 9.0), 0.0, 1.0)
    lab[..., 1:] *= 1.4
    colored = oklab_to_srgb8(lab)
    checkpoint()
    lines = _contours(pixels, flat, unit)
    return _inked(colored, 0.92 * lines)


@remembered(but_for=("rng", "checkpoint"))
def draw_comic(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:  # noqa: ARG001
    """Draw as a printed comic: few flat colors, solid blacks, heavy lines, dots in the half-shadows."""
    unit = unit_px(pixels) * scale
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    flat = _despeckle(kuwahara(kuwahara(pixels, flow, 3.0 * unit, 9.0), flow, 2.4 * unit, 9.0), unit)
    checkpoint()
    lab = srgb8_to_oklab(flat)
    light = lab[..., 0].copy()
    lab[..., 0] = np.clip(0.16 + 0.84 * _steps(light, 4, 9.0), 0.0, 1.0)
    lab[..., 1:] *= 1.7
    colored = oklab_to_srgb8(lab).astype(np.float32)
    paper = np.array([250.0, 243.0, 224.0], np.float32)
    colored = colored * (paper / 255.0)
    dots = _dots(np.clip(1.0 - light, 0.0, 1.0) * 0.55, 6.0 * unit, 45.0)
    half_shade = smoothstep(0.70, 0.62, light) * smoothstep(0.34, 0.42, light)
    colored *= 1.0 - 0.28 * (dots * half_shade)[..., None]
    checkpoint()
    low = float(np.clip(np.percentile(light[::4, ::4], 12), 0.14, 0.34))
    blacks = smoothstep(low + 0.02, low - 0.02, cv2.GaussianBlur(light, (0, 0), unit))
    lines = np.maximum(_contours(pixels, flat, 1.25 * unit), blacks)
    return _inked(np.asarray(np.clip(colored, 0, 255), dtype=np.uint8), np.asarray(0.97 * lines, dtype=np.float32))


def print_poster(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Print in eight flat colors of the picture's own."""
    unit = unit_px(pixels) * scale
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    flat = kuwahara(kuwahara(pixels, flow, 4.0 * unit, 9.0), flow, 3.0 * unit, 9.0)
    checkpoint()
    lab = srgb8_to_oklab(flat)
    lab[..., 1:] *= 1.35
    labels, colors = quantize(lab, 8, rng)
    labels = _smooth_labels(labels, len(colors), 1.6 * unit)
    checkpoint()
    printed = _flat_color(labels, oklab_to_srgb8(colors[None])[0])
    grain = 1.0 + 0.012 * paper_grain((pixels.shape[0], pixels.shape[1]), rng, unit)
    return np.asarray(np.clip(printed * grain[..., None] + 0.5, 0, 255), dtype=np.uint8)


_POP_PALETTES = (
    ((32, 22, 70), (226, 27, 120), (255, 138, 0), (255, 222, 33), (255, 250, 225)),
    ((18, 30, 92), (0, 131, 202), (240, 64, 64), (255, 205, 60), (255, 246, 214)),
    ((40, 14, 60), (120, 30, 160), (250, 60, 140), (60, 205, 205), (250, 248, 200)),
)


def print_pop_art(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Print in five loud inks by tone, with dots and a black key, as in silkscreen."""
    unit = unit_px(pixels) * scale
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    flat = kuwahara(kuwahara(pixels, flow, 3.0 * unit, 9.0), flow, 2.5 * unit, 9.0)
    checkpoint()
    tones = _equalized(lightness(flat))
    palette = np.array(_POP_PALETTES[int(rng.integers(len(_POP_PALETTES)))], np.float32)
    labels = np.clip((tones * len(palette)).astype(np.int32), 0, len(palette) - 1)
    labels = _smooth_labels(labels, len(palette), 1.8 * unit)
    printed = _flat_color(labels, palette).astype(np.float32)
    checkpoint()
    # Dots of the next darker ink grow towards the border of each tone.
    within = np.clip(tones * len(palette) - labels, 0.0, 1.0)
    dots = _dots(0.75 * (1.0 - within), 8.0 * unit, 45.0)[..., None]
    middle = ((labels > 0) & (labels < len(palette) - 1))[..., None]
    printed += 0.65 * dots * middle * (palette[np.maximum(labels - 1, 0)] - printed)
    lines = _contours(pixels, flat, 1.2 * unit)
    return _inked(np.asarray(np.clip(printed, 0, 255), dtype=np.uint8), 0.95 * lines)


def print_halftone(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Print in dots of four inks, each screen at its own angle."""
    unit = unit_px(pixels) * scale
    image = cv2.GaussianBlur(pixels, (0, 0), 0.8 * unit).astype(np.float32) / np.float32(255.0)
    image = np.clip(0.5 + 1.15 * (image - 0.5), 0.0, 1.0)
    black = 1.0 - channel_max(image)
    key = black**1.6
    paper = np.array([0.972, 0.957, 0.918], np.float32)
    printed = np.ones_like(image) * paper
    inks = (((0.0, 0.62, 0.87), 15.0), ((0.90, 0.10, 0.50), 75.0), ((1.0, 0.90, 0.0), 0.0))
    for channel, (ink, angle) in enumerate(inks):
        checkpoint()
        amount = np.clip((1.0 - image[..., channel] - key) / np.maximum(1.0 - key, 0.05), 0.0, 1.0)
        dots = _dots(amount, 5.6 * unit, angle)[..., None]
        printed *= 1.0 - dots * (1.0 - np.array(ink, np.float32))
    dots = _dots(key, 5.6 * unit, 45.0)[..., None]
    printed *= 1.0 - 0.92 * dots
    printed *= 1.0 + 0.012 * paper_grain((pixels.shape[0], pixels.shape[1]), rng, unit)[..., None]
    return np.asarray(np.clip(printed * 255.0 + 0.5, 0, 255), dtype=np.uint8)


def print_stencil(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Spray black and one gray through a stencil on a pale wall."""
    unit = unit_px(pixels) * scale
    flow = edge_flow(lightness(pixels), 4.0 * unit)
    flat = kuwahara(kuwahara(pixels, flow, 4.0 * unit, 9.0), flow, 4.0 * unit, 9.0)
    checkpoint()
    tones = cv2.GaussianBlur(_equalized(lightness(flat)), (0, 0), 1.5 * unit)
    detail = lightness(pixels) - cv2.GaussianBlur(lightness(pixels), (0, 0), 12.0 * unit)
    tones = tones + 1.1 * cv2.GaussianBlur(detail, (0, 0), 1.2 * unit)
    mist = paper_grain((pixels.shape[0], pixels.shape[1]), rng, 0.7 * unit)
    black = smoothstep(0.36, 0.33, tones + 0.006 * mist)
    gray = smoothstep(0.60, 0.57, tones + 0.006 * mist)
    wall = np.array([232.0, 227.0, 216.0], np.float32) * (1.0 + 0.014 * mist[..., None])
    painted = wall + gray[..., None] * (np.array([128.0, 126.0, 124.0], np.float32) - wall)
    painted += black[..., None] * (np.array([24.0, 23.0, 24.0], np.float32) + 3.0 * mist[..., None] - painted)
    return np.asarray(np.clip(painted + 0.5, 0, 255), dtype=np.uint8)


# Pieces ------------------------------------------------------------------------------------------------------------------


def quantize(lab: FloatImage, count: int, rng: np.random.Generator) -> tuple[np.ndarray, FloatImage]:
    """Return the (H, W) int32 label of every pixel and the (count, 3) Oklab colors: k-means on a sample of the picture.

    Parameters
    ----------
    lab : (H, W, 3) float32, Oklab
    count : int
    rng : numpy.random.Generator
        Seeds the clusters.
    """
    step = max(1, int(np.sqrt(lab.shape[0] * lab.shape[1] / 12_000)))
    # Chroma counts double, so that a small colorful thing keeps its ink.
    weights = np.array([1.0, 2.0, 2.0], np.float32)
    sample = np.ascontiguousarray(lab[::step, ::step].reshape(-1, 3) * weights)
    cv2.setRNGSeed(int(rng.integers(2**31 - 1)))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1e-3)
    _, _, centers = cv2.kmeans(sample, min(count, len(sample)), None, stop, 2, cv2.KMEANS_PP_CENTERS)
    best = np.full(lab.shape[:2], np.inf, np.float32)
    labels = np.zeros(lab.shape[:2], np.int32)
    planes = [np.ascontiguousarray(lab[..., i]) * weights[i] for i in range(3)]
    for number, center in enumerate(centers):
        first, second, third = (plane - value for plane, value in zip(planes, center, strict=True))
        distance = first * first + second * second + third * third
        nearer = distance < best
        best[nearer], labels[nearer] = distance[nearer], number
    return labels, np.asarray(centers / weights, dtype=np.float32)


def _smooth_labels(labels: np.ndarray, count: int, radius_px: float) -> np.ndarray:
    """Let each pixel take the label that most of its neighbors have: smooth borders without specks."""
    best = np.full(labels.shape, -1.0, np.float32)
    smooth = np.zeros_like(labels)
    for label in range(count):
        share = cv2.GaussianBlur((labels == label).astype(np.float32), (0, 0), max(0.6, radius_px))
        wins = share > best
        best[wins], smooth[wins] = share[wins], label
    return smooth


def _flat_color(labels: np.ndarray, colors: FloatImage | Pixels) -> Pixels:
    """Return the labels in their colors, borders anti-aliased by half a pixel."""
    flat = np.asarray(colors, dtype=np.float32)[labels]
    return np.asarray(np.clip(cv2.GaussianBlur(flat, (0, 0), 0.55) + 0.5, 0, 255), dtype=np.uint8)


@remembered()
def _contours(pixels: Pixels, flat: Pixels, unit: float) -> Mask:
    """Return the contours of the flattened picture, with the finest of the photo's own."""
    flow = edge_flow(lightness(flat), 3.0 * unit)
    lab = srgb8_to_oklab(flat)
    # Lines also part colors of the same lightness.
    strongest = np.asarray(lab[..., 0] - 0.5 * lab[..., 1] - 0.25 * lab[..., 2], dtype=np.float32)
    lines = np.maximum(
        ink_lines(np.asarray(lab[..., 0]), flow, 1.2 * unit, threshold=0.007, softness=0.016),
        ink_lines(strongest, flow, 2.2 * unit, threshold=0.012, softness=0.02),
    )
    fine = ink_lines(lightness(pixels), flow, 0.8 * unit, threshold=0.03, softness=0.04)
    return np.asarray(np.maximum(lines, 0.8 * fine), dtype=np.float32)


def _inked(colored: Pixels, ink: Mask) -> Pixels:
    return np.asarray(colored + ink[..., None] * (_INK - colored) + 0.5, dtype=np.uint8)


def _despeckle(pixels: Pixels, unit: float) -> Pixels:
    side = 2 * max(1, round(1.2 * unit)) + 1
    return np.asarray(cv2.medianBlur(pixels, side), dtype=np.uint8)


def _steps(values: FloatImage, levels: int, sharpness: float) -> FloatImage:
    """Gather values around ``levels`` steps with transitions as sharp as ``sharpness``."""
    scaled = values * levels
    nearest = np.floor(scaled) + 0.5
    bend = np.tanh(sharpness * (scaled - nearest)) / np.tanh(0.5 * sharpness)
    # tanh is flat at the ends of a step and steep in its middle: the border lies at the middle of a step.
    return np.asarray((nearest + 0.5 * bend) / levels, dtype=np.float32)


def _equalized(gray: FloatImage) -> FloatImage:
    """Spread the tones halfway towards an even histogram."""
    rounded = np.asarray(gray * 255.0 + 0.5, dtype=np.uint8)
    even = cv2.equalizeHist(rounded).astype(np.float32) / np.float32(255.0)
    return np.asarray(0.45 * gray + 0.55 * even, dtype=np.float32)


def _dots(amount: FloatImage, pitch_px: float, angle: float) -> Mask:
    """Return a screen of round dots, (H, W) float32 [0, 1], whose area is ``amount`` of each cell."""
    height, width = amount.shape
    turn = np.radians(angle)
    cos, sin = np.float32(np.cos(turn) / pitch_px), np.float32(np.sin(turn) / pitch_px)
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None, :]
    u, v = columns * cos + rows * sin, rows * cos - columns * sin
    wave = 0.5 + 0.25 * (np.cos(2 * np.pi * u) + np.cos(2 * np.pi * v))
    soft = np.float32(1.1 / pitch_px)
    return smoothstep(-1.0, 1.0, (wave - (1.0 - amount)) / soft) * (amount > 0.01)
