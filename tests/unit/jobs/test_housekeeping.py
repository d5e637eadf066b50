import os
import time

import pytest

from retouch.errors import NotFoundError, StorageError
from retouch.jobs.housekeeping import Housekeeper
from retouch.jobs.models import JobState
from retouch.jobs.worker import Worker
from retouch.types import EditRequest


@pytest.fixture
def keeper(bench):
    def make(*, retention_seconds=100.0, **policy):
        b = bench(**policy)
        rules = b.shop.policy
        kept = Housekeeper(
            b.store, b.shop.signals, b.results, b.shop.inputs, policy=rules, retention_seconds=retention_seconds
        )
        return b, kept

    return make


def test_a_stalled_job_goes_back_and_its_watchers_are_told(keeper, photo):
    b, housekeeper = keeper(lease_seconds=1.0)
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    b.store.claim("a worker that dies", lease_seconds=-1)
    told = []
    with b.manager.watching(job.id, lambda: told.append(1)):
        housekeeper.settle_jobs()
    assert b.manager.get(job.id).state is JobState.QUEUED
    assert told == [1]


def test_old_results_and_their_jobs_are_deleted_together(keeper, photo):
    b, housekeeper = keeper(retention_seconds=100.0)
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    b.store._clock = lambda: time.time() - 500
    Worker(b.shop).work_once()
    name = b.manager.get(job.id).result.images[0].name
    then = time.time() - 500
    os.utime(b.results.find(name).path, (then, then))

    housekeeper.clean_up()

    with pytest.raises(NotFoundError):
        b.results.find(name)
    with pytest.raises(NotFoundError):
        b.manager.get(job.id)


def test_a_retention_of_zero_keeps_everything(keeper, photo):
    b, housekeeper = keeper(retention_seconds=0.0)
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    Worker(b.shop).work_once()
    name = b.manager.get(job.id).result.images[0].name
    os.utime(b.results.find(name).path, (0, 0))
    housekeeper.clean_up()
    assert b.results.find(name)


def test_inputs_go_once_no_job_needs_them(keeper, photo, tmp_path):
    b, housekeeper = keeper()
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    for path in (tmp_path / "inputs").glob("*/*"):
        os.utime(path, (0, 0))

    housekeeper.clean_up()
    assert b.shop.inputs.get(job.input_digests[0]) == photo

    Worker(b.shop).work_once()
    housekeeper.clean_up()
    with pytest.raises(StorageError):
        b.shop.inputs.get(job.input_digests[0])


def test_the_thread_begins_with_a_round_and_ends_when_told(keeper, photo):
    b, housekeeper = keeper()
    b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    b.store.claim("a worker that dies", lease_seconds=-1)
    housekeeper.start()
    until = time.monotonic() + 10
    while b.store.count(JobState.QUEUED) == 0:
        assert time.monotonic() < until
        time.sleep(0.01)
    housekeeper.stop()
