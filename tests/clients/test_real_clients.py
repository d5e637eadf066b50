"""The clients that people have, unmodified: each sends a photo, gets its edit, and is told in words what is wrong.

Each runs in an environment of its own, by a small driver whose lines are those of the guide to clients.
"""

import base64
import io
import json
import os
import subprocess
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image
from tests.clients.conftest import KEY
from tests.clients.environments import command_of

from retouch.testing import REFUSED_WORD

# An install may take minutes where the registry is far.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PNG = {"output_format": "png", "seed": 7}
AI_SDK = (
    "ai@7.0.173",
    "@ai-sdk/openai@4.0.118",
    "@ai-sdk/openai-compatible@3.0.92",
    "@ai-sdk/black-forest-labs@2.0.41",
    "@ai-sdk/fal@3.0.41",
    "@ai-sdk/replicate@3.0.46",
)


@dataclass(frozen=True)
class Client:
    """A driver, and the packages that it needs, pinned.

    ``options`` are sent with every edit, ``wrong`` with the one that must be refused, which names ``wrong_field``.
    """

    driver: str
    packages: tuple[str, ...] = ()
    options: tuple[tuple[str, object], ...] = tuple(PNG.items())
    wrong: tuple[tuple[str, object], ...] = (("aspect_ratio", "4:1"),)
    wrong_field: str = "aspect_ratio"
    secure: bool = False


CLIENTS = {
    "openai 2, edit": Client("openai_edit.py", ("openai==2.54.0",)),
    "openai 2, generate": Client("openai_generate.py", ("openai==2.54.0",)),
    "openai 2, stream": Client("openai_stream.py", ("openai==2.54.0",)),
    "openai 3, edit": Client("openai_edit.py", ("openai==3.54.0",)),
    "openai 3, generate": Client("openai_generate.py", ("openai==3.54.0",)),
    "openai 3, stream": Client("openai_stream.py", ("openai==3.54.0",)),
    "openai JavaScript": Client("openai_edit.mjs", ("openai@7.57.0",)),
    "replicate, run": Client("replicate_run.py", ("replicate==1.0.7",)),
    "replicate, poll": Client("replicate_poll.py", ("replicate==1.0.7",)),
    "replicate over https": Client("replicate_run.py", ("replicate==1.0.7",), secure=True),
    "replicate JavaScript": Client("replicate_run.mjs", ("replicate@1.4.0",)),
    "fal JavaScript": Client("fal_subscribe.mjs", ("@fal-ai/client@1.10.1",)),
    "fal, run": Client("fal_run.py", ("fal-client==1.0.3",), secure=True),
    "fal, queue": Client("fal_queue.py", ("fal-client==1.0.3",), secure=True),
    "blackforest": Client("bfl_generate.py", ("blackforest==0.1.3",)),
    "AI SDK openai": Client("ai_openai.mjs", AI_SDK, wrong=(("n", 5),), wrong_field="n"),
    "AI SDK openai-compatible": Client("ai_compatible.mjs", AI_SDK),
    "AI SDK black-forest-labs": Client("ai_bfl.mjs", AI_SDK),
    "AI SDK fal": Client("ai_fal.mjs", AI_SDK),
    "AI SDK replicate": Client("ai_replicate.mjs", AI_SDK),
    "litellm, aiml": Client("litellm_aiml.py", ("litellm==1.106.0",)),
    "litellm, openai": Client("litellm_openai.py", ("litellm==1.106.0",)),
    "aimlapi": Client("aimlapi_edit.py", ("aimlapi-sdk-python==2.24rc1",)),
    "curl": Client("plain_curl.py"),
    "requests": Client("plain_requests.py"),
    "fetch": Client("plain_fetch.mjs"),
}


def run_driver(command, server, photo, cases):
    """Run a driver, and return what came of each case."""
    told = json.dumps({"photo": str(photo), "cases": cases})
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "RETOUCH_"))}
    environment = {**inherited, **server.environment}
    done = subprocess.run(
        command, input=told, capture_output=True, text=True, env=environment, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=CLIENTS.values(), ids=CLIENTS.keys())
def client(request):
    return request.param


@pytest.fixture(scope="module")
def outcomes(client, request, photo):
    """What the client got for a good request, a wrong value, a wrong key, and a sentence that is refused."""
    command = command_of(client.driver, client.packages, request.config.cache.mkdir("clients"))
    server = request.getfixturevalue("secure_server" if client.secure else "plain_server")

    def case(*, key=KEY, prompt="Add a bird.", **more):
        return {"server": server.url, "key": key, "prompt": prompt, "options": {**dict(client.options), **more}}

    cases = {
        "edit": case(),
        "wrong value": case(**dict(client.wrong)),
        "wrong key": case(key="no-key-of-this-server"),
        "refusal": case(prompt=f"Do the {REFUSED_WORD}."),
    }
    return run_driver(command, server, photo, cases)


def error_of(outcome):
    assert "error" in outcome, "there was a picture instead of an error"
    return outcome["error"]


def test_the_answer_shows_the_edit_and_every_other_pixel_as_it_was(outcomes, photo):
    assert "picture" in outcomes["edit"], outcomes["edit"]
    answer = np.asarray(Image.open(io.BytesIO(base64.b64decode(outcomes["edit"]["picture"]))))
    before = np.asarray(Image.open(photo))
    assert answer.shape == before.shape
    rows, cols = np.nonzero((answer != before).any(axis=2))
    side = 1024 // 6  # of the square that the fake engine paints
    assert rows.max() - rows.min() + 1 == cols.max() - cols.min() + 1 == side
    painted = answer[rows.min() : rows.max() + 1, cols.min() : cols.max() + 1]
    assert (painted == painted[0, 0]).all()


def test_a_wrong_value_is_named(client, outcomes):
    assert client.wrong_field in error_of(outcomes["wrong value"])


def test_a_wrong_key_is_told(outcomes):
    assert "API key is not known to this server" in error_of(outcomes["wrong key"])


def test_a_refusal_says_what_was_not_understood(outcomes):
    error = error_of(outcomes["refusal"])
    assert REFUSED_WORD in error
    assert "Ask for something else." in error
