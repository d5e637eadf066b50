"""Where the pictures of a request come from: this server's own results, or fetched.

An answer that is sent back as an input is read from the result store, with what it descends from. No connection is opened for
it, so it works where this server's own address must not be fetched from.
"""

import asyncio
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from retouch.errors import ImageError, ImageTooLargeError, NotFoundError, StorageError, shorten
from retouch.fetch import FetchPolicy, fetch_images, read_data_uris
from retouch.files.results import ResultFiles
from retouch.jobs.manager import Answer
from retouch.jobs.models import Problem
from retouch.server.errors import ProblemError
from retouch.server.offload import off_the_loop

__all__ = ["PictureSources", "own_result_name"]

_FILES: Final = "/files/"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def own_result_name(url: str, base_urls: Sequence[str]) -> str | None:
    """Return the name in a URL of this server's results, or None when the URL leads elsewhere.

    Parameters
    ----------
    url : str
    base_urls : sequence of str
        Of this server, without a slash at the end.

    Notes
    -----
    Whether there is such a result is not asked here. Scheme, host and port must be this server's, spelling aside.

    >>> own_result_name("http://LOCALHOST:80/files/a.png", ["http://localhost"])
    'a.png'
    >>> own_result_name("http://localhost:81/files/a.png", ["http://localhost"]) is None
    True
    """
    given = _split(url)
    if given is None or given.username is not None or given.password is not None:
        return None
    for base_url in base_urls:
        base = _split(base_url)
        if base is not None and _place(given) == _place(base) and given.path.startswith(base.path + _FILES):
            return given.path.removeprefix(base.path + _FILES)
    return None


def _came_along(source: str | bytes) -> bool:
    """Whether a picture was sent with its request."""
    return isinstance(source, bytes) or source[:5].lower() == "data:"


def _split(url: str) -> urllib.parse.SplitResult | None:
    """The parts of a URL; None when it is none."""
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _place(parts: urllib.parse.SplitResult) -> tuple[str, str, int | None]:
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)


@dataclass(frozen=True, slots=True)
class PictureSources:
    """Collects the pictures of a request.

    Attributes
    ----------
    results : ResultFiles
    policy : FetchPolicy
    base_urls : tuple of str
        Under which this server's results are known to the client.
    """

    results: ResultFiles
    policy: FetchPolicy
    base_urls: tuple[str, ...]

    async def collect(
        self, sources: Sequence[str | bytes], *, parent: str | None, field: str | Sequence[str]
    ) -> list[bytes | Answer]:
        """Return the pictures in order, the parent first.

        Parameters
        ----------
        sources : sequence of str or bytes
            http(s) URLs and ``data:`` URIs, or files that came with the request.
        parent : str or None
            Name of a result of this server.
        field : str or sequence of str
            What the dialect calls the sources, or each of them, for errors.

        Raises
        ------
        ProblemError
            A result of this server is not there (any more); names the field.
        ImageError
            A source could not be fetched or is too large; ``index`` counts the sources, without the parent.
        StorageError
            A result can't be read at present.
        """
        collected: list[bytes | Answer] = []
        if parent is not None:
            collected.append(await asyncio.to_thread(self._read_result, parent, "parent"))
        self._check_sizes(sources)
        names = await self._own_names(sources)
        fetched = await self._fetch(sources, names)
        for index, (source, name) in enumerate(zip(sources, names, strict=True)):
            if name is not None:
                param = f"{field}[{index}]" if isinstance(field, str) else field[index]
                collected.append(await asyncio.to_thread(self._read_result, name, param))
            else:
                collected.append(source if isinstance(source, bytes) else fetched[index])
        return collected

    async def _own_names(self, sources: Sequence[str | bytes]) -> list[str | None]:
        """The name of each source that is a result of this server."""
        if all(_came_along(source) for source in sources):
            return [None] * len(sources)
        return await asyncio.to_thread(lambda: [self._own_name(source) for source in sources])

    def _own_name(self, source: str | bytes) -> str | None:
        """The name of the result that a source is, whether its URL is this server's or one that its store has signed."""
        if isinstance(source, bytes) or _came_along(source):
            return None
        own = own_result_name(source, self.base_urls)
        return self.results.name_in_signed_url(source) if own is None else own

    def _check_sizes(self, sources: Sequence[str | bytes]) -> None:
        for index, source in enumerate(sources):
            if isinstance(source, bytes) and len(source) > self.policy.max_bytes:
                message = f"The uploaded picture has more than the allowed {self.policy.max_bytes} bytes."
                raise ImageTooLargeError(message, index=index)

    async def _fetch(self, sources: Sequence[str | bytes], names: Sequence[str | None]) -> dict[int, bytes]:
        """Return what is elsewhere or in a ``data:`` URI, by its index among the sources."""
        wanted = {
            index: source
            for index, (source, name) in enumerate(zip(sources, names, strict=True))
            if isinstance(source, str) and name is None
        }
        if not wanted:
            return {}
        indices, urls = list(wanted), list(wanted.values())
        try:
            if all(_came_along(url) for url in urls):
                pictures = await off_the_loop(sum(map(len, urls)), read_data_uris, urls, self.policy)
            else:
                pictures = await fetch_images(urls, self.policy)
        except ImageError as exc:
            exc.index = None if exc.index is None else indices[exc.index]
            raise
        return dict(zip(indices, pictures, strict=True))

    def _read_result(self, name: str, param: str) -> bytes | Answer:
        """Return a result, with what it descends from where that is known."""
        try:
            data, origin = self.results.read(name), self.results.read_origin(name)
        except NotFoundError as exc:
            message = (
                f"{param} names a result that this server does not have: {shorten(name)}. Results are deleted after the "
                "server's retention time. Send the picture itself instead."
            )
            raise ProblemError(Problem("not_found", message, details={"param": param})) from exc
        if origin is None:
            return data
        try:
            return Answer(data, **origin)
        except TypeError as exc:
            raise StorageError("What a stored result descends from was changed on the server's disk.") from exc
