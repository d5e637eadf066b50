"""Where a picture starts from, when it does not start from noise alone, and which part of it is made anew.

As diffusers' ``FluxKontextInpaintPipeline`` does it, to the bit: the input's own latents are noised to the level at which the
work begins, and after every step what the mask keeps is put back, at the noise level that the picture has then.
"""

from dataclasses import dataclass

import numpy as np
import torch

from retouch.engines.flux.schedule import Schedule
from retouch.errors import InvalidValueError
from retouch.images.array_types import Mask

__all__ = ["Start", "pack_mask"]

CHANGES_FROM = 0.5
"""A gray of the mask from which on the model draws: it knows only yes and no. How gray shows is the compositing's business."""


@dataclass(frozen=True)
class Start:
    """Where a picture starts from.

    Attributes
    ----------
    latents : (1, N, C) tensor
        Of the input at the answer's size, without noise.
    strength : float
        Above 0, up to 1: how much noise they get.
    mask : (1, N, C) tensor or None
        1 where the picture is made anew, 0 where it stays the input's; None makes all of it.
    """

    latents: torch.Tensor
    strength: float = 1.0
    mask: torch.Tensor | None = None

    def noised(self, schedule: Schedule, noise: torch.Tensor) -> torch.Tensor:
        """Return the latents that the first step takes."""
        return schedule.add_noise(self.latents, noise, 0)

    def keep(self, latents: torch.Tensor, schedule: Schedule, noise: torch.Tensor, step: int) -> torch.Tensor:
        """Return a picture's latents in front of step ``step`` with what the mask keeps put back."""
        if self.mask is None:
            return latents
        kept = schedule.add_noise(self.latents, noise, step)
        return (1 - self.mask) * kept + self.mask * latents


def pack_mask(mask: Mask, grid_hw: tuple[int, int], channels: int) -> torch.Tensor:
    """Bring a mask to the latents' grid.

    Parameters
    ----------
    mask : (H, W) float32 [0, 1]
        At the answer's size.
    grid_hw : (int, int)
        Size of the answer in tokens, each of 2 x 2 latents.
    channels : int
        Of the latents.

    Returns
    -------
    (1, N, 4 * channels) float32 tensor of 0 and 1

    Raises
    ------
    InvalidValueError
        The mask is so fine that no latent falls into it.
    """
    height, width = 2 * grid_hw[0], 2 * grid_hw[1]
    yes_or_no = torch.from_numpy((np.asarray(mask) >= CHANGES_FROM).astype(np.float32))[None, None]
    cells = torch.nn.functional.interpolate(yes_or_no, size=(height, width))
    if not bool(cells.any()):
        rule = f"white in places of at least {mask.shape[0] // height} x {mask.shape[1] // width} pixels"
        raise InvalidValueError("mask", f"{rule}: the model draws in blocks of that size", "a finer mask")
    blocks = cells.repeat(1, channels, 1, 1).view(1, channels, grid_hw[0], 2, grid_hw[1], 2)
    return blocks.permute(0, 2, 4, 1, 3, 5).reshape(1, grid_hw[0] * grid_hw[1], 4 * channels)
