"""Seconds and memory of whole pictures, every way side by side in one run."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image

from benchmarks.flux.architectures import Architecture, build_model, draw_embeds
from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.engines.flux.model import FluxModel, PromptEmbeds
from retouch.engines.flux.options import Preset
from retouch.engines.flux.presets import apply_preset
from retouch.engines.flux.quantization import quantize_matrices, weight_bytes
from retouch.images.array_types import Pixels

__all__ = ["Timing", "Way", "make_ways", "run_interleaved", "run_loop", "run_pipeline"]


@dataclass
class Timing:
    """What the repeats of one way took."""

    wall_seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    peak_bytes: int | None = None

    @property
    def wall(self) -> float:
        return statistics.median(self.wall_seconds)

    @property
    def cpu(self) -> float:
        return statistics.median(self.cpu_seconds)


@dataclass(frozen=True)
class Way:
    """One way to make the same picture.

    Attributes
    ----------
    make : callable
        Makes it once.
    weight_bytes : int
        Of its transformer.
    notes : tuple of str
        What it did without.
    """

    make: Callable[[], object]
    weight_bytes: int
    notes: tuple[str, ...] = ()


def run_interleaved(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, Timing]:
    """Run all ways in turn, over and over, so that what else the machine does meets all of them alike.

    The first turn is not counted.
    """
    timings = {name: Timing() for name in ways}
    on_card = torch.cuda.is_available()
    for turn in range(repeats + 1):
        for name, make in ways.items():
            if on_card:
                torch.cuda.synchronize()
                torch.cuda.reset_peak_memory_stats()
            taken = torch.cuda.memory_allocated() if on_card else 0
            wall, cpu = time.perf_counter(), time.process_time()
            make()
            if on_card:
                torch.cuda.synchronize()
                timings[name].peak_bytes = torch.cuda.max_memory_allocated() - taken
            if turn:
                timings[name].wall_seconds.append(time.perf_counter() - wall)
                timings[name].cpu_seconds.append(time.process_time() - cpu)
    return timings


def run_pipeline(model: FluxModel, embeds: PromptEmbeds, pixels: Pixels, steps: int) -> object:
    """Make a picture by diffusers' own pipeline."""
    height, width = pixels.shape[:2]
    return model.pipeline(
        image=Image.fromarray(pixels),
        prompt_embeds=embeds.sequence,
        pooled_prompt_embeds=embeds.pooled,
        num_inference_steps=steps,
        guidance_scale=2.5,
        generator=torch.Generator().manual_seed(0),
        height=height,
        width=width,
        max_area=height * width,
        _auto_resize=False,
        output_type="pil",
    ).images[0]


def run_loop(loop: DenoisingLoop, embeds: PromptEmbeds, pixels: Pixels, steps: int) -> Pixels:
    """Make a picture by our loop, with nothing cached."""
    multiple = loop.model.size_multiple
    grid_hw = pixels.shape[0] // multiple, pixels.shape[1] // multiple
    picture = loop.admit(Order(embeds, (loop.model.encode_picture(pixels),), grid_hw, 0, steps, 2.5))
    while not picture.done:
        loop.step([picture])
    return loop.finish(picture)


def make_ways(
    architecture: Architecture,
    presets: tuple[Preset, ...],
    *,
    device: str,
    dtype: torch.dtype,
    size_wh: tuple[int, int],
    steps: int,
    text_tokens: int,
) -> dict[str, Way]:
    """Return eager diffusers and every preset, each with a copy of the same weights (``exact`` shares that of diffusers)."""
    pixels = np.random.default_rng(0).integers(0, 256, (size_wh[1], size_wh[0], 3), np.uint8)
    plain = build_model(architecture, device=device, dtype=dtype)
    embeds = draw_embeds(plain, architecture, text_tokens)
    size = weight_bytes(plain.pipeline.transformer)
    ways = {"diffusers, eager": Way(lambda: run_pipeline(plain, embeds, pixels, steps), size)}
    for preset in presets:
        model = plain
        left_out: tuple[str, ...] = ()
        if preset is not Preset.EXACT:
            model = build_model(architecture, device=device, dtype=dtype)
        if preset is Preset.FAST:
            left_out = _quantize(model)
        made = apply_preset(model, preset, left_out=left_out)
        loop = DenoisingLoop(model, step_cache=made.step_cache)
        ways[f"preset {preset.value}"] = Way(
            lambda loop=loop: run_loop(loop, embeds, pixels, steps),  # type: ignore[misc]
            weight_bytes(model.pipeline.transformer),
            made.left_out,
        )
    return ways


def _quantize(model: FluxModel) -> tuple[str, ...]:
    """Put the weights into float8 where the card multiplies it, as the preset's loading does."""
    if model.device.type != "cuda" or torch.cuda.get_device_capability(model.device) < (8, 9):
        return ("Nothing is multiplied in float8: this device can't.",)
    quantize_matrices(model.pipeline.transformer, "fp8", multiply_fp8=True)
    return ()
