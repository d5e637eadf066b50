"""Work of a length that depends on what a client sent: a little is done at once, much in a thread."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

__all__ = ["off_the_loop"]

_AT_ONCE_BYTES: Final = 65_536
"""What is read from so many bytes takes a millisecond at most; to hand it to a thread and back takes a fifth of one."""

T = TypeVar("T")


async def off_the_loop(size_bytes: int, work: Callable[..., T], /, *arguments: Any, **named: Any) -> T:
    """Return ``work(*arguments, **named)``, carried out in a thread when it is about many bytes.

    Parameters
    ----------
    size_bytes : int
        Of what the work reads.
    work : callable
        Computes only. What waits for a disk or another machine belongs in a thread whatever its size.
    *arguments, **named
        For it.
    """
    if size_bytes <= _AT_ONCE_BYTES:
        return work(*arguments, **named)
    return await asyncio.to_thread(work, *arguments, **named)
