"""The whole service with its files in a bucket."""

import base64
import io
import time
import urllib.parse
import urllib.request

import pytest
from PIL import Image
from starlette.testclient import TestClient
from tests.object_stores import moto

from retouch.errors import ConfigurationError
from retouch.server.app import create_app
from retouch.settings import load_settings
from retouch.testing import fake_registry

GENERATIONS = "/v1/images/generations"
MODEL = "flux/kontext-max/image-to-image"


@pytest.fixture(scope="module")
def bucket():
    with moto() as running:
        yield running


@pytest.fixture
def serve(bucket, tmp_path):
    """Start a server whose files are in the bucket."""
    clients = []

    def start(**storage) -> TestClient:
        place = {"url": bucket.place.url, "options": dict(bucket.place.options), **storage}
        settings = load_settings(None, {"engine": {"default": "fake"}, "storage": place})
        app = create_app(settings, fake_registry(), tmp_path / "data")
        client = TestClient(app, base_url="http://127.0.0.1:8000", headers={"Authorization": "Bearer any"})
        clients.append(client)
        return client.__enter__()

    yield start
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture(scope="module")
def photo_uri():
    buffer = io.BytesIO()
    Image.new("RGB", (320, 240), "teal").save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def edit(client, image_url: str) -> dict:
    body = {"model": MODEL, "prompt": "Add a bird.", "image_url": image_url, "output_format": "png"}
    answer = client.post(GENERATIONS, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def test_an_edit_is_kept_in_the_bucket_and_served_from_there(serve, photo_uri, tmp_path):
    client = serve()
    (given,) = edit(client, photo_uri)["data"]
    assert given["url"].startswith("http://127.0.0.1:8000/files/")
    whole = client.get(given["url"])
    assert whole.status_code == 200
    assert Image.open(io.BytesIO(whole.content)).format == "PNG"
    part = client.get(given["url"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert client.get(given["url"], headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert list((tmp_path / "data").rglob("*.png")) == []


def test_two_servers_share_the_bucket(serve, photo_uri):
    (given,) = edit(serve(), photo_uri)["data"]
    other = serve()
    assert other.get(given["url"]).status_code == 200


def test_a_signed_url_is_fetched_from_the_bucket_and_can_be_edited_again(serve, photo_uri, bucket):
    client = serve(signed_urls=True, signed_url_seconds=600)
    first = edit(client, photo_uri)
    url = first["data"][0]["url"]
    assert url.startswith(f"{bucket.address}/photos/pre/fix/results/")
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["X-Amz-Expires"] == ["600"]
    assert Image.open(io.BytesIO(fetch(url))).format == "PNG"
    assert first["images"][0]["url"].split("?")[0] == url.split("?")[0]

    again = client.post(
        GENERATIONS,
        json={"model": MODEL, "prompt": "Add a bird.", "image_url": url, "explain": True, "output_format": "png"},
    ).json()
    assert again["explain"]["images"][0]["turns"] == 2, "the answer was not recognised as one of this server"
    assert fetch(again["explain"]["images"][0]["mask"]["url"])


@pytest.mark.parametrize("changed", ["photos/pre/fix/inputs", "photos/other/results", "other/pre/fix/results"])
def test_a_url_of_something_else_in_the_store_is_not_taken_for_a_result(serve, photo_uri, changed):
    client = serve(signed_urls=True)
    url = edit(client, photo_uri)["data"][0]["url"].replace("photos/pre/fix/results", changed)
    answer = client.post(GENERATIONS, json={"model": MODEL, "prompt": "Add a bird.", "image_url": url})
    assert answer.status_code == 400, "loopback addresses are not fetched from"


def test_a_polled_answer_and_one_by_events_are_signed_too(serve, photo_uri, bucket):
    client = serve(signed_urls=True)
    started = client.post("/v1/flux-kontext-pro", json={"prompt": "Add a bird.", "input_image": photo_uri}).json()
    until = time.monotonic() + 60
    while (polled := client.get(started["polling_url"]).json())["status"] == "Pending" and time.monotonic() < until:
        time.sleep(0.05)
    assert polled["result"]["sample"].startswith(bucket.address)
    events = client.post(
        GENERATIONS, json={"model": MODEL, "prompt": "Add a bird.", "image_url": photo_uri, "stream": True}
    ).text
    assert bucket.address in events


def test_readiness_says_when_the_bucket_is_gone(serve, bucket, monkeypatch):
    client = serve()
    assert client.get("/ready").json()["checks"]["storage"] == "ok"
    monkeypatch.setattr("retouch.files.bucket._CHECK_SECONDS", 0.0)
    store = client.app.state.services.results._blobs
    store._checked_until = 0.0
    monkeypatch.setattr(store, "put", _fail)
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["checks"]["storage"]) == (503, "storage_failed")


def _fail(*_args, **_kwargs):
    from retouch.errors import StorageError

    raise StorageError("gone")


def test_a_server_whose_bucket_is_not_there_does_not_start(serve):
    with pytest.raises(ConfigurationError, match="the bucket does not exist"):
        serve(url="s3://no-such-bucket")
