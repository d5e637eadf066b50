"""Put the server together: settings in, an ASGI application out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from retouch._version import __version__
from retouch.database.connection import connect
from retouch.engines.registry import EngineRegistry
from retouch.errors import ConfigurationError, NotFoundError, RetouchError, StorageError
from retouch.fetch import FetchPolicy
from retouch.files.inputs import InputFiles
from retouch.files.results import ResultFiles
from retouch.images.codec import DecodeLimits
from retouch.jobs.housekeeping import Housekeeper
from retouch.jobs.manager import JobManager, QueuePolicy
from retouch.jobs.models import WebhookTarget
from retouch.jobs.signals import JobSignals
from retouch.jobs.store import JobStore
from retouch.jobs.webhooks import WebhookStore
from retouch.jobs.worker import WorkerPool, Workshop
from retouch.safety.pictures import PictureCheck
from retouch.server import routes
from retouch.server.auth import Authenticator
from retouch.server.courier import BodyOf, Courier, server_secret
from retouch.server.dialects import aimlapi, bfl, fal, fal_proxy, models, openai_images, replicate
from retouch.server.docs import add_docs
from retouch.server.errors import ProblemError, answer_http_exception, answer_retouch_error
from retouch.server.intake import Intake
from retouch.server.middleware import EXPOSED_HEADERS, CatchUnexpected, Envelope
from retouch.server.readiness import Readiness
from retouch.server.services import Services
from retouch.settings import Settings

__all__ = ["create_app"]

DIALECTS: Final = (aimlapi.DIALECT, openai_images.DIALECT, bfl.DIALECT, replicate.DIALECT, fal.DIALECT)
"""Every wire protocol that the server speaks."""
_WEBHOOK_SECONDS: Final = 15.0
_LOOPBACK_ORIGIN: Final = r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?"
_DESCRIPTION: Final = "Edit a photo by a sentence, on your own machine, and keep every other pixel exactly as it was."


def create_app(
    settings: Settings, registry: EngineRegistry, data_directory: Path, *, picture_check: PictureCheck | None = None
) -> FastAPI:
    """Return the application. Its workers and its database live from start-up to shutdown.

    Parameters
    ----------
    settings : Settings
    registry : EngineRegistry
        The engines that requests may name.
    data_directory : Path
        Results, waiting inputs and the job database go into its folder ``server``; made when it is not there.
    picture_check : PictureCheck, optional
        Looks at every picture, unless the settings say that none is checked.

    Raises
    ------
    ConfigurationError
        The server would be open to strangers, the engine is unknown, or the folder can't be used.
    """
    check_access(settings)
    _check_engine(settings, registry)
    folder = _private_folder(data_directory)
    backstage = _Backstage(settings, registry, folder, picture_check if settings.safety.check_pictures else None)
    app = FastAPI(
        title="Retouch",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=backstage.lifespan,
    )
    app.state.services = _services(settings, backstage)
    app.state.dialects = DIALECTS
    app.include_router(fal_proxy.router)
    for dialect in DIALECTS:
        app.include_router(dialect.router)
    app.include_router(models.router)  # after Replicate's, whose /v1/models/OWNER/NAME it would hide
    app.include_router(routes.router)
    add_docs(app)
    _add_error_handlers(app)
    _add_middleware(app, settings)
    _complete_reference(app)
    return app


def check_access(settings: Settings) -> None:
    """Raise ``ConfigurationError`` when the server would be open to other machines without a key."""
    server = settings.server
    if not server.is_loopback and not server.key_digests:
        raise ConfigurationError(
            f"The server would listen on {server.host} without any API key, open to whoever reaches it. "
            "Set RETOUCH_SERVER__API_KEYS (or server.api_key_hashes), or listen on 127.0.0.1."
        )


def _check_engine(settings: Settings, registry: EngineRegistry) -> None:
    if settings.engine.default not in registry.names:
        raise ConfigurationError(
            f"There is no engine named {settings.engine.default!r}. Available: {', '.join(registry.names)}."
        )


class _Backstage:
    """The moving parts behind the routes, and when they start and stop.

    Parameters
    ----------
    settings : Settings
    registry : EngineRegistry
    folder : Path
        For results, waiting inputs and the job database.
    picture_check : PictureCheck or None
    """

    def __init__(
        self, settings: Settings, registry: EngineRegistry, folder: Path, picture_check: PictureCheck | None
    ) -> None:
        self._settings = settings
        self._picture_check = picture_check
        self.results = ResultFiles(folder / "results")
        self._inputs = InputFiles(folder / "inputs")
        self._signals = JobSignals()
        self._policy = QueuePolicy(
            max_waiting=settings.queue.max_waiting,
            deadline_seconds=settings.queue.deadline_seconds,
            lease_seconds=settings.queue.lease_seconds,
            max_attempts=settings.queue.max_attempts,
        )
        self.registry = registry
        database = connect(f"sqlite:///{folder / 'jobs.sqlite'}")
        self._store = JobStore(database)
        self.jobs = JobManager(self._store, self._inputs, self._signals, self._policy)
        self._webhooks = WebhookStore(database)
        self.webhook_secret = server_secret(folder / "webhook-secret")
        self.readiness = Readiness(registry, settings.engine.default, self.results, self.jobs)

    @contextlib.asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Run workers and housekeeping while the application serves."""
        await asyncio.to_thread(self._store.create_schema)
        settings = self._settings
        pool = WorkerPool(self._workshop(), settings.queue.workers)
        housekeeper = Housekeeper(
            self._store,
            self._signals,
            self.results,
            self._inputs,
            policy=self._policy,
            retention_seconds=settings.storage.retention_hours * 3600,
        )
        courier = Courier(
            self._webhooks,
            _telling(app),
            secret=self.webhook_secret,
            policy=replace(app.state.services.fetch_policy, timeout_seconds=_WEBHOOK_SECONDS),
        )
        loading = self.readiness.load_engine()
        pool.start()
        housekeeper.start()
        courier.start()
        try:
            yield
        finally:
            await asyncio.to_thread(pool.stop, max(1.0, settings.server.shutdown_seconds))
            await asyncio.to_thread(housekeeper.stop)
            await asyncio.to_thread(courier.stop)
            await asyncio.to_thread(loading.join)
            await asyncio.to_thread(self.registry.close)
            self._store.close()

    def _workshop(self) -> Workshop:
        limits = self._settings.limits
        return Workshop(
            store=self._store,
            signals=self._signals,
            inputs=self._inputs,
            results=self.results,
            registry=self.registry,
            decode_limits=DecodeLimits(max_bytes=limits.max_image_bytes, max_pixels=limits.max_image_pixels),
            policy=self._policy,
            picture_check=self._picture_check,
        )


def _telling(app: FastAPI) -> BodyOf:
    """Return what puts the end of a job into the words of the dialect that it came in."""
    speakers = {dialect.name: dialect.webhook_body for dialect in DIALECTS}

    async def body_of(job_id: str, target: WebhookTarget) -> dict[str, Any]:
        services = app.state.services
        job = await asyncio.to_thread(services.jobs.get, job_id)
        speaker = speakers.get(target.dialect)
        if speaker is None:
            raise NotFoundError("dialect", target.dialect)
        return await speaker(services, job, target.base_url)

    return body_of


def _services(settings: Settings, backstage: _Backstage) -> Services:
    limits = settings.limits
    return Services(
        authenticator=Authenticator(settings.server.key_digests),
        intake=Intake(
            max_body_bytes=limits.max_body_bytes,
            timeout_seconds=limits.body_timeout_seconds,
            places=asyncio.Semaphore(limits.max_concurrent_uploads),
        ),
        fetch_policy=FetchPolicy(
            allow_private=settings.safety.allow_private_addresses,
            timeout_seconds=limits.fetch_timeout_seconds,
            max_bytes=limits.max_image_bytes,
        ),
        jobs=backstage.jobs,
        results=backstage.results,
        registry=backstage.registry,
        default_engine=settings.engine.default,
        readiness=backstage.readiness,
        public_url=settings.server.public_url,
        webhook_secret=backstage.webhook_secret,
    )


def _add_error_handlers(app: FastAPI) -> None:
    for kind in (RetouchError, ProblemError):
        app.add_exception_handler(kind, answer_retouch_error)
    app.add_exception_handler(HTTPException, answer_http_exception)


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Wrap the routes; the last one that is added sees a request first."""
    server = settings.server
    origins = server.cors_origins or (("*",) if server.key_digests else ())
    app.add_middleware(CatchUnexpected)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_origin_regex=None if origins else _LOOPBACK_ORIGIN,
        allow_methods=["GET", "HEAD", "POST", "PUT"],
        allow_headers=["*"],
        expose_headers=list(EXPOSED_HEADERS),
        max_age=600,
    )
    app.add_middleware(Envelope)


def _complete_reference(app: FastAPI) -> None:
    """Add the bearer scheme to the OpenAPI document, which FastAPI builds once and keeps; take out what it only supposes.

    It describes a 422 of its own for every route with a parameter. Here each dialect reads its own, and none is answered so.
    """
    document = app.openapi()
    document["components"] = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}
    for methods in document["paths"].values():
        for operation in methods.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]


def _private_folder(data_directory: Path) -> Path:
    """Return the folder for what clients send and get, which no other user of this machine may read."""
    folder = data_directory / "server"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ResultFiles(folder / "results").check_writable()
    except (OSError, StorageError) as exc:
        raise ConfigurationError(
            f"The data folder {data_directory} can't be written. Choose another with --data-dir."
        ) from exc
    return folder
