"""A whole workshop in a temporary folder, without a server."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from PIL import Image
from skimage.data import astronaut

from retouch.database.connection import connect
from retouch.engines.registry import EngineRegistry
from retouch.files.inputs import InputFiles
from retouch.files.results import ResultFiles
from retouch.images.codec import DecodeLimits
from retouch.jobs.manager import JobManager, QueuePolicy
from retouch.jobs.signals import JobSignals
from retouch.jobs.store import JobStore
from retouch.jobs.worker import Workshop
from retouch.safety.pictures import PictureCheck
from retouch.testing import FakeEngine, fake_registry


@dataclass
class Bench:
    """A workshop, and the manager that feeds it."""

    shop: Workshop
    manager: JobManager
    results: ResultFiles

    @property
    def store(self) -> JobStore:
        return self.shop.store


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
        store = JobStore(connect(f"sqlite:///{tmp_path / 'jobs.sqlite'}"))
        store.create_schema()
        stores.append(store)
        signals, inputs = JobSignals(), InputFiles(tmp_path / "inputs")
        results, rules = ResultFiles(tmp_path / "results"), QueuePolicy(**policy)
        shop = Workshop(
            store, signals, inputs, results, registry or fake_registry(engine), DecodeLimits(), rules, picture_check
        )
        return Bench(shop, JobManager(store, inputs, signals, rules), results)

    yield make
    for store in stores:
        store.close()


MakeBench = Callable[..., Bench]
