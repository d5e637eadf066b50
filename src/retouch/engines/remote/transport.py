"""HTTP to the remote server: one connection pool an edit, retries with jitter, a circuit breaker, caps on time and bytes."""

import asyncio
import contextlib
import ipaddress
import itertools
import json
import logging
import random
import socket
import ssl
import urllib.parse
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final

import httpcore

from retouch.engines.remote.breaker import CircuitBreaker
from retouch.engines.remote.options import RemoteOptions
from retouch.errors import ConfigurationError, EngineError, RemoteRefusedError
from retouch.fetch import is_public_address

__all__ = ["HttpAnswer", "HttpRequest", "Transport", "open_transport"]

_CONNECT_SECONDS: Final = 10.0
_MAX_BACKOFF_SECONDS: Final = 8.0
_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = range(500, 600)
_UNDELIVERED: Final = (httpcore.ConnectError, httpcore.ConnectTimeout)
_BROKEN: Final = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is sent.

    Attributes
    ----------
    method, url : str
    headers : mapping of str to str
        Holds the key, so it is not shown.
    body : bytes
    is_repeatable : bool
        Whether it may be sent again after the server may have seen it: a question, not an order that costs money.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    is_repeatable: bool = False


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the body as JSON has it, None when it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@contextlib.asynccontextmanager
async def open_transport(options: RemoteOptions, breaker: CircuitBreaker) -> "AsyncIterator[Transport]":
    """Open a transport that lives for one edit."""
    backend = _RemoteBackend(must_be_private=options.must_be_private)
    async with httpcore.AsyncConnectionPool(
        ssl_context=_tls_context(), max_connections=2, network_backend=backend, retries=0
    ) as pool:
        yield Transport(pool, backend, options, breaker)


class Transport:
    """Sends requests for one edit, all before one deadline. See ``open_transport``.

    Parameters
    ----------
    pool : httpcore.AsyncConnectionPool
    backend : _RemoteBackend
    options : RemoteOptions
    breaker : CircuitBreaker
        Shared by all edits.
    """

    def __init__(
        self,
        pool: httpcore.AsyncConnectionPool,
        backend: "_RemoteBackend",
        options: RemoteOptions,
        breaker: CircuitBreaker,
    ) -> None:
        self._pool = pool
        self._backend = backend
        self._options = options
        self._breaker = breaker
        self._deadline = asyncio.get_running_loop().time() + options.timeout_seconds

    @property
    def is_private(self) -> bool:
        """Whether every address that was connected to is in a private network."""
        return self._backend.is_private

    @property
    def seconds_left(self) -> float:
        """Until the deadline; 0 when it is over."""
        return max(0.0, self._deadline - asyncio.get_running_loop().time())

    async def send(self, request: HttpRequest) -> HttpAnswer:
        """Send a request, again where that can help, and return an answer below 500 other than 429.

        Raises
        ------
        EngineError
            The server can't be reached, fails, is too busy, too slow or answers too much; or the breaker is open.
        ConfigurationError
            The key would go unencrypted to a public address.
        """
        for attempt in itertools.count(1):
            self._breaker.admit()
            answer, problem = await self._attempt(request)
            if answer is not None and answer.status != _TOO_MANY and answer.status not in _SERVER_ERRORS:
                return answer
            error = problem or _failure_of(answer)
            if problem is not None and not request.is_repeatable and not isinstance(problem.__cause__, _UNDELIVERED):
                raise error
            delay = self._delay(attempt, answer)
            if delay is None or attempt >= self._options.max_attempts or delay >= self.seconds_left:
                raise error
            _log.info("the remote server failed (%s), next attempt in %.1f s", _said_of(answer), delay)
            await asyncio.sleep(delay)
        raise AssertionError("unreachable")

    async def _attempt(self, request: HttpRequest) -> tuple[HttpAnswer | None, EngineError | None]:
        """Send once; tell the breaker what came of it. Returns the answer or the problem."""
        try:
            async with asyncio.timeout(self.seconds_left):
                answer = await self._exchange(request)
        except TimeoutError as exc:
            self._breaker.failed()
            seconds = self._options.timeout_seconds
            raise EngineError(f"The remote server did not answer within {seconds:g} s. Try again later.") from exc
        except _BROKEN as exc:
            self._breaker.failed()
            where = "can't be reached" if isinstance(exc, _UNDELIVERED) else "broke the connection off"
            problem = EngineError(f"The remote server {where}. Try again later.")
            problem.__cause__ = exc
            return None, problem
        except EngineError:
            self._breaker.failed()
            raise
        except BaseException:
            self._breaker.released()
            raise
        if answer.status in _SERVER_ERRORS:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return answer, None

    async def _exchange(self, request: HttpRequest) -> HttpAnswer:
        headers = {
            "Host": urllib.parse.urlsplit(request.url).netloc,
            "User-Agent": "retouch (+remote engine)",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **request.headers,
        }
        timeouts = {"connect": min(_CONNECT_SECONDS, self.seconds_left)}
        async with self._pool.stream(
            request.method,
            request.url,
            headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()],
            content=request.body,
            extensions={"timeout": timeouts},
        ) as response:
            said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            return HttpAnswer(response.status, said, await self._read(response, said))

    async def _read(self, response: httpcore.Response, headers: Mapping[str, str]) -> bytes:
        limit = self._options.max_answer_bytes
        too_much = EngineError(f"The remote server's answer has more than {limit} bytes.")
        if headers.get("content-encoding", "identity") != "identity":
            raise EngineError("The remote server's answer is compressed, which was not asked for.")
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            raise too_much
        body = bytearray()
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > limit:
                raise too_much
        return bytes(body)

    def _delay(self, attempt: int, answer: HttpAnswer | None) -> float | None:
        """Seconds until the next attempt: full jitter, on top of what the server asks for; None where it says not to come."""
        if answer is not None and answer.headers.get("x-should-retry") == "false":
            return None
        ceiling = min(_MAX_BACKOFF_SECONDS, self._options.backoff_seconds * 2 ** (attempt - 1))
        return random.uniform(0, ceiling) + (0.0 if answer is None else retry_after_seconds(answer.headers))


def retry_after_seconds(headers: Mapping[str, str]) -> float:
    """Return what ``Retry-After`` asks for, in seconds or as a date; 0 when it says nothing that can be read.

    >>> retry_after_seconds({"retry-after": "2"})
    2.0
    """
    said = headers.get("retry-after", "").strip()
    if said.isdigit():
        return float(said)
    try:
        when = parsedate_to_datetime(said)
    except ValueError:
        return 0.0
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _failure_of(answer: HttpAnswer | None) -> EngineError:
    assert answer is not None
    if answer.status == _TOO_MANY:
        return EngineError("The remote server has too much to do (429). Try again later.")
    if answer.headers.get("x-should-retry") == "false":
        return RemoteRefusedError(
            f"The remote server failed (status {answer.status}) and says that trying again won't help."
        )
    return EngineError(f"The remote server failed (status {answer.status}). Try again later.")


def _said_of(answer: HttpAnswer | None) -> str:
    return "no answer" if answer is None else f"status {answer.status}"


class _RemoteBackend(httpcore.AsyncNetworkBackend):
    """Resolves the host, refuses to show a key to the internet unencrypted, and remembers where it connected to."""

    def __init__(self, *, must_be_private: bool) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._must_be_private = must_be_private
        self._saw_public = False
        self._connected = False

    @property
    def is_private(self) -> bool:
        return self._connected and not self._saw_public

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        error: Exception | None = None
        addresses = await _resolve(host, port)
        is_public = any(is_public_address(ipaddress.ip_address(address)) for address in addresses)
        if is_public and self._must_be_private:
            raise ConfigurationError(
                "The remote server has a public address, and remote.url is not https: the key was not sent."
            )
        for address in addresses:
            try:
                stream = await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except _UNDELIVERED as exc:
                error = exc
                continue
            self._connected = True
            self._saw_public = self._saw_public or is_public
            return stream
        raise error or httpcore.ConnectError("the host has no address")

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        raise ConfigurationError("The remote server is not reached through a socket file.")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _resolve(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as exc:
        raise httpcore.ConnectError("the host is not known") from exc
    return list(dict.fromkeys(str(info[4][0]).split("%")[0] for info in found))


@cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()
