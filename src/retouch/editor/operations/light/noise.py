"""Random textures and specks that skies, fog and precipitation are made of."""

import cv2
import numpy as np

from retouch.images.array_types import FloatImage

__all__ = ["add_grain", "fractal_texture", "sample_wrapped"]


def fractal_texture(size: int, rng: np.random.Generator, *, slope: float) -> FloatImage:
    """Return a tiling fractal field, mean 0 and standard deviation 1.

    Parameters
    ----------
    size : int
        Side in pixels.
    rng : numpy.random.Generator
    slope : float
        Exponent of the amplitude spectrum: 1.0 is rough, 2.0 is soft.

    Returns
    -------
    (size, size) float32

    Notes
    -----
    White noise shaped in the frequency domain by ``f ** -slope``. O(N log N).
    """
    spectrum = np.fft.rfft2(rng.standard_normal((size, size), dtype=np.float32))
    rows, cols = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :]
    frequency = np.hypot(rows, cols)
    frequency[0, 0] = 1.0
    shaped = spectrum * np.maximum(frequency, 1.5 / size) ** -slope
    shaped[0, 0] = 0.0
    field = np.fft.irfft2(shaped, s=(size, size)).astype(np.float32)
    return np.asarray(field / max(float(field.std()), 1e-9), dtype=np.float32)


def sample_wrapped(texture: FloatImage, cols: FloatImage, rows: FloatImage) -> FloatImage:
    """Return a tiling texture at float32 positions in texels, bilinear."""
    height, width = texture.shape[:2]
    padded = np.pad(texture, ((0, 1), (0, 1)), mode="wrap")
    wrapped_cols = np.mod(cols, np.float32(width)).astype(np.float32)
    wrapped_rows = np.mod(rows, np.float32(height)).astype(np.float32)
    sampled = cv2.remap(padded, wrapped_cols, wrapped_rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, dtype=np.float32)


def add_grain(srgb: FloatImage, sigma: float, rng: np.random.Generator) -> FloatImage:
    """Add gray Gaussian grain of ``sigma`` to (H, W, 3) sRGB floats: it hides synthesis and breaks up banding."""
    grain = rng.standard_normal(srgb.shape[:2], dtype=np.float32)
    return srgb + np.float32(sigma) * grain[..., None]
