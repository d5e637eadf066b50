"""What the store of webhooks does, on every database that it can be kept in."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from retouch.database.connection import connect
from retouch.jobs.models import JobInput, JobState, NewJob, WebhookTarget
from retouch.jobs.store import JobStore
from retouch.jobs.webhooks import DeliveryState, WebhookStore
from retouch.types import EditRequest

TARGET = WebhookTarget("https://example.org/told", "fal", "http://127.0.0.1:8000", "secret")


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request, tmp_path):
    is_server = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if is_server else f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    engine = connect(url)
    jobs = JobStore(engine, clock=lambda: 1000.0)
    jobs.create_schema()
    yield jobs, WebhookStore(engine, clock=lambda: 1000.0)
    jobs.close()


def end_jobs(jobs, count):
    for number in range(count):
        new = NewJob(f"job-{number}", EditRequest("Add a bird", seed=1), "fake", (JobInput("d"),), 2000.0, TARGET)
        jobs.enqueue(new, max_waiting=99)
        jobs.cancel(new.id)


def test_a_call_is_due_once_its_job_has_ended(stores):
    jobs, webhooks = stores
    new = NewJob("job", EditRequest("Add a bird", seed=1), "fake", (JobInput("d"),), 2000.0, TARGET)
    jobs.enqueue(new, max_waiting=9)
    assert webhooks.claim_due(lease_seconds=30) is None
    jobs.claim("w", lease_seconds=30)
    assert webhooks.claim_due(lease_seconds=30) is None
    jobs.finish("job", "w", JobState.CANCELLED, None)
    delivery = webhooks.claim_due(lease_seconds=30)
    assert delivery is not None
    assert (delivery.job_id, delivery.target, delivery.attempts) == ("job", TARGET, 1)
    assert webhooks.claim_due(lease_seconds=30) is None


def test_of_many_couriers_exactly_one_gets_each_call(stores):
    jobs, webhooks = stores
    end_jobs(jobs, 12)
    barrier = threading.Barrier(4)

    def deliver(_):
        barrier.wait()
        taken = []
        while (delivery := webhooks.claim_due(lease_seconds=30)) is not None:
            taken.append(delivery.job_id)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [job_id for each in pool.map(deliver, range(4)) for job_id in each]
    assert sorted(taken) == sorted(f"job-{number}" for number in range(12))


def test_a_call_that_was_heard_is_not_made_again(stores):
    jobs, webhooks = stores
    end_jobs(jobs, 1)
    webhooks.claim_due(lease_seconds=0)
    webhooks.settle("job-0", DeliveryState.DELIVERED, "200")
    assert webhooks.claim_due(lease_seconds=30) is None
    found = webhooks.find("job-0")
    assert found is not None
    assert (found.state, found.last_outcome) == (DeliveryState.DELIVERED, "200")
