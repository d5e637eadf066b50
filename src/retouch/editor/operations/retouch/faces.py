"""Retouch of people: red eyes, skin, teeth, eyes. Each returns the edited pixels and the mask of what it touched."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.operations.retouch.detail import luma, smooth_by_edges
from retouch.editor.scene.values import Face
from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import linear_to_oklab, linear_to_srgb, oklab_to_linear_in_gamut, srgb_to_linear

__all__ = ["brighten_eyes", "find_red_eyes", "fix_red_eyes", "smooth_skin", "whiten_teeth"]

_RED_OVER_REST: Final = 1.45
_LEAST_RED: Final = 0.2
_PUPIL: Final = 0.75
_LEAST_SHARE: Final = 0.04


def find_red_eyes(image: FloatImage, faces: tuple[Face, ...]) -> Mask:
    """Return where pupils glow red: (H, W) float32 [0, 1], soft; all 0 where none do.

    Notes
    -----
    Within 0.75 of an eye's half-width: red at least 1.45 times the mean of green and blue. A few scattered pixels (lids,
    veins) don't count: the red must fill a twentieth of the eye.
    """
    height, width = image.shape[:2]
    found = np.zeros((height, width), np.float32)
    red, rest = image[..., 0], image[..., 1:].mean(axis=2)
    glows = (red > _RED_OVER_REST * rest) & (red > _LEAST_RED)
    rows, columns = np.mgrid[:height, :width]
    for face in faces:
        radius = max(1.5, _PUPIL * face.eye_radius)
        for x, y in face.eyes:
            inside = (columns - x) ** 2 + (rows - y) ** 2 < radius**2
            pupil = (glows & inside).astype(np.uint8)
            count, labels, stats, _ = cv2.connectedComponentsWithStats(pupil, connectivity=8)
            if count < 2:
                continue
            largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
            if stats[largest, cv2.CC_STAT_AREA] >= _LEAST_SHARE * np.pi * radius**2:
                found = np.maximum(found, (labels == largest).astype(np.float32))
    grown = cv2.dilate(found, np.ones((3, 3), np.uint8))
    soft = np.clip(cv2.GaussianBlur(grown, (0, 0), 0.8) * 1.4, 0.0, 1.0)
    return np.asarray(np.where(soft > 0.05, soft, 0.0), dtype=np.float32)


def fix_red_eyes(image: FloatImage) -> FloatImage:
    """Return the image with red taken down to what green and blue say; catchlights stay, for they are not red."""
    fixed = image.copy()
    rest = image[..., 1:].mean(axis=2)
    fixed[..., 0] = np.minimum(image[..., 0], rest)
    return np.asarray(fixed * np.where(rest < 0.6, 0.85, 1.0)[..., None], dtype=np.float32)


def smooth_skin(image: FloatImage, strength: float, face_px: float) -> FloatImage:
    """Even out blotches and lines, keep pores: the middle of three frequency bands is damped.

    Parameters
    ----------
    image : (H, W, 3) float32 [0, 1], sRGB
    strength : float
    face_px : float
        Width of the face, which says how large a pore and a blotch are.
    """
    fine_px, blotch_px = max(0.8, 0.008 * face_px), max(3.0, 0.045 * face_px)
    smooth = np.dstack([smooth_by_edges(image[..., c], round(blotch_px), 0.006) for c in range(3)])
    texture = image - cv2.GaussianBlur(image, (0, 0), fine_px)
    amount = min(0.9, 0.65 * strength)
    kept = smooth + 0.55 * texture
    return np.asarray(np.clip(image + amount * (kept - image), 0.0, 1.0), dtype=np.float32)


def whiten_teeth(image: FloatImage, strength: float) -> FloatImage:
    """Take the yellow out of teeth and lift them a little, short of paper white."""
    lab = linear_to_oklab(srgb_to_linear(image))
    amount = min(1.0, 0.6 * strength)
    lab[..., 1] *= 1.0 - 0.5 * amount
    lab[..., 2] = lab[..., 2] * (1.0 - 0.75 * amount)
    lab[..., 0] = lab[..., 0] + 0.09 * amount * (1.0 - lab[..., 0]) * 2.0
    return linear_to_srgb(oklab_to_linear_in_gamut(lab))


def brighten_eyes(image: FloatImage, strength: float) -> FloatImage:
    """Give eyes light and contrast: whites and iris rise, the pupil stays black."""
    before = luma(image)
    rise = 0.14 * strength * before * (1.0 - before) * 2.0
    detail = before - cv2.GaussianBlur(before, (0, 0), 2.5)
    after = np.clip(before + rise + 0.5 * strength * detail, 0.0, 1.0)
    ratio = np.clip(after / np.maximum(before, 0.04), 0.5, 1.8)[..., None]
    return np.asarray(np.clip(image * ratio, 0.0, 1.0), dtype=np.float32)
