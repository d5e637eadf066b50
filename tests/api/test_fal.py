"""fal's wire protocol: run, queue, proxy, storage."""

import base64
import json
import threading
import time

import pytest
from tests.api.conftest import pixels_of

from retouch.server.intake import Intake
from retouch.testing import REFUSED_WORD, FakeEngine

APP = "fal-ai/flux-pro/kontext/max"
RUN = f"/fal/{APP}"
QUEUE = f"/falq/{APP}"
PROXY = "/api/fal/proxy"


@pytest.fixture
def given(photo_uri):
    def make(**changes):
        return {"prompt": "Add a bird.", "image_url": photo_uri, **changes}

    return make


def until_completed(client, url):
    for _ in range(300):
        said = client.get(url).json()
        if said["status"] == "COMPLETED":
            return said
        time.sleep(0.02)
    raise AssertionError("the edit did not end")


@pytest.mark.parametrize("app", [APP, "fal-ai/flux-pro/kontext", "fal-ai/flux-kontext/dev", f"{APP}/multi"])
def test_a_run_answers_with_the_pictures(client, given, app):
    answer = client.post(f"/fal/{app}", json=given(num_images=2), headers={"authorization": "Key any"})
    assert answer.status_code == 200
    said = answer.json()
    assert len(said["images"]) == 2
    assert said["images"][0]["content_type"] == "image/jpeg"
    assert pixels_of(client.get(said["images"][0]["url"]).content).shape == (880, 1184, 3)
    assert said["has_nsfw_concepts"] == [False, False]


def test_pictures_may_come_inline(client, given):
    (image,) = client.post(RUN, json=given(sync_mode=True)).json()["images"]
    assert base64.b64decode(image["url"].removeprefix("data:image/jpeg;base64,"))[:2] == b"\xff\xd8"


def test_the_queue_from_submission_to_result(client, given):
    said = client.post(QUEUE, json=given(seed=6)).json()
    assert said["status"] in ("IN_QUEUE", "IN_PROGRESS", "COMPLETED")
    root = f"http://127.0.0.1:8000/falq/fal-ai/flux-pro/requests/{said['request_id']}"
    assert (said["response_url"], said["status_url"], said["cancel_url"]) == (root, f"{root}/status", f"{root}/cancel")
    done = until_completed(client, said["status_url"])
    assert done["metrics"]["inference_time"] >= 0
    assert isinstance(done["logs"], list)
    assert client.get(said["response_url"]).json()["seed"] == 6
    assert client.put(said["cancel_url"]).json() == {"status": "ALREADY_COMPLETED"}


def test_a_place_in_the_queue(serve, given):
    gate = threading.Event()
    busy = serve(engine=FakeEngine(gate=gate), queue={"workers": 1})
    first, *others = [busy.post(QUEUE, json=given()).json() for _ in range(3)]
    waiting = [busy.get(each["status_url"]) for each in others]
    assert [answer.status_code for answer in waiting] == [202, 202]
    assert {answer.json()["status"] for answer in waiting} == {"IN_QUEUE"}
    assert waiting[1].json()["queue_position"] > waiting[0].json()["queue_position"]
    unfinished = busy.get(others[0]["response_url"])
    assert unfinished.status_code == 400
    assert unfinished.json()["detail"][0]["msg"] == "Request is still in progress"
    assert busy.put(others[0]["cancel_url"]).status_code == 202
    gate.set()
    until_completed(busy, others[0]["status_url"])
    assert busy.get(others[0]["response_url"]).status_code == 503
    until_completed(busy, first["status_url"])


def test_a_status_is_streamed(client, given):
    said = client.post(QUEUE, json=given()).json()
    events = client.get(f"{said['status_url']}/stream").text.strip().split("\n\n")
    assert json.loads(events[-1].removeprefix("data: "))["status"] == "COMPLETED"


def test_a_refusal_is_the_result(client, given):
    said = client.post(QUEUE, json=given(prompt=f"Do the {REFUSED_WORD}.")).json()
    done = until_completed(client, said["status_url"])
    assert REFUSED_WORD in done["error"]
    answer = client.get(said["response_url"])
    assert answer.status_code == 400
    assert REFUSED_WORD in answer.json()["detail"][0]["msg"]
    assert client.post(RUN, json=given(prompt=f"Do the {REFUSED_WORD}.")).json()["detail"][0]["loc"] == [
        "body",
        "prompt",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("image_url", None),
        ("image_url", ["https://example.org/a.png"] * 2),
        ("image_urls", ["https://example.org/a.png"] * 5),
        ("num_images", 5),
        ("seed", -1),
        ("image_size", "huge"),
        ("image_size", {"width": 0, "height": 4}),
        ("aspect_ratio", "5:4"),
        ("output_format", "webp"),
        ("safety_tolerance", "9"),
        ("guidance_scale", 0),
    ],
)
def test_a_wrong_value_is_refused_as_fal_does(client, given, field, value):
    answer = client.post(RUN, json=given(**{field: value}))
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", field]


@pytest.mark.parametrize(
    ("size", "shape"), [("landscape_16_9", (752, 1392, 3)), ({"width": 512, "height": 512}, (1024, 1024, 3))]
)
def test_a_size_stands_for_the_nearest_preset(client, given, size, shape):
    (image,) = client.post(RUN, json=given(image_size=size)).json()["images"]
    assert pixels_of(client.get(image["url"]).content).shape == shape


def test_a_webhook_must_be_a_url_and_what_has_no_effect_is_reported(client, given):
    refused = client.post(f"{QUEUE}?fal_webhook=nothing", json=given())
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "fal_webhook"]
    assert client.post(QUEUE, json=given(acceleration="high")).json()["ignored"][0]["field"] == "acceleration"


@pytest.mark.parametrize("path", ["/fal/fal-ai/flux/dev", "/falq/other/app", "/falq/fal-ai/flux-pro/requests/nothing"])
def test_what_is_not_there_is_not_found_in_this_shape(client, given, path):
    answer = client.get(path) if path.endswith("nothing") else client.post(path, json=given())
    assert answer.status_code == 404
    assert answer.json()["detail"][0]["type"] in ("model_not_found", "not_found")


def test_the_proxy_stands_for_the_hosts(client, given):
    def call(method, url, **kwargs):
        return client.request(method, PROXY, headers={"x-fal-target-url": url}, **kwargs)

    assert call("POST", f"https://fal.run/{APP}", json=given()).json()["images"]
    said = call("POST", f"https://queue.fal.run/{APP}", json=given()).json()
    root = f"https://queue.fal.run/fal-ai/flux-pro/requests/{said['request_id']}"
    for _ in range(300):
        if call("GET", f"{root}/status?logs=1").json()["status"] == "COMPLETED":
            break
        time.sleep(0.02)
    assert call("GET", root).json()["images"]
    assert call("PUT", f"{root}/cancel").json() == {"status": "ALREADY_COMPLETED"}


@pytest.mark.parametrize(
    "target",
    [
        "",
        "https://example.org/a",
        "https://fal.run.example.org/a",
        "http://[",
        "https://rest.fal.ai/../proxy",
        "file:///etc",
    ],
)
def test_the_proxy_leads_nowhere_else(client, target):
    answer = client.post(PROXY, headers={"x-fal-target-url": target}, json={})
    assert answer.status_code in (400, 404)
    assert answer.json()["detail"]


def test_a_picture_is_uploaded_once_and_edited(client, given, photo):
    target = {"x-fal-target-url": "https://rest.fal.ai/storage/upload/initiate?storage_type=fal-cdn-v3"}
    said = client.post(PROXY, headers=target, json={"content_type": "image/png", "file_name": "../../a.png"}).json()
    assert client.get(said["file_url"]).status_code == 404
    client.headers.pop("authorization")
    assert client.put(said["upload_url"], content=photo).status_code == 200
    assert client.put(said["upload_url"], content=b"other").status_code == 404
    assert client.get(said["file_url"]).content == photo
    client.headers["authorization"] = "Key any"
    assert client.post(RUN, json=given(image_url=said["file_url"])).status_code == 200


@pytest.mark.parametrize("name", ["nothing", "0" * 40 + ".upload", "..%2f..%2fa"])
def test_nothing_is_stored_under_a_name_that_was_not_reserved(client, name):
    assert client.put(f"/api/fal/rest/storage/upload/{name}", content=b"x").status_code == 404


def test_an_upload_that_nobody_reserved_is_not_read_and_takes_no_place(client, monkeypatch):
    def taken(_intake):
        raise AssertionError("a place was taken")

    monkeypatch.setattr(Intake, "place", taken)
    answer = client.put("/api/fal/rest/storage/upload/" + "0" * 40 + ".upload", content=b"x")
    assert answer.status_code == 404


def test_a_wrong_value_is_told_with_what_was_received_and_no_field_is_made_up(serve, given):
    (wrong,) = serve().post(RUN, json=given(num_images=5)).json()["detail"]
    assert wrong["msg"] == "must be a whole number from 1 to 4; received 5"
    kept_out = serve(server={"api_keys": ["the-right-key-of-this-server"]}).post(RUN, json=given())
    assert kept_out.status_code == 401
    assert kept_out.json()["detail"][0]["loc"] == ["body"]


def test_known_fields_without_effect_are_reported_too(client, given):
    sent = given(enhance_prompt=True, aspect_ratio="1:1", image_size="square")
    ignored = client.post(RUN, json=sent).json()["ignored"]
    assert [each["field"] for each in ignored] == ["enhance_prompt", "image_size"]
