import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retouch.images.color import (
    linear_to_oklab,
    linear_to_srgb,
    luminance,
    max_chroma,
    oklab_to_linear,
    oklab_to_linear_in_gamut,
    oklab_to_oklch,
    oklab_to_srgb8,
    oklch_to_oklab,
    srgb8_to_oklab,
    srgb_to_linear,
    to_float,
    to_uint8,
)

any_pixels = arrays(np.uint8, (16, 3))
any_oklab = arrays(np.float32, (12, 3), elements=st.floats(-0.375, 0.375, width=32)).map(
    lambda lab: lab + np.array([0.5, 0, 0], np.float32)
)


@given(pixels=any_pixels)
def test_float_and_back_is_exact(pixels):
    assert np.array_equal(to_uint8(to_float(pixels)), pixels)


@given(pixels=any_pixels)
def test_linear_light_and_back_is_exact(pixels):
    assert np.array_equal(to_uint8(linear_to_srgb(srgb_to_linear(pixels))), pixels)


@given(pixels=any_pixels)
def test_the_table_agrees_with_the_formula(pixels):
    assert np.allclose(srgb_to_linear(pixels), srgb_to_linear(to_float(pixels)), atol=2e-6)


@given(pixels=any_pixels)
def test_oklab_and_back_is_exact(pixels):
    assert np.abs(oklab_to_srgb8(srgb8_to_oklab(pixels)).astype(int) - pixels).max() <= 1


@given(lab=any_oklab)
def test_oklch_and_back_is_the_same_color(lab):
    assert np.allclose(oklch_to_oklab(oklab_to_oklch(lab)), lab, atol=1e-5)


@given(lab=any_oklab)
def test_bringing_into_gamut_keeps_lightness_and_hue(lab):
    linear = oklab_to_linear_in_gamut(lab)

    assert linear.min() >= 0
    assert linear.max() <= 1
    old, new = oklab_to_oklch(lab), oklab_to_oklch(linear_to_oklab(linear))
    inside = (old[:, 0] > 0.15) & (old[:, 0] < 0.98)
    assert np.abs(new[inside, 0] - old[inside, 0]).max(initial=0) < 0.02
    colored = inside & (new[:, 1] > 0.03)
    turn = np.abs((new[colored, 2] - old[colored, 2] + 180) % 360 - 180)
    assert turn.max(initial=0) < 4


@given(pixels=any_pixels)
def test_colors_inside_the_gamut_are_left_alone(pixels):
    lab = srgb8_to_oklab(pixels)

    assert np.allclose(oklab_to_linear_in_gamut(lab), np.clip(oklab_to_linear(lab), 0, 1), atol=2e-3)


@given(lightness=st.floats(0.05, 0.95), hue=st.floats(-360, 720))
def test_the_gamut_ends_at_max_chroma(lightness, hue):
    limit = float(max_chroma(np.array([lightness], np.float32), np.array([hue], np.float32))[0])

    inside, outside = (
        oklab_to_linear(oklch_to_oklab(np.array([lightness, limit * k, hue], np.float32))) for k in (0.9, 1.15)
    )
    assert inside.min() > -0.01
    assert inside.max() < 1.01
    assert outside.min() < 0 or outside.max() > 1


@pytest.mark.parametrize("lightness", [0.0, 1.0])
def test_black_and_white_have_no_chroma(lightness):
    assert max_chroma(np.array([lightness], np.float32), np.array([30.0], np.float32))[0] < 0.01


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (1.0, 0.0, 0.0)),
        ((255, 0, 0), (0.62796, 0.22486, 0.12585)),
        ((0, 255, 0), (0.86644, -0.23389, 0.17950)),
        ((0, 0, 255), (0.45201, -0.03246, -0.31153)),
    ],
)
def test_oklab_of_known_colors(rgb, lab):
    assert np.allclose(srgb8_to_oklab(np.array(rgb, np.uint8)), lab, atol=1e-3)


def test_grey_has_no_chroma():
    grey = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)

    assert np.abs(srgb8_to_oklab(grey)[:, 1:]).max() < 1e-3


def test_luminance_of_white_is_1():
    assert luminance(np.ones((2, 2, 3), np.float32)) == pytest.approx(np.ones((2, 2)))


def test_out_of_range_values_are_clipped_not_wrapped():
    assert to_uint8(np.array([-0.5, 0.5, 1.5], np.float32)).tolist() == [0, 128, 255]
    assert to_uint8(linear_to_srgb(np.array([-1.0, 2.0], np.float32))).tolist() == [0, 255]
