"""Write a file wholly or not at all."""

import contextlib
import errno
import os
import secrets
from pathlib import Path

from retouch.errors import StorageError

__all__ = ["PARTIAL_SUFFIX", "as_storage_error", "write_atomically"]

PARTIAL_SUFFIX = ".part"
"""Ending of a file that is being written; nothing with it is ever served."""

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


def write_atomically(target: Path, data: bytes) -> None:
    """Write ``data`` to ``target``; a reader sees the whole file or none, also after a crash.

    The bytes go to a neighbour with a random name, are flushed to the disk, and take the target's place by one rename.

    Raises
    ------
    StorageError
        The disk is full, or the folder can't be written.
    """
    partial = target.with_name(f".{target.name}.{secrets.token_hex(8)}{PARTIAL_SUFFIX}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as exc:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise as_storage_error(exc, "written") from exc


def as_storage_error(exc: OSError, what_failed: str) -> StorageError:
    """Return the error for clients: it says what to do, and no path of this machine."""
    if exc.errno in _DISK_FULL:
        return StorageError(
            "The server's disk is full, so nothing could be stored. Its operator has to free some space."
        )
    reason = errno.errorcode.get(exc.errno or 0, "unknown reason")
    return StorageError(
        f"A file could not be {what_failed} on the server ({reason}). Its operator has to look at the data folder."
    )
