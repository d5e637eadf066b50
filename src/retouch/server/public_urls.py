"""The URLs under which clients reach this server."""

import re
from typing import Final

from starlette.requests import Request

from retouch.jobs.models import Problem
from retouch.server.errors import ProblemError

__all__ = ["file_url", "own_base_urls", "public_base_url"]

_HOST: Final = re.compile(r"([A-Za-z0-9.\-_]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")


def public_base_url(request: Request, configured: str | None) -> str:
    """Return the base of result URLs, without a slash at its end.

    The configured one, or the scheme and Host of the request: a client that says ``127.0.0.1`` must not be sent to
    ``localhost``, since several clients compare the two.

    Raises
    ------
    ProblemError
        The Host is not a host name.
    """
    if configured is not None:
        return configured.rstrip("/")
    requested = _requested_base_url(request)
    if requested is None:
        raise ProblemError(Problem("invalid_host", "The Host header is not a host name with an optional port."))
    return requested


def own_base_urls(request: Request, configured: str | None) -> tuple[str, ...]:
    """Return every base under which the client may know this server's results: the one configured, the one it called."""
    known = (None if configured is None else configured.rstrip("/"), _requested_base_url(request))
    return tuple(dict.fromkeys(url for url in known if url is not None))


def _requested_base_url(request: Request) -> str | None:
    """The scheme and Host of the request; None when the Host is not a host name."""
    host = request.headers.get("host") or request.url.netloc
    if _HOST.fullmatch(host) is None:
        return None
    return f"{request.url.scheme}://{host}{request.scope.get('root_path', '').rstrip('/')}"


def file_url(base_url: str, name: str) -> str:
    """Return the URL of a result file."""
    return f"{base_url}/files/{name}"
