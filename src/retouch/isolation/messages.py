"""What a decoder child is told and what it answers: short JSON over a socket, pixels as raw bytes in shared memory.

An answer is not trusted, for whoever sent the picture may have taken the child over: nothing is unpickled, every value has a
type and a bound, and the sizes must fit the limits that the picture was decoded under.
"""

import json
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from retouch.images.codec import ALLOWED_FORMATS, DecodeLimits

__all__ = [
    "BLOBS",
    "MAX_BLOB_BYTES",
    "Answer",
    "MisbehaviorError",
    "Order",
    "output_bytes_for",
    "read_answer",
    "receive",
    "send",
]

BLOBS: Final = ("exif", "icc_profile", "xmp")
"""What a ``SourceFile`` holds as bytes, beside pixels."""
MAX_BLOB_BYTES: Final = 4 * 2**20
"""Of one of them; what has more is left out."""
_MAX_MESSAGE_BYTES: Final = 64 * 2**10
_MAX_NOTES: Final = 20
_MAX_TEXT_CHARACTERS: Final = 400
_LENGTH: Final = struct.Struct("<I")
_OUTCOMES: Final = ("ok", "undecodable", "too_large")


class MisbehaviorError(Exception):
    """The child said what it never says: it is broken, or no longer itself."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a child shall do with the bytes in the input memory.

    Attributes
    ----------
    action : {"decode", "decode_rgba", "read_source_file", "from_srgb"}
    data_bytes : int
        Of the file; of the color profile for ``from_srgb``, whose pixels come after it.
    max_bytes, max_pixels, max_side_px : int
        See ``DecodeLimits``.
    height, width : int
        Of the pixels of ``from_srgb``.
    """

    action: str
    data_bytes: int
    max_bytes: int = 0
    max_pixels: int = 0
    max_side_px: int = 0
    height: int = 0
    width: int = 0

    @property
    def limits(self) -> DecodeLimits:
        """The limits, as the codec takes them."""
        return DecodeLimits(self.max_bytes, self.max_pixels, self.max_side_px)

    def to_json(self) -> bytes:
        """Return what ``from_json`` reads."""
        return json.dumps(asdict(self)).encode("ascii")

    @classmethod
    def from_json(cls, message: bytes) -> "Order":
        """Read an order, which comes from the parent and is trusted."""
        return cls(**json.loads(message))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an order, checked.

    Attributes
    ----------
    outcome : {"ok", "undecodable", "too_large"}
    message : str
        For the client, when it is not ok.
    height, width, channels : int
        Of the pixels, which come first in the output memory.
    has_native : bool
        Whether the pixels in the file's own colors follow.
    blobs : mapping of str to int
        What follows then: the lengths of ``exif``, ``icc_profile`` and ``xmp``, those that there are, in order.
    format : str
    notes : tuple of str
    jpeg : tuple of (tables, subsampling, quality), or None
    """

    outcome: str
    message: str = ""
    height: int = 0
    width: int = 0
    channels: int = 3
    has_native: bool = False
    blobs: Mapping[str, int] = field(default_factory=dict)
    format: str = ""
    notes: tuple[str, ...] = ()
    jpeg: tuple[dict[int, list[int]], int, int] | None = None

    @property
    def pixel_bytes(self) -> int:
        """Of one set of pixels."""
        return self.height * self.width * self.channels


def output_bytes_for(max_pixels: int) -> int:
    """Return the most that an answer can take in the output memory."""
    return max_pixels * 6 + len(BLOBS) * MAX_BLOB_BYTES


def read_answer(message: bytes, order: Order) -> Answer:
    """Read and check what a child answered to an order.

    Raises
    ------
    MisbehaviorError
        It is not an answer, or not one to this order.
    """
    try:
        said = json.loads(message)
        outcome = _one_of(said["outcome"], _OUTCOMES)
        if outcome != "ok":
            return Answer(outcome, message=_text(said["message"]))
        answer = Answer(
            outcome,
            height=_whole(said["height"], 1, order.max_side_px),
            width=_whole(said["width"], 1, order.max_side_px),
            channels=4 if order.action == "decode_rgba" else 3,
            has_native=said["has_native"] is True,
            blobs={
                _one_of(name, BLOBS): _whole(length, 0, MAX_BLOB_BYTES)
                for name, length in (_list(pair, 2) for pair in _list(said["blobs"], len(BLOBS)))
            },
            format=_one_of(said["format"], ("", "unknown", *ALLOWED_FORMATS)),
            notes=tuple(_text(note) for note in _list(said["notes"], _MAX_NOTES)),
            jpeg=_jpeg(said["jpeg"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        raise MisbehaviorError("no answer") from exc
    if answer.height * answer.width > order.max_pixels:
        raise MisbehaviorError("more pixels than were allowed")
    return answer


def send(channel: socket.socket, message: bytes) -> None:
    """Send a message: its length, then itself."""
    channel.sendall(_LENGTH.pack(len(message)) + message)


def receive(channel: socket.socket, *, seconds: float | None = None) -> bytes:
    """Receive a message.

    Raises
    ------
    TimeoutError
        It did not come in time.
    EOFError
        The other side is gone.
    MisbehaviorError
        It is too long to be one.
    """
    until = None if seconds is None else time.monotonic() + seconds
    (length,) = _LENGTH.unpack(_receive_exactly(channel, _LENGTH.size, until))
    if length > _MAX_MESSAGE_BYTES:
        raise MisbehaviorError("a message that is too long")
    return _receive_exactly(channel, length, until)


def _receive_exactly(channel: socket.socket, count: int, until: float | None) -> bytes:
    received = bytearray()
    while len(received) < count:
        if until is not None:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            channel.settimeout(left)
        try:
            chunk = channel.recv(count - len(received))
        except ConnectionError as exc:
            raise EOFError from exc
        if not chunk:
            raise EOFError
        received += chunk
    return bytes(received)


def _whole(value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError
    return value


def _one_of(value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT_CHARACTERS or not value.isprintable():
        raise ValueError
    return value


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError
    return value


def _jpeg(value: Any) -> tuple[dict[int, list[int]], int, int] | None:
    """Quantization tables by number, the subsampling and the quality."""
    if value is None:
        return None
    tables, subsampling, quality = _list(value, 3)
    read = {
        _whole(number, 0, 3): [_whole(step, 0, 65535) for step in _list(table, 64)]
        for number, table in (_list(pair, 2) for pair in _list(tables, 4))
    }
    if not read or any(len(table) != 64 for table in read.values()):
        raise ValueError
    return read, _whole(subsampling, 0, 2), _whole(quality, 1, 100)
