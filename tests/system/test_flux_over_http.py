"""The whole HTTP path through the real FLUX classes at a tiny size: request, queue, worker, model, preserve, file."""

import base64
import io
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import coffee
from starlette.testclient import TestClient

pytest.importorskip("torch", reason="the [flux] extra is not installed")
pytest.importorskip("diffusers", reason="the [flux] extra is not installed")

from retouch.library import create_registry
from retouch.server.app import create_app
from retouch.settings import load_settings

pytestmark = pytest.mark.slow
save_tiny_flux = runpy.run_path(str(Path(__file__).parents[1] / "tiny_flux.py"))["save_tiny_flux"]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    settings = load_settings(
        None,
        {
            "engine": {"default": "flux"},
            "flux": {
                "folder": save_tiny_flux(folder / "checkpoint"),
                "device": "cpu",
                "precision": "float32",
                "num_inference_steps": 2,
            },
        },
    )
    registry = create_registry(folder, flux_folder=settings.flux.folder, flux_options=settings.flux.options())
    app = create_app(settings, registry, folder / "data")
    with TestClient(app, base_url="http://127.0.0.1:8000", headers={"Authorization": "Bearer any"}) as client:
        yield client


def ask(client, **more):
    buffer = io.BytesIO()
    Image.fromarray(coffee()).save(buffer, "PNG")
    body = {
        "model": "flux/kontext-max/image-to-image",
        "prompt": "Make the cup blue.",
        "image_url": f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}",
        "seed": 7,
        "output_format": "png",
        **more,
    }
    return client.post("/v1/images/generations", json=body)


def test_a_request_of_the_hosted_shape_is_answered_by_the_model_and_repeats_to_the_byte(client):
    answers = [
        ask(client, preserve="off"),
        ask(client, preserve="off"),
        ask(client, preserve="off", prompt="Add a bird."),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    first, again, other = (client.get(answer.json()["images"][0]["url"]).content for answer in answers)
    assert Image.open(io.BytesIO(first)).size == (1248, 832)
    assert first == again
    assert (np.asarray(Image.open(io.BytesIO(first))) != np.asarray(Image.open(io.BytesIO(other)))).any()


def test_a_prompt_that_the_model_cannot_read_whole_is_refused(client):
    answer = ask(client, prompt="a very long prompt " * 40)

    assert answer.status_code == 400
    assert "512 tokens" in answer.text
