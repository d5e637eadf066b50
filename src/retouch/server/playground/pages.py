"""Serve the playground's files from memory, under the policy of every page of the server."""

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from retouch.errors import NotFoundError
from retouch.server.page_files import MEDIA_TYPES, PageFile, answer_page_file

__all__ = ["FILES", "add_playground", "page_files"]

FILES: Final = "/playground"
"""Where the page's files are; the page itself is at ``/``."""
_PAGE: Final = "index.html"


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
        elif entry.name.rpartition(".")[2] in MEDIA_TYPES:
            found.append((name, PageFile.of(name, entry.read_bytes())))
    return found


def add_playground(app: FastAPI) -> None:
    """Serve the page at ``/`` and its files below ``/playground/``."""

    async def page(request: Request) -> Response:
        return answer_page_file(request, page_files()[_PAGE])

    async def file(request: Request, path: str) -> Response:
        found = page_files().get(path)
        if found is None or path == _PAGE:
            raise NotFoundError("page", path)
        return answer_page_file(request, found)

    for route, endpoint in (("/", page), (FILES + "/{path:path}", file)):
        app.add_api_route(route, endpoint, methods=["GET", "HEAD"], include_in_schema=False)
