import sys

import pytest
import torch

pytest.importorskip("cache_dit", reason="the [flux-fast] extra is not installed")

from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.engines.flux.model import FluxModel
from retouch.engines.flux.step_cache import StepCache, StepCacheOptions
from retouch.errors import ConfigurationError

STEPS = 10
EAGER = StepCacheOptions(first_blocks=1, first_steps=3, threshold=100.0, steps_in_a_row=2)
"""Random weights change much from step to step: with a threshold that nothing passes, what is left decides."""


@pytest.fixture
def own_model(checkpoint):
    """A model of the test's own: a cache replaces its transformer's forward."""
    return FluxModel.from_folder(checkpoint, dtype=torch.float32, device="cpu")


@pytest.fixture
def cache(own_model):
    made = StepCache(own_model.pipeline.transformer, EAGER)
    yield made
    made.close()


def make_order(model, pixels, seed, **more):
    return Order(
        embeds=model.encode_prompt("add a cat", 32),
        references=(model.encode_picture(pixels),),
        grid_hw=(pixels.shape[0] // 16, pixels.shape[1] // 16),
        seed=seed,
        num_inference_steps=STEPS,
        guidance_scale=2.5,
        **more,
    )


def run(loop, order):
    admitted = loop.admit(order)
    while not admitted.done:
        loop.step([admitted])
    return admitted


def test_it_extrapolates_steps_after_the_first_ones_and_never_too_many_in_a_row(own_model, cache, picture):
    made = run(DenoisingLoop(own_model, step_cache=cache), make_order(own_model, picture(0), 1))

    (context,) = made.cached.contexts.values()
    assert context.get_cached_steps() == [3, 4, 6, 7, 9]
    assert made.cached.extrapolated == 5


def test_it_changes_the_picture_and_closing_it_brings_the_exact_one_back(own_model, cache, picture):
    order = make_order(own_model, picture(0), 1)
    cached = run(DenoisingLoop(own_model, step_cache=cache), order).latents
    cache.close()

    exact = run(DenoisingLoop(own_model), order).latents

    again = FluxModel(own_model.pipeline)
    assert torch.equal(exact, run(DenoisingLoop(again), order).latents)
    assert not torch.equal(cached, exact)


def test_a_cached_picture_after_another_and_beside_another_equals_its_run_alone(own_model, cache, picture):
    loop = DenoisingLoop(own_model, step_cache=cache)
    first, second = make_order(own_model, picture(0), 1), make_order(own_model, picture(1), 2)
    alone = run(loop, first).latents
    run(loop, second)

    after = run(loop, first).latents
    beside, other = loop.admit(first), None
    while not beside.done:  # the other joins in mid-flight, and they take turns
        loop.step([beside])
        other = other or loop.admit(second)
        loop.step([other])

    assert torch.equal(after, alone)
    assert torch.equal(beside.latents, alone)


def test_the_negative_prompt_has_a_memory_of_its_own(own_model, cache, picture):
    loop = DenoisingLoop(own_model, step_cache=cache)
    order = make_order(own_model, picture(0), 1, negative=own_model.encode_prompt("blurry", 32), true_cfg_scale=3.0)

    made = run(loop, order)

    assert made.cached.extrapolated == made.cached_negative.extrapolated == 5
    assert torch.equal(made.latents, run(loop, order).latents)


def test_a_finished_pictures_memory_is_held_by_nothing_else(own_model, cache, picture):
    import gc
    import weakref

    made = run(DenoisingLoop(own_model, step_cache=cache), make_order(own_model, picture(0), 1))
    context = weakref.ref(next(iter(made.cached.contexts.values())))

    del made
    gc.collect()

    assert context() is None


def test_a_pass_of_the_cache_holds_one_picture(own_model, cache):
    with pytest.raises(ValueError, match="one picture at a time"):
        DenoisingLoop(own_model, batch_size=2, step_cache=cache)


def test_cached_and_exact_pictures_never_share_a_pass(own_model, cache, picture):
    order = make_order(own_model, picture(0), 1)

    assert DenoisingLoop(own_model, step_cache=cache).admit(order).key != DenoisingLoop(own_model).admit(order).key


def test_a_missing_library_is_named_with_the_way_to_get_it(own_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "cache_dit", None)

    with pytest.raises(ConfigurationError, match=r"retouch\[flux-fast\]"):
        StepCache(own_model.pipeline.transformer)


def test_the_blocks_that_are_always_computed_are_at_most_half_of_them(own_model):
    cache = StepCache(own_model.pipeline.transformer, StepCacheOptions(first_blocks=8))
    cache.close()

    assert cache.options.first_blocks == 1
