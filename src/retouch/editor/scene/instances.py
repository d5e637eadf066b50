"""Which of several people or things of a kind a phrase means, by the detector's boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from retouch.editor.instructions.plan import Pick, Target, TargetKind
from retouch.editor.scene.boxed import clip_to_box
from retouch.editor.scene.color_match import color_likelihood
from retouch.editor.scene.detector import Detection, overlap
from retouch.editor.scene.detector_nouns import Meaning, detector_meaning
from retouch.editor.scene.named import weigh_evidence
from retouch.editor.scene.nouns import ANIMAL_CLASSES, noun_table
from retouch.editor.scene.sides import is_on_side
from retouch.editor.scene.values import Box, Face
from retouch.errors import UnsupportedInstructionError
from retouch.images.color import srgb8_to_oklab

if TYPE_CHECKING:
    from retouch.editor.scene.scene import Scene

__all__ = [
    "PERSON",
    "Instances",
    "believe",
    "choose_instances",
    "count_kinds",
    "face_in",
    "find_instances",
    "needs_instances",
    "shows_people",
]

PERSON: Final = "person"
_BELIEVED: Final = 0.4
"""Score from which on a box is believed; half of the boxes at 0.3 are false."""
_BELIEVED_ALONE: Final = 0.55
"""Score that needs no word of the classifier's, where that is sure of something else."""
_ANOTHER_SURE: Final = 0.6
_IS_ANIMAL: Final = 0.3
"""Strength of the classifier's evidence for any animal. Pictures of people reach 0.18, a t-rex in a deck chair 0.38."""
ANIMALS: Final = frozenset("bird cat dog horse sheep cow elephant bear zebra giraffe".split())  # noqa: SIM905
_SAME_PLACE: Final = 0.6
_CLEARLY_LARGER: Final = 1.7
_CLEARLY_NEARER: Final = 0.6
_OF_COLOR: Final = 0.45
_MIN_COLOR: Final = 0.12
_MIN_PAINT: Final = 0.03
"""Share of a box that must have a color where most of what is colorful there has it: a red motorcycle is mostly chrome."""
_VIVID: Final = 0.1
"""Oklab chroma from which on a pixel is colorful."""
_BODY_FROM: Final = 0.25
"""What a person wears is looked for below this share of the box."""
_IN_BACK: Final = 0.5
"""Of the largest one's area: what is smaller is in the background."""
_MOST: Final = 0.5


@dataclass(frozen=True, slots=True)
class Instances:
    """What of a kind is in a picture, and which of them are meant.

    Attributes
    ----------
    meaning : Meaning
    seen : tuple of Detection
        All of the kind, from left to right.
    chosen : tuple of Detection
        Those that the phrase means; a part of ``seen``, in its order.
    """

    meaning: Meaning
    seen: tuple[Detection, ...]
    chosen: tuple[Detection, ...]

    @property
    def others(self) -> tuple[Detection, ...]:
        """Those that are not meant."""
        return tuple(each for each in self.seen if each not in self.chosen)


def needs_instances(target: Target) -> bool:
    """Return whether a phrase can't be resolved without telling one of a kind from another."""
    return target.pick is not None or target.wearing is not None


def find_instances(scene: "Scene", target: Target) -> Instances | None:
    """Return what the detector sees of the thing that a phrase names.

    Returns
    -------
    Instances or None
        None where there is no detector, the noun is none of its kinds, or it sees none: others may find it.

    Raises
    ------
    UnsupportedInstructionError
        Several would do and the phrase does not say which, or there are too few of them.
    """
    meaning = _meaning(scene, target)
    if meaning is None:
        return None
    seen = _of_kinds(believe(scene), meaning)
    if not seen:
        return None
    return Instances(meaning, seen, choose_instances(scene, target, seen))


def believe(scene: "Scene") -> tuple[Detection, ...]:
    """Return the detections that nothing else in the picture speaks against."""
    return tuple(each for each in scene.detections if each.score >= _BELIEVED and not _is_refuted(scene, each))


def shows_people(scene: "Scene") -> bool:
    """Return whether the detector has so much as an idea of a person."""
    return any(each.kind == PERSON and not _is_refuted(scene, each) for each in scene.detections)


def count_kinds(found: Sequence[Detection]) -> dict[str, int]:
    """Return how many there are of each kind, surest kind first."""
    counts: dict[str, int] = {}
    for each in found:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    return counts


def face_in(box: Box, faces: Sequence[Face]) -> Face | None:
    """Return the face that belongs to a person's box: in its upper part, the nearest to its middle line."""
    inside = [
        face
        for face in faces
        if box.left < face.box.center[0] < box.right and box.top - 0.1 * box.height < face.box.center[1] < box.bottom
    ]
    return min(
        inside, key=lambda face: abs(face.box.center[0] - box.center_x) / box.width + _depth(face, box), default=None
    )


def _depth(face: Face, box: Box) -> float:
    return max(0.0, (face.box.center[1] - box.top) / max(box.height, 1.0))


def _is_refuted(scene: "Scene", each: Detection) -> bool:
    """Return whether the classifier is sure of something else: a t-rex in a deck chair is a person to the detector."""
    if each.kind == PERSON:
        return _is_an_animal(scene, each)
    noun, probability = scene.labels[0]
    classes = noun_table().classes.get(noun.lower(), ())
    own = noun_table().lookup(each.kind)
    agrees = own is not None and not set(own).isdisjoint(classes)
    return each.score < _BELIEVED_ALONE and not agrees and probability >= _ANOTHER_SURE


def _is_an_animal(scene: "Scene", person: Detection) -> bool:
    """Return whether what passes for a person has no face, is the subject, and is one of the animals that are seen."""
    if face_in(person.box, scene.faces) is not None or any(
        each.kind in ANIMALS and each.score >= _BELIEVED for each in scene.detections
    ):
        return False
    matte = scene.subject.matte
    held = float(clip_to_box(matte, person.box).sum()) / max(float(matte.sum()), 1.0)
    evidence = weigh_evidence(scene.class_maps, tuple(ANIMAL_CLASSES), (matte.shape[0], matte.shape[1]))
    return scene.subject.present and held >= _MOST and evidence.strength >= _IS_ANIMAL


def _meaning(scene: "Scene", target: Target) -> Meaning | None:
    """Return the kinds that a phrase names; "the one on the right" names what there are several of."""
    if target.noun is not None and target.kind in (TargetKind.NOUN, TargetKind.COLOR_PART):
        return detector_meaning(target.noun)
    pointed = needs_instances(target) or target.horizontal is not None
    if target.kind is not TargetKind.SUBJECT or not pointed:
        return None
    if target.wearing is not None:
        return Meaning(frozenset({PERSON}), exact=True)
    counts = count_kinds(believe(scene))
    several = [kind for kind, count in counts.items() if count > 1]
    if len(several) > 1 and PERSON in several:
        several = [PERSON]
    return Meaning(frozenset(several[:1]), exact=True) if several else None


def _of_kinds(found: Sequence[Detection], meaning: Meaning) -> tuple[Detection, ...]:
    """Return the detections of some kinds, from left to right; one thing that passes for two kinds counts once."""
    kept: list[Detection] = []
    for each in sorted(found, key=lambda one: -one.score):
        if each.kind in meaning.kinds and all(overlap(each.box, other.box) < _SAME_PLACE for other in kept):
            kept.append(each)
    return tuple(sorted(kept, key=lambda one: one.box.center_x))


def choose_instances(scene: "Scene", target: Target, seen: tuple[Detection, ...]) -> tuple[Detection, ...]:
    """Return those of ``seen`` (from left to right) that a phrase means. Raises ``UnsupportedInstructionError``."""
    left = _with_colors(scene, target, seen)
    if target.pick is not None:
        return _picked(target, target.pick, left, scene.faces)
    if target.plural:
        at_end = target.count is not None and target.horizontal in ("left", "right")
        return _counted_off(target, left if at_end else _on_side(scene, target, left))
    if len(left) == 1 or target.wearing is not None:
        return left[:1] if target.wearing is not None else left
    at_side = _outermost(target, left, scene.pixels.shape[1])
    if at_side is not None:
        return (at_side,)
    return (_dominant(scene, target, left),)


def _with_colors(scene: "Scene", target: Target, seen: tuple[Detection, ...]) -> tuple[Detection, ...]:
    """Keep what has the named color, or wears it; the most colored one first where something is worn."""
    color = target.wearing or target.color
    if color is None:
        return seen
    likely = color_likelihood(scene.pixels, color) > _OF_COLOR
    start = _BODY_FROM if target.wearing else 0.0
    shares = [_share(likely, each.box, start) for each in seen]
    if max(shares) < _MIN_COLOR and target.wearing is None:
        vivid = np.linalg.norm(srgb8_to_oklab(np.ascontiguousarray(scene.pixels[..., :3]))[..., 1:], axis=2) > _VIVID
        shares = [_share_of_paint(likely, vivid, each.box) for each in seen]
    if max(shares) < _MIN_COLOR:
        what = f"{_count(seen)}, none {'in' if target.wearing else 'that is'} {color.name}"
        raise _refuse(target, f"I see {what}.")
    if target.wearing is not None:
        return (seen[int(np.argmax(shares))],)
    return tuple(
        each for each, share in zip(seen, shares, strict=True) if share >= max(_MIN_COLOR, _MOST * max(shares))
    )


def _share(fits: np.ndarray, box: Box, start: float) -> float:
    """Return the share of a box's middle that fits, from a part of its height down."""
    top, aside = box.top + start * box.height, 0.15 * box.width
    part = fits[int(top) : max(int(top) + 1, int(box.bottom)), int(box.left + aside) : max(1, int(box.right - aside))]
    return float(part.mean()) if part.size else 0.0


def _share_of_paint(fits: np.ndarray, vivid: np.ndarray, box: Box) -> float:
    """Return the share of what is colorful in a box that fits; 0 where that is too little, or little is colorful."""
    of_box = _share(fits, box, 0.0)
    return of_box / max(_share(vivid | fits, box, 0.0), 1e-6) if of_box >= _MIN_PAINT else 0.0


def _picked(target: Target, pick: Pick, seen: tuple[Detection, ...], faces: Sequence[Face]) -> tuple[Detection, ...]:
    if target.plural and pick.order in ("near", "far"):
        largest = max(_area(each) for each in seen)
        chosen = tuple(each for each in seen if (_area(each) < _IN_BACK * largest) == (pick.order == "far"))
        if not chosen:
            raise _refuse(target, f"I see {_count(seen)}, all about equally near.")
        return chosen
    if pick.order in ("near", "far"):
        nearness = _nearness(seen, faces)
        ordered = sorted(seen, key=lambda each: nearness[each], reverse=pick.order == "near")
    else:
        ordered = sorted(seen, key=_ORDERS[pick.order])
    if not -len(ordered) <= pick.rank < len(ordered):
        raise _refuse(target, f"I see only {_count(seen)} here.")
    return (ordered[pick.rank],)


def _nearness(seen: Sequence[Detection], faces: Sequence[Face]) -> dict[Detection, float]:
    """Return how near things are: by how large they look, people by their faces, since others hide their bodies."""
    found = {each: face_in(each.box, faces) if each.kind == PERSON else None for each in seen}
    heights = {each: face.box.height for each, face in found.items() if face is not None}
    return heights if len(heights) == len(seen) else {each: _area(each) for each in seen}


def _area(each: Detection) -> float:
    return each.box.width * each.box.height


_ORDERS: Final = {
    "left": lambda each: each.box.center_x,
    "right": lambda each: -each.box.center_x,
    "top": lambda each: each.box.center[1],
    "bottom": lambda each: -each.box.center[1],
    "large": lambda each: -_area(each),
    "small": _area,
}


def _counted_off(target: Target, seen: tuple[Detection, ...]) -> tuple[Detection, ...]:
    """Return as many as "the two on the left" says, from that side on."""
    if target.count is None or target.count == len(seen):
        return seen
    if target.count > len(seen):
        raise _refuse(target, f"I see only {_count(seen)} here.")
    if target.horizontal == "left":
        return seen[: target.count]
    if target.horizontal == "right":
        return seen[-target.count :]
    raise _refuse(target, f"I see {_count(seen)}; say which of them: 'the two on the left'.")


def _on_side(scene: "Scene", target: Target, seen: tuple[Detection, ...]) -> tuple[Detection, ...]:
    """Return all of a plural on the named side."""
    height, width = scene.pixels.shape[:2]
    here = tuple(
        each
        for each in seen
        if is_on_side((each.box.center_x / width, each.box.center[1] / height), target.horizontal, target.vertical)
    )
    if not here:
        side = " ".join(word for word in (target.vertical, target.horizontal) if word)
        raise _refuse(target, f"I see {_count(seen)}, but none at the {side}.")
    return here


def _middle(target: Target, seen: tuple[Detection, ...], width: int) -> Detection:
    """Return the middle one of an odd number, or else the one that is clearly nearest to the picture's middle."""
    if len(seen) % 2 == 1:
        return seen[len(seen) // 2]
    first, second = sorted(seen, key=lambda each: abs(each.box.center_x - 0.5 * width))[:2]
    if abs(first.box.center_x - 0.5 * width) > _CLEARLY_NEARER * abs(second.box.center_x - 0.5 * width):
        raise _refuse(target, f"I see {_count(seen)}, so none is the middle one. Say 'the second from the left'.")
    return first


def _outermost(target: Target, seen: tuple[Detection, ...], width: int) -> Detection | None:
    """Return the one that a singular with a side means, of things from left to right."""
    if target.horizontal == "left":
        return seen[0]
    if target.horizontal == "right":
        return seen[-1]
    if target.horizontal == "center":
        return _middle(target, seen, width)
    if target.vertical is not None:
        ordered = sorted(seen, key=lambda each: each.box.center[1])
        return ordered[{"top": 0, "middle": len(seen) // 2, "bottom": -1}[target.vertical]]
    return None


def _dominant(scene: "Scene", target: Target, seen: tuple[Detection, ...]) -> Detection:
    """Return the one that a bare singular means: by far the largest, or the one that is the subject."""
    ordered = sorted(seen, key=lambda each: -_area(each))
    if _area(ordered[0]) >= _CLEARLY_LARGER * _area(ordered[1]):
        return ordered[0]
    if scene.subject.present:
        shares = [_share(scene.subject.matte > 0.5, each.box, 0.0) for each in seen]
        best = sorted(shares)[::-1]
        if best[0] >= _MOST and best[1] < 0.3 * best[0]:
            return seen[int(np.argmax(shares))]
    name = target.noun or "one"
    places = f"'the {name} on the left'" + (", 'in the middle'" if len(seen) % 2 else "") + " or 'on the right'"
    if len(seen) > 3:
        places = f"'the second {name} from the left', 'the {name} on the right' or 'the biggest {name}'"
    raise _refuse(target, f"I see {_count(seen)} and can't tell which one is meant; say {places}, or name all of them.")


def _count(seen: Sequence[Detection]) -> str:
    return describe_counts(count_kinds(seen))


def describe_counts(counts: dict[str, int]) -> str:
    """Return counts in words: "three people and a cup"."""
    words = [_counted(kind, count) for kind, count in counts.items()]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _counted(kind: str, count: int) -> str:
    if count == 1:
        return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {_PLURALS.get(kind, kind + ('es' if kind.endswith(('s', 'sh', 'ch')) else 's'))}"


_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PLURALS: Final = {
    "person": "people",
    "sheep": "sheep",
    "knife": "knives",
    "mouse": "mice",
    "skis": "skis",
    "scissors": "scissors",
}


def _refuse(target: Target, hint: str) -> UnsupportedInstructionError:
    return UnsupportedInstructionError((), (target.phrase,), hint)
