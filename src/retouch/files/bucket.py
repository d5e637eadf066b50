"""Byte strings in a bucket: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage; through obstore.

The one boundary where obstore's errors become ours. Their texts hold addresses, and for Azure the access token in them, so they
are neither passed on nor kept as a cause that a log would print.
"""

import contextlib
import datetime
import logging
import re
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import (
    BaseError,
    NotSupportedError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store

from retouch.errors import StorageError
from retouch.files.blobs import IMMUTABLE, Blob, checked_key, is_key

if TYPE_CHECKING:
    from obstore import ObjectMeta

__all__ = ["BucketBlobs", "CloudStore"]

CloudStore = S3Store | GCSStore | AzureStore

_PAGE: Final = 1000
_CHECK_SECONDS: Final = 30.0
"""How long a check that went well is believed: readiness is asked every few seconds, and each check is paid for."""
_STATUS: Final = re.compile(r"\bstatus code: ([1-5]\d\d)\b")

_log = logging.getLogger(__name__)


class BucketBlobs:
    """An object for each byte string. Objects appear whole or not at all, which is the nature of such stores.

    Parameters
    ----------
    store : S3Store, GCSStore or AzureStore
        With the prefix under which everything lies.
    """

    def __init__(self, store: CloudStore) -> None:
        self._store = store
        self._checked_until = 0.0
        self._check_lock = threading.Lock()

    def put(self, key: str, data: bytes, *, media_type: str, flush: bool = True) -> None:  # noqa: ARG002 - a bucket has it or not
        """Store the bytes, with what a browser needs that is sent to them by a signed URL."""
        attributes = {
            "Content-Type": media_type,
            "Cache-Control": IMMUTABLE,
            "Content-Disposition": f'inline; filename="{checked_key(key).rsplit("/", 1)[1]}"',
        }
        with _storage_errors("written"):  # in one request: parts that a crash leaves are paid for and never seen
            obstore.put(self._store, key, data, attributes=attributes, use_multipart=False)

    def get(self, key: str) -> bytes | None:
        """Return the bytes; None when there are none."""
        with _storage_errors("read"), contextlib.suppress(FileNotFoundError):
            return obstore.get(self._store, checked_key(key)).bytes().to_bytes()
        return None

    def get_range(self, key: str, start: int, stop: int) -> bytes | None:
        """Return some of the bytes."""
        with _storage_errors("read"), contextlib.suppress(FileNotFoundError):
            return obstore.get_range(self._store, checked_key(key), start=start, end=stop).to_bytes()
        return None

    def find(self, key: str) -> Blob | None:
        """Return what is known of the bytes; None when there are none."""
        with _storage_errors("read"), contextlib.suppress(FileNotFoundError):
            return _blob(obstore.head(self._store, checked_key(key)))
        return None

    def pages(self, prefix: str) -> Iterator[Sequence[Blob]]:
        """Yield all objects under a prefix, as the store lists them."""
        with _storage_errors("listed"):
            for page in obstore.list(self._store, prefix, chunk_size=_PAGE):
                yield [_blob(meta) for meta in page if is_key(meta["path"])]

    def delete(self, keys: Sequence[str]) -> None:
        """Delete the objects that are there."""
        wanted = [checked_key(key) for key in keys]
        with _storage_errors("deleted"):
            try:
                obstore.delete(self._store, wanted)
            except FileNotFoundError:  # some stores stop at the first that is gone already
                for key in wanted:
                    with contextlib.suppress(FileNotFoundError):
                        obstore.delete(self._store, key)

    def delete_partial(self, prefix: str, *, min_age_seconds: float) -> None:
        """Do nothing: an object that is being written is in no listing, and nothing stays of it."""

    def signed_url(self, key: str, lifetime_seconds: int) -> str:
        """Return a URL under which anybody can read the object for so long."""
        with _storage_errors("signed"):
            return obstore.sign(self._store, "GET", checked_key(key), datetime.timedelta(seconds=lifetime_seconds))

    def check(self) -> None:
        """Raise ``StorageError`` unless an object could be written now."""
        with self._check_lock:
            if time.monotonic() < self._checked_until:
                return
            key = f"probes/{secrets.token_hex(8)}"
            self.put(key, b"\0" * 64, media_type="application/octet-stream")
            self.delete([key])
            self._checked_until = time.monotonic() + _CHECK_SECONDS


def _blob(meta: "ObjectMeta") -> Blob:
    return Blob(meta["path"], meta["size"], meta["last_modified"].timestamp())


@contextlib.contextmanager
def _storage_errors(what_failed: str) -> Iterator[None]:
    """Turn obstore's errors into ours."""
    try:
        yield
    except (BaseError, OSError, ValueError) as exc:
        reason = _reason(exc)
        _log.warning("an object could not be %s: %s", what_failed, reason)
        raise StorageError(
            f"A file could not be {what_failed} in the server's object store ({reason}). Its operator has to see to it; "
            "`retouch storage check` says more."
        ) from None


def _reason(exc: Exception) -> str:
    """What went wrong in words without addresses, names or tokens."""
    if isinstance(exc, PermissionDeniedError):
        return "permission denied"
    if isinstance(exc, UnauthenticatedError):
        return "the credentials are not accepted"
    if isinstance(exc, FileNotFoundError):
        return "the bucket does not exist"
    if isinstance(exc, NotSupportedError):
        return "the store can't do that"
    said = str(exc)
    status = _STATUS.search(said)
    known = (reason for sign, reason in _SIGNS.items() if sign in said)
    return next(known, type(exc).__name__ if status is None else f"it answered with status {status[1]}")


_SIGNS: Final = {
    "token request": "no credentials were found",
    "builder error": "its address is http, and allow_http is not set",
    "dns error": "its name can't be resolved",
    "onnection refused": "nothing listens at its address",
    "timed out": "it did not answer in time",
    "TimedOut": "it did not answer in time",
    "ertificate": "its certificate is not trusted",
    "redential": "the credentials can't be used",
    "error sending request": "it can't be reached",
}
"""What obstore's texts hold, and what that means."""
