"""Nouns that faces, colors and regions answer rather than the classifier: people and their parts, water, greenery."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from retouch.editor.instructions.articles import with_article
from retouch.editor.instructions.plan import Target
from retouch.editor.scene.eyewear import cut_out_dark_glasses, cut_out_glasses
from retouch.editor.scene.face_parts import cut_out_face, cut_out_hair, cut_out_lips, cut_out_teeth, draw_eyes
from retouch.editor.scene.nouns import is_one_of, is_person
from retouch.editor.scene.people import cut_out_garment, cut_out_hat, cut_out_skin
from retouch.editor.scene.sides import is_on_side
from retouch.editor.scene.values import Face, Finding
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask
from retouch.images.color import srgb8_to_oklab

if TYPE_CHECKING:
    from retouch.editor.scene.scene import Scene

__all__ = ["EVERYONE_WORDS", "find_named_part", "is_named_part"]

Finder = Callable[["Scene", Target, str], Finding | None]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WATER_WORDS: Final = _words("water sea ocean lake river pond stream bay harbor harbour lagoon creek wave surf")
GREEN_WORDS: Final = _words("vegetation greenery foliage plant bush hedge shrub tree forest wood jungle leaf fern ivy")
LAWN_WORDS: Final = _words("grass lawn meadow")
EVERYONE_WORDS: Final = _words("people person everyone everybody crowd group human someone")
_ONE_PERSON: Final = _words("person human someone")
CLOTHES_WORDS: Final = _words("clothes clothing clothe outfit attire wardrobe")
GARMENT_WORDS: Final = _words(
    "jacket coat suit dress shirt t-shirt tshirt tee top blouse sweater jumper hoodie uniform robe cloak cape vest blazer "
    "cardigan jersey pullover sweatshirt spacesuit gown tunic"
)
HAT_WORDS: Final = _words("hat cap helmet beanie beret headgear headwear")
EYEWEAR_WORDS: Final = _words("glasses sunglasses eyeglasses spectacles shades goggles")
DARK_EYEWEAR_WORDS: Final = _words("sunglasses shades")
EYE_WORDS: Final = _words("eye iris irise")
LIP_WORDS: Final = _words("lip lipstick")
TEETH_WORDS: Final = _words("tooth teeth")

_GREEN_CONFIDENCE: Final = 0.8
_WATER_CONFIDENCE: Final = 0.85
_PEOPLE_CONFIDENCE: Final = 0.9
_PART_CONFIDENCE: Final = 0.8
_GARMENT_CONFIDENCE: Final = 0.7
_TAKEN_CONFIDENCE: Final = 0.8
"""A person is certain; whether a man or a woman is not looked at."""
_LEAST_GROUND: Final = 0.02
_MOSTLY_GREEN: Final = 0.3
_COLORLESS: Final = 0.015
_OLIVE: Final = 86.0
_LAST_GREEN: Final = 165.0
"""Hues in degrees: sand, soil and wood are below, water above."""
_HAT_HEAT: Final = 0.05
_HAT_OVER_HAIR: Final = 0.3
"""Where the hair is named it is seen, and only what is plainly a hat hides it: a full head of hair reaches 0.15, a cap 0.44."""
_SURE_OF_GLASSES: Final = 0.5
_CLEARLY_LARGER: Final = 1.7


def find_named_part(scene: "Scene", target: Target, noun: str) -> Finding | None:
    """Find what a noun stands for, if it is one of these; None if it is not, or if the picture gives no hold for it.

    Raises
    ------
    UnsupportedInstructionError
        The noun is one of these and is plainly not in the picture, or is too small in it.
    """
    for words, find in _FINDERS:
        if is_one_of(noun, words):
            return find(scene, target, noun)
    return _find_person(scene, target, noun) if is_person(noun) else None


def is_named_part(noun: str) -> bool:
    """Return whether faces, colors and regions are asked for a noun before the classifier is."""
    return is_person(noun) or any(is_one_of(noun, words) for words, _ in _FINDERS)


def _find_water(scene: "Scene", target: Target, noun: str) -> Finding:
    if scene.water is None:
        raise _refuse(target, f"I see no {noun} in this picture.")
    return Finding(scene.water, _WATER_CONFIDENCE, "the water", verified=True)


def _find_lawn(scene: "Scene", target: Target, noun: str) -> Finding:
    """Return greenery on the ground, or the whole of a ground that has the color of dry grass."""
    ground, green = scene.ground, scene.vegetation
    area = float(ground.mean())
    grass = ground if green is None else np.minimum(green, ground)
    if green is not None and (area < _LEAST_GROUND or float(grass.mean()) >= _MOSTLY_GREEN * area):
        chosen = grass if float(grass.mean()) >= 0.25 * float(green.mean()) else green
        return Finding(chosen, _GREEN_CONFIDENCE, "the grass", verified=True)
    if area < _LEAST_GROUND or not _is_grassy(scene, ground):
        raise _refuse(target, f"I see no {noun} in this picture.")
    return Finding(ground, _TAKEN_CONFIDENCE, f"the ground (taken for {noun!r})", verified=False)


def _is_grassy(scene: "Scene", ground: Mask) -> bool:
    """Return whether a ground is olive to green, or a picture without colors says nothing against it."""
    step = max(1, max(ground.shape) // 400)
    lab = srgb8_to_oklab(scene.pixels[::step, ::step])[ground[::step, ::step] > 0.5]
    _, a, b = np.median(lab, axis=0)
    if float(np.hypot(a, b)) < _COLORLESS:
        return float(np.percentile(np.hypot(lab[:, 1], lab[:, 2]), 95)) < 2 * _COLORLESS
    return _OLIVE <= float(np.degrees(np.arctan2(b, a))) <= _LAST_GREEN


def _find_greenery(scene: "Scene", target: Target, noun: str) -> Finding:
    if scene.vegetation is None:
        raise _refuse(
            target, f"I find nothing green enough to be {noun if noun.endswith('s') else with_article(noun)} here."
        )
    standing = scene.vegetation
    if not is_one_of(noun, _words("vegetation greenery foliage plant leaf")):
        above = np.clip(scene.vegetation - scene.ground, 0.0, 1.0).astype(np.float32)
        standing = above if float(above.mean()) >= 0.2 * float(scene.vegetation.mean()) else scene.vegetation
    return Finding(standing, _GREEN_CONFIDENCE, "the greenery", verified=True)


def _find_everyone(scene: "Scene", target: Target, noun: str) -> Finding | None:
    faces = _faces_at(scene, target)
    if faces is None:
        return None
    if noun in _ONE_PERSON and not target.plural and (target.horizontal is not None or target.vertical is not None):
        faces = _meant(faces, target, "which person is meant")
    resolved_to = "the person" if len(faces) == 1 else f"{len(faces)} people"
    return Finding(scene.people(faces), _PEOPLE_CONFIDENCE, resolved_to, verified=True)


def _find_person(scene: "Scene", target: Target, noun: str) -> Finding | None:
    """Find one person by a word that says more than the picture is asked: "the woman", "the captain"."""
    faces = _faces_at(scene, target)
    if faces is None:
        return None
    chosen = _meant(faces, target, f"which is the {noun}")
    return Finding(scene.people(chosen), _TAKEN_CONFIDENCE, f"the person (taken for {target.phrase!r})", verified=False)


def _find_face(scene: "Scene", target: Target, noun: str) -> Finding:
    faces = _require_faces(scene, target, noun)
    mask = np.max([cut_out_face(scene.pixels, face) for face in faces], axis=0)
    return Finding(mask, _PART_CONFIDENCE, _of("face", faces), verified=True)


def _find_skin(scene: "Scene", target: Target, noun: str) -> Finding:
    faces = _require_faces(scene, target, noun)
    return Finding(cut_out_skin(scene.pixels, faces, scene.people(faces)), _PART_CONFIDENCE, "the skin", verified=True)


def _find_hair(scene: "Scene", target: Target, noun: str) -> Finding:
    faces = _require_faces(scene, target, noun)
    people = scene.people(faces)
    hats = [cut_out_hat(scene.pixels, face, people) for face in _with_hats(scene, faces, _HAT_OVER_HAIR)]
    bare = np.max([np.zeros_like(people), *(hat for hat in hats if hat is not None)], axis=0)
    people = np.clip(people - (bare > 0.02), 0.0, 1.0).astype(np.float32)
    return _union(target, noun, faces, lambda face: cut_out_hair(scene.pixels, face, people))


def _find_eyes(scene: "Scene", target: Target, noun: str) -> Finding:
    size_hw = scene.pixels.shape[0], scene.pixels.shape[1]
    return _union(target, "eye", _require_faces(scene, target, noun), lambda face: draw_eyes(face, size_hw))


def _find_glasses(scene: "Scene", target: Target, noun: str) -> Finding | None:
    """Return the glasses on faces, or the dark ones on a subject without a person's face; None leaves it to the classifier."""
    faces = _faces_at(scene, target)
    if faces is not None:
        dark = is_one_of(noun, DARK_EYEWEAR_WORDS)
        worn = [mask for mask in (cut_out_glasses(scene.pixels, face, dark=dark) for face in faces) if mask is not None]
        return Finding(np.max(worn, axis=0), _PART_CONFIDENCE, f"the {noun}", verified=True) if worn else None
    heat = scene.locate("sunglasses")
    if heat is None or heat[1] < _SURE_OF_GLASSES or not scene.subject.present:
        return None
    mask = cut_out_dark_glasses(scene.pixels, heat[0], scene.subject.matte)
    return None if mask is None else Finding(mask, _TAKEN_CONFIDENCE, f"the {noun} on the subject", verified=True)


def _find_lips(scene: "Scene", target: Target, noun: str) -> Finding:
    return _union(target, "lip", _require_faces(scene, target, noun), lambda face: cut_out_lips(scene.pixels, face))


def _find_teeth(scene: "Scene", target: Target, noun: str) -> Finding:
    faces = _require_faces(scene, target, noun)
    return _union(target, "teeth", faces, lambda face: cut_out_teeth(scene.pixels, face))


def _find_clothes(scene: "Scene", target: Target, noun: str) -> Finding | None:
    return _garment(scene, target, noun, everything=True)


def _find_garment(scene: "Scene", target: Target, noun: str) -> Finding | None:
    return _garment(scene, target, noun, everything=False)


def _garment(scene: "Scene", target: Target, noun: str, *, everything: bool) -> Finding | None:
    faces = _faces_at(scene, target)
    if faces is None:
        return None
    if not everything:
        faces = _meant(faces, target, f"whose {noun} is meant")
    mask = cut_out_garment(scene.pixels, faces, scene.people(faces), everything=everything)
    if mask is None or float(mask.max()) < 0.5:
        raise _refuse(target, f"I see too little of {with_article(noun)} below the face to work on.")
    return Finding(mask, _GARMENT_CONFIDENCE, f"what is worn (taken for {target.phrase or noun!r})", verified=False)


def _find_hat(scene: "Scene", target: Target, noun: str) -> Finding | None:
    faces = _faces_at(scene, target)
    if faces is None:
        return None
    worn = _with_hats(scene, faces)
    if not worn:
        return None
    return _union(target, noun, worn, lambda face: cut_out_hat(scene.pixels, face, scene.people(faces)))


def _with_hats(scene: "Scene", faces: tuple[Face, ...], least: float = _HAT_HEAT) -> tuple[Face, ...]:
    """Return the faces above whose eyes the classifier sees something hat-like, at least so surely."""
    heat = scene.locate("hat")
    return tuple(face for face in faces if heat is not None and _heat_above(heat[0], face) * heat[1] >= least)


def _heat_above(heat: Mask, face: Face) -> float:
    """Return the greatest heat on a head above its eyes."""
    top, bottom = int(max(0.0, face.box.top - face.box.height)), int(max(1.0, face.eyes[0][1]))
    part = heat[top:bottom, int(max(0.0, face.box.left)) : int(max(1.0, face.box.right))]
    return float(part.max()) if part.size else 0.0


def _faces_at(scene: "Scene", target: Target) -> tuple[Face, ...] | None:
    """Return the faces on the side that the phrase names; None where the picture has no faces at all."""
    if not scene.faces:
        return None
    height, width = scene.pixels.shape[:2]
    here = tuple(
        face
        for face in scene.faces
        if is_on_side((face.box.center[0] / width, face.box.center[1] / height), target.horizontal, target.vertical)
    )
    if not here:
        side = " ".join(word for word in (target.vertical, target.horizontal) if word)
        raise _refuse(target, f"I see nobody at the {side} of this picture.")
    return here


def _meant(faces: tuple[Face, ...], target: Target, question: str) -> tuple[Face, ...]:
    """Return the one face that a singular means: the outermost on the named side, or the middle one, or by far the largest."""
    if len(faces) == 1 or target.plural or target.phrase.lower().endswith("s"):
        return faces
    if target.horizontal in ("left", "right"):
        return (sorted(faces, key=lambda face: face.box.center[0])[0 if target.horizontal == "left" else -1],)
    if target.horizontal == "center":
        return (sorted(faces, key=lambda face: face.box.center[0])[len(faces) // 2],)
    if target.vertical in ("top", "bottom"):
        return (sorted(faces, key=lambda face: face.box.center[1])[0 if target.vertical == "top" else -1],)
    first, second = (face.box.width * face.box.height for face in faces[:2])
    if first >= _CLEARLY_LARGER * second:
        return faces[:1]
    raise _refuse(
        target,
        f"I see {len(faces)} people and can't tell {question}; say where: 'the {target.noun or 'one'} on the left', "
        "'in the middle' or 'on the right'.",
    )


def _require_faces(scene: "Scene", target: Target, noun: str) -> tuple[Face, ...]:
    faces = _faces_at(scene, target)
    if faces is None:
        raise _refuse(target, f"I find no person's face in this picture, so I can't tell where {_plural(noun)} are; an animal's "
                      "are not found. Name the part's color instead.")  # fmt: skip
    return faces


def _union(target: Target, noun: str, faces: tuple[Face, ...], cut: Callable[[Face], Mask | None]) -> Finding:
    """Put the parts of several faces together; refuse where no face has it."""
    masks = [mask for mask in map(cut, faces) if mask is not None and float(mask.max()) > 0.5]
    if not masks:
        raise _refuse(target, f"I find no {_plural(noun)} in this picture that can be seen well enough to work on.")
    return Finding(np.max(masks, axis=0), _PART_CONFIDENCE, _of(noun, faces), verified=True)


def _of(noun: str, faces: tuple[Face, ...]) -> str:
    return f"the {noun if noun == 'face' and len(faces) == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    return noun if noun in ("hair", "skin", "teeth") or noun.endswith("s") else f"{noun}s"


def _refuse(target: Target, hint: str) -> UnsupportedInstructionError:
    return UnsupportedInstructionError((), (target.phrase,), hint)


_FINDERS: Final[tuple[tuple[frozenset[str], Finder], ...]] = (
    (WATER_WORDS, _find_water),
    (LAWN_WORDS, _find_lawn),
    (GREEN_WORDS, _find_greenery),
    (EVERYONE_WORDS, _find_everyone),
    (_words("face"), _find_face),
    (_words("skin complexion"), _find_skin),
    (_words("hair"), _find_hair),
    (EYEWEAR_WORDS, _find_glasses),
    (EYE_WORDS, _find_eyes),
    (LIP_WORDS, _find_lips),
    (TEETH_WORDS, _find_teeth),
    (CLOTHES_WORDS, _find_clothes),
    (GARMENT_WORDS, _find_garment),
    (HAT_WORDS, _find_hat),
)
"""Which words are answered by what; a finder that returns None leaves the noun to the classifier."""
