"""Finished pictures, and pictures that clients uploaded ahead of an edit, under names that nobody can guess.

Beside a picture may lie its origin: what the picture descends from, for an edit of it that may follow. It goes with its picture
and is never served.
"""

import contextlib
import json
import logging
import re
import secrets
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from retouch.errors import NotFoundError, StorageError
from retouch.files.blobs import Blob, Blobs
from retouch.files.result_index import ResultIndex

__all__ = ["ResultFiles", "StoredFile", "is_result_name"]

_PREFIX: Final = "results"
_NAME_BYTES: Final = 20
_NAME: Final = re.compile(r"[0-9a-f]{40}\.(?:jpg|png|upload)")
_MEDIA_TYPES: Final = {".jpg": "image/jpeg", ".png": "image/png", ".upload": "application/octet-stream"}
_ORIGIN_SUFFIX: Final = ".origin"
_UPLOAD_SUFFIX: Final = ".upload"
_ABANDONED_SECONDS: Final = 3600.0
_COMPARE_SECONDS: Final = 86400.0

_log = logging.getLogger(__name__)


def is_result_name(text: str) -> bool:
    """Tell whether a text has the form of a result's name; whether there is such a result is another question."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that can be served.

    Attributes
    ----------
    name : str
        Its public name.
    media_type : str
    size_bytes : int
    modified_at : float
        Seconds since the epoch.
    """

    name: str
    media_type: str
    size_bytes: int
    modified_at: float


class ResultFiles:
    """Result files under names of 160 random bits. A name is never reused, and its bytes never change.

    Names are hexadecimal, which is safe in every store and as an argument of every command.

    Parameters
    ----------
    blobs : Blobs
    index : ResultIndex
    signed_url_seconds : int, optional
        How long the URLs are good that the store signs; without it, results are served by this server alone.
    """

    def __init__(self, blobs: Blobs, index: ResultIndex, *, signed_url_seconds: int | None = None) -> None:
        self._blobs = blobs
        self._index = index
        self._signed_url_seconds = signed_url_seconds
        self._compared_at = float("-inf")

    def save(self, data: bytes, suffix: str, origin: Mapping[str, Any] | None = None) -> str:
        """Store a picture and return its name.

        Parameters
        ----------
        data : bytes
        suffix : {".jpg", ".png", ".upload"}
            ``.upload`` for what nobody has looked at yet: it is served as bytes of no type. Other files are deleted as a crash's
            leavings unless the job ends that tells of them (``ResultRecorder``).
        origin : mapping, optional
            JSON-ready. Its key ``first`` is the SHA-256 of the input that the picture descends from.

        Raises
        ------
        StorageError
            It could not be written; nothing is left behind.
        """
        name = secrets.token_hex(_NAME_BYTES) + suffix
        self._index.add(name, is_recorded=suffix == _UPLOAD_SUFFIX, first_input=_first_of(origin))
        try:
            if origin is not None:  # first, so that a picture that can be found has its origin beside it
                content = json.dumps(origin).encode("ascii")
                self._blobs.put(_origin_key(name), content, media_type="application/json", flush=False)
            self._blobs.put(_key(name), data, media_type=_media_type(name))
        except StorageError:
            with contextlib.suppress(StorageError):
                self.delete(name)
            raise
        return name

    def reserve(self) -> str:
        """Return a name under which one upload may be stored with ``fill``, within the hour.

        Raises
        ------
        StorageError
            The reservation could not be written.
        """
        name = secrets.token_hex(_NAME_BYTES) + _UPLOAD_SUFFIX
        self._index.add(name, is_recorded=False)
        return name

    def require_reserved(self, name: str) -> None:
        """Raise ``NotFoundError`` unless a name is reserved and waits for its upload."""
        if not name.endswith(_UPLOAD_SUFFIX) or not is_result_name(name) or not self._index.awaits(name):
            raise _no_file(name)

    def fill(self, name: str, data: bytes) -> None:
        """Store an upload under a name that was reserved for it.

        Raises
        ------
        NotFoundError
            The name was not reserved, or it has its upload already.
        StorageError
            It could not be written; the reservation stands.
        """
        key = _key(name)
        if not name.endswith(_UPLOAD_SUFFIX) or not self._index.record(name):
            raise _no_file(name)
        try:
            self._blobs.put(key, data, media_type=_media_type(name))
        except StorageError:
            self._index.record(name, is_recorded=False)
            raise

    def find(self, name: str) -> StoredFile:
        """Return what is known of the file of that name.

        Raises
        ------
        NotFoundError
            There is none: the name is not one that ``save`` makes, or the file was deleted.
        StorageError
            The store can't be read.
        """
        found = self._blobs.find(_key(name))
        if found is None:
            raise _no_file(name)
        return StoredFile(name, _media_type(name), found.size_bytes, found.modified_at)

    def read(self, name: str) -> bytes:
        """Return the bytes of the file; errors as ``find``."""
        return _there(self._blobs.get(_key(name)), name)

    def read_range(self, name: str, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` up to ``stop``; errors as ``find``."""
        return _there(self._blobs.get_range(_key(name), start, stop), name)

    def read_origin(self, name: str) -> dict[str, Any] | None:
        """Return what was saved as the picture's origin; None when nothing was.

        Raises
        ------
        StorageError
            It can't be read, or was changed in the store.
        """
        data = self._blobs.get(_origin_key(name))
        if data is None:
            return None
        origin = _parse_origin(data)
        if origin is None:
            raise StorageError(
                "What a stored result descends from was changed in the server's store. Send the picture."
            )
        return origin

    @property
    def signs_urls(self) -> bool:
        """Whether the store signs the URLs of results, which may take a while."""
        return self._signed_url_seconds is not None

    def urls(self, names: Sequence[str], url_of: Callable[[str], str]) -> dict[str, str]:
        """Return the URL of each file: signed by the store where that was set, otherwise what ``url_of`` says."""
        seconds = self._signed_url_seconds
        signed = {name: None if seconds is None else self._blobs.signed_url(_key(name), seconds) for name in names}
        return {name: url or url_of(name) for name, url in signed.items()}

    def name_in_signed_url(self, url: str) -> str | None:
        """Return the name in a URL that the store signed, or would sign; None when the URL is another.

        The signature is not looked at: whoever knows the name may read the file.
        """
        if self._signed_url_seconds is None or self._signed_base is None:
            return None
        before, _, name = url.split("?", 1)[0].rpartition("/")
        return name if is_result_name(name) and before == f"{self._signed_base}/{name[:2]}" else None

    @cached_property
    def _signed_base(self) -> str | None:
        """What the store's URLs of results begin with."""
        key = _key("0" * 2 * _NAME_BYTES + ".png")
        signed = self._blobs.signed_url(key, 60)
        if signed is None:
            return None
        parts = urllib.parse.urlsplit(signed)
        return f"{parts.scheme}://{parts.netloc}{parts.path.rsplit('/', 2)[0]}"

    def delete(self, name: str) -> None:
        """Delete a picture and its origin; they may be gone already."""
        self._blobs.delete([_key(name), _origin_key(name)])
        self._index.remove([name])

    def delete_older_than(self, age_seconds: float) -> int:
        """Delete results of at least that age; return how many went."""
        deleted = 0
        while names := self._index.older_than(age_seconds):
            self._delete_files(names)
            self._index.remove(names)
            deleted += len(names)
        return deleted

    def delete_orphans(self) -> int:
        """Delete what attempts left that never ended, uploads that were reserved in vain, and what no index knows.

        Returns
        -------
        int
            How many names went.
        """
        deleted = 0
        while names := self._index.take_orphans(_ABANDONED_SECONDS):
            self._delete_files(names)
            deleted += len(names)
        if time.monotonic() - self._compared_at >= _COMPARE_SECONDS:
            deleted += self._compare()
            self._compared_at = time.monotonic()
        return deleted

    def check_writable(self) -> None:
        """Raise ``StorageError`` unless a result could be stored now."""
        self._blobs.check()

    def _delete_files(self, names: Sequence[str]) -> None:
        self._blobs.delete([key for name in names for key in (_key(name), _origin_key(name))])

    def _compare(self) -> int:
        """Take over results that no index knows, and delete what else lies there. Looks at everything, so it is done daily.

        There are such results after an older version, and after the database was restored from a backup.
        """
        self._blobs.delete_partial(_PREFIX, min_age_seconds=_ABANDONED_SECONDS)
        limit = time.time() - _ABANDONED_SECONDS
        deleted = 0
        for page in self._blobs.pages(_PREFIX):
            old = [blob for blob in page if blob.modified_at <= limit]
            known = self._index.known([_name_in(blob) for blob in old])
            strangers = [blob for blob in old if _name_in(blob) not in known]
            gone = [blob.key for blob in strangers if not self._adopt(blob)]
            self._blobs.delete(gone)
            deleted += len(gone)
        return deleted

    def _adopt(self, blob: Blob) -> bool:
        """Take over a result that the index does not know; False when it is none."""
        name = _name_in(blob)
        if not is_result_name(name):
            return False
        if blob.key.endswith(_ORIGIN_SUFFIX):
            return self._blobs.find(_key(name)) is not None
        first = _first_of(_parse_origin(self._blobs.get(_origin_key(name)) or b"{}"))
        self._index.add(name, is_recorded=True, first_input=first, created_at=blob.modified_at)
        return True


def _key(name: str) -> str:
    """The only way from a name to a key; a name that ``save`` could not have made leads nowhere."""
    if not is_result_name(name):
        raise _no_file(name)
    return f"{_PREFIX}/{name[:2]}/{name}"


def _origin_key(name: str) -> str:
    """Where a picture's origin is; the ending keeps it from ever being served."""
    return _key(name) + _ORIGIN_SUFFIX


def _name_in(blob: Blob) -> str:
    return blob.key.rsplit("/", 1)[1].removesuffix(_ORIGIN_SUFFIX)


def _media_type(name: str) -> str:
    return _MEDIA_TYPES[name[name.rindex(".") :]]


def _first_of(origin: Mapping[str, Any] | None) -> str | None:
    first = (origin or {}).get("first")
    return first if isinstance(first, str) else None


def _parse_origin(data: bytes) -> dict[str, Any] | None:
    """An origin's content; None when it is none."""
    try:
        origin = json.loads(data)
    except ValueError:
        return None
    return origin if isinstance(origin, dict) else None


def _there(data: bytes | None, name: str) -> bytes:
    if data is None:
        raise _no_file(name)
    return data


def _no_file(name: str) -> NotFoundError:
    return NotFoundError("file", name, "Results are deleted after the server's retention time.")
