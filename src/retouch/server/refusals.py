"""Notes requests for edits that were refused before they became jobs, for the log that their callers can read."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retouch.accounts.requests import LogKeeper, RefusedRequest

__all__ = ["NoteRefusals"]

_FIRST_ERROR: int = 400


class NoteRefusals:
    """Looks at the answers to requests whose key was let in, and that no job came of.

    Parameters
    ----------
    app : ASGI application
    keeper : LogKeeper
    """

    def __init__(self, app: ASGIApp, keeper: LogKeeper) -> None:
        self._app = app
        self._keeper = keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        created_at = time.time()

        async def look(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= _FIRST_ERROR:
                self._note(scope["state"], created_at)
            await send(message)

        await self._app(scope, receive, look)

    def _note(self, state: dict[str, object], created_at: float) -> None:
        caller = state.get("caller")
        if caller is not None and "job_id" not in state:
            code = str(state.get("error_code", "internal_error"))
            self._keeper.note(RefusedRequest(caller, code, created_at, time.time()))  # type: ignore[arg-type]
