"""The moving parts behind the routes, and when they start and stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from retouch.accounts.requests import LogKeeper
from retouch.database.secrets import SharedSecret
from retouch.engines.registry import EngineRegistry
from retouch.errors import NotFoundError
from retouch.jobs.models import WebhookTarget
from retouch.jobs.webhooks import WebhookStore
from retouch.jobs.workers import OtherWorkers
from retouch.safety.pictures import PictureCheck
from retouch.server.courier import BodyOf, Courier, new_secret
from retouch.server.dialect import Dialect
from retouch.server.foundation import Foundation
from retouch.server.readiness import Readiness
from retouch.server.workforce import ProcessWorkforce, ThreadWorkforce, Workforce
from retouch.settings import Settings

__all__ = ["Backstage"]

_WEBHOOK_SECONDS: Final = 15.0


class Backstage(Foundation):
    """The stores, and whatever works on them while the application serves.

    Parameters
    ----------
    settings : Settings
    registry : EngineRegistry
    folder : Path
        For results, waiting inputs and the job database.
    picture_check : PictureCheck or None
        For threads of this process.
    worker_command : sequence of str or None
        Starts a worker process; None has threads of this process carry out edits.
    """

    def __init__(
        self,
        settings: Settings,
        registry: EngineRegistry,
        folder: Path,
        picture_check: PictureCheck | None,
        worker_command: Sequence[str] | None,
    ) -> None:
        super().__init__(settings, folder)
        self.registry = registry
        self._webhooks = WebhookStore(self.database)
        self.log_keeper = LogKeeper(
            self.accounts.requests, retention_seconds=settings.accounts.log_retention_days * 86_400
        )
        self.webhook_secret = SharedSecret(self.database, "webhooks", new_secret, file_of_old=folder / "webhook-secret")
        self._housekeeper = self.housekeeper()
        self._workforce = (
            self._threads(registry, picture_check) if worker_command is None else self._processes(worker_command)
        )
        others = OtherWorkers(self.register, self._workforce.worker_ids, within_seconds=self.policy.lease_seconds)
        self._news = self.news(lambda: bool(self.signals.watched_jobs()) and others.are_there())
        self.readiness = Readiness(self._workforce.engine_state, self.results, self.jobs)

    def _threads(self, registry: EngineRegistry, picture_check: PictureCheck | None) -> Workforce:
        shop = self.workshop(registry, picture_check)
        return ThreadWorkforce(shop, self.settings.engine.default, self.settings.queue.workers)

    def _processes(self, command: Sequence[str]) -> Workforce:
        return ProcessWorkforce(
            self.supervisor(command, self.settings.queue.workers, self._housekeeper),
            self.register,
            engine=self.settings.engine.default,
            present_seconds=self.policy.lease_seconds,
        )

    @contextlib.asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Run workers and housekeeping while the application serves."""
        await asyncio.to_thread(self.store.create_schema)
        settings = self.settings
        courier = Courier(
            self._webhooks,
            _telling(app, app.state.dialects),
            secret=await asyncio.to_thread(self.webhook_secret.value),
            policy=replace(app.state.services.fetch_policy, timeout_seconds=_WEBHOOK_SECONDS),
        )
        self._news.start()
        self._workforce.start()
        self._housekeeper.start()
        courier.start()
        self.log_keeper.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._workforce.stop, max(1.0, settings.server.shutdown_seconds))
            await asyncio.to_thread(self._news.stop)
            await asyncio.to_thread(self._housekeeper.stop)
            await asyncio.to_thread(courier.stop)
            await asyncio.to_thread(self.log_keeper.stop)
            await asyncio.to_thread(self.decoder.close)
            self.store.close()


def _telling(app: FastAPI, dialects: Sequence[Dialect]) -> BodyOf:
    """Return what puts the end of a job into the words of the dialect that it came in."""
    speakers = {dialect.name: dialect.webhook_body for dialect in dialects}

    async def body_of(job_id: str, target: WebhookTarget) -> dict[str, Any]:
        services = app.state.services
        job = await asyncio.to_thread(services.jobs.get, job_id)
        speaker = speakers.get(target.dialect)
        if speaker is None:
            raise NotFoundError("dialect", target.dialect)
        return await speaker(services, job, target.base_url)

    return body_of
