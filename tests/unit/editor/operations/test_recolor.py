import dataclasses

import numpy as np
import pytest
import skimage.data

from retouch.editor.instructions.plan import ColorValue, Recolor, Target, TargetKind
from retouch.editor.operations.recolor import recolor, recolor_pixels
from retouch.editor.operations.recolor_material import measure_material
from retouch.errors import EditAbortedError, UnsupportedInstructionError
from retouch.images.color import oklab_to_oklch, oklab_to_srgb8, oklch_to_oklab, srgb8_to_oklab

IT = Target(TargetKind.SUBJECT, "it")
BLUE = ColorValue("blue", (30, 90, 220))
RED = ColorValue("red", (220, 30, 35))
WHITE = ColorValue("white", (255, 255, 255))
BLACK = ColorValue("black", (0, 0, 0))
GREEN = ColorValue("green", (30, 140, 60))


def shaded_ball(chroma, hue, *, lightness=0.6, background=(235, 232, 228)):
    """A ball of one paint, lit from the top left, on a plain ground; returns pixels and matte."""
    size = 160
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    x, y = (columns - 80) / 55, (rows - 80) / 55
    radius = np.hypot(x, y)
    facing = np.sqrt(np.clip(1 - radius**2, 0, 1))
    light = np.clip(0.35 + 0.65 * (facing - 0.4 * x - 0.5 * y) / 1.4, 0.2, 1.2)
    level = lightness * np.cbrt(light / 0.8)
    lab = oklch_to_oklab(np.stack([level, chroma * level / lightness, np.full_like(level, hue)], axis=-1))
    matte = np.clip((1 - radius) * 55 / 2 + 0.5, 0, 1).astype(np.float32)
    ball = oklab_to_srgb8(lab).astype(np.float32)
    mixed = matte[..., None] * ball + (1 - matte[..., None]) * np.array(background, np.float32)
    return np.rint(mixed).astype(np.uint8), matte


def hue_of(pixels, mask):
    lab = srgb8_to_oklab(pixels)[mask > 0.95].mean(axis=0)
    return oklab_to_oklch(lab)[2]


def angle_between(first, second):
    return abs((first - second + 180) % 360 - 180)


@pytest.mark.parametrize(("sure", "expected"), [(0.95, ()), (0.5, ("bottom left",))])
def test_the_subject_is_painted_with_a_word_on_an_unsure_outline(sure, expected, make_stage, make_context):
    pixels, matte = shaded_ball(0.1, 145.0)
    stage = make_stage(pixels, matte)
    stage.scene.subject = dataclasses.replace(stage.scene.subject, edge_confidence=sure, unsure_at=(0.1, 0.9))

    notes = recolor(stage, Recolor(IT, BLUE), make_context()).notes

    assert len(notes) == len(expected)
    assert all(place in note for place, note in zip(expected, notes, strict=True))


@pytest.mark.parametrize("color", [BLUE, RED, WHITE, BLACK, GREEN])
@pytest.mark.parametrize("chroma", [0.0, 0.13])
def test_pixels_outside_the_mask_stay_bit_identical(color, chroma, make_stage, make_context):
    pixels, matte = shaded_ball(chroma, 145.0)

    after = recolor(make_stage(pixels, matte), Recolor(IT, color), make_context())

    assert np.array_equal(after.pixels[matte == 0], pixels[matte == 0])
    assert np.array_equal(after.change_mask, matte)
    assert not after.is_global
    assert not np.array_equal(after.pixels, pixels)


@pytest.mark.parametrize("color", [BLUE, RED, GREEN])
@pytest.mark.parametrize(("chroma", "lightness"), [(0.13, 0.6), (0.003, 0.9), (0.003, 0.25), (0.1, 0.4)])
def test_the_body_gets_the_hue_that_was_asked_for(color, chroma, lightness):
    pixels, matte = shaded_ball(chroma, 60.0, lightness=lightness)

    changed = recolor_pixels(pixels, matte, color=color)

    wanted = oklab_to_oklch(srgb8_to_oklab(np.array(color.rgb, np.uint8)))[2]
    assert angle_between(hue_of(changed, matte), wanted) < 6.0


@pytest.mark.parametrize(("color", "low", "high"), [(WHITE, 0.8, 1.0), (BLACK, 0.05, 0.3)])
def test_white_and_black_lose_the_old_color(color, low, high):
    pixels, matte = shaded_ball(0.14, 250.0)

    lch = oklab_to_oklch(srgb8_to_oklab(recolor_pixels(pixels, matte, color=color)))[matte > 0.95]

    assert np.median(lch[:, 1]) < 0.01
    assert low < np.median(lch[:, 0]) < high


@pytest.mark.parametrize("color", [BLUE, RED, WHITE, BLACK])
def test_shading_survives_without_clipping(color):
    pixels, matte = shaded_ball(0.13, 60.0)
    solid = matte > 0.95
    before = srgb8_to_oklab(pixels)[solid][:, 0]

    after = srgb8_to_oklab(recolor_pixels(pixels, matte, color=color))[solid][:, 0]

    assert np.corrcoef(before, after)[0, 1] > 0.9
    assert after.std() / after.mean() > 0.25 * before.std() / before.mean()
    assert (after > 0.995).mean() < 0.01
    assert (after < 0.005).mean() < 0.01


def test_no_fringe_of_the_old_color_stays_at_a_soft_edge():
    pixels, matte = shaded_ball(0.19, 28.0, background=(250, 250, 250))
    edge = (matte > 0.2) & (matte < 0.8)

    changed = recolor_pixels(pixels, matte, color=BLUE)

    red_over_blue = changed[edge][:, 0].astype(int) - changed[edge][:, 2]
    assert (pixels[edge][:, 0].astype(int) - pixels[edge][:, 2]).mean() > 40
    assert red_over_blue.max() < 8


def test_a_print_of_another_hue_survives(disc):
    pixels, matte = shaded_ball(0.15, 28.0)
    logo = disc(matte.shape, (95, 80), 12)
    printed = pixels.copy()
    printed[logo > 0.5] = (30, 140, 200)

    changed = recolor_pixels(printed, matte, color=GREEN)

    core = disc(matte.shape, (95, 80), 9) > 0.9
    difference = np.abs(changed[core].astype(int) - printed[core])
    assert difference.mean() < 4


def test_a_highlight_stays_neutral(disc):
    pixels, matte = shaded_ball(0.15, 28.0)
    shine = disc(matte.shape, (60, 60), 6)
    glossy = pixels.copy()
    glossy[shine > 0.5] = (250, 248, 246)

    changed = recolor_pixels(glossy, matte, color=BLUE)

    spot = changed[disc(matte.shape, (60, 60), 4) > 0.9]
    assert spot.min() > 225
    assert np.ptp(spot.astype(int), axis=1).max() < 25


def test_paint_among_black_and_chrome_is_what_gets_the_color():
    rng = np.random.default_rng(3)
    pixels = np.repeat(rng.integers(10, 240, (120, 120, 1)), 3, axis=2).astype(np.uint8)
    pixels[40:60, 20:100] = (200, 25, 30)
    matte = np.ones((120, 120), np.float32)

    changed = recolor_pixels(pixels, matte, color=BLUE)

    assert np.median(changed[45:55, 25:95, 2]) > 150
    fittings = np.abs(changed[70:].astype(int) - pixels[70:])
    assert np.median(fittings) == 0


def test_a_logo_does_not_make_a_white_cup_a_colored_thing(disc):
    pixels, matte = shaded_ball(0.004, 90.0, lightness=0.92, background=(90, 110, 90))
    pixels[disc(matte.shape, (85, 80), 14) > 0.5] = (30, 60, 200)

    material = measure_material(srgb8_to_oklab(pixels), matte)

    assert material.is_neutral
    assert material.lightness > 0.75


@pytest.mark.parametrize(("shift", "sign"), [(-0.08, -1), (0.12, 1)])
def test_a_lightness_shift_keeps_the_hue(shift, sign, make_stage, make_context):
    pixels, matte = shaded_ball(0.12, 250.0)

    after = recolor(make_stage(pixels, matte), Recolor(IT, lightness_shift=shift), make_context())

    old, new = srgb8_to_oklab(pixels)[matte > 0.95], srgb8_to_oklab(after.pixels)[matte > 0.95]
    assert abs(np.median(new[:, 0]) - np.median(old[:, 0]) - shift) < 0.03
    assert (sign * (new[:, 0] - old[:, 0])).min() > -0.02
    assert angle_between(hue_of(after.pixels, matte), hue_of(pixels, matte)) < 3


@pytest.mark.parametrize("level", [0, 255])
def test_a_thing_without_any_shading_left_still_takes_the_color(level):
    pixels = np.full((40, 50, 3), level, np.uint8)

    changed = recolor_pixels(pixels, np.ones((40, 50), np.float32), color=RED)

    red, green, blue = (int(v) for v in changed[20, 25])
    assert red > 100
    assert red > 2.5 * max(green, blue)


def test_nothing_asked_for_changes_nothing():
    pixels, matte = shaded_ball(0.12, 250.0)

    assert recolor_pixels(pixels, matte, lightness_shift=0.0) is pixels


def test_a_thing_that_was_added_before_is_found_first(make_stage, make_context, disc):
    pixels, matte = shaded_ball(0.12, 250.0)
    ball = disc(matte.shape, (30, 30), 10)
    stage = make_stage(pixels, matte, added={"ball": ball})

    after = recolor(stage, Recolor(Target(TargetKind.NOUN, "the ball", noun="ball"), RED), make_context())

    assert np.array_equal(after.change_mask, ball)
    assert after.resolutions[0].resolved_to == "the ball that was added"


def test_alpha_is_kept(make_stage, make_context):
    pixels, matte = shaded_ball(0.12, 250.0)
    transparent = np.dstack([pixels, np.rint(matte * 255).astype(np.uint8)])

    after = recolor(make_stage(transparent, matte), Recolor(IT, RED), make_context())

    assert np.array_equal(after.pixels[..., 3], transparent[..., 3])


def test_an_empty_mask_is_refused_by_name(make_stage, make_context):
    pixels, matte = shaded_ball(0.12, 250.0)

    with pytest.raises(UnsupportedInstructionError, match='"it"'):
        recolor(make_stage(pixels, np.zeros_like(matte)), Recolor(IT, RED), make_context())


def test_an_abort_stops_it(make_stage, make_context):
    pixels, matte = shaded_ball(0.12, 250.0)

    with pytest.raises(EditAbortedError):
        recolor(make_stage(pixels, matte), Recolor(IT, RED), make_context(should_abort=lambda: True))


def test_a_real_cup_turns_blue_and_its_coffee_stays_coffee():
    photo = skimage.data.coffee()
    rows, columns = np.mgrid[:400, :600]
    matte = (np.hypot((rows - 205) / 185, (columns - 285) / 195) < 1).astype(np.float32)

    changed = recolor_pixels(photo, matte, color=BLUE)

    saucer, coffee = (slice(280, 330), slice(120, 160)), (slice(145, 165), slice(270, 320))
    assert np.median(changed[saucer][..., 2]) > 1.5 * np.median(changed[saucer][..., 0])
    assert np.median(changed[coffee][..., 0]) > 1.2 * np.median(changed[coffee][..., 2])


def test_the_same_call_gives_the_same_bytes():
    pixels, matte = shaded_ball(0.12, 250.0)

    assert np.array_equal(recolor_pixels(pixels, matte, color=RED), recolor_pixels(pixels, matte, color=RED))


def test_highlights_of_a_light_thing_do_not_turn_into_white_patches(disc):
    pixels, matte = shaded_ball(0.17, 98.0, lightness=0.9)
    pixels[disc(matte.shape, (60, 60), 8) > 0.5] = (255, 254, 240)

    changed = recolor_pixels(pixels, matte, color=BLACK)

    spot = changed[disc(matte.shape, (60, 60), 6) > 0.9]
    body = changed[disc(matte.shape, (95, 95), 10) > 0.9]
    assert body.mean() + 20 < spot.mean() < 200


def test_what_fades_into_another_color_is_no_part_of_the_paint():
    """A red saucer, a red lid with an edge around it, and coffee that is red-brown at one side and yellow at the other."""
    pixels = np.full((240, 360, 3), 250, np.uint8)
    pixels[20:220, 20:160] = (150, 50, 20)
    pixels[40:100, 200:330] = (150, 50, 20)
    ramp = np.linspace(0, 1, 130)[None, :, None]
    pixels[130:200, 200:330] = ((1 - ramp) * np.array([150, 50, 20]) + ramp * np.array([190, 190, 60])).astype(np.uint8)

    result = recolor_pixels(pixels, np.ones(pixels.shape[:2], np.float32), color=ColorValue("blue", (32, 88, 200)))

    assert result[120, 90, 2] > result[120, 90, 0], "the saucer is blue"
    assert result[70, 265, 2] > result[70, 265, 0], "a part with an edge of its own goes with the paint"
    assert (result[135:195, 205:325, 0] > result[135:195, 205:325, 2]).all(), "the coffee stays coffee"


def test_the_whole_ground_is_not_painted_for_a_path(make_stage, make_context):
    pixels, matte = shaded_ball(0.12, 30)
    stage = make_stage(pixels, matte)
    found = stage.scene.find(IT)
    stage.scene.subject = dataclasses.replace(stage.scene.subject, present=False)
    stage.scene.find = lambda _: dataclasses.replace(found, resolved_to="the ground (taken for 'path')", verified=False)
    path = Target(TargetKind.NOUN, "the path", noun="path")

    with pytest.raises(UnsupportedInstructionError, match="can't tell the path from the rest of the ground"):
        recolor(stage, Recolor(path, BLUE), make_context())
