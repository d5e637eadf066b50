"""Train the checkpoint and save it in the diffusers layout; a few minutes on one CPU core.

    python -m benchmarks.flat_flux.train FOLDER

The same seed and one thread give the same weights on the same machine.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxKontextPipeline
from torch.nn import functional

from benchmarks.flat_flux.muon import Muon
from benchmarks.flat_flux.pictures import INSTRUCTIONS, draw
from benchmarks.flat_flux.text import MAX_TOKENS, make_clip, make_t5, train_encoders
from benchmarks.flat_flux.transformer import (
    COPY,
    EDIT,
    GUIDANCE,
    OWN,
    TOKEN_CHANNELS,
    apply_edit_blocks,
    edit_blocks,
    make_transformer,
    predict,
)
from benchmarks.flat_flux.vae import make_vae

__all__ = ["save_trained_flux"]

OPERATIONS: Final = ("background", "recolor", "remove")
STEPS_ALONE: Final = 1300
"""Without noisy tokens: the edit depends on the reference and the words only, and a pass takes less than half the time."""
STEPS_WHOLE: Final = 400
BATCH: Final = 16
MATRIX_RATE: Final = 0.015
OTHER_RATE: Final = 0.002
LOWEST_SIGMA: Final = 0.1


def save_trained_flux(folder: Path, *, seed: int = 0) -> Path:
    """Train, save, and return the folder."""
    torch.manual_seed(seed)
    clip_tokenizer, clip = make_clip()
    t5_tokenizer, t5 = make_t5()
    report("text encoders", train_encoders(clip, clip_tokenizer, t5, t5_tokenizer))
    pipeline: Any = FluxKontextPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(
            num_train_timesteps=1000, shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15
        ),
        vae=make_vae(),
        text_encoder=clip,
        tokenizer=clip_tokenizer,
        text_encoder_2=t5,
        tokenizer_2=t5_tokenizer,
        transformer=make_transformer(),
    )
    train(pipeline, np.random.default_rng(seed))
    pipeline.save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class Batch:
    """Examples as the transformer reads them: tokens (B, N, 12), text (sequence, pooled), and noise levels (B,)."""

    reference: torch.Tensor
    answer: torch.Tensor
    text: tuple[torch.Tensor, torch.Tensor]
    sigma: torch.Tensor


class Source:
    """Draws batches for one pipeline, whose text encoders are done."""

    @torch.no_grad()
    def __init__(self, pipeline: Any, rng: np.random.Generator) -> None:
        self._pipeline, self._rng = pipeline, rng
        prompts = [each.prompt for each in INSTRUCTIONS]
        self.sequences, self.pooled, _ = pipeline.encode_prompt(prompts, None, max_sequence_length=MAX_TOKENS)
        self._numbers = {each: number for number, each in enumerate(INSTRUCTIONS)}

    def draw(self) -> Batch:
        """Return a batch of all operations."""
        examples = [draw(self._rng, str(self._rng.choice(OPERATIONS)), held_out=False) for _ in range(BATCH)]
        numbers = torch.tensor([self._numbers[each.instruction] for each in examples])
        return Batch(
            self._pack([each.picture for each in examples]),
            self._pack([each.answer for each in examples]),
            (self.sequences[numbers], self.pooled[numbers]),
            LOWEST_SIGMA + (1 - LOWEST_SIGMA) * torch.rand(BATCH),
        )

    def _pack(self, pictures: Sequence[Any]) -> torch.Tensor:
        """Return the tokens that the autoencoder makes of pictures: it takes the mean of a cell, which is its color."""
        config = self._pipeline.vae.config
        colors = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 127.5 - 1
        latents = (colors - config.shift_factor) * config.scaling_factor
        tokens: torch.Tensor = self._pipeline._pack_latents(latents, *latents.shape)
        return tokens


def train(pipeline: Any, rng: np.random.Generator) -> None:
    """Train the transformer: the output's scale, the edit alone, then everything as it is used."""
    model, source = pipeline.transformer.train(), Source(pipeline, rng)
    report("time", fit_time(model, source.pooled))
    fit_scales(model, source.draw())
    matrices = [
        each for block in edit_blocks(model) for name, each in block.named_parameters() if is_matrix(name, each)
    ]
    chosen = {id(each) for each in matrices}
    muon = Muon(matrices)
    adam = torch.optim.AdamW(
        [each for each in model.parameters() if id(each) not in chosen], betas=(0.9, 0.98), weight_decay=0.0
    )
    steps, mean = STEPS_ALONE + STEPS_WHOLE, 0.0
    for step in range(steps):
        rate = min(1.0, (step + 1) / 30, (1 - step / steps) / 0.4 + 0.02)
        for group in adam.param_groups:
            group["lr"] = rate * OTHER_RATE
        loss = loss_alone(model, source.draw()) if step < STEPS_ALONE else loss_whole(model, source.draw())
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        muon.step(rate * MATRIX_RATE)
        mean = loss.item() if step in (0, STEPS_ALONE) else 0.97 * mean + 0.03 * loss.item()
        if (step + 1) % 100 == 0:
            report(f"step {step + 1}", mean)
    model.eval()


def loss_alone(model: Any, batch: Batch) -> torch.Tensor:
    """Return the squared error of the edit."""
    edited = apply_edit_blocks(model, batch.reference, batch.sigma, batch.text)
    return ((edited - batch.answer) ** 2).mean()


def loss_whole(model: Any, batch: Batch) -> torch.Tensor:
    """Return the rectified flow's squared error of the velocity, weighted by sigma squared: that of the predicted answer."""
    sigma, noise = batch.sigma[:, None, None], torch.randn(batch.answer.shape)
    noisy = (1 - sigma) * batch.answer + sigma * noise
    velocity = predict(model, noisy, batch.reference, batch.sigma, batch.text)
    return ((velocity - (noise - batch.answer)) ** 2 * sigma**2).mean()


def is_matrix(name: str, parameter: torch.Tensor) -> bool:
    """Whether a block's parameter is a weight that Muon takes: not those that modulate."""
    return parameter.ndim == 2 and "norm" not in name


def fit_time(model: Any, pooled: torch.Tensor, *, steps: int = 400, size: int = 256) -> float:
    """Teach the output layer to divide by sigma, and return the relative error that is left."""
    layer, width = model.norm_out.linear, model.inner_dim
    optimizer = torch.optim.Adam([*model.time_text_embed.timestep_embedder.parameters(), layer.weight, layer.bias])
    loss = torch.zeros(())
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (1 - step / steps)
        sigma, prompts = 0.08 + 0.92 * torch.rand(size), torch.randint(len(pooled), (size,))
        embedding = model.time_text_embed(1000 * sigma, torch.full((size,), 1000 * GUIDANCE), pooled[prompts])
        scale = 1 + layer(functional.silu(embedding))[:, :width]
        loss = ((scale * sigma[:, None] - 1) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    left: float = loss.item() ** 0.5
    return left


@torch.no_grad()
def fit_scales(model: Any, batch: Batch) -> None:
    """Undo what the layer norms before the copy and before the output divide by."""
    deviations: list[torch.Tensor] = []
    last = model.single_transformer_blocks[-1]
    hooks = [
        norm.register_forward_hook(lambda _, inputs, __: deviations.append(inputs[0].std(-1)))
        for norm in (last.norm.norm, model.norm_out.norm)
    ]
    loss_whole(model, batch)
    for hook in hooks:
        hook.remove()
    count = batch.reference.shape[1]
    before_copy, before_output = deviations[0][:, -count:].mean(), deviations[1][:, :count].mean()
    for channels in (OWN, EDIT):
        last.attn.to_v.weight[:TOKEN_CHANNELS, channels] *= before_copy
    for channels in (OWN, COPY):
        model.proj_out.weight[:, channels] *= before_output


def report(what: str, error: float) -> None:
    """Print a line about the training."""
    print(f"{time.process_time():6.0f} s  {what}: {error:.4f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    save_trained_flux(arguments.folder, seed=arguments.seed)
