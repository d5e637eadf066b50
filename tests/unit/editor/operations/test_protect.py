"""What the prompt keeps: found once, and bit for bit the same behind every operation."""

import numpy as np
import pytest

from retouch.editor.instructions.plan import (
    AdjustLook,
    Background,
    ChangeBackground,
    ColorValue,
    Crop,
    Look,
    Recolor,
    Target,
    TargetKind,
)
from retouch.editor.operations.protect import protect, put_back
from retouch.editor.operations.registry import carry_out
from retouch.errors import UnsupportedInstructionError
from retouch.types import Resolution

SIZE_HW = (60, 80)
KITE = Target(TargetKind.NOUN, "the kite", noun="kite")
DOG = Target(TargetKind.NOUN, "the dog", noun="dog")
RED = ColorValue("red", (220, 20, 20))


@pytest.fixture
def picture():
    noise = np.random.default_rng(0).integers(-12, 12, (*SIZE_HW, 3))
    return (np.array([90, 120, 170]) + noise).astype(np.uint8)


@pytest.fixture
def stage_of(make_stage, picture):
    def make(**masks):
        """Return a stage on whose scene each noun has its mask, and anything else is not found."""
        stage = make_stage(picture, masks.get("subject", np.zeros(SIZE_HW, np.float32)))
        found = stage.scene.find

        def find(target):
            if target.kind is TargetKind.SUBJECT:
                return found(target)
            if target.noun not in masks:
                raise UnsupportedInstructionError((), (target.phrase,), f"I see no {target.noun}.")
            return type(found(Target(TargetKind.SUBJECT, "")))(
                masks[target.noun], 0.6, f"the {target.noun}", verified=True
            )

        stage.scene.find = find
        return stage

    return make


def run(stage, operation, context, *kept):
    before = protect(stage, kept, (operation,))
    return put_back(before, carry_out(operation, before, context), operation)


def test_a_change_of_the_whole_picture_leaves_the_kept_thing_bit_for_bit(stage_of, make_context, picture, disc):
    kite = disc(SIZE_HW, (20, 30), 10, 4)

    done = run(stage_of(kite=kite), AdjustLook(Look.DARKER), make_context(picture), KITE)

    inside = kite >= 0.5
    assert np.array_equal(done.pixels[inside], picture[inside])
    assert (done.change_mask[inside] == 0).all()
    assert (done.pixels[kite == 0] < picture[kite == 0]).all()
    assert (done.change_mask[kite == 0] == 1).all()
    assert not done.is_global


def test_the_edge_of_a_kept_thing_is_soft(stage_of, make_context, picture, disc):
    kite = disc(SIZE_HW, (30, 40), 14, 10)

    done = run(stage_of(kite=kite), AdjustLook(Look.DARKER), make_context(picture), KITE)

    ring = (kite > 0.1) & (kite < 0.4)
    assert done.change_mask[ring].min() > 0
    assert done.change_mask[ring].max() < 1


def test_two_things_are_kept_by_every_operation_of_a_plan(stage_of, make_context, picture, disc):
    kite, dog = disc(SIZE_HW, (15, 20), 8), disc(SIZE_HW, (45, 60), 8)
    plan = (AdjustLook(Look.DARKER), AdjustLook(Look.WARMER))
    stage = protect(stage_of(kite=kite, dog=dog), (KITE, DOG), plan)

    for operation in plan:
        stage = put_back(stage, carry_out(operation, stage, make_context(picture)), operation)

    kept = np.maximum(kite, dog) >= 0.5
    assert np.array_equal(stage.pixels[kept], picture[kept])
    assert (stage.pixels[(kite == 0) & (dog == 0)] != picture[(kite == 0) & (dog == 0)]).any()


def test_the_interpretation_says_what_was_kept_and_how_surely(stage_of, disc):
    stage = protect(stage_of(kite=disc(SIZE_HW, (20, 30), 10)), (KITE,), (AdjustLook(Look.DARKER),))

    assert stage.resolutions == (Resolution("the kite", "the kite, kept as it is", 0.6, verified=True),)


def test_what_is_not_found_is_refused_where_it_could_be_hit(stage_of):
    with pytest.raises(UnsupportedInstructionError, match="what of this picture to keep") as refusal:
        protect(stage_of(), (KITE,), (AdjustLook(Look.DARKER),))

    assert refusal.value.not_understood == ("the kite",)


def test_what_is_not_found_is_noted_where_the_change_is_limited_to_another_thing(stage_of, disc):
    stage = protect(stage_of(dog=disc(SIZE_HW, (30, 40), 10)), (KITE,), (Recolor(DOG, RED),))

    assert stage.protected == ()
    assert "can't outline the kite" in stage.notes[0]


def test_a_crop_ignores_what_is_kept_and_says_so(stage_of, disc):
    stage = protect(stage_of(kite=disc(SIZE_HW, (20, 30), 10)), (KITE,), (Crop(ratio=(1, 1)),))

    assert stage.protected == ()
    assert "The kite is kept" in stage.notes[0]


def test_the_same_thing_under_another_name_is_a_contradiction(stage_of, make_context, picture, disc):
    dog = disc(SIZE_HW, (30, 40), 12)

    with pytest.raises(UnsupportedInstructionError, match="the very thing that it keeps"):
        run(stage_of(dog=dog, kite=dog), Recolor(DOG, RED), make_context(picture), KITE)


def test_a_part_of_a_kept_thing_may_change(stage_of, make_context, picture, disc):
    dog, kite = disc(SIZE_HW, (30, 40), 5), disc(SIZE_HW, (30, 40), 24)

    done = run(stage_of(dog=dog, kite=kite), Recolor(DOG, RED), make_context(picture), KITE)

    assert (done.pixels[dog >= 1] != picture[dog >= 1]).any()
    assert np.array_equal(done.pixels[dog == 0], picture[dog == 0])
    assert any("a part of the kite" in note for note in done.notes)


def test_what_is_kept_stays_before_a_new_background(stage_of, make_context, picture, disc):
    subject, kite = disc(SIZE_HW, (40, 25), 12), disc(SIZE_HW, (15, 60), 9)
    operation = ChangeBackground(Background.COLOR, Target(TargetKind.SUBJECT, ""), (RED,))

    done = run(stage_of(subject=subject, kite=kite), operation, make_context(picture), KITE)

    inside = (kite >= 0.9) | (subject >= 1)
    assert np.array_equal(done.pixels[inside], picture[inside])
    assert (done.pixels[(kite == 0) & (subject == 0)] == RED.rgb).all()


def test_an_edit_that_follows_an_earlier_one_goes_back_to_that(stage_of, make_context, picture, disc):
    kite = disc(SIZE_HW, (20, 30), 10)
    warm = carry_out(AdjustLook(Look.WARMER), stage_of(kite=kite), make_context(picture))
    before = protect(warm, (KITE,), (AdjustLook(Look.DARKER),))

    done = put_back(before, carry_out(AdjustLook(Look.DARKER), before, make_context(picture)), AdjustLook(Look.DARKER))

    assert np.array_equal(done.pixels[kite >= 0.5], warm.pixels[kite >= 0.5])
    assert done.change_mask[kite >= 0.5].min() == 1
