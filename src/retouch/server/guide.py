"""``/guide``: the documentation, from this server's own disk."""

from functools import lru_cache
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from retouch.errors import ConfigurationError, NotFoundError
from retouch.guide import Guide, source_root
from retouch.server.page_files import PageFile, answer_page_file

__all__ = ["add_guide"]

_INDEX: Final = "index.html"
_KEPT_FILES: Final = 256
"""More than the guide has; what is not a file of it is not kept."""


def add_guide(app: FastAPI) -> None:
    """Serve the guide below ``/guide/``. Pages are made when they are first asked for, and kept.

    Raises
    ------
    ConfigurationError
        The installation lacks the pages.
    """
    try:
        guide = Guide(source_root(), beside_server=True)
    except FileNotFoundError as exc:
        raise ConfigurationError(f"{exc} Install the package again with pip.") from exc

    @lru_cache(_KEPT_FILES)
    def made(name: str) -> PageFile:
        plain = guide.read(name)
        if plain is None:
            raise NotFoundError("page", name)
        return PageFile.of(name, plain)

    async def entrance() -> Response:
        return RedirectResponse("guide/")  # relative, so that it holds below any path that a proxy puts in front

    def file(request: Request, path: str) -> Response:  # in a thread: making a page takes a moment
        return answer_page_file(request, made(path or _INDEX))

    app.add_api_route("/guide", entrance, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/guide/{path:path}", file, methods=["GET", "HEAD"], include_in_schema=False)
