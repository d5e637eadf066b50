"""A cup on a saucer with a spoon, all of it one subject: told apart by ellipses."""

import cv2
import numpy as np
import pytest

from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.scene.nested import split_nested
from retouch.editor.scene.scene import Scene
from retouch.errors import UnsupportedInstructionError

RED, WHITE, STEEL, TABLE = (150, 50, 30), (240, 235, 225), (150, 150, 155), (190, 150, 110)
CUP, SAUCER, SPOON = (200, 90), (200, 175), (290, 220)


def crockery(*, cup: bool = True, spoon: bool = True) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A red saucer on a wooden table, on it a red cup with a white rim, and a steel spoon."""
    pixels = np.full((300, 400, 3), TABLE, np.uint8)
    drawn = {name: np.zeros((300, 400), np.uint8) for name in ("saucer", "cup", "spoon")}
    cv2.ellipse(drawn["saucer"], SAUCER, (160, 100), 0, 0, 360, 1, -1)
    pixels[drawn["saucer"] > 0] = RED
    if spoon:
        cv2.ellipse(drawn["spoon"], SPOON, (28, 20), 0, 0, 360, 1, -1)
        pixels[drawn["spoon"] > 0] = STEEL
    if cup:
        rim = cv2.ellipse2Poly(CUP, (85, 55), 0, 0, 360, 3)
        foot = cv2.ellipse2Poly(SAUCER, (52, 32), 0, 0, 360, 3)
        cv2.fillConvexPoly(drawn["cup"], cv2.convexHull(np.concatenate([rim, foot])), 1)
        pixels[drawn["cup"] > 0] = RED
        cv2.ellipse(pixels, CUP, (85, 55), 0, 0, 360, WHITE, -1)
    grain = np.random.default_rng(2).normal(0, 2, pixels.shape)
    return np.clip(pixels + grain, 0, 255).astype(np.uint8), {name: mask > 0 for name, mask in drawn.items()}


def whole(drawn: dict[str, np.ndarray]) -> np.ndarray:
    return np.logical_or.reduce(list(drawn.values())).astype(np.float32)


def iou(found: np.ndarray, meant: np.ndarray) -> float:
    hard = found > 0.5
    return float((hard & meant).sum() / (hard | meant).sum())


def test_a_cup_is_told_from_the_saucer_of_its_color_and_from_the_spoon() -> None:
    pixels, drawn = crockery()

    nested = split_nested(pixels, whole(drawn))

    assert nested is not None
    assert nested.beside is not None
    assert iou(nested.vessel, drawn["cup"]) > 0.85
    assert iou(nested.base, drawn["saucer"] & ~drawn["cup"] & ~drawn["spoon"]) > 0.8
    assert iou(nested.beside, drawn["spoon"] & ~drawn["cup"]) > 0.7


def test_the_parts_add_up_to_no_more_than_the_subject() -> None:
    pixels, drawn = crockery()

    nested = split_nested(pixels, whole(drawn))

    assert nested is not None
    assert nested.beside is not None
    assert (nested.vessel + nested.base + nested.beside <= whole(drawn) + 1e-4).all()


def test_without_a_spoon_there_is_nothing_beside_the_cup() -> None:
    pixels, drawn = crockery(spoon=False)

    nested = split_nested(pixels, whole(drawn))

    assert nested is not None
    assert nested.beside is None


def test_a_plate_alone_is_no_pair() -> None:
    pixels, drawn = crockery(cup=False)

    assert split_nested(pixels, whole(drawn)) is None


def test_a_subject_of_any_other_shape_is_no_pair(cat: Scene, rocket: Scene, astronaut: Scene) -> None:
    assert cat.nested is None
    assert rocket.nested is None
    assert astronaut.nested is None


def noun(word: str) -> Target:
    return Target(TargetKind.NOUN, f"the {word}", noun=word)


def test_the_saucer_and_the_spoon_of_a_photograph_are_things_of_their_own(coffee: Scene) -> None:
    saucer, spoon = (coffee.find(noun(word)).mask for word in ("saucer", "spoon"))

    assert saucer[350, 250] > 0.9
    assert saucer[110, 290] < 0.05
    assert spoon[285, 368] > 0.9
    assert spoon[350, 250] < 0.05


def test_what_stands_on_nothing_has_no_saucer(cat: Scene) -> None:
    with pytest.raises(UnsupportedInstructionError, match="saucer"):
        cat.find(noun("saucer"))
