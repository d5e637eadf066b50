import pytest

from retouch.server.sources import own_result_name

OURS = ("http://127.0.0.1:8000", "https://photos.example.org/edit")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://127.0.0.1:8000/files/a.png", "a.png"),
        ("HTTP://127.0.0.1:8000/files/a.png?download=1#top", "a.png"),
        ("https://photos.example.org/edit/files/a.png", "a.png"),
        ("https://PHOTOS.example.org:443/edit/files/a.png", "a.png"),
        ("http://127.0.0.1:8000/files/../jobs.sqlite", "../jobs.sqlite"),
        ("http://127.0.0.1:8000/files/", ""),
    ],
)
def test_a_url_of_this_server_s_results_holds_a_name(url, name):
    assert own_result_name(url, OURS) == name


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8000/files/a.png",
        "http://127.0.0.1/files/a.png",
        "http://127.0.0.1:8001/files/a.png",
        "http://127.0.0.1:8000.example.org/files/a.png",
        "http://127.0.0.1:8000@example.org/files/a.png",
        "http://me@127.0.0.1:8000/files/a.png",
        "http://me:secret@127.0.0.1:8000/files/a.png",
        "http://localhost:8000/files/a.png",
        "https://photos.example.org/files/a.png",
        "https://photos.example.org/edit/filesystem/a.png",
        "https://photos.example.org/editor/files/a.png",
        "http://127.0.0.1:8000/health",
        "http://127.0.0.1:99999/files/a.png",
        "http://[/files/a.png",
        "data:image/png;base64,AAAA",
        "",
    ],
)
def test_every_other_url_leads_elsewhere(url):
    assert own_result_name(url, OURS) is None


def test_a_base_that_is_no_url_is_nobody_s(caplog):
    assert own_result_name("http://a:99999/files/a.png", ("http://a:99999",)) is None
