"""What a server that is about to stop tells its clients: to come back on another connection, or that it can't wait for them."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retouch.jobs.models import Problem
from retouch.server.errors import answer_problem

__all__ = ["AnswerCutOff", "CloseWhileDraining"]

_STOPPING: Final = Problem(
    "aborted", "The server is stopping, and the edit was not finished. Send the request again.", True
)

_log = logging.getLogger(__name__)


class AnswerCutOff:
    """Answers a request that is cancelled because the server can't wait any longer for its end.

    Parameters
    ----------
    app : ASGI application
    is_draining : callable
    """

    def __init__(self, app: ASGIApp, is_draining: Callable[[], bool]) -> None:
        self._app = app
        self._is_draining = is_draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun = False

        async def note_start(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except asyncio.CancelledError:
            if scope["type"] != "http" or not self._is_draining():
                raise
            _log.info("%s: cut off by the end of the server", scope["state"]["inference_id"])
            if not begun:
                await answer_problem(Request(scope), _STOPPING)(scope, receive, send)


class CloseWhileDraining:
    """Ends each connection with its next answer while the server drains, so that no client sends its next request into the end.

    Parameters
    ----------
    app : ASGI application
    is_draining : callable
    """

    def __init__(self, app: ASGIApp, is_draining: Callable[[], bool]) -> None:
        self._app = app
        self._is_draining = is_draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and mark its answer where this is the connection's last."""

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start" and self._is_draining():
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await self._app(scope, receive, send_last if scope["type"] == "http" else send)
