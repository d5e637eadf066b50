"""Odd headers, queries, paths and bodies at every route of every dialect: answered in JSON, never by a failure of the server."""

import json
import re

import pytest

BODIES = {
    "deep": b"[" * 100_000,
    "deep in a field": b'{"prompt": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    "half a surrogate pair": b'{"prompt": "\\ud800", "input": {"prompt": "\\udfff"}, "\\ud800": "\\ud800"}',
    "no UTF-8": b'{"prompt": "\xff\xfe"}',
    "NUL": b'{"prompt": "\\u0000", "seed": 1}\x00',
    "many digits": b'{"seed": ' + b"9" * 5000 + b"}",
    "no number": b'{"strength": NaN, "guidance": 1e999}',
    "twice": b'{"prompt": "a", "prompt": 1, "input": [], "input": null}',
    "nothing": b"",
    "null": b"null",
    "a form that is none": b"--x\r\nContent-Disposition: form-data\r\n\r\n",
}
HEADERS = [
    {"content-type": "text/plain"},
    {"content-type": "application/json; charset=utf-7"},
    {"content-type": "multipart/form-data"},
    {"content-type": "multipart/form-data; boundary=" + "x" * 300},
    {"content-type": "multipart/form-data; boundary=x", "content-encoding": "br"},
    {"content-type": "\xff/\xfe"},
    {"authorization": "Bearer \xe9\xff"},
    {"authorization": "Basic"},
    {"x-key": "\xff"},
    {"host": "a b/../"},
    {"host": ""},
    {"prefer": "wait=99999999999999999999, wait, ;="},
    {"range": "bytes=5-2,-,9999999999999999999-"},
    {"range": "bytes=" + "0-1," * 2000},
    {"if-none-match": "W/\xff,,*"},
    {"if-range": "\x01"},
    {"x-client-request-id": "a" * 5000},
    {"x-fal-target-url": "http://[::1"},
    {"x-fal-target-url": "https://queue.fal.run/%00/\xff?\x01"},
    {"origin": "null\xff"},
]
QUERIES = [
    "",
    "?id=%00",
    "?id=%ff%fe&include=%00&search=%ed%a0%80",
    "?" + "a=b&" * 2000,
    "?fal_webhook=%0d%0aX:1",
    "?logs=1e999",
]
PATH_PARTS = ["x", "%00", "%ff", "%ed%a0%80", "..%2f..%2fetc%2fpasswd", "9" * 3000, "a%0d%0ab", "%F0%9F%A6%84"]


@pytest.fixture
def operations(client):
    paths = client.get("/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def require_sane(answer, sent):
    assert answer.status_code < 500 or "/ready" in str(answer.url), (sent, answer.status_code, answer.text[:300])
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/json", sent
        json.loads(answer.content)
        assert "Traceback" not in answer.text


def filled(path: str, part: str = "x") -> str:
    return re.sub(r"\{[^}]+\}", lambda _: part, path)


def test_odd_bodies(client, operations):
    for method, path in operations:
        if method == "GET":
            continue
        for name, body in BODIES.items():
            for kind in ("application/json", "multipart/form-data; boundary=x"):
                answer = client.request(method, filled(path), content=body, headers={"content-type": kind})
                require_sane(answer, (method, path, name, kind))


def test_odd_bodies_where_the_model_is_known(client):
    for path in (
        "/v1/flux-kontext-max",
        "/v1/models/black-forest-labs/flux-kontext-max/predictions",
        "/fal/fal-ai/flux-pro/kontext",
    ):
        for name, body in BODIES.items():
            answer = client.post(path, content=body, headers={"content-type": "application/json"})
            require_sane(answer, (path, name))
            assert answer.status_code in (400, 422), (path, name)


def test_odd_headers(client, operations):
    for method, path in operations:
        for headers in HEADERS:
            raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            require_sane(client.request(method, filled(path), content=b"{}", headers=raw), (method, path, headers))


def test_odd_headers_at_the_proxy_of_fals_client(client):
    for headers in HEADERS:
        for method in ("GET", "POST", "PUT"):
            raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            require_sane(client.request(method, "/api/fal/proxy", content=b"{}", headers=raw), (method, headers))


def test_odd_queries_and_paths(client, operations):
    for method, path in operations:
        for query in QUERIES:
            require_sane(client.request(method, filled(path) + query, content=b"{}"), (method, path, query[:50]))
        if "{" in path:
            for part in PATH_PARTS:
                require_sane(client.request(method, filled(path, part), content=b"{}"), (method, path, part[:50]))
