import cv2
import numpy as np
import pytest
from skimage import data

from retouch.editor.instructions.plan import ColorValue, Target, TargetKind
from retouch.editor.scene.color_match import color_likelihood
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.sides import keep_side
from retouch.errors import UnsupportedInstructionError
from retouch.models import ModelStore

RED = ColorValue("red", (255, 0, 0))
BLUE = ColorValue("blue", (0, 0, 255))
ORANGE = ColorValue("orange", (255, 165, 0))
WHITE = ColorValue("white", (255, 255, 255))


def noun(word: str, **more: object) -> Target:
    return Target(TargetKind.NOUN, f"the {word}", noun=word, **more)  # type: ignore[arg-type]


def colored(color: ColorValue, **more: object) -> Target:
    return Target(TargetKind.COLOR_PART, f"the {color.name} part", color=color, **more)  # type: ignore[arg-type]


def refusal(scene: Scene, target: Target) -> UnsupportedInstructionError:
    with pytest.raises(UnsupportedInstructionError) as caught:
        scene.find(target)
    return caught.value


def test_subject_and_background_add_up_to_the_picture(coffee: Scene) -> None:
    subject = coffee.find(Target(TargetKind.SUBJECT, "it"))
    background = coffee.find(Target(TargetKind.BACKGROUND, "the background"))

    assert np.allclose(subject.mask + background.mask, 1)
    assert subject.verified
    assert subject.resolved_to == "the main subject"


def test_a_noun_that_the_picture_shows_is_verified(cat: Scene, coffee: Scene) -> None:
    found = cat.find(noun("cat"))

    assert found.verified
    assert found.confidence > 0.8
    assert np.minimum(found.mask, cat.subject.matte).sum() > 0.9 * cat.subject.matte.sum()
    assert coffee.find(noun("cup")).verified


@pytest.mark.parametrize("word", ["dog", "teapot", "car"])
def test_a_noun_that_is_plainly_not_there_is_refused_with_what_is(cat: Scene, word: str) -> None:
    error = refusal(cat, noun(word))

    assert "I see a cat" in error.hint
    assert word in error.hint
    assert error.not_understood == (f"the {word}",)


def test_a_word_for_one_kind_of_person_is_taken_for_the_person_unverified(astronaut: Scene) -> None:
    found = astronaut.find(noun("woman"))

    assert not found.verified
    assert found.confidence < astronaut.subject.confidence
    assert found.resolved_to == "the person (taken for 'the woman')"
    assert np.array_equal(found.mask, astronaut.subject.matte)


def test_a_noun_without_classes_is_taken_for_the_subject_at_low_confidence(coffee: Scene) -> None:
    found = coffee.find(noun("doodad"))

    assert not found.verified
    assert found.confidence <= 0.5


@pytest.mark.parametrize("word", ["wall", "trees", "flag", "glasses"])
def test_parts_scenery_and_worn_things_that_cannot_be_outlined_are_refused(astronaut: Scene, word: str) -> None:
    assert refusal(astronaut, noun(word)).hint


def test_nothing_can_be_the_subject_of_a_picture_of_nothing(plain: Scene) -> None:
    assert "No main subject" in refusal(plain, Target(TargetKind.SUBJECT, "it")).hint


def test_the_sky_is_refused_where_there_is_none(coffee: Scene) -> None:
    assert "no sky" in refusal(coffee, Target(TargetKind.SKY, "the sky")).hint


def test_a_colored_part_is_grown_to_its_edges_and_stays_local(astronaut: Scene) -> None:
    found = astronaut.find(colored(ORANGE))

    assert found.verified
    assert found.mask[330:400, 60:120].mean() > 0.8  # the sleeve
    assert found.mask[110:150, 205:240].max() == 0  # the face
    assert found.mask[20:80, 300:340].max() == 0  # the wall


def test_a_color_that_is_nowhere_is_refused_by_name(coffee: Scene) -> None:
    assert "nothing blue" in refusal(coffee, colored(BLUE)).hint


def two_disks(store: ModelStore) -> Scene:
    pixels = np.full((200, 400, 3), 190, np.uint8)
    y, x = np.mgrid[:200, :400]
    pixels[(x - 90) ** 2 + (y - 100) ** 2 < 50**2] = (200, 25, 20)
    pixels[(x - 310) ** 2 + (y - 100) ** 2 < 50**2] = (200, 25, 20)
    return Scene(pixels, store)


@pytest.mark.parametrize(("side", "inside", "outside"), [("left", 90, 310), ("right", 310, 90)])
def test_a_side_picks_one_of_two_like_things(store: ModelStore, side: str, inside: int, outside: int) -> None:
    mask = two_disks(store).find(colored(RED, horizontal=side)).mask

    assert mask[100, inside] > 0.95
    assert mask[:, outside - 60 : outside + 60].max() == 0


def test_a_part_at_neither_side_is_dropped_whole() -> None:
    mask = np.zeros((100, 100), np.float32)
    mask[60:80, 10:30] = 1
    mask[60:80, 70:90] = 0.8

    assert keep_side(mask, "right", None)[70, 20] == 0
    assert keep_side(mask, "right", None)[70, 80] == np.float32(0.8)
    assert keep_side(mask, None, "top").max() == 0
    assert keep_side(mask, None, None) is mask


@pytest.mark.parametrize(
    ("color", "rgb", "fits"),
    [
        (RED, (190, 20, 25), True),
        (RED, (90, 10, 12), True),
        (RED, (225, 170, 150), False),  # skin
        (RED, (240, 140, 30), False),
        (BLUE, (40, 90, 200), True),
        (BLUE, (120, 170, 220), True),
        (BLUE, (60, 140, 60), False),
        (WHITE, (245, 244, 240), True),
        (WHITE, (250, 220, 90), False),
        (ColorValue("navy blue", (0, 0, 128)), (10, 15, 90), True),
        (ColorValue("navy blue", (0, 0, 128)), (125, 180, 240), False),
        (ColorValue("#20a060", (32, 160, 96)), (40, 150, 100), True),
    ],
)
def test_color_words_fit_the_colors_that_people_call_by_them(
    color: ColorValue, rgb: tuple[int, int, int], fits: bool
) -> None:
    pixels = np.full((16, 16, 3), rgb, np.uint8)

    assert (float(color_likelihood(pixels, color)[8, 8]) > 0.45) is fits


def test_a_mask_is_exactly_zero_away_from_the_thing(coffee: Scene) -> None:
    mask = coffee.find(Target(TargetKind.SUBJECT, "it")).mask

    assert mask[:100, :60].max() == 0
    assert mask.shape == data.coffee().shape[:2]


def test_a_noun_found_by_its_color_alone_is_unverified_and_less_sure(astronaut: Scene) -> None:
    by_color, by_both = astronaut.find(colored(ORANGE)), astronaut.find(noun("gizmo", color=ORANGE))

    assert not by_both.verified
    assert by_both.confidence < by_color.confidence
    assert np.array_equal(by_both.mask, by_color.mask)


def test_a_read_only_picture_is_enough(store: ModelStore) -> None:
    pixels = data.coffee()[::2, ::2]
    pixels.setflags(write=False)
    scene = Scene(pixels, store)

    assert scene.find(noun("cup")).verified
    assert scene.find(colored(RED)).mask.max() == 1
    assert scene.ground.shape == scene.foreground.shape[:2] == pixels.shape[:2]


def test_a_plain_mug_that_fills_the_picture_is_the_mug(store: ModelStore) -> None:
    """Most of a large plain mug is no evidence for a mug; the whole picture is."""
    picture = np.full((400, 500, 3), 235, np.uint8)
    shade = 0.55 + 0.45 * np.sqrt(np.clip(1 - (np.linspace(-0.7, 1.1, 200)) ** 2, 0, 1))
    picture[100:325, 150:350] = (shade[None, :, None] * np.array([60, 120, 190])).astype(np.uint8)
    cv2.ellipse(picture, (250, 325), (100, 22), 0, 0, 180, (50, 100, 160), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (250, 100), (100, 22), 0, 0, 360, (35, 70, 110), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (250, 100), (100, 22), 0, 0, 360, (80, 140, 210), 4, cv2.LINE_AA)
    cv2.ellipse(picture, (350, 200), (45, 60), 0, -80, 80, (55, 110, 175), 18, cv2.LINE_AA)

    found = Scene(picture, store).find(noun("mug"))

    assert found.verified
    assert found.mask[200:300, 170:330].min() > 0.9
    assert found.mask[:60].max() < 0.05


def test_a_cup_is_not_made_of_a_rocket(rocket: Scene) -> None:
    assert "can't make out a cup" in refusal(rocket, noun("cup")).hint


def test_a_slim_thing_is_outlined_where_saliency_alone_is_too_unsure_for_a_subject(store: ModelStore) -> None:
    picture = data.rocket()
    left = (picture.shape[1] - 574) // 2
    scene = Scene(cv2.resize(picture[:, left : left + 574], (1184, 880), interpolation=cv2.INTER_LANCZOS4), store)
    assert not scene.subject.present

    found = scene.find(noun("rocket"))

    rows, cols = np.nonzero(found.mask > 0.5)
    assert found.verified
    assert 0.01 < float((found.mask > 0.5).mean()) < 0.05
    assert np.ptp(rows) > 4 * np.ptp(cols)
