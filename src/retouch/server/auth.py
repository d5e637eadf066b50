"""Who may use the server: keys of the settings and of the database, found by their SHA-256.

A key is looked up, not compared with every known one. What the time of a look-up could tell is how far the SHA-256 of a guess
agrees with that of a key. To learn from that, one would have to choose guesses by their SHA-256, and would still know nothing of
the key.
"""

import asyncio
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import Request

from retouch.accounts.accounts import Accounts
from retouch.accounts.keys import Credential
from retouch.accounts.principal import ANYONE, Principal, Scope
from retouch.accounts.rates import Allowance
from retouch.accounts.secret import digest_of, is_well_formed
from retouch.errors import AuthenticationError, PermissionDeniedError, RateLimitedError
from retouch.jobs.models import Problem
from retouch.server.answer_headers import add_answer_header
from retouch.server.attempts import FailedAttempts, network_of
from retouch.server.errors import ProblemError

__all__ = ["Authenticator", "check_loopback_host", "configured_principals"]

_SCHEMES: Final = frozenset({"bearer", "key"})
_LOOPBACK_HOST: Final = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_TRUSTED_SECONDS: Final = 3.0
"""For so long a key is let in without asking the database: a key that is disabled elsewhere stops working after that."""
_MAX_REMEMBERED: Final = 4096
_WRONG_KEY: Final = "The API key is not known to this server. Check it, or ask the server's operator."


def configured_principals(digests: frozenset[str], admin_digests: frozenset[str]) -> dict[str, Principal]:
    """Return the holders of the keys of the settings, by the SHA-256 of each."""
    usual = frozenset({Scope.EDIT, Scope.READ})

    def holder(digest: str) -> Principal:
        name = f"configured_{digest[:8]}"
        return Principal(name, name, frozenset(Scope) if digest in admin_digests else usual)

    return {digest: holder(digest) for digest in digests | admin_digests}


class Authenticator:
    """Lets requests in, or raises.

    Without any key, in the settings or in the database, it is the open mode of a server that only its own machine reaches: any
    key will do, but the Host must be this machine, so that no web page gets in by pointing its own name here. The first key that
    is made ends that.

    Parameters
    ----------
    configured : mapping of str to Principal
        Holders of the keys of the settings, by SHA-256 in hexadecimal.
    accounts : Accounts
        The keys of the database, and their rates.
    failed_per_minute : int
        Wrong keys that one address may send in a minute.
    clock : callable
        Seconds since the epoch.
    """

    def __init__(
        self,
        configured: Mapping[str, Principal],
        accounts: Accounts,
        *,
        failed_per_minute: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._configured = dict(configured)
        self._accounts = accounts
        self._attempts = FailedAttempts(failed_per_minute)
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[float, Credential]] = OrderedDict()
        self._proven: set[str] = set()
        self._is_closed = bool(configured)
        self._open_until = 0.0

    async def check(self, request: Request, *scopes: Scope) -> Principal:
        """Let the request pass, and note in its state who sends it.

        Parameters
        ----------
        request : Request
        *scopes : Scope
            Of which the key needs one; an admin's key always will do. With ``Scope.EDIT`` alone among them the request counts
            against the key's requests a minute.

        Raises
        ------
        AuthenticationError
            No key, an unknown one, or one that is no longer valid.
        PermissionDeniedError
            The key may not be used for this.
        RateLimitedError
            The key has sent as many requests as it may, or the address too many wrong keys.
        ProblemError
            In the open mode, the request names a host that is not this machine.
        """
        key = _presented_key(request)
        digest = digest_of(key)
        credential = None
        principal = self._configured_holder(request, digest)
        if principal is None and await self.is_open():
            check_loopback_host(request)
            principal = ANYONE
        if principal is None:
            credential = await self._open_with(request, key, digest)
            principal = credential.key.principal
        request.state.principal = principal
        if not principal.is_admin and not principal.scopes.intersection(scopes):
            raise PermissionDeniedError(
                f"This needs a key with the scope {' or '.join(scopes)}; this one has {', '.join(sorted(principal.scopes))}."
            )
        if credential is not None and scopes == (Scope.EDIT,):
            await self._take_request(request, credential)
        return principal

    def _configured_holder(self, request: Request, digest: str) -> Principal | None:
        principal = self._configured.get(digest)
        if principal is not None and digest not in self._proven:
            self._check_attempts(request)
            self._proven.add(digest)
        return principal

    def _check_attempts(self, request: Request) -> str:
        """Return the address of a request; raise ``RateLimitedError`` while no key of it is looked at.

        A key that was right before does not come here, so that no neighbour behind the same address can shut its holder out.
        """
        network = network_of(None if request.client is None else request.client.host)
        wait = self._attempts.wait_seconds(network)
        if wait:
            raise RateLimitedError("Too many wrong keys came from this address.", retry_after_seconds=wait)
        return network

    def forget(self) -> None:
        """Ask the database about every key again: one was changed in this process."""
        self._remembered.clear()
        self._open_until = 0.0

    async def is_open(self) -> bool:
        """Whether there is no key at all. Keys are never deleted, so it needs to be asked only until the first one is there."""
        if not self._is_closed and self._clock() >= self._open_until:
            self._is_closed = await asyncio.to_thread(self._accounts.keys.any_exist)
            self._open_until = self._clock() + _TRUSTED_SECONDS
        return not self._is_closed

    async def _open_with(self, request: Request, key: str, digest: str) -> Credential:
        """Return what a key of the database opens."""
        now = self._clock()
        asked_at, credential = self._remembered.get(digest, (-math.inf, None))
        if credential is None or now - asked_at >= _TRUSTED_SECONDS:
            network = "" if credential is not None else self._check_attempts(request)
            credential = await self._look_up(key, digest, now)
            if credential is None:
                self._attempts.note(network)
                raise AuthenticationError(_WRONG_KEY)
        refusal = credential.refusal(now)
        if refusal is not None:
            raise AuthenticationError(refusal)
        return credential

    async def _look_up(self, key: str, digest: str, now: float) -> Credential | None:
        """Ask the database, unless the key's own checksum says already that it is none."""
        credential = None
        if is_well_formed(key):
            credential = await asyncio.to_thread(self._accounts.keys.authenticate, digest)
        if credential is None:
            self._remembered.pop(digest, None)
            return None
        self._remembered[digest] = (now, credential)
        self._remembered.move_to_end(digest)
        if len(self._remembered) > _MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return credential

    async def _take_request(self, request: Request, credential: Credential) -> None:
        per_minute = credential.key.terms.requests_per_minute
        if per_minute is None:
            return
        allowance = await asyncio.to_thread(self._accounts.rates.take, credential.key.id, per_minute)
        _tell_allowance(request, allowance)
        if allowance.retry_after_seconds is not None:
            raise RateLimitedError(
                f"The key may send {per_minute} requests a minute. Too Many Requests.",
                retry_after_seconds=allowance.retry_after_seconds,
            )


def _tell_allowance(request: Request, allowance: Allowance) -> None:
    """Have the answer carry the fields of draft-ietf-httpapi-ratelimit-headers."""
    add_answer_header(request, "RateLimit-Policy", f'"requests";q={allowance.limit};w=60')
    add_answer_header(request, "RateLimit", f'"requests";r={allowance.remaining};t={allowance.reset_seconds}')


def _presented_key(request: Request) -> str:
    """The key of ``Authorization: Bearer KEY``, ``Authorization: Key KEY`` or ``x-key: KEY``."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in _SCHEMES and key.strip():
        return key.strip()
    bare = request.headers.get("x-key", "").strip()
    if bare:
        return bare
    raise AuthenticationError("The request carries no API key. Send the header Authorization: Bearer KEY.")


def check_loopback_host(request: Request) -> None:
    """Raise ``ProblemError`` unless the request names this machine as its host, as no web page from elsewhere can."""
    if _LOOPBACK_HOST.fullmatch(request.headers.get("host", "")) is None:
        message = (
            "This server runs without keys and answers only to its own machine's name. Its operator can configure keys."
        )
        raise ProblemError(Problem("host_not_allowed", message))
