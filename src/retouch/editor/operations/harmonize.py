"""Make a cut-out look as if it had been photographed with the scene: light, exposure, color, sharpness, grain.

References
----------
S. Zhuo, T. Sim, "Defocus map estimation from a single image", Pattern Recognition 44(9), 2011.
J. Immerkaer, "Fast noise variance estimation", CVIU 64(2), 1996.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from retouch.editor.scene.scene import Light, Scene
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import (
    linear_to_oklab,
    linear_to_srgb,
    luminance,
    oklab_to_linear,
    srgb_to_linear,
)
from retouch.images.compose import Layer, blur_layer, pad_layer

__all__ = ["SceneTone", "blur_sigma", "harmonize", "measure_tone", "noise_sigma", "recolor_layer"]

_REBLUR: Final = 1.0
MAX_BLUR_SIGMA: Final = 3.2
TYPICAL_WHITE: Final = 0.62
"""Luminance that the bright parts of a well exposed photograph have: the 90th percentile, linear."""
TYPICAL_CHROMA: Final = 0.085
"""Oklab chroma at the 75th percentile of an ordinary color photograph."""


@dataclass(frozen=True, slots=True)
class SceneTone:
    """What the neighborhood of a new object looks like.

    Attributes
    ----------
    white : float
        Luminance of the brightest parts, linear.
    exposure_ev : float
        How much brighter (+) or darker (-) than an ordinary exposure, in stops.
    black : (3,) float32, linear
        Color of the darkest parts: haze or faded blacks.
    chroma : float
        Oklab chroma at the 75th percentile; about 0 in a gray picture.
    tint : (17, 2) float32
        Mean Oklab a and b at 17 lightnesses from 0 to 1.
    toned : float
        1 for a picture whose color depends on lightness alone (black and white, sepia), 0 for one in color.
    sigma : float
        Blur of the sharpest edges there, in pixels.
    grain : float
        Noise, standard deviation in sRGB [0, 1].
    """

    white: float
    exposure_ev: float
    black: FloatImage
    chroma: float
    tint: FloatImage
    toned: float
    sigma: float
    grain: float


def measure_tone(pixels: Pixels, scene: Scene, box: tuple[int, int, int, int], *, in_sky: bool) -> SceneTone:
    """Measure the neighborhood of ``box`` (left, top, right, bottom), twice its size, and the picture as a whole.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    scene : Scene
    box : tuple of four int
        Where the object will be.
    in_sky : bool
        The sky's own brightness says little about what stands before it; then the picture as a whole is measured.
    """
    near = pixels if in_sky else pixels[_neighborhood(pixels, box)]
    light_near = np.sort(luminance(srgb_to_linear(_thin(near))).ravel())
    whole = _thin(pixels)
    light_all = np.sort(luminance(srgb_to_linear(whole)).ravel())
    white = 0.5 * float(np.quantile(light_near, 0.9)) + 0.5 * float(np.quantile(light_all, 0.9))
    exposure = float(np.clip(0.55 * np.log2(max(white, 0.01) / TYPICAL_WHITE), -1.4, 0.35))
    flat = srgb_to_linear(whole).reshape(-1, 3)
    dark = flat[luminance(srgb_to_linear(whole)).ravel() <= np.quantile(light_all, 0.02)]
    lab = linear_to_oklab(flat)
    chroma = float(np.quantile(np.hypot(lab[:, 1], lab[:, 2]), 0.75))
    tint, toned = measure_tint(lab)
    return SceneTone(
        white=float(np.quantile(light_all, 0.995)),
        exposure_ev=exposure,
        black=np.minimum(dark.mean(axis=0), 0.06).astype(np.float32),
        chroma=chroma,
        tint=tint,
        toned=toned,
        sigma=_scene_sigma(pixels, scene, box, in_sky=in_sky),
        grain=noise_sigma(pixels),
    )


def harmonize(layer: Layer, tone: SceneTone, light: Light, rng: np.random.Generator, *, is_lit: bool) -> Layer:
    """Give a cut-out the light, exposure, color, sharpness and grain of the scene.

    Parameters
    ----------
    layer : Layer
        At its final size.
    tone : SceneTone
    light : Light
    rng : numpy.random.Generator
        Draws the grain.
    is_lit : bool
        True for a cut-out that was drawn under this light, which needs no directional shading.

    Returns
    -------
    Layer
        With a margin on all sides when it had to be blurred; ``alpha`` shows how much (its shape grows evenly).

    Notes
    -----
    Every step is partial: a black bird stays black in snow. Color and exposure follow von Kries' scaling in linear light.
    """
    linear = layer.linear
    if not is_lit:
        linear = linear * directional_shading(layer.alpha, light)[..., None]
    gains = np.clip(light.color.astype(np.float32), 0.4, 2.2) ** 0.65
    gains = gains / float(gains @ np.array([0.2126, 0.7152, 0.0722], np.float32))
    linear = linear * gains * np.float32(2.0**tone.exposure_ev)
    linear = tone.black * 0.6 + linear * (1 - tone.black * 0.6)
    linear = match_color(linear, tone)
    linear = limit_white(linear, layer.alpha, tone.white)
    softened = soften(Layer(linear.astype(np.float32), layer.alpha), tone.sigma)
    return add_grain(softened, tone.grain, rng)


def directional_shading(alpha: Mask, light: Light) -> Mask:
    """Return a factor around 1 that brightens the side to the light: the silhouette is taken for an inflated form.

    Parameters
    ----------
    alpha : (h, w) float32 [0, 1]
    light : Light
        No direction (0) or no hardness gives an even top light.
    """
    h, w = alpha.shape
    inside = cv2.copyMakeBorder((alpha > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
    limit = max(4.0, 0.18 * min(h, w))
    height = np.sqrt(np.clip(depth / limit, 0, 1) * (2 - np.clip(depth / limit, 0, 1))) * limit
    height = cv2.GaussianBlur(height, (0, 0), max(1.0, 0.035 * max(h, w)))
    slope_x, slope_y = cv2.Sobel(height, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(height, cv2.CV_32F, 0, 1) / 8
    norm = np.sqrt(slope_x**2 + slope_y**2 + 1)
    across, up = -slope_x / norm * light.direction_x, slope_y / norm
    strength = 0.14 + 0.22 * light.hardness
    return np.asarray(np.clip(1 + strength * (across + 0.55 * up), 0.55, 1.4), dtype=np.float32)


def limit_white(linear: FloatImage, alpha: Mask, scene_white: float) -> FloatImage:
    """Darken a cut-out whose bright parts outshine everything in the scene, so that they are as bright as its brightest."""
    solid = alpha > 0.5
    if not solid.any():
        return linear
    bright = float(np.quantile(luminance(linear)[solid], 0.97))
    return np.asarray(linear * np.float32(min(1.0, max(scene_white, 0.05) / max(bright, 1e-4))))


def measure_tint(lab: FloatImage) -> tuple[FloatImage, float]:
    """Tell whether a picture is toned (black and white, sepia, cyanotype), and how.

    Parameters
    ----------
    lab : (N, 3) float32, Oklab

    Returns
    -------
    (17, 2) float32
        Mean a and b by lightness.
    float
        1 when what is left of the color after that is no more than noise, 0 for an ordinary picture.
    """
    bins = np.clip(np.rint(lab[:, 0] * 16), 0, 16).astype(int)
    counts = np.bincount(bins, minlength=17)
    known = np.flatnonzero(counts >= min(max(8, len(lab) // 2000), int(counts.max())))
    means = (
        np.stack([np.bincount(bins, lab[:, axis], minlength=17) for axis in (1, 2)], axis=1)
        / np.maximum(counts, 1)[:, None]
    )
    tint = np.stack([np.interp(np.arange(17), known, means[known, axis]) for axis in (0, 1)], axis=1).astype(np.float32)
    rest = float(np.quantile(np.hypot(lab[:, 1] - tint[bins, 0], lab[:, 2] - tint[bins, 1]), 0.95))
    # A blue cup on white is no toning, though its color goes by lightness: toning is faint, of one hue, and runs through all.
    faint = float(np.clip((0.10 - np.hypot(tint[:, 0], tint[:, 1]).max()) / 0.02, 0, 1))
    strengths = np.hypot(tint[:, 0], tint[:, 1])
    mean_strength = float((counts * strengths).sum() / counts.sum())
    one_hue = float(np.hypot(*(counts[:, None] * tint).sum(axis=0)) / counts.sum()) / max(mean_strength, 1e-6)
    single = 1.0 if mean_strength < 0.010 else float(np.clip((one_hue - 0.8) / 0.12, 0, 1))
    middle = float(((lab[:, 0] > 0.2) & (lab[:, 0] < 0.85)).mean())
    broad = float(np.clip((middle - 0.25) / 0.15, 0, 1))
    return tint, faint * broad * single * float(np.clip((0.034 - rest) / 0.014, 0, 1))


def match_color(linear: FloatImage, tone: SceneTone) -> FloatImage:
    """Scale the saturation towards the scene's; take on the tone of a toned picture."""
    lab = linear_to_oklab(np.clip(linear, 0, None))
    lab[..., 1:] *= float(np.clip((tone.chroma / TYPICAL_CHROMA) ** 0.3, 0.75, 1.08))
    if tone.toned > 0:
        steps = np.arange(17) / 16.0
        toned = np.stack([np.interp(lab[..., 0], steps, tone.tint[:, axis]) for axis in (0, 1)], axis=-1)
        lab[..., 1:] += (toned - lab[..., 1:]) * tone.toned
    return np.maximum(oklab_to_linear(lab), 0)


def soften(layer: Layer, scene_sigma: float) -> Layer:
    """Blur a cut-out that is sharper than the scene; one that is softer stays as it is."""
    own = blur_sigma((linear_to_srgb(layer.linear) * 255).astype(np.uint8), weight=layer.alpha)
    missing = float(np.sqrt(max(scene_sigma**2 - own**2, 0.0)))
    missing = min(missing, MAX_BLUR_SIGMA)
    # The rim of a cut-out is a step, whatever the texture inside: no lens draws one.
    sigma = max(missing, 0.45)
    return blur_layer(pad_layer(layer, int(np.ceil(3 * sigma)) + 1), sigma)


def add_grain(layer: Layer, sigma: float, rng: np.random.Generator) -> Layer:
    """Add the scene's noise: Gaussian, mostly luminance, slightly correlated, in sRGB."""
    h, w = layer.alpha.shape
    brightness = rng.normal(0, 1, (h, w, 1)).astype(np.float32)
    color = rng.normal(0, 1, (h, w, 3)).astype(np.float32)
    noise = cv2.GaussianBlur(0.85 * brightness + 0.35 * color, (0, 0), 0.55)
    noise *= np.float32(min(sigma, 0.06) / max(float(noise.std()), 1e-6))
    encoded = linear_to_srgb(layer.linear)
    return Layer(srgb_to_linear(np.clip(encoded + noise, 0, 1).astype(np.float32)), layer.alpha)


def recolor_layer(layer: Layer, rgb: tuple[int, int, int]) -> Layer:
    """Give a cut-out another color and keep its shading: hue and chroma of ``rgb``, lightness shifted halfway.

    Parameters
    ----------
    layer : Layer
    rgb : tuple of three int
        sRGB.

    Notes
    -----
    In Oklab. Chroma is scaled down in deep shadows and highlights, where a real surface shows little of its color.
    """
    target = linear_to_oklab(srgb_to_linear(np.array([[rgb]], np.uint8)))[0, 0]
    lab = linear_to_oklab(np.clip(layer.linear, 0, 1))
    solid = layer.alpha > 0.5
    middle = float(np.median(lab[..., 0][solid])) if solid.any() else 0.5
    detail = lab[..., 0] - middle
    aim = middle + 0.75 * (float(target[0]) - middle)
    lightness = np.clip(aim + detail * 0.9, 0.02, 0.99)
    room = np.clip(lightness / 0.25, 0, 1) * np.clip((1.02 - lightness) / 0.22, 0, 1)
    new = np.stack([lightness, target[1] * room, target[2] * room], axis=-1).astype(np.float32)
    return Layer(np.clip(oklab_to_linear(new), 0, 1).astype(np.float32), layer.alpha)


def blur_sigma(pixels: Pixels, weight: Mask | None = None) -> float:
    """Estimate the blur of the sharpest edges as the sigma of a Gaussian, in pixels; 0.4 (crisp) to 6.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    weight : (H, W) float32 [0, 1], optional
        Edges are looked for where it is 1.

    Notes
    -----
    Zhuo and Sim: blur again by a known amount; the ratio of gradients at an edge tells how sharp it was. Without edges: 1.0.
    """
    gray = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0
    first = _gradient(gray)
    again = _gradient(cv2.GaussianBlur(gray, (0, 0), _REBLUR))
    strong = first > max(0.03, float(np.quantile(first, 0.97)) * 0.6)
    if weight is not None:
        strong &= cv2.erode(weight, np.ones((5, 5), np.uint8)) > 0.95
    if strong.sum() < 25:
        return 1.0
    ratio = first[strong] / np.maximum(again[strong], 1e-6)
    sharp = float(np.quantile(ratio, 0.75))
    return float(np.clip(_REBLUR / np.sqrt(max(sharp**2 - 1, 0.02)), 0.4, 6.0))


def noise_sigma(pixels: Pixels) -> float:
    """Estimate the noise of a picture as a standard deviation in sRGB [0, 1], from its smoothest quarter (Immerkaer's mask)."""
    gray = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(gray, -1, kernel))[::2, ::2]
    activity = _gradient(cv2.GaussianBlur(gray, (0, 0), 2.0))[::2, ::2]
    unclipped = (gray[::2, ::2] > 0.04) & (gray[::2, ::2] < 0.96)
    if unclipped.sum() < 100:
        return 0.0
    calm = unclipped & (activity <= np.quantile(activity[unclipped], 0.25))
    return float(np.sqrt(np.pi / 2) / 6 * response[calm].mean())


def _gradient(gray: FloatImage) -> FloatImage:
    return np.asarray(np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)) / 4)


def _thin(pixels: Pixels) -> Pixels:
    """Every n-th pixel, about 40 000 in all: enough for quantiles."""
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / 40_000)))
    return np.ascontiguousarray(pixels[::step, ::step, :3])


def _neighborhood(pixels: Pixels, box: tuple[int, int, int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of twice the box."""
    left, top, right, bottom = box
    grow_x, grow_y = max(16, (right - left) // 2), max(16, (bottom - top) // 2)
    rows = slice(max(0, top - grow_y), max(1, bottom + grow_y))
    cols = slice(max(0, left - grow_x), max(1, right + grow_x))
    part = pixels[rows, cols]
    # Outside the picture there is nothing to measure; then the whole of it stands in.
    return (rows, cols) if part.shape[0] >= 8 and part.shape[1] >= 8 else (slice(None), slice(None))


def _scene_sigma(pixels: Pixels, scene: Scene, box: tuple[int, int, int, int], *, in_sky: bool) -> float:
    """Sharpness that an object has there: the neighborhood's on the ground; the subject's for what floats in the open."""
    rgb = np.ascontiguousarray(pixels[..., :3])
    subject = scene.subject
    whole = blur_sigma(rgb, subject.matte if subject.present else None)
    if in_sky:
        return whole
    # The subject's own edges say nothing about the depth of the ground beside it.
    window = _neighborhood(rgb, box)
    others = np.ascontiguousarray(1 - subject.matte[window]) if subject.present else None
    local = blur_sigma(np.ascontiguousarray(rgb[window]), others)
    return float(np.clip(local, whole * 0.8, whole + 1.6))
