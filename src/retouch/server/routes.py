"""The routes beside the dialects: result files and health."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from retouch.files.blobs import IMMUTABLE
from retouch.server.dialects.answers import documented
from retouch.server.services import services_of
from retouch.server.stored_file_response import answer_with_file

__all__ = ["router"]

router = APIRouter()

_FILE_HEADERS: Final = {
    "cache-control": IMMUTABLE,
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
}
"""A name stands for the same bytes for ever, so a cache may keep them."""


_PICTURE: Final[dict[str, Any]] = {
    media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in ("image/jpeg", "image/png")
}
_FILE_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    **documented({304: ("The client has it already.", None)}, 404, 500, 503),
    200: {"description": "The file.", "content": _PICTURE},
    206: {"description": "The part that was asked for.", "content": _PICTURE},
    416: {"description": "The file has no such part."},
}
_CHECKS: Final = {
    "type": "object",
    "required": ["status", "checks"],
    "properties": {
        "status": {"enum": ["ready", "not ready"]},
        "checks": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_READY_ANSWERS: Final = documented({200: ("It can.", _CHECKS), 503: ("It can't; `checks` says why.", _CHECKS)})


@router.get("/files/{name}", tags=["files"], summary="Fetch a result", response_class=Response, responses=_FILE_ANSWERS)
@router.head("/files/{name}", include_in_schema=False)
async def serve_file(request: Request, name: str) -> Response:
    """Serve a result file. Needs no key: its name can't be guessed. Knows byte ranges and conditional requests."""
    results = services_of(request).results
    found = await asyncio.to_thread(results.find, name)
    return answer_with_file(request, results, found, _FILE_HEADERS)


@router.get("/health", tags=["health"], summary="Is the server alive?")
async def health() -> dict[str, str]:
    """Say that the server is alive, whatever else may be wrong."""
    return {"status": "ok"}


@router.get("/ready", tags=["health"], summary="Can the server take an edit now?", responses=_READY_ANSWERS)
async def ready(request: Request) -> JSONResponse:
    """Say whether the engine is loaded, results can be stored, and the queue has room; 503 when not."""
    checks = await asyncio.to_thread(services_of(request).readiness.checks)
    is_ready = all(outcome == "ok" for outcome in checks.values())
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse({"status": "ready" if is_ready else "not ready", "checks": checks}, status)
