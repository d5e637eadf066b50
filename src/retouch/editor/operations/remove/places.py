"""Which pixels a removal is about: one of several things, people other than the subject, whatever is in a corner."""

from typing import Final

import cv2
import numpy as np

from retouch.editor.instructions.articles import with_article
from retouch.editor.instructions.plan import Remove, Target, TargetKind
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.instances import PERSON, believe, shows_people
from retouch.editor.scene.named import weigh_evidence
from retouch.editor.scene.nouns import ANIMAL_CLASSES, is_person, noun_table
from retouch.editor.scene.scene import Finding, Scene
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask
from retouch.images.color import srgb8_to_oklab
from retouch.images.fill import fill

__all__ = ["find_to_remove", "find_to_take"]

MOSTLY_RIM: Final = 0.3
"""Less than this share of what is beyond the matte lies farther from it, if it is a rim."""
PREVIEW_SIDE_PX: Final = 200
SIDE_SHARE: Final = 1 / 3
STANDS_OUT: Final = 0.06
LEAST_SHARE: Final = 0.01
PLAIN: Final = 0.4
"""Probability of the whole picture's best label from which on the subject is plainly that, and not a word nobody knows."""

IS_ANIMAL: Final = 0.3
"""Strength of the evidence for any animal. Pictures of people reach 0.18."""
SEVERAL: Final = 2
"""So many things that the detector knows are not one thing that nobody knows."""
SAME_OUTLINE: Final = 0.6
"""Share of what two masks cover together that they have in common, if they are of one thing."""
RIM_SHARE: Final = 0.08
"""How far two outlines of one thing may be apart, as a share of the picture's long side."""


def find_to_remove(stage: Stage, operation: Remove, context: Context) -> Finding:
    """Return what is to be taken out.

    Raises
    ------
    UnsupportedInstructionError
        It is not found, or can't be told from what must stay.
    """
    target = operation.target
    if target.kind is TargetKind.REGION:
        return _find_in_region(stage, target, context)
    finding = find_to_take(stage, target, operation.phrase)
    if operation.near is not None:
        finding = _nearest(finding, stage.find(operation.near).mask)
    if operation.not_subject:
        if not stage.scene.subject.present:
            hint = 'No one stands out as the main subject, so I can\'t tell who is to stay. Say who goes: "the man on the left".'
            raise UnsupportedInstructionError((), (operation.phrase,), hint)
        matte = stage.scene.subject.matte
        mask = np.asarray(finding.mask * (1.0 - matte), np.float32)
        if float(mask.max()) < 0.5 or (not target.plural and _is_rim(mask, finding.mask, matte)):
            raise UnsupportedInstructionError((), (operation.phrase,), "I find no others than the main subject.")
        finding = Finding(mask, finding.confidence, finding.resolved_to, finding.verified)
    return finding


def find_to_take(stage: Stage, target: Target, phrase: str, *, allows_nameless: bool = False) -> Finding:
    """Return what a target stands for, where something in the picture speaks for it: what is gone was not to be guessed.

    Parameters
    ----------
    stage : Stage
    target : Target
    phrase : str
    allows_nameless : bool
        Whether a word that nobody knows may be a subject that nobody knows: for paint, which takes nothing away.

    Raises
    ------
    UnsupportedInstructionError
        It is not found; or the main subject was taken for a noun that neither the classifier nor the detector, a face or a
        color speaks for: what was wiped out by mistake is worse than a question.
    """
    finding = stage.find(target)
    noun = target.noun
    if finding.verified or target.kind is not TargetKind.NOUN or noun is None or target.color is not None:
        return finding
    if not stage.scene.subject.present or not _is_the_subject(finding.mask, stage.scene.subject.matte):
        return finding
    shows_a_face = stage.scene.head is not None and stage.scene.head.found_by == "face"
    if is_person(noun) and _may_be_a_person(stage.scene, plural=target.plural):
        return finding
    knows_word = noun_table().lookup(noun) is not None or is_person(noun)
    if allows_nameless and not shows_a_face and not knows_word and _has_one_nameless_thing(stage.scene):
        return finding
    seen = "a person" if shows_a_face else stage.scene.describe()
    hint = f'I see {seen}, not {with_article(noun)}. If the main subject is meant, say "the subject".'
    raise UnsupportedInstructionError((), (phrase,), hint)


def _may_be_a_person(scene: Scene, *, plural: bool) -> bool:
    """Return whether a subject may be a person: by a face or the detector; else if it is plainly nothing else."""
    kinds = {each.kind for each in believe(scene)}
    if scene.faces or PERSON in kinds or (not kinds and shows_people(scene)):
        return True
    if plural or scene.detects or scene.labels[0][1] >= PLAIN:
        return False
    animal = weigh_evidence(scene.class_maps, tuple(ANIMAL_CLASSES), scene.pixels.shape[:2])
    return animal.strength < IS_ANIMAL


def _has_one_nameless_thing(scene: Scene) -> bool:
    """Return whether the subject may be a thing that nobody knows: it is plainly nothing else, and not several things."""
    return scene.labels[0][1] < PLAIN and len(believe(scene)) < SEVERAL


def _is_the_subject(mask: Mask, matte: Mask) -> bool:
    """Return whether a mask is the whole subject, and not a part of it such as a garment."""
    shared = float((mask * (matte > 0.1)).sum())
    return shared > 0.9 * float(mask.sum()) and shared > 0.6 * float(matte.sum())


def _is_rim(rest: Mask, mask: Mask, matte: Mask) -> bool:
    """Return whether a mask is that of the subject, and what it has beyond the matte only the rim by which they differ."""
    inside, body, beyond = mask > 0.5, matte > 0.5, rest > 0.5
    if float((inside & body).sum()) < SAME_OUTLINE * float((inside | body).sum()):
        return False
    away = cv2.distanceTransform((~body).astype(np.uint8), cv2.DIST_L2, 5)
    return float((away[beyond] > RIM_SHARE * max(mask.shape)).sum()) < MOSTLY_RIM * float(beyond.sum())


def _nearest(finding: Finding, near: Mask) -> Finding:
    """Keep the one of several separate parts that is nearest to another thing."""
    solid = (finding.mask > 0.5).astype(np.uint8)
    count, labels = cv2.connectedComponents(solid)
    if count <= 2 or not (near > 0.5).any():
        return finding
    away = cv2.distanceTransform((near <= 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    sizes = [int((labels == label).sum()) for label in range(1, count)]
    large = [label for label in range(1, count) if sizes[label - 1] > 0.1 * max(sizes)]
    best = min(large, key=lambda label: float(away[labels == label].mean()))
    keep = cv2.dilate((labels == best).astype(np.uint8), np.ones((9, 9), np.uint8))
    return Finding(finding.mask * keep, finding.confidence, finding.resolved_to, finding.verified)


def region_box(shape_hw: tuple[int, int], target: Target) -> tuple[slice, slice]:
    """Return the (rows, columns) of a part of the picture: a third of each side that is named."""
    height, width = shape_hw
    rows = {"top": (0.0, SIDE_SHARE), "middle": (SIDE_SHARE, 1 - SIDE_SHARE), "bottom": (1 - SIDE_SHARE, 1.0)}
    cols = {"left": (0.0, SIDE_SHARE), "center": (SIDE_SHARE, 1 - SIDE_SHARE), "right": (1 - SIDE_SHARE, 1.0)}
    top, bottom = rows[target.vertical] if target.vertical else (0.0, 1.0)
    left, right = cols[target.horizontal] if target.horizontal else (0.0, 1.0)
    if target.horizontal == "center" and target.vertical is None:
        top, bottom = rows["middle"]
    return slice(round(top * height), round(bottom * height)), slice(round(left * width), round(right * width))


def _find_in_region(stage: Stage, target: Target, context: Context) -> Finding:
    """Return what stands out in a part of the picture: what differs from how the rest of the picture would go on there."""
    pixels = stage.pixels[..., :3]
    box = region_box((pixels.shape[0], pixels.shape[1]), target)
    region = np.zeros(pixels.shape[:2], np.float32)
    region[box] = 1
    empty = fill(
        np.ascontiguousarray(pixels),
        region,
        working_side_px=PREVIEW_SIDE_PX,
        rng=context.rng,
        should_abort=context.should_abort,
    )
    difference = np.linalg.norm(srgb8_to_oklab(pixels) - srgb8_to_oklab(empty), axis=2)
    sigma = max(1.0, 0.004 * max(region.shape))
    smooth = cv2.GaussianBlur(difference.astype(np.float32), (0, 0), sigma) * region
    mask = (smooth > STANDS_OUT).astype(np.float32)
    where = target.describe()
    if float(mask.sum()) < LEAST_SHARE * float(region.sum()):
        raise UnsupportedInstructionError((), (target.phrase,), f"Nothing stands out in {where} that could be removed.")
    return Finding(mask, 0.5, f"what stands out in {where}", verified=False)
