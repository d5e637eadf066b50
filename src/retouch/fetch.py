"""Fetch input pictures: ``data:`` URIs and http(s) URLs, side by side, never from addresses inside.

The guard sits where the connection is made: a host name is resolved, every address is checked, and the connection goes to the
very address that was checked. A second answer of the name server (DNS rebinding) therefore has no say, and redirects pass the
same gate. TLS still verifies the certificate against the host name.
"""

import asyncio
import base64
import binascii
import functools
import ipaddress
import re
import socket
import ssl
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpcore

from retouch.errors import AddressNotAllowedError, ImageError, ImageFetchError, ImageTooLargeError, shorten
from retouch.telemetry.catalog import FETCHES
from retouch.telemetry.measures import count

__all__ = ["FetchPolicy", "check_url", "fetch_images", "is_public_address", "post", "read_data_uris"]

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_PUBLIC_IPV6: Final = ipaddress.ip_network("2000::/3")
"""All that IANA has given out; whatever is outside is for a network of one's own, or for nobody."""
_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
        *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20"),
    )
)
"""IANA's special-purpose registries, written out: what Python's ``is_global`` says differs between its versions."""
_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)
"""The upper half of an interface identifier whose lower half is an IPv4 address."""
_WEB_PORTS: Final = frozenset({80, 443})
_FIRST_FREE_PORT: Final = 1024
"""Below it, ports belong to services: a GET that reaches a mail server is no fetch."""
_HOST: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.\-]*[A-Za-z0-9_.])?")
_RESOLVER_THREADS: Final = 16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_USER_AGENT: Final = b"retouch (+image fetch)"

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """Limits of fetching.

    Attributes
    ----------
    allow_private : bool
        True also fetches from loopback, private and link-local addresses. For a person's own command line; never for a server
        that strangers reach.
    timeout_seconds : float
        For one picture, redirects and all.
    max_bytes : int
        Of one picture.
    max_redirects : int
    max_url_characters : int
        Of an http(s) URL.
    """

    allow_private: bool = False
    timeout_seconds: float = 20.0
    max_bytes: int = 32 * 2**20
    max_redirects: int = 5
    max_url_characters: int = 8192


def is_public_address(address: IPAddress) -> bool:
    """Tell whether an address is on the public internet.

    Addresses that carry an IPv4 address inside (mapped, 6to4, Teredo, NAT64) count as the address that they carry.

    >>> is_public_address(ipaddress.ip_address("::ffff:169.254.169.254"))
    False
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded_ipv4(address)
        if inner is not None:
            return is_public_address(inner)
        if address not in _PUBLIC_IPV6 or (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
            return False
    return address.is_global and not any(address in network for network in _NOT_PUBLIC)


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


async def fetch_images(sources: Sequence[str], policy: FetchPolicy | None = None) -> list[bytes]:
    """Fetch pictures side by side, in order.

    Parameters
    ----------
    sources : sequence of str
        ``data:`` URIs and http(s) URLs.
    policy : FetchPolicy, optional

    Returns
    -------
    list of bytes
        The files; nothing is said about whether they are pictures.

    Raises
    ------
    ImageFetchError
        A source could not be fetched; ``index`` tells which.
    AddressNotAllowedError
        A source leads to an address that is not public.
    ImageTooLargeError
        A source has more bytes than allowed.
    """
    rules = policy or FetchPolicy()
    backend = _GuardedBackend(allow_private=rules.allow_private)
    async with httpcore.AsyncConnectionPool(
        ssl_context=_tls_context(), max_connections=8, network_backend=backend, retries=0
    ) as pool:
        tasks = [asyncio.ensure_future(_fetch_one(pool, source, i, rules)) for i, source in enumerate(sources)]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def read_data_uris(sources: Sequence[str], policy: FetchPolicy | None = None) -> list[bytes]:
    """Return the content of ``data:`` URIs, as ``fetch_images`` would, without any connection.

    Raises
    ------
    ImageFetchError
        One is malformed; ``index`` tells which.
    ImageTooLargeError
        One has more bytes than allowed.
    """
    rules = policy or FetchPolicy()
    return [_read_data_uri(source, index, rules) for index, source in enumerate(sources)]


async def post(url: str, body: bytes, headers: Mapping[str, str], policy: FetchPolicy | None = None) -> int:
    """Send bytes to a URL, under the rules that pictures are fetched by, and return the HTTP status. No redirect is followed.

    Parameters
    ----------
    url : str
        http(s).
    body : bytes
    headers : mapping of str to str
        Beside those that HTTP itself needs.
    policy : FetchPolicy, optional

    Raises
    ------
    ImageFetchError
        It is no such URL, or its host could not be reached in time.
    AddressNotAllowedError
        It leads to an address that is not public.
    """
    rules = policy or FetchPolicy()
    check_url(url, rules)
    sent = [
        (b"host", _host_header(url)),
        (b"user-agent", _USER_AGENT),
        (b"content-length", str(len(body)).encode("ascii")),
        *((name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()),
    ]
    backend = _GuardedBackend(allow_private=rules.allow_private)
    try:
        async with (
            asyncio.timeout(rules.timeout_seconds),
            httpcore.AsyncConnectionPool(ssl_context=_tls_context(), network_backend=backend) as pool,
            pool.stream("POST", _ascii_url(url, 0), headers=sent, content=body) as response,
        ):
            return response.status
    except TimeoutError as exc:
        raise ImageFetchError(f"The URL {_shown(url)} did not answer within {rules.timeout_seconds:g} s.") from exc
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as exc:
        raise ImageFetchError(f"The URL {_shown(url)} could not be reached.") from exc


def check_url(url: str, policy: FetchPolicy | None = None) -> None:
    """Raise ``ImageFetchError`` unless a text is an http(s) URL of sound form; where it leads is found out on the way."""
    _check_url(url, None, policy or FetchPolicy())


async def _fetch_one(pool: httpcore.AsyncConnectionPool, source: str, index: int, policy: FetchPolicy) -> bytes:
    if source[:5].lower() == "data:":
        return _read_data_uri(source, index, policy)
    try:
        data = await _fetch_url(pool, source, index, policy)
    except ImageError as exc:
        count(FETCHES, exc.code)
        raise
    count(FETCHES, "ok")
    return data


async def _fetch_url(pool: httpcore.AsyncConnectionPool, source: str, index: int, policy: FetchPolicy) -> bytes:
    try:
        async with asyncio.timeout(policy.timeout_seconds):
            return await _get_following_redirects(pool, source, index, policy)
    except TimeoutError as exc:
        raise ImageFetchError(
            f"The URL {_shown(source)} did not deliver the picture within {policy.timeout_seconds:g} s.", index=index
        ) from exc
    except ImageError as exc:
        exc.index = index
        raise
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as exc:
        raise ImageFetchError(
            f"The URL {_shown(source)} could not be reached. Check the address.", index=index
        ) from exc


async def _get_following_redirects(
    pool: httpcore.AsyncConnectionPool, url: str, index: int, policy: FetchPolicy
) -> bytes:
    for _ in range(policy.max_redirects + 1):
        _check_url(url, index, policy)
        headers = [(b"accept", b"image/*"), (b"accept-encoding", b"identity"), (b"user-agent", _USER_AGENT)]
        headers.insert(0, (b"host", _host_header(url)))
        async with pool.stream("GET", _ascii_url(url, index), headers=headers) as response:
            if response.status in _REDIRECTS:
                location = _header(response.headers, b"location")
                if location is None:
                    raise ImageFetchError(f"The URL {_shown(url)} redirects to nowhere.", index=index)
                url = _joined(url, location, index)
                continue
            if response.status != 200:
                raise ImageFetchError(
                    f"The URL {_shown(url)} answered with status {response.status}; 200 is needed.", index=index
                )
            return await _read_body(response, url, index, policy)
    raise ImageFetchError(f"The URL redirects more than {policy.max_redirects} times.", index=index)


def _joined(url: str, location: str, index: int) -> str:
    try:
        return urllib.parse.urljoin(url, location)
    except ValueError as exc:
        raise ImageFetchError(f"The URL {_shown(url)} redirects to what is not a URL.", index=index) from exc


async def _read_body(response: httpcore.Response, url: str, index: int, policy: FetchPolicy) -> bytes:
    encoding = _header(response.headers, b"content-encoding")
    if encoding not in (None, "", "identity"):
        raise ImageFetchError(f"The URL {_shown(url)} sends compressed content, which was not asked for.", index=index)
    too_large = ImageTooLargeError(
        f"The picture at {_shown(url)} has more than the allowed {policy.max_bytes} bytes.", index=index
    )
    length = _header(response.headers, b"content-length")
    if length is not None and length.isdigit() and int(length) > policy.max_bytes:
        raise too_large
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > policy.max_bytes:
            raise too_large
    return bytes(body)


def _check_url(url: str, index: int | None, policy: FetchPolicy) -> None:
    if len(url) > policy.max_url_characters:
        raise ImageFetchError(f"The URL has more than {policy.max_url_characters} characters.", index=index)
    try:
        url.encode()  # JSON can hold halves of a character
        parts = urllib.parse.urlsplit(url)
        _ = parts.port
    except ValueError as exc:
        raise ImageFetchError(f"{_shown(url)} is not a URL.", index=index) from exc
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ImageFetchError(
            f"{_shown(url)} can't be fetched: use an http:// or https:// URL, or a data: URI.", index=index
        )
    if parts.username is not None or parts.password is not None:
        raise ImageFetchError("A URL with a user name or password in it is not fetched.", index=index)
    if any(ord(character) < 33 or ord(character) == 127 for character in url):
        raise ImageFetchError(f"{_shown(url)} is not a URL: it holds spaces or control characters.", index=index)
    _netloc(parts, index)


def _ascii_url(url: str, index: int) -> bytes:
    """Return the URL as it goes on the wire: IDNA host, percent-encoded path and query, no fragment."""
    parts = urllib.parse.urlsplit(url)
    path = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = urllib.parse.quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    netloc = _netloc(parts, index)
    return urllib.parse.urlunsplit((parts.scheme, netloc, path, query, "")).encode("ascii")


def _netloc(parts: urllib.parse.SplitResult, index: int | None = None) -> str:
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    else:
        try:
            # Digits of other scripts become digits here, so that an address can't hide behind them.
            host = host.encode("idna").decode("ascii") if not host.isascii() else host
        except UnicodeError as exc:
            raise ImageFetchError(f"{shorten(host)} is not a host name.", index=index) from exc
        if _HOST.fullmatch(host) is None:
            raise ImageFetchError(f"{shorten(host)} is not a host name.", index=index)
    return host if parts.port is None else f"{host}:{parts.port}"


def _host_header(url: str) -> bytes:
    return _netloc(urllib.parse.urlsplit(url)).encode("ascii")


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    for key, value in headers:
        if key.lower() == name:
            return value.decode("latin-1").strip()
    return None


def _shown(url: str) -> str:
    """The URL for a message: without its query, which may hold a signature."""
    return shorten(url.split("?", 1)[0], 120)


def _read_data_uri(source: str, index: int, policy: FetchPolicy) -> bytes:
    header, comma, payload = source[5:].partition(",")
    if not comma:
        raise ImageFetchError("The data: URI has no comma before its data.", index=index)
    if len(payload) * 3 // 4 > policy.max_bytes + 3:
        raise ImageTooLargeError(f"The data: URI holds more than the allowed {policy.max_bytes} bytes.", index=index)
    if header.lower().endswith(";base64"):
        text = "".join(urllib.parse.unquote(payload).split()) if "%" in payload else "".join(payload.split())
        text = text.replace("-", "+").replace("_", "/")
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError) as exc:
            raise ImageFetchError("The data: URI is not valid base64.", index=index) from exc
    try:
        return urllib.parse.unquote_to_bytes(payload)
    except UnicodeEncodeError as exc:  # JSON can hold halves of a character
        raise ImageFetchError("The data: URI holds text that is not valid Unicode.", index=index) from exc


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves, checks every address, and connects to the one that was checked."""

    def __init__(self, *, allow_private: bool) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._allow_private = allow_private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await _resolve(host, port)
        if not self._allow_private and not all(is_public_address(address) for address in addresses):
            raise AddressNotAllowedError(
                f"The URL leads to {shorten(host)}, which is not a public address. Send the picture as a data: URI instead."
            )
        if not self._allow_private and port < _FIRST_FREE_PORT and port not in _WEB_PORTS:
            raise AddressNotAllowedError(
                f"The URL leads to port {port}, which is not one that web servers have. Use 80, 443, or one from 1024 on."
            )
        error: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                error = exc
        raise error or httpcore.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        raise AddressNotAllowedError("Pictures are not fetched from sockets.")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _resolve(host: str, port: int) -> list[IPAddress]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(
            _resolver(), functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        )
    except (socket.gaierror, UnicodeError) as exc:
        raise ImageFetchError(f"The host {shorten(host)} is not known.") from exc
    addresses = dict.fromkeys(ipaddress.ip_address(str(info[4][0]).split("%")[0]) for info in found)
    return list(addresses)


@cache
def _resolver() -> ThreadPoolExecutor:
    """Threads of their own: a name server that never answers must not hold up those that everything else is done in."""
    return ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="retouch-names")


@cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()
