"""Cut out a thing that was named: the subject's matte and the classifier's heat, fused by a graph cut."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.scene.classifier import ClassMaps, class_heat, classify
from retouch.editor.scene.graph_cut import cut_out, keep_large_parts, soften_edges, working_size
from retouch.editor.scene.nouns import CLASS_COUNT, noun_table
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import srgb8_to_oklab
from retouch.images.filters import box_blur, resize_float

__all__ = [
    "Evidence",
    "cut_named_part",
    "cut_named_salient",
    "cut_named_subject",
    "find_support",
    "outline_on_edges",
    "weigh_evidence",
]

BoolMask = npt.NDArray[np.bool_]

SURE_WHOLE: Final = 0.2
"""Probability for the picture as a whole that needs no second opinion."""
MIN_EVIDENCE: Final = 0.22
MIN_EVIDENCE_AGAINST_ANOTHER: Final = 0.5
"""Strength that is asked for where the picture is clearly of something else: a patch of a cat's fur is a dog at 0.24."""
ANOTHER_IS_SURE: Final = 0.6
MIN_PART_AREA: Final = 0.0015
MIN_OUTLINE_ON_EDGES: Final = 0.75
EDGE_CHANGE: Final = 0.07
OUTLINE_WINDOW_PX: Final = 7
SALIENT: Final = 0.1
"""From this score on a place may belong to what stands out, where it hangs together with a place that does."""
STANDS_OUT: Final = 0.7
MET: Final = 0.3
MOSTLY_MET: Final = 0.5
"""Share of what stands out that the noun's heat must cover."""
SUPPORTS: Final = (
    "chair",
    "rocking chair",
    "bench",
    "sofa",
    "table",
    "bed",
    "throne",
    "rug",
    "tray",
    "pillow",
    "quilt",
)
"""What things sit, lie and stand on; a saliency network likes to take it along."""
MIN_SUPPORT: Final = 0.035
MIN_SUPPORT_AREA: Final = 0.005
SUPPORT_RATIO: Final = 2.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """How surely a noun is in the picture.

    Attributes
    ----------
    heat : (h, w) float32 [0, 1]
        Where any size of window sees it, at the graph cut's working size.
    core : (h, w) float32 [0, 1]
        Where the sizes agree.
    strength : float
        0 to 1: the classifier's sureness, agreed on by at least two sizes of window.
    whole : float
        Probability for the picture as a whole.
    present : bool
        The picture confirms the noun.
    located : bool
        It comes from a locator, whose heat outlines also what is worn or fitted.
    """

    heat: Mask
    core: Mask
    strength: float
    whole: float
    present: bool
    located: bool = False


def weigh_evidence(maps: ClassMaps, classes: tuple[int, ...], size_hw: tuple[int, int]) -> Evidence:
    """Judge whether a noun's classes are in the picture.

    Notes
    -----
    One size of window alone is easily fooled (a patch of a cat's fur is a dog to the finest), so the strength is the geometric
    mean of the two best sizes. What a uniform guess would give is subtracted: "dog" sums up over a hundred classes. Where the
    picture as a whole is clearly something else, more is asked for.
    """
    heat, _ = class_heat(maps, classes, working_size(*size_hw))
    core, _ = class_heat(maps, classes, working_size(*size_hw), agreed=True)
    chosen = list(classes)
    chance = len(chosen) / CLASS_COUNT
    peaks = sorted((max(0.0, float(w[chosen].sum(axis=0).max()) - chance) for w in maps.windows), reverse=True)
    whole = float(maps.whole[chosen].sum())
    strength = max(whole, float(np.sqrt(peaks[0] * peaks[1])))
    needed = MIN_EVIDENCE_AGAINST_ANOTHER if _another_is_sure(maps, classes) else MIN_EVIDENCE
    return Evidence(heat, core, strength, whole, present=whole >= SURE_WHOLE or strength >= needed)


def _another_is_sure(maps: ClassMaps, classes: tuple[int, ...]) -> bool:
    """Return whether one noun that has nothing to do with these classes takes most of the whole picture's probability."""
    table = noun_table()
    best, probability = classify(maps, count=1)[0]
    return probability >= ANOTHER_IS_SURE and set(table.classes[best.lower()]).isdisjoint(classes)


def find_support(maps: ClassMaps, classes: tuple[int, ...], size_hw: tuple[int, int]) -> BoolMask:
    """Find what a named thing rests on: (h, w) bool at the graph cut's working size.

    Where the classifier gives chairs, beds and cushions together clearly more than the thing itself. The probabilities are low (a
    few percent on a deck chair that is seen from the side), but their ratio tells the two apart well.
    """
    table = noun_table()
    resting = [index for noun in SUPPORTS for index in table.classes[noun] if index not in classes]
    support = _mean_over_sizes(maps, sorted(set(resting)), size_hw)
    thing = _mean_over_sizes(maps, list(classes), size_hw)
    return np.asarray((support > SUPPORT_RATIO * thing) & (support > MIN_SUPPORT))


def _mean_over_sizes(maps: ClassMaps, classes: list[int], size_hw: tuple[int, int]) -> FloatImage:
    """Average the probability of some classes over the sizes of window that see more than the picture as a whole."""
    width_height = working_size(*size_hw)[::-1]
    layers = [window[classes].sum(axis=0).astype(np.float32) for window in maps.windows[1:]]
    return np.asarray(np.mean([cv2.resize(layer, width_height) for layer in layers], axis=0), dtype=np.float32)


def cut_named_subject(pixels: Pixels, matte: Mask, evidence: Evidence, support: BoolMask) -> Mask:
    """Cut a named thing out of a subject that may hold more, such as the chair it sits on.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]
    evidence : Evidence
        Of the noun.
    support : (h, w) bool
        As ``find_support``.

    Returns
    -------
    (H, W) float32 [0, 1]
        The matte itself, where there is no support in it.
    """
    small = resize_float(matte, (evidence.heat.shape[0], evidence.heat.shape[1]))
    if float((support & (small > 0.5)).mean()) < MIN_SUPPORT_AREA:
        return matte
    likelihood = np.where(small > 0.5, 0.6, 0.2).astype(np.float32)
    likelihood[(evidence.heat > 0.5) & (small > 0.6)] = 1.0
    likelihood[(small < 0.1) | support] = 0.0
    hard = keep_large_parts(cut_out(pixels, likelihood, rounds=4), share_of_largest=0.2)
    return np.asarray(np.minimum(soften_edges(pixels, hard), matte), dtype=np.float32)


def cut_named_part(pixels: Pixels, matte: Mask, evidence: Evidence) -> Mask | None:
    """Cut out a thing that is not the whole subject, from its heat alone.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    matte : (H, W) float32 [0, 1]
        Of the main subject; a thing that is seen on it ends where it ends, a thing beside it does not reach into it.
    evidence : Evidence

    Returns
    -------
    (H, W) float32 [0, 1] or None
        None where the outline follows no edge of the picture: the cut then shows where the heat ends, not the thing.
    """
    likelihood = np.clip(1.1 * evidence.core, 0.0, 1.0)
    subject = resize_float(matte, (likelihood.shape[0], likelihood.shape[1])) > 0.5
    hot = evidence.core > 0.6
    on_subject = float((hot & subject).sum()) >= 0.5 * float(hot.sum())
    likelihood[~subject if on_subject else subject] = 0.0
    if float((likelihood > 0.5).mean()) < MIN_PART_AREA:
        return None
    hard = keep_large_parts(cut_out(pixels, likelihood, certain=0.85, excluded=0.22, rounds=3), share_of_largest=0.3)
    if float(hard.mean()) < MIN_PART_AREA or outline_on_edges(pixels, hard) < MIN_OUTLINE_ON_EDGES:
        return None
    mask = soften_edges(pixels, hard)
    return np.asarray(np.minimum(mask, matte), dtype=np.float32) if on_subject else mask


def cut_named_salient(pixels: Pixels, score: Mask, evidence: Evidence) -> Mask | None:
    """Cut out a thing that stands out where its noun is seen, in a picture where that alone was not sure enough for a subject.

    A slim thing is all edge to a saliency network, and far smaller than the window that the classifier sees it in: either alone
    does not outline it.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    score : (s, s) float32 [0, 1]
        Of saliency.
    evidence : Evidence

    Returns
    -------
    (H, W) float32 [0, 1] or None
        None where what stands out is elsewhere, or its outline follows no edge of the picture.
    """
    salient = resize_float(score, (evidence.heat.shape[0], evidence.heat.shape[1]))
    _, labels = cv2.connectedComponents((salient > SALIENT).astype(np.uint8), connectivity=8)
    area = np.bincount(labels.ravel())
    met = np.bincount(labels.ravel(), weights=(evidence.heat > MET).ravel())
    sure = np.unique(labels[salient > STANDS_OUT])
    chosen = [label for label in sure if label > 0 and met[label] >= MOSTLY_MET * area[label]]
    if not chosen:
        return None
    place = np.isin(labels, chosen)
    near = cv2.dilate(place.astype(np.uint8), np.ones((15, 15), np.uint8))
    likelihood = np.where(place, 0.5 + 0.5 * salient, 0.5 * salient * near).astype(np.float32)
    hard = keep_large_parts(cut_out(pixels, likelihood), share_of_largest=0.1)
    if float(hard.mean()) < MIN_PART_AREA or outline_on_edges(pixels, hard) < MIN_OUTLINE_ON_EDGES:
        return None
    return soften_edges(pixels, hard)


def outline_on_edges(pixels: Pixels, hard: Mask) -> float:
    """Return the share of a cut's outline across which the picture's colors change, 0 to 1.

    The colors are averaged over a few pixels first, so that grass, which changes everywhere, does not pass for an edge.
    """
    size_hw = hard.shape[0], hard.shape[1]
    inside = (hard > 0.5).astype(np.uint8)
    lab = srgb8_to_oklab(cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA))
    mean_inside, mean_outside = _local_mean(lab, inside), _local_mean(lab, 1 - inside)
    outline = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    outline[[0, -1]] = outline[:, [0, -1]] = False
    if not outline.any():
        return 0.0
    change = np.linalg.norm(mean_inside - mean_outside, axis=2)[outline]
    return float((change > EDGE_CHANGE).mean())


def _local_mean(image: FloatImage, where: npt.NDArray[np.uint8]) -> FloatImage:
    """Average an image over a window of 15 px, over the pixels of one side only."""
    weight = where.astype(np.float32)
    total = box_blur((image * weight[..., None]).astype(np.float32), OUTLINE_WINDOW_PX)
    return np.asarray(total / (box_blur(weight, OUTLINE_WINDOW_PX)[..., None] + 1e-6), dtype=np.float32)
