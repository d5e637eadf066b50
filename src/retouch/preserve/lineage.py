"""No drift over turns: whatever no turn has touched comes from the first input, however often an answer is edited again.

An answer that is sent back as the next input has been cropped, resized, and perhaps written as a JPEG. Its ``Lineage``
says, for each pixel, whether any turn has touched it, and how the first input maps to its grid. With the first input at
hand the untouched part is made again from it: one crop and one Lanczos resize, however many turns there were.

A server keeps the first input's file and one ``Lineage`` (about a kilobyte) with each answer. A turn is::

    parent = lineage.restore(first, decoded_answer)           # what the engine gets as its input
    base, lineage = lineage.refit(first, parent, fit)         # onto the new answer's grid
    preserved = preserve_fitted(base, engine_pixels)          # or composite(...)
    lineage = lineage.advance(preserved.change_mask)          # to be stored with the new answer
"""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from retouch.errors import InvalidValueError
from retouch.images.array_types import Mask, Pixels
from retouch.images.geometry import Fit, fit_mask, fit_pixels

__all__ = ["Ancestry", "Lineage"]

Bits = npt.NDArray[np.bool_]

LANCZOS_REACH_PX = 3
FORMAT_VERSION = 1


@dataclass(frozen=True, eq=False, slots=True)
class Lineage:
    """What an answer has to do with the first input of its chain of edits.

    Attributes
    ----------
    first_size_wh : tuple of two int
        Width and height of the first input.
    fit : Fit
        How the first input is cropped and resized to the answer's grid, all turns together.
    touched : (h, w) bool
        True where any turn so far has touched the answer's pixel.
    turns : int
        How many edits lie behind the answer.
    """

    first_size_wh: tuple[int, int]
    fit: Fit
    touched: Bits
    turns: int

    def __post_init__(self) -> None:
        if self.touched.shape != self.fit.size_wh[::-1]:
            raise InvalidValueError("touched", f"of {self.fit.size_wh} (width, height)", self.touched.shape[::-1])

    @classmethod
    def start(cls, first_size_wh: tuple[int, int]) -> "Lineage":
        """Return the lineage of an input that no turn has touched yet."""
        width, height = first_size_wh
        fit = Fit((0.0, 0.0, float(width), float(height)), (width, height))
        return cls(first_size_wh, fit, np.zeros((height, width), np.bool_), 0)

    def restore(self, first: Pixels, answer: Pixels) -> Pixels:
        """Return an answer with every untouched pixel as the first input has it.

        Parameters
        ----------
        first : (H, W, 3) uint8, sRGB
            The first input, decoded as it was for the first turn.
        answer : (h, w, 3) uint8, sRGB
            The decoded answer; a JPEG has lost something everywhere, which is undone where no turn has touched it.

        Returns
        -------
        (h, w, 3) uint8, sRGB

        Raises
        ------
        InvalidValueError
            A picture has another size than the lineage says.
        """
        self._require_first(first)
        if answer.shape[:2] != self.touched.shape:
            width, height = self.fit.size_wh
            raise InvalidValueError(
                "answer", f"{width} x {height} pixels", f"{answer.shape[1]} x {answer.shape[0]} pixels"
            )
        restored = fit_pixels(first, self.fit).copy()
        restored[self.touched] = answer[self.touched]
        return restored

    def refit(self, first: Pixels, restored: Pixels, fit: Fit) -> tuple[Pixels, "Lineage"]:
        """Return the restored answer on the next answer's grid, with the lineage of that picture.

        Parameters
        ----------
        first : (H, W, 3) uint8, sRGB
        restored : (h, w, 3) uint8, sRGB
            Of ``restore``.
        fit : Fit
            How the answer is cropped and resized for the next turn, in the answer's pixels.

        Returns
        -------
        tuple of pixels and Lineage
            Untouched pixels come from the first input by one resize, touched ones from the answer. A pixel whose Lanczos filter
            reaches a touched one counts as touched.
        """
        self._require_first(first)
        combined = Fit(self._in_first(fit.box), fit.size_wh)
        if not self.touched.any():
            return fit_pixels(first, combined), Lineage(self.first_size_wh, combined, _none(fit), self.turns)
        own = (0.0, 0.0, float(self.fit.size_wh[0]), float(self.fit.size_wh[1]))
        if fit.size_wh == self.fit.size_wh and fit.box == own:
            return restored, self
        touched = fit_mask(_reached(self.touched, fit).astype(np.float32), fit) > 0
        pixels = fit_pixels(first, combined).copy()
        pixels[touched] = fit_pixels(restored, fit)[touched]
        return pixels, Lineage(self.first_size_wh, combined, touched, self.turns)

    def advance(self, change_mask: Mask) -> "Lineage":
        """Return the lineage of the answer after one more edit.

        Parameters
        ----------
        change_mask : (h, w) float32 [0, 1]
            Of the edit, on this grid; 0 = equal to the picture that was edited.
        """
        if change_mask.shape != self.touched.shape:
            raise InvalidValueError("change_mask", f"of {self.touched.shape} (rows, columns)", change_mask.shape)
        return Lineage(self.first_size_wh, self.fit, self.touched | (change_mask > 0), self.turns + 1)

    def to_json(self) -> dict[str, Any]:
        """Return the lineage as a JSON-ready mapping, the mask packed to bits and compressed."""
        packed = zlib.compress(np.packbits(self.touched).tobytes(), 6)
        return {
            "version": FORMAT_VERSION,
            "first_size_wh": list(self.first_size_wh),
            "box": list(self.fit.box),
            "size_wh": list(self.fit.size_wh),
            "turns": self.turns,
            "touched": base64.b64encode(packed).decode("ascii"),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | str) -> "Lineage":
        """Return the lineage that ``to_json`` stored.

        Raises
        ------
        InvalidValueError
            ``lineage``: damaged, or of another version.
        """
        try:
            values = json.loads(stored) if isinstance(stored, str) else stored
            if values["version"] != FORMAT_VERSION:
                raise InvalidValueError("lineage", f"of version {FORMAT_VERSION}", values["version"])
            width, height = (int(value) for value in values["size_wh"])
            left, top, right, bottom = (float(value) for value in values["box"])
            first_width, first_height = (int(value) for value in values["first_size_wh"])
            inflater = zlib.decompressobj()
            packed = inflater.decompress(
                base64.b64decode(values["touched"], validate=True), (height * width + 7) // 8 + 1
            )
            bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=height * width)
            touched = bits.reshape(height, width).astype(np.bool_)
            turns = int(values["turns"])
        except (KeyError, TypeError, ValueError, zlib.error) as exc:
            raise InvalidValueError("lineage", "as Lineage.to_json wrote it", stored) from exc
        return cls((first_width, first_height), Fit((left, top, right, bottom), (width, height)), touched, turns)

    def _require_first(self, first: Pixels) -> None:
        width, height = self.first_size_wh
        if first.shape[:2] != (height, width):
            raise InvalidValueError(
                "first", f"{width} x {height} pixels", f"{first.shape[1]} x {first.shape[0]} pixels"
            )

    def _in_first(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """Return a box of the answer's pixels in the first input's; rounding never leaves the picture."""
        left, top, right, bottom = self.fit.box
        scale_x, scale_y = (right - left) / self.fit.size_wh[0], (bottom - top) / self.fit.size_wh[1]
        width, height = self.first_size_wh
        return (
            max(0.0, left + box[0] * scale_x),
            max(0.0, top + box[1] * scale_y),
            min(float(width), left + box[2] * scale_x),
            min(float(height), top + box[3] * scale_y),
        )


@dataclass(frozen=True, eq=False, slots=True)
class Ancestry:
    """What an answer descends from.

    Attributes
    ----------
    first : (H, W, 3) uint8, sRGB
        The first input of the chain of edits, decoded as it was for the first turn.
    lineage : Lineage
        Of the answer.
    """

    first: Pixels
    lineage: Lineage


def _none(fit: Fit) -> Bits:
    return np.zeros(fit.size_wh[::-1], np.bool_)


def _reached(touched: Bits, fit: Fit) -> Bits:
    """Grow a mask by the reach of the Lanczos filter that the resize uses."""
    import cv2  # here, for a server that only passes edits on has no use for it

    shrink = max((fit.box[2] - fit.box[0]) / fit.size_wh[0], (fit.box[3] - fit.box[1]) / fit.size_wh[1], 1.0)
    reach = int(np.ceil(LANCZOS_REACH_PX * shrink)) + 1
    return np.asarray(cv2.dilate(touched.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0)
