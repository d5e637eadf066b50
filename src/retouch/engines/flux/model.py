"""The loaded weights, and what is done with them: encode a prompt, encode a picture, draw noise, predict, decode."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from diffusers import FluxKontextPipeline

from retouch.engines.flux.loading import DTYPES, load_pipeline, plain_choice
from retouch.engines.flux.plan import Candidate
from retouch.engines.flux.schedule import Schedule
from retouch.engines.flux.source import FluxSource
from retouch.errors import EngineError
from retouch.images.array_types import Pixels

__all__ = ["FluxModel", "PromptEmbeds", "Reference"]

TRAINING_STEPS: Final = 1000
"""The transformer takes time as a share of the training schedule."""


@dataclass(frozen=True)
class PromptEmbeds:
    """A prompt as the transformer reads it.

    Attributes
    ----------
    sequence : (1, T, D) tensor
        Of the T5 encoder; T is the ``max_sequence_length`` it was padded to.
    pooled : (1, P) tensor
        Of the CLIP encoder.
    ids : (T, 3) tensor
        Positions of the text tokens, all zero.
    """

    sequence: torch.Tensor
    pooled: torch.Tensor
    ids: torch.Tensor


@dataclass(frozen=True)
class Reference:
    """An input picture as the transformer reads it.

    Attributes
    ----------
    tokens : (1, N, C) tensor
        Packed latents: each token is a block of 2 x 2 latent pixels.
    grid_hw : (int, int)
        How many tokens high and wide; N is their product.
    """

    tokens: torch.Tensor
    grid_hw: tuple[int, int]


class FluxModel:
    """The modules of FLUX.1 Kontext on one device.

    Parameters
    ----------
    pipeline : FluxKontextPipeline
        Loaded and on its device. Its own ``__call__`` is never used: the loop is ``retouch.engines.flux.loop``.
    device : torch.device, optional
        Where it computes, when the weights wait elsewhere; left out, where the transformer is.
    dtype : torch.dtype, optional
        What it computes in, when the weights are quantized; left out, the transformer's.
    """

    def __init__(
        self, pipeline: FluxKontextPipeline, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> None:
        self._pipeline: Any = pipeline
        self._pipeline.set_progress_bar_config(disable=True)
        self._device = device or torch.device(self._pipeline.transformer.device)
        self._dtype: torch.dtype = dtype or self._pipeline.transformer.dtype

    @property
    def pipeline(self) -> Any:
        """The pipeline of diffusers, which holds the modules: adapters are loaded through it."""
        return self._pipeline

    @classmethod
    def from_folder(cls, folder: Path, *, dtype: torch.dtype, device: str) -> "FluxModel":
        """Load a folder in the diffusers layout. Never asks a hub.

        Raises
        ------
        ModelFileError
            The folder is no FLUX.1 Kontext checkpoint, or files are missing or damaged.
        """
        return cls.from_source(FluxSource(folder), plain_choice(dtype), device)

    @classmethod
    def from_source(
        cls, source: FluxSource, choice: Candidate, device: str, *, multiply_fp8: bool = False
    ) -> "FluxModel":
        """Load a checkpoint as a plan has chosen; see ``load_pipeline``."""
        pipeline = load_pipeline(source, choice, device, multiply_fp8=multiply_fp8)
        return cls(pipeline, device=torch.device(device), dtype=DTYPES[choice.compute])

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._device

    @property
    def dtype(self) -> torch.dtype:
        """What the transformer computes in."""
        return self._dtype

    @property
    def size_multiple(self) -> int:
        """The sides of a picture are multiples of this: the VAE's reduction times the packing of 2."""
        return int(self._pipeline.vae_scale_factor) * 2

    @property
    def takes_guidance(self) -> bool:
        """Whether the guidance scale is embedded (the distilled model) rather than computed from two predictions."""
        return bool(self._pipeline.transformer.config.guidance_embeds)

    @torch.no_grad()
    def encode_prompt(self, prompt: str, max_sequence_length: int) -> PromptEmbeds:
        """Encode a prompt by both text encoders; what is longer than ``max_sequence_length`` T5 tokens is cut off."""
        for hook in getattr(self._pipeline, "_all_hooks", ()):
            hook.offload()  # where parts take turns, the transformer of an edit in progress makes room
        sequence, pooled, ids = self._pipeline.encode_prompt(
            prompt, device=self.device, max_sequence_length=max_sequence_length
        )
        return PromptEmbeds(sequence, pooled, ids)

    def count_prompt_tokens(self, prompt: str) -> int:
        """Return how many T5 tokens a prompt has."""
        return len(self._pipeline.tokenizer_2(prompt).input_ids)

    @torch.no_grad()
    def encode_picture(self, pixels: Pixels) -> Reference:
        """Encode a picture by the VAE (the mode of its distribution: no noise).

        Parameters
        ----------
        pixels : (H, W, 3) uint8, sRGB
            Sides are multiples of ``size_multiple``.
        """
        height, width = pixels.shape[:2]
        # As diffusers does it to the bit: divided by numpy (torch multiplies by the reciprocal), and the channels last in memory,
        # for which convolutions take another path.
        scaled = pixels.astype(np.float32) / np.float32(255.0)
        image = 2.0 * torch.from_numpy(scaled[None]).permute(0, 3, 1, 2) - 1.0
        image = image.to(device=self.device, dtype=self.dtype)
        latents = self._pipeline._encode_vae_image(image, None)
        tokens = self._pipeline._pack_latents(latents, 1, latents.shape[1], latents.shape[2], latents.shape[3])
        return Reference(tokens, (height // self.size_multiple, width // self.size_multiple))

    def draw_noise(self, grid_hw: tuple[int, int], seed: int) -> torch.Tensor:
        """Return the latents that a seed starts from: (1, N, C).

        Drawn on the CPU one picture at a time, so that a seed means the same on every device and in every batch.
        """
        channels = self._pipeline.transformer.config.in_channels // 4
        height, width = 2 * grid_hw[0], 2 * grid_hw[1]
        generator = torch.Generator("cpu").manual_seed(seed)
        noise = torch.randn((1, channels, height, width), generator=generator, dtype=self.dtype)
        packed: torch.Tensor = self._pipeline._pack_latents(noise.to(self.device), 1, channels, height, width)
        return packed

    def positions(self, grid_hw: tuple[int, int], *, plane: int = 0, right_by: int = 0) -> torch.Tensor:
        """Return the (N, 3) positions of a grid of tokens: plane (0 is the answer, others references), row, column."""
        ids: torch.Tensor = self._pipeline._prepare_latent_image_ids(1, *grid_hw, self.device, self.dtype)
        ids[:, 0] = plane
        ids[:, 2] += right_by
        return ids

    def schedule(self, num_tokens: int, num_inference_steps: int, *, strength: float = 1.0) -> Schedule:
        """Return a fresh schedule for one picture."""
        return Schedule(self._pipeline.scheduler, num_tokens, num_inference_steps, self.device, strength=strength)

    @torch.no_grad()
    def predict(
        self,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        timesteps: torch.Tensor,
        guidance: torch.Tensor | None,
        embeds: PromptEmbeds,
    ) -> torch.Tensor:
        """Run the transformer once.

        Parameters
        ----------
        tokens : (B, N, C) tensor
            Latents with the reference's tokens behind them.
        positions : (N, 3) tensor
            Shared by the batch.
        timesteps : (B,) tensor, 0 to 1000
        guidance : (B,) float32 tensor or None
        embeds : PromptEmbeds
            Of the whole batch.

        Returns
        -------
        (B, N, C) tensor
            The predicted velocity.
        """
        velocity: torch.Tensor = self._pipeline.transformer(
            hidden_states=tokens,
            timestep=timesteps / TRAINING_STEPS,
            guidance=guidance,
            pooled_projections=embeds.pooled,
            encoder_hidden_states=embeds.sequence,
            txt_ids=embeds.ids,
            img_ids=positions,
            return_dict=False,
        )[0]
        return velocity

    @torch.no_grad()
    def decode(self, tokens: torch.Tensor, grid_hw: tuple[int, int]) -> Pixels:
        """Return the picture of finished latents: (H, W, 3) uint8, sRGB.

        Raises
        ------
        EngineError
            The result is not finite: a precision that overflows must not pass as a black picture.
        """
        pipeline = self._pipeline
        height, width = grid_hw[0] * self.size_multiple, grid_hw[1] * self.size_multiple
        latents = pipeline._unpack_latents(tokens, height, width, pipeline.vae_scale_factor)
        latents = latents / pipeline.vae.config.scaling_factor + pipeline.vae.config.shift_factor
        image = pipeline.vae.decode(latents, return_dict=False)[0][0].to(torch.float32)
        if not bool(torch.isfinite(image).all()):
            raise EngineError("The model's picture is not a number (NaN). Use bfloat16 instead of float16.")
        levels = ((image * 0.5 + 0.5).clamp(0, 1) * 255.0).round().to(torch.uint8)
        return np.ascontiguousarray(levels.permute(1, 2, 0).cpu().numpy())
