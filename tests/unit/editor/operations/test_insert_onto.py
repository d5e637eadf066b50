"""Onto, between, around and on somebody: what ``test_insert`` does not tell of plain placing."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from retouch.editor.instructions.plan import AddObject, Placement, Relation, Target, TargetKind
from retouch.editor.operations.insert.insert import insert
from retouch.editor.operations.insert.region import boxes_of, firmness
from retouch.editor.scene.values import Box, Face, Finding
from retouch.errors import UnsupportedInstructionError

tools = runpy.run_path(str(Path(__file__).with_name("test_insert.py")))
FakeScene, stage_of, context_of = tools["FakeScene"], tools["stage_of"], tools["context_of"]


def noun(word, **sides):
    return Target(TargetKind.NOUN, f"the {word}", noun=word, **sides)


def face_at(x, y, wide=40.0, *, tilt=0.0):
    tall = 1.3 * wide
    down = np.tan(np.radians(tilt)) * 0.22 * wide
    return Face(
        Box(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2),
        0.99,
        ((x - 0.22 * wide, y - 0.1 * tall - down), (x + 0.22 * wide, y - 0.1 * tall + down)),
        0.1 * wide,
        (x, y + 0.1 * tall),
        Box(x - 0.2 * wide, y + 0.2 * tall, x + 0.2 * wide, y + 0.4 * tall),
    )


def crowd(*faces):
    scene = FakeScene(head=False, subject=False, open_air=False)
    scene.faces = faces
    return scene


def add(word, relation, scene, *, anchor=None, second=None, count=1, seed=1, horizontal=None, stage=None):
    placement = Placement(relation, anchor, horizontal, second=second)
    operation = AddObject(word, f"a {word}", count, placement=placement)
    return insert(stage or stage_of(scene), operation, context_of(seed))


def middle_of(mask):
    rows, columns = np.nonzero(mask > 0.5)
    return (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2


def test_everyone_gets_a_hat_of_their_own_size():
    scene = crowd(face_at(60, 130, 30), face_at(160, 140, 48), face_at(260, 120, 36))

    stage = add("hat", Relation.ON_HEAD, scene, anchor=noun("everyone"))

    boxes = sorted(boxes_of(stage.added["hat"]), key=lambda box: box.center_x)
    assert [round(box.center_x / 100) for box in boxes] == [1, 2, 3]
    assert boxes[0].width < boxes[2].width < boxes[1].width


def test_a_hat_comes_down_to_the_forehead_and_no_further():
    face = face_at(160, 140, 48)

    hat = boxes_of(add("top hat", Relation.ON_HEAD, crowd(face)).added["top hat"])[0]

    (_, eye_row), _ = face.eyes
    assert face.box.top - 0.15 * face.box.height < hat.bottom < eye_row


def test_the_man_on_the_left_gets_the_crown():
    scene = crowd(face_at(230, 140, 48), face_at(70, 130, 30))

    stage = add("crown", Relation.ON_HEAD, scene, anchor=noun("man", horizontal="left"))

    assert middle_of(stage.added["crown"])[0] < 110


@pytest.mark.parametrize("tilt", [-18.0, 0.0, 18.0])
def test_glasses_lie_over_the_eyes_and_turn_with_them(tilt):
    face = face_at(160, 120, 80, tilt=tilt)

    shown = add("sunglasses", Relation.OVER_EYES, crowd(face)).added["sunglasses"]

    rows, columns = np.nonzero(shown > 0.5)
    eyes_x, eyes_y = np.mean(face.eyes, axis=0)
    assert abs(columns.mean() - eyes_x) < 6
    assert abs(rows.mean() - eyes_y) < 8
    slope = np.degrees(np.arctan(np.polyfit(columns, rows, 1)[0]))
    assert slope == pytest.approx(tilt, abs=6)


def test_more_hats_than_heads_are_refused():
    with pytest.raises(UnsupportedInstructionError, match="1 head"):
        add("hat", Relation.ON_HEAD, crowd(face_at(160, 140)), count=3)


def test_nothing_sits_on_a_shoulder_where_there_is_no_face():
    with pytest.raises(UnsupportedInstructionError, match="no shoulder"):
        add("bird", Relation.ON_SHOULDER, FakeScene())


class TwoPosts(FakeScene):
    """Two things by name: a post on the left and one on the right."""

    def find(self, target):
        mask = np.zeros(self.pixels.shape[:2], np.float32)
        columns = slice(40, 70) if target.noun == "cup" else slice(250, 280)
        mask[120:180, columns] = 1.0
        if target.noun == "people":
            mask[120:180, 40:70] = 1.0
        return Finding(mask, 0.9, target.noun, verified=True)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_between_two_things_is_in_the_middle_of_the_gap(seed):
    scene = TwoPosts(head=False, subject=False)

    stage = add("ball", Relation.BETWEEN, scene, anchor=noun("cup"), second=noun("chair"), seed=seed)

    column, _ = middle_of(stage.added["ball"])
    assert abs(column - 160) < 30


def test_between_the_two_people_needs_no_second_name():
    stage = add("ball", Relation.BETWEEN, TwoPosts(head=False, subject=False), anchor=noun("people"))

    assert abs(middle_of(stage.added["ball"])[0] - 160) < 30


def test_between_one_thing_is_refused():
    with pytest.raises(UnsupportedInstructionError, match="two things"):
        add("ball", Relation.BETWEEN, TwoPosts(head=False, subject=False), anchor=noun("cup"))


def test_a_second_object_does_not_cover_the_first():
    scene = FakeScene(head=False, subject=False)
    first = add("ball", Relation.FOREGROUND, scene, horizontal="left")

    both = add("vase", Relation.FOREGROUND, scene, horizontal="left", stage=first)

    overlap = (both.added["ball"] > 0.5) & (both.added["vase"] > 0.5)
    assert overlap.sum() < 0.1 * (both.added["ball"] > 0.5).sum()


def test_a_flock_has_birds_of_several_sizes_that_do_not_overlap():
    stage = add("bird", Relation.SKY, FakeScene(head=False, subject=False), count=5)

    boxes = boxes_of(stage.added["bird"])
    widths = [box.width for box in boxes]
    assert len(boxes) == 5
    assert max(widths) > 1.15 * min(widths)


def test_leaves_carry_nothing_and_a_lawn_does():
    rng = np.random.default_rng(0)
    lawn = np.clip(rng.normal(120, 9, (300, 600, 1)) * np.ones(3), 0, 255).astype(np.uint8)
    leaves = np.kron((rng.random((60, 120)) > 0.5).astype(np.uint8), np.ones((5, 5), np.uint8))[..., None] * 110 + 20
    picture = np.vstack([lawn, leaves * np.ones(3, np.uint8)]).astype(np.uint8)

    firm = firmness(picture)

    assert firm[40:260, 40:560].min() > 0.9
    assert np.quantile(firm[340:560, 40:560], 0.9) < 0.1


def test_a_horse_in_the_background_of_treetops_is_refused():
    class Treetops(FakeScene):
        @property
        def ground(self):
            return np.zeros(self.pixels.shape[:2], np.float32)

    with pytest.raises(UnsupportedInstructionError, match="no firm ground"):
        add("vase", Relation.BACKGROUND, Treetops(head=False, subject=False))


def test_what_is_far_has_no_blacker_blacks_than_its_distance():
    class Hazy(FakeScene):
        """A bright haze lies over everything near the horizon."""

    picture = tools["field"]().copy()
    picture[78:100] = 170
    scene = Hazy(picture, head=False, subject=False)
    clear = FakeScene(head=False, subject=False)

    def darkest(scene):
        stage = add("vase", Relation.BACKGROUND, scene, seed=3)
        return np.quantile(stage.pixels[stage.added["vase"] > 0.9].min(axis=1), 0.05)

    assert darkest(scene) > darkest(clear) + 5


def test_a_shadow_in_a_black_and_white_picture_has_no_color():
    rows = np.linspace(60, 190, 240)[:, None, None] + np.random.default_rng(0).integers(-20, 21, (240, 320, 1))
    grey = np.clip(rows * np.ones(3), 0, 255).astype(np.uint8)

    stage = add("ball", Relation.FOREGROUND, FakeScene(grey, head=False, subject=False))

    shadow = (stage.change_mask > 0.05) & (stage.added["ball"] == 0)
    assert shadow.sum() > 50
    assert np.ptp(stage.pixels[shadow].astype(int), axis=1).max() <= 2
