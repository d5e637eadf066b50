import numpy as np
import pytest
import skimage.data

from retouch.images.geometry import Fit, fill_size, fit_pixels
from retouch.preserve.align import estimate_alignment, warp_onto


@pytest.mark.parametrize(
    ("dx", "dy", "zoom", "degrees"),
    [(0.4, -0.7, 1, 0), (3, -2, 1, 0), (1, 0, 0.98, 0), (-2, 3, 1.05, 0), (3, 2, 1.2, 0), (5, 4, 1.04, 1.0)],
)
def test_a_moved_picture_is_found_to_a_tenth_of_a_pixel_although_a_part_is_new(
    coffee, moved, as_jpeg, corner_error_px, dx, dy, zoom, degrees
):
    edited = coffee.copy()
    edited[120:340, 250:470] = coffee[::-1, ::-1][120:340, 250:470]
    edited, truth = moved(edited, dx=dx, dy=dy, zoom=zoom, degrees=degrees)

    found = estimate_alignment(coffee, as_jpeg(edited))

    assert found.found
    assert corner_error_px(found.matrix, truth, coffee) < 0.15


def test_tone_drift_does_not_move_the_estimate(astronaut, moved, corner_error_px):
    edited, truth = moved(astronaut, dx=1.3, dy=-0.8)
    toned = np.clip((edited / 255.0) ** 0.9 * [250, 240, 225] + 8, 0, 255).astype(np.uint8)

    found = estimate_alignment(astronaut, toned)

    assert corner_error_px(found.matrix, truth, astronaut) < 0.15


def test_the_same_picture_and_one_with_an_exact_edit_are_the_identity(coffee, with_disc):
    for edited in (coffee, with_disc(coffee, (300, 200), 60)):
        found = estimate_alignment(coffee, edited)

        assert found.model == "identity"
        assert np.array_equal(found.matrix, [[1, 0, 0], [0, 1, 0]])


def test_recompression_alone_is_the_identity_and_not_a_tiny_shift(coffee, as_jpeg):
    assert estimate_alignment(coffee, as_jpeg(coffee, 70)).model == "identity"


def test_an_editor_that_stretched_the_whole_input_is_recognized(as_jpeg, corner_error_px):
    original = skimage.data.coffee()
    size_wh = (640, 360)
    fit = fill_size(original.shape[1], original.shape[0], size_wh)
    base = fit_pixels(original, fit)
    stretched = fit_pixels(original, Fit((0, 0, 600, 400), size_wh))

    found = estimate_alignment(base, as_jpeg(stretched), source_fit=fit)

    warped, inside = warp_onto(stretched, found.matrix, base.shape[:2])
    assert found.confidence > 0.9
    assert np.abs(warped[inside > 0].astype(int) - base[inside > 0]).mean() < 1.5


def test_pictures_of_different_things_can_not_be_aligned(coffee, astronaut):
    found = estimate_alignment(coffee, astronaut)

    assert not found.found
    assert found.confidence < 0.12


def test_a_picture_without_texture_is_taken_as_it_lies_with_no_confidence():
    flat = np.full((120, 160, 3), 128, np.uint8)

    found = estimate_alignment(flat, flat + 3)

    assert found.model == "identity"
    assert found.confidence == 0


def test_the_warp_tells_where_the_edit_has_no_pixel_to_give(coffee):
    shift = np.array([[1.0, 0, 10], [0, 1, 0]])

    warped, inside = warp_onto(coffee, shift, coffee.shape[:2])

    assert np.array_equal(warped[:, :-10], coffee[:, 10:])
    assert inside[:, :-10].all()
    assert not inside[:, -10:].any()
