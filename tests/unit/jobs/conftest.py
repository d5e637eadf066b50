"""A whole workshop in a temporary folder, without a server."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from PIL import Image
from skimage.data import astronaut

from retouch.database.connection import connect
from retouch.engines.registry import EngineRegistry
from retouch.files.folder import FolderBlobs
from retouch.files.results import ResultFiles
from retouch.files.storage import FileStorage
from retouch.files.tables import STORED_INPUTS, STORED_RESULTS
from retouch.images.codec import DecodeLimits
from retouch.jobs.manager import JobManager, QueuePolicy
from retouch.jobs.signals import JobSignals
from retouch.jobs.store import JobStore
from retouch.jobs.worker import Workshop
from retouch.jobs.workers import WorkerRegister
from retouch.safety.pictures import PictureCheck
from retouch.testing import FakeEngine, fake_registry


@dataclass
class Bench:
    """A workshop, and the manager that feeds it."""

    shop: Workshop
    manager: JobManager
    results: ResultFiles
    database: sa.Engine

    @property
    def store(self) -> JobStore:
        return self.shop.store

    @property
    def register(self) -> WorkerRegister:
        return WorkerRegister(self.store._engine)

    def make_inputs_old(self) -> None:
        """Let it be long ago that somebody said that the inputs are wanted."""
        with self.database.begin() as connection:
            connection.execute(sa.update(STORED_INPUTS).values(kept_at=0))

    def make_result_old(self, name: str) -> None:
        """Let a result be of long ago."""
        with self.database.begin() as connection:
            connection.execute(sa.update(STORED_RESULTS).where(STORED_RESULTS.c.name == name).values(created_at=0))


@pytest.fixture(scope="session")
def photo() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(astronaut()[:300, :400]).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def bench(tmp_path):
    stores = []

    def make(
        engine: FakeEngine | None = None,
        *,
        registry: EngineRegistry | None = None,
        picture_check: PictureCheck | None = None,
        **policy: float,
    ) -> Bench:
        database = connect(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
        files = FileStorage(FolderBlobs(tmp_path), database)
        store = JobStore(database, (files.recorder,))
        store.create_schema()
        stores.append(store)
        signals, rules = JobSignals(), QueuePolicy(**policy)
        results, inputs = files.results, files.inputs
        shop = Workshop(
            store, signals, inputs, results, registry or fake_registry(engine), DecodeLimits(), rules, picture_check
        )
        return Bench(shop, JobManager(store, inputs, signals, rules), results, database)

    yield make
    for store in stores:
        store.close()


MakeBench = Callable[..., Bench]
