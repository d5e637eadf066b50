"""Run an asynchronous conversation for a thread that must hear of an abort while it waits."""

from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from typing import Final, TypeVar

from anyio.from_thread import start_blocking_portal

from retouch.errors import EditAbortedError
from retouch.types import ShouldAbort

__all__ = ["run_watched"]

_LOOK_SECONDS: Final = 0.1
"""How often an abort is looked for."""

Value = TypeVar("Value")


def run_watched(converse: Callable[[], Awaitable[Value]], should_abort: ShouldAbort | None) -> Value:
    """Run a coroutine function in an event loop of its own, and cancel it as soon as ``should_abort`` says so.

    Cancelling closes its connections at once, which no thread could do to a socket that another thread waits on.

    Parameters
    ----------
    converse : callable
        Takes nothing, returns an awaitable.
    should_abort : callable or None
        Asked ten times a second, in the caller's thread.

    Raises
    ------
    EditAbortedError
        ``should_abort`` said so.
    """
    with start_blocking_portal("asyncio") as portal:
        future = portal.start_task_soon(converse)
        try:
            while not _is_done(future):
                if should_abort is not None and should_abort():
                    raise EditAbortedError("The edit was stopped before it was finished.")
        finally:
            future.cancel()
        return future.result()


def _is_done(future: "Future[Value]") -> bool:
    """Wait a moment for a future, whatever comes of it."""
    try:
        future.exception(timeout=_LOOK_SECONDS)
    except TimeoutError:
        return False
    except CancelledError:
        return True
    return True
