"""Finished pictures in a local folder, under names that nobody can guess."""

import logging
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from retouch.errors import NotFoundError
from retouch.files.storing import PARTIAL_SUFFIX, as_storage_error, store

__all__ = ["ResultFiles", "StoredFile"]

_NAME_BYTES: Final = 20
_NAME: Final = re.compile(r"[0-9a-f]{40}\.(?:jpg|png)")
_MEDIA_TYPES: Final = {".jpg": "image/jpeg", ".png": "image/png"}
_ABANDONED_SECONDS: Final = 3600

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that can be served.

    Attributes
    ----------
    name : str
        Its public name.
    path : Path
        Where it is; never shown to a client.
    media_type : str
    stat : os.stat_result
    """

    name: str
    path: Path
    media_type: str
    stat: os.stat_result


class ResultFiles:
    """Result files under names of 160 random bits. A name is never reused, and its bytes never change.

    Names are hexadecimal, which is safe on every file system and as an argument of every command.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, data: bytes, suffix: str) -> str:
        """Store a picture and return its name.

        Parameters
        ----------
        data : bytes
        suffix : {".jpg", ".png"}

        Raises
        ------
        StorageError
            It could not be written; nothing is left behind.
        """
        name = secrets.token_hex(_NAME_BYTES) + suffix
        store(self._path(name), data)
        return name

    def find(self, name: str) -> StoredFile:
        """Return the file of that name.

        Raises
        ------
        NotFoundError
            There is none: the name is not one that ``save`` makes, or the file was deleted.
        StorageError
            The folder can't be read.
        """
        path = self._path(name)
        try:
            stat = path.stat()
        except FileNotFoundError as exc:
            raise _no_file(name) from exc
        except OSError as exc:
            raise as_storage_error(exc, "read") from exc
        return StoredFile(name, path, _MEDIA_TYPES[path.suffix], stat)

    def read(self, name: str) -> bytes:
        """Return the bytes of the file; errors as ``find``."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError as exc:
            raise _no_file(name) from exc
        except OSError as exc:
            raise as_storage_error(exc, "read") from exc

    def delete(self, name: str) -> None:
        """Delete a file; it may be gone already."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as exc:
            raise as_storage_error(exc, "deleted") from exc

    def delete_older_than(self, age_seconds: float) -> int:
        """Delete results of at least that age, and what a crash left half-written; return how many went."""
        if not self._folder.is_dir():
            return 0
        now = time.time()
        deleted = 0
        for path in self._folder.glob("*/*"):
            limit = min(age_seconds, _ABANDONED_SECONDS) if path.suffix == PARTIAL_SUFFIX else age_seconds
            try:
                if now - path.stat().st_mtime >= limit:
                    path.unlink()
                    deleted += 1
            except FileNotFoundError:
                continue
            except OSError as exc:
                _log.warning("a result file could not be deleted: %s", exc)
        return deleted

    def check_writable(self) -> None:
        """Raise ``StorageError`` unless a result could be stored now."""
        probe = self._folder / f".probe-{secrets.token_hex(8)}"
        store(probe, b"\0" * 4096)
        probe.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        """The only way from a name to a path; a name that ``save`` could not have made leads nowhere."""
        if _NAME.fullmatch(name) is None:
            raise _no_file(name)
        return self._folder / name[:2] / name


def _no_file(name: str) -> NotFoundError:
    return NotFoundError("file", name, "Results are deleted after the server's retention time.")
