"""Where the remote server is, what it speaks, and how long it is waited for."""

import ipaddress
import urllib.parse
from dataclasses import dataclass, field
from typing import Final, Literal

from retouch.errors import ConfigurationError
from retouch.fetch import is_public_address

__all__ = ["RemoteOptions", "RemoteProtocol"]

RemoteProtocol = Literal["openai", "retouch", "aimlapi", "bfl"]
"""What the remote server speaks: OpenAI's edits form, the same as another Retouch takes it, the AI/ML API, or BFL's polling."""

_PRIVATE_ENDINGS: Final = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """How the engine "remote" works.

    Attributes
    ----------
    url : str
        Base of the remote API with its version, as clients have it: ``http://10.0.0.5:8000/v1``.
    protocol : {"openai", "retouch", "aimlapi", "bfl"}
        What it speaks.
    model : str or None
        The model that it is asked for. None: what the client named, where the protocol needs a model.
    api_key : str or None
        The operator's key. Goes to the remote server and nowhere else.
    image_field : str or None
        Name of the form's pictures in the OpenAI form; None: ``image`` for one and ``image[]`` for several.
    timeout_seconds : float
        For one edit, with every attempt and the download of the picture.
    max_attempts : int
        How often a request is sent that could not be delivered, or that was answered with 429 or a 5xx status.
    backoff_seconds : float
        Upper bound of the first random wait between attempts; it doubles each time.
    breaker_failures : int
        After so many failures in a row the server is left alone.
    breaker_seconds : float
        For so long; then one request tries whether it is back.
    max_answer_bytes : int
        Of an answer, and of a picture that is fetched.

    Raises
    ------
    ConfigurationError
        The URL is none, or the key would travel unencrypted over the internet. The message never holds URL or key.
    """

    url: str
    protocol: RemoteProtocol = "openai"
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    image_field: str | None = None
    timeout_seconds: float = 120.0
    max_attempts: int = 3
    backoff_seconds: float = 0.5
    breaker_failures: int = 5
    breaker_seconds: float = 30.0
    max_answer_bytes: int = 64 * 2**20

    def __post_init__(self) -> None:
        try:
            parts = urllib.parse.urlsplit(self.url)
            _ = parts.port
        except ValueError as exc:
            raise ConfigurationError("The setting remote.url is not a URL.") from exc
        if parts.scheme not in ("http", "https") or not parts.hostname or not self.url.isascii() or " " in self.url:
            raise ConfigurationError(
                "The setting remote.url must be an http:// or https:// URL, such as http://10.0.0.5:8000/v1."
            )
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ConfigurationError(
                "The setting remote.url must hold no user name, password, query or fragment. A key goes into remote.api_key."
            )
        if self.api_key is not None and not _fits_a_header(self.api_key):
            raise ConfigurationError("The setting remote.api_key must be printable ASCII without spaces.")
        if self.api_key is not None and parts.scheme == "http" and not may_be_private(parts.hostname):
            raise ConfigurationError(
                "The setting remote.api_key would travel unencrypted: use an https:// URL, or a server in a private network."
            )

    @property
    def base_url(self) -> str:
        """The URL without a slash at its end."""
        return self.url.rstrip("/")

    @property
    def must_be_private(self) -> bool:
        """Whether a connection to a public address would show the key to whoever listens."""
        return self.api_key is not None and self.url.startswith("http://")


def may_be_private(host: str) -> bool:
    """Tell whether a host can be one of this machine or of a private network, as far as its name tells.

    >>> may_be_private("10.0.0.5"), may_be_private("gpu-box"), may_be_private("api.example.org")
    (True, True, False)
    """
    try:
        return not is_public_address(ipaddress.ip_address(host))
    except ValueError:
        return "." not in host or host.lower().endswith(_PRIVATE_ENDINGS)


def _fits_a_header(key: str) -> bool:
    return bool(key) and all(33 <= ord(character) <= 126 for character in key)
