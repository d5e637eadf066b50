import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retouch.errors import InvalidValueError
from retouch.images.geometry import fill_size, fit_pixels
from retouch.preserve.facade import preserve
from retouch.preserve.restore import preserve_fitted


def assert_untouched_outside(answer, base):
    outside = answer.change_mask == 0
    assert np.array_equal(answer.pixels[outside], base[outside])


def test_identical_pictures_change_nothing(coffee):
    answer = preserve_fitted(coffee, coffee.copy())

    assert answer.report.kind == "none"
    assert answer.changed_share == 0
    assert np.array_equal(answer.pixels, coffee)


@pytest.mark.parametrize("quality", [60, 75, 95])
def test_recompression_alone_changes_nothing(coffee, as_jpeg, quality):
    answer = preserve_fitted(coffee, as_jpeg(coffee, quality))

    assert answer.changed_share == 0
    assert np.array_equal(answer.pixels, coffee)


def test_an_exact_editor_s_edit_is_kept_to_the_pixel(coffee, with_disc):
    edited = with_disc(coffee, (300, 200), 60)

    answer = preserve_fitted(coffee, edited)

    assert np.array_equal(answer.pixels, edited)
    assert 0.02 < answer.changed_share < 0.06


@pytest.mark.parametrize("radius", [8, 20, 90])
def test_an_object_is_kept_whole_and_the_rest_is_the_input_s(astronaut, with_disc, moved, as_jpeg, radius):
    truth = np.zeros(astronaut.shape[:2], np.uint8)
    cv2.circle(truth, (180, 300), radius, 1, -1)
    edited, _ = moved(with_disc(astronaut, (180, 300), radius), dx=0.7, dy=-0.4)

    answer = preserve_fitted(astronaut, as_jpeg(edited, 80))

    assert answer.report.kind == "local"
    assert (answer.change_mask[truth > 0] > 0.5).mean() > 0.99
    assert answer.changed_share < truth.mean() + 0.03
    assert_untouched_outside(answer, astronaut)


def test_a_soft_shadow_beside_an_object_belongs_to_the_edit(astronaut, with_disc, as_jpeg):
    rows, cols = np.mgrid[:480, :640]
    shadow = np.clip(1 - np.hypot((cols - 260) / 90, (rows - 390) / 25), 0, 1)[..., None]
    shaded = np.clip(astronaut * (1 - 0.5 * shadow) + 0.5, 0, 255).astype(np.uint8)
    edited = with_disc(shaded, (180, 340), 50)

    answer = preserve_fitted(astronaut, as_jpeg(edited, 85))

    visible = np.linalg.norm(shaded.astype(float) - astronaut, axis=2) > 15
    assert (answer.change_mask[visible] > 0.5).mean() > 0.98


def test_a_faint_change_of_delta_e_6_is_found(coffee, as_jpeg):
    lab = cv2.cvtColor(coffee.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    where = np.zeros(coffee.shape[:2], np.uint8)
    cv2.circle(where, (500, 100), 30, 1, -1)
    lab[where > 0] += (-4, 4.4, 0)
    edited = (np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1) * 255 + 0.5).astype(np.uint8)
    edited[where == 0] = coffee[where == 0]

    answer = preserve_fitted(coffee, as_jpeg(edited, 85))

    assert (answer.change_mask[where > 0] > 0.5).mean() > 0.97
    assert answer.changed_share < 0.05


def test_a_new_background_keeps_the_subject_exactly(coffee, astronaut, as_jpeg):
    subject = np.zeros(coffee.shape[:2], np.uint8)
    cv2.ellipse(subject, (320, 240), (200, 170), 0, 0, 360, 1, -1)
    edited = np.where(subject[..., None] > 0, coffee, astronaut)

    answer = preserve_fitted(coffee, as_jpeg(edited))

    assert answer.report.kind == "background"
    assert (answer.change_mask[subject == 0] > 0.5).mean() > 0.99
    assert (answer.change_mask[subject > 0] == 0).mean() > 0.8
    assert_untouched_outside(answer, coffee)


@pytest.mark.parametrize(
    "change",
    [
        lambda pixels: cv2.stylization(pixels, sigma_s=40, sigma_r=0.5),
        lambda pixels: (pixels * np.linspace(0.3, 0.7, pixels.shape[1])[None, :, None]).astype(np.uint8),
        lambda pixels: 255 - pixels,
    ],
    ids=["style", "relight", "negative"],
)
def test_an_edit_of_the_whole_picture_is_said_to_be_global_and_left_alone(coffee, change):
    edited = change(coffee)

    answer = preserve_fitted(coffee, edited)

    assert answer.report.kind == "global"
    assert answer.changed_share == 1
    assert np.array_equal(answer.pixels, edited)


def test_a_picture_of_something_else_is_left_alone_and_said_to_be_unalignable(coffee, astronaut):
    answer = preserve_fitted(coffee, astronaut)

    assert answer.report.kind == "global"
    assert not answer.report.alignment.found
    assert "aligned" in answer.report.summary


def test_preserving_twice_changes_nothing_more(astronaut, with_disc, moved, as_jpeg):
    edited, _ = moved(with_disc(astronaut, (200, 260), 50), dx=1.2)
    once = preserve_fitted(astronaut, as_jpeg(edited))

    twice = preserve_fitted(astronaut, once.pixels)

    assert np.array_equal(twice.pixels, once.pixels)


def test_the_same_inputs_give_the_same_pixels(astronaut, with_disc, as_jpeg):
    edited = as_jpeg(with_disc(astronaut, (200, 260), 50))

    first, second = (preserve_fitted(astronaut, edited, seed=3) for _ in range(2))

    assert np.array_equal(first.pixels, second.pixels)


def test_a_given_mask_is_never_left(coffee, with_disc, as_jpeg):
    mask = np.zeros(coffee.shape[:2], np.float32)
    mask[120:280, 220:380] = 1

    answer = preserve_fitted(coffee, as_jpeg(with_disc(coffee, (300, 200), 60), 70), mask=mask)

    assert not answer.change_mask[mask == 0].any()
    assert answer.change_mask[150:250, 250:350].all()
    assert_untouched_outside(answer, coffee)


def test_outside_of_the_edit_the_answer_is_the_plain_crop_and_lanczos_resize_of_the_input(
    astronaut, with_disc, as_jpeg
):
    size_wh = (592, 440)
    base = fit_pixels(astronaut, fill_size(640, 480, size_wh))

    answer = preserve(astronaut, as_jpeg(with_disc(base, (300, 200), 40)))

    assert answer.pixels.shape == (440, 592, 3)
    assert answer.changed_share < 0.06
    assert_untouched_outside(answer, base)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_edited_the_answer_equals_the_input_outside_of_its_mask(coffee, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**16)))
    base = coffee[::2, ::2].copy()
    edited = np.clip(base + rng.normal(0, data.draw(st.floats(0, 6)), base.shape), 0, 255).astype(np.uint8)
    for _ in range(data.draw(st.integers(0, 4))):
        row, col = rng.integers(0, 200), rng.integers(0, 280)
        edited[row : row + rng.integers(4, 120), col : col + rng.integers(4, 120)] = rng.integers(0, 255, 3)

    answer = preserve_fitted(base, edited)

    assert_untouched_outside(answer, base)
    assert answer.report.outside_is_exact
    assert answer.changed_share == pytest.approx((answer.change_mask > 0).mean())


def test_wrong_sizes_are_refused(coffee):
    with pytest.raises(InvalidValueError, match="edited must be 640 x 480 pixels"):
        preserve_fitted(coffee, coffee[:100])
    with pytest.raises(InvalidValueError, match="mask must be"):
        preserve_fitted(coffee, coffee, mask=np.zeros((10, 10), np.float32))
    with pytest.raises(InvalidValueError, match="edited must be an array"):
        preserve(coffee, coffee[..., 0])
