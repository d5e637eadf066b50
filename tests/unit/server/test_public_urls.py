import pytest
from starlette.requests import Request

from retouch.server.errors import ProblemError
from retouch.server.public_urls import file_url, own_base_urls, public_base_url


def request(host: str, scheme: str = "http", root_path: str = "") -> Request:
    headers = [(b"host", host.encode("latin-1"))]
    return Request({"type": "http", "scheme": scheme, "path": "/", "root_path": root_path, "headers": headers})


@pytest.mark.parametrize(
    ("host", "scheme", "expected"),
    [
        ("127.0.0.1:8000", "http", "http://127.0.0.1:8000"),
        ("localhost", "http", "http://localhost"),
        ("[::1]:8000", "http", "http://[::1]:8000"),
        ("photos.example.org", "https", "https://photos.example.org"),
    ],
)
def test_the_base_is_how_the_client_called_the_server(host, scheme, expected):
    assert public_base_url(request(host, scheme), None) == expected


def test_a_configured_base_wins():
    base = public_base_url(request("127.0.0.1"), "https://photos.example.org/edit/")
    assert file_url(base, "a.png") == "https://photos.example.org/edit/files/a.png"


@pytest.mark.parametrize("host", ["a b", "a/b", 'a"b', "a@b", "[::1", "a:b", "a\r\nb", "é"])
def test_what_is_no_host_name_is_refused(host):
    with pytest.raises(ProblemError):
        public_base_url(request(host), None)


def test_results_are_known_under_the_configured_base_and_the_one_that_was_called():
    both = own_base_urls(request("127.0.0.1:8000", root_path="/base"), "https://photos.example.org/edit/")
    assert both == ("https://photos.example.org/edit", "http://127.0.0.1:8000/base")
    assert own_base_urls(request("a b"), "https://photos.example.org") == ("https://photos.example.org",)
    assert own_base_urls(request("localhost"), None) == ("http://localhost",)
