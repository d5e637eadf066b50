"""What decodes a picture that came from a stranger: in this process, or in a child that may break without harm."""

from typing import Protocol

from retouch.images.array_types import PixelsRGBA
from retouch.images.codec import DecodedImage, DecodeLimits, decode, decode_rgba
from retouch.preserve.source_file import SourceFile, read_source_file

__all__ = ["Decoder", "DirectDecoder"]


class Decoder(Protocol):
    """Decodes pictures. One instance serves all threads.

    Every method raises ``ImageTooLargeError`` or ``ImageDecodeError`` as the function of its name does.
    """

    def decode(self, data: bytes, limits: DecodeLimits, *, index: int | None = None) -> DecodedImage:
        """Decode a picture to upright sRGB pixels; see ``retouch.images.codec.decode``."""

    def decode_rgba(self, data: bytes, limits: DecodeLimits) -> PixelsRGBA:
        """Decode a picture and keep its alpha; see ``retouch.images.codec.decode_rgba``."""

    def read_source_file(self, data: bytes, limits: DecodeLimits, *, index: int | None = None) -> SourceFile:
        """Decode a picture and read what its file says; see ``retouch.preserve.source_file.read_source_file``."""

    def close(self) -> None:
        """Free what the decoder holds; nothing is decoded after that."""


class DirectDecoder:
    """Decodes in this process: for people's own pictures on their own machine."""

    def decode(self, data: bytes, limits: DecodeLimits, *, index: int | None = None) -> DecodedImage:
        """See ``Decoder``."""
        return decode(data, limits, index=index)

    def decode_rgba(self, data: bytes, limits: DecodeLimits) -> PixelsRGBA:
        """See ``Decoder``."""
        return decode_rgba(data, limits)

    def read_source_file(self, data: bytes, limits: DecodeLimits, *, index: int | None = None) -> SourceFile:
        """See ``Decoder``."""
        return read_source_file(data, limits, index=index)

    def close(self) -> None:
        """Nothing to free."""
