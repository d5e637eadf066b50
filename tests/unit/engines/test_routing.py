"""Which engine an edit gets, and what the answer says about it."""

import io
import threading

import numpy as np
import pytest
from PIL import Image
from skimage.data import coffee

from retouch.engines.base import Capabilities
from retouch.engines.registry import EngineRegistry
from retouch.engines.routing import RoutingEngine, RoutingOptions
from retouch.errors import ConfigurationError, EngineError, InvalidValueError, UnsupportedInstructionError
from retouch.generation import GenerationOptions, LoraWeight
from retouch.pipeline import run_edit
from retouch.testing import FakeEngine
from retouch.types import EditRequest, OutputFormat

PICTURE = np.ascontiguousarray(coffee()[::2, ::2])


class Named(FakeEngine):
    """A fake engine with a name, and a word that it refuses by."""

    def __init__(self, name, *, refuses=None, max_input_images=4, options=frozenset(), guidance=False, **rest):
        super().__init__(**rest)
        self._name, self._refuses = name, refuses
        self._can = Capabilities(
            max_input_images,
            uses_guidance_scale=guidance,
            any_size=super().capabilities.any_size,
            generation_options=options,
        )

    @property
    def name(self):
        return self._name

    @property
    def capabilities(self):
        return self._can

    def edit(self, request, inputs, **rest):
        if self._refuses and self._refuses in request.prompt:
            raise UnsupportedInstructionError([f"{self._name} reads"], [request.prompt], f"Not with {self._name}.")
        return super().edit(request, inputs, **rest)


def auto(*engines, **options) -> RoutingEngine:
    by_name = {engine.name: engine for engine in engines}
    registry = EngineRegistry(
        {**{name: (lambda engine=engine: engine) for name, engine in by_name.items()}, "auto": lambda: made},
        default="auto",
    )
    made = RoutingEngine(RoutingOptions(**{"order": tuple(by_name), **options}), registry.get, registry.capabilities)
    assert registry.get("auto") is made
    return made


def ask(prompt="Add a bird.", **fields) -> EditRequest:
    return EditRequest(prompt, **{"seed": 3, "size": "original", "output_format": OutputFormat.PNG, **fields})


def pixels_of(result) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(result.images[0].data)))


def test_the_first_engine_that_takes_the_instruction_makes_the_edit():
    first, second = Named("first"), Named("second")
    result = run_edit(ask(), [PICTURE], auto(first, second))
    assert (result.engine, first.edits_started, second.edits_started) == ("first/1", 1, 0)
    assert result.images[0].data == run_edit(ask(), [PICTURE], Named("first")).images[0].data


def test_a_refusal_goes_on_to_the_next_and_the_notes_tell():
    result = run_edit(ask(), [PICTURE], auto(Named("first", refuses="bird"), Named("second")))
    assert result.engine == "second/1"
    notes = " ".join(result.interpretation.notes)
    assert "'first' was asked first and refused: Can't carry out \"Add a bird.\"" in notes
    assert "Made by the engine 'second'." in notes


def test_where_all_refuse_the_first_refusal_carries_the_others_in_its_hint():
    with pytest.raises(UnsupportedInstructionError) as caught:
        run_edit(ask(), [PICTURE], auto(Named("first", refuses="bird"), Named("second", refuses="bird")))
    assert caught.value.understood == ("first reads",)
    assert caught.value.hint == "Not with first. The engine 'second' refuses, too: Not with second."


def test_a_failure_is_not_covered_up_by_the_next_engine():
    second = Named("second")
    with pytest.raises(EngineError, match="out of order"):
        run_edit(ask(), [PICTURE], auto(Named("first", error=EngineError("out of order")), second))
    assert second.edits_started == 0


def test_the_clients_model_can_have_an_order_of_its_own():
    engine = auto(Named("first"), Named("second"), models={"flux/kontext-pro/image-to-image": ("second",)})
    assert run_edit(ask(model="flux/kontext-pro/image-to-image"), [PICTURE], engine).engine == "second/1"
    assert run_edit(ask(), [PICTURE], engine).engine == "first/1"


def run_beside(engine, gate, started):
    """Start an edit that waits for the gate; returns its thread once it runs."""
    thread = threading.Thread(target=run_edit, args=(ask(), [PICTURE], engine))
    thread.start()
    while not started():
        assert thread.is_alive()
    return thread


def test_an_engine_with_enough_to_do_is_passed_over():
    gate = threading.Event()
    first = Named("first", gate=gate)
    engine = auto(first, Named("second"), max_running=1)
    thread = run_beside(engine, gate, lambda: first.edits_started == 1)
    try:
        result = run_edit(ask(), [PICTURE], engine)
    finally:
        gate.set()
        thread.join()
    assert result.engine == "second/1"
    assert "The engine 'first' has 1 edits running and was passed over." in result.interpretation.notes
    assert run_edit(ask(), [PICTURE], engine).engine == "first/1"


def test_an_engine_with_enough_to_do_still_gets_what_only_it_can_make():
    gate = threading.Event()
    first = Named("first", gate=gate)
    engine = auto(first, Named("second", refuses="bird"), max_running=1)
    thread = run_beside(engine, gate, lambda: first.edits_started == 1)
    threading.Timer(0.2, gate.set).start()
    result = run_edit(ask(), [PICTURE], engine)
    thread.join()
    assert result.engine == "first/1"


def test_too_many_pictures_for_one_engine_go_to_the_next():
    engine = auto(Named("first", max_input_images=1), Named("second"))
    assert run_edit(ask(), [PICTURE, PICTURE], engine).engine == "second/1"


def test_loras_go_to_an_engine_that_has_some_or_are_refused():
    asked = ask(generation=GenerationOptions(loras=(LoraWeight("film"),)))
    with_loras = Named("second", options=frozenset({"loras"}))
    assert run_edit(asked, [PICTURE], auto(Named("first"), with_loras)).engine == "second/1"
    with pytest.raises(InvalidValueError, match="loras"):
        run_edit(asked, [PICTURE], auto(Named("first")))


def test_what_the_maker_has_no_use_for_is_told():
    asked = ask(guidance_scale=3.0, generation=GenerationOptions(num_inference_steps=5))
    second = Named("second", options=frozenset({"num_inference_steps"}), guidance=True)
    notes = run_edit(asked, [PICTURE], auto(Named("first"), second)).interpretation.notes
    assert "num_inference_steps has no use in the engine 'first' and was ignored." in notes
    assert "guidance_scale has no use in the engine 'first' and was ignored." in notes


@pytest.mark.parametrize("masked", [False, True])
def test_an_engine_of_preset_sizes_edits_the_original_untouched_elsewhere(masked):
    mask = None
    if masked:
        mask = np.zeros(PICTURE.shape[:2], np.float32)
        mask[:, : PICTURE.shape[1] // 2] = 1
    engine = auto(Named("first", refuses="bird"), Named("second", redraws=True))
    result = run_edit(ask(seed=8), [PICTURE], engine, mask=mask)
    edited = pixels_of(result)
    assert edited.shape == PICTURE.shape
    same = (edited == PICTURE).all(axis=2)
    assert 0.5 < same.mean() < 1
    if masked:
        assert same[mask == 0].all()
        return
    rows, cols = np.nonzero(~same)  # the square with a seam around it: what the redrawing did elsewhere is undone
    assert (rows.max() - rows.min()) * (cols.max() - cols.min()) < 0.25 * same.size


def test_preserve_off_keeps_what_such_an_engine_made_at_the_originals_size():
    engine = auto(Named("first", refuses="bird"), Named("second", redraws=True))
    result = run_edit(ask(preserve="off"), [PICTURE], engine)
    assert pixels_of(result).shape == PICTURE.shape
    assert result.images[0].changed_share > 0.5


def test_a_setting_that_names_no_engine_shows_when_it_is_loaded():
    registry = EngineRegistry({"first": lambda: Named("first")}, default="first")
    engine = RoutingEngine(RoutingOptions(("first", "frist")), registry.get, registry.capabilities)
    with pytest.raises(ConfigurationError, match="frist"):
        engine.load()


@pytest.mark.parametrize("order", [(), ("auto",), ("a", "a")])
def test_an_order_that_cannot_be_is_refused(order):
    with pytest.raises(ConfigurationError):
        RoutingOptions(order)
