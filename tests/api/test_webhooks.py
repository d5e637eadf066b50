"""Who asked for it is told when an edit has ended."""

import base64
import hashlib
import hmac
import json
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from retouch.database.connection import connect
from retouch.jobs.webhooks import DeliveryState, WebhookStore
from retouch.server import courier
from retouch.server.courier import signed_headers
from retouch.testing import REFUSED_WORD

REPLICATE = "/v1/models/black-forest-labs/flux-kontext-max/predictions"


class Listener:
    """A server of the client's, which notes what it is told, and answers as it is told to."""

    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        self.answers = [200]
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(owner.answers.pop(0) if len(owner.answers) > 1 else owner.answers[0])
                self.end_headers()
                owner.heard.put((dict(self.headers), body))

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?token=abc"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self) -> tuple[dict[str, str], dict]:
        headers, body = self.heard.get(timeout=20)
        self.last_body = body
        return headers, json.loads(body)


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def open_server(serve):
    """Lets calls go to this machine."""
    return serve(safety={"allow_private_addresses": True})


@pytest.fixture
def raw(photo):
    return base64.b64encode(photo).decode()


def expect_signature(headers, body, secret):
    lowered = {name.lower(): value for name, value in headers.items()}
    signed = f"{lowered['webhook-id']}.{lowered['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert lowered["webhook-signature"] == f"v1,{expected}"
    assert abs(int(lowered["webhook-timestamp"]) - time.time()) < 60


def test_black_forest_labs(open_server, listener, raw):
    body = {"prompt": "Add a bird.", "input_image": raw, "webhook_url": listener.url, "webhook_secret": "s3cret"}
    started = open_server.post("/v1/flux-kontext-pro", json=body).json()
    headers, told = listener.next()
    expect_signature(headers, listener.last_body, b"s3cret")
    assert told["id"] == started["id"]
    assert told["status"] == "Ready"
    assert open_server.get(told["result"]["sample"]).status_code == 200
    assert told["result"]["sample"].startswith("http://127.0.0.1:8000/")


def test_replicate_with_the_servers_own_secret(open_server, listener, photo_uri):
    body = {"input": {"prompt": "Add a bird.", "input_image": photo_uri}, "webhook": listener.url}
    open_server.post(REPLICATE, json={**body, "webhook_events_filter": ["completed"]})
    headers, told = listener.next()
    key = open_server.get("/v1/webhooks/default/secret").json()["key"]
    expect_signature(headers, listener.last_body, base64.b64decode(key.removeprefix("whsec_")))
    assert told["status"] == "succeeded"
    assert told["output"].startswith("data:image/png")


def test_fal_is_told_of_a_refusal(open_server, listener, photo_uri):
    said = open_server.post(
        "/falq/fal-ai/flux-pro/kontext",
        params={"fal_webhook": listener.url},
        json={"prompt": f"Do the {REFUSED_WORD}.", "image_url": photo_uri},
    ).json()
    _, told = listener.next()
    assert told["status"] == "ERROR"
    assert told["request_id"] == said["request_id"]
    assert REFUSED_WORD in told["error"]


def test_a_call_that_is_not_heard_is_made_again(open_server, listener, raw, monkeypatch, tmp_path):
    monkeypatch.setattr(courier, "_PAUSES_SECONDS", (0.05, 0.05, 0.05))
    listener.answers = [500, 302, 200]
    body = {"prompt": "Add a bird.", "input_image": raw, "webhook_url": listener.url}
    started = open_server.post("/v1/flux-kontext-pro", json=body).json()
    ids = {listener.next()[0]["webhook-id"] for _ in range(3)}
    assert ids == {f"msg_{started['id']}"}
    assert until_settled(tmp_path, started["id"]).state is DeliveryState.DELIVERED
    assert listener.heard.empty()


@pytest.mark.parametrize(("answers", "attempts"), [([410], 1), ([500], 3)])
def test_a_call_is_given_up(open_server, listener, raw, monkeypatch, tmp_path, answers, attempts):
    monkeypatch.setattr(courier, "_PAUSES_SECONDS", (0.05, 0.05))
    listener.answers = answers
    body = {"prompt": "Add a bird.", "input_image": raw, "webhook_url": listener.url}
    started = open_server.post("/v1/flux-kontext-pro", json=body).json()
    found = until_settled(tmp_path, started["id"])
    assert found.state is DeliveryState.GIVEN_UP
    assert found.attempts == attempts
    assert "token" not in found.last_outcome


def test_a_call_that_can_t_be_made_for_a_reason_that_nobody_foresaw_is_given_up_and_the_next_one_is_made(
    open_server, listener, raw, monkeypatch, tmp_path
):
    monkeypatch.setattr(courier, "_PAUSES_SECONDS", (0.05,))
    sound = courier.signed_headers

    def stumble(secret, *given):
        if secret == "unlucky":
            raise ValueError("nobody foresaw this")
        return sound(secret, *given)

    monkeypatch.setattr(courier, "signed_headers", stumble)
    body = {"prompt": "Add a bird.", "input_image": raw, "webhook_url": listener.url}
    unlucky = open_server.post("/v1/flux-kontext-pro", json={**body, "webhook_secret": "unlucky"}).json()
    assert until_settled(tmp_path, unlucky["id"]).state is DeliveryState.GIVEN_UP
    started = open_server.post("/v1/flux-kontext-pro", json=body).json()
    assert listener.next()[1]["id"] == started["id"]


def test_no_call_goes_to_an_address_inside(client, listener, raw, tmp_path):
    body = {"prompt": "Add a bird.", "input_image": raw, "webhook_url": listener.url}
    started = client.post("/v1/flux-kontext-pro", json=body).json()
    found = until_settled(tmp_path, started["id"])
    assert found.state is DeliveryState.GIVEN_UP
    assert found.last_outcome == "address_not_allowed"
    assert listener.heard.empty()


def until_settled(tmp_path, job_id):
    database = connect(f"sqlite:///{tmp_path / 'data' / 'server' / 'jobs.sqlite'}")
    store = WebhookStore(database)
    try:
        for _ in range(400):
            found = store.find(job_id)
            if found.state is not DeliveryState.PENDING:
                return found
            time.sleep(0.05)
    finally:
        database.dispose()
    raise AssertionError(f"still pending: {found}")


def test_the_signature_of_the_specifications_example():
    """The example of the Standard Webhooks specification's own libraries."""
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["plain words", "whsec_not base64!", "whsec_é"])
def test_a_secret_that_is_no_base64_is_taken_as_text(secret):
    expected = base64.b64encode(hmac.new(secret.encode(), b"m.1.body", hashlib.sha256).digest()).decode()
    assert signed_headers(secret, "m", 1, b"body")["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("url", ["ftp://example.org/a", "https://user:pw@example.org/", "nothing", 5, "http://["])
def test_a_url_that_nobody_can_be_told_at_is_refused(client, raw, photo_uri, url):
    answer = client.post("/v1/flux-kontext-max", json={"prompt": "x", "input_image": raw, "webhook_url": url})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "webhook_url"]
    other = client.post(REPLICATE, json={"input": {"prompt": "x", "image": photo_uri}, "webhook": url})
    assert other.status_code == 422
