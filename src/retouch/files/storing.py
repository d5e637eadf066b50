"""Write into the data folder, and say what went wrong in words for clients."""

import errno
from pathlib import Path
from typing import Final

from retouch.atomic import write_atomically
from retouch.errors import StorageError

__all__ = ["PARTIAL_SUFFIX", "as_storage_error", "store"]

PARTIAL_SUFFIX: Final = ".part"
"""Ending of a file that is being written, or that a crash left; nothing with it is ever served."""

_DISK_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


def store(target: Path, data: bytes, *, flush: bool = True) -> None:
    """Write ``data`` to ``target``, wholly or not at all, and make its folder where it is missing.

    Parameters
    ----------
    target : Path
    data : bytes
    flush : bool
        See ``write_atomically``.

    Raises
    ------
    StorageError
        The disk is full, or the folder can't be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, data, flush=flush)
    except OSError as exc:
        raise as_storage_error(exc, "written") from exc
    except StorageError as exc:
        cause = exc.__cause__
        raise as_storage_error(cause if isinstance(cause, OSError) else OSError(), "written") from exc


def as_storage_error(exc: OSError, what_failed: str) -> StorageError:
    """Return the error for clients: it says what to do, and no path of this machine."""
    if exc.errno in _DISK_FULL:
        return StorageError(
            "The server's disk is full, so nothing could be stored. Its operator has to free some space."
        )
    reason = errno.errorcode.get(exc.errno or 0, "unknown reason")
    return StorageError(f"A file could not be {what_failed} on the server ({reason}). Its operator has to see to it.")
