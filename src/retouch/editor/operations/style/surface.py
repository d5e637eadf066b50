"""Paper, canvas and the relief of paint: what a picture is painted on, and how light falls on it."""

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Pixels

__all__ = ["canvas_weave", "cloud_noise", "light_relief", "paper_grain"]


def cloud_noise(size_hw: tuple[int, int], rng: np.random.Generator, cell_px: float, octaves: int = 3) -> FloatImage:
    """Return smooth noise, (H, W) float32 with mean 0 and standard deviation 1; ``cell_px`` is the size of its largest clouds."""
    height, width = size_hw
    total = np.zeros(size_hw, np.float32)
    for octave in range(octaves):
        cell = max(1.0, cell_px / 2**octave)
        small = rng.standard_normal((int(height / cell) + 4, int(width / cell) + 4), dtype=np.float32)
        large = cv2.resize(
            small, (round(small.shape[1] * cell), round(small.shape[0] * cell)), interpolation=cv2.INTER_CUBIC
        )
        total += large[:height, :width] * np.float32(0.6**octave)
    return np.asarray((total - total.mean()) / max(float(total.std()), 1e-6), dtype=np.float32)


def paper_grain(size_hw: tuple[int, int], rng: np.random.Generator, unit: float, *, coarse: float = 1.0) -> FloatImage:
    """Return the height of cold-pressed paper, (H, W) float32 with mean 0 and standard deviation 1."""
    fine = cloud_noise(size_hw, rng, 2.2 * unit * coarse, 1)
    rough = cloud_noise(size_hw, rng, 5.0 * unit * coarse, 2)
    mixed = 0.6 * fine + 0.6 * rough
    return np.asarray(mixed / max(float(mixed.std()), 1e-6), dtype=np.float32)


def canvas_weave(size_hw: tuple[int, int], rng: np.random.Generator, unit: float) -> FloatImage:
    """Return the height of woven linen, (H, W) float32, about -1 to 1."""
    height, width = size_hw
    pitch = 2.0 * np.pi / max(3.0, 3.6 * unit)
    wobble = 0.6 * cloud_noise(size_hw, rng, 40.0 * unit, 2)
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None, :]
    weave = np.sin(rows * pitch + wobble) * np.cos(columns * pitch / 2) + np.sin(columns * pitch + wobble) * np.cos(
        rows * pitch / 2
    )
    return np.asarray(0.5 * weave, dtype=np.float32)


def light_relief(pixels: Pixels, height_map: FloatImage, depth: float) -> Pixels:
    """Shade a picture as if its paint stood out from it, lit from the top left.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    height_map : (H, W) float32
        About -1 to 1.
    depth : float
        0 leaves the picture as it is; 0.1 is a thin coat, 0.3 impasto.
    """
    smooth = cv2.GaussianBlur(height_map, (0, 0), 0.8)
    slope = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.25) + cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.25)
    shade = np.clip(depth * slope, -0.22, 0.22)[..., None]
    image = pixels.astype(np.float32) / np.float32(255.0)
    lit = np.where(shade > 0, image + shade * (1.0 - 0.35 * image), image * (1.0 + 1.3 * shade))
    return np.asarray(np.clip(lit * 255.0 + 0.5, 0, 255), dtype=np.uint8)
