"""Things of the open air: boats, balloons, kites, the moon, a snowman; and stars and hearts."""

import itertools
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from retouch.editor.objects.drawn.noise import fractal, smoothstep, value_noise
from retouch.editor.objects.drawn.palette import Palette, albedo
from retouch.editor.objects.drawn.render import Material, Model, Part, Points
from retouch.editor.objects.drawn.solids import (
    Array,
    capsule,
    cone,
    ellipsoid,
    lathe,
    moved,
    plate,
    pose,
    rounded_box,
    smooth_outline,
    torus,
)
from retouch.images.array_types import FloatImage

__all__ = ["MAKERS"]

_BRIGHT: Final = ((206, 32, 38), (24, 92, 178), (242, 176, 28), (34, 140, 70))


def _hull(length: float, beam: float, depth: float) -> Callable[[Array, Array, Array], Array]:
    """An open hull: a long bowl cut off at the gunwale, pointed at both ends."""
    outer, inner = ellipsoid(length, depth, beam), ellipsoid(length * 0.955, depth * 0.90, beam * 0.88)

    def distance(x: Array, y: Array, z: Array) -> Array:
        sheer = 0.10 * (x / length) ** 2
        squeeze = 1 + 0.25 * (x / length) ** 2
        z = z * squeeze
        bowl = np.maximum(outer(x, y, z), -inner(x, y - 0.03, z))
        return np.maximum(bowl, y - sheer * depth * 1.4) * np.float32(0.85)

    return distance


def boat(rng: np.random.Generator, palette: Palette) -> Model:
    """A small wooden sailing boat with two sails."""
    paint = np.asarray(palette.main(((236, 232, 222), (40, 84, 130), (150, 40, 36), (44, 100, 90))), np.float32)
    wood = np.asarray(albedo(140, 92, 52), np.float32)
    cloth = np.asarray(albedo(238, 232, 216), np.float32)

    def planks(p: Points) -> FloatImage:
        line = smoothstep(0.10, 0.0, np.abs(np.sin(p.y * 34))) * 0.25
        inside = smoothstep(0.0, 0.25, -np.sign(p.z) * p.nz) * (np.abs(p.nz) > 0.05)
        rail = smoothstep(-0.035, -0.02, p.y - 0.14 * p.x * p.x)
        color = paint[None] * (1 - line)[:, None]
        grain = wood * (0.8 + 0.4 * fractal(p.x * 3, p.y * 22, p.z * 22, octaves=2))[:, None]
        return np.asarray(color + (grain - color) * np.maximum(inside, rail)[:, None], np.float32)

    def sail_cloth(p: Points) -> FloatImage:
        seam = smoothstep(0.10, 0.02, np.abs(np.sin((p.y + 0.25 * p.x) * 13))) * 0.12
        return np.asarray(cloth[None] * (1 - seam)[:, None], np.float32)

    canvas = Material(sail_cloth, gloss=0.03, wrap=0.45, translucency=0.55)
    billow = float(rng.uniform(0.10, 0.22))

    def sail(outline: list[tuple[float, float]]) -> Callable[[Array, Array, Array], Array]:
        flat = plate(outline, 0.010, 0.008)
        middle = np.asarray(outline).mean(axis=0)
        return lambda x, y, z: (
            flat(x, y, z - billow * (1 - ((x - middle[0]) / 0.5) ** 2 - ((y - middle[1]) / 0.9) ** 2)) * np.float32(0.8)
        )

    timber = Material(tuple(wood.tolist()), gloss=0.3, sharpness=30)
    parts = [
        Part(_hull(1.0, 0.36, 0.34), Material(planks, gloss=0.4, sharpness=40, wrap=0.1)),
        Part(moved(rounded_box(0.09, 0.02, 0.26, 0.01), (-0.45, -0.06, 0)), timber),
        Part(moved(rounded_box(0.09, 0.02, 0.30, 0.01), (0.10, -0.06, 0)), timber),
        Part(capsule((0.12, -0.2, 0), (0.12, 1.75, 0), 0.030, 0.018), timber),
        Part(capsule((0.12, 0.16, 0), (-0.78, 0.20, 0.05), 0.020), timber),
        Part(sail([(0.08, 0.22), (-0.76, 0.26), (-0.42, 0.85), (0.07, 1.66)]), canvas),
        Part(sail([(0.18, 1.45), (0.50, 0.75), (0.92, 0.16), (0.55, 0.22), (0.24, 0.26)]), canvas),
    ]
    facing = 0.0 if rng.random() < 0.5 else 180.0
    return Model(parts, (-1.2, -0.5, 1.2, 1.9), 1.25, pose(yaw=facing + float(rng.uniform(-32, 32)), pitch=9), 0.7)


def hot_air_balloon(rng: np.random.Generator, palette: Palette) -> Model:
    """A hot air balloon with colored gores and a basket."""
    first = np.asarray(palette.main(_BRIGHT), np.float32)
    second = np.asarray(albedo(*_BRIGHT[int(rng.integers(4))]), np.float32)
    third = np.asarray(albedo(246, 226, 160), np.float32)
    envelope = lathe(
        smooth_outline(
            [
                (0.0, 1.0),
                (0.35, 0.95),
                (0.68, 0.76),
                (0.86, 0.46),
                (0.90, 0.16),
                (0.80, -0.18),
                (0.55, -0.56),
                (0.30, -0.86),
                (0.17, -1.0),
                (0.0, -1.0),
            ]
        )
    )
    gores = 16

    def billowed(x: Array, y: Array, z: Array) -> Array:
        angle = np.arctan2(z, x)
        bulge = np.float32(1.0) + np.float32(0.018) * np.abs(np.sin(angle * gores / 2))
        return envelope(x / bulge, y, z / bulge) * np.float32(0.9)

    def cloth(p: Points) -> FloatImage:
        turn = np.arctan2(p.z, p.x) * (gores / (2 * np.pi))
        number = np.floor(turn) % 3
        zigzag = np.abs(turn - np.floor(turn) - 0.5) * 0.28
        band = smoothstep(0.02, 0.0, np.abs(p.y - 0.05 - zigzag) - 0.13)
        color = np.where((number == 0)[:, None], first, np.where((number == 1)[:, None], second, third))
        color = color + (third - color) * (band * (number != 2))[:, None]
        seam = smoothstep(0.05, 0.0, np.abs(turn - np.round(turn))) * 0.25
        return np.asarray(color * (1 - seam)[:, None], np.float32)

    def wicker(p: Points) -> FloatImage:
        weave = 0.6 + 0.4 * np.sign(np.sin(p.y * 70)) * np.sign(np.sin((p.x + p.z) * 70))
        return np.asarray(np.asarray(albedo(126, 86, 46), np.float32) * weave[:, None], np.float32)

    rope = Material(albedo(90, 80, 66))
    parts = [
        Part(billowed, Material(cloth, gloss=0.15, sharpness=14, wrap=0.25, translucency=0.4)),
        Part(moved(rounded_box(0.115, 0.095, 0.115, 0.025), (0, -1.46, 0)), Material(wicker, gloss=0.05)),
    ]
    parts += [
        Part(capsule((0.15 * sx, -0.98, 0.09 * sz), (0.10 * sx, -1.38, 0.09 * sz), 0.008), rope)
        for sx in (1, -1)
        for sz in (1, -1)
    ]
    return Model(parts, (-1.0, -1.65, 1.0, 1.15), 1.0, pose(yaw=float(rng.uniform(0, 60)), pitch=-8), 0.7)


def kite(rng: np.random.Generator, palette: Palette) -> Model:
    """A diamond kite with a tail of bows."""
    main = np.asarray(palette.main(_BRIGHT), np.float32)
    other = np.asarray(albedo(244, 214, 90), np.float32)
    flat = plate([(0.0, 0.85), (0.60, 0.22), (0.0, -0.85), (-0.60, 0.22)], 0.010, 0.008)

    def sail(x: Array, y: Array, z: Array) -> Array:
        return flat(x, y, z + np.float32(0.35) * x * x) * np.float32(0.85)

    def cloth(p: Points) -> FloatImage:
        quarter = ((p.x > 0) ^ (p.y > 0.22)).astype(np.float32)
        color = main + (other - main) * quarter[:, None]
        spar = smoothstep(0.018, 0.008, np.minimum(np.abs(p.x), np.abs(p.y - 0.22)))
        return np.asarray(color * (1 - 0.5 * spar)[:, None], np.float32)

    silk = Material(cloth, gloss=0.15, sharpness=20, wrap=0.35, translucency=0.7)
    string = Material(albedo(226, 222, 214))
    phase = float(rng.uniform(0, 6))
    ys = np.linspace(-0.84, -2.0, 12)
    xs = 0.16 * (np.sin((ys + 0.84) * 5 + phase) - np.sin(phase))
    parts = [Part(sail, silk)]
    knots = [(float(x), float(y), 0.0) for x, y in zip(xs, ys, strict=True)]
    parts += [Part(capsule(start, end, 0.010), string) for start, end in itertools.pairwise(knots)]
    for k in (3, 6, 9):
        color = Material(tuple((main if k % 2 else other).tolist()), gloss=0.1, wrap=0.3)
        parts.append(Part(moved(ellipsoid(0.10, 0.045, 0.02), (float(xs[k]) + 0.08, float(ys[k]), 0)), color))
        parts.append(Part(moved(ellipsoid(0.10, 0.045, 0.02), (float(xs[k]) - 0.08, float(ys[k]), 0)), color))
    return Model(
        parts,
        (-1.3, -2.1, 1.3, 1.1),
        1.0,
        pose(roll=float(rng.uniform(-32, 32)), pitch=-14, yaw=float(rng.uniform(-28, 28))),
        0.8,
    )


def star(rng: np.random.Generator, palette: Palette) -> Model:
    """A five-pointed star with facets, of polished metal."""
    main = palette.main(((236, 184, 60),))

    def faceted(x: Array, y: Array, z: Array) -> Array:
        # Each half arm is a plane that rises from the rim to a ridge from the middle to the tip.
        angle = np.arctan2(x, y)
        step = np.float32(2 * np.pi / 5)
        local = np.abs(angle - step * np.round(angle / step))
        radius = np.sqrt(x * x + y * y)
        u, v = radius * np.cos(local), radius * np.sin(local)
        inner_u, inner_v = 0.42 * np.cos(np.pi / 5), 0.42 * np.sin(np.pi / 5)
        normal = np.array([inner_v, 1.0 - inner_u]) / np.hypot(inner_v, 1.0 - inner_u)
        rim = (u - 1.0) * np.float32(normal[0]) + v * np.float32(normal[1])
        return np.asarray((np.abs(z) * 1.25 + rim) / np.float32(1.6))

    metal = Material(main, gloss=0.8, sharpness=26, wrap=0.05, metal=0.55)
    turn = pose(yaw=float(rng.uniform(-24, 24)), pitch=float(rng.uniform(-8, 14)), roll=float(rng.uniform(-14, 14)))
    return Model([Part(faceted, metal)], (-1.1, -1.0, 1.1, 1.1), 0.8, turn, 0.9)


def heart(rng: np.random.Generator, palette: Palette) -> Model:
    """A glossy, rounded heart."""
    main = palette.main(((200, 18, 36), (214, 30, 60)))
    t = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    x = 0.95 * np.sin(t) ** 3
    y = (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 17 + 0.12
    solid = plate([(float(a), float(b)) for a, b in zip(x, y, strict=True)], 0.36, 0.34)
    glossy = Material(main, gloss=0.85, sharpness=70, wrap=0.2)
    turn = pose(yaw=float(rng.uniform(-26, 26)), pitch=8, roll=float(rng.uniform(-10, 10)))
    return Model([Part(solid, glossy)], (-1.1, -1.1, 1.1, 0.95), 0.7, turn, 0.85)


def moon(rng: np.random.Generator, palette: Palette) -> Model:
    """The moon: maria, craters and rays."""
    main = np.asarray(palette.main(((216, 214, 206),)), np.float32)
    seed = int(rng.integers(20))

    def craters(x: Array, y: Array, z: Array) -> Array:
        total = np.zeros_like(x)
        for scale, depth in ((3.2, 0.010), (7.0, 0.006), (15.0, 0.003)):
            n = value_noise(x * scale, y * scale, z * scale, seed)
            pit = smoothstep(0.62, 0.82, n)
            total += np.float32(depth) * (smoothstep(0.52, 0.62, n) * (1 - pit) * 0.6 - pit)
        return total

    def dust(p: Points) -> FloatImage:
        maria = smoothstep(0.48, 0.62, fractal(p.x * 1.7, p.y * 1.7, p.z * 1.7, octaves=4, seed=seed + 4))
        fine = 0.88 + 0.24 * fractal(p.x * 9, p.y * 9, p.z * 9, octaves=3, seed=seed + 9)
        return np.asarray(main[None] * ((1 - 0.48 * maria) * fine)[:, None], np.float32)

    rock = Material(dust, gloss=0.0, wrap=0.12, bump=craters)
    return Model(
        [Part(ellipsoid(1, 1, 1), rock)], (-1.03, -1.03, 1.03, 1.03), 1.05, pose(yaw=float(rng.uniform(0, 360)))
    )


def snowman(rng: np.random.Generator, palette: Palette) -> Model:
    """Three balls of snow with a carrot, coal, a scarf and arms of twigs."""
    scarf_color = palette.main(((190, 34, 40), (30, 80, 150), (34, 120, 70)))
    snow_white = np.asarray(albedo(238, 242, 248), np.float32)

    def lumps(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(0.030 * fractal(x * 6, y * 6, z * 6, octaves=4, seed=3))

    def snow_color(p: Points) -> FloatImage:
        return np.asarray(
            snow_white[None] * (0.86 + 0.2 * fractal(p.x * 8, p.y * 8, p.z * 8, octaves=3, seed=1))[:, None], np.float32
        )

    snow = Material(snow_color, gloss=0.04, wrap=0.4, bump=lumps)
    coal = Material((0.015, 0.015, 0.017), gloss=0.4, sharpness=20)
    twig = Material(albedo(84, 60, 40), gloss=0.05)
    carrot = Material(albedo(232, 116, 30), gloss=0.2, wrap=0.2)
    parts = [
        Part(moved(ellipsoid(0.60, 0.54, 0.58), (0, -0.60, 0)), snow),
        Part(moved(ellipsoid(0.43, 0.40, 0.42), (0, 0.14, 0)), snow, 0.06),
        Part(moved(ellipsoid(0.30, 0.29, 0.30), (0, 0.68, 0)), snow, 0.05),
        Part(cone((0, 0.67, 0.26), (0.06, 0.62, 0.66), 0.058), carrot, 0.01),
        Part(moved(torus(0.265, 0.075), (0, 0.47, 0)), Material(scarf_color, gloss=0.02, wrap=0.35), 0.02),
        Part(
            capsule((0.16, 0.44, 0.28), (0.24, 0.05, 0.42), 0.075, 0.085),
            Material(scarf_color, gloss=0.02, wrap=0.35),
            0.04,
        ),
    ]
    parts += [Part(moved(ellipsoid(0.036, 0.036, 0.03), (0.105 * side, 0.77, 0.262)), coal) for side in (1, -1)]
    parts += [
        Part(moved(ellipsoid(0.04, 0.04, 0.03), (0, at, depth)), coal) for at, depth in ((0.26, 0.395), (0.06, 0.415))
    ]
    for side in (1, -1):
        tip = (0.98 * side, 0.52 + float(rng.uniform(-0.1, 0.1)), 0.05)
        parts.append(Part(capsule((0.38 * side, 0.20, 0), tip, 0.030, 0.014), twig))
        parts.append(Part(capsule((0.80 * side, 0.42, 0.03), (0.86 * side, 0.62, 0.06), 0.015, 0.009), twig))
    return Model(parts, (-1.1, -1.2, 1.1, 1.1), 1.0, pose(yaw=float(rng.uniform(-28, 28)), pitch=6), 0.85)


MAKERS: Final[Mapping[str, Callable[[np.random.Generator, Palette], Model]]] = {
    "boat": boat,
    "hot air balloon": hot_air_balloon,
    "kite": kite,
    "star": star,
    "heart": heart,
    "moon": moon,
    "snowman": snowman,
}
