"""The hops of an edit as spans of a trace. Without a tracer, which only a configured service has, they cost next to nothing."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

__all__ = ["Tracer", "span", "traceparent", "tracing"]

Value = str | int | float | bool


class Tracer(Protocol):
    """Records spans."""

    def span(
        self, name: str, parent: str | None, started_at: float | None, kind: str, attributes: dict[str, Value], /
    ) -> AbstractContextManager[None]:
        """Record a span around a block."""

    def traceparent(self) -> str | None:
        """Return where the trace goes on, as W3C Trace Context writes it; None outside of every span."""


_tracer: Tracer | None = None


@contextlib.contextmanager
def span(
    name: str,
    *,
    parent: str | None = None,
    started_at: float | None = None,
    kind: str = "internal",
    **attributes: Value,
) -> Iterator[None]:
    """Record a span around a block; one that an exception leaves is marked with the exception's class, not with its text.

    Parameters
    ----------
    name : str
        A hop's name, the same for all edits.
    parent : str, optional
        A ``traceparent`` from another process; left out, the span that is open in this thread or task.
    started_at : float, optional
        Seconds since the epoch, of a span that began before it was known to which trace it belongs.
    kind : str
        "internal", "server", "producer", "consumer".
    attributes
        Names, numbers and ids. Never a prompt, a URL or a key.
    """
    tracer = _tracer
    if tracer is None:
        yield
        return
    with tracer.span(name, parent, started_at, kind, attributes):
        yield


def traceparent() -> str | None:
    """Return where the current trace goes on, for another process; None where nothing is traced."""
    return None if _tracer is None else _tracer.traceparent()


@contextlib.contextmanager
def tracing(tracer: Tracer) -> Iterator[None]:
    """Have ``tracer`` record the spans of this process for as long as the block lasts."""
    global _tracer
    before, _tracer = _tracer, tracer
    try:
        yield
    finally:
        _tracer = before
