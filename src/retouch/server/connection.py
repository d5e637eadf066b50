"""One client's connection, with an eye on the clock: senders of headers and readers of answers that dawdle are let go.

uvicorn itself waits for ever for the first headers of a connection, and for ever for a client that reads nothing. What arrives
too slowly in a body is the matter of ``retouch.server.intake``.
"""

import asyncio
import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from retouch.server.middleware import SECURITY_HEADERS

__all__ = ["ConnectionRules", "connection_class"]

_LEAST_BYTES_PER_SECOND: Final = 1024
"""A reader that is slower counts as one that does not read."""
_LOOKS_PER_TIMEOUT: Final = 4
_NOT_HTTP: Final = "The request is not valid HTTP."
_TOO_MANY: Final = "The server has as many connections as it can hold. Try again shortly."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionRules:
    """What a connection may cost.

    Attributes
    ----------
    max_connections : int
        At a time, in this process.
    header_timeout_seconds : float
        From the connection, or from the end of an answer, until the next request's headers are there.
    idle_timeout_seconds : float
        In which a client must read something of what lies ready for it.
    """

    max_connections: int = 1000
    header_timeout_seconds: float = 15.0
    idle_timeout_seconds: float = 30.0


def connection_class(rules: ConnectionRules) -> type[asyncio.Protocol]:
    """Return what uvicorn makes a connection with, under these rules."""

    class RuledConnection(_Connection):
        _rules: ClassVar[ConnectionRules] = rules

    return RuledConnection


class _Connection(H11Protocol):
    """uvicorn's connection, watched."""

    _rules: ClassVar[ConnectionRules]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._watching: asyncio.TimerHandle | None = None
        self._free_since = self._read_at = self.loop.time()
        self._unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch; turn away whoever is one too many."""
        super().connection_made(transport)
        self._watch()
        if len(self.connections) > self._rules.max_connections:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, _TOO_MANY, {"retry-after": "5"})

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching."""
        if self._watching is not None:
            self._watching.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the connection was refused."""
        if not self.transport.is_closing():
            super().data_received(data)

    def on_response_complete(self) -> None:
        """Count the time until the next request from here."""
        self._free_since = self.loop.time()
        super().on_response_complete()

    def resume_writing(self) -> None:
        """Note that the client reads."""
        super().resume_writing()
        self._read_at, self._unread = self.loop.time(), self.transport.get_write_buffer_size()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, which are not ours
        """Answer what is not HTTP in our own form; where an answer is under way, only hang up."""
        _log.debug("not HTTP: from %s", self.client)
        self._refuse(HTTPStatus.BAD_REQUEST, _NOT_HTTP, {})

    def _watch(self) -> None:
        """Look after the connection from time to time, until it is closed or has to be."""
        now, rules = self.loop.time(), self._rules
        if not self._is_answering and now - self._free_since > rules.header_timeout_seconds:
            self.transport.close()
        if not self._is_read(now):
            _log.info("a client did not read its answer and was disconnected")
            self.transport.abort()
            return
        least = min(rules.header_timeout_seconds, rules.idle_timeout_seconds)
        self._watching = self.loop.call_later(least / _LOOKS_PER_TIMEOUT, self._watch)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_read(self, now: float) -> bool:
        """Whether the client takes what lies ready for it, at a pace that an earnest client has."""
        size, seconds = self.transport.get_write_buffer_size(), self._rules.idle_timeout_seconds
        if size == 0 or size <= self._unread - _LEAST_BYTES_PER_SECOND * seconds:
            self._read_at, self._unread = now, size
        self._unread = max(self._unread, size)
        return now - self._read_at <= seconds

    def _refuse(self, status: HTTPStatus, message: str, headers: dict[str, str]) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and (
            self.cycle is None or not self.cycle.response_started
        ):
            body = json.dumps({"message": message, "statusCode": status.value}).encode("ascii")
            head = {
                "content-type": "application/json",
                "content-length": str(len(body)),
                "connection": "close",
                **SECURITY_HEADERS,
                **headers,
            }
            lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in head.items())]
            self.transport.write("\r\n".join([*lines, "", ""]).encode("ascii") + body)
        self.transport.close()
