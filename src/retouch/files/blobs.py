"""What a store of byte strings can do, whether it is a folder or a bucket."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from retouch.errors import StorageError

__all__ = ["IMMUTABLE", "Blob", "Blobs", "checked_key", "is_key"]

_KEY: Final = re.compile(r"[a-z]+(/[a-z0-9][a-z0-9.\-]*)+")

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""The ``Cache-Control`` of what never changes under its key."""


@dataclass(frozen=True, slots=True)
class Blob:
    """What is known of a byte string without reading it.

    Attributes
    ----------
    key : str
    size_bytes : int
    modified_at : float
        Seconds since the epoch, by the clock of the store.
    """

    key: str
    size_bytes: int
    modified_at: float


class Blobs(Protocol):
    """Byte strings under keys such as ``results/ab/abcd.png``.

    A reader sees all of a byte string or nothing, whenever a writer dies. Every method blocks, may be called from any thread, and
    raises ``StorageError`` when the store can't be used.
    """

    def put(self, key: str, data: bytes, *, media_type: str, flush: bool = True) -> None:
        """Store the bytes, in place of what was there.

        Without ``flush`` a power cut in the next half minute may damage them, where that saves waiting for a disk: for what is
        checked when it is read, and can be done without.
        """

    def get(self, key: str) -> bytes | None:
        """Return the bytes; None when there are none."""

    def get_range(self, key: str, start: int, stop: int) -> bytes | None:
        """Return the bytes from ``start`` up to ``stop``, which must lie within them."""

    def find(self, key: str) -> Blob | None:
        """Return what is known of the bytes; None when there are none."""

    def pages(self, prefix: str) -> Iterator[Sequence[Blob]]:
        """Yield all that lies under a prefix, in no order, in pages that fit into memory however many there are.

        What has a name that is no key is somebody else's, and left out.
        """

    def delete(self, keys: Sequence[str]) -> None:
        """Delete what is there."""

    def delete_partial(self, prefix: str, *, min_age_seconds: float) -> None:
        """Delete what writers that died left half-written under a prefix, if it is of that age."""

    def signed_url(self, key: str, lifetime_seconds: int) -> str | None:
        """Return a URL under which anybody can read the bytes for so long; None where the store knows no such URLs."""

    def check(self) -> None:
        """Raise ``StorageError`` unless something could be stored now."""


def is_key(text: str) -> bool:
    """Tell whether a text has the form of a key; no other can lead anywhere, so least of all out of the store."""
    return _KEY.fullmatch(text) is not None and ".." not in text


def checked_key(key: str) -> str:
    """Return the key; a text that is none raises ``StorageError``."""
    if not is_key(key):
        raise StorageError("A stored file has a name that can't be.")
    return key
