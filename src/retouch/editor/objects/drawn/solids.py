"""Solids as signed distance functions.

A solid maps points (x, y, z: float32 arrays of one shape) to their distance from its surface, negative inside.
x points right, y up, z to the viewer; a unit is about half of the object.

References
----------
J. C. Hart, "Sphere tracing: a geometric method for the antialiased ray tracing of implicit surfaces", The Visual Computer, 1996.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "Array",
    "Solid",
    "capsule",
    "cone",
    "ellipsoid",
    "lathe",
    "moved",
    "plate",
    "pose",
    "rotation",
    "rounded_box",
    "smooth_outline",
    "smooth_union",
    "torus",
]

Array = npt.NDArray[Any]
Solid = Callable[[Array, Array, Array], Array]

_GRID = 200


def rotation(*, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Array:
    """Return the (3, 3) matrix that turns about x, then y, then z, in degrees."""
    ax, ay, az = np.radians([x, y, z])
    about_x = np.array([[1, 0, 0], [0, np.cos(ax), -np.sin(ax)], [0, np.sin(ax), np.cos(ax)]])
    about_y = np.array([[np.cos(ay), 0, np.sin(ay)], [0, 1, 0], [-np.sin(ay), 0, np.cos(ay)]])
    about_z = np.array([[np.cos(az), -np.sin(az), 0], [np.sin(az), np.cos(az), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x, dtype=np.float32)


def pose(*, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Array:
    """Return the (3, 3) matrix of a pose: turn about the upright axis, look down by ``pitch``, then lean by ``roll``."""
    return np.asarray(rotation(z=roll) @ rotation(x=pitch) @ rotation(y=yaw), dtype=np.float32)


def to_local(x: Array, y: Array, z: Array, turn: Array) -> tuple[Array, Array, Array]:
    """Express points in the frame of a thing that ``turn`` has turned: multiply by its transpose."""
    t = turn
    return (
        t[0, 0] * x + t[1, 0] * y + t[2, 0] * z,
        t[0, 1] * x + t[1, 1] * y + t[2, 1] * z,
        t[0, 2] * x + t[1, 2] * y + t[2, 2] * z,
    )


def moved(solid: Solid, at: Sequence[float] = (0.0, 0.0, 0.0), turn: Array | None = None) -> Solid:
    """Turn a solid about its origin, then move it to ``at``."""
    ax, ay, az = (np.float32(each) for each in at)

    def distance(x: Array, y: Array, z: Array) -> Array:
        x, y, z = x - ax, y - ay, z - az
        if turn is not None:
            x, y, z = to_local(x, y, z, turn)
        return solid(x, y, z)

    return distance


def ellipsoid(rx: float, ry: float, rz: float) -> Solid:
    """An ellipsoid about the origin; exact on its surface, an estimate elsewhere (first order of the implicit function)."""
    ix, iy, iz = np.float32(1 / rx), np.float32(1 / ry), np.float32(1 / rz)

    def distance(x: Array, y: Array, z: Array) -> Array:
        a, b, c = x * ix, y * iy, z * iz
        near = np.sqrt(a * a + b * b + c * c)
        a, b, c = a * ix, b * iy, c * iz
        return np.asarray(near * (near - 1) / np.maximum(np.sqrt(a * a + b * b + c * c), 1e-5))

    return distance


def capsule(start: Sequence[float], end: Sequence[float], radius: float, end_radius: float | None = None) -> Solid:
    """A rod with round ends from ``start`` to ``end``, its radius going over to ``end_radius``."""
    a = np.asarray(start, np.float32)
    axis = np.asarray(end, np.float32) - a
    length2 = np.float32(max(float(axis @ axis), 1e-9))
    taper = np.float32((radius if end_radius is None else end_radius) - radius)

    def distance(x: Array, y: Array, z: Array) -> Array:
        x, y, z = x - a[0], y - a[1], z - a[2]
        along = np.clip((x * axis[0] + y * axis[1] + z * axis[2]) / length2, 0, 1)
        x, y, z = x - along * axis[0], y - along * axis[1], z - along * axis[2]
        return np.asarray(np.sqrt(x * x + y * y + z * z) - (np.float32(radius) + taper * along))

    return distance


def cone(start: Sequence[float], end: Sequence[float], radius: float) -> Solid:
    """A cone from a round base at ``start`` to a point at ``end``."""
    return capsule(start, end, radius, radius * 0.04)


def rounded_box(hx: float, hy: float, hz: float, rounding: float) -> Solid:
    """A box of half sizes hx, hy, hz (rounding included) with rounded edges."""
    sizes = [np.float32(each - rounding) for each in (hx, hy, hz)]

    def distance(x: Array, y: Array, z: Array) -> Array:
        a, b, c = np.abs(x) - sizes[0], np.abs(y) - sizes[1], np.abs(z) - sizes[2]
        outside = np.sqrt(np.maximum(a, 0) ** 2 + np.maximum(b, 0) ** 2 + np.maximum(c, 0) ** 2)
        return np.asarray(outside + np.minimum(np.maximum(a, np.maximum(b, c)), 0) - np.float32(rounding))

    return distance


def torus(radius: float, thickness: float) -> Solid:
    """A ring about the y axis."""

    def distance(x: Array, y: Array, z: Array) -> Array:
        around = np.sqrt(x * x + z * z) - np.float32(radius)
        return np.asarray(np.sqrt(around * around + y * y) - np.float32(thickness))

    return distance


def smooth_union(first: Array, second: Array, width: float) -> Array:
    """Union with a fillet of about ``width``; 0 is the sharp union."""
    if width <= 0:
        return np.minimum(first, second)
    h = np.maximum(np.float32(width) - np.abs(first - second), 0) / np.float32(width)
    return np.asarray(np.minimum(first, second) - h * h * np.float32(width * 0.25))


@functools.lru_cache(maxsize=64)
def _outline_grid(raw: bytes) -> tuple[Array, Array, float]:
    """Sample the signed distance of a closed outline on a grid: (grid, lower corner, samples a unit).

    Exact distances to the segments; the sign is the parity of crossings (W. R. Franklin's point-in-polygon test).
    """
    points = np.frombuffer(raw, np.float32).reshape(-1, 2).astype(np.float64)
    extent = np.ptp(points, axis=0)
    margin = 0.06 * float(extent.max()) + 0.02
    low = points.min(axis=0) - margin
    scale = (_GRID - 1) / float((extent + 2 * margin).max())
    columns, rows = (np.ceil((extent + 2 * margin) * scale).astype(int) + 1).tolist()
    x = (low[0] + np.arange(columns) / scale).astype(np.float32)[None, :]
    y = (low[1] + np.arange(rows) / scale).astype(np.float32)[:, None]
    nearest = np.full((rows, columns), np.inf, np.float32)
    inside = np.zeros((rows, columns), bool)
    for (ax, ay), (bx, by) in zip(points.tolist(), np.roll(points, -1, axis=0).tolist(), strict=True):
        dx, dy = bx - ax, by - ay
        along = np.clip(((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        nearest = np.minimum(nearest, (x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2)
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * dx / dy)
    distance = np.sqrt(nearest)
    signed = np.where(inside, -distance, distance).astype(np.float32)
    return cv2.GaussianBlur(signed, (0, 0), 0.8), low.astype(np.float32), scale


def _sampler(points: Array) -> Callable[[Array, Array], Array]:
    """Return the signed distance of a closed outline as a function of two coordinates, continued outside of the grid."""
    grid, low, scale = _outline_grid(np.ascontiguousarray(points, np.float32).tobytes())
    rows, columns = grid.shape

    def sample(u: Array, v: Array) -> Array:
        fu, fv = (u - low[0]) * np.float32(scale), (v - low[1]) * np.float32(scale)
        cu, cv = np.clip(fu, 0, columns - 1.001), np.clip(fv, 0, rows - 1.001)
        beyond = np.hypot(fu - cu, fv - cv) / np.float32(scale)
        iu, iv = cu.astype(np.int32), cv.astype(np.int32)
        du, dv = cu - iu, cv - iv
        flat = grid.ravel()
        base = iv * columns + iu
        top = flat[base] * (1 - du) + flat[base + 1] * du
        bottom = flat[base + columns] * (1 - du) + flat[base + columns + 1] * du
        return np.asarray(top * (1 - dv) + bottom * dv + beyond)

    return sample


def smooth_outline(points: Sequence[tuple[float, float]], rounds: int = 3) -> list[tuple[float, float]]:
    """Cut the corners of an open outline, its ends kept (G. Chaikin, 1974)."""
    p = np.asarray(points, np.float32)
    for _ in range(rounds):
        cut = np.stack([0.75 * p[:-1] + 0.25 * p[1:], 0.25 * p[:-1] + 0.75 * p[1:]], axis=1).reshape(-1, 2)
        p = np.concatenate([p[:1], cut, p[-1:]])
    return [(float(x), float(y)) for x, y in p]


def lathe(profile: Sequence[tuple[float, float]]) -> Solid:
    """Turn a closed outline of (radius, y) points about the y axis.

    An outline that leaves the axis makes a hollow vessel. Points at radius 0 are mirrored, so that the axis is no edge.
    """
    right = np.asarray(profile, np.float32)
    if right[:, 0].min() <= 1e-4:
        left = right[::-1] * np.array([-1, 1], np.float32)
        points = np.concatenate([right, left])
    else:
        points = right
    sample = _sampler(points)
    return lambda x, y, z: sample(np.sqrt(x * x + z * z), y)


def plate(outline: Sequence[tuple[float, float]], half_thickness: float, rounding: float) -> Solid:
    """Extrude a closed outline of (x, y) points along z; ``rounding`` softens the rim."""
    sample = _sampler(np.asarray(outline, np.float32))
    r = np.float32(rounding)

    def distance(x: Array, y: Array, z: Array) -> Array:
        a, b = sample(x, y) + r, np.abs(z) - np.float32(half_thickness - rounding)
        outside = np.sqrt(np.maximum(a, 0) ** 2 + np.maximum(b, 0) ** 2)
        return np.asarray(outside + np.minimum(np.maximum(a, b), 0) - r)

    return distance
