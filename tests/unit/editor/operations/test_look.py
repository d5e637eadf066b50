import numpy as np
import pytest
import skimage.data

from retouch.editor.instructions.plan import AdjustLook, Look, Target, TargetKind
from retouch.editor.operations.look import adjust_look, apply_look, middle_lightness
from retouch.images.color import oklab_to_oklch, srgb8_to_oklab

IT = Target(TargetKind.SUBJECT, "it")
ALL = list(Look)


@pytest.fixture(scope="module")
def photo():
    return skimage.data.astronaut()[::2, ::2].copy()


def looked(pixels, look, strength=1.0, seed=1):
    return apply_look(pixels, look, strength, np.random.default_rng(seed))


def mean_lch(pixels):
    return oklab_to_oklch(srgb8_to_oklab(pixels)).reshape(-1, 3).mean(axis=0)


@pytest.mark.parametrize("look", ALL)
def test_strength_0_leaves_the_picture_as_it_is(look, photo):
    assert np.array_equal(looked(photo, look, 0.0), photo)


@pytest.mark.parametrize("look", ALL)
def test_more_strength_means_more_change(look, photo):
    change = [np.abs(looked(photo, look, s).astype(int) - photo).mean() for s in (0.5, 1.0, 1.6)]

    assert 0 < change[0] < change[1] <= change[2] * 1.05


@pytest.mark.parametrize("look", ALL)
def test_the_same_seed_gives_the_same_bytes(look, photo):
    assert np.array_equal(looked(photo, look, seed=3), looked(photo, look, seed=3))


@pytest.mark.parametrize("look", [look for look in ALL if look is not Look.VINTAGE])
@pytest.mark.parametrize("strength", [0.5, 1.0, 1.6])
def test_tones_keep_their_order_and_none_clip(look, strength):
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)

    tones = looked(ramp, look, strength).astype(int).sum(axis=2)[0]

    assert (np.diff(tones) >= -1).all()
    assert len(np.unique(tones)) > 150
    assert (tones[8:248] > 0).all()
    assert (tones[8:248] < 765).all()


@pytest.mark.parametrize("look", ALL)
def test_without_a_target_it_is_global(look, photo, make_stage, make_context):
    stage = make_stage(photo, np.zeros(photo.shape[:2], np.float32))

    after = adjust_look(stage, AdjustLook(look), make_context())

    assert after.is_global
    assert (after.change_mask == 1).all()


@pytest.mark.parametrize("look", ALL)
def test_with_a_target_everything_else_stays_bit_identical(look, photo, disc, make_stage, make_context):
    matte = disc(photo.shape[:2], (120, 120), 60, 6.0)

    after = adjust_look(make_stage(photo, matte), AdjustLook(look, target=IT), make_context())

    assert np.array_equal(after.pixels[matte == 0], photo[matte == 0])
    assert not np.array_equal(after.pixels[matte == 1], photo[matte == 1])
    assert np.array_equal(after.change_mask, matte)
    assert not after.is_global
    assert after.resolutions[0].verified


def test_black_and_white_is_grey_and_separates_colors_of_one_luminance(photo):
    grey = looked(photo, Look.BLACK_AND_WHITE)

    assert np.ptp(grey.astype(int), axis=2).max() <= 1
    red_and_blue = np.array([[[200, 60, 50], [50, 95, 220]]], np.uint8)
    pair = looked(red_and_blue, Look.BLACK_AND_WHITE).astype(int)
    assert pair[0, 0, 0] - pair[0, 1, 0] > 10


def test_sepia_is_brown_everywhere_but_at_black_and_white(photo):
    lch = oklab_to_oklch(srgb8_to_oklab(looked(photo, Look.SEPIA))).reshape(-1, 3)

    middle = lch[(lch[:, 0] > 0.3) & (lch[:, 0] < 0.8)]
    assert middle[:, 2].std() < 8
    assert 50 < middle[:, 2].mean() < 80
    assert 0.03 < middle[:, 1].mean() < 0.12


def test_vintage_lifts_black_darkens_corners_and_adds_grain():
    flat = np.full((200, 300, 3), 150, np.uint8)
    black = np.zeros((200, 300, 3), np.uint8)

    aged = looked(flat, Look.VINTAGE).astype(int)

    assert looked(black, Look.VINTAGE)[100, 150].min() > 8
    assert aged[:20, :20].mean() < aged[90:110, 140:160].mean() - 8
    assert 1 < aged[80:120, 120:180, 0].std() < 8
    assert not np.array_equal(aged, looked(flat, Look.VINTAGE, seed=2))


@pytest.mark.parametrize(("look", "sign"), [(Look.WARMER, 1), (Look.COOLER, -1)])
def test_temperature_moves_grey_along_the_planckian_locus(look, sign):
    grey = np.full((4, 4, 3), 128, np.uint8)

    red, green, blue = (int(v) for v in looked(grey, look)[0, 0])

    assert sign * (red - green) > 3
    assert sign * (green - blue) > 3
    assert abs(mean_lch(looked(grey, look))[0] - mean_lch(grey)[0]) < 0.03


@pytest.mark.parametrize(("look", "sign"), [(Look.BRIGHTER, 1), (Look.DARKER, -1)])
def test_exposure_moves_lightness_and_holds_black_and_white(look, sign, photo):
    ends = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)

    assert sign * (mean_lch(looked(photo, look))[0] - mean_lch(photo)[0]) > 0.03
    assert np.array_equal(looked(ends, look), ends)


@pytest.mark.parametrize(("look", "sign"), [(Look.MORE_CONTRAST, 1), (Look.LESS_CONTRAST, -1)])
def test_contrast_spreads_tones_around_the_pictures_own_middle(look, sign, photo):
    before, after = srgb8_to_oklab(photo)[..., 0], srgb8_to_oklab(looked(photo, look))[..., 0]

    assert sign * (after.std() - before.std()) > 0.01
    at_middle = np.abs(before - middle_lightness(photo)) < 0.01
    assert np.abs(after[at_middle] - before[at_middle]).mean() < 0.015


@pytest.mark.parametrize(("look", "sign"), [(Look.MORE_SATURATED, 1), (Look.LESS_SATURATED, -1)])
def test_saturation_moves_chroma_and_keeps_hue(look, sign, photo):
    old, new = (oklab_to_oklch(srgb8_to_oklab(p)).reshape(-1, 3) for p in (photo, looked(photo, look)))
    colored = (old[:, 1] > 0.06) & (new[:, 1] > 0.02)

    turn = np.abs((new[colored, 2] - old[colored, 2] + 180) % 360 - 180)

    assert sign * (new[:, 1].mean() - old[:, 1].mean()) > 0.005
    assert np.percentile(turn, 90) < 4


def test_more_saturation_lifts_dull_colors_most_and_spares_skin():
    dull, vivid, skin = (120, 140, 150), (20, 90, 230), (214, 168, 145)
    colors = np.array([[dull, vivid, skin]], np.uint8)
    old, new = (oklab_to_oklch(srgb8_to_oklab(p))[0, :, 1] for p in (colors, looked(colors, Look.MORE_SATURATED)))

    gain = new / old

    assert gain[0] > gain[2] > 1
    assert gain[0] > 1.25 > 1.15 > gain[1]


def test_alpha_is_kept(photo):
    transparent = np.dstack([photo, np.arange(photo.shape[0] * photo.shape[1]).reshape(photo.shape[:2]) % 256])

    for look in ALL:
        assert np.array_equal(looked(transparent.astype(np.uint8), look)[..., 3], transparent[..., 3])
