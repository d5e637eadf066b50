"""What goes over the wire in each protocol, recorded, and what is read back."""

import base64

import numpy as np
import pytest
from tests.stand_in import Answer, b64_answer, pixels_of, png, with_bird
from tests.unit.engines.remote.conftest import KEY, PICTURE

from retouch.engines.base import EditInputs
from retouch.errors import EngineError, ModeratedError
from retouch.generation import GenerationOptions
from retouch.pipeline import run_edit
from retouch.types import EditRequest, OutputFormat

SIZE_HW = (832, 1248)


def blue_share(pixels: np.ndarray) -> float:
    return float((np.abs(pixels.astype(int) - (10, 40, 230)).sum(axis=2) < 12).mean())


def test_the_openai_form_holds_picture_prompt_size_and_options(server, make_engine, inputs):
    server.answers = [b64_answer(with_bird(inputs.fitted(0)))]
    asked = EditRequest(
        "Füge einen Vogel hinzu.",
        guidance_scale=3.5,
        generation=GenerationOptions(num_inference_steps=20, strength=0.9),
    )
    output = make_engine(model="qwen-image-edit").edit(asked, inputs, seed=7)
    (received,) = server.received
    assert (received.method, received.path) == ("POST", "/v1/images/edits")
    assert received.headers["authorization"] == f"Bearer {KEY}"
    form = {name: values[0] for name, values in received.form.items()}
    np.testing.assert_array_equal(pixels_of(form.pop("image")), inputs.fitted(0))
    assert {name: value.decode() for name, value in form.items()} == {
        "model": "qwen-image-edit",
        "prompt": "Füge einen Vogel hinzu.",
        "n": "1",
        "size": "1248x832",
        "response_format": "b64_json",
        "output_format": "png",
        "seed": "7",
        "guidance_scale": "3.5",
        "num_inference_steps": "20",
        "strength": "0.9",
    }
    np.testing.assert_array_equal(output.pixels, with_bird(inputs.fitted(0)))
    assert (output.seed, output.change_mask, output.is_global) == (7, None, False)
    assert "num_inference_steps, strength, guidance_scale" in output.interpretation.notes[-1]


def test_without_a_key_or_a_model_neither_is_sent(server, make_engine, inputs, request_):
    server.answers = [b64_answer(with_bird(inputs.fitted(0)))]
    make_engine(api_key=None).edit(request_, inputs, seed=1)
    assert "authorization" not in server.received[0].headers
    assert "model" not in server.received[0].form


def test_further_pictures_are_sent_whole_and_bounded(server, make_engine, request_):
    tall = np.full((2000, 500, 3), 90, np.uint8)
    inputs = EditInputs([PICTURE, tall], request_, any_size=False)
    server.answers = [b64_answer(with_bird(inputs.fitted(0)))]
    make_engine().edit(request_, inputs, seed=1)
    first, second = server.received[0].form["image[]"]
    assert pixels_of(first).shape[:2] == SIZE_HW
    assert pixels_of(second).shape[:2] == (1568, 392)


def test_the_name_of_the_picture_field_can_be_set(server, make_engine, inputs, request_):
    server.answers = [b64_answer(with_bird(inputs.fitted(0)))]
    make_engine(image_field="image[]").edit(request_, inputs, seed=1)
    assert "image[]" in server.received[0].form


def test_a_mask_is_transparent_and_white_where_the_edit_may_be(server, make_engine, request_):
    mask = np.zeros(PICTURE.shape[:2], np.float32)
    mask[:, :100] = 1
    inputs = EditInputs([PICTURE], request_, any_size=False, mask=mask)
    server.answers = [b64_answer(with_bird(inputs.fitted(0)))]
    make_engine().edit(request_, inputs, seed=1)
    sent = pixels_of(server.received[0].form["mask"][0])
    assert sent.shape == (*SIZE_HW, 4)
    np.testing.assert_array_equal(sent[:, 0], np.tile([255, 255, 255, 0], (SIZE_HW[0], 1)))
    np.testing.assert_array_equal(sent[:, -1], np.tile([0, 0, 0, 255], (SIZE_HW[0], 1)))


def test_a_url_in_the_answer_is_fetched_without_the_key(server, make_engine, inputs, request_):
    edited = with_bird(inputs.fitted(0))
    server.answers = [
        Answer(body={"data": [{"url": f"{server.url}/made.png"}]}),
        Answer(body=png(edited), headers={"Content-Type": "image/png"}),
    ]
    output = make_engine().edit(request_, inputs, seed=1)
    np.testing.assert_array_equal(output.pixels, edited)
    assert server.received[1].path == "/made.png"
    assert KEY not in str(server.received[1].headers)


def test_the_aiml_api_gets_its_own_fields(server, make_engine):
    asked = EditRequest("Add a bird.", aspect_ratio="1:1", guidance_scale=4, model="flux/kontext-pro/image-to-image")
    inputs = EditInputs([PICTURE, PICTURE], asked, any_size=False)
    edited = with_bird(inputs.fitted(0))
    server.answers = [
        Answer(body={"images": [{"url": f"{server.url}/a.png"}], "seed": 1}),
        Answer(body=png(edited)),
    ]
    output = make_engine(protocol="aimlapi").edit(asked, inputs, seed=2**40)
    received = server.received[0]
    assert (received.path, received.headers["authorization"]) == ("/v1/images/generations", f"Bearer {KEY}")
    body = received.json
    first, _ = body.pop("image_url")
    np.testing.assert_array_equal(pixels_of(base64.b64decode(first.split(",")[1])), inputs.fitted(0))
    assert 1 <= body.pop("seed") < 2**32
    assert body == {
        "model": "flux/kontext-pro/image-to-image",
        "prompt": "Add a bird.",
        "num_images": 1,
        "guidance_scale": 4,
        "safety_tolerance": "2",
        "output_format": "png",
        "aspect_ratio": "1:1",
    }
    assert output.seed == 2**40
    np.testing.assert_array_equal(output.pixels, edited)


def test_bfl_is_polled_until_the_picture_is_ready(server, make_engine, inputs, request_):
    edited = with_bird(inputs.fitted(0))
    server.answers = [
        Answer(body={"id": "a1", "polling_url": f"{server.url}/v1/get_result?id=a1"}),
        Answer(body={"id": "a1", "status": "Pending"}),
        Answer(status=503),  # a question may be asked again
        Answer(body={"id": "a1", "status": "Ready", "result": {"sample": f"{server.url}/a.png"}}),
        Answer(body=png(edited)),
    ]
    output = make_engine(protocol="bfl").edit(request_, inputs, seed=3)
    np.testing.assert_array_equal(output.pixels, edited)
    order, *questions, fetched = server.received
    assert (order.path, order.headers["x-key"]) == ("/v1/flux-kontext-max", KEY)
    assert order.json["input_image"].startswith("iVBOR")
    assert order.json["output_format"] == "png"
    assert [each.path for each in questions] == ["/v1/get_result?id=a1"] * 3
    assert all(each.headers["x-key"] == KEY for each in questions)
    assert KEY not in str(fetched.headers)


@pytest.mark.parametrize(
    "elsewhere", ["http://127.0.0.2:1/get", "https://127.0.0.1/get", "http://u:p@127.0.0.1/x", "nonsense"]
)
def test_the_key_is_never_taken_to_a_polling_address_elsewhere(server, make_engine, inputs, request_, elsewhere):
    server.answers = [Answer(body={"id": "a1", "polling_url": elsewhere})]
    with pytest.raises(EngineError, match="another server to poll"):
        make_engine(protocol="bfl").edit(request_, inputs, seed=3)
    assert len(server.received) == 1


@pytest.mark.parametrize("status", ["Request Moderated", "Content Moderated"])
def test_bfls_moderation_is_a_moderation(server, make_engine, inputs, request_, status):
    server.answers = [
        Answer(body={"id": "a1", "polling_url": f"{server.url}/v1/get_result?id=a1"}),
        Answer(body={"id": "a1", "status": status}),
    ]
    with pytest.raises(ModeratedError) as caught:
        make_engine(protocol="bfl").edit(request_, inputs, seed=3)
    assert caught.value.allowed_from is None


def test_another_retouch_says_what_it_changed(server, make_engine, inputs, request_):
    base = inputs.fitted(0)
    edited = base.copy()
    edited[100:200, 100:300] = (10, 40, 230)
    mask = np.zeros(base.shape[:2], np.uint8)
    mask[100:200, 100:300] = 255
    answer = b64_answer(edited)
    answer.body["explain"] = {
        "plan": [{"operation": "Insert", "phrase": KEY}, {"operation": "x" * 100_000}, "nothing"],
        "resolutions": [{"phrase": "a bird", "resolved_to": "a gull", "confidence": 0.9, "verified": True}],
        "notes": ["The gull is drawn."],
        "images": [{"mask": {"b64_json": base64.b64encode(png(mask)).decode()}, "preserve": {"kind": "known"}}],
    }
    server.answers = [answer]
    output = make_engine(protocol="retouch").edit(request_, inputs, seed=1)
    assert server.received[0].form["size"] == [b"original"]
    np.testing.assert_array_equal(output.change_mask, mask / np.float32(255))
    assert output.interpretation.plan == ({"operation": "Insert", "phrase": "***"},)
    assert output.interpretation.resolutions[0].resolved_to == "a gull"
    assert output.interpretation.notes[0] == "The gull is drawn."


def test_a_global_edit_of_another_retouch_stays_global(server, make_engine, inputs, request_):
    gray = np.repeat(inputs.fitted(0).mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    answer = b64_answer(gray)
    answer.body["explain"] = {"images": [{"preserve": {"kind": "global"}}]}
    server.answers = [answer]
    assert make_engine(protocol="retouch").edit(request_, inputs, seed=1).is_global


def test_a_picture_of_another_size_is_brought_to_the_answers(server, make_engine, inputs, request_):
    server.answers = [b64_answer(with_bird(inputs.fitted(0))[::2, ::2])]
    output = make_engine().edit(request_, inputs, seed=1)
    assert output.pixels.shape == (*SIZE_HW, 3)
    assert "624x416 pixels, which were brought to 1248x832" in output.interpretation.notes[-1]


@pytest.mark.parametrize("size", ["preset", "original"])
def test_a_hosted_answer_comes_back_untouched_elsewhere(server, make_engine, size):
    asked = EditRequest("Add a bird.", seed=5, size=size, output_format=OutputFormat.PNG)
    fitted = EditInputs([PICTURE], asked, any_size=False).fitted(0)
    server.answers = [b64_answer(with_bird(fitted))]
    engine = make_engine(model="some-model")
    result = run_edit(asked, [PICTURE], engine)
    answer = pixels_of(result.images[0].data)
    expected = fitted if size == "preset" else PICTURE
    height, width = answer.shape[:2]
    assert answer.shape == expected.shape
    far = np.ones((height, width), bool)
    far[int(height * 0.2) : int(height * 0.55), int(width * 0.2) : int(width * 0.55)] = False
    np.testing.assert_array_equal(answer[far], expected[far])
    inside = answer[int(height * 0.3) : int(height * 0.45), int(width * 0.3) : int(width * 0.45)]
    assert blue_share(inside) > 0.95
    assert result.engine == "remote/some-model"


def test_a_global_edit_stays_global(server, make_engine, request_):
    fitted = EditInputs([PICTURE], request_, any_size=False).fitted(0)
    gray = np.repeat(fitted.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    server.answers = [b64_answer(gray)]
    result = run_edit(request_, [PICTURE], make_engine())
    np.testing.assert_array_equal(pixels_of(result.images[0].data), gray)
    assert result.images[0].changed_share > 0.9
