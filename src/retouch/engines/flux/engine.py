"""FLUX.1 Kontext as an engine."""

import logging
from dataclasses import fields
from pathlib import Path
from typing import Final

from retouch.engines.base import Capabilities, EditInputs, EngineOutput
from retouch.engines.flux.checkpoint import KONTEXT_DEV, CheckpointSizes, read_checkpoint_sizes
from retouch.engines.flux.conditioning import CacheStatistics, Conditioning
from retouch.engines.flux.device import read_device
from retouch.engines.flux.estimate import Speed, describe_seconds, edit_seconds, measure_speed
from retouch.engines.flux.loading import log_plan
from retouch.engines.flux.loop import DenoisingLoop
from retouch.engines.flux.lora import LoraRack
from retouch.engines.flux.lora_folder import LoraFolder
from retouch.engines.flux.memory import CarefulLoop, free_memory
from retouch.engines.flux.model import FluxModel
from retouch.engines.flux.options import FluxOptions, ReferenceMode
from retouch.engines.flux.orders import OrderBuilder
from retouch.engines.flux.plan import Plan, Wants
from retouch.engines.flux.planner import make_plan
from retouch.engines.flux.presets import Techniques, apply_preset, check_preset, without_fp8
from retouch.engines.flux.previews import LatentProjection
from retouch.engines.flux.source import FluxSource, find_source
from retouch.engines.flux.statistics import FluxStatistics
from retouch.engines.flux.warmup import plan_warm_up, warm_up
from retouch.engines.flux.worker import FluxWorker
from retouch.errors import EngineError
from retouch.generation import GenerationOptions
from retouch.kontext import MAX_REFERENCE_IMAGES
from retouch.types import EditRequest, Interpretation, Progress, ProgressCallback, ShouldAbort

__all__ = ["FluxEngine"]

LONG_SECONDS: Final = 60.0
"""A picture that takes longer is announced with its time."""

_log = logging.getLogger(__name__)

CACHED_ACTIVE: Final = 4
"""Pictures that take turns with a step cache."""


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
        self._loras = self._usable_loras = lora_folder or LoraFolder()
        self._rack: LoraRack | None = None
        self._options = options or FluxOptions()
        self._model: FluxModel | None = None
        self._conditioning: Conditioning | None = None
        self._worker: FluxWorker | None = None
        self._plan: Plan | None = None
        self._techniques = Techniques(self._options.preset)
        self._warm_up_seconds = 0.0
        self._speed: Speed | None = None
        self._sizes: CheckpointSizes = KONTEXT_DEV

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
        check_preset(options.preset, options.batch_size, is_offloaded=self._plan.choice.streams_transformer)
        self._model = FluxModel.from_source(
            source, self._plan.choice, options.device, multiply_fp8=self._plan.dynamic_fp8
        )
        self._techniques = self._apply_preset(self._model, self._plan)
        self._usable_loras = self._loras if self._techniques.takes_loras else LoraFolder()
        self._rack = LoraRack(self._model.pipeline, self._usable_loras)
        self._conditioning = Conditioning(self._model, activate=self._rack.activate)
        loop = DenoisingLoop(
            self._model,
            batch_size=options.batch_size,
            reproducible=options.reproducible,
            step_cache=self._techniques.step_cache,
            activate=self._rack.activate,
            projection=LatentProjection.fit(self._model),
        )
        careful = CarefulLoop(loop, release=self._conditioning.clear)
        shapes = plan_warm_up(options, self._model.device.type, compiled=self._techniques.compiled)
        self._techniques, self._warm_up_seconds = warm_up(careful, self._techniques, shapes)
        self._worker = FluxWorker(careful, max_active=self._max_active())
        self._measure(self._model)

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
        orders = OrderBuilder(self._model, self._conditioning, self._usable_loras, self._options)
        orders.check(request)
        self._tell_time(request, orders.steps(request), inputs, on_step)
        pixels = self._worker.make(
            lambda: orders.build(request, inputs, seed), on_step=on_step, should_abort=should_abort
        )
        notes = (*self._notes(len(inputs)), *self._techniques.notes, *self._worker.notes)
        return EngineOutput(pixels, seed, interpretation=Interpretation(notes=notes))

    def close(self) -> None:
        """Stop the worker and free the weights."""
        if self._model is None:
            return
        if self._worker is not None:
            self._worker.close()
        device = self._model.device
        self._worker = self._conditioning = self._model = self._rack = None
        self._techniques = Techniques(self._options.preset)  # a step cache holds the transformer
        free_memory(device)

    def _measure(self, model: FluxModel) -> None:
        """Measure once how fast a processor multiplies by the loaded weights, and say in the log what a picture takes."""
        if model.device.type != "cpu":
            return
        block = model.pipeline.transformer.single_transformer_blocks[0]
        self._speed = measure_speed([block.proj_mlp, block.proj_out], model.dtype)
        seconds = edit_seconds(self._speed, self._sizes, steps=self._options.num_inference_steps)
        _log.info("FLUX.1 Kontext: a picture of a megapixel takes %s on this machine", describe_seconds(seconds))

    def _tell_time(
        self, request: EditRequest, steps: int, inputs: EditInputs, on_step: ProgressCallback | None
    ) -> None:
        """Say before the first step how long a picture takes, where that is long."""
        if self._speed is None or on_step is None:
            return
        passes = steps if request.generation.negative_prompt is None else 2 * steps
        height, width = inputs.fitted(0).shape[:2]
        seconds = edit_seconds(self._speed, self._sizes, steps=passes, pictures=len(inputs), pixels=height * width)
        if seconds > LONG_SECONDS:
            on_step(Progress(0, steps, f"denoising, {describe_seconds(seconds)} on this machine", seconds_left=seconds))

    @property
    def plan(self) -> Plan | None:
        """How the model is run here and why; None before ``load``."""
        return self._plan

    def _make_plan(self) -> tuple[Plan, FluxSource]:
        options = self._options
        source = find_source(self._folder, options)
        source.check()
        sizes = read_checkpoint_sizes(source.folder, source.transformer_file)
        self._sizes = sizes
        return make_plan(read_device(options.device), sizes, Wants.of(options)), source

    def _apply_preset(self, model: FluxModel, plan: Plan) -> Techniques:
        options = self._options
        return apply_preset(
            model,
            options.preset,
            batch_size=options.batch_size,
            has_loras=bool(self._loras.names),
            is_offloaded=plan.choice.streams_transformer,
            left_out=without_fp8(options.preset, options.precision, dynamic_fp8=plan.dynamic_fp8),
        )

    def _max_active(self) -> int:
        """Return how many pictures may take turns; what a step cache remembers is a few hundred megabytes for each."""
        return CACHED_ACTIVE if self._techniques.step_cache is not None else max(8, 2 * self._options.batch_size)

    def statistics(self) -> FluxStatistics:
        """Return what the engine counted since it was loaded.

        Raises
        ------
        EngineError
            It is not loaded.
        """
        if self._worker is None:
            raise EngineError("The FLUX engine is not loaded.")
        return FluxStatistics(
            preset=self._techniques.preset.value,
            attention=self._techniques.attention,
            notes=(*self._techniques.left_out, *self._worker.notes),
            warm_up_seconds=self._warm_up_seconds,
            worker=self._worker.statistics(),
            caches=self.cache_statistics,
        )

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
