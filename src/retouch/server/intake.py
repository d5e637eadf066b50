"""Read a request body: JSON or a form, of limited size, in limited time, at limited concurrency."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from retouch.errors import QueueFullError
from retouch.jobs.models import Problem
from retouch.server.errors import ProblemError
from retouch.server.offload import off_the_loop
from retouch.telemetry.catalog import UPLOADS
from retouch.telemetry.measures import change

__all__ = ["Form", "Intake", "media_type_of"]

MAX_FORM_FIELDS: Final = 100
MAX_FORM_FILES: Final = 20
_MULTIPART: Final = "multipart/form-data"

Form = dict[str, list[str | bytes]]
"""The values of each field of a form, in order: text, or the bytes of a file."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Reads bodies under limits.

    Attributes
    ----------
    max_body_bytes : int
    timeout_seconds : float
        In which a body must arrive, and for which a request waits for a place.
    places : asyncio.Semaphore
        How many bodies may be in memory at a time.
    """

    max_body_bytes: int
    timeout_seconds: float
    places: asyncio.Semaphore

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold one of the places for bodies.

        Raises
        ------
        QueueFullError
            None became free in time.
        """
        try:
            await asyncio.wait_for(self.places.acquire(), self.timeout_seconds)
        except TimeoutError as exc:
            raise QueueFullError("Too many uploads are under way. Try again shortly.", retry_after_seconds=5.0) from exc
        change(UPLOADS, 1)
        try:
            yield
        finally:
            change(UPLOADS, -1)
            self.places.release()

    async def read_json_object(self, request: Request) -> dict[str, Any]:
        """Return the JSON object that the request carries.

        Raises
        ------
        ProblemError
            Wrong content type, too many bytes, too slow, not JSON, or JSON that is not an object.
        """
        _check_content_type(request)
        data = await self._read(request)
        try:
            value = await off_the_loop(len(data), json.loads, data, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as exc:
            # ValueError covers bad JSON, bad UTF-8, and a number of more digits than Python will read.
            where = f" (line {exc.lineno}, column {exc.colno})" if isinstance(exc, json.JSONDecodeError) else ""
            raise ProblemError(Problem("invalid_json", f"The body is not valid JSON{where}.")) from exc
        if not isinstance(value, dict):
            raise ProblemError(Problem("invalid_json", 'The body must be a JSON object, such as {"model": ...}.'))
        return value

    async def read_form(self, request: Request) -> Form:
        """Return the fields of a ``multipart/form-data`` body.

        Raises
        ------
        ProblemError
            Wrong content type, too many bytes, fields or files, too slow, or not a form.
        """
        if media_type_of(request) != _MULTIPART:
            message = f"The body must be a form: send the header Content-Type: {_MULTIPART}."
            raise ProblemError(Problem("unsupported_media_type", message))
        _check_not_compressed(request)
        data = await self._read(request)

        async def all_at_once() -> AsyncIterator[bytes]:
            yield data

        parser = MultiPartParser(
            request.headers,
            all_at_once(),  # type: ignore[arg-type]  # asks for a generator, and only iterates
            max_files=MAX_FORM_FILES,
            max_fields=MAX_FORM_FIELDS,
            max_part_size=self.max_body_bytes,
        )
        try:
            parsed = await parser.parse()
        except (MultiPartException, KeyError, ValueError, UnicodeError) as exc:
            said = f" {exc.message}" if isinstance(exc, MultiPartException) else ""
            raise ProblemError(Problem("invalid_form", f"The body is not a valid form.{said}")) from exc
        return await _values_of(parsed)

    async def read_bytes(self, request: Request) -> bytes:
        """Return the body as it came. Raises ``ProblemError``: too many bytes, or too slow."""
        return await self._read(request)

    async def _read(self, request: Request) -> bytes:
        """Collect the body, counting as it comes; what is too much is read on for a while, but not kept.

        A client that is still sending would miss an answer if the connection were closed on it.
        """
        declared = request.headers.get("content-length", "0")
        too_much = declared.isdigit() and int(declared) > self.max_body_bytes
        body = bytearray()
        received = 0
        try:
            async with asyncio.timeout(self.timeout_seconds):
                async for chunk in request.stream():
                    received += len(chunk)
                    too_much = too_much or received > self.max_body_bytes
                    if too_much and received > 2 * self.max_body_bytes:
                        break
                    if not too_much:
                        body += chunk
        except TimeoutError as exc:
            message = f"The body did not arrive within {self.timeout_seconds:g} s."
            raise ProblemError(Problem("body_timeout", message, True)) from exc
        if too_much:
            message = (
                f"The body has more than the allowed {self.max_body_bytes} bytes. Send smaller pictures, or their URLs."
            )
            raise ProblemError(Problem("body_too_large", message))
        return bytes(body)


def media_type_of(request: Request) -> str:
    """Return what the request says that its body is, without parameters; empty when it says nothing."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def _check_content_type(request: Request) -> None:
    media_type = media_type_of(request) or "application/json"
    if media_type != "application/json" and not media_type.endswith("+json"):
        message = "The body must be JSON: send the header Content-Type: application/json."
        raise ProblemError(Problem("unsupported_media_type", message))
    _check_not_compressed(request)


def _check_not_compressed(request: Request) -> None:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        message = "Compressed bodies are not read: leave the header Content-Encoding out."
        raise ProblemError(Problem("unsupported_media_type", message))


async def _values_of(parsed: FormData) -> Form:
    form: Form = {}
    for name, value in parsed.multi_items():
        form.setdefault(name, []).append(await value.read() if isinstance(value, UploadFile) else value)
    await parsed.close()
    return form


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
