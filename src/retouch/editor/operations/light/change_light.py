"""Carry out a change of light or weather: look at the picture, season and snow, sky and relighting, air, lamps, lens."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.instructions.plan import ChangeLight, LightKind
from retouch.editor.operations.light.depth import estimate_depth
from retouch.editor.operations.light.grade_sky import can_be_graded, grade_sky
from retouch.editor.operations.light.heavens import new_sky, relight_scene, shine_in_sky
from retouch.editor.operations.light.lamps import back_light, rim_light, spotlight, studio_light
from retouch.editor.operations.light.moods import Mood, mood_for
from retouch.editor.operations.light.noise import add_grain, fractal_texture
from retouch.editor.operations.light.optics import lens_flare, light_source, sun_rays
from retouch.editor.operations.light.place import Place, is_outdoors, look_around
from retouch.editor.operations.light.relight import bloom, soft_shoulder
from retouch.editor.operations.light.season import turn_leaves
from retouch.editor.operations.light.snow_cover import lay_snow
from retouch.editor.operations.light.weather import add_fog, add_rain, add_snowfall
from retouch.editor.operations.stage import Context, Stage
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import linear_to_oklab, linear_to_srgb, luminance, oklab_to_linear_in_gamut, to_uint8
from retouch.types import Resolution

__all__ = ["change_light"]

_TIMES: Final = (
    LightKind.SUNRISE, LightKind.GOLDEN_HOUR, LightKind.SUNSET, LightKind.DUSK, LightKind.BLUE_HOUR, LightKind.NIGHT,
    LightKind.DAY,
)  # fmt: skip
_SKIES: Final = (
    LightKind.CLEAR, LightKind.CLOUDS, LightKind.DRAMATIC, LightKind.OVERCAST, LightKind.THUNDERSTORM, LightKind.STARS,
)  # fmt: skip
_IN_THE_SKY: Final = (*_SKIES, LightKind.MOON, LightKind.LIGHTNING)
_GRAY_WEATHER: Final = (LightKind.RAIN, LightKind.SNOWFALL)
_OUTDOORS: Final = (LightKind.FOG, LightKind.MIST, LightKind.HAZE, *_GRAY_WEATHER, LightKind.SNOW_COVER)
_ON_SUBJECT: Final = (LightKind.STUDIO_LIGHT, LightKind.RIM_LIGHT, LightKind.BACKLIGHT)
_COLORFUL: Final = (
    LightKind.SUNRISE, LightKind.GOLDEN_HOUR, LightKind.SUNSET, LightKind.DUSK, LightKind.BLUE_HOUR,
)  # fmt: skip
_FOG_DENSITY: Final = {LightKind.FOG: 3.0, LightKind.MIST: 1.35, LightKind.HAZE: 0.85}
_MIN_GREEN: Final = 0.015


def change_light(stage: Stage, operation: ChangeLight, context: Context) -> Stage:
    """Carry out "make it sunset", "add fog", "a rainy night", "put a spotlight on her", "make the sky dramatic".

    Parameters
    ----------
    stage : Stage
    operation : ChangeLight
        A strength of 0 leaves the picture as it is.
    context : Context
        Its generator decides clouds, stars, flakes, streaks, and the sun's side where the picture doesn't.

    Returns
    -------
    Stage
        Global, but for ``sky_only``: then pixels without sky are bit-identical.

    Raises
    ------
    UnsupportedInstructionError
        The picture lacks what the change needs: a sky, the outdoors, green leaves, a subject.
    EditAbortedError

    Notes
    -----
    Everything is computed in linear light at full size. O(H W); about half a second a megapixel.
    """
    if operation.strength == 0:
        return stage
    place = look_around(stage, context.rng)
    context.checkpoint()
    _refuse_what_cannot_be(stage, operation, place)
    kinds = frozenset(operation.kinds)
    resolutions: tuple[Resolution, ...] = ()
    lit = stage.scene.subject.matte
    if operation.target is not None:
        finding = stage.find(operation.target)
        lit = finding.mask
        resolutions = (
            Resolution(operation.target.phrase, finding.resolved_to, finding.confidence, verified=finding.verified),
        )
    if operation.grade and place.sky is not None:
        lab = linear_to_oklab(place.linear)
        if can_be_graded(lab, place.sky.alpha, in_color=place.tone is None):
            return _grade_sky(stage, operation, place.sky.alpha, lab)
    if operation.sky_only:
        return _change_sky_only(stage, operation, place, context)

    # 1. What lies and grows on the land, in the present light.
    land, notes = _dress_land(stage, operation, place, context)
    context.checkpoint()

    # 2. The hour and the sky.
    mood = _mood(operation, place)
    depth = estimate_depth(stage.scene, place.sky.alpha if place.sky is not None else None, place.view.horizon)
    if mood is not None:
        image = relight_scene(place, land, mood, operation, depth, context.rng)
    elif place.sky is not None:
        kept_sky = place.linear * place.sky.alpha[..., None]
        touched = LightKind.AUTUMN in kinds or LightKind.SNOW_COVER in kinds
        image = land + kept_sky if touched else place.linear
    else:
        image = land
    if place.sky is not None:
        image = shine_in_sky(image, place, operation, stage.scene.subject.matte, context.rng)
    context.checkpoint()

    # 3. The air, lamps, and the lens.
    image = _fill_air(image, stage, operation, place, depth, context.rng)
    image = _add_lamps(image, stage, operation, lit)
    context.checkpoint()
    image = _add_optics(image, stage, operation, place, context.rng)
    return stage.after(
        _finish(image, stage.pixels, place, operation, context.rng), None,
        resolutions=resolutions, notes=notes + _notes(operation, place),
    )  # fmt: skip


# What can be -------------------------------------------------------------------------------------------------------------


def _refuse_what_cannot_be(stage: Stage, operation: ChangeLight, place: Place) -> None:
    """Raise for what this picture lacks."""
    kinds, phrase = operation.kinds, operation.phrase
    if place.sky is None and (operation.sky_only or any(kind in kinds for kind in _IN_THE_SKY)):
        hint = (
            "I see no sky in this picture, so there is none to change. Light works here: "
            '"golden hour light", "make it night", "add sun rays", "put a spotlight on it".'
        )
        raise UnsupportedInstructionError((), (phrase,), hint)
    if any(kind in kinds for kind in _OUTDOORS) and not is_outdoors(stage.scene, place):
        hint = (
            "I see neither sky nor greenery in this picture; it seems to be indoors, without weather. Light works here: "
            '"golden hour light", "make it night", "add sun rays".'
        )
        raise UnsupportedInstructionError((), (phrase,), hint)
    if any(kind in kinds for kind in _ON_SUBJECT) and operation.target is None and not stage.scene.subject.present:
        hint = (
            f"No main subject stands out in this picture; I see {stage.scene.describe()}. Name what the light is for."
        )
        raise UnsupportedInstructionError((), (phrase,), hint)


def _mood(operation: ChangeLight, place: Place) -> Mood | None:
    """Return the sky and light to make, None where the present ones stay."""
    kinds = operation.kinds
    if any(kind in kinds for kind in (*_TIMES, *_SKIES)):
        already_night = LightKind.STARS in kinds and place.present is LightKind.NIGHT
        return None if already_night and not any(kind in kinds for kind in _TIMES) else mood_for(kinds, place.present)
    if place.present is LightKind.DAY and any(kind in kinds for kind in (*_GRAY_WEATHER, LightKind.LIGHTNING)):
        wanted = kinds if LightKind.LIGHTNING not in kinds else (*kinds, LightKind.THUNDERSTORM)
        return mood_for(wanted, place.present)
    return None


def _notes(operation: ChangeLight, place: Place) -> tuple[str, ...]:
    """Say what the answer does not show by itself."""
    notes: list[str] = []
    if place.sky is None and any(kind in operation.kinds for kind in _TIMES):
        notes.append("I see no sky in this picture, so only the light changes.")
    if LightKind.DAY in operation.kinds and place.median < 0.03:
        notes.append("What the night left black stays dark: there is nothing in it to bring back.")
    if place.tone is not None and not any(kind in operation.kinds for kind in _COLORFUL):
        notes.append("The photo has one tone, so what was added has it too.")
    return tuple(notes)


# The steps ---------------------------------------------------------------------------------------------------------------


def _grade_sky(stage: Stage, operation: ChangeLight, alpha: Mask, lab: FloatImage) -> Stage:
    """Bring out the sky that is there; pixels without sky are bit-identical."""
    graded = oklab_to_linear_in_gamut(grade_sky(lab, alpha, operation.strength))
    finished = to_uint8(linear_to_srgb(graded))
    pixels = stage.pixels.copy()
    pixels[..., :3] = np.where(alpha[..., None] > 0, finished, stage.pixels[..., :3])
    note = 'The sky that is there was brought out; "replace the sky with dramatic clouds" puts in another one.'
    return stage.after(pixels, alpha, notes=(note,))


def _change_sky_only(stage: Stage, operation: ChangeLight, place: Place, context: Context) -> Stage:
    """Put another sky behind the land and leave every pixel without sky as it is."""
    assert place.sky is not None
    alpha = place.sky.alpha
    mood = _mood(operation, place)
    behind = new_sky(place, mood, context.rng) if mood is not None else place.linear
    image = place.land + alpha[..., None] * behind if mood is not None else place.linear
    image = shine_in_sky(image, place, operation, stage.scene.subject.matte, context.rng)
    finished = _finish(image, stage.pixels, place, operation, context.rng)
    pixels = np.where(alpha[..., None] > 0, finished, stage.pixels).astype(np.uint8)
    return stage.after(pixels, alpha, notes=_notes(operation, place))


def _dress_land(
    stage: Stage, operation: ChangeLight, place: Place, context: Context
) -> tuple[FloatImage, tuple[str, ...]]:
    """Turn the leaves and lay snow."""
    land, subject = place.land, stage.scene.subject.matte
    living = subject if _is_living(stage) else 0.0 * subject
    if LightKind.AUTUMN in operation.kinds:
        allowed = (1.0 - place.sky_alpha) * (1.0 - living)
        land, green = turn_leaves(land, allowed, operation.strength, context.rng)
        if green < _MIN_GREEN:
            hint = 'I find no green leaves or grass in this picture that could turn. For the colors alone say "make it warmer".'
            raise UnsupportedInstructionError((), (operation.phrase,), hint)
    if LightKind.SNOW_COVER in operation.kinds:
        height, width = subject.shape
        texture = cv2.resize(
            fractal_texture(256, context.rng, slope=1.3), (width, height), interpolation=cv2.INTER_CUBIC
        )
        spared = np.maximum(place.sky_alpha, np.maximum(living, place.water))
        bright = land[place.sky_alpha < 0.5]
        light = float(np.clip(np.percentile(luminance(bright[::31]), 97) * 1.35, 0.2, 0.95)) if bright.size else 0.8
        land = lay_snow(land, stage.scene.ground, spared.astype(np.float32), operation.strength, light, texture)
    return land, ()


def _is_living(stage: Stage) -> bool:
    """Whether the subject is a person or an animal, on which no snow lies and no leaf turns."""
    head = stage.scene.head
    if not stage.scene.subject.present:
        return False
    return (head is not None and head.found_by == "face") or stage.scene.labels[0][0] not in _BUILT


_BUILT: Final = frozenset(
    ["temple", "castle", "church", "barn", "house", "cathedral", "palace", "rocket", "tent", "boat"]
)


def _fill_air(
    image: FloatImage, stage: Stage, operation: ChangeLight, place: Place, depth: Mask, rng: np.random.Generator,
) -> FloatImage:  # fmt: skip
    """Add fog, rain and snowfall."""
    kinds, strength, subject = operation.kinds, operation.strength, stage.scene.subject.matte
    air = _air_color(image, place, dark=_is_dark(operation, place))
    for kind, density in _FOG_DENSITY.items():
        if kind in kinds:
            image = add_fog(image, depth, density * strength, air, rng)
    if LightKind.RAIN in kinds:
        image = add_fog(image, depth, 0.45 * strength, air, rng, banks=0.15)
        image = image * (1.0 - 0.22 * stage.scene.ground[..., None])
        image = add_rain(image, subject, strength, np.minimum(1.3 * air + 0.05, 0.95), rng)
    if LightKind.SNOWFALL in kinds:
        image = add_fog(image, depth, 0.35 * strength, air, rng, banks=0.15)
        image = add_snowfall(image, subject, strength, np.clip(1.6 * air + 0.06, 0.05, 0.97), rng)
    return image


def _is_dark(operation: ChangeLight, place: Place) -> bool:
    """Whether the air is dark: at night, late in the day, or in a storm."""
    dark = (LightKind.NIGHT, LightKind.BLUE_HOUR, LightKind.DUSK, LightKind.THUNDERSTORM, LightKind.STARS)
    times = [kind for kind in _TIMES if kind in operation.kinds]
    return any(kind in operation.kinds for kind in dark) or (not times and place.present is not LightKind.DAY)


def _air_color(image: FloatImage, place: Place, *, dark: bool) -> FloatImage:
    """Return the color of lit air: the low sky's, or the brighter tones' where there is none, most of the way to gray."""
    alpha = place.sky_alpha
    step = 4
    inside = alpha[::step, ::step] > 0.9
    sample = image[::step, ::step]
    if int(inside.sum()) > 50:
        rows = np.flatnonzero(inside.any(axis=1))
        low = inside.copy()
        low[: rows[0] + 2 * (rows[-1] - rows[0]) // 3] = False
        chosen = sample[low if int(low.sum()) > 20 else inside]
        color = np.asarray(np.median(chosen, axis=0))
    else:
        brightness = luminance(sample)
        color = np.asarray(np.median(sample[brightness >= np.percentile(brightness, 70)], axis=0))
    level = float(luminance(color[None, None])[0, 0])
    gray = 0.45 * color + 0.55 * level
    lift = 1.0 if dark else max(level, 0.52) / max(level, 1e-4)
    return np.asarray(np.clip(lift * gray, 0.004, 0.85), dtype=np.float32)


def _add_lamps(image: FloatImage, stage: Stage, operation: ChangeLight, lit: Mask) -> FloatImage:
    """Add spotlight, studio, rim and back light."""
    kinds, strength = operation.kinds, operation.strength
    direction = stage.scene.light.direction_x
    side = 1.0 if direction >= 0 else -1.0
    if LightKind.SPOTLIGHT in kinds:
        image = spotlight(
            image, lit if operation.target is not None or stage.scene.subject.present else 0 * lit, strength
        )
    if LightKind.STUDIO_LIGHT in kinds:
        image = studio_light(image, lit, side, strength)
    if LightKind.RIM_LIGHT in kinds:
        image = rim_light(image, lit, side, strength)
    if LightKind.BACKLIGHT in kinds:
        image = back_light(image, lit, strength)
    return image


def _add_optics(
    image: FloatImage, stage: Stage, operation: ChangeLight, place: Place, rng: np.random.Generator
) -> FloatImage:
    """Add rays and flare, and the glow of what is brighter than white."""
    kinds, strength = operation.kinds, operation.strength
    if LightKind.SUN_RAYS in kinds or LightKind.LENS_FLARE in kinds:
        alpha = place.sky.alpha if place.sky is not None else None
        source = light_source(image, alpha, stage.scene.light.direction_x)
        if LightKind.SUN_RAYS in kinds:
            openings = alpha if alpha is not None else np.ones(image.shape[:2], np.float32)
            rays = sun_rays(image, source, openings, strength, rng)
            image = image * (0.94 if alpha is not None else 0.72) + rays * (
                1.0 - 0.35 * stage.scene.subject.matte[..., None]
            )
        if LightKind.LENS_FLARE in kinds:
            image = image + lens_flare((image.shape[0], image.shape[1]), source, strength)
    over = np.maximum(image - 1.0, 0.0)
    return image + bloom(np.minimum(over, 4.0), 0.35) if float(over.max()) > 0.05 else image


# The end -----------------------------------------------------------------------------------------------------------------


def _finish(
    image: FloatImage, pixels: Pixels, place: Place, operation: ChangeLight, rng: np.random.Generator
) -> Pixels:
    """Encode: highlights rolled off, one tone kept, a little grain against banding; alpha as it was."""
    linear = soft_shoulder(image)
    if operation.strength < 1:
        share = min(1.0, 0.25 + 0.75 * operation.strength)
        linear = place.linear + share * (linear - place.linear)
    if place.tone is not None and not any(kind in operation.kinds for kind in _COLORFUL):
        lightness = linear_to_oklab(linear)[..., 0]
        basis = np.stack([np.ones_like(lightness), lightness, lightness**2], axis=-1)
        toned = np.concatenate([lightness[..., None], basis @ place.tone.astype(np.float32)], axis=-1)
        linear = oklab_to_linear_in_gamut(toned.astype(np.float32))
    grained = add_grain(linear_to_srgb(linear), 0.45 / 255, rng)
    finished = to_uint8(grained)
    return finished if pixels.shape[2] == 3 else np.dstack([finished, pixels[..., 3]])
