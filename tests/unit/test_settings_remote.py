import pytest

from retouch.errors import ConfigurationError
from retouch.settings import load_settings

KEY = "operators-own-secret-key"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    monkeypatch.delenv("RETOUCH_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_a_url_there_is_no_remote_server():
    settings = load_settings()
    assert settings.remote.options() is None
    assert settings.routing.options(has_remote=False).order == ("builtin",)


def test_the_environment_sets_up_a_remote_server(monkeypatch):
    monkeypatch.setenv("RETOUCH_REMOTE__URL", "https://api.bfl.ai/v1")
    monkeypatch.setenv("RETOUCH_REMOTE__PROTOCOL", "bfl")
    monkeypatch.setenv("RETOUCH_REMOTE__API_KEY", KEY)
    settings = load_settings()
    options = settings.remote.options()
    assert options is not None
    assert (options.protocol, options.api_key) == ("bfl", KEY)
    assert KEY not in repr(settings) + repr(options)
    assert settings.routing.options(has_remote=True).order == ("builtin", "remote")


def test_a_key_without_tls_is_refused_and_not_shown(monkeypatch):
    monkeypatch.setenv("RETOUCH_REMOTE__URL", "http://api.example.org/v1")
    monkeypatch.setenv("RETOUCH_REMOTE__API_KEY", KEY)
    with pytest.raises(ConfigurationError, match="unencrypted") as caught:
        load_settings()
    assert KEY not in caught.value.message


def test_a_wrong_value_beside_a_key_does_not_show_the_key(monkeypatch):
    monkeypatch.setenv("RETOUCH_REMOTE__URL", "https://api.example.org/v1")
    monkeypatch.setenv("RETOUCH_REMOTE__API_KEY", KEY)
    monkeypatch.setenv("RETOUCH_REMOTE__PROTOCOL", "soap")
    with pytest.raises(ConfigurationError, match=r"remote\.protocol") as caught:
        load_settings()
    assert KEY not in caught.value.message


def test_orders_come_from_the_environment_and_from_a_file(monkeypatch, tmp_path):
    monkeypatch.setenv("RETOUCH_ROUTING__ORDER", "builtin, flux,remote")
    file = tmp_path / "retouch.toml"
    file.write_text(
        "[routing]\nmax_running = 2\n[routing.models]\n"
        '"flux/kontext-pro/image-to-image" = ["remote"]\n"other" = "builtin, remote"\n'
    )
    options = load_settings(file).routing.options(has_remote=True)
    assert options.order == ("builtin", "flux", "remote")
    assert options.models == {"flux/kontext-pro/image-to-image": ("remote",), "other": ("builtin", "remote")}
    assert options.max_running == 2


@pytest.mark.parametrize("order", ["auto", "builtin,builtin", ","])
def test_an_order_that_cannot_be_is_refused(monkeypatch, order):
    monkeypatch.setenv("RETOUCH_ROUTING__ORDER", order)
    with pytest.raises(ConfigurationError, match=r"routing\.order"):
        load_settings()
