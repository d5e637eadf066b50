"""Accounts in a database of their own, and a job store that they watch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from retouch.accounts.accounts import Accounts
from retouch.accounts.prices import Prices
from retouch.database.connection import connect
from retouch.jobs.models import Caller, Job, JobInput, JobResult, JobState, NewJob, ResultImage
from retouch.jobs.store import JobStore
from retouch.types import EditRequest

PRICE = 5


@dataclass
class Service:
    """What a server has of accounts and jobs."""

    database: sa.Engine
    accounts: Accounts
    store: JobStore

    def accept(self, job_id: str, key_id: str, *, num_images: int = 1, model: str | None = None) -> Job:
        named = {} if model is None else {"model": model}
        request = EditRequest(prompt="Add a bird.", seed=1, num_images=num_images, **named)
        caller = Caller(key_id, inference_id=f"inference-{job_id}", dialect="aimlapi", model=request.model)
        new = NewJob(job_id, request, "fake", (JobInput("0" * 64),), deadline_at=4e9, caller=caller)
        return self.store.enqueue(new, max_waiting=10_000)

    def end(self, state: JobState, *, images: int = 1) -> Job:
        """End the job that waits longest."""
        job = self.store.claim("worker", lease_seconds=60)
        assert job is not None
        outcome = result_of(images) if state is JobState.SUCCEEDED else None
        ended = self.store.finish(job.id, "worker", state, outcome)
        assert ended is not None
        return ended


def result_of(images: int) -> JobResult:
    image = ResultImage("a.png", "image/png", 1, 1, 1, 1, 0.5)
    return JobResult((image,) * images, "Add a bird.", 1, "fake 1", {"plan": [], "resolutions": [], "notes": []}, {})


def open_service(url: str, prices: Prices | None = None) -> Service:
    database = connect(url)
    accounts = Accounts.of(database, prices or Prices(PRICE))
    store = JobStore(database, (accounts.books,))
    store.create_schema()
    return Service(database, accounts, store)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = open_service(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    yield made
    made.store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request, tmp_path: Path) -> Iterator[Service]:
    """On both kinds of database."""
    postgresql = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if postgresql else f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    made = open_service(url)
    yield made
    made.store.close()
