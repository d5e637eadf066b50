import dataclasses

import cv2
import numpy as np
import pytest

from retouch.editor.instructions.plan import (
    AddBorder,
    BeforeAfter,
    Border,
    CenterSubject,
    Collage,
    ColorValue,
    Crop,
    CropOut,
    ExtendCanvas,
    Filling,
    Flip,
    Layout,
    Rotate,
    Sides,
    Straighten,
    Target,
    TargetKind,
    Trim,
    Zoom,
)
from retouch.editor.operations.composition.tilt import estimate_tilt
from retouch.editor.operations.registry import carry_out
from retouch.errors import EditAbortedError, UnsupportedInstructionError
from retouch.images.frame import AnswerSize
from retouch.images.geometry import fill_size, fit_pixels

IT = Target(TargetKind.SUBJECT, "it")
KEEP = AnswerSize(keep_scale=True)
SIZE_HW = (120, 160)


@pytest.fixture(scope="module")
def photo():
    rng = np.random.default_rng(0)
    return cv2.resize(rng.integers(0, 255, (30, 40, 3)).astype(np.uint8), SIZE_HW[::-1], interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def staged(photo, disc, make_stage, make_context):
    """Return the stage of a photo with a disc in its left part, and a context at the original's scale."""

    def make(operation, *, center=(60, 50), radius_px=15, answer_size=KEEP, original=None, present=True, **options):
        stage = make_stage(photo, disc(SIZE_HW, center, radius_px), present=present)
        stage = dataclasses.replace(stage, **options)
        context = make_context(photo if original is None else original)
        return carry_out(operation, stage, dataclasses.replace(context, answer_size=answer_size))

    return make


# Turns -----------------------------------------------------------------------------------------------------------------


def test_flips_and_quarter_turns_move_every_pixel_and_change_none(photo, staged):
    assert np.array_equal(staged(Flip()).pixels, photo[:, ::-1])
    assert np.array_equal(staged(Flip(vertically=True)).pixels, photo[::-1])
    assert np.array_equal(staged(Rotate(90)).pixels, np.rot90(photo, -1))
    assert np.array_equal(staged(Rotate(-90)).pixels, np.rot90(photo))
    assert np.array_equal(staged(Rotate(180)).pixels, photo[::-1, ::-1])


def test_a_small_turn_leaves_no_empty_corner_and_keeps_the_ratio(photo, staged):
    after = staged(Rotate(8.0))

    height, width = after.pixels.shape[:2]
    assert abs(width / height - 160 / 120) < 0.02
    assert not after.change_mask.any(), "nothing is made up"
    assert height < 120


def test_a_large_turn_keeps_the_whole_picture_on_white(staged):
    after = staged(Rotate(45.0))

    assert (after.pixels[:5, :5] == 255).all()
    assert after.change_mask[2, 2] == 1
    assert after.pixels.shape[0] > 160
    assert any("corners" in note for note in after.notes)


def test_turning_back_by_the_tilt_makes_lines_level(staged, make_stage, make_context):
    scene = np.full((600, 800, 3), 120, np.uint8)
    for row in range(80, 600, 90):
        cv2.line(scene, (-200, row - 42), (1000, row + 42), (250, 250, 250), 5, cv2.LINE_AA)
    before = estimate_tilt(scene)
    stage = make_stage(scene, np.zeros(scene.shape[:2], np.float32), present=False)

    after = carry_out(Straighten("straighten it"), stage, make_context(scene))

    assert before is not None
    assert before.degrees == pytest.approx(4.0, abs=0.3)
    assert abs(estimate_tilt(after.pixels).degrees) < 0.3
    assert "degrees to the right" in after.resolutions[0].resolved_to


def test_a_picture_without_lines_is_not_straightened(staged):
    with pytest.raises(UnsupportedInstructionError, match="no horizon"):
        staged(Straighten("straighten it"))


# Crops -----------------------------------------------------------------------------------------------------------------


def test_a_crop_reads_the_originals_pixels_and_not_the_reduced_ones(disc, make_stage, make_context):
    original = np.random.default_rng(1).integers(0, 255, (480, 640, 3)).astype(np.uint8)
    small = fit_pixels(original, fill_size(640, 480, (160, 120)))
    stage = make_stage(small, disc(SIZE_HW, (60, 50), 15))
    context = dataclasses.replace(make_context(original), answer_size=KEEP)

    after = carry_out(Trim(Sides(left=0.5)), stage, context)

    assert np.array_equal(after.pixels, original[:, 320:])
    assert after.frame.corners().tolist() == [[320, 0], [640, 0], [640, 480], [320, 480]]
    assert after.is_reframed
    assert not after.change_mask.any()


def test_a_named_ratio_is_exact_and_about_a_megapixel(staged):
    after = staged(Crop(ratio=(4, 5)), answer_size=AnswerSize())

    height, width = after.pixels.shape[:2]
    assert width * 5 == height * 4
    assert width * height == pytest.approx(1024 * 1024, rel=0.01)


def test_a_square_crop_keeps_a_subject_at_the_side(photo, staged):
    after = staged(Crop(ratio=(1, 1)), center=(60, 20), radius_px=18)

    assert after.pixels.shape == (120, 120, 3)
    assert np.array_equal(after.pixels, photo[:, :120])


def test_a_crop_to_a_thing_holds_all_of_it_with_room(staged):
    after = staged(Crop(target=IT))

    (left, top), (right, bottom) = after.frame.corners().min(axis=0), after.frame.corners().max(axis=0)
    assert left < 34
    assert right > 66
    assert top < 44
    assert bottom > 76
    assert right - left < 60
    assert after.resolutions[0].verified


def test_a_tighter_crop_shows_less(staged):
    tight, plain, loose = (staged(Crop(target=IT, margin=margin)).pixels.shape[0] for margin in (0.3, 1.0, 2.5))

    assert tight < plain < loose


def test_what_fills_the_picture_is_not_cropped_to(staged):
    with pytest.raises(UnsupportedInstructionError, match="fills the picture"):
        staged(Crop(target=IT), center=(60, 80), radius_px=100)


def test_another_ratio_than_the_requests_is_refused(staged):
    with pytest.raises(UnsupportedInstructionError, match="aspect_ratio"):
        staged(Crop(ratio=(1, 1)), answer_size=AnswerSize(fixed_wh=(1392, 752)))


def test_with_the_requests_ratio_a_crop_to_a_thing_has_that_size(staged):
    after = staged(Crop(target=IT), answer_size=AnswerSize(fixed_wh=(139, 75)))

    assert after.pixels.shape == (75, 139, 3)


def test_an_enlarged_part_is_said_to_be_one(staged):
    assert any("enlarged" in note for note in staged(Zoom(2.0), answer_size=AnswerSize()).notes)
    assert staged(Trim(Sides(left=0.5))).notes == ()


def test_zooming_goes_to_the_subject_in_the_pictures_ratio(staged):
    after = staged(Zoom(2.0))

    assert after.pixels.shape == (60, 80, 3)
    assert after.frame.corners().mean(axis=0) == pytest.approx([50, 60], abs=1.5)


def test_cropping_something_out_leaves_none_of_it(staged):
    after = staged(CropOut(IT))

    assert after.frame.corners()[:, 0].min() > 65


def test_what_stands_in_the_middle_is_not_cropped_out(staged):
    with pytest.raises(UnsupportedInstructionError, match="middle"):
        staged(CropOut(IT), center=(60, 80), radius_px=45)


def test_the_subject_comes_to_the_middle_or_to_a_third(staged):
    centered = staged(CenterSubject(IT), center=(60, 60))
    on_third = staged(CenterSubject(IT, on_thirds=True), center=(60, 60))

    assert centered.frame.corners()[:, 0].mean() == pytest.approx(60, abs=1)
    left, right = on_third.frame.corners()[:, 0].min(), on_third.frame.corners()[:, 0].max()
    assert (60 - left) / (right - left) == pytest.approx(1 / 3, abs=0.02)


def test_more_than_the_whole_picture_is_not_cut_off(staged):
    with pytest.raises(UnsupportedInstructionError, match="more than the whole"):
        staged(Trim(Sides(left=0.6, right=0.5)))


def test_an_edit_before_the_crop_is_in_it(photo, disc, staged):
    mask = disc(SIZE_HW, (60, 120), 10)
    edited = photo.copy()
    edited[mask > 0] = (255, 0, 0)

    after = staged(Trim(Sides(left=0.5)), pixels=edited, change_mask=mask, added={"ball": mask})

    assert np.array_equal(after.pixels[60, 40], (255, 0, 0))
    assert after.change_mask[60, 40] == 1
    assert after.change_mask[5, 5] == 0
    assert after.added["ball"].shape == (120, 80)
    assert np.array_equal(after.pixels[after.change_mask == 0], photo[:, 80:][after.change_mask == 0])


# Canvas ----------------------------------------------------------------------------------------------------------------


def test_bars_leave_the_picture_whole(photo, staged):
    navy = ColorValue("navy", (0, 0, 128))

    after = staged(ExtendCanvas(ratio=(1, 1), filling=Filling.COLOR, color=navy))

    assert after.pixels.shape == (160, 160, 3)
    assert np.array_equal(after.pixels[20:140], photo)
    assert (after.pixels[:19] == (0, 0, 128)).all()
    assert after.change_mask[10, 10] == 1
    assert after.change_mask[80, 80] == 0


def test_an_extension_is_filled_from_the_scene_the_same_for_a_seed(photo, staged):
    first, again = (staged(ExtendCanvas(sides=Sides(right=0.25)), present=False) for _ in range(2))

    assert first.pixels.shape == (120, 200, 3)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.pixels[:, :155], photo[:, :155])
    assert first.pixels[:, 165:].std() > 10, "not one flat color"
    assert any("made up" in note for note in first.notes)


def test_the_sky_goes_on_as_sky_beyond_the_old_border(make_stage, make_context, monkeypatch):
    scene = np.full((*SIZE_HW, 3), (96, 134, 70), np.uint8)
    scene[:60] = (128, 170, 226)
    stage = make_stage(scene, np.zeros(SIZE_HW, np.float32), present=False)
    stage.scene.sky = np.zeros(SIZE_HW, np.float32)
    stage.scene.sky[:60] = 1
    guides = []

    def fill(pixels, hole, *, guide, **options):
        guides.append(guide)
        return pixels

    monkeypatch.setattr("retouch.editor.operations.composition.canvas.fill", fill)
    after = carry_out(
        ExtendCanvas(sides=Sides(right=0.25)), stage, dataclasses.replace(make_context(scene), answer_size=KEEP)
    )

    assert guides[0].shape == after.pixels.shape[:2]
    assert (guides[0][:58] == 1).all()
    assert (guides[0][62:] == 0).all()


def test_a_side_that_cuts_the_subject_is_not_extended(staged):
    with pytest.raises(UnsupportedInstructionError, match="left side cuts"):
        staged(ExtendCanvas(sides=Sides(left=0.25)), center=(60, 0), radius_px=40)


def test_far_too_much_is_not_made_up(staged):
    with pytest.raises(UnsupportedInstructionError, match="more than can be made up"):
        staged(ExtendCanvas(sides=Sides(1.0, 1.0, 1.0, 1.0)))


def test_a_picture_that_has_the_ratio_is_not_extended_to_it(staged):
    with pytest.raises(UnsupportedInstructionError, match="already"):
        staged(ExtendCanvas(ratio=(4, 3)))


def test_a_border_is_around_the_whole_picture(photo, staged):
    after = staged(AddBorder(Border.PLAIN, ColorValue("black", (0, 0, 0))))

    rows, columns = (
        np.flatnonzero((after.change_mask == 0).any(axis=1)),
        np.flatnonzero((after.change_mask == 0).any(axis=0)),
    )
    assert (after.pixels[after.change_mask == 1] == 0).all()
    assert abs(len(rows) - 120) <= 1
    assert abs(len(columns) - 160) <= 1


def test_rounded_corners_change_the_corners_alone(photo, staged):
    after = staged(AddBorder(Border.ROUNDED))

    assert (after.pixels[0, 0] == 255).all()
    assert not after.is_reframed
    assert np.array_equal(after.pixels[after.change_mask == 0], photo[after.change_mask == 0])
    assert after.change_mask.mean() < 0.02


# Sheets ----------------------------------------------------------------------------------------------------------------


def test_a_collage_shows_every_picture_whole_at_one_height(make_stage, make_context):
    red, green = np.full((60, 80, 3), (255, 0, 0), np.uint8), np.full((60, 40, 3), (0, 255, 0), np.uint8)
    stage = make_stage(red, np.zeros((60, 80), np.float32))

    after = carry_out(Collage((0, 1), Layout.ROW), stage, make_context(red, green))

    is_red = (after.pixels == (255, 0, 0)).all(axis=2)
    is_green = (after.pixels == (0, 255, 0)).all(axis=2)
    assert is_red.sum() / is_green.sum() == pytest.approx(2.0, rel=0.02)
    assert np.array_equal(is_red.any(axis=1), is_green.any(axis=1))
    assert after.frame is None
    assert after.is_reframed


def test_four_pictures_make_a_grid(make_stage, make_context):
    pictures = [np.full((60, 80, 3), 50 * number, np.uint8) for number in range(4)]
    stage = make_stage(pictures[0], np.zeros((60, 80), np.float32))

    after = carry_out(Collage((0, 1, 2, 3)), stage, make_context(*pictures))

    height, width = after.pixels.shape[:2]
    corners = [after.pixels[height * y // 4, width * x // 4, 0] for y in (1, 3) for x in (1, 3)]
    assert corners == [0, 50, 100, 150]


def test_before_and_after_needs_an_edit_before_it(staged):
    with pytest.raises(UnsupportedInstructionError, match="Say first what to edit"):
        staged(BeforeAfter())


def test_before_stands_left_of_after(photo, staged):
    after = staged(BeforeAfter(Layout.ROW), pixels=np.zeros_like(photo), is_global=True)

    middle = after.pixels.shape[1] // 2
    assert after.pixels[10:-10, middle + 10 : -10].max() == 0
    assert after.pixels[10:-10, 10 : middle - 10].mean() > 50


@pytest.mark.parametrize("operation", [Flip(), Crop(ratio=(1, 1)), ExtendCanvas(sides=Sides(left=0.2)), Collage((0,))])
def test_an_abort_is_obeyed(operation, photo, make_stage, make_context, disc):
    stage = make_stage(photo, disc(SIZE_HW, (60, 80), 20))

    with pytest.raises(EditAbortedError):
        carry_out(operation, stage, make_context(photo, should_abort=lambda: True))
