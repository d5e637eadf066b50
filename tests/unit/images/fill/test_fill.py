"""Filling holes: what is copied, what is left alone, and what happens when there is nothing to copy."""

import numpy as np
import pytest

from retouch.errors import EditAbortedError
from retouch.images.fill import fill


def stripes(height=96, width=128, period=8):
    """Vertical stripes, black and white, with a slight gradient down."""
    columns = (np.arange(width) // (period // 2)) % 2 * 180 + 20
    rows = np.linspace(0, 30, height)
    return (columns[None, :, None] + rows[:, None, None] + np.zeros(3)).astype(np.uint8)


def block(shape_hw, rows, cols):
    hole = np.zeros(shape_hw, np.float32)
    hole[rows, cols] = 1
    return hole


def with_secret(pixels, hole):
    spoiled = pixels.copy()
    spoiled[hole > 0] = (255, 0, 255)
    return spoiled


def test_a_hole_in_a_regular_texture_gets_the_texture_back():
    picture = stripes()
    hole = block(picture.shape[:2], slice(36, 64), slice(50, 78))

    filled = fill(with_secret(picture, hole), hole, rng=np.random.default_rng(0))

    assert np.abs(filled.astype(int) - picture)[hole > 0].mean() < 12


def test_a_horizon_goes_on_through_the_hole():
    picture = np.full((90, 140, 3), (120, 170, 230), np.uint8)
    picture[50:] = (200, 170, 110)
    hole = block(picture.shape[:2], slice(30, 75), slice(50, 90))

    filled = fill(with_secret(picture, hole), hole, rng=np.random.default_rng(0))

    assert np.abs(filled.astype(int) - picture)[hole > 0].mean() < 6


def test_outside_the_hole_nothing_changes():
    rng = np.random.default_rng(3)
    picture = rng.integers(0, 256, (70, 90, 3), dtype=np.uint8)
    hole = block(picture.shape[:2], slice(20, 45), slice(0, 33))

    filled = fill(picture, hole, rng=np.random.default_rng(0))

    assert np.array_equal(filled[hole == 0], picture[hole == 0])
    assert not np.array_equal(filled[hole > 0], picture[hole > 0])


def test_what_stood_in_the_hole_does_not_matter():
    picture = stripes()
    hole = block(picture.shape[:2], slice(30, 60), slice(40, 70))

    one = fill(picture, hole, rng=np.random.default_rng(5))
    other = fill(with_secret(picture, hole), hole, rng=np.random.default_rng(5))

    assert np.array_equal(one, other)


def test_the_same_seed_gives_the_same_pixels():
    rng = np.random.default_rng(9)
    picture = rng.integers(0, 256, (120, 150, 3), dtype=np.uint8)
    hole = block(picture.shape[:2], slice(30, 80), slice(40, 100))

    one = fill(picture, hole, rng=np.random.default_rng(1))
    same = fill(picture, hole, rng=np.random.default_rng(1))
    other = fill(picture, hole, rng=np.random.default_rng(2))

    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_only_the_sources_are_copied():
    picture = np.full((90, 120, 3), (60, 60, 200), np.uint8)
    picture[:, 60:] = (200, 60, 60)
    hole = block(picture.shape[:2], slice(30, 60), slice(50, 80))
    sources = np.zeros(picture.shape[:2], bool)
    sources[:, :50] = True

    filled = fill(picture, hole, sources=sources, row_weight=0.0, rng=np.random.default_rng(0))

    blue = filled[40:50, 55:65].reshape(-1, 3).mean(axis=0)
    assert blue[2] > blue[0]


def test_a_guide_says_what_belongs_where():
    picture = np.full((90, 120, 3), (60, 60, 200), np.uint8)
    picture[:, 60:] = (200, 60, 60)
    hole = block(picture.shape[:2], slice(None), slice(30, 90))
    guide = np.zeros(picture.shape[:2], np.float32)
    guide[:, 75:] = 1

    filled = fill(with_secret(picture, hole), hole, guide=guide, rng=np.random.default_rng(0))

    left, right = filled[:, 55:70].reshape(-1, 3).mean(axis=0), filled[:, 80:88].reshape(-1, 3).mean(axis=0)
    assert left[2] > left[0], "Left of the guide's step it is blue."
    assert right[0] > right[2]


def test_a_new_margin_continues_the_picture():
    picture = stripes(96, 128)
    hole = block(picture.shape[:2], slice(None), slice(96, None))

    filled = fill(with_secret(picture, hole), hole, rng=np.random.default_rng(0))

    margin = filled[:, 100:].astype(int)
    assert np.abs(margin - picture[:, 100:]).mean() < 25
    assert margin.std() > 60, "It has stripes."


def test_a_new_margin_is_not_darkened_where_it_reaches_the_border():
    picture = np.random.default_rng(2).integers(200, 230, (120, 160, 3), dtype=np.uint8)
    picture[:, 60:70] = 10
    hole = block(picture.shape[:2], slice(0, 120), slice(110, 160))

    filled = fill(picture, hole, row_weight=0.0, rng=np.random.default_rng(0))

    assert filled[:, -8:].min() > 150


def test_an_empty_hole_leaves_the_picture_as_it_is():
    picture = stripes()
    assert np.array_equal(fill(picture, np.zeros(picture.shape[:2], np.float32), rng=np.random.default_rng(0)), picture)


@pytest.mark.parametrize("shape_hw", [(1, 1), (1, 9), (5, 5), (9, 64), (64, 64)])
def test_pictures_without_room_for_a_patch_get_smooth_colors(shape_hw):
    picture = np.full((*shape_hw, 3), 90, np.uint8)
    hole = np.ones(shape_hw, np.float32)
    hole[0, 0] = 0
    hole[:, -1:] = 0

    filled = fill(with_secret(picture, hole), hole, rng=np.random.default_rng(0))

    assert np.abs(filled.astype(int) - 90).max() <= 1


def test_it_stops_when_told_to():
    picture = stripes()
    hole = block(picture.shape[:2], slice(30, 60), slice(40, 70))
    with pytest.raises(EditAbortedError):
        fill(picture, hole, rng=np.random.default_rng(0), should_abort=lambda: True)
