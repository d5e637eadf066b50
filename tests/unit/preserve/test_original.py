import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from retouch.errors import InvalidValueError
from retouch.images.geometry import fill_size, fit_pixels
from retouch.preserve.facade import preserve
from retouch.preserve.original import composite_into_original


@pytest.fixture(scope="module")
def large():
    """A photo of 2400 x 1600 with grain."""
    photo = Image.fromarray(skimage.data.coffee()).resize((2400, 1600), Image.Resampling.LANCZOS)
    grain = np.random.default_rng(0).normal(0, 3, (1600, 2400, 1))
    return np.clip(np.asarray(photo) + grain, 0, 255).astype(np.uint8)


def edited_small(large, with_disc, as_jpeg, size_wh=(624, 416)):
    base = fit_pixels(large, fill_size(2400, 1600, size_wh))
    return as_jpeg(with_disc(base, (400, 150), 40), 90)


def test_only_the_edit_changes_in_the_large_picture(large, with_disc, as_jpeg):
    truth = np.zeros((1600, 2400), np.uint8)
    cv2.circle(truth, (1538, 577), 150, 1, -1)

    answer = composite_into_original(large, edited_small(large, with_disc, as_jpeg))

    outside = answer.change_mask == 0
    assert answer.pixels.shape == large.shape
    assert np.array_equal(answer.pixels[outside], large[outside])
    assert (answer.change_mask[truth > 0] == 1).mean() > 0.98
    assert answer.changed_share < truth.mean() + 0.03
    assert answer.report.outside_is_exact


def test_the_edit_lands_where_it_belongs_to_a_pixel(large, with_disc, as_jpeg):
    answer = composite_into_original(large, edited_small(large, with_disc, as_jpeg))

    blue = (np.abs(answer.pixels.astype(int) - [40, 80, 220]).sum(axis=2) < 90).astype(np.float64)
    rows, cols = np.nonzero(blue)
    assert cols.mean() == pytest.approx((400.5 * 2400 / 624) - 0.5, abs=1.5)
    assert rows.mean() == pytest.approx((150.5 * 1600 / 416) - 0.5, abs=1.5)


def test_the_enlarged_edit_gets_the_grain_of_its_surroundings(large, with_disc, as_jpeg):
    answer = composite_into_original(large, edited_small(large, with_disc, as_jpeg))

    inside = answer.pixels[500:650, 1460:1610, 1].astype(float)
    assert 1.2 < (inside - cv2.GaussianBlur(inside, (0, 0), 2)).std() < 4


def test_the_file_s_own_color_space_is_kept_outside_and_used_inside(large, with_disc, as_jpeg):
    native = large[..., ::-1].copy()

    answer = composite_into_original(
        large,
        edited_small(large, with_disc, as_jpeg),
        native=native,
        to_native=lambda pixels: np.ascontiguousarray(pixels[..., ::-1]),
    )

    outside = answer.change_mask == 0
    assert np.array_equal(answer.pixels[outside], native[outside])
    assert answer.pixels[577, 1538, 0] > 180  # blue comes first in this "space"


def test_a_given_mask_at_full_resolution_is_never_left(large, with_disc, as_jpeg):
    mask = np.zeros((1600, 2400), np.float32)
    mask[430:730, 1390:1690] = 1

    answer = composite_into_original(large, edited_small(large, with_disc, as_jpeg), mask=mask)

    assert not answer.change_mask[mask == 0].any()
    assert answer.change_mask[577, 1538] == 1


def test_an_edit_of_the_whole_picture_comes_back_at_the_input_s_size(large):
    negative = 255 - fit_pixels(large, fill_size(2400, 1600, (624, 416)))

    answer = composite_into_original(large, negative)

    assert answer.report.kind == "global"
    assert answer.pixels.shape == large.shape


def test_a_mask_of_another_size_is_refused(large):
    with pytest.raises(InvalidValueError, match="mask must be 2400 x 1600"):
        composite_into_original(large, large, mask=np.zeros((10, 10), np.float32))


def test_a_large_edited_picture_is_compared_small_and_composited_large(large, with_disc, as_jpeg):
    edited = as_jpeg(with_disc(large, (1500, 600), 90), 92)

    answer = preserve(large, edited)

    truth = np.zeros((1600, 2400), np.uint8)
    cv2.circle(truth, (1500, 600), 90, 1, -1)
    outside = answer.change_mask == 0
    assert np.array_equal(answer.pixels[outside], large[outside])
    assert (answer.change_mask[truth > 0] == 1).mean() > 0.99
    assert answer.changed_share < 0.02
    assert np.abs(answer.pixels[600, 1500].astype(int) - [40, 80, 220]).max() < 12
