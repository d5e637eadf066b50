"""Where the pictures of a request come from: this server's own results, or fetched.

An answer that is sent back as an input is read from the result store, with what it descends from. No connection is opened for
it, so it works where this server's own address must not be fetched from.
"""

import asyncio
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from retouch.errors import ImageError, NotFoundError, StorageError, shorten
from retouch.fetch import FetchPolicy, fetch_images
from retouch.files.results import ResultFiles
from retouch.jobs.manager import Answer
from retouch.jobs.models import Problem
from retouch.server.errors import ProblemError

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

    async def collect(self, sources: Sequence[str], *, parent: str | None, field: str) -> list[bytes | Answer]:
        """Return the pictures in order, the parent first.

        Parameters
        ----------
        sources : sequence of str
            http(s) URLs and ``data:`` URIs.
        parent : str or None
            Name of a result of this server.
        field : str
            What the dialect calls the sources, for errors.

        Raises
        ------
        ProblemError
            A result of this server is not there (any more); names the field.
        ImageError
            A source could not be fetched; ``index`` counts the sources, without the parent.
        StorageError
            A result can't be read at present.
        """
        collected: list[bytes | Answer] = []
        if parent is not None:
            collected.append(await asyncio.to_thread(self._read_result, parent, "parent"))
        names = [own_result_name(source, self.base_urls) for source in sources]
        fetched = iter(await self._fetch(sources, [index for index, name in enumerate(names) if name is None]))
        for index, name in enumerate(names):
            if name is None:
                collected.append(next(fetched))
            else:
                collected.append(await asyncio.to_thread(self._read_result, name, f"{field}[{index}]"))
        return collected

    async def _fetch(self, sources: Sequence[str], indices: Sequence[int]) -> list[bytes]:
        """Fetch some of the sources; when all came along as ``data:`` URIs, in a thread: decoding megabytes takes its time."""
        wanted = [sources[index] for index in indices]
        if not wanted:
            return []
        try:
            if all(source[:5].lower() == "data:" for source in wanted):
                return await asyncio.to_thread(asyncio.run, fetch_images(wanted, self.policy))
            return await fetch_images(wanted, self.policy)
        except ImageError as exc:
            exc.index = None if exc.index is None else indices[exc.index]
            raise

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
