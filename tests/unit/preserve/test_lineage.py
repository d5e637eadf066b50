import json

import numpy as np
import pytest

from retouch import kontext
from retouch.errors import InvalidValueError
from retouch.images.geometry import fill_size, fit_pixels
from retouch.preserve.lineage import Lineage
from retouch.preserve.restore import preserve_fitted


def edited_somewhere(pixels, turn):
    edited = pixels.copy()
    row, col = 40 + 35 * turn, 50 + 45 * turn
    edited[row : row + 40, col : col + 50] = [(37 * turn) % 255, 200, (91 * turn) % 255]
    return edited


def test_after_ten_turns_every_pixel_that_no_turn_touched_is_the_first_input_s(coffee, as_jpeg):
    first, lineage, answer = coffee, Lineage.start((640, 480)), coffee
    for turn in range(10):
        parent = lineage.restore(first, answer)
        preserved = preserve_fitted(parent, as_jpeg(edited_somewhere(parent, turn), 80))
        lineage = Lineage.from_json(json.dumps(lineage.advance(preserved.change_mask).to_json()))
        answer = as_jpeg(preserved.pixels, 90)

    final = lineage.restore(first, answer)

    assert lineage.turns == 10
    assert 0.06 < lineage.touched.mean() < 0.4
    assert np.array_equal(final[~lineage.touched], first[~lineage.touched])


def test_other_sizes_on_the_way_still_resample_the_first_input_only_once(astronaut):
    first = astronaut
    lineage = Lineage.start((640, 480))
    answer = first
    for size_wh in ((592, 440), (400, 400), (360, 400)):
        parent = lineage.restore(first, answer)
        fit = fill_size(parent.shape[1], parent.shape[0], size_wh)
        base, lineage = lineage.refit(first, parent, fit)
        mask = np.zeros(base.shape[:2], np.float32)
        mask[100:140, 60:100] = 1
        answer = np.where(mask[..., None] > 0, np.uint8(9), base)
        lineage = lineage.advance(mask)

    once = fit_pixels(first, lineage.fit)

    assert np.array_equal(answer[~lineage.touched], once[~lineage.touched])
    assert lineage.touched.mean() < 0.3
    left, top, right, bottom = lineage.fit.box
    assert (right - left) / (bottom - top) == pytest.approx(360 / 400, rel=1e-3)


def test_what_a_turn_touched_comes_from_the_answer_on_the_next_grid(coffee):
    answer = coffee.copy()
    answer[200:260, 300:360] = 255
    mask = np.zeros((480, 640), np.float32)
    mask[200:260, 300:360] = 1
    lineage = Lineage.start((640, 480)).advance(mask)

    base, _ = lineage.refit(coffee, lineage.restore(coffee, answer), fill_size(640, 480, (320, 240)))

    assert (base[105:125, 155:175] == 255).all()


def test_the_lineage_of_a_preset_answer_is_small_enough_to_store_with_it():
    width, height = kontext.PREFERRED_SIZES_WH[10]
    mask = np.zeros((height, width), np.float32)
    mask[100:300, 200:500] = 1
    lineage = Lineage.start((width, height)).advance(mask)

    assert len(json.dumps(lineage.to_json())) < 4000


def test_a_stored_lineage_comes_back_as_it_was(coffee):
    mask = np.zeros((480, 640), np.float32)
    mask[5:9, 600:640] = 0.4
    lineage = Lineage.start((640, 480)).advance(mask)

    back = Lineage.from_json(lineage.to_json())

    assert (back.fit, back.turns, back.first_size_wh) == (lineage.fit, 1, (640, 480))
    assert np.array_equal(back.touched, lineage.touched)


@pytest.mark.parametrize(
    "change", [{"version": 9}, {"touched": "%%"}, {"touched": "AAAA"}, {"size_wh": [1]}, {"turns": None}]
)
def test_a_damaged_lineage_is_refused(change):
    stored = Lineage.start((64, 48)).to_json() | change

    with pytest.raises(InvalidValueError, match="lineage must be"):
        Lineage.from_json(stored)


def test_a_picture_that_is_not_the_first_input_is_refused(coffee):
    lineage = Lineage.start((640, 480))

    with pytest.raises(InvalidValueError, match="first must be 640 x 480"):
        lineage.restore(coffee[:100], coffee)
    with pytest.raises(InvalidValueError, match="answer must be 640 x 480"):
        lineage.restore(coffee, coffee[:100])
