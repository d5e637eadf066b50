"""Lay a flat surface over a body: rounded like a torso, and moved along with its folds."""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from retouch.editor.operations.print.shape import PrintSurface
from retouch.editor.scene.scene import Scene
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import linear_to_oklab, luminance, srgb_to_linear
from retouch.images.masks import largest_component, smoothstep

__all__ = ["UPPER_BODY", "drape", "torso_mask"]

UPPER_BODY: Final = frozenset(
    """
        t-shirt shirt hoodie sweater sweatshirt jumper jersey jacket coat dress suit uniform vest blouse cardigan blazer
        spacesuit
    """.split()  # noqa: SIM905 - a table of words is read, not run
)
"""Clothes whose front is the chest."""

_ROUNDNESS: Final = 1.25
"""Radius of the body against half of the width of what is seen of it."""
_MOST_SHIFT: Final = 0.022
"""How far a fold moves the print, as a share of the print's height."""
_FOLD_SHARE: Final = 0.02
_SAME_CLOTH: Final = 0.09
_LEAST_CHEST: Final = 0.5
"""Share of the chest that must be the person's: beside a face in profile there is something else."""


def drape(surface: PrintSurface, pixels: Pixels, *, is_worn: bool) -> PrintSurface:
    """Bend a flat surface as cloth hangs.

    Parameters
    ----------
    surface : PrintSurface
        Flat and upright; not changed.
    pixels : (H, W, 3) uint8, sRGB
    is_worn : bool
        Whether there is a body in it, which rounds it.

    Returns
    -------
    PrintSurface

    Notes
    -----
    Shape from shading in its crudest form: the relief of a fold is the band-passed log luminance, and a print is shifted along
    the relief's slope, by 2 % of its height at most.
    """
    across, along = surface.across, surface.along
    facing = surface.facing
    if is_worn:
        rows = np.abs(along) < 0.5 * surface.max_along
        columns = np.flatnonzero((surface.visible > 0.5)[rows.any(axis=1)].mean(axis=0) > 0.5)
        half = 0.5 * float(columns[-1] - columns[0]) if columns.size else surface.max_across
        radius = max(_ROUNDNESS * half, 0.75 * surface.max_across)
        sine = np.clip(across / radius, -0.98, 0.98)
        across = np.asarray(np.arcsin(sine) * radius, np.float32)
        facing = np.asarray(np.sqrt(1.0 - sine * sine), np.float32)
    shift = _fold_shift(pixels[surface.box][..., :3], surface)
    return replace(
        surface,
        across=(across + shift[..., 0]).astype(np.float32),
        along=(along + shift[..., 1]).astype(np.float32),
        facing=facing,
    )


def _fold_shift(base: Pixels, surface: PrintSurface) -> FloatImage:
    """Return how far each point of a print is moved by the folds under it, (h, w, 2) float32, in pixels."""
    seen = surface.visible > 0.5
    level = np.log(np.maximum(luminance(srgb_to_linear(np.ascontiguousarray(base))), 0.01))
    middle = float(np.median(level[seen])) if seen.any() else 0.0
    level = np.where(seen, np.clip(level, middle - 1.2, middle + 1.2), middle).astype(np.float32)
    size = float(np.sqrt(surface.max_along * surface.max_across))
    fine, coarse = max(1.0, _FOLD_SHARE * size), max(3.0, 6 * _FOLD_SHARE * size)
    relief = cv2.GaussianBlur(level, (0, 0), fine) - cv2.GaussianBlur(level, (0, 0), coarse)
    slope = np.dstack([cv2.Sobel(relief, cv2.CV_32F, 1, 0), cv2.Sobel(relief, cv2.CV_32F, 0, 1)]) / 8.0 * fine
    return np.asarray(np.tanh(2.5 * slope) * _MOST_SHIFT * size, dtype=np.float32)


def torso_mask(scene: Scene, horizontal: str | None = None) -> Mask | None:
    """Return the front of what a person wears, guessed from the face above it; None without a face or a chest below.

    Parameters
    ----------
    scene : Scene
    horizontal : {"left", "center", "right"} or None
        Whose: the largest face in that part of the picture.

    Returns
    -------
    (H, W) float32 [0, 1] or None

    Notes
    -----
    Three faces below the chin and two to each side, as far as the person reaches and the cloth has the color of the chest.
    """
    height, width = scene.pixels.shape[:2]
    thirds = {"left": (0.0, 0.5), "center": (0.25, 0.75), "right": (0.5, 1.0), None: (0.0, 1.0)}
    least, most = thirds[horizontal]
    face = next((each for each in scene.faces if least <= each.box.center[0] / width <= most), None)
    if face is None:
        return None
    tall, wide, center = face.box.height, face.box.width, face.box.center[0]
    rows = slice(int(face.box.bottom + 0.4 * tall), int(min(height, face.box.bottom + 3.2 * tall)))
    columns = slice(int(max(0, center - 2.2 * wide)), int(min(width, center + 2.2 * wide)))
    if rows.stop - rows.start < 0.9 * tall:
        return None
    lab = linear_to_oklab(srgb_to_linear(np.ascontiguousarray(scene.pixels[rows, columns])))
    person = scene.subject.matte[rows, columns] if scene.subject.present else np.ones(lab.shape[:2], np.float32)
    chest = (np.abs(np.arange(lab.shape[1]) + columns.start - center) < 0.9 * wide)[None, :] & (person > 0.9)
    if float(chest.sum()) < _LEAST_CHEST * 1.8 * wide * lab.shape[0]:
        return None
    cloth = np.median(lab[chest], axis=0)
    away = np.hypot(lab[..., 1] - cloth[1], lab[..., 2] - cloth[2]) + 0.25 * np.abs(lab[..., 0] - cloth[0])
    alike = (1.0 - smoothstep(_SAME_CLOTH, 1.6 * _SAME_CLOTH, away.astype(np.float32))) * person
    # Buttons, badges and seams belong to it: close the holes.
    size = max(3, round(0.16 * wide)) | 1
    closed = cv2.morphologyEx(alike, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    mask = np.zeros((height, width), np.float32)
    mask[rows, columns] = smoothstep(0.35, 0.65, closed)
    found = np.asarray(largest_component(mask) * mask, np.float32)
    return found if float(found.sum()) > 0.8 * tall * wide else None
