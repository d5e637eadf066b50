import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from retouch import kontext
from retouch.engines.registry import EngineRegistry
from retouch.errors import ModelFileError
from retouch.server.app import create_app
from retouch.settings import load_settings

GENERATIONS = "/v1/images/generations"


def test_the_models_are_listed_without_a_key_in_openais_shape(client):
    for path in ("/v1/models", "/models"):
        listed = client.get(path, headers={"Authorization": ""}).json()
        assert listed["object"] == "list"
        models = {model["id"]: model for model in listed["data"]}
        assert set(models) >= {"flux/kontext-max/image-to-image", "flux/kontext-pro/image-to-image"}
        assert models[kontext.DEFAULT_MODEL]["object"] == "model"
        assert models[kontext.DEFAULT_MODEL]["capabilities"]["max_input_images"] == 4


def test_a_server_that_can_edit_is_ready(client):
    answer = client.get("/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"server": "ok", "engine": "ok", "storage": "ok", "queue": "ok"},
    }


def test_a_server_whose_engine_cant_be_loaded_lives_but_is_not_ready_and_says_why(tmp_path, body):
    def broken():
        raise ModelFileError("The model file u2netp.onnx is damaged. Run `retouch models pull`.")

    registry = EngineRegistry({"builtin": broken}, default="builtin")
    with TestClient(create_app(load_settings(), registry, tmp_path), base_url="http://127.0.0.1") as client:
        edit = client.post(GENERATIONS, json=body(), headers={"Authorization": "Bearer x"})
        assert client.get("/health").json() == {"status": "ok"}
        answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["engine"] == "model_unavailable"
    assert edit.status_code == 503
    assert edit.headers["x-should-retry"] == "false"
    assert "retouch models pull" in edit.json()["message"]


def test_a_server_whose_disk_cant_be_written_is_not_ready(client, tmp_path):
    results = tmp_path / "data" / "server" / "results"
    shutil.rmtree(results, ignore_errors=True)  # nobody may have made it yet
    results.write_text("in the way")
    until = time.monotonic() + 30  # what was found out a moment ago still counts
    while (storage := client.get("/ready").json()["checks"]["storage"]) == "ok":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert storage == "storage_failed"


def test_the_reference_holds_the_documented_examples_and_every_field_with_its_limits(client):
    operation = client.get("/openapi.json").json()["paths"][GENERATIONS]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    prompts = [example["value"]["prompt"] for example in content["examples"].values()]
    assert "Add a bird to the foreground of the photo." in prompts
    assert any(prompt.startswith("Place this image with the t-rex on this mug") for prompt in prompts)
    schema = content["schema"]["anyOf"][0]
    assert schema["required"] == ["model", "prompt"]
    assert schema["allOf"] == [{"anyOf": [{"required": ["image_url"]}, {"required": ["parent"]}]}]
    assert "Extension" in schema["properties"]["parent"]["description"]
    assert schema["properties"]["num_images"]["maximum"] == 4
    assert schema["properties"]["guidance_scale"]["minimum"] == 1
    assert schema["properties"]["aspect_ratio"]["enum"] == list(kontext.ASPECT_RATIOS)
    assert {"200", "400", "401", "429"} <= set(operation["responses"])


def test_every_documented_example_is_accepted_but_for_its_picture(client, photo_uri):
    content = client.get("/openapi.json").json()["paths"][GENERATIONS]["post"]["requestBody"]["content"]
    for example in content["application/json"]["examples"].values():
        sent = example["value"]
        urls = sent["image_url"]
        sent["image_url"] = photo_uri if isinstance(urls, str) else [photo_uri] * len(urls)
        assert client.post(GENERATIONS, json=sent).status_code == 200


def test_the_reference_page_asks_nothing_of_a_foreign_host(client):
    page = client.get("/docs")
    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert not re.match(r"(https?:)?//", link)
        if not link.startswith("data:"):
            assert client.get(f"/{link}").status_code == 200
    assert "'self'" in page.headers["content-security-policy"]
    assert "http" not in page.headers["content-security-policy"]


def test_the_event_loop_answers_while_an_edit_runs(serve, body):
    from retouch.testing import FakeEngine

    gate = threading.Event()
    engine = FakeEngine(gate=gate)
    client = serve(engine=engine)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(client.post(GENERATIONS, json=body())))
    thread.start()
    while engine.edits_started == 0:
        assert client.get("/health").status_code == 200
    gate.set()
    thread.join(20)
    assert answers[0].status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/health", "/ready", "/v1/models"])
def test_these_need_no_key(client, path):
    assert client.get(path, headers={"Authorization": ""}).status_code == 200


def test_the_page_about_the_api_is_current():
    script = Path(__file__).resolve().parents[2] / "scripts" / "make_api_reference.py"
    checked = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_every_answer_in_the_reference_is_one_of_ours(client):
    document = client.get("/openapi.json").json()
    assert "HTTPValidationError" not in str(document)
    assert set(document["components"]) == {"securitySchemes"}
    for methods in document["paths"].values():
        for operation in methods.values():
            described = operation["responses"]
            assert {"401", "503"} <= set(described) or not operation.get("security")
            assert all(each["description"] for each in described.values())
