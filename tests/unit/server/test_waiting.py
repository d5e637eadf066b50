"""Waiting for a job, while the database goes away and comes back."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from retouch.errors import StorageError
from retouch.jobs.manager import QueuePolicy
from retouch.jobs.models import Job, JobInput, JobState
from retouch.server import waiting
from retouch.types import EditRequest

JOB = Job("job", "fake", JobState.QUEUED, EditRequest("Add a bird"), (JobInput("d"),), 0, 1000.0, 2e9)


class Jobs:
    """A manager whose store is away for some looks, and then knows the job as cancelled."""

    policy = QueuePolicy()

    def __init__(self, failures):
        self._failures = failures
        self.abandoned = []

    def get(self, job_id):
        if self._failures:
            self._failures -= 1
            raise StorageError("The database can't be used at present.")
        return replace(JOB, state=JobState.CANCELLED)

    def watching(self, job_id, callback):
        return contextlib.nullcontext()

    def abandon(self, job_id):
        self.abandoned.append(job_id)


class Request:
    async def receive(self):
        await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch):
    monkeypatch.setattr(waiting, "_POLL_SECONDS", 0.01)


async def states(looks):
    return [job.state async for job in looks]


def test_a_database_that_is_away_for_a_moment_is_waited_for():
    jobs = Jobs(failures=3)
    assert asyncio.run(states(waiting.follow(Request(), jobs, JOB))) == [JobState.QUEUED, JobState.CANCELLED]
    assert asyncio.run(states(waiting.changes(Jobs(failures=3), "job"))) == [JobState.CANCELLED]


def test_a_database_that_stays_away_is_told_and_the_job_goes_on(monkeypatch):
    monkeypatch.setattr(waiting, "_PATIENCE_SECONDS", 0.05)
    jobs = Jobs(failures=10_000)
    with pytest.raises(StorageError):
        asyncio.run(states(waiting.follow(Request(), jobs, JOB)))
    assert jobs.abandoned == []
