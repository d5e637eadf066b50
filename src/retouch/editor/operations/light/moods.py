"""What the light is like at each time of day and in each weather: data, and how weather changes a time of day.

The colors are those of photographs at a usual exposure, not of radiometry: what a camera makes of a sunset is meant by
one.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from retouch.editor.instructions.plan import LightKind
from retouch.images.array_types import FloatImage
from retouch.images.color import luminance, srgb_to_linear

__all__ = ["MOODS", "Mood", "mood_for"]

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Mood:
    """A sky, and the light that comes from it.

    Attributes
    ----------
    sky : tuple of four sRGB colors
        From the zenith down to the horizon, at 45, 22, 8 and 0 degrees.
    glow : sRGB color
        Of the sky around the sun.
    glow_strength : float
        0 no glow.
    sun_elevation : float
        Degrees; negative below the horizon.
    cover : float
        Share of the sky under clouds, 0 to 1.
    cloud_lit, cloud_shade : sRGB color
    land_tone : float
        Linear luminance that the median of the land comes to.
    gain_limits : (low, high)
        How far the land may be dimmed or lifted for that.
    light, shade : linear RGB
        Color of lit and of shaded surfaces, relative to neutral light.
    saturation, contrast : float
        1 leaves the land as it is.
    haze : float
        Share of the horizon's light that lies over the far land.
    """

    sky: tuple[Rgb, Rgb, Rgb, Rgb]
    glow: Rgb
    glow_strength: float
    sun_elevation: float
    cover: float
    cloud_lit: Rgb
    cloud_shade: Rgb
    land_tone: float
    gain_limits: tuple[float, float]
    light: tuple[float, float, float]
    shade: tuple[float, float, float]
    saturation: float = 1.0
    contrast: float = 1.0
    haze: float = 0.0

    def ramp(self) -> FloatImage:
        """Return the four colors of the sky as (4, 3) linear light, from the zenith down."""
        return linear_rgb(*self.sky)


def linear_rgb(*colors: Rgb) -> FloatImage:
    """Return sRGB colors as an (N, 3) array in linear light."""
    return srgb_to_linear(np.array(colors, np.uint8))


MOODS: Final[dict[LightKind, Mood]] = {
    LightKind.DAY: Mood(
        sky=((52, 104, 178), (98, 150, 212), (158, 198, 232), (206, 226, 240)), glow=(255, 250, 236), glow_strength=0.35,
        sun_elevation=50, cover=0.28, cloud_lit=(252, 252, 252), cloud_shade=(176, 188, 204), land_tone=0.19,
        gain_limits=(0.9, 2.4), light=(1.03, 1.0, 0.94), shade=(0.96, 1.0, 1.06), saturation=1.06, contrast=1.06,
    ),
    LightKind.GOLDEN_HOUR: Mood(
        sky=((92, 134, 182), (158, 176, 190), (232, 206, 164), (250, 216, 160)), glow=(255, 228, 168), glow_strength=0.9,
        sun_elevation=7, cover=0.3, cloud_lit=(255, 226, 180), cloud_shade=(168, 158, 168), land_tone=0.15,
        gain_limits=(0.72, 1.25), light=(1.24, 0.97, 0.66), shade=(0.98, 0.96, 0.98), saturation=1.08, contrast=1.06, haze=0.1,
    ),
    LightKind.SUNRISE: Mood(
        sky=((104, 142, 192), (178, 176, 204), (244, 192, 176), (255, 214, 160)), glow=(255, 232, 184), glow_strength=0.9,
        sun_elevation=3, cover=0.4, cloud_lit=(255, 196, 170), cloud_shade=(150, 142, 176), land_tone=0.1,
        gain_limits=(0.5, 1.1), light=(1.18, 0.96, 0.82), shade=(0.94, 0.95, 1.12), saturation=1.0, contrast=1.03, haze=0.16,
    ),
    LightKind.SUNSET: Mood(
        sky=((58, 74, 122), (134, 106, 142), (230, 138, 96), (255, 178, 92)), glow=(255, 214, 120), glow_strength=1.0,
        sun_elevation=2.5, cover=0.45, cloud_lit=(255, 150, 88), cloud_shade=(96, 74, 104), land_tone=0.075,
        gain_limits=(0.4, 1.1), light=(1.28, 0.92, 0.64), shade=(0.98, 0.92, 1.1), saturation=1.04, contrast=1.1, haze=0.22,
    ),
    LightKind.DUSK: Mood(
        sky=((30, 42, 78), (66, 70, 112), (150, 104, 126), (222, 146, 112)), glow=(240, 160, 110), glow_strength=0.55,
        sun_elevation=-4, cover=0.4, cloud_lit=(196, 116, 118), cloud_shade=(48, 50, 82), land_tone=0.042,
        gain_limits=(0.2, 1.0), light=(1.02, 0.93, 1.05), shade=(0.84, 0.92, 1.28), saturation=0.85, contrast=1.1,
        haze=0.22,
    ),
    LightKind.BLUE_HOUR: Mood(
        sky=((16, 32, 78), (34, 64, 122), (72, 110, 168), (134, 156, 190)), glow=(190, 176, 180), glow_strength=0.35,
        sun_elevation=-6, cover=0.25, cloud_lit=(92, 116, 164), cloud_shade=(24, 40, 82), land_tone=0.04,
        gain_limits=(0.18, 1.0), light=(0.78, 0.95, 1.42), shade=(0.66, 0.9, 1.6), saturation=0.7, contrast=1.12,
        haze=0.25,
    ),
    LightKind.NIGHT: Mood(
        sky=((7, 11, 26), (12, 19, 40), (21, 31, 56), (34, 45, 70)), glow=(60, 70, 96), glow_strength=0.0,
        sun_elevation=35, cover=0.16, cloud_lit=(44, 54, 78), cloud_shade=(14, 19, 34), land_tone=0.02,
        gain_limits=(0.07, 1.0), light=(0.78, 0.96, 1.4), shade=(0.62, 0.88, 1.7), saturation=0.55, contrast=1.28,
        haze=0.5,
    ),
    LightKind.OVERCAST: Mood(
        sky=((150, 160, 170), (176, 184, 192), (202, 208, 213), (220, 224, 226)), glow=(230, 232, 232), glow_strength=0.15,
        sun_elevation=55, cover=0.97, cloud_lit=(214, 218, 222), cloud_shade=(138, 147, 157), land_tone=0.12,
        gain_limits=(0.6, 1.1), light=(0.95, 1.0, 1.06), shade=(0.97, 1.0, 1.05), saturation=0.78, contrast=0.86, haze=0.06,
    ),
    LightKind.DRAMATIC: Mood(
        sky=((46, 66, 96), (84, 106, 136), (150, 162, 176), (212, 206, 192)), glow=(255, 240, 208), glow_strength=0.5,
        sun_elevation=16, cover=0.72, cloud_lit=(238, 232, 222), cloud_shade=(56, 62, 74), land_tone=0.11,
        gain_limits=(0.62, 1.1), light=(1.04, 1.0, 0.95), shade=(0.94, 0.98, 1.08), saturation=0.92, contrast=1.16, haze=0.2,
    ),
    LightKind.THUNDERSTORM: Mood(
        sky=((34, 40, 50), (54, 62, 72), (92, 100, 106), (134, 138, 138)), glow=(180, 184, 190), glow_strength=0.1,
        sun_elevation=40, cover=0.95, cloud_lit=(88, 96, 106), cloud_shade=(24, 28, 36), land_tone=0.055,
        gain_limits=(0.3, 1.0), light=(0.93, 1.0, 1.08), shade=(0.9, 0.98, 1.14), saturation=0.68, contrast=1.02, haze=0.22,
    ),
}  # fmt: skip

_CLEAR_COVER = 0.04
_CLOUDY_COVER = 0.58


def mood_for(kinds: tuple[LightKind, ...], present: LightKind) -> Mood:
    """Return the sky and light of a set of kinds.

    Parameters
    ----------
    kinds : tuple of LightKind
        A time of day, a kind of sky, weather, in any combination.
    present : LightKind
        The time of day that the picture shows, for kinds that name none.
    """
    times = [kind for kind in _TIMES if kind in kinds]
    if LightKind.STARS in kinds and not times:
        times = [LightKind.NIGHT]
    storm = LightKind.THUNDERSTORM in kinds
    gray = storm or any(kind in kinds for kind in (LightKind.RAIN, LightKind.SNOWFALL, LightKind.OVERCAST))
    if not times and (gray or LightKind.DRAMATIC in kinds):
        cover = LightKind.THUNDERSTORM if storm else LightKind.OVERCAST if gray else LightKind.DRAMATIC
        mood = MOODS[cover]
        return mood if present is LightKind.DAY else _clouded(MOODS[present], MOODS[cover])
    mood = MOODS[times[0] if times else present]
    if gray:
        return _clouded(mood, MOODS[LightKind.THUNDERSTORM if storm else LightKind.OVERCAST])
    if LightKind.DRAMATIC in kinds:
        return replace(mood, cover=0.7, contrast=mood.contrast * 1.1)
    if LightKind.CLEAR in kinds or (LightKind.STARS in kinds):
        return replace(mood, cover=_CLEAR_COVER)
    return replace(mood, cover=_CLOUDY_COVER) if LightKind.CLOUDS in kinds else mood


_TIMES = (
    LightKind.SUNRISE, LightKind.GOLDEN_HOUR, LightKind.SUNSET, LightKind.BLUE_HOUR, LightKind.DUSK, LightKind.NIGHT,
    LightKind.DAY,
)  # fmt: skip


def _clouded(mood: Mood, cover: Mood) -> Mood:
    """Return a time of day under closed clouds: its brightness, the clouds' shape, half of its color."""
    light = mood.ramp()
    gray = linear_rgb(*cover.sky)
    scaled = gray * (luminance(light) / np.maximum(luminance(gray), 1e-4))[:, None]
    mixed = 0.45 * light + 0.55 * scaled
    return replace(
        mood,
        sky=tuple(_srgb(color) for color in mixed),  # type: ignore[arg-type]
        glow_strength=0.3 * mood.glow_strength,
        cover=cover.cover,
        cloud_lit=_srgb(1.25 * mixed[1:3].mean(axis=0)),
        cloud_shade=_srgb(0.55 * mixed[0:2].mean(axis=0)),
        land_tone=0.85 * mood.land_tone,
        saturation=mood.saturation * 0.85,
        contrast=mood.contrast * 0.93,
        haze=max(mood.haze, cover.haze),
    )


def _srgb(linear: FloatImage) -> Rgb:
    """Return a linear color as sRGB bytes."""
    value = np.clip(linear, 0.0, 1.0)
    encoded = np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)
    red, green, blue = (round(float(channel) * 255) for channel in encoded)
    return red, green, blue
