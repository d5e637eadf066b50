import numpy as np
import pytest

from retouch.editor.instructions.plan import Placement, PlaceSubject, Relation, Target, TargetKind
from retouch.editor.operations.place_subject import place_subject
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.landscape import Landscape
from retouch.editor.scene.values import Finding, Head, Horizon, Light, Subject
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import FloatImage, Mask, Pixels


class PlainScene:
    """A plain picture with one rectangle as its subject."""

    def __init__(
        self, color: tuple[int, int, int], box: tuple[int, int, int, int] | None, size_hw: tuple[int, int] = (200, 280)
    ) -> None:
        noise = np.random.default_rng(1).integers(-5, 6, (*size_hw, 3))
        self.landscape = Landscape(0.0, 0.0)
        self.pixels: Pixels = (np.full((*size_hw, 3), (165, 130, 80)) + noise).astype(np.uint8)
        self.pixels[: size_hw[0] // 2] += np.array([-50, 10, 100], np.int16).astype(np.uint8)
        self._matte: Mask = np.zeros(size_hw, np.float32)
        if box is not None:
            left, top, right, bottom = box
            self._matte[top:bottom, left:right] = 1
            self.pixels[top:bottom, left:right] = color

    @property
    def subject(self) -> Subject:
        return Subject(self._matte, 0.9, bool(self._matte.any()))

    @property
    def foreground(self) -> FloatImage:
        return self.pixels.astype(np.float32) / 255

    @property
    def horizon(self) -> Horizon | None:
        return None

    @property
    def sky(self) -> Mask | None:
        return None

    @property
    def ground(self) -> Mask:
        mask = np.zeros_like(self._matte)
        mask[110:] = 1
        return mask * (1 - self._matte)

    @property
    def light(self) -> Light:
        return Light(-0.6, 0.8, np.ones(3, np.float32))

    @property
    def head(self) -> Head | None:
        return None

    @property
    def labels(self) -> tuple[tuple[str, float], ...]:
        return ()

    def find(self, target: Target) -> Finding:
        if not self._matte.any():
            raise UnsupportedInstructionError((), (target.phrase,), "There is no clear subject.")
        return Finding(self._matte, 0.9, "the main subject", verified=True)


def place(
    source: PlainScene,
    scene: PlainScene,
    *,
    index: int | None = 0,
    seed: int = 1,
    relation: Relation = Relation.ANYWHERE,
) -> Stage:
    stage = Stage(scene.pixels, np.zeros(scene.pixels.shape[:2], np.float32), scene)  # type: ignore[arg-type]
    target = Target(TargetKind.SUBJECT, "it", image_index=index)
    operation = PlaceSubject(target, 1, Placement(relation))
    context = Context(
        np.random.default_rng(seed),
        scenes=lambda index: source,
        originals=lambda index: source.pixels,
        analyze=lambda pixels: None,
        models=None,
        objects=None,
        base_index=1,
        image_count=2,
    )
    return place_subject(stage, operation, context)


WHOLE = (110, 60, 160, 160)
CUT = (90, 60, 190, 200)


@pytest.mark.parametrize("box", [WHOLE, CUT])
def test_pixels_outside_the_mask_are_exactly_those_of_the_stage(box: tuple[int, int, int, int]) -> None:
    scene = PlainScene((90, 60, 40), (20, 60, 60, 150))
    stage = place(PlainScene((210, 30, 40), box), scene)
    untouched = stage.change_mask == 0
    assert np.array_equal(stage.pixels[untouched], scene.pixels[untouched])
    assert 0.01 < 1 - untouched.mean() < 0.8


def test_the_subject_keeps_its_color_and_shows_wholly() -> None:
    stage = place(PlainScene((210, 30, 40), WHOLE), PlainScene((0, 0, 0), None))
    shown = stage.added["subject"] > 0.95
    red, green, _ = stage.pixels[shown].astype(float).mean(axis=0)
    assert red > 2.5 * green
    rows, cols = np.nonzero(shown)
    assert rows.min() > 0
    assert cols.min() > 0
    assert cols.max() < 279


def test_a_subject_that_its_own_border_cuts_stays_at_the_lower_border() -> None:
    for seed in range(3):
        stage = place(PlainScene((210, 30, 40), CUT), PlainScene((90, 60, 40), (20, 60, 60, 150)), seed=seed)
        assert stage.added["subject"][-1].max() > 0.95
        assert any("bottom" in note for note in stage.notes)


def test_a_subject_that_the_side_cuts_stays_at_that_side() -> None:
    stage = place(PlainScene((210, 30, 40), (0, 60, 90, 200)), PlainScene((0, 0, 0), None))
    assert stage.added["subject"][:, 0].max() > 0.95


def test_a_subject_cut_at_top_and_bottom_spans_the_picture_from_top_to_bottom() -> None:
    stage = place(PlainScene((210, 30, 40), (100, 0, 180, 200)), PlainScene((0, 0, 0), None))
    shown = stage.added["subject"]
    assert shown[0].max() > 0.95
    assert shown[-1].max() > 0.95
    assert any("top and the bottom" in note for note in stage.notes)


def test_a_subject_cut_only_at_one_side_stands_on_the_ground_at_that_side() -> None:
    stage = place(PlainScene((210, 30, 40), (200, 60, 280, 160)), PlainScene((0, 0, 0), None))
    shown = stage.added["subject"]
    assert shown[:, -1].max() > 0.95
    assert shown[-1].max() == 0


@pytest.mark.parametrize("box", [(0, 0, 280, 200), (120, 0, 140, 30)])
def test_a_subject_whose_straight_edges_would_show_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(UnsupportedInstructionError, match="straight edge"):
        place(PlainScene((210, 30, 40), box), PlainScene((0, 0, 0), None))


def test_a_whole_subject_stands_on_the_ground_with_a_shadow() -> None:
    scene = PlainScene((0, 0, 0), None)
    stage = place(PlainScene((210, 30, 40), WHOLE), scene)
    rows = np.nonzero(stage.added["subject"].max(axis=1) > 0.5)[0]
    assert 110 < rows.max() < 200
    only_shadow = (stage.change_mask > 0.05) & (stage.added["subject"] == 0)
    assert only_shadow.sum() > 20
    assert (stage.pixels[only_shadow].mean(axis=1) <= scene.pixels[only_shadow].mean(axis=1)).mean() > 0.98


def test_the_same_seed_gives_the_same_bytes_and_another_another_place() -> None:
    source, scene = PlainScene((210, 30, 40), WHOLE), PlainScene((0, 0, 0), None)
    first, again, other = (place(source, scene, seed=seed) for seed in (1, 1, 7))
    assert np.array_equal(first.pixels, again.pixels)
    assert not np.array_equal(first.pixels, other.pixels)


def test_a_picture_that_is_not_named_or_has_no_subject_is_refused() -> None:
    with pytest.raises(UnsupportedInstructionError, match="which picture"):
        place(PlainScene((210, 30, 40), WHOLE), PlainScene((0, 0, 0), None), index=None)
    with pytest.raises(UnsupportedInstructionError, match="no clear subject"):
        place(PlainScene((210, 30, 40), None), PlainScene((0, 0, 0), None))
