import threading

import pytest
import torch

from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.engines.flux.memory import CarefulLoop, describe_memory, is_out_of_memory
from retouch.engines.flux.model import FluxModel
from retouch.engines.flux.worker import FluxWorker
from retouch.errors import EngineError

STEPS = 3


@pytest.fixture
def own_model(checkpoint):
    """A model of the test's own: its VAE may be left tiling."""
    return FluxModel.from_folder(checkpoint, dtype=torch.float32, device="cpu")


@pytest.fixture
def make_order(own_model, picture):
    embeds = own_model.encode_prompt("add a cat", 32)

    def make(seed, size_hw=(64, 64), steps=STEPS):
        reference = own_model.encode_picture(picture(seed, size_hw))
        return Order(embeds, (reference,), (size_hw[0] // 16, size_hw[1] // 16), seed, steps, 2.5)

    return make


@pytest.fixture
def run_out(monkeypatch):
    """Let a method of the model run out of memory whenever a condition on its arguments holds."""

    def install(method, condition):
        calls = []
        original = getattr(FluxModel, method)

        def act(self, *args):
            calls.append(args)
            if condition(self, *args):
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return original(self, *args)

        monkeypatch.setattr(FluxModel, method, act)
        return calls

    return install


def run(loop, *orders):
    admitted = [loop.admit(lambda order=order: order) for order in orders]
    while not all(each.done for each in admitted):
        assert loop.step([each for each in admitted if not each.done]) == []
    return admitted


def alone(model, order, batch_size=1):
    return run(CarefulLoop(DenoisingLoop(model, batch_size=batch_size)), order)[0].latents


@pytest.mark.parametrize("reproducible", [True, False])
def test_a_pass_that_does_not_fit_is_halved_until_it_does_and_stays_so(own_model, make_order, run_out, reproducible):
    expected = [alone(own_model, make_order(seed)) for seed in range(4)]
    calls = run_out("predict", lambda self, tokens, *_: len(tokens) > 1)
    loop = CarefulLoop(DenoisingLoop(own_model, batch_size=4, reproducible=reproducible))

    made = run(loop, *(make_order(seed) for seed in range(4)))

    assert [len(args[0]) for args in calls] == [4, 2] + [1] * (4 * STEPS)
    assert loop.loop.batch_size == 1
    assert loop.out_of_memory == 2
    assert all(torch.equal(each.latents, latents) for each, latents in zip(made, expected, strict=True))
    assert "passes of 1 instead of 4" in loop.notes[0]


def test_a_pass_that_fits_once_the_caches_are_dropped_needs_no_more(own_model, make_order, run_out):
    dropped = []
    run_out("predict", lambda *_: not dropped)
    loop = CarefulLoop(DenoisingLoop(own_model), release=lambda: dropped.append(True))

    (made,) = run(loop, make_order(0))

    assert made.done
    assert dropped == [True]
    assert loop.notes == ()


def test_a_picture_that_does_not_fit_alone_is_refused_with_numbers_and_its_neighbors_are_finished(
    own_model, make_order, run_out
):
    big = make_order(7)
    noise = own_model.draw_noise(big.grid_hw, big.seed)
    run_out("predict", lambda self, tokens, *_: any(torch.equal(each[:16], noise[0]) for each in tokens))
    loop = CarefulLoop(DenoisingLoop(own_model, batch_size=2))
    other = loop.admit(lambda: make_order(1))

    ((failed, error),) = loop.step([loop.admit(lambda: big), other])

    assert failed.order is big
    assert isinstance(error, EngineError)
    assert "GB" in error.message
    assert "aspect_ratio" in error.message
    assert other.step == 1


def test_what_fails_for_another_reason_fails_alone_and_memory_is_not_blamed(own_model, make_order, monkeypatch):
    loop = CarefulLoop(DenoisingLoop(own_model, batch_size=2))
    good, bad = loop.admit(lambda: make_order(1)), loop.admit(lambda: make_order(2))
    monkeypatch.setattr(bad.schedule, "advance", lambda *_: 1 / 0)

    ((failed, error),) = loop.step([good, bad])

    assert failed is bad
    assert isinstance(error, ZeroDivisionError)
    assert good.step == 1
    assert loop.out_of_memory == 0
    assert loop.loop.batch_size == 2


def test_a_picture_that_made_its_step_before_its_neighbor_ran_out_does_not_make_it_twice(
    own_model, make_order, monkeypatch
):
    expected = [alone(own_model, make_order(seed)) for seed in (1, 2)]
    loop = CarefulLoop(
        DenoisingLoop(own_model, batch_size=2)
    )  # whose first pass differs in low bits from one of a single picture
    admitted = [loop.admit(lambda seed=seed: make_order(seed)) for seed in (1, 2)]
    advance, calls = admitted[1].schedule.advance, []

    def run_out_once(*args):
        calls.append(args)
        if len(calls) == 1:
            raise torch.OutOfMemoryError
        return advance(*args)

    monkeypatch.setattr(admitted[1].schedule, "advance", run_out_once)
    for _ in range(STEPS):
        assert loop.step(admitted) == []

    assert all(
        torch.allclose(each.latents, latents, atol=1e-4) for each, latents in zip(admitted, expected, strict=True)
    )


@pytest.mark.parametrize("method", ["encode_picture", "decode"])
def test_what_the_vae_has_no_room_for_is_done_in_tiles(own_model, make_order, run_out, picture, method):
    calls = run_out(method, lambda self, *_: not self.pipeline.vae.use_tiling)
    loop = CarefulLoop(DenoisingLoop(own_model))

    if method == "decode":
        loop.finish(run(loop, make_order(0))[0])
    else:
        loop.admit(lambda: make_order(0))

    assert len(calls) == 3
    assert loop.out_of_memory == 2
    assert "tiles" in loop.notes[0]


@pytest.mark.parametrize("method", ["encode_picture", "decode"])
def test_what_does_not_fit_in_tiles_either_is_refused_with_numbers(own_model, make_order, run_out, method):
    loop = CarefulLoop(DenoisingLoop(own_model))
    (made,) = run(loop, make_order(0))
    run_out(method, lambda *_: True)

    with pytest.raises(EngineError, match="GB"):
        loop.finish(made) if method == "decode" else loop.admit(lambda: make_order(0))


def test_a_cached_picture_that_ran_out_of_memory_computes_its_next_steps_in_full(own_model, make_order, run_out):
    pytest.importorskip("cache_dit", reason="the [flux-fast] extra is not installed")
    from retouch.engines.flux.step_cache import StepCache, StepCacheOptions

    cache = StepCache(own_model.pipeline.transformer, StepCacheOptions(first_blocks=1, first_steps=2, threshold=100.0))
    loop = CarefulLoop(DenoisingLoop(own_model, step_cache=cache))
    calls = run_out("predict", lambda *_: len(calls) == 4)

    (made,) = run(loop, make_order(0, steps=7))

    assert len(calls) == 8
    assert made.extrapolated_steps == 2  # of the four steps after the third was repeated, the first two are full again
    cache.close()


def test_the_worker_lives_on_after_memory_ran_out_everywhere_and_counts_it(own_model, make_order, run_out):
    worker = FluxWorker(CarefulLoop(DenoisingLoop(own_model, batch_size=2)), max_active=4)
    tight = threading.Event()
    tight.set()
    for method in ("predict", "decode"):
        run_out(method, lambda *_: tight.is_set())

    def make():
        return worker.make(lambda: make_order(0), on_step=None, should_abort=None)

    try:
        with pytest.raises(EngineError, match="GB"):
            make()
        tight.clear()
        assert make().shape == (64, 64, 3)
        statistics = worker.statistics()
    finally:
        worker.close()
    assert (statistics.finished, statistics.failed) == (1, 1)
    assert statistics.out_of_memory == 3  # a pass of two, a pass of one, and once more
    assert statistics.batch_size == 1


def test_memory_is_recognized_where_it_has_no_class_of_its_own_and_told_in_numbers():
    assert is_out_of_memory(
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 8 bytes")
    )
    assert is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shapes do not match"))
    assert "GB" in describe_memory(torch.device("cpu"))
