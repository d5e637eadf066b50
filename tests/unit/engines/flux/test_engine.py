import threading
import weakref

import numpy as np
import pytest

from retouch.engines.base import EditInputs
from retouch.engines.flux.engine import FluxEngine
from retouch.engines.flux.loop import DenoisingLoop
from retouch.engines.flux.model import FluxModel
from retouch.engines.flux.options import FluxOptions, Preset, ReferenceMode
from retouch.errors import ConfigurationError, EditAbortedError, EngineError, InvalidValueError, ModelFileError
from retouch.pipeline import run_edit
from retouch.types import EditRequest, OutputFormat

OPTIONS = FluxOptions(device="cpu", precision="float32", num_inference_steps=3, max_sequence_length=64, batch_size=2)


@pytest.fixture(scope="module")
def engine(checkpoint):
    made = FluxEngine(checkpoint, OPTIONS)
    made.load()
    yield made
    made.close()


class Inputs(EditInputs):
    """Inputs whose answers are small: a preset's megapixel takes minutes on a CPU, even with a tiny model."""

    def fitted(self, index):
        return self.originals[index]


def edit(engine, *pictures, prompt="add a cat", seed=1, **callbacks):
    request = EditRequest(prompt, output_format=OutputFormat.PNG)
    return engine.edit(request, Inputs(pictures, request), seed=seed, **callbacks)


def test_it_makes_a_picture_of_the_answers_size_and_the_same_seed_makes_the_same(engine, picture):
    first, again, other = edit(engine, picture(0)), edit(engine, picture(0)), edit(engine, picture(0), seed=2)

    assert first.pixels.shape == (64, 64, 3)
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert (first.pixels != other.pixels).any()


def test_requests_from_many_threads_share_passes_and_each_gets_what_it_gets_alone(engine, picture, monkeypatch):
    alone = [edit(engine, picture(k), prompt=f"add {k} cats", seed=k).pixels for k in range(4)]
    shared = []
    step = DenoisingLoop.step
    monkeypatch.setattr(
        DenoisingLoop, "step", lambda self, pictures: shared.append(len(pictures)) or step(self, pictures)
    )
    found = {}

    def ask(k):
        found[k] = edit(engine, picture(k), prompt=f"add {k} cats", seed=k).pixels

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(shared) == 2
    for k in range(4):
        np.testing.assert_array_equal(found[k], alone[k])


def test_progress_counts_every_step_in_order(engine, picture):
    seen = []

    edit(engine, picture(0), on_step=seen.append)

    # A processor may say before the first step how long it will take.
    assert [(each.step, each.total) for each in seen if each.step] == [(1, 3), (2, 3), (3, 3)]


def test_an_abort_frees_the_place_within_one_step_and_the_engine_lives_on(engine, picture, monkeypatch):
    steps, wanted = [], threading.Event()
    step = DenoisingLoop.step

    def slow_step(self, pictures):
        step(self, pictures)
        steps.append(len(pictures))
        wanted.set()
        released.wait(10)

    released = threading.Event()
    monkeypatch.setattr(DenoisingLoop, "step", slow_step)
    with pytest.raises(EditAbortedError):
        edit(engine, picture(0), should_abort=wanted.is_set)
    released.set()
    monkeypatch.setattr(DenoisingLoop, "step", step)

    assert edit(engine, picture(1)).pixels.shape == (64, 64, 3)
    assert len(steps) == 1


def test_a_picture_that_never_fits_is_its_callers_error_and_the_engine_lives_on(checkpoint, picture, monkeypatch):
    import torch

    def run_out(self, pictures):
        raise torch.OutOfMemoryError("CUDA out of memory")

    engine = with_options(checkpoint)
    engine.load()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(DenoisingLoop, "step", run_out)
            with pytest.raises(EngineError, match="memory"):
                edit(engine, picture(0))

        assert edit(engine, picture(0)).pixels.shape == (64, 64, 3)
    finally:
        engine.close()


def test_prompts_and_pictures_are_encoded_once(engine, picture):
    before = engine.cache_statistics

    edit(engine, picture(7), prompt="a prompt of its own")
    edit(engine, picture(7), prompt="a prompt of its own", seed=5)

    after = engine.cache_statistics
    for name in ("prompts", "references"):
        assert after[name].misses == before[name].misses + 1
        assert after[name].hits == before[name].hits + 1


def test_several_pictures_are_stitched_or_shown_as_token_sets(checkpoint, picture, engine):
    stitched = edit(engine, picture(0), picture(1))
    assert stitched.interpretation.notes == ("The 2 pictures were shown to the model side by side.",)

    apart = FluxEngine(checkpoint, FluxOptions(**{**_fields(OPTIONS), "reference_mode": ReferenceMode.TOKENS}))
    apart.load()
    try:
        other = edit(apart, picture(0), picture(1))
    finally:
        apart.close()

    assert not other.interpretation.notes
    assert (other.pixels != stitched.pixels).any()


def _fields(options):
    return {name: getattr(options, name) for name in options.__dataclass_fields__}


def test_a_prompt_that_is_too_long_is_refused_and_not_cut(engine, picture):
    with pytest.raises(InvalidValueError, match="64 tokens"):
        edit(engine, picture(0), prompt="long " * 40)


def test_guidance_of_the_request_wins_over_the_default(engine, picture):
    def with_guidance(scale):
        request = EditRequest("add a cat", guidance_scale=scale, output_format=OutputFormat.PNG)
        return engine.edit(request, Inputs([picture(0)], request), seed=1).pixels

    assert (with_guidance(1.0) != with_guidance(9.0)).any()
    np.testing.assert_array_equal(with_guidance(None), with_guidance(OPTIONS.guidance_scale))


@pytest.mark.slow
def test_image_i_of_several_equals_its_single_run(checkpoint, picture):
    engine = FluxEngine(checkpoint, FluxOptions(**{**_fields(OPTIONS), "num_inference_steps": 1, "batch_size": 1}))
    engine.load()

    def run(seed, count):
        request = EditRequest("add a cat", seed=seed, num_images=count, output_format=OutputFormat.PNG, preserve="off")
        return run_edit(request, [picture(0)], engine).images

    try:
        both, second = run(3, 2), run(4, 1)
    finally:
        engine.close()

    assert (both[0].width, both[0].height) == (1024, 1024)
    assert both[1].data == second[0].data
    assert both[0].data != both[1].data


def with_options(checkpoint, **more):
    return FluxEngine(checkpoint, FluxOptions(**{**_fields(OPTIONS), **more}))


def test_exact_pictures_carry_no_note_and_others_say_which_preset_made_them_and_what_it_did_without(
    engine, checkpoint, picture, monkeypatch
):
    from diffusers import FluxTransformer2DModel

    from retouch.engines.flux import engine as module

    assert not edit(engine, picture(0)).interpretation.notes
    monkeypatch.setattr(FluxTransformer2DModel, "compile_repeated_blocks", lambda self, **_: None)
    monkeypatch.setattr(module, "plan_warm_up", lambda *_, **__: ())
    balanced = with_options(checkpoint, preset=Preset.BALANCED)
    balanced.load()
    try:
        made = edit(balanced, picture(0))
        statistics = balanced.statistics()
    finally:
        balanced.close()

    assert "balanced" in made.interpretation.notes[0]
    assert (statistics.preset, statistics.attention) == ("balanced", "native")


def test_fast_pictures_are_the_same_beside_others_and_say_what_made_them(checkpoint, picture, monkeypatch):
    pytest.importorskip("cache_dit", reason="the [flux-fast] extra is not installed")
    from diffusers import FluxTransformer2DModel

    from retouch.engines.flux import engine as module

    monkeypatch.setattr(FluxTransformer2DModel, "compile_repeated_blocks", lambda self, **_: None)
    monkeypatch.setattr(module, "plan_warm_up", lambda *_, **__: ())
    fast = with_options(checkpoint, preset=Preset.FAST, batch_size=1, num_inference_steps=10)
    fast.load()
    found = {}

    def ask(k):
        found[k] = edit(fast, picture(k), seed=k)

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(3)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        alone = edit(fast, picture(1), seed=1)
    finally:
        fast.close()

    np.testing.assert_array_equal(found[1].pixels, alone.pixels)
    assert "extrapolates" in alone.interpretation.notes[0]
    assert "float8" in alone.interpretation.notes[1]


def test_loras_that_come_after_a_preset_without_layers_for_them_are_refused(checkpoint, picture, monkeypatch, tmp_path):
    from diffusers import FluxTransformer2DModel

    from retouch.engines.flux import engine as module
    from retouch.engines.flux.lora_folder import LoraFolder
    from retouch.generation import GenerationOptions, LoraWeight

    monkeypatch.setattr(FluxTransformer2DModel, "compile_repeated_blocks", lambda self, **_: None)
    monkeypatch.setattr(module, "plan_warm_up", lambda *_, **__: ())
    options = FluxOptions(**{**_fields(OPTIONS), "preset": Preset.BALANCED})
    engine = FluxEngine(checkpoint, options, lora_folder=LoraFolder(tmp_path))
    engine.load()
    (tmp_path / "oil.safetensors").write_bytes(b"")
    request = EditRequest("add a cat", generation=GenerationOptions(loras=(LoraWeight("oil"),)))

    try:
        with pytest.raises(InvalidValueError, match="loras"):
            engine.edit(request, Inputs([picture(0)], request), seed=1)
    finally:
        engine.close()


def test_the_warm_up_is_done_when_load_returns(checkpoint, monkeypatch):
    from retouch.engines.flux import engine as module
    from retouch.engines.flux.warmup import WarmUpShape

    monkeypatch.setattr(module, "plan_warm_up", lambda *_, **__: (WarmUpShape((64, 64), 64),))
    engine = with_options(checkpoint)

    engine.load()

    try:
        statistics = engine.statistics()
    finally:
        engine.close()
    assert statistics.warm_up_seconds > 0
    assert statistics.worker.passes == statistics.worker.finished == 0


def test_statistics_count_pictures_steps_passes_and_caches(checkpoint, picture):
    engine = with_options(checkpoint, batch_size=1)
    with pytest.raises(EngineError, match="not loaded"):
        engine.statistics()
    engine.load()

    try:
        for seed in (1, 2):
            edit(engine, picture(0), seed=seed)
        statistics = engine.statistics()
    finally:
        engine.close()

    assert (statistics.preset, statistics.notes) == ("exact", ())
    assert (statistics.worker.finished, statistics.worker.steps, statistics.worker.passes) == (2, 6, 6)
    assert statistics.caches["prompts"].hits == statistics.caches["references"].hits == 1
    assert statistics.worker.busy_seconds > 0


def test_after_memory_ran_out_every_picture_says_what_is_made_smaller(checkpoint, picture, monkeypatch):
    import torch

    engine = with_options(checkpoint, batch_size=2)
    engine.load()
    predict = FluxModel.predict

    def run_out(self, tokens, *rest):
        if len(tokens) > 1:
            raise torch.OutOfMemoryError
        return predict(self, tokens, *rest)

    monkeypatch.setattr(FluxModel, "predict", run_out)
    try:
        made = edit(engine, picture(0))
        assert engine.statistics().worker.out_of_memory == 1
    finally:
        engine.close()
    assert "passes of 1 instead of 2" in made.interpretation.notes[0]


def test_a_folder_that_is_no_checkpoint_is_a_clear_error(tmp_path):
    with pytest.raises(ModelFileError, match=r"model_index\.json"):
        FluxEngine(tmp_path, OPTIONS).load()


def test_a_damaged_checkpoint_is_a_clear_error(checkpoint, tmp_path):
    import shutil

    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    weights = next((copy / "transformer").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:1000])

    with pytest.raises(ModelFileError, match="damaged"):
        FluxEngine(copy, OPTIONS).load()


def test_without_a_gpu_the_default_device_is_refused_with_a_way_out(checkpoint):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(EngineError, match="cpu"):
        FluxEngine(checkpoint).load()


def test_what_the_preset_fast_cannot_do_is_refused_before_the_weights_are_loaded(checkpoint, monkeypatch):
    monkeypatch.setattr(FluxModel, "from_source", lambda *_, **__: pytest.fail("the weights were loaded"))
    with pytest.raises(ConfigurationError, match=r"flux\.batch_size"):
        with_options(checkpoint, preset=Preset.FAST, batch_size=2).load()


def test_a_closed_engine_holds_no_weights(checkpoint):
    import torch

    engine = with_options(checkpoint, preset=Preset.FAST, batch_size=1)
    with torch._dynamo.config.patch(disable=True):
        engine.load()
    transformer = weakref.ref(engine._model.pipeline.transformer)

    engine.close()

    assert transformer() is None


def test_a_closed_engine_says_so(checkpoint, picture):
    engine = FluxEngine(checkpoint, OPTIONS)
    engine.load()
    engine.close()

    with pytest.raises(EngineError, match="not loaded"):
        edit(engine, picture(0))
