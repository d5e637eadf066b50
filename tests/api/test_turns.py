"""Editing an answer again: the server goes back to the first input for every pixel that no turn has touched."""

import base64
import io
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image
from skimage.data import coffee
from starlette.testclient import TestClient

from retouch.images.geometry import fit_pixels, plan_fit
from retouch.library import create_registry
from retouch.server.app import create_app
from retouch.settings import load_settings
from retouch.testing import FakeEngine

GENERATIONS = "/v1/images/generations"
NOWHERE = "0" * 40 + ".png"


def as_uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def as_file(pixels: np.ndarray, file_format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, **options)
    return buffer.getvalue()


def plain(pixels: np.ndarray, ratio: str | None = None) -> np.ndarray:
    """The centre crop and resize of an input, and nothing else."""
    return fit_pixels(pixels, plan_fit(pixels.shape[1], pixels.shape[0], aspect_ratio=ratio, keep_size=False))


class Story:
    """Turn after turn on one picture; remembers what any turn has touched."""

    def __init__(self, client, body):
        self._client = client
        self._body = body
        self.touched: np.ndarray | None = None

    def turn(self, seed: int, **changes) -> dict:
        """Edit, and return what the answer says of its picture."""
        sent = self._body(seed=seed, explain=True, **changes)
        answer = self._client.post(GENERATIONS, json=sent)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        mask = self.get(said["explain"]["images"][0]["mask"]["url"])
        changed = np.asarray(Image.open(io.BytesIO(mask))) > 0
        self.touched = changed if self.touched is None else self.touched | changed
        return {**said["images"][0], "notes": said["meta"].get("notes", []), "explain": said["explain"]["images"][0]}

    def get(self, url: str) -> bytes:
        return self._client.get(url).content


@pytest.fixture
def story(client, body):
    return Story(client, body)


def by_url(answer: dict) -> dict:
    return {"image_url": answer["url"]}


def by_url_in_a_list(answer: dict) -> dict:
    return {"image_url": [answer["url"]]}


def by_parent(answer: dict) -> dict:
    return {"image_url": ..., "parent": answer["file_name"]}


def by_parents_url(answer: dict) -> dict:
    return {"image_url": ..., "parent": answer["url"]}


@pytest.mark.parametrize(
    ("formats", "ways"),
    [
        (["jpeg"], [by_url]),
        (["png"], [by_parent]),
        (["jpeg", "png"], [by_url, by_parent, by_url_in_a_list, by_parents_url]),
    ],
)
def test_after_ten_turns_untouched_pixels_are_exactly_those_of_the_first_input(story, formats, ways):
    first = coffee()
    answer = story.turn(1, image_url=as_uri(as_file(first)), output_format=formats[0])
    for number in range(2, 11):
        output_format = "png" if number == 10 else formats[number % len(formats)]
        answer = story.turn(number, output_format=output_format, **ways[number % len(ways)](answer))

    last = pixels_of(story.get(answer["url"]))
    untouched = ~story.touched
    assert 0.6 < untouched.mean() < 0.95
    assert answer["explain"]["turns"] == 10
    assert answer["explain"]["touched_share"] == pytest.approx(story.touched.mean(), abs=1e-6)
    np.testing.assert_array_equal(last[untouched], plain(first)[untouched])
    assert (last != plain(first)).any(axis=2).mean() > 0.05


def test_an_answer_that_is_uploaded_anew_is_a_picture_of_its_own_and_its_losses_stay(story):
    first = coffee()
    answer = story.turn(1, image_url=as_uri(as_file(first)), output_format="jpeg")
    answer = story.turn(2, image_url=as_uri(story.get(answer["url"])), output_format="png")
    untouched = ~story.touched
    assert (pixels_of(story.get(answer["url"]))[untouched] != plain(first)[untouched]).mean() > 0.05
    assert answer["explain"]["turns"] == 1


def test_a_turn_may_change_the_ratio(story, client, body):
    first = coffee()
    answer = story.turn(1, image_url=as_uri(as_file(first)))
    answer = client.post(GENERATIONS, json=body(seed=2, output_format="png", aspect_ratio="1:1", **by_url(answer)))
    last = pixels_of(client.get(answer.json()["data"][0]["url"]).content)
    same = (last == plain(first, "1:1")).all(axis=2)
    assert last.shape == (1024, 1024, 3)
    assert 0.9 < same.mean() < 1


def test_each_attempt_has_a_history_of_its_own(client, body):
    first = coffee()
    sent = body(image_url=as_uri(as_file(first)), seed=1, num_images=2, output_format="png")
    ours, other = client.post(GENERATIONS, json=sent).json()["images"]
    again = client.post(GENERATIONS, json=body(seed=9, output_format="png", **by_url(other))).json()["images"][0]
    pictures = [pixels_of(client.get(image["url"]).content) for image in (ours, other, again)]
    squares = [(picture != plain(first)).any(axis=2) for picture in pictures]
    assert (squares[2] & squares[1]).sum() > 0.9 * squares[1].sum()
    assert (squares[2] & squares[0]).sum() < 0.1 * squares[0].sum()


def test_the_parent_comes_before_the_pictures_of_image_url(client, body, photo_uri):
    parent = client.post(GENERATIONS, json=body(image_url=as_uri(as_file(coffee())))).json()["images"][0]
    both = client.post(GENERATIONS, json=body(parent=parent["file_name"], image_url=[photo_uri] * 3))
    assert both.status_code == 200
    assert (both.json()["images"][0]["width"], both.json()["images"][0]["height"]) == (1248, 832)


def test_beside_a_parent_three_pictures_are_taken(client, body, photo_uri):
    answer = client.post(GENERATIONS, json=body(parent=NOWHERE, image_url=[photo_uri] * 4))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "image_url")


def test_a_picture_beside_a_parent_that_cant_be_used_is_named_by_its_own_place(client, body, photo_uri):
    parent = client.post(GENERATIONS, json=body()).json()["images"][0]["file_name"]
    for broken in ("data:image/png;base64,AAAA", "http://127.0.0.1:9/a.png"):
        answer = client.post(GENERATIONS, json=body(parent=parent, image_url=[photo_uri, broken]))
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "image_url[1]")


def test_without_picture_and_parent_the_picture_is_missing(client, body):
    said = client.post(GENERATIONS, json=body(image_url=..., parent=None)).json()
    assert said["error"]["param"] == "image_url"


def test_an_expired_result_is_not_found_and_the_field_is_named(client, body, photo_uri, tmp_path):
    answer = client.post(GENERATIONS, json=body()).json()["images"][0]
    (next((tmp_path / "data").rglob(answer["file_name"]))).unlink()
    asked = {
        "parent": {"parent": answer["file_name"], "image_url": ...},
        "image_url[0]": {"image_url": answer["url"]},
        "image_url[1]": {"image_url": [photo_uri, answer["url"]]},
    }
    for param, changes in asked.items():
        refused = client.post(GENERATIONS, json=body(**changes))
        assert refused.status_code == 404
        assert (refused.json()["error"]["code"], refused.json()["error"]["param"]) == ("not_found", param)
        assert refused.json()["message"].startswith(f"{param} names a result that this server does not have")


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "..",
        "/etc/passwd",
        "file:///etc/passwd",
        "../jobs.sqlite",
        "../inputs/00/" + "0" * 64,
        NOWHERE + "\n",
        NOWHERE + ".origin",
        NOWHERE + "\x00.jpg",
        "0" * 40 + ".PNG",
        "%2e%2e/" + NOWHERE,
        "00/" + NOWHERE,
        "http://127.0.0.1:8000/files/../jobs.sqlite",
        "http://127.0.0.1:8000/files/%2e%2e%2fjobs.sqlite",
        "http://127.0.0.1:8000/" + NOWHERE,
        "http://169.254.169.254/latest/meta-data",
        "data:image/png;base64,AAAA",
        "a" * 100_000,
        "http://x/files/" * 5000,
        "\ud800",
        5,
        True,
        [NOWHERE],
        {"url": NOWHERE},
    ],
)
def test_a_parent_that_is_no_result_is_refused_by_name(client, body, parent):
    sent = json.dumps(body(parent=parent, image_url=...)).encode("ascii")
    answer = client.post(GENERATIONS, content=sent, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "parent")
    assert answer.json()["error"]["code"] == "invalid_value"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "..",
        "../jobs.sqlite",
        "%2e%2e%2fjobs.sqlite",
        "00/" + NOWHERE,
        NOWHERE,
        NOWHERE + "%00",
        "a" * 5000,
        "\ud800",
    ],
)
def test_a_url_under_this_server_s_results_leads_to_results_only(client, body, path):
    sent = json.dumps(body(image_url="http://127.0.0.1:8000/files/" + path)).encode("ascii")
    answer = client.post(GENERATIONS, content=sent, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (404, "image_url[0]")
    assert len(answer.json()["message"]) < 400


def test_what_lies_beside_a_result_is_not_served(client, body, tmp_path):
    name = client.post(GENERATIONS, json=body()).json()["images"][0]["file_name"]
    assert next((tmp_path / "data").rglob(f"{name}.origin")).stat().st_size > 0
    assert client.get(f"/files/{name}.origin").status_code == 404
    assert (
        client.post(GENERATIONS, json=body(image_url=f"http://127.0.0.1:8000/files/{name}.origin")).status_code == 404
    )


@pytest.mark.parametrize(
    "public_url", ["https://retouch.example.org/base/", "https://retouch.example.org", "http://127.0.0.1:8000/base"]
)
def test_a_result_is_known_by_the_configured_url_and_by_the_one_that_was_called(serve, body, public_url):
    client = serve(server={"public_url": public_url})
    said = client.post(GENERATIONS, json=body()).json()["images"][0]
    assert said["url"].startswith(public_url)
    for url in (said["url"], f"http://127.0.0.1:8000/files/{said['file_name']}"):
        assert client.post(GENERATIONS, json=body(image_url=url)).status_code == 200


def test_a_parent_may_have_been_known_under_another_host(client, body):
    name = client.post(GENERATIONS, json=body()).json()["images"][0]["file_name"]
    sent = body(image_url=..., parent=f"http://localhost:8000/files/{name}")
    assert client.post(GENERATIONS, json=sent).status_code == 200


@pytest.fixture
def other_server():
    """Serve a picture of one color under the path of a result; tell what was asked for."""
    picture, asked = as_file(np.full((384, 512, 3), 77, np.uint8)), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(picture)))
            self.end_headers()
            self.wfile.write(picture)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_a_result_url_of_another_server_is_fetched(serve, body, other_server):
    host, asked = other_server
    client = serve(safety={"allow_private_addresses": True})
    name = client.post(GENERATIONS, json=body()).json()["images"][0]["file_name"]

    said = client.post(GENERATIONS, json=body(image_url=f"{host}/files/{name}", output_format="png")).json()

    assert asked == [f"/files/{name}"]
    assert (pixels_of(client.get(said["images"][0]["url"]).content) == 77).all(axis=2).mean() > 0.9


def test_the_address_of_another_server_on_this_machine_stays_forbidden(client, body, other_server):
    host, asked = other_server
    name = client.post(GENERATIONS, json=body()).json()["images"][0]["file_name"]
    answer = client.post(GENERATIONS, json=body(image_url=f"{host}/files/{name}"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "address_not_allowed")
    assert asked == []


@pytest.mark.parametrize("path", ["/health", "/v1/models", "/x/../files/"])
def test_other_paths_of_this_server_are_no_results(client, body, path):
    answer = client.post(GENERATIONS, json=body(image_url=f"http://127.0.0.1:8000{path}"))
    assert answer.json()["error"]["code"] == "address_not_allowed"


def test_when_the_first_input_is_gone_the_edit_goes_on_and_says_so(story, tmp_path):
    answer = story.turn(1, image_url=as_uri(as_file(coffee())))
    for path in (tmp_path / "data").rglob("inputs/*/*"):
        os.unlink(path)
    again = story.turn(2, **by_url(answer))
    assert any("first input of this answer can't be read any more" in note for note in again["notes"])


def test_an_answer_without_a_history_is_a_picture_like_any_other(story, client, body):
    said = client.post(GENERATIONS, json=body(explain=True)).json()
    mask = said["explain"]["images"][0]["mask"]["url"]
    again = story.turn(2, image_url=mask)
    assert not any("first input" in note for note in again["notes"])


def test_explain_tells_what_was_kept(client, body):
    said = client.post(GENERATIONS, json=body(explain=True)).json()["explain"]["images"][0]
    report = said["preserve"]
    assert report["changed_share"] == said["changed_share"]
    assert sum(report["mask"]["runs"]) == report["mask"]["height"] * report["mask"]["width"] == 880 * 1184
    assert sum(report["mask"]["runs"][1::2]) / (880 * 1184) == pytest.approx(said["changed_share"], abs=1e-6)


def test_of_an_engine_that_redraws_everything_explain_tells_what_was_found_and_undone(serve, body):
    story = Story(client := serve(engine=FakeEngine(redraws=True)), body)
    first = coffee()
    answer = story.turn(1, image_url=as_uri(as_file(first)), output_format="png")
    said = client.post(GENERATIONS, json=body(seed=2, explain=True, output_format="png", **by_url(answer))).json()

    report = said["explain"]["images"][0]["preserve"]
    assert report["kind"] == "local"
    assert 0.01 < report["changed_share"] < 0.06
    assert report["alignment"]["shift_px"] == pytest.approx([0, 0], abs=0.3)
    assert 35 < report["outside"]["psnr_before_db"] < 50
    assert report["outside"]["exact_after"]
    assert report["confidence"] > 0.5
    same = (pixels_of(client.get(said["data"][0]["url"]).content) == plain(first)).all(axis=2)
    assert same[~story.touched].mean() > 0.94


@pytest.mark.slow
def test_three_turns_of_the_builtin_editor_leave_the_rest_alone(tmp_path, body):
    app = create_app(load_settings(None, {}), create_registry(tmp_path), tmp_path)
    first = coffee()
    with TestClient(app, base_url="http://127.0.0.1:8000", headers={"Authorization": "Bearer any"}) as client:
        story = Story(client, body)
        answer = story.turn(1, prompt="Add a bird to the foreground.", image_url=as_uri(as_file(first)))
        answer = story.turn(2, prompt="Make the cup blue.", **by_parent(answer))
        answer = story.turn(3, prompt="Add a boat.", output_format="png", **by_url(answer))
        last = pixels_of(story.get(answer["url"]))
    assert 0.3 < story.touched.mean() < 0.7
    np.testing.assert_array_equal(last[~story.touched], plain(first)[~story.touched])


class TestAtTheInputsOwnSize:
    """``size: "original"`` keeps what the input's file says."""

    ORIENTATION, MAKE = 0x0112, 0x010F

    @pytest.fixture
    def camera_file(self) -> bytes:
        """A JPEG as a camera writes it: lying on its side, with its maker's name and tables of its own."""
        exif = Image.Exif()
        exif[self.ORIENTATION], exif[self.MAKE] = 6, "Camera"
        return as_file(coffee(), "JPEG", quality=88, subsampling=2, exif=exif)

    def test_exif_and_tables_are_kept_and_ten_turns_leave_untouched_pixels_alone(self, story, camera_file):
        upright = np.rot90(pixels_of(camera_file), -1)
        answer = story.turn(1, image_url=as_uri(camera_file), size="original")
        assert any("JPEG with the input's own tables" in note for note in answer["notes"])
        with Image.open(io.BytesIO(story.get(answer["url"]))) as picture, Image.open(io.BytesIO(camera_file)) as given:
            assert picture.size == (400, 600)
            assert picture.quantization == given.quantization
            assert picture.getexif()[self.MAKE] == "Camera"
            assert self.ORIENTATION not in picture.getexif()

        for number in range(2, 11):
            answer = story.turn(
                number, size="original", output_format="png" if number == 10 else "jpeg", **by_url(answer)
            )

        last = story.get(answer["url"])
        np.testing.assert_array_equal(pixels_of(last)[~story.touched], upright[~story.touched])
        assert Image.open(io.BytesIO(last)).getexif()[self.MAKE] == "Camera"

    def test_an_engine_that_redraws_at_its_own_size_leaves_no_trace_outside_its_edits(self, serve, body):
        story = Story(serve(engine=FakeEngine(redraws=True)), body)
        first = coffee()
        answer = story.turn(1, image_url=as_uri(as_file(first)), size="original", output_format="jpeg")
        for number in (2, 3):
            answer = story.turn(number, size="original", output_format="png", **by_parent(answer))

        last = pixels_of(story.get(answer["url"]))
        assert 0.02 < story.touched.mean() < 0.2
        np.testing.assert_array_equal(last[~story.touched], first[~story.touched])
