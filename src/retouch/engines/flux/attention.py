"""Which attention kernel the transformer uses: chosen once at the start, by a fixed order, among those that prove themselves.

The order is fixed rather than timed, so that a machine makes the same bytes after every start.
"""

import logging
from collections.abc import Sequence
from typing import Any, Final

import torch
from diffusers.models.attention_dispatch import _AttentionBackendRegistry

from retouch.engines.flux.model import FluxModel, PromptEmbeds
from retouch.errors import ConfigurationError

__all__ = ["REFERENCE_BACKEND", "choose_attention", "preferred_backends"]

REFERENCE_BACKEND: Final = "_native_math"
"""Attention as it is written in the paper, by plain matrix products."""
DEFAULT_BACKEND: Final = "native"
"""PyTorch's own choice; what diffusers uses unless it is told otherwise."""
HOPPER: Final = (9, 0)
_TOLERANCE: Final = {torch.float32: 1e-3}
_TOLERANCE_16_BIT: Final = 0.1
"""Largest error of the velocity, relative to its size, both as root mean squares. Rounding to 16 bits is amplified from block to
block; a kernel that mixes up heads, layouts or scales is off by about 1."""
_GRID: Final = (4, 6)
_TEXT_TOKENS: Final = 16
_SEED: Final = 0

_log = logging.getLogger(__name__)


def preferred_backends(device: torch.device) -> tuple[str, ...]:
    """Return names of diffusers' attention backends for a device, the fastest first; the last one always works.

    None of them is fetched from a hub, and none computes in 8 bits.
    """
    if device.type != "cuda":
        return (DEFAULT_BACKEND,)
    if torch.cuda.get_device_capability(device) >= HOPPER:
        return ("_flash_3", "_native_cudnn", "flash", DEFAULT_BACKEND)
    return ("flash", "_native_flash", DEFAULT_BACKEND)


def choose_attention(model: FluxModel, candidates: Sequence[str] | None = None) -> str:
    """Set the first attention backend that proves itself, and return its name.

    A backend is proven by one pass of the whole transformer over a few tokens, compared with the same pass by the plain matrix
    products.

    Parameters
    ----------
    model : FluxModel
    candidates : sequence of str, optional
        Names of diffusers' backends, the preferred first; ``preferred_backends`` when left out.

    Raises
    ------
    ConfigurationError
        None of them works.
    """
    wanted = candidates or preferred_backends(model.device)
    _set_backend(model, REFERENCE_BACKEND)
    expected = _run_few_tokens(model)
    for name in wanted:
        reason = _disprove(model, name, expected)
        if reason is None:
            _log.info("attention backend %s: proven", name)
            return name
        _log.warning("attention backend %s is skipped: %s", name, reason)
    model.pipeline.transformer.reset_attention_backend()
    raise ConfigurationError(
        f"No attention backend of {', '.join(wanted)} works on this machine; the log says why. Set the preset to 'exact'."
    )


def _disprove(model: FluxModel, name: str, expected: torch.Tensor) -> str | None:
    """Return why a backend can't be used; None when it can, which leaves it set."""
    try:
        _set_backend(model, name)
        found = _run_few_tokens(model)
    except Exception as exc:  # noqa: BLE001 - a kernel that is missing or unfit fails in any way at all
        _log.debug("attention backend %s", name, exc_info=True)
        return f"{type(exc).__name__}"
    if not bool(torch.isfinite(found).all()):
        return "its result is not a number"
    error = float((found - expected).square().mean().sqrt() / expected.square().mean().sqrt())
    tolerance = _TOLERANCE.get(model.dtype, _TOLERANCE_16_BIT)
    return None if error <= tolerance else f"its result is off by {error:.3g} of the size, {tolerance:.3g} is allowed"


def _set_backend(model: FluxModel, name: str) -> None:
    """Set a backend for this model alone; diffusers also sets it for every model of the process."""
    before = _AttentionBackendRegistry._active_backend
    try:
        model.pipeline.transformer.set_attention_backend(name)
    finally:
        _AttentionBackendRegistry.set_active_backend(before)


def _run_few_tokens(model: FluxModel) -> torch.Tensor:
    """Return the velocity of a small fixed input: (1, N, C) float32."""
    config: Any = model.pipeline.transformer.config
    generator = torch.Generator("cpu").manual_seed(_SEED)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator).to(model.device, model.dtype)

    positions = torch.cat([model.positions(_GRID), model.positions(_GRID, plane=1)])
    embeds = PromptEmbeds(
        draw(1, _TEXT_TOKENS, config.joint_attention_dim),
        draw(1, config.pooled_projection_dim),
        torch.zeros(_TEXT_TOKENS, 3, device=model.device, dtype=model.dtype),
    )
    return model.predict(
        draw(1, len(positions), config.in_channels),
        positions,
        torch.full((1,), 500.0, device=model.device, dtype=model.dtype),
        torch.full((1,), 2.5, device=model.device) if model.takes_guidance else None,
        embeds,
    ).float()
