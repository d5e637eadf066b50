"""Measure how often the trained checkpoint makes the right edit and leaves the rest alone, through the engine's own loop.

    python -m benchmarks.flat_flux.measure FOLDER [--count 200] [--sheet OUT.png]

Pictures are pairs of instruction and background that training never saw. The autoencoder is left out here, since on flat cells it
is exact to the byte (the tests check that): the loop is given the latents that it would give.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.flat_flux.pictures import CELLS, Example, Levels, Verdict, draw, judge
from benchmarks.flat_flux.text import MAX_TOKENS
from benchmarks.flat_flux.train import OPERATIONS
from benchmarks.flat_flux.transformer import GRID, GUIDANCE
from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.engines.flux.model import FluxModel, Reference

SHEET_COLUMNS = 10
SHEET_PX = 96


def main() -> None:
    """Print a line for every operation, and save pictures, answers and what they should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200, help="examples of each operation")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument(
        "--held-out", action="store_true", help="pairs of instruction and background that training left out"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = FluxModel.from_folder(arguments.folder, dtype=torch.float32, device="cpu")
    loop, rng = DenoisingLoop(model), np.random.default_rng(1000)
    rows: list[list[tuple[Example, Levels]]] = []
    for operation in OPERATIONS:
        examples = [draw(rng, operation, held_out=arguments.held_out) for _ in range(arguments.count)]
        answers = [edit(loop, each, seed=k, steps=arguments.steps) for k, each in enumerate(examples)]
        verdicts = [judge(example, answer) for example, answer in zip(examples, answers, strict=True)]
        print(describe(operation, verdicts), flush=True)
        rows.append([*zip(examples, answers, strict=True)][:SHEET_COLUMNS])
    if arguments.sheet is not None:
        save_sheet(rows, arguments.sheet)


def describe(operation: str, verdicts: list[Verdict]) -> str:
    """Return the shares of edits that are right, and the mean shares of wrong cells, as a line."""
    success, flawless = np.mean([(each.success, each.flawless) for each in verdicts], axis=0)
    inside, outside = np.mean([(each.wrong_inside, each.wrong_outside) for each in verdicts], axis=0)
    return (
        f"{operation:<11} {success:6.1%} right, {flawless:6.1%} flawless; "
        f"wrong cells: {inside:.2%} of those to change, {outside:.2%} of the rest"
    )


def edit(loop: DenoisingLoop, example: Example, *, seed: int, steps: int) -> Levels:
    """Return the model's answer: (16, 16, 3) uint8."""
    pipeline = loop.model.pipeline
    config = pipeline.vae.config
    colors = torch.from_numpy(example.picture).permute(2, 0, 1)[None] / 127.5 - 1
    latents = (colors - config.shift_factor) * config.scaling_factor
    order = Order(
        embeds=loop.model.encode_prompt(example.instruction.prompt, MAX_TOKENS),
        references=(Reference(pipeline._pack_latents(latents, *latents.shape), (GRID, GRID)),),
        grid_hw=(GRID, GRID),
        seed=seed,
        num_inference_steps=steps,
        guidance_scale=GUIDANCE,
    )
    picture = loop.admit(order)
    while not picture.done:
        loop.step([picture])
    scale = pipeline.vae_scale_factor
    made = pipeline._unpack_latents(picture.latents, CELLS * scale, CELLS * scale, scale)[0]
    levels = (made / config.scaling_factor + config.shift_factor + 1) * 127.5
    answer: Levels = levels.round().clamp(0, 255).permute(1, 2, 0).to(torch.uint8).numpy()
    return answer


def save_sheet(rows: list[list[tuple[Example, Levels]]], path: Path) -> None:
    """Save three lines for each row: pictures, the model's answers, the right answers."""
    lines: list[Levels] = []
    for row in rows:
        triples = [(example.picture, answer, example.answer) for example, answer in row]
        lines += [np.hstack([_tile(cells) for cells in line]) for line in zip(*triples, strict=True)]
    Image.fromarray(np.vstack(lines)).save(path)


def _tile(cells: Levels) -> Levels:
    large = cells.repeat(SHEET_PX // CELLS, axis=0).repeat(SHEET_PX // CELLS, axis=1)
    return np.pad(large, ((2, 2), (2, 2), (0, 0)), constant_values=128)


if __name__ == "__main__":
    main()
