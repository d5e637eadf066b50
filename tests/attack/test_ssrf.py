"""Every way in that is known: how an address can be written, where a redirect can lead, what a name server can say.

Each row is tried by all who connect where a stranger says: fetched pictures, webhooks, and the pictures of a remote engine.
"""

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace

import pytest

from retouch import fetch
from retouch.engines.remote import engine as remote_engine
from retouch.errors import AddressNotAllowedError, EngineError, ImageError, ImageFetchError, ImageTooLargeError
from retouch.fetch import FetchPolicy, fetch_images, is_public_address, post

QUICK = FetchPolicy(timeout_seconds=5)
OPEN = FetchPolicy(timeout_seconds=5, allow_private=True)

# Written as a host of a URL. What the resolver does not take for an address is refused as an unknown host.
INSIDE = {
    "loopback": "127.0.0.1",
    "loopback, elsewhere in its network": "127.255.255.254",
    "loopback as one decimal": "2130706433",
    "loopback as one hexadecimal": "0x7f000001",
    "loopback as one octal": "017700000001",
    "loopback, octal parts": "0177.0.0.01",
    "loopback, hexadecimal parts": "0x7f.0x0.0x0.0x1",
    "loopback, mixed parts": "0x7f.1",
    "loopback, short": "127.1",
    "loopback, zeros in front": "127.000.000.001",
    "loopback with a trailing dot": "127.0.0.1.",
    "loopback, wrapped around 32 bits": "4425403393",
    "loopback, full-width digits": "１２７.０.０.１",
    "loopback, circled digits": "①②⑦.⓪.⓪.①",
    "loopback, ideographic full stops": "127。0。0。1",
    "loopback, half-width full stops": "127｡0｡0｡1",
    "localhost": "localhost",
    "localhost with a trailing dot": "localhost.",
    "localhost in capitals": "LOCALHOST",
    "localhost, full-width": "ｌｏｃａｌｈｏｓｔ",
    "nothing": "0",
    "this host": "0.0.0.0",
    "this network": "0.1.2.3",
    "private 10/8": "10.0.0.1",
    "private 172.16/12": "172.31.255.254",
    "private 192.168/16": "192.168.1.1",
    "carrier-grade NAT": "100.64.0.1",
    "link-local, cloud metadata": "169.254.169.254",
    "cloud metadata as one decimal": "2852039166",
    "cloud metadata of containers": "169.254.170.2",
    "cloud metadata of another cloud": "100.100.100.200",
    "protocol assignments": "192.0.0.1",
    "documentation 1": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "6to4 relays": "192.88.99.1",
    "benchmarks": "198.18.0.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "IPv6 loopback": "[::1]",
    "IPv6 loopback, long": "[0:0:0:0:0:0:0:1]",
    "IPv6 nothing": "[::]",
    "IPv6 mapped": "[::ffff:127.0.0.1]",
    "IPv6 mapped, hexadecimal": "[::ffff:7f00:1]",
    "IPv6 mapped metadata": "[::ffff:169.254.169.254]",
    "IPv6 compatible": "[::127.0.0.1]",
    "IPv6 translated": "[::ffff:0:127.0.0.1]",
    "NAT64": "[64:ff9b::7f00:1]",
    "NAT64 of metadata": "[64:ff9b::169.254.169.254]",
    "NAT64, local use": "[64:ff9b:1::1]",
    "6to4": "[2002:7f00:1::]",
    "6to4 of metadata": "[2002:a9fe:a9fe::]",
    "Teredo": "[2001:0:5db8:d70e:0:0:80ff:fffe]",
    "ISATAP": "[2606:4700::5efe:7f00:1]",
    "IPv6 link-local": "[fe80::1]",
    "IPv6 link-local with a zone": "[fe80::1%25lo]",
    "IPv6 loopback with a zone": "[::1%25lo]",
    "IPv6 unique local": "[fc00::1]",
    "IPv6 unique local, metadata": "[fd00:ec2::254]",
    "IPv6 site-local": "[fec0::1]",
    "IPv6 multicast": "[ff02::1]",
    "IPv6 documentation": "[2001:db8::1]",
    "IPv6 documentation, newer": "[3fff::1]",
    "IPv6 benchmarks": "[2001:2::1]",
    "IPv6 discard": "[100::1]",
    "IPv6 segment routing": "[5f00::1]",
    "IPv6 ORCHID": "[2001:20::1]",
}

# Whole URLs that different readers read differently.
TRICKS = {
    "user information": "http://example.com@127.0.0.1:9/",
    "user information with a password": "http://example.com:80@127.0.0.1:9/",
    "two at signs": "http://a@example.com@127.0.0.1:9/",
    "escaped at sign": "http://example.com%40127.0.0.1:9/",
    "backslash and at sign": "http://127.0.0.1:9\\@example.com/",
    "backslash": "http://127.0.0.1:9\\.example.com/",
    "backslashes for slashes": "http:\\\\127.0.0.1:9\\",
    "fragment and at sign": "http://127.0.0.1:9#@example.com/",
    "question mark and at sign": "http://127.0.0.1:9?@example.com/",
    "escaped host": "http://%31%32%37.0.0.1:9/",
    "escaped NUL": "http://127.0.0.1%00.example.com:9/",
    "NUL": "http://127.0.0.1\0.example.com:9/",
    "tab in the host": "http://127.0.\t0.1:9/",
    "line break in the host": "http://127.0.0.1\r\nX: y:9/",
    "space in front": " http://127.0.0.1:9/",
    "semicolon": "http://127.0.0.1;.example.com:9/",
    "comma": "http://127.0.0.1,example.com:9/",
    "no slashes": "http:127.0.0.1:9/",
    "three slashes": "http:///127.0.0.1:9/",
    "no scheme": "//127.0.0.1:9/",
    "capitals": "HTTP://127.0.0.1:9/",
    "https": "https://127.0.0.1:9/",
    "soft hyphen": "http://127.0.0\u00ad.1:9/",
    "zero-width space": "http://127.0.0\u200b.1:9/",
    "right-to-left": "http://\u202e127.0.0.1:9/",
    "half a character": "http://127.0.0.1:9/\ud800",
    "half a character in the host": "http://a\udc80.example.com/",
    "unclosed bracket": "http://[::1/",
    "bracketed name": "http://[localhost]:9/",
    "port out of range": "http://127.0.0.1:99999/",
    "port that is none": "http://127.0.0.1:9a/",
    "negative port": "http://127.0.0.1:-9/",
}

SCHEMES = [
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:11211/stat",
    "ldap://127.0.0.1/",
    "jar:http://127.0.0.1!/",
    "unix:///run/docker.sock",
    "http+unix://%2frun%2fdocker.sock/",
    "ws://127.0.0.1/",
    "javascript:alert(1)",
    "blob:http://127.0.0.1/x",
    "view-source:http://127.0.0.1/",
    "\\\\127.0.0.1\\share",
]


async def _fetch_it(url: str) -> object:
    return await fetch_images([url], QUICK)


async def _post_it(url: str) -> object:
    return await post(url, b"{}", {}, QUICK)


async def _take_from_remote(url: str) -> object:
    """As the engine that asks a public server fetches the picture that this server names."""
    server, options = SimpleNamespace(is_private=False, seconds_left=5), SimpleNamespace(max_answer_bytes=2**20)
    try:
        return await remote_engine._fetch(url, server, options)
    except EngineError as exc:
        raise exc.__cause__ from None


WAYS: dict[str, Callable[[str], Awaitable[object]]] = {
    "a picture": _fetch_it,
    "a webhook": _post_it,
    "a remote engine's picture": _take_from_remote,
}


@pytest.fixture
def no_connection(monkeypatch):
    """Fail a test in which a connection is begun, wherever it leads; names are looked up as ever, but numbers only."""
    begun = []

    async def connect(self, host, port, *rest, **more):
        begun.append(host)
        raise AssertionError(f"connected to {host}")

    monkeypatch.setattr(fetch.httpcore.AnyIOBackend, "connect_tcp", connect)
    real = socket.getaddrinfo

    def look_up(host, port, *rest, **more):
        if host.rstrip(".").lower() != "localhost":
            more["flags"] = socket.AI_NUMERICHOST
        return real(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return begun


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", INSIDE)
def test_no_spelling_of_an_inner_address_is_connected_to(form, way, no_connection):
    with pytest.raises((AddressNotAllowedError, ImageFetchError)):
        asyncio.run(WAYS[way](f"http://{INSIDE[form]}:9/a.png"))
    assert no_connection == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_with_a_url_gets_inside(trick, way, no_connection):
    with pytest.raises(ImageFetchError):
        asyncio.run(WAYS[way](TRICKS[trick]))
    assert no_connection == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("url", SCHEMES)
def test_no_other_scheme_is_followed(url, way, no_connection):
    with pytest.raises(ImageFetchError):
        asyncio.run(WAYS[way](url))
    assert no_connection == []


@pytest.mark.parametrize("port", [22, 25, 53, 110, 143, 445, 587, 631, 993])
@pytest.mark.parametrize("way", WAYS)
def test_public_servers_of_other_kinds_are_left_alone(way, port, no_connection):
    with pytest.raises(AddressNotAllowedError, match="port"):
        asyncio.run(WAYS[way](f"http://93.184.215.14:{port}/"))
    assert no_connection == []


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "192.167.1.1",
                                     "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00:1450:4001::1", "::ffff:8.8.8.8",
                                     "64:ff9b::808:808", "2002:808:808::1"])  # fmt: skip
def test_the_internet_stays_reachable(address):
    assert is_public_address(ipaddress.ip_address(address))


class NameServer:
    """Answers each look-up of a name with the next of its addresses."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[str] = []

    def __call__(self, host, port, *_, **__):
        self.asked.append(host)
        address = self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (part, port)) for part in address.split(",")]


@contextlib.asynccontextmanager
async def web_server(*answers: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on loopback that gives these answers, one a connection; yields its port and what it was asked."""
    left, asked = list(answers), []

    async def answer(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()

    async with raw_server(answer) as port:
        yield port, asked


@contextlib.asynccontextmanager
async def raw_server(answer) -> AsyncIterator[int]:
    serving = []

    async def serve(reader, writer):
        serving.append(asyncio.current_task())
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await answer(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def redirect(location: str, status: int = 302) -> bytes:
    return b"HTTP/1.1 %d Go\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % (
        status,
        location.encode("latin-1"),
    )


@pytest.fixture
def one_public_server(monkeypatch):
    """Let 127.0.0.1 stand for a public host; every other address is judged as it is."""
    monkeypatch.setattr(fetch, "is_public_address", lambda a: str(a) == "127.0.0.1" or is_public_address(a))


@pytest.mark.parametrize("form", [form for form in INSIDE if not form.startswith(("loopback", "localhost"))])
def test_no_redirect_leads_inside(form, one_public_server, monkeypatch):
    async def story():
        async with web_server(redirect(f"http://{ascii_host(INSIDE[form])}:9/")) as (port, asked):
            with pytest.raises(ImageFetchError):
                await fetch_images([f"http://127.0.0.1:{port}/"], QUICK)
            assert len(asked) == 1

    asyncio.run(story())


def ascii_host(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode("ascii")


@pytest.mark.parametrize("hop", [1, 2, 5])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_hop_of_a_redirect_is_looked_at(hop, status, one_public_server):
    async def story():
        answers = [redirect("/again", status)] * (hop - 1) + [
            redirect("http://169.254.169.254/latest/meta-data/", status)
        ]
        async with web_server(*answers) as (port, asked):
            with pytest.raises(AddressNotAllowedError):
                await fetch_images([f"http://127.0.0.1:{port}/"], QUICK)
            assert len(asked) == hop

    asyncio.run(story())


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "gopher://127.0.0.1/", "//169.254.169.254/", "http://[::1", "http://a:b@127.0.0.1/", "", "\xff\xfe",
     "http://127.0.0.1:25/", "data:text/html,x", "http:\\\\10.0.0.1", "http://x:99999/"],
)  # fmt: skip
def test_a_redirect_to_what_is_not_fetched_is_refused(location, one_public_server):
    async def story():
        async with web_server(
            redirect(location), b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ) as (port, _):
            with pytest.raises(ImageFetchError):
                await fetch_images([f"http://127.0.0.1:{port}/"], QUICK)

    asyncio.run(story())


def test_a_redirect_in_a_circle_ends(one_public_server):
    async def story():
        async with web_server(redirect("/a")) as (port, asked):
            with pytest.raises(ImageFetchError, match="more than 5 times"):
                await fetch_images([f"http://127.0.0.1:{port}/a"], QUICK)
            assert len(asked) == 6

    asyncio.run(story())


def test_a_webhook_follows_no_redirect(one_public_server):
    async def story():
        async with web_server(redirect("http://169.254.169.254/")) as (port, asked):
            assert await post(f"http://127.0.0.1:{port}/", b"{}", {}, QUICK) == 302
            assert len(asked) == 1

    asyncio.run(story())


@pytest.mark.parametrize("way", WAYS)
def test_a_name_that_turns_private_is_not_asked_twice(way, one_public_server, monkeypatch):
    """DNS rebinding: the first answer is public, every later one is inside. The connection goes to the first."""
    names = NameServer("127.0.0.1", "10.0.0.7")
    monkeypatch.setattr(socket, "getaddrinfo", names)

    async def story():
        async with web_server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok") as (port, asked):
            await WAYS[way](f"http://rebinding.example:{port}/")
            assert f"host: rebinding.example:{port}".encode() in asked[0].lower()

    asyncio.run(story())
    assert names.asked == ["rebinding.example"]


def test_a_redirect_to_the_same_name_is_resolved_and_judged_anew(one_public_server, monkeypatch):
    names = NameServer("127.0.0.1", "10.0.0.7")
    monkeypatch.setattr(socket, "getaddrinfo", names)

    async def story():
        async with web_server(redirect("/again")) as (port, _):
            with pytest.raises(AddressNotAllowedError):
                await fetch_images([f"http://rebinding.example:{port}/"], QUICK)

    asyncio.run(story())


@pytest.mark.parametrize("inside", ["10.0.0.7", "::1", "fd00::1", "169.254.169.254", "fe80::1%1"])
@pytest.mark.parametrize("way", WAYS)
def test_a_name_with_one_inner_address_among_public_ones_is_refused(way, inside, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", NameServer(f"93.184.215.14,{inside}"))
    with pytest.raises(AddressNotAllowedError):
        asyncio.run(WAYS[way]("http://mixed.example/"))


def test_slow_name_servers_hold_up_nothing_but_fetching(monkeypatch):
    def never(*_, **__):
        time.sleep(2)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", never)

    async def story():
        urls = [f"http://slow-{index}.example/" for index in range(12)]
        fetching = asyncio.ensure_future(fetch_images(urls, FetchPolicy(timeout_seconds=1.5)))
        await asyncio.sleep(0.1)
        started = time.monotonic()
        await asyncio.to_thread(lambda: None)  # what every request needs some of
        waited = time.monotonic() - started
        with pytest.raises(ImageFetchError):
            await fetching
        return waited

    assert asyncio.run(story()) < 1


ENDLESS = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
ANSWERS = {
    "announces too much": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", ImageTooLargeError),
    "sends too much": (ENDLESS + bytes(100_000), ImageTooLargeError),
    "sends less than it says": (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", ImageFetchError),
    "compressed": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", ImageFetchError),
    "compressed as it is transferred": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", ImageFetchError),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", ImageFetchError),
    "HTTP/0.9": (b"<html>", ImageFetchError),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", ImageFetchError),
    "a length that is none": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ImageFetchError),
    "a chunk that is none": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ImageFetchError),
    "endless headers": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, ImageFetchError),
    "one long header": (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000, ImageFetchError),
    "a status that is none": (b"HTTP/1.1 999999 OK\r\n\r\n", ImageFetchError),
    "switches protocols": (b"HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", ImageFetchError),
    "partial": (b"HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\na", ImageFetchError),
    "hangs up": (b"", ImageFetchError),
    "says continue for ever": (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, ImageFetchError),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_that_is_none_is_refused(kind):
    answer, error = ANSWERS[kind]

    async def story():
        async with web_server(answer) as (port, _):
            await fetch_images([f"http://127.0.0.1:{port}/"], FetchPolicy(True, timeout_seconds=5, max_bytes=50_000))

    with pytest.raises(ImageError) as caught:
        asyncio.run(story())
    assert isinstance(caught.value, error), caught.value


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
def test_an_answer_in_drips_is_given_up(sent):
    async def drip(reader, writer):
        writer.write(sent)
        while True:
            writer.write(b"1")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def story():
        async with raw_server(drip) as port:
            await fetch_images([f"http://127.0.0.1:{port}/"], FetchPolicy(True, timeout_seconds=0.6))

    with pytest.raises(ImageFetchError):
        asyncio.run(story())


def test_no_key_or_cookie_goes_along():
    async def story():
        async with web_server(
            b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
        ) as (port, asked):
            await fetch_images([f"http://127.0.0.1:{port}/"] * 2, OPEN)
            names = {line.split(b":")[0].lower() for request in asked for line in request.split(b"\r\n")[1:] if line}
            assert names == {b"host", b"accept", b"accept-encoding", b"user-agent"}

    asyncio.run(story())
