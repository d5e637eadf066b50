"""Credits and the log of requests, as a key's holder sees them."""

import datetime
import time

import pytest
from tests.api.dialect_requests import REQUESTS

from retouch.accounts.keys import KeyTerms
from retouch.accounts.principal import Scope
from retouch.testing import REFUSED_WORD

GENERATIONS = "/v1/images/generations"
PRICE = 4
CONFIGURED = "a-key-that-is-long-enough"


@pytest.fixture
def server(serve):
    return serve(server={"api_keys": CONFIGURED}, accounts={"credits_per_image": PRICE, "usd_per_credit": "0.0125"})


@pytest.fixture
def new_key(server):
    def make(credits=100, **terms):
        keys = server.app.state.services.accounts.keys
        key, secret = keys.create(KeyTerms("test", **{"is_unlimited": False, **terms}), credits)
        return key.id, {"Authorization": f"Bearer {secret}"}

    return make


def logs_of(server, headers, count):
    """The rows of the log, once there are so many: those of refused requests are written a moment after the answer."""
    for _ in range(200):
        rows = server.get("/v2/logs", headers=headers).json()["data"]
        if len(rows) == count:
            return rows
        time.sleep(0.02)
    raise AssertionError(rows)


def test_an_answer_says_what_the_ledger_charged_in_headers_and_body(server, new_key, body):
    _, headers = new_key()
    answer = server.post(GENERATIONS, json=body(num_images=3), headers=headers)
    assert answer.headers["x-aimlapi-credits-used"] == "12"
    assert answer.headers["x-aimlapi-usd-spent"] == "0.15"
    assert answer.json()["meta"]["usage"]["credits_used"] == 12
    balance = server.get("/v2/billing", headers=headers)
    assert balance.json() == {"current_balance": 88 * 0.0125, "currency": "USD", "unlimited": False, "credits": 88}
    assert balance.headers["x-aimlapi-credits-used"] == "0"


@pytest.mark.parametrize("name", ["openai", "replicate", "fal"])
def test_every_dialect_that_waits_says_it_too(server, new_key, photo_uri, name):
    dialect = next(each for each in REQUESTS if each.name == name)
    path = dialect.path.replace("/falq/", "/fal/")
    _, headers = new_key()
    answer = server.post(path, json=dialect.body(photo_uri), headers={**headers, "Prefer": "wait"})
    assert answer.headers["x-aimlapi-credits-used"] == "4"
    assert answer.headers["x-aimlapi-usd-spent"] == "0.05"


def test_a_failed_request_costs_nothing(server, new_key, body):
    _, headers = new_key()
    for wrong in (body(prompt=f"Do the {REFUSED_WORD}."), body(seed=-1), body(image_url="data:image/png;base64,AAAA")):
        answer = server.post(GENERATIONS, json=wrong, headers=headers)
        assert answer.status_code == 400
        assert answer.headers["x-aimlapi-credits-used"] == "0"
    assert server.get("/v2/billing", headers=headers).json()["credits"] == 100
    assert [each["type"] for each in server.get("/v2/billing/transactions", headers=headers).json()["data"]] == [
        "credit"
    ]
    assert server.app.state.services.accounts.audit().faults == ()


def test_a_charge_refers_to_its_request(server, new_key, body):
    key_id, headers = new_key()
    answer = server.post(GENERATIONS, json=body(), headers=headers)
    charge, grant = server.get("/v2/billing/transactions", headers=headers).json()["data"]
    assert charge["reference_id"] == answer.headers["x-inference-id"]
    assert (charge["type"], charge["credits"], charge["amount"], charge["key_id"]) == ("charge", -4, -0.05, key_id)
    assert (grant["type"], grant["credits"], grant["reference_id"]) == ("credit", 100, "with the key")
    assert abs(datetime.datetime.fromisoformat(charge["created_at"]).timestamp() - time.time()) < 300


def test_transactions_come_in_pages_the_newest_first(server, new_key):
    key_id, headers = new_key()
    for amount in range(1, 5):
        server.app.state.services.accounts.ledger.grant(key_id, amount)
    seen, cursor = [], ""
    while cursor is not None:
        page = server.get(f"/v2/billing/transactions?limit=2{cursor}", headers=headers).json()
        seen += [each["credits"] for each in page["data"]]
        assert page["has_more"] == (page["next_cursor"] is not None)
        cursor = None if page["next_cursor"] is None else f"&cursor={page['next_cursor']}"
    assert seen == [4, 3, 2, 1, 100]


def test_a_wrong_page_is_refused(server, new_key):
    _, headers = new_key()
    for query in ("limit=0", "limit=101", "limit=x", "limit=%C2%B2", "cursor=abc", "cursor=", "key_id=a%00b"):
        answer = server.get(f"/v2/logs?{query}", headers=headers)
        assert answer.status_code == 400, query
        assert answer.json()["details"][0]["field"] == query.partition("=")[0]


def test_the_older_balance_is_in_credits(server, new_key):
    said = server.get("/v1/billing/balance", headers=new_key(credits=100)[1]).json()
    assert (said["balance"], said["lowBalance"], said["lowBalanceThreshold"], said["status"]) == (
        100,
        False,
        100,
        "current",
    )
    low = server.get("/v1/billing/balance", headers=new_key(credits=99)[1]).json()
    assert (low["lowBalance"], low["status"]) == (True, "low")
    assert set(low) == {
        "balance", "lowBalance", "lowBalanceThreshold", "lastUpdated", "autoDebitStatus", "status", "statusExplanation",
    }  # fmt: skip


@pytest.mark.parametrize("configured", [True, False])
def test_a_key_that_is_not_limited_has_enough_for_every_client(server, new_key, configured):
    headers = {"Authorization": f"Bearer {CONFIGURED}"} if configured else new_key(credits=0, is_unlimited=True)[1]
    said = server.get("/v2/billing", headers=headers).json()
    assert said == {"current_balance": 1_000_000.0, "currency": "USD", "unlimited": True}
    assert server.get("/v1/billing/balance", headers=headers).json()["lowBalance"] is False


def test_the_log_has_a_row_for_each_request_refused_ones_included_and_no_prompt(server, new_key, body):
    key_id, headers = new_key()
    good = server.post(GENERATIONS, json=body(num_images=2), headers={**headers, "X-Client-Request-Id": "order-7"})
    invalid = server.post(GENERATIONS, json=body(seed=-1), headers=headers)
    refused = server.post(GENERATIONS, json=body(prompt=f"Do the {REFUSED_WORD}."), headers=headers)
    server.get("/v2/billing", headers=headers)  # asks for no edit
    rows = {row["inference_id"]: row for row in logs_of(server, headers, 3)}
    row = rows[good.headers["x-inference-id"]]
    assert (row["status"], row["error"], row["credits"], row["cost"], row["images"]) == ("succeeded", None, 8, 0.1, 2)
    assert (row["client_request_id"], row["key_id"], row["dialect"], row["engine"]) == (
        "order-7",
        key_id,
        "aimlapi",
        "fake",
    )
    assert row["model"] == "flux/kontext-max/image-to-image"
    row = rows[invalid.headers["x-inference-id"]]
    assert (row["status"], row["error"], row["cost"], row["images"]) == ("refused", "invalid_value", 0.0, 0)
    row = rows[refused.headers["x-inference-id"]]
    assert (row["status"], row["error"], row["cost"]) == ("failed", "unsupported_instruction", 0.0)
    assert "bird" not in str(rows)


def test_everybody_sees_their_own_rows_and_an_admin_everybodys(server, new_key, body):
    mine, others, admin = new_key(), new_key(), new_key(scopes=frozenset({Scope.ADMIN}))
    server.post(GENERATIONS, json=body(), headers=mine[1])
    for path in ("/v2/logs", "/v2/billing/transactions"):
        assert all(row["key_id"] == others[0] for row in server.get(path, headers=others[1]).json()["data"])
        asked = server.get(f"{path}?key_id={mine[0]}", headers=others[1])
        assert asked.status_code == 403
        assert "admin" in asked.json()["message"]
        shown = server.get(f"{path}?key_id={mine[0]}", headers=admin[1]).json()["data"]
        assert shown
        assert {row["key_id"] for row in shown} == {mine[0]}
        assert mine[0] in {row["key_id"] for row in server.get(f"{path}?key_id=all", headers=admin[1]).json()["data"]}
    assert server.get(f"/v2/billing?key_id={mine[0]}", headers=admin[1]).json()["credits"] == 96
    assert server.get("/v2/billing?key_id=key_none", headers=admin[1]).status_code == 404
    assert server.get("/v2/billing?key_id=all", headers=admin[1]).status_code == 404


def test_a_key_that_may_only_edit_does_not_see_its_balance(server, new_key):
    answer = server.get("/v2/billing", headers=new_key(scopes=frozenset({Scope.EDIT}))[1])
    assert answer.status_code == 403
    assert "scope read" in answer.json()["message"]


def test_without_prices_nothing_is_charged(client, body):
    answer = client.post(GENERATIONS, json=body())
    assert answer.headers["x-aimlapi-credits-used"] == "0"
    assert answer.json()["meta"]["usage"]["credits_used"] == 0
    (row,) = client.get("/v2/logs").json()["data"]
    assert (row["status"], row["key_id"], row["cost"]) == ("succeeded", "anyone", 0.0)
    assert client.get("/v2/billing/transactions").json() == {"data": [], "has_more": False, "next_cursor": None}


def test_the_log_has_what_a_limit_or_a_scope_refused_and_what_was_sent_again(server, new_key, body):
    _, headers = new_key(requests_per_minute=2)
    first = server.post(GENERATIONS, json=body(), headers={**headers, "Idempotency-Key": "k"})
    again = server.post(GENERATIONS, json=body(), headers={**headers, "Idempotency-Key": "k"})
    assert again.headers["idempotent-replayed"] == "true"
    over = server.post(GENERATIONS, json=body(), headers=headers)
    assert (first.status_code, again.status_code, over.status_code) == (200, 200, 429)
    rows = {row["inference_id"]: row for row in logs_of(server, headers, 3)}
    said = [
        (row["status"], row["error"], row["credits"], row["images"], row["model"] != "")
        for row in (rows[each.headers["x-inference-id"]] for each in (first, again, over))
    ]
    assert said == [
        ("succeeded", None, PRICE, 1, True),
        ("replayed", None, 0, 0, True),
        ("refused", "rate_limited", 0, 0, False),
    ]
    _, reader = new_key(scopes=frozenset({Scope.READ}))
    refused = server.post(GENERATIONS, json=body(), headers=reader)
    assert refused.status_code == 403
    (row,) = logs_of(server, reader, 1)
    assert (row["inference_id"], row["error"]) == (refused.headers["x-inference-id"], "permission_denied")
