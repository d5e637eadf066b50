"""Round things of play: balls and balloons."""

import itertools
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from retouch.editor.objects.drawn.noise import fractal, smoothstep
from retouch.editor.objects.drawn.palette import Palette, albedo
from retouch.editor.objects.drawn.render import Material, Model, Part, Points
from retouch.editor.objects.drawn.solids import Array, capsule, ellipsoid, lathe, pose
from retouch.images.array_types import FloatImage

__all__ = ["MAKERS"]

_BRIGHT: Final = ((206, 32, 38), (24, 92, 178), (242, 176, 28), (34, 140, 70), (226, 98, 24), (140, 52, 140))


def ball(rng: np.random.Generator, palette: Palette) -> Model:
    """A rubber play ball with a light band and two lines."""
    main = np.asarray(palette.main(_BRIGHT), np.float32)
    band = np.asarray(albedo(238, 234, 226), np.float32)

    def color(p: Points) -> FloatImage:
        stripe = 1 - smoothstep(0.20, 0.215, np.abs(p.y))
        line = 1 - smoothstep(0.030, 0.040, np.abs(np.abs(p.y) - 0.30))
        mixed = main + (band - main) * np.maximum(stripe, line)[:, None]
        wear = 0.93 + 0.14 * fractal(p.x * 5, p.y * 5, p.z * 5, octaves=3, seed=3)
        return np.asarray(mixed * wear[:, None], np.float32)

    def grain(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(np.float32(0.0016) * np.sin(x * 95) * np.sin(y * 95) * np.sin(z * 95))

    turn = pose(pitch=float(rng.uniform(10, 40)), yaw=float(rng.uniform(0, 360)), roll=float(rng.uniform(-50, 50)))
    rubber = Material(color, gloss=0.42, sharpness=46, wrap=0.12, bump=grain)
    return Model([Part(ellipsoid(1, 1, 1), rubber)], (-1.02, -1.02, 1.02, 1.02), 1.05, turn)


def balloon(rng: np.random.Generator, palette: Palette) -> Model:
    """A latex balloon with its knot and a hanging ribbon."""
    main = np.asarray(palette.main(_BRIGHT), np.float32)
    t = np.linspace(0, np.pi, 48)
    # A drop: the sphere's lower half is drawn out towards the knot.
    radius = 0.80 * np.sin(t) * (1 - 0.22 * smoothstep(1.5, 3.1, t))
    height = 0.30 + np.where(t < np.pi / 2, np.cos(t) * 0.86, np.cos(t) * 1.06)
    body = lathe([(float(max(r, 0)), float(y)) for r, y in zip(radius, height, strict=True)])

    def color(p: Points) -> FloatImage:
        deep = 0.80 + 0.20 * np.clip(p.nz, 0, 1)
        rim = smoothstep(-0.45, -0.76, p.y)
        return np.asarray(main * (deep * (1 - 0.45 * rim))[:, None], np.float32)

    latex = Material(color, gloss=0.75, sharpness=110, wrap=0.30, translucency=0.55)
    knot = Material(tuple((main * 0.45).tolist()), gloss=0.3, wrap=0.2)
    ribbon = Material(albedo(232, 228, 220), gloss=0.1, wrap=0.4)
    parts = [Part(body, latex), Part(capsule((0, -0.74, 0), (0, -0.83, 0), 0.030, 0.075), knot, 0.03)]
    sway, phase = float(rng.uniform(0.03, 0.09)), float(rng.uniform(0, 6.28))
    ys = np.linspace(-0.83, -1.75, 9)
    xs = sway * (np.sin((ys + 0.83) * 5.5 + phase) - np.sin(phase))
    knots = [(float(x), float(y), 0.0) for x, y in zip(xs, ys, strict=True)]
    parts += [Part(capsule(start, end, 0.0095), ribbon) for start, end in itertools.pairwise(knots)]
    tilt = pose(roll=float(rng.uniform(-9, 9)), pitch=float(rng.uniform(-6, 6)))
    return Model(parts, (-1.05, -1.85, 1.05, 1.25), 1.0, tilt)


MAKERS: Final[Mapping[str, Callable[[np.random.Generator, Palette], Model]]] = {"ball": ball, "balloon": balloon}
