"""A job store on every database that it can be kept in, with an observer and a clock that tests set."""

from itertools import count

import pytest
import sqlalchemy as sa
from tests.contract.queue_samples import REQUEST

from retouch.database.connection import connect
from retouch.errors import QueueFullError
from retouch.jobs.models import Caller, Job, JobInput, NewJob
from retouch.jobs.store import JobStore
from retouch.jobs.tables import JOBS


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Books:
    """An observer that writes down what it is told, and refuses whom it is told to refuse."""

    def __init__(self):
        self.accepted_ids, self.ended_jobs = [], []
        self.refused = None

    def accepted(self, connection, new):
        if new.caller.key_id == self.refused:
            raise QueueFullError("Not for you.", retry_after_seconds=1)
        self.accepted_ids.append(new.id)

    def ended(self, connection, job):
        # What the transaction sees is what it is told.
        assert connection.scalar(sa.select(JOBS.c.state).where(JOBS.c.id == job.id)) == job.state.value
        self.ended_jobs.append((job.id, job.state))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'jobs.sqlite'}"


@pytest.fixture
def books():
    return Books()


@pytest.fixture
def store(url, clock, books):
    made = JobStore(connect(url), (books,), clock=clock)
    made.create_schema()
    yield made
    made.close()


@pytest.fixture
def enqueue(store, clock):
    numbers = count(1)

    def put(
        request=REQUEST,
        *,
        deadline=300.0,
        max_waiting=100,
        inputs=(JobInput("d1"),),
        owner="anyone",
        priority=0,
        idempotency=None,
        webhook=None,
        max_waiting_per_key=0,
    ) -> Job:
        clock.now += 0.001
        new = NewJob(
            f"job-{next(numbers)}",
            request,
            "fake",
            inputs,
            clock.now + deadline,
            caller=Caller(owner, priority=priority),
            idempotency=idempotency,
            webhook=webhook,
        )
        return store.enqueue(new, max_waiting=max_waiting, max_waiting_per_key=max_waiting_per_key)

    return put
