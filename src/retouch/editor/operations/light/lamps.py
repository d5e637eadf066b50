"""Lamps: a spotlight, studio light, a rim light, light from behind.

All take and return (H, W, 3) float32 linear light; what they return may exceed 1 and is rolled off later. ``matte`` is that of
the lit subject, (H, W) float32 [0, 1]; ``side`` is -1 for a lamp on the left and 1 for one on the right; a ``strength`` of 1 is
the usual.
"""

from typing import Final

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask
from retouch.images.filters import resize_float
from retouch.images.masks import bounding_box, smoothstep

__all__ = ["back_light", "rim_light", "spotlight", "studio_light"]

_WARM: Final = np.array([1.08, 1.0, 0.86], np.float32)
_KEY: Final = np.array([1.03, 1.0, 0.96], np.float32)
_WORKING_PX: Final = 320


def spotlight(linear: FloatImage, lit: Mask, strength: float) -> FloatImage:
    """Leave the picture in the dark but for a pool of light around what ``lit`` marks.

    Parameters
    ----------
    linear : (H, W, 3) float32, linear light
    lit : (H, W) float32 [0, 1]
        All 0 means the picture's middle.
    strength : float
    """
    height, width = lit.shape
    box = bounding_box((lit > 0.5).astype(np.float32))
    rows_in, cols_in = (
        box if box is not None else (slice(height // 4, 3 * height // 4), slice(width // 3, 2 * width // 3))
    )
    center_row, center_col = (rows_in.start + rows_in.stop) / 2, (cols_in.start + cols_in.stop) / 2
    radius_row = np.clip(0.55 * (rows_in.stop - rows_in.start), 0.16 * height, 0.4 * height)
    radius_col = np.clip(0.58 * (cols_in.stop - cols_in.start), 0.12 * width, 0.36 * width)
    rows, cols = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot((rows - center_row) / radius_row, (cols - center_col) / radius_col)
    pool = smoothstep(1.35, 0.35, away)
    beam_half = radius_col * (0.12 + 0.88 * np.clip(rows / max(center_row, 1.0), 0.0, 1.0))
    beam = smoothstep(1.0, 0.3, np.abs(cols - center_col) / beam_half) * (rows < center_row) * (1.0 - pool)
    ambient = 0.075 ** min(strength, 1.3)
    gain = ambient + (1.18 - ambient) * pool + 0.05 * beam
    cool = np.array([0.88, 0.96, 1.14], np.float32)
    tint = cool + pool[..., None] * (_WARM - cool)
    haze = (0.018 * beam * np.clip(1.0 - rows / height, 0.3, 1.0))[..., None] * _WARM
    return np.asarray(linear * gain[..., None] * tint + haze, dtype=np.float32)


def studio_light(linear: FloatImage, matte: Mask, side: float, strength: float) -> FloatImage:
    """Light a subject with a large soft lamp from one side above, and let what is behind it fall off."""
    lean_col, lean_row = _lean(matte)
    facing = np.clip(0.75 * side * lean_col - 0.65 * lean_row, -1.0, 1.0)
    modeled = np.exp2(strength * (0.62 * facing + 0.1))
    height, width = matte.shape
    rows, cols = np.mgrid[:height, :width].astype(np.float32)
    fall = np.hypot((rows / height - 0.45) / 0.8, (cols / width - 0.5 - 0.12 * side) / 0.75)
    behind = np.exp2(-strength * (0.55 + 1.5 * np.clip(fall, 0.0, 1.2) ** 2))
    gain = behind + matte * (modeled - behind)
    tint = 1.0 + matte[..., None] * (_KEY - 1.0)
    return np.asarray(linear * gain[..., None] * tint, dtype=np.float32)


def rim_light(linear: FloatImage, matte: Mask, side: float, strength: float) -> FloatImage:
    """Draw a bright edge along the side of a subject that faces a lamp behind it."""
    lean_col, lean_row = _lean(matte)
    facing = smoothstep(-0.1, 0.7, side * lean_col - 0.35 * lean_row)
    rim = _edge(matte, 0.006) * facing
    glow = _edge(matte, 0.02) * facing
    light = strength * (2.1 * rim + 0.5 * glow)
    dimmed = linear * np.float32(0.72 ** min(strength, 1.5))
    return np.asarray(dimmed + light[..., None] * _WARM * (0.2 + 1.3 * linear), dtype=np.float32)


def back_light(linear: FloatImage, matte: Mask, strength: float) -> FloatImage:
    """Put a warm lamp behind a subject: a glow around it, a bright outline, a darker front."""
    height, width = matte.shape
    rows_in, cols_in = bounding_box((matte > 0.5).astype(np.float32)) or (slice(0, height), slice(0, width))
    center_row = rows_in.start + 0.3 * (rows_in.stop - rows_in.start)
    center_col = (cols_in.start + cols_in.stop) / 2
    rows, cols = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot(rows - center_row, cols - center_col) / max(height, width)
    glow = strength * (0.5 * np.exp(-((away / 0.2) ** 2)) + 0.3 * np.exp(-away / 0.3)) * (1.0 - matte)
    front = 1.0 - 0.45 * min(strength, 1.5) * matte
    rim = strength * (1.5 * _edge(matte, 0.007) + 0.45 * _edge(matte, 0.022))
    lit = linear * front[..., None] * (1.0 + 0.9 * glow[..., None] * _WARM) + 0.22 * glow[..., None] * _WARM
    return np.asarray(lit + rim[..., None] * _WARM * (0.14 + 1.2 * linear), dtype=np.float32)


def _edge(matte: Mask, width_share: float) -> Mask:
    """Return a band along the inside of a matte's outline, 1 at the edge: (H, W) float32."""
    sigma = max(1.0, width_share * max(matte.shape))
    # Beyond the picture's border the subject goes on: no edge there.
    soft = cv2.GaussianBlur(matte, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(matte * np.clip(2.0 * (1.0 - soft), 0.0, 1.0) ** 1.5, dtype=np.float32)


def _lean(matte: Mask) -> tuple[FloatImage, FloatImage]:
    """Return how far the subject's surface leans to the right and down, -1 to 1: its matte taken for a rounded body."""
    height, width = matte.shape
    scale = min(1.0, _WORKING_PX / max(height, width))
    small = resize_float(matte, (max(8, round(height * scale)), max(8, round(width * scale))))
    spread = max(2.0, 0.2 * float(np.sqrt(max(float((small > 0.5).sum()), 1.0))))
    rounded = cv2.GaussianBlur(small, (0, 0), spread, borderType=cv2.BORDER_REPLICATE)
    col, row = -cv2.Sobel(rounded, cv2.CV_32F, 1, 0, ksize=3), -cv2.Sobel(rounded, cv2.CV_32F, 0, 1, ksize=3)
    inside = small > 0.5
    norm = max(float(np.percentile(np.hypot(col, row)[inside], 95)) if inside.any() else 1.0, 1e-5)
    return tuple(resize_float(np.clip(part / norm, -1.0, 1.0), (height, width)) for part in (col, row))  # type: ignore[return-value]
