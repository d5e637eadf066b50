"""/metrics: what it tells, and whom."""

import re
import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from tests.api.conftest import GENERATIONS

from retouch.telemetry.catalog import ALL_MEASURES
from retouch.testing import FakeEngine

KEY = "a-key-of-the-configuration"
TOKEN = "a-token-for-prometheus"


def numbers(client, **headers) -> dict[str, float]:
    """The page as Prometheus reads it: ``name{label=value}`` to number."""
    client.app.state.metrics._made_at = float("-inf")  # not the page of the second before
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_an_edit_is_counted_on_its_whole_way(client, body) -> None:
    assert client.post(GENERATIONS, json=body()).status_code == 200
    found = numbers(client)
    route = "dialect=aimlapi,method=POST,route=/v1/images/generations,status=200"
    assert found[f"retouch_http_requests_total{{{route}}}"] == 1
    assert found["retouch_http_request_duration_seconds_count{route=/v1/images/generations}"] == 1
    assert found["retouch_jobs_accepted_total{engine=fake}"] == 1
    assert found["retouch_jobs_ended_total{engine=fake,state=succeeded}"] == 1
    assert found["retouch_job_attempts_total{engine=fake}"] == 1
    assert found["retouch_job_wait_seconds_count{engine=fake}"] == 1
    assert found["retouch_job_run_seconds_count{engine=fake,operation=PaintSquare}"] == 1
    for hop in ("queue", "decode", "engine", "preserve", "encode"):
        assert found[f"retouch_job_hop_seconds_count{{hop={hop}}}"] == 1
    assert found["retouch_uploads_in_flight{}"] == 0
    assert found["retouch_http_requests_in_flight{}"] == 1  # the one that asks
    assert found["retouch_processes{role=api}"] == 1
    assert found["retouch_process_resident_memory_bytes{process=api-0}"] > 10 * 2**20
    assert found["retouch_jobs_oldest_waiting_seconds{}"] == 0


def test_refusals_are_counted_by_their_code(client, body) -> None:
    client.post(GENERATIONS, json=body(prompt="do the impossible"))
    client.post(GENERATIONS, json=body(seed="x"))
    client.get("/v1/nowhere")
    found = numbers(client)
    assert found["retouch_refusals_total{code=unsupported_instruction,dialect=aimlapi}"] == 1
    assert found["retouch_refusals_total{code=invalid_value,dialect=aimlapi}"] == 1
    assert found["retouch_job_problems_total{code=unsupported_instruction,engine=fake}"] == 1
    assert found["retouch_jobs_ended_total{engine=fake,state=failed}"] == 1
    assert any(name.startswith("retouch_http_requests_total") and "route=unmatched" in name for name in found)


def test_what_waits_and_runs_is_read_from_the_queue(serve, body) -> None:
    gate = threading.Event()
    client = serve(engine=FakeEngine(gate=gate), queue={"workers": 1})
    try:
        for _ in range(3):
            path, given = "/v1/flux-kontext-pro", {"prompt": "add a bird", "input_image": body()["image_url"]}
            assert client.post(path, json=given).status_code == 200
        for _ in range(200):
            found = numbers(client)
            if found.get("retouch_jobs_running{engine=fake}") == 1:
                break
        assert found["retouch_jobs_waiting{engine=fake,priority=0}"] == 2
        assert found["retouch_jobs_oldest_waiting_seconds{}"] > 0
    finally:
        gate.set()


def test_hostile_requests_make_no_series_of_their_own(client) -> None:
    def ask(first: int) -> int:
        for number in range(first, first + 20):
            client.get(
                f"/nowhere/{number}", headers={"x-client-request-id": f"id{number}", "host": f"127.0.0.{number}"}
            )
            client.request(f"VERB{number}", "/v1/images/generations")
            client.get(f"/files/{number}.png")
            client.get(f"/v1/predictions/{number}")
        return len(numbers(client))

    numbers(client)
    assert ask(0) == ask(100)


def test_no_picture_name_job_id_or_prompt_is_on_the_page(client, body) -> None:
    answer = client.post(GENERATIONS, json=body(prompt="Zanzibar Xylophone")).json()
    name = answer["data"][0]["url"].rsplit("/", 1)[1]
    client.get(f"/files/{name}")
    page = client.get("/metrics").text
    assert name not in page
    assert "Zanzibar" not in page


def test_the_page_is_made_once_a_second_however_often_it_is_asked_for(client, monkeypatch) -> None:
    made = []
    page = client.app.state.metrics
    monkeypatch.setattr(page, "_make", lambda: made.append(1) or b"page")
    page._made_at = float("-inf")
    monkeypatch.setattr("retouch.server.metrics._FRESH_SECONDS", 3600.0)
    for _ in range(20):
        client.get("/metrics")
    assert len(made) == 1


def test_an_open_server_shows_its_numbers_to_its_own_machine_only(client) -> None:
    del client.headers["authorization"]
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"host": "rebound.example.org"}).status_code == 403


@pytest.fixture
def guarded(serve):
    """A server with keys, one of them an admin's, and what Prometheus sends."""
    client = serve(server={"api_keys": [KEY]}, telemetry={"metrics_token": TOKEN})
    del client.headers["authorization"]
    return client


def test_a_server_with_keys_shows_nothing_to_strangers(guarded) -> None:
    assert guarded.get("/metrics").status_code == 401
    for wrong in (
        "Bearer wrong-wrong-wrong",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        "Bearer ",
        "Bearer \u00e9".encode(),
    ):
        answer = guarded.get("/metrics", headers={"authorization": wrong})
        assert answer.status_code == 401, wrong
        assert "retouch_" not in answer.text


def test_a_key_for_edits_does_not_open_the_numbers(guarded) -> None:
    assert guarded.get("/metrics", headers={"authorization": f"Bearer {KEY}"}).status_code == 403


def test_prometheus_gets_in_with_its_token_and_nowhere_else(guarded) -> None:
    assert numbers(guarded, authorization=f"Bearer {TOKEN}")["retouch_processes{role=api}"] == 1
    assert guarded.get("/v1/billing", headers={"authorization": f"Bearer {TOKEN}"}).status_code in (401, 404)
    assert guarded.post(GENERATIONS, json={}, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 401


def test_programs_of_this_machine_get_in_where_the_operator_says_so_but_no_proxy_does(serve) -> None:
    client = serve(server={"api_keys": [KEY]}, telemetry={"metrics": "local"})
    del client.headers["authorization"]
    assert client.get("/metrics").status_code == 401  # Starlette's test client has no address of this machine
    local = TestClient(client.app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50000))
    assert local.get("/metrics").status_code == 200
    assert local.get("/metrics", headers={"host": "retouch.example.org"}).status_code == 401
    for header in ("x-forwarded-for", "forwarded", "via", "x-real-ip"):
        assert local.get("/metrics", headers={header: "203.0.113.9"}).status_code == 401
    assert local.get("/metrics", headers={"origin": "https://page.example"}).status_code == 401


def test_where_metrics_are_off_there_is_no_page(serve) -> None:
    client = serve(telemetry={"metrics": "off"})
    assert client.get("/metrics").status_code == 404
    assert client.app.state.metrics.desk is None


def test_every_measure_that_the_code_tells_is_in_the_catalog_once() -> None:
    names = [measure.name for measure in ALL_MEASURES]
    assert len(names) == len(set(names)) >= 25
    assert all(re.fullmatch(r"retouch_[a-z_]+", name) for name in names)
