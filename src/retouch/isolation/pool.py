"""Decoding in children: a picture that crashes, fills or hangs its decoder is refused, and nothing else notices."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from retouch.errors import ConfigurationError, ImageDecodeError, ImageTooLargeError
from retouch.images.array_types import Pixels, PixelsRGBA
from retouch.images.codec import DecodedImage, DecodeLimits, require_size
from retouch.isolation.child import ChildLostError, DecoderChild, IsolationRules, TookTooLongError
from retouch.isolation.decoder import Decoder, DirectDecoder
from retouch.isolation.messages import BLOBS, Answer, Order
from retouch.preserve.source_file import JpegSettings, SourceFile

__all__ = ["IsolatedDecoder", "create_decoder"]

_CRASHED: Final = "The picture is damaged, and its decoder failed on it. Save it again and resend it."

_log = logging.getLogger(__name__)


class IsolatedDecoder:
    """Decodes in a few child processes, which are started when they are needed and kept.

    Parameters
    ----------
    rules : IsolationRules, optional

    Notes
    -----
    A child has one picture at a time. Where all are busy, the caller waits. A child that does not survive a picture is replaced.
    """

    def __init__(self, rules: IsolationRules | None = None) -> None:
        self._rules = rules or IsolationRules()
        self._places = threading.BoundedSemaphore(self._rules.children)
        self._lock = threading.Lock()
        self._idle: list[DecoderChild] = []
        self._is_closed = False
        self._has_warned = False

    def decode(self, data: bytes, limits: DecodeLimits, *, index: int | None = None) -> DecodedImage:
        """See ``Decoder``."""
        with self._asking("decode", data, limits, index) as (child, answer):
            pixels = child.take(0, (answer.height, answer.width, 3))
        return DecodedImage(pixels, answer.format, answer.notes)

    def decode_rgba(self, data: bytes, limits: DecodeLimits) -> PixelsRGBA:
        """See ``Decoder``."""
        with self._asking("decode_rgba", data, limits, None) as (child, answer):
            return child.take(0, (answer.height, answer.width, 4))

    def read_source_file(self, data: bytes, limits: DecodeLimits, *, index: int | None = None) -> SourceFile:
        """See ``Decoder``. What it returns converts colors in a child, too: the profile is a stranger's."""
        with self._asking("read_source_file", data, limits, index) as (child, answer):
            shape = (answer.height, answer.width, 3)
            pixels = child.take(0, shape)
            native = child.take(answer.pixel_bytes, shape) if answer.has_native else None
            blobs: dict[str, bytes | None] = dict.fromkeys(BLOBS)
            offset = answer.pixel_bytes * (2 if answer.has_native else 1)
            for name, length in answer.blobs.items():
                blobs[name] = child.take(offset, (length,)).tobytes()
                offset += length
        profile = blobs["icc_profile"]
        to_native = None if native is None or profile is None else self._from_srgb(profile)
        jpeg = None if answer.jpeg is None else JpegSettings(*answer.jpeg)
        return SourceFile(
            pixels,
            native if to_native is not None else None,
            to_native,
            answer.format,
            jpeg=jpeg,
            notes=answer.notes,
            **blobs,
        )

    def close(self) -> None:
        """End the children; one that is at work ends with its picture."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()

    def _from_srgb(self, profile: bytes) -> Callable[[Pixels], Pixels]:
        def convert(pixels: "npt.NDArray[np.uint8]") -> "npt.NDArray[np.uint8]":
            height, width = pixels.shape[:2]
            order = Order(
                "from_srgb",
                len(profile),
                max_pixels=height * width,
                max_side_px=max(height, width),
                height=height,
                width=width,
            )
            with self._carrying_out(order, None, profile, np.ascontiguousarray(pixels).reshape(-1).data) as asked:
                child, answer = asked
                if (answer.height, answer.width) != (height, width):
                    child.close()
                    raise ImageDecodeError(_CRASHED)
                return child.take(0, pixels.shape)

        return convert

    def _asking(
        self, action: str, data: bytes, limits: DecodeLimits, index: int | None
    ) -> contextlib.AbstractContextManager[tuple[DecoderChild, Answer]]:
        require_size(data, limits, index)
        max_pixels = min(limits.max_pixels, self._rules.max_pixels)
        order = Order(action, len(data), limits.max_bytes, max_pixels, limits.max_side_px)
        return self._carrying_out(order, index, data)

    @contextlib.contextmanager
    def _carrying_out(
        self, order: Order, index: int | None, *data: "bytes | memoryview"
    ) -> Iterator[tuple[DecoderChild, Answer]]:
        """Give the child that carried out an order, while its output is taken; raise what became of the picture."""
        with self._places, self._borrowed() as child:
            try:
                answer = child.ask(order, *data)
                if answer.outcome == "ok":
                    yield child, answer
            except TookTooLongError as exc:
                raise ImageDecodeError(
                    f"The picture takes longer than {self._rules.seconds:g} s to decode, which is more than is allowed. "
                    "Save it as a plain JPEG or PNG and resend it.",
                    index=index,
                ) from exc
            except ChildLostError as exc:
                raise ImageDecodeError(_CRASHED, index=index) from exc
            if answer.outcome == "too_large":
                raise ImageTooLargeError(answer.message, index=index)
            if answer.outcome == "undecodable":
                raise ImageDecodeError(answer.message, index=index)

    @contextlib.contextmanager
    def _borrowed(self) -> Iterator[DecoderChild]:
        child = self._take_idle() or self._start()
        try:
            yield child
        finally:
            if child.is_alive:
                child.rest()
            with self._lock:
                is_kept = child.is_alive and child.pictures < self._rules.pictures_per_child and not self._is_closed
                if is_kept:
                    self._idle.append(child)
            if not is_kept:
                child.close()

    def _take_idle(self) -> DecoderChild | None:
        """Return a child that waits; one that was ended from outside while it waited is buried."""
        while True:
            with self._lock:
                if self._is_closed:
                    raise ConfigurationError("The server is stopping and decodes no more pictures.")
                if not self._idle:
                    return None
                child = self._idle.pop()
            if child.is_alive:
                return child
            child.close()

    def _start(self) -> DecoderChild:
        child = DecoderChild(self._rules)
        if not child.is_shut_in and not self._has_warned:
            self._has_warned = True
            _log.warning("this system can't filter system calls: decoder children have only limits on memory and time")
        return child


def create_decoder(rules: IsolationRules | None) -> Decoder:
    """Return a decoder in children under these rules, or one in this process when there are none."""
    return DirectDecoder() if rules is None else IsolatedDecoder(rules)
