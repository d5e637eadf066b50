import base64
import io

import numpy as np
import pytest
from PIL import Image

GENERATIONS = "/v1/images/generations"


def open_picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_the_documented_request_is_answered_in_both_documented_shapes(client, body):
    answer = client.post(GENERATIONS, json=body())

    assert answer.status_code == 200
    said = answer.json()
    (image,) = said["images"]
    assert said["data"] == [{"url": image["url"]}]
    assert said["meta"]["usage"]["credits_used"] == 0
    assert said["has_nsfw_concepts"] == [False]
    assert said["prompt"] == "Add a bird to the foreground of the photo."
    assert isinstance(said["seed"], int)
    assert (image["width"], image["height"], image["content_type"]) == (1184, 880, "image/jpeg")

    picture = client.get(image["url"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert len(picture.content) == image["file_size"]
    assert image["url"].endswith(image["file_name"])
    assert (open_picture(picture.content).format, open_picture(picture.content).size) == ("JPEG", (1184, 880))


def test_no_key_of_the_answer_is_null(client, body):
    def walk(value):
        assert value is not None
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)

    walk(client.post(GENERATIONS, json=body(explain=True)).json())


def test_the_same_seed_gives_the_same_bytes_and_attempt_i_is_seed_plus_i(client, body):
    both = client.post(GENERATIONS, json=body(seed=41, num_images=2, output_format="png")).json()
    second = client.post(GENERATIONS, json=body(seed=42, output_format="png")).json()
    files = [client.get(item["url"]).content for item in both["data"] + second["data"]]
    assert files[1] == files[2]
    assert files[0] != files[1]
    assert both["seed"] == 41


@pytest.mark.parametrize(
    ("ratio", "size"), [("16:9", (1392, 752)), ("1:1", (1024, 1024)), ("9:21", (672, 1568)), ("3:2", (1248, 832))]
)
def test_each_preset_ratio_has_its_size(client, body, ratio, size):
    image = client.post(GENERATIONS, json=body(aspect_ratio=ratio)).json()["images"][0]
    assert (image["width"], image["height"]) == size


def test_the_original_size_keeps_every_untouched_pixel_of_the_input(client, body, photo):
    said = client.post(GENERATIONS, json=body(size="original", output_format="png", explain=True)).json()
    edited = np.asarray(open_picture(client.get(said["data"][0]["url"]).content))
    mask = np.asarray(open_picture(client.get(said["explain"]["images"][0]["mask"]["url"]).content))
    original = np.asarray(open_picture(photo))
    assert edited.shape == original.shape
    np.testing.assert_array_equal(edited[mask == 0], original[mask == 0])
    assert (edited != original).any()


def test_explain_says_what_was_understood_and_what_changed(client, body):
    said = client.post(GENERATIONS, json=body(explain=True, num_images=2)).json()["explain"]
    assert said["plan"][0]["operation"] == "PaintSquare"
    assert said["resolutions"][0] == {
        "phrase": "Add a bird to the foreground of the photo.",
        "resolved_to": "a square",
        "confidence": 1.0,
        "verified": True,
    }
    assert said["notes"] == ["The fake engine paints squares."]
    assert len(said["images"]) == 2
    assert 0 < said["images"][0]["changed_share"] < 0.1


def test_a_plain_client_gets_no_explanation(client, body):
    assert "explain" not in client.post(GENERATIONS, json=body()).json()


@pytest.mark.parametrize("asked", [{"response_format": "b64_json"}, {"output_format": "b64_json"}])
def test_base64_comes_when_asked_for_and_is_the_file(client, body, asked):
    said = client.post(GENERATIONS, json=body(**asked)).json()
    (item,) = said["data"]
    assert base64.b64decode(item["b64_json"]) == client.get(item["url"]).content
    assert said["images"][0]["b64_json"] == item["b64_json"]


def test_up_to_four_pictures_are_brought_together(client, body, photo_uri):
    assert client.post(GENERATIONS, json=body(image_url=[photo_uri] * 4)).status_code == 200


def test_a_nested_extra_body_is_merged_and_wins(client, body, photo_uri):
    sent = body(image_url=..., num_images=1, extra_body={"image_url": photo_uri, "num_images": 2})
    assert len(client.post(GENERATIONS, json=sent).json()["data"]) == 2


def test_what_litellm_makes_of_openais_fields_is_understood(client, body):
    sent = body(image_size={"width": 1024, "height": 1024}, output_format="url", num_images=2)
    said = client.post(GENERATIONS, json=sent).json()
    assert [(image["width"], image["height"]) for image in said["images"]] == [(1024, 1024)] * 2
    assert said["images"][0]["content_type"] == "image/jpeg"


def test_openais_size_and_n_are_taken_for_a_ratio_and_a_number(client, body):
    said = client.post(GENERATIONS, json=body(size="1792x1024", n=2)).json()
    assert len(said["images"]) == 2
    assert (said["images"][0]["width"], said["images"][0]["height"]) == (1392, 752)
    assert "size 1792x1024 was taken for the nearest preset ratio, 16:9." in said["meta"]["notes"]


def test_what_has_no_effect_is_said_with_its_reason(client, body):
    said = client.post(
        GENERATIONS,
        json=body(quality="high", user="me", colour="red", num_images=1, n=3, aspect_ratio="1:1", size="9x16"),
    ).json()
    ignored = {item["field"]: item["reason"] for item in said["meta"]["ignored"]}
    assert ignored == {
        "quality": "has no meaning for this model",
        "user": "has no meaning for this model",
        "colour": "is not a field of this endpoint",
        "n": "num_images says how many",
        "size": "another field says the ratio",
    }
    assert (said["images"][0]["width"], len(said["images"])) == (1024, 1)


@pytest.mark.parametrize(
    "tolerated",
    [
        {"output_format": "jpg"},
        {"safety_tolerance": 3},
        {"safety_tolerance": "6"},
        {"num_images": 1.0},
        {"seed": None, "guidance_scale": None},
        {"stream": False},
        {"size": "auto"},
        {"model": "flux/kontext-pro/image-to-image"},
        {"prompt": "x" * 4000},
        {"guidance_scale": 20},
    ],
)
def test_values_at_the_edge_of_their_rule_are_taken(client, body, tolerated):
    assert client.post(GENERATIONS, json=body(**tolerated)).status_code == 200


def test_the_input_notes_reach_the_client(client, body):
    buffer = io.BytesIO()
    Image.new("RGBA", (64, 64), (255, 0, 0, 100)).save(buffer, "PNG")
    uri = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    notes = client.post(GENERATIONS, json=body(image_url=uri)).json()["meta"]["notes"]
    assert any(note.startswith("Picture 1:") for note in notes)


def test_result_urls_name_the_host_that_the_client_called(serve, body):
    client = serve(base_url="http://localhost:8123")
    url = client.post(GENERATIONS, json=body()).json()["data"][0]["url"]
    assert url.startswith("http://localhost:8123/files/")


def test_result_urls_use_the_configured_public_url(serve, body):
    client = serve(server={"public_url": "https://retouch.example.org/base/"})
    url = client.post(GENERATIONS, json=body()).json()["data"][0]["url"]
    assert url.startswith("https://retouch.example.org/base/files/")


def test_preserve_off_returns_what_the_engine_made(client, body):
    assert client.post(GENERATIONS, json=body(preserve="off")).status_code == 200


def test_the_engine_can_be_named(client, body):
    assert client.post(GENERATIONS, json=body(engine="fake")).json()["meta"]["engine"] == "fake/1"
