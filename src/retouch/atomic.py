"""Write a file wholly or not at all."""

import errno
import os
import secrets
from pathlib import Path

from retouch.errors import StorageError

__all__ = ["write_atomically"]


def write_atomically(path: str | os.PathLike[str], data: bytes, *, flush: bool = True) -> Path:
    """Write ``data`` to ``path`` and return the path.

    The bytes go to a file beside it that takes the name last, so a reader sees the old file, the new one, or none, and a full
    disk leaves nothing behind.

    Parameters
    ----------
    path : str or path-like
    data : bytes
    flush : bool
        Whether to wait until the disk has the bytes, which takes milliseconds. Without it a power cut in the next half minute may
        leave a file with other content under the name; the death of a process never does.

    Raises
    ------
    StorageError
        The file could not be written; says why.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            if flush:
                os.fsync(file.fileno())
        partial.replace(target)
    except OSError as exc:
        partial.unlink(missing_ok=True)
        raise StorageError(f"Can't write {target.name}: {_reason(exc)}") from exc
    return target


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "the disk is full. Free some space and try again."
        case errno.ENOENT | errno.ENOTDIR:
            return "its folder does not exist. Create the folder or choose another place."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "no permission to write there. Choose another place."
        case errno.EISDIR:
            return "there is a folder of that name. Choose another name."
        case _:
            return f"{error.strerror or 'the system refused'}. Choose another place."
