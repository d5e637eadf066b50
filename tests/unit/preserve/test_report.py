import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from retouch.errors import InvalidValueError
from retouch.preserve.report import decode_mask_runs, encode_mask_runs, psnr_db
from retouch.preserve.restore import preserve_fitted


@given(arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_a_mask_survives_json(mask):
    encoded = json.loads(json.dumps(encode_mask_runs(mask)))

    assert np.array_equal(decode_mask_runs(encoded), mask)


@pytest.mark.parametrize("runs", [[3], [2, 3], [-1, 5]])
def test_runs_that_do_not_fit_the_picture_are_refused(runs):
    with pytest.raises(InvalidValueError, match="mask must be runs"):
        decode_mask_runs({"height": 2, "width": 2, "runs": runs})


def test_psnr_counts_the_given_pixels_only():
    a, b = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)
    b[0] = 255
    lower = np.zeros((4, 4), np.bool_)
    lower[2:] = True

    assert psnr_db(a, b, lower) is None
    assert psnr_db(a, b, ~lower) == pytest.approx(10 * np.log10(2))


def test_the_report_says_what_was_found(coffee, with_disc, moved, as_jpeg):
    edited, _ = moved(with_disc(coffee, (300, 200), 60), dx=2, dy=-1)

    answer = preserve_fitted(coffee, as_jpeg(edited))
    body = json.loads(json.dumps(answer.report.to_json(answer.change_mask)))

    assert body["kind"] == "local"
    assert body["alignment"]["shift_px"] == pytest.approx([2, -1], abs=0.1)
    assert body["outside"]["exact_after"]
    assert 15 < body["outside"]["psnr_before_db"] < 45
    assert np.array_equal(decode_mask_runs(body["mask"]), answer.change_mask > 0)
