"""The editor as a whole, without models: the order in which a plan is carried out, and what it says of the frame."""

import numpy as np

from retouch.editor.editor import Editor
from retouch.images.frame import AnswerSize
from retouch.images.geometry import fit_pixels, plan_fit

ORIGINAL = np.random.default_rng(0).integers(0, 255, (600, 900, 3)).astype(np.uint8)


def edit(prompt, *, keep_scale=False):
    fit = plan_fit(900, 600, aspect_ratio=None, keep_size=keep_scale)
    return Editor(None, None).edit(
        prompt,
        lambda _: fit_pixels(ORIGINAL, fit),
        lambda _: ORIGINAL,
        image_count=1,
        seed=1,
        answer_size=AnswerSize(keep_scale=keep_scale),
    )


def test_a_crop_goes_before_a_grade_of_the_whole_picture_so_that_it_is_read_from_the_original():
    crop_last = edit("make it sepia, then cut off the left half")
    crop_first = edit("cut off the left half, then make it sepia")

    assert np.array_equal(crop_last.pixels, crop_first.pixels)
    assert [operation["operation"] for operation in crop_last.interpretation.plan] == ["AdjustLook", "Trim"]


def test_at_the_originals_scale_a_crop_is_the_originals_pixels():
    cropped = edit("cut off the left third", keep_scale=True)

    assert np.array_equal(cropped.pixels, ORIGINAL[:, 300:])
    assert cropped.is_reframed
    assert cropped.frame.corners()[0].tolist() == [300, 0]


def test_what_is_not_reframed_says_so():
    graded = edit("make it black and white")

    assert not graded.is_reframed
    assert graded.frame is None
    assert graded.pixels.shape == (832, 1248, 3)
