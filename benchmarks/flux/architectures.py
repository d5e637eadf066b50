"""FLUX transformers of any size with random weights, and what one pass through them costs."""

from dataclasses import dataclass
from typing import Any, Final

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxKontextPipeline, FluxTransformer2DModel

from retouch.engines.flux.model import FluxModel, PromptEmbeds

__all__ = ["ARCHITECTURES", "Architecture", "build_model", "draw_embeds", "pass_flops"]

LATENT_CHANNELS: Final = 16


@dataclass(frozen=True)
class Architecture:
    """Sizes of a transformer of the FLUX family.

    Attributes
    ----------
    double_blocks, single_blocks, heads, head_width, text_width, pooled_width : int
    vae_channels : tuple of int
    """

    double_blocks: int
    single_blocks: int
    heads: int
    head_width: int = 128
    text_width: int = 4096
    pooled_width: int = 768
    vae_channels: tuple[int, ...] = (128, 256, 512, 512)

    @property
    def width(self) -> int:
        return self.heads * self.head_width


ARCHITECTURES: Final = {
    "full": Architecture(19, 38, 24),
    "tiny": Architecture(1, 2, 2, head_width=32, text_width=32, pooled_width=32, vae_channels=(8, 8, 16, 16)),
}
"""The released model, 12 billion weights, and that of the unit tests."""


def pass_flops(architecture: Architecture, tokens: int) -> float:
    """Return the floating-point operations of one pass of one sample: matrix products and attention.

    Every block has 12 width^2 weights that each token meets (queries, keys, values, output, and a hidden layer four times as
    wide, one way and back), two operations each, and attention between all tokens, which is two products of
    tokens x tokens x width. What is done once for a sample (modulation) and once for a token (embeddings) is left out.

    >>> round(pass_flops(ARCHITECTURES["full"], 4096 + 4096 + 512) / 1e12, 1)
    165.4
    """
    blocks = architecture.double_blocks + architecture.single_blocks
    return blocks * (24.0 * architecture.width**2 * tokens + 4.0 * tokens**2 * architecture.width)


def build_model(architecture: Architecture, *, device: str, dtype: torch.dtype) -> FluxModel:
    """Return a model with random weights, always the same ones, and without text encoders."""
    torch.manual_seed(0)
    with torch.device(device), _default_dtype(dtype):
        transformer = FluxTransformer2DModel(
            patch_size=1,
            in_channels=4 * LATENT_CHANNELS,
            num_layers=architecture.double_blocks,
            num_single_layers=architecture.single_blocks,
            attention_head_dim=architecture.head_width,
            num_attention_heads=architecture.heads,
            joint_attention_dim=architecture.text_width,
            pooled_projection_dim=architecture.pooled_width,
            guidance_embeds=True,
            axes_dims_rope=_rotary_widths(architecture.head_width),
        )
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * len(architecture.vae_channels),
            up_block_types=("UpDecoderBlock2D",) * len(architecture.vae_channels),
            block_out_channels=architecture.vae_channels,
            layers_per_block=2 if architecture.vae_channels[0] >= 128 else 1,
            latent_channels=LATENT_CHANNELS,
            norm_num_groups=32 if architecture.vae_channels[0] >= 32 else 4,
            scaling_factor=0.3611,
            shift_factor=0.1159,
            use_quant_conv=False,
            use_post_quant_conv=False,
        )
    pipeline = FluxKontextPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(
            num_train_timesteps=1000, shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15
        ),
        vae=vae.eval(),
        text_encoder=None,
        tokenizer=None,
        text_encoder_2=None,
        tokenizer_2=None,
        transformer=transformer.eval(),
    )
    return FluxModel(pipeline)


def draw_embeds(model: FluxModel, architecture: Architecture, text_tokens: int, seed: int = 0) -> PromptEmbeds:
    """Return embeddings of the shape of a prompt's."""
    generator = torch.Generator("cpu").manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator).to(model.device, model.dtype)

    return PromptEmbeds(
        draw(1, text_tokens, architecture.text_width),
        draw(1, architecture.pooled_width),
        torch.zeros(text_tokens, 3, device=model.device, dtype=model.dtype),
    )


def _rotary_widths(head_width: int) -> tuple[int, int, int]:
    first = head_width // 8
    return first, (head_width - first) // 2, (head_width - first) // 2


class _default_dtype:  # noqa: N801 - used as a statement
    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype

    def __enter__(self) -> None:
        self._before = torch.get_default_dtype()
        torch.set_default_dtype(self._dtype)

    def __exit__(self, *_: Any) -> None:
        torch.set_default_dtype(self._before)
