"""FLUX.1 Kontext as an engine."""

from pathlib import Path

import torch

from retouch.engines.base import Capabilities, EditInputs, EngineOutput
from retouch.engines.flux.conditioning import CacheStatistics, Conditioning
from retouch.engines.flux.loop import DenoisingLoop, Order
from retouch.engines.flux.memory import CarefulLoop
from retouch.engines.flux.model import FluxModel
from retouch.engines.flux.options import FluxOptions, Precision, ReferenceMode
from retouch.engines.flux.worker import FluxWorker
from retouch.errors import EngineError, InvalidValueError
from retouch.kontext import MAX_REFERENCE_IMAGES
from retouch.types import EditRequest, Interpretation, ProgressCallback, ShouldAbort

__all__ = ["FluxEngine"]

_DTYPES: dict[Precision, torch.dtype] = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
}


class FluxEngine:
    """Runs FLUX.1 Kontext behind the engine protocol.

    Parameters
    ----------
    folder : Path
        A checkpoint in the diffusers layout. Nothing is fetched.
    options : FluxOptions, optional
    """

    name = "flux"
    version = "1"
    capabilities = Capabilities(max_input_images=MAX_REFERENCE_IMAGES, uses_guidance_scale=True)

    def __init__(self, folder: Path, options: FluxOptions | None = None) -> None:
        self._folder = folder
        self._options = options or FluxOptions()
        self._model: FluxModel | None = None
        self._conditioning: Conditioning | None = None
        self._worker: FluxWorker | None = None

    def load(self) -> None:
        """Load the weights and start the worker; see ``Engine.load``.

        Raises
        ------
        ModelFileError
            The checkpoint is missing or damaged.
        EngineError
            The device is not there.
        """
        if self._worker is not None:
            return
        options = self._options
        if options.device.startswith("cuda") and not torch.cuda.is_available():
            raise EngineError(
                "The FLUX engine is set to run on a GPU, and this machine has none that torch can use. Install a CUDA build of "
                'torch, or set the device to "cpu" (minutes to hours for one picture).'
            )
        self._model = FluxModel.from_folder(self._folder, dtype=_DTYPES[options.precision], device=options.device)
        self._conditioning = Conditioning(self._model)
        loop = DenoisingLoop(self._model, batch_size=options.batch_size, reproducible=options.reproducible)
        careful = CarefulLoop(loop, release=self._conditioning.clear)
        self._worker = FluxWorker(careful, max_active=max(8, 2 * options.batch_size))

    def edit(
        self,
        request: EditRequest,
        inputs: EditInputs,
        *,
        seed: int,
        on_step: ProgressCallback | None = None,
        should_abort: ShouldAbort | None = None,
    ) -> EngineOutput:
        """Make one picture; see ``Engine.edit``.

        Raises
        ------
        InvalidValueError
            The prompt is longer than the model reads.
        EditAbortedError, EngineError
            As ``FluxWorker.make``.
        """
        if self._model is None or self._conditioning is None or self._worker is None:
            raise EngineError("The FLUX engine is not loaded.")
        self._check_prompt(self._model, request.prompt)
        model, conditioning = self._model, self._conditioning
        pixels = self._worker.make(
            lambda: self._order(model, conditioning, request, inputs, seed), on_step=on_step, should_abort=should_abort
        )
        return EngineOutput(pixels, seed, interpretation=Interpretation(notes=self._notes(len(inputs))))

    def close(self) -> None:
        """Stop the worker and free the weights."""
        if self._worker is not None:
            self._worker.close()
        self._worker = self._conditioning = self._model = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    @property
    def cache_statistics(self) -> dict[str, CacheStatistics]:
        """Hits and misses of the caches, by name; empty before ``load``."""
        return self._conditioning.statistics if self._conditioning is not None else {}

    def _check_prompt(self, model: FluxModel, prompt: str) -> None:
        length, limit = model.count_prompt_tokens(prompt), self._options.max_sequence_length
        if length > limit:
            raise InvalidValueError("prompt", f"at most {limit} tokens as the model counts them", f"{length} tokens")

    def _order(
        self, model: FluxModel, conditioning: Conditioning, request: EditRequest, inputs: EditInputs, seed: int
    ) -> Order:
        base = inputs.fitted(0)
        others = [inputs.originals[index] for index in range(1, len(inputs))]
        multiple = model.size_multiple
        scale = self._options.guidance_scale if request.guidance_scale is None else request.guidance_scale
        return Order(
            embeds=conditioning.prompt(request.prompt, self._options.max_sequence_length),
            references=conditioning.references([base, *others], self._options.reference_mode),
            grid_hw=(base.shape[0] // multiple, base.shape[1] // multiple),
            seed=seed,
            num_inference_steps=self._options.num_inference_steps,
            guidance_scale=scale,
        )

    def _notes(self, pictures: int) -> tuple[str, ...]:
        if pictures < 2 or self._options.reference_mode is not ReferenceMode.STITCH:
            return ()
        return (f"The {pictures} pictures were shown to the model side by side.",)
