"""Graphs that were converted from weight files of another format, kept on disk, so that the next process need not convert again.

A file is the SHA-256 of the graph in hex, a line feed, and the graph. It is named by what it was made from; one that does not
match its own checksum is not used, and is written anew.
"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from retouch.atomic import write_atomically
from retouch.errors import StorageError

__all__ = ["conversion_key", "read_converted", "write_converted"]

_DIGEST_BYTES: Final = 64
_ENDING: Final = ".graph"

_log = logging.getLogger(__name__)


def conversion_key(checksums: Sequence[str], version: int, release: str) -> str:
    """Return the name of what a converter makes of files with these SHA-256, by its version and the project's release."""
    return hashlib.sha256("\n".join([*checksums, str(version), release]).encode()).hexdigest()[:32]


def read_converted(folder: Path, key: str) -> bytes | None:
    """Return the graph that is kept under a key; None where there is none, or it is damaged."""
    try:
        content = (folder / f"{key}{_ENDING}").read_bytes()
    except OSError:
        return None
    digest, graph = content[:_DIGEST_BYTES], content[_DIGEST_BYTES + 1 :]
    if hashlib.sha256(graph).hexdigest().encode() == digest:
        return graph
    _log.warning("a converted graph in %s is damaged; it is made anew", folder.name)
    return None


def write_converted(folder: Path, key: str, graph: bytes) -> None:
    """Keep a graph under a key, by an atomic rename, in place of those of other keys.

    Where the folder can't be written, nothing is kept: the next process converts again, which is only slower.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(graph).hexdigest().encode()
        write_atomically(folder / f"{key}{_ENDING}", digest + b"\n" + graph)
        for other in folder.glob(f"*{_ENDING}"):
            if other.stem != key:
                other.unlink(missing_ok=True)
    except (OSError, StorageError):
        _log.info("a converted graph can't be kept in %s", folder.name, exc_info=True)
