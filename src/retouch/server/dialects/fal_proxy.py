"""What fal's JavaScript client needs beside the endpoints: one URL for all its calls, and a place to upload pictures to.

The client sends every call to its ``proxyUrl`` and names the address that it means in a header. Nothing is sent there: the call
is answered here, by the routes that stand for that address.
"""

import asyncio
import urllib.parse
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from retouch.accounts import principal
from retouch.jobs.models import Problem
from retouch.server.dialects import fal_reference as reference
from retouch.server.dialects.answers import SECURED
from retouch.server.dialects.fal import QUEUE_PREFIX, RUN_PREFIX
from retouch.server.errors import ProblemError
from retouch.server.json_response import SafeJSONResponse
from retouch.server.public_urls import file_url, public_base_url
from retouch.server.services import services_of

__all__ = ["router"]

router = APIRouter()

PROXY_PATH: Final = "/api/fal/proxy"
_STORAGE_PREFIX: Final = "/api/fal/rest"
_TARGET_HEADER: Final = "x-fal-target-url"
_PLACES: Final = {
    "fal.run": RUN_PREFIX,
    "queue.fal.run": QUEUE_PREFIX,
    "rest.fal.ai": _STORAGE_PREFIX,
    "rest.alpha.fal.ai": _STORAGE_PREFIX,
}


class Proxy:
    """Answers a call that was meant for one of fal's hosts."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        target = Headers(scope=scope).get(_TARGET_HEADER, "")
        path, query = _place_of(target)
        inner = {**scope, "path": path, "raw_path": path.encode(), "query_string": query.encode(), "path_params": {}}
        inner.pop("route", None)
        await scope["app"].router(inner, receive, send)


def _place_of(target: str) -> tuple[str, str]:
    try:
        parts = urllib.parse.urlsplit(target)
        prefix = _PLACES.get(parts.hostname or "")
    except ValueError:
        prefix = None
    if prefix is None:
        message = f"The header {_TARGET_HEADER} must name one of {', '.join(_PLACES)}."
        raise ProblemError(Problem("invalid_request", message))
    path = prefix + "/" + urllib.parse.unquote(parts.path).lstrip("/")
    return path, parts.query


router.add_route(PROXY_PATH, Proxy(), methods=["GET", "POST", "PUT"], include_in_schema=False)  # type: ignore[arg-type]


@router.post(
    _STORAGE_PREFIX + "/storage/upload/initiate",
    tags=["fal"],
    summary="Reserve a place for an upload",
    openapi_extra=SECURED,
    responses=reference.RESERVED,
)
async def initiate(request: Request) -> Response:
    """Return where to send a picture, once and within the hour, and the URL that it will have."""
    services = services_of(request)
    await services.authenticator.check(request, principal.Scope.EDIT)
    base_url = public_base_url(request, services.public_url)
    name = await asyncio.to_thread(services.results.reserve)
    upload_url = f"{base_url}{_STORAGE_PREFIX}/storage/upload/{name}"
    return SafeJSONResponse({"upload_url": upload_url, "file_url": file_url(base_url, name)})


@router.put(
    _STORAGE_PREFIX + "/storage/upload/{name}",
    tags=["fal"],
    summary="Upload a picture",
    openapi_extra=reference.UPLOAD_BODY,
    responses=reference.UPLOADED,
)
async def upload(request: Request, name: str) -> Response:
    """Store a picture under a reserved name. Needs no key: the name can't be guessed, and takes one upload."""
    services = services_of(request)
    # Before a place is taken: whoever has no key could else hold all of them with bodies that never end.
    await asyncio.to_thread(services.results.require_reserved, name)
    async with services.intake.place():
        data = await services.intake.read_bytes(request)
        if not data or len(data) > services.fetch_policy.max_bytes:
            message = f"An upload must have from 1 to {services.fetch_policy.max_bytes} bytes."
            raise ProblemError(Problem("body_too_large" if data else "invalid_request", message))
        await asyncio.to_thread(services.results.fill, name, data)
    return SafeJSONResponse({}, HTTPStatus.OK)
