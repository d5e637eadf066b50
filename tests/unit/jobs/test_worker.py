import errno
import io
import threading
import time

import numpy as np
import pytest
from PIL import Image

from retouch import atomic
from retouch.engines.registry import EngineRegistry
from retouch.errors import EngineError, ModelFileError, NotFoundError, StorageError
from retouch.jobs.models import JobState
from retouch.jobs.worker import Worker, WorkerPool
from retouch.testing import REFUSED_WORD, FakeEngine
from retouch.types import EditRequest, OutputFormat


def wait_until(condition, seconds=10.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_a_job_is_decoded_edited_stored_and_finished(bench, photo):
    b = bench()
    request = EditRequest("Add a bird", seed=5, num_images=2, output_format=OutputFormat.PNG, explain=True)
    job = b.manager.enqueue(request, [photo], engine="fake")

    assert Worker(b.shop).work_once()

    done = b.manager.get(job.id)
    assert done.state is JobState.SUCCEEDED
    assert [image.seed for image in done.result.images] == [5, 6]
    first = done.result.images[0]
    assert pixels_of(b.results.read(first.name)).shape == (880, 1184, 3)
    assert (first.width, first.height) == (1184, 880)
    assert pixels_of(b.results.read(first.mask_name)).max() == 255
    assert set(done.result.timings) >= {"queue", "decode", "engine", "preserve", "encode"}


def test_an_idle_queue_leaves_nothing_to_do(bench):
    assert not Worker(bench().shop).work_once()


def test_a_request_without_a_seed_gets_one_when_it_is_accepted_so_that_a_retry_makes_the_same_bytes(bench, photo):
    b = bench()
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    assert job.request.seed is not None


def test_a_refused_instruction_fails_with_what_was_understood(bench, photo):
    b = bench()
    job = b.manager.enqueue(EditRequest(f"do the {REFUSED_WORD}"), [photo], engine="fake")
    Worker(b.shop).work_once()
    failed = b.manager.get(job.id)
    assert (failed.state, failed.problem.code) == (JobState.FAILED, "unsupported_instruction")
    assert failed.problem.details["understood"] == ["paint a square"]


def test_a_damaged_picture_fails_and_says_which_one(bench, photo):
    b = bench()
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo, photo[:100]], engine="fake")
    Worker(b.shop).work_once()
    problem = b.manager.get(job.id).problem
    assert (problem.code, problem.details["index"]) == ("image_decode_failed", 1)


@pytest.mark.parametrize(
    ("error", "code"),
    [(EngineError("the engine fell over"), "engine_failed"), (ZeroDivisionError("secret"), "internal_error")],
)
def test_an_engine_that_fails_fails_its_job_and_gives_nothing_away(bench, photo, error, code, caplog):
    b = bench(FakeEngine(error=error))
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    Worker(b.shop).work_once()
    problem = b.manager.get(job.id).problem
    assert problem.code == code
    assert problem.retryable is (code == "engine_failed"), "what nobody expected would happen again"
    assert "secret" not in problem.message


def test_an_engine_that_cant_be_loaded_fails_the_job_with_what_to_do(bench, photo):
    def broken():
        raise ModelFileError("The model file u2netp.onnx is damaged. Run `retouch models pull`.")

    b = bench(registry=EngineRegistry({"fake": broken}, default="fake"))
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    Worker(b.shop).work_once()
    assert b.manager.get(job.id).problem.code == "model_unavailable"


def test_a_full_disk_fails_the_job_and_keeps_no_part_of_its_results(bench, photo, monkeypatch):
    b = bench()
    job = b.manager.enqueue(EditRequest("Add a bird", num_images=2), [photo], engine="fake")
    syncs = []

    def full_at_the_second_file(_descriptor):
        syncs.append(1)
        if len(syncs) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full_at_the_second_file)
    Worker(b.shop).work_once()
    monkeypatch.undo()

    failed = b.manager.get(job.id)
    assert (failed.state, failed.problem.code) == (JobState.FAILED, "storage_failed")
    assert b.results.delete_older_than(0) == 0, "the first picture should be gone already"


def test_a_result_that_cant_be_written_down_fails_the_job_and_keeps_no_picture(bench, photo, monkeypatch):
    b = bench()
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    finish = b.store.finish

    def finish_without_room_for_results(job_id, worker_id, state, outcome):
        if state is JobState.SUCCEEDED:
            raise StorageError("The job database can't be used at present.")
        return finish(job_id, worker_id, state, outcome)

    monkeypatch.setattr(b.store, "finish", finish_without_room_for_results)
    Worker(b.shop).work_once()

    failed = b.manager.get(job.id)
    assert (failed.state, failed.problem.code) == (JobState.FAILED, "storage_failed")
    assert b.results.delete_older_than(0) == 0


def test_a_cancelled_job_stops_at_the_next_step_and_leaves_no_result(bench, photo):
    gate = threading.Event()
    engine = FakeEngine(gate=gate)
    b = bench(engine)
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    thread = threading.Thread(target=Worker(b.shop).work_once)
    thread.start()
    wait_until(lambda: engine.edits_started == 1)

    b.manager.cancel(job.id)
    thread.join(10)

    assert not thread.is_alive()
    assert b.manager.get(job.id).state is JobState.CANCELLED
    assert b.results.delete_older_than(0) == 0


def test_a_job_is_stopped_when_its_time_is_over(bench, photo):
    b = bench(FakeEngine(gate=threading.Event()), deadline_seconds=0.3)
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    Worker(b.shop).work_once()
    failed = b.manager.get(job.id)
    assert (failed.state, failed.problem.code) == (JobState.FAILED, "deadline_exceeded")


def test_a_worker_that_lost_its_lease_drops_its_result(bench, photo):
    gate = threading.Event()
    engine = FakeEngine(gate=gate, steps=1)
    b = bench(engine)
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    thread = threading.Thread(target=Worker(b.shop).work_once)
    thread.start()
    wait_until(lambda: engine.edits_started == 1)
    b.store._clock = lambda: time.time() + 1000  # the worker's process was frozen for so long
    b.store.requeue_stalled(max_attempts=2)

    gate.set()
    thread.join(10)

    assert b.manager.get(job.id).state is JobState.QUEUED
    assert b.results.delete_older_than(0) == 0


def test_stopping_the_pool_puts_the_running_job_back_without_counting_the_attempt(bench, photo):
    engine = FakeEngine(gate=threading.Event())
    b = bench(engine)
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    pool = WorkerPool(b.shop, 1)
    pool.start()
    wait_until(lambda: engine.edits_started == 1)

    pool.stop(10)

    again = b.manager.get(job.id)
    assert (again.state, again.attempts) == (JobState.QUEUED, 0)


def test_an_idle_worker_starts_at_once_when_work_arrives(bench, photo):
    b = bench()
    pool = WorkerPool(b.shop, 2)
    pool.start()
    changed = threading.Event()
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    with b.manager.watching(job.id, changed.set):
        wait_until(lambda: b.manager.get(job.id).state.is_final)
    pool.stop(10)
    assert b.manager.get(job.id).state is JobState.SUCCEEDED


def test_a_second_attempt_makes_the_same_bytes(bench, photo):
    b = bench()
    job = b.manager.enqueue(EditRequest("Add a bird", output_format=OutputFormat.PNG), [photo], engine="fake")
    twin = b.manager.enqueue(job.request, [photo], engine="fake")
    worker = Worker(b.shop)
    worker.work_once()
    worker.work_once()
    first, second = (b.manager.get(each.id).result.images[0].name for each in (job, twin))
    assert b.results.read(first) == b.results.read(second)


def test_an_unknown_job_is_not_found(bench):
    with pytest.raises(NotFoundError):
        bench().manager.get("none")


class AlwaysExplicit:
    """A picture check that refuses everything below tolerance 6."""

    def score(self, pixels: np.ndarray) -> float:
        return 1.0


def test_a_picture_that_is_refused_ends_its_job_as_moderated(bench, photo):
    b = bench(picture_check=AlwaysExplicit())
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    Worker(b.shop).work_once()
    refused = b.manager.get(job.id)
    assert (refused.state, refused.problem.code) == (JobState.MODERATED, "content_moderated")
    assert (refused.problem.details["index"], refused.problem.details["allowed_from"]) == (0, 6)
