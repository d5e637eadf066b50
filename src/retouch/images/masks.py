"""Masks and mattes: growing, feathering, blending under them, and taking the two layers of a soft edge apart.

References
----------
M. Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021 (blur fusion).
"""

import cv2
import numpy as np

from retouch.images.array_types import FloatImage, Mask, Pixels

__all__ = [
    "blend_pixels",
    "bounding_box",
    "estimate_layers",
    "feather_mask",
    "grow_mask",
    "largest_component",
    "smoothstep",
]

_FUSION_RADII_PX = (90, 6)
_WORKING_RADIUS_PX = 15
_TINY_WEIGHT = 1e-5


def smoothstep(low: float, high: float, values: FloatImage) -> FloatImage:
    """Return 0 below ``low``, 1 above ``high`` and the cubic Hermite ramp between; ``high`` < ``low`` falls instead.

    >>> smoothstep(0.0, 1.0, np.array([-1.0, 0.5, 2.0], np.float32)).tolist()
    [0.0, 0.5, 1.0]
    """
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)


def bounding_box(mask: Mask, *, margin_px: int = 0) -> tuple[slice, slice] | None:
    """Return the (rows, columns) that hold every pixel above 0, with a margin inside the picture; None for an empty mask.

    >>> bounding_box(np.eye(4, dtype=np.float32)[1:3], margin_px=0)
    (slice(0, 2, None), slice(1, 3, None))
    """
    rows = np.flatnonzero((mask > 0).any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero((mask > 0).any(axis=0))
    top, bottom = max(0, int(rows[0]) - margin_px), min(mask.shape[0], int(rows[-1]) + 1 + margin_px)
    left, right = max(0, int(columns[0]) - margin_px), min(mask.shape[1], int(columns[-1]) + 1 + margin_px)
    return slice(top, bottom), slice(left, right)


def grow_mask(mask: Mask, radius_px: float) -> Mask:
    """Dilate a soft mask by a disc; a negative radius erodes it, 0 leaves it as it is.

    Parameters
    ----------
    mask : (H, W) float32 [0, 1]
    radius_px : float
        Rounded to whole pixels.

    Returns
    -------
    (H, W) float32 [0, 1]

    Notes
    -----
    Gray dilation with an elliptic structuring element; outside the picture the mask goes on as it is at the border (an
    object that the border cuts doesn't shrink there). O(H W r).
    """
    radius = round(abs(radius_px))
    if radius == 0:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    operator = cv2.dilate if radius_px > 0 else cv2.erode
    return np.asarray(operator(mask, disc, borderType=cv2.BORDER_REPLICATE), dtype=np.float32)


def feather_mask(mask: Mask, radius_px: float) -> Mask:
    """Soften the edge of a mask inwards: what was 0 stays exactly 0, so nothing outside is ever touched.

    Parameters
    ----------
    mask : (H, W) float32 [0, 1]
    radius_px : float
        Width of the ramp; below a tenth of a pixel there is none, and 0 leaves the mask as it is.

    Returns
    -------
    (H, W) float32 [0, 1]
        Never above ``mask``.

    Notes
    -----
    Erosion by the radius, then a Gaussian of half of it, multiplied by the mask. Borders reflect. O(H W r).
    """
    if radius_px < 0.1:
        return mask
    inner = grow_mask(mask, -radius_px)
    soft = cv2.GaussianBlur(inner, (0, 0), radius_px / 2, borderType=cv2.BORDER_REFLECT)
    return np.asarray(np.minimum(np.clip(soft, 0.0, 1.0), mask), dtype=np.float32)


def largest_component(mask: Mask, *, threshold: float = 0.5) -> Mask:
    """Keep the largest 8-connected part of ``mask > threshold``; returns (H, W) float32, 0 or 1, all 0 if there is none."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask > threshold).astype(np.uint8), connectivity=8)
    if count < 2:
        return np.zeros(mask.shape, np.float32)
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.asarray(labels == best, dtype=np.float32)


def blend_pixels(base: Pixels, edited: Pixels, mask: Mask) -> Pixels:
    """Lay ``edited`` over ``base`` under a mask.

    Parameters
    ----------
    base, edited : (H, W, C) uint8, sRGB
    mask : (H, W) float32 [0, 1]
        0 keeps the base, bit for bit; 1 takes the edit, bit for bit.

    Returns
    -------
    (H, W, C) uint8, sRGB

    Notes
    -----
    ``base + mask * (edited - base)`` in gamma-encoded sRGB, rounded to nearest. Meant for two versions of one picture, whose
    difference is small; layers of different things are composited by the operation that knows their colors. O(H W).
    """
    difference = edited.astype(np.float32) - base
    return np.asarray(np.rint(base + mask[..., None] * difference), dtype=np.uint8)


def estimate_layers(image: FloatImage, alpha: Mask) -> tuple[FloatImage, FloatImage]:
    """Take a picture apart into what is in front and what is behind, given the matte.

    Parameters
    ----------
    image : (H, W, 3) float32 [0, 1], sRGB
    alpha : (H, W) float32 [0, 1]
        The matte of the front layer.

    Returns
    -------
    foreground, background : (H, W, 3) float32 [0, 1], sRGB
        ``alpha * foreground + (1 - alpha) * background`` is the picture (but for clipping). The foreground equals
        ``image`` where alpha is 1, the background equals it where alpha is 0.

    Notes
    -----
    Blur fusion: each layer is smoothed with its own weights, then corrected by its share of what the two smooth layers leave
    unexplained; once with a wide window to reach across the soft edge, once with a narrow one for detail. The space is
    gamma-encoded sRGB, the one in which mattes are estimated and transparent PNG files are composited. Borders reflect.
    Box filters: O(H W), whatever the radius.

    References
    ----------
    M. Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021.
    """
    foreground, background = image, image
    for radius in _FUSION_RADII_PX:
        foreground, background = _fuse(image, foreground, background, alpha, radius)
    return foreground, background


def _fuse(
    image: FloatImage, foreground: FloatImage, background: FloatImage, alpha: Mask, radius_px: int
) -> tuple[FloatImage, FloatImage]:
    """Do one round of blur fusion."""
    # The weights are repeated per channel: numpy broadcasts over three channels several times slower.
    in_front = _three(alpha)
    behind_it = np.subtract(1.0, in_front, dtype=np.float32)
    front = _weighted_blur(foreground, in_front, radius_px)
    behind = _weighted_blur(background, behind_it, radius_px)
    unexplained = image - in_front * front
    unexplained -= behind_it * behind
    front += np.multiply(in_front, unexplained, out=in_front)
    behind += np.multiply(behind_it, unexplained, out=behind_it)
    return np.clip(front, 0.0, 1.0, out=front), np.clip(behind, 0.0, 1.0, out=behind)


def _weighted_blur(layer: FloatImage, weight: FloatImage, radius_px: int) -> FloatImage:
    """Blur a layer by its own (H, W, 3) weights; where none is near, the layer's overall mean. Wide windows work on less."""
    height, width = weight.shape[:2]
    step = max(1, min(radius_px // _WORKING_RADIUS_PX, height // 8, width // 8))
    # Of the weights one channel is enough.
    parts = [np.asarray(layer * weight, np.float32), np.ascontiguousarray(weight[..., 0])]
    if step > 1:
        parts = [cv2.resize(part, (width // step, height // step), interpolation=cv2.INTER_AREA) for part in parts]
    radius = min(radius_px // step, min(parts[0].shape[:2]) - 1)
    for index, part in enumerate(parts):
        overall = cv2.resize(part, (1, 1), interpolation=cv2.INTER_AREA).reshape(-1)
        blurred = cv2.blur(part, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)
        parts[index] = cv2.add(blurred, tuple(float(_TINY_WEIGHT * value) for value in overall))
    smooth = cv2.divide(parts[0], _three(np.maximum(parts[1], np.float32(_TINY_WEIGHT**2))))
    if step > 1:
        smooth = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(smooth, dtype=np.float32)


def _three(mask: Mask) -> FloatImage:
    """Repeat an (H, W) mask in three channels."""
    return np.asarray(cv2.merge([mask, mask, mask]), dtype=np.float32)
