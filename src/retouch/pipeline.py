"""The one path from decoded pictures to an answer: check, engine, preserve, check, encode. Worker and library both take it."""

import time
from collections.abc import Sequence
from dataclasses import replace

from retouch.confine import prepare_mask
from retouch.engines.base import EditInputs, Engine, InputPicture
from retouch.errors import EditAbortedError, InvalidValueError
from retouch.finish import (
    encode_finished,
    explain_preserved,
    label_finished,
    restore_untouched,
    tell_making,
    trace_ancestry,
)
from retouch.generation import draw_seed
from retouch.images.array_types import Mask, Pixels
from retouch.images.codec import encode_mask
from retouch.safety.moderation import UNCHECKED_NOTE, find_nsfw, require_inputs_allowed, require_prompt_allowed
from retouch.safety.pictures import PictureCheck
from retouch.safety.policy import SafetyPolicy
from retouch.telemetry.spans import span
from retouch.types import (
    EditedImage,
    EditRequest,
    EditResult,
    Interpretation,
    Progress,
    ProgressCallback,
    ShouldAbort,
)

__all__ = ["check_pictures", "run_edit"]


def run_edit(
    request: EditRequest,
    pictures: Sequence[InputPicture | Pixels],
    engine: Engine,
    *,
    mask: Mask | None = None,
    on_step: ProgressCallback | None = None,
    should_abort: ShouldAbort | None = None,
    notes: Sequence[str] = (),
    picture_check: PictureCheck | None = None,
    policy: SafetyPolicy | None = None,
    note_unchecked: bool = True,
    embed_provenance: bool = True,
) -> EditResult:
    """Carry out a request.

    Parameters
    ----------
    request : EditRequest
    pictures : sequence of InputPicture or (H, W, 3) uint8, sRGB
        The decoded inputs, upright.
    engine : Engine
        Loaded.
    mask : (H, W) float32 [0, 1], optional
        On the first picture: 1 = may change. Outside of it the answer is exactly the input, whatever the engine. One of another
        size is resized, with a note.
    on_step, should_abort : callable, optional
        Passed to the engine; ``on_step`` counts over all attempts. Where finished pictures may be refused it gets no previews,
        which are too coarse to be judged.
    notes : sequence of str
        What decoding had to say; handed on in the result.
    picture_check : PictureCheck, optional
        Scores every input once and every finished picture, and ``request.safety_tolerance`` decides. Left out, nothing is
        checked: ``has_nsfw_concepts`` is false, and a note says that nothing looked.
    policy : SafetyPolicy, optional
        What the checks refuse, and what happens then. The default has no rule for prompts.
    note_unchecked : bool
        False leaves that note out, for a caller whose user knows.
    embed_provenance : bool
        Whether the files say, as XMP, that and by what they were edited (``retouch.provenance``). Pixels are the same either way.

    Returns
    -------
    EditResult
        Attempt i is bit-identical to a single request with ``seed + i``.

    Raises
    ------
    InvalidValueError
        Too many pictures for the engine, or none where it needs one; an empty mask; LoRAs for an engine that takes none.
    ModeratedError
        The prompt breaks a rule of the policy, or a picture that was given (nothing is edited then in either case) or made is
        over the threshold of the request's tolerance.
    ModelFileError
        The picture check's weights are missing or damaged. Nothing goes unchecked for want of them.
    UnsupportedInstructionError, EditAbortedError, EngineError
        As ``Engine.edit``.
    """
    policy = policy or SafetyPolicy()
    check_pictures(len(pictures), engine)
    is_flagged = require_prompt_allowed(request.prompt, request.safety_tolerance, policy)
    unused = _without_use(request, engine)
    inputs, said = _prepare_inputs(request, pictures, engine, mask)
    notes = (*notes, *said)
    if picture_check is not None and policy.outputs.can_refuse(request.safety_tolerance):
        on_step = _without_previews(on_step)
    timings = {"engine": 0.0, "preserve": 0.0, "encode": 0.0}
    if picture_check is not None:
        started = time.perf_counter()
        is_flagged |= require_inputs_allowed(inputs.originals, request.safety_tolerance, picture_check, policy)
        timings["safety"] = time.perf_counter() - started
    first_seed = request.seed if request.seed is not None else draw_seed()
    images: list[EditedImage] = []
    interpretations: list[Interpretation] = []
    makers: dict[str, None] = {}

    for attempt in range(request.num_images):
        if should_abort is not None and should_abort():
            raise EditAbortedError("The edit was stopped before it was finished.")

        # 1. the engine edits
        started = time.perf_counter()
        with span("engine.edit", engine=engine.name, attempt=attempt):
            output = engine.edit(
                request,
                inputs,
                seed=first_seed + attempt,
                on_step=_over_all_attempts(on_step, attempt, request.num_images),
                should_abort=should_abort,
            )
        edited = time.perf_counter()

        # 2. what it did not mean to touch is the input's again
        with span("preserve.composite"):
            preserved = restore_untouched(request, inputs, output)
        restored = time.perf_counter()

        # 3. the finished picture is checked
        is_nsfw = is_flagged
        if picture_check is not None:
            tolerance = request.safety_tolerance
            is_nsfw |= find_nsfw(preserved.pixels, tolerance, picture_check, attempt=attempt, policy=policy)
            timings["safety"] += time.perf_counter() - restored
        checked = time.perf_counter()

        # 4. encode, and say in the file how it came to be
        source = inputs.pictures[output.base_index].source if inputs.pictures else None
        encoded = encode_finished(request, preserved, source, is_reframed=output.is_reframed)
        making = tell_making(inputs, output, f"{engine.name}/{engine.version}")
        data = label_finished(request, encoded.data, making, source) if embed_provenance else encoded.data
        height, width = preserved.pixels.shape[:2]
        images.append(
            EditedImage(
                data=data,
                format=request.output_format,
                width=width,
                height=height,
                seed=output.seed,
                changed_share=preserved.changed_share,
                change_mask_png=encode_mask(preserved.change_mask) if request.explain else None,
                has_nsfw_concepts=is_nsfw,
                preserve_report=explain_preserved(inputs, output, preserved) if request.explain else None,
                ancestry=trace_ancestry(inputs, output, preserved),
                making=making,
            )
        )
        makers[making.engine] = None
        interpretations.append(_with_notes(output.interpretation, preserved.changed_share, encoded.notes))
        timings["engine"] += edited - started
        timings["preserve"] += restored - edited
        timings["encode"] += time.perf_counter() - checked

    notes = (*notes, *(f"{name} has no use in the engine {engine.name!r} and was ignored." for name in unused))
    if len({image.data for image in images}) < len(images):
        notes = (*notes, "Some attempts came out alike: the prompt leaves nothing open that a seed could vary.")
    if picture_check is None and note_unchecked:
        notes = (*notes, UNCHECKED_NOTE)
    return EditResult(
        images=tuple(images),
        prompt=request.prompt,
        seed=first_seed,
        engine=", ".join(makers),
        interpretation=_merge(interpretations),
        timings=timings,
        notes=tuple(notes),
    )


def check_pictures(count: int, engine: Engine) -> None:
    """Raise ``InvalidValueError`` when the engine can't work with ``count`` input pictures."""
    capabilities = engine.capabilities
    if count == 0 and not capabilities.text_to_image:
        raise InvalidValueError("images", f"at least one picture for the engine {engine.name!r}", [])
    if count > capabilities.max_input_images:
        rule = f"at most {capabilities.max_input_images} pictures for the engine {engine.name!r}"
        raise InvalidValueError("images", rule, f"{count} pictures")


def _without_use(request: EditRequest, engine: Engine) -> tuple[str, ...]:
    """Return the fields of the request that the engine has no use for.

    Raises
    ------
    InvalidValueError
        LoRAs are among them: a picture without what they add is not the one that was asked for.
    """
    capabilities = engine.capabilities
    unused = tuple(name for name in request.generation.given if name not in capabilities.generation_options)
    if "loras" in unused:
        names = [lora.name for lora in request.generation.loras]
        raise InvalidValueError("loras", f"left out: the engine {engine.name!r} has none", names)
    if request.guidance_scale is not None and not capabilities.uses_guidance_scale:
        return ("guidance_scale", *unused)
    return unused


def _prepare_inputs(
    request: EditRequest, pictures: Sequence[InputPicture | Pixels], engine: Engine, mask: Mask | None
) -> tuple[EditInputs, tuple[str, ...]]:
    """Return the inputs with the mask at the first picture's size, and notes."""
    any_size = engine.capabilities.any_size
    if mask is None:
        return EditInputs(pictures, request, any_size=any_size), ()
    if not pictures:
        raise InvalidValueError("mask", "left out where no picture is given", "a mask")
    first = pictures[0].pixels if isinstance(pictures[0], InputPicture) else pictures[0]
    fitting, notes = prepare_mask(mask, (first.shape[1], first.shape[0]))
    inputs = EditInputs(pictures, request, any_size=any_size, mask=fitting)
    if inputs.mask is None or not inputs.mask.any():
        rule = "white inside of the part of the picture that the answer shows (the middle, at the answer's ratio)"
        raise InvalidValueError("mask", rule, "a mask that is black there")
    return inputs, notes


def _without_previews(on_step: ProgressCallback | None) -> ProgressCallback | None:
    if on_step is None:
        return None
    return lambda progress: on_step(replace(progress, preview_png=None))


def _over_all_attempts(on_step: ProgressCallback | None, attempt: int, attempts: int) -> ProgressCallback | None:
    if on_step is None or attempts == 1:
        return on_step
    later = attempts - attempt - 1
    pace: list[float] = []  # seconds of a step, as the engine last knew them

    def report(progress: Progress) -> None:
        left, to_go = progress.seconds_left, progress.total - progress.step
        if left is not None and to_go > 0:
            pace[:] = [left / to_go]
        if left is not None and later:
            left = left + later * progress.total * pace[0] if pace else None
        done = attempt * progress.total + progress.step
        label = f"{progress.label} ({attempt + 1} of {attempts})"
        on_step(Progress(done, attempts * progress.total, label, left, progress.preview_png))

    return report


def _with_notes(interpretation: Interpretation, changed_share: float, notes: Sequence[str]) -> Interpretation:
    """Add what encoding had to say, and say so when no pixel is different: a gray photo made black and white."""
    if changed_share == 0:
        notes = (*notes, "No pixel changed: the picture already is as the prompt asks.")
    return replace(interpretation, notes=(*interpretation.notes, *notes))


def _merge(interpretations: Sequence[Interpretation]) -> Interpretation:
    """One interpretation for all attempts: the plan is the same, the notes may differ (which bird was taken)."""
    first = interpretations[0]
    resolutions = dict.fromkeys(item for each in interpretations for item in each.resolutions)
    notes = dict.fromkeys(note for each in interpretations for note in each.notes)
    return replace(first, resolutions=tuple(resolutions), notes=tuple(notes))
