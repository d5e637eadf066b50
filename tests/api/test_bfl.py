"""Black Forest Labs' wire protocol."""

import base64
import hashlib
import time

import pytest
from tests.api.conftest import pixels_of

from retouch.testing import REFUSED_WORD, FakeEngine

START = "/v1/flux-kontext-max"


@pytest.fixture
def raw(photo):
    return base64.b64encode(photo).decode()


def poll(client, url):
    for _ in range(200):
        answer = client.get(url)
        if answer.status_code != 200 or answer.json()["status"] != "Pending":
            return answer
        time.sleep(0.02)
    raise AssertionError("the edit did not end")


@pytest.mark.parametrize("variant", ["max", "pro", "dev"])
def test_an_edit_is_started_and_polled_for(client, raw, variant):
    started = client.post(f"/v1/flux-kontext-{variant}", json={"prompt": "Add a bird.", "input_image": raw, "seed": 5})
    assert started.status_code == 200
    said = started.json()
    assert said["polling_url"] == f"http://127.0.0.1:8000/v1/get_result?id={said['id']}"
    done = poll(client, said["polling_url"]).json()
    assert done["status"] == "Ready"
    assert done["id"] == said["id"]
    assert done["result"]["prompt"] == "Add a bird."
    assert done["result"]["seed"] == 5
    assert done["result"]["duration"] >= 0
    sample = client.get(done["result"]["sample"])
    assert sample.headers["content-type"] == "image/png"
    assert pixels_of(sample.content).shape == (880, 1184, 3)


def test_the_key_comes_in_x_key(serve, raw):
    strict = serve(server={"api_key_hashes": [hashlib.sha256(b"secret").hexdigest()]})
    del strict.headers["authorization"]
    body = {"prompt": "Add a bird.", "input_image": raw}
    started = strict.post(START, json=body, headers={"x-key": "secret"})
    assert started.status_code == 200
    refused = strict.post(START, json=body, headers={"x-key": "guess"})
    assert refused.status_code == 401
    assert refused.json()["message"] == refused.json()["detail"]
    assert strict.get(started.json()["polling_url"], headers={"x-key": "guess"}).status_code == 401


def test_the_same_pixels_as_the_other_dialects(client, raw, photo_uri):
    started = client.post(START, json={"prompt": "Add a bird.", "input_image": raw, "seed": 3}).json()
    sample = poll(client, started["polling_url"]).json()["result"]["sample"]
    body = {"model": "flux/kontext-max/image-to-image", "prompt": "Add a bird.", "image_url": photo_uri, "seed": 3}
    other = client.post("/v1/images/generations", json={**body, "output_format": "png"}).json()["images"][0]["url"]
    assert client.get(sample).content == client.get(other).content


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({"aspect_ratio": "16:9"}, (752, 1392, 3)),
        ({"aspect_ratio": "9:16"}, (1392, 752, 3)),
        ({"aspect_ratio": "100:101"}, (1024, 1024, 3)),
        ({"width": 1920, "height": 1080}, (752, 1392, 3)),
    ],
)
def test_a_ratio_stands_for_the_nearest_preset(client, raw, changes, shape):
    started = client.post(START, json={"prompt": "Add a bird.", "input_image": raw, **changes}).json()
    done = poll(client, started["polling_url"]).json()
    assert pixels_of(client.get(done["result"]["sample"]).content).shape == shape


def test_several_pictures_each_have_their_field(client, raw):
    body = {"prompt": "Add a bird.", "input_image": raw, "input_image_2": raw, "output_format": "jpeg"}
    done = poll(client, client.post(START, json=body).json()["polling_url"]).json()
    assert client.get(done["result"]["sample"]).headers["content-type"] == "image/jpeg"
    broken = client.post(START, json={**body, "input_image_2": "data:image/png;base64,!!"})
    assert broken.status_code == 400
    assert broken.json()["detail"][0]["loc"] == ["body", "input_image_2"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("input_image", None),
        ("input_image", "ftp://example.org/a.png"),
        ("seed", -1),
        ("aspect_ratio", "3:1"),
        ("aspect_ratio", "wide"),
        ("aspect_ratio", "16x9"),
        ("output_format", "webp"),
        ("safety_tolerance", 7),
        ("width", 10),
        ("steps", 0),
        ("guidance", 99),
    ],
)
def test_a_wrong_value_is_refused_as_the_api_does(client, raw, field, value):
    answer = client.post(START, json={"prompt": "Add a bird.", "input_image": raw, field: value})
    assert answer.status_code == 422
    said = answer.json()
    assert said["detail"][0]["loc"] == ["body", field]
    assert said["detail"][0]["msg"].startswith("must be ")
    assert "; received " in said["detail"][0]["msg"]
    assert field in said["message"]


def test_a_refusal_is_told_in_words_that_clients_show(client, raw):
    started = client.post(START, json={"prompt": f"Do the {REFUSED_WORD}.", "input_image": raw}).json()
    answer = poll(client, started["polling_url"])
    assert answer.status_code == 400
    assert answer.json()["status"] == "Error"
    assert REFUSED_WORD in answer.json()["message"]


def test_an_unknown_task_is_not_found(client):
    answer = client.get("/v1/get_result?id=nothing")
    assert answer.status_code == 404
    assert answer.json()["status"] == "Task not found"
    assert client.get("/v1/get_result").status_code == 404


def test_an_unknown_model_is_not_found_in_this_shape(client, raw):
    answer = client.post("/v1/flux-kontext-mini", json={"prompt": "x", "input_image": raw})
    assert answer.status_code == 404
    assert "detail" in answer.json()


def test_a_running_edit_is_pending(serve, raw):
    slow = serve(engine=FakeEngine(steps=50, step_seconds=0.05))
    started = slow.post(START, json={"prompt": "Add a bird.", "input_image": raw}).json()
    assert slow.get(started["polling_url"]).json()["status"] == "Pending"


@pytest.mark.parametrize(
    ("changes", "ignored"),
    [
        ({"prompt_upsampling": True}, ["prompt_upsampling"]),
        ({"prompt_upsampling": False}, []),
        ({"width": 640}, ["width"]),
        ({"width": 640, "height": 480, "aspect_ratio": "1:1"}, ["height", "width"]),
        ({"webhook_secret": "s3cret"}, ["webhook_secret"]),
        ({"raw": True}, ["raw"]),
    ],
)
def test_what_has_no_effect_is_reported(client, raw, changes, ignored):
    said = client.post(START, json={"prompt": "Add a bird.", "input_image": raw, **changes}).json()
    assert sorted(each["field"] for each in said.get("ignored", [])) == ignored
