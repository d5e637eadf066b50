"""A circuit breaker: a server that keeps failing is left alone for a while, and then tried with one request."""

import threading
import time
from collections.abc import Callable
from typing import Literal

from retouch.errors import EngineError

__all__ = ["CircuitBreaker"]


class CircuitBreaker:
    """Counts failures in a row. One instance serves all threads.

    Parameters
    ----------
    max_failures : int
        After so many in a row it opens.
    open_seconds : float
        How long it refuses; then it is half open: one request may try, and decides.
    clock : callable
        Seconds that never go back.

    Notes
    -----
    ``admit`` is followed by exactly one of ``succeeded``, ``failed`` and ``released``. Source of the pattern: M. Nygard, Release
    It!, 2nd edition, 2018.
    """

    def __init__(self, max_failures: int, open_seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_failures = max_failures
        self._open_seconds = open_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._is_probing = False

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        """What the next request meets."""
        with self._lock:
            if self._opened_at is None:
                return "closed"
            return "open" if self._seconds_left() > 0 else "half-open"

    def admit(self) -> None:
        """Let a request through.

        Raises
        ------
        EngineError
            The breaker is open, or half open and another request is trying.
        """
        with self._lock:
            if self._opened_at is None:
                return
            left = self._seconds_left()
            if left > 0 or self._is_probing:
                when = f"for another {left:.0f} s" if left > 1 else "until a first request came through"
                raise EngineError(f"The remote server failed repeatedly and is left alone {when}. Try again later.")
            self._is_probing = True

    def succeeded(self) -> None:
        """Note that the server answered: closes."""
        with self._lock:
            self._failures = 0
            self._opened_at = None
            self._is_probing = False

    def failed(self) -> None:
        """Note a failure: opens after the last one that is allowed, and at once when half open."""
        with self._lock:
            self._failures += 1
            if self._is_probing or self._failures >= self._max_failures:
                self._opened_at = self._clock()
            self._is_probing = False

    def released(self) -> None:
        """Note that a request ended without telling anything of the server: its caller gave up."""
        with self._lock:
            self._is_probing = False

    def _seconds_left(self) -> float:
        assert self._opened_at is not None
        return self._opened_at + self._open_seconds - self._clock()
