"""Doubles for tests of applications that use Retouch, and for its own.

>>> from skimage.data import chelsea
>>> from retouch.library import Editor
>>> editor = Editor(registry=fake_registry())
>>> first = editor.edit(chelsea(), "add a bird", seed=7)
>>> first.images[0].data == editor.edit(chelsea(), "add a bird", seed=7).images[0].data
True
"""

import threading
import time
from typing import Final

import numpy as np

from retouch.engines.base import Capabilities, EditInputs, EngineOutput
from retouch.engines.registry import EngineRegistry
from retouch.errors import EditAbortedError, UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.types import EditRequest, Interpretation, Progress, ProgressCallback, Resolution, ShouldAbort

__all__ = ["REFUSED_WORD", "FakeEngine", "fake_registry"]

REFUSED_WORD: Final = "impossible"
"""A prompt that holds this word is refused, as an engine refuses what it can't do."""


class FakeEngine:
    """An engine that really edits, quickly and without understanding a word: it paints a square by the seed.

    Parameters
    ----------
    steps : int
        How many steps an edit reports; between them it asks whether to abort.
    step_seconds : float
        How long each takes.
    error : Exception, optional
        Raised by every edit after its first step.
    gate : threading.Event, optional
        Every edit waits before its first step until the event is set, or until it is told to abort.
    redraws : bool
        True behaves as a generative engine: the whole picture comes back a little different, and no mask tells what was meant.
    text_to_image : bool
        Whether it also takes a request without any picture, and paints its square on gray.

    Attributes
    ----------
    edits_started : int
        How often ``edit`` was called.
    """

    def __init__(
        self,
        *,
        steps: int = 3,
        step_seconds: float = 0.0,
        error: Exception | None = None,
        gate: threading.Event | None = None,
        redraws: bool = False,
        text_to_image: bool = False,
    ) -> None:
        self._steps = steps
        self._step_seconds = step_seconds
        self._error = error
        self._gate = gate
        self._redraws = redraws
        self._text_to_image = text_to_image
        self.edits_started = 0

    @property
    def name(self) -> str:
        """``fake``."""
        return "fake"

    @property
    def version(self) -> str:
        """Its bytes never change."""
        return "1"

    @property
    def capabilities(self) -> Capabilities:
        """Up to four pictures, at least one unless it was told otherwise; of any size, unless it redraws."""
        return Capabilities(max_input_images=4, text_to_image=self._text_to_image, any_size=not self._redraws)

    def load(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to free."""

    def edit(
        self,
        request: EditRequest,
        inputs: EditInputs,
        *,
        seed: int,
        on_step: ProgressCallback | None = None,
        should_abort: ShouldAbort | None = None,
    ) -> EngineOutput:
        """Paint a square whose place and color follow from the seed over the first picture."""
        self.edits_started += 1
        if REFUSED_WORD in request.prompt.lower():
            raise UnsupportedInstructionError(["paint a square"], [request.prompt], "Ask for something else.")
        self._wait_for_gate(should_abort)
        for step in range(1, self._steps + 1):
            _stop_if_told(should_abort)
            time.sleep(self._step_seconds)
            if on_step is not None:
                on_step(Progress(step, self._steps, "painting"))
            if self._error is not None:
                raise self._error
        rng = np.random.default_rng(seed)
        width, height = inputs.size_wh
        base = inputs.fitted(0) if len(inputs) else np.full((height, width, 3), 128, np.uint8)
        pixels, mask = _paint_square(base, rng)
        interpretation = Interpretation(
            plan=({"operation": "PaintSquare", "phrase": request.prompt},),
            resolutions=(Resolution(request.prompt, "a square", 1.0, verified=True),),
            notes=("The fake engine paints squares.",),
        )
        if self._redraws:
            return EngineOutput(pixels=_redraw(pixels, rng), seed=seed, interpretation=interpretation)
        return EngineOutput(pixels=pixels, seed=seed, change_mask=mask, interpretation=interpretation)

    def _wait_for_gate(self, should_abort: ShouldAbort | None) -> None:
        while self._gate is not None and not self._gate.wait(0.01):
            _stop_if_told(should_abort)


def fake_registry(engine: FakeEngine | None = None) -> EngineRegistry:
    """Return a registry whose only engine, and default, is a ``FakeEngine``."""
    only = engine or FakeEngine()
    return EngineRegistry({"fake": lambda: only}, default="fake")


def _stop_if_told(should_abort: ShouldAbort | None) -> None:
    if should_abort is not None and should_abort():
        raise EditAbortedError("The edit was stopped before it was finished.")


def _paint_square(base: Pixels, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    height, width = base.shape[:2]
    side = max(1, min(height, width) // 6)
    top, left = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
    pixels, mask = base.copy(), np.zeros((height, width), np.float32)
    pixels[top : top + side, left : left + side] = rng.integers(0, 256, 3, dtype=np.uint8)
    mask[top : top + side, left : left + side] = 1.0
    return pixels, mask


def _redraw(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Add noise of at most 2 levels everywhere."""
    noise = rng.integers(-2, 3, pixels.shape, dtype=np.int16)
    redrawn: Pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    return redrawn
