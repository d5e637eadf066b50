"""The editor: parse the prompt, choose the picture to build on, carry out the plan."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from retouch.editor.instructions.parser import parse
from retouch.editor.instructions.plan import (
    AdjustLook,
    CenterSubject,
    Crop,
    CropOut,
    EditPlan,
    Flip,
    Operation,
    RetouchPicture,
    Rotate,
    Straighten,
    Trim,
    Zoom,
    as_json,
    choose_base,
)
from retouch.editor.objects.library import ObjectLibrary
from retouch.editor.operations.protect import protect, put_back
from retouch.editor.operations.registry import carry_out
from retouch.editor.operations.stage import Context, Stage
from retouch.editor.scene.scene import Scene
from retouch.editor.sight import Sight
from retouch.errors import UnsupportedInstructionError
from retouch.images.array_types import Mask, Pixels
from retouch.images.frame import AnswerSize, Frame
from retouch.images.geometry import bound_pixels
from retouch.models import ModelStore
from retouch.types import Interpretation, Progress, ProgressCallback, ShouldAbort

__all__ = ["Edit", "Editor"]

MAX_REFERENCE_SIDE_PX = 2048
"""A picture that is only drawn from (a print, a background) is reduced to this before it is analyzed."""

MAX_CACHED_SCENES = 8

PictureSource = Callable[[int], Pixels]


@dataclass(frozen=True, slots=True)
class Edit:
    """A finished plan.

    Attributes
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB, straight alpha
    change_mask : (H, W) float32 [0, 1]
        Exactly 0 where ``pixels`` equals the picture that the edit is built on, seen through ``frame`` where it was reframed.
    base_index : int
        Which input that is.
    is_global : bool
        Some operation was meant to touch every pixel.
    is_reframed : bool
        The pixels lie on another grid than the picture's: it was cropped, turned, mirrored, extended or joined with others.
    frame : Frame or None
        Where each pixel lies in the original; None where it was not reframed or no single map says it.
    interpretation : Interpretation
    """

    pixels: Pixels
    change_mask: Mask
    base_index: int
    is_global: bool
    interpretation: Interpretation
    is_reframed: bool = False
    frame: Frame | None = None


class Editor:
    """Edits pictures by instruction, on a CPU. One instance serves all threads.

    Parameters
    ----------
    models : ModelStore
        Where the weight files are.
    objects : ObjectLibrary
        The cut-outs that can be put into a picture.
    """

    def __init__(self, models: ModelStore, objects: ObjectLibrary) -> None:
        self._models = models
        self._objects = objects
        self._scenes: OrderedDict[str, Scene] = OrderedDict()
        self._lock = Lock()

    def edit(
        self,
        prompt: str,
        fitted: PictureSource,
        originals: PictureSource,
        *,
        image_count: int,
        seed: int,
        answer_size: AnswerSize | None = None,
        on_step: ProgressCallback | None = None,
        should_abort: ShouldAbort | None = None,
    ) -> Edit:
        """Carry out a prompt.

        Parameters
        ----------
        prompt : str
        fitted : callable
            ``fitted(i)`` returns input picture i at the answer's size: (H, W, 3) uint8, sRGB.
        originals : callable
            ``originals(i)`` returns input picture i at its own size.
        image_count : int
            How many input pictures there are.
        seed : int
            Decides which object, where, what size, and every other choice that the prompt leaves open.
        answer_size : AnswerSize, optional
            What the request says about the size of an answer that the prompt reframes: about a megapixel when left out.
        on_step, should_abort : callable, optional
            Called before every operation.

        Raises
        ------
        UnsupportedInstructionError
            Part of the prompt is not understood or can't be done in this picture. Nothing was edited.
        EditAbortedError
            ``should_abort`` said so.
        """
        sight = Sight(lambda index: self.scene(fitted(index)), self._objects)
        plan = parse(prompt, image_count=image_count, shows=sight.shows)
        base_index = choose_base(plan.operations)
        pixels = fitted(base_index)
        stage = Stage(
            pixels=pixels,
            change_mask=np.zeros(pixels.shape[:2], np.float32),
            scene=self.scene(pixels),
        )
        in_base = [target for target in plan.protected if target.image_index in (None, base_index)]
        stage = protect(stage, in_base, plan.operations)
        total = len(plan.operations)
        for step, number in enumerate(_order(plan.operations)):
            operation = plan.operations[number]
            if on_step is not None:
                on_step(Progress(step, total, operation.describe()))
            context = Context(
                rng=np.random.default_rng((seed, number)),
                scenes=lambda index: self.scene(bound_pixels(originals(index), MAX_REFERENCE_SIDE_PX)),
                originals=originals,
                analyze=self.scene,
                models=self._models,
                objects=self._objects,
                base_index=base_index,
                image_count=image_count,
                answer_size=answer_size or AnswerSize(),
                should_abort=should_abort,
            )
            context.checkpoint()
            stage = self._apply(operation, stage, context, done=plan.operations[:number])
        if on_step is not None:
            on_step(Progress(total, total, "done"))
        return Edit(
            pixels=stage.pixels,
            change_mask=stage.change_mask,
            base_index=base_index,
            is_global=stage.is_global,
            interpretation=_interpret(plan, stage, base_index, image_count),
            is_reframed=stage.is_reframed,
            frame=stage.frame,
        )

    def scene(self, pixels: Pixels) -> Scene:
        """Return the scene of a picture, from the cache where the same pixels were seen before."""
        key = hashlib.blake2b(
            np.ascontiguousarray(pixels).data, digest_size=16, key=str(pixels.shape).encode()
        ).hexdigest()
        with self._lock:
            scene = self._scenes.pop(key, None) or Scene(pixels, self._models)
            self._scenes[key] = scene
            while len(self._scenes) > MAX_CACHED_SCENES:
                self._scenes.popitem(last=False)
        return scene

    def _apply(self, operation: Operation, stage: Stage, context: Context, *, done: tuple[Operation, ...]) -> Stage:
        try:
            return put_back(stage, carry_out(operation, stage, context), operation)
        except UnsupportedInstructionError as exc:
            understood = tuple(earlier.describe() for earlier in done) + exc.understood
            raise UnsupportedInstructionError(understood, exc.not_understood, exc.hint) from exc


_CROPS = (CenterSubject, Crop, CropOut, Flip, Rotate, Straighten, Trim, Zoom)
_GRADES = (AdjustLook, RetouchPicture)


def _order(operations: Sequence[Operation]) -> list[int]:
    """Return the order in which a plan is carried out: a crop goes before grades of the whole picture.

    It comes out the same, and sharper: a picture that is not graded yet is cropped from its original.
    """
    order: list[int] = []
    for number, operation in enumerate(operations):
        place = len(order)
        while isinstance(operation, _CROPS) and place > 0 and _is_grade(operations[order[place - 1]]):
            place -= 1
        order.insert(place, number)
    return order


def _is_grade(operation: Operation) -> bool:
    return isinstance(operation, _GRADES) and operation.target is None


def _interpret(plan: EditPlan, stage: Stage, base_index: int, image_count: int) -> Interpretation:
    used = {base_index}.union(*(operation.pictures() for operation in plan.operations))
    unused = [f"Picture {index + 1} was not needed." for index in range(image_count) if index not in used]
    return Interpretation(
        plan=tuple(as_json(operation) for operation in plan.operations),
        resolutions=stage.resolutions,
        notes=(*plan.assumptions, *stage.notes, *unused),
    )
