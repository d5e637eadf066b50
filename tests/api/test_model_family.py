"""The AI/ML API's models beside Kontext's editing ones: each has fields of its own."""

import threading

import pytest
from tests.api.conftest import GENERATIONS, pixels_of

from retouch.engines.base import Capabilities
from retouch.testing import FakeEngine

DEV = "flux/dev/image-to-image"
FROM_WORDS = "flux/kontext-max/text-to-image"


class StrengthEngine(FakeEngine):
    """Honors strength and steps, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = []

    @property
    def capabilities(self) -> Capabilities:
        options = frozenset({"strength", "num_inference_steps"})
        return Capabilities(max_input_images=4, any_size=True, generation_options=options)

    def edit(self, request, inputs, **more):
        self.asked.append(request)
        return super().edit(request, inputs, **more)


@pytest.fixture
def from_words():
    def make(**changes):
        return {"model": FROM_WORDS, "prompt": "A lighthouse at dusk.", **changes}

    return make


def test_dev_keeps_the_size_of_its_picture(client, body):
    answer = client.post(GENERATIONS, json=body(model=DEV, output_format="png", seed=3))
    assert answer.status_code == 200
    (image,) = answer.json()["images"]
    assert (image["width"], image["height"]) == (512, 384)
    assert pixels_of(client.get(image["url"]).content).shape == (384, 512, 3)


def test_dev_has_its_own_defaults_and_passes_on_what_is_sent(serve, body):
    engine = StrengthEngine()
    client = serve(engine=engine)
    sent = [{}, {"strength": 0.4, "num_inference_steps": 50}, {"strength": 0}, {"enable_safety_checker": False}]
    answers = [client.post(GENERATIONS, json=body(model=DEV, **each)) for each in sent]
    assert [answer.status_code for answer in answers] == [200] * 4
    asked = [(each.generation.strength, each.generation.num_inference_steps) for each in engine.asked]
    assert asked == [(0.95, None), (0.4, 50), (0.01, None), (0.95, None)]
    assert [each.safety_tolerance for each in engine.asked] == [2, 2, 2, 6]
    assert "strength 0 was taken for 0.01." in answers[2].json()["meta"]["notes"]


def test_an_engine_without_strength_is_not_said_to_ignore_a_default_that_nobody_sent(client, body):
    notes = client.post(GENERATIONS, json=body(model=DEV)).json()["meta"]["notes"]
    assert not any("strength" in note for note in notes)
    notes = client.post(GENERATIONS, json=body(model=DEV, strength=0.5)).json()["meta"]["notes"]
    assert any("strength has no use" in note for note in notes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("strength", 1.01),
        ("strength", -0.01),
        ("strength", "0.5"),
        ("num_inference_steps", 51),
        ("num_inference_steps", 0),
        ("enable_safety_checker", "no"),
        ("image_url", ["data:,a", "data:,b"]),
    ],
)
def test_a_wrong_value_of_devs_own_fields_is_named(client, body, field, value):
    answer = client.post(GENERATIONS, json=body(model=DEV, **{field: value}))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == field


def test_what_dev_has_no_meaning_for_is_reported(client, body):
    sent = body(model=DEV, aspect_ratio="16:9", image_size={"width": 640, "height": 480}, style="vivid")
    ignored = client.post(GENERATIONS, json=sent).json()["meta"]["ignored"]
    assert {each["field"] for each in ignored} == {"aspect_ratio", "image_size", "style"}
    assert {each["reason"] for each in ignored} == {"has no meaning for this model"}


def test_dev_edits_an_earlier_answer_alone(client, body, photo_uri):
    first = client.post(GENERATIONS, json=body(model=DEV, output_format="png")).json()["images"][0]
    again = client.post(GENERATIONS, json=body(model=DEV, image_url=..., parent=first["url"]))
    assert again.status_code == 200
    refused = client.post(GENERATIONS, json=body(model=DEV, parent=first["url"]))
    assert refused.status_code == 400
    assert "left out beside parent" in refused.json()["message"]


def test_dev_takes_a_form_too(client, photo):
    form = {"model": DEV, "prompt": "Add a bird.", "enable_safety_checker": "false", "strength": "0.5"}
    answer = client.post("/v1/images/edits", data=form, files={"image": ("a.png", photo, "image/png")})
    assert answer.status_code == 200
    assert answer.json()["images"][0]["width"] == 512
    two = [("image[]", ("a.png", photo, "image/png"))] * 2
    assert client.post("/v1/images/edits", data=form, files=two).status_code == 400


def test_words_alone_make_a_picture_where_the_engine_can(serve, from_words):
    client = serve(engine=FakeEngine(text_to_image=True))
    answer = client.post(GENERATIONS, json=from_words(aspect_ratio="16:9", output_format="png", explain=True))
    assert answer.status_code == 200
    (image,) = answer.json()["images"]
    assert (image["width"], image["height"]) == (1392, 752)
    assert answer.json()["explain"]["images"][0]["preserve"]["kind"] == "generated"
    square = client.post(GENERATIONS, json=from_words()).json()["images"][0]
    assert (square["width"], square["height"]) == (1024, 1024)
    again = client.post(
        GENERATIONS, json={**from_words(), "model": "flux/kontext-max/image-to-image", "parent": image["url"]}
    )
    assert again.status_code == 200


def test_words_alone_are_refused_at_once_where_the_engine_needs_a_picture(serve, from_words):
    engine = FakeEngine(gate=threading.Event())
    answer = serve(engine=engine).post(GENERATIONS, json=from_words())
    assert answer.status_code == 400
    said = answer.json()
    assert said["error"]["param"] == "model"
    assert "the engine 'fake' makes none from words alone" in said["message"]
    assert "flux/kontext-max/image-to-image" in said["message"]
    assert engine.edits_started == 0


@pytest.mark.parametrize("field", ["image_url", "parent", "mask_url", "mask"])
def test_a_picture_is_not_silently_left_out_where_words_are_all_that_counts(serve, from_words, photo_uri, field):
    client = serve(engine=FakeEngine(text_to_image=True))
    answer = client.post(GENERATIONS, json=from_words(**{field: photo_uri}))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == field
    assert "from words alone" in answer.json()["message"]


def test_size_original_has_no_meaning_without_a_picture(serve, from_words):
    client = serve(engine=FakeEngine(text_to_image=True))
    assert client.post(GENERATIONS, json=from_words(size="original")).status_code == 400
    assert client.post(GENERATIONS, json=from_words(size="1600x900")).json()["images"][0]["width"] == 1392


def test_an_unknown_engine_is_named_whatever_the_model(client, body, from_words):
    for sent in (body(model=DEV, engine="x"), from_words(engine="x"), body(engine="x")):
        answer = client.post(GENERATIONS, json=sent)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "engine"


def test_each_model_has_its_own_table_in_the_reference(client):
    paths = client.get("/openapi.json").json()["paths"]
    for path, picture in ((GENERATIONS, "image_url"), ("/v1/images/edits", "image")):
        content = paths[path]["post"]["requestBody"]["content"]["application/json"]
        tables = {each["title"]: each["properties"] for each in content["schema"]["anyOf"]}
        assert tables["FLUX dev"]["strength"]["minimum"] == 0
        assert tables["FLUX dev"]["num_inference_steps"]["maximum"] == 50
        assert "aspect_ratio" not in tables["FLUX dev"]
        assert tables["Kontext"]["num_inference_steps"]["maximum"] == 100
        assert tables["From words alone"][picture]["not"] == {}
