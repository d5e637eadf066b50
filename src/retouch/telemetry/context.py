"""Which request, job and key the running code works for: what every log line carries, whatever thread or library wrote it."""

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

__all__ = ["bound", "current", "hidden", "hide", "hiding"]

_EMPTY: Final[Mapping[str, str]] = MappingProxyType({})
_current: ContextVar[Mapping[str, str]] = ContextVar("retouch_context", default=_EMPTY)
_hidden: ContextVar[list[str] | None] = ContextVar("retouch_hidden", default=None)


@contextlib.contextmanager
def bound(**names: str | None) -> Iterator[None]:
    """Have every log line of this block, in this thread and in tasks and threads that it starts by asyncio, carry these values.

    What is None is left as it was.
    """
    token = _current.set({**_current.get(), **{name: value for name, value in names.items() if value is not None}})
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Mapping[str, str]:
    """Return what is bound at present."""
    return _current.get()


@contextlib.contextmanager
def hiding(*texts: str) -> Iterator[None]:
    """Keep texts, a prompt above all, out of the log lines of this block, whoever writes them: an engine, a library."""
    token = _hidden.set([*hidden(), *(text for text in texts if text.strip())])
    try:
        yield
    finally:
        _hidden.reset(token)


def hide(text: str) -> None:
    """Keep a further text out of the log lines of the block that ``hiding`` began, this task's and those of its threads."""
    known = _hidden.get()
    if known is not None and text.strip():
        known.append(text)


def hidden() -> tuple[str, ...]:
    """Return the texts that no log line may show at present."""
    return tuple(_hidden.get() or ())
