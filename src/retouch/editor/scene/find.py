"""From a target of the plan to a mask: what each phrase stands for in this picture."""

from typing import TYPE_CHECKING, Final

import numpy as np

from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.scene.color_match import color_likelihood
from retouch.editor.scene.colored_part import grow_colored_part
from retouch.editor.scene.named import SUPPORTS, Evidence, cut_named_part, cut_named_subject, weigh_evidence
from retouch.editor.scene.nouns import GROUND_WORDS, PART_WORDS, is_person, noun_table
from retouch.editor.scene.sides import keep_side
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
    if target.kind is TargetKind.PICTURE:
        return Finding(np.ones(scene.pixels.shape[:2], np.float32), 1.0, "the whole picture", verified=True)
    if target.kind is TargetKind.BACKGROUND:
        subject = _require_subject(scene, target)
        return Finding((1.0 - subject.mask).astype(np.float32), subject.confidence, "the background", verified=True)
    if target.kind is TargetKind.SKY:
        return _find_sky(scene, target)
    if target.kind is TargetKind.COLOR_PART or (target.color is not None and not _names_something_known(target)):
        return _find_colored_part(scene, target)
    if target.kind is TargetKind.NOUN and target.noun is not None:
        return _restrict(_find_noun(scene, target, target.noun), target)
    return _restrict(_require_subject(scene, target), target)


def _require_subject(scene: "Scene", target: Target) -> Finding:
    subject = scene.subject
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


def _names_something_known(target: Target) -> bool:
    return target.noun is not None and (noun_table().lookup(target.noun) is not None or is_person(target.noun))


def _find_noun(scene: "Scene", target: Target, noun: str) -> Finding:
    if noun in GROUND_WORDS:
        return _find_ground(scene, target, noun)
    if noun in PART_WORDS:
        raise _refuse(
            target, f"I can't tell where a {noun} begins and ends. Name the whole thing, or the part's color."
        )
    classes = noun_table().lookup(noun)
    if classes is None:
        return _take_subject_for(scene, target, noun)
    evidence = weigh_evidence(scene.class_maps, classes, scene.pixels.shape[:2])
    if evidence.present:
        return _cut_named(scene, noun, evidence)
    if target.color is not None:
        return _find_colored_part(scene, target)
    if scene.subject.present and not _is_clearly_something(scene):
        return _take_subject_for(scene, target, noun)
    raise _refuse(target, f"I see {scene.describe()}, not {_with_article(noun)}.")


def _find_ground(scene: "Scene", target: Target, noun: str) -> Finding:
    ground = scene.ground
    if float(ground.mean()) < 0.02:
        raise _refuse(target, f"I find no {noun} in this picture.")
    return Finding(ground, UNVERIFIED_SHARE, f"the ground (taken for {noun!r})", verified=False)


def _take_subject_for(scene: "Scene", target: Target, noun: str) -> Finding:
    subject = _require_subject(scene, target)
    resolved_to = f"the main subject (taken for {target.phrase or noun!r})"
    return Finding(subject.mask, UNVERIFIED_SHARE * subject.confidence, resolved_to, verified=False)


def _cut_named(scene: "Scene", noun: str, evidence: Evidence) -> Finding:
    """Decide whether the noun is the subject, or a thing of its own beside or within it."""
    confidence = min(1.0, 0.5 + 0.5 * evidence.strength)
    if scene.subject.present and _covers_subject(scene, evidence):
        mask = cut_named_subject(scene.pixels, scene.subject.matte, evidence, _support_heat(scene, noun))
        return Finding(mask, confidence, f"the {noun}, the main subject", verified=True)
    mask = cut_named_part(scene.pixels, evidence)
    if float(mask.max()) < 0.5:
        return Finding(scene.subject.matte, 0.5 * confidence, f"the main subject (where the {noun} is)", verified=False)
    return Finding(mask, 0.7 * confidence, f"the {noun}", verified=True)


def _covers_subject(scene: "Scene", evidence: Evidence) -> bool:
    inside = resize_float(scene.subject.matte, (evidence.heat.shape[0], evidence.heat.shape[1])) > 0.5
    if not inside.any():
        return False
    warm = evidence.heat > 0.35
    cover = float((warm & inside).sum() / inside.sum())
    return cover >= MIN_SUBJECT_COVER


def _support_heat(scene: "Scene", noun: str) -> Mask:
    """Return the strongest heat of what the named thing may rest on, scaled by how sure the classifier is of it."""
    table = noun_table()
    own = set(table.lookup(noun) or ())
    heat: Mask | None = None
    for support in SUPPORTS:
        classes = table.classes[support]
        if own.isdisjoint(classes):
            evidence = weigh_evidence(scene.class_maps, classes, scene.pixels.shape[:2])
            sureness = min(1.0, evidence.strength / 0.06)
            layer = (evidence.heat * sureness).astype(np.float32)
            heat = layer if heat is None else np.maximum(heat, layer)
    assert heat is not None
    return heat


def _is_clearly_something(scene: "Scene") -> bool:
    """Return whether the classifier is sure enough of what it sees to contradict the prompt."""
    return scene.labels[0][1] >= 0.35


def _find_colored_part(scene: "Scene", target: Target) -> Finding:
    color = target.color
    if color is None:
        return _restrict(_require_subject(scene, target), target)
    likelihood = color_likelihood(scene.pixels, color)
    likelihood = keep_side(likelihood, target.horizontal, target.vertical)
    mask = grow_colored_part(scene.pixels, likelihood, scene.subject.matte if scene.subject.present else None)
    if mask is None:
        raise _refuse(target, f"I find nothing {color.name} in this picture that is large enough to work on.")
    strength = float((likelihood * mask).sum() / max(float(mask.sum()), 1e-6))
    what = f"the {color.name} part" if target.noun is None else f"the {color.name} part (taken for {target.phrase!r})"
    return Finding(mask, min(0.95, 0.4 + 0.6 * strength), what, verified=target.noun is None)


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


def _with_article(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"
