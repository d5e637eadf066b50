"""What a server that is about to stop tells its clients: to come back on another connection."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CloseWhileDraining"]


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
