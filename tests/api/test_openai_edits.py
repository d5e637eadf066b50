"""``POST /v1/images/edits``: what OpenAI's clients send, and what they need back."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from tests.api.conftest import pixels_of

from retouch.testing import REFUSED_WORD

EDITS = "/v1/images/edits"


@pytest.fixture
def send(client, photo):
    def post(path=EDITS, *, files=None, headers=None, **fields):
        data = {"prompt": "Add a bird.", **fields}
        parts = files if files is not None else [("image", ("a.png", photo, "image/png"))]
        return client.post(path, data=data, files=parts, headers=headers)

    return post


@pytest.mark.parametrize("path", [EDITS, "/images/edits"])
def test_a_file_is_edited_and_comes_back_both_as_url_and_as_bytes(send, client, path):
    answer = send(path, model="gpt-image-1", size="auto", quality="high", user="me")
    assert answer.status_code == 200
    said = answer.json()
    (data,) = said["data"]
    assert client.get(data["url"]).content == base64.b64decode(data["b64_json"])
    assert pixels_of(base64.b64decode(data["b64_json"])).shape == (880, 1184, 3)
    assert said["images"][0]["content_type"] == "image/png"
    assert {each["field"] for each in said["meta"]["ignored"]} == {"quality", "user"}
    assert any("gpt-image-1 was taken for flux/kontext-max/image-to-image" in note for note in said["meta"]["notes"])


@pytest.mark.parametrize(("response_format", "keys"), [("url", {"url"}), ("b64_json", {"url", "b64_json"})])
def test_one_of_the_two_may_be_asked_for(send, response_format, keys):
    assert set(send(response_format=response_format).json()["data"][0]) == keys


def test_scalars_come_as_text(send):
    said = send(n="2", seed="7", guidance_scale="3.5", explain="true", output_format="jpeg").json()
    assert said["seed"] == 7
    assert len(said["data"]) == 2
    assert said["explain"]["images"][1]["seed"] == 8
    assert said["images"][0]["content_type"] == "image/jpeg"


@pytest.mark.parametrize("name", ["image[]", "image"])
def test_several_files_are_several_pictures(send, photo, name):
    files = [(name, ("a.png", photo, "image/png"))] * 2
    assert send(files=files).status_code == 200
    refused = send(files=files * 3)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "image"


def test_the_same_pixels_as_the_other_route(send, client, photo_uri):
    by_form = send(seed="3").json()["data"][0]["b64_json"]
    body = {"model": "flux/kontext-max/image-to-image", "prompt": "Add a bird.", "image_url": photo_uri, "seed": 3}
    by_json = client.post(
        "/v1/images/generations", json={**body, "output_format": "png", "response_format": "b64_json"}
    )
    assert by_json.json()["data"][0]["b64_json"] == by_form


@pytest.mark.parametrize("spelling", ["image", "image_url", "images"])
def test_json_is_taken_too(client, photo_uri, spelling):
    pictures = [{"image_url": photo_uri}] if spelling == "images" else photo_uri
    answer = client.post(EDITS, json={"prompt": "Add a bird.", spelling: pictures})
    assert answer.status_code == 200
    assert answer.json()["data"][0]["b64_json"]


@pytest.mark.parametrize("path", [EDITS, "/v1/images/generations", "/images/generations"])
def test_a_stream_ends_with_the_finished_pictures(client, photo_uri, path):
    body = {"model": "gpt-image-1", "prompt": "Add a bird.", "stream": True, "partial_images": 2, "n": 2}
    answer = client.post(path, json={**body, "image_url": photo_uri})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.strip().split("\n\n")
    kind = "image_edit" if path == EDITS else "image_generation"
    assert len(events) == 2
    for event in events:
        name, data = (line.partition(": ")[2] for line in event.split("\n"))
        said = json.loads(data)
        assert name == said["type"] == f"{kind}.completed"
        assert pixels_of(base64.b64decode(said["b64_json"])).shape == (880, 1184, 3)
        assert said["size"] == "1184x880"


def test_what_goes_wrong_in_a_stream_is_an_ordinary_error(client, photo_uri):
    body = {"prompt": REFUSED_WORD, "stream": True, "image": photo_uri}
    answer = client.post(EDITS, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "unsupported_instruction"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": "many"}, "n"),
        ({"n": "9"}, "n"),
        ({"seed": "1.5"}, "seed"),
        ({"explain": "perhaps"}, "explain"),
        ({"output_format": "webp"}, "output_format"),
        ({"prompt": " "}, "prompt"),
        ({"size": "huge"}, "size"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(send, fields, param):
    answer = send(**fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert answer.json()["error"]["code"] == "invalid_value"


def test_without_a_picture_the_field_is_named(client):
    answer = client.post(EDITS, files=[("prompt", (None, "Add a bird."))])
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "image"


def test_a_file_that_is_no_picture_is_named(send):
    answer = send(files=[("image", ("a.png", b"nothing of the kind", "image/png"))])
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "image[0]"


def test_an_unknown_model_is_named(send):
    answer = send(model="sdxl")
    assert answer.status_code == 404
    assert answer.json()["error"]["param"] == "model"


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"nothing", "multipart/form-data; boundary=x", 400),
        (b"nothing", "multipart/form-data", 400),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 400),
        (b"{}", "text/plain", 415),
    ],
)
def test_a_body_that_is_no_form_is_refused(client, content, content_type, status):
    answer = client.post(EDITS, content=content, headers={"content-type": content_type})
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_a_form_of_too_many_fields_is_refused(client, photo):
    parts = [(f"x{index}", (None, "1")) for index in range(101)]
    answer = client.post(EDITS, files=[*parts, ("image", ("a.png", photo, "image/png"))])
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_form"


def test_a_key_is_asked_for(serve, photo):
    strict = serve(server={"api_key_hashes": ["0" * 64]})
    answer = strict.post(EDITS, data={"prompt": "Add a bird."}, files={"image": photo})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


def mask_file(shape, *, transparent: bool) -> bytes:
    """A mask that lets the right half change: by transparency, or in white."""
    pixels = np.zeros((*shape, 4), np.uint8)
    right = slice(shape[1] // 2, None)
    if transparent:
        pixels[..., 3] = 255
        pixels[:, right, 3] = 0
    else:
        pixels[..., 3] = 255
        pixels[:, right, :3] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("transparent", [True, False])
def test_a_mask_keeps_the_rest(send, photo, transparent):
    before = pixels_of(photo)
    mask = mask_file(before.shape[:2], transparent=transparent)
    answer = send(files=[("image", ("a.png", photo)), ("mask", ("m.png", mask))], size="original", seed="1")
    assert answer.status_code == 200, answer.text
    after = pixels_of(base64.b64decode(answer.json()["data"][0]["b64_json"]))
    left = before.shape[1] // 2 - 20
    assert (after[:, :left] == before[:, :left]).all()
    assert (after[:, left:] != before[:, left:]).any()


def test_a_mask_that_is_no_picture_is_named(send, photo):
    answer = send(files=[("image", ("a.png", photo)), ("mask", ("m.png", b"nothing"))])
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "mask"
