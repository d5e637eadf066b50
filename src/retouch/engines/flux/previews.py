"""A small picture of what is in the making, and how long it will take: neither costs a step anything worth counting."""

import io
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from PIL import Image

from retouch.engines.flux.model import FluxModel
from retouch.images.array_types import Pixels
from retouch.types import Progress

__all__ = ["LatentProjection", "Pace", "Report"]

SAMPLE_PX: Final = 256
SAMPLES: Final = 2
BLOCKS_PX: Final = (64, 32, 16)
RIDGE: Final = 1e-3
"""Relative to a latent's variance: keeps latents that say nothing about color from getting huge factors."""
RECENT_STEPS: Final = 8


class LatentProjection:
    """Turns latents into colors by one small matrix.

    Parameters
    ----------
    factors : (C + 1, 3) tensor
        From the channels of a latent, and 1, to red, green and blue in 0 to 255.

    Notes
    -----
    A VAE's latents are nearly a linear function of the colors around them, which is enough for a small picture. The factors are
    fitted to the VAE that is loaded, so they are right for any, and no table has to be copied.
    """

    def __init__(self, factors: torch.Tensor) -> None:
        self.factors = factors

    @classmethod
    @torch.no_grad()
    def fit(cls, model: FluxModel) -> "LatentProjection":
        """Fit the factors by least squares: synthetic pictures of colored blocks, their latents, and what becomes of those."""
        rows, colors = [], []
        for number in range(SAMPLES):
            reference = model.encode_picture(_colored_blocks(number))
            decoded = torch.from_numpy(model.decode(reference.tokens, reference.grid_hw).copy()).to(torch.float32)
            cells = _unpack(reference.tokens, reference.grid_hw)
            size = decoded.shape[0] // cells.shape[0]
            pooled = torch.nn.functional.avg_pool2d(decoded.permute(2, 0, 1)[None], size)[0].permute(1, 2, 0)
            rows.append(cells.reshape(-1, cells.shape[-1]).to("cpu", torch.float64))
            colors.append(pooled.reshape(-1, 3).to(torch.float64))
        latents, wanted = torch.cat(rows), torch.cat(colors)
        mean, spread = latents.mean(dim=0), latents.std(dim=0) + 1e-12
        normal = (latents - mean) / spread
        gram = normal.T @ normal / len(normal)
        gram += RIDGE * torch.eye(len(gram), dtype=gram.dtype)
        slopes = torch.linalg.solve(gram, normal.T @ (wanted - wanted.mean(dim=0)) / len(normal)) / spread[:, None]
        offset = wanted.mean(dim=0) - mean @ slopes
        return cls(torch.cat([slopes, offset[None]]).to(device=model.device, dtype=torch.float32))

    @torch.no_grad()
    def render(self, tokens: torch.Tensor, grid_hw: tuple[int, int]) -> Pixels | None:
        """Return the picture of latents at an eighth of its size.

        Parameters
        ----------
        tokens : (1, N, 4 * C) tensor
            Packed latents without noise.
        grid_hw : (int, int)
            Rows and columns of tokens.

        Returns
        -------
        (2 * rows, 2 * columns, 3) uint8, sRGB, or None
            None when it is not a number; whether the picture is, is decided when it is finished.
        """
        cells = _unpack(tokens, grid_hw).to(torch.float32)
        colors = cells @ self.factors[:-1] + self.factors[-1]
        if not bool(torch.isfinite(colors).all()):
            return None
        return np.ascontiguousarray(colors.clamp(0, 255).round().to(torch.uint8).cpu().numpy())


@dataclass(frozen=True)
class Report:
    """Where a picture stands, as the worker's thread tells it; turned into a ``Progress`` in the thread of who wants to know.

    Attributes
    ----------
    step, total : int
    seconds_left : float or None
    preview : (h, w, 3) uint8, sRGB, or None
    """

    step: int
    total: int
    seconds_left: float | None
    preview: Pixels | None = None

    def progress(self) -> Progress:
        """Return it for the engine's caller, the preview as a file."""
        return Progress(self.step, self.total, "denoising", self.seconds_left, self._png())

    def _png(self) -> bytes | None:
        if self.preview is None:
            return None
        buffer = io.BytesIO()
        Image.fromarray(self.preview).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()


class Pace:
    """How fast a picture gets on.

    Attributes
    ----------
    beats : deque of float
        When it was admitted and when its last steps ended, in seconds of a clock that never goes back.
    """

    def __init__(self) -> None:
        self.beats: deque[float] = deque([time.monotonic()], maxlen=RECENT_STEPS + 1)
        self._steps = 0

    def note_step(self) -> None:
        """Note that a step has ended."""
        self._steps += 1
        if self._steps == 2:
            self.beats.popleft()  # the first step may have compiled, loaded or warmed up what later ones find ready
        self.beats.append(time.monotonic())

    def seconds_left(self, steps_left: int) -> float | None:
        """Return how long the steps that are left will take at the pace of the last ones; None before the first step."""
        if len(self.beats) < 2:
            return None
        return steps_left * (self.beats[-1] - self.beats[0]) / (len(self.beats) - 1)


def _unpack(tokens: torch.Tensor, grid_hw: tuple[int, int]) -> torch.Tensor:
    """Return (2 * rows, 2 * columns, C) latents from the (1, N, 4 * C) tokens of a grid."""
    rows, columns = grid_hw
    blocks = tokens[0].reshape(rows, columns, -1, 2, 2)
    return blocks.permute(0, 3, 1, 4, 2).reshape(2 * rows, 2 * columns, -1)


def _colored_blocks(number: int) -> Pixels:
    """Return a picture of colored blocks of three sizes, one size over the other: (256, 256, 3) uint8."""
    rng = np.random.default_rng(number)
    picture = np.zeros((SAMPLE_PX, SAMPLE_PX, 3), np.uint8)
    for size in BLOCKS_PX:
        count = SAMPLE_PX // size
        colors = rng.integers(0, 256, (count, count, 3), dtype=np.uint8)
        blocks = np.kron(colors, np.ones((size, size, 1), np.uint8))
        shown = np.kron(rng.random((count, count)) < 0.5, np.ones((size, size), np.bool_))
        picture[shown] = blocks[shown]
    return picture
