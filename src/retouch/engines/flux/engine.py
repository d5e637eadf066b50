"""FLUX.1 Kontext as an engine."""

from dataclasses import fields
from pathlib import Path

import torch

from retouch.engines.base import Capabilities, EditInputs, EngineOutput
from retouch.engines.flux.checkpoint import read_checkpoint_sizes
from retouch.engines.flux.conditioning import CacheStatistics, Conditioning
from retouch.engines.flux.loading import log_plan, read_device
from retouch.engines.flux.loop import DenoisingLoop
from retouch.engines.flux.lora import LoraRack
from retouch.engines.flux.lora_folder import LoraFolder
from retouch.engines.flux.memory import CarefulLoop
from retouch.engines.flux.model import FluxModel
from retouch.engines.flux.options import FluxOptions, ReferenceMode
from retouch.engines.flux.orders import OrderBuilder
from retouch.engines.flux.planner import Plan, Wants, make_plan
from retouch.engines.flux.previews import LatentProjection
from retouch.engines.flux.source import FluxSource, find_source
from retouch.engines.flux.worker import FluxWorker
from retouch.errors import EngineError
from retouch.generation import GenerationOptions
from retouch.kontext import MAX_REFERENCE_IMAGES
from retouch.types import EditRequest, Interpretation, ProgressCallback, ShouldAbort

__all__ = ["FluxEngine"]


class FluxEngine:
    """Runs FLUX.1 Kontext behind the engine protocol.

    Parameters
    ----------
    folder : Path
        A checkpoint in the diffusers layout; where there is none, ``options.repository`` is looked for in the hub's local cache.
        Nothing is fetched.
    options : FluxOptions, optional
    lora_folder : LoraFolder, optional
        The LoRAs that requests may name; none when left out.
    """

    name = "flux"
    version = "1"
    capabilities = Capabilities(
        max_input_images=MAX_REFERENCE_IMAGES,
        uses_guidance_scale=True,
        generation_options=frozenset(each.name for each in fields(GenerationOptions)),
    )

    def __init__(
        self, folder: Path, options: FluxOptions | None = None, *, lora_folder: LoraFolder | None = None
    ) -> None:
        self._folder = folder
        self._loras = lora_folder or LoraFolder()
        self._rack: LoraRack | None = None
        self._options = options or FluxOptions()
        self._model: FluxModel | None = None
        self._conditioning: Conditioning | None = None
        self._worker: FluxWorker | None = None
        self._plan: Plan | None = None

    def load(self) -> None:
        """Load the weights and start the worker; see ``Engine.load``.

        Raises
        ------
        ModelFileError
            The checkpoint is missing or damaged.
        ConfigurationError
            The model does not fit the machine, or what was pinned does not; with numbers.
        EngineError
            The device is not there.
        """
        if self._worker is not None:
            return
        options = self._options
        self._plan, source = self._make_plan()
        log_plan(self._plan)
        self._model = FluxModel.from_source(
            source, self._plan.choice, options.device, multiply_fp8=self._plan.dynamic_fp8
        )
        self._rack = LoraRack(self._model.pipeline, self._loras)
        self._conditioning = Conditioning(self._model, activate=self._rack.activate)
        loop = DenoisingLoop(
            self._model,
            batch_size=options.batch_size,
            reproducible=options.reproducible,
            activate=self._rack.activate,
            projection=LatentProjection.fit(self._model),
        )
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
            The prompt is longer than the model reads, or there is no LoRA of that name.
        ModelFileError
            A LoRA is not for this model.
        EditAbortedError, EngineError
            As ``FluxWorker.make``.
        """
        if self._model is None or self._conditioning is None or self._worker is None:
            raise EngineError("The FLUX engine is not loaded.")
        orders = OrderBuilder(self._model, self._conditioning, self._loras, self._options)
        orders.check(request)
        pixels = self._worker.make(
            lambda: orders.build(request, inputs, seed), on_step=on_step, should_abort=should_abort
        )
        return EngineOutput(pixels, seed, interpretation=Interpretation(notes=self._notes(len(inputs))))

    def close(self) -> None:
        """Stop the worker and free the weights."""
        if self._worker is not None:
            self._worker.close()
        self._worker = self._conditioning = self._model = self._rack = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    @property
    def plan(self) -> Plan | None:
        """How the model is run here and why; None before ``load``."""
        return self._plan

    def _make_plan(self) -> tuple[Plan, FluxSource]:
        options = self._options
        source = find_source(self._folder, options)
        source.check()
        sizes = read_checkpoint_sizes(source.folder, source.transformer_file)
        return make_plan(read_device(options.device), sizes, Wants.of(options)), source

    @property
    def cache_statistics(self) -> dict[str, CacheStatistics]:
        """Hits and misses of the caches, by name; empty before ``load``."""
        if self._conditioning is None or self._rack is None:
            return {}
        return {**self._conditioning.statistics, "loras": self._rack.statistics}

    def _notes(self, pictures: int) -> tuple[str, ...]:
        if pictures < 2 or self._options.reference_mode is not ReferenceMode.STITCH:
            return ()
        return (f"The {pictures} pictures were shown to the model side by side.",)
