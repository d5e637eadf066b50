import numpy as np
import pytest

from retouch.images.compose import (
    Layer,
    bleed_colors,
    blur_layer,
    flip_layer,
    layer_from_rgba,
    overlap,
    pad_layer,
    resize_layer,
    rotate_layer,
    sharpen_layer,
)


def disc(size: int = 40) -> np.ndarray:
    rows, cols = np.mgrid[:size, :size] + 0.5
    distance = np.hypot(rows - size / 2, cols - size / 2)
    alpha = np.clip(size * 0.4 - distance + 0.5, 0, 1)
    # The hidden colour is a glaring green: it must never come to light.
    colors = np.where((alpha > 0.89)[..., None], (200, 40, 40), (0, 255, 0))
    return np.dstack([colors, alpha * 255]).astype(np.uint8)


def test_hidden_colors_never_come_to_light() -> None:
    layer = layer_from_rgba(disc())
    for shown in (
        layer,
        resize_layer(layer, (23, 23)),
        resize_layer(layer, (70, 70)),
        blur_layer(pad_layer(layer, 8), 2.0),
    ):
        visible = shown.alpha > 0.02
        assert (shown.linear[visible][:, 1] < shown.linear[visible][:, 0] * 0.3).all()


def test_solid_colors_are_kept_bit_for_bit_by_bleeding() -> None:
    rng = np.random.default_rng(0)
    linear = rng.random((20, 20, 3), dtype=np.float32)
    alpha = np.zeros((20, 20), np.float32)
    alpha[5:15, 5:15] = 1
    bled = bleed_colors(linear, alpha)
    assert np.array_equal(bled[alpha == 1], linear[alpha == 1])
    assert not np.array_equal(bled, linear)


def test_nothing_solid_leaves_the_colors_alone() -> None:
    linear = np.full((4, 4, 3), 0.5, np.float32)
    assert bleed_colors(linear, np.full((4, 4), 0.3, np.float32)) is linear


def test_a_resize_keeps_the_covered_area_and_the_color() -> None:
    layer = layer_from_rgba(disc(80))
    small = resize_layer(layer, (20, 20))
    assert small.alpha.sum() * 16 == pytest.approx(layer.alpha.sum(), rel=0.02)
    assert small.linear[10, 10] == pytest.approx(layer.linear[40, 40], abs=1e-3)


def test_the_same_size_and_no_blur_are_the_identity() -> None:
    layer = layer_from_rgba(disc())
    assert resize_layer(layer, (40, 40)) is layer
    assert blur_layer(layer, 0.0) is layer
    assert sharpen_layer(layer, 1.0, 0.0) is layer


def test_flipping_twice_is_the_identity() -> None:
    layer = Layer(np.random.default_rng(1).random((6, 9, 3), dtype=np.float32), np.ones((6, 9), np.float32))
    assert np.array_equal(flip_layer(flip_layer(layer)).linear, layer.linear)
    assert not np.array_equal(flip_layer(layer).linear, layer.linear)


@pytest.mark.parametrize(
    ("top", "left", "meets"), [(0, 0, True), (-3, -3, True), (9, 9, True), (-4, 0, False), (0, 10, False)]
)
def test_an_overlap_is_cut_to_both_or_is_none(top: int, left: int, meets: bool) -> None:
    window = overlap((10, 10), (4, 4), top, left)
    assert (window is not None) == meets
    if window is not None:
        picture, layer = np.zeros((10, 10)), np.zeros((4, 4))
        assert picture[window.rows, window.cols].shape == layer[window.layer_rows, window.layer_cols].shape
        assert picture[window.rows, window.cols].size > 0


def test_sharpening_raises_contrast_inside() -> None:
    ramp = np.repeat(np.linspace(0.2, 0.6, 30, dtype=np.float32)[None, :, None], 30, axis=0).repeat(3, axis=2)
    ramp[:, 15:] += 0.2
    layer = Layer(ramp, np.ones((30, 30), np.float32))
    sharper = sharpen_layer(layer, 1.5, 0.8)
    assert np.ptp(sharper.linear[15, 12:18, 0]) > np.ptp(ramp[15, 12:18, 0])


def test_a_layer_turned_clockwise_leans_to_the_right_and_says_where_its_foot_is() -> None:
    mast = Layer(np.full((60, 10, 3), 0.5, np.float32), np.ones((60, 10), np.float32))
    turned, foot_x, foot_y = rotate_layer(mast, 30.0)
    rows, cols = np.nonzero(turned.alpha > 0.5)
    assert cols[rows < 15].mean() > foot_x + 15
    assert abs(cols[rows > foot_y - 6].mean() - foot_x) < 5
    assert np.allclose(turned.linear, 0.5)
    assert abs(turned.alpha.sum() - mast.alpha.sum()) < 0.1 * mast.alpha.sum()


def test_a_layer_that_is_not_turned_is_the_same() -> None:
    layer = layer_from_rgba(disc())
    assert rotate_layer(layer, 0.0) == (layer, 20.0, 40.0)
