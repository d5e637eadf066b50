"""From a target of the plan to a mask: what each phrase stands for in this picture."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from retouch.editor.instructions.articles import with_article
from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.scene.color_match import color_likelihood
from retouch.editor.scene.colored_part import grow_colored_part
from retouch.editor.scene.detector_nouns import detector_meaning
from retouch.editor.scene.find_boxed import find_boxed
from retouch.editor.scene.instances import PERSON, shows_people
from retouch.editor.scene.locator import Sighting, evidence_of, fuse_evidence, keep_boxes, mean_the_same
from retouch.editor.scene.named import (
    Evidence,
    cut_named_part,
    cut_named_salient,
    cut_named_subject,
    find_support,
    weigh_evidence,
)
from retouch.editor.scene.named_parts import EVERYONE_WORDS, find_named_part, is_named_part
from retouch.editor.scene.nouns import (
    ANIMAL_CLASSES,
    ATTACHED_WORDS,
    GROUND_WORDS,
    PART_WORDS,
    SCENERY_WORDS,
    is_one_of,
    is_person,
    noun_table,
)
from retouch.editor.scene.places import draw_foreground, draw_region
from retouch.editor.scene.sides import keep_side
from retouch.editor.scene.text import find_text
from retouch.editor.scene.values import Finding
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask
from retouch.images.filters import resize_float

if TYPE_CHECKING:
    from retouch.editor.scene.scene import Scene

__all__ = ["find_target"]

MIN_SUBJECT_COVER: Final = 0.4
"""Share of the subject that a noun's heat must cover for the noun to be the subject itself."""
UNVERIFIED_SHARE: Final = 0.5
"""An unverified reading is at most this sure."""
FACE_SHARE: Final = 0.8
"""A face on the subject speaks for a word for a person."""
HEAT_SPILL: Final = 0.12
COLOR_ONLY_SHARE: Final = 0.65
"""The color was found, but not that it is on the thing that was named."""
WARM: Final = 0.35
SURE_OF_ATTACHED: Final = 0.9
CLASSIFIED_AS: Final = 0.4
NAMES_THE_PICTURE: Final = 0.2
"""Probability of the whole picture's best label from which on that label is taken for the subject's name."""
HAS_AN_IDEA: Final = 0.15
OF_COLOR: Final = 0.45
SERVED_CONFIDENCE: Final = 0.65
BASE_WORDS: Final = frozenset({"saucer", "plate", "dish"})
CUTLERY_WORDS: Final = frozenset({"spoon", "teaspoon"})
SERVED_WORDS: Final = BASE_WORDS | CUTLERY_WORDS
MIN_COLOR_SHARE: Final = 0.15
GARMENT_WORDS: Final = frozenset(
    """
        dress shirt t-shirt blouse suit jacket coat trousers pants jeans skirt sweater hoodie vest uniform cardigan jersey
        jumper robe gown tuxedo blazer sweatshirt
    """.split()  # noqa: SIM905 - a table of words is read, not run
)
"""What covers a body, and so is no smaller than a face."""
WORN_SHARE: Final = 0.5
"""How much of a garment lies on the people that the detector sees."""


_BOXED: Final = frozenset({TargetKind.NOUN, TargetKind.SUBJECT, TargetKind.COLOR_PART})
"""What the detector may tell of."""


def find_target(scene: "Scene", target: Target) -> Finding:
    """Resolve a target to a mask.

    Parameters
    ----------
    scene : Scene
    target : Target

    Returns
    -------
    Finding

    Raises
    ------
    UnsupportedInstructionError
        Nothing in the picture matches; says what was looked for and what is there instead.
    """
    if target.all_but:
        spared = scene.find(replace(target, all_but=False))
        rest = (1.0 - spared.mask).astype(np.float32)
        return Finding(rest, spared.confidence, f"everything but {spared.resolved_to}", spared.verified)
    if target.kind is TargetKind.REGION:
        mask = draw_region(target, (scene.pixels.shape[0], scene.pixels.shape[1]))
        return Finding(mask, 1.0, f"{target.describe()}", verified=True)
    if target.kind is TargetKind.PICTURE:
        return Finding(np.ones(scene.pixels.shape[:2], np.float32), 1.0, "the whole picture", verified=True)
    if target.kind is TargetKind.BACKGROUND:
        subject = _require_subject(scene, target)
        return Finding((1.0 - subject.mask).astype(np.float32), subject.confidence, "the background", verified=True)
    if target.kind is TargetKind.TEXT:
        return find_text(scene, target)
    if target.kind is TargetKind.SKY:
        return _find_sky(scene, target)
    if target.kind in _BOXED and (target.noun is None or scene.sight(target.noun) is None):
        boxed = find_boxed(scene, target, lambda: _find_without_boxes(scene, target))
        if boxed is not None:
            return boxed
    return _find_without_boxes(scene, target)


def _find_without_boxes(scene: "Scene", target: Target) -> Finding:
    if target.kind is TargetKind.COLOR_PART or (target.color is not None and not _names_something_known(scene, target)):
        return _find_colored_part(scene, target)
    if target.kind is TargetKind.NOUN and target.noun is not None:
        return _restrict(_find_noun(scene, target, target.noun), target)
    return _restrict(_require_subject(scene, target), target)


def _require_subject(scene: "Scene", target: Target) -> Finding:
    subject = scene.subject
    if not subject.present and "foreground" in target.phrase.lower().split():
        row = None if scene.horizon is None else scene.horizon.row
        near = draw_foreground(scene.sky, row, (scene.pixels.shape[0], scene.pixels.shape[1]))
        return Finding(near, UNVERIFIED_SHARE, "the foreground, below the horizon", verified=True)
    if not subject.present:
        seen = scene.describe()
        raise _refuse(
            target, f"No main subject stands out in this picture; I see {seen}. Name the thing, or its color."
        )
    return Finding(subject.matte, subject.confidence, "the main subject", verified=True)


def _find_sky(scene: "Scene", target: Target) -> Finding:
    if scene.sky is None:
        raise _refuse(target, "I see no sky in this picture.")
    return Finding(scene.sky, 0.9, "the sky", verified=True)


def _names_something_known(scene: "Scene", target: Target) -> bool:
    if target.noun is None:
        return False
    known = noun_table().lookup(target.noun) is not None or is_person(target.noun)
    return known or scene.sight(target.noun) is not None


def _find_noun(scene: "Scene", target: Target, noun: str) -> Finding:
    sighting = scene.sight(noun)
    if sighting is None:
        return _find_unaided(scene, target, noun)
    try:
        known = _find_unaided(scene, target, noun)
    except UnsupportedInstructionError:
        known = None
    if known is not None and known.verified and is_named_part(noun):
        return known
    return _find_sighted(scene, target, noun, sighting, known)


def _find_sighted(scene: "Scene", target: Target, noun: str, sighting: Sighting, known: Finding | None) -> Finding:
    """Put what a locator sees together with what was found without it; where they disagree the locator is right."""
    size_hw = scene.pixels.shape[0], scene.pixels.shape[1]
    if target.color is not None:
        sighting = keep_boxes(sighting, color_likelihood(scene.pixels, target.color) > OF_COLOR, MIN_COLOR_SHARE)
    seen = evidence_of(sighting, size_hw)
    if known is not None and mean_the_same(known.mask, seen):
        sure = 1.0 - (1.0 - known.confidence) * (1.0 - sighting.confidence)
        resolved_to = known.resolved_to if known.verified else f"the {noun}"
        return Finding(known.mask, sure, resolved_to, verified=True)
    classes = noun_table().lookup(noun)
    classified = None if classes is None else weigh_evidence(scene.class_maps, classes, size_hw)
    return _check_color(scene, target, _cut_named(scene, target, noun, fuse_evidence(seen, classified)))


def _find_unaided(scene: "Scene", target: Target, noun: str) -> Finding:
    part = find_named_part(scene, target, noun)
    if part is not None:
        return _check_color(scene, target, part)
    if is_one_of(noun, GROUND_WORDS):
        return _find_ground(scene, target, noun)
    if is_one_of(noun, PART_WORDS | SCENERY_WORDS):
        raise _refuse(
            target, f"I can't outline {target.phrase or noun}. Name the whole thing, or the part's present color."
        )
    classes = noun_table().lookup(noun)
    if classes is None:
        return _take_subject_for(scene, target, noun)
    evidence = weigh_evidence(scene.class_maps, classes, scene.pixels.shape[:2])
    if not evidence.present and is_one_of(noun, SERVED_WORDS):
        served = _find_served(scene, target, noun)
        if served is not None:
            return served
    if evidence.present:
        found = _cut_named(scene, target, noun, evidence)
        return _check_color(scene, target, found)
    if target.color is not None:
        return _find_colored_part(scene, target)
    if _may_be_unknown_thing(scene, noun):
        return _take_subject_for(scene, target, noun)
    hint = f"I can't make out {with_article(noun)} in this picture; I see {scene.describe()}."
    if not scene.detects and detector_meaning(noun) is not None:
        hint += " With the detector, small ones are found too: `retouch models pull detector`."
    raise _refuse(target, hint)


def _find_served(scene: "Scene", target: Target, noun: str) -> Finding | None:
    """Find what a cup is served with: the saucer below it, the spoon on that; None where the subject is no such pair."""
    nested = scene.nested
    cup = noun_table().lookup("cup") or ()
    if nested is None or not weigh_evidence(scene.class_maps, cup, scene.pixels.shape[:2]).present:
        return None
    mask, what = (nested.beside, "beside") if is_one_of(noun, CUTLERY_WORDS) else (nested.base, "below")
    if mask is None:
        return None
    found = Finding(mask, SERVED_CONFIDENCE, f"the {noun}, {what} the cup", verified=True)
    return _check_color(scene, target, found)


def _may_be_unknown_thing(scene: "Scene", noun: str) -> bool:
    """Return whether the subject may be the noun for all that the classifier knows: it has no idea, and there is no face."""
    if not scene.subject.present or is_one_of(noun, ATTACHED_WORDS) or scene.labels[0][1] >= HAS_AN_IDEA:
        return False
    return scene.head is None or scene.head.found_by != "face"


def _check_color(scene: "Scene", target: Target, found: Finding) -> Finding:
    """Keep a named thing if it has the named color, or none was named; else look for that color elsewhere."""
    if target.color is None:
        return found
    fits = color_likelihood(scene.pixels, target.color) > OF_COLOR
    share = float((fits * found.mask).sum() / max(float(found.mask.sum()), 1e-6))
    return found if share >= MIN_COLOR_SHARE else _find_colored_part(scene, target)


def _find_ground(scene: "Scene", target: Target, noun: str) -> Finding:
    ground = scene.ground
    if float(ground.mean()) < 0.02:
        raise _refuse(target, f"I find no {noun} in this picture.")
    return Finding(ground, UNVERIFIED_SHARE, f"the ground (taken for {noun!r})", verified=False)


def _take_subject_for(scene: "Scene", target: Target, noun: str) -> Finding:
    if scene.detects and is_person(noun) and not scene.faces and not shows_people(scene):
        named = f"any {noun}" if target.plural or is_one_of(noun, EVERYONE_WORDS) else with_article(noun)
        raise _refuse(target, f"I can't make out {named} in this picture; I see {scene.describe()}.")
    subject = _require_subject(scene, target)
    resolved_to = f"the main subject (taken for {target.phrase or noun!r})"
    trust = (
        FACE_SHARE if is_person(noun) and scene.head is not None and scene.head.found_by == "face" else UNVERIFIED_SHARE
    )
    return Finding(subject.mask, trust * subject.confidence, resolved_to, verified=False)


def _cut_named(scene: "Scene", target: Target, noun: str, evidence: Evidence) -> Finding:
    """Decide whether the noun is the subject, or a thing of its own beside or on it."""
    confidence = min(1.0, 0.5 + 0.5 * evidence.strength)
    subject = scene.subject
    if subject.present and _is_subject(scene, noun, evidence):
        support = find_support(scene.class_maps, noun_table().lookup(noun) or (), scene.pixels.shape[:2])
        mask = cut_named_subject(scene.pixels, subject.matte, evidence, support)
        return Finding(mask, confidence, f"the {noun}, the main subject", verified=True)
    if target.color is not None:
        return _find_colored_part(scene, target, near=evidence.heat)
    attached = is_one_of(noun, ATTACHED_WORDS) and evidence.strength < SURE_OF_ATTACHED and not evidence.located
    part = None if attached else _cut_part(scene, evidence)
    if part is None:
        hint = f"I see {with_article(noun)}, but can't outline it well enough to touch nothing else. Name its present color."
        raise _refuse(target, hint)
    return Finding(part, 0.7 * confidence, f"the {noun}", verified=True)


def _cut_part(scene: "Scene", evidence: Evidence) -> Mask | None:
    """Cut out what is not the subject: by what stands out where it is seen, if there is no subject; else by its heat."""
    if not scene.subject.present:
        salient = cut_named_salient(scene.pixels, scene.saliency, evidence)
        if salient is not None:
            return salient
    return cut_named_part(scene.pixels, scene.subject.matte, evidence)


def _is_subject(scene: "Scene", noun: str, evidence: Evidence) -> bool:
    """Return whether a noun that is in the picture is its main subject.

    Its heat must lie on the subject and cover it. An animal need not be covered: nothing wears a cat. Nor what the whole picture
    is classified as: the plain middle of a large mug is no evidence for a mug. What is worn or fitted is
    the subject only where the picture as a whole is classified as that thing.
    """
    if evidence.located:
        return mean_the_same(scene.subject.matte, evidence)
    inside = resize_float(scene.subject.matte, (evidence.heat.shape[0], evidence.heat.shape[1])) > 0.5
    warm = evidence.heat > WARM
    # Heat spills over by about the size of a window, which is more than all of a slim subject.
    spill = round(HEAT_SPILL * max(inside.shape)) | 1
    around = cv2.dilate(inside.astype(np.uint8), np.ones((spill, spill), np.uint8)) > 0
    core = evidence.core > WARM
    on_subject = float((core & around).sum() / max(1, int(core.sum())))
    cover = float((warm & inside).sum() / max(1, int(inside.sum())))
    if is_one_of(noun, ATTACHED_WORDS) and evidence.whole < CLASSIFIED_AS:
        return False
    classes = noun_table().lookup(noun) or ()
    is_animal = all(index in ANIMAL_CLASSES for index in classes)
    return on_subject >= 0.5 and (is_animal or cover >= MIN_SUBJECT_COVER or _names_the_picture(scene, classes))


def _names_the_picture(scene: "Scene", classes: Sequence[int]) -> bool:
    """Return whether the picture as a whole is classified as one of these classes before anything else."""
    best, probability = scene.labels[0]
    return probability >= NAMES_THE_PICTURE and not set(noun_table().classes[best.lower()]).isdisjoint(classes)


def _find_colored_part(scene: "Scene", target: Target, *, near: Mask | None = None) -> Finding:
    """Find a part by its color; ``near``, the heat of the noun that was named with it, says whereabouts."""
    color = target.color
    if color is None:
        return _restrict(_require_subject(scene, target), target)
    likelihood = color_likelihood(scene.pixels, color)
    if near is not None:
        whereabouts = np.clip(near / WARM, 0.0, 1.0).astype(np.float32)
        likelihood = np.asarray(
            likelihood * resize_float(whereabouts, (likelihood.shape[0], likelihood.shape[1])), np.float32
        )
    likelihood = keep_side(likelihood, target.horizontal, target.vertical)
    mask = grow_colored_part(scene.pixels, likelihood, scene.subject.matte if scene.subject.present else None)
    if mask is None:
        loose = _find_color_on_thing(scene, target)
        if loose is not None:
            return loose
        raise _refuse(target, f"I find nothing {color.name} in this picture that is large enough to work on.")
    strength = float((likelihood * mask).sum() / max(float(mask.sum()), 1e-6))
    confidence = min(0.95, 0.4 + 0.6 * strength)
    if target.noun is None:
        return Finding(mask, confidence, f"the {color.name} part", verified=True)
    if is_one_of(target.noun, GARMENT_WORDS) and not _may_be_worn(scene, mask):
        raise _refuse(target, f"I can't make out {with_article(f'{color.name} {target.noun}')} in this picture.")
    resolved_to = f"the {color.name} part (taken for {target.phrase!r})"
    return Finding(mask, COLOR_ONLY_SHARE * confidence, resolved_to, verified=False)


def _may_be_worn(scene: "Scene", mask: Mask) -> bool:
    """Whether a colored part can be what somebody in the picture wears: no smaller than a face, and on a person."""
    faces = [face.box.width * face.box.height for face in scene.faces]
    if faces and float(mask.sum()) < min(faces):
        return False
    people = [each.box for each in scene.detections if each.kind == PERSON]
    if not people:
        return True
    on_people = np.zeros(mask.shape, bool)
    for box in people:
        on_people[max(0, int(box.top)) : int(box.bottom) + 1, max(0, int(box.left)) : int(box.right) + 1] = True
    return float(mask[on_people].sum()) > WORN_SHARE * float(mask.sum())


def _find_color_on_thing(scene: "Scene", target: Target) -> Finding | None:
    """Find a color on the thing that is named with it, where neighboring hues pass for it; None where there is no such thing."""
    if target.color is None or target.noun is None or not _names_something_known(scene, target):
        return None
    try:
        thing = _find_noun(scene, replace(target, kind=TargetKind.NOUN, color=None), target.noun)
    except UnsupportedInstructionError:
        return None
    likelihood = np.minimum(color_likelihood(scene.pixels, target.color, loosely=True), thing.mask).astype(np.float32)
    covered = float((likelihood > OF_COLOR).sum()) / max(float(thing.mask.sum()), 1e-6)
    if not thing.verified or covered < MIN_COLOR_SHARE:
        return None
    mask = grow_colored_part(scene.pixels, keep_side(likelihood, target.horizontal, target.vertical), thing.mask)
    if mask is None:
        return None
    return Finding(
        mask, COLOR_ONLY_SHARE * thing.confidence, f"the {target.color.name} of {thing.resolved_to}", verified=True
    )


def _restrict(finding: Finding, target: Target) -> Finding:
    """Keep the side of the picture that the phrase names."""
    if target.horizontal is None and target.vertical is None:
        return finding
    mask = keep_side(finding.mask, target.horizontal, target.vertical)
    if float(mask.max()) < 0.5:
        side = " ".join(word for word in (target.vertical, target.horizontal) if word)
        raise _refuse(target, f"{finding.resolved_to.capitalize()} is not at the {side} of this picture.")
    return Finding(mask, finding.confidence, finding.resolved_to, finding.verified)


def _refuse(target: Target, hint: str) -> UnsupportedInstructionError:
    return UnsupportedInstructionError((), (target.phrase,), hint)
