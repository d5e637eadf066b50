import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from skimage import data

from retouch.editor.instructions.plan import AddObject, ColorValue, Placement, Relation, Target, TargetKind
from retouch.editor.objects.cutout import Cutout, ObjectEntry
from retouch.editor.objects.library import ObjectLibrary
from retouch.editor.operations.harmonize import measure_tint
from retouch.editor.operations.insert.insert import insert
from retouch.editor.operations.insert.scores import _part_score
from retouch.editor.operations.insert.worn import find_wearers
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.landscape import Landscape
from retouch.editor.scene.values import Box, Face, Finding, Head, Horizon, Light, Subject
from retouch.errors import EditAbortedError, UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels


class QuickLibrary(ObjectLibrary):
    """Draws each object once, at one size: how objects are drawn is tested elsewhere."""

    def load(self, entry: ObjectEntry, **wishes: Any) -> Cutout:
        return _drawn_once(entry, wishes.get("color_rgb"))


@functools.cache
def _drawn_once(entry: ObjectEntry, color_rgb: tuple[int, int, int] | None) -> Cutout:
    return ObjectLibrary().load(entry, long_side_px=90, color_rgb=color_rgb, light_x=0.7, hardness=0.9)


LIBRARY = QuickLibrary()


class FakeScene:
    """An open field: sky above row 80, ground below, and a post as the subject in the middle."""

    def __init__(
        self,
        pixels: Pixels | None = None,
        *,
        head: bool = True,
        subject: bool = True,
        open_air: bool = True,
        water: float = 0.0,
    ) -> None:
        self.pixels = field() if pixels is None else pixels
        self._water = water
        self._head, self._subject, self._open_air = head, subject, open_air
        self.faces = ()
        self.detections = ()
        self.landscape = Landscape(0.0, 0.0)
        self.water: Mask | None = None

    @property
    def subject(self) -> Subject:
        matte = np.zeros(self.pixels.shape[:2], np.float32)
        if self._subject:
            matte[60:180, 140:180] = 1.0
        return Subject(matte, 0.9, self._subject)

    @property
    def horizon(self) -> Horizon | None:
        return Horizon(80.0, 0.9) if self._open_air else None

    @property
    def sky(self) -> Mask | None:
        return self._part(0, 80) if self._open_air else None

    @property
    def ground(self) -> Mask:
        return self._part(90, 240) * (1 - self.subject.matte)

    def _part(self, first: int, last: int) -> Mask:
        mask = np.zeros(self.pixels.shape[:2], np.float32)
        mask[first:last] = 1.0
        return mask

    @property
    def light(self) -> Light:
        return Light(0.7, 0.9, np.ones(3, np.float32))

    @property
    def head(self) -> Head | None:
        return Head(140, 62, 180, 102, 0.9, "face") if self._head else None

    @property
    def labels(self) -> tuple[tuple[str, float], ...]:
        return ()

    def locate(self, noun: str) -> tuple[Mask, float]:
        return self._part(80, 240), self._water

    def find(self, target: Target) -> Finding:
        if target.noun == "unicorn":
            raise UnsupportedInstructionError((), (target.phrase,), "There is none.")
        return Finding(self.subject.matte, 0.9, "the post", verified=True)


@functools.cache
def field() -> Pixels:
    rows = np.arange(240)[:, None]
    noise = np.random.default_rng(0).integers(-6, 7, (240, 320, 3))
    sky, ground = np.array([140, 180, 225]), np.array([150, 135, 105])
    picture = np.where((rows < 80)[..., None], sky, ground) + noise
    picture[60:180, 140:180] = (90, 60, 50)
    pixels: Pixels = picture.clip(0, 255).astype(np.uint8)
    pixels.setflags(write=False)
    return pixels


def stage_of(scene: FakeScene) -> Stage:
    return Stage(scene.pixels, np.zeros(scene.pixels.shape[:2], np.float32), scene)  # type: ignore[arg-type]


def context_of(seed: int = 1, should_abort: Callable[[], bool] | None = None) -> Context:
    return Context(
        np.random.default_rng(seed),
        scenes=lambda index: None,
        originals=lambda index: None,
        analyze=lambda pixels: None,
        models=None,
        objects=LIBRARY,
        should_abort=should_abort,
    )


def add(
    noun: str,
    relation: Relation = Relation.ANYWHERE,
    *,
    seed: int = 1,
    scene: FakeScene | None = None,
    **changes: object,
) -> Stage:
    """Add to the open field (computed once for all tests), or to another scene."""
    if scene is None:
        return add_to_field(noun, relation, seed, tuple(sorted(changes.items())))
    return add_anew(noun, relation, seed=seed, scene=scene, **changes)


@functools.cache
def add_to_field(noun: str, relation: Relation, seed: int, changes: tuple[tuple[str, object], ...]) -> Stage:
    stage = add_anew(noun, relation, seed=seed, **dict(changes))
    for each in (stage.pixels, stage.change_mask, *stage.added.values()):
        each.setflags(write=False)
    return stage


def add_anew(
    noun: str,
    relation: Relation = Relation.ANYWHERE,
    *,
    seed: int = 1,
    scene: FakeScene | None = None,
    **changes: object,
) -> Stage:
    placement = changes.pop("placement", Placement(relation))
    operation = AddObject(noun, f"a {noun}", placement=placement, **changes)  # type: ignore[arg-type]
    return insert(stage_of(scene or FakeScene()), operation, context_of(seed))


def shown_box(stage: Stage, noun: str) -> tuple[int, int, int, int]:
    rows, cols = np.nonzero(stage.added[noun] > 0.5)
    return int(cols.min()), int(rows.min()), int(cols.max()), int(rows.max())


ALL_WAYS = [
    ("bird", Relation.FOREGROUND),
    ("balloon", Relation.SKY),
    ("ball", Relation.NEXT_TO),
    ("ball", Relation.IN_FRONT_OF),
    ("tree", Relation.BACKGROUND),
    ("crown", Relation.ON_HEAD),
    ("sunglasses", Relation.OVER_EYES),
    ("fish", Relation.ANYWHERE),
    ("bird", Relation.ON),
    ("apple", Relation.BEHIND),
    ("star", Relation.ABOVE),
]


@pytest.mark.parametrize(("noun", "relation"), ALL_WAYS)
def test_pixels_outside_the_mask_are_exactly_those_of_the_stage(noun: str, relation: Relation) -> None:
    before = stage_of(FakeScene())
    after = add(noun, relation)
    untouched = after.change_mask == 0
    assert np.array_equal(after.pixels[untouched], before.pixels[untouched])
    assert 0.001 < 1 - untouched.mean() < 0.75
    assert after.change_mask.dtype == np.float32
    assert after.change_mask.max() <= 1
    assert not np.array_equal(after.pixels, before.pixels)
    assert np.array_equal(before.pixels, field())


@pytest.mark.parametrize(
    ("noun", "relation"), [("bird", Relation.FOREGROUND), ("crown", Relation.ON_HEAD), ("balloon", Relation.SKY)]
)
def test_the_same_seed_gives_the_same_bytes_and_seeds_differ_visibly(noun: str, relation: Relation) -> None:
    first, again, other = add(noun, relation), add_anew(noun, relation), add(noun, relation, seed=2)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.change_mask, again.change_mask)
    difference = np.abs(first.pixels.astype(int) - other.pixels.astype(int)).max(axis=2)
    assert (difference > 20).sum() > 50


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("relation", [Relation.FOREGROUND, Relation.NEXT_TO, Relation.ANYWHERE])
def test_an_object_on_the_ground_is_inside_the_picture_of_sane_size_and_off_the_face(
    seed: int, relation: Relation
) -> None:
    stage = add("ball", relation, seed=seed)
    left, top, right, bottom = shown_box(stage, "ball")
    assert left > 0
    assert right < 319
    assert bottom > 90
    assert 0.05 * 240 < bottom - top < 0.65 * 240
    assert stage.added["ball"][62:102, 140:180].max() == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_balloon_for_the_top_left_sky_is_there(seed: int) -> None:
    stage = add("balloon", seed=seed, placement=Placement(Relation.SKY, None, "left", "top"))
    left, top, right, bottom = shown_box(stage, "balloon")
    assert (left + right) / 2 < 0.4 * 320
    assert (top + bottom) / 2 < 0.4 * 240


@pytest.mark.parametrize(("relation", "is_left"), [(Relation.LEFT_OF, True), (Relation.RIGHT_OF, False)])
def test_left_of_and_right_of_the_subject_are_on_that_side(relation: Relation, is_left: bool) -> None:
    for seed in range(3):
        left, _, right, _ = shown_box(add("ball", relation, seed=seed), "ball")
        assert ((left + right) / 2 < 140) == is_left


def test_what_stands_on_the_ground_darkens_it_on_the_side_away_from_the_light() -> None:
    before, after = field().astype(int), add("ball", Relation.FOREGROUND)
    left, top, right, bottom = shown_box(after, "ball")
    darker = (before - after.pixels.astype(int)).mean(axis=2) * (after.added["ball"] == 0)
    beside_left = darker[top : bottom + 4, max(0, left - 40) : left].sum()
    beside_right = darker[top : bottom + 4, right + 1 : right + 41].sum()
    assert beside_left > 3 * max(beside_right, 1)


def test_what_floats_in_the_sky_casts_no_shadow() -> None:
    before, after = field().astype(int), add("balloon", Relation.SKY)
    away = after.added["balloon"] == 0
    assert np.array_equal(after.pixels[away], before[away])


def test_a_crown_sits_on_the_head_and_is_about_as_wide() -> None:
    left, top, right, bottom = shown_box(add("crown", Relation.ON_HEAD), "crown")
    assert abs((left + right) / 2 - 160) < 8
    assert 0.6 * 40 < right - left < 1.2 * 40
    assert top < 62 < bottom < 85


def test_sunglasses_lie_over_the_eyes() -> None:
    left, top, right, bottom = shown_box(add("sunglasses", Relation.OVER_EYES), "sunglasses")
    assert abs((left + right) / 2 - 160) < 5
    assert 70 < (top + bottom) / 2 < 90


def test_a_hat_without_a_head_is_refused() -> None:
    with pytest.raises(UnsupportedInstructionError, match="no head"):
        add("hat", Relation.ON_HEAD, scene=FakeScene(head=False))


def test_a_boat_floats_on_the_water_with_a_reflection() -> None:
    picture = field().copy()
    picture[90:240] = np.array([60, 120, 150]) + np.random.default_rng(2).integers(-3, 4, (150, 320, 3))
    picture[60:180, 140:180] = (90, 60, 50)
    before = FakeScene(picture.astype(np.uint8), water=0.5)
    after = add("boat", Relation.WATER, scene=before)
    _, _, _, bottom = shown_box(after, "boat")
    assert 90 < bottom < 236
    below = after.change_mask[bottom + 3 :]
    assert below.max() > 0.05
    untouched = after.change_mask == 0
    assert np.array_equal(after.pixels[untouched], before.pixels[untouched])


def test_a_boat_for_the_water_of_a_dry_picture_is_refused() -> None:
    with pytest.raises(UnsupportedInstructionError, match="no water"):
        add("boat", Relation.WATER)


def test_the_sky_of_a_picture_without_sky_is_noted() -> None:
    stage = add("balloon", Relation.SKY, scene=FakeScene(open_air=False))
    assert any("no sky" in note for note in stage.notes)


def test_a_bird_for_the_sky_is_one_that_flies() -> None:
    assert add("bird", Relation.SKY).resolutions[-1].resolved_to == "flying bird"
    assert add("bird", Relation.FOREGROUND).resolutions[-1].resolved_to == "bird"


def test_a_flock_does_not_overlap() -> None:
    stage = add("ball", Relation.FOREGROUND, count=3)
    single = add("ball", Relation.FOREGROUND)
    assert (stage.added["ball"] > 0.5).sum() > 1.5 * (single.added["ball"] > 0.5).sum()
    assert "3 x ball" in stage.resolutions[-1].resolved_to


def test_a_color_is_honored() -> None:
    stage = add("balloon", Relation.SKY, color=ColorValue("red", (220, 20, 30)))
    inside = stage.added["balloon"] > 0.95
    red, green, blue = stage.pixels[inside].astype(float).mean(axis=0)
    assert red > 1.6 * max(green, blue)


@pytest.mark.parametrize(("scale", "low", "high"), [(0.6, 0.4, 0.85), (1.6, 1.2, 2.0)])
def test_small_and_big_are_honored(scale: float, low: float, high: float) -> None:
    def size(factor: float) -> float:
        left, top, right, bottom = shown_box(add("ball", Relation.FOREGROUND, scale=factor), "ball")
        return max(right - left, bottom - top)

    assert low < size(scale) / size(1.0) < high


def test_behind_the_subject_the_subject_hides_a_part() -> None:
    stage = add("tree", Relation.BEHIND)
    solid_post = stage.scene.subject.matte == 1
    assert np.array_equal(stage.pixels[solid_post], field()[solid_post])


def test_a_thing_that_no_pack_has_is_refused_with_near_names() -> None:
    with pytest.raises(UnsupportedInstructionError, match="dragonfly") as caught:
        add("dragonfly")
    assert "butterfly" in caught.value.hint
    assert "retouch objects add" in caught.value.hint


def test_the_note_says_that_the_project_drew_it() -> None:
    notes = add("bird", Relation.FOREGROUND).notes
    assert any("drawn by the project" in note and "tuxpaint" in note for note in notes)


def test_an_anchor_that_was_added_before_is_found() -> None:
    stage = add("ball", Relation.FOREGROUND)
    target = Target(TargetKind.NOUN, "the ball", "ball")
    operation = AddObject("bird", "a bird", placement=Placement(Relation.NEXT_TO, target))
    after = insert(stage, operation, context_of(5))
    assert any(each.resolved_to == "the ball that was added" for each in after.resolutions)
    assert set(after.added) == {"ball", "bird"}
    untouched = after.change_mask == 0
    assert np.array_equal(after.pixels[untouched], field()[untouched])


def test_an_anchor_that_is_not_there_is_refused() -> None:
    target = Target(TargetKind.NOUN, "the unicorn", "unicorn")
    with pytest.raises(UnsupportedInstructionError, match="unicorn"):
        add("ball", placement=Placement(Relation.NEXT_TO, target))


def test_a_grey_picture_gets_a_grey_object() -> None:
    grey = np.repeat(data.camera()[100:340, 100:420, None], 3, axis=2)
    stage = add(
        "balloon", Relation.SKY, scene=FakeScene(np.ascontiguousarray(grey)), color=ColorValue("red", (220, 20, 30))
    )
    inside = stage.added["balloon"] > 0.95
    assert np.ptp(stage.pixels[inside].astype(int), axis=1).mean() < 12


def test_a_picture_without_sky_ground_or_subject_still_takes_an_object() -> None:
    photo = np.ascontiguousarray(data.coffee()[:240, :320])
    stage = add("bird", Relation.FOREGROUND, scene=FakeScene(photo, head=False, subject=False, open_air=False))
    assert stage.added["bird"].max() > 0.9


def test_transparency_is_kept_and_the_object_is_opaque() -> None:
    scene = FakeScene()
    rgba = np.dstack([field(), np.zeros((240, 320), np.uint8)])
    stage = Stage(rgba, np.zeros((240, 320), np.float32), scene)  # type: ignore[arg-type]
    operation = AddObject("balloon", "a balloon", placement=Placement(Relation.SKY))
    after = insert(stage, operation, context_of())
    assert after.pixels[..., 3].max() == 255
    assert (after.pixels[after.change_mask == 0][:, 3] == 0).all()


def test_an_aborted_edit_stops() -> None:
    with pytest.raises(EditAbortedError):
        insert(stage_of(FakeScene()), AddObject("ball", "a ball"), context_of(should_abort=lambda: True))


def test_a_boat_for_water_that_only_its_color_speaks_for_is_refused() -> None:
    picture = field().copy()
    picture[90:240] = (60, 120, 150)
    with pytest.raises(UnsupportedInstructionError, match="no water"):
        add("boat", Relation.WATER, scene=FakeScene(picture, water=0.02))


class BareScene(FakeScene):
    """Sky and nothing to stand on; no subject."""

    @property
    def ground(self) -> Mask:
        return self._part(240, 240)


def test_a_bird_flies_where_nothing_can_be_stood_on() -> None:
    stage = add("bird", Relation.FOREGROUND, scene=BareScene(subject=False, head=False))
    assert stage.resolutions[-1].resolved_to == "flying bird"
    assert any("nothing to stand on" in note for note in stage.notes)


class LowHorizon(FakeScene):
    """The same field seen from close to the ground: the horizon is just above the lower border."""

    @property
    def horizon(self) -> Horizon:
        return Horizon(215.0, 0.9)

    @property
    def sky(self) -> Mask:
        return self._part(0, 215)

    @property
    def ground(self) -> Mask:
        return self._part(215, 240)


def test_what_would_tower_over_the_horizon_is_near_and_cut_by_the_lower_border() -> None:
    stage = add("bird", Relation.FOREGROUND, scene=LowHorizon(subject=False, head=False))
    assert stage.added["bird"][-1].max() > 0.5


def test_what_is_in_the_foreground_is_not_hidden_by_the_subject() -> None:
    class Low(FakeScene):
        @property
        def subject(self) -> Subject:
            matte = self._part(200, 240)
            return Subject(matte, 0.9, True)

    stage = add("ball", Relation.FOREGROUND, scene=Low(head=False))
    assert (stage.added["ball"] > 0.95).sum() > 0.6 * np.prod([b - a for a, b in _extent(stage.added["ball"])])


def _extent(mask: Mask) -> tuple[tuple[int, int], tuple[int, int]]:
    rows, cols = np.nonzero(mask > 0.5)
    return (int(rows.min()), int(rows.max()) + 1), (int(cols.min()), int(cols.max()) + 1)


def test_a_crown_turns_with_a_tilted_head() -> None:
    class Tilted(FakeScene):
        @property
        def head(self) -> Head:
            return Head(140, 62, 180, 102, 0.9, "face", tilt=20.0)

    upright, tilted = add("crown", Relation.ON_HEAD), add("crown", Relation.ON_HEAD, scene=Tilted())
    (_, upright_cols), (_, tilted_cols) = _extent(upright.added["crown"]), _extent(tilted.added["crown"])
    # The head leans to the right, about the middle of the face, and the crown with it.
    assert sum(tilted_cols) / 2 > sum(upright_cols) / 2 + 4


def test_a_crown_for_a_temple_is_refused() -> None:
    class Temple(FakeScene):
        @property
        def head(self) -> Head:
            return Head(140, 62, 180, 102, 0.3, "silhouette")

        @property
        def labels(self) -> tuple[tuple[str, float], ...]:
            return (("temple", 0.45), ("castle", 0.05))

    with pytest.raises(UnsupportedInstructionError, match="no head"):
        add("crown", Relation.ON_HEAD, scene=Temple())


def test_the_tint_of_a_single_pixel_is_its_own() -> None:
    tint, toned = measure_tint(np.array([[0.5, 0.02, -0.01]], np.float32))
    assert np.allclose(tint, [0.02, -0.01])
    assert 0 <= toned <= 1


@pytest.mark.parametrize(("side", "column"), [("left", 0.2), ("right", 0.8)])
def test_the_side_that_was_named_wins_over_everything_that_speaks_against_it(side: str, column: float) -> None:
    columns = np.linspace(0, 1, 21) * 1000
    score = _part_score(Placement(horizontal=side), columns, np.full(21, 500.0), 1000, 1000)
    inside = np.abs(columns / 1000 - column) <= 0.2
    assert score[inside].min() > -10
    assert score[np.abs(columns / 1000 - column) > 0.3].max() < -15


def test_a_kind_that_no_pack_has_is_taken_for_what_it_is_a_kind_of_and_a_note_says_so():
    after = insert(stage_of(FakeScene()), AddObject("beach ball", "a beach ball"), context_of())

    assert after.change_mask.max() == 1
    assert "No pack has a beach ball: a ball was taken." in after.notes


def test_what_a_named_animal_shall_wear_is_not_put_on_the_person_beside_it():
    face = Face(Box(40, 20, 70, 60), 0.9, ((48.0, 35.0), (62.0, 35.0)), 3.0, (55.0, 45.0), Box(48, 50, 62, 56))
    scene = SimpleNamespace(
        faces=(face,),
        head=None,
        pixels=np.zeros((90, 120, 3), np.uint8),
        subject=Subject(np.ones((90, 120), np.float32), 0.9, True),
    )
    cat = np.zeros((90, 120), np.float32)
    cat[60:, 80:] = 1

    assert find_wearers(scene, cat, Placement(), "a hat")[0].face is face
    with pytest.raises(UnsupportedInstructionError, match="find no head"):
        find_wearers(scene, cat, Placement(), "a hat", strictly=True)
