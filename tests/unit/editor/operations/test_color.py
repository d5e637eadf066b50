import numpy as np
import pytest

from retouch.editor.instructions.plan import (
    ColorValue,
    KeepColors,
    ReplaceColor,
    ShiftColor,
    Target,
    TargetKind,
    TurnHue,
)
from retouch.editor.operations import recolor as recolor_module
from retouch.editor.operations.look_color import shift_color, turn_hue
from retouch.editor.operations.recolor import recolor_pixels
from retouch.editor.operations.recolor_everywhere import keep_colors, replace_color
from retouch.errors import UnsupportedInstructionError
from retouch.images.color import oklab_to_oklch, oklab_to_srgb8, oklch_to_oklab, srgb8_to_oklab

IT = Target(TargetKind.SUBJECT, "it")
RED = ColorValue("red", (204, 32, 36))
BLUE = ColorValue("blue", (32, 88, 200))
GREEN = ColorValue("green", (38, 142, 62))
WHITE = ColorValue("white", (255, 255, 255))
NOTHING = np.zeros((60, 90), np.float32)


def three_stripes():
    """Red, blue and grey stripes, each 30 columns wide, with a little shading down the rows."""
    pixels = np.empty((60, 90, 3), np.float32)
    pixels[:, :30], pixels[:, 30:60], pixels[:, 60:] = RED.rgb, BLUE.rgb, (128, 128, 128)
    return (pixels * np.linspace(0.8, 1.0, 60)[:, None, None]).astype(np.uint8)


def lch_of(pixels, columns):
    return oklab_to_oklch(srgb8_to_oklab(pixels[5:-5, columns].mean(axis=(0, 1)).astype(np.uint8)))


def turn(first, second):
    return abs((first - second + 180) % 360 - 180)


def hue_of_color(color):
    return oklab_to_oklch(srgb8_to_oklab(np.array(color.rgb, np.uint8)))[2]


@pytest.mark.parametrize("color", [RED, BLUE, GREEN])
def test_more_of_a_color_gives_grey_a_cast_of_it_and_leaves_the_rest_alone(color, make_stage, make_context):
    pixels = np.full((60, 90, 3), 128, np.uint8)
    mask = NOTHING.copy()
    mask[:, :45] = 1.0

    after = shift_color(make_stage(pixels, mask), ShiftColor(color, 1.0, IT), make_context())

    _, chroma, hue = lch_of(after.pixels, slice(5, 40))
    assert chroma > 0.04
    assert turn(hue, hue_of_color(color)) < 8
    assert np.array_equal(after.pixels[:, 45:], pixels[:, 45:])
    assert np.array_equal(after.change_mask, mask)


def test_less_of_a_color_takes_it_out_of_what_has_it(make_stage, make_context):
    pixels = three_stripes()

    after = shift_color(make_stage(pixels, NOTHING), ShiftColor(RED, -1.0), make_context()).pixels

    assert lch_of(after, slice(5, 25))[1] < 0.65 * lch_of(pixels, slice(5, 25))[1]
    assert lch_of(after, slice(35, 55))[1] > 0.9 * lch_of(pixels, slice(35, 55))[1]


def test_whiter_is_lighter_and_blacker_is_darker(make_stage, make_context):
    pixels = three_stripes()
    stage = make_stage(pixels, NOTHING)

    whiter = shift_color(stage, ShiftColor(WHITE, 1.0), make_context()).pixels
    less_white = shift_color(stage, ShiftColor(WHITE, -1.0), make_context()).pixels

    assert whiter.mean() > pixels.mean() + 15
    assert less_white.mean() < pixels.mean()


def test_a_hue_turned_by_180_degrees_is_the_complement(make_stage, make_context):
    lab = oklch_to_oklab(np.array([0.6, 0.06, 40.0], np.float32))
    pixels = np.tile(oklab_to_srgb8(lab), (60, 90, 1))

    after = turn_hue(make_stage(pixels, NOTHING), TurnHue(180.0), make_context()).pixels

    assert turn(lch_of(after, slice(0, 90))[2], 220.0) < 4
    assert abs(lch_of(after, slice(0, 90))[0] - 0.6) < 0.02


def test_a_color_is_replaced_everywhere_and_nowhere_else(make_stage, make_context):
    pixels = three_stripes()

    after = replace_color(make_stage(pixels, NOTHING), ReplaceColor(RED, GREEN), make_context())

    assert turn(lch_of(after.pixels, slice(5, 25))[2], hue_of_color(GREEN)) < 10
    assert np.array_equal(after.pixels[:, 40:], pixels[:, 40:])
    assert not after.is_global


def test_two_colors_are_swapped(make_stage, make_context):
    pixels = three_stripes()

    after = replace_color(make_stage(pixels, NOTHING), ReplaceColor(RED, BLUE, swap=True), make_context()).pixels

    assert turn(lch_of(after, slice(5, 25))[2], hue_of_color(BLUE)) < 10
    assert turn(lch_of(after, slice(35, 55))[2], hue_of_color(RED)) < 10


def test_only_the_kept_color_stays_and_stays_bit_identical(make_stage, make_context):
    pixels = three_stripes()

    after = keep_colors(make_stage(pixels, NOTHING), KeepColors((RED,)), make_context()).pixels

    assert np.array_equal(after[8:-8, 8:22], pixels[8:-8, 8:22])
    assert lch_of(after, slice(40, 55))[1] < 0.01


def test_a_color_that_is_not_there_is_refused(make_stage, make_context):
    with pytest.raises(UnsupportedInstructionError, match="nothing green"):
        replace_color(make_stage(three_stripes(), NOTHING), ReplaceColor(GREEN, RED), make_context())


@pytest.mark.parametrize("color", [RED, WHITE, None])
def test_a_large_picture_is_recolored_as_a_small_one(color, monkeypatch):
    rows, columns = np.mgrid[:240, :320].astype(np.float32)
    matte = np.clip((90 - np.hypot(rows - 120, columns - 160)) / 2 + 0.5, 0, 1)
    level = 0.45 + 0.3 * columns / 320
    lab = oklch_to_oklab(np.stack([level, 0.1 * level, np.full_like(level, 250.0)], axis=-1))
    pixels = np.where(matte[..., None] > 0.5, oklab_to_srgb8(lab), np.uint8(235))
    exact = recolor_pixels(pixels, matte, color=color, lightness_shift=0.12)
    monkeypatch.setattr(recolor_module, "_MAX_EXACT_PIXELS", 1000)
    monkeypatch.setattr(recolor_module, "_MEASURED_PIXELS", 8000)
    monkeypatch.setattr(recolor_module, "_STRIP_PIXELS", 9000)

    strips = recolor_pixels(pixels, matte, color=color, lightness_shift=0.12)

    assert np.array_equal(strips[matte == 0], pixels[matte == 0])
    assert np.abs(strips.astype(int) - exact)[matte == 1].mean() < 3.0
    assert np.abs(strips.astype(int) - exact)[matte == 1].max() < 30, "no strip may show"
