"""What a remote server is asked for, and what it gives back, in the project's words."""

from dataclasses import dataclass, field

from retouch.engines.base import EditInputs
from retouch.images.array_types import Mask
from retouch.images.codec import encode
from retouch.images.geometry import bound_pixels
from retouch.kontext import PREFERRED_SIZES_WH
from retouch.types import EditRequest, Interpretation, OutputFormat

__all__ = ["RemoteEdit", "RemotePicture", "prepare_edit"]

_MAX_REFERENCE_SIDE_PX = max(width for width, _ in PREFERRED_SIZES_WH)


@dataclass(frozen=True, slots=True)
class RemoteEdit:
    """One picture to be made.

    Attributes
    ----------
    request : EditRequest
    seed : int
    pictures : tuple of bytes
        PNG files: the first at the answer's size, further ones whole, at most 1568 pixels long.
    size_wh : tuple of two int
        Of the answer.
    mask : (h, w) float32 [0, 1], or None
        At the answer's size: 1 = may change.
    """

    request: EditRequest
    seed: int
    pictures: tuple[bytes, ...] = field(repr=False)
    size_wh: tuple[int, int]
    mask: Mask | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RemotePicture:
    """What a remote server gave back.

    Attributes
    ----------
    source : bytes or str
        The file, or where it is: an http(s) URL or a ``data:`` URI.
    mask_png : bytes or None
        Where a remote Retouch says that it changed the picture.
    kind : str
        What a remote Retouch says of the change: "global", "reframed" and others; empty where nothing is said.
    interpretation : Interpretation
        How it understood the prompt.
    """

    source: bytes | str = field(repr=False)
    mask_png: bytes | None = field(default=None, repr=False)
    kind: str = ""
    interpretation: Interpretation = field(default_factory=Interpretation)


def prepare_edit(request: EditRequest, inputs: EditInputs, seed: int) -> RemoteEdit:
    """Encode the pictures that a remote server gets.

    A further picture is sent whole: what is taken out of it may be where a crop to the answer's ratio would cut.
    """
    first = inputs.fitted(0)
    others = (bound_pixels(pixels, _MAX_REFERENCE_SIDE_PX) for pixels in inputs.originals[1:])
    pictures = tuple(encode(pixels, OutputFormat.PNG) for pixels in (first, *others))
    return RemoteEdit(request, seed, pictures, (first.shape[1], first.shape[0]), inputs.mask)
