"""What an engine does to every pixel: geometry, tone, blur, noise, codec, redrawn texture."""

import io
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Drift = Callable[[Pixels, np.random.Generator], Pixels]


def jpeg(quality: int) -> Drift:
    def drift(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file).convert("RGB"))

    return drift


def moved(dx: float = 0.0, dy: float = 0.0, zoom: float = 1.0) -> Drift:
    def drift(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
        height, width = pixels.shape[:2]
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 0, zoom)
        matrix[:, 2] += (dx, dy)
        return np.asarray(
            cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        )

    return drift


def blurred(sigma: float) -> Drift:
    return lambda pixels, _rng: np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma))


def noisy(sigma: float) -> Drift:
    return lambda pixels, rng: np.clip(pixels + rng.normal(0, sigma, pixels.shape) + 0.5, 0, 255).astype(np.uint8)


def toned(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """Warmer, paler, a gentle curve: about delta E 4."""
    color = pixels.astype(np.float32) / 255
    color = color**0.96 * np.array([1.0, 0.98, 0.94], np.float32) + np.array([0.012, 0.008, 0.016], np.float32)
    return np.asarray(np.clip(color, 0, 1) * 255 + 0.5, dtype=np.uint8)


def redrawn(strength: float) -> Drift:
    """What a VAE and a sampler do: fine texture drawn anew at the same energy, outlines moved a little, slow color waves."""

    def drift(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        height, width = pixels.shape[:2]
        field = rng.normal(0, 1, (2, height, width)).astype(np.float32)
        dx, dy = (cv2.GaussianBlur(each, (0, 0), 14) * 14 * 3.5 * 0.35 * strength for each in field)
        rows, cols = np.mgrid[:height, :width].astype(np.float32)
        image = cv2.remap(pixels, cols + dx, rows + dy, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT).astype(
            np.float32
        )
        smooth = cv2.GaussianBlur(image, (0, 0), 1.3)
        detail = image - smooth
        energy = np.sqrt(cv2.GaussianBlur((detail**2).mean(axis=2), (0, 0), 3))
        grain = rng.normal(0, 1, (height, width)).astype(np.float32)
        grain = cv2.GaussianBlur(grain, (0, 0), 0.8) - cv2.GaussianBlur(grain, (0, 0), 2.2)
        grain *= energy / grain.std()
        kept = 1 - 0.5 * strength
        waves = (
            cv2.GaussianBlur(rng.normal(0, 1, pixels.shape).astype(np.float32), (0, 0), 30) * 30 * 3.5 * 0.8 * strength
        )
        result = smooth + kept * detail + np.sqrt(max(0.0, 1 - kept**2)) * grain[..., None] + waves
        return np.asarray(np.clip(result + 0.5, 0, 255), dtype=np.uint8)

    return drift


def webp(quality: int) -> Drift:
    def drift(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "WEBP", quality=quality)
        return np.asarray(Image.open(file).convert("RGB"))

    return drift


def halved(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """An engine that works at half the size and scales up with sharpening."""
    height, width = pixels.shape[:2]
    small = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return np.asarray(np.clip(large + 0.6 * (large - cv2.GaussianBlur(large, (0, 0), 2)) + 0.5, 0, 255), dtype=np.uint8)


def denoised(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """An engine that smooths texture away and keeps edges."""
    return np.asarray(cv2.bilateralFilter(pixels, 7, 25, 3))


def vignetted(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """Corners 6 % darker."""
    height, width = pixels.shape[:2]
    rows, cols = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return np.asarray(np.clip(pixels * (1 - 0.03 * (rows**2 + cols**2))[..., None] + 0.5, 0, 255), dtype=np.uint8)


def chain(*drifts: Drift) -> Drift:
    def drift(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        for each in drifts:
            pixels = each(pixels, rng)
        return pixels

    return drift


DRIFTS: Final[dict[str, Drift]] = {
    "none": chain(),
    "JPEG 95": jpeg(95),
    "JPEG 75": jpeg(75),
    "JPEG 60": jpeg(60),
    "shift 0.4 px": moved(0.4, -0.3),
    "shift 3 px": moved(3, -2),
    "zoom 0.98": moved(zoom=0.98),
    "zoom 1.05": moved(zoom=1.05),
    "zoom 1.2": moved(2, 1, zoom=1.2),
    "blur 0.8": blurred(0.8),
    "noise 4": noisy(4),
    "color": chain(toned, jpeg(90)),
    "redrawn": chain(redrawn(0.5), jpeg(90)),
    "redrawn hard": chain(redrawn(1.0), toned, jpeg(85)),
    "everything": chain(redrawn(0.7), moved(1.3, -0.8, zoom=1.03), toned, jpeg(80)),
    "WebP 50": webp(50),
    "half size": halved,
    "denoised": denoised,
    "vignette": chain(vignetted, jpeg(90)),
}
