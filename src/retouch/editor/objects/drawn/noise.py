"""Solid noise and small patterns for surfaces.

References
----------
K. Perlin, "An image synthesizer", SIGGRAPH 1985 (solid texture from lattice noise).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from retouch.editor.objects.drawn.solids import Array

__all__ = ["fractal", "smoothstep", "value_noise"]


def smoothstep(low: float, high: float, value: Array) -> Array:
    """Go from 0 at ``low`` to 1 at ``high`` with a soft start and end."""
    t = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _hash(i: npt.NDArray[Any], j: npt.NDArray[Any], k: npt.NDArray[Any], seed: int) -> Array:
    """Mix lattice coordinates to uniform float32 in [0, 1)."""
    with np.errstate(over="ignore"):
        n = (
            (i * np.uint32(374761393))
            ^ (j * np.uint32(668265263))
            ^ (k * np.uint32(2147483647))
            ^ np.uint32((seed * 974711 + 7) & 0xFFFFFFFF)
        )
        n = (n ^ (n >> np.uint32(13))) * np.uint32(1274126177)
        n = n ^ (n >> np.uint32(16))
    return (n & np.uint32(0xFFFFFF)).astype(np.float32) / np.float32(0x1000000)


def value_noise(x: Array, y: Array, z: Array, seed: int = 0) -> Array:
    """Smooth noise in [0, 1] with features of about one unit."""
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    i, j, k = (each.astype(np.int64).astype(np.uint32) for each in (fx, fy, fz))
    u, v, w = (each * each * (3 - 2 * each) for each in (x - fx, y - fy, z - fz))
    one = np.uint32(1)

    def plane(k_now: npt.NDArray[Any]) -> Array:
        near = _hash(i, j, k_now, seed) * (1 - u) + _hash(i + one, j, k_now, seed) * u
        far = _hash(i, j + one, k_now, seed) * (1 - u) + _hash(i + one, j + one, k_now, seed) * u
        return np.asarray(near * (1 - v) + far * v)

    return np.asarray(plane(k) * (1 - w) + plane(k + one) * w, dtype=np.float32)


def fractal(x: Array, y: Array, z: Array, *, octaves: int = 3, seed: int = 0) -> Array:
    """Sum of octaves of noise, in [0, 1]."""
    total = np.zeros_like(x, dtype=np.float32)
    weight, norm = 1.0, 0.0
    for octave in range(octaves):
        factor = np.float32(2.03**octave)
        total += np.float32(weight) * value_noise(x * factor, y * factor, z * factor, seed + octave)
        norm += weight
        weight *= 0.5
    return np.asarray(total / np.float32(norm))
