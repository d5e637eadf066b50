import hashlib

import pytest

from retouch.errors import ConfigurationError
from retouch.server.app import create_app
from retouch.settings import load_settings
from retouch.testing import fake_registry

GENERATIONS = "/v1/images/generations"
KEY = "a-key-that-is-long-enough"


def test_without_configured_keys_any_bearer_will_do_but_one_is_needed(client, body):
    assert client.post(GENERATIONS, json=body(), headers={"Authorization": "Bearer whatever"}).status_code == 200
    answer = client.post(GENERATIONS, json=body(), headers={"Authorization": ""})
    assert answer.status_code == 401
    assert "Authorization: Bearer" in answer.json()["message"]
    assert answer.headers["www-authenticate"] == "Bearer"


def test_without_configured_keys_only_this_machines_names_are_answered_to(client, body):
    answer = client.post(GENERATIONS, json=body(), headers={"Host": "attacker.example.org"})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "host_not_allowed"
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
        assert client.post(GENERATIONS, json=body(), headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("settings", [{"api_keys": KEY}, {"api_key_hashes": hashlib.sha256(KEY.encode()).hexdigest()}])
@pytest.mark.parametrize(
    "headers", [{"Authorization": f"Bearer {KEY}"}, {"Authorization": f"key {KEY}"}, {"x-key": KEY}]
)
def test_a_configured_key_is_let_in(serve, body, settings, headers):
    client = serve(server=settings)
    assert client.post(GENERATIONS, json=body(), headers={"Authorization": "", **headers}).status_code == 200


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {KEY}", KEY, f"Bearer {KEY}x"])
def test_everything_else_is_kept_out(serve, body, value):
    client = serve(server={"api_keys": KEY})
    answer = client.post(GENERATIONS, json=body(), headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


def test_a_stranger_is_kept_out_before_the_body_is_looked_at(serve):
    client = serve(server={"api_keys": KEY})
    assert client.post(GENERATIONS, content=b"no json").status_code == 401


def test_a_server_with_keys_answers_to_any_host_name(serve, body):
    client = serve(server={"api_keys": KEY, "host": "0.0.0.0"}, base_url="http://photos.example.org")
    answer = client.post(GENERATIONS, json=body(), headers={"Authorization": f"Bearer {KEY}"})
    assert answer.json()["data"][0]["url"].startswith("http://photos.example.org/files/")


def test_a_host_header_that_is_no_host_name_never_gets_into_an_answer(serve, body):
    client = serve(server={"api_keys": KEY})
    answer = client.post(
        GENERATIONS, json=body(), headers={"Authorization": f"Bearer {KEY}", "Host": 'evil"/><script>'}
    )
    assert answer.status_code == 400
    assert "script" not in answer.text


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
def test_a_server_that_others_can_reach_refuses_to_start_without_keys(tmp_path, host):
    settings = load_settings(None, {"server": {"host": host}, "engine": {"default": "fake"}})
    with pytest.raises(ConfigurationError, match="without any API key"):
        create_app(settings, fake_registry(), tmp_path)


def test_an_unknown_default_engine_refuses_to_start(tmp_path):
    with pytest.raises(ConfigurationError, match="no engine named 'builtin'"):
        create_app(load_settings(), fake_registry(), tmp_path)


def test_a_data_folder_that_cant_be_written_refuses_to_start(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="can't be written"):
        create_app(load_settings(None, {"engine": {"default": "fake"}}), fake_registry(), tmp_path / "file")


def test_pages_of_this_machine_may_call_an_open_server_and_others_may_not(client):
    def allowed(origin):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }
        return client.options(GENERATIONS, headers=headers).headers.get("access-control-allow-origin")

    assert allowed("http://localhost:5173") == "http://localhost:5173"
    assert allowed("https://attacker.example.org") is None
    assert allowed("http://localhost.attacker.example.org") is None


def test_where_keys_are_needed_any_page_may_call(serve):
    client = serve(server={"api_keys": KEY})
    answer = client.get("/v1/models", headers={"Origin": "https://app.example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"
    exposed = answer.headers["access-control-expose-headers"].lower()
    for name in ("x-inference-id", "x-client-request-id", "x-aimlapi-credits-used", "x-aimlapi-usd-spent"):
        assert name in exposed


def test_configured_origins_are_the_only_ones(serve):
    client = serve(server={"api_keys": KEY, "cors_origins": "https://app.example.org"})
    for origin, expected in (
        ("https://app.example.org", "https://app.example.org"),
        ("https://other.example.org", None),
    ):
        assert client.get("/health", headers={"Origin": origin}).headers.get("access-control-allow-origin") == expected


def test_other_users_of_the_machine_cant_read_what_clients_send_and_get(client, body, tmp_path):
    assert client.post(GENERATIONS, json=body()).status_code == 200
    assert (tmp_path / "data" / "server").stat().st_mode & 0o077 == 0
