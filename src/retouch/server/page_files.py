"""Files of the server's own pages: from memory, compressed once, with tags, under a policy that lets nothing foreign in."""

import gzip
import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["MEDIA_TYPES", "POLICY", "PageFile", "answer_page_file"]

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""What a page may do: run and show its own files, talk to its own server, and nothing else."""
MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "yml": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of a page.

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
        return cls(plain, gzip.compress(plain, 9, mtime=0), f'"{tag}"', MEDIA_TYPES[name.rpartition(".")[2]])


def answer_page_file(request: Request, found: PageFile) -> Response:
    """Send a file, compressed where the browser reads that, or say that it has it already; a page comes under the policy."""
    compressed = len(found.gzipped) < len(found.plain) and "gzip" in request.headers.get("accept-encoding", "")
    etag = f'{found.etag[:-1]}-gz"' if compressed else found.etag
    # A browser asks each time and is nearly always told 304: a new version of the server is never met with old files.
    headers = {"cache-control": "no-cache", "etag": etag, "vary": "accept-encoding"}
    if found.media_type.startswith("text/html"):
        headers["content-security-policy"] = POLICY
    else:
        headers["cross-origin-resource-policy"] = "same-origin"
    if etag in request.headers.get("if-none-match", "").replace("W/", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if compressed:
        headers["content-encoding"] = "gzip"
    return Response(found.gzipped if compressed else found.plain, headers=headers, media_type=found.media_type)
