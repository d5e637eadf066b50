"""The costs of a first request, paid at the start: kernels are loaded and tuned, blocks compiled, memory taken.

Compiled code is made for the exact shape of its first pass, and anew, for any shape, at the second one that differs. So wherever
blocks are compiled, the warm-up runs two shapes at least, which differ in size and in the length of the prompt: no later request
waits for a compiler, whatever its size.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException
from torch._inductor.exc import InvalidCxxCompiler

from retouch.engines.flux.loop import Order
from retouch.engines.flux.memory import CarefulLoop
from retouch.engines.flux.options import FluxOptions
from retouch.engines.flux.presets import Techniques, undo_compilation
from retouch.errors import ConfigurationError
from retouch.kontext import preset_size_wh

__all__ = ["WarmUpShape", "plan_warm_up", "warm_up"]

SQUARE: Final = "1:1"
WIDE: Final = "16:9"
SMALL_WH: Final = ((256, 256), (320, 256))
"""For compiled blocks on a CPU, where a megapixel takes minutes: what is compiled for any shape needs no large ones."""
PROMPT: Final = "Make the sky blue."
_COMPILER_ERRORS: Final = (TorchDynamoException, FailOnRecompileLimitHit, InvalidCxxCompiler)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WarmUpShape:
    """A shape that is run at the start.

    Attributes
    ----------
    size_wh : (int, int)
        Of the answer and of the input picture.
    max_sequence_length : int
    """

    size_wh: tuple[int, int]
    max_sequence_length: int


def plan_warm_up(options: FluxOptions, device_type: str, *, compiled: bool) -> tuple[WarmUpShape, ...]:
    """Return the shapes to run at the start, in order.

    Parameters
    ----------
    options : FluxOptions
        ``warm_up`` names presets of the aspect ratio; None means the square one on a card, and nothing on a CPU.
    device_type : str
        "cuda", "mps" or "cpu".
    compiled : bool
        Blocks are compiled, which takes two shapes.

    Raises
    ------
    ConfigurationError
        Blocks are compiled and no warm-up is wanted: it would happen on a user's request.
    """
    full = options.max_sequence_length
    shorter = max(1, full // 2)
    if options.warm_up is None and device_type == "cpu":
        return (WarmUpShape(SMALL_WH[0], full), WarmUpShape(SMALL_WH[1], shorter)) if compiled else ()
    names = (SQUARE,) if options.warm_up is None else options.warm_up
    if compiled and not names:
        raise ConfigurationError(
            f"The preset {options.preset.value!r} compiles at the start, which takes a warm-up: name at least one aspect ratio "
            "in flux.warm_up, or set the preset to 'exact'."
        )
    sizes = list(dict.fromkeys(preset_size_wh(name) for name in names))
    if compiled and len(sizes) == 1:
        sizes.append(preset_size_wh(SQUARE if sizes[0] == preset_size_wh(WIDE) else WIDE))
    lengths = [shorter if compiled and k == 1 else full for k in range(len(sizes))]
    return tuple(WarmUpShape(size, length) for size, length in zip(sizes, lengths, strict=True))


def warm_up(loop: CarefulLoop, techniques: Techniques, shapes: Sequence[WarmUpShape]) -> tuple[Techniques, float]:
    """Run every shape from its prompt to its pixels, once for each number of samples that passes can have.

    Returns
    -------
    techniques : Techniques
        Without compiled blocks if the compiler failed, which every picture will say.
    seconds : float

    Raises
    ------
    EngineError
        A shape does not fit into memory.
    """
    started = time.monotonic()
    try:
        _run(loop, shapes)
    except _COMPILER_ERRORS as exc:
        if not techniques.compiled:
            raise
        reason = f"the compiler failed ({type(exc).__name__}); the log says why."
        techniques = undo_compilation(techniques, loop.loop.model.pipeline.transformer, reason)
        _run(loop, shapes)
    loop.loop.passes = 0
    seconds = time.monotonic() - started
    if shapes:
        _log.info(
            "warmed up at %s in %.0f s", ", ".join(f"{w}x{h}" for w, h in (each.size_wh for each in shapes)), seconds
        )
    return techniques, seconds


def _run(loop: CarefulLoop, shapes: Sequence[WarmUpShape]) -> None:
    for shape in shapes:
        for pictures in _pass_sizes(loop):
            admitted = [loop.admit(lambda shape=shape: _order(loop, shape)) for _ in range(pictures)]  # type: ignore[misc]
            for _, error in loop.step(admitted):
                raise error
            loop.finish(admitted[0])


def _pass_sizes(loop: CarefulLoop) -> range:
    """Return how many pictures to run: a padded pass has one size; others can have any, and three stand for all that follow."""
    return range(1, 2) if loop.loop.reproducible else range(1, 1 + min(3, loop.loop.batch_size))


def _order(loop: CarefulLoop, shape: WarmUpShape) -> Order:
    model, (width, height) = loop.loop.model, shape.size_wh
    return Order(
        embeds=model.encode_prompt(PROMPT, shape.max_sequence_length),
        references=(model.encode_picture(np.zeros((height, width, 3), np.uint8)),),
        grid_hw=(height // model.size_multiple, width // model.size_multiple),
        seed=0,
        num_inference_steps=1,
        guidance_scale=2.5,
    )
