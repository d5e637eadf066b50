"""``/v1/edits`` and ``/v1/previews``: start, follow, cancel, and pictures as a browser can show them."""

import base64
import io
import json
import threading

import numpy as np
import pytest
from PIL import Image

from retouch.testing import FakeEngine

EDITS = "/v1/edits"


def states_of(client, edit: dict) -> list[dict]:
    """Every event of an edit, to its end."""
    with client.stream("GET", f"{EDITS}/{edit['id']}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: ")]


def test_an_edit_is_accepted_at_once_and_its_result_is_that_of_the_generations_route(client, body):
    order = body(seed=7, explain=True, output_format="png")
    started = client.post(EDITS, json=order)
    assert started.status_code == 202
    assert started.headers["location"] == started.json()["urls"]["self"]
    last = states_of(client, started.json())[-1]
    waited = client.post("/v1/images/generations", json=order).json()
    assert last["status"] == "succeeded"
    assert last["result"]["seed"] == 7
    assert last["result"]["explain"]["resolutions"] == waited["explain"]["resolutions"]
    files = [client.get(f"/files/{each['images'][0]['file_name']}").content for each in (last["result"], waited)]
    assert files[0] == files[1]
    asked = client.get(f"{EDITS}/{started.json()['id']}").json()
    assert asked["result"]["images"] == last["result"]["images"]


def test_a_refused_instruction_says_what_was_not_understood(client, body):
    started = client.post(EDITS, json=body(prompt="do the impossible")).json()
    last = states_of(client, started)[-1]
    assert last["status"] == "failed"
    error = last["error"]
    assert (error["code"], error["status"], error["retryable"]) == ("unsupported_instruction", 400, False)
    assert error["understood"] == ["paint a square"]
    assert error["not_understood"] == ["do the impossible"]
    assert error["hint"] == "Ask for something else."


def test_waiting_edits_know_their_place_and_can_be_cancelled(serve, body):
    gate = threading.Event()
    client = serve(engine=FakeEngine(gate=gate), queue={"workers": 1})
    edits = [client.post(EDITS, json=body()).json() for _ in range(3)]
    last = edits[-1]
    assert client.get(f"{EDITS}/{last['id']}").json()["queue_position"] in (1, 2)
    cancelled = client.post(f"{EDITS}/{last['id']}/cancel").json()
    assert cancelled["status"] == "cancelled"
    gate.set()
    assert [states_of(client, each)[-1]["status"] for each in edits] == ["succeeded", "succeeded", "cancelled"]
    assert client.post(f"{EDITS}/{edits[0]['id']}/cancel").json()["status"] == "succeeded"


def test_fields_of_the_waiting_routes_are_reported_as_unknown(client, body):
    said = client.post(EDITS, json=body(stream=True, response_format="b64_json", previews=True)).json()
    assert {each["field"] for each in said["ignored"]} == {"stream", "response_format"}
    result = states_of(client, said)[-1]["result"]
    assert not any("preview" in note for note in result["meta"]["notes"])


def test_a_wrong_field_is_named_as_on_every_route_and_under_error(client, body):
    answer = client.post(EDITS, json=body(seed="seven"))
    assert answer.status_code == 400
    said = answer.json()
    assert said["details"][0]["field"] == "seed"
    assert said["error"]["code"] == "invalid_value"
    assert said["error"]["problems"][0]["received"] == "seven"


@pytest.mark.parametrize("path", [f"{EDITS}/no-such-edit", f"{EDITS}/no-such-edit/events"])
def test_an_edit_that_is_not_there_is_not_found(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("file_format", ["HEIF", "TIFF", "JPEG"])
def test_a_preview_shows_what_a_browser_may_not_be_able_to(client, file_format):
    import pillow_heif

    pillow_heif.register_heif_opener()
    pixels = np.full((40, 80, 3), (200, 60, 30), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format)
    uri = f"data:;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    said = client.post("/v1/previews", json={"image_url": uri, "max_side": 20}).json()
    assert (said["width"], said["height"]) == (80, 40)
    head, _, encoded = said["preview"].partition(",")
    shown = Image.open(io.BytesIO(base64.b64decode(encoded)))
    assert head == "data:image/jpeg;base64"
    assert shown.size == (20, 10)
    assert np.abs(np.asarray(shown, int) - (200, 60, 30)).max() < 25


def test_a_preview_of_what_is_no_picture_names_the_field(client):
    answer = client.post("/v1/previews", json={"image_url": "data:;base64,aGVsbG8="})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "image_url"


def test_the_page_and_its_files_come_compressed_tagged_and_under_a_strict_policy(client):
    page = client.get("/", headers={"authorization": ""})
    assert page.status_code == 200
    assert page.headers["content-encoding"] == "gzip"
    policy = page.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    again = client.get("/", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get("/", headers={"accept-encoding": "identity"})
    assert plain.text == page.text
    assert plain.headers["etag"] != page.headers["etag"]
    assert client.get("/playground/app/main.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["", "nothing.js", "index.html", "../pages.py", "%2e%2e/pages.py", "app"])
def test_no_other_file_is_served_beside_the_page(client, path):
    assert client.get(f"/playground/{path}").status_code == 404
