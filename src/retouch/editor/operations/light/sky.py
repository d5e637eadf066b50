"""A sky from nothing: gradient, sun, clouds, stars and moon, in linear light.

The picture is taken for a view of a level horizon through a lens of 50 degrees height (less for wide pictures), so clouds lie on
a plane overhead and shrink towards the horizon.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from retouch.editor.operations.light.clouds import draw_clouds
from retouch.editor.operations.light.moods import Mood, linear_rgb
from retouch.images.array_types import FloatImage
from retouch.images.color import linear_to_oklab, oklab_to_linear

__all__ = ["View", "render_sky"]

_STOPS_DEGREES: Final = (45.0, 22.0, 8.0, 0.0)
_LONG_SIDE_DEGREES: Final = 62.0
_RENDER_PX: Final = 640


@dataclass(frozen=True, slots=True)
class View:
    """Where the sky is seen from.

    Attributes
    ----------
    size_hw : (int, int)
    horizon : float
        Row of the level horizon; may lie below the picture.
    sun_col : float
        Column below which the sun stands; may lie outside of the picture.
    """

    size_hw: tuple[int, int]
    horizon: float
    sun_col: float

    @property
    def px_per_degree(self) -> float:
        """Pixels in a degree of the sky."""
        return max(self.size_hw) / _LONG_SIDE_DEGREES

    def row_of(self, elevation: float) -> float:
        """Return the row of an elevation in degrees."""
        return self.horizon - elevation * self.px_per_degree

    def scaled(self, factor: float) -> "View":
        """Return the same view of a smaller picture."""
        height, width = (max(2, round(side * factor)) for side in self.size_hw)
        return View((height, width), self.horizon * factor, self.sun_col * factor)


def render_sky(view: View, mood: Mood, rng: np.random.Generator) -> FloatImage:
    """Render the sky without stars and moon.

    Parameters
    ----------
    view : View
    mood : Mood
    rng : numpy.random.Generator
        Decides the clouds.

    Returns
    -------
    (H, W, 3) float32, linear light, at least 0
        The sun's disc may pass 1.

    Notes
    -----
    Gradient and clouds are made at 640 px on the long side, which is as fine as they get, and enlarged. O(H W).
    """
    factor = min(1.0, _RENDER_PX / max(view.size_hw))
    small = view.scaled(factor)
    sky = _gradient(small, mood)
    sky = _glow(sky, small, mood)
    if mood.cover > 0:
        sky = draw_clouds(sky, _angles(small), mood, rng, horizon_color=mood.ramp()[3])
    large = sky if factor == 1.0 else cv2.resize(sky, view.size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    large = np.maximum(large, 0.0)
    return _add_sun(large, view, mood)


def _angles(view: View) -> tuple[FloatImage, FloatImage, float, float]:
    """Return elevation (H, 1) and azimuth from the middle (1, W) in degrees, and the sun's azimuth and pixels per degree."""
    height, width = view.size_hw
    elevation = (view.horizon - np.arange(height, dtype=np.float32)) / np.float32(view.px_per_degree)
    azimuth = (np.arange(width, dtype=np.float32) - width / 2) / np.float32(view.px_per_degree)
    return elevation[:, None], azimuth[None, :], (view.sun_col - width / 2) / view.px_per_degree, view.px_per_degree


def _gradient(view: View, mood: Mood) -> FloatImage:
    """Blend the mood's four colors by elevation, in Oklab so that the way between them stays clean."""
    elevation = _angles(view)[0][:, 0]
    lab = linear_to_oklab(mood.ramp())
    stops = np.array(_STOPS_DEGREES[::-1])
    column = np.stack([np.interp(elevation, stops, lab[::-1, i]) for i in range(3)], axis=-1)
    # Piecewise linear ramps show Mach bands at the stops.
    blurred = cv2.GaussianBlur(
        column[:, None].astype(np.float32), (1, 0), sigmaX=1, sigmaY=2.5 * view.px_per_degree,
        borderType=cv2.BORDER_REPLICATE,
    ).reshape(-1, 1, 3)  # fmt: skip
    row = np.maximum(oklab_to_linear(blurred), 0.0)
    return np.repeat(row, view.size_hw[1], axis=1).astype(np.float32)


def _glow(sky: FloatImage, view: View, mood: Mood) -> FloatImage:
    """Brighten the sky towards the sun: a wide band along the horizon and a halo round the sun."""
    if mood.glow_strength <= 0:
        return sky
    elevation, azimuth, sun_azimuth, _ = _angles(view)
    across, up = azimuth - sun_azimuth, elevation - mood.sun_elevation
    wide = np.exp(-((across / 34.0) ** 2) - (up / 13.0) ** 2)
    halo = np.exp(-np.sqrt((across / 1.25) ** 2 + up**2) / 5.0)
    amount = np.clip(mood.glow_strength * (0.55 * wide + 0.6 * halo), 0.0, 0.95)[..., None]
    lab = linear_to_oklab(sky)
    lab += amount * (linear_to_oklab(linear_rgb(mood.glow))[0] - lab)
    away = np.clip(1.0 - np.abs(across) / 60.0, 0.0, 1.0)
    lab[..., 0] *= 1.0 - 0.1 * mood.glow_strength * (1.0 - away)
    return np.maximum(oklab_to_linear(lab), 0.0)


def _add_sun(sky: FloatImage, view: View, mood: Mood) -> FloatImage:
    """Add the sun's disc with a soft rim, where it is up and low enough to be in a picture."""
    if not 0 < mood.sun_elevation < 12 or mood.cover > 0.65:
        return sky
    radius = 0.5 * view.px_per_degree
    row, col = view.row_of(mood.sun_elevation), view.sun_col
    reach = int(14 * radius)
    top, bottom = max(0, int(row) - reach), min(view.size_hw[0], int(row) + reach)
    left, right = max(0, int(col) - reach), min(view.size_hw[1], int(col) + reach)
    if top >= bottom or left >= right:
        return sky
    rows, cols = np.mgrid[top:bottom, left:right].astype(np.float32)
    distance = np.hypot(rows - row, cols - col) / radius
    disc = np.clip((1.15 - distance) / 0.3, 0.0, 1.0)
    light = 3.0 * disc + 0.9 * np.exp(-distance / 1.8) + 0.25 * np.exp(-distance / 5.0)
    light *= np.clip((14.0 - distance) / 6.0, 0.0, 1.0)
    warm = linear_rgb(mood.glow)[0] ** 0.6
    sky[top:bottom, left:right] += light[..., None] * warm
    return sky
