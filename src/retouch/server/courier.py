"""Tells those who asked for it that an edit has ended: signed, tried again until it is heard, never at addresses inside.

A call carries the headers of the Standard Webhooks specification (https://www.standardwebhooks.com): ``webhook-id``, the same in
every attempt, ``webhook-timestamp``, and ``webhook-signature``, an HMAC-SHA256 of id, timestamp and body.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from retouch.errors import AddressNotAllowedError, NotFoundError, RetouchError
from retouch.fetch import FetchPolicy, post
from retouch.jobs.models import WebhookTarget
from retouch.jobs.webhooks import Delivery, DeliveryState, WebhookStore
from retouch.telemetry.catalog import WEBHOOK_ATTEMPTS
from retouch.telemetry.measures import count

__all__ = ["BodyOf", "Courier", "new_secret", "signed_headers"]

_PAUSES_SECONDS: Final = (10.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0)
"""Between attempts; after the last of them the call is given up."""
_LEASE_SECONDS: Final = 60.0
_IDLE_SECONDS: Final = 1.0
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105  (of the written form; no secret)
_SECRET_BYTES: Final = 32

_log = logging.getLogger(__name__)

BodyOf = Callable[[str, WebhookTarget], Awaitable[dict[str, Any]]]
"""From the id of a job that has ended, and whom to tell, to what to tell."""


def new_secret() -> str:
    """Return a secret to sign calls with whose client gave none."""
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def signed_headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that prove where a call comes from.

    Parameters
    ----------
    secret : str
        ``whsec_`` and base64, or any other text, whose UTF-8 bytes are the key.
    message_id : str
    timestamp : int
        Seconds since the epoch.
    body : bytes
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.digest(_key_of(secret), signed, hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode('ascii')}",
    }


def _key_of(secret: str) -> bytes:
    if secret.startswith(_SECRET_PREFIX):
        with contextlib.suppress(ValueError):  # no base64, or not even ASCII
            return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    return secret.encode()


class Courier:
    """Makes the calls that are due, in a thread of its own.

    Parameters
    ----------
    store : WebhookStore
    body_of : callable
    secret : str
        Signs the calls whose client gave none.
    policy : FetchPolicy
        Where calls may go, and how long one may take.
    """

    def __init__(self, store: WebhookStore, body_of: BodyOf, *, secret: str, policy: FetchPolicy) -> None:
        self._store = store
        self._body_of = body_of
        self._secret = secret
        self._policy = policy
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the call that is being made."""
        self._stopping.set()
        self._thread.join()

    def deliver_next(self) -> bool:
        """Make one call that is due; False when there is none."""
        delivery = self._store.claim_due(lease_seconds=_LEASE_SECONDS)
        if delivery is None:
            return False
        state, outcome = asyncio.run(self._attempt(delivery))
        pauses = _PAUSES_SECONDS[delivery.attempts - 1 :]
        if state is DeliveryState.PENDING and not pauses:
            state = DeliveryState.GIVEN_UP
        again = time.time() + pauses[0] if state is DeliveryState.PENDING else None
        count(WEBHOOK_ATTEMPTS, state.value)
        _log.info("webhook of job %s, attempt %d: %s (%s)", delivery.job_id, delivery.attempts, state, outcome)
        self._store.settle(delivery.job_id, state, outcome, next_attempt_at=again)
        return True

    async def _attempt(self, delivery: Delivery) -> tuple[DeliveryState, str]:
        """Make a call; return whether it is over, and what came of it in words without the URL, which may hold a token."""
        target = delivery.target
        try:
            body = json.dumps(await self._body_of(delivery.job_id, target)).encode("ascii")
            headers = signed_headers(target.secret or self._secret, f"msg_{delivery.job_id}", int(time.time()), body)
            status = await post(target.url, body, {"content-type": "application/json", **headers}, self._policy)
        except (AddressNotAllowedError, NotFoundError) as exc:  # nothing that time would mend
            return DeliveryState.GIVEN_UP, exc.code
        except RetouchError as exc:
            return DeliveryState.PENDING, exc.code
        except Exception:  # noqa: BLE001 - what one client asked for must not keep others from being told
            _log.exception("the webhook of job %s can't be made", delivery.job_id)
            return DeliveryState.PENDING, "internal_error"
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return DeliveryState.DELIVERED, f"status {status}"
        gone = status == HTTPStatus.GONE
        return (DeliveryState.GIVEN_UP if gone else DeliveryState.PENDING), f"status {status}"

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.deliver_next():
                    continue
            except Exception:  # noqa: BLE001 - nobody else makes the calls
                _log.exception("webhooks can't be sent at present; they are tried again")
            self._stopping.wait(_IDLE_SECONDS)
