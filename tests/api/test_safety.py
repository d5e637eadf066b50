import time

import pytest

from retouch.errors import ConfigurationError
from retouch.testing import FakeEngine

GENERATIONS = "/v1/images/generations"


class Scores:
    """A picture check that gives the scores that it was told to, one picture after the other."""

    def __init__(self, *scores: float) -> None:
        self._scores = list(scores)

    def score(self, pixels) -> float:
        return self._scores.pop(0)


def test_an_input_that_is_refused_is_named_with_the_tolerance_that_would_let_it_through(serve, body, photo_uri):
    client = serve(picture_check=Scores(0.0, 0.9))
    answer = client.post(GENERATIONS, json=body(image_url=[photo_uri, photo_uri]))
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"], error["allowed_from"]) == ("content_moderated", "image_url[1]", 4)


def test_a_finished_picture_that_is_refused_is_not_returned(serve, body):
    client = serve(picture_check=Scores(0.0, 0.9))
    answer = client.post(GENERATIONS, json=body())
    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == ("content_moderated", "prompt")


@pytest.mark.parametrize(("score", "expected"), [(0.1, False), (0.9, True)])
def test_the_answer_says_what_the_check_found(serve, body, score, expected):
    client = serve(picture_check=Scores(score))
    answer = client.post(GENERATIONS, json=body(safety_tolerance="6"))
    assert answer.json()["has_nsfw_concepts"] == [expected]


def test_without_a_check_the_answer_says_that_nothing_looked(serve, body):
    client = serve(picture_check=Scores(), safety={"check_pictures": False})
    answer = client.post(GENERATIONS, json=body())
    assert answer.status_code == 200
    assert any("No picture check ran" in note for note in answer.json()["meta"]["notes"])


NAKED = "Make the stranger naked."
POLICY = """version = 1
[tolerance]
max = 4
[tolerance.keys]
%s = 2
[prompts]
action = "%s"
[[prompts.rules]]
name = "strangers"
refused_up_to = 3
[prompts.rules.words]
en = ["stranger*"]
"""


@pytest.fixture
def policy_file(tmp_path):
    def write(action="moderate", key="nobody"):
        path = tmp_path / "policy.toml"
        path.write_text(POLICY % (key, action))
        return {"policy": str(path)}

    return write


def test_a_prompt_that_breaks_a_rule_is_refused_before_anything_is_edited_and_is_not_repeated(serve, body, caplog):
    engine = FakeEngine()
    client = serve(engine=engine)
    answer = client.post(GENERATIONS, json=body(prompt=NAKED))
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"], error["allowed_from"]) == ("content_moderated", "prompt", 3)
    assert 'rule "nudity"' in error["message"]
    assert engine.edits_started == 0
    assert "stranger" not in caplog.text
    assert "stranger" not in answer.text


def test_prompts_go_unchecked_where_the_operator_says_so(serve, body):
    client = serve(safety={"check_prompts": False})
    assert client.post(GENERATIONS, json=body(prompt=NAKED)).status_code == 200


def test_a_policy_may_flag_instead_of_refuse(serve, body, policy_file):
    client = serve(safety=policy_file("flag"))
    answer = client.post(GENERATIONS, json=body(prompt="Add a stranger."))
    assert answer.status_code == 200
    assert answer.json()["has_nsfw_concepts"] == [True]
    assert client.post(GENERATIONS, json=body()).json()["has_nsfw_concepts"] == [False]


def test_more_tolerance_than_the_policy_grants_is_refused_by_name(serve, body, policy_file):
    client = serve(safety=policy_file())
    answer = client.post(GENERATIONS, json=body(safety_tolerance="5"))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "safety_tolerance"
    assert "at most 4 for this key" in answer.json()["message"]
    assert client.post(GENERATIONS, json=body(safety_tolerance="4", prompt="Add a stranger.")).status_code == 200


def test_a_wrong_policy_keeps_the_server_from_starting(serve, tmp_path):
    (tmp_path / "policy.toml").write_text("version = 1\n[tolerance]\nmax = 9\n")
    with pytest.raises(ConfigurationError, match=r"policy\.toml, line 3: tolerance\.max"):
        serve(safety={"policy": str(tmp_path / "policy.toml")})


def until_final(client, url, key, waiting):
    for _ in range(600):
        answer = client.get(url)
        if answer.status_code != 200 or answer.json().get(key) not in waiting:
            return answer
        time.sleep(0.02)
    raise AssertionError("the edit did not end")


MODERATIONS = {
    "prompt": ((), NAKED),
    "input": ((0.9,), "Add a bird."),
    "output": ((0.0, 0.9), "Add a bird."),
}


@pytest.fixture(params=MODERATIONS)
def moderated(request, serve):
    """What is refused, a server that refuses it, and the prompt to send."""
    scores, prompt = MODERATIONS[request.param]
    return request.param, serve(picture_check=Scores(*scores)), prompt


def test_bfl_says_request_moderated_or_content_moderated(moderated, photo_uri):
    check, client, prompt = moderated
    started = client.post("/v1/flux-kontext-max", json={"prompt": prompt, "input_image": photo_uri}).json()
    ended = until_final(client, started["polling_url"], "status", ["Pending"])
    assert ended.status_code == 200
    assert ended.json()["status"] == ("Content Moderated" if check == "output" else "Request Moderated")
    assert f"{'picture' if check != 'prompt' else 'prompt'} check refused" in ended.json()["details"]["message"]


def test_openai_says_moderation_blocked(moderated, photo):
    check, client, prompt = moderated
    answer = client.post("/v1/images/edits", data={"prompt": prompt}, files={"image": ("a.png", photo, "image/png")})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["type"]) == ("moderation_blocked", "image_generation_user_error")
    assert error["param"] == ("image[0]" if check == "input" else "prompt")


def test_replicate_says_that_a_prediction_failed_with_its_own_code(moderated, photo_uri):
    _, client, prompt = moderated
    answer = client.post(
        "/v1/models/black-forest-labs/flux-kontext-max/predictions",
        json={"input": {"prompt": prompt, "input_image": photo_uri}},
        headers={"Prefer": "wait=60"},
    )
    assert answer.status_code == 201
    assert answer.json()["status"] == "failed"
    assert answer.json()["error"].startswith("The input or output was flagged as sensitive (E005).")
    polled = client.get(answer.json()["urls"]["get"]).json()
    assert (polled["status"], polled["error"], polled["output"]) == ("failed", answer.json()["error"], None)


def test_fal_says_content_policy_violation(moderated, photo_uri):
    check, client, prompt = moderated
    answer = client.post("/fal/fal-ai/flux-pro/kontext/max", json={"prompt": prompt, "image_url": photo_uri})
    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert detail["type"] == "content_policy_violation"
    assert detail["loc"] == ["body", "image_url" if check == "input" else "prompt"]


def test_the_ai_ml_apis_answer_names_what_was_refused(moderated, body):
    check, client, prompt = moderated
    answer = client.post(GENERATIONS, json=body(prompt=prompt))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "content_moderated"
    assert answer.json()["error"]["param"].startswith("image_url" if check == "input" else "prompt")
