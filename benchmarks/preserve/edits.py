"""Edits whose truth is known: each takes a picture and returns the edited picture.

What changed follows from the two pictures (``changed_pixels``), so a soft shadow counts exactly as far as it is visible.
"""

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Edit = Callable[[Pixels, np.random.Generator], Pixels]
VISIBLE_DELTA_E: Final = 2.3
"""One just noticeable difference in CIELAB (Mahy et al., 1994)."""


def lab(pixels: Pixels) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab))


def changed_pixels(base: Pixels, edited: Pixels) -> npt.NDArray[np.bool_]:
    """Pixels whose color differs visibly, (H, W) bool."""
    return np.asarray(np.linalg.norm(lab(edited) - lab(base), axis=2) > VISIBLE_DELTA_E)


def touched_pixels(base: Pixels, edited: Pixels) -> npt.NDArray[np.bool_]:
    """Pixels that differ at all, (H, W) bool."""
    return np.asarray((base != edited).any(axis=2))


def ellipse(
    shape: tuple[int, ...], center: tuple[float, float], radii: tuple[float, float], soft_px: float = 1.0
) -> npt.NDArray[np.float32]:
    """An ellipse as a mask, center as (x, y)."""
    rows, cols = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    distance = np.hypot((cols - center[0]) / radii[0], (rows - center[1]) / radii[1])
    return np.asarray(np.clip((1 - distance) * min(radii) / soft_px + 0.5, 0, 1), dtype=np.float32)


def blend(base: Pixels, other: npt.NDArray[Any], alpha: npt.NDArray[np.float32]) -> Pixels:
    mixed = base + alpha[..., None] * (other.astype(np.float32) - base)
    return np.where(alpha[..., None] > 0, np.clip(mixed + 0.5, 0, 255), base).astype(np.uint8)


def place(shape: tuple[int, ...], rng: np.random.Generator, margin: float = 0.2) -> tuple[float, float]:
    """A place inside the picture as (x, y)."""
    return float(rng.uniform(margin, 1 - margin) * shape[1]), float(rng.uniform(margin, 1 - margin) * shape[0])


def other_content(base: Pixels) -> Pixels:
    """Photographic content from elsewhere in the picture, its colors turned."""
    turned = np.roll(base[::-1, ::-1], (base.shape[0] // 3, base.shape[1] // 4), (0, 1))[..., [1, 2, 0]]
    return np.ascontiguousarray(turned)


def insert_object(base: Pixels, rng: np.random.Generator) -> Pixels:
    """A textured object with a soft shadow on its right."""
    x, y = place(base.shape, rng, 0.25)
    size = base.shape[0] * rng.uniform(0.1, 0.2)
    shadow = ellipse(base.shape, (x + size * 0.9, y + size * 0.75), (size * 1.1, size * 0.3), soft_px=size * 0.15)
    shaded = blend(base, base * 0.55, shadow)
    return blend(shaded, other_content(base), ellipse(base.shape, (x, y), (size * 0.8, size), 1.5))


def remove_object(base: Pixels, rng: np.random.Generator) -> Pixels:
    """A part is filled in from its surroundings."""
    x, y = place(base.shape, rng, 0.25)
    size = base.shape[0] * rng.uniform(0.08, 0.15)
    hole = (ellipse(base.shape, (x, y), (size, size * 0.8), 1.0) > 0.5).astype(np.uint8)
    return np.asarray(cv2.inpaint(base, hole, 5, cv2.INPAINT_TELEA), dtype=np.uint8)


def shifted_lab(base: Pixels, alpha: npt.NDArray[np.float32], delta: tuple[float, float, float]) -> Pixels:
    moved = lab(base) + np.array(delta, np.float32)
    rgb = np.clip(cv2.cvtColor(moved, cv2.COLOR_Lab2RGB), 0, 1) * 255
    return blend(base, rgb, alpha)


def recolor(delta_e: float) -> Edit:
    """A region's hue is moved by so much, texture kept."""

    def edit(base: Pixels, rng: np.random.Generator) -> Pixels:
        angle = rng.uniform(0, 2 * np.pi)
        size = base.shape[0] * rng.uniform(0.12, 0.2)
        mask = ellipse(base.shape, place(base.shape, rng, 0.25), (size * 1.2, size), 2.0)
        delta = (-0.4 * delta_e, 0.917 * delta_e * np.cos(angle), 0.917 * delta_e * np.sin(angle))
        return shifted_lab(base, mask, delta)

    return edit


def small_patch(base: Pixels, rng: np.random.Generator) -> Pixels:
    """A mark of 16 px."""
    return blend(base, other_content(base), ellipse(base.shape, place(base.shape, rng), (8, 8), 1.0))


def faint_patch(base: Pixels, rng: np.random.Generator) -> Pixels:
    """A color change of delta E 6 on 40 px."""
    x, y = place(base.shape, rng)
    lighter = 1.0 if lab(base)[int(y), int(x), 0] < 50 else -1.0
    return shifted_lab(base, ellipse(base.shape, (x, y), (20, 20), 1.5), (4.0 * lighter, 4.4, 0.0))


def at_the_border(base: Pixels, rng: np.random.Generator) -> Pixels:
    """An object that the border cuts."""
    size = base.shape[0] * 0.15
    y = rng.uniform(0.2, 0.8) * base.shape[0]
    x = 0.0 if rng.random() < 0.5 else float(base.shape[1])
    return blend(base, other_content(base), ellipse(base.shape, (x, y), (size, size), 1.5))


def scattered(base: Pixels, rng: np.random.Generator) -> Pixels:
    """Twelve marks of 16 to 44 px all over the picture."""
    edited = base
    for _ in range(12):
        radius = rng.uniform(8, 22)
        edited = blend(
            edited, other_content(base), ellipse(base.shape, place(base.shape, rng, 0.08), (radius, radius), 1.0)
        )
    return edited


def lettering(base: Pixels, rng: np.random.Generator) -> Pixels:
    """A printed word."""
    x, y = place(base.shape, rng, 0.2)
    edited = base.copy()
    start = (int(min(x, base.shape[1] * 0.5)), int(y))
    color = tuple(int(v) for v in rng.choice([20, 240], 3))
    cv2.putText(edited, "RETOUCH", start, cv2.FONT_HERSHEY_DUPLEX, base.shape[0] / 400, color, 3, cv2.LINE_AA)
    return edited


def smoothed_texture(base: Pixels, rng: np.random.Generator) -> Pixels:
    """A part loses its texture."""
    size = base.shape[0] * 0.18
    mask = ellipse(base.shape, place(base.shape, rng, 0.25), (size, size), 3.0)
    return blend(base, cv2.GaussianBlur(base, (0, 0), 6), mask)


def soft_shadow(base: Pixels, rng: np.random.Generator) -> Pixels:
    """A shadow without a hard edge."""
    size = base.shape[0] * 0.15
    mask = ellipse(base.shape, place(base.shape, rng, 0.25), (size * 1.5, size), size * 0.5)
    return blend(base, base * 0.7, mask)


def new_background(base: Pixels, _rng: np.random.Generator) -> Pixels:
    """A subject in the middle is kept, everything else is new."""
    height, width = base.shape[:2]
    mask = ellipse(base.shape, (width * 0.5, height * 0.55), (width * 0.22, height * 0.38), 1.5)
    return blend(base, other_content(base), 1 - mask)


def stylized(base: Pixels, _rng: np.random.Generator) -> Pixels:
    """The whole picture as a painting."""
    return np.asarray(
        cv2.stylization(base[..., ::-1].copy(), sigma_s=40, sigma_r=0.5)[..., ::-1], dtype=np.uint8
    ).copy()


def relit(base: Pixels, _rng: np.random.Generator) -> Pixels:
    """The whole picture at dusk."""
    ramp = np.linspace(0.35, 0.75, base.shape[1], dtype=np.float32)[None, :, None]
    return np.asarray(np.clip(base * ramp * np.array([1.15, 0.85, 0.75], np.float32), 0, 255), dtype=np.uint8)


def monochrome(base: Pixels, _rng: np.random.Generator) -> Pixels:
    """Black and white."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(base, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8)


LOCAL_EDITS: Final[dict[str, Edit]] = {
    "insert": insert_object,
    "remove": remove_object,
    "recolor dE 20": recolor(20),
    "recolor dE 6": recolor(6),
    "small 16 px": small_patch,
    "faint 40 px dE 6": faint_patch,
    "border": at_the_border,
    "scattered": scattered,
    "lettering": lettering,
    "smoothed": smoothed_texture,
    "soft shadow": soft_shadow,
    "background": new_background,
}
GLOBAL_EDITS: Final[dict[str, Edit]] = {"stylized": stylized, "relit": relit, "monochrome": monochrome}
