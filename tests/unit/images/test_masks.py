import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retouch.images.color import to_float
from retouch.images.masks import (
    blend_pixels,
    bounding_box,
    estimate_layers,
    feather_mask,
    grow_mask,
    largest_component,
    smoothstep,
)

any_mask = arrays(np.float32, (24, 30), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))


def soft_disc(size=80, radius=25, softness=10):
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    distance = np.hypot(rows - size / 2, columns - size / 2)
    return np.clip((radius - distance) / softness + 0.5, 0, 1).astype(np.float32)


@given(mask=any_mask, seed=st.integers(0, 99))
def test_blending_is_exact_where_the_mask_is_0_or_1(mask, seed):
    rng = np.random.default_rng(seed)
    base, edited = rng.integers(0, 256, (2, 24, 30, 3), dtype=np.uint8)

    mixed = blend_pixels(base, edited, mask)

    assert np.array_equal(mixed[mask == 0], base[mask == 0])
    assert np.array_equal(mixed[mask == 1], edited[mask == 1])
    assert (mixed >= np.minimum(base, edited)).all()
    assert (mixed <= np.maximum(base, edited)).all()


@given(mask=any_mask, margin=st.integers(0, 5))
def test_the_bounding_box_holds_everything_and_lies_inside(mask, margin):
    box = bounding_box(mask, margin_px=margin)

    if box is None:
        assert mask.max() == 0
        return
    outside = mask.copy()
    outside[box] = 0
    assert outside.max() == 0
    assert box[0].start >= 0
    assert box[1].stop <= mask.shape[1]


@given(mask=any_mask, radius=st.integers(1, 4))
def test_growing_only_adds_and_shrinking_only_takes(mask, radius):
    assert (grow_mask(mask, radius) >= mask).all()
    assert (grow_mask(mask, -radius) <= mask).all()


def test_growing_by_a_radius_reaches_just_that_far():
    mask = np.zeros((21, 21), np.float32)
    mask[10, 10] = 1

    grown = grow_mask(mask, 4)

    assert grown[10, 14] == 1
    assert grown[10, 15] == 0
    assert grown[14, 14] == 0


def test_a_thing_cut_by_the_border_does_not_shrink_there():
    mask = np.ones((20, 20), np.float32)

    assert grow_mask(mask, -3).min() == 1


@settings(deadline=None)
@given(mask=any_mask, radius=st.floats(0, 6))
def test_feathering_never_reaches_outside(mask, radius):
    soft = feather_mask(mask, radius)

    assert (soft[mask == 0] == 0).all()
    assert (soft <= mask).all()


def test_only_the_largest_part_is_kept():
    mask = np.zeros((30, 30), np.float32)
    mask[2:6, 2:6] = 1
    mask[10:25, 10:25] = 0.8

    kept = largest_component(mask)

    assert kept[3, 3] == 0
    assert kept[15, 15] == 1
    assert largest_component(np.zeros_like(mask)).max() == 0


def test_layers_of_two_flat_colors_are_found_again():
    alpha = soft_disc()
    front, behind = np.array([0.8, 0.1, 0.1]), np.array([0.1, 0.4, 0.9])
    image = (alpha[..., None] * front + (1 - alpha[..., None]) * behind).astype(np.float32)

    foreground, background = estimate_layers(image, alpha)

    assert np.abs(foreground[alpha > 0.1] - front).max() < 0.1
    assert np.abs(background[alpha < 0.9] - behind).max() < 0.1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99))
def test_layers_are_the_picture_where_the_matte_is_certain(seed):
    alpha = soft_disc()
    image = np.random.default_rng(seed).random((80, 80, 3), dtype=np.float32)

    foreground, background = estimate_layers(image, alpha)

    assert np.abs((foreground - image)[alpha == 1]).max() < 1e-5
    assert np.abs((background - image)[alpha == 0]).max() < 1e-5
    assert 0 <= foreground.min() <= foreground.max() <= 1


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_layers_of_an_all_or_nothing_matte_are_finite(value):
    image = np.random.default_rng(0).random((40, 50, 3), dtype=np.float32)

    foreground, background = estimate_layers(image, np.full((40, 50), value, np.float32))

    assert np.isfinite(foreground).all()
    assert np.isfinite(background).all()


@given(values=arrays(np.float32, 20, elements=st.floats(-2, 3, width=32)))
def test_smoothstep_rises_from_0_to_1_and_falls_the_other_way(values):
    rising = smoothstep(0.2, 0.8, np.sort(values))

    assert (np.diff(rising) >= 0).all()
    assert np.allclose(smoothstep(0.8, 0.2, values), 1 - smoothstep(0.2, 0.8, values), atol=1e-5)


@pytest.mark.parametrize("background", [(0, 0, 255), (255, 255, 255)])
def test_the_foreground_is_free_of_the_background_color_where_the_matte_is_partial(
    background: tuple[int, int, int],
) -> None:
    matte = np.clip((np.arange(120, dtype=np.float32) - 50) / 20, 0, 1)[None].repeat(100, axis=0)
    red = np.array([200, 30, 20], np.float32)
    pixels = (matte[..., None] * red + (1 - matte[..., None]) * np.array(background)).round().astype(np.uint8)

    foreground, _ = estimate_layers(to_float(pixels), matte)

    assert foreground.dtype == np.float32
    rim = (matte > 0.2) & (matte < 1)
    assert np.abs(foreground[rim] * 255 - red).max() < 25
    assert np.array_equal((foreground[matte == 1] * 255).round().astype(np.uint8), pixels[matte == 1])
