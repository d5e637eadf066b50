"""How long a picture takes on a processor, told before anybody waits for it.

A few matrix products are timed at two lengths; what does not grow with the length is unpacking of weights. From both follow the
seconds of every matrix of the model, and of its attention, which multiplies tokens with tokens. The VAE's share is counted: 9.99
million operations a pixel to decode and 4.66 million to encode, by torch's counter on the real architecture.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import nn

from retouch.engines.flux.checkpoint import CheckpointSizes
from retouch.engines.flux.plan import PRESET_PIXELS

__all__ = ["Speed", "describe_seconds", "edit_seconds", "measure_speed", "probe_layers"]

SHORT, LONG = 32, 256
ROUNDS: Final = 3
VAE_OPERATIONS: Final = 14.65e6
"""A pixel, encoded and decoded; a product and a sum are two."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a machine multiplies by matrices that are held in one way.

    Attributes
    ----------
    fixed : float
        Seconds a value of a matrix, however many rows are multiplied.
    a_row : float
        Seconds a value of a matrix and a row.
    """

    fixed: float
    a_row: float


def probe_layers(sizes: CheckpointSizes) -> list[nn.Module]:
    """Return layers of a model's width to measure with, where none is loaded; float32."""
    width = sizes.transformer.width
    return [nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)]


@torch.no_grad()
def measure_speed(
    layers: Sequence[Any], dtype: torch.dtype, *, clock: Callable[[], float] = time.perf_counter
) -> Speed:
    """Time layers as they are held: of a loaded block, or ``probe_layers``. Takes about a second at the real width.

    Parameters
    ----------
    layers : sequence of Module
        Linear, quantized or not.
    dtype : torch.dtype
        What is computed in.
    clock : callable
    """
    elements = sum(int(each.in_features) * int(each.out_features) for each in layers)
    seconds = {}
    for rows in (SHORT, LONG):
        inputs = [torch.ones(rows, each.in_features, dtype=dtype) for each in layers]
        rounds = []
        for _ in range(ROUNDS + 1):
            started = clock()
            for layer, each in zip(layers, inputs, strict=True):
                layer(each)
            rounds.append(clock() - started)
        seconds[rows] = min(rounds[1:])  # the first one warms up; the least disturbed one counts
    a_row = max(seconds[LONG] - seconds[SHORT], 0.0) / (elements * (LONG - SHORT))
    return Speed(max(seconds[SHORT] / elements - a_row * SHORT, 0.0), a_row)


def edit_seconds(
    speed: Speed, sizes: CheckpointSizes, *, steps: int, pictures: int = 1, pixels: int = PRESET_PIXELS
) -> float:
    """Return how long an edit takes: its steps, the prompt, and the VAE.

    Parameters
    ----------
    speed : Speed
    sizes : CheckpointSizes
    steps : int
        Denoising steps.
    pictures : int
        Input pictures.
    pixels : int
        Of the answer and of each input.
    """
    transformer = sizes.transformer
    tokens = sizes.text_tokens + (1 + pictures) * (pixels // sizes.pixels_a_token**2)
    # Scores and sums of attention: two products of tokens x width by width x tokens in every block.
    attention = transformer.blocks * 2 * tokens * transformer.width
    step = transformer.part.matrix_elements * speed.fixed
    step += (transformer.token_elements + attention) * speed.a_row * tokens
    prompt = sizes.t5.matrix_elements * (speed.fixed + speed.a_row * sizes.text_tokens)
    return steps * step + prompt + pixels * VAE_OPERATIONS / 2 * speed.a_row


def describe_seconds(seconds: float) -> str:
    """Return a duration for people.

    >>> describe_seconds(45), describe_seconds(1500), describe_seconds(9000)
    ('about 45 seconds', 'about 25 minutes', 'about 2.5 hours')
    """
    if seconds < 100:
        return f"about {seconds:.0f} seconds"
    return f"about {seconds / 60:.0f} minutes" if seconds < 6000 else f"about {seconds / 3600:.1f} hours"
