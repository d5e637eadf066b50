"""The noise levels that one picture goes through."""

import copy
from typing import Any

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.flux.pipeline_flux_kontext import calculate_shift

__all__ = ["Schedule", "steps_made"]


def steps_made(num_inference_steps: int, strength: float) -> int:
    """Return how many of the steps are left to make, rounded as diffusers' image-to-image pipelines do; at least one.

    >>> steps_made(8, 0.6), steps_made(8, 1.0), steps_made(4, 0.01)
    (5, 8, 1)
    """
    return max(1, num_inference_steps - int(num_inference_steps - num_inference_steps * strength))


class Schedule:
    """The noise levels of one picture. Has a state, so every picture needs its own.

    Parameters
    ----------
    scheduler : FlowMatchEulerDiscreteScheduler
        Copied.
    num_tokens : int
        Of the picture that is made: larger ones spend more steps at high noise.
    num_inference_steps : int
        For the whole way from pure noise.
    device : torch.device
    strength : float, above 0 up to 1
        How much of that way is gone; 1 begins at pure noise. At least one step is left.

    Attributes
    ----------
    timesteps : (S,) tensor
        Of the steps that are made.
    """

    def __init__(
        self,
        scheduler: FlowMatchEulerDiscreteScheduler,
        num_tokens: int,
        num_inference_steps: int,
        device: torch.device,
        *,
        strength: float = 1.0,
    ) -> None:
        self._scheduler: Any = copy.deepcopy(scheduler)
        config = self._scheduler.config
        shift = calculate_shift(
            num_tokens,
            config.get("base_image_seq_len", 256),
            config.get("max_image_seq_len", 4096),
            config.get("base_shift", 0.5),
            config.get("max_shift", 1.15),
        )
        sigmas = np.linspace(1.0, 1.0 / num_inference_steps, num_inference_steps)
        self._scheduler.set_timesteps(sigmas=sigmas, device=device, mu=shift)
        self._skipped = num_inference_steps - steps_made(num_inference_steps, strength)
        self._scheduler.set_begin_index(self._skipped)
        self.timesteps: torch.Tensor = self._scheduler.timesteps[self._skipped :]

    def advance(self, prediction: torch.Tensor, step: int, latents: torch.Tensor) -> torch.Tensor:
        """Return the latents after step ``step`` (from 0), given the predicted velocity; both (1, N, C)."""
        self._scheduler._step_index = self._skipped + step  # so that a step that failed can be made again
        advanced: torch.Tensor = self._scheduler.step(prediction, self.timesteps[step], latents, return_dict=False)[0]
        return advanced

    def add_noise(self, latents: torch.Tensor, noise: torch.Tensor, step: int) -> torch.Tensor:
        """Return finished latents, (1, N, C), at the noise level in front of step ``step``; behind the last there is none."""
        if step >= len(self.timesteps):
            return latents
        level = (
            self._scheduler.sigmas[self._skipped + step].to(device=latents.device, dtype=latents.dtype).view(1, 1, 1)
        )
        noisy: torch.Tensor = level * noise + (1.0 - level) * latents
        return noisy

    def noise_level(self, step: int) -> float:
        """Return the share of noise in front of step ``step``: 1 is pure noise, 0 (behind the last) none."""
        return float(self._scheduler.sigmas[self._skipped + step])
