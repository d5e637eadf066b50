"""From a request to what the denoising loop makes of it."""

from dataclasses import dataclass
from typing import Final

from retouch.engines.base import EditInputs
from retouch.engines.flux.conditioning import Conditioning
from retouch.engines.flux.inpaint import Start, pack_mask
from retouch.engines.flux.loop import Order
from retouch.engines.flux.lora_folder import LoraFolder
from retouch.engines.flux.model import FluxModel, PromptEmbeds
from retouch.engines.flux.options import FluxOptions, ReferenceMode
from retouch.engines.flux.schedule import steps_made
from retouch.errors import InvalidValueError
from retouch.images.array_types import Pixels
from retouch.types import EditRequest

__all__ = ["TRUE_CFG_SCALE", "OrderBuilder"]

TRUE_CFG_SCALE: Final = 2.0
"""For requests with a negative prompt that name none. The model embeds a guidance of its own, so a little does."""


@dataclass(frozen=True)
class OrderBuilder:
    """Turns requests into orders for one model.

    Attributes
    ----------
    model : FluxModel
    conditioning : Conditioning
    loras : LoraFolder
    options : FluxOptions
        What holds where a request says nothing.
    """

    model: FluxModel
    conditioning: Conditioning
    loras: LoraFolder
    options: FluxOptions

    def check(self, request: EditRequest) -> None:
        """Refuse at once, in the caller's thread, what can't be made.

        Raises
        ------
        InvalidValueError
            A prompt is longer than the model reads, ``max_sequence_length`` is more than the operator allows, or there is no LoRA
            of that name.
        """
        asked, most = request.generation, self.options.max_sequence_length
        if asked.max_sequence_length is not None and asked.max_sequence_length > most:
            raise InvalidValueError("max_sequence_length", f"at most {most} on this server", asked.max_sequence_length)
        self._check_prompt("prompt", request.prompt, self._length(request))
        if asked.negative_prompt is not None:
            self._check_prompt("negative_prompt", asked.negative_prompt, self._length(request))
        self.loras.require(asked.loras)

    def steps(self, request: EditRequest) -> int:
        """Return how many steps the picture will take."""
        asked = request.generation
        return steps_made(asked.num_inference_steps or self.options.num_inference_steps, asked.strength or 1.0)

    def build(self, request: EditRequest, inputs: EditInputs, seed: int) -> Order:
        """Encode what is not encoded yet, and return the order. Runs on the device, so in the worker's thread."""
        asked, options = request.generation, self.options
        base = inputs.fitted(0)
        others = [inputs.originals[index] for index in range(1, len(inputs))]
        loras = self.loras.choose(asked.loras)
        length, multiple = self._length(request), self.model.size_multiple
        negative: PromptEmbeds | None = None
        if asked.negative_prompt is not None:
            negative = self.conditioning.prompt(asked.negative_prompt, length, loras)
        return Order(
            embeds=self.conditioning.prompt(request.prompt, length, loras),
            references=self.conditioning.references([base, *others], options.reference_mode),
            grid_hw=(base.shape[0] // multiple, base.shape[1] // multiple),
            seed=seed,
            num_inference_steps=asked.num_inference_steps or options.num_inference_steps,
            guidance_scale=options.guidance_scale if request.guidance_scale is None else request.guidance_scale,
            negative=negative,
            true_cfg_scale=(asked.true_cfg_scale or TRUE_CFG_SCALE) if negative is not None else 1.0,
            start=self._start(base, inputs, asked.strength),
            loras=loras,
            reference_ids="offset" if options.reference_mode is ReferenceMode.OFFSET else "index",
            preview_every=asked.preview_every,
        )

    def _length(self, request: EditRequest) -> int:
        return request.generation.max_sequence_length or self.options.max_sequence_length

    def _check_prompt(self, field: str, prompt: str, limit: int) -> None:
        length = self.model.count_prompt_tokens(prompt)
        if length > limit:
            raise InvalidValueError(field, f"at most {limit} tokens as the model counts them", f"{length} tokens")

    def _start(self, base: Pixels, inputs: EditInputs, strength: float | None) -> Start | None:
        if inputs.mask is None and (strength is None or strength == 1.0):
            return None
        latents = self.conditioning.latents(base)
        if inputs.mask is None:
            return Start(latents, strength or 1.0)
        multiple = self.model.size_multiple
        grid_hw = (base.shape[0] // multiple, base.shape[1] // multiple)
        packed = pack_mask(inputs.mask, grid_hw, latents.shape[2] // 4)
        return Start(latents, strength or 1.0, packed.to(device=latents.device, dtype=latents.dtype))
