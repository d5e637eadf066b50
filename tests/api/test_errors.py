import json
import threading
import time
from datetime import datetime

import pytest

from retouch import errors
from retouch.errors import EngineError, RetouchError
from retouch.jobs.models import JobState
from retouch.server.errors import ERROR_TABLE
from retouch.testing import REFUSED_WORD, FakeEngine

GENERATIONS = "/v1/images/generations"


def check_shape(answer, status, path=GENERATIONS):
    """The keys that the hosted endpoint's errors have, and OpenAI's on image routes."""
    assert answer.status_code == status
    said = answer.json()
    assert said["path"] == path
    assert said["statusCode"] == status
    assert said["requestId"] == answer.headers["x-inference-id"]
    datetime.fromisoformat(said["timestamp"])
    if path.startswith("/v1/images/"):
        assert set(said["error"]) >= {"message", "type", "param", "code"}
        assert said["error"]["message"] == said["message"]
    return said


def all_error_classes(root=RetouchError):
    return {root}.union(*(all_error_classes(child) for child in root.__subclasses__()))


@pytest.mark.parametrize("kind", sorted(all_error_classes(), key=lambda kind: kind.__name__))
def test_every_error_has_a_row_in_the_table(kind):
    assert kind.code in ERROR_TABLE


def test_every_error_that_the_project_exports_is_in_the_tree():
    assert {getattr(errors, name) for name in errors.__all__} <= all_error_classes()


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("prompt", ..., "a string of 1 to 4000 characters"),
        ("prompt", "", "a string of 1 to 4000 characters"),
        ("prompt", "x" * 4001, "a string of 1 to 4000 characters"),
        ("prompt", 5, "a string"),
        ("prompt", "half \ud800", "valid Unicode"),
        ("image_url", ..., "an http(s) URL or a data: URI"),
        ("image_url", [], "1 to 4"),
        ("image_url", ["https://example.org/a.png"] * 5, "1 to 4"),
        ("image_url", "ftp://example.org/a.png", "an http(s) URL"),
        ("image_url", [1], "an http(s) URL"),
        ("image_url", "file:///etc/passwd", "an http(s) URL"),
        ("num_images", 0, "a whole number from 1 to 4"),
        ("num_images", 5, "a whole number from 1 to 4"),
        ("num_images", "2", "a whole number from 1 to 4"),
        ("num_images", 1.5, "a whole number from 1 to 4"),
        ("num_images", True, "a whole number from 1 to 4"),
        ("seed", 0, "a whole number from 1"),
        ("seed", -1, "a whole number from 1"),
        ("seed", 2**63, "a whole number from 1"),
        ("guidance_scale", 0.5, "a number from 1 to 20"),
        ("guidance_scale", 21, "a number from 1 to 20"),
        ("guidance_scale", "3", "a number from 1 to 20"),
        ("safety_tolerance", "7", 'one of "1"'),
        ("safety_tolerance", 0, 'one of "1"'),
        ("safety_tolerance", 2.5, 'one of "1"'),
        ("output_format", "webp", 'one of "jpeg", "png"'),
        ("output_format", ["png"], 'one of "jpeg", "png"'),
        ("aspect_ratio", "5:4", 'one of "21:9"'),
        ("response_format", "file", 'one of "url", "b64_json"'),
        ("size", "big", '"original"'),
        ("size", "0x10", '"original"'),
        ("image_size", {"width": 0, "height": 5}, "an object"),
        ("n", 9, "a whole number from 1 to 4"),
        ("explain", "yes", "true or false"),
        ("preserve", "on", 'one of "auto", "off"'),
        ("engine", "other", 'one of "fake"'),
        ("stream", "yes", "true or false"),
        ("partial_images", 4, "a whole number from 0 to 3"),
        ("extra_body", [], "an object"),
        ("model", ..., "a string"),
        ("model", 7, "a string"),
    ],
)
def test_a_wrong_value_is_refused_with_field_rule_and_value(client, body, field, value, rule):
    sent = json.dumps(body(**{field: value})).encode("utf-8")
    answer = client.post(GENERATIONS, content=sent, headers={"content-type": "application/json"})
    said = check_shape(answer, 400)
    assert said["error"]["code"] == "invalid_value"
    assert said["error"]["param"] == field
    detail = said["details"][0]
    assert detail["field"] == field
    assert rule in detail["rule"]
    assert f"{field} must be" in said["message"]
    if value is not ... and len(json.dumps(value)) < 80:
        assert detail["received"] == value
        assert json.dumps(value) in said["message"]


def test_all_wrong_fields_are_named_at_once(client, body):
    said = check_shape(client.post(GENERATIONS, json=body(prompt="", num_images=9, seed=0)), 400)
    assert [detail["field"] for detail in said["details"]] == ["prompt", "num_images", "seed"]


def test_the_original_size_and_a_ratio_exclude_each_other(client, body):
    said = check_shape(client.post(GENERATIONS, json=body(size="original", aspect_ratio="1:1")), 400)
    assert said["error"]["param"] == "aspect_ratio"


def test_an_unknown_model_is_not_found_and_the_known_ones_are_listed(client, body):
    said = check_shape(client.post(GENERATIONS, json=body(model="sdxl")), 404)
    assert said["error"]["code"] == "model_not_found"
    assert "flux/kontext-max/image-to-image" in said["message"]


def test_an_instruction_that_cant_be_carried_out_is_refused_by_name(client, body):
    said = check_shape(client.post(GENERATIONS, json=body(prompt=f"Do the {REFUSED_WORD}.")), 400)
    assert said["error"] == {
        "message": said["message"],
        "type": "unsupported_instruction",
        "param": "prompt",
        "code": "unsupported_instruction",
        "understood": ["paint a square"],
        "not_understood": [f"Do the {REFUSED_WORD}."],
        "hint": "Ask for something else.",
    }


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("data:image/png;base64,AAAA", "image_decode_failed"),
        ("data:image/png;base64,", "image_decode_failed"),
        ("data:text/html,<script>", "image_decode_failed"),
        ("data:image/png;base64,%%%", "image_fetch_failed"),
        ("data:nothing", "image_fetch_failed"),
        ("http://127.0.0.1:9/a.png", "address_not_allowed"),
        ("http://169.254.169.254/latest/meta-data", "address_not_allowed"),
        ("http://[::1]/a.png", "address_not_allowed"),
        ("http://localhost/a.png", "address_not_allowed"),
        ("http://0x7f000001/a.png", "address_not_allowed"),
    ],
)
def test_a_picture_that_cant_be_used_is_a_clear_error_that_says_which(client, body, photo_uri, uri, code):
    said = check_shape(client.post(GENERATIONS, json=body(image_url=[photo_uri, uri])), 400)
    assert (said["error"]["code"], said["error"]["param"]) == (code, "image_url[1]")


def test_a_picture_with_too_many_pixels_or_bytes_is_too_large(serve, body):
    client = serve(limits={"max_image_pixels": 1000})
    said = check_shape(client.post(GENERATIONS, json=body()), 413)
    assert said["error"]["code"] == "image_too_large"


def test_a_picture_with_too_many_bytes_is_too_large(serve, body):
    client = serve(limits={"max_image_bytes": 2000})
    assert check_shape(client.post(GENERATIONS, json=body()), 413)["error"]["code"] == "image_too_large"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"nothing",
        b'"text"',
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"seed": NaN}',
        b'{"seed": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_no_json_object_is_refused(client, content):
    answer = client.post(GENERATIONS, content=content, headers={"content-type": "application/json"})
    assert check_shape(answer, 400)["error"]["code"] == "invalid_json"


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_a_body_that_is_not_announced_as_plain_json_is_refused(client, headers):
    check_shape(client.post(GENERATIONS, content=b"{}", headers=headers), 415)


def test_a_body_that_is_too_large_is_refused_whether_its_length_is_declared_or_not(serve):
    client = serve(limits={"max_body_bytes": 2000})

    def in_chunks():
        for _ in range(30):
            yield b" " * 100

    for content in (b" " * 3000, in_chunks()):
        answer = client.post(GENERATIONS, content=content, headers={"content-type": "application/json"})
        assert check_shape(answer, 413)["error"]["code"] == "body_too_large"


def test_a_route_that_is_not_there_and_a_method_that_is_not_allowed(client):
    check_shape(client.get("/v1/nothing"), 404, "/v1/nothing")
    answer = client.get(GENERATIONS)
    check_shape(answer, 405)
    assert answer.headers["allow"] == "POST"


def test_an_engine_that_fails_is_a_500_that_may_be_retried(serve, body):
    client = serve(engine=FakeEngine(error=EngineError("The engine ran out of memory.")))
    answer = client.post(GENERATIONS, json=body())
    assert check_shape(answer, 500)["error"]["code"] == "engine_failed"
    assert "x-should-retry" not in answer.headers


def test_an_unexpected_error_gives_nothing_away(serve, body):
    client = serve(engine=FakeEngine(error=ZeroDivisionError("the secret path /srv/x")))
    answer = client.post(GENERATIONS, json=body())
    said = check_shape(answer, 500)
    assert said["error"]["code"] == "internal_error"
    assert "secret" not in answer.text


def test_an_unexpected_error_in_the_server_itself_gives_nothing_away_either(client, body, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("the secret path /srv/x")

    monkeypatch.setattr(client.app.state.services.jobs, "enqueue", broken)
    answer = client.post(GENERATIONS, json=body(), headers={"Origin": "http://localhost:3000"})
    assert check_shape(answer, 500)["error"]["code"] == "internal_error"
    assert "secret" not in answer.text
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"


@pytest.fixture
def gate(serve):
    """Holds every edit back until it is set, which the end of the test does at the latest."""
    event = threading.Event()
    yield event
    event.set()


def test_a_full_queue_says_when_to_come_again(serve, body, gate):
    client = serve(engine=FakeEngine(gate=gate), queue={"max_waiting": 1})
    jobs = client.app.state.services.jobs
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.post(GENERATIONS, json=body(seed=1)))) for _ in range(2)
    ]
    threads[0].start()
    wait_until(lambda: jobs._store.count(JobState.RUNNING) == 1)
    threads[1].start()
    wait_until(lambda: not jobs.has_room())

    refused = client.post(GENERATIONS, json=body())
    gate.set()
    for thread in threads:
        thread.join(20)

    check_shape(refused, 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert [answer.status_code for answer in answers] == [200, 200]


def test_an_edit_that_takes_too_long_is_stopped(serve, body):
    client = serve(engine=FakeEngine(gate=threading.Event()), queue={"deadline_seconds": 0.3})
    assert check_shape(client.post(GENERATIONS, json=body()), 504)["error"]["code"] == "deadline_exceeded"


def wait_until(condition, seconds=10.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
