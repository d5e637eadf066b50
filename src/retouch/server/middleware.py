"""What every answer carries, whatever route made it: ids, costs, security headers, and a safe 500."""

import logging
import re
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retouch.server.answer_headers import answer_headers
from retouch.server.errors import answer_problem, unexpected_problem

__all__ = ["EXPOSED_HEADERS", "SECURITY_HEADERS", "CatchUnexpected", "Envelope"]

EXPOSED_HEADERS: Final = (
    "x-inference-id",
    "x-client-request-id",
    "x-aimlapi-credits-used",
    "x-aimlapi-usd-spent",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "idempotent-replayed",
)
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
SECURITY_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

_log = logging.getLogger(__name__)


class Envelope:
    """Gives every request an id, and every answer its headers.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        inference_id = uuid.uuid4().hex
        client_id = Headers(scope=scope).get("x-client-request-id", "")
        given_id = client_id if _CLIENT_ID.fullmatch(client_id) else None
        scope["state"] = {**scope.get("state", {}), "inference_id": inference_id, "client_request_id": given_id}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-inference-id"] = inference_id
                if given_id is not None:
                    headers["x-client-request-id"] = given_id
                for name, value in answer_headers(scope).items():
                    headers[name] = value
                if headers.get("content-type", "").startswith("application/json"):
                    headers.setdefault("x-aimlapi-credits-used", "0")
                    headers.setdefault("x-aimlapi-usd-spent", "0")
                    headers.setdefault("cache-control", "no-store")
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class CatchUnexpected:
    """Answers an exception that nobody foresaw with a 500 that gives away nothing but the request's id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def note_start(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except ClientDisconnect:
            _log.info("%s: the client went away", scope["state"]["inference_id"])
        except Exception:
            if begun:
                raise
            _log.exception("%s: unexpected error", scope["state"]["inference_id"])
            await answer_problem(Request(scope), unexpected_problem())(scope, receive, send)
