"""What a request can ask of a generating engine, and where it may change the picture."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from retouch.engines.base import Capabilities
from retouch.generation import GenerationOptions, LoraWeight
from retouch.testing import FakeEngine

GENERATIONS = "/v1/images/generations"


class Listening(FakeEngine):
    """Notes what it is asked for."""

    capabilities = Capabilities(
        max_input_images=4, any_size=True, generation_options=frozenset(GenerationOptions.__slots__)
    )

    def __init__(self):
        super().__init__(redraws=True)
        self.asked = []

    def edit(self, request, inputs, **more):
        self.asked.append(request.generation)
        return super().edit(request, inputs, **more)


def mask_uri(mask):
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


LEFT = np.zeros((384, 512), np.uint8)
LEFT[:, :256] = 255


def test_the_options_reach_the_engine(serve, body):
    engine = Listening()
    options = {"num_inference_steps": 8, "strength": 0.6, "negative_prompt": "blurry", "true_cfg_scale": 2.5}
    loras = [{"name": "ink", "weight": 0.8}, {"name": "oil"}]

    answer = serve(engine=engine).post(GENERATIONS, json=body(**options, loras=loras, max_sequence_length=256))

    assert answer.status_code == 200
    wanted = GenerationOptions(**options, loras=(LoraWeight("ink", 0.8), LoraWeight("oil")), max_sequence_length=256)
    assert engine.asked == [wanted]


def test_an_engine_that_has_no_use_for_them_says_so(client, body):
    answer = client.post(GENERATIONS, json=body(num_inference_steps=8, extra_body={"strength": 0.5}))
    notes = answer.json()["meta"]["notes"]
    assert "num_inference_steps has no use in the engine 'fake' and was ignored." in notes
    assert "strength has no use in the engine 'fake' and was ignored." in notes


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_inference_steps", 0),
        ("num_inference_steps", "many"),
        ("strength", 1.5),
        ("negative_prompt", ""),
        ("true_cfg_scale", 3),
        ("max_sequence_length", 513),
        ("loras", ["ink"]),
        ("loras", [{"name": "../../etc/passwd"}]),
        ("loras", [{"name": "ink", "scale": 1}]),
        ("loras", [{"name": "ink", "weight": 9}]),
        ("mask_url", "mask.png"),
        ("mask_url", ["data:image/png;base64,AA=="]),
        ("mask", "data:image/png;base64,AA=="),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(client, body, field, value):
    answer = client.post(GENERATIONS, json=body(**{field: value}))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == field


def test_a_lora_for_an_engine_without_any_is_refused(client, body):
    answer = client.post(GENERATIONS, json=body(loras=[{"name": "ink"}]))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "loras")


def test_a_mask_confines_the_edit_of_a_job(serve, body, photo):
    client = serve(engine=Listening())
    request = body(mask_url=mask_uri(LEFT), size="original", output_format="png", preserve="off")

    answer = client.post(GENERATIONS, json=request)

    edited = np.asarray(Image.open(io.BytesIO(client.get(answer.json()["images"][0]["url"]).content)))
    original = np.asarray(Image.open(io.BytesIO(photo)))
    np.testing.assert_array_equal(edited[:, 256:], original[:, 256:])
    assert (edited[:, :250] != original[:, :250]).any()


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (mask_uri(np.zeros((384, 512), np.uint8)), "black everywhere"),
        (mask_uri(np.random.default_rng(0).integers(0, 256, (384, 512, 3), dtype=np.uint8)), "a picture in color"),
        ("data:image/png;base64,AAAA", "mask_url must be a gray picture"),
    ],
    ids=["empty", "a photo", "no picture"],
)
def test_a_mask_that_cannot_be_used_is_refused_by_the_name_of_its_field(client, body, mask, said):
    answer = client.post(GENERATIONS, json=body(mask_url=mask))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "mask_url"
    assert said in answer.json()["message"]


def test_a_mask_of_another_size_is_resized_and_the_answer_says_so(client, body):
    answer = client.post(GENERATIONS, json=body(mask_url=mask_uri(np.full((96, 128), 255, np.uint8))))
    assert any("was resized to the picture's 512x384" in note for note in answer.json()["meta"]["notes"])
