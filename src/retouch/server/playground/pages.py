"""Serve the playground's files from memory: compressed once, with tags, under a policy that lets nothing foreign in."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from retouch.errors import NotFoundError

__all__ = ["FILES", "POLICY", "PageFile", "add_playground", "page_files"]

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""What the page may do: run and show its own files, talk to its own server, and nothing else."""
FILES: Final = "/playground"
"""Where the page's files are; the page itself is at ``/``."""
_PAGE: Final = "index.html"
_MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page.

    Attributes
    ----------
    plain, gzipped : bytes
    etag : str
        Of the plain bytes, quoted; the compressed ones have another.
    media_type : str
    """

    plain: bytes
    gzipped: bytes
    etag: str
    media_type: str

    @classmethod
    def of(cls, name: str, plain: bytes) -> "PageFile":
        """Return the file with what is sent along; the same bytes have the same tag on every machine."""
        tag = hashlib.sha256(plain).hexdigest()[:32]
        return cls(plain, gzip.compress(plain, 9, mtime=0), f'"{tag}"', _MEDIA_TYPES[name.rpartition(".")[2]])


@cache
def page_files() -> dict[str, PageFile]:
    """Return every file of the page by its path below the folder."""
    return dict(_files_below(resources.files(__package__) / "static", ""))


def _files_below(folder: Traversable, prefix: str) -> list[tuple[str, PageFile]]:
    found: list[tuple[str, PageFile]] = []
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        name = prefix + entry.name
        if entry.is_dir():
            found += _files_below(entry, f"{name}/")
        elif entry.name.rpartition(".")[2] in _MEDIA_TYPES:
            found.append((name, PageFile.of(name, entry.read_bytes())))
    return found


def add_playground(app: FastAPI) -> None:
    """Serve the page at ``/`` and its files below ``/playground/``."""

    async def page(request: Request) -> Response:
        return _answer(request, page_files()[_PAGE], {"content-security-policy": POLICY})

    async def file(request: Request, path: str) -> Response:
        found = page_files().get(path)
        if found is None or path == _PAGE:
            raise NotFoundError("page", path)
        return _answer(request, found, {"cross-origin-resource-policy": "same-origin"})

    for route, endpoint in (("/", page), (FILES + "/{path:path}", file)):
        app.add_api_route(route, endpoint, methods=["GET", "HEAD"], include_in_schema=False)


def _answer(request: Request, found: PageFile, headers: dict[str, str]) -> Response:
    """Send a file, compressed where the browser reads that, or say that it has it already."""
    compressed = "gzip" in request.headers.get("accept-encoding", "")
    etag = f'{found.etag[:-1]}-gz"' if compressed else found.etag
    # A browser asks each time and is nearly always told 304: a new version of the server is never met with old files.
    headers = {**headers, "cache-control": "no-cache", "etag": etag, "vary": "accept-encoding"}
    if etag in request.headers.get("if-none-match", "").replace("W/", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if compressed:
        headers["content-encoding"] = "gzip"
    return Response(found.gzipped if compressed else found.plain, headers=headers, media_type=found.media_type)
