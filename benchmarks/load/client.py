"""A client that costs next to nothing: one connection, kept alive, and a request that was put together beforehand."""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

__all__ = ["Answer", "Connection", "prepared"]

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: HTTP status (0: the connection broke), ``Retry-After``, and the seconds that it took.

    ``ended_at`` counts from the beginning of an open loop.
    """

    status: int
    retry_after: str | None
    seconds: float
    body: bytes = b""
    ended_at: float = 0.0

    def require_ok(self) -> Self:
        """Return the answer; ``RuntimeError`` when it is none of success."""
        if self.status != 200:
            raise RuntimeError(f"the server answered {self.status}: {self.body[:300]!r}")
        return self


def prepared(url: str, path: str, body: dict[str, Any]) -> bytes:
    """Return the bytes of a POST request with a JSON body."""
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nAuthorization: Bearer load-benchmark\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode("ascii") + data


class Connection:
    """A connection to a server on this machine; made when it is needed, and again when it broke.

    Parameters
    ----------
    url : str
        Base URL. Raises ``ValueError`` unless it is this machine's: no other one is ever put under load.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.hostname not in _LOOPBACK or parts.port is None:
            raise ValueError(f"only a server on this machine is put under load, not {url!r}")
        self._host, self._port = parts.hostname, parts.port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._streams is not None:
            writer = self._streams[1]
            self._drop()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def ask(self, request: bytes, *, timeout_seconds: float = 60.0) -> Answer:
        """Send a request and read its answer."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(timeout_seconds):
                if self._streams is None:
                    self._streams = await asyncio.open_connection(self._host, self._port)
                reader, writer = self._streams
                writer.write(request)
                status, headers = _head(await reader.readuntil(b"\r\n\r\n"))
                body = await reader.readexactly(int(headers.get("content-length", "0")))
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            self._drop()
            return Answer(0, None, time.perf_counter() - started)
        if headers.get("connection", "").lower() == "close":
            self._drop()
        return Answer(status, headers.get("retry-after"), time.perf_counter() - started, body)

    def _drop(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return int(first.split()[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}
