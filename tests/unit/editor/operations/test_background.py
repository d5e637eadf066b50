from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from retouch.editor.instructions.plan import Background, ChangeBackground, ColorValue, Target, TargetKind
from retouch.editor.operations import background, background_large
from retouch.editor.operations.background import change_background, contact_shadow
from retouch.editor.operations.background_blur import (
    blur_radius_px,
    defocus,
    defocus_by_depth,
    disc_kernel,
    ground_defocus,
)
from retouch.errors import EditAbortedError, InvalidValueError, UnsupportedInstructionError

IT = Target(TargetKind.SUBJECT, "the subject")
WHITE = ColorValue("white", (255, 255, 255))
TEAL = ColorValue("teal", (20, 130, 130))
ORANGE = ColorValue("orange", (240, 150, 40))

WITHOUT_A_PICTURE = [
    ChangeBackground(Background.BLUR, IT),
    ChangeBackground(Background.BLUR, IT, strength=2.0),
    ChangeBackground(Background.COLOR, IT, colors=(WHITE,)),
    ChangeBackground(Background.GRADIENT, IT, colors=(TEAL, ORANGE)),
    ChangeBackground(Background.TRANSPARENT, IT),
]


def sharpness(pixels, where):
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_32F))[where].mean())


@pytest.fixture
def cat(disc):
    """A real photo with a round subject in it."""
    photo = skimage.data.chelsea()
    return photo, disc(photo.shape[:2], (140, 190), 80, 8.0)


@pytest.mark.parametrize("operation", WITHOUT_A_PICTURE, ids=lambda o: f"{o.kind}-{o.strength}")
def test_the_subject_stays_bit_identical(operation, cat, make_stage, make_context):
    pixels, matte = cat

    after = change_background(make_stage(pixels, matte), operation, make_context())

    inside = matte == 1
    assert np.array_equal(after.pixels[inside][:, :3], pixels[inside])
    assert np.allclose(after.change_mask, 1 - matte)
    assert not after.is_global


@pytest.mark.parametrize("operation", WITHOUT_A_PICTURE, ids=lambda o: f"{o.kind}-{o.strength}")
def test_a_large_picture_in_strips_comes_out_as_in_one_piece(operation, cat, make_stage, make_context, monkeypatch):
    stage = make_stage(*cat)
    whole = change_background(stage, operation, make_context(seed=1)).pixels
    monkeypatch.setattr(background, "MAX_WHOLE_PIXELS", 1000)
    monkeypatch.setattr(background_large, "_WORKED_PIXELS", 40_000)
    monkeypatch.setattr(background_large, "_STRIP_PIXELS", 30_000)

    in_strips = change_background(stage, operation, make_context(seed=1)).pixels

    assert np.array_equal(in_strips[cat[1] == 1], whole[cat[1] == 1])
    assert in_strips.shape == whole.shape
    visible = whole[..., 3] > 0 if whole.shape[2] == 4 else np.ones(whole.shape[:2], bool)
    difference = np.abs(in_strips.astype(float) - whole)[visible]
    assert difference.mean() < 2.0
    assert np.quantile(difference, 0.99) < 12.0


@pytest.mark.parametrize("operation", WITHOUT_A_PICTURE, ids=lambda o: f"{o.kind}-{o.strength}")
def test_the_same_seed_gives_the_same_bytes(operation, cat, make_stage, make_context):
    stage = make_stage(*cat)

    first = change_background(stage, operation, make_context(seed=7))
    second = change_background(stage, operation, make_context(seed=7))

    assert np.array_equal(first.pixels, second.pixels)


def test_blur_takes_sharpness_from_the_background_only_and_more_with_strength(disc, make_stage, make_context):
    pixels = skimage.data.coffee()
    matte = disc(pixels.shape[:2], (200, 290), 150)
    behind = matte == 0

    results = [
        change_background(make_stage(pixels, matte), ChangeBackground(Background.BLUR, IT, strength=s), make_context())
        for s in (0.5, 1.0, 2.0)
    ]

    wide = [cv2.GaussianBlur(after.pixels, (0, 0), 1.5) for after in results]
    sharp = [sharpness(p, behind) for p in [cv2.GaussianBlur(pixels, (0, 0), 1.5), *wide]]
    assert sharp[0] > 1.5 * sharp[1]
    assert sharp[1] > 1.2 * sharp[2] > 1.2 * sharp[3]


def test_blur_lets_no_color_of_the_subject_bleed_out(disc, make_stage, make_context):
    pixels = np.full((200, 200, 3), (60, 120, 70), np.uint8)
    matte = disc((200, 200), (100, 100), 50, 3.0)
    red = np.array((230, 20, 20), np.float32)
    pixels = np.rint(matte[..., None] * red + (1 - matte[..., None]) * pixels).astype(np.uint8)

    after = change_background(
        make_stage(pixels, matte), ChangeBackground(Background.BLUR, IT, strength=2.0), make_context()
    )

    around = (matte == 0) & (disc((200, 200), (100, 100), 60, 1.0) > 0)
    assert after.pixels[around][:, 0].max() < 60 + 12


def test_a_color_background_is_exactly_that_color_and_leaves_no_fringe(disc, make_stage, make_context):
    matte = disc((120, 120), (60, 60), 35, 6.0)
    pixels = np.where(
        matte[..., None] > 0, matte[..., None] * (40, 40, 200) + (1 - matte[..., None]) * (20, 160, 30), 0
    )
    pixels = np.where((matte > 0)[..., None], pixels, (20, 160, 30)).astype(np.uint8)

    after = change_background(
        make_stage(pixels, matte), ChangeBackground(Background.COLOR, IT, colors=(WHITE,)), make_context()
    )

    assert (after.pixels[matte == 0] == 255).all()
    edge = (matte > 0.1) & (matte < 0.9)
    green_excess = after.pixels[edge][:, 1].astype(int) - after.pixels[edge][:, 0]
    assert green_excess.max() < 12


def test_a_gradient_runs_from_the_first_color_to_the_second(cat, make_stage, make_context):
    pixels, matte = cat

    after = change_background(
        make_stage(pixels, matte), ChangeBackground(Background.GRADIENT, IT, colors=(TEAL, ORANGE)), make_context()
    )

    top, bottom = after.pixels[0].astype(int), after.pixels[-1].astype(int)
    assert np.abs(top - TEAL.rgb).max() <= 2
    assert np.abs(bottom[matte[-1] == 0] - ORANGE.rgb).max() <= 2
    steps = np.abs(np.diff(after.pixels[:, 440].astype(int).sum(axis=1)))
    assert steps.max() <= 9


def test_transparent_means_straight_alpha_with_the_subjects_own_colors(disc, make_stage, make_context):
    matte = disc((120, 120), (60, 60), 35, 8.0)
    blue, green = np.array((40, 40, 200)), np.array((20, 160, 30))
    pixels = np.rint(matte[..., None] * blue + (1 - matte[..., None]) * green).astype(np.uint8)

    after = change_background(make_stage(pixels, matte), ChangeBackground(Background.TRANSPARENT, IT), make_context())

    assert after.pixels.shape == (120, 120, 4)
    assert after.pixels.dtype == np.uint8
    assert np.array_equal(after.pixels[..., 3], np.rint(matte * 255).astype(np.uint8))
    visible = matte > 0.1
    assert np.abs(after.pixels[visible][:, :3].astype(int) - blue).max() < 25
    hidden = after.pixels[matte == 0][:, :3].astype(int)
    assert np.abs(hidden - green).sum(axis=1).min() > 100, "the old background must not survive under zero alpha"


def test_white_equals_the_transparent_picture_laid_on_white(cat, make_stage, make_context):
    stage = make_stage(*cat)

    cut = change_background(stage, ChangeBackground(Background.TRANSPARENT, IT), make_context()).pixels
    white = change_background(stage, ChangeBackground(Background.COLOR, IT, colors=(WHITE,)), make_context()).pixels

    alpha = cut[..., 3:].astype(np.float32) / 255
    laid = cut[..., :3] * alpha + 255 * (1 - alpha)
    assert np.abs(laid - white).max() < 2


def test_another_picture_fills_the_background(cat, make_stage, make_context):
    pixels, matte = cat
    scenery = skimage.data.rocket()

    after = change_background(
        make_stage(pixels, matte),
        ChangeBackground(Background.PICTURE, IT, background_image_index=1),
        make_context(pixels, scenery),
    )

    fitted = cv2.resize(scenery, (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_AREA)
    corner = (slice(0, 40), slice(360, 440))
    assert np.abs(after.pixels[corner].astype(int) - fitted[corner]).mean() < 12
    assert np.array_equal(after.pixels[matte == 1], pixels[matte == 1])
    assert (after.change_mask[matte == 1] == 0).all()


def test_what_an_earlier_operation_added_stays_in_front(cat, disc, make_stage, make_context):
    pixels, matte = cat
    ball = disc(pixels.shape[:2], (40, 400), 15)
    stage = make_stage(pixels, matte, added={"ball": ball})

    after = change_background(stage, ChangeBackground(Background.COLOR, IT, colors=(WHITE,)), make_context())

    assert np.array_equal(after.pixels[ball == 1], pixels[ball == 1])


def test_a_second_background_keeps_the_transparency_of_the_first(cat, make_stage, make_context):
    pixels, matte = cat
    stage = make_stage(pixels, matte)
    cut = change_background(stage, ChangeBackground(Background.TRANSPARENT, IT), make_context())

    after = change_background(cut, ChangeBackground(Background.COLOR, IT, colors=(TEAL,)), make_context())

    assert after.pixels.shape[2] == 3
    assert (after.pixels[matte == 0] == TEAL.rgb).all()


def test_a_picture_without_a_subject_is_refused_with_a_hint(make_stage, make_context):
    pixels = skimage.data.rocket()
    stage = make_stage(pixels, np.zeros(pixels.shape[:2], np.float32), present=False)

    with pytest.raises(UnsupportedInstructionError, match="stands out") as caught:
        change_background(stage, ChangeBackground(Background.BLUR, IT), make_context())

    assert caught.value.not_understood == ("the subject",)


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        (ChangeBackground(Background.COLOR, IT), "colors"),
        (ChangeBackground(Background.GRADIENT, IT, colors=(TEAL,)), "colors"),
        (ChangeBackground(Background.PICTURE, IT), "background_image_index"),
    ],
)
def test_a_missing_part_is_named(operation, field, cat, make_stage, make_context):
    with pytest.raises(InvalidValueError, match=field) as caught:
        change_background(make_stage(*cat), operation, make_context())

    assert caught.value.field == field


def test_an_abort_stops_it(cat, make_stage, make_context):
    with pytest.raises(EditAbortedError):
        change_background(make_stage(*cat), WITHOUT_A_PICTURE[0], make_context(should_abort=lambda: True))


def test_the_shadow_lies_under_the_feet_and_nowhere_else(disc):
    matte = disc((200, 200), (90, 100), 40)

    shadow = contact_shadow(matte)

    row, _ = np.unravel_index(np.argmax(shadow), shadow.shape)
    assert 120 < row < 140
    assert shadow[:90].max() < 0.01
    assert 0.02 < shadow.max() <= 0.5


def test_a_subject_cut_by_the_lower_border_gets_no_shadow(disc):
    assert contact_shadow(disc((100, 100), (90, 50), 40)).max() == 0


@given(radius=st.floats(0, 30))
def test_the_disc_kernel_is_a_symmetric_average(radius):
    kernel = disc_kernel(radius)

    assert np.isclose(kernel.sum(), 1, atol=1e-5)
    assert np.allclose(kernel, kernel.T)
    assert np.allclose(kernel, kernel[::-1])


@settings(max_examples=15, deadline=None)
@given(value=st.floats(0.02, 0.98), strength=st.floats(0.2, 3))
def test_a_flat_background_is_blurred_to_itself(value, strength):
    flat = np.full((60, 80, 3), value, np.float32)
    alpha = np.zeros((60, 80), np.float32)
    alpha[20:40, 20:40] = 1

    blurred = defocus(flat, alpha, blur_radius_px(60, 80, strength))

    assert np.abs(blurred - value).max() < 2e-3


def test_strength_is_relative_to_the_size_of_the_picture():
    assert blur_radius_px(880, 1184, 1.0) == pytest.approx(2 * blur_radius_px(440, 592, 1.0))


def test_the_ground_at_the_subjects_foot_stays_in_focus(disc):
    matte = disc((200, 200), (110, 100), 40)
    ground = np.zeros((200, 200), np.float32)
    ground[80:] = 1 - matte[80:]

    share = ground_defocus(matte, ground, 70.0)

    assert share is not None
    assert share[:70].min() > 0.95, "what stands behind the ground is wholly out of focus"
    assert share[149, 20] < 0.1
    column = share[95:145, 20]
    assert (np.diff(column) <= 1e-6).all(), "the nearer to the foot, the sharper"
    assert share[199, 20] > share[160, 20]


def test_a_subject_whose_foot_is_cut_off_is_blurred_evenly_behind(disc):
    assert ground_defocus(disc((100, 100), (90, 50), 40), np.ones((100, 100), np.float32), 20.0) is None


def test_no_share_of_the_blur_leaves_the_layer_as_it_is():
    layer = np.random.default_rng(1).random((40, 60, 3), dtype=np.float32)
    nothing = np.zeros((40, 60), np.float32)

    assert np.array_equal(defocus_by_depth(layer, nothing, 6.0, nothing), layer)
    assert np.allclose(defocus_by_depth(layer, nothing, 6.0, nothing + 1), defocus(layer, nothing, 6.0), atol=1e-6)


@pytest.mark.parametrize(
    ("sure", "at", "said"),
    [(0.6, (0.9, 0.1), "top right"), (0.6, (0.5, 0.5), "its middle"), (0.95, (0.9, 0.1), ""), (0.5, None, "")],
)
def test_a_cut_out_whose_outline_is_not_certain_says_where_to_look(make_stage, make_context, disc, sure, at, said):
    pixels = np.full((60, 80, 3), 120, np.uint8)
    stage = make_stage(pixels, disc((60, 80), (30, 40), 15))
    subject = replace(stage.scene.subject, edge_confidence=sure, unsure_at=at)
    stage.scene.subject = subject
    operation = ChangeBackground(Background.TRANSPARENT, Target(TargetKind.SUBJECT, ""))

    notes = change_background(stage, operation, make_context()).notes

    assert (said in " ".join(notes)) if said else not notes
