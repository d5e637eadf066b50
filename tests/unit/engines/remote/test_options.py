import pytest

from retouch.engines.remote.options import RemoteOptions
from retouch.errors import ConfigurationError

KEY = "operators-own-secret-key"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.org/v1",
        "http://127.0.0.1:8000/v1",
        "http://[::1]:8000/v1",
        "http://10.1.2.3/v1",
        "http://localhost/v1",
        "http://gpu-box:8000/v1",
        "http://gpu.internal/v1",
    ],
)
def test_a_key_goes_over_tls_or_stays_in_a_private_network(url):
    options = RemoteOptions(url, api_key=KEY)
    assert KEY not in repr(options)


@pytest.mark.parametrize("url", ["http://api.example.org/v1", "http://8.8.8.8/v1", "http://[2001:4860:4860::8888]/v1"])
def test_a_key_without_tls_is_refused(url):
    with pytest.raises(ConfigurationError, match="unencrypted"):
        RemoteOptions(url, api_key=KEY)
    assert RemoteOptions(url).url == url


@pytest.mark.parametrize(
    "url", ["", "ftp://x/v1", "http://", "http://a b/v1", "http://x:notaport", "http://[x/", "http://ü.de"]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(ConfigurationError, match=r"remote\.url"):
        RemoteOptions(url)


@pytest.mark.parametrize("url", ["https://user:pass-word@x/v1", "https://x/v1?key=pass-word", "https://x/#pass-word"])
def test_secrets_in_the_url_are_refused_and_not_shown(url):
    with pytest.raises(ConfigurationError) as caught:
        RemoteOptions(url)
    assert "pass-word" not in caught.value.message


def test_a_key_that_breaks_a_header_is_refused():
    with pytest.raises(ConfigurationError) as caught:
        RemoteOptions("https://x/v1", api_key="secret\r\nX-Evil: 1")
    assert "secret" not in caught.value.message
