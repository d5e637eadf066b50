"""Two comparisons that need no card: our loop beside diffusers' own pipeline, and requests that share passes beside a queue."""

import threading
import time
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.flux.architectures import ARCHITECTURES, build_model, draw_embeds
from benchmarks.flux.measure import run_interleaved, run_loop, run_pipeline
from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.engines.flux.model import FluxModel
from retouch.engines.flux.worker import FluxWorker

__all__ = ["BatchingRow", "OverheadRow", "compare_batching", "compare_loop"]

TEXT_TOKENS = 32
MIXED_STEPS = (8, 4, 6, 8, 5, 7, 4, 6)
"""Steps of the eight requests, which differ in seed, prompt and guidance too."""


@dataclass(frozen=True)
class OverheadRow:
    """Processor seconds of a picture, and how many times diffusers' ours are: the median over pairs of runs."""

    pipeline_seconds: float
    loop_seconds: float
    ratio: float


@dataclass(frozen=True)
class BatchingRow:
    """Passes and seconds of eight mixed requests."""

    passes_alone: int
    passes_together: int
    cpu_seconds_alone: float
    cpu_seconds_together: float
    wall_seconds_alone: float
    wall_seconds_together: float


def compare_loop(repeats: int, *, side: int = 64, steps: int = 8) -> OverheadRow:
    """Make the same picture by diffusers' pipeline and by our loop, in turns, on the tiny model."""
    architecture = ARCHITECTURES["tiny"]
    model = build_model(architecture, device="cpu", dtype=torch.float32)
    embeds = draw_embeds(model, architecture, TEXT_TOKENS)
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    loop = DenoisingLoop(model)
    timings = run_interleaved(
        {
            "pipeline": lambda: run_pipeline(model, embeds, pixels, steps),
            "loop": lambda: run_loop(loop, embeds, pixels, steps),
        },
        repeats,
    )
    theirs, ours = timings["pipeline"], timings["loop"]
    ratios = [mine / other for mine, other in zip(ours.cpu_seconds, theirs.cpu_seconds, strict=True)]
    return OverheadRow(theirs.cpu, ours.cpu, float(np.median(ratios)))


def compare_batching(batch_size: int = 4, *, side: int = 64) -> BatchingRow:
    """Make eight mixed requests one after another, and through one worker at once."""
    model = build_model(ARCHITECTURES["tiny"], device="cpu", dtype=torch.float32)
    _run_mixed(model, 1, side, at_once=False)  # what a first run costs is nobody's
    alone = _run_mixed(model, 1, side, at_once=False)
    together = _run_mixed(model, batch_size, side, at_once=True)
    return BatchingRow(alone[0], together[0], alone[1], together[1], alone[2], together[2])


def _run_mixed(model: FluxModel, batch_size: int, side: int, *, at_once: bool) -> tuple[int, float, float]:
    orders = [_order(model, k, steps, side) for k, steps in enumerate(MIXED_STEPS)]
    worker = FluxWorker(DenoisingLoop(model, batch_size=batch_size, reproducible=False), max_active=len(orders))

    def make(order: Order) -> None:
        worker.make(lambda: order, on_step=None, should_abort=None)

    threads = [threading.Thread(target=make, args=(order,)) for order in orders]
    wall, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
        if not at_once:
            thread.join()
    for thread in threads:
        thread.join()
    taken = time.process_time() - cpu, time.perf_counter() - wall
    passes = worker.statistics().passes
    worker.close()
    return passes, *taken


def _order(model: FluxModel, number: int, steps: int, side: int) -> Order:
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
    embeds = draw_embeds(model, ARCHITECTURES["tiny"], TEXT_TOKENS, seed=number)
    grid = side // model.size_multiple
    return Order(embeds, (model.encode_picture(pixels),), (grid, grid), number, steps, 1.0 + number / 2)
