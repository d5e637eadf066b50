"""Shadows and reflections of a new object, as how much light they take away."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.scene.scene import Light
from retouch.images.array_types import FloatImage, Mask
from retouch.images.compose import Layer, overlap

__all__ = ["SHADOW_TINT", "ambient_shadow", "cast_shadow", "contact_shadow", "water_reflection", "worn_shade"]

SHADOW_TINT: Final = np.array([0.26, 0.29, 0.34], np.float32)
"""What is left of the light in a full shadow: the blue of the sky more than the rest."""

FAINTEST: Final = 1.0 / 255.0
"""A shadow fainter than this can't change an 8-bit pixel and is cut to 0."""


def contact_shadow(alpha: Mask, picture_hw: tuple[int, int], top: int, left: int) -> Mask:
    """Darken the ground right under an object, where no light gets in.

    Parameters
    ----------
    alpha : (h, w) float32 [0, 1]
        Of the object at its final size.
    picture_hw : tuple of two int
    top, left : int
        Where the object's first pixel is.

    Returns
    -------
    (H, W) float32 [0, 1]
        1 = no light left. Exactly 0 away from the object.
    """
    h, w = alpha.shape
    base = _base_row(alpha)
    profile = _touching_profile(alpha, base)
    # What touches the ground, drawn as a flat blob on it: wide at the contact, soft outside.
    thickness = max(2.0, 0.045 * max(h, w))
    tall = int(np.ceil(6 * thickness))
    margin = int(np.ceil(4 * thickness))
    rows = np.arange(tall, dtype=np.float32) - tall / 2
    blob = np.exp(-0.5 * (rows / (thickness * 0.55)) ** 2)[:, None] * profile[None, :]
    blob = cv2.copyMakeBorder(blob.astype(np.float32), 0, 0, margin, margin, cv2.BORDER_CONSTANT, value=0)
    tight = cv2.GaussianBlur(blob, (0, 0), thickness * 0.45)
    wide = cv2.GaussianBlur(blob, (0, 0), thickness * 1.5)
    shade = np.clip(0.95 * tight + 0.75 * wide, 0, 0.93)
    return _place(shade, picture_hw, top + base - tall // 2 + round(0.25 * thickness), left - margin)


def ambient_shadow(alpha: Mask, picture_hw: tuple[int, int], top: int, left: int) -> Mask:
    """Darken the ground below an object's body, which hides part of the sky from it: there under any light.

    Parameters
    ----------
    alpha, picture_hw, top, left
        As for ``contact_shadow``.
    """
    w = alpha.shape[1]
    base = _base_row(alpha)
    heights = (base - np.arange(base + 1, dtype=np.float32)) / max(base, 1)
    # What is close to the ground hides more of the sky from it.
    body = (alpha[: base + 1] * np.exp(-heights / 0.35)[:, None]).sum(axis=0) / max(0.30 * base, 1.0)
    tall, margin = max(6, round(0.5 * w)), max(6, round(0.3 * w))
    rows = (np.arange(tall, dtype=np.float32) - tall / 2) / max(0.055 * w, 1.0)
    blob = np.exp(-0.5 * rows**2)[:, None] * np.clip(body, 0, 1)[None, :]
    padded = cv2.copyMakeBorder(blob.astype(np.float32), 0, 0, margin, margin, cv2.BORDER_CONSTANT, value=0)
    soft = cv2.GaussianBlur(padded, (0, 0), max(1.0, 0.055 * w), sigmaY=max(1.0, 0.025 * w))
    return _place(0.50 * soft, picture_hw, top + base - tall // 2, left - margin)


def cast_shadow(
    alpha: Mask, picture_hw: tuple[int, int], top: int, left: int, light: Light, ground_tilt: float
) -> Mask:
    """Throw the object's silhouette on the ground, away from the light.

    Parameters
    ----------
    alpha : (h, w) float32 [0, 1]
    picture_hw : tuple of two int
    top, left : int
    light : Light
        Its direction turns the shadow; its hardness makes it dark and crisp.
    ground_tilt : float
        How steeply the camera looks down on the ground: 0.1 (grazing) to 0.6; how far the shadow rises in the picture.

    Returns
    -------
    (H, W) float32 [0, 1]

    Notes
    -----
    The silhouette is sheared about the row where it stands; it grows softer with its distance from the foot.
    """
    h, w = alpha.shape
    base = _base_row(alpha)
    across = float(np.clip(light.direction_x, -1, 1))
    # A side that is known at all throws the shadow clearly to the other one; a frontal light throws it behind the object.
    shear = -np.sign(across) * min(1.1, 0.30 + 0.9 * abs(across)) if abs(across) > 0.08 else 0.12
    rise = ground_tilt * (0.42 + 0.35 * (1 - abs(across)))
    margin = int(0.25 * max(h, w)) + 8
    lean = int(abs(shear) * h)
    width = w + 2 * margin + lean
    offset = margin + (lean if shear < 0 else 0)
    tall = int(h * rise) + 2 * margin
    # (u, v) of the silhouette goes to (u + shear * height, foot - rise * height).
    foot = tall - margin
    matrix = np.array([[1.0, -shear, offset + shear * base], [0.0, rise, foot - rise * base]], np.float32)
    flat = cv2.warpAffine(alpha[: base + 1], matrix, (width, tall), flags=cv2.INTER_AREA)
    crisp_sigma = max(1.0, (0.010 + 0.06 * (1 - light.hardness) ** 1.5) * max(h, w))
    # The penumbra lies on the ground, so it is foreshortened as the shadow is.
    flatness = float(np.clip(2 * rise, 0.2, 1.0))
    crisp, soft = (
        cv2.GaussianBlur(flat, (0, 0), sigma, sigmaY=max(0.7, flatness * sigma))
        for sigma in (crisp_sigma, 2.2 * crisp_sigma)
    )
    # A thin body's shadow must not vanish in its own penumbra.
    crisp, soft = (each / np.clip(each.max(), 0.6, 1.0) for each in (crisp, soft))
    away = np.clip((foot - np.arange(tall, dtype=np.float32)) / max(rise * h, 1.0), 0, 1)[:, None]
    shade = crisp * (1 - away) + soft * away
    strength = (0.42 + 0.56 * light.hardness) * (1 - 0.22 * away)
    return _place(shade * strength, picture_hw, top + base - foot, left - offset)


def worn_shade(alpha: Mask, on: Mask, top: int, left: int, light: Light) -> Mask:
    """Shade what a worn thing sits on, close below it and on nothing else.

    Parameters
    ----------
    alpha : (h, w) float32 [0, 1]
    on : (H, W) float32 [0, 1]
        The wearer's matte.
    """
    h = alpha.shape[0]
    margin = max(6, round(0.18 * h))
    drop = max(1, round(0.055 * h))
    padded = cv2.copyMakeBorder(alpha, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    tight = cv2.GaussianBlur(padded, (0, 0), max(0.8, 0.022 * h))
    wide = cv2.GaussianBlur(padded, (0, 0), max(1.5, 0.07 * h))
    shade = (0.34 * tight + 0.30 * wide).astype(np.float32)
    shift = round(-light.direction_x * drop * 0.7)
    placed = _place(shade, on.shape, top - margin + drop, left - margin + shift)
    return np.asarray(placed * on, dtype=np.float32)


def water_reflection(
    layer: Layer, picture_hw: tuple[int, int], top: int, left: int, rng: np.random.Generator
) -> tuple[FloatImage, Mask]:
    """Mirror an object in the water below it, broken by ripples.

    Returns
    -------
    (H, W, 3) float32, linear, and (H, W) float32 [0, 1]
        The mirrored colors and how much they show.
    """
    h, w = layer.alpha.shape
    base = _base_row(layer.alpha)
    tall = max(2, round(base * 0.62))
    mirrored = cv2.resize(layer.linear[: base + 1][::-1], (w, tall), interpolation=cv2.INTER_AREA)
    cover = cv2.resize(layer.alpha[: base + 1][::-1], (w, tall), interpolation=cv2.INTER_AREA)
    rows = np.arange(tall, dtype=np.float32)
    wavelength = max(3.0, 0.05 * h)
    phase = float(rng.uniform(0, 6.28))
    ripple = np.sin(rows / wavelength * 6.28 + phase) + 0.6 * np.sin(rows / wavelength * 3.9 + 2 * phase)
    shift = ripple * (0.004 + 0.010 * rows / tall) * w
    map_x = np.arange(w, dtype=np.float32)[None, :] + shift[:, None]
    map_y = np.broadcast_to(rows[:, None], (tall, w)).astype(np.float32)
    cover = cv2.remap(cover, map_x.astype(np.float32), map_y, cv2.INTER_LINEAR)
    mirrored = cv2.remap(mirrored, map_x.astype(np.float32), map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    fade = 0.5 * (1 - rows / tall)[:, None] ** 1.2
    sigma_x = max(0.8, 0.006 * w)
    cover = cv2.GaussianBlur(cover, (0, 0), sigma_x, sigmaY=max(0.8, 0.012 * h)) * fade
    shown = _place(cover.astype(np.float32), picture_hw, top + base - 1, left)
    colors = np.zeros((*picture_hw, 3), np.float32)
    window = overlap(picture_hw, (tall, w), top + base - 1, left)
    if window is not None:
        colors[window.rows, window.cols] = mirrored[window.layer_rows, window.layer_cols] * 0.7
    return colors, shown


def _base_row(alpha: Mask) -> int:
    """The lowest row that holds something solid."""
    rows = np.flatnonzero((alpha > 0.5).any(axis=1))
    return int(rows[-1]) if rows.size else alpha.shape[0] - 1


def _touching_profile(alpha: Mask, base: int) -> Mask:
    """Which columns touch the ground: their lowest solid row is near the base."""
    h, w = alpha.shape
    solid = alpha > 0.4
    lowest = np.where(solid.any(axis=0), h - 1 - np.argmax(solid[::-1], axis=0), -10 * h)
    gap = (base - lowest).astype(np.float32)
    profile = np.exp(-((np.clip(gap, 0, None) / max(1.5, 0.055 * h)) ** 2))
    smooth = cv2.GaussianBlur(profile[None, :].astype(np.float32), (0, 0), max(0.6, 0.006 * w))
    return np.asarray(smooth[0], dtype=np.float32)


def _place(shade: FloatImage, picture_hw: tuple[int, int], top: int, left: int) -> Mask:
    """Put a small shade into a mask of the picture's size; what can't be seen becomes exactly 0."""
    result = np.zeros(picture_hw, np.float32)
    window = overlap(picture_hw, (shade.shape[0], shade.shape[1]), top, left)
    if window is not None:
        part = np.clip(shade[window.layer_rows, window.layer_cols], 0, 1)
        # Fade out towards the edge of the small canvas, so that it never shows as a straight cut.
        result[window.rows, window.cols] = np.where(part > FAINTEST, part, 0)
    return result
