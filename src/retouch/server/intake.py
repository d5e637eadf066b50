"""Read a request body: JSON of limited size, in limited time, at limited concurrency."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.requests import Request

from retouch.errors import QueueFullError
from retouch.jobs.models import Problem
from retouch.server.errors import ProblemError

__all__ = ["Intake"]


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
        try:
            yield
        finally:
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
            value = await asyncio.to_thread(json.loads, data, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as exc:
            # ValueError covers bad JSON, bad UTF-8, and a number of more digits than Python will read.
            where = f" (line {exc.lineno}, column {exc.colno})" if isinstance(exc, json.JSONDecodeError) else ""
            raise ProblemError(Problem("invalid_json", f"The body is not valid JSON{where}.")) from exc
        if not isinstance(value, dict):
            raise ProblemError(Problem("invalid_json", 'The body must be a JSON object, such as {"model": ...}.'))
        return value

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


def _check_content_type(request: Request) -> None:
    content_type = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        message = "The body must be JSON: send the header Content-Type: application/json."
        raise ProblemError(Problem("unsupported_media_type", message))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        message = "Compressed bodies are not read: leave the header Content-Encoding out."
        raise ProblemError(Problem("unsupported_media_type", message))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
