"""The admin API."""

import hashlib

import pytest
from tests.api.dialect_requests import REQUESTS

ADMIN_KEY = "an-admin-key-of-the-settings"
KEYS = "/admin/v1/keys"
BFL = next(each for each in REQUESTS if each.name == "bfl")


@pytest.fixture
def admin(serve):
    """A client with an admin's key; no worker takes a job."""
    digest = hashlib.sha256(ADMIN_KEY.encode()).hexdigest()
    client = serve(server={"admin_key_hashes": digest}, queue={"workers": 0}, accounts={"credits_per_image": 2})
    client.headers["authorization"] = f"Bearer {ADMIN_KEY}"
    return client


def with_secret(made):
    return {"Authorization": f"Bearer {made['secret']}"}


def test_a_key_is_made_used_changed_and_disabled(admin, photo_uri):
    answer = admin.post(KEYS, json={"name": "phone app", "priority": 5, "images_per_day": 10, "credits": 9})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["name"], made["scopes"], made["credits"], made["unlimited"]) == (
        "phone app",
        ["edit", "read"],
        9,
        False,
    )
    assert made["begins_with"] == [made["secret"][:7]]
    assert admin.post(BFL.path, json=BFL.body(photo_uri), headers=with_secret(made)).status_code == 200

    url = f"{KEYS}/{made['id']}"
    shown = admin.get(url).json()
    assert "secret" not in shown
    assert (shown["credits"], shown["last_used_at"] is not None) == (7, True)
    changed = admin.patch(
        url, json={"images_per_day": None, "scopes": ["read"], "expires_at": "2100-01-01T00:00:00Z"}
    ).json()
    assert (changed["images_per_day"], changed["scopes"], changed["priority"]) == (None, ["read"], 5)
    assert changed["expires_at"] == "2100-01-01T00:00:00.000Z"
    assert admin.post(BFL.path, json=BFL.body(photo_uri), headers=with_secret(made)).status_code == 403

    assert admin.patch(url, json={"disabled": True}).json()["disabled_at"] is not None
    assert admin.get("/v2/logs", headers=with_secret(made)).status_code == 401  # at once in this process
    assert admin.patch(url, json={"disabled": False}).json()["disabled_at"] is None
    assert admin.get("/v2/logs", headers=with_secret(made)).status_code == 200


def test_a_rotated_key_has_both_secrets_or_only_the_new_one(admin):
    made = admin.post(KEYS, json={"name": "one"}).json()
    rotated = admin.post(f"{KEYS}/{made['id']}/rotate", json={})
    assert rotated.status_code == 201
    for each in (made, rotated.json()):
        assert admin.get("/v2/logs", headers=with_secret(each)).status_code == 200
    at_once = admin.post(f"{KEYS}/{made['id']}/rotate", json={"grace_seconds": 0}).json()
    statuses = [
        admin.get("/v2/logs", headers=with_secret(each)).status_code for each in (made, rotated.json(), at_once)
    ]
    assert statuses == [401, 401, 200]
    assert at_once["begins_with"] == [at_once["secret"][:7]]


def test_credits_are_given_with_a_note_that_the_holder_sees(admin):
    made = admin.post(KEYS, json={"name": "one", "credits": 0}).json()
    url = f"{KEYS}/{made['id']}/credits"
    assert admin.post(url, json={"credits": 50, "reference": "invoice 7"}).json()["credits"] == 50
    assert admin.post(url, json={"credits": -20}).json()["credits"] == 30
    newest, oldest = admin.get("/v2/billing/transactions", headers=with_secret(made)).json()["data"]
    assert (newest["type"], oldest["reference_id"]) == ("debit", "invoice 7")
    assert admin.post(url, json={"credits": 0}).status_code == 400
    assert admin.post(url, json={}).status_code == 400


WRONG = (
    ({}, "name"),
    ({"name": ""}, "name"),
    ({"name": "x", "scopes": ["root"]}, "scopes"),
    ({"name": "x", "scopes": []}, "scopes"),
    ({"name": "x", "max_wating": 1}, "max_wating"),
    ({"name": "x", "max_waiting": 0}, "max_waiting"),
    ({"name": "x", "expires_at": "2100-01-01"}, "expires_at"),
    ({"name": "x", "expires_at": 5}, "expires_at"),
    ({"name": "x", "credits": -1}, "credits"),
    ({"name": "x", "unlimited": "yes"}, "unlimited"),
    ({"name": "x", "priority": None}, "priority"),
)


def test_a_wrong_field_is_named_and_no_key_is_made(admin):
    for body, field in WRONG:
        answer = admin.post(KEYS, json=body)
        assert answer.status_code == 400, body
        assert answer.json()["details"][0]["field"] == field
    assert admin.get(KEYS).json()["data"] == []


def test_a_key_that_would_have_expired_already_is_not_made(admin):
    answer = admin.post(KEYS, json={"name": "x", "expires_at": "2001-01-01T00:00:00Z"})
    assert answer.status_code == 400
    assert "expires_at must be a time to come" in answer.json()["message"]


def test_what_is_not_there_is_not_found(admin):
    assert admin.get(f"{KEYS}/key_none").status_code == 404
    assert admin.patch(f"{KEYS}/key_none", json={"name": "x"}).status_code == 404
    assert admin.post(f"{KEYS}/key_none/rotate", json={}).status_code == 404
    assert admin.post(f"{KEYS}/key_none/credits", json={"credits": 1}).status_code == 404
    assert admin.post("/admin/v1/jobs/none/cancel").status_code == 404
    assert admin.get(f"{KEYS}?cursor=key_none").status_code == 404


def test_lists_come_in_pages(admin):
    for number in range(3):
        admin.post(KEYS, json={"name": f"key {number}"})
    first = admin.get(f"{KEYS}?limit=2").json()
    second = admin.get(f"{KEYS}?limit=2&cursor={first['next_cursor']}").json()
    assert [key["name"] for key in first["data"] + second["data"]] == ["key 2", "key 1", "key 0"]
    assert (first["has_more"], second["has_more"], second["next_cursor"]) == (True, False, None)


def test_the_edits_of_all_keys_are_listed_and_cancelled(admin, photo_uri):
    one, two = (admin.post(KEYS, json={"name": name}).json() for name in ("one", "two"))
    for made in (one, one, two):
        admin.post(BFL.path, json=BFL.body(photo_uri), headers=with_secret(made))
    listed = admin.get("/admin/v1/jobs?state=queued").json()["data"]
    assert [job["key_id"] for job in listed] == [two["id"], one["id"], one["id"]]
    assert "bird" not in str(listed)
    ended = admin.post(f"/admin/v1/jobs/{listed[0]['id']}/cancel").json()
    assert (ended["state"], ended["ended_at"] is not None) == ("cancelled", True)
    assert len(admin.get("/admin/v1/jobs?state=queued").json()["data"]) == 2
    assert len(admin.get(f"/admin/v1/jobs?key_id={two['id']}").json()["data"]) == 1
    first = admin.get("/admin/v1/jobs?limit=1").json()
    rest = admin.get(f"/admin/v1/jobs?cursor={first['next_cursor']}").json()
    assert [job["id"] for job in first["data"] + rest["data"]] == [job["id"] for job in listed]
    assert admin.get("/admin/v1/jobs?state=lost").status_code == 400


def test_usage_is_listed_by_key_and_day(admin, photo_uri):
    made = admin.post(KEYS, json={"name": "one"}).json()
    for _ in range(2):
        admin.post(BFL.path, json=BFL.body(photo_uri), headers=with_secret(made))
    (day,) = admin.get("/admin/v1/usage").json()["data"]
    assert (day["key_id"], day["edits"], day["images"], day["failed"], day["credits"]) == (made["id"], 2, 2, 0, 0)
    assert admin.get(f"/admin/v1/usage?since={day['day']}&key_id={made['id']}").json()["data"] == [day]
    assert admin.get("/admin/v1/usage?since=2100-01-01").json()["data"] == []
    for wrong in (
        "since=yesterday",
        "since=2026-13-01",
        "since=2026-W47-7",
        "cursor=x",
        f"cursor={day['day']}.a%00b",
        "key_id=%00",
    ):
        assert admin.get(f"/admin/v1/usage?{wrong}").status_code == 400


def test_other_keys_are_kept_out(admin):
    made = admin.post(KEYS, json={"name": "one"}).json()
    for method, path in (("GET", KEYS), ("POST", KEYS), ("GET", "/admin/v1/jobs"), ("GET", "/admin/v1/usage")):
        assert admin.request(method, path, headers=with_secret(made)).status_code == 403
        assert admin.request(method, path, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_server_without_keys_has_no_admin_api_and_no_key_can_be_made_over_http(client):
    answer = client.post(KEYS, json={"name": "mine now", "scopes": ["admin"]})
    assert answer.status_code == 403
    assert "retouch keys create" in answer.json()["message"]
    assert client.get("/v2/logs").status_code == 200
