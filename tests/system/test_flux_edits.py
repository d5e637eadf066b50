"""A tiny FLUX.1 Kontext that was trained on flat pictures does through the real engine what the prompt says, and nothing else.

The checkpoint is built once, in some minutes, and kept in the user's cache folder; RETOUCH_TRAINED_FLUX names one that is there.
"""

import base64
import hashlib
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from PIL import Image
from starlette.testclient import TestClient

pytest.importorskip("torch", reason="the [flux] extra is not installed")
pytest.importorskip("diffusers", reason="the [flux] extra is not installed")

from benchmarks.flat_flux.pictures import CELLS, draw, judge

from retouch.engines.base import EditInputs
from retouch.engines.flux.engine import FluxEngine
from retouch.library import create_registry
from retouch.server.app import create_app
from retouch.settings import load_settings
from retouch.types import EditRequest

# Longer than other tests: the first run on a machine trains the checkpoint.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
ROOT = Path(__file__).parents[2]
OPERATIONS = ("background", "recolor", "remove")
RECIPE = ("muon", "pictures", "text", "train", "transformer", "vae")
CELL_PX = 1024 // CELLS


@pytest.fixture(scope="module")
def checkpoint():
    """The folder of the trained checkpoint, made where there is none of these sources and versions."""
    if given := os.environ.get("RETOUCH_TRAINED_FLUX"):
        return Path(given)
    sources = [ROOT / "benchmarks" / "flat_flux" / f"{name}.py" for name in RECIPE]
    made_of = [each.read_bytes() for each in sources] + [version(name).encode() for name in ("torch", "diffusers")]
    digest = hashlib.sha256(b"\0".join(made_of)).hexdigest()[:16]
    folder = platformdirs.user_cache_path("retouch-tests", appauthor=False) / f"flat-flux-{digest}"
    if not folder.is_dir():
        unfinished = folder.with_name(f"{folder.name}-{os.getpid()}")
        subprocess.run([sys.executable, "-m", "benchmarks.flat_flux.train", str(unfinished)], cwd=ROOT, check=True)
        unfinished.rename(folder)
    return folder


@pytest.fixture(scope="module")
def settings(checkpoint):
    flux = {
        "folder": checkpoint,
        "device": "cpu",
        "precision": "float32",
        "num_inference_steps": 4,
        "max_sequence_length": 16,
        "batch_size": 3,
    }
    return load_settings(None, {"engine": {"default": "flux"}, "flux": flux})


@pytest.fixture(scope="module")
def client(settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    registry = create_registry(folder, flux_folder=settings.flux.folder, flux_options=settings.flux.options())
    app = create_app(settings, registry, folder / "data")
    with TestClient(app, base_url="http://127.0.0.1:8000", headers={"Authorization": "Bearer any"}) as client:
        yield client


def enlarge(cells):
    """Return the 1024 x 1024 pixels of 16 x 16 cells."""
    return cells.repeat(CELL_PX, axis=0).repeat(CELL_PX, axis=1)


def shrink(pixels):
    """Return the middle pixel of each cell."""
    return pixels[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX]


def ask(client, example):
    """Send an example to the server, and return the answer's pixels."""
    buffer = io.BytesIO()
    Image.fromarray(enlarge(example.picture)).save(buffer, "PNG")
    body = {
        "model": "flux/kontext-max/image-to-image",
        "prompt": example.instruction.prompt,
        "image_url": f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}",
        "seed": 7,
        "output_format": "png",
        "preserve": "off",  # what is judged is the model's own picture
    }
    answer = client.post("/v1/images/generations", json=body)
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(client.get(answer.json()["images"][0]["url"]).content)))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_answer_over_http_shows_the_edit_that_was_asked_for_and_the_rest_as_it_was(client, operation):
    rng = np.random.default_rng(11)
    examples = [draw(rng, operation, held_out=False) for _ in range(8)]

    answers = [ask(client, example) for example in examples]

    verdicts = [judge(example, shrink(answer)) for example, answer in zip(examples, answers, strict=True)]
    assert sum(verdict.success for verdict in verdicts) >= 7, verdicts


def test_pictures_that_share_forward_passes_each_get_their_own_edit(settings):
    rng = np.random.default_rng(12)
    examples = [draw(rng, operation, held_out=False) for operation in OPERATIONS for _ in range(2)]
    engine = FluxEngine(settings.flux.folder, settings.flux.options())
    engine.load()

    def edit(example):
        request = EditRequest(prompt=example.instruction.prompt)
        return engine.edit(request, EditInputs([enlarge(example.picture)], request), seed=5).pixels

    try:
        with ThreadPoolExecutor(len(examples)) as pool:
            answers = [shrink(pixels) for pixels in pool.map(edit, examples)]
        alone = [shrink(edit(example)) for example in examples]
    finally:
        engine.close()

    assert sum(judge(example, answer).success for example, answer in zip(examples, answers, strict=True)) >= 5
    assert all((answer == single).all() for answer, single in zip(answers, alone, strict=True))
