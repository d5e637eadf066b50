"""The whole server on PostgreSQL, as several machines use it."""

import time

import pytest

GENERATIONS = "/v1/images/generations"


@pytest.fixture
def on_postgresql(serve, postgres_url):
    def start(**queue):
        return serve(database={"url": postgres_url}, queue=queue)

    return start


def test_an_edit_is_made_and_remembered(on_postgresql, body):
    client = on_postgresql()
    headers = {"idempotency-key": "k"}
    first = client.post(GENERATIONS, json=body(), headers=headers)
    again = client.post(GENERATIONS, json=body(), headers=headers)
    assert first.status_code == again.status_code == 200
    assert again.headers["idempotent-replayed"] == "true"
    assert client.get(first.json()["data"][0]["url"]).status_code == 200


def test_what_one_process_accepts_another_carries_out(on_postgresql, body):
    front = on_postgresql(workers=0)
    back = on_postgresql()
    said = front.post("/v1/edits", json=body()).json()
    for _ in range(500):
        found = front.get(f"/v1/edits/{said['id']}").json()
        if found["status"] == "succeeded":
            break
        time.sleep(0.02)
    assert found["status"] == "succeeded"
    assert back.get(f"/v1/edits/{said['id']}").json()["status"] == "succeeded"
