"""Things about the house: cup, vase, lamp, book, gift, umbrella, traffic cone."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from retouch.editor.objects.drawn.noise import fractal, smoothstep
from retouch.editor.objects.drawn.palette import Palette, albedo
from retouch.editor.objects.drawn.render import Material, Model, Part, Points
from retouch.editor.objects.drawn.solids import Array, capsule, lathe, moved, pose, rotation, rounded_box, torus
from retouch.images.array_types import FloatImage

__all__ = ["MAKERS"]

_GLAZES: Final = ((236, 232, 224), (44, 92, 140), (176, 52, 44), (60, 110, 84), (222, 172, 60), (50, 52, 58))


def cup(rng: np.random.Generator, palette: Palette) -> Model:
    """A glazed cup with a handle and coffee in it."""
    main = palette.main(_GLAZES)
    body = lathe(
        [
            (0.0, -0.62),
            (0.46, -0.62),
            (0.52, -0.58),
            (0.60, 0.0),
            (0.63, 0.60),
            (0.605, 0.625),
            (0.575, 0.60),
            (0.545, 0.0),
            (0.46, -0.50),
            (0.0, -0.52),
        ]
    )
    handle = moved(torus(0.30, 0.068), (0.70, 0.02, 0), rotation(x=90))
    glaze = Material(main, gloss=0.8, sharpness=80, wrap=0.08)
    drink = Material(albedo(58, 34, 20), gloss=0.7, sharpness=40)
    parts = [
        Part(body, glaze),
        Part(lambda x, y, z: np.maximum(handle(x, y, z), np.float32(0.57) - np.sqrt(x * x + z * z)), glaze, 0.06),
        Part(lathe([(0.0, 0.44), (0.57, 0.44), (0.56, 0.38), (0.0, 0.38)]), drink),
    ]
    side = 1 if rng.random() < 0.5 else -1
    turn = pose(pitch=21, yaw=float(rng.uniform(-35, 20)) + (0 if side > 0 else 180))
    return Model(parts, (-1.15, -0.95, 1.15, 0.95), 1.2, turn, 0.85)


def vase(rng: np.random.Generator, palette: Palette) -> Model:
    """A thrown vase with a colored glaze that runs down."""
    main = np.asarray(palette.main(_GLAZES), np.float32)
    clay = np.asarray(albedo(168, 112, 78), np.float32)
    belly = float(rng.uniform(0.42, 0.60))
    t = np.linspace(-1, 1, 40)
    outer = 0.26 + belly * 0.75 * np.exp(-(((t + 0.25) / 0.55) ** 2)) + 0.10 * smoothstep(0.7, 1.0, t)
    profile = [(0.0, -1.0), *((float(r), float(y)) for r, y in zip(outer, t, strict=True))]
    profile += [(float(r) - 0.05, float(y)) for r, y in zip(outer[::-1], t[::-1], strict=True) if y > -0.9] + [
        (0.0, -0.92)
    ]
    seed = int(rng.integers(100))

    def color(p: Points) -> FloatImage:
        edge = -0.45 + 0.25 * fractal(p.x * 5, 0 * p.y, p.z * 5, octaves=2, seed=seed)
        glazed = smoothstep(-0.02, 0.02, p.y - edge)
        spots = 0.85 + 0.3 * fractal(p.x * 12, p.y * 12, p.z * 12, octaves=3, seed=seed + 1)
        return np.asarray((clay + (main - clay) * glazed[:, None]) * spots[:, None], np.float32)

    parts = [Part(lathe(profile), Material(color, gloss=0.55, sharpness=50, wrap=0.1))]
    return Model(parts, (-0.95, -1.15, 0.95, 1.2), 1.0, rotation(x=12), 0.7)


def lamp(rng: np.random.Generator, palette: Palette) -> Model:
    """A table lamp with a linen shade, lit from within."""
    base = palette.main(_GLAZES)
    linen = np.asarray(albedo(246, 226, 184), np.float32)
    foot = lathe(
        [
            (0.0, -1.0),
            (0.36, -1.0),
            (0.38, -0.95),
            (0.14, -0.88),
            (0.24, -0.62),
            (0.30, -0.40),
            (0.20, -0.12),
            (0.06, 0.02),
            (0.045, 0.25),
            (0.0, 0.25),
        ]
    )
    shade = lathe([(0.66, 0.10), (0.40, 0.92), (0.38, 0.92), (0.64, 0.10)])

    def glow(p: Points) -> FloatImage:
        weave = 0.93 + 0.10 * fractal(p.x * 60, p.y * 14, p.z * 60, octaves=1, seed=2)
        warm = 0.85 + 0.35 * np.exp(-(((p.y - 0.42) / 0.28) ** 2))
        return np.asarray(linen[None] * (weave * warm)[:, None], np.float32)

    parts = [
        Part(foot, Material(base, gloss=0.75, sharpness=70)),
        Part(shade, Material(glow, gloss=0.02, wrap=0.75, translucency=0.9)),
    ]
    return Model(parts, (-0.85, -1.2, 0.85, 1.15), 1.0, pose(pitch=6, roll=float(rng.uniform(-1, 1))), 0.7)


def book(rng: np.random.Generator, palette: Palette) -> Model:
    """A closed hardcover lying on a table, seen from above one corner."""
    cover = np.asarray(
        palette.main(((120, 28, 30), (28, 62, 98), (36, 84, 58), (92, 66, 42), (60, 42, 84))), np.float32
    )
    gold = np.asarray(albedo(212, 174, 92), np.float32)

    def cloth(p: Points) -> FloatImage:
        weave = 0.90 + 0.2 * fractal(p.x * 45, p.y * 45, p.z * 45, octaves=2, seed=4)
        frame = smoothstep(0.016, 0.010, np.abs(np.maximum(np.abs(p.x - 0.03) / 0.70, np.abs(p.z) / 1.0) - 0.82) * 0.8)
        title = smoothstep(0.05, 0.045, np.abs(p.z + 0.35)) * smoothstep(0.34, 0.33, np.abs(p.x - 0.03))
        shown = (np.maximum(frame, title) * (p.ny > 0.7))[:, None] * 0.9
        return np.asarray(cover * weave[:, None] * (1 - shown) + gold * shown, np.float32)

    def paper(p: Points) -> FloatImage:
        leaves = 0.80 + 0.20 * np.sin(p.y * 210 + 2 * fractal(p.x * 3, p.y * 60, p.z * 3, octaves=2))
        return np.asarray(np.asarray(albedo(236, 226, 204), np.float32) * leaves[:, None], np.float32)

    bound = Material(cloth, gloss=0.12, sharpness=20, wrap=0.1)
    thick = float(rng.uniform(0.11, 0.17))
    parts = [
        Part(moved(rounded_box(0.72, 0.022, 1.0, 0.012), (0, thick, 0)), bound),
        Part(moved(rounded_box(0.72, 0.022, 1.0, 0.012), (0, -thick, 0)), bound),
        Part(moved(rounded_box(0.04, thick + 0.02, 1.0, 0.03), (-0.70, 0, 0)), bound, 0.02),
        Part(moved(rounded_box(0.67, thick, 0.955, 0.01), (0, 0, 0)), Material(paper, gloss=0.03)),
    ]
    turn = pose(pitch=30, yaw=float(rng.uniform(22, 62)))
    return Model(parts, (-1.3, -0.9, 1.3, 0.9), 1.5, turn, 0.9)


def gift(rng: np.random.Generator, palette: Palette) -> Model:
    """A wrapped box with a ribbon and a bow."""
    paper = np.asarray(palette.main(((186, 34, 44), (36, 92, 150), (44, 120, 84), (224, 200, 150))), np.float32)
    ribbon_rgb = (238, 226, 196) if paper[0] > paper[2] else (206, 44, 52)
    ribbon = np.asarray(albedo(*ribbon_rgb), np.float32)

    def wrap(p: Points) -> FloatImage:
        strap = smoothstep(0.125, 0.115, np.minimum(np.abs(p.x), np.abs(p.z)))
        strap = np.maximum(
            strap * (np.abs(p.ny) > 0.5),
            smoothstep(0.125, 0.115, np.where(np.abs(p.nx) > 0.5, np.abs(p.z), np.abs(p.x))) * (np.abs(p.ny) <= 0.5),
        )
        return np.asarray(paper * (1 - strap[:, None]) + ribbon * strap[:, None], np.float32)

    satin = Material(tuple(ribbon.tolist()), gloss=0.45, sharpness=18, wrap=0.15)
    parts = [
        Part(rounded_box(0.70, 0.50, 0.70, 0.025), Material(wrap, gloss=0.3, sharpness=30)),
        Part(moved(rounded_box(0.74, 0.11, 0.74, 0.02), (0, 0.44, 0)), Material(wrap, gloss=0.3, sharpness=30)),
    ]
    for side in (1, -1):
        loop = moved(torus(0.20, 0.055), (0.21 * side, 0.68, 0.02), rotation(x=72, z=28 * side))
        parts.append(Part(loop, satin, 0.03))
        parts.append(Part(capsule((0, 0.58, 0.05), (0.30 * side, 0.575, 0.42), 0.05, 0.035), satin, 0.02))
    parts.append(Part(moved(rounded_box(0.09, 0.07, 0.09, 0.05), (0, 0.62, 0)), satin, 0.02))
    turn = pose(pitch=20, yaw=float(rng.uniform(20, 55)))
    return Model(parts, (-1.2, -1.05, 1.2, 1.25), 1.3, turn, 0.85)


def umbrella(rng: np.random.Generator, palette: Palette) -> Model:
    """An open umbrella with eight panels and a hooked handle."""
    main = np.asarray(
        palette.main(((190, 36, 44), (34, 70, 130), (40, 42, 46), (232, 180, 48), (40, 120, 100))), np.float32
    )
    panels = 8

    def canopy(x: Array, y: Array, z: Array) -> Array:
        step = np.float32(2 * np.pi / panels)
        angle = np.arctan2(z, x)
        share = np.abs(angle - step * np.round(angle / step)) / (step / 2)
        radius = np.sqrt(x * x + z * z)
        sag = 0.07 * share**2 * radius**2
        shell = np.abs(np.sqrt(radius**2 + (y + 0.72 + sag) ** 2) - np.float32(1.22)) - 0.012
        rim = np.maximum(radius - 1.0 + 0.05 * (1 - (1 - share) ** 2), -(y + 0.08))
        return np.asarray(np.maximum(shell, rim * 0.8))

    def cloth(p: Points) -> FloatImage:
        step = 2 * np.pi / panels
        angle = np.arctan2(p.z, p.x)
        seam = smoothstep(0.030, 0.012, np.abs(angle - step * np.round(angle / step)) * np.hypot(p.x, p.z))
        inside = 0.55 + 0.45 * (p.ny > 0)
        return np.asarray(main[None] * ((1 - 0.35 * seam) * inside)[:, None], np.float32)

    metal = Material(albedo(120, 120, 124), gloss=0.8, sharpness=60, metal=0.6)
    wood = Material(albedo(116, 74, 40), gloss=0.5, sharpness=50)
    parts = [
        Part(canopy, Material(cloth, gloss=0.14, sharpness=16, wrap=0.25, translucency=0.5)),
        Part(capsule((0, 0.62, 0), (0, -0.95, 0), 0.020), metal),
        Part(capsule((0, -0.85, 0), (0, -1.12, 0), 0.036), wood),
        Part(moved(lambda x, y, z: np.maximum(torus(0.11, 0.036)(x, z, y), y), (0.11, -1.12, 0)), wood, 0.02),
    ]
    lean = float(rng.uniform(8, 26)) * (1 if rng.random() < 0.5 else -1)
    turn = pose(roll=lean, pitch=14, yaw=float(rng.uniform(0, 45)))
    return Model(parts, (-1.35, -1.4, 1.35, 1.1), 1.4, turn, 0.6)


def traffic_cone(rng: np.random.Generator, palette: Palette) -> Model:
    """An orange road cone with white bands on a square foot."""
    main = np.asarray(palette.main(((236, 92, 24),)), np.float32)
    white = np.asarray(albedo(236, 236, 232), np.float32)
    body = lathe([(0.0, 1.02), (0.07, 1.02), (0.095, 0.98), (0.44, -0.62), (0.40, -0.64), (0.0, -0.64)])

    def color(p: Points) -> FloatImage:
        band = smoothstep(0.17, 0.16, np.abs(p.y - 0.32)) + smoothstep(0.09, 0.08, np.abs(p.y + 0.18))
        dirt = 0.82 + 0.26 * fractal(p.x * 4, p.y * 4, p.z * 4, octaves=4, seed=6)
        return np.asarray((main + (white - main) * band[:, None]) * dirt[:, None], np.float32)

    rubber = Material(color, gloss=0.25, sharpness=24, wrap=0.15)
    foot = Material(tuple((main * 0.75).tolist()), gloss=0.15, sharpness=16)
    parts = [Part(body, rubber), Part(moved(rounded_box(0.62, 0.05, 0.62, 0.04), (0, -0.68, 0)), foot, 0.03)]
    return Model(parts, (-0.95, -1.1, 0.95, 1.15), 1.0, pose(pitch=13, yaw=float(rng.uniform(0, 90))), 0.8)


MAKERS: Final[Mapping[str, Callable[[np.random.Generator, Palette], Model]]] = {
    "cup": cup,
    "vase": vase,
    "lamp": lamp,
    "book": book,
    "gift": gift,
    "umbrella": umbrella,
    "traffic cone": traffic_cone,
}
