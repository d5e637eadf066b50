"""One log line, one count and one span for every request, under the template of its route rather than its path."""

import logging
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retouch.telemetry import catalog
from retouch.telemetry.context import bound, hiding
from retouch.telemetry.measures import change, count, observe
from retouch.telemetry.redact import clean, one_line
from retouch.telemetry.spans import span

__all__ = ["RequestLog"]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_PROBES: Final = frozenset({"/health", "/ready", "/metrics"})
"""What machines ask every few seconds; their lines are written at the level "debug" unless something is wrong."""
_PATH_CHARACTERS: Final = 100

_log = logging.getLogger("retouch.access")


class RequestLog:
    """Tells of every request. Stands inside of what gives requests their ids, and outside of everything else.

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
        started = time.perf_counter()
        status = 0

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        change(catalog.HTTP_IN_FLIGHT, 1)
        given = Headers(scope=scope).get("traceparent", "")
        parent = given if _TRACEPARENT.fullmatch(given) else None
        with (
            hiding(),
            bound(request_id=scope["state"]["inference_id"]),
            span("http.request", parent=parent, kind="server", method=_method(scope)),
        ):
            try:
                await self._app(scope, receive, note_status)
            finally:
                change(catalog.HTTP_IN_FLIGHT, -1)
                _tell(scope, status, time.perf_counter() - started)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    state: Mapping[str, Any] = scope["state"]
    method, route, dialect = _method(scope), _route(scope, status), _dialect(scope)
    problem = state.get("error_code")
    count(catalog.HTTP_REQUESTS, dialect, route, method, str(status))
    observe(catalog.HTTP_SECONDS, seconds, route)
    if problem is not None:
        count(catalog.REFUSALS, dialect, problem)
    level = logging.DEBUG if route in _PROBES and status < 400 else logging.INFO
    if not _log.isEnabledFor(level):
        return
    principal = state.get("principal")
    said = {
        "dialect": dialect,
        "key_id": None if principal is None else principal.key_id,
        "client_request_id": state.get("client_request_id"),
        "job_id": state.get("job_id"),
        "problem": problem,
        "path": _shown_path(scope) if route == "unmatched" else None,
    }
    known = {name: value for name, value in said.items() if value is not None}
    _log.log(level, "%s %s %d", method, route, status, extra={**known, "status": status, "seconds": round(seconds, 4)})


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


def _route(scope: Scope, status: int) -> str:
    """Return the template of the route that the request came to, never its path: names of files and jobs are half secret."""
    template = getattr(scope.get("route"), "path", None)
    if isinstance(template, str):
        return template
    return "unmatched" if status >= 400 or status == 0 else "static"


def _dialect(scope: Scope) -> str:
    dialects = getattr(scope["app"].state, "dialects", ())
    return next((dialect.name for dialect in dialects if dialect.owns(scope["path"])), "own")


def _shown_path(scope: Scope) -> str:
    return one_line(clean(scope["path"]), _PATH_CHARACTERS)
