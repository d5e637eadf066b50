"""From files to modules on a device, as a plan says. Safetensors and GGUF only: no pickle, no code from a checkpoint."""

import gc
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from accelerate import init_empty_weights
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    FluxKontextPipeline,
    FluxTransformer2DModel,
    GGUFQuantizationConfig,
)
from diffusers.hooks import apply_group_offloading
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import CLIPTextModel, CLIPTokenizer, T5EncoderModel, T5Tokenizer

from retouch.engines.flux.checkpoint import TensorFile, read_config, read_tensor_file
from retouch.engines.flux.needs import TILE_PX
from retouch.engines.flux.original_layout import convert_original, is_original
from retouch.engines.flux.plan import Candidate, Plan
from retouch.engines.flux.quantization import quantize_matrices
from retouch.engines.flux.source import FluxSource
from retouch.errors import ModelFileError

__all__ = ["DTYPES", "load_pipeline", "log_plan", "plain_choice"]

DTYPES: Final = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
_LOAD_ERRORS: Final = (OSError, ValueError, KeyError, RuntimeError, AttributeError, TypeError, SafetensorError)

_log = logging.getLogger(__name__)


def load_pipeline(source: FluxSource, choice: Candidate, device: str, *, multiply_fp8: bool = False) -> Any:
    """Load every part and put it where the choice says.

    Parameters
    ----------
    source : FluxSource
        Checked here.
    choice : Candidate
    device : str
        Where it is computed.
    multiply_fp8 : bool
        See ``quantize_matrices``.

    Returns
    -------
    FluxKontextPipeline

    Raises
    ------
    ModelFileError
        A file is missing, damaged, or of another model; says which part.
    """
    source.check()
    dtype = DTYPES[choice.compute]
    transformer = _load_transformer(source, dtype)
    if choice.precision in ("fp8", "int8"):
        stays = device if choice.offload in ("none", "encoders") else None
        quantize_matrices(transformer, choice.precision, multiply_fp8=multiply_fp8, device=stays)  # type: ignore[arg-type]
    t5 = _load_part(source.folder, "text_encoder_2", T5EncoderModel, dtype=dtype, use_safetensors=True)
    if choice.text_precision in ("fp8", "int8"):
        quantize_matrices(t5, choice.text_precision)  # type: ignore[arg-type]
    pipeline: Any = FluxKontextPipeline(
        scheduler=_load_part(source.folder, "scheduler", FlowMatchEulerDiscreteScheduler),
        vae=_load_part(source.folder, "vae", AutoencoderKL, dtype=dtype, use_safetensors=True),
        text_encoder=_load_part(source.folder, "text_encoder", CLIPTextModel, dtype=dtype, use_safetensors=True),
        tokenizer=_load_part(source.folder, "tokenizer", CLIPTokenizer),
        text_encoder_2=t5,
        tokenizer_2=_load_part(source.folder, "tokenizer_2", T5Tokenizer),
        transformer=transformer,
    )
    _place(pipeline, choice, device)
    gc.collect()
    return pipeline


def plain_choice(dtype: torch.dtype) -> Candidate:
    """Return the choice without any quantization, offloading or tiling."""
    name = next(name for name, each in DTYPES.items() if each == dtype)
    return Candidate(name, name, name, "none", False)


def log_plan(plan: Plan) -> None:
    """Say in the log what was chosen and why."""
    _log.info("FLUX.1 Kontext: %s", plan.summary)
    for reason in plan.reasons:
        _log.info("FLUX.1 Kontext: %s", reason)


def _load_part(folder: Path, part: str, kind: Any, **options: Any) -> Any:
    try:
        loaded = kind.from_pretrained(str(folder), subfolder=part, local_files_only=True, **options)
    except _LOAD_ERRORS as exc:
        raise ModelFileError(
            f"The FLUX checkpoint's {part} can't be loaded: a file is missing or damaged. Fetch it again: "
            "`retouch models pull flux`."
        ) from exc
    return loaded.eval() if isinstance(loaded, torch.nn.Module) else loaded


def _load_transformer(source: FluxSource, dtype: torch.dtype) -> Any:
    if source.transformer_file is None:
        return _load_part(source.folder, "transformer", FluxTransformer2DModel, dtype=dtype, use_safetensors=True)
    file = source.transformer_file
    header = read_tensor_file(file)
    _check_architecture(file.name, header, read_config(source.folder / "transformer"))
    try:
        tensors = _read_gguf(file) if header.kind == "gguf" else load_file(file)
        if is_original(tensors):
            tensors = convert_original(tensors)
        transformer = FluxTransformer2DModel.from_single_file(
            tensors,
            config=str(source.folder),
            subfolder="transformer",
            quantization_config=GGUFQuantizationConfig(compute_dtype=dtype) if header.kind == "gguf" else None,
            dtype=dtype,
            local_files_only=True,
        )
    except _LOAD_ERRORS as exc:
        raise ModelFileError(f"The file {file.name!r} can't be loaded: it is damaged. Fetch it again.") from exc
    return transformer.eval()


def _read_gguf(file: Path) -> dict[str, torch.Tensor]:
    from diffusers.models.model_loading_utils import load_gguf_checkpoint

    tensors: dict[str, torch.Tensor] = load_gguf_checkpoint(str(file))
    return tensors


def _check_architecture(name: str, header: TensorFile, config: Mapping[str, Any]) -> None:
    """Refuse a file whose tensors are not those of the configured transformer, before any of them is read.

    The model is built without memory ("meta") from the folder's configuration, and every name and shape is compared.
    """
    with init_empty_weights():
        expected = {
            key: tuple(value.shape)
            for key, value in FluxTransformer2DModel.from_config(dict(config)).state_dict().items()
        }
    shapes = dict(header.shapes)
    if is_original(shapes):
        empty = {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}
        shapes = {key: tuple(value.shape) for key, value in convert_original(empty).items()}
    shared = expected.keys() & shapes.keys()
    if len(shared) < len(expected) // 2:
        raise ModelFileError(
            f"The file {name!r} is no FLUX transformer: it has {len(shared)} of the {len(expected)} tensors that one has. A "
            "LoRA, a text encoder or another model is given elsewhere."
        )
    inputs = shapes.get("x_embedder.weight", (0, 0))
    if inputs[-1] != config.get("in_channels"):
        raise ModelFileError(
            f"The file {name!r} takes {inputs[-1]} channels, FLUX.1 Kontext takes {config.get('in_channels')}: it is another "
            "model of the FLUX family (Fill, Canny, Depth), which can't edit by a sentence alone."
        )
    missing = sorted(expected.keys() - shapes.keys())
    if missing:
        raise ModelFileError(
            f"The file {name!r} is not this checkpoint's transformer: {len(missing)} tensors are missing, such as {missing[0]!r}"
            f"{_guess(missing)}."
        )
    further = sorted(shapes.keys() - expected.keys())
    wrong = sorted(key for key in shared if shapes[key] != expected[key])
    if further or wrong:
        problem = (
            f"{wrong[0]!r} has the shape {shapes[wrong[0]]}, not {expected[wrong[0]]}"
            if wrong
            else f"it has {further[0]!r} too"
        )
        raise ModelFileError(f"The file {name!r} is a FLUX transformer of another architecture: {problem[:200]}.")


def _guess(missing: list[str]) -> str:
    return (
        " (FLUX.1 [schnell] has no guidance; Kontext [dev] has)" if all("guidance" in each for each in missing) else ""
    )


def _place(pipeline: Any, choice: Candidate, device: str) -> None:
    """Put the parts where the choice says."""
    # The VAE's own tiles are as large as a preset's picture, and would not cut it at all.
    pipeline.vae.tile_sample_min_size = TILE_PX
    pipeline.vae.tile_latent_min_size = TILE_PX // pipeline.vae_scale_factor
    if choice.vae_tiling:
        pipeline.vae.enable_tiling()
    if choice.offload == "none":
        pipeline.to(device)
        return
    if choice.offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
        return
    streams = {"onload_device": torch.device(device), "use_stream": device.startswith("cuda")}
    for encoder in (pipeline.text_encoder, pipeline.text_encoder_2):
        apply_group_offloading(encoder, offload_type="leaf_level", **streams)
    pipeline.vae.to(device)
    if choice.offload == "group":
        apply_group_offloading(pipeline.transformer, offload_type="block_level", num_blocks_per_group=1, **streams)
    else:
        pipeline.transformer.to(device)
