import numpy as np
import pytest
import torch
from diffusers import FluxKontextPipeline
from PIL import Image

from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.engines.flux.model import FluxModel
from retouch.errors import EngineError

LENGTH = 32
REQUESTS = [  # prompt, seed, steps, guidance
    ("make the car red", 1, 8, 2.5),
    ("add a cat", 2, 4, 4.0),
    ("remove the car", 3, 6, 1.0),
]


def make_order(model, pixels, prompt, seed, steps, guidance, **more):
    return Order(
        embeds=model.encode_prompt(prompt, LENGTH),
        references=(model.encode_picture(pixels),),
        grid_hw=(pixels.shape[0] // 16, pixels.shape[1] // 16),
        seed=seed,
        num_inference_steps=steps,
        guidance_scale=guidance,
        **more,
    )


def run(loop, order):
    picture = loop.admit(order)
    while not picture.done:
        loop.step([picture])
    return picture


@pytest.fixture(scope="module")
def oracle(checkpoint):
    """diffusers' own pipeline on the same checkpoint."""
    pipeline = FluxKontextPipeline.from_pretrained(checkpoint, dtype=torch.float32, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)

    def make(pixels, prompt, seed, steps, guidance, output_type="latent", **more):
        height, width = pixels.shape[:2]
        return pipeline(
            image=Image.fromarray(pixels),
            prompt=prompt,
            num_inference_steps=steps,
            generator=torch.Generator().manual_seed(seed),
            guidance_scale=guidance,
            height=height,
            width=width,
            max_area=height * width,
            _auto_resize=False,
            max_sequence_length=LENGTH,
            output_type=output_type,
            **more,
        ).images

    return make


@pytest.mark.parametrize("size_hw", [(64, 64), (48, 96)])
def test_a_picture_made_alone_is_bitwise_what_diffusers_makes(model, oracle, picture, size_hw):
    pixels = picture(0, size_hw)

    mine = run(DenoisingLoop(model), make_order(model, pixels, *REQUESTS[0]))

    assert torch.equal(mine.latents, oracle(pixels, *REQUESTS[0]))


def test_the_finished_pixels_are_what_diffusers_decodes(model, oracle, picture):
    loop = DenoisingLoop(model)

    mine = loop.finish(run(loop, make_order(model, picture(0), *REQUESTS[1])))

    theirs = oracle(picture(0), *REQUESTS[1], output_type="np")[0]
    np.testing.assert_array_equal(mine, np.rint(theirs * 255).astype(np.uint8))


def test_true_guidance_away_from_a_negative_prompt_is_bitwise_what_diffusers_makes(model, oracle, picture):
    negative = model.encode_prompt("blurry", LENGTH)
    order = make_order(model, picture(0), *REQUESTS[1], negative=negative, true_cfg_scale=3.0)

    mine = run(DenoisingLoop(model), order)

    theirs = oracle(picture(0), *REQUESTS[1], negative_prompt="blurry", true_cfg_scale=3.0)
    assert torch.equal(mine.latents, theirs)
    assert not torch.equal(mine.latents, run(DenoisingLoop(model), make_order(model, picture(0), *REQUESTS[1])).latents)


def test_pictures_that_join_and_leave_in_mid_flight_come_out_bitwise_as_alone_in_the_reproducible_mode(model, picture):
    loop = DenoisingLoop(model, batch_size=3)
    orders = [make_order(model, picture(k), *request) for k, request in enumerate(REQUESTS)]
    alone = [run(loop, order).latents for order in orders]

    joins_at, active, together, passes = {0: 0, 2: 1, 3: 2}, [], {}, 0
    while len(together) < len(orders):
        if passes in joins_at:
            active.append((joins_at[passes], loop.admit(orders[joins_at[passes]])))
        loop.step([each for _, each in active])
        passes += 1
        together |= {k: each.latents for k, each in active if each.done}
        active = [(k, each) for k, each in active if not each.done]

    assert passes < sum(request[2] for request in REQUESTS)
    assert all(torch.equal(together[k], alone[k]) for k in together)


def test_the_fast_mode_runs_the_passes_only_as_large_as_they_must_be(model, picture, monkeypatch):
    sizes = []
    predict = FluxModel.predict
    monkeypatch.setattr(
        FluxModel, "predict", lambda self, tokens, *rest: sizes.append(len(tokens)) or predict(self, tokens, *rest)
    )
    order = make_order(model, picture(0), "add a cat", 1, 2, 2.5)

    run(DenoisingLoop(model, batch_size=4, reproducible=False), order)
    run(DenoisingLoop(model, batch_size=4, reproducible=True), order)

    assert sizes == [1, 1, 4, 4]


def test_another_seed_or_another_guidance_makes_another_picture(model, picture):
    loop = DenoisingLoop(model)
    first = run(loop, make_order(model, picture(0), "add a cat", 1, 2, 2.5)).latents

    assert not torch.equal(first, run(loop, make_order(model, picture(0), "add a cat", 2, 2, 2.5)).latents)
    assert not torch.equal(first, run(loop, make_order(model, picture(0), "add a cat", 1, 2, 5.0)).latents)


def test_several_references_lie_on_planes_of_their_own_and_their_order_matters(model, picture):
    loop = DenoisingLoop(model)
    one, two = model.encode_picture(picture(0)), model.encode_picture(picture(1, (32, 96)))
    base = make_order(model, picture(0), "add a cat", 1, 2, 2.5)

    def order(*references):
        return Order(base.embeds, references, base.grid_hw, 1, 2, 2.5)

    admitted = loop.admit(order(one, two))
    assert admitted.positions[:, 0].unique().tolist() == [0, 1, 2]
    assert admitted.positions.shape == (16 + 16 + 12, 3)
    assert not torch.equal(run(loop, order(one, two)).latents, run(loop, order(two, one)).latents)


def test_pictures_of_different_shapes_do_not_share_a_pass(model, picture):
    loop = DenoisingLoop(model, batch_size=2)
    square = loop.admit(make_order(model, picture(0), *REQUESTS[0]))
    wide = loop.admit(make_order(model, picture(0, (48, 96)), *REQUESTS[0]))

    with pytest.raises(ValueError, match="different shapes"):
        loop.step([square, wide])
    with pytest.raises(ValueError, match="1 to 2"):
        loop.step([])


def test_a_picture_that_is_not_a_number_is_an_error_and_never_black(model, picture):
    loop = DenoisingLoop(model)
    finished = run(loop, make_order(model, picture(0), "add a cat", 1, 1, 2.5))
    finished.latents = torch.full_like(finished.latents, float("nan"))

    with pytest.raises(EngineError, match="NaN"):
        loop.finish(finished)


def test_an_unfinished_picture_is_not_decoded(model, picture):
    loop = DenoisingLoop(model)

    with pytest.raises(ValueError, match="not finished"):
        loop.finish(loop.admit(make_order(model, picture(0), "add a cat", 1, 2, 2.5)))
