import re

import pytest

GENERATIONS = "/v1/images/generations"


@pytest.mark.parametrize("path", ["/health", "/v1/models", "/nothing", "/docs", "/files/none.jpg"])
def test_every_answer_has_an_id_of_its_own_and_safe_headers(client, path):
    first, second = client.get(path), client.get(path)
    assert re.fullmatch(r"[0-9a-f]{32}", first.headers["x-inference-id"])
    assert first.headers["x-inference-id"] != second.headers["x-inference-id"]
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["content-security-policy"].startswith("default-src 'none'")
    assert "server" not in first.headers


@pytest.mark.parametrize("sent", ["order-7", "A.b_c:d-1", "x" * 128])
def test_a_clients_own_request_id_is_echoed(client, sent):
    assert client.get("/health", headers={"X-Client-Request-Id": sent}).headers["x-client-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "two words", "x" * 129, "a/b", "é".encode("latin-1")])
def test_a_request_id_that_breaks_the_rule_is_dropped_in_silence(client, sent):
    answer = client.get("/health", headers={"X-Client-Request-Id": sent})
    assert answer.status_code == 200
    assert "x-client-request-id" not in answer.headers


def test_json_answers_say_what_they_cost_and_files_do_not(client, body):
    answer = client.post(GENERATIONS, json=body())
    assert answer.headers["x-aimlapi-credits-used"] == "0"
    assert answer.headers["x-aimlapi-usd-spent"] == "0"
    file = client.get(answer.json()["data"][0]["url"])
    assert "x-aimlapi-credits-used" not in file.headers
