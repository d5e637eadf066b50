"""What a request asks for reaches the loop through the engine."""

import numpy as np
import pytest
import torch
from diffusers import FluxKontextPipeline
from safetensors.torch import save_file

from retouch import kontext
from retouch.engines.base import EditInputs
from retouch.engines.flux.conditioning import Conditioning
from retouch.engines.flux.engine import FluxEngine
from retouch.engines.flux.loop import DenoisingLoop
from retouch.engines.flux.lora_folder import LoraFolder
from retouch.engines.flux.options import FluxOptions, ReferenceMode
from retouch.engines.flux.orders import TRUE_CFG_SCALE, OrderBuilder
from retouch.errors import InvalidValueError
from retouch.generation import GenerationOptions, LoraWeight
from retouch.images.mask_file import resize_mask
from retouch.pipeline import run_edit
from retouch.types import EditRequest, OutputFormat

OPTIONS = FluxOptions(device="cpu", precision="float32", num_inference_steps=3, max_sequence_length=64, batch_size=2)
SMALL = ((64, 64), (96, 64))


@pytest.fixture(scope="module")
def lora_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loras")
    generator = torch.Generator().manual_seed(0)
    layer = {
        "transformer.x_embedder.lora_A.weight": torch.randn((4, 64), generator=generator),
        "transformer.x_embedder.lora_B.weight": torch.randn((64, 4), generator=generator),
    }
    save_file(layer, folder / "ink.safetensors")
    return LoraFolder(folder)


@pytest.fixture(scope="module")
def engine(checkpoint, lora_folder):
    made = FluxEngine(checkpoint, OPTIONS, lora_folder=lora_folder)
    made.load()
    yield made
    made.close()


@pytest.fixture
def small_presets(monkeypatch):
    monkeypatch.setattr(kontext, "PREFERRED_SIZES_WH", SMALL)


class Inputs(EditInputs):
    """Inputs whose answers are small: a preset's megapixel takes minutes on a CPU, even with a tiny model."""

    def fitted(self, index):
        return self.originals[index]


def edit(engine, pixels, *, on_step=None, **options):
    request = EditRequest("add a cat", output_format=OutputFormat.PNG, generation=GenerationOptions(**options))
    return engine.edit(request, Inputs([pixels], request), seed=1, on_step=on_step).pixels


@pytest.mark.parametrize(
    "options",
    [
        {"num_inference_steps": 2},
        {"strength": 0.5},
        {"negative_prompt": "blurry"},
        {"max_sequence_length": 32},
        {"loras": (LoraWeight("ink", 0.8),)},
    ],
    ids=lambda options: next(iter(options)),
)
def test_each_option_changes_the_picture_and_is_as_repeatable_as_ever(engine, picture, options):
    plain, asked, again = (
        edit(engine, picture(0)),
        edit(engine, picture(0), **options),
        edit(engine, picture(0), **options),
    )

    assert (asked != plain).any()
    np.testing.assert_array_equal(asked, again)
    np.testing.assert_array_equal(edit(engine, picture(0)), plain)


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ({"num_inference_steps": 3, "strength": 1.0, "max_sequence_length": 64}, {}),
        ({"negative_prompt": "blurry"}, {"negative_prompt": "blurry", "true_cfg_scale": TRUE_CFG_SCALE}),
        ({"loras": (LoraWeight("ink", 0.0),)}, {}),
    ],
)
def test_defaults_may_be_said(engine, picture, options, same):
    np.testing.assert_array_equal(edit(engine, picture(0), **options), edit(engine, picture(0), **same))


def test_progress_counts_the_steps_that_are_made(engine, picture):
    seen = []
    edit(engine, picture(0), num_inference_steps=8, strength=0.6, on_step=seen.append)
    assert [(each.step, each.total) for each in seen if each.step] == [(step, 5) for step in range(1, 6)]
    assert {each.total for each in seen} == {5}


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"max_sequence_length": 512}, "max_sequence_length"),
        ({"negative_prompt": "too long " * 20}, "negative_prompt"),
        ({"max_sequence_length": 16, "negative_prompt": "longer than 16 tokens"}, "negative_prompt"),
        ({"loras": (LoraWeight("silk"),)}, "loras"),
    ],
)
def test_what_cannot_be_done_is_refused_by_the_name_of_its_field(engine, picture, options, field):
    with pytest.raises(InvalidValueError) as caught:
        edit(engine, picture(0), **options)
    assert caught.value.field == field


@pytest.mark.usefixtures("small_presets")
def test_a_mask_is_used_in_the_loop_and_outside_of_it_the_answer_is_the_input(engine, picture, monkeypatch):
    admitted = []
    admit = DenoisingLoop.admit
    monkeypatch.setattr(DenoisingLoop, "admit", lambda self, order: admitted.append(order) or admit(self, order))
    pixels = np.ascontiguousarray(np.kron(picture(3, (4, 4)), np.ones((16, 16, 1), np.uint8)))
    mask = np.zeros((64, 64), np.float32)
    mask[:, 32:] = 1.0
    request = EditRequest("add a cat", seed=1, output_format=OutputFormat.PNG, preserve="off")

    result = run_edit(request, [pixels], engine, mask=mask)

    from retouch.images.codec import decode

    edited = decode(result.images[0].data).pixels
    np.testing.assert_array_equal(edited[:, :32], pixels[:, :32])
    assert (edited[:, 40:] != pixels[:, 40:]).any()
    kept = admitted[0].start.mask.reshape(4, 4, -1)
    assert kept[:, :2].max() == 0
    assert kept[:, 2:].min() == 1


@pytest.mark.usefixtures("small_presets")
@pytest.mark.parametrize("with_mask", [False, True])
def test_the_original_size_comes_back_through_preserve(engine, picture, with_mask):
    pixels = np.kron(picture(3, (7, 10)), np.ones((16, 16, 1), np.uint8))
    mask = resize_mask(np.array([[1, 1, 0, 0]], np.float32), (160, 112)) if with_mask else None
    request = EditRequest("add a cat", seed=1, size="original", output_format=OutputFormat.PNG)

    result = run_edit(request, [pixels], engine, mask=mask)

    assert (result.images[0].width, result.images[0].height) == (160, 112)
    if mask is not None:
        from retouch.images.codec import decode

        edited = decode(result.images[0].data).pixels
        np.testing.assert_array_equal(edited[mask == 0], pixels[mask == 0])


@pytest.fixture
def builder(model):
    def make(mode=ReferenceMode.STITCH):
        options = FluxOptions(device="cpu", precision="float32", max_sequence_length=64, reference_mode=mode)
        return OrderBuilder(model, Conditioning(model), LoraFolder(), options)

    return make


@pytest.mark.parametrize("mode", [ReferenceMode.TOKENS, ReferenceMode.OFFSET])
def test_token_sets_are_what_a_loop_on_diffusers_own_functions_makes(builder, model, picture, mode):
    request = EditRequest("add a cat", generation=GenerationOptions(num_inference_steps=2))
    order = builder(mode).build(request, Inputs([picture(0), picture(1, (32, 96)), picture(2)], request), 5)
    loop = DenoisingLoop(model)
    mine = loop.admit(order)
    while not mine.done:
        loop.step([mine])

    assert torch.equal(mine.latents, by_hand(model.pipeline, model, order, mode, steps=2))


@torch.no_grad()
def by_hand(pipeline, model, order, mode, *, steps):
    """Several references as others do it: ids on axis 0 that count, or one plane and a growing offset of columns."""
    tokens, ids, column = [], [], 0
    for number, reference in enumerate(order.references):
        rows, columns = reference.grid_hw
        places = FluxKontextPipeline._prepare_latent_image_ids(1, rows, columns, "cpu", torch.float32)
        places[:, 0] = number + 1 if mode is ReferenceMode.TOKENS else 1
        if mode is ReferenceMode.OFFSET:
            places[:, 2] += column
            column += columns
        tokens.append(reference.tokens)
        ids.append(places)
    latents = model.draw_noise(order.grid_hw, order.seed)
    count = latents.shape[1]
    places = FluxKontextPipeline._prepare_latent_image_ids(1, *order.grid_hw, "cpu", torch.float32)
    schedule = model.schedule(count, steps)
    for step, time in enumerate(schedule.timesteps):
        velocity = pipeline.transformer(
            hidden_states=torch.cat([latents, *tokens], dim=1),
            timestep=time.expand(1) / 1000,
            guidance=torch.tensor([2.5]),
            pooled_projections=order.embeds.pooled,
            encoder_hidden_states=order.embeds.sequence,
            txt_ids=order.embeds.ids,
            img_ids=torch.cat([places, *ids]),
            return_dict=False,
        )[0][:, :count]
        latents = schedule.advance(velocity, step, latents)
    return latents


def test_references_in_one_shape_but_another_order_of_ids_never_share_a_pass(builder, model, picture):
    request = EditRequest("add a cat")
    loop = DenoisingLoop(model, batch_size=2)
    inputs = Inputs([picture(0), picture(1)], request)
    keys = {loop.admit(builder(mode).build(request, inputs, 1)).key for mode in ReferenceMode}
    assert len(keys) == len(ReferenceMode)


@pytest.mark.slow
@pytest.mark.parametrize("size_wh", kontext.PREFERRED_SIZES_WH, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_preferred_size_is_admitted_as_it_is(builder, model, size_wh):
    width, height = size_wh
    request = EditRequest("add a cat")
    inputs = EditInputs([np.zeros((height, width, 3), np.uint8)], request)

    admitted = DenoisingLoop(model).admit(builder().build(request, inputs, 1))

    assert admitted.latents.shape[1] == (height // 16) * (width // 16)
    assert len(admitted.positions) == 2 * admitted.latents.shape[1]
