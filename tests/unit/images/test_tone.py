import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retouch.images.color import luminance
from retouch.images.tone import (
    apply_color_table,
    brighten,
    fit_linear_gamut,
    planckian_xy,
    s_curve,
    white_balance_matrix,
)

RAMP = np.linspace(0, 1, 257)


def test_the_identity_function_changes_nothing():
    photo = skimage.data.chelsea()

    assert np.array_equal(apply_color_table(photo, lambda rgb: rgb), photo)


def test_a_table_is_as_good_as_the_function():
    photo = skimage.data.coffee()

    changed = apply_color_table(photo, lambda rgb: rgb[..., ::-1] * 0.5)

    exact = apply_color_table(photo[..., ::-1].copy(), lambda rgb: rgb * 0.5)
    assert np.abs(changed.astype(int) - exact).max() <= 1


def test_a_table_keeps_grey_grey():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)

    changed = apply_color_table(ramp, lambda rgb: rgb**1.3)

    assert np.ptp(changed.astype(int), axis=2).max() == 0


@given(ev=st.floats(-3, 3))
def test_exposure_never_clips_and_its_opposite_undoes_it(ev):
    exposed = brighten(RAMP, ev)

    assert exposed[0] == 0
    assert exposed[-1] == pytest.approx(1)
    assert (np.diff(exposed) > 0).all()
    assert np.allclose(brighten(exposed, -ev), RAMP, atol=1e-9)


@given(pivot=st.floats(0.1, 0.9), contrast=st.floats(0.4, 3))
def test_the_s_curve_rises_and_holds_black_pivot_and_white(pivot, contrast):
    curve = s_curve(RAMP, pivot, contrast)

    assert (np.diff(curve) > 0).all()
    assert s_curve(np.array([0.0, pivot, 1.0]), pivot, contrast) == pytest.approx([0, pivot, 1])
    step = 1e-4
    slope = (s_curve(np.array([pivot + step]), pivot, contrast) - pivot) / step
    assert slope[0] == pytest.approx(contrast, rel=0.02)


@given(linear=arrays(np.float32, (8, 3), elements=st.floats(-0.5, 2, width=32)))
def test_fitting_the_gamut_keeps_luminance_where_it_can(linear):
    fitted = fit_linear_gamut(linear)

    assert fitted.min() >= 0
    assert fitted.max() <= 1
    assert np.allclose(luminance(fitted), np.clip(luminance(linear), 0, 1), atol=1e-3)


@given(linear=arrays(np.float32, (8, 3), elements=st.floats(0, 1, width=32)))
def test_colors_inside_the_gamut_stay(linear):
    assert np.allclose(fit_linear_gamut(linear), linear, atol=1e-5)


@pytest.mark.parametrize(
    ("kelvin", "xy"),
    [(2000, (0.5267, 0.4133)), (2856, (0.4476, 0.4075)), (6500, (0.3135, 0.3237)), (10000, (0.2807, 0.2884))],
)
def test_black_bodies_have_their_known_chromaticity(kelvin, xy):
    assert planckian_xy(kelvin) == pytest.approx(xy, abs=0.002)


@given(mireds=st.floats(-80, 150))
def test_white_balance_keeps_the_luminance_of_grey(mireds):
    tinted = np.ones(3, np.float32) @ white_balance_matrix(mireds).T

    assert luminance(tinted) == pytest.approx(1, abs=1e-4)
    if abs(mireds) > 1:
        assert (tinted[0] > tinted[2]) == (mireds > 0)


def test_warm_then_cool_is_where_it_started():
    there, back = white_balance_matrix(40.0), white_balance_matrix(-40.0)

    assert np.abs(there @ back / (there @ back)[1, 1] - np.eye(3)).max() < 0.15
