import pytest
import torch

from retouch.engines.flux.loop import DenoisingLoop
from retouch.engines.flux.memory import CarefulLoop
from retouch.engines.flux.model import FluxModel
from retouch.engines.flux.options import FluxOptions, Preset
from retouch.engines.flux.presets import Techniques
from retouch.engines.flux.warmup import WarmUpShape, plan_warm_up, warm_up
from retouch.errors import ConfigurationError, EngineError

SQUARE = WarmUpShape((1024, 1024), 512)
EXACT = Techniques(Preset.EXACT)


def test_a_card_is_warmed_up_at_the_square_preset_and_a_cpu_not_at_all():
    assert plan_warm_up(FluxOptions(), "cuda", compiled=False) == (SQUARE,)
    assert plan_warm_up(FluxOptions(), "cpu", compiled=False) == ()


def test_the_operators_sizes_are_run_in_order_once_each():
    options = FluxOptions(warm_up=("16:9", "1:1", "16:9"), max_sequence_length=128)

    planned = plan_warm_up(options, "cpu", compiled=False)

    assert planned == (WarmUpShape((1392, 752), 128), WarmUpShape((1024, 1024), 128))
    assert plan_warm_up(FluxOptions(warm_up=()), "cuda", compiled=False) == ()


@pytest.mark.parametrize("warm_up", [None, ("1:1",), ("16:9",), ("1:1", "4:3")])
@pytest.mark.parametrize("device_type", ["cuda", "cpu"])
def test_compiled_blocks_see_two_shapes_that_differ_in_size_and_in_the_prompts_length(warm_up, device_type):
    options = FluxOptions(preset=Preset.BALANCED, warm_up=warm_up)

    first, second = plan_warm_up(options, device_type, compiled=True)

    assert first.size_wh != second.size_wh
    assert (first.max_sequence_length, second.max_sequence_length) == (512, 256)


def test_compiling_on_a_users_request_is_refused():
    with pytest.raises(ConfigurationError, match=r"flux\.warm_up"):
        plan_warm_up(FluxOptions(preset=Preset.BALANCED, warm_up=()), "cuda", compiled=True)


@pytest.mark.parametrize(("reproducible", "sizes"), [(True, [4]), (False, [1, 2, 3])])
def test_every_size_of_a_pass_is_run_from_the_prompt_to_the_pixels(model, monkeypatch, reproducible, sizes):
    seen, decoded = [], []
    predict, decode = FluxModel.predict, FluxModel.decode
    monkeypatch.setattr(
        FluxModel, "predict", lambda self, tokens, *rest: seen.append(len(tokens)) or predict(self, tokens, *rest)
    )
    monkeypatch.setattr(FluxModel, "decode", lambda self, *rest: decoded.append(rest[1]) or decode(self, *rest))
    loop = CarefulLoop(DenoisingLoop(model, batch_size=4, reproducible=reproducible))

    techniques, seconds = warm_up(loop, EXACT, [WarmUpShape((64, 48), 32)])

    assert seen == sizes
    assert decoded == [(3, 4)] * len(sizes)
    assert techniques is EXACT
    assert seconds > 0
    assert loop.loop.passes == 0  # the statistics count users' pictures


def test_a_shape_that_does_not_fit_is_an_error_at_the_start(model, monkeypatch):
    def run_out(self, *_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(FluxModel, "predict", run_out)

    with pytest.raises(EngineError, match="GB"):
        warm_up(CarefulLoop(DenoisingLoop(model)), EXACT, [WarmUpShape((64, 64), 32)])


def test_another_failure_than_the_compilers_is_not_taken_for_one(model, monkeypatch):
    def fail(self, *_):
        raise RuntimeError("a kernel failed")

    monkeypatch.setattr(FluxModel, "predict", fail)

    with pytest.raises(RuntimeError, match="a kernel failed"):
        warm_up(CarefulLoop(DenoisingLoop(model)), EXACT, [WarmUpShape((64, 64), 32)])
