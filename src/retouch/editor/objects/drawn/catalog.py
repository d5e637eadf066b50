"""The list of drawn objects, and how one is drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from retouch.editor.objects.drawn import creatures, household, outdoors, plants, toys, wear
from retouch.editor.objects.drawn.painted import PAINTERS
from retouch.editor.objects.drawn.palette import Palette
from retouch.editor.objects.drawn.render import Lighting, Model, render
from retouch.editor.objects.pack import tight_crop
from retouch.images.array_types import PixelsRGBA

__all__ = ["DRAWN_NAMES", "DrawRequest", "Drawn", "draw", "drawn_aspect"]

Maker = Callable[[np.random.Generator, Palette], Model]

_MAKERS: Final[Mapping[str, Maker]] = {
    **creatures.MAKERS,
    **toys.MAKERS,
    **wear.MAKERS,
    **household.MAKERS,
    **plants.MAKERS,
    **outdoors.MAKERS,
}
_THUMBNAIL_PX: Final = 64
DRAWN_NAMES: Final = (*_MAKERS, *PAINTERS)


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """How an object is to be drawn.

    Attributes
    ----------
    long_side_px : int
        Longest side of the result.
    rng : numpy.random.Generator
        Varies pose, color and detail.
    color_rgb : tuple of three int, or None
        sRGB color of the main part; None lets ``rng`` choose.
    light_x, hardness : float
        As in ``scene.Light``.
    """

    long_side_px: int
    rng: np.random.Generator
    color_rgb: tuple[int, int, int] | None = None
    light_x: float = -0.5
    hardness: float = 0.5


@dataclass(frozen=True, slots=True)
class Drawn:
    """``rgba``: (h, w, 4) uint8 sRGB, straight alpha. ``took_color``: the color that was asked for is in it."""

    rgba: PixelsRGBA
    took_color: bool


def draw(name: str, request: DrawRequest) -> Drawn:
    """Draw one of ``DRAWN_NAMES``."""
    palette = Palette(request.rng, request.color_rgb)
    direction = np.array([0.95 * request.light_x, 0.80, 0.62])
    lx, ly, lz = (direction / np.linalg.norm(direction)).tolist()
    light = Lighting((lx, ly, lz), request.hardness)
    if name in PAINTERS:
        rgba = PAINTERS[name](request.rng, palette, round(request.long_side_px * 1.08), light)
    else:
        rgba = _render_to_size(_MAKERS[name](request.rng, palette), request.long_side_px, light)
    shown = tight_crop(rgba)
    assert shown is not None, f"the drawn {name} shows nothing"
    return Drawn(np.ascontiguousarray(shown), palette.was_used)


def drawn_aspect(name: str, seed: int) -> float:
    """Return width by height of what ``draw`` makes of a generator with this seed, from a thumbnail of it."""
    height, width = draw(name, DrawRequest(_THUMBNAIL_PX, np.random.default_rng(seed))).rgba.shape[:2]
    return float(width / height)


def _render_to_size(model: Model, long_side_px: int, light: Lighting) -> PixelsRGBA:
    """Look at a thumbnail first, to point the window at what can be seen: no pixel is marched for nothing."""
    left, _, right, top = model.window
    thumbnail = render(model, _THUMBNAIL_PX, light)
    w = thumbnail.shape[1]
    rows, cols = (np.flatnonzero((thumbnail[..., 3] > 4).any(axis=axis)) for axis in (1, 0))
    pixel = (right - left) / w
    window = (
        left + (cols[0] - 1) * pixel,
        top - (rows[-1] + 2) * pixel,
        left + (cols[-1] + 2) * pixel,
        top - (rows[0] - 1) * pixel,
    )
    return render(replace(model, window=window), long_side_px, light)
