"""The protocol that every engine follows, and the values that cross it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from retouch.images.array_types import Mask, Pixels
from retouch.images.frame import AnswerSize, Frame
from retouch.images.geometry import Fit, fill_size, fit_mask, plan_fit
from retouch.preserve.lineage import Ancestry, Lineage
from retouch.preserve.source_file import SourceFile
from retouch.types import EditRequest, Interpretation, ProgressCallback, ShouldAbort

__all__ = ["Capabilities", "EditInputs", "Engine", "EngineOutput", "InputPicture"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do, for listings and for checks before an edit is accepted.

    Attributes
    ----------
    max_input_images : int
        How many pictures it takes.
    text_to_image : bool
        Whether it can work without any input picture.
    uses_guidance_scale : bool
        Whether ``guidance_scale`` changes its result; where it doesn't, the pipeline tells a caller who sent one.
    any_size : bool
        Whether it can edit a picture at the picture's own resolution. An engine that can't is given a preset's size, and
        ``preserve`` brings its edit into the original.
    generation_options : frozenset of str
        Which fields of ``GenerationOptions`` it honors. The pipeline says of the others, where they are given, that they had no
        use, and refuses LoRAs.
    """

    max_input_images: int
    text_to_image: bool = False
    uses_guidance_scale: bool = False
    any_size: bool = False
    generation_options: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class InputPicture:
    """An input picture with what is known of it.

    Attributes
    ----------
    pixels : (H, W, 3) uint8, sRGB
        Upright. Of an answer that is edited again: ``ancestry.lineage.restore(ancestry.first, decoded)``.
    source : SourceFile or None
        What its file says beside pixels; lets ``size="original"`` keep EXIF, color profile and JPEG tables.
    ancestry : Ancestry or None
        What it descends from, when it is itself an answer.
    declared_source_type : str or None
        What its file's XMP declares as ``DigitalSourceType``, so that an answer does not hide what its input admits.
    """

    pixels: Pixels
    source: SourceFile | None = None
    ancestry: Ancestry | None = None
    declared_source_type: str | None = None


class EditInputs:
    """The decoded input pictures, each available at its own size and fitted to the answer's size.

    Parameters
    ----------
    pictures : sequence of InputPicture or (H, W, 3) uint8, sRGB
        Upright. None where the engine makes a picture from words alone.
    request : EditRequest
        Decides the size of the answer; without pictures and ratio it is square.
    any_size : bool
        Whether the engine can edit at the original's size, when the request asks for that.
    mask : (H, W) float32 [0, 1], optional
        On the first picture, at its size: 1 = may change. The pipeline confines every engine's edit to it; an engine that can use
        it for more may.

    Attributes
    ----------
    original_mask : (H, W) float32 [0, 1], or None
        As it was given.
    mask : (h, w) float32 [0, 1], or None
        At the answer's size, as ``fitted(0)``; read-only.

    Notes
    -----
    The first picture decides the preset when the request names none, as the hosted endpoint does. A picture that is itself an
    answer is fitted from its first input wherever no earlier turn has touched it, so that turns don't add up losses.
    """

    def __init__(
        self,
        pictures: Sequence[InputPicture | Pixels],
        request: EditRequest,
        *,
        any_size: bool = True,
        mask: Mask | None = None,
    ) -> None:
        self.pictures = tuple(each if isinstance(each, InputPicture) else InputPicture(each) for each in pictures)
        self.originals = tuple(picture.pixels for picture in self.pictures)
        self._keep_size = request.size == "original" and any_size and bool(pictures)
        height, width = self.originals[0].shape[:2] if pictures else (1, 1)
        self._first = plan_fit(width, height, aspect_ratio=request.aspect_ratio, keep_size=self._keep_size)
        self._fixed_wh = None if request.aspect_ratio is None else self._first.size_wh
        self._fitted: dict[int, tuple[Pixels, Lineage]] = {}
        self._lock = Lock()
        if mask is not None and mask.shape != (height, width):
            raise ValueError(f"a mask of {mask.shape} (rows, columns) does not fit a picture of {(height, width)}")
        self.original_mask = mask
        self.mask = None if mask is None else _read_only(fit_mask(mask, self._first))

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def size_wh(self) -> tuple[int, int]:
        """(width, height) of the answer, unless it is reframed."""
        return self._first.size_wh

    @property
    def answer_size(self) -> AnswerSize:
        """What the request says about the size of an answer that is reframed."""
        return AnswerSize(keep_scale=self._keep_size, fixed_wh=self._fixed_wh)

    def fit(self, index: int) -> Fit:
        """Return how picture ``index`` is cropped and resized when the answer is built on it."""
        height, width = self.originals[index].shape[:2]
        if self._keep_size:
            return plan_fit(width, height, aspect_ratio=None, keep_size=True)
        if index == 0:
            return self._first
        return fill_size(width, height, self._first.size_wh)

    def fitted(self, index: int) -> Pixels:
        """Return picture ``index`` at the answer's size: (h, w, 3) uint8, sRGB; read-only and cached."""
        return self._fit_once(index)[0]

    def lineage(self, index: int) -> Lineage:
        """Return what ``fitted(index)`` has to do with the first input of its chain of edits."""
        return self._fit_once(index)[1]

    def first_input(self, index: int) -> Pixels:
        """Return the first input of the chain that picture ``index`` ends: itself when it is no answer."""
        ancestry = self.pictures[index].ancestry
        return self.originals[index] if ancestry is None else ancestry.first

    def _fit_once(self, index: int) -> tuple[Pixels, Lineage]:
        with self._lock:
            if index not in self._fitted:
                picture = self.pictures[index]
                height, width = picture.pixels.shape[:2]
                lineage = picture.ancestry.lineage if picture.ancestry else Lineage.start((width, height))
                pixels, lineage = lineage.refit(self.first_input(index), picture.pixels, self.fit(index))
                shared = pixels.view()  # may be the caller's own array, which stays writable
                shared.setflags(write=False)
                self._fitted[index] = (shared, lineage)
            return self._fitted[index]


def _read_only(mask: Mask) -> Mask:
    mask.setflags(write=False)
    return mask


@dataclass(frozen=True, slots=True)
class EngineOutput:
    """What an engine hands to ``preserve``.

    Attributes
    ----------
    pixels : (H, W, 3) or (H, W, 4) uint8, sRGB, straight alpha
        The whole edited picture, at the answer's size, or of any size where it was reframed.
    seed : int
        The seed that was used.
    base_index : int
        Which input picture the answer is built on; ``preserve`` restores untouched pixels from it.
    change_mask : (H, W) float32 in [0, 1], or None
        1 where the pixel is wholly the edit's, 0 where it must equal the input, between in the feather. None when the engine
        doesn't know.
    is_global : bool
        The edit is meant to touch every pixel (a style, a grade); nothing is restored.
    is_reframed : bool
        The engine changed the frame: cropped, turned, mirrored, extended. The answer has its own size, none of its pixels is
        compared with the input's at that place, and ``change_mask`` says which show something else than the input.
    frame : Frame or None
        Of a reframed picture: where each pixel lies in the original, where a single map says it.
    interpretation : Interpretation
        How the prompt was understood.
    made_by : str or None
        Name and version of the engine that made it, where that is another one than was asked.
    fills_by_network : bool
        Whether a trained network filled the holes that the edit left, if it left any: what the file declares depends on it.
    """

    pixels: Pixels
    seed: int
    base_index: int = 0
    change_mask: Mask | None = None
    is_global: bool = False
    is_reframed: bool = False
    frame: Frame | None = None
    interpretation: Interpretation = field(default_factory=Interpretation)
    made_by: str | None = None
    fills_by_network: bool = False


class Engine(Protocol):
    """An engine. One instance serves all threads; ``load`` is called once before the first edit."""

    @property
    def name(self) -> str:
        """Short name, such as "builtin"."""

    @property
    def version(self) -> str:
        """Changes whenever the same request would give other bytes."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def load(self) -> None:
        """Load what an edit needs. Idempotent.

        Raises
        ------
        ModelFileError
            A weight file is missing or damaged.
        """

    def edit(
        self,
        request: EditRequest,
        inputs: EditInputs,
        *,
        seed: int,
        on_step: ProgressCallback | None = None,
        should_abort: ShouldAbort | None = None,
    ) -> EngineOutput:
        """Make one picture. ``request.num_images`` is the pipeline's business, not the engine's.

        Raises
        ------
        UnsupportedInstructionError
            The engine can't carry out the prompt. It never returns the input as if it had.
        EditAbortedError
            ``should_abort`` said so; raised within one step.
        EngineError
            It failed on a valid request.
        """

    def close(self) -> None:
        """Free what ``load`` took. Idempotent."""
