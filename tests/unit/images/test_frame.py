import numpy as np
import pytest

from retouch.errors import InvalidValueError
from retouch.images.frame import AnswerSize, Frame, read_frame, read_mask
from retouch.images.geometry import Fit, fit_pixels

PHOTO = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)


def test_a_box_at_its_own_size_is_the_very_pixels():
    pixels, coverage = read_frame(PHOTO, Frame.of_box((5, 3, 25, 33), (20, 30)))

    assert np.array_equal(pixels, PHOTO[3:33, 5:25])
    assert (coverage == 1).all()


def test_a_resized_box_is_read_as_every_answer_is():
    box = (5.5, 3.25, 45.5, 33.25)

    assert np.array_equal(read_frame(PHOTO, Frame.of_box(box, (20, 15)))[0], fit_pixels(PHOTO, Fit(box, (20, 15))))


def test_beyond_the_picture_the_border_is_repeated_and_not_covered():
    pixels, coverage = read_frame(PHOTO, Frame.of_box((-4, 0, 60, 40), (64, 40)))

    assert np.array_equal(pixels[:, 4:], PHOTO)
    assert np.array_equal(pixels[:, 0], PHOTO[:, 0])
    assert coverage[:, :4].max() == 0
    assert coverage[:, 4:].min() == 1


def test_a_frame_in_a_frame_shows_what_the_two_show_one_after_the_other():
    outer, inner = Frame.of_box((10, 0, 50, 40), (40, 40)), Frame(((0.0, 1.0, 0.0), (-1.0, 0.0, 40.0)), (40, 40))

    at_once = read_frame(PHOTO, inner.inside(outer))[0]

    assert np.array_equal(at_once, np.rot90(PHOTO[:, 10:50], -1))


def test_a_full_turn_in_steps_stays_close_to_the_picture():
    smooth = np.dstack([np.add.outer(np.arange(80), np.arange(80))] * 3).astype(np.uint8)
    cos, sin = np.cos(np.radians(10)), np.sin(np.radians(10))
    offset = np.array([40, 40]) - np.array([[cos, sin], [-sin, cos]]) @ [40, 40]
    turned = Frame(((cos, sin, offset[0]), (-sin, cos, offset[1])), (80, 80))

    pixels, _ = read_frame(smooth, turned)

    place = turned.matrix @ [30.5, 50.5, 1]
    assert abs(float(pixels[50, 30, 0]) - (place.sum() - 1)) < 2


def test_a_transparent_picture_keeps_its_colors_when_turned():
    cut_out = np.dstack([np.full((40, 60, 3), (200, 0, 0), np.uint8), np.full((40, 60), 255, np.uint8)])
    cut_out[:, 30:] = 0
    frame = Frame(((0.99, 0.1, 0.0), (-0.1, 0.99, 3.0)), (50, 30))

    pixels, _ = read_frame(cut_out, frame)

    seen = pixels[pixels[..., 3] > 30]
    assert seen[:, 0].min() > 185, "no dark fringe"


def test_a_mask_is_zero_beyond_the_picture():
    assert read_mask(np.ones((40, 60), np.float32), Frame.of_box((-10, 0, 60, 40), (70, 40)))[:, :9].max() == 0


@pytest.mark.parametrize(
    ("answer_size", "expected"),
    [
        (AnswerSize(), (1280, 819)),
        (AnswerSize(keep_scale=True), (100, 64)),
        (AnswerSize(fixed_wh=(1392, 752)), (1392, 752)),
    ],
)
def test_the_request_decides_the_size_of_a_part(answer_size, expected):
    assert answer_size.for_part(50, 32, shrink=2.0) == expected


def test_a_frame_without_pixels_is_refused():
    with pytest.raises(InvalidValueError, match="size_wh"):
        Frame(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), (0, 5))
