"""Tell what happens. Nobody listens in a library or on the command line; a process of the service has a ledger that does."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Protocol

from retouch.telemetry.catalog import Measure

__all__ = ["Listener", "change", "count", "listening", "observe"]


class Listener(Protocol):
    """Keeps what it is told."""

    def add(self, measure: Measure, labels: tuple[str, ...], amount: float, /) -> None:
        """Add to a counter or a gauge."""

    def observe(self, measure: Measure, labels: tuple[str, ...], value: float, /) -> None:
        """Put a value into a histogram."""


_listeners: tuple[Listener, ...] = ()
_lock = threading.Lock()


def count(measure: Measure, *labels: str, amount: float = 1.0) -> None:
    """Count something that happened; the labels in the order of the measure's."""
    for listener in _listeners:
        listener.add(measure, labels, amount)


def change(measure: Measure, amount: float, *labels: str) -> None:
    """Move a gauge up or down."""
    for listener in _listeners:
        listener.add(measure, labels, amount)


def observe(measure: Measure, value: float, *labels: str) -> None:
    """Put a value into a histogram."""
    for listener in _listeners:
        listener.observe(measure, labels, value)


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have ``listener`` told of everything that this process does, for as long as the block lasts."""
    global _listeners
    with _lock:
        _listeners = (*_listeners, listener)
    try:
        yield
    finally:
        with _lock:
            _listeners = tuple(each for each in _listeners if each is not listener)
