"""Who may use the server: bearer keys, compared by their SHA-256 in constant time."""

import hashlib
import hmac
import re
from collections.abc import Set
from typing import Final

from starlette.requests import Request

from retouch.errors import AuthenticationError
from retouch.jobs.models import Problem
from retouch.server.errors import ProblemError

__all__ = ["Authenticator"]

_SCHEMES: Final = frozenset({"bearer", "key"})
_LOOPBACK_HOST: Final = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)


class Authenticator:
    """Lets requests in, or raises.

    Parameters
    ----------
    key_digests : set of str
        SHA-256 of the keys, in hexadecimal. Empty is the open mode of a server that only its own machine reaches: any key
        will do, but the Host must be this machine, so that no web page gets in by pointing its own name here.
    """

    def __init__(self, key_digests: Set[str]) -> None:
        self._digests = tuple(sorted(key_digests))

    @property
    def is_open(self) -> bool:
        """Whether any key will do."""
        return not self._digests

    def check(self, request: Request) -> None:
        """Let the request pass.

        Raises
        ------
        AuthenticationError
            No key, or an unknown one.
        ProblemError
            In the open mode, the request names a host that is not this machine.
        """
        key = _presented_key(request)
        if self.is_open:
            _check_loopback_host(request)
            return
        digest = hashlib.sha256(key.encode()).hexdigest()
        # Every key is compared, so that the time says nothing about which one came near.
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        if not any(matches):
            raise AuthenticationError(
                "The API key is not known to this server. Check it, or ask the server's operator."
            )


def _presented_key(request: Request) -> str:
    """The key of ``Authorization: Bearer KEY``, ``Authorization: Key KEY`` or ``x-key: KEY``."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in _SCHEMES and key.strip():
        return key.strip()
    bare = request.headers.get("x-key", "").strip()
    if bare:
        return bare
    raise AuthenticationError("The request carries no API key. Send the header Authorization: Bearer KEY.")


def _check_loopback_host(request: Request) -> None:
    if _LOOPBACK_HOST.fullmatch(request.headers.get("host", "")) is None:
        message = (
            "This server runs without keys and answers only to its own machine's name. Its operator can configure keys."
        )
        raise ProblemError(Problem("host_not_allowed", message))
