"""The engine "auto": asks one engine after the other until one takes the edit, by the operator's rules."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from retouch.engines.base import Capabilities, EditInputs, Engine, EngineOutput
from retouch.errors import ConfigurationError, NotFoundError, UnsupportedInstructionError
from retouch.images.geometry import fill_size, fit_pixels
from retouch.types import EditRequest, ProgressCallback, ShouldAbort

__all__ = ["RoutingEngine", "RoutingOptions"]

NAME = "auto"


@dataclass(frozen=True, slots=True)
class RoutingOptions:
    """Which engine gets an edit.

    Attributes
    ----------
    order : tuple of str
        Names of engines. The first is asked; when it refuses the instruction, the next one is, and so on.
    models : mapping of str to tuple of str
        By the model that the client named: an order in place of ``order``.
    max_running : int
        Edits of one engine that may run side by side before the next engine is asked instead; 0 for any number.

    Raises
    ------
    ConfigurationError
        An order is empty, names an engine twice, or names "auto".
    """

    order: tuple[str, ...] = ("builtin",)
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max_running: int = 0

    def __post_init__(self) -> None:
        orders = {
            "routing.order": self.order,
            **{f"routing.models.{model}": each for model, each in self.models.items()},
        }
        for setting, names in orders.items():
            if not names or NAME in names or len(set(names)) < len(names):
                rule = f'must name one engine or more, each once, and not "{NAME}"'
                raise ConfigurationError(f"The setting {setting} {rule}; received {', '.join(names)!r}.")

    @property
    def names(self) -> tuple[str, ...]:
        """Every engine that is named, once."""
        return tuple(dict.fromkeys([*self.order, *(name for order in self.models.values() for name in order)]))


class RoutingEngine:
    """Passes each edit to one of several engines.

    Parameters
    ----------
    options : RoutingOptions
    get_engine : callable
        From a name to the loaded engine.
    get_capabilities : callable
        From a name to what that engine can do, without loading it.

    Notes
    -----
    Only a refused instruction goes on to the next engine. One that fails is not covered up: the same request would then be
    answered by this engine or by that one as the network has it.
    """

    def __init__(
        self,
        options: RoutingOptions,
        get_engine: Callable[[str], Engine],
        get_capabilities: Callable[[str], Capabilities],
    ) -> None:
        self._options = options
        self._get_engine = get_engine
        self._get_capabilities = get_capabilities
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """``auto``."""
        return NAME

    @property
    def version(self) -> str:
        """The order; the result tells the engine that made it."""
        return "+".join(self._options.order)

    @property
    def capabilities(self) -> Capabilities:
        """What at least one of the engines can do."""
        each = [self._get_capabilities(name) for name in self._options.names]
        return Capabilities(
            max_input_images=max(one.max_input_images for one in each),
            text_to_image=any(one.text_to_image for one in each),
            uses_guidance_scale=any(one.uses_guidance_scale for one in each),
            any_size=any(one.any_size for one in each),
            generation_options=frozenset().union(*(one.generation_options for one in each)),
        )

    def load(self) -> None:
        """Load every engine that is named, so that a wrong setting shows at the start and not at the first refusal.

        Raises
        ------
        ConfigurationError
            An engine is not known, not installed or not set up.
        """
        for name in self._options.names:
            try:
                self._get_engine(name)
            except NotFoundError as exc:
                raise ConfigurationError(
                    f"The settings of routing name an engine that is not there. {exc.message}"
                ) from exc

    def close(self) -> None:
        """Nothing to free: the engines belong to the registry."""

    def edit(
        self,
        request: EditRequest,
        inputs: EditInputs,
        *,
        seed: int,
        on_step: ProgressCallback | None = None,
        should_abort: ShouldAbort | None = None,
    ) -> EngineOutput:
        """Have the first engine edit that takes the instruction.

        Raises
        ------
        UnsupportedInstructionError
            Every engine refuses: the first one's refusal, with the others' in its hint.
        """
        order = self._options.models.get(request.model, self._options.order)
        busy = [name for name in order if self._is_busy(name)]
        notes = [
            f"The engine {name!r} has {self._options.max_running} edits running and was passed over." for name in busy
        ]
        refusals: list[tuple[str, UnsupportedInstructionError]] = []
        # Engines that are busy come last instead of never: an edit that only they can make is theirs.
        for name in [*(each for each in order if each not in busy), *busy]:
            engine = self._get_engine(name)
            try:
                _require_able(request, inputs, engine)
                with self._counted(name):
                    output = _edit_with(engine, request, inputs, seed=seed, on_step=on_step, should_abort=should_abort)
            except UnsupportedInstructionError as exc:
                refusals.append((name, exc))
                continue
            notes += [
                f"The engine {refuser!r} was asked first and refused: {refusal.message}"
                for refuser, refusal in refusals
            ]
            return _labelled(output, engine, [*notes, *_without_use(request, engine, self.capabilities)])
        raise _all_refused(refusals)

    def _is_busy(self, name: str) -> bool:
        with self._lock:
            return 0 < self._options.max_running <= self._running[name]

    @contextlib.contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        with self._lock:
            self._running[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[name] -= 1


def _require_able(request: EditRequest, inputs: EditInputs, engine: Engine) -> None:
    """Raise ``UnsupportedInstructionError`` when the engine can't take these pictures or LoRAs at all."""
    able = engine.capabilities
    if len(inputs) > able.max_input_images or (len(inputs) == 0 and not able.text_to_image):
        hint = f"It takes at most {able.max_input_images} pictures{'' if able.text_to_image else ', and at least one'}."
        raise UnsupportedInstructionError([], [request.prompt], hint)
    if request.generation.loras and "loras" not in able.generation_options:
        raise UnsupportedInstructionError([], [request.prompt], "It has no LoRAs.")


def _edit_with(
    engine: Engine,
    request: EditRequest,
    inputs: EditInputs,
    *,
    seed: int,
    on_step: ProgressCallback | None,
    should_abort: ShouldAbort | None,
) -> EngineOutput:
    """Edit; an engine that works at a preset's size gets the pictures at that, and its edit is brought into the original."""
    if engine.capabilities.any_size or request.size != "original" or not inputs.pictures:
        return engine.edit(request, inputs, seed=seed, on_step=on_step, should_abort=should_abort)
    at_preset = EditInputs(inputs.pictures, request, any_size=False, mask=inputs.original_mask)
    output = engine.edit(request, at_preset, seed=seed, on_step=on_step, should_abort=should_abort)
    return _at_original_size(request, at_preset, output)


def _at_original_size(request: EditRequest, at_preset: EditInputs, output: EngineOutput) -> EngineOutput:
    original, base = at_preset.originals[output.base_index], at_preset.fitted(output.base_index)
    if output.is_reframed or original.shape == base.shape:
        return output
    from retouch.preserve.composite import composite
    from retouch.preserve.original import composite_into_original

    height, width = original.shape[:2]
    if request.preserve == "off":
        pixels = fit_pixels(output.pixels, fill_size(output.pixels.shape[1], output.pixels.shape[0], (width, height)))
        return replace(output, pixels=pixels, change_mask=None, is_global=True)
    known = composite(base, output.pixels, output.change_mask, is_global=output.is_global).pixels
    mask = at_preset.original_mask if output.base_index == 0 else None
    found = composite_into_original(original, known[..., :3], mask=mask, seed=output.seed)
    return replace(output, pixels=found.pixels, change_mask=found.change_mask, is_global=False)


def _without_use(request: EditRequest, engine: Engine, together: Capabilities) -> list[str]:
    """Say what this engine has no use for, though another one has; of what none has a use for, the pipeline tells."""
    able = engine.capabilities
    unused = [
        name
        for name in request.generation.given
        if name in together.generation_options and name not in able.generation_options
    ]
    if request.guidance_scale is not None and together.uses_guidance_scale and not able.uses_guidance_scale:
        unused.append("guidance_scale")
    return [f"{name} has no use in the engine {engine.name!r} and was ignored." for name in unused]


def _labelled(output: EngineOutput, engine: Engine, notes: Sequence[str]) -> EngineOutput:
    made_by = output.made_by or f"{engine.name}/{engine.version}"
    said = (*output.interpretation.notes, *notes, f"Made by the engine {engine.name!r}.")
    return replace(output, made_by=made_by, interpretation=replace(output.interpretation, notes=said))


def _all_refused(refusals: Sequence[tuple[str, UnsupportedInstructionError]]) -> UnsupportedInstructionError:
    (_, first), *others = refusals
    hints = [f"The engine {name!r} refuses, too: {refusal.hint}" for name, refusal in others]
    return UnsupportedInstructionError(first.understood, first.not_understood, " ".join([first.hint, *hints]))
