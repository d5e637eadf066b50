"""Compare an edited picture with its input on one grid, and restore what the edit did not mean to touch."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from retouch.errors import InvalidValueError
from retouch.images.array_types import Mask, Pixels
from retouch.images.geometry import Fit
from retouch.preserve.align import MAX_ZOOM, Alignment, estimate_alignment, warp_onto
from retouch.preserve.change import Change, ChangeKind, find_change
from retouch.preserve.composite import Preserved
from retouch.preserve.difference import is_exact_elsewhere
from retouch.preserve.report import PreserveReport, psnr_db
from retouch.preserve.seam import BAND_PX, blend_edit
from retouch.preserve.tone import ToneDrift, fit_tone_drift, no_tone_drift

__all__ = ["Comparison", "compare", "preserve_fitted", "require_pixels"]

Bits = npt.NDArray[np.bool_]

REGRADE_DELTA_E = 2.0
"""Where nothing else changed, a tone that moved by more than this is the edit and not its drift."""

SUMMARIES: dict[ChangeKind, str] = {
    "none": "Nothing changed: the answer is the input.",
    "local": "A local edit: every pixel outside the mask is the input's.",
    "background": "The background is new and the subject was kept: its pixels are the input's.",
    "global": "The whole picture changed: nothing was restored.",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """An edited picture against its input, brought onto the input's grid and tone.

    Attributes
    ----------
    edited : (H, W, 3) uint8, sRGB
        The edited picture, warped onto the input's grid, its tone drift undone.
    core : (H, W) bool
        Pixels that must come from the edit.
    allowed : (H, W) bool
        Pixels that may: the core with a band for the seam.
    alignment : Alignment
    tone : ToneDrift
    kind : {"none", "local", "background", "global"}
    summary : str
    drift_delta_e : float
    confidence : float
    """

    edited: Pixels
    core: Bits
    allowed: Bits
    alignment: Alignment
    tone: ToneDrift
    kind: ChangeKind
    summary: str
    drift_delta_e: float
    confidence: float


def preserve_fitted(
    base: Pixels, edited: Pixels, *, mask: Mask | None = None, source_fit: Fit | None = None, seed: int = 0
) -> Preserved:
    """Restore the input, already fitted to the answer's size, wherever the edit did not mean to touch it.

    Parameters
    ----------
    base, edited : (H, W, 3) uint8, sRGB
    mask : (H, W) float32 [0, 1], optional
        Where the edit is, if the caller knows; 0 = must equal the input. None finds it.
    source_fit : Fit, optional
        How ``base`` was cropped from the input; lets a stretch or a letterbox of the whole input be recognized.
    seed : int
        Of the grain that is added to an edit that lost it.

    Returns
    -------
    Preserved
        Bit-identical to ``base`` where the mask is 0. Of a global edit nothing is restored, and the mask is 1 everywhere.

    Raises
    ------
    InvalidValueError
        ``edited`` or ``mask`` has another size than ``base``, or a picture is not (H, W, 3) uint8.
    """
    found = compare(base, edited, mask=mask, source_fit=source_fit)
    if found.kind == "global":
        pixels, alpha = edited, np.ones(base.shape[:2], np.float32)
    else:
        pixels, alpha = blend_edit(base, found.edited, found.core, found.allowed, seed=seed)
    outside = alpha == 0
    report = PreserveReport(
        kind=found.kind,
        summary=found.summary,
        changed_share=float(1 - outside.mean()),
        alignment=found.alignment,
        tone_delta_e=found.tone.mean_delta_e,
        drift_delta_e=found.drift_delta_e,
        psnr_outside_before_db=psnr_db(base, edited, outside),
        outside_is_exact=cv2.norm(pixels, base, cv2.NORM_INF, outside.astype(np.uint8)) == 0,
        confidence=found.confidence,
        size_hw=(base.shape[0], base.shape[1]),
    )
    return Preserved(pixels, alpha, report.changed_share, report)


def compare(base: Pixels, edited: Pixels, *, mask: Mask | None = None, source_fit: Fit | None = None) -> Comparison:
    """Bring the edited picture onto the input's grid and tone, and find what it changed.

    Parameters
    ----------
    base, edited : (H, W, 3) uint8, sRGB
    mask : (H, W) float32 [0, 1], optional
        The change, if it is known.
    source_fit : Fit, optional
        How ``base`` was cropped from the input.

    Raises
    ------
    InvalidValueError
        ``edited`` or ``mask`` has another size than ``base``.
    """
    height, width = base.shape[:2]
    require_pixels("edited", edited)
    if edited.shape != base.shape:
        raise InvalidValueError("edited", f"{width} x {height} pixels", f"{edited.shape[1]} x {edited.shape[0]} pixels")
    if mask is not None and mask.shape != base.shape[:2]:
        raise InvalidValueError("mask", f"{width} x {height} pixels", f"{mask.shape[1]} x {mask.shape[0]} pixels")

    # 1. geometry
    exact = is_exact_elsewhere(base, edited)
    alignment = estimate_alignment(base, edited, source_fit=source_fit, exact=exact)
    if mask is None and not alignment.found:
        return _everything(edited, alignment, "The pictures could not be aligned: nothing was restored.")
    if mask is None and not 1 / MAX_ZOOM <= alignment.zoom <= MAX_ZOOM:
        return _everything(edited, alignment, "The picture was reframed: nothing was restored.")
    warped, valid = edited, np.ones((height, width), np.bool_)
    if not alignment.is_identity and alignment.found:
        warped, covered = warp_onto(edited, alignment.matrix, (height, width))
        valid = covered > 0

    # 2. tone
    free = valid if mask is None else valid & (mask == 0)
    tone = no_tone_drift() if exact else fit_tone_drift(base, warped, free.astype(np.float32))
    warped = tone.undo(warped)

    # 3. change
    if mask is not None:
        return _given(warped, mask > 0, valid, alignment, tone)
    change = find_change(base, warped, valid, exact=exact)
    if change.kind == "none" and tone.mean_delta_e > REGRADE_DELTA_E:
        return _everything(edited, alignment, "Only the tone changed, everywhere: nothing was restored.", change)
    if change.kind == "global":
        return _everything(edited, alignment, SUMMARIES["global"], change)
    allowed = change.core if exact else _grown(change.core, BAND_PX) & valid
    confidence = round(change.confidence * (0.5 + 0.5 * min(1.0, alignment.confidence / 0.6)), 3)
    return Comparison(
        warped,
        change.core,
        allowed,
        alignment,
        tone,
        change.kind,
        SUMMARIES[change.kind],
        change.drift_delta_e,
        confidence,
    )


def require_pixels(field: str, pixels: Pixels) -> None:
    """Raise ``InvalidValueError`` unless the array is (H, W, 3) uint8 with at least 16 pixels a side."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or min(pixels.shape[:2]) < 16:
        raise InvalidValueError(
            field, "an array of (H, W, 3) uint8, 16 pixels a side or more", f"{pixels.shape} {pixels.dtype}"
        )


def _grown(bits: Bits, radius_px: int) -> Bits:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    return np.asarray(cv2.dilate(bits.astype(np.uint8), disc) > 0)


def _given(warped: Pixels, allowed: Bits, valid: Bits, alignment: Alignment, tone: ToneDrift) -> Comparison:
    """Take the caller's mask: the seam lies inside of it, so nothing beyond it changes."""
    allowed = allowed & valid
    core = ~_grown(~allowed, BAND_PX // 2)
    if not core.any():
        core = allowed
    kind: ChangeKind = "local" if allowed.any() else "none"
    return Comparison(warped, core, allowed, alignment, tone, kind, SUMMARIES[kind], 0.0, alignment.confidence)


def _everything(edited: Pixels, alignment: Alignment, summary: str, change: Change | None = None) -> Comparison:
    """Leave the edited picture as it is."""
    all_of_it = np.ones(edited.shape[:2], np.bool_)
    drift = change.drift_delta_e if change else 0.0
    confidence = change.confidence if change else round(1.0 - alignment.confidence, 3)
    return Comparison(edited, all_of_it, all_of_it, alignment, no_tone_drift(), "global", summary, drift, confidence)
