"""What chips can do at most, in dense matrix products."""

import time
from dataclasses import dataclass
from typing import Final

import torch

__all__ = ["Peak", "find_peak"]


@dataclass(frozen=True)
class Peak:
    """The most that a chip does.

    Attributes
    ----------
    flops : float
        Operations a second, dense.
    source : str
    """

    flops: float
    source: str


_DATASHEETS: Final = (
    # (part of torch's name of the card, bfloat16, float8, source); the first that fits.
    ("H100 PCIe", 756e12, 1513e12, "NVIDIA H100 datasheet, half of the figures with sparsity"),
    ("H100", 989.4e12, 1978.9e12, "NVIDIA H100 datasheet (SXM), half of the figures with sparsity"),
    ("H200", 989.4e12, 1978.9e12, "NVIDIA H200 datasheet (SXM), half of the figures with sparsity"),
    ("A100", 312e12, None, "NVIDIA A100 datasheet"),
    ("L40S", 362e12, 733e12, "NVIDIA L40S datasheet"),
    ("RTX 4090", 165.2e12, 330.3e12, "NVIDIA Ada architecture paper, with float32 accumulation"),
    ("RTX 3090", 71e12, None, "NVIDIA Ampere GA102 architecture paper, with float32 accumulation"),
)


def find_peak(device: torch.device, dtype: torch.dtype, given_tflops: float | None = None) -> Peak:
    """Return the peak of a device: what was given, a datasheet's, or what one large matrix product reaches here and now."""
    if given_tflops is not None:
        return Peak(given_tflops * 1e12, "given")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    for part, half, _, source in _DATASHEETS:
        if part in name and dtype in (torch.bfloat16, torch.float16):
            return Peak(half, source)
    return Peak(_measure(device, dtype), "measured: one large matrix product, in this run")


def _measure(device: torch.device, dtype: torch.dtype) -> float:
    side = 8192 if device.type == "cuda" else 1024
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    best = float("inf")
    for _ in range(8):
        started = time.perf_counter()
        product = left @ right
        float(product[0, 0])  # waits for the device
        best = min(best, time.perf_counter() - started)
    return float(2.0 * side**3 / best)
