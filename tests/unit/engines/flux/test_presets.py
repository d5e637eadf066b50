import os
import shutil

import pytest
import torch

from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.engines.flux.memory import CarefulLoop
from retouch.engines.flux.model import FluxModel
from retouch.engines.flux.options import Preset
from retouch.engines.flux.presets import apply_preset, without_fp8
from retouch.engines.flux.warmup import WarmUpShape, warm_up
from retouch.errors import ConfigurationError

SHAPES = (WarmUpShape((64, 64), 32), WarmUpShape((96, 48), 16))


@pytest.fixture
def own_model(checkpoint):
    """A model of the test's own: presets change it in place."""
    return FluxModel.from_folder(checkpoint, dtype=torch.float32, device="cpu")


@pytest.fixture
def compiled(own_model, monkeypatch):
    """Note what is asked of the compiler, instead of waiting for it."""
    asked = []
    monkeypatch.setattr(
        type(own_model.pipeline.transformer), "compile_repeated_blocks", lambda self, **options: asked.append(options)
    )
    return asked


def make_order(model, pixels, seed=1, steps=3):
    embeds = model.encode_prompt("add a cat", 32)
    grid_hw = (pixels.shape[0] // 16, pixels.shape[1] // 16)
    return Order(embeds, (model.encode_picture(pixels),), grid_hw, seed, steps, 2.5)


def run(loop, order):
    admitted = loop.admit(order)
    while not admitted.done:
        loop.step([admitted])
    return admitted.latents


def test_exact_changes_nothing(own_model, model, compiled, picture):
    made = apply_preset(own_model, Preset.EXACT, batch_size=4, has_loras=True, is_offloaded=True)

    assert made.notes == made.left_out == ()
    assert made.takes_loras
    assert not compiled
    theirs = run(DenoisingLoop(model), make_order(model, picture(0)))
    assert torch.equal(run(DenoisingLoop(own_model), make_order(own_model, picture(0))), theirs)


def test_balanced_compiles_fuses_and_says_so_in_every_picture(own_model, model, compiled, picture):
    made = apply_preset(own_model, Preset.BALANCED)

    assert compiled == [{"fullgraph": True, "backend": "inductor"}]
    assert (made.compiled, made.fused, made.step_cache, made.left_out) == (True, True, None, ())
    assert not made.takes_loras
    assert '"balanced"' in made.notes[0]
    theirs = run(DenoisingLoop(model), make_order(model, picture(0)))
    torch.testing.assert_close(run(DenoisingLoop(own_model), make_order(own_model, picture(0))), theirs)


def test_fused_projections_take_no_more_memory_than_those_they_replace(own_model, model, compiled):
    apply_preset(own_model, Preset.BALANCED)

    def size(each):
        return sum(parameter.numel() for parameter in each.pipeline.transformer.parameters())

    assert size(own_model) == size(model)
    names = {name.rpartition(".")[2] for name, _ in own_model.pipeline.transformer.named_modules()}
    assert {"to_qkv", "to_added_qkv"} <= names
    assert not {"to_q", "to_k", "to_v", "add_q_proj", "add_k_proj", "add_v_proj"} & names


def test_with_loras_the_layers_stay_apart_and_uncompiled_and_the_notes_say_why(own_model, compiled):
    made = apply_preset(own_model, Preset.BALANCED, has_loras=True)

    assert not compiled
    assert made.takes_loras
    assert sum("LoRAs" in note for note in made.notes) == 2


def test_a_transformer_in_system_memory_is_not_compiled_and_the_notes_say_why(own_model, compiled):
    made = apply_preset(own_model, Preset.BALANCED, is_offloaded=True)

    assert not compiled
    assert not made.fused
    assert sum("system memory" in note for note in made.notes) == 2


def test_a_compiler_that_is_switched_off_is_not_asked_and_the_notes_say_why(own_model, compiled):
    with torch._dynamo.config.patch(disable=True):
        made = apply_preset(own_model, Preset.BALANCED)

    assert not compiled
    assert made.fused
    assert "TORCH_COMPILE_DISABLE" in made.notes[1]


def test_quantized_weights_are_not_fused_but_compiled(own_model, compiled):
    first = next(iter(own_model.pipeline.transformer.parameters()))
    first.requires_grad_(False)
    first.data = first.data.to(torch.uint8)

    from retouch.engines.flux.presets import Techniques, _compile, _fuse

    transformer = own_model.pipeline.transformer
    made = _fuse(Techniques(Preset.BALANCED), transformer, has_loras=False, is_offloaded=False)
    made = _compile(made, transformer, has_loras=False, is_offloaded=False, compiler="inductor")

    assert made.compiled
    assert not made.fused
    assert "quantized" in made.left_out[0]


def test_fast_extrapolates_and_tells_what_it_did_without(own_model, compiled):
    pytest.importorskip("cache_dit", reason="the [flux-fast] extra is not installed")
    missing = without_fp8(Preset.FAST, "auto", dynamic_fp8=False)

    made = apply_preset(own_model, Preset.FAST, left_out=missing)
    made.step_cache.close()

    assert "extrapolates" in made.notes[0]
    assert "float8" in made.notes[1]


@pytest.mark.parametrize(
    ("options", "hint"), [({"batch_size": 2}, "flux.batch_size"), ({"is_offloaded": True}, "offload")]
)
def test_what_fast_can_not_do_is_refused_at_the_start(own_model, options, hint):
    with pytest.raises(ConfigurationError, match=hint):
        apply_preset(own_model, Preset.FAST, **options)


def test_fast_says_why_nothing_is_multiplied_in_float8():
    assert (
        without_fp8(Preset.FAST, "fp8", dynamic_fp8=True)
        == without_fp8(Preset.BALANCED, "auto", dynamic_fp8=False)
        == ()
    )
    assert "bfloat16" in without_fp8(Preset.FAST, "bfloat16", dynamic_fp8=False)[0]


@pytest.mark.slow
def test_a_compiler_that_fails_is_left_out_at_the_start_and_every_picture_says_so(own_model, picture):
    def fail(graph, inputs):
        raise RuntimeError("no C compiler found")

    made = apply_preset(own_model, Preset.BALANCED, compiler=fail)
    loop = CarefulLoop(DenoisingLoop(own_model))

    made, _ = warm_up(loop, made, SHAPES)

    assert not made.compiled
    assert "the compiler failed" in made.notes[1]
    assert run(loop.loop, make_order(own_model, picture(0))).isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("preset", [Preset.BALANCED, Preset.FAST])
def test_after_the_warm_up_no_request_of_any_shape_waits_for_the_compiler(own_model, picture, preset):
    """By dynamo alone, without code generation: what is compiled anew, and when, is decided there."""
    if preset is Preset.FAST:
        pytest.importorskip("cache_dit", reason="the [flux-fast] extra is not installed")
    torch.compiler.reset()
    made = apply_preset(own_model, preset, compiler="eager")
    loop = DenoisingLoop(own_model, step_cache=made.step_cache)
    made, _ = warm_up(CarefulLoop(loop), made, SHAPES)
    assert made.compiled

    with torch._dynamo.config.patch(error_on_recompile=True):
        for size_hw in ((64, 64), (48, 96), (80, 48), (112, 64)):
            run(loop, make_order(own_model, picture(0, size_hw), steps=2))
    torch.compiler.reset()


@pytest.mark.slow
@pytest.mark.skipif(
    os.environ.get("RETOUCH_TEST_COMPILER") != "1", reason="takes minutes: set RETOUCH_TEST_COMPILER=1 to run it"
)
@pytest.mark.skipif(shutil.which("g++") is None, reason="compiling for a CPU takes g++")
@pytest.mark.timeout(1200)
def test_compiled_blocks_make_the_picture_of_eager_ones(own_model, model, picture):
    apply_preset(own_model, Preset.BALANCED)

    made = run(DenoisingLoop(own_model), make_order(own_model, picture(0)))

    torch.testing.assert_close(made, run(DenoisingLoop(model), make_order(model, picture(0))), atol=1e-4, rtol=1e-4)
