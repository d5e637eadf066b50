"""A request that is sent again under the same ``Idempotency-Key`` is answered, and not carried out, again."""

import asyncio
import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from retouch.errors import EngineError
from retouch.jobs import manager
from retouch.testing import REFUSED_WORD, FakeEngine

KEY = {"idempotency-key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
FAL = "fal-ai/flux-pro/kontext/max"
REPLICATE = "/v1/models/black-forest-labs/flux-kontext-max/predictions"
GENERATIONS = "/v1/images/generations"
ROUTES = {
    "aimlapi": GENERATIONS,
    "openai": "/v1/images/edits",
    "edits": "/v1/edits",
    "bfl": "/v1/flux-kontext-max",
    "replicate": REPLICATE,
    "fal run": f"/fal/{FAL}",
    "fal queue": f"/falq/{FAL}",
}
IDS = ("id", "request_id")


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def client(serve, engine):
    return serve(engine=engine)


@pytest.fixture
def send(client, photo, photo_uri):
    """Ask for an edit in a dialect's own words."""

    def post(dialect, prompt="Add a bird.", headers=KEY, at=client):
        path = ROUTES[dialect]
        if dialect == "openai":  # a form, whose boundary is another one each time
            return at.post(path, data={"prompt": prompt}, files={"image": ("a.png", photo)}, headers=headers)
        if dialect == "bfl":
            body = {"prompt": prompt, "input_image": base64.b64encode(photo).decode()}
        elif dialect == "replicate":
            body = {"input": {"prompt": prompt, "input_image": photo_uri}}
        else:
            body = {"prompt": prompt, "image_url": photo_uri}
        if dialect in ("aimlapi", "edits"):
            body["model"] = "flux/kontext-max/image-to-image"
        return at.post(path, json=body, headers=headers)

    return post


def idle(client):
    """Wait until no edit is under way, and return how many there were."""
    jobs = client.app.state.services.jobs
    for _ in range(500):
        states = [job.state for job in map(jobs.get, known_jobs(client))]
        if all(state.is_final for state in states):
            return len(states)
        time.sleep(0.02)
    raise AssertionError("an edit did not end")


def known_jobs(client):
    return [job.id for job in client.app.state.services.accounts.jobs.page(limit=1000)]


@pytest.mark.parametrize("dialect", ROUTES)
def test_the_same_request_again_gets_the_same_edit(client, engine, send, dialect):
    first = send(dialect)
    again = send(dialect)

    assert first.status_code == again.status_code < 300
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    said, repeated = first.json(), again.json()
    for name in (*IDS, "seed", "images", "data"):
        assert said.get(name) == repeated.get(name)
    assert idle(client) == 1
    assert engine.edits_started == 1


@pytest.mark.parametrize("dialect", ROUTES)
def test_the_same_key_with_another_request_is_a_conflict_in_the_dialects_shape(client, send, dialect):
    send(dialect)
    refused = send(dialect, prompt="Add a cat.")

    assert refused.status_code == 409
    said = refused.json()
    message = {"replicate": lambda: said["detail"]}.get(dialect, lambda: said["message"])()
    assert "8e03978e-40d5-43e8-bc93-6894a57f9324" in message
    if dialect in ("aimlapi", "openai"):
        assert said["error"]["code"] == "idempotency_conflict"
    if dialect.startswith("fal"):
        assert said["detail"][0]["type"] == "idempotency_conflict"
    assert idle(client) == 1


def test_a_bad_key_is_refused_in_every_dialect_before_anything_is_done(client, send):
    for dialect in ROUTES:
        refused = send(dialect, headers={"idempotency-key": "two words"})
        assert refused.status_code == 400
        assert "1 to 255 visible ASCII characters" in refused.text
    assert known_jobs(client) == []


def test_two_keys_and_no_key_are_three_edits(client, send):
    for headers in (KEY, {"idempotency-key": "another"}, {}):
        assert "idempotent-replayed" not in send("edits", headers=headers).headers
    assert idle(client) == 3


def test_the_same_key_on_another_route_is_a_conflict(send):
    assert send("fal queue").status_code == 200
    assert send("fal run").status_code == 409


def test_a_form_and_its_pictures_are_told_apart_by_their_bytes(client, photo):
    def post(data):
        return client.post(
            ROUTES["openai"], data={"prompt": "Add a bird."}, files={"image": ("a.png", data)}, headers=KEY
        )

    assert post(photo).status_code == 200
    assert post(photo + b"\x00").status_code == 409


def test_many_requests_at_once_under_one_key_are_one_edit(client, engine, send):
    barrier = threading.Barrier(6)

    def post(_):
        barrier.wait()
        return send("aimlapi")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(post, range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({json.dumps(answer.json()["images"]) for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotent-replayed", "") for answer in answers) == [""] + ["true"] * 5
    assert engine.edits_started == 1


def test_an_edit_that_failed_has_failed_for_its_repetition_too(send, engine):
    first = send("aimlapi", prompt=f"Do the {REFUSED_WORD}.")
    again = send("aimlapi", prompt=f"Do the {REFUSED_WORD}.")
    assert first.status_code == again.status_code == 400
    assert again.json()["error"]["code"] == "unsupported_instruction"
    assert again.headers["idempotent-replayed"] == "true"
    assert engine.edits_started == 1


def test_a_client_is_not_told_to_repeat_what_would_fail_again(serve, send):
    client = serve(engine=FakeEngine(error=EngineError("The paint ran out.")))
    first, again = send("aimlapi", at=client), send("aimlapi", at=client)
    assert first.status_code == again.status_code == 500
    assert "x-should-retry" not in first.headers
    assert again.headers["x-should-retry"] == "false"


def test_a_request_that_was_refused_may_be_changed_and_sent_again(client, send, body):
    refused = client.post(GENERATIONS, json=body(num_images=9), headers=KEY)
    unfetched = client.post(GENERATIONS, json=body(image_url="http://127.0.0.1:9/a.png"), headers=KEY)
    assert (refused.status_code, unfetched.status_code) == (400, 400)
    assert send("aimlapi").status_code == 200


def test_what_a_full_queue_refused_is_not_remembered(serve, send):
    gate = threading.Event()
    client = serve(engine=FakeEngine(gate=gate), queue={"max_waiting": 1})
    try:
        for _ in range(20):  # one runs and one waits; then there is no room
            if send("edits", headers={}, at=client).status_code == 429:
                break
        assert send("edits", at=client).status_code == 429
    finally:
        gate.set()
    idle(client)
    accepted = send("edits", prompt="Add a cat.", at=client)
    assert accepted.status_code == 202
    assert "idempotent-replayed" not in accepted.headers


def test_while_the_queue_is_full_no_body_is_read_and_a_repetition_is_answered_all_the_same(serve, send, monkeypatch):
    monkeypatch.setattr(manager, "_FULL_SECONDS", 60.0)
    gate = threading.Event()
    client = serve(engine=FakeEngine(gate=gate), queue={"max_waiting": 1})
    unreadable = {"content": b"{", "headers": {"content-type": "application/json"}}
    try:
        accepted = send("edits", at=client)
        for _ in range(20):  # one runs and one waits; then there is no room
            if send("edits", headers={}, at=client).status_code == 429:
                break
        unread = client.post(ROUTES["edits"], **unreadable)
        other_key = send("edits", headers={"idempotency-key": "another"}, at=client)
        repeated = send("edits", at=client)
        changed = send("edits", prompt="Add a cat.", at=client)
    finally:
        gate.set()
    idle(client)

    assert (accepted.status_code, repeated.status_code, changed.status_code) == (202, 202, 409)
    assert repeated.json()["id"] == accepted.json()["id"]
    assert (unread.status_code, other_key.status_code) == (429, 429)
    assert int(unread.headers["retry-after"]) >= 1
    assert client.post(ROUTES["edits"], **unreadable).status_code == 400  # there is room again


def test_the_pictures_of_a_repetition_are_not_fetched_again(client, photo, body):
    uploaded = client.post("/v1/files", files={"content": ("a.png", photo)}).json()
    sent = body(image_url=uploaded["urls"]["get"])
    assert client.post(GENERATIONS, json=sent, headers=KEY).status_code == 200
    client.app.state.services.results.delete(uploaded["name"])
    assert client.post(GENERATIONS, json=sent, headers=KEY).status_code == 200
    assert client.post(GENERATIONS, json=sent).status_code == 404


def test_a_stream_is_repeated_as_a_stream(client, engine, body):
    first = client.post(GENERATIONS, json=body(stream=True), headers=KEY)
    again = client.post(GENERATIONS, json=body(stream=True), headers=KEY)
    assert "image_generation.completed" in first.text
    assert "image_generation.completed" in again.text
    assert again.headers["idempotent-replayed"] == "true"
    assert engine.edits_started == 1


def test_two_clients_may_choose_the_same_key(serve, send):
    first, second = "a" * 16, "b" * 16
    client = serve(server={"api_keys": [first, second]})
    for key in (first, second):
        answer = send("edits", at=client, headers={**KEY, "authorization": f"Bearer {key}"})
        assert answer.status_code == 202
        assert "idempotent-replayed" not in answer.headers
    assert idle(client) == 2


def leave_early(client, body, headers):
    """Send a request, and go away as soon as its edit runs: what an ASGI server tells then."""
    gone = asyncio.Event()
    sent = []
    raw = json.dumps(body).encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": GENERATIONS,
        "raw_path": GENERATIONS.encode(),
        "query_string": b"",
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"authorization", b"Bearer any"),
            (b"content-type", b"application/json"),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ],
    }
    messages = iter([{"type": "http.request", "body": raw, "more_body": False}])

    async def receive():
        message = next(messages, None)
        if message is None:
            await gone.wait()
            return {"type": "http.disconnect"}
        return message

    async def send(message):
        sent.append(message)

    async def until_running():
        jobs = client.app.state.services.jobs
        for _ in range(500):
            if any(jobs.get(job_id).state == "running" for job_id in known_jobs(client)):
                gone.set()
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the edit did not start")

    async def both():
        await asyncio.gather(client.app(scope, receive, send), until_running())

    client.portal.call(both)
    return sent


@pytest.mark.parametrize(
    ("settings", "headers", "state"),
    [({}, {}, "cancelled"), ({}, KEY, "succeeded"), ({"abort_on_disconnect": False}, {}, "succeeded")],
    ids=["alone", "with a key", "where the operator wants it finished"],
)
def test_an_edit_whose_caller_goes_away_is_stopped_unless_it_can_still_be_had(serve, body, settings, headers, state):
    gate = threading.Event()
    client = serve(engine=FakeEngine(gate=gate), queue=settings)
    timer = threading.Timer(2.0, gate.set)  # long after an abort would have been heard
    timer.start()
    try:
        assert leave_early(client, body(), headers) == []
        idle(client)
    finally:
        timer.cancel()
        gate.set()
    (job_id,) = known_jobs(client)
    assert client.app.state.services.jobs.get(job_id).state == state


def test_after_a_lost_connection_the_answer_is_there_for_the_second_request(serve, body):
    gate = threading.Event()
    engine = FakeEngine(gate=gate)
    client = serve(engine=engine)
    leave_early(client, body(), KEY)
    gate.set()
    answer = client.post(GENERATIONS, json=body(), headers=KEY)
    assert answer.status_code == 200
    assert answer.headers["idempotent-replayed"] == "true"
    assert engine.edits_started == 1
