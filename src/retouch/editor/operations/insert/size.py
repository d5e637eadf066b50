"""How big a new object is: its real-world size against the scene, kept within what looks sane."""

from dataclasses import dataclass
from typing import Final

from retouch.editor.instructions.plan import Relation
from retouch.editor.objects.nouns import kinds_of, known_noun
from retouch.editor.operations.insert.region import mask_box
from retouch.editor.scene.scene import Scene

__all__ = ["SizeRule", "chosen_long_side", "sane_share", "size_rule"]

CAMERA_HEIGHT_M: Final = 1.5
"""Eye level of a standing photographer who holds the camera a little lower."""

_MOST_METRIC_WEIGHT: Final = 0.75
_LEAST_FAR_WEIGHT: Final = 0.5
"""How far the metric size is followed at least for what is far away, where a size that merely looks sane looks huge."""

_MIN_HORIZON_CONFIDENCE: Final = 0.35
_MIN_LABEL_PROBABILITY: Final = 0.25
_PERSON_HEAD_M: Final = 0.24


@dataclass(frozen=True, slots=True)
class SizeRule:
    """What the scene says about sizes.

    Attributes
    ----------
    pixels_per_m : float or None
        At the reference row; None where nothing in the picture has a known size.
    reference_row : float
        Row of the ground for which ``pixels_per_m`` holds.
    horizon_row : float or None
        Sizes on the ground grow in proportion to the distance from it.
    confidence : float
        0 to 1: how far the metric size is followed against a size that merely looks sane.
    """

    pixels_per_m: float | None
    reference_row: float
    horizon_row: float | None
    confidence: float

    def scale_at(self, row: float) -> float | None:
        """Pixels a meter for a thing that stands at ``row``."""
        if self.pixels_per_m is None:
            return None
        if self.horizon_row is None:
            return self.pixels_per_m
        ratio = (row - self.horizon_row) / max(self.reference_row - self.horizon_row, 1.0)
        return self.pixels_per_m * min(max(ratio, 0.15), 3.0)


def size_rule(scene: Scene) -> SizeRule:
    """Read the scene: a subject of known size fixes the scale, the horizon says how it changes with depth."""
    height = scene.pixels.shape[0]
    horizon = scene.horizon
    row = None
    if horizon is not None and horizon.confidence >= _MIN_HORIZON_CONFIDENCE and horizon.row < 0.8 * height:
        row = horizon.row
    subject = scene.subject
    box = mask_box(subject.matte) if subject.present else None
    length = subject_length_m(scene) if box is not None else None
    if box is not None and length is not None:
        pixels, meters, sureness = length
        return SizeRule(pixels / meters, min(box.bottom, height - 1.0), row, sureness)
    if row is not None and horizon is not None:
        at = height - 1.0
        return SizeRule((at - row) / CAMERA_HEIGHT_M, at, row, 0.55 * horizon.confidence)
    return SizeRule(None, height - 1.0, row, 0.0)


def subject_length_m(scene: Scene) -> tuple[float, float, float] | None:
    """Return the pixels and meters of something known about the subject, and how surely; None if nothing is known."""
    head = scene.head
    if head is not None and head.found_by == "face":
        return head.bottom - head.top, _PERSON_HEAD_M, 0.8 * head.confidence
    box = mask_box(scene.subject.matte)
    if box is None or box.touches_border(scene.pixels.shape[:2]):
        return None
    for noun, probability in scene.labels:
        entry = known_noun(noun)
        if entry is None or probability < _MIN_LABEL_PROBABILITY or entry.length_m is None:
            continue
        if "thing" in (entry.name, kinds_of(entry.name)[-1]) and len(kinds_of(entry.name)) < 2:
            continue
        return float(max(box.width, box.height)), entry.length_m, min(0.75, probability)
    return None


def sane_share(length_m: float | None, relation: Relation) -> tuple[float, float, float]:
    """Return the least, usual and greatest longest side as a share of the picture's shorter side."""
    length = 0.5 if length_m is None else length_m
    usual = 0.19 * (max(length, 0.03) / 0.3) ** 0.27
    if relation is Relation.FOREGROUND or relation is Relation.IN_FRONT_OF:
        low, usual, high = 0.16, usual * 1.4, 0.62
    elif relation is Relation.SKY or relation is Relation.ABOVE:
        low, usual, high = 0.06, usual * 0.85, 0.42
    elif relation is Relation.WATER:
        low, usual, high = 0.08, usual * 0.75, 0.45
    elif relation is Relation.BACKGROUND or relation is Relation.BEHIND:
        low, usual, high = 0.05, usual * 0.75, 0.55
    else:
        low, high = 0.12, 0.42
    return low, min(max(usual, low), high), high


def chosen_long_side(
    rule: SizeRule, length_m: float | None, relation: Relation, row: float, short_side_px: int, factor: float
) -> tuple[float, float | None]:
    """Choose the longest side of a new object in pixels.

    Parameters
    ----------
    rule : SizeRule
    length_m : float or None
        Its real-world longest side.
    relation : Relation
    row : float
        Where it stands.
    short_side_px : int
        Of the picture.
    factor : float
        1.0, or what the prompt and chance make of it.

    Returns
    -------
    float
        Pixels.
    float or None
        The longest side that would be true to scale, where the scene says.

    Notes
    -----
    The metric and the sane size are averaged as logarithms, weighted by how surely the scene's scale is known. Bounds move
    with the square root of ``factor``, so "huge" may be larger than what is sane otherwise.
    """
    low, usual, high = sane_share(length_m, relation)
    sane = usual * short_side_px
    scale = rule.scale_at(row)
    true = None if scale is None or length_m is None else scale * length_m
    chosen = sane
    if true is not None:
        weight = min(rule.confidence, _MOST_METRIC_WEIGHT)
        if relation is Relation.BACKGROUND and rule.horizon_row is not None:
            weight = max(weight, _LEAST_FAR_WEIGHT)
        chosen = sane ** (1 - weight) * true**weight
    least, most = (
        low * short_side_px * min(factor, 1.0) ** 0.7,
        min(high * max(factor, 1.0) ** 0.5, 0.85) * short_side_px,
    )
    return min(max(chosen * factor, least), most), true
