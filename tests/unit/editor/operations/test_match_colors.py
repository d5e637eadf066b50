"""One picture takes the colors of another: means and spreads move, order and alpha stay."""

import numpy as np
import pytest

from retouch.editor.instructions.plan import MatchColors
from retouch.editor.operations.match_colors import match_colors
from retouch.images.color import srgb8_to_oklab


def noise(seed, low, high):
    return np.random.default_rng(seed).integers(low, high, (48, 64, 3)).astype(np.uint8)


@pytest.fixture
def match(make_stage, make_context):
    def run(base, other, strength=1.0):
        stage = make_stage(base, np.zeros(base.shape[:2], np.float32), present=False)
        return match_colors(stage, MatchColors(0, 1, strength), make_context(base[..., :3], other))

    return run


def test_the_mean_color_comes_near_to_that_of_the_other_picture(match):
    base, other = noise(0, 60, 120), noise(1, 100, 140)
    other[..., 2] = 40
    before, wanted = (srgb8_to_oklab(picture).mean(axis=(0, 1)) for picture in (base, other))

    after = srgb8_to_oklab(match(base, other).pixels).mean(axis=(0, 1))

    assert np.abs(after - wanted)[1:].max() < 0.25 * np.abs(before - wanted)[1:].max()


def test_a_picture_takes_no_color_from_a_black_and_white_one(match):
    gray = np.repeat(noise(2, 20, 230)[..., :1], 3, axis=2)

    lab = srgb8_to_oklab(match(noise(0, 40, 200), gray).pixels)

    assert np.hypot(lab[..., 1], lab[..., 2]).max() < 0.02


def test_alpha_stays_as_it_is(match):
    base = np.dstack([noise(0, 60, 120), np.full((48, 64), 77, np.uint8)])

    after = match(base, noise(1, 100, 140))

    assert (after.pixels[..., 3] == 77).all()
    assert after.is_global


def test_a_slight_match_changes_less(match):
    base, other = noise(0, 60, 120), noise(1, 150, 240)

    slight, whole = (np.abs(match(base, other, s).pixels.astype(int) - base).mean() for s in (0.5, 1.0))

    assert 0 < slight < whole
