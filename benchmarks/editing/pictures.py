"""The pictures of the suite: photos that packages ship, with outlines drawn by hand, and made ones with exact masks and truths.

Packages: scikit-image (astronaut, coffee, chelsea, motorcycle, rocket, camera), scikit-learn (china, flower), matplotlib
(grace_hopper).
Outlines are coarse polygons in shares of width and height: good enough to ask whether an edit is in the right place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module, resources
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data
from PIL import Image, ImageDraw, ImageFont

from retouch.images.array_types import Mask, Pixels
from retouch.images.geometry import fit_pixels, plan_fit

__all__ = ["NAMES", "Picture", "load"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Picture:
    """A picture of the suite at its preset's size.

    Attributes
    ----------
    name : str
    pixels : (H, W, 3) uint8, sRGB
    regions : mapping of str to (H, W) float32 [0, 1]
        Where things are.
    truths : mapping of str to (H, W, 3) uint8
        Made pictures only: the picture without that thing.
    """

    name: str
    pixels: Pixels
    regions: Mapping[str, Mask] = field(default_factory=dict)
    truths: Mapping[str, Pixels] = field(default_factory=dict)


OUTLINES: Final[dict[str, dict[str, str]]] = {
    "astronaut": {
        "woman": "33,5 45,2 58,8 58,22 56,33 62,40 70,48 70,62 88,72 97,85 97,100 4,100 4,66 12,50 24,42 35,33 32,20",
        "hair": "30,12 36,4 48,3 58,9 58,22 51,22 46,14 38,14 36,24 31,20",
        "face": "36,18 48,16 51,24 50,31 45,36 39,34 36,28",
        "suit": "24,42 35,48 58,48 70,50 70,62 62,72 60,95 55,100 6,100 4,66 14,50",
        "flag": "0,0 12,4 22,38 8,62 0,66",
    },
    "coffee": {
        "cup": "30,14 40,7 52,4 62,9 68,20 66,40 60,52 52,60 40,72 33,75 33,62 38,58 32,44 29,26",
        "saucer": "14,42 22,26 30,20 32,46 40,58 54,58 66,44 70,28 78,44 79,62 70,84 54,95 38,93 22,80 14,58",
        "spoon": "68,18 71,20 66,50 68,62 66,76 60,82 54,76 55,66 62,58",
    },
    "chelsea": {
        "cat": "8,100 7,60 10,30 22,12 40,0 88,0 86,16 80,44 72,72 62,92 50,100",
        "eyes": "30,30 38,28 46,36 46,48 38,50 30,44",
    },
    "motorcycle": {
        "motorcycle": "13,38 24,34 38,38 56,30 64,16 78,16 80,30 72,48 84,54 92,68 90,86 82,90 70,80 60,74 48,86 36,80 22,82 "
        "15,62 12,46"
    },
    "rocket": {"rocket": "48,30 52,30 53,96 47,96", "sky": "0,0 100,0 100,80 0,80"},
    "camera": {"man": "37,14 52,14 54,30 62,40 58,62 32,72 30,100 14,100 4,78 6,48 24,28"},
    "china": {
        "sky": "0,0 100,0 100,33 88,33 86,48 52,48 48,26 34,6 28,6 12,24 12,36 0,36",
        "building": "31,6 34,8 50,28 51,42 56,66 56,90 36,92 10,80 10,36 14,24 28,12",
        "water": "52,52 86,50 84,64 76,66 62,68 56,60",
    },
    "flower": {
        "flower": "50,19 60,21 68,32 70,52 66,70 58,82 44,84 34,76 27,62 27,46 32,30 42,22",
        "background": "0,0 100,0 100,100 74,100 76,40 60,14 40,14 24,40 24,66 40,90 40,100 0,100",
    },
    "grace_hopper": {
        "woman": "33,8 48,3 66,6 72,22 74,40 66,58 84,62 100,70 100,100 0,100 14,64 36,54 32,40 30,24",
        "face": "33,22 70,22 72,40 62,56 48,60 38,54 32,40",
        "background": "78,0 100,0 100,50 80,50",
    },
}
"""Picture -> thing -> its outline as "x,y x,y ..." in percent of width and height."""


def load(name: str) -> Picture:
    """Return a picture by name; see ``NAMES``."""
    return _load(name)


@cache
def _load(name: str) -> Picture:
    if name in _MADE:
        return _MADE[name]()
    pixels = _fitted(_photo(name))
    regions = {thing: _polygon(outline, pixels.shape) for thing, outline in OUTLINES.get(name, {}).items()}
    return Picture(name, pixels, regions)


def _photo(name: str) -> Pixels:
    match name:
        case "motorcycle":
            return np.asarray(skimage.data.stereo_motorcycle()[0])
        case "china" | "flower":
            return np.asarray(import_module("sklearn.datasets").load_sample_image(f"{name}.jpg"))
        case "grace_hopper":
            file = resources.files("matplotlib") / "mpl-data" / "sample_data" / "grace_hopper.jpg"
            return np.asarray(Image.open(Path(str(file))).convert("RGB"))
    pixels = getattr(skimage.data, name)()
    return np.ascontiguousarray(np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels[..., :3])


def _fitted(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    return fit_pixels(pixels, plan_fit(width, height, aspect_ratio=None, keep_size=False))


def _polygon(outline: str, shape: tuple[int, ...]) -> Mask:
    points = np.array([[float(value) for value in point.split(",")] for point in outline.split()])
    corners = np.rint(points / 100 * np.array([shape[1], shape[0]])).astype(np.int32)
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [corners], 1)
    return mask.astype(np.float32)


# Made pictures ---------------------------------------------------------------------------------------------------------

SIZE_WH: Final = (1184, 880)


def _noise(seed: int, sigma: float, amount: float) -> Floats:
    """Smooth noise of one channel with standard deviation ``amount`` (0 to 255 levels)."""
    rough = np.random.default_rng(seed).standard_normal((SIZE_WH[1], SIZE_WH[0])).astype(np.float32)
    smooth = cv2.GaussianBlur(rough, (0, 0), sigma)
    return np.asarray(smooth * (amount / smooth.std()), np.float32)


def _gradient(top: tuple[float, ...], bottom: tuple[float, ...], height: int) -> Floats:
    share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    rows = np.array(top, np.float32) * (1 - share) + np.array(bottom, np.float32) * share
    return np.repeat(rows, SIZE_WH[0], axis=1)


def _finish(picture: npt.NDArray[Any], seed: int) -> Pixels:
    """Add sensor noise, as every photo has it, and round."""
    grain = np.random.default_rng(seed).normal(0, 1.6, picture.shape)
    return np.asarray(np.clip(np.rint(picture + grain), 0, 255), np.uint8)


def _disc(center_xy: tuple[float, float], radii: tuple[float, float], soft_px: float = 1.5) -> Mask:
    rows, columns = np.mgrid[: SIZE_WH[1], : SIZE_WH[0]].astype(np.float32)
    distance = np.hypot((columns - center_xy[0]) / radii[0], (rows - center_xy[1]) / radii[1])
    return np.asarray(np.clip((1 - distance) * min(radii) / soft_px + 0.5, 0, 1), np.float32)


def _ball(
    picture: Floats, center_xy: tuple[float, float], radius: float, color: tuple[int, int, int], *, shadow: float = 0.45
) -> tuple[Floats, Mask]:
    """Draw a shaded ball that is lit from the upper left, with its shadow; return the picture and the ball's mask."""
    x, y = center_xy
    fallen = cv2.GaussianBlur(
        _disc((x + 0.55 * radius, y + 0.9 * radius), (1.15 * radius, 0.25 * radius)), (0, 0), radius / 9
    )
    picture = picture * (1 - shadow * fallen[..., None])
    rows, columns = np.mgrid[: SIZE_WH[1], : SIZE_WH[0]].astype(np.float32)
    across, down = (columns - x) / radius, (rows - y) / radius
    toward = np.sqrt(np.clip(1 - across**2 - down**2, 0, 1))
    light = np.clip(-0.5 * across - 0.6 * down + 0.62 * toward, 0, 1)
    body = np.array(color, np.float32) * (0.25 + 0.85 * light[..., None]) + 190 * (light[..., None] ** 24)
    mask = _disc(center_xy, (radius, radius))
    return picture + mask[..., None] * (body - picture), mask


def _beach() -> Floats:
    sky = _gradient((92, 150, 222), (205, 224, 238), 380)
    sea = _gradient((60, 118, 150), (84, 150, 172), 160) + _noise(1, 1.5, 7)[:160, :, None] * np.array([1, 1, 1])
    sand = _gradient((214, 190, 148), (186, 158, 112), 340)
    sand = sand + _noise(2, 1.2, 9)[:340, :, None] + _noise(3, 30, 7)[:340, :, None]
    clouds = np.clip(_noise(4, 45, 60)[:380, :, None] - 20, 0, 90)
    return np.concatenate([np.minimum(sky + clouds, 250), sea, sand]).astype(np.float32)


def _bands() -> dict[str, Mask]:
    rows = np.arange(SIZE_WH[1])[:, None] * np.ones((1, SIZE_WH[0]))
    bands = {"sky": rows < 380, "water": (rows >= 380) & (rows < 540), "sand": rows >= 540}
    return {name: band.astype(np.float32) for name, band in bands.items()}


def _make_beach() -> Picture:
    """A beach with a red ball on the sand."""
    empty = _beach()
    picture, ball = _ball(empty, (560, 640), 120, (205, 40, 38))
    return Picture("beach", _finish(picture, 5), {**_bands(), "ball": ball}, {"ball": _finish(empty, 5)})


def _make_tilted() -> Picture:
    """The beach with the camera held 4 degrees askew."""
    beach = load("beach").pixels
    turn = cv2.getRotationMatrix2D((592, 440), 4.0, 1.16)
    return Picture(
        "tilted", np.asarray(cv2.warpAffine(beach, turn, SIZE_WH, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))
    )


def _table() -> Floats:
    wall = _gradient((196, 190, 180), (176, 168, 156), 420) + _noise(6, 2, 2)[:420, :, None]
    grain = cv2.GaussianBlur(_noise(7, 1, 40), (0, 0), sigmaX=60, sigmaY=1.1)
    top = _gradient((150, 104, 64), (118, 78, 46), 460) + 2.2 * grain[:460, :, None] * np.array([1.0, 0.85, 0.6])
    return np.concatenate([wall, top]).astype(np.float32)


def _make_fruit() -> Picture:
    """A red, a green and a yellow fruit on a wooden table."""
    empty = _table()
    places = {
        "red": ((300.0, 560.0), 118.0, (196, 32, 36)),
        "green": ((600.0, 580.0), 126.0, (92, 150, 40)),
        "yellow": ((900.0, 570.0), 112.0, (226, 190, 40)),
    }
    picture, regions = empty, {}
    for name, (center, radius, color) in places.items():
        picture, regions[name] = _ball(picture, center, radius, color)
    without = empty
    for name in ("red", "green"):
        without, _ = _ball(without, *places[name])
    return Picture("fruit", _finish(picture, 8), regions, {"yellow": _finish(without, 8)})


def _make_mug() -> Picture:
    """A blue mug on a table."""
    empty = _table()
    picture = empty.copy()
    columns = np.linspace(-1, 1, 300, dtype=np.float32)
    shade = 0.4 + 0.6 * np.sqrt(np.clip(1 - (0.9 * columns + 0.25) ** 2, 0, 1))
    fallen = cv2.GaussianBlur(_disc((700, 700), (220, 40)), (0, 0), 16)[..., None]
    picture *= 1 - 0.5 * fallen
    mask = np.zeros((SIZE_WH[1], SIZE_WH[0]), np.uint8)
    cv2.rectangle(mask, (450, 360), (749, 680), 1, -1)
    cv2.ellipse(mask, (600, 680), (150, 34), 0, 0, 360, 1, -1)
    body = np.zeros_like(picture)
    body[:, 450:750] = shade[None, :, None] * np.array([48, 96, 176], np.float32)
    handle = np.zeros_like(mask)
    cv2.ellipse(handle, (752, 510), (74, 96), 0, -95, 95, 1, 34)
    picture[handle > 0] = (40, 82, 150)
    picture[mask > 0] = body[mask > 0]
    cv2.ellipse(picture, (600, 360), (150, 34), 0, 0, 360, (26, 56, 104), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (600, 360), (150, 34), 0, 0, 360, (96, 146, 216), 7, cv2.LINE_AA)
    cv2.ellipse(mask, (600, 360), (154, 38), 0, 0, 360, 1, -1)
    cup = np.maximum(mask, handle).astype(np.float32)
    return Picture("mug", _finish(cv2.GaussianBlur(picture, (0, 0), 0.8), 9), {"mug": cup}, {"mug": _finish(empty, 9)})


def _lettering(words: str, size_wh: tuple[int, int], ink: tuple[int, int, int], paper: tuple[int, int, int]) -> Pixels:
    plate = Image.new("RGB", size_wh, paper)
    draw = ImageDraw.Draw(plate)
    draw.rectangle((8, 8, size_wh[0] - 9, size_wh[1] - 9), outline=ink, width=6)
    font = ImageFont.load_default(round(0.55 * size_wh[1]))
    draw.text((size_wh[0] / 2, size_wh[1] / 2), words, ink, font, anchor="mm")
    return np.asarray(plate)


def _wall() -> Floats:
    brick = cv2.resize(skimage.data.brick(), SIZE_WH, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return np.asarray(brick[..., None] * np.array([1.0, 0.74, 0.62]), np.float32)


def _make_sign() -> Picture:
    """A sign that says OPEN on a brick wall, seen from the side."""
    corners = np.array([[330, 250], [850, 300], [846, 560], [336, 600]], np.float32)
    plate = np.array([[0, 0], [560, 0], [560, 280], [0, 280]], np.float32)
    warp = cv2.getPerspectiveTransform(plate, corners)
    shape = np.zeros((SIZE_WH[1], SIZE_WH[0]), np.uint8)
    cv2.fillConvexPoly(shape, corners.astype(np.int32), 255, cv2.LINE_AA)
    alpha = (shape.astype(np.float32) / np.float32(255))[..., None]
    pictures = {}
    for words in ("OPEN", ""):
        sign = cv2.warpPerspective(
            _lettering(words, (560, 280), (140, 24, 28), (240, 234, 220)), warp, SIZE_WH, flags=cv2.INTER_AREA
        )
        light = np.linspace(0.82, 1.0, SIZE_WH[0], dtype=np.float32)[None, :, None]
        mixed = _wall() + alpha * (sign * light - _wall())
        pictures[words] = _finish(cv2.GaussianBlur(mixed, (0, 0), 0.9), 10)
    plate_mask = alpha[..., 0]
    return Picture("sign", pictures["OPEN"], {"sign": plate_mask, "text": plate_mask}, {"text": pictures[""]})


def _make_screen() -> Picture:
    """A monitor with an empty gray screen on a table."""
    picture = _table()
    frame = np.array([[330, 130], [860, 170], [850, 520], [340, 560]], np.int32)
    screen = np.array([[352, 155], [840, 191], [831, 499], [361, 534]], np.int32)
    cv2.fillConvexPoly(
        picture, np.array([[560, 540], [640, 536], [650, 650], [550, 650]], np.int32), (38, 38, 40), cv2.LINE_AA
    )
    cv2.ellipse(picture, (600, 652), (130, 22), 0, 0, 360, (34, 34, 36), -1, cv2.LINE_AA)
    cv2.fillConvexPoly(picture, frame, (26, 26, 28), cv2.LINE_AA)
    cv2.fillConvexPoly(picture, screen, (150, 154, 158), cv2.LINE_AA)
    mask = np.zeros((SIZE_WH[1], SIZE_WH[0]), np.uint8)
    cv2.fillConvexPoly(mask, screen, 1)
    return Picture("screen", _finish(cv2.GaussianBlur(picture, (0, 0), 0.8), 11), {"screen": mask.astype(np.float32)})


def _make_noisy() -> Picture:
    """The coffee, at a high ISO."""
    clean = load("coffee")
    noise = np.random.default_rng(12).normal(0, 18, clean.pixels.shape)
    pixels = np.asarray(np.clip(clean.pixels + noise, 0, 255), np.uint8)
    return Picture("noisy", pixels, clean.regions, {"noise": clean.pixels})


def _make_hazy() -> Picture:
    """The Chinese pavilion through haze that thickens upward, as distance does."""
    clean = load("china")
    depth = np.linspace(0.72, 0.35, clean.pixels.shape[0], dtype=np.float32)[:, None, None]
    pixels = np.asarray(clean.pixels * (1 - depth) + np.array([206, 212, 218]) * depth, np.uint8)
    return Picture("hazy", pixels, clean.regions, {"haze": clean.pixels})


_MADE: Final[dict[str, Callable[[], Picture]]] = {
    "beach": _make_beach,
    "tilted": _make_tilted,
    "fruit": _make_fruit,
    "mug": _make_mug,
    "sign": _make_sign,
    "screen": _make_screen,
    "noisy": _make_noisy,
    "hazy": _make_hazy,
}
NAMES: Final = (*OUTLINES, *_MADE)
