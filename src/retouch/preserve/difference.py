"""How different two aligned pictures look, at several scales, against the drift that this very picture shows.

A codec, a resampling or a VAE changes every pixel a little, and busy places more than smooth ones. So no fixed threshold is
right. Here the level of the drift is read from the picture itself, as a function of local contrast, from the lower part of the
differences in each class of contrast, which is drift as long as not nearly everything changed. What is returned is a
multiple of that level.

References
----------
CIE 15:2004 (CIELAB) and the chroma weight of CIE94: a difference between saturated colors is seen less.
B. D. Lucas, T. Kanade, IJCAI, 1981 (the local displacement that explains a residual).
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.images.array_types import FloatImage, Pixels

__all__ = [
    "Differences",
    "DriftLevel",
    "contrast_code",
    "is_exact_elsewhere",
    "largest_channel_difference",
    "measure_differences",
    "perceptual_lab",
]

Bits = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]

CONTRAST_BINS: Final = 32
MIN_CLASS_SIZE: Final = 40
LEVEL_SAMPLES: Final = 90_000
DRIFT_QUANTILE: Final = 0.4
LOW_QUANTILE, LOW_FACTOR = 0.15, 1.8
"""The level is the 0.4 quantile of the differences in a class of contrast, or 1.8 times the 0.15 quantile where that is less:
the two agree for drift alone, and the lower one still sees drift where three quarters of the class were changed."""
CEILING_DELTA_E: Final = (5.0, 2.6, 1.6)
"""Above this it is no drift: the picture was changed as a whole."""
EXACT_NEIGHBORS: Final = 0.85
TEXTURE_WINDOW_PX: Final = 3.5
MIN_TEXTURE_SPREAD: Final = 0.13
TEXTURE_FLOOR: Final = 1.0
"""Delta E squared: texture below it is not seen, and its gain says nothing."""
MAX_DISPLACEMENT_PX: Final = 1.5
SCALES_PX: Final = (1.0, 2.5, 6.0)
FLOOR_DELTA_E: Final = (0.45, 0.38, 0.35)
"""At each scale. Below this nothing counts as measured: 8-bit rounding alone gives as much."""


_CODES_PER_LOG: Final = 255 / np.log1p(120.0)
_CONTRAST_OF_CODE: Final = np.expm1(np.arange(256) / _CODES_PER_LOG)


@dataclass(frozen=True, slots=True)
class DriftLevel:
    """The typical difference of untouched pixels, by local contrast, at one scale.

    Attributes
    ----------
    contrast : (K,) float64
        Local contrast in delta E, ascending.
    level : (K,) float64
        Typical difference in delta E at that contrast; never falls as contrast grows.
    """

    contrast: npt.NDArray[np.float64]
    level: npt.NDArray[np.float64]

    def at(self, contrast_code: Codes) -> FloatImage:
        """Return the level for an image of contrast codes, float32."""
        table = np.interp(_CONTRAST_OF_CODE, self.contrast, self.level).astype(np.float32)
        return np.asarray(cv2.LUT(contrast_code, table), dtype=np.float32)


def contrast_code(contrast_delta_e: float) -> int:
    """Return the code, 0 to 255 on a logarithmic scale, under which a local contrast is stored."""
    return int(np.clip(np.log1p(contrast_delta_e) * _CODES_PER_LOG, 0, 255))


@dataclass(frozen=True, slots=True)
class Differences:
    """The residual of two aligned pictures at the scales 1, 2.5 and 6 px, the coarser ones on halved grids.

    Attributes
    ----------
    residual : tuple of (h, w, 3) float32
        Edited minus base in CIELAB, chroma damped, not yet smoothed.
    contrast : tuple of pairs of (h, w) uint8
        Code (``contrast_code``) of the local contrast of lightness and of color at each scale: of the picture that has less.
    detail_energy : pair of (h, w) float32
        Energy of detail in lightness, of the input and of the edit, on the halved grid.
    base_contrast : (h, w) uint8
        Code of the input's local contrast in lightness, on the halved grid.
    size_hw : tuple of two int
        Rows and columns of the pictures.
    """

    residual: tuple[FloatImage, ...]
    contrast: tuple[tuple[Codes, Codes], ...]
    detail_energy: tuple[FloatImage, FloatImage]
    base_contrast: Codes
    size_hw: tuple[int, int]

    def excess(self, index: int, teaching: Bits, known: Bits | None = None) -> tuple[FloatImage, DriftLevel]:
        """Return the difference at one scale as a multiple of the drift level.

        Parameters
        ----------
        index : int
            Of the scale.
        teaching : (H, W) bool
            The pixels from which the drift level is read.
        known : (H, W) bool, optional
            Found changed at a finer scale. Left out of the smoothing, so a coarse scale sees what lies beside a change and
            not a blurred copy of the change.

        Returns
        -------
        tuple of (H, W) float32 and DriftLevel
            About 1 where nothing changed, 0 where there is nothing left to see: the larger of lightness and color. The level is
            lightness'.
        """
        residual, contrast = self.residual[index], self.contrast[index]
        height, width = contrast[0].shape
        sigma = _own_sigma(SCALES_PX[index], index)
        teaches = cv2.resize(teaching.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
        if known is None or not known.any():
            smooth = cv2.GaussianBlur(residual, (0, 0), sigma)
        else:
            rest = cv2.resize((~known).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
            share = cv2.GaussianBlur(rest, (0, 0), sigma)
            smooth = cv2.GaussianBlur(residual * rest[..., None], (0, 0), sigma)
            smooth /= np.maximum(share, 0.2)[..., None]
            teaches &= share > 0.98
        excess, levels = np.zeros((height, width), np.float32), []
        for kind, size in enumerate((np.abs(smooth[..., 0]), cv2.magnitude(smooth[..., 1], smooth[..., 2]))):
            levels.append(_drift_level(size, contrast[kind], teaches, FLOOR_DELTA_E[index], CEILING_DELTA_E[index]))
            np.maximum(excess, size / levels[-1].at(contrast[kind]), out=excess)
        return _enlarged(excess, *self.size_hw), levels[0]

    def texture_excess(self, teaching: Bits, known: Bits) -> FloatImage:
        """Return how unusual the gain or loss of texture is, as a multiple of its usual scatter: (H, W) float32.

        What a blur or a sharpening does to every place of the same contrast is the rule and counts as nothing. What is
        ``known`` to have changed is left out, so a hard edge does not count as new texture beside it.
        """
        height, width = self.base_contrast.shape
        teaches = cv2.resize(teaching.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
        rest = cv2.erode(_halved((~known).astype(np.float32)), np.ones((5, 5), np.uint8))
        share = cv2.GaussianBlur(rest, (0, 0), TEXTURE_WINDOW_PX / 2)
        before, after = (
            cv2.GaussianBlur(energy * rest, (0, 0), TEXTURE_WINDOW_PX / 2) / np.maximum(share, 0.1)
            for energy in self.detail_energy
        )
        all_gain = np.where(share > 0.1, np.log((after + TEXTURE_FLOOR) / (before + TEXTURE_FLOOR)), 0.0).astype(
            np.float32
        )
        gain, codes = all_gain[::2, ::2][teaches[::2, ::2]], self.base_contrast[::2, ::2][teaches[::2, ::2]]
        classes = codes // np.uint8(256 // CONTRAST_BINS)
        centers, middles, spreads = [0.0], [0.0], [MIN_TEXTURE_SPREAD]
        for number in range(CONTRAST_BINS):
            part = gain[classes == number]
            if len(part) >= MIN_CLASS_SIZE:
                low, middle, high = np.quantile(part, [0.25, 0.5, 0.75])
                centers.append((number + 0.5) * (256 // CONTRAST_BINS))
                middles.append(float(middle))
                spreads.append(max(MIN_TEXTURE_SPREAD, float(high - low) / 1.35))
        every = np.arange(256)
        middle = cv2.LUT(self.base_contrast, np.interp(every, centers, middles).astype(np.float32))
        spread = cv2.LUT(self.base_contrast, np.interp(every, centers, spreads).astype(np.float32))
        return _enlarged(
            np.where(share > 0.1, np.abs(all_gain - middle) / spread, 0.0).astype(np.float32), *self.size_hw
        )


def perceptual_lab(pixels: Pixels) -> FloatImage:
    """Return (H, W, 3) float32 CIELAB (D65; L in [0, 100]) of sRGB uint8."""
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab), dtype=np.float32)


def largest_channel_difference(a: Pixels, b: Pixels) -> Codes:
    """Return the (H, W) uint8 largest absolute difference over the channels of two (H, W, 3) uint8 pictures."""
    red, green, blue = cv2.split(cv2.absdiff(a, b))
    return np.asarray(cv2.max(cv2.max(red, green), blue), dtype=np.uint8)


def is_exact_elsewhere(base: Pixels, edited: Pixels) -> bool:
    """Whether the edited picture equals the input to the bit wherever it was not edited.

    Parameters
    ----------
    base, edited : (H, W, 3) uint8, sRGB
        Not resampled, not toned.

    Notes
    -----
    Drift leaves single pixels equal by chance; an exact editor leaves whole areas equal. So of the textured pixels a share
    must be equal, and nearly all of them together with their eight neighbors. Plain areas say nothing: a codec keeps them too.
    """
    same = (largest_channel_difference(base, edited) == 0).astype(np.uint8)
    gray = cv2.cvtColor(base, cv2.COLOR_RGB2GRAY)
    texture = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    textured = texture >= 6
    if textured.mean() < 0.002:
        return bool(same.mean() > 0.2)
    equal = textured & (same > 0)
    if equal.sum() < 0.05 * textured.sum():
        return False
    together = cv2.erode(same, np.ones((3, 3), np.uint8))
    return bool(together[equal].mean() > EXACT_NEIGHBORS)


def measure_differences(base: Pixels, edited: Pixels) -> Differences:
    """Measure how much two aligned pictures differ, and how busy they are, at three scales.

    Parameters
    ----------
    base, edited : (H, W, 3) uint8, sRGB
        Aligned, with the tone drift undone.

    Returns
    -------
    Differences

    Notes
    -----
    A residual that a displacement of up to 1.5 px of the neighborhood explains is taken off first: generators redraw
    outlines a fraction of a pixel away. O(H W); coarse scales are measured on halved grids.
    """
    base_lab, edited_lab = perceptual_lab(base), perceptual_lab(edited)
    residual = _without_displacement(base_lab, edited_lab)
    _damp_chroma(residual, base_lab, edited_lab)
    texture = [_band_energy(base_lab), _band_energy(edited_lab)]
    pictures = [base_lab, edited_lab]
    before, after = (_halved(_detail(picture[..., 0]) ** 2) for picture in pictures)
    base_contrast = _coded(cv2.GaussianBlur(before, (0, 0), TEXTURE_WINDOW_PX / 2))
    residuals, contrast = [], []
    for index in range(len(SCALES_PX)):
        if index:
            residual = _halved(residual)
            pictures = [_halved(picture) for picture in pictures]
            texture = [_halved(each) + _band_energy(picture) for each, picture in zip(texture, pictures, strict=True)]
        residuals.append(residual)
        least = np.minimum(texture[0], texture[1])
        contrast.append((_coded(least[..., 0]), _coded(least[..., 1])))
    return Differences(tuple(residuals), tuple(contrast), (before, after), base_contrast, base.shape[:2])


def _coded(energy: FloatImage) -> Codes:
    return np.asarray(np.minimum(np.log1p(np.sqrt(energy)) * np.float32(_CODES_PER_LOG), 255.0), dtype=np.uint8)


def _own_sigma(scale_px: float, halvings: int) -> float:
    """Return the blur that is still missing on a grid halved so often by area averaging."""
    factor = 2.0**halvings
    averaged = (factor * factor - 1) / 12
    return float(np.sqrt(scale_px * scale_px - averaged) / factor)


def _halved(image: FloatImage) -> FloatImage:
    size = ((image.shape[1] + 1) // 2, (image.shape[0] + 1) // 2)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _enlarged(image: FloatImage, height: int, width: int) -> FloatImage:
    if image.shape == (height, width):
        return image
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _damp_chroma(residual: FloatImage, base_lab: FloatImage, edited_lab: FloatImage) -> None:
    """Weigh a and b down in saturated colors, in place (a third of CIE94's S_C, from the paler of the two)."""
    chroma = np.minimum(
        cv2.magnitude(base_lab[..., 1], base_lab[..., 2]), cv2.magnitude(edited_lab[..., 1], edited_lab[..., 2])
    )
    residual[..., 1:] /= (1 + 0.015 * chroma)[..., None]


def _detail(image: FloatImage) -> FloatImage:
    return np.asarray(image - cv2.GaussianBlur(image, (0, 0), 2.0), dtype=np.float32)


def _band_energy(lab: FloatImage) -> FloatImage:
    """Return the (H, W, 2) local energy of detail in delta E squared, of lightness and of color."""
    detail = _detail(lab)
    detail *= detail
    energy = np.stack([detail[..., 0], detail[..., 1] + detail[..., 2]], axis=2)
    return np.asarray(
        cv2.GaussianBlur(energy, (0, 0), 3.5) + 0.5 * cv2.dilate(energy, np.ones((3, 3), np.uint8)), dtype=np.float32
    )


def _without_displacement(base_lab: FloatImage, edited_lab: FloatImage) -> FloatImage:
    """Return edited - base less what a small local displacement of the edit explains."""
    residual = np.asarray(edited_lab - base_lab, dtype=np.float32)
    u, v = _local_displacement((base_lab[..., 0] + edited_lab[..., 0]) / 2, residual[..., 0])
    for channel in range(3):
        plane = cv2.GaussianBlur((base_lab[..., channel] + edited_lab[..., channel]) / 2, (0, 0), 0.7)
        dx, dy = _gradient(plane)
        explained = u * dx + v * dy
        own = residual[..., channel]
        # Only ever shrink a residual: what points the other way is no displacement.
        shrunk = np.sign(own) * np.maximum(np.abs(own) - np.abs(explained), 0)
        residual[..., channel] = np.where(own * explained > 0, shrunk, own)
    return residual


def _local_displacement(light: FloatImage, residual: FloatImage) -> tuple[FloatImage, FloatImage]:
    """Return (u, v) that explain a lightness residual as gradient times displacement (one Lucas-Kanade step)."""
    dx, dy = _gradient(cv2.GaussianBlur(light, (0, 0), 1.0))
    blurred = cv2.GaussianBlur(residual, (0, 0), 1.0)

    def pool(image: FloatImage) -> FloatImage:
        return np.asarray(cv2.GaussianBlur(_halved(image), (0, 0), 2.0), dtype=np.float32)

    xx, xy, yy = pool(dx * dx) + 1.0, pool(dx * dy), pool(dy * dy) + 1.0
    xt, yt = pool(dx * blurred), pool(dy * blurred)
    determinant = xx * yy - xy * xy
    u, v = (yy * xt - xy * yt) / determinant, (xx * yt - xy * xt) / determinant
    shrink = np.minimum(1.0, MAX_DISPLACEMENT_PX / np.maximum(np.hypot(u, v), 1e-6))
    height, width = light.shape
    return _enlarged(u * shrink, height, width), _enlarged(v * shrink, height, width)


def _gradient(image: FloatImage) -> tuple[FloatImage, FloatImage]:
    """Return the derivatives along x and y, per pixel."""
    return cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=1 / 8)


def _drift_level(size: FloatImage, contrast: Codes, usable: Bits, floor: float, ceiling: float) -> DriftLevel:
    """Read the typical difference for each class of contrast, as a curve."""
    step = max(1, round(np.sqrt(size.size / LEVEL_SAMPLES)))
    chosen = usable[::step, ::step]
    size, contrast = size[::step, ::step][chosen], contrast[::step, ::step][chosen]
    if size.size < 2 * CONTRAST_BINS * MIN_CLASS_SIZE:
        level = min(max(floor, _typical(size)), ceiling) if size.size else floor
        return DriftLevel(np.array([0.0, 100.0]), np.array([level, level]))
    bins = contrast // np.uint8(256 // CONTRAST_BINS)
    order = np.argsort(bins, kind="stable")
    parts = np.split(order, np.searchsorted(bins[order], np.arange(1, CONTRAST_BINS)))
    parts = [part for part in parts if len(part) >= MIN_CLASS_SIZE]
    centers = _CONTRAST_OF_CODE[[int(np.median(contrast[part])) for part in parts]]
    values = np.array([_typical(size[part]) for part in parts])
    # A class may be mostly changed (a replaced sky is all smooth): it can't drift more than busier classes that are common.
    common = np.array([len(part) for part in parts]) > 0.02 * len(order)
    values = np.minimum(values, np.minimum.accumulate(np.where(common, values, np.inf)[::-1])[::-1])
    return DriftLevel(centers, np.clip(values, floor, ceiling))


def _typical(size: FloatImage) -> float:
    middle, low = np.quantile(size, [DRIFT_QUANTILE, LOW_QUANTILE])
    return float(min(middle, LOW_FACTOR * low))
