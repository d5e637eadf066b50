"""Plants and fruit: a daisy on its stem, an apple, a mushroom, a pumpkin."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from retouch.editor.objects.drawn.noise import fractal, smoothstep, value_noise
from retouch.editor.objects.drawn.palette import Palette, albedo
from retouch.editor.objects.drawn.render import Material, Model, Part, Points
from retouch.editor.objects.drawn.solids import (
    Array,
    Solid,
    capsule,
    ellipsoid,
    lathe,
    moved,
    pose,
    rotation,
    smooth_outline,
)
from retouch.images.array_types import FloatImage

__all__ = ["MAKERS"]


def _petals(count: int, length: float, width: float, cup: float, phase: float) -> Solid:
    """A ring of petals about the y axis: one petal in a folded plane, bent upwards by ``cup``."""
    petal = ellipsoid(length / 2, 0.020, width)
    step = np.float32(2 * np.pi / count)

    def distance(x: Array, y: Array, z: Array) -> Array:
        angle = np.arctan2(z, x) + np.float32(phase)
        number = np.round(angle / step)
        local = angle - step * number
        radius = np.sqrt(x * x + z * z)
        out, side = radius * np.cos(local), radius * np.sin(local)
        # No two petals are alike: each is raised and turned a little.
        own = np.sin(number * 12.9898) * np.float32(0.06)
        bend = cup * out * out + own * out + 0.30 * side * side / width
        return petal(out - np.float32(length / 2 + 0.12), y - bend, side + own * 0.4) * np.float32(0.8)

    return distance


def flower(rng: np.random.Generator, palette: Palette) -> Model:
    """A daisy or gerbera with two rings of petals, a seeded heart, a stem and leaves."""
    main = np.asarray(
        palette.main(((238, 236, 230), (236, 120, 150), (240, 190, 50), (226, 86, 50), (170, 110, 196))), np.float32
    )
    count = int(rng.integers(14, 20))

    def petal_color(p: Points) -> FloatImage:
        radius = np.hypot(p.x, p.z)
        veins = 0.90 + 0.12 * np.sin(np.arctan2(p.z, p.x) * count * 6)
        base = smoothstep(0.2, 0.75, radius)
        return np.asarray(main[None] * (veins * (0.68 + 0.36 * base))[:, None], np.float32)

    def heart_color(p: Points) -> FloatImage:
        seeds = value_noise(p.x * 34, p.y * 34, p.z * 34, 3)
        ring = smoothstep(0.10, 0.22, np.hypot(p.x, p.z))
        warm = np.asarray(albedo(226, 160, 34), np.float32) * (0.55 + 0.6 * seeds)[:, None]
        return np.asarray(warm * (0.65 + 0.45 * ring)[:, None], np.float32)

    def seeds(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(0.020 * value_noise(x * 34, y * 34, z * 34, 3))

    green = Material(_leaf_color, gloss=0.18, sharpness=20, wrap=0.3, translucency=0.3)
    head_turn = rotation(z=float(rng.uniform(-14, 14))) @ rotation(x=float(rng.uniform(48, 68)))
    head = (float(rng.uniform(-0.05, 0.05)), 0.72, 0.05)

    def on_head(solid: Solid) -> Solid:
        return moved(solid, head, head_turn)

    def as_seen(colorist: Callable[[Points], FloatImage]) -> Callable[[Points], FloatImage]:
        def color(p: Points) -> FloatImage:
            x, y, z = p.x - head[0], p.y - head[1], p.z - head[2]
            t = head_turn
            return colorist(
                Points(
                    t[0, 0] * x + t[1, 0] * y + t[2, 0] * z,
                    t[0, 1] * x + t[1, 1] * y + t[2, 1] * z,
                    t[0, 2] * x + t[1, 2] * y + t[2, 2] * z,
                    p.nx,
                    p.ny,
                    p.nz,
                )
            )

        return color

    silk = Material(as_seen(petal_color), gloss=0.10, sharpness=14, wrap=0.35, translucency=0.5)
    sway = float(rng.uniform(-0.16, 0.16))
    parts = [
        Part(on_head(_petals(count, 0.50, 0.085, 0.12, 0.0)), silk),
        Part(on_head(moved(_petals(count, 0.44, 0.075, 0.30, np.pi / count), (0, 0.03, 0))), silk),
        Part(
            on_head(ellipsoid(0.20, 0.10, 0.20)),
            Material(as_seen(heart_color), gloss=0.05, wrap=0.2, bump=on_head(seeds)),
            0.02,
        ),
        Part(capsule((head[0], 0.66, -0.06), (sway, 0.0, -0.02), 0.030, 0.034), green),
        Part(capsule((sway, 0.0, -0.02), (sway * 0.4, -1.05, 0.0), 0.034, 0.040), green, 0.03),
    ]
    for side in (1, -1):
        lift, at = float(rng.uniform(28, 55)), float(rng.uniform(-0.75, -0.35))
        leaf = ellipsoid(0.30, 0.016, 0.095)
        turned = rotation(z=lift * side, y=float(rng.uniform(-30, 30)))
        reach = np.radians(lift)
        parts.append(
            Part(
                moved(
                    leaf, (sway * 0.6 + 0.26 * side * float(np.cos(reach)), at + 0.26 * float(np.sin(reach)), 0), turned
                ),
                green,
                0.03,
            )
        )
    return Model(parts, (-0.85, -1.1, 0.85, 1.5), 1.0, pose(yaw=float(rng.uniform(-30, 30)), pitch=4), 0.75)


def _leaf_color(p: Points) -> FloatImage:
    blotch = fractal(p.x * 7, p.y * 7, p.z * 7, octaves=3, seed=11)
    return np.asarray(np.asarray(albedo(72, 116, 46), np.float32) * (0.65 + 0.6 * blotch)[:, None], np.float32)


def apple(rng: np.random.Generator, palette: Palette) -> Model:
    """An apple with streaks, pores, a stalk and a leaf."""
    main = np.asarray(palette.main(((176, 24, 30), (196, 40, 30), (130, 164, 48))), np.float32)
    under = np.asarray(albedo(206, 178, 80), np.float32)
    t = np.linspace(0, np.pi, 60)
    radius = 0.80 * np.sin(t) ** 0.72 * (1 - 0.13 * t / np.pi) + 0.02
    height = 0.74 * np.cos(t) - 0.26 * np.exp(-((t / 0.42) ** 2)) + 0.14 * np.exp(-(((np.pi - t) / 0.34) ** 2))
    radius[0] = radius[-1] = 0.0
    body = lathe([(float(r), float(y)) for r, y in zip(radius, height, strict=True)])
    seed = int(rng.integers(100))

    def skin(p: Points) -> FloatImage:
        angle = np.arctan2(p.z, p.x)
        streaks = fractal(np.cos(angle) * 9, p.y * 0.8, np.sin(angle) * 9, octaves=3, seed=seed)
        side = 0.5 + 0.5 * np.cos(angle - 0.6)
        ripe = smoothstep(0.25, 0.65, streaks * 0.7 + 0.45 * side + 0.12 * p.y)
        color = (
            under + (main - under) * (0.25 + 0.75 * ripe)[:, None]
            if main[0] > main[1]
            else main * (0.8 + 0.35 * streaks)[:, None]
        )
        hollow = smoothstep(0.22, 0.05, np.hypot(p.x, p.z)) * smoothstep(0.2, 0.4, p.y)
        pores = smoothstep(0.82, 0.90, value_noise(p.x * 44, p.y * 44, p.z * 44, seed + 3)) * 0.3
        color = color * (1 - 0.4 * hollow)[:, None]
        return np.asarray(color + (under - color) * pores[:, None], np.float32)

    parts = [
        Part(body, Material(skin, gloss=0.55, sharpness=44, wrap=0.2)),
        Part(capsule((0, 0.40, 0), (0.07, 0.86, 0.02), 0.028, 0.036), Material(albedo(84, 58, 34), gloss=0.1)),
    ]
    if rng.random() < 0.7:
        leaf = moved(ellipsoid(0.24, 0.014, 0.10), (0.30, 0.84, 0.02), rotation(z=14, x=28))
        parts.append(Part(leaf, Material(_leaf_color, gloss=0.3, wrap=0.3, translucency=0.4), 0.02))
    return Model(
        parts,
        (-1.0, -1.0, 1.0, 1.2),
        1.0,
        pose(pitch=16, yaw=float(rng.uniform(-70, 70)), roll=float(rng.uniform(-10, 10))),
        0.75,
    )


def mushroom(rng: np.random.Generator, palette: Palette) -> Model:
    """A mushroom with a domed cap, gills below and a thick stem."""
    main = np.asarray(palette.main(((140, 84, 46), (176, 112, 62), (178, 34, 28))), np.float32)
    spotted = bool(main[0] > 3.5 * main[1])
    cream = np.asarray(albedo(230, 216, 188), np.float32)
    cap = lathe(
        smooth_outline(
            [
                (0.0, 0.62),
                (0.30, 0.58),
                (0.58, 0.42),
                (0.76, 0.18),
                (0.80, 0.04),
                (0.76, -0.02),
                (0.60, 0.02),
                (0.25, 0.08),
                (0.0, 0.10),
            ]
        )
    )
    stem = lathe(smooth_outline([(0.0, 0.15), (0.17, 0.15), (0.19, -0.30), (0.27, -0.70), (0.25, -0.82), (0.0, -0.84)]))
    seed = int(rng.integers(100))

    def cap_color(p: Points) -> FloatImage:
        tone = 0.75 + 0.5 * fractal(p.x * 4, p.y * 4, p.z * 4, octaves=4, seed=seed)
        color = main[None] * tone[:, None]
        if spotted:
            dots = smoothstep(0.66, 0.70, value_noise(p.x * 5.5, p.y * 5.5, p.z * 5.5, seed)) * smoothstep(
                -0.02, 0.12, p.y
            )
            color = color + (cream - color) * dots[:, None]
        gills = smoothstep(0.1, -0.3, p.ny)
        lines = 0.6 + 0.4 * np.sin(np.arctan2(p.z, p.x) * 90)
        return np.asarray(color + (cream * 0.8 * lines[:, None] - color) * gills[:, None], np.float32)

    def stem_color(p: Points) -> FloatImage:
        fibers = 0.78 + 0.4 * fractal(p.x * 16, p.y * 3, p.z * 16, octaves=3, seed=seed + 5)
        soil = smoothstep(-0.6, -0.85, p.y) * 0.5
        return np.asarray(cream[None] * (fibers * (1 - soil))[:, None], np.float32)

    def pores(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(0.012 * fractal(x * 12, y * 12, z * 12, octaves=3, seed=seed + 2))

    parts = [
        Part(cap, Material(cap_color, gloss=0.22, sharpness=20, wrap=0.3, bump=pores)),
        Part(stem, Material(stem_color, gloss=0.03, wrap=0.35, bump=pores), 0.05),
    ]
    return Model(parts, (-1.0, -1.0, 1.0, 0.9), 1.0, pose(pitch=9, roll=float(rng.uniform(-9, 9))), 0.75)


def pumpkin(rng: np.random.Generator, palette: Palette) -> Model:
    """A ribbed pumpkin with a stalk."""
    main = np.asarray(palette.main(((222, 112, 24), (230, 134, 44), (214, 90, 22))), np.float32)
    ribs = int(rng.integers(9, 13))
    t = np.linspace(0, np.pi, 60)
    radius = 0.92 * np.sin(t) ** 0.8
    height = 0.66 * np.cos(t) - 0.20 * np.exp(-((t / 0.5) ** 2)) + 0.14 * np.exp(-(((np.pi - t) / 0.4) ** 2))
    radius[0] = radius[-1] = 0.0
    round_body = lathe([(float(r), float(y)) for r, y in zip(radius, height, strict=True)])

    def groove(x: Array, z: Array) -> Array:
        return np.asarray(np.abs(np.sin(np.arctan2(z, x) * (ribs / 2))) ** 0.55)

    def body(x: Array, y: Array, z: Array) -> Array:
        shrink = np.float32(0.88) + np.float32(0.12) * groove(x, z)
        return round_body(x / shrink, y, z / shrink) * np.float32(0.8)

    def skin(p: Points) -> FloatImage:
        shade = 0.62 + 0.38 * smoothstep(0.0, 0.7, groove(p.x, p.z))
        speckle = 0.85 + 0.3 * fractal(p.x * 9, p.y * 5, p.z * 9, octaves=4, seed=2)
        return np.asarray(main[None] * (shade * speckle)[:, None], np.float32)

    def stalk_color(p: Points) -> FloatImage:
        lines = 0.7 + 0.3 * np.sin(np.arctan2(p.z, p.x) * 8)
        return np.asarray(np.asarray(albedo(112, 108, 62), np.float32) * lines[:, None], np.float32)

    stalk = Material(stalk_color, gloss=0.08, wrap=0.2)
    lean = float(rng.uniform(-0.14, 0.14))
    parts = [
        Part(body, Material(skin, gloss=0.32, sharpness=26, wrap=0.2)),
        Part(capsule((0, 0.38, 0), (lean * 0.4, 0.64, 0), 0.15, 0.085), stalk, 0.06),
        Part(capsule((lean * 0.4, 0.64, 0), (lean, 0.82, 0.02), 0.085, 0.10), stalk, 0.03),
    ]
    return Model(parts, (-1.1, -0.9, 1.1, 1.05), 1.1, pose(pitch=15, yaw=float(rng.uniform(0, 40))), 0.7)


MAKERS: Final[Mapping[str, Callable[[np.random.Generator, Palette], Model]]] = {
    "flower": flower,
    "apple": apple,
    "mushroom": mushroom,
    "pumpkin": pumpkin,
}
