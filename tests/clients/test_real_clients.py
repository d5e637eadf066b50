"""The clients that people have, unmodified: each sends a photo, gets its edit, and is told in words what is wrong.

Each runs in an environment of its own, by a small driver whose lines are those of the guide to clients.
"""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from tests.clients.conftest import KEY
from tests.clients.environments import command_of
from tests.clients.roster import CLIENTS, LANGCHAIN, LITELLM_BFL, case, run_driver

from retouch.testing import REFUSED_WORD

# An install may take minutes where the registry is far.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PROMPT = "Add a bird."


@pytest.fixture(scope="module")
def cache(request):
    return request.config.cache.mkdir("clients")


@pytest.fixture(scope="module", params=CLIENTS.values(), ids=CLIENTS.keys())
def client(request):
    return request.param


@pytest.fixture(scope="module")
def outcomes(client, cache, request, photo):
    """What the client got for a good request, a wrong value, a wrong key, and a sentence that is refused."""
    command = command_of(client.driver, client.packages, cache)
    server = request.getfixturevalue("secure_server" if client.secure else "plain_server")
    options = dict(client.options)
    cases = {
        "edit": case(server, key=KEY, prompt=PROMPT, options=options),
        "wrong value": case(server, key=KEY, prompt=PROMPT, options={**options, **dict(client.wrong)}),
        "wrong key": case(server, key="no-key-of-this-server", prompt=PROMPT, options=options),
        "refusal": case(server, key=KEY, prompt=f"Do the {REFUSED_WORD}.", options=options),
    }
    return run_driver(command, server, photo, cases)


def pixels_of(outcome):
    assert "picture" in outcome, outcome
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(outcome["picture"]))).convert("RGB"))


def error_of(outcome):
    assert "error" in outcome, "there was a picture instead of an error"
    return outcome["error"]


def test_the_answer_shows_the_edit_and_every_other_pixel_as_it_was(outcomes, photo):
    answer, before = pixels_of(outcomes["edit"]), np.asarray(Image.open(photo))
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


@pytest.mark.parametrize("name", ["openai 3, edit", "AI SDK replicate"])
def test_the_built_in_editor_answers_a_real_client(name, built_in_editor, cache, photo):
    client = CLIENTS[name]
    options = dict(client.options)
    cases = {
        "gray": case(built_in_editor, key=KEY, prompt="Make it black and white.", options=options),
        "suit": case(built_in_editor, key=KEY, prompt="Make the suit blue.", options=options),
        "refusal": case(built_in_editor, key=KEY, prompt="Wibble the quorf.", options=options),
    }

    outcomes = run_driver(command_of(client.driver, client.packages, cache), built_in_editor, photo, cases)

    before = np.asarray(Image.open(photo)).astype(int)
    gray = pixels_of(outcomes["gray"]).astype(int)
    assert np.ptp(gray, axis=2).max() <= 2 < np.ptp(before, axis=2).mean()
    suit = pixels_of(outcomes["suit"]).astype(int)
    changed = (suit != before).any(axis=2)
    assert 0.05 < changed.mean() < 0.7
    red, blue = 0, 2
    assert (before[changed][:, red] - before[changed][:, blue]).mean() > 20
    assert (suit[changed][:, red] - suit[changed][:, blue]).mean() < 0
    assert "quorf" in error_of(outcomes["refusal"])


def test_langchain_gets_pictures_made_of_words_alone(server_of_words, cache, photo):
    command = command_of(LANGCHAIN.driver, LANGCHAIN.packages, cache)
    cases = {
        "picture": case(server_of_words, key=KEY, prompt=PROMPT, options={}),
        "wrong key": case(server_of_words, key="no-key-of-this-server", prompt=PROMPT, options={}),
        "refusal": case(server_of_words, key=KEY, prompt=f"Do the {REFUSED_WORD}.", options={}),
    }
    outcomes = run_driver(command, server_of_words, photo, cases)
    assert pixels_of(outcomes["picture"]).shape == (1024, 1024, 3)
    assert "API key is not known to this server" in error_of(outcomes["wrong key"])
    assert "Ask for something else." in error_of(outcomes["refusal"])


def test_langchain_is_told_when_the_engine_needs_a_picture(plain_server, cache, photo):
    command = command_of(LANGCHAIN.driver, LANGCHAIN.packages, cache)
    cases = {"words": case(plain_server, key=KEY, prompt=PROMPT, options={})}
    assert "picture" in error_of(run_driver(command, plain_server, photo, cases)["words"])


def test_litellm_takes_answers_of_black_forest_labs_from_nobody_else(secure_server, cache, photo):
    command = command_of(LITELLM_BFL.driver, LITELLM_BFL.packages, cache)
    cases = {"edit": case(secure_server, key=KEY, prompt=PROMPT, options={})}
    assert "not within the bfl.ai domain" in error_of(run_driver(command, secure_server, photo, cases)["edit"])
