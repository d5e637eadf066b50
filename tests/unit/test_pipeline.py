"""The one path from pictures to an answer keeps its promises, whatever the engine does."""

import io

import numpy as np
import pytest
from PIL import Image

from retouch.engines.base import Capabilities, EditInputs, EngineOutput, InputPicture
from retouch.errors import EditAbortedError, EngineError, InvalidValueError, ModeratedError
from retouch.generation import draw_seed
from retouch.images.codec import decode
from retouch.images.frame import Frame
from retouch.images.geometry import fit_pixels, plan_fit
from retouch.pipeline import run_edit
from retouch.preserve.source_file import read_source_file
from retouch.safety.moderation import UNCHECKED_NOTE
from retouch.testing import FakeEngine
from retouch.types import EditRequest, Interpretation, OutputFormat, Progress, Resolution

PHOTO = np.random.default_rng(0).integers(0, 255, (96, 128, 3)).astype(np.uint8)


class SquareEngine:
    """Paints a square whose gray is the seed, and scribbles over everything else."""

    name = "square"
    version = "7"
    capabilities = Capabilities(max_input_images=2)

    def __init__(self, *, is_global: bool = False, knows_mask: bool = True, channels: int = 3, crop: int = 0) -> None:
        self.is_global = is_global
        self.knows_mask = knows_mask
        self.channels = channels
        self.crop = crop
        self.seeds: list[int] = []

    def load(self) -> None:
        pass

    def close(self) -> None:
        pass

    def edit(self, request, inputs, *, seed, on_step=None, should_abort=None) -> EngineOutput:
        self.seeds.append(seed)
        base = inputs.fitted(0)
        pixels = np.zeros((*base.shape[:2], self.channels), np.uint8)
        pixels[10:20, 30:60, :3] = seed % 256
        pixels[10:20, 30:60, 3:] = 255
        mask = np.zeros(base.shape[:2], np.float32)
        mask[10:20, 30:60] = 1
        if on_step is not None:
            on_step(Progress(1, 2, "painting"))
        return EngineOutput(
            pixels=pixels[self.crop :],
            seed=seed,
            change_mask=mask if self.knows_mask else None,
            is_global=self.is_global,
            interpretation=Interpretation(resolutions=(Resolution("it", "a square", 1.0),), notes=(f"seed {seed}",)),
        )


class PictureScores:
    """Scores what goes in and what comes out by list; the square engine's photo is the only picture of its size."""

    def __init__(self, inputs: tuple[float, ...] = (), outputs: tuple[float, ...] = ()) -> None:
        self._inputs = iter(inputs)
        self._outputs = iter(outputs)
        self.scored: list[tuple[int, ...]] = []

    def score(self, pixels: np.ndarray, /) -> float:
        self.scored.append(pixels.shape)
        return next(self._inputs if pixels.shape == PHOTO.shape else self._outputs, 0.0)


def png(request_options: dict | None = None, **engine_options) -> tuple[np.ndarray, object]:
    request = EditRequest(prompt="paint", seed=100, output_format=OutputFormat.PNG, **(request_options or {}))
    result = run_edit(request, [PHOTO], SquareEngine(**engine_options))
    return decode(result.images[0].data).pixels, result


def test_outside_the_mask_the_answer_is_the_resampled_input() -> None:
    answer, result = png()
    expected = fit_pixels(PHOTO, plan_fit(128, 96, aspect_ratio=None, keep_size=False))
    assert answer.shape == expected.shape == (880, 1184, 3)
    outside = np.ones(expected.shape[:2], bool)
    outside[10:20, 30:60] = False
    assert np.array_equal(answer[outside], expected[outside])
    assert (answer[10:20, 30:60] == 100).all()
    assert result.images[0].changed_share == pytest.approx(300 / (880 * 1184))


@pytest.mark.parametrize(
    ("request_options", "engine_options"),
    [({"preserve": "off"}, {}), ({}, {"is_global": True}), ({}, {"knows_mask": False})],
)
def test_nothing_is_restored_when_it_must_not_be(request_options: dict, engine_options: dict) -> None:
    answer, result = png(request_options, **engine_options)
    assert (answer[500:] == 0).all()
    assert result.images[0].changed_share > 0.999, "a few pixels may happen to be as they were"


def test_attempt_i_equals_a_single_request_with_that_seed() -> None:
    four = run_edit(EditRequest(prompt="paint", seed=5, num_images=4), [PHOTO], SquareEngine())
    assert [image.seed for image in four.images] == [5, 6, 7, 8]
    single = run_edit(EditRequest(prompt="paint", seed=7), [PHOTO], SquareEngine())
    assert four.images[2].data == single.images[0].data
    assert four.images[1].data != four.images[2].data


def test_a_drawn_seed_is_stated_and_repeats_the_picture() -> None:
    first = run_edit(EditRequest(prompt="paint"), [PHOTO], SquareEngine())
    again = run_edit(EditRequest(prompt="paint", seed=first.seed), [PHOTO], SquareEngine())
    assert first.images[0].data == again.images[0].data


def test_drawn_seeds_leave_room_for_every_attempt() -> None:
    assert all(1 <= draw_seed() <= 2**31 - 8 for _ in range(200))


def test_original_size_keeps_the_inputs_pixels() -> None:
    answer, _ = png({"size": "original"})
    assert answer.shape == PHOTO.shape
    assert np.array_equal(answer[40:], PHOTO[40:])


def test_explain_adds_a_mask_that_is_black_where_nothing_changed() -> None:
    _, result = png({"explain": True})
    mask = np.asarray(Image.open(io.BytesIO(result.images[0].change_mask_png)))
    assert mask[15, 40] == 255
    assert mask[500, 500] == 0


def test_without_explain_there_is_no_mask() -> None:
    assert png()[1].images[0].change_mask_png is None


def test_transparency_needs_png() -> None:
    with pytest.raises(InvalidValueError, match="png"):
        run_edit(EditRequest(prompt="paint"), [PHOTO], SquareEngine(channels=4))
    request = EditRequest(prompt="paint", output_format=OutputFormat.PNG)
    data = run_edit(request, [PHOTO], SquareEngine(channels=4)).images[0].data
    assert Image.open(io.BytesIO(data)).mode == "RGBA"


def test_too_many_pictures_are_refused_before_the_engine_runs() -> None:
    engine = SquareEngine()
    with pytest.raises(InvalidValueError, match="at most 2 pictures"):
        run_edit(EditRequest(prompt="paint"), [PHOTO] * 3, engine)
    assert engine.seeds == []


def test_no_picture_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="at least one"):
        run_edit(EditRequest(prompt="paint"), [], SquareEngine())


def test_an_engine_that_returns_another_size_is_an_error() -> None:
    with pytest.raises(EngineError, match="returned"):
        run_edit(EditRequest(prompt="paint"), [PHOTO], SquareEngine(crop=3))


def test_an_abort_between_attempts_stops_the_rest() -> None:
    engine = SquareEngine()
    with pytest.raises(EditAbortedError):
        run_edit(
            EditRequest(prompt="paint", num_images=4), [PHOTO], engine, should_abort=lambda: len(engine.seeds) == 2
        )
    assert len(engine.seeds) == 2


def test_progress_counts_over_all_attempts() -> None:
    seen: list[Progress] = []
    run_edit(EditRequest(prompt="paint", num_images=2), [PHOTO], SquareEngine(), on_step=seen.append)
    assert [(item.step, item.total) for item in seen] == [(1, 4), (3, 4)]
    assert "2 of 2" in seen[1].label


def test_notes_of_all_attempts_are_kept_once() -> None:
    result = run_edit(
        EditRequest(prompt="paint", seed=1, num_images=2),
        [PHOTO],
        SquareEngine(),
        notes=["laid on white"],
        picture_check=PictureScores(),
    )
    assert result.interpretation.notes == ("seed 1", "seed 2")
    assert result.interpretation.resolutions == (Resolution("it", "a square", 1.0),)
    assert result.notes == ("laid on white",)
    assert result.engine == "square/7"


def test_the_second_picture_is_fitted_to_the_size_of_the_first() -> None:
    tall = np.zeros((300, 100, 3), np.uint8)
    inputs = EditInputs([PHOTO, tall], EditRequest(prompt="paint"))
    assert inputs.fitted(1).shape == inputs.fitted(0).shape
    assert inputs.fitted(0) is inputs.fitted(0)
    assert EditInputs([PHOTO, tall], EditRequest(prompt="paint", size="original")).fitted(1).shape == tall.shape


def test_inputs_are_checked_once_and_every_answer_is_checked() -> None:
    check = PictureScores()
    request = EditRequest(prompt="paint", num_images=3)
    result = run_edit(request, [PHOTO, PHOTO], SquareEngine(), picture_check=check)
    assert check.scored == [PHOTO.shape] * 2 + [(880, 1184, 3)] * 3
    assert [image.has_nsfw_concepts for image in result.images] == [False] * 3
    assert result.timings["safety"] > 0


def test_a_refused_input_is_named_and_nothing_is_edited() -> None:
    engine = SquareEngine()
    with pytest.raises(ModeratedError, match="input picture 2") as caught:
        run_edit(EditRequest(prompt="paint"), [PHOTO, PHOTO], engine, picture_check=PictureScores(inputs=(0.1, 0.7)))
    assert caught.value.index == 1
    assert engine.seeds == []


def test_a_refused_answer_is_named_and_stops_the_rest() -> None:
    engine = SquareEngine()
    check = PictureScores(outputs=(0.1, 0.7))
    with pytest.raises(ModeratedError, match="finished picture 2") as caught:
        run_edit(EditRequest(prompt="paint", seed=1, num_images=4), [PHOTO], engine, picture_check=check)
    assert caught.value.attempt == 1
    assert engine.seeds == [1, 2]


def test_an_explicit_answer_that_the_tolerance_allows_says_that_it_is() -> None:
    request = EditRequest(prompt="paint", num_images=3, safety_tolerance=4)
    result = run_edit(request, [PHOTO], SquareEngine(), picture_check=PictureScores(outputs=(0.1, 0.9, 0.4)))
    assert [image.has_nsfw_concepts for image in result.images] == [False, True, False]


def test_a_check_changes_no_byte_of_the_answer() -> None:
    request = EditRequest(prompt="paint", seed=4)
    checked = run_edit(request, [PHOTO], SquareEngine(), picture_check=PictureScores())
    assert checked.images == run_edit(request, [PHOTO], SquareEngine()).images


def test_a_transparent_answer_is_checked() -> None:
    request = EditRequest(prompt="paint", output_format=OutputFormat.PNG)
    check = PictureScores(outputs=(0.9,))
    with pytest.raises(ModeratedError, match="finished picture 1"):
        run_edit(request, [PHOTO], SquareEngine(channels=4), picture_check=check)


def test_without_a_check_the_result_says_that_nothing_looked() -> None:
    result = run_edit(EditRequest(prompt="paint"), [PHOTO], SquareEngine(), notes=["laid on white"])
    assert result.notes == ("laid on white", UNCHECKED_NOTE)
    assert "safety" not in result.timings
    assert result.images[0].has_nsfw_concepts is False


@pytest.mark.parametrize("picture_check", [None, PictureScores()])
def test_the_note_is_left_out_for_a_caller_who_knows_and_where_there_was_a_check(picture_check) -> None:
    request = EditRequest(prompt="paint")
    result = run_edit(
        request, [PHOTO], SquareEngine(), picture_check=picture_check, note_unchecked=picture_check is not None
    )
    assert result.notes == ()


class IdleEngine(SquareEngine):
    """Means to change a square and paints what is there already."""

    def edit(self, request, inputs, *, seed, on_step=None, should_abort=None) -> EngineOutput:
        output = super().edit(request, inputs, seed=seed)
        return EngineOutput(pixels=inputs.fitted(0), seed=seed, change_mask=output.change_mask)


def test_an_edit_that_changes_nothing_says_so() -> None:
    result = run_edit(EditRequest(prompt="paint", explain=True), [PHOTO], IdleEngine())
    assert result.images[0].changed_share == 0
    assert any("No pixel changed" in note for note in result.interpretation.notes)
    assert np.asarray(Image.open(io.BytesIO(result.images[0].change_mask_png))).max() == 0


@pytest.mark.parametrize(("uses_it", "notes"), [(False, 1), (True, 0)])
def test_a_guidance_scale_without_use_is_noted(uses_it: bool, notes: int) -> None:
    engine = SquareEngine()
    engine.capabilities = Capabilities(max_input_images=2, uses_guidance_scale=uses_it)
    result = run_edit(EditRequest(prompt="paint", guidance_scale=3), [PHOTO], engine)
    assert sum("guidance_scale" in note for note in result.notes) == notes
    assert not any("guidance_scale" in note for note in run_edit(EditRequest(prompt="paint"), [PHOTO], engine).notes)


class MirrorEngine(SquareEngine):
    """Mirrors the picture, and crops it when asked to."""

    capabilities = Capabilities(max_input_images=2, any_size=True)

    def edit(self, request, inputs, *, seed, on_step=None, should_abort=None) -> EngineOutput:
        base = inputs.fitted(0)
        width, height = base.shape[1] - self.crop, base.shape[0]
        return EngineOutput(
            np.ascontiguousarray(base[:, ::-1][:, self.crop :]),
            seed,
            change_mask=np.zeros((height, width), np.float32),
            is_reframed=True,
            frame=Frame(((-1.0, 0.0, float(width)), (0.0, 1.0, 0.0)), (width, height)),
        )


def mirrored(crop: int = 0, pictures=(PHOTO,), **options) -> object:
    request = EditRequest(prompt="mirror it", seed=1, output_format=OutputFormat.PNG, **options)
    return run_edit(request, list(pictures), MirrorEngine(crop=crop))


@pytest.mark.parametrize("preserve", ["auto", "off"])
def test_nothing_of_a_reframed_picture_is_restored(preserve: str) -> None:
    image = mirrored(size="original", preserve=preserve).images[0]
    assert np.array_equal(decode(image.data).pixels, PHOTO[:, ::-1])
    assert image.changed_share == 1.0


def test_a_reframed_answer_has_the_size_that_the_engine_gave_it() -> None:
    image = mirrored(crop=28, size="original").images[0]
    assert (image.width, image.height) == (100, 96)
    assert np.array_equal(decode(image.data).pixels, PHOTO[:, ::-1][:, 28:])


def test_explain_says_how_a_reframed_picture_lies_on_the_input() -> None:
    image = mirrored(size="original", explain=True).images[0]
    report = image.preserve_report
    assert report["kind"] == "reframed"
    assert report["alignment"]["matrix"] == [[-1.0, 0.0, 128.0], [0.0, 1.0, 0.0]]
    assert report["edited_share"] == 0.0
    assert np.asarray(Image.open(io.BytesIO(image.change_mask_png))).min() == 255
    assert not any("No pixel changed" in note for note in mirrored(size="original").interpretation.notes)


def test_a_reframed_answer_begins_a_line_of_its_own() -> None:
    assert mirrored().images[0].ancestry is None


def test_a_reframed_answer_keeps_the_metadata_of_its_file_with_its_own_size() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8769)[0xA002] = 128
    buffer = io.BytesIO()
    Image.fromarray(PHOTO).save(buffer, "JPEG", exif=exif)
    source = read_source_file(buffer.getvalue())
    picture = InputPicture(source.pixels, source)
    data = mirrored(crop=28, pictures=[picture], size="original").images[0].data
    kept = Image.open(io.BytesIO(data)).getexif()
    assert kept[0x010F] == "Camera"
    assert kept.get_ifd(0x8769)[0xA002] == 100


def test_an_engine_that_can_makes_a_picture_from_words_alone() -> None:
    engine = FakeEngine(text_to_image=True)
    result = run_edit(EditRequest(prompt="a lighthouse", aspect_ratio="16:9", seed=3, explain=True), [], engine)
    (image,) = result.images
    assert (image.width, image.height) == (1392, 752)
    assert image.changed_share == 1.0
    assert image.ancestry is None
    assert image.preserve_report is not None
    assert image.preserve_report["kind"] == "generated"


def test_without_pictures_and_ratio_the_answer_is_square() -> None:
    assert EditInputs([], EditRequest(prompt="a lighthouse", size="original")).size_wh == (1024, 1024)


def test_an_engine_that_needs_a_picture_says_so() -> None:
    with pytest.raises(InvalidValueError, match="at least one picture for the engine 'fake'"):
        run_edit(EditRequest(prompt="a lighthouse"), [], FakeEngine())
