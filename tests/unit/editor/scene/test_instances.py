"""One of several: which boxes a phrase means, and the mask of just that one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from retouch.editor.instructions.plan import ColorValue, Pick, Target, TargetKind
from retouch.editor.scene.detector import Detection, detect
from retouch.editor.scene.detector_nouns import KINDS, detector_meaning
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.values import Box
from retouch.errors import UnsupportedInstructionError
from retouch.models import ModelStore

CENTERS = (70, 200, 350)
RADII = (28, 44, 34)
COLORS = ((200, 40, 40), (40, 70, 200), (60, 160, 70))
ROW = 130


def picture() -> np.ndarray:
    """Three balls on a gray wall with a little grain: red, blue and larger, green."""
    pixels = np.full((260, 420, 3), 150, np.float32)
    for center, radius, color in zip(CENTERS, RADII, COLORS, strict=True):
        cv2.circle(pixels, (center, ROW), radius, color, -1)
    return np.clip(pixels + np.random.default_rng(3).normal(0, 3, (260, 420, 1)), 0, 255).astype(np.uint8)


def ball(index: int, score: float = 0.8, kind: str = "sports ball") -> Detection:
    center, radius = CENTERS[index], RADII[index]
    return Detection(kind, score, Box(center - radius, ROW - radius, center + radius, ROW + radius))


class Told(Scene):
    """A scene whose detector is told what to see."""

    told: tuple[Detection, ...] = ()

    @property
    def detects(self) -> bool:
        return True

    @property
    def detections(self) -> tuple[Detection, ...]:
        return self.told


@pytest.fixture(scope="module")
def balls(store: ModelStore) -> Told:
    scene = Told(picture(), store)
    scene.told = (ball(1), ball(0), ball(2))
    return scene


def noun(phrase: str, word: str = "ball", **more: Any) -> Target:
    return Target(TargetKind.NOUN, phrase, noun=word, **more)


def discs(*indices: int) -> np.ndarray:
    mask = np.zeros((260, 420), np.uint8)
    for index in indices:
        cv2.circle(mask, (CENTERS[index], ROW), RADII[index], 1, -1)
    return mask > 0


def assert_is(mask: npt.NDArray[Any], *indices: int) -> None:
    expected = discs(*indices)
    found = mask > 0.5
    assert (found & expected).sum() / (found | expected).sum() > 0.85


@pytest.mark.parametrize(
    ("more", "meant"),
    [
        ({"horizontal": "left"}, 0),
        ({"horizontal": "right"}, 2),
        ({"horizontal": "center"}, 1),
        ({"pick": Pick("left", 1)}, 1),
        ({"pick": Pick("right", 1)}, 1),
        ({"pick": Pick("left", -1)}, 2),
        ({"pick": Pick("large")}, 1),
        ({"pick": Pick("large", 1)}, 2),
        ({"pick": Pick("small")}, 0),
        ({"pick": Pick("near")}, 1),
        ({"pick": Pick("far")}, 0),
    ],
)
def test_one_of_three_is_cut_out_and_the_others_are_left(balls: Told, more: dict[str, Any], meant: int) -> None:
    found = balls.find(noun("the ball", **more))

    assert_is(found.mask, meant)
    assert found.mask[discs(*({0, 1, 2} - {meant}))].max() == 0
    assert found.resolved_to == "one of three sports balls"


def test_a_plural_is_all_of_them_and_with_a_side_those_on_it(balls: Told) -> None:
    assert_is(balls.find(noun("the balls", plural=True)).mask, 0, 1, 2)
    assert_is(balls.find(noun("the balls on the left", plural=True, horizontal="left")).mask, 0, 1)


def test_two_of_three_are_counted_off_from_the_named_side(balls: Told) -> None:
    two = noun("the two balls on the right", plural=True, count=2, horizontal="right")
    three_here = noun("both balls", plural=True, count=2)

    assert_is(balls.find(two).mask, 1, 2)
    with pytest.raises(UnsupportedInstructionError, match="three sports balls; say which of them"):
        balls.find(three_here)


def test_a_person_whom_the_detector_does_not_see_is_not_the_subject_instead(balls: Told) -> None:
    with pytest.raises(UnsupportedInstructionError, match="can't make out a man"):
        balls.find(noun("the man", "man"))


def test_the_one_on_the_right_is_one_of_what_there_are_several_of(balls: Told) -> None:
    found = balls.find(Target(TargetKind.SUBJECT, "the one on the right", horizontal="right"))

    assert_is(found.mask, 2)


def test_a_singular_that_fits_several_is_refused_with_ways_to_say_it(balls: Told) -> None:
    with pytest.raises(UnsupportedInstructionError) as refusal:
        balls.find(noun("the ball"))

    assert "three sports balls" in refusal.value.hint
    assert "'the ball on the left', 'in the middle' or 'on the right'" in refusal.value.hint


def test_there_is_no_fourth_of_three(balls: Told) -> None:
    with pytest.raises(UnsupportedInstructionError, match="only three sports balls"):
        balls.find(noun("the fourth ball", pick=Pick("left", 3)))


def test_a_color_chooses_among_several(balls: Told) -> None:
    blue = ColorValue("blue", (40, 70, 200))

    assert_is(balls.find(noun("the blue ball", color=blue, pick=Pick("left"))).mask, 1)


def test_what_is_said_to_be_missing_is_told_with_what_is_there(balls: Told) -> None:
    with pytest.raises(UnsupportedInstructionError, match="I see three sports balls"):
        balls.find(noun("the teapot", "teapot"))


def test_a_word_that_says_more_than_the_detector_tells_is_not_verified(store: ModelStore) -> None:
    scene = Told(picture(), store)
    scene.told = tuple(ball(index, kind="person") for index in range(3))

    found = scene.find(noun("the woman on the left", "woman", horizontal="left"))

    assert not found.verified
    assert found.resolved_to.startswith("one of three people (taken for 'the woman on the left'")
    assert "is not looked at" in found.resolved_to


def test_the_person_who_wears_a_color_is_meant(store: ModelStore) -> None:
    scene = Told(picture(), store)
    scene.told = tuple(ball(index, kind="person") for index in range(3))

    found = scene.find(noun("the person in green", "person", wearing=ColorValue("green", (60, 160, 70))))

    assert_is(found.mask, 2)


@pytest.mark.parametrize(
    "target",
    [
        noun("the second ball", pick=Pick("left", 1)),
        noun("the man in the blue shirt", "man", wearing=ColorValue("blue", (40, 70, 200))),
        Target(TargetKind.SUBJECT, "the one on the right", horizontal="right"),
    ],
    ids=lambda target: target.phrase,
)
def test_without_the_detector_one_of_several_says_how_to_get_it(store: ModelStore, target: Target) -> None:
    with pytest.raises(UnsupportedInstructionError, match="retouch models pull detector"):
        Scene(picture(), store).find(target)


def test_what_the_detector_does_not_see_is_not_counted(balls: Told) -> None:
    with pytest.raises(UnsupportedInstructionError, match="no cat that I could count; I see three sports balls"):
        balls.find(noun("the second cat", "cat", pick=Pick("left", 1)))


def test_the_biggest_of_one_is_that_one(store: ModelStore) -> None:
    scene = Told(picture(), store)
    scene.told = (ball(1),)

    assert_is(scene.find(noun("the biggest ball", pick=Pick("large"))).mask, 1)


def test_a_weak_box_is_not_believed(store: ModelStore) -> None:
    scene = Told(picture(), store)
    scene.told = (ball(0, 0.9), ball(1, 0.35))

    assert_is(scene.find(noun("the balls", plural=True)).mask, 0)


# The table of words ------------------------------------------------------------------------------------------------------


def test_the_detector_knows_eighty_kinds_in_the_order_of_its_classes() -> None:
    assert len(KINDS) == 80
    assert (KINDS[0], KINDS[15], KINDS[41], KINDS[79]) == ("person", "cat", "cup", "toothbrush")


@pytest.mark.parametrize(
    ("word", "kinds", "exact"),
    [
        ("cups", {"cup"}, True),
        ("coffee mug", {"cup"}, True),
        ("gull", {"bird"}, False),
        ("woman", {"person"}, False),
        ("people", {"person"}, True),
        ("sailboat", {"boat"}, False),
        ("bike", {"bicycle", "motorcycle"}, True),
    ],
)
def test_a_word_stands_for_kinds(word: str, kinds: set[str], exact: bool) -> None:
    meaning = detector_meaning(word)

    assert meaning is not None
    assert (set(meaning.kinds), meaning.exact) == (kinds, exact)


@pytest.mark.parametrize("word", ["glasses", "sunglasses", "teapot", "face", "sky"])
def test_a_word_that_the_detector_does_not_know_means_nothing(word: str) -> None:
    assert detector_meaning(word) is None


# Reading the network's answer ----------------------------------------------------------------------------------------------


class Answering:
    """A network that sees one thing: kind 41 in the cell at row 2, column 5 of the coarsest stride, 2 cells to each side."""

    def run(
        self, output_names: Sequence[str] | None, inputs: Mapping[str, npt.NDArray[Any]], /
    ) -> list[npt.NDArray[np.float32]]:
        answers: list[npt.NDArray[np.float32]] = []
        for stride in (8, 16, 32):
            cells = (416 // stride) ** 2
            scores, sides = np.zeros((1, cells, 80), np.float32), np.zeros((1, cells, 44), np.float32)
            if stride == 32:
                cell = 2 * 13 + 5
                scores[0, cell, 41] = 0.9
                sides[0, cell].reshape(4, 11)[:, 2] = 50.0
            answers += [scores, sides]
        return answers


def test_a_cell_becomes_a_box_in_the_pictures_pixels() -> None:
    found = detect(np.zeros((208, 416, 3), np.uint8), Answering())

    assert [(each.kind, round(each.score, 2)) for each in found] == [("cup", 0.9)]
    box = found[0].box
    # The picture is centered in its square: 104 rows of the network's are above it, and the box ends where the picture does.
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx(
        (5.5 * 32 - 64, 0.0, 5.5 * 32 + 64, 2.5 * 32 + 64 - 104)
    )


def test_the_pulled_detector_sees_the_cup_and_the_cat(tmp_path: Path) -> None:
    from skimage import data

    from retouch.errors import ModelFileError
    from retouch.library import default_data_directory

    store = ModelStore(default_data_directory() / "models")
    if store.status("detector").path is None:
        store = ModelStore(tmp_path)
        try:
            store.pull("detector")
        except ModelFileError as exc:
            pytest.skip(f"the detector can't be fetched here: {exc.message}")

    assert "cat" in {each.kind for each in Scene(data.chelsea(), store).detections}
    assert "person" in {each.kind for each in Scene(data.astronaut(), store).detections}
