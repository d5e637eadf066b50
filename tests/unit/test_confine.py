"""A mask confines the edit of every engine, and what it can't confine is refused."""

import io

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from retouch.engines.base import Capabilities, EditInputs, EngineOutput
from retouch.errors import InvalidValueError, UnsupportedInstructionError
from retouch.generation import GenerationOptions, LoraWeight
from retouch.images.geometry import fit_mask
from retouch.pipeline import run_edit
from retouch.testing import FakeEngine
from retouch.types import EditRequest, OutputFormat, Progress

PHOTO = np.ascontiguousarray(astronaut()[:192, :256])


def left_half(size_hw=PHOTO.shape[:2]):
    mask = np.zeros(size_hw, np.float32)
    mask[:, : size_hw[1] // 2] = 1
    return mask


class StyleEngine:
    """Inverts the whole picture; ``knows`` says how it tells what it changed."""

    name = "style"
    version = "1"

    def __init__(self, knows="global", *, any_size=True, channels=3, **output):
        self.capabilities = Capabilities(max_input_images=2, any_size=any_size)
        self.knows, self.channels, self.output = knows, channels, output
        self.masks = []

    def edit(self, request, inputs, *, seed, on_step=None, should_abort=None):
        self.masks.append(inputs.mask)
        base = inputs.fitted(0)
        pixels = 255 - base
        change = np.ones(base.shape[:2], np.float32) if self.knows == "mask" else None
        if self.channels == 4:
            pixels = np.dstack([pixels, np.full(base.shape[:2], 100, np.uint8)])
        if on_step is not None:
            on_step(Progress(1, 2, "inverting", 3.0, b"png"))
        return EngineOutput(pixels, seed, change_mask=change, is_global=self.knows == "global", **self.output)


def edit(engine, mask, picture=PHOTO, **changes):
    fields = {"size": "original", "output_format": OutputFormat.PNG, "seed": 1, "explain": True, **changes}
    return run_edit(EditRequest("invert it", **fields), [picture], engine, mask=mask)


def pixels_of(result):
    return np.asarray(Image.open(io.BytesIO(result.images[0].data)))


@pytest.mark.parametrize("preserve", ["auto", "off"])
@pytest.mark.parametrize(
    "engine",
    [
        StyleEngine("global"),
        StyleEngine("mask"),
        StyleEngine("nothing"),
        StyleEngine("global", any_size=False),
        StyleEngine("nothing", any_size=False),
        FakeEngine(redraws=True),
    ],
    ids=["global", "known", "unknown", "global at a preset", "unknown at a preset", "redrawn at a preset"],
)
def test_outside_of_the_mask_every_pixel_is_the_inputs(engine, preserve):
    mask = np.zeros(PHOTO.shape[:2], np.float32)
    mask[20:170, 30:220] = 1

    result = edit(engine, mask, preserve=preserve)

    edited = pixels_of(result)
    np.testing.assert_array_equal(edited[mask == 0], PHOTO[mask == 0])
    assert (edited[80:110, 100:150] != PHOTO[80:110, 100:150]).any()
    assert 0 < result.images[0].changed_share <= mask.mean()


def test_inside_of_the_mask_the_edit_is_whole_but_for_the_feather():
    edited = pixels_of(edit(StyleEngine("global"), left_half()))
    np.testing.assert_array_equal(edited[:, :120], 255 - PHOTO[:, :120])
    assert (edited[:, 127] != 255 - PHOTO[:, 127]).any()


def test_a_gray_mask_lets_the_edit_through_by_its_share():
    half = np.full(PHOTO.shape[:2], 0.5, np.float32)
    edited = pixels_of(edit(StyleEngine("global"), half))
    assert np.abs(edited.astype(int) - 127.5).max() <= 1


@pytest.mark.parametrize("ratio", ["1:1", "16:9"])
def test_a_mask_is_cropped_and_resized_with_its_picture(ratio):
    request = EditRequest("x", aspect_ratio=ratio)
    inputs = EditInputs([PHOTO], request, mask=left_half())
    assert inputs.mask.shape == inputs.fitted(0).shape[:2]
    np.testing.assert_array_equal(inputs.mask, fit_mask(left_half(), inputs.fit(0)))


def test_a_transparent_answer_is_opaque_outside_of_the_mask():
    edited = pixels_of(edit(StyleEngine("global", channels=4), left_half()))
    assert edited.shape[2] == 4
    assert (edited[:, 128:, 3] == 255).all()
    assert (edited[:, :120, 3] == 100).all()


def test_a_mask_of_another_size_is_resized_and_the_answer_says_so():
    result = edit(StyleEngine("global"), left_half((96, 128)))
    assert "The mask has 128x96 pixels and was resized to the picture's 256x192." in result.notes
    np.testing.assert_array_equal(pixels_of(result)[:, 132:], PHOTO[:, 132:])


def test_a_mask_of_another_ratio_is_stretched_and_the_answer_says_so():
    result = edit(StyleEngine("global"), left_half((100, 100)))
    assert any("stretched" in note for note in result.notes)


def test_an_empty_mask_is_refused_before_anything_is_edited():
    engine = StyleEngine()
    with pytest.raises(InvalidValueError, match="black everywhere"):
        edit(engine, np.zeros(PHOTO.shape[:2], np.float32))
    assert not engine.masks


def test_a_mask_whose_white_is_cropped_away_is_refused():
    mask = np.zeros(PHOTO.shape[:2], np.float32)
    mask[:, :4] = 1
    with pytest.raises(InvalidValueError, match="the answer shows"):
        edit(StyleEngine(), mask, size="preset", aspect_ratio="1:1")


@pytest.mark.parametrize(
    ("output", "hint"), [({"is_reframed": True}, "frame"), ({"base_index": 1}, "picture 2")], ids=["reframed", "base"]
)
def test_an_edit_that_a_mask_cannot_confine_is_refused(output, hint):
    with pytest.raises(UnsupportedInstructionError, match=hint):
        run_edit(EditRequest("invert it"), [PHOTO, PHOTO], StyleEngine(**output), mask=left_half())


def test_an_edit_that_lies_wholly_outside_of_the_mask_is_refused_and_not_passed_off_as_done():
    class Elsewhere(StyleEngine):
        def edit(self, request, inputs, **more):
            base = inputs.fitted(0)
            pixels, change = base.copy(), np.zeros(base.shape[:2], np.float32)
            pixels[:, -20:] = 0
            change[:, -20:] = 1
            return EngineOutput(pixels, 1, change_mask=change)

    with pytest.raises(UnsupportedInstructionError, match="outside of the mask"):
        edit(Elsewhere(), left_half())


def test_an_explained_answer_says_that_the_mask_confined_it():
    report = edit(StyleEngine("global"), left_half()).images[0].preserve_report
    assert report["kind"] == "masked"


def test_options_without_use_are_named_in_the_notes():
    options = GenerationOptions(num_inference_steps=8, strength=0.5, negative_prompt="blurry", preview_every=2)
    result = edit(StyleEngine(), None, generation=options, guidance_scale=3.0)
    for name in ("guidance_scale", "num_inference_steps", "strength", "negative_prompt", "preview_every"):
        assert f"{name} has no use in the engine 'style' and was ignored." in result.notes


def test_a_lora_for_an_engine_that_takes_none_is_refused():
    with pytest.raises(InvalidValueError, match="loras must be left out") as caught:
        edit(StyleEngine(), None, generation=GenerationOptions(loras=(LoraWeight("ink"),)))
    assert caught.value.field == "loras"


class NeverShocked:
    def score(self, pixels):
        return 0.0


@pytest.mark.parametrize(
    ("check", "tolerance", "expected"),
    [(None, 2, b"png"), (NeverShocked(), 2, None), (NeverShocked(), 5, None), (NeverShocked(), 6, b"png")],
)
def test_no_preview_leaves_where_pictures_are_checked(check, tolerance, expected):
    seen = []
    request = EditRequest("invert it", safety_tolerance=tolerance, num_images=2)
    run_edit(request, [PHOTO], StyleEngine(), picture_check=check, on_step=seen.append)
    assert [progress.preview_png for progress in seen] == [expected, expected]


def test_the_time_left_counts_the_attempts_to_come():
    seen = []
    run_edit(EditRequest("invert it", num_images=2), [PHOTO], StyleEngine(), on_step=seen.append)
    assert [(each.step, each.total, each.seconds_left) for each in seen] == [(1, 4, 9.0), (3, 4, 3.0)]
