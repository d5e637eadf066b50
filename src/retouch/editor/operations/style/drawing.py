"""Drawn styles: pencil, colored pencil, charcoal, ink, lines.

Each takes (H, W, 3) uint8 sRGB pixels, a generator, ``scale`` (the size of a mark; 1 is the usual, which grows with the picture)
and a checkpoint that is called between long steps and may raise ``EditAbortedError``; and returns (H, W, 3) uint8 sRGB.
"""

from collections.abc import Callable

import cv2
import numpy as np

from retouch.editor.operations.style.flow import edge_flow, flow_noise, ink_lines, kuwahara, lightness, unit_px
from retouch.editor.operations.style.surface import cloud_noise, paper_grain
from retouch.images.array_types import FloatImage, Pixels
from retouch.images.color import oklab_to_srgb8, srgb8_to_oklab
from retouch.images.masks import smoothstep

__all__ = ["draw_charcoal", "draw_colored_pencil", "draw_ink", "draw_lines", "draw_pencil"]

Checkpoint = Callable[[], None]


def draw_pencil(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Draw in graphite: contours and hatching on fine paper.

    Notes
    -----
    Tone becomes the density of hatching, after C. Lu, L. Xu, J. Jia, "Combining sketch and tone for pencil drawing
    production", NPAR 2012: noise drawn out along one direction, a second one across it in the shadows.
    """
    unit = unit_px(pixels) * scale
    gray = _open_tones(lightness(pixels))
    flow = edge_flow(gray, 2.5 * unit)
    lines = np.maximum(
        ink_lines(gray, flow, 0.9 * unit, threshold=0.008, softness=0.06),
        0.8 * ink_lines(gray, flow, 1.9 * unit, threshold=0.012, softness=0.10),
    )
    checkpoint()
    shade = np.clip(1.0 - cv2.GaussianBlur(gray, (0, 0), 0.7 * unit), 0.0, 1.0)
    hatching = _hatch(gray.shape, rng, 52.0, unit)
    across = _hatch(gray.shape, rng, 128.0, unit)
    checkpoint()
    grain = paper_grain((gray.shape[0], gray.shape[1]), rng, 0.6 * unit)
    tone = shade**1.25 * np.clip(0.80 + 0.24 * hatching + 0.12 * grain, 0.0, 1.6)
    tone += 0.5 * np.clip(shade - 0.5, 0.0, 1.0) * np.clip(0.7 + 0.3 * across, 0.0, 1.6)
    graphite = np.clip(1.0 - (1.0 - 0.86 * tone) * (1.0 - 0.8 * lines * (0.85 + 0.2 * grain)), 0.0, 0.93)
    paper = 0.965 + 0.008 * grain
    return _toned(paper * (1.0 - graphite), (0.0005, 0.004))


def draw_colored_pencil(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Draw in colored pencils: every color hatched with its own strokes, the paper shining through."""
    unit = unit_px(pixels) * scale
    size_hw = (pixels.shape[0], pixels.shape[1])
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    flat = kuwahara(pixels, flow, 2.0 * unit)
    checkpoint()
    lab = srgb8_to_oklab(flat)
    lab[..., 0] = 0.12 + 0.88 * lab[..., 0]
    lab[..., 1:] *= 1.3
    color = oklab_to_srgb8(lab).astype(np.float32) / np.float32(255.0)
    along = flow_noise(flow, rng, 12.0 * unit, 1.1 * unit)
    checkpoint()
    hatching = _hatch(size_hw, rng, 40.0, unit)
    grain = paper_grain(size_hw, rng, 0.7 * unit)
    dark = 1.0 - lightness(flat)
    pressure = np.clip(0.5 + 0.62 * dark + 0.13 * hatching + 0.10 * along + 0.10 * grain, 0.12, 1.0)
    lines = ink_lines(lightness(pixels), flow, 0.9 * unit, threshold=0.012, softness=0.06)
    paper = np.array([0.982, 0.976, 0.958], np.float32)
    drawn = paper * (1.0 - pressure[..., None] * (1.0 - color))
    drawn *= 1.0 - 0.45 * lines[..., None] * (1.0 - 0.6 * color)
    return np.asarray(np.clip(drawn * 255.0 + 0.5, 0, 255), dtype=np.uint8)


def draw_charcoal(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Draw in charcoal: deep, smudged darks, broken by the tooth of the paper, under soft heavy contours."""
    unit = unit_px(pixels) * scale
    gray = _open_tones(lightness(pixels))
    size_hw = (gray.shape[0], gray.shape[1])
    flow = edge_flow(gray, 4.0 * unit)
    smudged = lightness(kuwahara(pixels, flow, 3.0 * unit))
    checkpoint()
    smudged = _open_tones(smudged)
    lines = ink_lines(gray, flow, 1.7 * unit, threshold=0.012, softness=0.09)
    fine = ink_lines(gray, flow, 0.9 * unit, threshold=0.012, softness=0.08)
    tooth = 0.8 * paper_grain(size_hw, rng, 0.8 * unit) + 0.5 * _hatch(size_hw, rng, 62.0, 1.4 * unit)
    checkpoint()
    shade = smoothstep(0.05, 0.92, 1.0 - smudged)
    # Light pressure only reaches the paper's heights; heavy pressure fills it.
    stick = smoothstep(-1.0, 1.0, 3.0 * (shade - 0.46) + 0.6 * tooth)
    coal = 0.40 * shade + 0.56 * stick * shade**0.5 + 0.06 * cloud_noise(size_hw, rng, 120.0 * unit, 2) * shade
    coal = 1.0 - (1.0 - np.clip(coal, 0, 1)) * (1.0 - 0.75 * lines * (0.8 + 0.15 * tooth)) * (1.0 - 0.5 * fine)
    paper = 0.94 + 0.010 * paper_grain(size_hw, rng, unit)
    return _toned(paper * (1.0 - np.clip(coal, 0.0, 0.95)), (0.002, 0.012))


def draw_ink(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:
    """Draw with pen and ink: contours, and up to four layers of cross-hatching for the shadows."""
    unit = unit_px(pixels) * scale
    gray = _open_tones(lightness(pixels))
    flow = edge_flow(gray, 2.5 * unit)
    lines = np.maximum(
        ink_lines(gray, flow, 1.0 * unit, threshold=0.014, softness=0.025),
        ink_lines(gray, flow, 2.0 * unit, threshold=0.03, softness=0.03),
    )
    checkpoint()
    shade = 1.0 - lightness(kuwahara(np.asarray(np.dstack([gray] * 3) * 255, dtype=np.uint8), flow, 2.5 * unit))
    wobble = cloud_noise((gray.shape[0], gray.shape[1]), rng, 60.0 * unit, 2)
    ink = lines
    for angle, starts_at in ((45.0, 0.36), (-40.0, 0.55), (5.0, 0.7), (88.0, 0.82)):
        ink = np.maximum(ink, _pen_hatching(shade, angle, starts_at, 5.2 * unit, wobble))
    ink = np.maximum(ink, smoothstep(0.90, 0.97, shade))
    grain = paper_grain((gray.shape[0], gray.shape[1]), rng, 0.7 * unit)
    paper = 0.975 + 0.006 * grain
    return _toned(paper * (1.0 - 0.93 * np.clip(ink, 0.0, 1.0)), (0.0015, 0.010))


def _pen_hatching(shade: FloatImage, angle: float, starts_at: float, pitch_px: float, wobble: FloatImage) -> FloatImage:
    """Return lines at an angle that swell with the shade above ``starts_at``."""
    height, width = shade.shape
    turn = np.radians(angle)
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None, :]
    phase = (rows * np.float32(np.cos(turn)) + columns * np.float32(np.sin(turn)) + 0.7 * wobble) / np.float32(pitch_px)
    distance = np.abs(phase - np.rint(phase)) * np.float32(pitch_px)
    over = np.clip((shade - starts_at) / 0.35, -1.0, 1.0)
    half = np.float32(0.10 * pitch_px) + np.float32(0.16 * pitch_px) * over
    return np.asarray(
        np.clip(half - distance + 0.5, 0.0, 1.0) * smoothstep(-0.02, 0.08, shade - starts_at), dtype=np.float32
    )


def draw_lines(pixels: Pixels, rng: np.random.Generator, scale: float, checkpoint: Checkpoint) -> Pixels:  # noqa: ARG001
    """Draw the contours alone, black on white."""
    unit = unit_px(pixels) * scale
    flow = edge_flow(lightness(pixels), 3.0 * unit)
    calm = lightness(kuwahara(pixels, flow, 2.2 * unit))
    checkpoint()
    calm = _open_tones(calm)
    lines = np.maximum(
        ink_lines(calm, flow, 1.1 * unit, threshold=0.012, softness=0.02),
        ink_lines(calm, flow, 2.2 * unit, threshold=0.022, softness=0.03),
    )
    return np.asarray(
        np.repeat((255.0 * (1.0 - 0.95 * _without_specks(lines, unit)) + 0.5)[..., None], 3, axis=2), np.uint8
    )


def _without_specks(lines: FloatImage, unit: float) -> FloatImage:
    """Drop lines too short to mean anything."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((lines > 0.25).astype(np.uint8), connectivity=8)
    longest = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = longest >= 12.0 * unit
    keep[0] = True
    return lines * keep[labels] if count > 1 else lines


def _open_tones(gray: FloatImage) -> FloatImage:
    """Stretch tones to the whole range and lift the shadows a little, as one draws a dark subject on white paper."""
    low, high = np.percentile(gray[::4, ::4], (1.0, 99.0))
    stretched = np.clip((gray - low) / max(float(high - low), 0.2), 0.0, 1.0)
    middle = float(np.clip(np.median(stretched[::4, ::4]), 0.15, 0.85))
    gamma = np.clip(np.log(0.62) / np.log(middle), 0.45, 1.25)
    return np.asarray(stretched**gamma, dtype=np.float32)


def _hatch(size_hw: tuple[int, ...], rng: np.random.Generator, angle: float, unit: float) -> FloatImage:
    """Return strokes at (about) an angle as (H, W) float32 noise with mean 0 and standard deviation 1."""
    height, width = size_hw[0], size_hw[1]
    side = int(np.hypot(height, width)) + 8
    noise = rng.standard_normal((side, side), dtype=np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=8.0 * unit, sigmaY=max(0.3, 0.65 * unit))
    turn = np.radians(angle)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    columns, rows = columns - width / 2, rows - height / 2
    bend = 5.0 * unit * cloud_noise((height, width), rng, 160.0 * unit, 1)
    across = columns * cos - rows * sin + side / 2
    down = columns * sin + rows * cos + side / 2 + bend
    drawn = cv2.remap(streaks, across, down.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray((drawn - drawn.mean()) / max(float(drawn.std()), 1e-6), dtype=np.float32)


def _toned(gray: FloatImage, tint: tuple[float, float]) -> Pixels:
    """Return (H, W) float [0, 1] as an sRGB picture with a trace of warmth in Oklab (a, b)."""
    value = np.clip(gray, 0.0, 1.0)
    warm = np.dstack([value * (1.0 + 2.0 * tint[0]), value, value * (1.0 - 4.0 * tint[1])])
    return np.asarray(np.clip(warm * 255.0 + 0.5, 0, 255), dtype=np.uint8)
