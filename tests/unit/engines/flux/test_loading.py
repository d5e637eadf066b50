"""Checkpoints in every form, at every precision, offloaded in every way."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel
from diffusers.loaders.single_file_utils import convert_flux_transformer_checkpoint_to_diffusers
from safetensors.torch import load_file, save_file

from retouch.engines.flux.checkpoint import (
    KONTEXT_DEV,
    TensorFile,
    part_sizes,
    read_checkpoint_sizes,
    transformer_sizes,
)
from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.engines.flux.model import FluxModel
from retouch.engines.flux.options import FluxOptions
from retouch.engines.flux.original_layout import convert_original, is_original
from retouch.engines.flux.plan import Candidate
from retouch.engines.flux.quantization import weight_bytes
from retouch.engines.flux.source import FluxSource, find_source
from retouch.errors import ModelFileError

LAST_BITS = 1e-5
PLAIN = Candidate("float32", "float32", "float32", "none", False)
TOLERANCES = {"int8": 0.002, "fp8": 0.01}
"""Root mean square of the finished latents' difference, over their spread."""


def make(checkpoint, choice, transformer_file=None):
    return FluxModel.from_source(FluxSource(checkpoint, transformer_file), choice, "cpu")


def order_for(model, pixels, seed=1, prompt="add a cat"):
    embeds = model.encode_prompt(prompt, 32)
    return Order(embeds, (model.encode_picture(pixels),), (pixels.shape[0] // 16, pixels.shape[1] // 16), seed, 2, 2.5)


def run(model, pixels, **more):
    loop = DenoisingLoop(model)
    made = loop.admit(order_for(model, pixels, **more))
    while not made.done:
        loop.step([made])
    return made.latents


def distance(latents, base):
    return float((latents - base).pow(2).mean().sqrt() / base.std())


def as_original(tensors):
    """Put a transformer's tensors under the names of its authors: the converter's table, backwards."""
    from retouch.engines.flux import original_layout as layout

    back = {new: old for old, new in layout._OUTSIDE.items()}
    made = {}
    for name, tensor in tensors.items():
        stem, _, kind = name.rpartition(".")
        if stem in back:
            made[f"{back[stem]}.{kind}"] = tensor
    for kind in ("weight", "bias"):
        first, second = tensors[f"norm_out.linear.{kind}"].chunk(2)
        made[f"final_layer.adaLN_modulation.1.{kind}"] = torch.cat([second, first])
    for family, theirs in (("transformer_blocks", "double_blocks"), ("single_transformer_blocks", "single_blocks")):
        numbers = sorted({name.split(".")[1] for name in tensors if name.startswith(family + ".")})
        for number in numbers:
            ours = {n.split(".", 2)[2]: t for n, t in tensors.items() if n.startswith(f"{family}.{number}.")}
            made |= {f"{theirs}.{number}.{n}": t for n, t in _block_as_original(ours, family).items()}
    return {name: tensor.contiguous().clone() for name, tensor in made.items()}


def _block_as_original(ours, family):
    from retouch.engines.flux import original_layout as layout

    made = {}
    double = family == "transformer_blocks"
    for old, new in (layout._DOUBLE if double else layout._SINGLE).items():
        made |= {f"{old}.{kind}": ours[f"{new}.{kind}"] for kind in ("weight", "bias")}
    wanted = [old for old in layout._NORMS if old.startswith(("img_", "txt_")) == double]
    made |= {old: ours[layout._NORMS[old]] for old in wanted}
    groups = layout._SPLIT if double else {"linear1": ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")}
    for old, parts in groups.items():
        made |= {f"{old}.{kind}": torch.cat([ours[f"{part}.{kind}"] for part in parts]) for kind in ("weight", "bias")}
    return made


def write_gguf(path, tensors, kind):
    import gguf

    writer = gguf.GGUFWriter(str(path), "flux")
    for name, tensor in tensors.items():
        values = tensor.float().numpy()
        if values.ndim == 2 and values.shape[1] % 32 == 0 and "blocks." in name:
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def tensors(checkpoint):
    return load_file(checkpoint / "transformer" / "diffusion_pytorch_model.safetensors")


@pytest.fixture(scope="module")
def pixels():
    import numpy as np

    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def plain(model, pixels):
    return run(model, pixels)


# Sources ----------------------------------------------------------------------------------------------------------------


def test_a_single_file_in_diffusers_layout_is_bitwise_the_folders_model(checkpoint, tensors, pixels, plain, tmp_path):
    save_file(tensors, tmp_path / "one.safetensors")

    assert torch.equal(run(make(checkpoint, PLAIN, tmp_path / "one.safetensors"), pixels), plain)


@pytest.mark.parametrize("prefix", ["", "model.diffusion_model."])
def test_a_single_file_in_the_authors_layout_is_bitwise_the_folders_model(
    checkpoint, tensors, pixels, plain, tmp_path, prefix
):
    theirs = {prefix + name: tensor for name, tensor in as_original(tensors).items()}
    assert is_original(theirs)
    save_file(theirs, tmp_path / "flux1-kontext.safetensors")

    loaded = make(checkpoint, PLAIN, tmp_path / "flux1-kontext.safetensors")

    weights = loaded.pipeline.transformer.state_dict()
    assert weights.keys() == tensors.keys()
    assert all(torch.equal(weights[name], tensors[name]) for name in tensors)
    # The last bits of a processor's products depend on where in memory a matrix begins.
    assert distance(run(loaded, pixels), plain) < LAST_BITS


def test_the_conversion_is_that_of_diffusers_value_for_value():
    """diffusers' own converter knows the width 3072 alone, so the matrices get 3072 rows and few columns."""
    rows = {"img_in": 3072, "txt_in": 3072, "final_layer.linear": 8, "final_layer.adaLN_modulation.1": 6144}
    rows |= {
        f"{name}.{layer}": 3072
        for name in ("time_in", "vector_in", "guidance_in")
        for layer in ("in_layer", "out_layer")
    }
    for side in ("img", "txt"):
        double = {"mod.lin": 18432, "attn.qkv": 9216, "attn.proj": 3072, "mlp.0": 12288, "mlp.2": 3072}
        rows |= {f"double_blocks.0.{side}_{name}": count for name, count in double.items()}
    rows |= {f"single_blocks.0.{k}": n for k, n in {"modulation.lin": 9216, "linear1": 21504, "linear2": 3072}.items()}
    generator = torch.Generator().manual_seed(0)
    theirs = {}
    for name, count in rows.items():
        theirs[f"{name}.weight"] = torch.randn(count, 2, generator=generator)
        theirs[f"{name}.bias"] = torch.randn(count, generator=generator)
    for norm in ("double_blocks.0.img_attn.norm", "double_blocks.0.txt_attn.norm", "single_blocks.0.norm"):
        theirs |= {f"{norm}.{which}_norm.scale": torch.randn(128, generator=generator) for which in ("query", "key")}

    ours = convert_original(theirs)

    expected = convert_flux_transformer_checkpoint_to_diffusers(dict(theirs))
    assert ours.keys() == expected.keys()
    assert all(torch.equal(ours[name], expected[name]) for name in expected)


@pytest.mark.parametrize("layout", ["diffusers", "authors"])
@pytest.mark.parametrize(("kind", "tolerance"), [("Q8_0", 0.002), ("Q4_0", 0.05)])
def test_gguf_is_near_the_plain_model_smaller_and_the_same_every_time(
    checkpoint, tensors, pixels, plain, model, tmp_path, layout, kind, tolerance
):
    import gguf

    shown = as_original(tensors) if layout == "authors" else tensors
    file = write_gguf(tmp_path / "t.gguf", shown, gguf.GGMLQuantizationType[kind])
    choice = Candidate("gguf", "float32", "float32", "none", False)
    loaded = make(checkpoint, choice, file)

    latents = run(loaded, pixels)

    assert bool(torch.isfinite(latents).all())
    assert 0 < distance(latents, plain) < tolerance
    assert torch.equal(run(make(checkpoint, choice, file), pixels), latents)
    assert weight_bytes(loaded.pipeline.transformer) < 0.6 * weight_bytes(model.pipeline.transformer)
    sizes = read_checkpoint_sizes(checkpoint, file)
    assert sizes.transformer.gguf_bytes == sum(part.nbytes for part in loaded.pipeline.transformer.parameters())
    assert sizes.transformer.blocks == 3


# Precisions and places --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["int8", "fp8"])
def test_8_bits_are_near_the_plain_model_smaller_and_the_same_every_time(checkpoint, pixels, plain, model, precision):
    choice = Candidate(precision, "float32", precision, "none", False)
    loaded = make(checkpoint, choice)

    latents = run(loaded, pixels)

    assert bool(torch.isfinite(latents).all())
    assert 0 < distance(latents, plain) < TOLERANCES[precision]
    assert torch.equal(run(make(checkpoint, choice), pixels), latents)
    for part in ("transformer", "text_encoder_2"):
        before, after = (weight_bytes(getattr(each.pipeline, part)) for each in (model, loaded))
        assert after < 0.6 * before
    kept = loaded.pipeline.transformer
    assert all(
        type(each.weight.data) is torch.Tensor for each in (kept.x_embedder, kept.proj_out, kept.context_embedder)
    )


@pytest.mark.parametrize("offload", ["none", "group"])
@pytest.mark.parametrize("precision", ["int8", "fp8", "Q8_0", "Q4_0"])
def test_a_batch_changes_no_bit_of_a_picture(checkpoint, tensors, pixels, tmp_path, precision, offload):
    import gguf

    if precision.startswith("Q"):
        kind = gguf.GGMLQuantizationType[precision]
        file, precision = write_gguf(tmp_path / "t.gguf", tensors, kind), "gguf"
    else:
        file = None
    loaded = make(checkpoint, Candidate(precision, "float32", "float32", offload, False), file)
    loop = DenoisingLoop(loaded, batch_size=2)
    orders = [order_for(loaded, pixels), order_for(loaded, 255 - pixels, seed=7, prompt="a red car")]

    def steps(*pictures):
        for _ in range(2):
            loop.step(pictures)
        return [picture.latents for picture in pictures]

    alone = [steps(loop.admit(order))[0] for order in orders]
    together = steps(*(loop.admit(order) for order in orders))

    assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))


@pytest.mark.parametrize("offload", ["encoders", "model", "group"])
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_offloading_changes_nothing_and_works_again_and_again(checkpoint, pixels, plain, precision, offload):
    choice = Candidate(precision, "float32", precision, "none", False)
    here = plain if precision == "float32" else run(make(checkpoint, choice), pixels)
    away = make(checkpoint, replace(choice, offload=offload))

    first, again = run(away, pixels), run(away, pixels)

    assert torch.equal(first, again)
    # Whole models that take turns are moved in memory, which a processor's last bits depend on; streamed ones are not.
    assert distance(first, here) < LAST_BITS if offload == "model" else torch.equal(first, here)


def test_blocks_of_a_gguf_file_can_be_offloaded_too(checkpoint, tensors, pixels, tmp_path):
    import gguf

    file = write_gguf(tmp_path / "t.gguf", tensors, gguf.GGMLQuantizationType.Q8_0)
    here, away = (
        run(make(checkpoint, Candidate("gguf", "float32", "float32", offload, False), file), pixels)
        for offload in ("none", "group")
    )

    assert torch.equal(here, away)


def test_tiles_are_smaller_than_a_presets_picture(checkpoint):
    vae = make(checkpoint, Candidate("float32", "float32", "float32", "none", True)).pipeline.vae

    assert vae.use_tiling
    assert (vae.tile_sample_min_size, vae.tile_latent_min_size) == (512, 64)


def test_a_pass_takes_no_more_memory_than_the_planner_says():
    """torch's profiler, on the real class, with tokens enough that its activations outweigh everything else."""
    from torch.profiler import ProfilerActivity, profile

    from retouch.engines.flux.needs import ACTIVATION_COPIES

    width, tokens = 128, 512
    transformer = FluxTransformer2DModel(
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=64,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        guidance_embeds=True,
        axes_dims_rope=(8, 28, 28),
    ).eval()
    inputs = {
        "hidden_states": torch.randn(1, tokens - 32, 64),
        "encoder_hidden_states": torch.randn(1, 32, 32),
        "pooled_projections": torch.randn(1, 32),
        "timestep": torch.tensor([0.5]),
        "guidance": torch.tensor([2.5]),
        "img_ids": torch.zeros(tokens - 32, 3),
        "txt_ids": torch.zeros(32, 3),
    }
    with torch.no_grad(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        transformer(**inputs)
    changes = [each for each in profiler.profiler.kineto_results.events() if each.name() == "[memory]"]
    now = peak = 0
    for change in sorted(changes, key=lambda each: each.start_ns()):
        now += change.nbytes()
        peak = max(peak, now)

    assert 0.5 * ACTIVATION_COPIES < peak / (tokens * width * 4) < ACTIVATION_COPIES


def test_the_known_sizes_are_those_of_the_real_architecture():
    from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

    def shapes(module):
        return {name: tuple(tensor.shape) for name, tensor in module.named_parameters()}

    with torch.device("meta"):
        transformer = shapes(FluxTransformer2DModel(guidance_embeds=True))
        t5_config = T5Config(
            vocab_size=32128, d_model=4096, d_ff=10240, num_layers=24, num_heads=64, feed_forward_proj="gated-gelu"
        )
        t5 = shapes(T5EncoderModel(t5_config))
        clip = shapes(CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12)))
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            latent_channels=16,
            use_quant_conv=False,
            use_post_quant_conv=False,
        )

    assert transformer_sizes(TensorFile("safetensors", transformer, 0), 3072) == KONTEXT_DEV.transformer
    assert part_sizes(t5) == KONTEXT_DEV.t5
    assert part_sizes(clip) == KONTEXT_DEV.clip
    assert part_sizes(shapes(vae)).elements == KONTEXT_DEV.vae_elements


# Wrong and hostile files ------------------------------------------------------------------------------------------------


def cut(tensors):
    return {name: tensor for name, tensor in tensors.items() if "guidance" not in name}


def wider(tensors):
    return tensors | {"x_embedder.weight": torch.zeros(64, 384)}


def deeper(tensors):
    extra = {
        name.replace("_blocks.0", "_blocks.7"): t.clone()
        for name, t in tensors.items()
        if "single_transformer_blocks.0" in name
    }
    return tensors | extra


def lora(tensors):
    return {"transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight": torch.zeros(4, 64)}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (cut, "no guidance"),
        (wider, "384 channels, FLUX.1 Kontext takes 64"),
        (deeper, "another architecture"),
        (lora, "no FLUX transformer.* LoRA"),
    ],
)
def test_a_file_of_another_model_is_named_for_what_it_is(checkpoint, tensors, tmp_path, change, says):
    save_file(change(dict(tensors)), tmp_path / "other.safetensors")

    with pytest.raises(ModelFileError, match=says) as caught:
        make(checkpoint, PLAIN, tmp_path / "other.safetensors")
    assert str(tmp_path) not in str(caught.value)


def test_a_file_with_a_foreign_name_in_the_authors_layout_is_refused(checkpoint, tensors, tmp_path):
    save_file(as_original(tensors) | {"double_blocks.0.evil.weight": torch.zeros(2)}, tmp_path / "o.safetensors")

    with pytest.raises(ModelFileError, match="no FLUX transformer has"):
        make(checkpoint, PLAIN, tmp_path / "o.safetensors")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.ckpt", b"\x80\x04anything", "can run code"),
        ("t.bin", b"PK\x03\x04", "can run code"),
        ("t.safetensors", b"\x80\x04pickle opcodes here", "does not start with a header"),
        ("t.safetensors", b"", "does not start with a header"),
        ("t.safetensors", (10).to_bytes(8, "little") + b"not json!!", "header can't be read"),
        ("t.safetensors", (2**62).to_bytes(8, "little"), "does not start with a header"),
        ("t.gguf", b"GGML old", "does not start with GGUF"),
        ("t.gguf", b"GGUF\x03\x00\x00\x00" + b"\xff" * 16, "damaged or cut off"),
    ],
)
def test_what_is_no_file_of_tensors_is_never_opened_as_one(checkpoint, tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ModelFileError, match=says):
        make(checkpoint, PLAIN, tmp_path / name)


def test_a_file_that_was_cut_off_says_how_much_is_there(checkpoint, tensors, tmp_path):
    save_file(tensors, tmp_path / "t.safetensors")
    whole = (tmp_path / "t.safetensors").read_bytes()
    (tmp_path / "t.safetensors").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ModelFileError, match=f"cut off, .* of {len(whole):,} bytes"):
        make(checkpoint, PLAIN, tmp_path / "t.safetensors")


def test_a_gguf_file_that_was_cut_off_is_refused(checkpoint, tensors, tmp_path):
    import gguf

    file = write_gguf(tmp_path / "t.gguf", tensors, gguf.GGMLQuantizationType.Q8_0)
    file.write_bytes(file.read_bytes()[:-5000])

    with pytest.raises(ModelFileError, match="damaged or cut off"):
        make(checkpoint, PLAIN, file)


def with_json(folder, tmp_path, name, **changes):
    copy = shutil.copytree(folder, tmp_path / "copy")
    value = json.loads((copy / name).read_text()) | changes
    (copy / name).write_text(json.dumps(value))
    return copy


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("model_index.json", {"_class_name": "StableDiffusionPipeline"}, "StableDiffusionPipeline"),
        ("model_index.json", {"vae": ["os", "system"]}, "vae is a system"),
        ("model_index.json", {"transformer": [None, None]}, "transformer is missing"),
        ("transformer/config.json", {"in_channels": 384}, "384 channels.*Fill"),
        ("transformer/config.json", {"quantization_config": {"quant_method": "bitsandbytes"}}, "quantized already"),
    ],
)
def test_a_folder_of_another_model_is_named_for_what_it_is(checkpoint, tmp_path, name, changes, says):
    with pytest.raises(ModelFileError, match=says):
        make(with_json(checkpoint, tmp_path, name, **changes), PLAIN)


def test_pickled_weights_in_a_folder_are_not_loaded(checkpoint, tmp_path):
    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    (copy / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    torch.save({}, copy / "vae" / "diffusion_pytorch_model.bin")

    with pytest.raises(ModelFileError, match="vae can't be loaded"):
        make(copy, PLAIN)
    with pytest.raises(ModelFileError, match="no weights in vae"):
        read_checkpoint_sizes(copy)


def test_without_weights_the_error_says_how_to_get_them(tmp_path):
    with pytest.raises(ModelFileError, match="retouch models pull flux"):
        find_source(tmp_path, FluxOptions(repository="nobody/nothing"))
    with pytest.raises(ModelFileError, match=r"no file 'gone\.gguf'"):
        find_source(tmp_path, FluxOptions(transformer_file=tmp_path / "gone.gguf"))
