import numpy as np
import pytest

from retouch.editor.scene.classifier import ClassMaps
from retouch.editor.scene.named import (
    Evidence,
    cut_named_part,
    cut_named_subject,
    find_support,
    outline_on_edges,
    weigh_evidence,
)
from retouch.editor.scene.nouns import CLASS_COUNT, noun_table

LIZARD = 41
FOLDING_CHAIR = 559
SIZE_HW = (320, 480)


def maps_of(*regions: tuple[int, float, tuple[slice, slice]], whole: dict[int, float] | None = None) -> ClassMaps:
    """Class maps of 8 x 12 windows, at four sizes, in which each class has a probability in one region."""
    window = np.full((CLASS_COUNT, 8, 12), 1e-5, np.float32)
    for index, probability, (rows, columns) in regions:
        window[index, rows, columns] = probability
    picture = np.full(CLASS_COUNT, 1e-5, np.float32)
    for index, probability in (whole or {}).items():
        picture[index] = probability
    return ClassMaps(picture, (window,) * 4)


LEFT, RIGHT = (slice(2, 7), slice(2, 6)), (slice(2, 7), slice(7, 10))


def two_colored_subject() -> tuple[np.ndarray, np.ndarray]:
    """A brown thing on the left that touches a yellow one on the right, and the matte of both."""
    pixels = np.full((*SIZE_HW, 3), (150, 190, 220), np.uint8)
    pixels[80:280, 80:260] = (120, 70, 40)
    pixels[80:280, 260:400] = (235, 200, 60)
    pixels = np.clip(pixels + np.random.default_rng(1).normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)
    matte = np.zeros(SIZE_HW, np.float32)
    matte[80:280, 80:400] = 1
    return pixels, matte


def test_what_a_thing_rests_on_is_left_out_of_its_mask() -> None:
    pixels, matte = two_colored_subject()
    maps = maps_of((LIZARD, 0.8, LEFT), (FOLDING_CHAIR, 0.1, RIGHT))

    mask = cut_named_subject(
        pixels, matte, weigh_evidence(maps, (LIZARD,), SIZE_HW), find_support(maps, (LIZARD,), SIZE_HW)
    )

    assert mask[100:260, 100:240].min() > 0.95
    assert mask[100:260, 280:390].max() < 0.05


def test_a_thing_that_rests_on_nothing_keeps_the_whole_matte() -> None:
    pixels, matte = two_colored_subject()
    maps = maps_of((LIZARD, 0.8, LEFT))
    support = find_support(maps, (LIZARD,), SIZE_HW)

    assert not support.any()
    assert cut_named_subject(pixels, matte, weigh_evidence(maps, (LIZARD,), SIZE_HW), support) is matte


def test_a_named_support_is_not_its_own_support() -> None:
    maps = maps_of((FOLDING_CHAIR, 0.6, RIGHT))

    assert not find_support(maps, noun_table().classes["chair"], SIZE_HW).any()


def test_evidence_from_one_size_of_window_is_not_enough() -> None:
    seen = maps_of((LIZARD, 0.6, LEFT))
    blind = np.full_like(seen.windows[0], 1e-5)

    assert weigh_evidence(seen, (LIZARD,), SIZE_HW).present
    assert not weigh_evidence(ClassMaps(seen.whole, (seen.windows[0], blind, blind)), (LIZARD,), SIZE_HW).present


def test_more_evidence_is_asked_for_where_the_picture_is_clearly_of_something_else() -> None:
    unclear = maps_of((LIZARD, 0.4, LEFT))
    of_a_cup = maps_of((LIZARD, 0.4, LEFT), whole={968: 0.9})

    assert weigh_evidence(unclear, (LIZARD,), SIZE_HW).present
    assert not weigh_evidence(of_a_cup, (LIZARD,), SIZE_HW).present


def test_a_noun_of_many_classes_is_not_seen_everywhere_by_chance() -> None:
    uniform = ClassMaps(np.full(CLASS_COUNT, 1e-3, np.float32), (np.full((CLASS_COUNT, 4, 4), 1e-3, np.float32),) * 4)

    assert weigh_evidence(uniform, noun_table().classes["dog"], SIZE_HW).present is False


@pytest.mark.parametrize(("contrast", "found"), [(70, True), (0, False)])
def test_a_part_is_cut_out_only_where_the_picture_outlines_it(contrast: int, found: bool) -> None:
    rng = np.random.default_rng(2)
    pixels = np.full((*SIZE_HW, 3), 110.0) + rng.normal(0, 3, (*SIZE_HW, 1))
    y, x = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
    disk = (x - 240) ** 2 + (y - 160) ** 2 < 60**2
    pixels[disk] += contrast
    heat = np.exp(-((x - 240) ** 2 + (y - 160) ** 2) / (2 * 65**2)).astype(np.float32)
    evidence = Evidence(heat, heat, strength=0.9, whole=0.1, present=True)

    mask = cut_named_part(np.clip(pixels, 0, 255).astype(np.uint8), np.zeros(SIZE_HW, np.float32), evidence)

    assert (mask is not None) is found
    if mask is not None:
        assert np.abs(mask - disk).mean() < 0.02


def test_an_outline_is_judged_by_the_change_across_it() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[30:70, 30:70] = 200
    on_edge, off_edge = np.zeros((2, 100, 100), np.float32)
    on_edge[30:70, 30:70] = 1
    off_edge[5:22, 5:22] = 1

    assert outline_on_edges(pixels, on_edge) > 0.95
    assert outline_on_edges(pixels, off_edge) == 0
