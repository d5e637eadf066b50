"""Bring an edit into the input at the input's own resolution.

The edit is found where it was made, at about a megapixel. What goes into the large picture is the edit only: scaled up, given the
sharpness and the grain of its new surroundings as far as that is possible, tile by tile, so that 24 megapixels fit in memory.
"""

from collections.abc import Callable, Iterator
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.errors import InvalidValueError
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.geometry import Fit, fill_size, fit_mask, fit_pixels
from retouch.preserve.composite import Preserved
from retouch.preserve.report import PreserveReport, psnr_db
from retouch.preserve.restore import Comparison, compare, require_pixels
from retouch.preserve.seam import BlendPlan, make_grain, missing_grain, mix, plan_blend

__all__ = ["composite_into_original", "working_size_wh"]

Affine = npt.NDArray[np.float64]

MAX_WORKING_PIXELS: Final = 1_700_000
TILE_PX: Final = 1024
MAX_SHARPENING: Final = 1.8
PROBES: Final = 12
PROBE_PX: Final = 192


def composite_into_original(
    original: Pixels,
    edited: Pixels,
    *,
    mask: Mask | None = None,
    native: Pixels | None = None,
    to_native: Callable[[Pixels], Pixels] | None = None,
    seed: int = 0,
) -> Preserved:
    """Return the input at its own resolution with only the edit changed.

    Parameters
    ----------
    original : (H, W, 3) uint8, sRGB
        The input, upright.
    edited : (h, w, 3) uint8, sRGB
        The edited picture, of any size.
    mask : (H, W) float32 [0, 1], optional
        Where the edit is, on the input's grid; 0 = must equal the input. None finds it.
    native : (H, W, 3) uint8, optional
        The input in the color space of its own file. The answer is in that space, and equals ``native`` outside of the edit.
    to_native : callable, optional
        Converts (h, w, 3) uint8 from sRGB to that space; needed with ``native``.
    seed : int
        Of the grain.

    Returns
    -------
    Preserved
        (H, W, 3) pixels. Where the mask is 0 they equal the input to the bit. Where the whole picture changed nothing can be
        kept: the edited picture is scaled up to the crop that it shows, and the mask is 1 everywhere.

    Raises
    ------
    InvalidValueError
        ``mask`` or ``native`` has another size than the input; ``native`` without ``to_native``.

    Notes
    -----
    Peak memory is that of the pictures, the mask and one tile of 1024 px; time is O(H W) for one resize and a copy, plus the
    changed area.
    """
    require_pixels("original", original)
    require_pixels("edited", edited)
    if mask is not None and mask.shape != original.shape[:2]:
        raise InvalidValueError("mask", f"{original.shape[1]} x {original.shape[0]} pixels", f"{mask.shape[::-1]}")
    if (native is None) != (to_native is None):
        raise InvalidValueError("native", "given together with to_native", None)
    if native is not None and native.shape != original.shape:
        raise InvalidValueError("native", f"{original.shape[1]} x {original.shape[0]} pixels", native.shape)
    target = original if native is None else native
    convert = to_native or _unchanged

    # 1. compare on a working grid
    fit = fill_size(original.shape[1], original.shape[0], working_size_wh(edited))
    base = fit_pixels(original, fit)
    small = fit_pixels(edited, Fit((0.0, 0.0, float(edited.shape[1]), float(edited.shape[0])), fit.size_wh))
    working_mask = None if mask is None else (fit_mask((mask > 0).astype(np.float32), fit) > 0).astype(np.float32)
    found = compare(base, small, mask=working_mask, source_fit=fit)
    if found.kind == "global":
        pixels = convert(_enlarged_whole(edited, original.shape[1], original.shape[0]))
        ones = np.ones(original.shape[:2], np.float32)
        return Preserved(pixels, ones, 1.0, _report(found, ones, None, exact=True))

    # 2. bring the edit in, tile by tile
    plan = plan_blend(base, found.edited, found.core, found.allowed)
    pixels, alpha = _bring_in(target, original, edited, base, found, plan, fit, convert, mask, seed)
    before = psnr_db(base, small, plan.alpha == 0)
    exact = all(
        cv2.norm(pixels[rows], target[rows], cv2.NORM_INF, (alpha[rows] == 0).astype(np.uint8)) == 0
        for rows in (slice(top, top + TILE_PX) for top in range(0, len(alpha), TILE_PX))
    )
    return Preserved(pixels, alpha, float((alpha > 0).mean()), _report(found, alpha, before, exact=exact))


def working_size_wh(edited: Pixels) -> tuple[int, int]:
    """Return the (width, height) at which an edited picture is compared: its own, or 1.7 megapixels if it has more."""
    height, width = edited.shape[:2]
    factor = min(1.0, float(np.sqrt(MAX_WORKING_PIXELS / (width * height))))
    return max(16, round(width * factor)), max(16, round(height * factor))


def _unchanged(pixels: Pixels) -> Pixels:
    return pixels


def _report(found: Comparison, alpha: Mask, psnr_before: float | None, *, exact: bool) -> PreserveReport:
    return PreserveReport(
        kind=found.kind,
        summary=found.summary,
        changed_share=float((alpha > 0).mean()),
        alignment=found.alignment,
        tone_delta_e=found.tone.mean_delta_e,
        drift_delta_e=found.drift_delta_e,
        psnr_outside_before_db=psnr_before,
        outside_is_exact=exact,
        confidence=found.confidence,
        size_hw=(alpha.shape[0], alpha.shape[1]),
    )


def _enlarged_whole(edited: Pixels, width: int, height: int) -> Pixels:
    """Scale a picture that changed as a whole to the input's size (the crop is not undone: there is nothing to put there)."""
    return fit_pixels(edited, fill_size(edited.shape[1], edited.shape[0], (width, height)))


def _bring_in(
    target: Pixels,
    original: Pixels,
    edited: Pixels,
    base: Pixels,
    found: Comparison,
    plan: BlendPlan,
    fit: Fit,
    convert: Callable[[Pixels], Pixels],
    mask: Mask | None,
    seed: int,
) -> tuple[Pixels, Mask]:
    """Composite each tile that the edit reaches."""
    height, width = original.shape[:2]
    to_working = _from_original(fit)
    to_edited = _chained(_scaling(fit.size_wh, edited), _chained(found.alignment.matrix, to_working))
    edited_fit = Fit(fit.box, (edited.shape[1], edited.shape[0]))
    fitted = base if edited_fit.size_wh == fit.size_wh else fit_pixels(original, edited_fit)
    sharpening, grain = _match_surroundings(original, fitted, plan, edited_fit, seed)
    # The tone is undone once where the edit is small, else only in the tiles that are needed.
    is_small = edited.size <= 3 * MAX_WORKING_PIXELS
    toned = found.tone.undo(edited) if is_small else edited
    pixels, alpha = target.copy(), np.zeros((height, width), np.float32)
    for number, tile in enumerate(_tiles(plan.alpha, fit, height, width)):
        size_hw = (tile[0].stop - tile[0].start, tile[1].stop - tile[1].start)
        working = _at(to_working, *tile)
        share = np.clip(_read(plan.alpha, working, size_hw), 0.0, 1.0)
        if mask is not None:
            share[mask[tile] == 0] = 0.0
        if not share.any():
            continue
        read = _read_edit(toned, _at(to_edited, *tile), size_hw)
        source = (read if is_small else found.tone.undo(read)).astype(np.float32)
        if sharpening[0] > 1.0:
            blurred = cv2.GaussianBlur(source, (0, 0), sharpening[1])
            source = cv2.addWeighted(source, sharpening[0], blurred, 1.0 - sharpening[0], 0.0)
        if _reaches(plan.offset, working, size_hw):
            source += _read(plan.offset, working, size_hw)
        if grain:
            source += make_grain(grain, size_hw, seed + number)[..., None]
        ready = convert(cv2.convertScaleAbs(np.maximum(source, 0.0, out=source)))
        pixels[tile] = ready if share.min() == 1.0 else mix(target[tile], ready.astype(np.float32), share)
        alpha[tile] = share
    return pixels, alpha


def _reaches(offset: FloatImage, matrix: Affine, size_hw: tuple[int, int]) -> bool:
    """Whether a tone correction has anything to say in a tile."""
    left, top = np.floor(matrix[:, 2]).astype(int) - 1
    right, bottom = np.ceil(matrix @ np.array([size_hw[1], size_hw[0], 1.0])).astype(int) + 1
    part = offset[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    return bool(part.size and np.abs(part).max() > 0.4)


def _from_original(fit: Fit) -> Affine:
    """Return the map from the input's pixel centers to the working grid's."""
    left, top, right, bottom = fit.box
    scale_x, scale_y = fit.size_wh[0] / (right - left), fit.size_wh[1] / (bottom - top)
    return np.array(
        [[scale_x, 0.0, (0.5 - left) * scale_x - 0.5], [0.0, scale_y, (0.5 - top) * scale_y - 0.5]], dtype=np.float64
    )


def _scaling(size_wh: tuple[int, int], picture: Pixels) -> Affine:
    """Return the map from pixel centers of the working grid to those of the edited picture at its own size."""
    scale_x, scale_y = picture.shape[1] / size_wh[0], picture.shape[0] / size_wh[1]
    return np.array([[scale_x, 0.0, (scale_x - 1) / 2], [0.0, scale_y, (scale_y - 1) / 2]])


def _chained(second: Affine, first: Affine) -> Affine:
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])


def _at(matrix: Affine, rows: slice, cols: slice) -> Affine:
    """Return a map for a tile whose first pixel is (cols.start, rows.start)."""
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ np.array([cols.start, rows.start], dtype=np.float64)
    return moved


def _tiles(alpha: Mask, fit: Fit, height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Yield the tiles of the input that the working grid's mask reaches."""
    matrix = _from_original(fit)
    touched = alpha > 0
    for top in range(0, height, TILE_PX):
        for left in range(0, width, TILE_PX):
            bottom, right = min(height, top + TILE_PX), min(width, left + TILE_PX)
            x0, x1 = (matrix[0, 0] * (x - 0.5) + matrix[0, 2] for x in (left, right))
            y0, y1 = (matrix[1, 1] * (y - 0.5) + matrix[1, 2] for y in (top, bottom))
            part = touched[max(0, int(y0) - 1) : max(0, int(y1) + 3), max(0, int(x0) - 1) : max(0, int(x1) + 3)]
            if part.any():
                yield slice(top, bottom), slice(left, right)


def _read(image: FloatImage, matrix: Affine, size_hw: tuple[int, int]) -> FloatImage:
    """Read a float image through a map, bilinear; 0 outside of it."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, matrix, size_hw[::-1], flags=flags, borderMode=cv2.BORDER_CONSTANT))


def _read_edit(edited: Pixels, matrix: Affine, size_hw: tuple[int, int]) -> Pixels:
    """Read the edited picture through a map: bicubic where it is enlarged, averaged before Lanczos where it is reduced."""
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    source = cv2.GaussianBlur(edited, (0, 0), 0.45 * shrink) if shrink > 1.3 else edited
    flags = (cv2.INTER_CUBIC if shrink < 0.8 else cv2.INTER_LANCZOS4) | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(source, matrix, size_hw[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _match_surroundings(
    original: Pixels, fitted: Pixels, plan: BlendPlan, fit: Fit, seed: int
) -> tuple[tuple[float, float], float]:
    """Measure what enlarging costs on untouched places, where the truth is known.

    ``fitted`` is the input at the edited picture's size, ``fit`` how it came there. Returns ((gain, sigma in px) of the
    sharpening, grain level in levels of 255).
    """
    scale = (fit.box[2] - fit.box[0]) / fit.size_wh[0]
    if scale < 1.15:
        return (1.0, 1.0), 0.0
    sigma = 0.8 * scale
    gains, grains = [], []
    for rows, cols in _probes(plan.alpha, original, Fit(fit.box, plan.alpha.shape[::-1]), seed):
        real = original[rows, cols]
        size_hw = real.shape[:2]
        enlarged = _read_edit(fitted, _at(_from_original(fit), rows, cols), (size_hw[0], size_hw[1]))
        fine = [
            each.astype(np.float32) - cv2.GaussianBlur(each.astype(np.float32), (0, 0), sigma)
            for each in (real, enlarged)
        ]
        kept = float(np.sqrt((fine[1] ** 2).mean()))
        if kept > 1.0:
            # The part of the real detail that the enlarged detail explains, not the grain on top of it.
            gains.append(float((fine[0] * fine[1]).mean()) / kept**2)
        everywhere = np.ones(size_hw, np.bool_)
        grains.append(missing_grain(real, enlarged, everywhere, everywhere))
    gain = float(np.clip(np.median(gains), 1.0, MAX_SHARPENING)) if gains else 1.0
    return (gain, sigma), float(np.median(grains)) if grains else 0.0


def _probes(alpha: Mask, original: Pixels, fit: Fit, seed: int) -> Iterator[tuple[slice, slice]]:
    """Yield places of the input that the edit does not touch, nearest to it first."""
    matrix = _from_original(fit)
    height, width = original.shape[:2]
    rng = np.random.default_rng(seed)
    touched = np.argwhere(alpha > 0)
    center = touched.mean(axis=0) if len(touched) else np.array(alpha.shape) / 2
    side = min(PROBE_PX, height, width)
    places = np.stack([rng.integers(0, height - side + 1, 200), rng.integers(0, width - side + 1, 200)], axis=1)
    working = (places[:, ::-1] + side / 2) * matrix[[0, 1], [0, 1]] + matrix[:, 2]
    nearest = np.argsort(np.linalg.norm(working[:, ::-1] - center, axis=1), kind="stable")
    half = int(np.ceil(side / 2 * float(matrix[0, 0]))) + 1
    given = 0
    for index in nearest:
        x, y = (int(value) for value in working[index])
        if not half <= x < alpha.shape[1] - half or not half <= y < alpha.shape[0] - half:
            continue
        if alpha[y - half : y + half, x - half : x + half].any():
            continue
        row, col = (int(value) for value in places[index])
        yield slice(row, row + side), slice(col, col + side)
        given += 1
        if given == PROBES:
            return
