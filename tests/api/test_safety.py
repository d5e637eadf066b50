import pytest

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
