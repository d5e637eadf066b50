import numpy as np
import pytest

from retouch.preserve.seam import blend_edit, crops_of, make_grain


def areas(shape, core, band):
    row, col = np.mgrid[: shape[0], : shape[1]]
    distance = np.maximum(np.abs(row - shape[0] // 2), np.abs(col - shape[1] // 2))
    return distance <= core, distance <= core + band


def test_the_core_is_the_edit_s_and_outside_is_the_input_s(coffee, astronaut):
    core, allowed = areas(coffee.shape[:2], 60, 8)

    pixels, alpha = blend_edit(coffee, astronaut, core, allowed)

    assert (alpha[core] == 1).all()
    assert not alpha[~allowed].any()
    assert np.array_equal(pixels[~allowed], coffee[~allowed])


def test_the_seam_runs_where_the_pictures_agree():
    base = np.full((80, 80, 3), 100, np.uint8)
    edited = np.full((80, 80, 3), 180, np.uint8)
    core, allowed = areas((80, 80), 15, 9)
    agreeing = areas((80, 80), 21, 0)[0] & ~areas((80, 80), 19, 0)[0]
    edited[agreeing] = 100

    _, alpha = blend_edit(base, edited, core, allowed)

    inside_ring, outside_ring = areas((80, 80), 17, 0)[0], ~areas((80, 80), 22, 0)[0]
    assert alpha[inside_ring].min() > 0.5
    assert alpha[outside_ring].max() < 0.5


def test_a_slow_difference_in_tone_fades_into_the_edit():
    base = np.full((160, 160, 3), 120, np.uint8)
    edited = np.full((160, 160, 3), 126, np.uint8)
    core, allowed = areas((160, 160), 50, 6)

    pixels, _ = blend_edit(base, edited, core, allowed)

    steps = np.abs(np.diff(pixels[80, :, 0].astype(int)))
    assert steps.max() <= 1
    assert pixels[80, 80, 0] == pytest.approx(126, abs=2)


def test_an_edit_without_grain_gets_the_input_s():
    grain = np.random.default_rng(0).normal(0, 5, (160, 160, 1))
    base = np.clip(120 + grain, 0, 255).astype(np.uint8).repeat(3, axis=2)
    smooth = np.full((160, 160, 3), 120, np.uint8)
    core, allowed = areas((160, 160), 40, 6)

    pixels, _ = blend_edit(base, smooth, core, allowed)

    assert 2.5 < pixels[core].std() < 7


def test_grain_is_repeatable_and_as_strong_as_asked():
    assert np.array_equal(make_grain(3.0, (50, 60), 7), make_grain(3.0, (50, 60), 7))
    assert make_grain(3.0, (50, 60), 7).std() == pytest.approx(3, abs=0.05)


def test_crops_cover_every_region_and_do_not_overlap():
    rng = np.random.default_rng(1)
    bits = np.zeros((200, 300), np.bool_)
    for _ in range(30):
        row, col = rng.integers(0, 190), rng.integers(0, 290)
        bits[row : row + 8, col : col + 8] = True
    count = np.zeros(bits.shape, int)

    for part in crops_of(bits, margin_px=2, most=100):
        count[part] += 1

    assert count.max() == 1
    assert count[bits].min() == 1
