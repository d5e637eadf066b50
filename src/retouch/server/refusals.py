"""Notes requests for edits that did not become jobs, for the log that their callers can read."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retouch.accounts.requests import JoblessRequest, LogKeeper
from retouch.jobs.models import Caller

__all__ = ["NoteJobless"]

_FIRST_ERROR: int = 400


class NoteJobless:
    """Looks at the answers to requests of known keys that no job came of: refused ones, and those that had been sent before.

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
            if message["type"] == "http.response.start":
                self._note(scope["state"], message["status"], created_at)
            await send(message)

        await self._app(scope, receive, look)

    def _note(self, state: dict[str, object], status: int, created_at: float) -> None:
        caller = state.get("caller")
        if not isinstance(caller, Caller):
            return
        if state.get("is_replay", False):
            self._keeper.note(JoblessRequest(caller, None, created_at, time.time()))
        elif "job_id" not in state and status >= _FIRST_ERROR:
            code = str(state.get("error_code", "internal_error"))
            self._keeper.note(JoblessRequest(caller, code, created_at, time.time()))
