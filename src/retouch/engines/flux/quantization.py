"""Weights in 8 bits, through torchao.

Only the matrices of blocks are held in 8 bits, each row with a scale of its own; embeddings, norms and the last layer are small
and stay as they are. Rounding is to the nearest value, so the same weights give the same bytes on every load. Activations, where
they are quantized (float8 on cards that multiply it), have a scale for every token, never for a batch: what shares a pass with a
picture can't reach its numbers.

float8 by torchao rather than diffusers' layerwise casting: a cast without scales loses more (0.033 against 0.026 of the weights'
spread, for normally distributed weights of the model's width), and can't multiply in 8 bits. int8 loses 0.009.
"""

from typing import Any, Final, Literal

import torch
from torch import nn

from retouch.engines.flux.checkpoint import is_quantizable
from retouch.errors import ConfigurationError

__all__ = ["quantize_matrices", "weight_bytes"]

_MODULATION: Final = "norm"
"""In the names of the layers that turn the timestep into shifts and scales: with one row a picture, nothing is gained there."""


def quantize_matrices(
    module: nn.Module, precision: Literal["fp8", "int8"], *, multiply_fp8: bool = False, device: str | None = None
) -> None:
    """Replace the matrices of a network's blocks by 8-bit ones, in place.

    Parameters
    ----------
    module : Module
    precision : {"fp8", "int8"}
    multiply_fp8 : bool
        Quantize the activations of attention and feed-forward layers too: needs bfloat16 and a card of capability 8.9.
    device : str, optional
        Where to do it, one layer at a time, and where the layers stay; left out, where each is.

    Raises
    ------
    ConfigurationError
        torchao is not installed.
    """
    try:
        from torchao.quantization import (
            Float8DynamicActivationFloat8WeightConfig,
            Float8WeightOnlyConfig,
            Int8WeightOnlyConfig,
            PerRow,
            quantize_,
        )
    except ImportError as exc:
        raise ConfigurationError("fp8 and int8 need the package torchao: pip install 'retouch[flux]'.") from exc
    if precision == "int8":
        quantize_(module, Int8WeightOnlyConfig(), filter_fn=_is_matrix, device=device)
        return
    if multiply_fp8:
        config = Float8DynamicActivationFloat8WeightConfig(granularity=PerRow())
        quantize_(
            module,
            config,
            filter_fn=lambda each, name: _is_matrix(each, name) and _MODULATION not in name,
            device=device,
        )
    quantize_(module, Float8WeightOnlyConfig(), filter_fn=_is_plain_matrix, device=device)


def weight_bytes(module: nn.Module) -> int:
    """Return the bytes that a network's weights take, counting what is inside quantized ones."""
    return sum(_tensor_bytes(tensor) for tensor in (*module.parameters(), *module.buffers()))


def _tensor_bytes(tensor: Any) -> int:
    flatten: Any = getattr(tensor, "__tensor_flatten__", None)
    if flatten is None:
        return int(tensor.numel() * tensor.element_size())
    return sum(_tensor_bytes(getattr(tensor, str(name))) for name in flatten()[0])


def _is_matrix(module: nn.Module, name: str) -> bool:
    return isinstance(module, nn.Linear) and is_quantizable(f"{name}.weight", tuple(module.weight.shape))


def _is_plain_matrix(module: nn.Module, name: str) -> bool:
    """Whether a matrix is left to quantize."""
    weight: Any = getattr(module, "weight", None)
    return _is_matrix(module, name) and type(weight.data) is torch.Tensor and bool(weight.is_floating_point())
