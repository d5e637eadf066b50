"""From the stored inputs of a job to what the pipeline takes, and from its answers to what they descend from."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from retouch.engines.base import InputPicture
from retouch.errors import ImageError, InvalidValueError, StorageError
from retouch.images.array_types import Pixels
from retouch.images.codec import DecodeLimits
from retouch.isolation.decoder import Decoder, DirectDecoder
from retouch.jobs.manager import InputStore
from retouch.jobs.models import JobInput
from retouch.preserve.lineage import Ancestry, Lineage
from retouch.preserve.source_file import SourceFile
from retouch.provenance.label import declared_source_type
from retouch.types import EditedImage

__all__ = ["PictureReader", "lineage_of", "trace_origin"]

_FIRST_INPUT_GONE: Final = (
    "The first input of this answer can't be read any more, so the edit starts from the answer as its file has it."
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A decoded file; ``source`` where it was asked for."""

    pixels: Pixels
    source: SourceFile | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PictureReader:
    """Reads the inputs of jobs.

    Attributes
    ----------
    inputs : InputStore
    limits : DecodeLimits
        For what clients sent. The server's own answers may have more bytes.
    with_source : bool
        Whether to read also what a file says beside its pixels, for an answer at the input's own size.
    decoder : Decoder
    """

    inputs: InputStore
    limits: DecodeLimits
    with_source: bool
    decoder: Decoder = field(default_factory=DirectDecoder)

    def read(self, given: JobInput, *, index: int) -> tuple[InputPicture, tuple[str, ...]]:
        """Return a decoded input, and what is to be said about it.

        Parameters
        ----------
        given : JobInput
        index : int
            Which input picture this is, counted from 0.

        Returns
        -------
        tuple of InputPicture and tuple of str
            Of an answer that is edited again, every pixel that no turn has touched is the first input's. Where the first input is
            gone, the answer counts as a picture of its own, and a note says so.

        Raises
        ------
        ImageDecodeError, ImageTooLargeError
            Of the picture; carries ``index``.
        StorageError
            The picture's file is gone.
        """
        data = self.inputs.get(given.picture)
        if given.first is None or given.lineage is None:
            opened = self._open(data, self.limits, index=index)
            return InputPicture(opened.pixels, opened.source, None, declared_source_type(data)), opened.notes
        opened = self._open(data, _admitting(self.limits, data), index=index)
        try:
            descending = self._descending(opened, given.first, given.lineage)
            return replace(descending, declared_source_type=declared_source_type(data)), opened.notes
        except (StorageError, InvalidValueError, ImageError) as exc:
            _log.warning("an answer is edited without its first input: %s", exc)
            picture = InputPicture(opened.pixels, opened.source, None, declared_source_type(data))
            return picture, (*opened.notes, _FIRST_INPUT_GONE)

    def _descending(self, opened: _Opened, first_digest: str, lineage_digest: str) -> InputPicture:
        """Return an answer with its untouched pixels restored."""
        lineage = Lineage.from_json(self.inputs.get(lineage_digest).decode("ascii"))
        data = self.inputs.get(first_digest)
        same_grid = lineage.fit.size_wh == lineage.first_size_wh
        reader = self if same_grid else replace(self, with_source=False)
        first = reader._open(data, _admitting(self.limits, data))
        pixels = lineage.restore(first.pixels, opened.pixels)
        source = opened.source and _restored_source(opened.source, first.source, pixels, lineage)
        return InputPicture(pixels, source, Ancestry(first.pixels, lineage))

    def _open(self, data: bytes, limits: DecodeLimits, *, index: int | None = None) -> _Opened:
        if self.with_source:
            source = self.decoder.read_source_file(data, limits, index=index)
            return _Opened(source.pixels, source, source.notes)
        decoded = self.decoder.decode(data, limits, index=index)
        return _Opened(decoded.pixels, None, decoded.notes)


def trace_origin(
    image: EditedImage, given: Sequence[JobInput], pictures: Sequence[InputPicture]
) -> dict[str, Any] | None:
    """Return what to keep beside an answer, so that an edit of it goes back to the first input.

    Parameters
    ----------
    image : EditedImage
    given : sequence of JobInput
        The inputs of the job.
    pictures : sequence of InputPicture
        The same, read.

    Returns
    -------
    dict or None
        JSON-ready: ``first``, the SHA-256 of the first input, and ``lineage``. None when the answer descends from none of them.
    """
    ancestry = image.ancestry
    if not isinstance(ancestry, Ancestry):
        return None
    for stored, picture in zip(given, pictures, strict=True):
        if picture.ancestry is None and ancestry.first is picture.pixels:
            return {"first": stored.picture, "lineage": ancestry.lineage.to_json()}
        if picture.ancestry is not None and ancestry.first is picture.ancestry.first:
            return {"first": stored.first, "lineage": ancestry.lineage.to_json()}
    return None


def lineage_of(image: EditedImage) -> Lineage | None:
    """Return how an answer belongs to its first input, where that is known."""
    return image.ancestry.lineage if isinstance(image.ancestry, Ancestry) else None


def _admitting(limits: DecodeLimits, data: bytes) -> DecodeLimits:
    """Limits that let a file of the server's own in: lossless, it may have more bytes than what clients may send."""
    return replace(limits, max_bytes=max(limits.max_bytes, len(data)))


def _restored_source(answer: SourceFile, first: SourceFile | None, pixels: Pixels, lineage: Lineage) -> SourceFile:
    """Return an answer's file as if writing it had cost nothing: untouched pixels are the first input's, in its colors too."""
    to_native = answer.to_native if first is None else answer.to_native or first.to_native
    if to_native is None or first is None or first.icc_profile != answer.icc_profile:
        return replace(answer, pixels=pixels)
    native = first.kept.copy()
    native[lineage.touched] = answer.kept[lineage.touched]
    return replace(answer, pixels=pixels, native=native, to_native=to_native)
