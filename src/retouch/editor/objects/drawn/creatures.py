"""Animals: a perched songbird, a bird in flight, a fish, a butterfly."""

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
    moved,
    plate,
    pose,
    rotation,
    rounded_box,
)
from retouch.images.array_types import FloatImage

__all__ = ["MAKERS"]

# (back, breast, belly, wing) of some songbirds, sRGB.
_PLUMAGES: Final = (
    ((112, 84, 58), (170, 140, 105), (226, 214, 192), (84, 62, 44)),
    ((104, 92, 78), (206, 104, 44), (232, 224, 212), (92, 80, 66)),
    ((74, 108, 150), (232, 196, 84), (240, 222, 140), (60, 84, 120)),
    ((86, 84, 82), (150, 146, 140), (214, 210, 204), (62, 60, 60)),
    ((120, 104, 50), (206, 186, 80), (228, 220, 170), (70, 62, 40)),
)


def _mix(first: FloatImage, second: FloatImage, share: Array) -> FloatImage:
    return np.asarray(first + (second - first) * share[:, None], dtype=np.float32)


def _barbs(x: Array, y: Array, z: Array, seed: int) -> Array:
    """Fine streaks along the body: down and barbs."""
    return fractal(x * 7 + y * 3, y * 30 - x * 10, z * 30, octaves=2, seed=seed)


def _feather_rows(u: Array, v: Array, seed: int) -> tuple[Array, Array]:
    """Overlapping feathers in rows along u: (0 at the shaft to 1 at the pale edge, a tone of its own for each feather)."""
    length, width = np.float32(0.17), np.float32(0.085)
    row = np.floor(u / length)
    across = v / width + 0.5 * (row % 2)
    column = np.floor(across)
    along = u / length - row
    offset = across - column - 0.5
    edge = smoothstep(0.30, 0.50, np.abs(offset) + 0.35 * smoothstep(0.35, 0.0, along))
    tone = value_noise(row * 7.1 + 0.5, column * 5.3 + 0.5, np.zeros_like(u), seed)
    return edge, tone


def bird(rng: np.random.Generator, palette: Palette) -> Model:
    """A perched songbird with wing feathers, beak, eye and toes."""
    number = int(rng.integers(len(_PLUMAGES)))
    back_rgb, breast_rgb, belly_rgb, wing_rgb = _PLUMAGES[number]
    back = np.asarray(palette.main([back_rgb]), np.float32)
    asked = palette.was_used
    breast = back * 1.15 + 0.03 if asked else np.asarray(albedo(*breast_rgb), np.float32)
    belly = np.asarray(albedo(*belly_rgb), np.float32)
    wing = back * 0.62 if asked else np.asarray(albedo(*wing_rgb), np.float32)
    seed = int(rng.integers(1000))
    upright = float(rng.uniform(20, 38))

    def plumage(p: Points) -> FloatImage:
        high = 0.75 * p.y - 0.45 * p.x
        streaks = _barbs(p.x, p.y, p.z, seed)
        color = _mix(belly[None], breast[None], smoothstep(-0.16, 0.10, p.y + 0.30 * p.x + 0.10 * (streaks - 0.5)))
        top = smoothstep(0.06, 0.22, high + 0.16 * (streaks - 0.5) - 0.10 * np.abs(p.nz))
        cap = smoothstep(0.50, 0.58, p.y + 0.10 * (streaks - 0.5)) * smoothstep(0.2, 0.35, p.x)
        color = _mix(color, back[None], np.maximum(top, cap))
        stripe = smoothstep(0.05, 0.02, np.abs(p.y - 0.49 - 0.1 * (p.x - 0.55))) * smoothstep(0.36, 0.46, p.x)
        color = _mix(color, wing[None] * 0.6, 0.75 * stripe)
        return np.asarray(color * (0.78 + 0.44 * streaks)[:, None], np.float32)

    def down(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(
            0.012 * _barbs(x, y, z, seed + 1) + 0.02 * fractal(x * 9, y * 14, z * 14, octaves=2, seed=seed)
        )

    slope = np.radians(upright)
    cos, sin = np.float32(np.cos(slope)), np.float32(np.sin(slope))

    def wing_frame(x: Array, y: Array) -> tuple[Array, Array]:
        return (x + 0.12) * cos + (y - 0.02) * sin, -(x + 0.12) * sin + (y - 0.02) * cos

    def feathers(p: Points) -> FloatImage:
        u, v = wing_frame(p.x, p.y)
        edge, tone = _feather_rows(-u + 0.25 * v, v, seed + 2)
        long = smoothstep(0.05, -0.15, u)
        shaft = 0.5 + 0.5 * np.sin(v * 75 + u * 12)
        edge = edge * (1 - long) + smoothstep(0.75, 0.98, shaft) * long
        color = _mix(wing[None] * (0.7 + 0.7 * tone)[:, None], breast[None] * 0.5 + belly[None] * 0.35, 0.5 * edge)
        bar = smoothstep(0.05, 0.03, np.abs(u - 0.10 + 0.2 * v)) * 0.7
        return np.asarray(_mix(color, belly[None] * 0.9, bar), np.float32)

    def vanes(x: Array, y: Array, z: Array) -> Array:
        u, v = wing_frame(x, y)
        edge, _ = _feather_rows(-u + 0.25 * v, v, seed + 2)
        return np.asarray(-0.010 * edge + 0.003 * np.sin(v * 90 + u * 30) + 0 * z)

    soft = Material(plumage, gloss=0.05, sharpness=10, wrap=0.35, bump=down)
    vane = Material(feathers, gloss=0.10, sharpness=16, wrap=0.25, bump=vanes)
    horn_color = albedo(58, 48, 40) if number != 1 else albedo(84, 66, 44)
    horn = Material(horn_color, gloss=0.5, sharpness=40)
    skin = Material(albedo(150, 104, 84) if number % 2 else albedo(70, 56, 50), gloss=0.2)
    eye = Material((0.006, 0.005, 0.004), gloss=1.0, sharpness=160, wrap=0)
    ring = Material(tuple((belly * 0.4).tolist()), gloss=0.1)
    tilt = rotation(z=upright)
    look = float(rng.uniform(-0.04, 0.05))
    parts = [
        Part(moved(ellipsoid(0.60, 0.36, 0.34), (-0.06, -0.04, 0), tilt), soft),
        Part(moved(ellipsoid(0.36, 0.37, 0.33), (0.20, -0.01, 0), tilt), soft, 0.18),
        Part(ellipsoid_at((0.46, 0.42 + look, 0), (0.265, 0.245, 0.235)), soft, 0.22),
        Part(moved(rounded_box(0.40, 0.035, 0.115, 0.03), (-0.80, -0.42, 0), rotation(z=upright - 6)), vane, 0.14),
        Part(cone((0.66, 0.41 + look, 0), (0.90, 0.375 + look, 0), 0.062), horn, 0.03),
        Part(cone((0.66, 0.375 + look, 0), (0.86, 0.36 + look, 0), 0.040), horn, 0.015),
    ]
    for side in (1.0, -1.0):
        turned = rotation(z=upright + 4, y=7 * side)
        parts.append(Part(moved(ellipsoid(0.50, 0.225, 0.075), (-0.13, 0.015, 0.285 * side), turned), vane, 0.05))
        tip = rotation(z=upright + 2, y=12 * side)
        parts.append(Part(moved(ellipsoid(0.44, 0.075, 0.035), (-0.50, -0.20, 0.225 * side), tip), vane, 0.06))
        parts.append(Part(ellipsoid_at((0.545, 0.475 + look, 0.196 * side), (0.042, 0.042, 0.026)), ring, 0.02))
        parts.append(Part(ellipsoid_at((0.548, 0.475 + look, 0.206 * side), (0.037, 0.038, 0.036)), eye))
        parts += _leg(0.05 if side > 0 else -0.02, 0.11 * side, skin)
    facing = 0.0 if rng.random() < 0.5 else 180.0
    turn = pose(yaw=facing + float(rng.uniform(-32, 12)) * (1 if facing == 0 else -1), pitch=7)
    return Model(parts, (-1.3, -0.86, 1.3, 0.85), 1.3, turn, careful=0.85)


_SPREAD_WING: Final = (
    (0.05, 0.20),
    (0.35, 0.30),
    (0.75, 0.27),
    (1.10, 0.06),
    (1.38, -0.26),
    (1.20, -0.24),
    (1.05, -0.20),
    (0.80, -0.18),
    (0.50, -0.20),
    (0.20, -0.24),
    (0.05, -0.22),
)


def flying_bird(rng: np.random.Generator, palette: Palette) -> Model:
    """A gull-like bird in flight, its wings spread and arched."""
    back = np.asarray(palette.main([(150, 154, 160), (96, 88, 80), (70, 74, 84)]), np.float32)
    belly = back * 0.35 + 0.45 * np.asarray(albedo(238, 236, 230), np.float32) if palette.was_used else None
    white = np.asarray(albedo(232, 230, 224), np.float32) if belly is None else belly
    lift, arch = float(rng.uniform(0.20, 0.75)), float(rng.uniform(0.25, 0.55))
    seed = int(rng.integers(1000))

    def plumage(p: Points) -> FloatImage:
        streaks = _barbs(p.x, p.y, p.z, seed)
        color = _mix(white[None], back[None], smoothstep(0.0, 0.10, p.y + 0.05 * (streaks - 0.5)))
        return np.asarray(color * (0.84 + 0.3 * streaks)[:, None], np.float32)

    def vanes(p: Points) -> FloatImage:
        out = np.abs(p.z)
        fan = np.sin((p.x * 0.9 - out * (0.25 + 0.5 * smoothstep(0.6, 1.2, out))) * 70)
        shaft = smoothstep(0.55, 0.95, fan)
        tip = smoothstep(1.0, 1.22, out + 0.05 * fan)
        trailing = smoothstep(0.02, -0.18, p.x + 0.28 * smoothstep(0.7, 1.4, out))
        upper = _mix(back[None] * (0.9 + 0.25 * trailing)[:, None], back[None] * 0.10, tip)
        lower = _mix(white[None] * (1 - 0.25 * trailing)[:, None], back[None] * 0.25, tip)
        color = _mix(lower, upper, smoothstep(-0.15, 0.15, p.ny))
        return np.asarray(color * (1 - 0.22 * shaft)[:, None], np.float32)

    flat = plate(_smooth_outline(_SPREAD_WING), 0.020, 0.016)

    def wings(x: Array, y: Array, z: Array) -> Array:
        out = np.abs(z)
        return flat(out, x, y - 0.06 - lift * out + arch * lift * out * out) * np.float32(0.6)

    soft = Material(plumage, gloss=0.05, sharpness=10, wrap=0.35)
    vane = Material(vanes, gloss=0.06, sharpness=12, wrap=0.4, translucency=0.35)
    horn = Material(albedo(214, 150, 50), gloss=0.4, sharpness=40)
    tail = plate([(-0.45, 0.06), (-0.95, 0.20), (-1.0, 0.0), (-0.95, -0.20), (-0.45, -0.06)], 0.018, 0.014)
    parts = [
        Part(ellipsoid(0.60, 0.165, 0.17), soft),
        Part(ellipsoid_at((0.56, 0.06, 0), (0.185, 0.135, 0.13)), soft, 0.14),
        Part(wings, vane, 0.10),
        Part(lambda x, y, z: tail(x, z, y - 0.01) * np.float32(0.8), soft, 0.06),
        Part(cone((0.70, 0.05, 0), (0.90, 0.015, 0), 0.045), horn, 0.02),
    ]
    parts += [
        Part(ellipsoid_at((0.645, 0.095, 0.100 * side), (0.022, 0.022, 0.02)), Material((0.01, 0.01, 0.01), gloss=1))
        for side in (1, -1)
    ]
    facing = 0.0 if rng.random() < 0.5 else 180.0
    turn = pose(
        yaw=facing + float(rng.uniform(-62, -20)), pitch=float(rng.uniform(-30, -6)), roll=float(rng.uniform(-18, 18))
    )
    return Model(parts, (-1.7, -1.3, 1.7, 1.5), 1.7, turn, 0.7)


def ellipsoid_at(
    at: tuple[float, float, float], radii: tuple[float, float, float]
) -> Callable[[Array, Array, Array], Array]:
    """An ellipsoid about a point."""
    return moved(ellipsoid(*radii), at)


def _leg(x: float, z: float, skin: Material) -> list[Part]:
    foot = (x + 0.06, -0.74, z)
    toes = ((0.15, 0.04), (0.16, -0.05), (-0.10, 0.0))
    return [
        Part(capsule((x - 0.02, -0.34, z), (x - 0.03, -0.52, z), 0.055, 0.026), skin, 0.05),
        Part(capsule((x - 0.03, -0.52, z), foot, 0.021), skin),
        *(Part(capsule(foot, (foot[0] + dx, -0.765, z + dz), 0.020, 0.010), skin, 0.015) for dx, dz in toes),
    ]


def fish(rng: np.random.Generator, palette: Palette) -> Model:
    """A goldfish-like fish with scales and fins."""
    main = np.asarray(palette.main(((232, 112, 28), (226, 150, 40), (70, 130, 190), (190, 196, 204))), np.float32)
    pale = main * 0.35 + np.asarray(albedo(240, 226, 205), np.float32) * 0.6
    seed = int(rng.integers(1000))

    def scales(p: Points) -> FloatImage:
        edge, tone = _feather_rows(-p.x * 1.25, p.y * 1.1, seed)
        color = _mix(pale[None], main[None], smoothstep(-0.20, 0.06, p.y))
        color = color * (0.82 + 0.25 * tone - 0.28 * edge * smoothstep(0.62, 0.4, p.x))[:, None]
        return np.asarray(color, np.float32)

    def fins(p: Points) -> FloatImage:
        angle = np.arctan2(p.y, -p.x - 0.35)
        rays = 0.75 + 0.25 * np.sin(angle * 46)
        return np.asarray((main * 0.9 + 0.05)[None] * rays[:, None], np.float32)

    skin = Material(scales, gloss=0.75, sharpness=50, wrap=0.2)
    fin = Material(fins, gloss=0.3, wrap=0.4, translucency=0.6)
    tail = [
        (-0.55, 0.05),
        (-0.75, 0.18),
        (-1.05, 0.42),
        (-0.98, 0.12),
        (-0.93, 0.0),
        (-0.98, -0.14),
        (-1.05, -0.42),
        (-0.75, -0.17),
        (-0.55, -0.05),
    ]
    top = [(0.28, 0.28), (0.12, 0.50), (-0.10, 0.54), (-0.30, 0.44), (-0.44, 0.20), (-0.2, 0.22)]
    below = [(-0.05, -0.24), (-0.18, -0.46), (-0.32, -0.42), (-0.36, -0.16)]
    parts = [
        Part(ellipsoid(0.68, 0.33, 0.20), skin),
        Part(plate(tail, 0.022, 0.02), fin, 0.07),
        Part(plate(top, 0.020, 0.018), fin, 0.06),
        Part(plate(below, 0.020, 0.018), fin, 0.05),
    ]
    for side in (1, -1):
        parts.append(
            Part(moved(ellipsoid(0.17, 0.07, 0.02), (0.18, -0.13, 0.17 * side), rotation(z=30, y=35 * side)), fin, 0.03)
        )
        parts.append(
            Part(
                ellipsoid_at((0.46, 0.08, 0.135 * side), (0.060, 0.060, 0.035)),
                Material(albedo(236, 214, 150), gloss=0.6),
                0.01,
            )
        )
        parts.append(
            Part(
                ellipsoid_at((0.468, 0.08, 0.150 * side), (0.036, 0.037, 0.03)),
                Material((0.01, 0.01, 0.01), gloss=1, sharpness=160),
            )
        )
    facing = 0.0 if rng.random() < 0.5 else 180.0
    return Model(
        parts,
        (-1.15, -0.62, 1.15, 0.68),
        1.1,
        pose(yaw=facing + float(rng.uniform(-30, 20)), roll=float(rng.uniform(-8, 8)), pitch=4),
        0.8,
    )


_UPPER_WING: Final = (
    (0.02, 0.02),
    (0.10, 0.30),
    (0.34, 0.62),
    (0.66, 0.80),
    (0.86, 0.76),
    (0.92, 0.62),
    (0.80, 0.40),
    (0.66, 0.14),
    (0.40, -0.02),
    (0.1, -0.05),
)
_LOWER_WING: Final = (
    (0.03, 0.02),
    (0.36, 0.03),
    (0.60, -0.08),
    (0.70, -0.30),
    (0.60, -0.52),
    (0.42, -0.64),
    (0.26, -0.56),
    (0.12, -0.30),
    (0.03, -0.1),
)


def _smooth_outline(points: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """A closed Catmull-Rom curve through the points."""
    p = np.asarray(points)
    t = np.linspace(0, 1, 8, endpoint=False)[:, None]
    before, after, beyond = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(before, p, after, beyond, strict=True)
    ]
    return [(float(x), float(y)) for x, y in np.concatenate(pieces)]


def butterfly(rng: np.random.Generator, palette: Palette) -> Model:
    """A butterfly with open wings: dark veins and borders, pale spots in the border."""
    main = np.asarray(palette.main(((224, 120, 24), (40, 110, 200), (238, 206, 70), (216, 70, 40))), np.float32)
    dark, light = np.asarray(albedo(26, 20, 18), np.float32), np.asarray(albedo(240, 234, 222), np.float32)
    seed = int(rng.integers(1000))

    def paint(outline: list[tuple[float, float]]) -> Callable[[Points], FloatImage]:
        rim = plate(outline, 5.0, 0.0)

        def color(p: Points) -> FloatImage:
            x = np.abs(p.x)
            depth = -rim(x, p.y, np.zeros_like(x))
            angle = np.arctan2(p.y - 0.02, x)
            vein = smoothstep(0.80, 0.97, np.abs(np.sin(angle * 9 + 0.4))) * smoothstep(0.16, 0.3, np.hypot(x, p.y))
            border = smoothstep(0.105, 0.075, depth + 0.03 * value_noise(x * 14, p.y * 14, 0 * x, seed))
            spots = smoothstep(0.45, 0.8, np.sin(angle * 26)) * smoothstep(0.028, 0.012, np.abs(depth - 0.045))
            spots *= smoothstep(0.45, 0.6, np.hypot(x, p.y))
            inner = main[None] * (0.75 + 0.5 * smoothstep(0.0, 0.6, np.hypot(x, p.y)))[:, None]
            shown = _mix(inner, dark[None], np.maximum(border, 0.9 * vein))
            return _mix(shown, light[None], spots)

        return color

    upper, lower = _smooth_outline(_UPPER_WING), _smooth_outline(_LOWER_WING)
    lift = np.float32(np.tan(np.radians(rng.uniform(14, 40))))

    def raised(outline: list[tuple[float, float]]) -> Callable[[Array, Array, Array], Array]:
        flat = plate(outline, 0.012, 0.010)
        return lambda x, y, z: flat(np.abs(x), y, (z - lift * np.abs(x)) * np.float32(0.8))

    parts = [
        Part(raised(upper), Material(paint(upper), gloss=0.12, wrap=0.3, translucency=0.4)),
        Part(raised(lower), Material(paint(lower), gloss=0.12, wrap=0.3, translucency=0.4)),
        Part(
            moved(ellipsoid(0.05, 0.30, 0.055), (0, -0.10, 0.02)),
            Material(tuple((dark * 1.6).tolist()), gloss=0.1, wrap=0.3),
        ),
        Part(
            ellipsoid_at((0, 0.22, 0.03), (0.055, 0.06, 0.055)), Material(tuple((dark * 1.6).tolist()), gloss=0.2), 0.04
        ),
        Part(capsule((0.01, 0.25, 0.03), (0.15, 0.52, 0.10), 0.009), Material(tuple(dark.tolist()))),
        Part(capsule((-0.01, 0.25, 0.03), (-0.15, 0.52, 0.10), 0.009), Material(tuple(dark.tolist()))),
    ]
    turn = pose(roll=float(rng.uniform(-30, 30)), pitch=float(rng.uniform(15, 42)), yaw=float(rng.uniform(-22, 22)))
    return Model(parts, (-1.4, -1.2, 1.4, 1.3), 1.4, turn, careful=0.7)


MAKERS: Final[Mapping[str, Callable[[np.random.Generator, Palette], Model]]] = {
    "bird": bird,
    "flying bird": flying_bird,
    "fish": fish,
    "butterfly": butterfly,
}
