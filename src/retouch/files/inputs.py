"""Input pictures of waiting edits and of results, named by their content.

A retry sends the same bytes through the same edit, and an answer that is edited again finds the first input of its chain.
"""

import hashlib
import logging
import re
import secrets
import time
from collections.abc import Set
from typing import Final

from retouch.errors import StorageError
from retouch.files.blobs import Blob, Blobs
from retouch.files.input_index import InputIndex

__all__ = ["InputFiles"]

_PREFIX: Final = "inputs"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_PLACE: Final = re.compile(r"inputs/[0-9a-f]{2}/([0-9a-f]{64})(-[0-9a-f]{8})?")
_ABANDONED_SECONDS: Final = 3600.0
_COMPARE_SECONDS: Final = 86400.0

_log = logging.getLogger(__name__)


class InputFiles:
    """Byte strings by SHA-256. Equal inputs are kept once, in a place that is never used again after they were deleted.

    Parameters
    ----------
    blobs : Blobs
    index : InputIndex
    """

    def __init__(self, blobs: Blobs, index: InputIndex) -> None:
        self._blobs = blobs
        self._index = index
        self._compared_at = float("-inf")

    def put(self, data: bytes) -> str:
        """Store the bytes, unless they are there, and return their SHA-256 in hexadecimal.

        Raises
        ------
        StorageError
            They could not be written.
        """
        digest = hashlib.sha256(data).hexdigest()
        if not self.keep(digest):
            place = f"{_plain_place(digest)}-{secrets.token_hex(4)}"
            self._blobs.put(place, data, media_type="application/octet-stream")
            if not self._index.add(digest, place):  # somebody else brought the same picture meanwhile
                self._blobs.delete([place])
        return digest

    def keep(self, digest: str) -> bool:
        """Make the bytes young again, so that a clean-up that runs now leaves them alone; False when they are gone."""
        return self._index.keep(digest)

    def get(self, digest: str) -> bytes:
        """Return the bytes with that SHA-256.

        Raises
        ------
        StorageError
            They are gone, can't be read, or were changed in the store.
        """
        place = self._index.place_of(digest) or _plain_place(digest)  # where it lay before there was an index
        data = self._blobs.get(place)
        if data is None:
            self._index.forget(digest, place)
            raise StorageError("A stored input picture is gone. Send the request again.")
        if hashlib.sha256(data).hexdigest() != digest:
            self._index.forget(digest, place)
            raise StorageError("A stored input picture was changed in the server's store. Send the request again.")
        return data

    def delete_unused(self, in_use: Set[str], *, min_age_seconds: float) -> int:
        """Delete what neither a job nor a result needs and nobody put or kept lately; return how many went.

        Parameters
        ----------
        in_use : set of str
            What jobs need; what results descend from is known here.
        min_age_seconds : float
            Protects bytes that were put for an edit which is about to be enqueued.
        """
        deleted = 0
        page_end: str | None = ""
        while page_end is not None:
            places, page_end = self._index.take_unused(in_use, min_age_seconds=min_age_seconds, after=page_end)
            self._blobs.delete(places)
            deleted += len(places)
        if time.monotonic() - self._compared_at >= _COMPARE_SECONDS:
            self._delete_unknown(in_use)
            self._compared_at = time.monotonic()
        return deleted

    def _delete_unknown(self, in_use: Set[str]) -> None:
        """Delete what a crash left between the store and the index. Looks at everything that is stored, so it is done daily."""
        self._blobs.delete_partial(_PREFIX, min_age_seconds=_ABANDONED_SECONDS)
        limit = time.time() - _ABANDONED_SECONDS
        for page in self._blobs.pages(_PREFIX):
            known = self._index.known_places([blob.key for blob in page])
            strangers = [blob for blob in page if blob.key not in known and blob.modified_at <= limit]
            gone = [blob.key for blob in strangers if not self._is_of_old(blob, in_use)]
            if gone:
                _log.info("%d inputs that nothing refers to are deleted", len(gone))
                self._blobs.delete(gone)

    def _is_of_old(self, blob: Blob, in_use: Set[str]) -> bool:
        """Whether an input that was stored before there was an index is still wanted; if so, the index learns of it."""
        form = _PLACE.fullmatch(blob.key)
        if form is None or form[2] is not None:
            return False
        wanted = form[1] in in_use or self._index.is_first_input(form[1])
        return wanted and self._index.add(form[1], blob.key)


def _plain_place(digest: str) -> str:
    if _DIGEST.fullmatch(digest) is None:
        raise StorageError("A stored edit refers to an input that can't exist.")
    return f"{_PREFIX}/{digest[:2]}/{digest}"
