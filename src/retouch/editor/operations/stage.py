"""What an operation works on and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from retouch.editor.instructions.plan import Target
from retouch.editor.objects.library import ObjectLibrary
from retouch.editor.scene.scene import Finding, Scene
from retouch.errors import EditAbortedError
from retouch.images.array_types import Mask, Pixels
from retouch.images.frame import AnswerSize, Frame
from retouch.models import ModelStore
from retouch.types import Resolution, ShouldAbort

__all__ = ["Context", "Protected", "Stage"]


@dataclass(frozen=True)
class Protected:
    """Something that must stay as it is.

    Attributes
    ----------
    target : Target
    mask : (H, W) float32 [0, 1]
        As it was found in the base picture, seen through the stage's frame.
    """

    target: Target
    mask: Mask


@dataclass(frozen=True)
class Stage:
    """The picture between two operations.

    Attributes
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB, straight alpha
        The picture so far. Operations never write into it.
    change_mask : (H, W) float32 [0, 1]
        Everything that was touched so far; exactly 0 where ``pixels`` equals the base picture, seen through ``frame``.
    scene : Scene
        Of the base picture, before the first operation or, where one reframed it, as that operation left it.
    added : mapping of str to Mask
        What earlier operations put in, by noun, so that "add a ball. Make it red" finds it.
    is_global : bool
        Some operation was meant to touch every pixel.
    is_reframed : bool
        Some operation changed what the picture shows of the base picture, or how it lies: cropped, turned, mirrored, extended it.
    frame : Frame or None
        Where each pixel lies in the base picture at its own size. None before the picture is reframed, and where no single map
        says it (a collage).
    resolutions, notes : tuple
        For the answer's interpretation.
    protected : tuple of Protected
        What no operation may change.
    """

    pixels: Pixels
    change_mask: Mask
    scene: Scene
    added: dict[str, Mask] = field(default_factory=dict)
    is_global: bool = False
    is_reframed: bool = False
    frame: Frame | None = None
    resolutions: tuple[Resolution, ...] = ()
    notes: tuple[str, ...] = ()
    protected: tuple[Protected, ...] = ()

    @property
    def is_untouched(self) -> bool:
        """No pixel differs from the scene's picture yet, so that what was found out about that holds."""
        base = self.scene.pixels
        return self.pixels is base or (self.pixels.shape == base.shape and np.array_equal(self.pixels, base))

    def find(self, target: Target) -> Finding:
        """Resolve a target: what an earlier operation added comes before what the picture showed from the start.

        Raises
        ------
        UnsupportedInstructionError
            As ``Scene.find``.
        """
        if target.noun is not None and target.noun in self.added:
            return Finding(self.added[target.noun], 1.0, f"the {target.noun} that was added", verified=True)
        return self.scene.find(target)

    def after(
        self,
        pixels: Pixels,
        mask: Mask | None,
        *,
        resolutions: tuple[Resolution, ...] = (),
        notes: tuple[str, ...] = (),
        added: dict[str, Mask] | None = None,
    ) -> "Stage":
        """Return the stage after an operation that produced ``pixels`` and touched ``mask`` (None: every pixel)."""
        touched = np.ones_like(self.change_mask) if mask is None else np.maximum(self.change_mask, mask)
        return replace(
            self,
            pixels=pixels,
            change_mask=touched,
            is_global=self.is_global or mask is None,
            added={**self.added, **(added or {})},
            resolutions=self.resolutions + resolutions,
            notes=self.notes + notes,
        )

    def reframed(
        self,
        pixels: Pixels,
        change_mask: Mask,
        frame: Frame | None,
        scene: Scene,
        *,
        added: dict[str, Mask],
        protected: tuple[Protected, ...] = (),
        resolutions: tuple[Resolution, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> "Stage":
        """Return the stage after an operation that changed the frame: everything in it lies on the grid of the new ``pixels``."""
        return replace(
            self,
            pixels=pixels,
            change_mask=change_mask,
            scene=scene,
            added=added,
            protected=protected,
            is_reframed=True,
            frame=frame,
            resolutions=self.resolutions + resolutions,
            notes=self.notes + notes,
        )


@dataclass(frozen=True)
class Context:
    """What an operation may ask for beside its own picture.

    Attributes
    ----------
    rng : numpy.random.Generator
        The only source of randomness; seeded by the request's seed and the operation's place in the plan.
    scenes : callable
        ``scenes(i)`` returns the Scene of input picture i at its own size (long side at most 2048 px).
    originals : callable
        ``originals(i)`` returns input picture i at its own size: (H, W, 3) uint8, sRGB.
    analyze : callable
        ``analyze(pixels)`` returns the Scene of any picture; nothing is computed before it is asked for.
    models : ModelStore
        Weight files that an operation runs itself.
    objects : ObjectLibrary
        The cut-outs that can be put into a picture.
    base_index : int
        The input picture that the stage was built from.
    image_count : int
        How many input pictures there are.
    answer_size : AnswerSize
        What the request says about the size of an answer that is reframed.
    should_abort : callable or None
    """

    rng: np.random.Generator
    scenes: Callable[[int], Scene]
    originals: Callable[[int], Pixels]
    analyze: Callable[[Pixels], Scene]
    models: ModelStore
    objects: ObjectLibrary
    base_index: int = 0
    image_count: int = 1
    answer_size: AnswerSize = AnswerSize()  # noqa: RUF009 - frozen
    should_abort: ShouldAbort | None = None

    def checkpoint(self) -> None:
        """Raise ``EditAbortedError`` if the caller wants the edit stopped."""
        if self.should_abort is not None and self.should_abort():
            raise EditAbortedError("The edit was stopped before it was finished.")
