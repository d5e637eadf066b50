"""Things to wear: hats, a crown, sunglasses."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from retouch.editor.objects.drawn.noise import fractal, smoothstep
from retouch.editor.objects.drawn.palette import Palette, albedo
from retouch.editor.objects.drawn.render import Material, Model, Part, Points
from retouch.editor.objects.drawn.solids import (
    Array,
    Solid,
    capsule,
    ellipsoid,
    lathe,
    moved,
    plate,
    pose,
    smooth_outline,
    smooth_union,
)
from retouch.images.array_types import FloatImage

__all__ = ["MAKERS"]


def _oval(solid: Solid, depth: float = 1.14) -> Solid:
    """Stretch a round thing front to back, as heads are."""
    return lambda x, y, z: solid(x, y, z / np.float32(depth))


def hat(rng: np.random.Generator, palette: Palette) -> Model:
    """A felt hat with a dented crown, a ribbon and a brim that dips in front."""
    main = np.asarray(
        palette.main(((120, 92, 62), (72, 70, 74), (46, 58, 84), (150, 124, 88), (96, 48, 42))), np.float32
    )
    ribbon = main * 0.28 if main.mean() > 0.08 else main * 0.3 + 0.10
    crown = lathe(
        smooth_outline(
            [(0.0, 0.70), (0.24, 0.72), (0.40, 0.69), (0.48, 0.55), (0.53, 0.30), (0.57, -0.02), (0.0, -0.03)]
        )
    )
    brim = lathe(
        [
            (0.48, 0.035),
            (0.62, 0.03),
            (0.85, 0.055),
            (1.0, 0.13),
            (1.01, 0.115),
            (0.86, 0.02),
            (0.62, -0.015),
            (0.48, -0.01),
        ]
    )
    pinch = moved(ellipsoid(0.12, 0.16, 0.52), (0, 0.80, 0.05))

    def shape(x: Array, y: Array, z: Array) -> Array:
        # The brim rolls up at the sides and dips in front.
        bend = np.float32(0.10) * x * x - np.float32(0.11) * np.clip(z, 0, None) ** 2
        y_bent = y - bend * smoothstep(0.5, 1.0, np.sqrt(x * x + z * z))
        body = -smooth_union(-_oval(crown)(x, y, z), pinch(x, y, z), 0.16)
        return smooth_union(body, _oval(brim)(x, y_bent, z), 0.05)

    def color(p: Points) -> FloatImage:
        around = np.hypot(p.x, p.z / 1.14)
        band = smoothstep(0.015, 0.03, p.y) * smoothstep(0.20, 0.185, p.y) * smoothstep(0.62, 0.60, around)
        nap = 0.88 + 0.24 * fractal(p.x * 26, p.y * 26, p.z * 26, octaves=2, seed=5)
        return np.asarray((main * nap[:, None]) * (1 - band[:, None]) + ribbon * band[:, None], np.float32)

    def felt(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(0.010 * fractal(x * 30, y * 30, z * 30, octaves=2, seed=8))

    parts = [Part(shape, Material(color, gloss=0.06, sharpness=8, wrap=0.28, bump=felt))]
    return Model(
        parts,
        (-1.2, -0.4, 1.2, 1.0),
        1.35,
        pose(pitch=9, roll=float(rng.uniform(-4, 4)), yaw=float(rng.uniform(-14, 14))),
        0.7,
    )


def top_hat(rng: np.random.Generator, palette: Palette) -> Model:
    """A silk top hat."""
    main = np.asarray(palette.main(((24, 24, 27),)), np.float32)
    body = lathe(
        [
            (0.0, 0.96),
            (0.56, 0.97),
            (0.59, 0.94),
            (0.545, 0.5),
            (0.56, 0.06),
            (0.60, 0.03),
            (0.85, 0.05),
            (0.93, 0.10),
            (0.94, 0.07),
            (0.86, 0.0),
            (0.6, -0.03),
            (0.0, -0.02),
        ]
    )

    def color(p: Points) -> FloatImage:
        band = (
            smoothstep(0.07, 0.08, p.y)
            * smoothstep(0.26, 0.25, p.y)
            * smoothstep(0.62, 0.60, np.hypot(p.x, p.z / 1.14))
        )
        return np.asarray(main[None] * (1 - 0.6 * band)[:, None], np.float32)

    parts = [Part(_oval(body), Material(color, gloss=0.55, sharpness=14, wrap=0.1))]
    return Model(parts, (-1.1, -0.35, 1.1, 1.15), 1.2, pose(pitch=8, roll=float(rng.uniform(-6, 6))), 0.7)


def party_hat(rng: np.random.Generator, palette: Palette) -> Model:
    """A paper cone with stripes and a pompom."""
    main = np.asarray(palette.main(((210, 40, 60), (40, 110, 190), (130, 60, 150), (30, 150, 120))), np.float32)
    second = np.asarray(albedo(244, 214, 90), np.float32)
    body = lathe([(0.0, 1.3), (0.03, 1.28), (0.5, 0.0), (0.47, -0.01), (0.0, 1.1)])

    def color(p: Points) -> FloatImage:
        turn = np.arctan2(p.z, p.x) * (3 / np.pi) + p.y * 3.2
        stripe = smoothstep(0.40, 0.46, np.abs(turn - np.round(turn)) * 2)
        return np.asarray(main * (1 - stripe[:, None]) + second * stripe[:, None], np.float32)

    def fluff(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(
            np.sqrt(x * x + (y - 1.3) ** 2 + z * z) - 0.13 - 0.07 * fractal(x * 22, y * 22, z * 22, octaves=2, seed=3)
        )

    parts = [
        Part(body, Material(color, gloss=0.35, sharpness=30, wrap=0.1)),
        Part(fluff, Material(tuple(second.tolist()), gloss=0.02, wrap=0.5)),
    ]
    return Model(parts, (-0.62, -0.22, 0.62, 1.55), 0.8, pose(pitch=7, roll=float(rng.uniform(-9, 9))), 0.55)


def _folded(x: Array, z: Array, count: int, phase: float = 0.0) -> tuple[Array, Array]:
    """Fold the plane about the y axis into one of ``count`` sectors: (outwards, sideways)."""
    step = np.float32(2 * np.pi / count)
    angle: Array = np.arctan2(z, x) + np.float32(phase)
    angle = angle - step * np.round(angle / step)
    radius = np.sqrt(x * x + z * z)
    return radius * np.cos(angle), radius * np.sin(angle)


def crown(rng: np.random.Generator, palette: Palette) -> Model:
    """A golden crown with points, pearls and jewels."""
    metal_color = palette.main(((232, 178, 62),))
    jewels = [albedo(170, 16, 34), albedo(20, 60, 150), albedo(14, 110, 66)]
    ring = lathe([(0.70, 0.0), (0.74, 0.0), (0.90, 0.86), (0.865, 0.86)])
    rims = [moved(lathe([(0.705, -0.03), (0.775, -0.03), (0.785, 0.05), (0.72, 0.05)]), (0, at, 0)) for at in (0.02,)]
    points = 8

    def cut_ring(x: Array, y: Array, z: Array) -> Array:
        out, side = _folded(x, z, points)
        # Valleys between the points are round, the points are sharp.
        half = np.float32(np.pi / points)
        share = np.abs(np.arctan2(side, out)) / half
        rim = np.float32(0.84) - np.float32(0.50) * share ** np.float32(0.75)
        return np.asarray(np.maximum(ring(x, y, z), (y - rim) * np.float32(0.5)))

    def pearl(x: Array, y: Array, z: Array) -> Array:
        out, side = _folded(x, z, points)
        return np.asarray(np.sqrt((out - 0.885) ** 2 + side * side + (y - 0.86) ** 2) - 0.058)

    def gem(x: Array, y: Array, z: Array) -> Array:
        out, side = _folded(x, z, points)
        return ellipsoid(0.045, 0.085, 0.062)(out - 0.765, y - 0.22, side)

    def dot(x: Array, y: Array, z: Array) -> Array:
        out, side = _folded(x, z, points, np.pi / points)
        return ellipsoid(0.03, 0.036, 0.036)(out - 0.765, y - 0.20, side)

    def hammered(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(0.008 * fractal(x * 14, y * 14, z * 14, octaves=2, seed=2))

    gold = Material(metal_color, gloss=0.85, sharpness=38, wrap=0.1, metal=0.72, bump=hammered)
    first = jewels[int(rng.integers(len(jewels)))]
    parts = [
        Part(cut_ring, gold),
        *(Part(each, gold, 0.02) for each in rims),
        Part(pearl, Material(albedo(240, 232, 216), gloss=0.8, sharpness=60, wrap=0.3), 0.015),
        Part(gem, Material(first, gloss=1.0, sharpness=120, translucency=0.5)),
        Part(dot, Material(albedo(238, 230, 214), gloss=0.8, sharpness=60)),
    ]
    return Model(
        parts,
        (-1.05, -0.35, 1.05, 1.1),
        1.1,
        pose(pitch=11, yaw=float(rng.uniform(0, 45)), roll=float(rng.uniform(-5, 5))),
        0.6,
    )


def sunglasses(rng: np.random.Generator, palette: Palette) -> Model:
    """Dark sunglasses, seen from the front."""
    frame_color = palette.main(((22, 20, 20), (90, 48, 26), (30, 34, 60), (120, 20, 30)))
    half = [
        (0.08, 0.20),
        (0.30, 0.27),
        (0.62, 0.29),
        (0.93, 0.27),
        (0.97, 0.16),
        (0.92, -0.16),
        (0.78, -0.34),
        (0.40, -0.37),
        (0.20, -0.26),
        (0.12, -0.02),
    ]
    lens_outline = [(0.53 + (x - 0.53) * 0.83, -0.03 + (y + 0.03) * 0.82) for x, y in half]
    outer, inner = plate(_rounded(half), 0.045, 0.02), plate(_rounded(lens_outline), 0.2, 0.0)
    lens = plate(_rounded(half), 0.012, 0.004)

    def curved(solid: Solid) -> Solid:
        # The front wraps round the face.
        return lambda x, y, z: solid(np.abs(x), y, z + np.float32(0.16) * x * x)

    def frame(x: Array, y: Array, z: Array) -> Array:
        z = z + np.float32(0.16) * x * x
        x = np.abs(x)
        return np.maximum(outer(x, y, z), -inner(x, y, z))

    def glass(p: Points) -> FloatImage:
        shade = smoothstep(-0.25, 0.2, p.y)
        dark = np.asarray((0.030, 0.034, 0.040), np.float32) * (1.9 - 1.3 * shade)[:, None]
        return np.asarray(dark, np.float32)

    acetate = Material(frame_color, gloss=0.7, sharpness=70, wrap=0.05)
    parts = [
        Part(frame, acetate),
        Part(moved(capsule((-0.10, 0, 0), (0.10, 0, 0), 0.042), (0, 0.15, 0.01)), acetate, 0.05),
        Part(curved(lens), Material(glass, gloss=1.0, sharpness=60, wrap=0)),
    ]
    temples = [capsule((0.945 * side, 0.20, -0.14), (1.0 * side, 0.16, -0.6), 0.04) for side in (1, -1)]
    parts += [Part(each, acetate, 0.02) for each in temples]
    return Model(parts, (-1.15, -0.5, 1.15, 0.45), 0.8, pose(pitch=3, yaw=float(rng.uniform(-4, 4))), 0.8)


def _rounded(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Cut the corners of a closed outline three times (Chaikin, 1974)."""
    p = np.asarray(points)
    for _ in range(3):
        after = np.roll(p, -1, axis=0)
        p = np.stack([0.75 * p + 0.25 * after, 0.25 * p + 0.75 * after], axis=1).reshape(-1, 2)
    return [(float(x), float(y)) for x, y in p]


MAKERS: Final[Mapping[str, Callable[[np.random.Generator, Palette], Model]]] = {
    "hat": hat,
    "top hat": top_hat,
    "party hat": party_hat,
    "crown": crown,
    "sunglasses": sunglasses,
}
