"""Cut out a thing that was named: the subject's matte and the classifier's heat, fused by a graph cut."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retouch.editor.scene.classifier import ClassMaps, class_heat
from retouch.editor.scene.graph_cut import cut_out, keep_large_parts, soften_edges, working_size
from retouch.editor.scene.nouns import CLASS_COUNT, noun_table
from retouch.images.array_types import Mask, Pixels
from retouch.images.filters import resize_float

__all__ = ["Evidence", "cut_named_part", "cut_named_subject", "weigh_evidence"]

SURE_WHOLE: Final = 0.2
MIN_EVIDENCE: Final = 0.22
MIN_EVIDENCE_AGAINST_ANOTHER: Final = 0.5
ANOTHER_IS_SURE: Final = 0.6
SUPPORTS: Final = ("chair", "rocking chair", "bench", "sofa", "table", "bed", "throne", "rug", "tray")
"""What things sit, lie and stand on; a saliency network likes to take it along."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How surely a noun is in the picture.

    Attributes
    ----------
    heat : (h, w) float32 [0, 1]
        Where, at the graph cut's working size.
    strength : float
        0 to 1: the classifier's sureness, agreed on by at least two sizes of window.
    whole : float
        Probability for the picture as a whole.
    present : bool
        The picture confirms the noun.
    """

    heat: Mask
    strength: float
    whole: float
    present: bool


def weigh_evidence(maps: ClassMaps, classes: tuple[int, ...], size_hw: tuple[int, int]) -> Evidence:
    """Judge whether a noun's classes are in the picture.

    Notes
    -----
    One size of window alone is easily fooled (a patch of a cat's fur is a dog to the finest), so the strength is the geometric
    mean of the two best sizes. What a uniform guess would give is subtracted: "dog" sums up over a hundred classes. Where the
    picture as a whole is clearly something else, more is asked for.
    """
    heat, _ = class_heat(maps, classes, working_size(*size_hw))
    chosen = list(classes)
    chance = len(chosen) / CLASS_COUNT
    peaks = sorted((max(0.0, float(w[chosen].sum(axis=0).max()) - chance) for w in maps.windows), reverse=True)
    whole = float(maps.whole[chosen].sum())
    strength = max(whole, float(np.sqrt(peaks[0] * peaks[1])))
    needed = MIN_EVIDENCE_AGAINST_ANOTHER if _another_is_sure(maps, classes) else MIN_EVIDENCE
    return Evidence(heat, strength, whole, present=whole >= SURE_WHOLE or strength >= needed)


def _another_is_sure(maps: ClassMaps, classes: tuple[int, ...]) -> bool:
    """Return whether one other noun takes most of the whole picture's probability."""
    table = noun_table()
    totals: dict[str, float] = {}
    for index, probability in enumerate(maps.whole.tolist()):
        if index not in classes:
            totals[table.reported[index]] = totals.get(table.reported[index], 0.0) + probability
    return max(totals.values(), default=0.0) >= ANOTHER_IS_SURE


def cut_named_subject(pixels: Pixels, matte: Mask, evidence: Evidence, support: Mask) -> Mask:
    """Cut a named thing out of a subject that may hold more, such as the chair it sits on.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]
    evidence : Evidence
        Of the noun.
    support : (h, w) float32 [0, 1]
        Heat of what things rest on, at the working size.

    Returns
    -------
    (H, W) float32 [0, 1]
        The matte itself, where there is no support in it.
    """
    size_hw = evidence.heat.shape[0], evidence.heat.shape[1]
    small = resize_float(matte, size_hw)
    foreign = (support > 0.5) & (evidence.heat < 0.2)
    if float((foreign & (small > 0.5)).mean()) < 0.005:
        return matte
    likelihood = np.where(small > 0.5, 0.6, 0.2).astype(np.float32)
    likelihood[(evidence.heat > 0.5) & (small > 0.6)] = 1.0
    likelihood[(small < 0.1) | foreign] = 0.0
    hard = keep_large_parts(cut_out(pixels, likelihood, rounds=6), share_of_largest=0.2)
    return np.asarray(np.minimum(soften_edges(pixels, hard), matte), dtype=np.float32)


def cut_named_part(pixels: Pixels, evidence: Evidence) -> Mask:
    """Cut out a thing that is not the subject, from its heat alone: (H, W) float32 [0, 1].

    The heat is coarse, so what is certain is only its core, and what is excluded lies well outside.
    """
    heat = evidence.heat
    likelihood = np.clip(heat, 0.0, 1.0)
    hard = cut_out(pixels, likelihood, certain=0.85, excluded=0.25, rounds=5)
    return soften_edges(pixels, keep_large_parts(hard, share_of_largest=0.3))
