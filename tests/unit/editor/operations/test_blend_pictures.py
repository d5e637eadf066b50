import numpy as np
import pytest

from retouch.editor.instructions.plan import Blend, BlendPictures
from retouch.editor.operations.blend_pictures import blend_pictures
from retouch.errors import EditAbortedError

DARK, PALE = np.full((40, 60, 3), 40, np.uint8), np.full((40, 60, 3), 200, np.uint8)


@pytest.fixture
def blend(make_stage, make_context):
    def run(operation, base=DARK, other=PALE, **options):
        stage = make_stage(base, np.zeros(base.shape[:2], np.float32), present=False)
        return blend_pictures(stage, operation, make_context(base[..., :3], other, **options))

    return run


@pytest.mark.parametrize(("share", "level"), [(0.25, 80), (0.5, 120), (0.75, 160)])
def test_a_mix_is_the_weighted_mean(blend, share, level):
    after = blend(BlendPictures(Blend.MIX, 0, 1, share=share))

    assert np.abs(after.pixels.astype(int) - level).max() <= 1
    assert after.is_global


@pytest.mark.parametrize("toward", ["left", "right", "top", "bottom"])
def test_a_fade_shows_one_picture_whole_at_each_end(blend, toward):
    pixels = blend(BlendPictures(Blend.FADE, 0, 1, toward=toward)).pixels[..., 0]
    line = pixels[20] if toward in ("left", "right") else pixels[:, 30]
    line = (line if toward in ("right", "bottom") else line[::-1]).astype(int)

    assert line[0] == 40
    assert line[-1] == 200
    assert (np.diff(line) >= 0).all()


def test_a_double_exposure_adds_light_and_keeps_highlights(blend):
    half = np.zeros((40, 60, 3), np.uint8)
    half[:, :30] = 180
    other = half[:, ::-1].copy()

    pixels = blend(BlendPictures(Blend.DOUBLE_EXPOSURE, 0, 1), base=half, other=other).pixels.astype(int)

    assert pixels.min() > 120, "each half is lit by one of the two"
    both = blend(BlendPictures(Blend.DOUBLE_EXPOSURE, 0, 1), base=PALE, other=PALE).pixels
    assert 200 < both.max() < 255


def test_a_picture_of_another_size_is_filled_to_this_one(blend):
    other = np.full((90, 30, 3), 200, np.uint8)

    assert blend(BlendPictures(Blend.MIX, 0, 1), other=other).pixels.shape == DARK.shape


def test_transparency_stays(blend):
    base = np.dstack([DARK, np.full((40, 60), 77, np.uint8)])

    after = blend(BlendPictures(Blend.MIX, 0, 1), base=base)

    assert (after.pixels[..., 3] == 77).all()


def test_a_blend_can_be_stopped(blend):
    with pytest.raises(EditAbortedError):
        blend(BlendPictures(Blend.MIX, 0, 1), should_abort=lambda: True)
