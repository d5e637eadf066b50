"""Put a new sky behind the land, light the land from it, and let water mirror it; add what shines in the sky."""

import cv2
import numpy as np

from retouch.editor.instructions.plan import ChangeLight, LightKind
from retouch.editor.operations.light.moods import Mood
from retouch.editor.operations.light.place import Place
from retouch.editor.operations.light.relight import bloom, existing_lights, relight_land
from retouch.editor.operations.light.sky import render_sky
from retouch.editor.operations.light.stars import lightning, moon, starlight
from retouch.editor.operations.light.weather import add_fog
from retouch.images.array_types import FloatImage, Mask
from retouch.images.color import luminance
from retouch.images.masks import smoothstep

__all__ = ["new_sky", "relight_scene", "shine_in_sky"]


def new_sky(place: Place, mood: Mood, rng: np.random.Generator) -> FloatImage:
    """Render a mood's sky for a picture, with the picture's own grain: (H, W, 3) float32, linear light."""
    sky = render_sky(place.view, mood, rng)
    grain = rng.standard_normal(sky.shape[:2], dtype=np.float32)
    # A step of sRGB is worth more linear light the brighter it is: 2.2 times the level to the power of 1.2 / 2.2.
    step = 2.2 * np.power(np.maximum(sky, 1e-4), np.float32(0.545))
    return np.maximum(sky + place.grain * grain[..., None] * step, 0.0)


def relight_scene(
    place: Place, land: FloatImage, mood: Mood, operation: ChangeLight, depth: Mask,
    rng: np.random.Generator,
) -> FloatImage:  # fmt: skip
    """Return the whole picture in a mood's light: (H, W, 3) float32, linear light, not yet rolled off at white."""
    strength = operation.strength if operation.strength >= 1 else 1.0
    width = land.shape[1]
    lamps = existing_lights(place.linear, place.sky_alpha, place.median) if mood.land_tone < 0.06 else None
    facing = None
    if 0 < mood.sun_elevation < 12:
        cols = np.arange(width, dtype=np.float32)
        facing = np.exp(-(((cols - place.view.sun_col) / (0.75 * width)) ** 2))[None, :]
    image = relight_land(land, mood, median=place.median, strength=strength, sun_side=facing)
    if lamps is not None and float(lamps.max()) > 0:
        shining = place.land * lamps[..., None]
        image = np.maximum(image, shining * 1.05) + bloom(shining, 0.55)
    if place.sky is None:
        return image
    sky = new_sky(place, mood, rng)
    if mood.haze > 0:
        horizon = mood.ramp()[3] * 0.8
        open_land = 1.0 - place.sky.alpha
        hazy = add_fog(
            image, (depth * open_land).astype(np.float32), mood.haze * strength * 1.6, horizon, rng, banks=0.0
        )
        image = image + open_land[..., None] * (hazy - image)
    if float(place.water.max()) > 0.5:
        image = _mirror_in_water(image, place, land, sky)
    image = image + place.sky.alpha[..., None] * sky
    # Light from a bright low sky creeps over the edge of what stands before it.
    return image + bloom(np.maximum(sky - 0.75, 0.0) * place.sky.alpha[..., None], 0.28)


def _mirror_in_water(image: FloatImage, place: Place, land: FloatImage, sky: FloatImage) -> FloatImage:
    """Let water mirror its new sky: turned over at the horizon, broken by the waves' own light and dark.

    The nearer the horizon, the more the water is a mirror (Fresnel); the rest is the water's own color, relit as the land is.
    """
    height, width = place.water.shape
    small_hw = (max(8, height // 8), max(8, width // 8))
    # Waves draw reflections out downwards.
    smooth = cv2.blur(cv2.resize(np.minimum(sky, 2.0), small_hw[::-1], interpolation=cv2.INTER_AREA), (5, 9))
    rows, cols = np.mgrid[: small_hw[0], : small_hw[1]].astype(np.float32)
    horizon = np.float32(place.view.horizon / 8)
    mirrored = np.clip(2 * horizon - rows, 0, horizon)
    turned = cv2.remap(smooth, cols, mirrored, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    reflected = cv2.resize(turned, (width, height), interpolation=cv2.INTER_LINEAR)
    level = luminance(land) + 0.01
    around = cv2.resize(level, small_hw[::-1], interpolation=cv2.INTER_AREA)
    around = cv2.resize(cv2.blur(around, (small_hw[1] // 12 + 1, small_hw[0] // 12 + 1)), (width, height))
    waves = np.clip(level / around, 0.25, 1.9)
    below = np.clip((np.arange(height, dtype=np.float32)[:, None] - place.view.horizon) / (0.6 * height), 0.0, 1.0)
    share = (place.water * (0.68 - 0.4 * below))[..., None]
    return np.asarray(image + share * (0.85 * reflected * waves[..., None] - image), dtype=np.float32)


def shine_in_sky(
    image: FloatImage, place: Place, operation: ChangeLight, subject: Mask, rng: np.random.Generator
) -> FloatImage:
    """Add stars, moon and lightning where a change asks for them or its night has them."""
    assert place.sky is not None
    kinds, alpha = operation.kinds, place.sky.alpha
    overcast = any(
        kind in kinds for kind in (LightKind.RAIN, LightKind.SNOWFALL, LightKind.OVERCAST, LightKind.THUNDERSTORM)
    )
    foggy = LightKind.FOG in kinds
    amount = 1.0 if LightKind.STARS in kinds else 0.8 if LightKind.NIGHT in kinds else 0.0
    if LightKind.DUSK in kinds or LightKind.BLUE_HOUR in kinds:
        amount = max(amount, 0.12)
    if amount > 0 and not overcast and not foggy:
        light = starlight(image, place.view.horizon, amount * max(1.0, operation.strength), rng)
        open_sky = cv2.erode(alpha, np.ones((3, 3), np.uint8)) ** 4
        image = image + open_sky[..., None] * light
    if LightKind.MOON in kinds:
        image = _add_moon(image, alpha, rng)
    if LightKind.LIGHTNING in kinds or LightKind.THUNDERSTORM in kinds:
        image = _add_lightning(image, alpha, subject, rng)
    return image


def _add_moon(image: FloatImage, alpha: Mask, rng: np.random.Generator) -> FloatImage:
    """Add a full moon where the sky is open: bright at night, pale by day."""
    height, width = alpha.shape
    radius = 0.019 * max(height, width)
    row, col = _open_place(alpha, radius * 2.2, rng)
    disc, halo = moon((height, width), (row, col), radius, rng)
    level = float(luminance(image[int(row) : int(row) + 1, int(col) : int(col) + 1])[0, 0])
    night = 1.0 - float(smoothstep(0.02, 0.2, np.array(level, np.float32)))
    color = np.array([1.0, 0.965, 0.88], np.float32)
    light = (0.42 + 0.5 * night) * disc[..., None] * color + night * 0.9 * halo[..., None] * color
    solid = (disc * night)[..., None]
    with_moon = image * (1.0 - solid) + light
    return np.asarray(image + alpha[..., None] * (with_moon - image), dtype=np.float32)


def _open_place(alpha: Mask, clearance_px: float, rng: np.random.Generator) -> tuple[float, float]:
    """Return a place (row, col) with open sky around it, in the upper part if there is one, off the middle."""
    step = 8
    solid = (alpha[::step, ::step] > 0.9).astype(np.uint8)
    framed = cv2.copyMakeBorder(solid, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    room = cv2.distanceTransform(framed, cv2.DIST_L2, 3)[1:-1, 1:-1] * step
    enough = room >= min(clearance_px, 0.8 * float(room.max()))
    rows, cols = np.nonzero(enough)
    height, width = solid.shape
    off_middle = np.abs(cols / width - 0.5)
    score = -rows / height * 0.8 - np.abs(off_middle - 0.26) + rng.uniform(0, 0.35, rows.size)
    best = int(np.argmax(score))
    return float(rows[best] * step), float(cols[best] * step)


def _add_lightning(image: FloatImage, alpha: Mask, subject: Mask, rng: np.random.Generator) -> FloatImage:
    """Add a bolt down to the skyline, away from the subject; it lights the clouds around it and, faintly, the land."""
    height, width = alpha.shape
    wished = width * float(rng.uniform(0.15, 0.85))
    columns = np.arange(width)
    open_sky = (
        (alpha > 0.5).sum(axis=0) / height - 0.6 * (subject > 0.5).any(axis=0) - 0.5 * np.abs(columns - wished) / width
    )
    open_sky[: width // 12] = open_sky[-(width // 12) :] = -9.0
    col = float(np.argmax(open_sky))
    rows = np.flatnonzero(alpha[:, int(col)] > 0.5)
    if rows.size == 0:
        return image
    end = (float(rows[-1]) + 0.02 * height, col + float(rng.uniform(-0.08, 0.08)) * width)
    bolt, glow = lightning((height, width), (float(rows[0]) - 4.0, col), end, rng)
    color = np.array([0.86, 0.9, 1.0], np.float32)
    lit = image * (1.0 + (1.6 * alpha + 0.35 * (1.0 - alpha))[..., None] * glow[..., None])
    lit = lit + (alpha * 0.1 * glow)[..., None] * color
    return np.asarray(lit + (1.6 * alpha * bolt)[..., None] * color, dtype=np.float32)
