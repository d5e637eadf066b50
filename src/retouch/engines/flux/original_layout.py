"""The names and matrices of the model's authors, turned into diffusers'.

diffusers has such a converter, written for a width of 3072; this one takes every size from the tensors, so that tests can run it
on a small model, and it checks what it takes. The tests hold it to diffusers' converter, value for value.
"""

from collections.abc import Mapping
from typing import Final

import torch

from retouch.errors import ModelFileError

__all__ = ["convert_original", "is_original"]

_PREFIX: Final = "model.diffusion_model."
_OUTSIDE: Final = {
    "time_in.in_layer": "time_text_embed.timestep_embedder.linear_1",
    "time_in.out_layer": "time_text_embed.timestep_embedder.linear_2",
    "vector_in.in_layer": "time_text_embed.text_embedder.linear_1",
    "vector_in.out_layer": "time_text_embed.text_embedder.linear_2",
    "guidance_in.in_layer": "time_text_embed.guidance_embedder.linear_1",
    "guidance_in.out_layer": "time_text_embed.guidance_embedder.linear_2",
    "txt_in": "context_embedder",
    "img_in": "x_embedder",
    "final_layer.linear": "proj_out",
}
_DOUBLE: Final = {
    "img_mod.lin": "norm1.linear",
    "txt_mod.lin": "norm1_context.linear",
    "img_attn.proj": "attn.to_out.0",
    "txt_attn.proj": "attn.to_add_out",
    "img_mlp.0": "ff.net.0.proj",
    "img_mlp.2": "ff.net.2",
    "txt_mlp.0": "ff_context.net.0.proj",
    "txt_mlp.2": "ff_context.net.2",
}
_NORMS: Final = {
    "img_attn.norm.query_norm.scale": "attn.norm_q.weight",
    "img_attn.norm.key_norm.scale": "attn.norm_k.weight",
    "txt_attn.norm.query_norm.scale": "attn.norm_added_q.weight",
    "txt_attn.norm.key_norm.scale": "attn.norm_added_k.weight",
    "norm.query_norm.scale": "attn.norm_q.weight",
    "norm.key_norm.scale": "attn.norm_k.weight",
}
_SPLIT: Final = {
    "img_attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
    "txt_attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
}
_SINGLE: Final = {"modulation.lin": "norm.linear", "linear2": "proj_out"}


def is_original(names: Mapping[str, object]) -> bool:
    """Whether tensors have the names of the model's authors."""
    return any(name.removeprefix(_PREFIX).startswith(("double_blocks.", "single_blocks.")) for name in names)


def convert_original(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the tensors under diffusers' names, split and ordered as its modules have them.

    Parameters
    ----------
    tensors : mapping of str to tensor
        Of any type, on any device, "meta" too. GGUF parameters stay such: they are split between rows, never inside one.

    Raises
    ------
    ModelFileError
        A tensor has a name or a shape that no FLUX transformer has.
    """
    plain = {name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items()}
    if "img_in.weight" not in plain:
        raise ModelFileError(
            "The file has blocks of a FLUX transformer, but no input layer (img_in): it is incomplete."
        )
    width = plain["img_in.weight"].shape[0]
    converted: dict[str, torch.Tensor] = {}
    for name, tensor in plain.items():
        converted |= _convert(name, tensor, width)
    return converted


def _convert(name: str, tensor: torch.Tensor, width: int) -> dict[str, torch.Tensor]:
    stem, _, kind = name.rpartition(".")
    if stem in _OUTSIDE:
        return {f"{_OUTSIDE[stem]}.{kind}": tensor}
    if stem == "final_layer.adaLN_modulation.1":  # the authors shift, then scale; diffusers scales, then shifts
        shift, scale = tensor.chunk(2, dim=0)
        return {f"norm_out.linear.{kind}": torch.cat([scale, shift], dim=0)}
    family, _, rest = name.partition(".")
    number, _, inner = rest.partition(".")
    if family not in ("double_blocks", "single_blocks") or not number.isdigit():
        raise ModelFileError(f"The file holds a tensor that no FLUX transformer has: {name[:80]!r}.")
    block = f"{'transformer_blocks' if family == 'double_blocks' else 'single_transformer_blocks'}.{int(number)}."
    return {block + new: part for new, part in _convert_inner(inner, tensor, width).items()}


def _convert_inner(inner: str, tensor: torch.Tensor, width: int) -> dict[str, torch.Tensor]:
    """Convert a tensor of a block."""
    stem, _, kind = inner.rpartition(".")
    if inner in _NORMS:
        return {_NORMS[inner]: tensor}
    if stem in _DOUBLE or stem in _SINGLE:
        return {f"{(_DOUBLE | _SINGLE)[stem]}.{kind}": tensor}
    rows = tensor.shape[0]
    if stem in _SPLIT and rows == 3 * width:
        return {
            f"{new}.{kind}": part.clone() for new, part in zip(_SPLIT[stem], torch.split(tensor, width), strict=True)
        }
    if stem == "linear1" and rows > 3 * width:
        sizes = [width, width, width, rows - 3 * width]
        names = ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")
        return {f"{new}.{kind}": part.clone() for new, part in zip(names, torch.split(tensor, sizes), strict=True)}
    raise ModelFileError(
        f"The file holds a tensor that no FLUX transformer has: {inner[:80]!r} of shape {tuple(tensor.shape)}."
    )
