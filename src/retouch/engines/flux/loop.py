"""The denoising loop: pictures are admitted, share forward passes step by step, and leave when they are finished.

A picture that is made alone has bitwise the latents of diffusers' own pipeline; the tests hold the loop to that. With
``batch_size`` fixed, every forward pass is padded to that many samples: matrix products of one shape are computed the same way
whatever the other rows hold, so a picture is bitwise the same whoever shares its passes.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Literal

import torch

from retouch.engines.flux.inpaint import Start
from retouch.engines.flux.lora_folder import LoraSet
from retouch.engines.flux.model import FluxModel, PromptEmbeds, Reference
from retouch.engines.flux.previews import LatentProjection, Pace, Report
from retouch.engines.flux.schedule import Schedule
from retouch.engines.flux.step_cache import CachedSteps, StepCache
from retouch.images.array_types import Pixels

__all__ = ["Denoising", "DenoisingLoop", "Order"]


@dataclass(frozen=True)
class Order:
    """One picture to be made.

    Attributes
    ----------
    embeds : PromptEmbeds
    references : tuple of Reference
        Input pictures, each a token set of its own, at least one.
    grid_hw : (int, int)
        Size of the answer in tokens.
    seed : int
    num_inference_steps : int
    guidance_scale : float
        Embedded in the model; no effect on one that takes none.
    negative : PromptEmbeds or None
        With ``true_cfg_scale`` above 1: what the picture should not be. Doubles the work.
    true_cfg_scale : float
    start : Start or None
        The input's own latents to start from, and the part of them to stay; None starts from noise alone.
    loras : tuple of ChosenLora
        Switched on for this picture's passes.
    reference_ids : {"index", "offset"}
        Several references lie on planes of their own, or side by side on one.
    preview_every : int or None
        Steps from one preview to the next.
    """

    embeds: PromptEmbeds
    references: tuple[Reference, ...]
    grid_hw: tuple[int, int]
    seed: int
    num_inference_steps: int
    guidance_scale: float
    negative: PromptEmbeds | None = None
    true_cfg_scale: float = 1.0
    start: Start | None = None
    loras: LoraSet = ()
    reference_ids: Literal["index", "offset"] = "index"
    preview_every: int | None = None


@dataclass
class Denoising:
    """A picture in the loop.

    Attributes
    ----------
    latents : (1, N, C) tensor
        The picture so far.
    reference : (1, M, C) tensor
        The input pictures' tokens, one behind the other.
    positions : (N + M, 3) tensor
    step : int
        How many steps are done.
    noise : (1, N, C) tensor
        What the seed drew.
    velocity : (1, N, C) tensor or None
        What the last step was told by the model.
    pace : Pace
    key : tuple
        Pictures with the same one can share a pass.
    cached : CachedSteps or None
        With a step cache: what this picture's steps leave for its next ones.
    cached_negative : CachedSteps or None
        The same for its negative prompt.
    """

    order: Order
    latents: torch.Tensor
    reference: torch.Tensor
    positions: torch.Tensor
    schedule: Schedule
    noise: torch.Tensor
    velocity: torch.Tensor | None = None
    pace: Pace = field(default_factory=Pace)
    step: int = 0
    key: tuple[object, ...] = field(default=())
    cached: CachedSteps | None = None
    cached_negative: CachedSteps | None = None

    @property
    def done(self) -> bool:
        """Whether every step is done."""
        return self.step >= len(self.schedule.timesteps)

    @property
    def extrapolated_steps(self) -> int:
        """How many passes the step cache has spared this picture."""
        return sum(each.extrapolated for each in (self.cached, self.cached_negative) if each is not None)


class DenoisingLoop:
    """Advances pictures of one shape together.

    Parameters
    ----------
    model : FluxModel
    batch_size : int
        The most pictures of one forward pass.
    reproducible : bool
        Pad every pass to ``batch_size``, so that a picture's bytes do not depend on its neighbors. False makes a pass as large as
        it has pictures, which is faster when there are few, and changes low bits.
    step_cache : StepCache, optional
        Extrapolates steps; takes a ``batch_size`` of 1, since it decides for a whole pass.
    activate : callable, optional
        Switches a set of LoRAs on, before every pass; left out, no picture may have any.
    projection : LatentProjection, optional
        Draws the previews; left out, there are none.

    Attributes
    ----------
    passes : int
        How often the transformer was run.
    """

    def __init__(
        self,
        model: FluxModel,
        *,
        batch_size: int = 1,
        reproducible: bool = True,
        step_cache: StepCache | None = None,
        activate: Callable[[LoraSet], None] | None = None,
        projection: LatentProjection | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        if step_cache is not None and batch_size > 1:
            raise ValueError(f"a step cache takes one picture at a time, not {batch_size}")
        self.model = model
        self.batch_size = batch_size
        self.reproducible = reproducible
        self.passes = 0
        self._step_cache = step_cache
        self._activate = activate
        self._projection = projection

    def admit(self, order: Order) -> Denoising:
        """Return a picture at its first step: noise, and the positions of all tokens.

        References lie on planes of their own behind the answer's (plane 0), as in training with one picture (plane 1); or, with
        "offset" ids, all on plane 1, each to the right of the one before.

        Raises
        ------
        ValueError
            It has LoRAs, and this loop takes none.
        """
        if order.loras and self._activate is None:
            raise ValueError("this loop takes no LoRAs")
        noise = self.model.draw_noise(order.grid_hw, order.seed)
        strength = 1.0 if order.start is None else order.start.strength
        schedule = self.model.schedule(noise.shape[1], order.num_inference_steps, strength=strength)
        grids = tuple(each.grid_hw for each in order.references)
        has_cache = self._step_cache is not None
        return Denoising(
            order=order,
            latents=noise if order.start is None else order.start.noised(schedule, noise),
            reference=torch.cat([each.tokens for each in order.references], dim=1),
            positions=torch.cat([self.model.positions(order.grid_hw), *self._reference_positions(order)], dim=0),
            schedule=schedule,
            noise=noise,
            key=(order.grid_hw, grids, order.reference_ids, order.embeds.sequence.shape[1], order.loras, has_cache),
            cached=self._start_cache(schedule),
            cached_negative=self._start_cache(schedule) if _needs_negative(order) else None,
        )

    def _reference_positions(self, order: Order) -> list[torch.Tensor]:
        if order.reference_ids == "index":
            return [self.model.positions(each.grid_hw, plane=1 + k) for k, each in enumerate(order.references)]
        lefts = [sum(each.grid_hw[1] for each in order.references[:k]) for k in range(len(order.references))]
        return [
            self.model.positions(each.grid_hw, plane=1, right_by=left)
            for each, left in zip(order.references, lefts, strict=True)
        ]

    def step(self, pictures: Sequence[Denoising]) -> None:
        """Advance pictures that have the same ``key`` by one step each; each is at its own step of its own schedule.

        Raises
        ------
        ValueError
            There are none, too many, or pictures of different shapes.
        """
        if not 1 <= len(pictures) <= self.batch_size:
            raise ValueError(f"a step takes 1 to {self.batch_size} pictures, not {len(pictures)}")
        if len({picture.key for picture in pictures}) > 1:
            raise ValueError("pictures of different shapes can't share a step")
        velocities = self._predict(pictures, [picture.order.embeds for picture in pictures], pictures[0].cached)
        guided = [k for k, picture in enumerate(pictures) if _needs_negative(picture.order)]
        if guided:
            chosen = [pictures[k] for k in guided]
            negatives = [picture.order.negative for picture in chosen]
            away = self._predict(chosen, [each for each in negatives if each is not None], chosen[0].cached_negative)
            for k, picture, unwanted in zip(guided, chosen, away, strict=True):
                velocities[k] = unwanted + picture.order.true_cfg_scale * (velocities[k] - unwanted)
        for picture, velocity in zip(pictures, velocities, strict=True):
            latents, done = picture.schedule.advance(velocity, picture.step, picture.latents), picture.step + 1
            if picture.order.start is not None:
                latents = picture.order.start.keep(latents, picture.schedule, picture.noise, done)
            picture.latents, picture.velocity, picture.step = latents, velocity, done
            picture.pace.note_step()

    def report(self, picture: Denoising) -> Report:
        """Return where a picture stands after a step, with a preview when one is due."""
        total = len(picture.schedule.timesteps)
        seconds_left = picture.pace.seconds_left(total - picture.step)
        return Report(picture.step, total, seconds_left, self._preview(picture))

    def _preview(self, picture: Denoising) -> Pixels | None:
        """Return a small picture of where the model is heading; None when none is due."""
        every = picture.order.preview_every
        if every is None or self._projection is None or picture.velocity is None or picture.step % every:
            return None
        # The latents are still full of noise; the last velocity tells what is behind it.
        clean = picture.latents - picture.schedule.noise_level(picture.step) * picture.velocity
        return self._projection.render(clean, picture.order.grid_hw)

    def finish(self, picture: Denoising) -> Pixels:
        """Return the finished picture, (H, W, 3) uint8, sRGB.

        Raises
        ------
        ValueError
            It has steps to go.
        EngineError
            It is not finite.
        """
        if not picture.done:
            raise ValueError(f"step {picture.step} of {len(picture.schedule.timesteps)}: not finished")
        return self.model.decode(picture.latents, picture.order.grid_hw)

    def _start_cache(self, schedule: Schedule) -> CachedSteps | None:
        return None if self._step_cache is None else self._step_cache.start(len(schedule.timesteps))

    def _predict(
        self, pictures: Sequence[Denoising], embeds: Sequence[PromptEmbeds], cached: CachedSteps | None
    ) -> list[torch.Tensor]:
        """Return each picture's velocity, (1, N, C), from one forward pass."""
        rows = list(range(len(pictures)))
        if self.reproducible:
            rows += [0] * (self.batch_size - len(rows))
        length = pictures[0].latents.shape[1]
        tokens = torch.cat([torch.cat([pictures[k].latents, pictures[k].reference], dim=1) for k in rows])
        times = torch.stack([pictures[k].schedule.timesteps[pictures[k].step] for k in rows]).to(tokens.dtype)
        scales = [pictures[k].order.guidance_scale for k in rows]
        guidance = (
            torch.tensor(scales, dtype=torch.float32, device=tokens.device) if self.model.takes_guidance else None
        )
        batch = PromptEmbeds(
            torch.cat([embeds[k].sequence for k in rows]), torch.cat([embeds[k].pooled for k in rows]), embeds[0].ids
        )
        remembering = nullcontext() if self._step_cache is None or cached is None else self._step_cache.using(cached)
        if self._activate is not None:
            self._activate(pictures[0].order.loras)
        self.passes += 1
        with remembering:
            velocity = self.model.predict(tokens, pictures[0].positions, times, guidance, batch)[:, :length]
        return [velocity[k : k + 1] for k in range(len(pictures))]


def _needs_negative(order: Order) -> bool:
    return order.negative is not None and order.true_cfg_scale > 1.0
