"""Masks and ``strength`` in the loop are bitwise what diffusers' inpainting pipeline makes of them."""

import numpy as np
import pytest
import torch
from diffusers import FluxKontextInpaintPipeline
from PIL import Image

from retouch.engines.flux.inpaint import Start, pack_mask
from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.errors import InvalidValueError

LENGTH = 32
WHITE = np.ones((64, 64), np.float32)
SQUARE = np.zeros((64, 64), np.float32)
SQUARE[8:40, 16:50] = 1.0


@pytest.fixture(scope="module")
def oracle(checkpoint):
    pipeline = FluxKontextInpaintPipeline.from_pretrained(checkpoint, dtype=torch.float32, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)

    def make(pixels, mask, *, strength, steps=8, seed=3, **more):
        return pipeline(
            image=Image.fromarray(pixels),
            mask_image=Image.fromarray((mask * 255).astype(np.uint8)),
            prompt="make the car red",
            strength=strength,
            num_inference_steps=steps,
            generator=torch.Generator().manual_seed(seed),
            guidance_scale=2.5,
            height=pixels.shape[0],
            width=pixels.shape[1],
            max_area=pixels.shape[0] * pixels.shape[1],
            _auto_resize=False,
            max_sequence_length=LENGTH,
            output_type="latent",
            **more,
        ).images

    return make


def make_order(model, pixels, mask, *, strength, steps=8, seed=3, **more):
    reference = model.encode_picture(pixels)
    packed = None if mask is None else pack_mask(mask, reference.grid_hw, 16)
    return Order(
        embeds=model.encode_prompt("make the car red", LENGTH),
        references=(reference,),
        grid_hw=reference.grid_hw,
        seed=seed,
        num_inference_steps=steps,
        guidance_scale=2.5,
        start=Start(reference.tokens, strength, packed),
        **more,
    )


def run(loop, order):
    picture = loop.admit(order)
    while not picture.done:
        loop.step([picture])
    return picture


@pytest.mark.parametrize("strength", [1.0, 0.6])
def test_a_mask_is_bitwise_what_diffusers_makes_of_it(model, oracle, picture, strength):
    mine = run(DenoisingLoop(model), make_order(model, picture(0), SQUARE, strength=strength))

    assert torch.equal(mine.latents, oracle(picture(0), SQUARE, strength=strength))


@pytest.mark.parametrize(("strength", "steps"), [(0.6, 8), (0.99, 4), (0.5, 3), (0.01, 3)])
def test_strength_without_a_mask_is_bitwise_what_diffusers_makes_under_a_white_one(
    model, oracle, picture, strength, steps
):
    mine = run(DenoisingLoop(model), make_order(model, picture(0), None, strength=strength, steps=steps))

    assert torch.equal(mine.latents, oracle(picture(0), WHITE, strength=strength, steps=steps))


def test_a_mask_with_true_guidance_is_bitwise_what_diffusers_makes(model, oracle, picture):
    negative = model.encode_prompt("blurry", LENGTH)
    order = make_order(model, picture(0), SQUARE, strength=0.6, negative=negative, true_cfg_scale=3.0)

    mine = run(DenoisingLoop(model), order)

    theirs = oracle(picture(0), SQUARE, strength=0.6, negative_prompt="blurry", true_cfg_scale=3.0)
    assert torch.equal(mine.latents, theirs)


def test_outside_of_the_mask_the_finished_latents_are_the_inputs(model, picture):
    order = make_order(model, picture(0), SQUARE, strength=1.0)

    latents = run(DenoisingLoop(model), order).latents

    kept = order.start.mask == 0
    torch.testing.assert_close(latents[kept], order.start.latents[kept], rtol=0, atol=0)
    assert not torch.equal(latents[~kept], order.start.latents[~kept])


def test_less_strength_makes_fewer_steps_and_stays_nearer_to_the_input(model, picture):
    loop = DenoisingLoop(model)
    distances = []
    for strength, steps in ((0.25, 2), (0.5, 4), (1.0, 8)):
        order = make_order(model, picture(0), None, strength=strength)
        finished = run(loop, order)
        assert finished.step == steps
        distances.append(float((finished.latents - order.start.latents).abs().mean()))
    assert distances == sorted(distances)


def test_pictures_with_and_without_mask_share_passes_and_come_out_bitwise_as_alone(model, picture):
    loop = DenoisingLoop(model, batch_size=3)
    orders = [
        make_order(model, picture(0), SQUARE, strength=1.0, seed=1, steps=3),
        make_order(model, picture(1), None, strength=0.7, seed=2, steps=4),
        make_order(model, picture(2), SQUARE, strength=0.5, seed=3, steps=6),
    ]
    alone = [run(loop, order).latents for order in orders]

    together = [loop.admit(order) for order in orders]
    assert len({each.key for each in together}) == 1
    while any(not each.done for each in together):
        loop.step([each for each in together if not each.done])

    for mine, expected in zip(together, alone, strict=True):
        assert torch.equal(mine.latents, expected)


def test_a_mask_too_fine_for_the_latents_is_refused():
    line = np.zeros((64, 64), np.float32)
    line[:, 3] = 1.0
    with pytest.raises(InvalidValueError, match="8 x 8 pixels"):
        pack_mask(line, (4, 4), 16)
