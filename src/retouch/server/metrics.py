"""``/metrics``: the numbers of this machine's processes and of the queue, for whoever may read them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Final

import sqlalchemy as sa
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from retouch.accounts.principal import Scope
from retouch.errors import NotFoundError, StorageError
from retouch.jobs.measuring import read_queue
from retouch.server.auth import check_loopback_host
from retouch.server.services import services_of
from retouch.telemetry.catalog import OLDEST_WAITING, RUNNING, WAITING, WEBHOOKS_PENDING
from retouch.telemetry.exposition import CONTENT_TYPE, Readings, expose, readings_of
from retouch.telemetry.processes import Desk
from retouch.telemetry.service import MetricsAccess, TelemetryOptions, telling

__all__ = ["MetricsPage", "router", "telling_lifespan"]

router = APIRouter()

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_FRESH_SECONDS: Final = 1.0
_LOCAL_ADDRESSES: Final = frozenset({"127.0.0.1", "::1"})
_NOT_DIRECT: Final = (
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
    "origin",
)
"""Headers of which one says that the request came through a proxy, or from a web page, which may be a stranger's."""


class MetricsPage:
    """Puts the page together, at most once a second, however often it is asked for.

    Parameters
    ----------
    access : MetricsAccess
    database : sqlalchemy.Engine
        Of the queue.
    """

    def __init__(self, access: MetricsAccess, database: sa.Engine) -> None:
        self.access = access
        self.desk: Desk | None = None
        self._database = database
        self._lock = asyncio.Lock()
        self._page = b""
        self._made_at = float("-inf")

    async def read(self) -> bytes:
        """Return the page. Where the database does not answer, it lacks what is read from there."""
        async with self._lock:
            if time.monotonic() - self._made_at >= _FRESH_SECONDS:
                self._page = await asyncio.to_thread(self._make)
                self._made_at = time.monotonic()
            return self._page

    def _make(self) -> bytes:
        assert self.desk is not None, "the application has not started"
        series, colleagues = self.desk.everyone()
        return expose(series, {**readings_of(colleagues), **self._read_queue()})

    def _read_queue(self) -> Readings:
        try:
            reading = read_queue(self._database)
        except StorageError:
            return {}  # the error itself has been counted, and the rest of the page tells of it
        return {
            WAITING: {labels: float(number) for labels, number in reading.waiting.items()},
            RUNNING: {(engine,): float(number) for engine, number in reading.running.items()},
            OLDEST_WAITING: {(): reading.oldest_waiting_seconds},
            WEBHOOKS_PENDING: {(): float(reading.webhooks_pending)},
        }


def telling_lifespan(options: TelemetryOptions, inner: Lifespan) -> Lifespan:
    """Return a lifespan within which numbers are kept and traces recorded."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with telling(options, "api") as desk:
            app.state.metrics.desk = desk
            async with inner(app):
                yield

    return lifespan


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Show the numbers of the service in the text format of Prometheus."""
    page: MetricsPage = request.app.state.metrics
    await _check_reader(request, page.access)
    if page.access.rule == "off":
        raise NotFoundError("page", "/metrics", 'Metrics are off; the setting is "telemetry.metrics".')
    return Response(await page.read(), HTTPStatus.OK, {"cache-control": "no-store"}, CONTENT_TYPE)


async def _check_reader(request: Request, access: MetricsAccess) -> None:
    """Let the request pass.

    Raises
    ------
    AuthenticationError, PermissionDeniedError, ProblemError
        It comes neither from where nor with what ``access`` asks for.
    """
    if access.is_token(request.headers.get("authorization", "")):
        return
    if access.rule == "local" and _is_local(request):
        return
    authenticator = services_of(request).authenticator
    if await authenticator.is_open():
        check_loopback_host(request)
        return
    await authenticator.check(request, Scope.ADMIN)


def _is_local(request: Request) -> bool:
    """Whether a program on this machine asks, directly and by this machine's own name."""
    if request.client is None or request.client.host not in _LOCAL_ADDRESSES:
        return False
    host = request.url.hostname
    return host in {"localhost", *_LOCAL_ADDRESSES} and not any(name in request.headers for name in _NOT_DIRECT)
