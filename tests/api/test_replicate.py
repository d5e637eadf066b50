"""Replicate's wire protocol."""

import base64
import json
import threading
import time

import pytest
from tests.api.conftest import pixels_of

from retouch.testing import REFUSED_WORD, FakeEngine

MAX = "/v1/models/black-forest-labs/flux-kontext-max"
WAIT = {"prefer": "wait"}


@pytest.fixture
def predict(client, photo_uri):
    def post(path=f"{MAX}/predictions", *, headers=WAIT, at=client, **given):
        body = {"input": {"prompt": "Add a bird.", "input_image": photo_uri, **given}}
        return at.post(path, json=body, headers=headers)

    return post


def picture_in(output) -> bytes:
    head, _, data = output.partition(",")
    assert head in ("data:image/png;base64", "data:image/jpeg;base64")
    return base64.b64decode(data)


def until_final(client, url):
    for _ in range(300):
        said = client.get(url).json()
        if said["status"] not in ("starting", "processing"):
            return said
        time.sleep(0.02)
    raise AssertionError("the edit did not end")


def test_a_prediction_is_waited_for(predict):
    answer = predict(seed=4)
    assert answer.status_code == 201
    said = answer.json()
    assert said["status"] == "succeeded"
    assert said["model"] == "black-forest-labs/flux-kontext-max"
    assert said["error"] is None
    assert said["metrics"]["predict_time"] >= 0
    assert pixels_of(picture_in(said["output"])).shape == (880, 1184, 3)


def test_over_https_an_output_is_a_url(serve, photo_uri):
    secure = serve(server={"public_url": "https://edit.example"})
    body = {"input": {"prompt": "Add a bird.", "image": photo_uri}}
    said = secure.post(f"{MAX}/predictions", json=body, headers=WAIT).json()
    assert said["output"].startswith("https://edit.example/files/")
    assert said["urls"]["get"].startswith("https://edit.example/v1/predictions/")


def test_several_outputs_are_a_list(predict):
    outputs = predict(num_outputs=2, output_format="jpg").json()["output"]
    assert [picture_in(output)[:2] for output in outputs] == [b"\xff\xd8"] * 2


def test_without_waiting_it_is_polled_for(predict, client):
    said = predict(headers={}).json()
    assert said["status"] in ("starting", "processing", "succeeded")
    done = until_final(client, said["urls"]["get"])
    assert done["status"] == "succeeded"
    assert done["id"] == said["id"]
    assert done["completed_at"].endswith("Z")


def test_by_a_version_and_its_description(predict, client):
    version = client.get(MAX).json()["latest_version"]["id"]
    described = client.get(f"{MAX}/versions/{version}").json()
    assert described["id"] == version
    assert "prompt" in described["openapi_schema"]["components"]["schemas"]["Input"]["properties"]
    assert predict("/v1/predictions").json()["status"] == "succeeded"


def test_what_takes_longer_than_the_wait_is_starting(serve, predict):
    gate = threading.Event()
    slow = serve(engine=FakeEngine(gate=gate))
    said = predict(headers={"prefer": "wait=1"}, at=slow).json()
    assert said["status"] == "starting"
    gate.set()
    assert until_final(slow, said["urls"]["get"])["status"] == "succeeded"


def test_a_prediction_is_cancelled(serve, predict):
    slow = serve(engine=FakeEngine(steps=500, step_seconds=0.05))
    said = predict(headers={}, at=slow).json()
    slow.post(said["urls"]["cancel"])
    done = until_final(slow, said["urls"]["get"])
    assert done["status"] == "canceled"
    assert done["output"] is None


def test_a_prediction_is_streamed(predict, client):
    said = predict(headers={}).json()
    client.headers.pop("authorization")
    events = client.get(said["urls"]["stream"]).text.strip().split("\n\n")
    names = [event.split("\n")[0] for event in events]
    assert names[-2:] == ["event: output", "event: done"]
    assert picture_in(events[-2].split("data: ", 1)[1])[:4] == b"\x89PNG"


def test_the_stream_of_a_failure_ends_with_it(predict, client):
    said = predict(headers={}, prompt=f"Do the {REFUSED_WORD}.").json()
    events = client.get(said["urls"]["stream"]).text.strip().split("\n\n")
    assert events[-2].startswith("event: error")
    assert REFUSED_WORD in events[-2]
    assert json.loads(events[-1].split("data: ")[1]) == {"reason": "error"}
    assert client.get("/v1/predictions/nothing/stream").status_code == 404


def test_an_upload_is_edited_by_its_url(predict, client, photo):
    uploaded = client.post("/v1/files", files={"content": ("a.png", photo, "image/png"), "metadata": (None, "{}")})
    assert uploaded.status_code == 201
    url = uploaded.json()["urls"]["get"]
    served = client.get(url)
    assert served.content == photo
    assert served.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in served.headers["content-security-policy"]
    same = [
        predict(input_image=image, seed=2).json()["output"]
        for image in (url, *[f"data:;base64,{base64.b64encode(photo).decode()}"])
    ]
    assert same[0] == same[1]


@pytest.mark.parametrize("files", [{"content": ("a.png", b"")}, {"other": ("a.png", b"x")}])
def test_an_upload_without_content_is_refused(client, files):
    answer = client.post("/v1/files", files=files)
    assert answer.status_code == 422
    assert answer.json()["invalid_fields"][0]["field"] == "content"


def test_a_refusal_is_told_while_waiting_and_when_polling(predict, client):
    waited = predict(prompt=f"Do the {REFUSED_WORD}.")
    assert waited.status_code == 400
    assert REFUSED_WORD in waited.json()["detail"]
    polled = until_final(client, predict(headers={}, prompt=f"Do the {REFUSED_WORD}.").json()["urls"]["get"])
    assert polled["status"] == "failed"
    assert REFUSED_WORD in polled["error"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("input_image", "ftp://example.org/a.png"),
        ("seed", -1),
        ("aspect_ratio", "5:4"),
        ("output_format", "webp"),
        ("num_outputs", 5),
        ("safety_tolerance", 7),
        ("strength", 2),
    ],
)
def test_a_wrong_value_is_refused_as_replicate_does(predict, field, value):
    answer = predict(**{field: value})
    assert answer.status_code == 422
    said = answer.json()
    assert (said["title"], said["status"]) == ("Input validation failed", 422)
    assert said["invalid_fields"][0]["field"] == field
    assert field in said["detail"]


def test_without_picture_or_input_or_with_other_events_the_field_is_named(client, predict):
    for body, field in [
        ({"input": {"prompt": "Add a bird."}}, "input_image"),
        ({}, "input"),
        ({"input": {}, "webhook": "https://example.org", "webhook_events_filter": ["start"]}, "webhook_events_filter"),
    ]:
        answer = client.post("/v1/predictions", json=body)
        assert answer.status_code == 422
        assert answer.json()["invalid_fields"][0]["field"] == field


def test_what_has_no_effect_is_reported(predict):
    ignored = predict(go_fast=True).json()["ignored"]
    assert [each["field"] for each in ignored] == ["go_fast"]


@pytest.mark.parametrize(
    "path", ["/v1/models/me/other/predictions", "/v1/predictions/nothing", "/v1/predictions/a/b/c"]
)
def test_what_is_not_there_is_not_found_in_this_shape(client, path):
    answer = client.post(path, json={"input": {}}) if path.endswith("predictions") else client.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"title", "detail", "status"}


def test_a_key_is_asked_for(serve, photo_uri):
    strict = serve(server={"api_key_hashes": ["0" * 64]})
    for method, path in [
        ("POST", f"{MAX}/predictions"),
        ("GET", "/v1/predictions/x"),
        ("POST", "/v1/files"),
        ("GET", MAX),
    ]:
        answer = strict.request(method, path, json={"input": {"prompt": "x", "input_image": photo_uri}})
        assert answer.status_code == 401
        assert answer.json()["title"] == "Unauthenticated"


@pytest.mark.parametrize(
    ("changes", "ignored"),
    [
        ({"guidance": 3, "guidance_scale": 4}, ["guidance_scale"]),
        ({"size": "512x512", "aspect_ratio": "1:1"}, ["size"]),
        ({"size": "512x512", "aspect_ratio": "match_input_image"}, None),
        ({"prompt_upsampling": True}, ["prompt_upsampling"]),
    ],
)
def test_known_fields_without_effect_are_reported_too(predict, changes, ignored):
    said = predict(**changes).json()
    assert ([each["field"] for each in said["ignored"]] if "ignored" in said else None) == ignored


def test_an_error_at_a_path_with_control_characters_keeps_its_shape(client):
    answer = client.get("/v1/models/a/%0A/versions/b")
    assert answer.status_code == 404
    assert "title" in answer.json()
