import cv2
import numpy as np
import pytest

from retouch.editor.scene.animal_head import find_animal_head, head_around_peak
from retouch.editor.scene.efficientnet import EFFICIENTNET_CONVERTER, convert_efficientnet_lite
from retouch.editor.scene.head import find_head
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.values import Head
from retouch.models import ModelStore


def _animal() -> tuple[np.ndarray, np.ndarray]:
    """A body with a round head of radius 30 at its left end, at (80, 90), and evidence on the muzzle."""
    inside = np.zeros((240, 400), np.uint8)
    cv2.ellipse(inside, (230, 140), (120, 55), 0, 0, 360, 1, -1)
    cv2.circle(inside, (80, 90), 30, 1, -1)
    cv2.line(inside, (80, 90), (160, 120), 1, 24)
    rows, columns = np.mgrid[:240, :400]
    evidence = 4 * np.exp(-((rows - 96) ** 2 + (columns - 72) ** 2) / (2 * 18.0**2)).astype(np.float32)
    return inside > 0, evidence


def test_the_head_is_the_round_end_where_the_evidence_peaks() -> None:
    inside, evidence = _animal()

    left, top, right, bottom = head_around_peak(evidence, inside)

    assert (left, top, right, bottom) == pytest.approx((50, 60, 110, 120), abs=14)


def test_evidence_beside_the_animal_counts_for_nothing() -> None:
    inside, evidence = _animal()
    evidence[10:40, 350:390] = 9.0

    assert head_around_peak(evidence, inside)[2] < 130


def test_an_animal_that_fills_the_picture_has_a_head_as_large_as_its_evidence() -> None:
    inside, evidence = _animal()
    inside[:] = True

    left, top, right, bottom = head_around_peak(evidence, inside)

    assert (left + right) / 2 == pytest.approx(72, abs=8)
    assert 35 < right - left < 110
    assert 35 < bottom - top < 110


def test_a_cup_is_no_animal(coffee: Scene, store: ModelStore) -> None:
    session = store.converted_session("efficientnet-lite2", convert_efficientnet_lite, version=EFFICIENTNET_CONVERTER)

    assert find_animal_head(coffee.pixels, coffee.subject.matte, session) is None


def test_a_cat_that_fills_the_picture_is_no_sure_head(cat: Scene) -> None:
    assert cat.head is not None
    assert cat.head.found_by == "animal"
    assert cat.head.confidence < 0.2


def test_the_knob_with_a_neck_outlines_the_head_that_the_evidence_is_in() -> None:
    matte = np.zeros((300, 300), np.float32)
    cv2.ellipse(matte, (150, 220), (110, 70), 0, 0, 360, 1.0, -1)
    cv2.circle(matte, (150, 70), 45, 1.0, -1)
    cv2.line(matte, (150, 100), (150, 180), 1.0, 30)
    pixels = np.zeros((300, 300, 3), np.uint8)

    on_head = find_head(pixels, matte, animal=lambda: Head(140, 60, 165, 85, 0.7, "animal"))
    on_tail = find_head(pixels, matte, animal=lambda: Head(40, 200, 80, 240, 0.7, "animal"))

    assert on_head is not None
    assert on_tail is not None
    assert (on_head.left, on_head.top, on_head.right) == pytest.approx((105, 25, 195), abs=8)
    assert (on_tail.left, on_tail.top) == (40, 200)


def test_a_person_is_not_looked_at_as_an_animal(astronaut: Scene) -> None:
    def refuse() -> Head | None:
        raise AssertionError

    head = find_head(astronaut.pixels, astronaut.subject.matte, astronaut.faces, animal=refuse)

    assert head is not None
    assert head.found_by == "face"
