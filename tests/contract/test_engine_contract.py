"""What every engine does. A further engine joins by a line in ``ENGINES``, with a prompt that it can carry out."""

import io
import runpy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import coffee
from tests.stand_in import Answer, Received, StandIn, b64_answer, pixels_of

from retouch import kontext
from retouch.engines.base import EditInputs, Engine
from retouch.engines.remote.engine import RemoteEngine
from retouch.engines.remote.options import RemoteOptions
from retouch.engines.routing import RoutingEngine, RoutingOptions
from retouch.errors import EditAbortedError, InvalidValueError, UnsupportedInstructionError
from retouch.generation import GenerationOptions
from retouch.library import create_registry
from retouch.pipeline import run_edit
from retouch.preserve.composite import composite
from retouch.testing import FakeEngine
from retouch.types import EditRequest, OutputFormat


@dataclass(frozen=True)
class Candidate:
    """``refused`` is a prompt that the engine can't carry out; None for a model, which tries whatever it can read."""

    make: Callable[[Path], Engine]
    prompt: str
    refused: str | None


def make_flux(folder: Path) -> Engine:
    """FLUX.1 Kontext's real classes at a tiny size, with two steps so that an abort can come between them."""
    pytest.importorskip("torch", reason="the [flux] extra is not installed")
    pytest.importorskip("diffusers", reason="the [flux] extra is not installed")
    from retouch.engines.flux.engine import FluxEngine
    from retouch.engines.flux.options import FluxOptions

    save_tiny_flux = runpy.run_path(str(Path(__file__).parents[1] / "tiny_flux.py"))["save_tiny_flux"]
    options = FluxOptions(device="cpu", precision="float32", num_inference_steps=2, max_sequence_length=64)
    return FluxEngine(save_tiny_flux(folder / "checkpoint"), options)


class FakeRemote:
    """The engine "remote" with a server beside it, which edits as the fake engine does and refuses what that refuses."""

    def __init__(self) -> None:
        self._server = StandIn()
        self._server.answers = [self._answer]
        self._engine = RemoteEngine(RemoteOptions(f"{self._server.url}/v1"))

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def close(self) -> None:
        self._engine.close()
        self._server.close()

    @staticmethod
    def _answer(received: Received) -> Answer:
        form = {name: values[0] for name, values in received.form.items()}
        request = EditRequest(form["prompt"].decode(), size="original")
        inputs = EditInputs([pixels_of(form["image"])], request)
        try:
            return b64_answer(FakeEngine(redraws=True).edit(request, inputs, seed=int(form["seed"])).pixels)
        except UnsupportedInstructionError as exc:
            said = {"understood": exc.understood, "not_understood": exc.not_understood, "hint": exc.hint}
            return Answer(400, {"error": {"code": exc.code, **said}})


def make_auto(_: Path) -> Engine:
    fake = FakeEngine()
    return RoutingEngine(RoutingOptions(("fake",)), lambda _: fake, lambda _: fake.capabilities)


ENGINES = {
    "fake": Candidate(lambda _: FakeEngine(), "Add a bird.", "Do the impossible."),
    "builtin": Candidate(
        lambda folder: create_registry(folder).get("builtin"),
        "Put a red balloon at the top left.",
        "Rewrite the laws of thermodynamics.",
    ),
    "remote": Candidate(lambda _: FakeRemote(), "Add a bird.", "Do the impossible."),
    "auto": Candidate(make_auto, "Add a bird.", "Do the impossible."),
    "flux": Candidate(make_flux, "Add a bird.", None),
}
SLOW = {"flux"}
"""It knows only the presets, and a megapixel takes even a tiny model many seconds: most tests give it smaller ones."""
SMALL_PRESETS = ((192, 128), (128, 128))
PICTURE = np.ascontiguousarray(coffee()[::2, ::2])


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in ENGINES],
)
def candidate(request):
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def engine(candidate, tmp_path_factory):
    made = candidate.make(tmp_path_factory.mktemp("data"))
    made.load()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _small_presets(request, candidate, monkeypatch):
    if candidate is ENGINES["flux"] and "ratio" not in request.fixturenames:
        monkeypatch.setattr(kontext, "PREFERRED_SIZES_WH", SMALL_PRESETS)


@pytest.fixture
def request_(candidate):
    """A request that keeps the small picture's size, so that an edit is quick."""
    return EditRequest(candidate.prompt, seed=11, size="original", output_format=OutputFormat.PNG)


def inputs_for(engine, request, picture=PICTURE):
    return EditInputs([picture], request, any_size=engine.capabilities.any_size)


def edit(engine, request, *, seed=11, **callbacks):
    return engine.edit(request, inputs_for(engine, request), seed=seed, **callbacks)


def test_it_has_a_name_a_version_and_takes_at_least_one_picture(engine):
    assert engine.name
    assert engine.version
    assert engine.capabilities.max_input_images >= 1


def test_loading_twice_is_no_error(engine):
    engine.load()


def test_the_same_seed_gives_the_same_pixels(engine, request_):
    first, second = edit(engine, request_), edit(engine, request_)
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert first.seed == 11


@pytest.mark.parametrize(("ratio", "shape"), [(None, (832, 1248)), ("1:1", (1024, 1024)), ("9:16", (1392, 752))])
def test_the_answer_has_the_size_of_its_preset(engine, request_, ratio, shape):
    output = edit(engine, replace(request_, size="preset", aspect_ratio=ratio))
    assert output.pixels.shape[:2] == shape
    assert output.pixels.dtype == np.uint8


def test_the_original_size_is_kept_when_asked_for(engine, request_):
    if engine.capabilities.any_size:
        assert edit(engine, request_).pixels.shape[:2] == PICTURE.shape[:2]
    image = run_edit(request_, [PICTURE], engine).images[0]
    assert (image.height, image.width) == PICTURE.shape[:2]


def test_it_really_edits_and_leaves_the_rest_untouched(engine, request_):
    inputs = inputs_for(engine, request_)
    output = engine.edit(request_, inputs, seed=11)
    base = inputs.fitted(output.base_index)
    kept = composite(base, output.pixels, output.change_mask, is_global=output.is_global)
    differs = np.any(kept.pixels[..., :3] != base, axis=-1)
    assert differs.any()
    assert not np.any(differs & (kept.change_mask == 0))


def test_it_never_writes_into_its_inputs(engine, request_):
    picture = PICTURE.copy()
    engine.edit(request_, inputs_for(engine, request_, picture), seed=11)
    np.testing.assert_array_equal(picture, PICTURE)


def test_progress_goes_forward_to_the_end(engine, request_):
    seen = []
    edit(engine, request_, on_step=seen.append)
    steps = [progress.step for progress in seen]
    assert steps == sorted(steps)
    assert seen[-1].step == seen[-1].total
    assert all(progress.label for progress in seen)


def test_an_abort_is_heard_before_the_first_step(engine, request_):
    with pytest.raises(EditAbortedError):
        edit(engine, request_, should_abort=lambda: True)


def test_an_abort_is_heard_within_one_step(engine, request_):
    seen = []
    with pytest.raises(EditAbortedError):
        edit(engine, request_, on_step=seen.append, should_abort=lambda: len(seen) >= 1)
    assert len(seen) <= 2


def test_what_it_cant_do_is_refused_by_name(engine, candidate, request_):
    if candidate.refused is None:
        with pytest.raises(InvalidValueError, match="prompt must be at most"):
            edit(engine, replace(request_, prompt="more words than it can read " * 40))
        return
    with pytest.raises(UnsupportedInstructionError) as caught:
        edit(engine, replace(request_, prompt=candidate.refused))
    assert caught.value.not_understood
    assert caught.value.hint


def test_a_mask_confines_the_edit(engine, request_):
    mask = np.zeros(PICTURE.shape[:2], np.float32)
    mask[: PICTURE.shape[0] // 2] = 1
    image = run_edit(request_, [PICTURE], engine, mask=mask).images[0]
    edited = np.asarray(Image.open(io.BytesIO(image.data)))
    np.testing.assert_array_equal(edited[mask == 0], PICTURE[mask == 0])
    assert (edited != PICTURE).any()


def test_what_is_asked_of_it_is_honored_or_the_answer_says_that_it_had_no_use(engine, request_):
    options = GenerationOptions(num_inference_steps=2, strength=0.5, preview_every=1)
    seen = []
    result = run_edit(replace(request_, generation=options), [PICTURE], engine, on_step=seen.append)
    for name in options.given:
        unused = f"{name} has no use in the engine {engine.name!r} and was ignored."
        assert (unused in result.notes) is (name not in engine.capabilities.generation_options)
    assert any(each.preview_png for each in seen) is ("preview_every" in engine.capabilities.generation_options)


def test_attempt_i_equals_a_single_request_with_seed_plus_i(engine, request_):
    both = run_edit(replace(request_, num_images=2), [PICTURE], engine)
    second = run_edit(replace(request_, seed=12), [PICTURE], engine)
    assert both.images[1].data == second.images[0].data
    assert both.images[1].seed == 12
