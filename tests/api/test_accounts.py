"""Keys of the database: who is let in, what each may do, and how each wire protocol says that it may not."""

import base64
import hashlib
import time

import pytest
from tests.api.dialect_requests import REQUESTS

from retouch.accounts.keys import KeyTerms
from retouch.accounts.principal import Scope
from retouch.errors import ConfigurationError
from retouch.jobs.webhooks import WebhookStore
from retouch.server import auth
from retouch.server.app import create_app
from retouch.settings import load_settings
from retouch.testing import fake_registry

GENERATIONS = "/v1/images/generations"
CONFIGURED = "a-key-that-is-long-enough"


@pytest.fixture
def accounts_of():
    return lambda client: client.app.state.services.accounts


@pytest.fixture
def server(serve):
    """A server with a configured key, so that it is closed from the start; no worker takes a job."""
    return serve(server={"api_keys": CONFIGURED}, queue={"workers": 0})


@pytest.fixture
def new_key(server, accounts_of):
    """Make a key; return its id and the header that it is sent in."""

    def make(credits=0, **terms):
        key, secret = accounts_of(server).keys.create(KeyTerms("test", **terms), credits)
        return key.id, {"Authorization": f"Bearer {secret}"}

    return make


def start(server, dialect, photo_uri, headers):
    return server.post(dialect.path, json=dialect.body(photo_uri), headers=headers)


BFL = next(each for each in REQUESTS if each.name == "bfl")


def test_a_key_of_the_database_is_let_in_beside_those_of_the_settings(server, new_key):
    _, headers = new_key()
    assert server.get("/v2/logs", headers=headers).status_code == 200
    assert server.get("/v2/logs", headers={"Authorization": f"Bearer {CONFIGURED}"}).status_code == 200


def test_a_key_that_ended_says_so_only_to_who_has_it(server, new_key, accounts_of):
    key_id, headers = new_key()
    accounts_of(server).keys.disable(key_id)
    answer = server.get("/v2/logs", headers=headers)
    assert answer.status_code == 401
    assert "disabled" in answer.json()["message"]
    assert answer.headers["www-authenticate"] == "Bearer"
    wrong = server.get("/v2/logs", headers={"Authorization": headers["Authorization"][:-1] + "_"})
    assert wrong.status_code == 401
    assert "not known" in wrong.json()["message"]


def test_a_key_that_is_disabled_elsewhere_stops_working_within_seconds(server, new_key, accounts_of, monkeypatch):
    assert auth._TRUSTED_SECONDS <= 5
    monkeypatch.setattr(auth, "_TRUSTED_SECONDS", 0.2)
    key_id, headers = new_key()
    assert server.get("/v2/logs", headers=headers).status_code == 200
    accounts_of(server).keys.disable(key_id)
    time.sleep(0.25)
    assert server.get("/v2/logs", headers=headers).status_code == 401


def test_the_first_key_closes_an_open_server(serve, accounts_of, monkeypatch):
    monkeypatch.setattr(auth, "_TRUSTED_SECONDS", 0.1)
    server = serve()
    assert server.get("/v2/logs").status_code == 200
    _, secret = accounts_of(server).keys.create(KeyTerms("first"))
    time.sleep(0.15)
    assert server.get("/v2/logs").status_code == 401
    assert server.get("/v2/logs", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_a_server_that_others_reach_starts_when_the_database_has_a_key(serve, accounts_of, tmp_path):
    accounts_of(serve()).keys.create(KeyTerms("first"))
    settings = load_settings(None, {"server": {"host": "0.0.0.0"}, "engine": {"default": "fake"}})
    create_app(settings, fake_registry(), tmp_path / "data")
    with pytest.raises(ConfigurationError, match="retouch keys create"):
        create_app(settings, fake_registry(), tmp_path / "empty")


def check_refusal(dialect, answer, status, code, said):
    assert answer.status_code == status, dialect.name
    assert dialect.code_of(answer.json()) in (code, None), dialect.name
    assert said in answer.text, dialect.name


def test_every_dialect_says_in_its_own_shape_that_a_key_is_wrong_or_may_not_edit(server, new_key, photo_uri):
    _, reader = new_key(scopes=frozenset({Scope.READ}))
    for dialect in REQUESTS:
        answer = start(server, dialect, photo_uri, {"Authorization": "Bearer wrong"})
        check_refusal(dialect, answer, 401, "invalid_api_key", "not known to this server")
        answer = start(server, dialect, photo_uri, reader)
        check_refusal(dialect, answer, 403, "permission_denied", "scope edit")


def test_every_dialect_says_in_its_own_shape_that_the_credits_are_used_up(serve, accounts_of, photo_uri):
    server = serve(server={"api_keys": CONFIGURED}, queue={"workers": 0}, accounts={"credits_per_image": 5})
    _, secret = accounts_of(server).keys.create(KeyTerms("poor", is_unlimited=False), 4)
    for dialect in REQUESTS:
        answer = start(server, dialect, photo_uri, {"Authorization": f"Bearer {secret}"})
        check_refusal(dialect, answer, 403, "out_of_credits", "may cost 5 credits, and the key has 4")


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("requests_per_minute", "requests a minute"),
        ("max_unfinished", "1 edits under way"),
        ("max_waiting", "1 edits waiting"),
        ("images_per_day", "1 pictures a day"),
    ],
)
def test_every_dialect_says_in_its_own_shape_that_it_is_too_much_for_now(server, new_key, photo_uri, limit, said):
    _, headers = new_key(**{limit: 1})
    assert start(server, BFL, photo_uri, headers).status_code == 200
    for dialect in REQUESTS:
        answer = start(server, dialect, photo_uri, headers)
        check_refusal(dialect, answer, 429, "rate_limited", said)
        assert int(answer.headers["retry-after"]) >= 1


def test_what_is_left_of_a_minutes_requests_stands_in_the_standard_headers(server, new_key, photo_uri):
    _, headers = new_key(requests_per_minute=2)
    first, second, third = (start(server, BFL, photo_uri, headers) for _ in range(3))
    for answer in (first, second, third):
        assert answer.headers["ratelimit-policy"] == '"requests";q=2;w=60'
    assert first.headers["ratelimit"] == '"requests";r=1;t=30'
    assert second.headers["ratelimit"].startswith('"requests";r=0;t=')
    assert third.headers["ratelimit"].startswith('"requests";r=0;t=')
    assert 25 <= int(third.headers["retry-after"]) <= 30


def test_asking_for_results_does_not_count_against_the_requests_a_minute(server, new_key, photo_uri):
    _, headers = new_key(requests_per_minute=1)
    url = start(server, BFL, photo_uri, headers).json()["polling_url"]
    answers = [server.get(url, headers=headers) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert "ratelimit" not in answers[0].headers


def test_a_key_without_limits_has_no_such_headers(server, new_key, photo_uri):
    answer = start(server, BFL, photo_uri, new_key()[1])
    assert "ratelimit" not in answer.headers


def job_urls(server, photo_uri, headers):
    """Every URL under which somebody's edit can be asked for or cancelled, with the method."""
    bfl, replicate, fal, edits = (
        start(server, each, photo_uri, headers).json() for each in REQUESTS if each.name not in ("aimlapi", "openai")
    )
    return [
        ("GET", bfl["polling_url"]),
        ("GET", replicate["urls"]["get"]),
        ("POST", replicate["urls"]["cancel"]),
        ("GET", fal["status_url"]),
        ("GET", fal["status_url"] + "/stream"),
        ("GET", fal["response_url"]),
        ("PUT", fal["cancel_url"]),
        ("GET", edits["urls"]["self"]),
        ("GET", edits["urls"]["events"]),
        ("POST", edits["urls"]["cancel"]),
    ]


def test_another_keys_edit_is_not_there_in_any_dialect(server, new_key, photo_uri, accounts_of):
    mine, others = new_key(), new_key()
    urls = job_urls(server, photo_uri, mine[1])
    configured = {"Authorization": f"Bearer {CONFIGURED}"}
    for headers in (others[1], configured):
        for method, url in urls:
            assert server.request(method, url, headers=headers).status_code == 404, url
    waiting = accounts_of(server).jobs.page(limit=9)
    assert [job.state.value for job in waiting] == ["queued"] * 4


def test_an_admin_sees_and_cancels_every_keys_edit(server, new_key, photo_uri):
    mine, admin = new_key(), new_key(scopes=frozenset({Scope.ADMIN}))
    url = start(server, BFL, photo_uri, mine[1]).json()["polling_url"]
    assert server.get(url, headers=admin[1]).json()["status"] == "Pending"


def test_an_edit_remembers_who_asked_for_it(server, new_key, photo_uri, accounts_of):
    key_id, headers = new_key(priority=7)
    sent = {**headers, "X-Client-Request-Id": "order-7"}
    answers = {each.name: start(server, each, photo_uri, sent) for each in REQUESTS if not each.waits}
    by_request = {job.caller.inference_id: job for job in accounts_of(server).jobs.page(limit=9)}
    for name, answer in answers.items():
        caller = by_request[answer.headers["x-inference-id"]].caller
        assert (caller.key_id, caller.dialect, caller.client_request_id, caller.priority) == (
            key_id,
            name,
            "order-7",
            7,
        )
        assert "kontext-max" in caller.model


def test_a_key_of_the_settings_is_known_by_the_beginning_of_its_digest(server, photo_uri, accounts_of):
    start(server, BFL, photo_uri, {"Authorization": f"Bearer {CONFIGURED}"})
    (job,) = accounts_of(server).jobs.page(limit=9)
    assert job.caller.key_id == "configured_" + hashlib.sha256(CONFIGURED.encode()).hexdigest()[:8]


def test_wrong_keys_are_slowed_down_by_address_and_right_ones_that_were_used_are_not(serve, accounts_of):
    server = serve(server={"api_keys": CONFIGURED}, accounts={"failed_keys_per_minute": 3})
    used = accounts_of(server).keys.create(KeyTerms("used"))[1]
    assert server.get("/v2/logs", headers={"Authorization": f"Bearer {used}"}).status_code == 200
    statuses = [server.get("/v2/logs", headers={"Authorization": f"Bearer guess-{n}"}).status_code for n in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    refused = server.get("/v2/logs", headers={"Authorization": f"Bearer {CONFIGURED}"})
    assert refused.status_code == 429  # a guess is not even looked at, so that it could not succeed either
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert server.get("/v2/logs", headers={"Authorization": f"Bearer {used}"}).status_code == 200


def test_uploads_and_previews_need_a_key_that_may_edit(server, new_key, photo, photo_uri):
    _, reader = new_key(scopes=frozenset({Scope.READ}))
    answers = [
        server.post("/v1/files", files={"content": photo}, headers=reader),
        server.post("/api/fal/rest/storage/upload/initiate", json={}, headers=reader),
        server.post("/v1/previews", json={"image_url": photo_uri}, headers=reader),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_every_key_has_a_secret_of_its_own_for_webhooks(server, new_key):
    path = "/v1/webhooks/default/secret"
    one, two = (server.get(path, headers=new_key()[1]).json()["key"] for _ in range(2))
    configured = server.get(path, headers={"Authorization": f"Bearer {CONFIGURED}"}).json()["key"]
    assert len({one, two, configured}) == 3
    for secret in (one, two, configured):
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32


def test_a_call_for_a_keys_edit_is_signed_with_its_secret(server, new_key, photo_uri):
    _, headers = new_key()
    sent = {**BFL.body(photo_uri), "webhook_url": "https://hooks.example.org/done"}
    job_id = server.post(BFL.path, json=sent, headers=headers).json()["id"]
    webhooks = WebhookStore(server.app.state.services.accounts.database)
    shown = server.get("/v1/webhooks/default/secret", headers=headers).json()["key"]
    assert webhooks.find(job_id).target.secret == shown
