"""Fetching reaches public pictures and nothing inside."""

import asyncio
import base64
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from retouch import fetch
from retouch.errors import AddressNotAllowedError, ImageFetchError, ImageTooLargeError
from retouch.fetch import FetchPolicy, fetch_images, is_public_address

PICTURE = b"\x89PNG pretend"
OPEN = FetchPolicy(allow_private=True, timeout_seconds=2)

Answer = Callable[[str], bytes]


@contextlib.asynccontextmanager
async def web_server(answer: Answer) -> AsyncIterator[str]:
    """A server on loopback that sends ``answer(path)`` verbatim, for one request a connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(request.split(b" ")[1].decode()))
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)


def redirect(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def test_pictures_come_back_in_order() -> None:
    async def story() -> list[bytes]:
        async with web_server(lambda path: ok(path.encode())) as url:
            return await fetch_images(
                [f"{url}/a", "data:image/png;base64," + base64.b64encode(b"b").decode(), f"{url}/c"], OPEN
            )

    assert asyncio.run(story()) == [b"/a", b"b", b"/c"]


def test_a_redirect_is_followed() -> None:
    async def story() -> list[bytes]:
        async with web_server(lambda path: ok(PICTURE) if path == "/there" else redirect("/there")) as url:
            return await fetch_images([f"{url}/here"], OPEN)

    assert asyncio.run(story()) == [PICTURE]


def test_a_redirect_without_end_is_refused() -> None:
    async def story() -> None:
        async with web_server(lambda _: redirect("/again")) as url:
            await fetch_images([url], OPEN)

    with pytest.raises(ImageFetchError, match="more than 5 times"):
        asyncio.run(story())


def test_a_redirect_to_another_scheme_is_refused() -> None:
    async def story() -> None:
        async with web_server(lambda _: redirect("file:///etc/passwd")) as url:
            await fetch_images([url], OPEN)

    with pytest.raises(ImageFetchError, match="http"):
        asyncio.run(story())


def test_a_missing_picture_tells_its_status_and_place() -> None:
    async def story() -> None:
        async with web_server(lambda _: b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as url:
            await fetch_images(["data:,x", f"{url}/gone?token=secret"], OPEN)

    with pytest.raises(ImageFetchError, match="404") as caught:
        asyncio.run(story())
    assert caught.value.index == 1
    assert "secret" not in caught.value.message


def test_too_many_bytes_are_refused_by_their_announcement_and_by_their_count() -> None:
    small = FetchPolicy(allow_private=True, max_bytes=10)

    async def story(answer: bytes) -> None:
        async with web_server(lambda _: answer) as url:
            await fetch_images([url], small)

    with pytest.raises(ImageTooLargeError):
        asyncio.run(story(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"))
    with pytest.raises(ImageTooLargeError):
        asyncio.run(story(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(500)))


def test_a_server_that_never_answers_is_given_up() -> None:
    async def story() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await fetch_images([f"http://127.0.0.1:{port}/"], FetchPolicy(allow_private=True, timeout_seconds=0.2))

    with pytest.raises(ImageFetchError, match=r"within 0\.2 s"):
        asyncio.run(story())


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
    ],
)
def test_every_spelling_of_an_inner_address_is_refused(host: str) -> None:
    with pytest.raises(AddressNotAllowedError, match="not a public address"):
        asyncio.run(fetch_images([f"http://{host}:9/"]))


def test_a_redirect_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = is_public_address
    outside: set[str] = set()
    monkeypatch.setattr(fetch, "is_public_address", lambda address: str(address) in outside or real(address))

    async def story() -> None:
        outside.add("127.0.0.1")  # stands for a public host, for this one server
        async with web_server(lambda _: redirect("http://127.0.0.2:1/")) as url:
            await fetch_images([url])

    with pytest.raises(AddressNotAllowedError):
        asyncio.run(story())


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: a name that turns private at its second look-up gets no second look-up."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
        asked.append(host)
        return [ipaddress.ip_address("127.0.0.1")]

    monkeypatch.setattr(fetch, "_resolve", resolve)
    monkeypatch.setattr(fetch, "is_public_address", lambda _: True)

    async def story() -> list[bytes]:
        async with web_server(lambda _: ok(PICTURE)) as url:
            return await fetch_images([url.replace("127.0.0.1", "pictures.example")])

    assert asyncio.run(story()) == [PICTURE]
    assert asked == ["pictures.example"]


def test_one_private_address_among_public_ones_refuses_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
        return [ipaddress.ip_address("93.184.215.14"), ipaddress.ip_address("10.0.0.7")]

    monkeypatch.setattr(fetch, "_resolve", resolve)
    with pytest.raises(AddressNotAllowedError):
        asyncio.run(fetch_images(["http://mixed.example/"]))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "a.png",
        "http://",
        "http://a b/",
        "http://h:99999/",
        "//x/y",
        "",
    ],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ImageFetchError):
        asyncio.run(fetch_images([url]))


def test_credentials_in_a_url_are_refused_and_not_repeated() -> None:
    with pytest.raises(ImageFetchError) as caught:
        asyncio.run(fetch_images(["http://user:hunter2@example.com/"]))
    assert "hunter2" not in caught.value.message


def test_an_unknown_host_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ImageFetchError, match="not known"):
        asyncio.run(fetch_images(["http://no-such-host.invalid/"]))


@pytest.mark.parametrize(
    ("uri", "data"),
    [
        ("data:image/png;base64,YWJj", b"abc"),
        ("data:;base64,YWJjZA", b"abcd"),
        ("DATA:image/png;BASE64,YW Jj\n", b"abc"),
        ("data:image/png;base64,YWJj%0A", b"abc"),
        ("data:text/plain,a%20b", b"a b"),
    ],
)
def test_data_uris_are_read(uri: str, data: bytes) -> None:
    assert asyncio.run(fetch_images([uri])) == [data]


@pytest.mark.parametrize(
    "uri", ["data:image/png;base64", "data:image/png;base64,@@@", "data:,\ud800", "data:;base64,\udfff"]
)
def test_a_broken_data_uri_is_refused(uri: str) -> None:
    with pytest.raises(ImageFetchError, match="data: URI"):
        asyncio.run(fetch_images([uri]))


def test_a_large_data_uri_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(ImageTooLargeError):
        asyncio.run(fetch_images(["data:;base64," + "A" * 1000], FetchPolicy(max_bytes=100)))


def test_public_addresses_are_public() -> None:
    assert is_public_address(ipaddress.ip_address("93.184.215.14"))
    assert is_public_address(ipaddress.ip_address("2606:2800:21f:cb07:6820:80da:af6b:8b2c"))
