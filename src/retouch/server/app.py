"""Put the server together: settings in, an ASGI application out."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from retouch._version import __version__
from retouch.accounts.keys import KeyStore
from retouch.accounts.requests import LogKeeper
from retouch.engines.registry import EngineRegistry
from retouch.errors import ConfigurationError, RetouchError
from retouch.fetch import FetchPolicy
from retouch.images.codec import DecodeLimits
from retouch.safety.pictures import PictureCheck
from retouch.server import admin, billing, edits, metrics, routes
from retouch.server.auth import Authenticator, configured_principals
from retouch.server.backstage import Backstage
from retouch.server.dialects import aimlapi, bfl, fal, fal_proxy, models, openai_images, replicate
from retouch.server.docs import add_docs
from retouch.server.draining import AnswerCutOff, CloseWhileDraining
from retouch.server.errors import ProblemError, answer_http_exception, answer_retouch_error
from retouch.server.foundation import private_folder
from retouch.server.gate import Gate
from retouch.server.guide import add_guide
from retouch.server.intake import Intake
from retouch.server.middleware import EXPOSED_HEADERS, CatchUnexpected, Envelope
from retouch.server.playground import add_playground
from retouch.server.refusals import NoteJobless
from retouch.server.request_log import RequestLog
from retouch.server.services import Services
from retouch.server.telemetry import metrics_access, telemetry_options
from retouch.settings import Settings

__all__ = ["create_app"]

DIALECTS: Final = (
    aimlapi.DIALECT,
    openai_images.DIALECT,
    bfl.DIALECT,
    replicate.DIALECT,
    fal.DIALECT,
    edits.DIALECT,
)
"""Every wire protocol that the server speaks."""
_LOOPBACK_ORIGIN: Final = r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?"
_DESCRIPTION: Final = "Edit a photo by a sentence, on your own machine, and keep every other pixel exactly as it was."


def create_app(
    settings: Settings,
    registry: EngineRegistry,
    data_directory: Path,
    *,
    picture_check: PictureCheck | None = None,
    worker_command: Sequence[str] | None = None,
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
    worker_command : sequence of str, optional
        Starts a worker process; the application then starts ``queue.workers`` of them and loads no engine itself. Left out,
        threads of this process carry out the edits.

    Raises
    ------
    ConfigurationError
        The server would be open to strangers, the engine is unknown, or the folder can't be used.
    """
    _check_engine(settings, registry)
    folder = private_folder(data_directory)
    backstage = Backstage(settings, registry, folder, picture_check, worker_command)
    has_keys = check_access(settings, backstage.accounts.keys)
    app = FastAPI(
        title="Retouch",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=metrics.telling_lifespan(telemetry_options(settings, folder), backstage.lifespan),
    )
    app.state.services = _services(settings, backstage)
    app.state.dialects = DIALECTS
    app.state.metrics = metrics.MetricsPage(metrics_access(settings), backstage.database)
    app.include_router(fal_proxy.router)
    for dialect in DIALECTS:
        app.include_router(dialect.router)
    app.include_router(models.router)  # after Replicate's, whose /v1/models/OWNER/NAME it would hide
    app.include_router(billing.router)
    app.include_router(admin.router)
    app.include_router(routes.router)
    app.include_router(metrics.router)
    add_docs(app)
    add_playground(app)
    add_guide(app)
    _add_error_handlers(app)
    app.add_middleware(AnswerCutOff, is_draining=backstage.readiness.is_told_to_stop)
    _add_middleware(app, settings, backstage.log_keeper, has_keys=has_keys)
    app.add_middleware(CloseWhileDraining, is_draining=backstage.readiness.is_told_to_stop)
    _complete_reference(app)
    return app


def check_access(settings: Settings, keys: KeyStore) -> bool:
    """Return whether there is any key, in the settings or in the database.

    Raises
    ------
    ConfigurationError
        There is none, and the server would be open to other machines.
    """
    server = settings.server
    has_keys = bool(server.key_digests) or keys.any_exist()
    if not server.is_loopback and not has_keys:
        raise ConfigurationError(
            f"The server would listen on {server.host} without any API key, open to whoever reaches it. Make one with "
            "`retouch keys create`, set RETOUCH_SERVER__API_KEYS (or server.api_key_hashes), or listen on 127.0.0.1."
        )
    return has_keys


def _check_engine(settings: Settings, registry: EngineRegistry) -> None:
    if settings.engine.default not in registry.names:
        raise ConfigurationError(
            f"There is no engine named {settings.engine.default!r}. Available: {', '.join(registry.names)}."
        )


def _services(settings: Settings, backstage: Backstage) -> Services:
    limits = settings.limits
    return Services(
        authenticator=Authenticator(
            configured_principals(settings.server.key_digests, frozenset(settings.server.admin_key_hashes)),
            backstage.accounts,
            failed_per_minute=settings.accounts.failed_keys_per_minute,
        ),
        accounts=backstage.accounts,
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
        decode_limits=DecodeLimits(max_bytes=limits.max_image_bytes, max_pixels=limits.max_image_pixels),
        decoder=backstage.decoder,
        jobs=backstage.jobs,
        results=backstage.results,
        registry=backstage.registry,
        default_engine=settings.engine.default,
        readiness=backstage.readiness,
        safety_policy=backstage.safety_policy,
        public_url=settings.server.public_url,
        webhook_secret=backstage.webhook_secret,
        low_balance_credits=settings.accounts.low_balance_credits,
    )


def _add_error_handlers(app: FastAPI) -> None:
    for kind in (RetouchError, ProblemError):
        app.add_exception_handler(kind, answer_retouch_error)
    app.add_exception_handler(HTTPException, answer_http_exception)


def _add_middleware(app: FastAPI, settings: Settings, log_keeper: LogKeeper, *, has_keys: bool) -> None:
    """Wrap the routes; the last one that is added sees a request first."""
    server = settings.server
    origins = server.cors_origins or (("*",) if has_keys else ())
    limits = settings.limits
    app.add_middleware(Gate, max_headers=limits.max_headers, max_header_bytes=limits.max_header_bytes)
    app.add_middleware(CatchUnexpected)
    app.add_middleware(NoteJobless, keeper=log_keeper)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_origin_regex=None if origins else _LOOPBACK_ORIGIN,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH"],
        allow_headers=["*"],
        expose_headers=list(EXPOSED_HEADERS),
        max_age=600,
    )
    app.add_middleware(RequestLog)
    app.add_middleware(Envelope)


def _complete_reference(app: FastAPI) -> None:
    """Have the OpenAPI document built when somebody asks for it: with the bearer scheme, without what FastAPI only supposes.

    It describes a 422 of its own for every route with a parameter. Here each dialect reads its own, and none is answered so.
    """
    build = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = build()
            document["components"] = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}
            for methods in document["paths"].values():
                for operation in methods.values():
                    if "HTTPValidationError" in str(operation["responses"].get("422")):
                        del operation["responses"]["422"]
        return build()

    app.openapi = complete  # type: ignore[method-assign]  # FastAPI's documented way
