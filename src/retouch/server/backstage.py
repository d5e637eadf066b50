"""The moving parts behind the routes: what they are made of, and when they start and stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from retouch.database.connection import connect
from retouch.engines.registry import EngineRegistry
from retouch.errors import ConfigurationError, NotFoundError, StorageError
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
from retouch.server.courier import BodyOf, Courier, server_secret
from retouch.server.readiness import Readiness
from retouch.settings import Settings

__all__ = ["Backstage", "private_folder"]

_WEBHOOK_SECONDS: Final = 15.0


class Backstage:
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
    speakers = {dialect.name: dialect.webhook_body for dialect in app.state.dialects}

    async def body_of(job_id: str, target: WebhookTarget) -> dict[str, Any]:
        services = app.state.services
        job = await asyncio.to_thread(services.jobs.get, job_id)
        speaker = speakers.get(target.dialect)
        if speaker is None:
            raise NotFoundError("dialect", target.dialect)
        return await speaker(services, job, target.base_url)

    return body_of


def private_folder(data_directory: Path) -> Path:
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
