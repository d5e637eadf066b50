"""What a picture gives for a change of light: its sky, land, horizon, hour, and where the sun could stand."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retouch.editor.instructions.plan import LightKind
from retouch.editor.operations.light.sky import View
from retouch.editor.operations.light.sky_matte import SkyLayers, split_sky, spread_sky
from retouch.editor.operations.stage import Stage
from retouch.editor.scene.nouns import ANIMAL_CLASSES, noun_table
from retouch.editor.scene.scene import Scene
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import luminance, srgb8_to_oklab, srgb_to_linear, to_float

__all__ = ["Place", "look_around"]

MIN_SKY: Final = 0.055
"""A smaller "sky" is a window or a pale wall."""
_MIN_GREEN: Final = 0.12
_SURE_OF_ANIMAL: Final = 0.4
_DOGS_AND_CATS: Final = frozenset([*range(151, 269), *range(281, 286)])
"""ImageNet classes of pets, which may well be indoors."""
_MAX_RESIDUAL: Final = 0.0085
"""Oklab units: a picture whose colors are a function of lightness alone, this closely, is black and white or toned."""


@dataclass(frozen=True, slots=True)
class Place:
    """A picture, looked at for its light.

    Attributes
    ----------
    linear : (H, W, 3) float32, linear light
    sky : SkyLayers or None
        None indoors and where no sky is seen.
    land : (H, W, 3) float32, linear light
        The picture without its sky, premultiplied.
    view : View
    present : LightKind
        DAY, BLUE_HOUR or NIGHT: what the picture shows.
    median : float
        Of the land's luminance.
    grain : float
        Standard deviation of the picture's own noise, sRGB [0, 1].
    tone : (3, 2) float64 or None
        Of a toned or black-and-white picture: Oklab a and b as quadratics of L.
    water : (H, W) float32 [0, 1]
    """

    linear: FloatImage
    sky: SkyLayers | None
    land: FloatImage
    view: View
    present: LightKind
    median: float
    grain: float
    tone: FloatImage | None
    water: Mask

    @property
    def sky_alpha(self) -> Mask:
        """The sky's matte, all 0 where there is none."""
        return self.sky.alpha if self.sky is not None else np.zeros(self.linear.shape[:2], np.float32)


def look_around(stage: Stage, rng: np.random.Generator) -> Place:
    """Look at the picture so far for its light; ``rng`` decides on which side the sun stands where nothing tells."""
    scene, pixels = stage.scene, stage.pixels[..., :3]
    linear = srgb_to_linear(pixels)
    sky = _layers(stage, linear)
    water = scene.water
    alpha = sky.alpha if sky is not None else np.zeros(linear.shape[:2], np.float32)
    land = linear
    if sky is not None:
        rest = np.maximum(linear - alpha[..., None] * sky.behind, 0.0)
        land = np.where(alpha[..., None] > 0.995, 0.0, rest).astype(np.float32)
    level = luminance(linear)
    on_land = alpha < 0.5
    median = float(np.median(level[on_land][::7])) if int(on_land.sum()) > 100 else float(np.median(level))
    horizon = _horizon_row(scene, sky)
    return Place(
        linear, sky, land, View(linear.shape[:2], horizon, _sun_col(scene, alpha, horizon, rng)),
        _present(linear, alpha, sky), median, _grain(pixels, alpha), _tone(pixels),
        np.zeros_like(alpha) if water is None else np.asarray(water * (1.0 - alpha), np.float32),
    )  # fmt: skip


def _layers(stage: Stage, linear: FloatImage) -> SkyLayers | None:
    coarse = stage.scene.sky
    if coarse is None or float(coarse.mean()) < MIN_SKY:
        return None
    matte = stage.scene.subject.matte
    for added in stage.added.values():
        matte = np.maximum(matte, added)
        coarse = np.minimum(coarse, 1.0 - added)
    base = stage.scene.pixels
    if base.shape[:2] != linear.shape[:2]:
        return split_sky(linear, coarse, matte)
    # The matte comes from the picture as it was: an earlier operation may have made sky and land alike.
    if stage.added:
        layers = split_sky(srgb_to_linear(base), coarse, matte)
    else:
        layers = stage.scene.keep("sky layers", lambda: split_sky(srgb_to_linear(base), coarse, matte))
    return layers if stage.is_untouched else SkyLayers(layers.alpha, spread_sky(linear, layers.alpha))


def _horizon_row(scene: Scene, sky: SkyLayers | None) -> float:
    """Return the level horizon: the scene's, never above the lowest sky; without either, the middle of the picture."""
    height = scene.pixels.shape[0]
    found = scene.horizon
    row = found.row if found is not None and found.confidence >= 0.3 else 0.0
    if sky is not None:
        rows = np.flatnonzero((sky.alpha > 0.5).mean(axis=1) > 0.01)
        row = max(row, float(rows[-1]) if rows.size else 0.0)
    return row if row > 0 else 0.5 * height


def _sun_col(scene: Scene, alpha: Mask, horizon: float, rng: np.random.Generator) -> float:
    """Return the sun's column: on the side the light comes from if that is known, where the sky is open if it can be."""
    width = alpha.shape[1]
    light = scene.light
    known = light.direction_confidence >= 0.3 and abs(light.direction_x) > 0.2
    side = float(np.sign(light.direction_x)) if known else float(rng.choice([-1.0, 1.0]))
    wished = width * (0.5 + side * rng.uniform(0.2, 0.34))
    row = int(np.clip(horizon - 0.05 * max(alpha.shape), 0, alpha.shape[0] - 1))
    band = alpha[max(0, row - max(2, alpha.shape[0] // 40)) : row + 1].min(axis=0)
    open_cols = np.flatnonzero(band > 0.8)
    near = open_cols[np.abs(open_cols - wished) < 0.3 * width] if open_cols.size else open_cols
    return float(near[np.argmin(np.abs(near - wished))]) if near.size else float(wished)


def _present(linear: FloatImage, alpha: Mask, sky: SkyLayers | None) -> LightKind:
    """Return the time of day that the sky, or else the whole picture, speaks of."""
    step = 4
    inside = alpha[::step, ::step] > 0.8
    sample = linear[::step, ::step]
    level = luminance(sample)
    typical = float(np.median(level[inside])) if sky is not None and inside.any() else float(np.median(level)) * 2.0
    if typical < 0.022:
        return LightKind.NIGHT
    return LightKind.BLUE_HOUR if typical < 0.1 else LightKind.DAY


def _grain(pixels: Pixels, alpha: Mask) -> float:
    """Return the noise of the sky, or else of all: the lower middle of absolute Laplacians (after Immerkaer, CVIU 1996)."""
    tone = to_float(pixels[..., 1])
    fine = tone[1:-1, 1:-1] * 4 - tone[:-2, 1:-1] - tone[2:, 1:-1] - tone[1:-1, :-2] - tone[1:-1, 2:]
    inside = alpha[1:-1, 1:-1] > 0.98
    sample = np.abs(fine[inside]) if int(inside.sum()) > 500 else np.abs(fine[::2, ::2])
    return float(np.clip(np.quantile(sample, 0.4) / 0.524 / np.sqrt(20.0), 0.3 / 255, 1.6 / 255))


def _tone(pixels: Pixels) -> FloatImage | None:
    """Return how a and b of a black-and-white or toned picture follow L, None for a picture in color."""
    step = max(1, round(np.sqrt(pixels.shape[0] * pixels.shape[1] / 20_000)))
    lab = srgb8_to_oklab(pixels[::step, ::step]).reshape(-1, 3).astype(np.float64)
    design = np.stack([np.ones(len(lab)), lab[:, 0], lab[:, 0] ** 2], axis=1)
    fit, *_ = np.linalg.lstsq(design, lab[:, 1:], rcond=None)
    residual = np.linalg.norm(lab[:, 1:] - design @ fit, axis=1)
    if float(np.sqrt((residual**2).mean())) >= _MAX_RESIDUAL:
        return None
    # Few flat colors can lie on a curve too: a tone has one hue.
    chroma = np.linalg.norm(lab[:, 1:], axis=1)
    colored = lab[chroma > 0.02, 1:] / chroma[chroma > 0.02, None]
    return fit if len(colored) < 0.05 * len(lab) or float(np.linalg.norm(colored.mean(axis=0))) > 0.9 else None


def is_outdoors(scene: Scene, place: Place) -> bool:
    """Whether weather can be in this picture: it shows sky, much green, or what is found in the open only."""
    green = scene.vegetation
    if place.sky is None and _is_wild(scene):
        return True
    return (
        place.sky is not None
        or scene.landscape.is_open_air
        or scene.landscape.shows_nature
        or (green is not None and float(green.mean()) >= _MIN_GREEN)
    )


def _is_wild(scene: Scene) -> bool:
    """Whether the picture is of an animal that lives outdoors."""
    noun, probability = scene.labels[0]
    if probability < _SURE_OF_ANIMAL:
        return False
    classes = noun_table().classes[noun.lower()]
    return all(index in ANIMAL_CLASSES and index not in _DOGS_AND_CATS for index in classes)
