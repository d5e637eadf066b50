"""What can be done to a server with HTTP, and with what only looks like it: it answers clearly, lets go, and goes on."""

import contextlib
import json
import re
import socket
import threading
import time

import pytest
from tests.attack.conftest import QUICK

from retouch.server.connection import ConnectionRules

PATIENCE = 15
"""Seconds after which a connection that should have been closed counts as left open; the machine may be busy."""

HEALTH = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
GENERATIONS = (
    b"POST /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\n"
    b"Content-Type: application/json\r\n"
)


def is_hung_up(connection: socket.socket, *, dripping: bytes = b"", answer: bytearray | None = None) -> bool:
    """Wait until the server hangs up, sending a byte now and then."""
    until = time.monotonic() + PATIENCE
    connection.settimeout(0.1)
    while time.monotonic() < until:
        try:
            if dripping:
                connection.send(dripping)
            part = connection.recv(65536)
            if answer is not None:
                answer += part
            if not part:
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def header_lines(answer: bytes) -> dict[str, str]:
    head = answer.split(b"\r\n\r\n", 1)[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in head)}


# --- slow clients


@pytest.mark.parametrize(
    ("sent", "dripping"),
    [
        (b"", b""),
        (b"GET", b""),
        (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", b"y"),
        (b"GET /health HTTP/1.1\r\n", b"A: b\r\n"),
        (b"", b"\r\n"),
    ],
    ids=["silence", "half a word", "one long header", "one header after the other", "empty lines"],
)
def test_headers_that_do_not_come_end_the_connection(one_server, sent, dripping):
    server = one_server
    with server.connect() as connection:
        connection.sendall(sent)
        assert is_hung_up(connection, dripping=dripping)
    assert b"200 OK" in server.tell(HEALTH)


def test_a_second_request_that_does_not_come_ends_the_connection(one_server):
    with one_server.connect() as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = bytearray()
        assert is_hung_up(connection, dripping=b"G", answer=answer)
        assert answer.startswith(b"HTTP/1.1 200")


def test_a_body_in_drips_is_answered_with_408(one_server):
    with one_server.connect() as connection:
        connection.sendall(GENERATIONS + b"Content-Length: 100000\r\n\r\n{")
        answer = bytearray()
        assert is_hung_up(connection, dripping=b" ", answer=answer)
    assert status_of(bytes(answer)) == 408


def test_a_body_in_drips_that_nobody_reads_ends_with_the_answer(one_server):
    with one_server.connect() as connection:
        connection.sendall(b"POST /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n{")
        answer = bytearray()
        assert is_hung_up(connection, dripping=b" ", answer=answer)
    assert status_of(bytes(answer)) == 404


MUCH = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200
"""Requests in a row, whose answers together have some megabytes."""


def test_who_does_not_read_is_disconnected(one_server):
    server = one_server
    with server.connect(receive_bytes=4096) as connection:
        connection.settimeout(5)
        with contextlib.suppress(TimeoutError, ConnectionError):
            connection.sendall(MUCH)
        time.sleep(4 * QUICK.idle_timeout_seconds)
        received = bytearray()
        assert is_hung_up(connection, answer=received)
        assert received.count(b"HTTP/1.1 200") < 200
    assert b"200 OK" in server.tell(HEALTH)


def test_who_reads_slowly_but_steadily_gets_everything(live):
    server = live(ConnectionRules(idle_timeout_seconds=1.0))
    whole = server.tell(b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    with server.connect(receive_bytes=4096) as connection:
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        received = bytearray()
        while part := connection.recv(16_384):
            received += part
            time.sleep(0.05)
    assert len(received) == len(whole)


def test_slow_clients_hold_up_nobody_else(one_server):
    server = one_server
    slow = [server.connect() for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(b"POST /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        started = time.monotonic()
        assert b"200 OK" in server.tell(HEALTH)
        assert time.monotonic() - started < PATIENCE
    finally:
        for connection in slow:
            connection.close()


def test_one_connection_too_many_is_told_so(live):
    server = live(ConnectionRules(max_connections=3))
    held = [server.connect() for _ in range(3)]
    time.sleep(0.3)
    with server.connect() as one_more:
        answer = bytearray()
        assert is_hung_up(one_more, answer=answer)
    assert status_of(bytes(answer)) == 503
    assert header_lines(bytes(answer))["retry-after"] == "5"
    for connection in held:
        connection.close()
    time.sleep(0.3)
    assert b"200 OK" in server.tell(HEALTH)


# --- what is not quite HTTP

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
AMBIGUOUS = {
    "length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 100\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 52\r\n\r\n" + SMUGGLED,
    "two lengths in one": b"Content-Length: 0, 52\r\n\r\n" + SMUGGLED,
    "a signed length": b"Content-Length: +5\r\n\r\nabcde",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a hexadecimal length": b"Content-Length: 0x5\r\n\r\nabcde",
    "a length in other digits": b"Content-Length: \xd9\xa5\r\n\r\nabcde",
    "a length with a space before the colon": b"Content-Length : 5\r\n\r\nabcde",
    "a folded header": b"X: y\r\n Content-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
    "another coding": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, spelled oddly": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a chunk that is none": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk of huge size": b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
    "a NUL in a header": b"X: a\0b\r\n\r\n",
    "a return in a header": b"X: a\rb\r\n\r\n",
    "a header without a name": b": x\r\n\r\n",
    "a header with a space in its name": b"X Y: z\r\n\r\n",
    "two hosts": b"Host: evil.example\r\n\r\n",
}


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_a_request_that_can_be_read_in_two_ways_is_refused_and_what_follows_is_not_read(one_server, kind):
    answer = one_server.tell(b"POST /health HTTP/1.1\r\nHost: 127.0.0.1\r\n" + AMBIGUOUS[kind])
    assert status_of(answer) in (400, 405, 431), answer[:200]
    assert b"smuggled" not in answer
    assert answer.count(b"HTTP/1.1") == 1
    assert header_lines(answer)["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"GET",
        b"GET /health",
        b"GET  /health HTTP/1.1",
        b"GET /he alth HTTP/1.1",
        b"GET /\0 HTTP/1.1",
        b"GET /\xff HTTP/1.1",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0",
        b"SSH-2.0-x",
        b"G\xc3\x89T / HTTP/1.1",
        b"GET " + b"/" * 100_000 + b" HTTP/1.1",
        b"A" * 100_000,
    ],
    ids=range(13),
)
def test_a_first_line_that_is_none_is_answered_or_hung_up_on(one_server, line):
    answer = one_server.tell(line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert not answer or status_of(answer) in (400, 404, 431, 505), answer[:200]
    if b"\r\n\r\n" in answer:
        json.loads(answer.split(b"\r\n\r\n", 1)[1])
        assert "content-security-policy" in header_lines(answer)
    assert b"200 OK" in one_server.tell(HEALTH)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"X: " + b"y" * 20_000 + b"\r\n", 200),
        (b"X: " + b"y" * 40_000 + b"\r\n", 431),
        (b"".join(b"X%d: y\r\n" % index for index in range(90)), 200),
        (b"".join(b"X%d: y\r\n" % index for index in range(120)), 431),
        (b"X: y\r\n" * 50_000, 400),
    ],
)
def test_headers_have_a_number_and_a_size(one_server, headers, status):
    answer = one_server.tell(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + headers + b"\r\n")
    assert not answer or status_of(answer) == status or (status == 431 and status_of(answer) == 400), answer[:300]
    assert answer or status == 400


def test_requests_in_a_row_are_answered_in_their_order(one_server):
    requests = [b"GET /nothing/%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % index for index in range(60)]
    answer = one_server.tell(b"".join(requests) + HEALTH)
    assert re.findall(rb"nothing/(\d+)\",", answer) == [b"%d" % index for index in range(60)]


@pytest.mark.parametrize(
    "target",
    [
        b"http://evil.example/health",
        b"http://169.254.169.254/latest/meta-data/",
        b"//evil.example/health",
        b"/%2e%2e/%2e%2e/etc/passwd",
        b"/files/..%2f..%2f..%2fetc%2fpasswd",
        b"/files/%2e%2e%2fjobs.sqlite",
        b"/files/..;/jobs.sqlite",
        b"/files/..%5cjobs.sqlite",
        b"/files/%00",
        b"/files/a.png%00.html",
        b"/files/%c0%ae%c0%ae/",
        b"/files//etc/passwd",
        b"/files/;/x",
        b"/static/../../pyproject.toml",
        b"/docs/../../../etc/passwd",
        b"/health/",
        b"/health%2f",
        b"/./health",
        b"/HEALTH",
        b"/%68ealth%00",
        b"*",
    ],
)
def test_no_path_leads_out_of_the_routes(one_server, target):
    answer = one_server.tell(b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert status_of(answer) in (307, 400, 404, 405), answer[:200]
    assert b"root:" not in answer
    assert b"SQLite" not in answer


@pytest.mark.parametrize("method", [b"TRACE", b"CONNECT", b"OPTIONS", b"DELETE", b"PROPFIND", b"get", b"X" * 500])
def test_other_methods_do_nothing(one_server, method):
    answer = one_server.tell(
        method
        + b" /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Secret: hush-hush\r\nConnection: close\r\n\r\n"
    )
    assert status_of(answer) in (400, 404, 405), answer[:100]
    assert b"hush-hush" not in answer


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_no_header_makes_another_method(client, name):
    assert client.get("/v1/images/generations", headers={name: "POST"}).status_code == 405


@pytest.mark.parametrize("name", ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-Path"])
def test_no_header_makes_another_path(client, name):
    answer = client.get("/health", headers={name: "/v1/nothing"})
    assert answer.json() == {"status": "ok"}


# --- what gets into an answer's headers and URLs

SPLITTERS = ["%0d%0aX-Evil:%20yes", "%0aX-Evil:yes", "%E5%98%8A%E5%98%8DX-Evil:yes", "\u560a\u560dX-Evil: yes"]


@pytest.mark.parametrize("text", SPLITTERS)
def test_nothing_that_is_sent_becomes_a_header(client, text):
    for path in (f"/{text}", f"/files/{text}.png", f"/v1/edits/{text}", f"/health?x={text}"):
        answer = client.get(
            path, headers={"Origin": f"http://127.0.0.1/{text}".encode(), "X-Client-Request-Id": text.encode()}
        )
        assert "x-evil" not in answer.headers
        assert all("\r" not in value and "\n" not in value for value in answer.headers.values())


HOSTS = ["evil.example", "127.0.0.1:8000@evil.example", "evil.example/..", "[::1", 'a"b', "a b", "127.0.0.1\\@e"]


def test_a_wrong_host_gets_into_no_url_of_a_server_that_knows_its_own(serve, body):
    client = serve(server={"public_url": "https://pictures.example", "api_keys": "a-long-enough-key-0"})
    for host in HOSTS:
        key = "Bearer a-long-enough-key-0"
        headers = {"Host": host.encode(), "Authorization": key, "X-Forwarded-Host": "evil.example"}
        answer = client.post("/v1/images/generations", json=body(), headers=headers)
        assert answer.status_code == 200, host
        assert answer.json()["data"][0]["url"].startswith("https://pictures.example/files/")


def test_a_forwarded_host_is_never_believed(client, body):
    answer = client.post(
        "/v1/images/generations",
        json=body(),
        headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
    )
    assert answer.json()["data"][0]["url"].startswith("http://127.0.0.1:8000/files/")


# --- bodies


def form_of(*parts: bytes) -> bytes:
    return b"".join(b"--x\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + b"--x--\r\n"


FORMS = {
    "a thousand fields": form_of(*[b'name="f%d"\r\n\r\nv' % index for index in range(1000)]),
    "a hundred files": form_of(*[b'name="image"; filename="%d"\r\n\r\nv' % index for index in range(100)]),
    "a long name": form_of(b'name="' + b"a" * 1_000_000 + b'"\r\n\r\nv'),
    "a long part header": form_of(b'name="a"\r\nX: ' + b"y" * 1_000_000 + b"\r\n\r\nv"),
    "many part headers": form_of(b'name="a"\r\n' + b"X: y\r\n" * 100_000 + b"\r\nv"),
    "no end": b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nv",
    "a form in a form": form_of(b'name="a"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x--'),
    "a file name that climbs": form_of(b'name="image"; filename="../../../etc/passwd"\r\n\r\nv'),
    "no name": form_of(b"filename=a\r\n\r\nv"),
    "a million dashes": b"--" * 1_000_000,
    "a million ends": b"--x\r\n" * 200_000,
    "NULs": form_of(b'name="a\0b"\r\n\r\n\0\0'),
}


@pytest.mark.parametrize("kind", FORMS)
def test_a_form_that_is_too_much_is_refused_in_good_time(client, kind):
    started = time.process_time()
    answer = client.post(
        "/v1/images/edits", content=FORMS[kind], headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert 400 <= answer.status_code < 500, answer.text[:200]
    assert time.process_time() - started < 10
    assert "etc/passwd" not in answer.text


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'{"seed": ' + b"9" * 1_000_000 + b"}",
        b'{"seed": 1' + b"0" * 4000 + b"}",
        b'{"seed": 1e' + b"9" * 1000 + b"}",
        b'{"guidance_scale": -1e400}',
        b'{"prompt": "\xff"}',
        b'{"prompt": "\\ud800"}',
        b'{"prompt": "a", "image_url": "data:,\\ud800"}',
        b'{"prompt": "a", "image_url": "http://example.com/\\udfff"}',
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"prompt": Infinity}',
        b'{"__proto__": {"admin": true}, "constructor": 1}',
        b"{" + b",".join(b'"k%d": 1' % index for index in range(100_000)) + b"}",
    ],
    ids=range(15),
)
@pytest.mark.parametrize(
    "path", ["/v1/images/generations", "/v1/flux-kontext-max", "/fal/fal-ai/flux-pro/kontext", "/v1/edits"]
)
def test_json_that_is_too_much_is_refused_in_good_time(client, path, content):
    started = time.process_time()
    answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text[:200]
    assert len(answer.content) < 100_000
    assert time.process_time() - started < 10


def test_of_two_equal_names_the_last_counts_everywhere(client, body):
    given = json.dumps(body())[:-1] + ', "output_format": "jpeg", "output_format": "png"}'
    answer = client.post("/v1/images/generations", content=given, headers={"Content-Type": "application/json"})
    assert answer.json()["data"][0]["url"].endswith(".png")


# --- browsers


ORIGINS = [
    "https://evil.example",
    "null",
    "file://",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://evil.example:80@127.0.0.1",
    "http://127.0.0.1:99999999",
    "http://127.0.0.256x",
    "https://app.example.org.evil.example",
    "https://app.example.orgx",
]


@pytest.mark.parametrize(
    "settings", [{}, {"cors_origins": "https://app.example.org", "api_keys": "a-long-enough-key-0"}]
)
def test_no_other_origin_is_let_in_by_a_browser(serve, settings):
    client = serve(server=settings)
    for origin in ORIGINS:
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }
        preflight = client.options("/v1/images/generations", headers=asked)
        assert preflight.status_code == 400
        assert "access-control-allow-origin" not in preflight.headers
        assert "access-control-allow-origin" not in client.get("/health", headers={"Origin": origin}).headers


@pytest.mark.parametrize(
    "settings", [{}, {"api_keys": "a-long-enough-key-0"}, {"cors_origins": "*"}, {"cors_origins": "https://a.example"}]
)
def test_cookies_are_never_allowed(serve, settings):
    client = serve(server=settings)
    for origin in ("http://localhost:3000", "https://a.example"):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        for answer in (
            client.options("/v1/images/generations", headers=asked),
            client.get("/health", headers={"Origin": origin}),
        ):
            assert "access-control-allow-credentials" not in answer.headers
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/health", "/ready", "/nothing", "/docs", "/openapi.json", "/v1/models", "/files/none.png", "/v1/edits/x"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
def test_every_answer_tells_browsers_to_trust_nothing(client, method, path):
    headers = client.request(method, path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert (
        "frame-ancestors 'none'" in headers["content-security-policy"]
        or "sandbox" in headers["content-security-policy"]
    )
    assert headers["cross-origin-resource-policy"] in ("same-origin", "cross-origin")
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "server" not in headers
    if headers.get("content-type", "").startswith("application/json"):
        assert headers["cache-control"] == "no-store"


def test_a_storm_of_odd_connections_leaves_the_server_as_it_was(one_server):
    server = one_server
    payloads = [
        b"",
        b"\0" * 1000,
        b"GET / HTTP/1.1\r\n\r\n",
        GENERATIONS + b"Content-Length: 5\r\n\r\n{",
        *AMBIGUOUS.values(),
    ]

    def storm(payload: bytes) -> None:
        for _ in range(10):
            with contextlib.suppress(OSError), server.connect() as connection:
                connection.sendall(payload)

    threads = [threading.Thread(target=storm, args=(payload,)) for payload in payloads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert b"200 OK" in server.tell(HEALTH)
