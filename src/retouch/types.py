"""The values that travel through the seven hops: requests, pictures, results.

Plain frozen dataclasses, valid once built: a wrong value raises ``InvalidValueError`` when the object is made, so no later
hop checks again. Nothing here imports a pixel library at run time.
"""

import enum
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from retouch import kontext
from retouch.atomic import write_atomically
from retouch.errors import InvalidValueError
from retouch.generation import GenerationOptions
from retouch.rules import require_integer, require_number, require_text

__all__ = [
    "AspectRatio",
    "EditRequest",
    "EditResult",
    "EditedImage",
    "Interpretation",
    "Making",
    "OutputFormat",
    "PreserveMode",
    "Progress",
    "ProgressCallback",
    "Resolution",
    "ShouldAbort",
    "SizeMode",
]

AspectRatio = Literal["21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21"]
SizeMode = Literal["preset", "original"]
PreserveMode = Literal["auto", "off"]

MAX_SEED = 2**63 - 1


class OutputFormat(enum.StrEnum):
    """The file format of an answer."""

    JPEG = "jpeg"
    PNG = "png"

    @property
    def media_type(self) -> str:
        """The MIME type, such as ``image/jpeg``."""
        return f"image/{self.value}"

    @property
    def suffix(self) -> str:
        """The file ending with its dot."""
        return ".jpg" if self is OutputFormat.JPEG else ".png"


@dataclass(frozen=True, slots=True)
class EditRequest:
    """What is asked for, in the project's own words. The input pictures travel beside it.

    Attributes
    ----------
    prompt : str
        The instruction, 1 to 4000 characters that are not all white space.
    num_images : int
        How many attempts, 1 to 4. Attempt i equals a single request with ``seed + i``.
    seed : int or None
        1 to 2**63 - 1; None lets the pipeline draw one, which the result states.
    aspect_ratio : str or None
        A preset; None takes the preset nearest to the picture that is edited.
    size : {"preset", "original"}
        "original" returns the input's own resolution and ratio; it can't be combined with ``aspect_ratio``.
    output_format : OutputFormat
        The file format of the answer.
    guidance_scale : float or None
        1 to 20: how closely a generative engine follows the prompt. The built-in editor has no use for it and says so.
    safety_tolerance : int
        1 (strict) to 6, which refuses nothing; has an effect where a picture check is set up.
    preserve : {"auto", "off"}
        "auto" restores every pixel outside the edit.
    explain : bool
        Add plan, resolved phrases and masks to the result.
    generation : GenerationOptions
        What is asked of a generative engine beside the prompt.
    model : str
        The id that the client named.
    """

    prompt: str
    num_images: int = 1
    seed: int | None = None
    aspect_ratio: AspectRatio | None = None
    size: SizeMode = "preset"
    output_format: OutputFormat = OutputFormat.JPEG
    guidance_scale: float | None = None
    safety_tolerance: int = 2
    preserve: PreserveMode = "auto"
    explain: bool = False
    generation: GenerationOptions = field(default_factory=GenerationOptions)
    model: str = kontext.DEFAULT_MODEL

    def __post_init__(self) -> None:
        require_text("prompt", self.prompt, kontext.MAX_PROMPT_CHARACTERS)
        require_integer("num_images", self.num_images, 1, kontext.MAX_IMAGES_PER_REQUEST)
        if self.seed is not None:
            require_integer("seed", self.seed, 1, MAX_SEED)
        if self.aspect_ratio is not None and self.aspect_ratio not in kontext.ASPECT_RATIOS:
            raise InvalidValueError("aspect_ratio", f"one of {', '.join(kontext.ASPECT_RATIOS)}", self.aspect_ratio)
        if self.size not in ("preset", "original"):
            raise InvalidValueError("size", '"preset" or "original"', self.size)
        if self.size == "original" and self.aspect_ratio is not None:
            raise InvalidValueError("aspect_ratio", 'left out when size is "original"', self.aspect_ratio)
        if not isinstance(self.output_format, OutputFormat):
            raise InvalidValueError("output_format", '"jpeg" or "png"', self.output_format)
        if self.guidance_scale is not None:
            low, high = kontext.MIN_GUIDANCE_SCALE, kontext.MAX_GUIDANCE_SCALE
            require_number("guidance_scale", self.guidance_scale, low, high)
        require_integer("safety_tolerance", self.safety_tolerance, 1, 6)
        if self.preserve not in ("auto", "off"):
            raise InvalidValueError("preserve", '"auto" or "off"', self.preserve)
        if not isinstance(self.generation, GenerationOptions):
            raise InvalidValueError("generation", "a GenerationOptions", self.generation)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a running edit stands.

    Attributes
    ----------
    step, total : int
        ``step`` of ``total`` steps are done.
    label : str
        What is being done, in plain words: "finding the subject".
    seconds_left : float or None
        Until the last step, by the pace of the steps so far; None where the engine can't tell.
    preview_png : bytes or None
        A small picture of what is in the making, where ``GenerationOptions.preview_every`` asked for it. Nothing is restored in
        it.
    """

    step: int
    total: int
    label: str
    seconds_left: float | None = None
    preview_png: bytes | None = field(default=None, repr=False)


class ProgressCallback(Protocol):
    """Called by an engine after every step, from the thread that runs the edit."""

    def __call__(self, progress: Progress, /) -> None:
        """Take note of the progress; must be quick and must not raise."""


ShouldAbort = Callable[[], bool]
"""Asked by an engine between steps; True stops the edit with ``EditAbortedError``."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What one phrase of the prompt was resolved to.

    Attributes
    ----------
    phrase : str
        The words, as they stand in the prompt.
    resolved_to : str
        What they were taken for, in plain words.
    confidence : float
        0 to 1.
    verified : bool
        Whether the picture itself confirmed it; False for a reading that nothing contradicts.
    """

    phrase: str
    resolved_to: str
    confidence: float
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Interpretation:
    """How an engine understood the prompt.

    Attributes
    ----------
    plan : tuple of mapping
        The typed operations, in order, as JSON-ready mappings.
    resolutions : tuple of Resolution
        Each phrase with what it was resolved to.
    notes : tuple of str
        What the user should know: which object was drawn by the project, which parameter had no use.
    """

    plan: tuple[Mapping[str, Any], ...] = ()
    resolutions: tuple[Resolution, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Making:
    """How a picture came to be, as its file says it to machines.

    Attributes
    ----------
    engine : str
        Name and version of the engine that made it, such as "builtin/2".
    digital_source_type : str
        URI of the term of the IPTC's vocabulary that is true of it (``retouch.provenance.source_type``).
    base_index : int or None
        The input picture that it is built on; None when it was made from words alone.
    """

    engine: str
    digital_source_type: str
    base_index: int | None = 0


@dataclass(frozen=True, slots=True)
class EditedImage:
    """One finished picture, encoded.

    Attributes
    ----------
    data : bytes
        The file.
    format : OutputFormat
        Its format.
    width, height : int
        In pixels.
    seed : int
        The seed that makes this very picture again.
    changed_share : float
        Share of pixels that differ from the input, 0 to 1; a JPEG's own losses are not counted. 1 of a reframed picture, none of
        whose pixels lies where the input has it.
    change_mask_png : bytes or None
        With ``explain``: an 8-bit gray PNG, 0 where the pixel is the input's, 255 where it is wholly the edit's.
    has_nsfw_concepts : bool
        What the picture check found. False also where none ran; the result's notes say so.
    preserve_report : mapping or None
        With ``explain``: what the preserve step found and did, JSON-ready.
    ancestry : retouch.preserve.lineage.Ancestry or None
        What this picture descends from. Edited again with it, pixels that no turn has touched stay those of the first input.
    making : Making or None
        How it came to be; the file says so too, unless that was turned off.
    """

    data: bytes = field(repr=False)
    format: OutputFormat
    width: int
    height: int
    seed: int
    changed_share: float
    change_mask_png: bytes | None = field(default=None, repr=False)
    has_nsfw_concepts: bool = False
    preserve_report: Mapping[str, Any] | None = field(default=None, repr=False)
    ancestry: object | None = field(default=None, repr=False, compare=False)
    making: Making | None = field(default=None, repr=False)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file to ``path``, wholly or not at all, and return the path.

        Raises
        ------
        InvalidValueError
            The ending of ``path`` says another format than the picture has.
        StorageError
            The file could not be written.
        """
        ending = Path(path).suffix.lower()
        if ending in (".jpg", ".jpeg", ".png") and (ending == ".png") != (self.format is OutputFormat.PNG):
            rule = f"a name that ends in {self.format.suffix} (or ask for output_format={ending.lstrip('.')!r})"
            raise InvalidValueError("path", rule, Path(path).name)
        return write_atomically(path, self.data)

    def _repr_png_(self) -> bytes | None:
        """Show the picture in a notebook."""
        return self.data if self.format is OutputFormat.PNG else None

    def _repr_jpeg_(self) -> bytes | None:
        """Show the picture in a notebook."""
        return self.data if self.format is OutputFormat.JPEG else None


@dataclass(frozen=True, slots=True)
class EditResult:
    """The answer to one ``EditRequest``.

    Attributes
    ----------
    images : tuple of EditedImage
        ``num_images`` pictures, in order.
    prompt : str
        The prompt as it was carried out.
    seed : int
        Seed of the first picture.
    engine : str
        Name and version of the engine, such as "builtin/1".
    interpretation : Interpretation
        How the prompt was understood.
    timings : mapping of str to float
        Seconds by hop.
    notes : tuple of str
        What happened to the inputs on the way in ("transparency was laid on white").
    """

    images: tuple[EditedImage, ...]
    prompt: str
    seed: int
    engine: str
    interpretation: Interpretation = field(default_factory=Interpretation)
    timings: Mapping[str, float] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def save(self, path: str | os.PathLike[str]) -> list[Path]:
        """Save all pictures: one as ``path``; several as ``name-1.ext``, ``name-2.ext``, and so on."""
        target = Path(path)
        if len(self.images) == 1:
            return [self.images[0].save(target)]
        return [
            image.save(target.with_name(f"{target.stem}-{number}{target.suffix}"))
            for number, image in enumerate(self.images, start=1)
        ]
