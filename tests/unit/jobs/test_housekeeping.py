import threading
import time
from dataclasses import replace

import pytest

from retouch.errors import NotFoundError, StorageError
from retouch.jobs.housekeeping import Housekeeper
from retouch.jobs.manager import Answer
from retouch.jobs.models import JobState
from retouch.jobs.worker import Worker
from retouch.jobs.workers import WorkerCard, WorkerRegister, WorkerState
from retouch.testing import REFUSED_WORD
from retouch.types import EditRequest


def stored_answer(b, name: str) -> Answer:
    """What the server puts into the queue for an answer that is sent back."""
    return Answer(b.results.read(name), **b.results.read_origin(name))


@pytest.fixture
def keeper(bench):
    def make(*, retention_seconds=100.0, **policy):
        b = bench(**policy)
        rules = b.shop.policy
        kept = Housekeeper(
            b.store,
            b.shop.signals,
            b.results,
            b.shop.inputs,
            b.register,
            policy=rules,
            retention_seconds=retention_seconds,
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
    b.make_result_old(name)

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
    b.make_result_old(name)
    housekeeper.clean_up()
    assert b.results.find(name)


def test_the_inputs_of_a_job_that_failed_go_and_those_of_a_waiting_one_stay(keeper, photo, tmp_path):
    b, housekeeper = keeper()
    job = b.manager.enqueue(EditRequest(f"do the {REFUSED_WORD}"), [photo], engine="fake")
    b.make_inputs_old()

    housekeeper.clean_up()
    assert b.shop.inputs.get(job.inputs[0].picture) == photo

    Worker(b.shop).work_once()
    housekeeper.clean_up()
    with pytest.raises(StorageError):
        b.shop.inputs.get(job.inputs[0].picture)


def test_a_first_input_stays_until_the_last_result_that_descends_from_it_is_gone(keeper, photo, tmp_path):
    b, housekeeper = keeper()
    request = EditRequest("Add a bird", seed=1)
    job = b.manager.enqueue(request, [photo], engine="fake")
    first = job.inputs[0].picture
    Worker(b.shop).work_once()
    turns = [b.manager.get(job.id).result.images[0].name]
    again = b.manager.enqueue(request, [stored_answer(b, turns[0])], engine="fake")
    Worker(b.shop).work_once()
    turns.append(b.manager.get(again.id).result.images[0].name)
    b.make_inputs_old()

    for name in turns:
        housekeeper.clean_up()
        assert b.shop.inputs.get(first) == photo
        b.make_result_old(name)
    housekeeper.clean_up()

    with pytest.raises(StorageError):
        b.shop.inputs.get(first)
    assert [path for path in (tmp_path / "results").glob("*/*") if path.is_file()] == []


def test_a_waiting_edit_of_an_answer_keeps_all_that_the_answer_descends_from(keeper, photo, tmp_path):
    b, housekeeper = keeper()
    first = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake").inputs[0].picture
    Worker(b.shop).work_once()
    name = next((tmp_path / "results").glob("*/*.jpg")).name
    waiting = b.manager.enqueue(EditRequest("Add a bird"), [stored_answer(b, name)], engine="fake")
    b.results.delete(name)
    b.make_inputs_old()

    housekeeper.clean_up()
    assert b.shop.inputs.get(first) == photo
    Worker(b.shop).work_once()

    assert not [note for note in b.manager.get(waiting.id).result.notes if "first input" in note]


def test_an_input_that_an_answer_brings_back_is_young_again(bench, photo, tmp_path):
    b = bench()
    digest = b.shop.inputs.put(photo)
    b.make_inputs_old()
    b.manager.enqueue(EditRequest("Add a bird"), [Answer(photo, digest, {})], engine="fake")
    assert b.shop.inputs.delete_unused(frozenset(), min_age_seconds=600) == 0


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


def test_an_error_that_nobody_foresaw_does_not_end_housekeeping(keeper, monkeypatch, caplog):
    _, housekeeper = keeper(lease_seconds=0.03)
    rounds = threading.Semaphore(0)

    def stumble():
        rounds.release()
        raise ValueError("a row that nobody can read")

    monkeypatch.setattr(housekeeper, "settle_jobs", stumble)
    housekeeper.start()
    for _ in range(3):
        assert rounds.acquire(timeout=60)
    housekeeper.stop()
    assert "tried again" in caplog.text


def test_a_worker_that_was_silent_for_long_is_struck_off_and_one_that_lives_is_not(keeper):
    b, housekeeper = keeper()
    card = WorkerCard("silent", "a machine", 7, "fake", WorkerState.READY, 0.0)
    WorkerRegister(b.store._engine, clock=lambda: time.time() - 4000).beat(card)
    b.register.beat(replace(card, id="lively"))

    housekeeper.clean_up()

    assert [each.id for each in b.register.present(within_seconds=10_000)] == ["lively"]


def test_a_worker_that_died_is_no_longer_counted_as_ready(keeper):
    b, housekeeper = keeper()
    b.register.beat(WorkerCard("dead", "a machine", 7, "fake", WorkerState.READY, 0.0))

    housekeeper.bury_worker("dead")

    assert b.register.present(within_seconds=100) == []


def test_an_edit_whose_worker_grew_too_large_fails_after_its_last_attempt_and_says_why(keeper, photo):
    b, housekeeper = keeper(max_attempts=2)
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    for worker in ("first", "second"):
        assert b.manager.get(job.id).state is JobState.QUEUED
        b.store.claim(worker, lease_seconds=600)
        housekeeper.end_outgrown(job.id, worker)
        housekeeper.bury_worker(worker)
    ended = b.manager.get(job.id)
    assert (ended.state, ended.problem.code) == (JobState.FAILED, "engine_crashed")
    assert "memory" in ended.problem.message
