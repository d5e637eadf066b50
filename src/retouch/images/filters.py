"""Edge-preserving and box filters on float images.

References
----------
K. He, J. Sun, X. Tang, "Guided Image Filtering", IEEE TPAMI 35(6), 2013.
K. He, J. Sun, "Fast Guided Filter", arXiv:1505.00996, 2015.
"""

from typing import NamedTuple

import cv2
import numpy as np

from retouch.images.array_types import FloatImage

__all__ = ["box_blur", "enlarge_rows", "guided_filter", "resize_float"]


def box_blur(image: FloatImage, radius_px: int) -> FloatImage:
    """Average each pixel over a square window.

    Parameters
    ----------
    image : (H, W) or (H, W, C) float32, any range and color space
    radius_px : int
        The window is 2 * radius_px + 1 wide; 0 leaves the image as it is.

    Returns
    -------
    float32, the shape of ``image``
        Within the range of the input.

    Notes
    -----
    The border is reflected without its edge pixel. O(pixels), whatever the radius.

    >>> box_blur(np.eye(3, dtype=np.float32), 0)[0, 0]
    np.float32(1.0)
    """
    if radius_px <= 0:
        return image
    side = 2 * radius_px + 1
    return np.asarray(cv2.boxFilter(image, -1, (side, side), borderType=cv2.BORDER_REFLECT_101), dtype=np.float32)


def resize_float(image: FloatImage, size_hw: tuple[int, int]) -> FloatImage:
    """Resize a float image: area averages going down, bilinear going up, so that no value leaves the input's range.

    Parameters
    ----------
    image : (H, W) or (H, W, C) float32, any range and color space
    size_hw : tuple of two int
        Rows and columns of the result.
    """
    if image.shape[:2] == size_hw:
        return image
    shrinks = size_hw[0] < image.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (size_hw[1], size_hw[0]), interpolation=how), dtype=np.float32)


def enlarge_rows(small: FloatImage, rows: slice, height: int, width: int) -> FloatImage:
    """Return some rows of an enlarged image, without ever holding all of it.

    Parameters
    ----------
    small : (h, w) or (h, w, C) float32, any range and colour space
    rows : slice
        Of the large image; start and stop are given.
    height, width : int
        Size of the large image.

    Returns
    -------
    (rows, width) or (rows, width, C) float32
        Bilinear, within the range of the input.
    """
    factor = small.shape[0] / height
    first = max(0, int(rows.start * factor) - 1)
    last = min(small.shape[0], int(np.ceil(rows.stop * factor)) + 2)
    position = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * factor - 0.5 - first
    across = (np.arange(width, dtype=np.float32) + 0.5) * (small.shape[1] / width) - 0.5
    grid_x, grid_y = np.meshgrid(across, position)
    part = np.ascontiguousarray(small[first:last], dtype=np.float32)
    return np.asarray(cv2.remap(part, grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def guided_filter(
    guide: FloatImage, mask: FloatImage, radius_px: int, epsilon: float, *, subsample: int = 1
) -> FloatImage:
    """Make a mask follow the edges of a picture.

    Parameters
    ----------
    guide : (H, W, 3) float32 [0, 1], sRGB
    mask : (H, W) float32 [0, 1]
    radius_px : int
        Half the window; how far the mask may move to meet an edge.
    epsilon : float
        Variance of the guide below which it counts as flat: 1e-4 (copies fine texture) to 1e-2 (smooth); below
        that, float32 rounding of the covariances shows.
    subsample : int
        Estimate the local models at ``1 / subsample`` of the size; 1 is exact.

    Returns
    -------
    (H, W) float32 [0, 1]
        Clipped, since a local linear model may overshoot.

    Notes
    -----
    In each window the mask is modeled as ``a . guide + b`` by ridge regression with the 3 x 3 color covariance; the
    models are averaged and applied at full size. O(pixels) for any radius. Borders are reflected.

    References
    ----------
    He, Sun, Tang 2013, section 3.6 (color guide); He, Sun 2015 (subsampling).
    """
    if subsample > 1:
        height, width = mask.shape
        small_hw = (max(1, round(height / subsample)), max(1, round(width / subsample)))
        model = _fit_local_models(
            resize_float(guide, small_hw), resize_float(mask, small_hw), max(1, radius_px // subsample), epsilon
        )
        slope, offset = resize_float(model.slope, (height, width)), resize_float(model.offset, (height, width))
    else:
        slope, offset = _fit_local_models(guide, mask, radius_px, epsilon)
    return np.asarray(np.clip(np.einsum("ijk,ijk->ij", slope, guide) + offset, 0.0, 1.0), dtype=np.float32)


class _LocalModels(NamedTuple):
    slope: FloatImage
    offset: FloatImage


def _fit_local_models(guide: FloatImage, mask: FloatImage, radius_px: int, epsilon: float) -> _LocalModels:
    """Return the averaged (H, W, 3) slopes and (H, W) offsets of ``mask ~ slope . guide + offset``."""
    mean_guide, mean_mask = box_blur(guide, radius_px), box_blur(mask, radius_px)
    covariance_with_mask = box_blur(guide * mask[..., None], radius_px) - mean_guide * mean_mask[..., None]

    # The symmetric 3 x 3 covariance of the guide, its six distinct entries, ridge added on the diagonal.
    def covariance(i: int, j: int) -> FloatImage:
        product = box_blur(guide[..., i] * guide[..., j], radius_px) - mean_guide[..., i] * mean_guide[..., j]
        return product + epsilon if i == j else product

    rr, rg, rb = covariance(0, 0), covariance(0, 1), covariance(0, 2)
    gg, gb, bb = covariance(1, 1), covariance(1, 2), covariance(2, 2)

    # Cramer's rule: an explicit inverse of many small matrices is several times faster than np.linalg.solve.
    inverse_rr, inverse_rg, inverse_rb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    inverse_gg, inverse_gb, inverse_bb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    determinant = inverse_rr * rr + inverse_rg * rg + inverse_rb * rb
    c_r, c_g, c_b = covariance_with_mask[..., 0], covariance_with_mask[..., 1], covariance_with_mask[..., 2]
    slope = np.dstack(
        [
            inverse_rr * c_r + inverse_rg * c_g + inverse_rb * c_b,
            inverse_rg * c_r + inverse_gg * c_g + inverse_gb * c_b,
            inverse_rb * c_r + inverse_gb * c_g + inverse_bb * c_b,
        ]
    )
    slope /= determinant[..., None]
    offset = mean_mask - np.einsum("ijk,ijk->ij", slope, mean_guide)
    return _LocalModels(box_blur(slope.astype(np.float32), radius_px), box_blur(offset.astype(np.float32), radius_px))
