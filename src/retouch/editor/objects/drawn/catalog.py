"""The list of drawn objects, and how one is drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from retouch.editor.objects.drawn import toys
from retouch.editor.objects.drawn.palette import Palette
from retouch.editor.objects.drawn.render import Lighting, Model, render
from retouch.editor.objects.pack import tight_crop
from retouch.images.array_types import PixelsRGBA

__all__ = ["DRAWN_NAMES", "DrawRequest", "Drawn", "draw"]

Maker = Callable[[np.random.Generator, Palette], Model]

_MAKERS: Final[Mapping[str, Maker]] = {**toys.MAKERS}
DRAWN_NAMES: Final = tuple(_MAKERS)


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """How an object is to be drawn.

    Attributes
    ----------
    long_side_px : int
        Longest side of the result.
    rng : numpy.random.Generator
        Varies pose, colour and detail.
    color_rgb : tuple of three int, or None
        sRGB colour of the main part; None lets ``rng`` choose.
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
    """``rgba``: (h, w, 4) uint8 sRGB, straight alpha. ``took_color``: the colour that was asked for is in it."""

    rgba: PixelsRGBA
    took_color: bool


def draw(name: str, request: DrawRequest) -> Drawn:
    """Draw one of ``DRAWN_NAMES``."""
    palette = Palette(request.rng, request.color_rgb)
    model = _MAKERS[name](request.rng, palette)
    direction = np.array([0.95 * request.light_x, 0.80, 0.62])
    lx, ly, lz = (direction / np.linalg.norm(direction)).tolist()
    light = Lighting((lx, ly, lz), request.hardness)
    rgba = tight_crop(render(model, request.long_side_px, light))
    assert rgba is not None, f"the drawn {name} shows nothing"
    grow = request.long_side_px / max(rgba.shape[:2])
    if grow > 1.02:
        rgba = tight_crop(render(model, round(request.long_side_px * grow), light))
        assert rgba is not None, f"the drawn {name} shows nothing"
    return Drawn(np.ascontiguousarray(rgba), palette.was_used)
