"""A second look: what is raised, what is left alone, and what is dropped beside a person."""

import cv2
import numpy as np
import pytest

from retouch.editor.scene.second_look import look_again, rim_certainty, without_neighbors
from retouch.editor.scene.values import Box, Face

SIDE = 320


def score_with_doubt() -> np.ndarray:
    """A sure body with an unsure head on it."""
    score = np.zeros((SIDE, SIDE), np.float32)
    score[140:260, 80:240] = 1.0
    score[80:140, 130:190] = 0.4
    return score


def gray() -> np.ndarray:
    return np.full((SIDE, SIDE, 3), 120, np.uint8)


def seen_from_near(whole: np.ndarray):
    """Look at parts of a picture whose true score is known: the part is told by its corner, painted into the picture."""

    def look(part: np.ndarray) -> np.ndarray:
        top, left = int(part[0, 0, 0]), int(part[0, 0, 1])
        true = whole[top : top + part.shape[0], left : left + part.shape[1]]
        return cv2.resize(true, (SIDE, SIDE))

    return look


def located() -> np.ndarray:
    """A picture in which every pixel tells its row and column."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.dstack([rows, columns, rows]).clip(0, 255).astype(np.uint8)


def test_what_a_second_look_is_sure_of_is_raised_where_it_hangs_together_with_the_subject() -> None:
    true = (score_with_doubt() > 0).astype(np.float32)

    sharper = look_again(located(), score_with_doubt(), seen_from_near(true))

    assert sharper[90:130, 140:180].min() > 0.9
    assert sharper[20:60].max() == 0.0


def test_a_shelf_that_had_no_score_at_first_stays_out_whatever_a_second_look_says() -> None:
    true = (score_with_doubt() > 0).astype(np.float32)
    true[60:140, 20:120] = 1.0

    sharper = look_again(located(), score_with_doubt(), seen_from_near(true))

    assert sharper[70:120, 40:110].max() == 0.0


def test_a_second_look_that_misses_what_was_sure_is_not_believed() -> None:
    only_head = np.zeros((SIDE, SIDE), np.float32)
    only_head[80:140, 130:190] = 1.0

    sharper = look_again(located(), score_with_doubt(), seen_from_near(only_head))

    assert np.array_equal(sharper, score_with_doubt())


def test_a_score_without_doubts_is_not_looked_at_again() -> None:
    score = (score_with_doubt() > 0.9).astype(np.float32)

    assert look_again(gray(), score, lambda _: pytest.fail("nothing is unsure")) is score


def face() -> Face:
    return Face(Box(140, 60, 180, 110), 0.9, ((150, 80), (170, 80)), 5, (160, 90), Box(150, 95, 170, 105))


def portrait(*, beside: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """An orange person, and something unsure between the shoulder and the picture's left side."""
    pixels, score = gray(), np.zeros((SIDE, SIDE), np.float32)
    for rows, columns in ((slice(50, 120), slice(130, 190)), (slice(120, 320), slice(60, 260))):
        pixels[rows, columns] = (230, 110, 40)
        score[rows, columns] = 1.0
    pixels[150:260, :60] = beside
    score[150:260, :60] = 0.5
    return pixels, score


def test_a_flag_beside_a_person_is_dropped() -> None:
    pixels, score = portrait(beside=(160, 20, 40))

    lowered = without_neighbors(pixels, score, lambda: (face(),))

    assert lowered[160:250, :55].max() == 0.0
    assert lowered[130:300, 70:250].min() == 1.0


def test_an_arm_of_the_colors_beside_it_stays() -> None:
    pixels, score = portrait(beside=(230, 110, 40))

    assert np.array_equal(without_neighbors(pixels, score, lambda: (face(),)), score)


def test_what_a_person_holds_in_the_lap_stays() -> None:
    pixels, score = portrait(beside=(20, 20, 20))
    score[150:200, :60] = 0.0

    assert np.array_equal(without_neighbors(pixels, score, lambda: (face(),)), score)


@pytest.mark.parametrize("count", [0, 2])
def test_without_the_one_face_nothing_is_dropped(count: int) -> None:
    pixels, score = portrait(beside=(160, 20, 40))

    assert np.array_equal(without_neighbors(pixels, score, lambda: (face(),) * count), score)


def test_an_outline_is_confirmed_where_the_score_rises_and_not_where_it_is_vague() -> None:
    hard = np.zeros((SIDE, SIDE), np.float32)
    hard[100:250, 80:240] = 1.0
    vague = hard.copy()
    vague[60:140, 200:300] = 0.5

    assert rim_certainty(hard, hard) == (1.0, None)
    confirmed, place = rim_certainty(vague, hard)
    assert 0.6 < confirmed < 0.95
    assert place is not None
    assert place[0] > 0.6
    assert place[1] < 0.5
