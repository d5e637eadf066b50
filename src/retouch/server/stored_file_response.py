"""Serve a stored file, wherever it lies, in pieces: neither a large file nor a slow client holds memory or connections."""

import asyncio
import email.utils
import re
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from retouch.files.results import ResultFiles, StoredFile

__all__ = ["answer_with_file"]

_PIECE_BYTES: Final = 4 * 2**20
"""Read at a time. Each piece of a bucket's object costs a request, and each client that reads holds one in memory."""
_RANGE: Final = re.compile(r"bytes=(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))")


def answer_with_file(request: Request, results: ResultFiles, found: StoredFile, headers: Mapping[str, str]) -> Response:
    """Return the answer to GET or HEAD: the file, a part of it, or that the client has it already.

    Several ranges in one request are answered with the whole file, as HTTP allows. HEAD knows no ranges (RFC 9110, 14.2).
    """
    sent = {
        **headers,
        "etag": f'"{found.name}"',
        "last-modified": email.utils.formatdate(found.modified_at, usegmt=True),
        "accept-ranges": "bytes",
    }
    if _already_has(request, sent["etag"], found.modified_at):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=sent)
    sent["content-disposition"] = f'inline; filename="{found.name}"'
    start, stop = (
        _asked_part(request, sent["etag"], found.size_bytes) if request.method == "GET" else (0, found.size_bytes)
    )
    if start >= stop and found.size_bytes > 0:
        sent["content-range"] = f"bytes */{found.size_bytes}"
        return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=sent)
    is_part = (start, stop) != (0, found.size_bytes)
    if is_part:
        sent["content-range"] = f"bytes {start}-{stop - 1}/{found.size_bytes}"
    sent["content-length"] = str(stop - start)
    status = HTTPStatus.PARTIAL_CONTENT if is_part else HTTPStatus.OK
    if request.method == "HEAD":
        return Response(status_code=status, headers=sent, media_type=found.media_type)
    return StreamingResponse(_pieces(results, found.name, start, stop), status, sent, found.media_type)


async def _pieces(results: ResultFiles, name: str, start: int, stop: int) -> AsyncIterator[bytes]:
    for at in range(start, stop, _PIECE_BYTES):
        yield await asyncio.to_thread(results.read_range, name, at, min(at + _PIECE_BYTES, stop))


def _already_has(request: Request, etag: str, modified_at: float) -> bool:
    """Whether the client's copy is the file; the tag decides where one is sent."""
    if_none_match = request.headers.get("if-none-match")
    if if_none_match is not None:
        tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return "*" in tags or etag in tags
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return int(modified_at) <= email.utils.parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):
        return False


def _asked_part(request: Request, etag: str, size: int) -> tuple[int, int]:
    """Return start and stop of what is asked for; empty when it lies beyond the end. What can't be read counts as not said."""
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip().lower())
    is_this_file = request.headers.get("if-range", etag) == etag
    if asked is None or not is_this_file:
        return 0, size
    first, last, length = asked.groups()
    if length is not None:
        return max(0, size - int(length)), size
    if last is not None and int(last) < int(first):
        return 0, size
    return int(first), size if last is None else min(int(last) + 1, size)
