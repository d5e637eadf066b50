"""Taking things out: what goes, what stays bit-identical, and what is refused."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from retouch.editor.instructions.plan import (
    AddObject,
    Flaw,
    MoveObject,
    Remove,
    RemoveFlaws,
    ReplaceObject,
    Target,
    TargetKind,
)
from retouch.editor.operations.registry import carry_out
from retouch.editor.operations.remove.filling import find_scenery
from retouch.editor.operations.remove.hole import find_shadow, hole_of
from retouch.editor.operations.remove.inpainter import NetworkInpainter, PatchInpainter, choose_inpainter
from retouch.editor.scene.detector import Detection
from retouch.editor.scene.scene import Finding
from retouch.editor.scene.values import Box, Face, Light
from retouch.errors import EditAbortedError, ModelFileError, UnsupportedInstructionError
from retouch.models import ModelStore

SUBJECT = Target(TargetKind.SUBJECT, "the subject")
FRONTAL = Light(0.0, 0.5, np.ones(3, np.float32))


@pytest.fixture
def make_removal(make_stage, make_context, tmp_path):
    """Return a stage and a context that can fill: with a light, and a model store without any file."""

    def make(pixels, matte, **options):
        stage, context = make_stage(pixels, matte), make_context(pixels, **options)
        stage.scene.light = FRONTAL
        stage.scene.sky = None
        return stage, replace(context, models=ModelStore(tmp_path))

    return make


def meadow(height=120, width=160):
    """Noisy green below, blue above, no thing."""
    rng = np.random.default_rng(4)
    picture = np.empty((height, width, 3), np.float32)
    picture[: height // 2] = (130, 170, 230)
    picture[height // 2 :] = (90, 140, 60)
    return np.clip(picture + rng.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)


def with_ball(picture, row=60, col=80, radius=14, color=(220, 30, 30)):
    rows, cols = np.mgrid[: picture.shape[0], : picture.shape[1]]
    inside = np.hypot(rows - row, cols - col) < radius
    drawn = picture.copy()
    drawn[inside] = color
    return drawn, inside.astype(np.float32)


def redness(pixels):
    return pixels[..., 0].astype(int) - pixels[..., 1:].max(axis=2)


def test_the_thing_is_gone_and_its_surroundings_go_on(make_removal):
    background = meadow()
    picture, matte = with_ball(background)
    stage, context = make_removal(picture, matte)

    done = carry_out(Remove(SUBJECT), stage, context)

    assert redness(done.pixels).max() < 60
    away = np.abs(done.pixels.astype(float) - background)[matte > 0]
    assert away.mean() < 25, "Sky above, grass below."


def test_away_from_the_thing_nothing_changes(make_removal):
    picture, matte = with_ball(meadow())
    stage, context = make_removal(picture, matte)

    done = carry_out(Remove(SUBJECT), stage, context)

    untouched = done.change_mask == 0
    assert untouched.mean() > 0.8
    assert np.array_equal(done.pixels[untouched], picture[untouched])
    assert not done.is_global


def test_later_operations_see_the_picture_without_it(make_removal):
    picture, matte = with_ball(meadow())
    stage, context = make_removal(picture, matte)

    done = carry_out(Remove(SUBJECT), stage, context)

    assert np.array_equal(done.scene.pixels, done.pixels)
    assert not done.scene.subject.present


def test_the_same_seed_removes_alike(make_removal):
    picture, matte = with_ball(meadow())
    one = carry_out(Remove(SUBJECT), *make_removal(picture, matte, seed=3))
    same = carry_out(Remove(SUBJECT), *make_removal(picture, matte, seed=3))

    assert np.array_equal(one.pixels, same.pixels)


def test_what_is_kept_is_not_taken_along(make_removal):
    picture, matte = with_ball(meadow())
    stage, context = make_removal(picture, matte)
    kept = np.zeros_like(matte)
    kept[:, 94:] = 1
    names = {"ball": matte, "fence": kept}
    stage.scene.find = lambda target: Finding(names[target.noun], 0.9, target.noun, verified=True)
    operation = Remove(Target(TargetKind.NOUN, "the ball", noun="ball"))

    done = carry_out(operation.sparing(Target(TargetKind.NOUN, "the fence", noun="fence")), stage, context)

    right_of_the_ball = (kept > 0) & (matte == 0)
    assert np.array_equal(done.pixels[right_of_the_ball], picture[right_of_the_ball])
    assert redness(done.pixels)[matte > 0].max() < 60


def test_transparency_stays(make_removal):
    picture, matte = with_ball(meadow())
    alpha = np.full(picture.shape[:2], 200, np.uint8)
    stage, context = make_removal(np.dstack([picture, alpha]), matte)

    done = carry_out(Remove(SUBJECT), stage, context)

    assert done.pixels.shape[2] == 4
    assert (done.pixels[..., 3] == 200).all()


def test_what_covers_nearly_all_is_refused(make_removal):
    picture = meadow()
    matte = np.ones(picture.shape[:2], np.float32)
    matte[:6] = 0
    with pytest.raises(UnsupportedInstructionError, match="covers"):
        carry_out(Remove(SUBJECT, phrase="remove it"), *make_removal(picture, matte))


def test_what_covers_half_is_a_guess_and_says_so(make_removal):
    picture = meadow()
    matte = np.zeros(picture.shape[:2], np.float32)
    matte[10:-10, 30:-30] = 1

    done = carry_out(Remove(SUBJECT), *make_removal(picture, matte))

    assert any("guess" in note for note in done.notes)


@pytest.mark.parametrize("rows_columns", [(slice(0, 60), slice(0, 160)), (slice(20, 120), slice(0, 110))])
def test_what_covers_half_and_reaches_the_borders_is_refused(make_removal, rows_columns):
    picture = meadow()
    matte = np.zeros(picture.shape[:2], np.float32)
    matte[rows_columns] = 1

    with pytest.raises(UnsupportedInstructionError, match="does not tell what is behind"):
        carry_out(Remove(SUBJECT, phrase="remove it"), *make_removal(picture, matte))


def test_what_goes_is_searched_for_once_and_filled_by_the_seed(make_removal):
    picture, ball = with_ball(meadow())
    stage, context = make_removal(picture, ball)
    analyzed = []
    counting = replace(context, analyze=lambda pixels: analyzed.append(pixels) or context.analyze(pixels))

    first = carry_out(Remove(SUBJECT), stage, counting)
    searches = len(analyzed)
    other = carry_out(Remove(SUBJECT), stage, replace(counting, rng=np.random.default_rng(2)))

    # One look at the picture after it; at the first time one more, for what the mask has missed.
    assert (searches, len(analyzed)) == (2, 3)
    assert np.array_equal(first.change_mask, other.change_mask)


def test_a_picture_that_was_edited_before_is_searched_anew(make_removal):
    picture, ball = with_ball(meadow())
    stage, context = make_removal(picture, ball)
    carry_out(Remove(SUBJECT), stage, context)
    brighter = replace(stage, pixels=np.minimum(stage.pixels, 200) + 20)

    after = carry_out(Remove(SUBJECT), brighter, context)

    assert np.array_equal(after.pixels[ball == 0][0], brighter.pixels[ball == 0][0])
    assert len(stage.scene.kept) == 1


def test_a_removal_stops_when_told_to(make_removal):
    picture, matte = with_ball(meadow())
    with pytest.raises(EditAbortedError):
        carry_out(Remove(SUBJECT), *make_removal(picture, matte, should_abort=lambda: True))


def test_whatever_stands_out_in_a_corner_is_found(make_removal):
    picture, ball = with_ball(meadow(), row=18, col=20, radius=10)
    stage, context = make_removal(picture, np.zeros_like(ball))
    corner = Target(TargetKind.REGION, "the top left corner", horizontal="left", vertical="top")

    done = carry_out(Remove(corner), stage, context)

    assert redness(done.pixels).max() < 60
    assert (done.change_mask[60:] == 0).all()


def test_an_empty_corner_is_refused(make_removal):
    picture = meadow()
    corner = Target(TargetKind.REGION, "the top left corner", horizontal="left", vertical="top")
    with pytest.raises(UnsupportedInstructionError, match="Nothing stands out"):
        carry_out(Remove(corner), *make_removal(picture, np.zeros(picture.shape[:2], np.float32)))


def test_of_several_the_one_near_the_other_thing_goes(make_removal):
    picture, left = with_ball(meadow(), col=40)
    picture, right = with_ball(picture, col=120)
    stage, context = make_removal(picture, np.zeros_like(left))
    post = np.zeros_like(left)
    post[40:80, 140:146] = 1
    names = {"ball": np.maximum(left, right), "post": post}
    stage.scene.find = lambda target: Finding(names[target.noun], 0.9, target.noun, verified=True)
    ball, near = (Target(TargetKind.NOUN, f"the {noun}", noun=noun) for noun in ("ball", "post"))

    done = carry_out(Remove(ball, near=near), stage, context)

    assert redness(done.pixels)[right > 0].max() < 60
    assert redness(done.pixels)[left > 0].min() > 100


def test_others_than_the_subject_are_refused_where_there_are_none(make_removal):
    picture, matte = with_ball(meadow())
    people = Target(TargetKind.NOUN, "the people", noun="people")
    with pytest.raises(UnsupportedInstructionError, match="no others"):
        carry_out(Remove(people, not_subject=True), *make_removal(picture, matte))


@pytest.mark.parametrize(
    ("noun", "labels", "expected"),
    [("teapot", (("flagpole", 0.1),), "not a teapot"), ("gizmo", (("coffee", 0.9),), "I see coffee, not a gizmo")],
)
def test_the_subject_is_not_taken_for_what_nothing_speaks_for(make_removal, noun, labels, expected):
    picture, matte = with_ball(meadow())
    stage, context = make_removal(picture, matte)
    stage.scene.labels = labels
    stage.scene.describe = lambda: labels[0][0]
    stage.scene.find = lambda target: Finding(
        matte, 0.5, f"the main subject (taken for {target.noun!r})", verified=False
    )

    with pytest.raises(UnsupportedInstructionError, match=expected):
        carry_out(Remove(Target(TargetKind.NOUN, f"the {noun}", noun=noun)), stage, context)


def test_a_word_nobody_knows_is_not_the_subject_even_where_nobody_knows_that(make_removal):
    picture, matte = with_ball(meadow())
    stage, context = make_removal(picture, matte)
    stage.scene.labels = (("flagpole", 0.1),)
    stage.scene.describe = lambda: "perhaps a flagpole"

    with pytest.raises(UnsupportedInstructionError, match="I see perhaps a flagpole, not a gizmo"):
        carry_out(taken_for(stage, matte, "gizmo"), stage, context)


def test_the_one_behind_the_subject_is_not_the_rim_of_its_own_outline(make_removal):
    picture, matte = with_ball(meadow())
    stage, context = make_removal(picture, matte)
    _, wider = with_ball(meadow(), radius=17)
    stage.scene.find = lambda target: Finding(wider, 0.7, "a cat", verified=False)

    with pytest.raises(UnsupportedInstructionError, match="no others"):
        carry_out(Remove(Target(TargetKind.NOUN, "the cat", noun="cat"), not_subject=True), stage, context)


def test_what_is_kept_beside_the_hole_does_not_run_into_it(make_removal):
    background = meadow()
    picture, ball = with_ball(background, row=80, col=60)
    picture[66:94, 75:110] = (240, 210, 40)
    post = np.zeros_like(ball)
    post[66:94, 75:110] = 1
    stage, context = make_removal(picture, np.maximum(ball, post))
    names = {"ball": ball, "post": post}
    stage.scene.find = lambda target: Finding(names[target.noun], 0.9, target.noun, verified=True)
    kept, gone = (Target(TargetKind.NOUN, f"the {noun}", noun=noun) for noun in ("post", "ball"))

    done = carry_out(Remove(gone, spared=(kept,)), stage, context)

    assert np.array_equal(done.pixels[post > 0], picture[post > 0])
    yellowness = done.pixels[..., :2].min(axis=2).astype(int) - done.pixels[..., 2]
    assert yellowness[(ball > 0) & (post == 0)].max() < 90


def test_a_crumb_inside_the_hole_goes_with_it():
    ring = np.zeros((120, 160), np.float32)
    ring[20:100, 30:130] = 1
    ring[50:62, 70:84] = 0

    assert hole_of(ring)[20:100, 30:130].all()


def test_glasses_on_a_face_are_refused(make_removal):
    picture, matte = with_ball(meadow())
    stage, context = make_removal(picture, matte)
    stage.scene.faces = (Face(Box(50, 30, 110, 90), 1.0, ((70, 60), (90, 60)), 5.0, (80, 70), Box(70, 76, 90, 84)),)
    glasses = Target(TargetKind.NOUN, "the glasses", noun="glasses")
    with pytest.raises(UnsupportedInstructionError, match="hides of the face"):
        carry_out(Remove(glasses), stage, context)


# Shadows -----------------------------------------------------------------------------------------------------------------


def test_a_shadow_beside_the_foot_is_found():
    ground = np.full((160, 200, 3), 180, np.uint8)
    thing = np.zeros((160, 200), np.float32)
    thing[40:110, 80:110] = 1
    ground[100:114, 105:128] = 105

    shadow = find_shadow(ground, hole_of(thing), FRONTAL)

    assert shadow[102:112, 116:126].mean() > 0.9
    assert shadow[:90].sum() == 0


def test_dark_ground_that_goes_on_is_no_shadow():
    ground = np.full((160, 200, 3), 180, np.uint8)
    ground[90:, 100:] = 105
    thing = np.zeros((160, 200), np.float32)
    thing[40:110, 80:110] = 1

    assert find_shadow(ground, hole_of(thing), FRONTAL).sum() == 0


# Flaws -------------------------------------------------------------------------------------------------------------------


def test_specks_of_dust_go_and_large_things_stay(make_removal):
    picture, _ = with_ball(np.full((300, 400, 3), 150, np.uint8), row=150, col=200, radius=40)
    clean = picture.copy()
    for row, col in ((40, 50), (250, 90), (60, 320)):
        picture[row : row + 3, col : col + 3] = 40

    done = carry_out(RemoveFlaws(Flaw.DUST), *make_removal(picture, np.zeros(picture.shape[:2], np.float32)))

    assert np.abs(done.pixels.astype(int) - clean).max() < 25
    assert np.array_equal(done.pixels[130:170, 180:220], clean[130:170, 180:220])


def test_a_wire_across_the_sky_goes(make_removal):
    clean = np.full((240, 320, 3), (120, 160, 220), np.uint8)
    picture = clean.copy()
    for col in range(320):
        picture[60 + col // 8 : 62 + col // 8, col] = 30

    done = carry_out(RemoveFlaws(Flaw.WIRES), *make_removal(picture, np.zeros(picture.shape[:2], np.float32)))

    assert np.abs(done.pixels.astype(int) - clean)[:, 12:-12].max() < 40


def test_a_picture_without_dust_is_refused(make_removal):
    picture = np.full((100, 120, 3), 150, np.uint8)
    with pytest.raises(UnsupportedInstructionError, match="find no dust"):
        carry_out(
            RemoveFlaws(Flaw.DUST, phrase="remove the dust"), *make_removal(picture, np.zeros((100, 120), np.float32))
        )


def test_without_a_face_there_are_no_blemishes(make_removal):
    picture = np.full((100, 120, 3), 150, np.uint8)
    with pytest.raises(UnsupportedInstructionError, match="no face"):
        carry_out(RemoveFlaws(Flaw.BLEMISHES), *make_removal(picture, np.zeros((100, 120), np.float32)))


# Moving ------------------------------------------------------------------------------------------------------------------


def test_a_moved_thing_is_where_it_should_be_and_nowhere_else(make_removal):
    picture, matte = with_ball(meadow(), row=75, col=110)

    done = carry_out(MoveObject(SUBJECT, "left"), *make_removal(picture, matte))

    columns = np.flatnonzero((redness(done.pixels) > 100).any(axis=0))
    assert abs(columns.mean() - 70) <= 2, "a quarter of the width to the left"
    assert len(columns) <= 30


def test_a_thing_at_the_border_has_no_room(make_removal):
    picture, matte = with_ball(meadow(), col=20)
    with pytest.raises(UnsupportedInstructionError, match="no room"):
        carry_out(MoveObject(SUBJECT, "left"), *make_removal(picture, matte))


def test_a_thing_that_the_border_cuts_is_not_pulled_into_view(make_removal):
    picture, matte = with_ball(meadow(), col=2)
    with pytest.raises(UnsupportedInstructionError, match="cut off"):
        carry_out(MoveObject(SUBJECT, "right"), *make_removal(picture, matte))


# Networks ----------------------------------------------------------------------------------------------------------------


def tiny_network(path):
    """A network of LaMa's interface: it paints the hole plain gray."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 512, 512])
    mask = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, 512, 512])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, 512, 512])
    gray = helper.make_tensor("gray", TensorProto.FLOAT, [], [0.5])
    one = helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])
    nodes = [
        helper.make_node("Sub", ["one", "mask"], ["known"]),
        helper.make_node("Mul", ["image", "known"], ["kept"]),
        helper.make_node("Mul", ["mask", "gray"], ["painted"]),
        helper.make_node("Add", ["kept", "painted"], ["output"]),
    ]
    graph = helper.make_graph(nodes, "tiny", [image, mask], [output], [gray, one])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def test_a_network_in_the_model_directory_is_used(tmp_path):
    tiny_network(tmp_path / "lama.onnx")
    picture, matte = with_ball(meadow())

    inpaint = choose_inpainter(ModelStore(tmp_path))
    filled = inpaint(picture, matte, sources=None, rng=np.random.default_rng(0), should_abort=None)

    assert isinstance(inpaint, NetworkInpainter)
    assert np.abs(filled[matte > 0].astype(int) - 128).max() <= 2
    assert np.array_equal(filled[matte == 0], picture[matte == 0])


def test_a_network_of_another_interface_is_named_as_the_cause():
    class Other:
        def run(self, names, feeds):
            raise ValueError("Invalid Feed Input Name:mask")

    picture, matte = with_ball(meadow())
    with pytest.raises(ModelFileError, match=r"lama\.onnx in the model directory"):
        NetworkInpainter(Other())(picture, matte, sources=None, rng=np.random.default_rng(0), should_abort=None)


def test_without_a_network_patches_fill(tmp_path):
    assert isinstance(choose_inpainter(ModelStore(tmp_path)), PatchInpainter)


# Replacing ---------------------------------------------------------------------------------------------------------------


def taken_for(stage, matte, word, **more):
    target = Target(TargetKind.NOUN, f"the {word}", noun=word, **more)
    stage.scene.find = lambda target: Finding(
        matte, 0.5, f"the main subject (taken for {target.noun!r})", verified=False
    )
    return Remove(target, target.phrase)


def test_people_are_not_what_is_plainly_an_animal(make_removal):
    picture, matte = with_ball(meadow())
    stage, context = make_removal(picture, matte)
    stage.scene.labels = (("cat", 0.8),)
    stage.scene.describe = lambda: "a cat"
    with pytest.raises(UnsupportedInstructionError, match="I see a cat"):
        carry_out(taken_for(stage, matte, "people", plural=True), stage, context)


def test_a_hole_is_not_filled_with_another_thing(make_removal):
    picture, thing = with_ball(meadow(), col=40)
    stage, _ = make_removal(picture, thing)
    hole = hole_of(thing)
    assert find_scenery(stage, hole, thing).sources is None
    stage.scene.subject = replace(stage.scene.subject, matte=np.zeros_like(thing), present=False)
    stage.scene.detections = (
        Detection("dog", 0.5, Box(26, 46, 55, 75)),
        Detection("dog", 0.4, Box(100, 40, 140, 90)),
    )

    around = find_scenery(stage, hole, thing)

    assert not around.sources[65, 120]
    assert around.sources[65, 90]
    assert around.sources[30, 40]
    assert not around.front.any()


def test_no_face_is_copied_though_it_overlaps_what_goes(make_removal):
    picture, thing = with_ball(meadow(), col=40)
    stage, _ = make_removal(picture, thing)
    stage.scene.subject = replace(stage.scene.subject, matte=np.zeros_like(thing), present=False)
    stage.scene.faces = (Face(Box(44, 40, 84, 80), 1.0, ((56, 55), (72, 55)), 4.0, (64, 62), Box(56, 66, 72, 72)),)

    around = find_scenery(stage, hole_of(thing), thing)

    assert not around.sources[60, 64]
    assert around.sources[60, 100]


def test_a_dog_that_overlaps_what_goes_is_not_copied_either(make_removal):
    picture, thing = with_ball(meadow(), col=40)
    stage, _ = make_removal(picture, thing)
    stage.scene.subject = replace(stage.scene.subject, matte=np.zeros_like(thing), present=False)
    stage.scene.detections = (Detection("dog", 0.5, Box(36, 40, 72, 80)),)

    around = find_scenery(stage, hole_of(thing), thing)

    assert not around.sources[60, 66]
    assert around.sources[60, 100]


def test_with_nothing_but_people_left_a_removal_is_refused(make_removal):
    picture, thing = with_ball(meadow(30, 110), row=15, col=55, radius=13)
    stage, _ = make_removal(picture, thing)
    stage.scene.subject = replace(stage.scene.subject, matte=np.zeros_like(thing), present=False)
    hole = np.ones_like(thing)
    hole[10:20, 5:25] = 0
    stage.scene.detections = (Detection("person", 0.9, Box(0, 0, 30, 30)),)

    with pytest.raises(UnsupportedInstructionError, match="people or animals"):
        find_scenery(stage, hole, thing, phrase="the ball")


def test_what_is_in_the_sky_is_filled_with_sky(make_removal):
    picture, cloud = with_ball(meadow(), row=40, color=(250, 250, 250))
    stage, _ = make_removal(picture, cloud)
    stage.scene.sky = np.zeros_like(cloud)
    stage.scene.sky[:60] = 1

    around = find_scenery(stage, hole_of(cloud), cloud)

    assert around.sources[10, 10]
    assert not around.sources[60:].any()
    assert around.front[61, 80]


def test_nothing_is_taken_out_for_what_no_pack_has(make_removal):
    class Empty:
        has_photographic_pack = False

        def search(self, noun):
            return ()

        def nearest_names(self, noun):
            return ()

    picture, matte = with_ball(meadow())
    stage, context = make_removal(picture, matte)
    operation = ReplaceObject(SUBJECT, AddObject("gizmo", "a gizmo"))
    with pytest.raises(UnsupportedInstructionError, match="gizmo"):
        carry_out(operation, stage, replace(context, objects=Empty()))
