import cv2
import numpy as np
import pytest

from retouch.editor.instructions.plan import PrintOnto, Target, TargetKind
from retouch.editor.operations.print.kinds import SurfaceKind, kind_of
from retouch.editor.operations.print.onto import print_onto
from retouch.editor.operations.print.quads import find_quads
from retouch.editor.operations.print.surface import find_surface
from retouch.editor.scene.values import Box, Face, Horizon
from retouch.errors import UnsupportedInstructionError

FIRST = Target(TargetKind.PICTURE, "the first image", image_index=0)
CORNERS = np.array([[110, 60], [250, 45], [255, 170], [105, 160]], np.float64)
RED = np.full((60, 80, 3), (220, 20, 20), np.uint8)


def noun(word, **sides):
    return Target(TargetKind.NOUN, f"the {word}", noun=word, **sides)


def wall(level=190, size_hw=(240, 360)):
    noise = np.random.default_rng(0).normal(0, 3, (*size_hw, 1))
    return np.clip(np.array([level, level - 8, level - 20]) + noise, 0, 255).astype(np.uint8)


def hang(picture, corners=CORNERS, level=60):
    """Return the picture with a plain panel in perspective."""
    big = cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    cv2.fillConvexPoly(big, np.rint(corners * 4).astype(np.int32), (level, level, level))
    return cv2.resize(big, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_AREA)


def inside(corners, size_hw=(240, 360), shrink=1.0):
    mask = np.zeros(size_hw, np.uint8)
    middle = corners.mean(axis=0)
    cv2.fillConvexPoly(mask, np.rint(middle + shrink * (corners - middle)).astype(np.int32), 1)
    return mask > 0


@pytest.fixture
def unnamed(make_stage):
    """A stage whose scene knows no noun: only edges can show where a thing is."""

    def make(pixels, matte=None):
        present = matte is not None
        stage = make_stage(pixels, matte if present else np.zeros(pixels.shape[:2], np.float32), present=present)
        stage.scene.sky = None

        def refuse(target):
            raise UnsupportedInstructionError((), (target.phrase,), "I can't make it out.")

        stage.scene.find = refuse
        return stage

    return make


@pytest.mark.parametrize("level", [20, 60, 250])
def test_the_corners_of_a_panel_are_found_to_a_pixel(level):
    quads = find_quads(hang(wall(), level=level))

    best = max(quads, key=lambda quad: quad.support)
    assert np.abs(best.corners - CORNERS).max() < 1.5
    assert best.area == pytest.approx(inside(CORNERS).sum(), rel=0.03)


def test_noise_and_leaves_have_no_convincing_rectangle():
    rng = np.random.default_rng(1)
    leaves = np.full((240, 360, 3), 40, np.uint8)
    for _ in range(900):
        center = tuple(int(v) for v in rng.integers(0, 360, 2))
        cv2.ellipse(
            leaves, center, (9, 4), float(rng.uniform(0, 180)), 0, 360, tuple(rng.integers(30, 160, 3).tolist()), -1
        )

    assert all(quad.support < 0.68 for quad in find_quads(leaves))


def test_a_poster_is_covered_from_edge_to_edge_and_nothing_else_changes(unnamed, make_context):
    pixels = hang(wall(), level=60)

    after = print_onto(unnamed(pixels), PrintOnto(FIRST, noun("poster")), make_context(RED))

    changed = after.change_mask > 0
    assert np.array_equal(after.pixels[~changed], pixels[~changed])
    assert changed[inside(CORNERS, shrink=0.97)].all()
    assert not changed[~inside(CORNERS, shrink=1.06)].any()
    middle = after.pixels[inside(CORNERS, shrink=0.8)].astype(int)
    assert (middle[:, 0] > middle[:, 1] + 60).all()
    assert not after.resolutions[0].verified, "edges alone do not say that it is a poster"


def test_a_print_on_a_card_keeps_its_ratio_and_leaves_a_rim(unnamed, make_context):
    after = print_onto(unnamed(hang(wall(), level=250)), PrintOnto(FIRST, noun("card")), make_context(RED))

    share = float((after.change_mask > 0.5).sum()) / inside(CORNERS).sum()
    assert 0.4 < share < 0.9


def test_a_screen_shines_whatever_the_light_in_the_room(unnamed, make_context):
    white = np.full((60, 80, 3), 255, np.uint8)
    pixels = hang(wall(level=70), level=12)

    after = print_onto(unnamed(pixels), PrintOnto(FIRST, noun("television")), make_context(white))

    assert after.pixels[inside(CORNERS, shrink=0.7)].min() > 180
    assert np.array_equal(after.pixels[~inside(CORNERS, shrink=1.03)], pixels[~inside(CORNERS, shrink=1.03)])


def test_who_stands_before_a_billboard_stays_before_it(unnamed, make_context):
    pixels = hang(wall(), level=60)
    matte = np.zeros(pixels.shape[:2], np.float32)
    matte[100:240, 150:185] = 1.0
    pixels[matte > 0] = (40, 90, 40)

    after = print_onto(unnamed(pixels, matte), PrintOnto(FIRST, noun("billboard")), make_context(RED))

    assert np.array_equal(after.pixels[matte > 0], pixels[matte > 0])
    assert (after.change_mask[70:95, 190:240] > 0.9).all()


def test_the_named_side_chooses_among_posters(unnamed):
    left, right = CORNERS.copy(), CORNERS + np.array([0, 20])
    left[:, 0] = 10 + (left[:, 0] - left[:, 0].min()) * 0.8
    right[:, 0] = 225 + (right[:, 0] - right[:, 0].min()) * 0.8
    stage = unnamed(hang(hang(wall(), left), right))

    found = find_surface(stage, noun("poster", horizontal="right"))

    assert found.shape.box[1].start > 200


@pytest.mark.parametrize("word", ["poster", "television", "book", "sign"])
def test_a_picture_without_four_straight_edges_is_refused(unnamed, make_context, word):
    with pytest.raises(UnsupportedInstructionError):
        print_onto(unnamed(wall()), PrintOnto(FIRST, noun(word)), make_context(RED))


def test_a_plain_wall_takes_a_picture_and_a_sky_does_not(unnamed):
    pixels = wall()
    pixels[180:] = (90, 60, 40)
    indoors, outdoors = unnamed(pixels), unnamed(pixels)
    for stage in (indoors, outdoors):
        stage.scene.horizon = Horizon(180.0, 0.9)
    blue = pixels.copy()
    blue[:180] = (120, 170, 230)
    outdoors.scene.pixels = blue
    outdoors.scene.sky = (np.arange(240) < 180).astype(np.float32)[:, None] * np.ones((1, 360), np.float32)

    found = find_surface(indoors, noun("wall"), aspect=1.5)

    assert found.kind is SurfaceKind.WALL
    assert found.shape.box[0].stop <= 190
    with pytest.raises(UnsupportedInstructionError, match="wall"):
        find_surface(outdoors, noun("wall"), aspect=1.5)


def person(folds=0.0):
    """A torso in a grey shirt below a face."""
    matte = np.zeros((300, 240), np.float32)
    cv2.ellipse(matte, (120, 60), (30, 40), 0, 0, 360, 1, -1)
    matte[105:300, 50:190] = 1
    columns = np.arange(240)[None, :, None]
    shirt = 120 * (1 + folds * np.sin(columns / 5.0)) * np.ones((300, 1, 3))
    pixels = np.where(matte[..., None] > 0, shirt, 230)
    pixels[20:100, 90:150] = (200, 160, 140)
    face = Face(Box(92, 30, 148, 98), 0.99, ((107, 55), (133, 55)), 7.0, (120, 70), Box(108, 78, 132, 90))
    return np.clip(pixels, 0, 255).astype(np.uint8), matte, face


def test_a_shirt_is_found_below_the_face_and_keeps_its_folds(unnamed, make_context):
    pixels, matte, face = person(folds=0.25)
    stage = unnamed(pixels, matte)
    stage.scene.faces = (face,)
    grey = np.full((60, 60, 3), 128, np.uint8)

    after = print_onto(stage, PrintOnto(FIRST, noun("shirt")), make_context(grey))

    printed = after.change_mask > 0.99
    rows, columns = np.nonzero(printed)
    assert rows.min() > 100
    assert abs(columns.mean() - 120) < 15
    before, now = pixels[printed][:, 1].astype(float), after.pixels[printed][:, 1].astype(float)
    assert np.corrcoef(before, now)[0, 1] > 0.6, "the folds shade the print"


def test_a_shirt_without_a_face_above_it_is_refused(unnamed, make_context):
    pixels, matte, _ = person()
    with pytest.raises(UnsupportedInstructionError):
        print_onto(unnamed(pixels, matte), PrintOnto(FIRST, noun("shirt")), make_context(RED))


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("espresso cup", SurfaceKind.ROUND),
        ("screen", SurfaceKind.SCREEN),
        ("hoodie", SurfaceKind.CLOTH),
        ("street sign", SurfaceKind.PANEL),
        ("wall", SurfaceKind.WALL),
        ("idea", None),
    ],
)
def test_a_noun_says_what_kind_of_surface_it_has(word, kind):
    assert kind_of(word) is kind
