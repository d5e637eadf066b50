"""The library takes what people have in hand: paths, bytes, arrays, Pillow images, data URIs."""

import asyncio
import base64
import io
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageCms

from retouch import EditRequest, InvalidValueError, NotFoundError, OutputFormat
from retouch.engines.base import Capabilities, EngineOutput
from retouch.engines.registry import EngineRegistry
from retouch.errors import AddressNotAllowedError, ImageDecodeError, RequestError
from retouch.generation import GenerationOptions, LoraWeight
from retouch.images.codec import decode, encode
from retouch.images.geometry import fit_pixels, plan_fit
from retouch.library import Editor
from retouch.testing import FakeEngine, fake_registry

PHOTO = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)
FILE = encode(PHOTO, OutputFormat.PNG)


class CountingEngine:
    """Changes one pixel and remembers what it was given."""

    name = "counting"
    version = "1"
    capabilities = Capabilities(max_input_images=4)

    def __init__(self) -> None:
        self.loaded = 0
        self.closed = 0
        self.inputs: list[tuple[np.ndarray, ...]] = []
        self.requests: list[EditRequest] = []

    def load(self) -> None:
        self.loaded += 1

    def close(self) -> None:
        self.closed += 1

    def edit(self, request, inputs, *, seed, on_step=None, should_abort=None) -> EngineOutput:
        self.inputs.append(inputs.originals)
        self.requests.append(request)
        mask = np.zeros(inputs.fitted(0).shape[:2], np.float32)
        mask[0, 0] = 1
        return EngineOutput(pixels=inputs.fitted(0), seed=seed, change_mask=mask)


@pytest.fixture
def engine() -> CountingEngine:
    return CountingEngine()


@pytest.fixture
def editor(engine: CountingEngine) -> Editor:
    return Editor(registry=EngineRegistry({"counting": lambda: engine}, default="counting"))


@pytest.mark.parametrize("kind", ["path", "text path", "bytes", "array", "gray array", "pillow", "data uri"])
def test_every_kind_of_picture_is_taken(kind: str, editor: Editor, engine: CountingEngine, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(FILE)
    source = {
        "path": path,
        "text path": str(path),
        "bytes": FILE,
        "array": PHOTO,
        "gray array": PHOTO[..., 0],
        "pillow": Image.fromarray(PHOTO),
        "data uri": "data:image/png;base64," + base64.b64encode(FILE).decode(),
    }[kind]
    editor.edit(source, "anything")
    expected = np.repeat(PHOTO[..., :1], 3, axis=2) if kind == "gray array" else PHOTO
    assert np.array_equal(engine.inputs[0][0], expected)


def test_several_pictures_keep_their_order(editor: Editor, engine: CountingEngine) -> None:
    second = 255 - PHOTO
    uri = "data:image/png;base64," + base64.b64encode(encode(second, OutputFormat.PNG)).decode()
    editor.edit([PHOTO, uri], "anything")
    assert np.array_equal(engine.inputs[0][0], PHOTO)
    assert np.array_equal(engine.inputs[0][1], second)


def test_options_become_the_request(editor: Editor, engine: CountingEngine) -> None:
    result = editor.edit(PHOTO, "anything", seed=3, num_images=2, output_format=OutputFormat.PNG, size="original")
    assert engine.requests[0] == EditRequest(
        prompt="anything", seed=3, num_images=2, output_format=OutputFormat.PNG, size="original"
    )
    assert np.array_equal(decode(result.images[1].data).pixels, PHOTO)


def test_an_engine_is_loaded_once_and_closed(editor: Editor, engine: CountingEngine) -> None:
    editor.edit(PHOTO, "one")
    editor.edit(PHOTO, "two")
    editor.close()
    assert (engine.loaded, engine.closed) == (1, 1)


def test_it_works_inside_a_running_event_loop(editor: Editor) -> None:
    async def notebook() -> None:
        editor.edit("data:image/png;base64," + base64.b64encode(FILE).decode(), "anything")

    asyncio.run(notebook())


def test_private_addresses_are_refused_by_default(editor: Editor) -> None:
    with pytest.raises(AddressNotAllowedError):
        editor.edit("http://127.0.0.1:9/photo.png", "anything")


@pytest.mark.parametrize("count", [0, 5])
def test_the_number_of_pictures_is_checked(count: int, editor: Editor) -> None:
    with pytest.raises(InvalidValueError, match="1 to 4"):
        editor.edit([PHOTO] * count, "anything")


@pytest.mark.parametrize(
    "array",
    [PHOTO.astype(np.float32), np.zeros((4, 4, 4), np.uint8), np.zeros(5, np.uint8), np.zeros((0, 4, 3), np.uint8)],
)
def test_an_array_of_another_kind_is_refused(array: np.ndarray, editor: Editor) -> None:
    with pytest.raises(InvalidValueError, match="uint8"):
        editor.edit(array, "anything")


def test_a_missing_file_is_said(editor: Editor, tmp_path: Path) -> None:
    with pytest.raises(ImageDecodeError, match=r"no\.png"):
        editor.edit(tmp_path / "no.png", "anything")


def test_a_damaged_picture_says_which_one(editor: Editor) -> None:
    with pytest.raises(ImageDecodeError) as caught:
        editor.edit([PHOTO, b"no picture"], "anything")
    assert caught.value.index == 1


def test_an_unknown_engine_names_those_there_are(engine: CountingEngine) -> None:
    registry = EngineRegistry({"counting": lambda: engine}, default="counting")
    with pytest.raises(NotFoundError, match="Available: counting"):
        Editor("flux", registry=registry).edit(PHOTO, "anything")


class DriftingEngine(CountingEngine):
    """Paints a small square somewhere and shifts every other pixel by one level, as a generative engine would."""

    def edit(self, request, inputs, *, seed, on_step=None, should_abort=None) -> EngineOutput:
        base = inputs.fitted(0)
        pixels = np.where(base < 255, base + 1, base).astype(np.uint8)
        top, left = np.random.default_rng(seed).integers(0, np.array(base.shape[:2]) - 40)
        mask = np.zeros(base.shape[:2], np.float32)
        mask[top : top + 40, left : left + 40] = 1
        pixels[mask == 1] = (seed * 20) % 256
        return EngineOutput(pixels=pixels, seed=seed, change_mask=mask)


@pytest.mark.parametrize("output_format", [OutputFormat.PNG, OutputFormat.JPEG])
def test_ten_turns_leave_untouched_pixels_as_the_first_input_has_them(output_format: OutputFormat) -> None:
    photo = skimage.data.coffee()
    editor = Editor(registry=EngineRegistry({"drifting": DriftingEngine}, default="drifting"))
    picture, touched = photo, np.zeros((832, 1248), bool)
    for turn in range(1, 11):
        form = OutputFormat.PNG if turn == 10 else output_format
        result = editor.edit(picture, "paint", seed=turn, output_format=form, explain=True)
        picture = result.images[0]
        touched |= decode(picture.change_mask_png).pixels[..., 0] > 0
    expected = fit_pixels(photo, plan_fit(600, 400, aspect_ratio=None, keep_size=False))
    answer = decode(picture.data).pixels
    assert 0.001 < touched.mean() < 0.05
    assert np.array_equal(answer[~touched], expected[~touched])


def test_original_size_keeps_exif_profile_and_pixels_of_the_file(editor: Editor, tmp_path: Path) -> None:
    picture = Image.fromarray(skimage.data.coffee())
    exif = picture.getexif()
    exif[0x010F] = "A camera"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "photo.png"
    picture.save(path, exif=exif, icc_profile=profile)
    result = editor.edit(path, "anything", size="original", output_format=OutputFormat.PNG)
    with Image.open(io.BytesIO(result.images[0].data)) as answer:
        assert answer.size == (600, 400)
        assert answer.getexif()[0x010F] == "A camera"
        assert answer.info["icc_profile"] == profile
        assert np.array_equal(np.asarray(answer), skimage.data.coffee())


def test_a_preset_engines_edit_comes_back_at_the_originals_resolution() -> None:
    """An engine that knows one size only; its edit is found, and nothing else of the large photo changes."""

    class PresetEngine(CountingEngine):
        def edit(self, request, inputs, *, seed, on_step=None, should_abort=None) -> EngineOutput:
            pixels = inputs.fitted(0).copy()
            pixels[300:420, 500:650] = (20, 160, 60)
            return EngineOutput(pixels=pixels, seed=seed)

    photo = np.asarray(Image.fromarray(skimage.data.coffee()).resize((2400, 1600), Image.Resampling.BICUBIC))
    editor = Editor(registry=EngineRegistry({"preset": PresetEngine}, default="preset"))
    result = editor.edit(photo, "paint", size="original", output_format=OutputFormat.PNG)
    answer = decode(result.images[0].data).pixels
    differs = (answer != photo).any(axis=2)
    assert answer.shape == photo.shape
    assert 0.015 < differs.mean() < 0.03
    assert differs[600:780, 990:1220].all()
    assert not differs[:500].any()


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, io.BytesIO])
def test_bytes_in_any_wrapping_are_one_picture(wrap, editor: Editor, engine: CountingEngine) -> None:
    editor.edit(wrap(FILE), "anything")
    assert np.array_equal(engine.inputs[0][0], PHOTO)


@pytest.mark.parametrize("nothing", [None, 5, object()])
def test_what_is_no_picture_is_refused_by_kind(nothing: object, editor: Editor) -> None:
    with pytest.raises(InvalidValueError, match="a path, a URL"):
        editor.edit(nothing, "anything")


def test_a_null_character_in_a_name_is_a_clear_error(editor: Editor) -> None:
    with pytest.raises(ImageDecodeError, match="no file name"):
        editor.edit("a\0b.png", "anything")


def test_the_format_may_be_a_word_and_a_seed_a_numpy_integer(editor: Editor, engine: CountingEngine) -> None:
    editor.edit(PHOTO, "anything", output_format="png", seed=np.int64(4))
    assert engine.requests[0].output_format is OutputFormat.PNG
    assert engine.requests[0].seed == 4


def test_a_misspelled_option_names_the_options(editor: Editor) -> None:
    with pytest.raises(TypeError, match=r"'sed'; its options are seed"):
        editor.edit(PHOTO, "anything", sed=1)


def test_attempts_that_come_out_alike_are_noted(editor: Editor) -> None:
    assert any("alike" in note for note in editor.edit(PHOTO, "anything", num_images=2, seed=1).notes)


def test_a_name_that_contradicts_the_format_is_refused(editor: Editor, tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="output_format='png'"):
        editor.edit(PHOTO, "anything").images[0].save(tmp_path / "out.png")


def _mask_forms(tmp_path):
    mask = np.zeros((60, 80), np.uint8)
    mask[:, :40] = 255
    picture = Image.fromarray(mask)
    path = tmp_path / "mask.png"
    picture.save(path)
    return [path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), picture, mask, mask > 0, mask / 255]


def test_a_mask_may_come_in_every_form_and_confines_the_edit(tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    editor = Editor(registry=fake_registry(FakeEngine(redraws=True)))
    answers = set()
    for mask in _mask_forms(tmp_path):
        options = {"seed": 3, "size": "original", "output_format": "png", "preserve": "off"}
        result = editor.edit(photo, "paint", mask=mask, **options)
        edited = np.asarray(Image.open(io.BytesIO(result.images[0].data)))
        np.testing.assert_array_equal(edited[:, 40:], photo[:, 40:])
        answers.add(result.images[0].data)
    assert len(answers) == 1


@pytest.mark.parametrize("mask", [b"no picture", np.zeros((60, 80), np.uint8), np.zeros((2, 2, 2)), 7, "missing.png"])
def test_a_mask_that_cannot_be_used_is_refused(mask):
    editor = Editor(registry=fake_registry())
    with pytest.raises(RequestError):
        editor.edit(np.zeros((60, 80, 3), np.uint8), "paint", mask=mask)


def test_generation_options_reach_the_request_by_their_own_names():
    seen = []

    class Listening(FakeEngine):
        capabilities = Capabilities(max_input_images=4, generation_options=frozenset({"loras", "strength"}))

        def edit(self, request, inputs, **more):
            seen.append(request.generation)
            return super().edit(request, inputs, **more)

    editor = Editor(registry=fake_registry(Listening()))
    photo = np.zeros((60, 80, 3), np.uint8)
    result = editor.edit(photo, "paint", strength=0.5, loras={"ink": 0.8}, num_inference_steps=np.int64(8))

    assert seen == [GenerationOptions(strength=0.5, loras=(LoraWeight("ink", 0.8),), num_inference_steps=8)]
    assert "num_inference_steps has no use in the engine 'fake' and was ignored." in result.notes
