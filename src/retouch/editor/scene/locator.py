"""The seam for an open-vocabulary locator: a network of the user's own that finds what a phrase names, whatever it is.

The built-in way of finding nouns knows a thousand classes. A locator knows any words; the scene asks it where there is one and
puts its answer together with what it sees itself.
"""

from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from retouch.editor.scene.graph_cut import working_size
from retouch.editor.scene.named import Evidence
from retouch.editor.scene.values import Box
from retouch.images.array_types import Mask, Pixels
from retouch.images.filters import resize_float

__all__ = ["LOCATOR_NAME", "Locator", "Sighting", "evidence_of", "fuse_evidence", "keep_boxes", "mean_the_same"]

LOCATOR_NAME: Final = "locator"
"""The files of a locator in the model directory have this name."""
_RIM_OF_BOX: Final = 0.3
"""How likely the rim of a box belongs to the thing in it; its middle is certain."""
_CORE_OF_BOX: Final = 0.45
"""The share of a box's half sides within which a pixel is the thing for sure."""
_SEEN: Final = 0.5
_REACHES: Final = 0.15
_SAME_WITHIN: Final = 0.85
_SAME_OVERLAP: Final = 0.4


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a locator sees what it was asked for. One of ``heat`` and ``boxes`` is enough.

    Attributes
    ----------
    confidence : float
        0 to 1.
    heat : (h, w) float32 [0, 1] or None
        How likely each place belongs to the thing; any size, over the whole picture.
    boxes : tuple of Box
        In pixels of the picture that was asked about.
    """

    confidence: float
    heat: Mask | None = None
    boxes: tuple[Box, ...] = ()

    def scaled(self, scale: float) -> "Sighting":
        """Return the sighting in a picture that is ``scale`` times as large."""
        return replace(self, boxes=tuple(box.moved(0.0, 0.0, scale) for box in self.boxes))


class Locator(Protocol):
    """Finds what a phrase names. Called from several threads, for pictures of about a megapixel."""

    def locate(self, pixels: Pixels, noun: str) -> Sighting | None:
        """Return where ``noun`` is in (H, W, 3) uint8 sRGB pixels; None where the locator does not see it."""


def evidence_of(sighting: Sighting, size_hw: tuple[int, int]) -> Evidence:
    """Return a sighting in a picture of (rows, columns) as evidence that a graph cut can start from."""
    small_hw = working_size(*size_hw)
    likelihood = np.zeros(small_hw, np.float32)
    if sighting.heat is not None:
        heat = np.clip(resize_float(sighting.heat, small_hw), 0.0, 1.0)
        likelihood = np.asarray(heat / max(float(heat.max()), 1e-6), np.float32)
    for box in sighting.boxes:
        scaled = box.moved(0.0, 0.0, small_hw[0] / size_hw[0])
        likelihood = np.maximum(likelihood, _draw_box(scaled, small_hw))
    return Evidence(likelihood, likelihood, sighting.confidence, whole=0.0, present=True, located=True)


def keep_boxes(sighting: Sighting, fits: npt.NDArray[np.bool_], least_share: float) -> Sighting:
    """Return a sighting with those of its boxes of which a share of at least ``least_share`` fits; with all where none does."""
    kept = tuple(box for box in sighting.boxes if _share_in(box, fits) >= least_share)
    return replace(sighting, boxes=kept) if kept else sighting


def _share_in(box: Box, fits: npt.NDArray[np.bool_]) -> float:
    rows = slice(max(0, round(box.top)), max(1, round(box.bottom)))
    part = fits[rows, max(0, round(box.left)) : max(1, round(box.right))]
    return float(part.mean()) if part.size else 0.0


def fuse_evidence(seen: Evidence, classified: Evidence | None) -> Evidence:
    """Put a locator's evidence and the classifier's together: the locator knows better where, both say how surely."""
    if classified is None or not classified.present:
        return seen
    unsure = (1.0 - seen.strength) * (1.0 - classified.strength)
    return replace(seen, strength=1.0 - unsure, whole=classified.whole)


def mean_the_same(mask: Mask, evidence: Evidence) -> bool:
    """Return whether a mask and what a locator sees are one thing: the mask is within it, and covers a good part of it."""
    size_hw = evidence.heat.shape[0], evidence.heat.shape[1]
    found, seen = resize_float(mask, size_hw) > _SEEN, evidence.heat > _SEEN
    within = float((found & (evidence.heat > _REACHES)).sum() / max(1, int(found.sum())))
    overlap = float((found & seen).sum() / max(1, int((found | seen).sum())))
    return within >= _SAME_WITHIN and overlap >= _SAME_OVERLAP


def _draw_box(box: Box, size_hw: tuple[int, int]) -> Mask:
    """Return the likelihood that a box stands for: certain in the middle, fading to its rim, none outside."""
    rows, cols = np.ogrid[: size_hw[0], : size_hw[1]]
    x, y = box.center
    aside = np.abs(cols + 0.5 - x) / max(0.5 * box.width, 0.5)
    above = np.abs(rows + 0.5 - y) / max(0.5 * box.height, 0.5)
    out = np.clip((np.hypot(aside, above) - _CORE_OF_BOX) / (1.0 - _CORE_OF_BOX), 0.0, 1.0)
    inside = (aside <= 1.0) & (above <= 1.0)
    return np.asarray(np.where(inside, 1.0 - (1.0 - _RIM_OF_BOX) * out, 0.0), dtype=np.float32)
