"""What preserving did, in numbers and as a mask that travels in JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from retouch.errors import InvalidValueError
from retouch.images.array_types import Mask, Pixels
from retouch.preserve.align import Alignment
from retouch.preserve.change import ChangeKind

__all__ = ["PreserveReport", "decode_mask_runs", "encode_mask_runs", "psnr_db"]


@dataclass(frozen=True, slots=True)
class PreserveReport:
    """What preserving found and did.

    Attributes
    ----------
    kind : {"none", "local", "background", "global"}
        What was changed; of a global edit nothing is restored.
    summary : str
        The same in a sentence.
    changed_share : float
        Share of pixels that may differ from the input, 0 to 1.
    alignment : Alignment
        How the edit lay on the input's grid.
    tone_delta_e : float
        Mean color drift that was undone, in CIELAB delta E; 0 = none.
    drift_delta_e : float
        Typical difference of untouched pixels before they were restored.
    psnr_outside_before_db : float or None
        Of the edited picture against the input, outside the mask; None where there is no outside, or no difference.
    outside_is_exact : bool
        Outside the mask every pixel of the answer equals the input to the bit.
    confidence : float
        0 to 1: of the mask and the alignment together.
    size_hw : tuple of two int
        Rows and columns of the answer.
    """

    kind: ChangeKind
    summary: str
    changed_share: float
    alignment: Alignment
    tone_delta_e: float
    drift_delta_e: float
    psnr_outside_before_db: float | None
    outside_is_exact: bool
    confidence: float
    size_hw: tuple[int, int]

    def to_json(self, change_mask: Mask | None = None) -> dict[str, Any]:
        """Return the report as a JSON-ready mapping, with the mask as runs where one is given."""
        height, width = self.size_hw
        shift_x, shift_y = self.alignment.shift_px(height, width)
        result: dict[str, Any] = {
            "kind": self.kind,
            "summary": self.summary,
            "changed_share": round(self.changed_share, 6),
            "confidence": round(self.confidence, 3),
            "alignment": {
                "model": self.alignment.model,
                "confidence": round(self.alignment.confidence, 3),
                "shift_px": [round(shift_x, 3), round(shift_y, 3)],
                "zoom": round(self.alignment.zoom, 5),
                "rotation_degrees": round(self.alignment.rotation_degrees, 4),
                "matrix": [[round(float(value), 6) for value in row] for row in self.alignment.matrix],
            },
            "tone_delta_e": round(self.tone_delta_e, 3),
            "drift_delta_e": round(self.drift_delta_e, 3),
            "outside": {
                "psnr_before_db": None
                if self.psnr_outside_before_db is None
                else round(self.psnr_outside_before_db, 2),
                "exact_after": self.outside_is_exact,
            },
        }
        if change_mask is not None:
            result["mask"] = encode_mask_runs(change_mask > 0)
        return result


def psnr_db(a: Pixels, b: Pixels, where: npt.NDArray[np.bool_]) -> float | None:
    """Return the PSNR of two pictures over some pixels, in dB; None where there are none or they are equal.

    Parameters
    ----------
    a, b : (H, W, 3) uint8
    where : (H, W) bool
    """
    count = int(np.count_nonzero(where))
    if count == 0:
        return None
    squared = cv2.norm(a, b, cv2.NORM_L2SQR, where.astype(np.uint8))
    return None if squared == 0 else float(10 * np.log10(255.0**2 * 3 * count / squared))


def encode_mask_runs(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return a mask as run lengths, row by row, starting with unchanged pixels.

    >>> encode_mask_runs(np.array([[False, True], [True, False]]))
    {'height': 2, 'width': 2, 'runs': [1, 2, 1]}
    """
    flat = np.ascontiguousarray(mask, dtype=np.bool_).ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    bounds = np.concatenate([[0], edges, [flat.size]])
    runs = np.diff(bounds).tolist()
    if flat.size and flat[0]:
        runs = [0, *runs]
    return {"height": int(mask.shape[0]), "width": int(mask.shape[1]), "runs": runs}


def decode_mask_runs(encoded: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Return the (H, W) bool mask of ``encode_mask_runs``.

    Raises
    ------
    InvalidValueError
        ``mask``: the runs do not add up to the picture.

    >>> decode_mask_runs({'height': 2, 'width': 2, 'runs': [1, 2, 1]}).tolist()
    [[False, True], [True, False]]
    """
    height, width = int(encoded["height"]), int(encoded["width"])
    runs: Sequence[int] = encoded["runs"]
    if min(height, width) < 0 or sum(runs) != height * width or any(run < 0 for run in runs):
        raise InvalidValueError("mask", f"runs that add up to {height} x {width} pixels", sum(runs))
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, np.asarray(runs, dtype=np.intp)).reshape(height, width)
