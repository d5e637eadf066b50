"""One line a request, whatever the request holds."""

import io
import json
import logging

import pytest
from tests.api.conftest import GENERATIONS

from retouch.telemetry.logs import LogOptions, configure_logs

SECRET = "sk_live_51Habcdefghijklmnop"
WISH = "give grandmother Wilhelmina a moustache"


@pytest.fixture
def lines():
    """Have everything logged as JSON for the test; return how to read what was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logs(LogOptions(format="json", level="debug"), stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def access(lines) -> list[dict]:
    return [line for line in lines() if line["logger"] == "retouch.access"]


def test_a_request_is_one_line_with_its_ids(client, lines, body) -> None:
    answer = client.post(GENERATIONS, json=body(), headers={"x-client-request-id": "mine-7"})
    (line,) = access(lines)
    assert line["event"] == "POST /v1/images/generations 200"
    assert (line["status"], line["dialect"], line["key_id"]) == (200, "aimlapi", "anyone")
    assert line["request_id"] == answer.headers["x-inference-id"]
    assert line["client_request_id"] == "mine-7"
    assert line["job_id"]
    assert 0 < line["seconds"] < 60


def test_the_lines_of_the_worker_name_the_job_the_key_and_the_request(client, lines, body) -> None:
    answer = client.post(GENERATIONS, json=body(prompt="do the impossible"))
    job = access(lines)[0]["job_id"]
    of_worker = [line for line in lines() if line["logger"] == "retouch.jobs.worker"]
    assert of_worker
    for line in of_worker:
        assert line["job_id"] == job
        assert line["request_id"] == answer.headers["x-inference-id"]
        assert (line["engine"], line["key_id"], line["dialect"]) == ("fake", "anyone", "aimlapi")


def test_a_refusal_says_its_code(client, lines, body) -> None:
    client.post(GENERATIONS, json=body(seed="x"))
    assert access(lines)[0]["problem"] == "invalid_value"


@pytest.mark.parametrize("prompt", [WISH, f"impossible: {WISH}", f"{WISH}\nERROR forged\x1b[31m", WISH * 50])
def test_neither_prompts_nor_keys_nor_pictures_are_logged(client, lines, body, prompt) -> None:
    headers = {"authorization": f"Bearer {SECRET}", "x-client-request-id": f"{SECRET} with spaces"}
    client.post(f"{GENERATIONS}?api_key={SECRET}", json=body(prompt=prompt), headers=headers)
    written = json.dumps(lines())
    assert access(lines)
    assert SECRET not in written
    assert "Wilhelmina" not in written
    assert "base64" not in written


def test_names_of_files_and_jobs_in_paths_are_not_logged(client, lines, body) -> None:
    url = client.post(GENERATIONS, json=body()).json()["data"][0]["url"]
    name = url.rsplit("/", 1)[1]
    client.get(f"/files/{name}")
    assert access(lines)[-1]["event"] == "GET /files/{name} 200"
    assert name not in json.dumps(lines())


@pytest.mark.parametrize(
    "path", ["/a%0Ab", "/%1b[2J", "/" + "x" * 5000, "/\u2028", f"/token={SECRET}", "/%0d%0aINFO%20forged", "/%ed%a0%80"]
)
def test_a_path_that_leads_nowhere_is_shown_cut_and_cleaned(client, lines, path) -> None:
    client.get(path)
    (line,) = access(lines)
    assert line["event"] == "GET unmatched 404"
    assert line["path"].isprintable()
    assert len(line["path"]) < 150
    assert SECRET not in line["path"]


def test_probes_are_quiet_while_all_is_well(client, lines) -> None:
    client.get("/health")
    assert [line["level"] for line in access(lines)] == ["debug"]


def test_an_unforeseen_error_is_logged_once_under_the_requests_id_without_the_prompt(
    client, lines, body, monkeypatch
) -> None:
    def fail(*_args, **_kwargs):
        raise RuntimeError(f"no luck with {WISH}")

    monkeypatch.setattr("retouch.jobs.manager.JobManager.enqueue", fail)
    answer = client.post(GENERATIONS, json=body(prompt=WISH))
    assert answer.status_code == 500
    (error,) = [line for line in lines() if line["level"] == "error"]
    assert error["request_id"] == answer.headers["x-inference-id"]
    assert error["error"] == "RuntimeError"
    assert "Wilhelmina" not in json.dumps(lines())
