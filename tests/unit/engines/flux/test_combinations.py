"""Everything that can be asked for at once, in every preset: it works, it is repeatable, and neighbors change nothing."""

import runpy
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from retouch import kontext
from retouch.engines.flux.engine import FluxEngine
from retouch.engines.flux.lora_folder import LoraFolder
from retouch.engines.flux.options import FluxOptions, Preset
from retouch.generation import GenerationOptions, LoraWeight
from retouch.pipeline import run_edit
from retouch.types import EditRequest, OutputFormat

write_gguf = runpy.run_path(str(Path(__file__).parent / "test_loading.py"))["write_gguf"]

EVERYTHING = GenerationOptions(
    num_inference_steps=12,
    strength=0.95,
    negative_prompt="blurry",
    true_cfg_scale=2.0,
    loras=(LoraWeight("ink", 0.8),),
    preview_every=4,
)
BASE = FluxOptions(device="cpu", max_sequence_length=64)
WAYS = {
    "exact in batches": {"precision": "float32", "batch_size": 2},
    "exact, GGUF, in batches": {"batch_size": 2},
    "exact, float8, in batches, tokens": {"precision": "fp8", "batch_size": 2, "reference_mode": "tokens"},
    "balanced, int8, offset": {"preset": Preset.BALANCED, "precision": "int8", "reference_mode": "offset"},
    "fast, int8": {"preset": Preset.FAST, "precision": "int8"},
    "fast, float8, tokens": {"preset": Preset.FAST, "precision": "fp8", "reference_mode": "tokens"},
    "fast, GGUF": {"preset": Preset.FAST},
}


@pytest.fixture(scope="module")
def loras(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loras")
    generator = torch.Generator().manual_seed(0)
    layers = {}
    for path, inputs, outputs in (("x_embedder", 64, 64), ("transformer_blocks.0.attn.to_q", 64, 64)):
        layers[f"transformer.{path}.lora_A.weight"] = torch.randn((4, inputs), generator=generator)
        layers[f"transformer.{path}.lora_B.weight"] = torch.randn((outputs, 4), generator=generator)
    save_file(layers, folder / "ink.safetensors")
    return LoraFolder(folder)


@pytest.fixture
def engine(request, checkpoint, loras, tmp_path, monkeypatch):
    import gguf

    monkeypatch.setattr(kontext, "PREFERRED_SIZES_WH", ((64, 64), (96, 64)))
    options = replace(BASE, **WAYS[request.param])
    if "GGUF" in request.param:
        tensors = load_file(checkpoint / "transformer" / "diffusion_pytorch_model.safetensors")
        file = write_gguf(tmp_path / "t.gguf", tensors, gguf.GGMLQuantizationType.Q8_0)
        options = replace(options, transformer_file=file)
    made = FluxEngine(checkpoint, options, lora_folder=loras)
    made.load()
    yield made
    made.close()


def edit(engine, picture, number, options, *, seen=None):
    pictures = [np.ascontiguousarray(np.kron(picture(k, (4, 4)), np.ones((16, 16, 1), np.uint8))) for k in (number, 7)]
    mask = np.zeros((64, 64), np.float32)
    mask[:, 32:] = 1.0
    request = EditRequest(
        "add a cat", seed=number + 1, output_format=OutputFormat.PNG, preserve="off", generation=options
    )
    on_step = None if seen is None else seen.append
    return run_edit(request, pictures, engine, mask=mask, on_step=on_step), pictures[0]


@pytest.mark.parametrize("engine", WAYS, indirect=True)
def test_everything_at_once_is_repeatable_and_what_shares_the_engine_changes_nothing(engine, picture):
    seen, found = [], {}
    alone, _ = edit(engine, picture, 0, EVERYTHING, seen=seen)

    def ask(number, options):
        found[number], _ = edit(engine, picture, number, options)

    others = {
        0: EVERYTHING,
        1: EVERYTHING,
        2: GenerationOptions(num_inference_steps=3),
        3: replace(EVERYTHING, loras=()),
    }
    threads = [threading.Thread(target=ask, args=each) for each in others.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found[0].images[0].data == alone.images[0].data
    assert len({each.images[0].data for each in found.values()}) == len(others)
    assert not any("ignored" in note for note in alone.notes)
    assert {each.step for each in seen if each.preview_png} == {4, 8, 12}
