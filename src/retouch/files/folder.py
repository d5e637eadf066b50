"""Byte strings in a folder of this machine, or of one that it has mounted."""

import contextlib
import itertools
import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from retouch.files.blobs import Blob, checked_key, is_key
from retouch.files.storing import PARTIAL_SUFFIX, as_storage_error, store

__all__ = ["FolderBlobs"]

_PAGE: Final = 1000
_CHECKED: Final = "results"
"""Where a check writes: what clients wait for goes there, and something may be wrong with it alone."""
_CHECK_SECONDS: Final = 1.0


class FolderBlobs:
    """A file for each byte string, written beside its place, flushed to the disk, and renamed into it.

    Parameters
    ----------
    folder : Path
        Made when it is not there, readable by its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checked_until = 0.0
        self._check_lock = threading.Lock()

    def put(self, key: str, data: bytes, *, media_type: str, flush: bool = True) -> None:  # noqa: ARG002 - a folder knows no types
        """Store the bytes."""
        path = self._path(key)
        with contextlib.suppress(OSError):  # what matters of it is said by the write
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        store(path, data, flush=flush)

    def get(self, key: str) -> bytes | None:
        """Return the bytes; None when there are none."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise as_storage_error(exc, "read") from exc

    def get_range(self, key: str, start: int, stop: int) -> bytes | None:
        """Return some of the bytes."""
        try:
            with self._path(key).open("rb") as file:
                file.seek(start)
                return file.read(stop - start)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise as_storage_error(exc, "read") from exc

    def find(self, key: str) -> Blob | None:
        """Return what is known of the bytes; None when there are none."""
        try:
            stat = self._path(key).stat()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise as_storage_error(exc, "read") from exc
        return Blob(key, stat.st_size, stat.st_mtime)

    def pages(self, prefix: str) -> Iterator[Sequence[Blob]]:
        """Yield all files under a prefix."""
        found = (blob for blob in self._walk(prefix) if is_key(blob.key))
        while page := list(itertools.islice(found, _PAGE)):
            yield page

    def delete(self, keys: Sequence[str]) -> None:
        """Delete the files that are there."""
        for key in keys:
            self._unlink(self._path(key))

    def delete_partial(self, prefix: str, *, min_age_seconds: float) -> None:
        """Delete what writers that died left."""
        limit = time.time() - min_age_seconds
        for blob in self._walk(prefix):
            if blob.key.endswith(PARTIAL_SUFFIX) and blob.modified_at <= limit:
                self._unlink(self._folder / blob.key)

    def signed_url(self, key: str, lifetime_seconds: int) -> None:
        """Return None: a folder serves nobody."""

    def check(self) -> None:
        """Raise ``StorageError`` unless a file could be written now or a moment ago: who asks often keeps no disk busy."""
        with self._check_lock:
            if time.monotonic() < self._checked_until:
                return
            probe = self._folder / _CHECKED / f".probe-{secrets.token_hex(8)}"
            store(probe, b"\0" * 4096)
            self._unlink(probe)
            self._checked_until = time.monotonic() + _CHECK_SECONDS

    def _walk(self, prefix: str) -> Iterator[Blob]:
        """Every file under a prefix, two levels deep as the keys are; what vanishes meanwhile is left out."""
        try:
            with contextlib.suppress(FileNotFoundError), os.scandir(self._folder / prefix) as shards:
                for shard in shards:
                    if shard.is_dir(follow_symlinks=False):
                        yield from self._files_in(f"{prefix}/{shard.name}")
        except OSError as exc:
            raise as_storage_error(exc, "read") from exc

    def _files_in(self, prefix: str) -> Iterator[Blob]:
        with contextlib.suppress(FileNotFoundError), os.scandir(self._folder / prefix) as files:
            for file in files:
                with contextlib.suppress(FileNotFoundError):
                    stat = file.stat(follow_symlinks=False)
                    yield Blob(f"{prefix}/{file.name}", stat.st_size, stat.st_mtime)

    def _unlink(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as exc:
            raise as_storage_error(exc, "deleted") from exc

    def _path(self, key: str) -> Path:
        """The only way from a key to a path."""
        return self._folder / checked_key(key)
