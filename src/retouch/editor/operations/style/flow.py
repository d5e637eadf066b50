"""The direction of a picture's edges, and what follows it: smoothing along edges, bristles, line drawings.

References
----------
J. E. Kyprianidis, H. Kang, "Image and Video Abstraction by Coherence-Enhancing Filtering", Eurographics 2011.
J. E. Kyprianidis, H. Kang, J. Döllner, "Image and Video Abstraction by Anisotropic Kuwahara Filtering", Pacific Graphics 2009.
H. Winnemöller, J. E. Kyprianidis, S. C. Olsen, "XDoG: an eXtended difference-of-Gaussians compendium", Computers &
Graphics, 2012.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Pixels
from retouch.images.filters import resize_float
from retouch.images.remember import remembered

__all__ = ["Flow", "edge_flow", "flow_noise", "ink_lines", "kuwahara", "lightness", "smooth_along", "unit_px"]

_STEP_PX = 1.5


@dataclass(frozen=True, slots=True)
class Flow:
    """Which way edges run.

    Attributes
    ----------
    x, y : (H, W) float32
        Unit vector along the nearest edges; its sign means nothing.
    clarity : (H, W) float32 [0, 1]
        1 where one direction prevails, 0 where there is none.
    """

    x: FloatImage
    y: FloatImage
    clarity: FloatImage


def unit_px(pixels: Pixels | FloatImage) -> float:
    """Return the size of a stroke's grain in pixels: 1 for a picture of a megapixel, so that styles scale with the picture.

    Never below 0.6, or the strokes of a small picture could not be seen.
    """
    return max(0.6, float(np.sqrt(pixels.shape[0] * pixels.shape[1] / 1e6)))


def lightness(pixels: Pixels) -> FloatImage:
    """Return the (H, W) float32 [0, 1] luma of an (H, W, 3) uint8 sRGB picture."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.float32) / np.float32(255.0)


def edge_flow(gray: FloatImage, radius_px: float) -> Flow:
    """Return the flow along the edges.

    Parameters
    ----------
    gray : (H, W) float32 [0, 1]
    radius_px : float
        Standard deviation of the window in which directions are averaged.

    Notes
    -----
    Eigenvectors of the structure tensor. The tensor of a window four times as wide is added at a fiftieth of its weight, so
    that flat areas take the direction of the edges around them. Computed at half size. O(H W).
    """
    height, width = gray.shape
    small = resize_float(gray, (max(8, height // 2), max(8, width // 2)))
    small = cv2.GaussianBlur(small, (0, 0), 1.0)
    dx, dy = cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=0.25)
    tensor = np.dstack([dx * dx, dx * dy, dy * dy])
    sigma = max(0.6, radius_px / 2)
    near = cv2.GaussianBlur(tensor, (0, 0), sigma)
    far = _wide_blur(near, 4 * sigma)
    tensor = near + 0.02 * far + 1e-3 * _wide_blur(far, 16 * sigma)
    xx, xy, yy = tensor[..., 0], tensor[..., 1], tensor[..., 2]
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.float32(np.pi / 2)
    root = np.sqrt((xx - yy) ** 2 + 4 * xy * xy)
    clarity = root / (xx + yy + 1e-7)
    doubled = resize_float(
        np.dstack([np.cos(2 * angle), np.sin(2 * angle), clarity]).astype(np.float32), (height, width)
    )
    full = 0.5 * np.arctan2(doubled[..., 1], doubled[..., 0])
    return Flow(np.cos(full), np.sin(full), np.clip(doubled[..., 2], 0.0, 1.0))


def _wide_blur(image: FloatImage, sigma_px: float) -> FloatImage:
    """Blur widely at a fraction of the size."""
    step = max(1, int(sigma_px // 3))
    height, width = image.shape[:2]
    small_hw = (max(4, height // step), max(4, width // step))
    small = cv2.GaussianBlur(resize_float(image, small_hw), (0, 0), sigma_px / step)
    return resize_float(np.asarray(small, dtype=np.float32), (height, width))


def _grid(height: int, width: int) -> tuple[FloatImage, FloatImage]:
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return columns, rows


def smooth_along(image: FloatImage | Pixels, flow: Flow, length_px: float) -> FloatImage:
    """Average an image along the flow.

    Parameters
    ----------
    image : (H, W) or (H, W, C), uint8 or float32
    flow : Flow
    length_px : float
        How far to either side.

    Returns
    -------
    float32, the shape and range of ``image``

    Notes
    -----
    Line integral convolution (Cabral and Leedom, SIGGRAPH 1993) by Euler steps of 1.5 px whose sign follows the line, with a
    cosine-shaped window. Borders reflect. O(H W length).
    """
    height, width = image.shape[:2]
    columns, rows = _grid(height, width)
    total = image.astype(np.float32)
    weight_sum = 1.0
    steps = max(1, round(length_px / _STEP_PX))
    tangent = cv2.merge([flow.x, flow.y])
    for side in (1.0, -1.0):
        across, down = columns.copy(), rows.copy()
        along_x, along_y = flow.x * np.float32(side), flow.y * np.float32(side)
        for step in range(1, steps + 1):
            across += _STEP_PX * along_x
            down += _STEP_PX * along_y
            weight = 0.5 + 0.5 * float(np.cos(np.pi * step / (steps + 1)))
            sampled = cv2.remap(image, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
            total += np.float32(weight) * sampled
            weight_sum += weight
            if step < steps:
                there = cv2.remap(tangent, across, down, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
                there_x, there_y = cv2.split(there)
                ahead = there_x * along_x + there_y * along_y
                turned = np.where(ahead < 0, np.float32(-1.0), np.float32(1.0))
                along_x, along_y = there_x * turned, there_y * turned
    return np.asarray(total / np.float32(weight_sum), dtype=np.float32)


def flow_noise(flow: Flow, rng: np.random.Generator, length_px: float, size_px: float = 1.0) -> FloatImage:
    """Return noise drawn out along the flow, (H, W) float32 with mean 0 and standard deviation 1: bristles, hatching."""
    noise = rng.standard_normal(flow.x.shape, dtype=np.float32)
    if size_px > 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), 0.6 * size_px)
    drawn = smooth_along(noise, flow, length_px)
    return np.asarray((drawn - drawn.mean()) / max(float(drawn.std()), 1e-6), dtype=np.float32)


@remembered()
def kuwahara(pixels: Pixels, flow: Flow, radius_px: float, sharpness: float = 6.0) -> Pixels:
    """Flatten a picture into patches that keep their edges, as a loaded brush does.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    flow : Flow
    radius_px : float
        How far the sampled windows lie from the pixel; along the flow up to twice as far.
    sharpness : float
        How strongly the calmest window prevails.

    Returns
    -------
    (H, W, 3) uint8, sRGB

    Notes
    -----
    An anisotropic Kuwahara filter whose eight sectors are Gaussian windows displaced on an ellipse along the flow: their
    means and variances come from one blur of the picture. O(H W), whatever the radius.
    """
    image = pixels.astype(np.float32) / np.float32(255.0)
    gray = lightness(pixels)
    sigma = max(0.5, 0.5 * radius_px)
    mean = cv2.GaussianBlur(image, (0, 0), sigma)
    gray_mean = cv2.GaussianBlur(gray, (0, 0), sigma)
    variance = np.maximum(cv2.GaussianBlur(gray * gray, (0, 0), sigma) - gray_mean * gray_mean, 0.0)
    # A fourth channel beside the colors: the variance, and in the sums the weight.
    windows = cv2.merge([*cv2.split(mean), variance])
    columns, rows = _grid(*gray.shape)
    long = radius_px * (1.0 + flow.clarity)
    short = radius_px / (1.0 + 0.8 * flow.clarity)
    total = np.zeros_like(windows)
    for turn in np.arange(8) * (np.pi / 4):
        along, across = long * np.float32(np.cos(turn)), short * np.float32(np.sin(turn))
        map_x = columns + along * flow.x - across * flow.y
        map_y = rows + along * flow.y + across * flow.x
        sampled = cv2.remap(windows, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        calm = 0.004 / (0.004 + cv2.sqrt(np.maximum(sampled[..., 3], 0.0)))
        weight = np.asarray(cv2.pow(calm, sharpness), dtype=np.float32) + np.float32(1e-9)
        sampled[..., 3] = 1.0
        sampled *= cv2.merge([weight, weight, weight, weight])
        total += sampled
    mixed = total[..., :3] / total[..., 3:]
    return np.asarray(np.clip(mixed * 255.0 + 0.5, 0, 255), dtype=np.uint8)


@remembered()
def ink_lines(
    gray: FloatImage, flow: Flow, width_px: float, *, threshold: float = 0.02, softness: float = 0.02
) -> FloatImage:
    """Draw the contours of a picture.

    Parameters
    ----------
    gray : (H, W) float32 [0, 1]
    flow : Flow
    width_px : float
        Standard deviation of the inner Gaussian: half of a line's width.
    threshold, softness : float
        How much darker than its surroundings a line must be, and the width of the transition to full ink.

    Returns
    -------
    (H, W) float32 [0, 1], 1 = ink

    Notes
    -----
    Difference of Gaussians (1 : 1.6), smoothed along the flow so that lines close and specks vanish, then a soft threshold.
    """
    inner, outer = cv2.GaussianBlur(gray, (0, 0), width_px), cv2.GaussianBlur(gray, (0, 0), 1.6 * width_px)
    difference = smooth_along(np.asarray(outer - inner, dtype=np.float32), flow, 5.0 * width_px)
    return np.asarray(np.clip((difference - threshold) / softness, 0.0, 1.0), dtype=np.float32)
