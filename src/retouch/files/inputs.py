"""Input pictures of waiting edits and of results, named by their content.

A retry sends the same bytes through the same edit, and an answer that is edited again finds the first input of its chain.
"""

import hashlib
import logging
import os
import re
import time
from collections.abc import Set
from pathlib import Path
from typing import Final

from retouch.errors import StorageError
from retouch.files.storing import PARTIAL_SUFFIX, as_storage_error, store

__all__ = ["InputFiles"]

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

_log = logging.getLogger(__name__)


class InputFiles:
    """A folder of byte strings by SHA-256. Equal inputs are kept once.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Store the bytes and return their SHA-256 in hexadecimal.

        Raises
        ------
        StorageError
            They could not be written.
        """
        digest = hashlib.sha256(data).hexdigest()
        if not self.keep(digest):
            store(self._path(digest), data)
        return digest

    def keep(self, digest: str) -> bool:
        """Make the bytes young again, so that a clean-up that runs now leaves them alone; False when they are gone."""
        try:
            os.utime(self._path(digest))
        except OSError:
            return False
        return True

    def get(self, digest: str) -> bytes:
        """Return the bytes with that SHA-256.

        Raises
        ------
        StorageError
            They are gone, can't be read, or were changed on the disk.
        """
        try:
            data = self._path(digest).read_bytes()
        except OSError as exc:
            raise as_storage_error(exc, "read") from exc
        if hashlib.sha256(data).hexdigest() != digest:
            raise StorageError("A stored input picture was changed on the server's disk. Send the request again.")
        return data

    def delete_unused(self, in_use: Set[str], *, min_age_seconds: float) -> int:
        """Delete what is neither in use nor was put or kept lately; return how many went.

        The age protects bytes that were put for an edit which is about to be enqueued.
        """
        if not self._folder.is_dir():
            return 0
        now = time.time()
        deleted = 0
        for path in self._folder.glob("*/*"):
            if path.name in in_use and path.suffix != PARTIAL_SUFFIX:
                continue
            try:
                if now - path.stat().st_mtime >= min_age_seconds:
                    path.unlink()
                    deleted += 1
            except FileNotFoundError:
                continue
            except OSError as exc:
                _log.warning("an input file could not be deleted: %s", exc)
        return deleted

    def _path(self, digest: str) -> Path:
        if _DIGEST.fullmatch(digest) is None:
            raise StorageError("A stored edit refers to an input that can't exist.")
        return self._folder / digest[:2] / digest
