"""What is refused before any route sees it: too many headers, and requests whose end two readers could see in two places."""

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from retouch.jobs.models import Problem
from retouch.server.errors import answer_problem

__all__ = ["Gate"]

_LAST_ANSWER: Final = {"Connection": "close"}
"""Nothing that follows on the connection can be trusted to begin where it seems to."""


class Gate:
    """Lets a request through to the routes, or answers it.

    Parameters
    ----------
    app : ASGI application
    max_headers : int
    max_header_bytes : int
        Of all headers, the path and the query together.
    """

    def __init__(self, app: ASGIApp, *, max_headers: int, max_header_bytes: int) -> None:
        self._app = app
        self._max_headers = max_headers
        self._max_header_bytes = max_header_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        problem = self._problem_with(scope) if scope["type"] == "http" else None
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await answer_problem(Request(scope), problem, _LAST_ANSWER)(scope, receive, send)

    def _problem_with(self, scope: Scope) -> Problem | None:
        headers = scope["headers"]
        if len(headers) > self._max_headers:
            return Problem("headers_too_large", f"The request has more than the allowed {self._max_headers} headers.")
        # 4: the colon, the space and the end of each line.
        size = sum(len(name) + len(value) + 4 for name, value in headers)
        size += len(scope.get("raw_path") or b"") + len(scope["query_string"])
        if size > self._max_header_bytes:
            message = f"The request's headers and URL have more than the allowed {self._max_header_bytes} bytes."
            return Problem("headers_too_large", message)
        names = {name for name, _ in headers}
        if b"transfer-encoding" in names and b"content-length" in names:
            return Problem(
                "invalid_request", "The request has both Content-Length and Transfer-Encoding. Send one of them."
            )
        return None
