import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from retouch import kontext
from retouch.images.geometry import center_crop_box, fill_size, fit_mask, fit_pixels, plan_fit

sides = st.integers(1, 5000)


@given(width=sides, height=sides, ratio=st.floats(0.2, 5.0))
def test_the_crop_has_the_ratio_is_centered_and_lies_inside(width, height, ratio):
    left, top, right, bottom = center_crop_box(width, height, ratio)

    assert (right - left) / (bottom - top) == pytest.approx(ratio)
    assert left + right == pytest.approx(width)
    assert top + bottom == pytest.approx(height)
    assert -1e-6 <= left < right <= width + 1e-6
    assert -1e-6 <= top < bottom <= height + 1e-6


@given(width=sides, height=sides, ratio=st.floats(0.2, 5.0))
def test_the_crop_is_as_large_as_possible(width, height, ratio):
    left, top, right, bottom = center_crop_box(width, height, ratio)

    assert right - left == pytest.approx(width) or bottom - top == pytest.approx(height)


@given(width=sides, height=sides)
def test_without_a_preset_the_size_is_one_the_model_knows(width, height):
    fit = plan_fit(width, height, aspect_ratio=None, keep_size=False)

    assert fit.size_wh in kontext.PREFERRED_SIZES_WH
    nearest = min(abs(width / height - w / h) for w, h in kontext.PREFERRED_SIZES_WH)
    assert abs(width / height - fit.size_wh[0] / fit.size_wh[1]) == pytest.approx(nearest)


@given(width=sides, height=sides)
def test_keeping_the_size_crops_nothing(width, height):
    fit = plan_fit(width, height, aspect_ratio=None, keep_size=True)

    assert fit.size_wh == (width, height)
    assert fit.box == (0.0, 0.0, width, height)


@pytest.mark.parametrize("aspect_ratio", kontext.ASPECT_RATIOS)
def test_a_preset_gives_its_size(aspect_ratio):
    fit = plan_fit(640, 480, aspect_ratio=aspect_ratio, keep_size=False)

    assert fit.size_wh == kontext.preset_size_wh(aspect_ratio)


def test_the_documented_size_of_a_4_to_3_photo():
    assert plan_fit(1024, 768, aspect_ratio=None, keep_size=False).size_wh == (1184, 880)


def test_a_picture_of_the_right_size_comes_back_bit_identical():
    pixels = skimage.data.chelsea()

    assert fit_pixels(pixels, fill_size(451, 300, (451, 300))) is pixels


@pytest.mark.parametrize("channels", [3, 4])
@settings(max_examples=20, deadline=None)
@given(
    width=st.integers(8, 200), height=st.integers(8, 200), size_wh=st.tuples(st.integers(8, 120), st.integers(8, 120))
)
def test_a_flat_picture_stays_flat_at_any_size(channels, width, height, size_wh):
    pixels = np.full((height, width, channels), 77, np.uint8)
    pixels[..., 3:] = 255

    fitted = fit_pixels(pixels, fill_size(width, height, size_wh))

    assert fitted.shape == (size_wh[1], size_wh[0], channels)
    assert (fitted[..., :3] == 77).all()
    assert (fitted[..., 3:] == 255).all()


def test_the_center_of_the_picture_stays_in_the_center():
    pixels = np.zeros((101, 201, 3), np.uint8)
    pixels[45:56, 95:106] = 255

    fitted = fit_pixels(pixels, fill_size(201, 101, (64, 64))).astype(float)[..., 0]

    rows, columns = np.mgrid[:64, :64]
    assert (rows * fitted).sum() / fitted.sum() == pytest.approx(31.5, abs=0.2)
    assert (columns * fitted).sum() / fitted.sum() == pytest.approx(31.5, abs=0.2)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), size_wh=st.tuples(st.integers(8, 120), st.integers(8, 120)))
def test_a_mask_never_leaves_0_to_1(seed, size_wh):
    mask = (np.random.default_rng(seed).random((60, 90)) > 0.5).astype(np.float32)

    fitted = fit_mask(mask, fill_size(90, 60, size_wh))

    assert fitted.shape == (size_wh[1], size_wh[0])
    assert fitted.dtype == np.float32
    assert 0 <= fitted.min() <= fitted.max() <= 1
