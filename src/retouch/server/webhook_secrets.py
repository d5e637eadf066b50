"""What the webhooks of a key are signed with, where its client gave no secret of its own."""

import asyncio
import base64
import hashlib
import hmac
from typing import Final

from retouch.server.services import Services

__all__ = ["webhook_secret_of"]

_OF_DATABASE: Final = "key_"


async def webhook_secret_of(services: Services, key_id: str) -> str:
    """Return the secret of a key's webhooks.

    Every key of the database has its own, computed from the server's: the holder of one can't forge calls to another's address.
    Keys of the settings, and an open server, have the server's.
    """
    shared = await asyncio.to_thread(services.webhook_secret.value)
    if not key_id.startswith(_OF_DATABASE):
        return shared
    own = hmac.digest(shared.encode(), f"webhooks of {key_id}".encode(), hashlib.sha256)
    return "whsec_" + base64.b64encode(own).decode("ascii")
