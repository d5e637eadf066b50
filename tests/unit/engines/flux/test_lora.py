"""LoRAs by name: bitwise what diffusers makes of them, never mixed in a pass, and nothing left behind."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from diffusers import FluxKontextPipeline
from PIL import Image
from safetensors.torch import save_file

from retouch.engines.flux.conditioning import Conditioning
from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.engines.flux.lora import LoraRack
from retouch.engines.flux.lora_folder import LoraFolder
from retouch.engines.flux.model import FluxModel
from retouch.errors import InvalidValueError, ModelFileError
from retouch.generation import LoraWeight

LENGTH = 32
RANK = 4
STEPS = 2
MODULES = {  # of the tiny transformer: inputs, outputs
    "transformer_blocks.0.attn.to_q": (64, 64),
    "transformer_blocks.0.ff.net.0.proj": (64, 256),
    "single_transformer_blocks.1.proj_out": (320, 64),
    "x_embedder": (64, 64),
}


def lora_layers(seed, *, modules=MODULES, prefix="transformer.", size=0.3):
    generator = torch.Generator().manual_seed(seed)
    layers = {}
    for path, (inputs, outputs) in modules.items():
        layers[f"{prefix}{path}.lora_A.weight"] = size * torch.randn((RANK, inputs), generator=generator)
        layers[f"{prefix}{path}.lora_B.weight"] = size * torch.randn((outputs, RANK), generator=generator)
    return layers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("loras")
    for number, name in enumerate(("ink", "oil", "wax.v2", "tar", "gum")):
        save_file(lora_layers(number), made / f"{name}.safetensors")
    texts = {"text_model.encoder.layers.0.self_attn.q_proj": (32, 32)}
    spoken = lora_layers(9) | lora_layers(8, modules=texts, prefix="text_encoder.")
    save_file(spoken, made / "spoken.safetensors")
    return LoraFolder(made)


class Studio:
    """A model of its own with a rack, so that no other test sees its adapters."""

    def __init__(self, checkpoint, folder, *, capacity=8, batch_size=1):
        self.model = FluxModel.from_folder(checkpoint, dtype=torch.float32, device="cpu")
        self.folder = folder
        self.rack = LoraRack(self.model.pipeline, folder, capacity=capacity)
        self.conditioning = Conditioning(self.model, activate=self.rack.activate)
        self.loop = DenoisingLoop(self.model, batch_size=batch_size, activate=self.rack.activate)

    def order(self, pixels, *loras, seed=1):
        chosen = self.folder.choose(loras)
        (reference,) = self.conditioning.references([pixels], "stitch")
        embeds = self.conditioning.prompt("add a cat", LENGTH, chosen)
        return Order(embeds, (reference,), reference.grid_hw, seed, STEPS, 2.5, loras=chosen)

    def make(self, pixels, *loras, seed=1):
        picture = self.loop.admit(self.order(pixels, *loras, seed=seed))
        while not picture.done:
            self.loop.step([picture])
        return picture.latents


@pytest.fixture
def studio(checkpoint, folder):
    return Studio(checkpoint, folder)


def oracle(checkpoint, folder, pixels, loras, seed=1):
    """What diffusers' own pipeline makes with its own way of loading."""
    pipeline = FluxKontextPipeline.from_pretrained(checkpoint, dtype=torch.float32, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    adapters = [f"a{number}" for number in range(len(loras))]
    for adapter, lora in zip(adapters, loras, strict=True):
        pipeline.load_lora_weights(folder.path / f"{lora.name}.safetensors", adapter_name=adapter)
    pipeline.set_adapters(adapters, [lora.weight for lora in loras])
    return pipeline(
        image=Image.fromarray(pixels),
        prompt="add a cat",
        num_inference_steps=STEPS,
        generator=torch.Generator().manual_seed(seed),
        guidance_scale=2.5,
        height=64,
        width=64,
        max_area=64 * 64,
        _auto_resize=False,
        max_sequence_length=LENGTH,
        output_type="latent",
    ).images


@pytest.mark.filterwarnings("ignore:Already found a `peft_config`")
@pytest.mark.parametrize(
    "loras",
    [
        [LoraWeight("ink", 0.8)],
        [LoraWeight("ink", 0.8), LoraWeight("oil", -0.5)],
        [LoraWeight("spoken", 1.0)],
        [LoraWeight("wax.v2", 1.0)],
    ],
    ids=["one", "two", "with the text encoder", "with a dot"],
)
def test_a_picture_with_loras_is_bitwise_what_diffusers_makes(studio, checkpoint, folder, picture, loras):
    mine = studio.make(picture(0), *loras)

    assert torch.equal(mine, oracle(checkpoint, folder, picture(0), loras))


def test_a_plain_picture_after_loras_is_bitwise_what_it_was_before(studio, picture):
    before = studio.make(picture(0))

    inked = studio.make(picture(0), LoraWeight("ink"), LoraWeight("spoken"))

    assert not torch.equal(inked, before)
    assert torch.equal(studio.make(picture(0)), before)


def test_a_lora_of_no_weight_is_as_good_as_none(studio, picture):
    assert torch.equal(studio.make(picture(0), LoraWeight("ink", 0.0)), studio.make(picture(0)))
    assert studio.rack.loaded == ()


def test_pictures_with_different_loras_take_turns_and_come_out_bitwise_as_alone(checkpoint, folder, picture):
    studio = Studio(checkpoint, folder, batch_size=2)
    wanted = [(), (LoraWeight("ink"),), (LoraWeight("ink", 0.5),), (LoraWeight("oil"), LoraWeight("ink"))]
    alone = [studio.make(picture(k), *loras, seed=k + 1) for k, loras in enumerate(wanted)]

    together = [studio.loop.admit(studio.order(picture(k), *loras, seed=k + 1)) for k, loras in enumerate(wanted)]
    assert len({each.key for each in together}) == len(wanted)
    with pytest.raises(ValueError, match="different shapes"):
        studio.loop.step(together[:2])
    for _ in range(STEPS):
        for each in together:
            studio.loop.step([each])

    for mine, expected in zip(together, alone, strict=True):
        assert torch.equal(mine.latents, expected)


def test_loaded_loras_are_bounded_and_the_longest_unused_goes_first(checkpoint, folder, picture):
    studio = Studio(checkpoint, folder, capacity=4)
    first = studio.make(picture(0), LoraWeight("ink"))
    for name in ("oil", "wax.v2", "tar"):
        studio.make(picture(0), LoraWeight(name))
    studio.make(picture(0), LoraWeight("ink", 0.5))
    studio.make(picture(0), LoraWeight("gum"))

    assert studio.rack.loaded == ("wax.v2", "tar", "ink", "gum")
    assert set(studio.model.pipeline.get_list_adapters()["transformer"]) == set(studio.rack._loaded.values())
    assert torch.equal(studio.make(picture(0), LoraWeight("ink")), first)
    studio.make(picture(0), LoraWeight("oil"))
    assert "wax.v2" not in studio.rack.loaded
    assert (studio.rack.statistics.hits, studio.rack.statistics.misses) == (2, 6)


def test_a_file_that_is_replaced_is_read_anew(checkpoint, tmp_path, picture):
    file = tmp_path / "ink.safetensors"
    save_file(lora_layers(0), file)
    studio = Studio(checkpoint, LoraFolder(tmp_path))
    before, order = studio.make(picture(0), LoraWeight("ink")), studio.order(picture(1), LoraWeight("ink"))

    save_file(lora_layers(1), file)
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))  # however coarse the clock of the file system is
    after = studio.make(picture(0), LoraWeight("ink"))

    assert not torch.equal(after, before)
    assert torch.equal(after, Studio(checkpoint, LoraFolder(tmp_path)).make(picture(0), LoraWeight("ink")))
    studio.loop.step([studio.loop.admit(order)])  # the one that was chosen is still loaded
    with pytest.raises(ModelFileError, match=r"'ink' was replaced.*again"):
        Studio(checkpoint, LoraFolder(tmp_path)).rack.activate(order.loras)


def test_an_unknown_name_is_refused_with_the_names_that_there_are(studio):
    with pytest.raises(InvalidValueError, match=r"gum, ink, oil, spoken, tar, wax\.v2") as caught:
        studio.folder.choose((LoraWeight("silk"),))
    assert caught.value.field == "loras"


def test_without_a_folder_there_are_no_loras():
    with pytest.raises(InvalidValueError, match="no LoRA is set up"):
        LoraFolder().require((LoraWeight("ink"),))


def test_only_files_that_a_request_could_name_are_listed(tmp_path):
    for name in ("good.safetensors", "bad name.safetensors", ".hidden.safetensors", "weights.bin", "other.pt"):
        (tmp_path / name).touch()
    (tmp_path / "folder.safetensors").mkdir()
    assert LoraFolder(tmp_path).names == ("good",)
    assert LoraFolder(tmp_path / "missing").names == ()


class Trap:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


WRONG = {
    "another size": lora_layers(0, modules={"x_embedder": (128, 64)}),
    "another model": lora_layers(0, prefix="unet."),
    "other layers": lora_layers(0, modules={"transformer_blocks.7.attn.to_q": (64, 64)}),
    "no layers": {"transformer.x_embedder.weight": torch.zeros(64, 64)},
    "norms": lora_layers(0) | {"transformer.transformer_blocks.0.attn.norm_q.weight": torch.ones(32)},
    "half": {key: value for key, value in lora_layers(0).items() if "lora_A" in key},
    "unequal ranks": lora_layers(0) | {"transformer.x_embedder.lora_B.weight": torch.zeros(64, 8)},
    "kohya for SDXL": {"lora_unet_input_blocks_4_1_proj_in.lora_down.weight": torch.zeros(4, 64)},
    "text encoder of another size": lora_layers(0)
    | lora_layers(1, modules={"text_model.encoder.layers.0.self_attn.q_proj": (96, 32)}, prefix="text_encoder."),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_lora_that_does_not_fit_is_a_clear_error_and_leaves_nothing_behind(checkpoint, tmp_path, picture, kind):
    save_file({key: value.contiguous() for key, value in WRONG[kind].items()}, tmp_path / "wrong.safetensors")
    save_file(lora_layers(0), tmp_path / "ink.safetensors")
    studio = Studio(checkpoint, LoraFolder(tmp_path))
    plain, inked = studio.make(picture(0)), studio.make(picture(0), LoraWeight("ink"))

    with pytest.raises(ModelFileError, match="wrong") as caught:
        studio.make(picture(0), LoraWeight("wrong"), LoraWeight("ink"))

    assert str(tmp_path) not in str(caught.value)
    assert studio.rack.loaded == ("ink",)
    assert torch.equal(studio.make(picture(0)), plain)
    assert torch.equal(studio.make(picture(0), LoraWeight("ink")), inked)


@pytest.mark.parametrize("data", ["pickle", "nothing", "cut off"])
def test_a_file_that_is_no_safetensors_is_never_unpickled(checkpoint, tmp_path, data):
    trace = tmp_path / "unpickled"
    save_file(lora_layers(0), tmp_path / "cut.safetensors")
    content = {
        "pickle": pickle.dumps(Trap(trace)),
        "nothing": b"",
        "cut off": (tmp_path / "cut.safetensors").read_bytes()[:500],
    }
    (tmp_path / "trap.safetensors").write_bytes(content[data])

    folder = LoraFolder(tmp_path)
    studio, chosen = Studio(checkpoint, folder), folder.choose((LoraWeight("trap"),))
    with pytest.raises(ModelFileError, match="no safetensors"):
        studio.rack.activate(chosen)

    assert not trace.exists()


def test_a_loop_without_a_rack_takes_no_loras(checkpoint, folder, picture):
    studio = Studio(checkpoint, folder)
    order = studio.order(picture(0), LoraWeight("ink"))
    with pytest.raises(ValueError, match="no LoRAs"):
        DenoisingLoop(studio.model).admit(order)
