import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from retouch.errors import ConfigurationError
from retouch.settings import Settings, load_settings

LONG_KEY = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("RETOUCH_"):
            monkeypatch.delenv(name)


@pytest.fixture
def toml(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "retouch.toml"
        path.write_text(text)
        return path

    return write


def test_the_command_line_wins_over_the_environment_over_the_file_over_the_default(monkeypatch, toml):
    path = toml("[server]\nport = 1001\nhost = '::1'\n[queue]\nworkers = 5\nmax_waiting = 6\n")
    monkeypatch.setenv("RETOUCH_SERVER__PORT", "1002")
    monkeypatch.setenv("RETOUCH_QUEUE__WORKERS", "3")

    settings = load_settings(path, {"server": {"port": 1003, "host": None}})

    assert settings.server.port == 1003
    assert settings.queue.workers == 3
    assert settings.server.host == "::1"
    assert settings.queue.max_waiting == 6
    assert settings.queue.max_attempts == 2


def test_the_file_may_be_named_by_the_environment(monkeypatch, toml):
    monkeypatch.setenv("RETOUCH_CONFIG", str(toml("[server]\nport = 1001\n")))
    assert load_settings().server.port == 1001


def test_keys_come_separated_by_commas_and_are_compared_as_hashes(monkeypatch):
    monkeypatch.setenv("RETOUCH_SERVER__API_KEYS", f"{LONG_KEY}, another-long-key-here")
    stored = hashlib.sha256(b"a third").hexdigest()
    monkeypatch.setenv("RETOUCH_SERVER__API_KEY_HASHES", stored.upper())

    server = load_settings().server

    assert hashlib.sha256(LONG_KEY.encode()).hexdigest() in server.key_digests
    assert stored in server.key_digests
    assert len(server.key_digests) == 3
    assert LONG_KEY not in repr(server)


def test_settings_are_frozen():
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.server.port = 1


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("RETOUCH_SERVER__PROT", "1", "no setting server.prot"),
        ("RETOUCH_SERVR__PORT", "1", "names no group"),
        ("RETOUCH_SERVER__PORT", "70000", "server.port"),
        ("RETOUCH_QUEUE__WORKERS", "many", "'many'"),
        ("RETOUCH_SERVER__PUBLIC_URL", "ftp://x", "server.public_url"),
        ("RETOUCH_SERVER__API_KEY_HASHES", "abc", "64 hexadecimal digits"),
        ("RETOUCH_SERVER", "no json", "can't be read"),
    ],
)
def test_a_wrong_variable_is_refused_by_name(monkeypatch, variable, value, said):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert said in caught.value.message


def test_a_short_key_is_refused_without_showing_it(monkeypatch):
    monkeypatch.setenv("RETOUCH_SERVER__API_KEYS", "hunter2")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "16 characters" in caught.value.message
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server\n", "not valid TOML"),
        ("[server]\nprot = 1\n", "no setting server.prot. Did you mean server.port?"),
        ("[server]\nzzz = 1\n", "no setting server.zzz. The settings of server: host, port,"),
        ("[sever]\n", "no setting sever. Did you mean server?"),
        ("[web]\n", "no setting web. "),
    ],
)
def test_a_wrong_file_is_refused_by_name(toml, text, said):
    with pytest.raises(ConfigurationError) as caught:
        load_settings(toml(text))
    assert said in caught.value.message


def test_a_file_that_is_not_there_is_an_error_not_an_empty_file(tmp_path):
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_settings(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("host", "is_loopback"), [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("10.0.0.1", False)]
)
def test_only_loopback_counts_as_this_machine(host, is_loopback):
    assert load_settings(None, {"server": {"host": host}}).server.is_loopback is is_loopback


def test_the_reference_page_is_current():
    script = Path(__file__).resolve().parents[2] / "scripts" / "make_settings_reference.py"
    checked = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("group", Settings.model_fields)
def test_every_setting_is_described(group):
    model = Settings.model_fields[group].annotation
    assert Settings.model_fields[group].description
    assert all(field.description.endswith(".") for field in model.model_fields.values())
