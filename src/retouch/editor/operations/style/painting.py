"""Painted styles: oil, gouache, impressionist, pointillist, fresco, pastel, watercolor.

Each takes (H, W, 3) uint8 sRGB pixels, a generator, ``scale`` (the size of a mark; 1 is the usual, which grows with the picture)
and a checkpoint that is called between long steps and may raise ``EditAbortedError``; and returns (H, W, 3) uint8 sRGB.
"""

from collections.abc import Callable

import cv2
import numpy as np

from retouch.editor.operations.style.flow import edge_flow, flow_noise, ink_lines, kuwahara, lightness, unit_px
from retouch.editor.operations.style.strokes import Brush, paint
from retouch.editor.operations.style.surface import canvas_weave, cloud_noise, light_relief, paper_grain
from retouch.images.array_types import FloatImage, Pixels
from retouch.images.color import channel_mean, oklab_to_srgb8, srgb8_to_oklab
from retouch.images.masks import smoothstep
from retouch.images.remember import remembered

__all__ = [
    "paint_fresco",
    "paint_gouache",
    "paint_impressionist",
    "paint_like_monet",
    "paint_oil",
    "paint_pastel",
    "paint_pointillist",
    "paint_watercolor",
]

Checkpoint = Callable[[], None]


def paint_oil(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Paint in oil: soft modelling, small strokes that follow the forms, a thin relief on linen."""
    unit = unit_px(pixels) * scale
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    modeled = kuwahara(_richer(pixels, 1.12, 1.06), flow, 3.2 * unit)
    checkpoint()
    brush = Brush((9.0, 5.0, 2.6), length=7, tolerance=0.045, jitter=0.016, hue_jitter=0.007, relief=0.0)
    painted = paint(modeled, brush, rng, scale=scale, checkpoint=checkpoint)
    checkpoint()
    # The finest strokes can't say an eye or an edge: there the modeled picture stays.
    painted = _keep_edges(painted, modeled, 1.4 * unit, 0.75)
    bristles = flow_noise(flow, rng, 7.0 * unit, 0.9 * unit)
    relief = 0.45 * bristles * (0.5 + 0.5 * lightness(painted)) + 0.25 * canvas_weave(flow.x.shape, rng, unit)
    return light_relief(painted, np.asarray(relief, dtype=np.float32), 0.11)


def paint_impressionist(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Paint in visible dabs of broken, brighter color."""
    unit = unit_px(pixels) * scale
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    bright = kuwahara(_richer(pixels, 1.3, 1.0), flow, 2.2 * unit)
    brush = Brush((10.0, 5.5, 3.0, 1.8), length=5, tolerance=0.06, jitter=0.035, hue_jitter=0.022, relief=0.17)
    return paint(bright, brush, rng, scale=scale, checkpoint=checkpoint)


def paint_like_monet(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Paint in short dabs, light and airy, violet in the shadows and warm in the light."""
    unit = unit_px(pixels) * scale
    lab = srgb8_to_oklab(pixels)
    light = lab[..., 0]
    lab[..., 0] = 0.16 + 0.83 * light**0.92
    shade, sun = smoothstep(0.65, 0.15, light), smoothstep(0.55, 0.95, light)
    lab[..., 1] = 1.18 * lab[..., 1] + 0.016 * shade + 0.002 * sun
    lab[..., 2] = 1.18 * lab[..., 2] - 0.04 * shade + 0.022 * sun
    airy = oklab_to_srgb8(lab)
    flow = edge_flow(lightness(airy), 4.0 * unit)
    brush = Brush((10.0, 6.0, 3.6, 2.2), length=3.5, tolerance=0.062, jitter=0.04, hue_jitter=0.026, relief=0.15)
    return paint(kuwahara(airy, flow, 2.0 * unit), brush, rng, scale=scale, checkpoint=checkpoint)


def paint_pointillist(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Paint in dots of pure color on a pale ground."""
    vivid = _richer(pixels, 1.45, 1.0)
    ground = cv2.GaussianBlur(vivid, (0, 0), 9.0 * unit_px(pixels))
    pale = np.asarray(0.55 * ground + 0.45 * np.array([244.0, 234.0, 210.0]), dtype=np.uint8)
    brush = Brush((4.2, 2.9, 2.1), length=0, spacing=1.5, tolerance=0.05, jitter=0.04, hue_jitter=0.06, relief=0.0)
    return paint(vivid, brush, rng, scale=scale, ground=pale, checkpoint=checkpoint)


def paint_gouache(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Paint in flat, opaque, matte areas with crisp borders."""
    unit = unit_px(pixels) * scale
    lab = srgb8_to_oklab(pixels)
    steps = _soft_steps(lab[..., 0], 9)
    lab[..., 0] = 0.10 + 0.84 * steps
    lab[..., 1:] *= 1.12
    matte = oklab_to_srgb8(lab)
    flow = edge_flow(lightness(matte), 3.0 * unit)
    brush = Brush((12.0, 6.0, 3.0), length=7, tolerance=0.05, jitter=0.012, hue_jitter=0.006, relief=0.04)
    flat = kuwahara(kuwahara(matte, flow, 4.5 * unit, 9.0), flow, 3.0 * unit, 9.0)
    checkpoint()
    painted = _keep_edges(paint(flat, brush, rng, scale=scale, checkpoint=checkpoint), flat, 1.5 * unit, 0.8)
    streaks = 0.012 * flow_noise(flow, rng, 12.0 * unit, 1.4 * unit) + 0.008 * paper_grain(flow.x.shape, rng, unit)
    return _scaled(painted, 1.0 + streaks)


def paint_fresco(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Paint on plaster: earthy chalky color, soft contours, blotches, fine cracks."""
    unit = unit_px(pixels) * scale
    size_hw = (pixels.shape[0], pixels.shape[1])
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    flat = kuwahara(pixels, flow, 4.0 * unit)
    checkpoint()
    lab = srgb8_to_oklab(flat)
    lab[..., 0] = 0.26 + 0.62 * lab[..., 0]
    lab[..., 1] = 0.72 * lab[..., 1] + 0.010
    lab[..., 2] = 0.72 * lab[..., 2] + 0.026
    contour = ink_lines(lightness(flat), flow, 1.5 * unit, threshold=0.012, softness=0.05)
    lab[..., 0] -= 0.16 * contour
    worn = smoothstep(0.9, 2.2, cloud_noise(size_hw, rng, 90.0 * unit, 4))
    lab[..., 0] += worn * (0.84 - lab[..., 0]) * 0.4 + 0.018 * cloud_noise(size_hw, rng, 160.0 * unit, 3)
    lab[..., 1:] *= (1.0 - 0.4 * worn)[..., None]
    cracks = _cracks(size_hw, rng, unit)
    lab[..., 0] -= 0.08 * cracks
    plaster = paper_grain(size_hw, rng, unit, coarse=1.3)
    return light_relief(oklab_to_srgb8(lab), np.asarray(0.35 * plaster - 0.5 * cracks, dtype=np.float32), 0.12)


def _cracks(size_hw: tuple[int, int], rng: np.random.Generator, unit: float) -> FloatImage:
    """Return fine lines where smooth noise crosses zero, only here and there."""
    field = cloud_noise(size_hw, rng, 150.0 * unit, 5)
    dx, dy = cv2.Sobel(field, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(field, cv2.CV_32F, 0, 1, scale=0.125)
    distance = np.abs(field) / np.maximum(np.hypot(dx, dy), 1e-4)
    where = smoothstep(0.2, 1.0, cloud_noise(size_hw, rng, 220.0 * unit, 2))
    return np.asarray(np.clip(1.1 * unit - distance, 0.0, 1.0) * where, dtype=np.float32)


def paint_pastel(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Draw in soft chalk on toothed paper: visible strokes, bright chalky color, the paper between them."""
    unit = unit_px(pixels) * scale
    size_hw = (pixels.shape[0], pixels.shape[1])
    lab = srgb8_to_oklab(pixels)
    lab[..., 0] = 0.14 + 0.82 * lab[..., 0]
    lab[..., 1:] *= 1.2
    chalky = oklab_to_srgb8(lab)
    flow = edge_flow(lightness(chalky), 4.0 * unit)
    brush = Brush((7.0, 4.0, 2.2), length=9, tolerance=0.05, jitter=0.03, hue_jitter=0.02, relief=0.0)
    drawn = paint(kuwahara(chalky, flow, 2.2 * unit), brush, rng, scale=scale, checkpoint=checkpoint)
    checkpoint()
    drawn = _keep_edges(drawn, chalky, 1.4 * unit, 0.5)
    tooth = paper_grain(size_hw, rng, unit) + 0.4 * flow_noise(flow, rng, 9.0 * unit, 1.2 * unit)
    bare = 0.4 * smoothstep(0.5, 2.0, tooth)[..., None]
    paper = np.array([206.0, 197.0, 180.0], np.float32)
    return np.asarray(np.clip(drawn + bare * (paper - drawn) + 0.5, 0, 255), dtype=np.uint8)


def paint_watercolor(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Paint in transparent washes on rough paper.

    Notes
    -----
    The picture is flattened into washes, whose borders waver. Pigment density is then changed as in A. Bousseau et al.,
    "Interactive watercolor rendering with temporal coherence and abstraction", NPAR 2006, C' = C - (C - C^2)(d - 1): more at
    the washes' edges, where the wet paint carries it, more in the hollows of the paper, and blotches in between.
    """
    unit = unit_px(pixels) * scale
    size_hw = (pixels.shape[0], pixels.shape[1])
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    flat = kuwahara(kuwahara(pixels, flow, 4.5 * unit, 8.0), flow, 3.0 * unit, 8.0)
    checkpoint()
    lab = srgb8_to_oklab(_wavering(flat, rng, 1.2 * unit, 30.0 * unit))
    lab[..., 0] = 0.20 + 0.80 * np.clip(_soft_steps(lab[..., 0], 8), 0.0, 1.0) ** 0.9
    lab[..., 1:] *= 1.22
    washes = oklab_to_srgb8(lab).astype(np.float32) / np.float32(255.0)
    checkpoint()
    grain = paper_grain(size_hw, rng, unit)
    density = 1.0 + 1.7 * _wet_edges(washes, unit) + 0.17 * cloud_noise(size_hw, rng, 70.0 * unit, 4) + 0.13 * grain
    color = np.clip(washes - (washes - washes * washes) * (density[..., None] - 1.0), 0.0, 1.0)
    lines = ink_lines(lightness(flat), flow, 1.1 * unit, threshold=0.02, softness=0.06)
    color *= 1.0 - 0.22 * lines[..., None]
    # The lightest washes are bare paper.
    bare = smoothstep(0.86, 0.99, lab[..., 0])[..., None]
    color += bare * (np.array([0.985, 0.978, 0.955], np.float32) - color)
    painted = np.asarray(np.clip(color * 255.0 + 0.5, 0, 255), dtype=np.uint8)
    return light_relief(painted, 0.5 * grain, 0.05)


def _wet_edges(washes: FloatImage, unit: float) -> FloatImage:
    """Return (H, W) float32 [0, about 1]: how near the inner side of a wash's border a pixel lies."""
    gray = channel_mean(washes)
    drying = cv2.GaussianBlur(gray, (0, 0), 3.0 * unit) - cv2.GaussianBlur(gray, (0, 0), 0.6 * unit)
    return np.asarray(np.clip(11.0 * drying, -0.2, 1.0), dtype=np.float32)


def _wavering(pixels: Pixels, rng: np.random.Generator, shift_px: float, cell_px: float) -> Pixels:
    """Let every border waver by a pixel or two."""
    height, width = pixels.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    across = columns + shift_px * cloud_noise((height, width), rng, cell_px, 2)
    down = rows + shift_px * cloud_noise((height, width), rng, cell_px, 2)
    return np.asarray(
        cv2.remap(pixels, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), dtype=np.uint8
    )


def _soft_steps(values: FloatImage, levels: int) -> FloatImage:
    """Gather values [0, 1] around ``levels`` steps, with soft transitions (Winnemöller et al., SIGGRAPH 2006)."""
    scaled = values * levels
    nearest = np.floor(scaled) + 0.5
    return np.asarray((nearest + 0.5 * np.tanh(2.6 * (scaled - nearest)) / np.tanh(1.3)) / levels, dtype=np.float32)


@remembered()
def _richer(pixels: Pixels, chroma: float, contrast: float) -> Pixels:
    """Scale chroma, and contrast around the middle."""
    lab = srgb8_to_oklab(pixels)
    lab[..., 0] = np.clip(0.55 + contrast * (lab[..., 0] - 0.55), 0.0, 1.0)
    lab[..., 1:] *= chroma
    return oklab_to_srgb8(lab)


def _keep_edges(painted: Pixels, modeled: Pixels, radius_px: float, share: float) -> Pixels:
    """Take the modeled picture where it has fine contrast that the strokes lost."""
    gray = lightness(modeled)
    contrast = np.abs(gray - cv2.GaussianBlur(gray, (0, 0), 2.0 * radius_px))
    weight = share * smoothstep(0.02, 0.09, cv2.GaussianBlur(contrast, (0, 0), 0.8 * radius_px))[..., None]
    return np.asarray(painted + weight * (modeled.astype(np.float32) - painted) + 0.5, dtype=np.uint8)


def _scaled(pixels: Pixels, factor: FloatImage) -> Pixels:
    return np.asarray(np.clip(pixels * factor[..., None] + 0.5, 0, 255), dtype=np.uint8)
