"""An edit belongs to the key that asked for it: to every other key it is not there."""

import threading

import pytest

from retouch.jobs.models import NOBODY
from retouch.testing import FakeEngine
from retouch.types import EditRequest

OWN, OTHER = ({"authorization": f"Bearer {letter * 16}"} for letter in "ab")
FAL = "/falq/fal-ai/flux-pro"


@pytest.fixture
def client(serve):
    gate = threading.Event()
    yield serve(engine=FakeEngine(gate=gate), server={"api_keys": ["a" * 16, "b" * 16]})
    gate.set()


def ways_to(job_id):
    """Every route that asks for an edit or cancels it; those that cancel come last."""
    return [
        ("GET", f"/v1/edits/{job_id}"),
        ("GET", f"/v1/get_result?id={job_id}"),
        ("GET", f"/v1/predictions/{job_id}"),
        ("GET", f"{FAL}/requests/{job_id}/status"),
        ("POST", f"/v1/edits/{job_id}/cancel"),
        ("POST", f"/v1/predictions/{job_id}/cancel"),
        ("PUT", f"{FAL}/requests/{job_id}/cancel"),
    ]


def test_another_keys_edit_can_neither_be_seen_nor_cancelled(client, body):
    job_id = client.post("/v1/edits", json=body(), headers=OWN).json()["id"]
    for method, path in ways_to(job_id):
        assert client.request(method, path, headers=OTHER).status_code == 404, path
    job = client.app.state.services.jobs.get(job_id)
    assert not job.state.is_final
    assert not job.abort_requested
    for method, path in ways_to(job_id):
        assert client.request(method, path, headers=OWN).status_code in (200, 202, 400), path


def test_an_edit_from_before_keys_were_told_apart_is_found_by_whoever_knows_its_id(client, photo):
    jobs = client.app.state.services.jobs
    job = jobs.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    assert job.caller == NOBODY
    for headers in (OWN, OTHER):
        assert client.get(f"/v1/edits/{job.id}", headers=headers).status_code == 200
