"""Finished pictures, and pictures that clients uploaded ahead of an edit, in a local folder, under names that nobody can guess.

Beside a picture may lie its origin: what the picture descends from, for an edit of it that may follow. It goes with its picture
and is never served.
"""

import contextlib
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from retouch.errors import NotFoundError, StorageError
from retouch.files.storing import as_storage_error, store

__all__ = ["ResultFiles", "StoredFile", "is_result_name"]

_NAME_BYTES: Final = 20
_NAME: Final = re.compile(r"[0-9a-f]{40}\.(?:jpg|png|upload)")
_MEDIA_TYPES: Final = {".jpg": "image/jpeg", ".png": "image/png", ".upload": "application/octet-stream"}
_ORIGIN_SUFFIX: Final = ".origin"
_UPLOAD_SUFFIX: Final = ".upload"
_RESERVED_SUFFIX: Final = ".reserved"
_ABANDONED_SECONDS: Final = 3600

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
        self._first_of: dict[str, object] = {}

    def save(self, data: bytes, suffix: str, origin: Mapping[str, Any] | None = None) -> str:
        """Store a picture and return its name.

        Parameters
        ----------
        data : bytes
        suffix : {".jpg", ".png", ".upload"}
            ``.upload`` for what nobody has looked at yet: it is served as bytes of no type.
        origin : mapping, optional
            JSON-ready. Its key ``first`` is the SHA-256 of the input that the picture descends from.

        Raises
        ------
        StorageError
            It could not be written; nothing is left behind.
        """
        name = secrets.token_hex(_NAME_BYTES) + suffix
        path = self._path(name)
        try:
            if origin is not None:  # first, so that a picture that can be found has its origin beside it
                store(_origin_path(path), json.dumps(origin).encode("ascii"))
            store(path, data)
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
        store(_reservation_path(self._path(name)), b"")
        return name

    def fill(self, name: str, data: bytes) -> None:
        """Store an upload under a name that was reserved for it.

        Raises
        ------
        NotFoundError
            The name was not reserved, or it has its upload already.
        StorageError
            It could not be written; the reservation stands.
        """
        path = self._path(name)
        reservation = _reservation_path(path)
        if not reservation.exists():
            raise _no_file(name)
        store(path, data)
        reservation.unlink(missing_ok=True)

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

    def read_origin(self, name: str) -> dict[str, Any] | None:
        """Return what was saved as the picture's origin; None when nothing was.

        Raises
        ------
        StorageError
            It can't be read, or was changed on the disk.
        """
        data = self._read_origin_file(name)
        if data is None:
            return None
        origin = _parse_origin(data)
        if origin is None:
            raise StorageError("What a stored result descends from was changed on the server's disk. Send the picture.")
        return origin

    def first_inputs(self) -> frozenset[str]:
        """Return the SHA-256 of every input that a result descends from.

        Raises
        ------
        StorageError
            An origin can't be read at present, so nobody knows what it refers to.
        """
        found = (path.name.removesuffix(_ORIGIN_SUFFIX) for path in self._folder.glob(f"*/*{_ORIGIN_SUFFIX}"))
        names = {name for name in found if is_result_name(name)}
        for name in self._first_of.keys() - names:
            del self._first_of[name]
        for name in names - self._first_of.keys():  # a name's bytes never change, so each file is read once
            origin = _parse_origin(self._read_origin_file(name) or b"{}")
            if origin is None:
                _log.warning("the origin of the result %s was changed on the disk", name)
            self._first_of[name] = (origin or {}).get("first")
        return frozenset(digest for digest in self._first_of.values() if isinstance(digest, str))

    def delete(self, name: str) -> None:
        """Delete a picture and its origin; they may be gone already."""
        path = self._path(name)
        try:
            path.unlink(missing_ok=True)
            _origin_path(path).unlink(missing_ok=True)
        except OSError as exc:
            raise as_storage_error(exc, "deleted") from exc

    def delete_older_than(self, age_seconds: float) -> int:
        """Delete results of at least that age, and what a crash left half-written; return how many went."""
        now = time.time()
        deleted = 0
        for path in self._folder.glob("*/*"):
            if path.suffix == _ORIGIN_SUFFIX and path.with_suffix("").exists():
                continue  # it goes with its picture
            limit = age_seconds if path.suffix in _MEDIA_TYPES else min(age_seconds, _ABANDONED_SECONDS)
            try:
                if now - path.stat().st_mtime >= limit:
                    path.unlink()
                    _origin_path(path).unlink(missing_ok=True)
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

    def _read_origin_file(self, name: str) -> bytes | None:
        try:
            return _origin_path(self._path(name)).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise as_storage_error(exc, "read") from exc

    def _path(self, name: str) -> Path:
        """The only way from a name to a path; a name that ``save`` could not have made leads nowhere."""
        if not is_result_name(name):
            raise _no_file(name)
        return self._folder / name[:2] / name


def _origin_path(path: Path) -> Path:
    """Where a picture's origin is; the ending keeps it from ever being served."""
    return path.with_name(path.name + _ORIGIN_SUFFIX)


def _reservation_path(path: Path) -> Path:
    """The mark of a name that waits for its upload."""
    return path.with_name(path.name + _RESERVED_SUFFIX)


def _parse_origin(data: bytes) -> dict[str, Any] | None:
    """An origin's content; None when it is none."""
    try:
        origin = json.loads(data)
    except ValueError:
        return None
    return origin if isinstance(origin, dict) else None


def _no_file(name: str) -> NotFoundError:
    return NotFoundError("file", name, "Results are deleted after the server's retention time.")
