"""Try everything that a service does with a store, one after the other, and say what works."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from retouch.errors import StorageError
from retouch.files.blobs import Blobs

__all__ = ["ProbeStep", "probe"]

_DATA: Final = b"\0" * 65536
_PREFIX: Final = "probes"


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """How one of the operations went.

    Attributes
    ----------
    name : str
    outcome : str
        "ok", or what is wrong.
    seconds : float
    """

    name: str
    outcome: str
    seconds: float


def probe(blobs: Blobs, *, signed_url_seconds: int | None) -> list[ProbeStep]:
    """Write, read, list, sign and delete an object of 64 KiB; return how each went. A step that fails does not end it.

    Parameters
    ----------
    blobs : Blobs
    signed_url_seconds : int or None
        Left out, signing is not tried.
    """
    key = f"{_PREFIX}/check/{secrets.token_hex(8)}"

    def write() -> bool:
        blobs.put(key, _DATA, media_type="application/octet-stream")
        return True

    def delete() -> bool:
        blobs.delete([key])
        return blobs.find(key) is None

    steps: dict[str, Callable[[], bool]] = {
        "write": write,
        "read": lambda: blobs.get(key) == _DATA,
        "read a part": lambda: blobs.get_range(key, 10, 20) == _DATA[10:20],
        "find": lambda: (found := blobs.find(key)) is not None and found.size_bytes == len(_DATA),
        "list": lambda: any(blob.key == key for page in blobs.pages(_PREFIX) for blob in page),
        "sign": lambda: blobs.signed_url(key, signed_url_seconds or 0) is not None,
        "delete": delete,
    }
    if signed_url_seconds is None:
        del steps["sign"]
    return [_try(name, step) for name, step in steps.items()]


def _try(name: str, step: Callable[[], bool]) -> ProbeStep:
    started = time.perf_counter()
    try:
        outcome = "ok" if step() else "it was done, and what came of it is wrong"
    except StorageError as exc:
        outcome = exc.message
    return ProbeStep(name, outcome, time.perf_counter() - started)
