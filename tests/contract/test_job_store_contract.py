"""What the job store does, on every database that it can be kept in."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from tests.contract.queue_samples import ANSWER, LEASE, REQUEST, RESULT, claim

from retouch.database.connection import connect
from retouch.errors import IdempotencyConflictError, NotFoundError, QueueFullError, StorageError
from retouch.jobs.models import Caller, Idempotency, JobInput, JobState, NewJob, Problem, WebhookTarget
from retouch.jobs.store import JobStore
from retouch.jobs.tables import JOBS
from retouch.types import Progress


def test_a_job_comes_back_as_it_was_put_in(store, enqueue):
    job = enqueue(inputs=(JobInput("d1"), ANSWER))
    again = store.get(job.id)
    assert again == job
    assert again.request == REQUEST
    assert again.inputs == (JobInput("d1"), ANSWER)
    assert (again.state, again.attempts, again.result, again.problem) == (JobState.QUEUED, 0, None, None)


def test_a_job_that_was_never_put_in_is_not_found(store):
    with pytest.raises(NotFoundError):
        store.get("none")
    with pytest.raises(NotFoundError):
        store.cancel("none")


@pytest.mark.parametrize("job_id", ["a\0b", "", "\u00e9", "a\nb", "x" * 65, "\ud800"])
def test_what_can_be_no_id_is_not_found_on_any_database(store, job_id):
    for ask in (store.get, store.cancel, store.abandon):
        with pytest.raises(NotFoundError):
            ask(job_id)


def test_jobs_are_claimed_in_the_order_in_which_they_came(store, enqueue):
    ids = [enqueue().id for _ in range(4)]
    assert [claim(store).id for _ in range(4)] == ids
    assert store.claim("w1", lease_seconds=LEASE) is None


def test_a_claimed_job_runs_and_counts_the_attempt(store, enqueue, clock):
    enqueue()
    job = claim(store)
    assert (job.state, job.attempts, job.started_at) == (JobState.RUNNING, 1, clock.now)


def test_of_many_workers_exactly_one_gets_each_job(store, enqueue):
    ids = {enqueue().id for _ in range(12)}
    barrier = threading.Barrier(4)

    def work(worker):
        barrier.wait()
        claimed = []
        while (job := store.claim(worker, lease_seconds=LEASE)) is not None:
            claimed.append(job.id)
        return claimed

    with ThreadPoolExecutor(4) as pool:
        claimed = [job_id for ids_of_one in pool.map(work, ["a", "b", "c", "d"]) for job_id in ids_of_one]
    assert len(claimed) == 12
    assert set(claimed) == ids


def test_a_full_queue_refuses_and_says_when_to_come_again(store, enqueue):
    enqueue(max_waiting=2)
    enqueue(max_waiting=2)
    with pytest.raises(QueueFullError) as caught:
        enqueue(max_waiting=2)
    assert caught.value.retry_after_seconds > 0
    claim(store)
    enqueue(max_waiting=2)
    assert store.count(JobState.QUEUED) == 2


def test_a_success_keeps_its_result(store, enqueue, clock):
    enqueue()
    job = claim(store)
    clock.now += 2
    finished = store.finish(job.id, "w1", JobState.SUCCEEDED, RESULT)
    assert finished is not None
    again = store.get(job.id)
    assert (again.state, again.result, again.finished_at) == (JobState.SUCCEEDED, RESULT, clock.now)


def test_a_failure_keeps_its_problem(store, enqueue):
    enqueue()
    problem = Problem("image_decode_failed", "It is damaged.", details={"index": 0})
    store.finish(claim(store).id, "w1", JobState.FAILED, problem)
    assert store.get("job-1").problem == problem


def test_a_job_cant_be_finished_into_a_state_that_is_not_final(store, enqueue):
    enqueue()
    with pytest.raises(ValueError, match="not final"):
        store.finish(claim(store).id, "w1", JobState.QUEUED, None)


def test_a_finished_job_never_changes_again(store, enqueue):
    enqueue()
    job = claim(store)
    store.finish(job.id, "w1", JobState.SUCCEEDED, RESULT)
    assert store.finish(job.id, "w1", JobState.FAILED, None) is None
    assert store.heartbeat(job.id, "w1", lease_seconds=LEASE, progress=None) is None
    assert store.release(job.id, "w1") is None
    assert store.cancel(job.id).state is JobState.SUCCEEDED


def test_a_worker_cant_finish_the_job_of_another(store, enqueue):
    enqueue()
    job = claim(store, "w1")
    assert store.finish(job.id, "w2", JobState.SUCCEEDED, RESULT) is None
    assert store.get(job.id).state is JobState.RUNNING


def test_a_waiting_job_is_cancelled_at_once(store, enqueue):
    job = enqueue()
    assert store.cancel(job.id).state is JobState.CANCELLED
    assert store.claim("w1", lease_seconds=LEASE) is None


def test_a_running_job_is_asked_to_abort(store, enqueue):
    enqueue()
    job = claim(store)
    cancelled = store.cancel(job.id)
    assert (cancelled.state, cancelled.abort_requested) == (JobState.RUNNING, True)
    beat = store.heartbeat(job.id, "w1", lease_seconds=LEASE, progress=None)
    assert beat is not None
    assert beat.abort_requested


def test_a_heartbeat_prolongs_the_lease_and_notes_progress(store, enqueue, clock):
    enqueue()
    job = claim(store)
    clock.now += 20
    seen = Progress(1, 3, "painting", seconds_left=2.5, preview_png=b"\x89PNG")
    store.heartbeat(job.id, "w1", lease_seconds=LEASE, progress=seen)
    clock.now += 20
    assert store.requeue_stalled(max_attempts=2) == []
    assert store.get(job.id).progress == seen


def test_a_job_without_a_sign_of_life_goes_back_and_its_first_worker_has_lost_it(store, enqueue, clock):
    enqueue()
    job = claim(store, "w1")
    clock.now += LEASE + 1

    assert [again.state for again in store.requeue_stalled(max_attempts=2)] == [JobState.QUEUED]

    second = claim(store, "w2")
    assert (second.id, second.attempts) == (job.id, 2)
    assert store.finish(job.id, "w1", JobState.SUCCEEDED, RESULT) is None
    assert store.finish(job.id, "w2", JobState.SUCCEEDED, RESULT) is not None


def test_a_job_that_stalls_on_its_last_attempt_has_failed(store, enqueue, clock):
    enqueue()
    for _ in range(2):
        claim(store)
        clock.now += LEASE + 1
        store.requeue_stalled(max_attempts=2)
    job = store.get("job-1")
    assert job.state is JobState.FAILED
    assert job.problem is not None
    assert job.problem.code == "engine_crashed"


def test_a_stalled_job_that_was_to_be_aborted_is_cancelled(store, enqueue, clock):
    enqueue()
    store.cancel(claim(store).id)
    clock.now += LEASE + 1
    assert [job.state for job in store.requeue_stalled(max_attempts=2)] == [JobState.CANCELLED]


def test_a_released_job_runs_again_and_the_attempt_does_not_count(store, enqueue):
    enqueue()
    job = claim(store)
    store.release(job.id, "w1")
    assert claim(store, "w2").attempts == 1


def test_a_job_that_is_released_while_it_should_be_aborted_is_cancelled(store, enqueue):
    enqueue()
    job = claim(store)
    store.cancel(job.id)
    released = store.release(job.id, "w1")
    assert released is not None
    assert released.state is JobState.CANCELLED
    assert store.claim("w2", lease_seconds=LEASE) is None


def test_a_job_whose_deadline_passed_while_it_waited_has_failed(store, enqueue, clock):
    enqueue(deadline=10)
    enqueue(deadline=100)
    clock.now += 20
    assert [job.id for job in store.fail_overdue()] == ["job-1"]
    problem = store.get("job-1").problem
    assert problem is not None
    assert (problem.code, problem.retryable) == ("deadline_exceeded", True)
    assert store.get("job-2").state is JobState.QUEUED


def test_inputs_are_in_use_until_their_job_is_finished(store, enqueue):
    enqueue(inputs=(JobInput("a", mask="mask"), JobInput("b")))
    enqueue(inputs=(JobInput("b"), ANSWER))
    assert store.inputs_in_use() == {"a", "mask", "b", "answer", "first", "lineage"}
    store.finish(claim(store).id, "w1", JobState.SUCCEEDED, RESULT)
    assert store.inputs_in_use() == {"b", "answer", "first", "lineage"}


def test_only_old_finished_jobs_are_forgotten(store, enqueue, clock):
    enqueue()
    enqueue()
    store.finish(claim(store).id, "w1", JobState.SUCCEEDED, RESULT)
    clock.now += 100
    assert store.delete_finished_before(clock.now - 200) == 0
    assert store.delete_finished_before(clock.now - 50) == 1
    with pytest.raises(NotFoundError):
        store.get("job-1")
    assert store.get("job-2").state is JobState.QUEUED


def test_jobs_outlive_the_process_that_accepted_them(url, store, enqueue):
    job = enqueue()
    other = JobStore(connect(url))
    assert other.get(job.id).request == REQUEST
    other.close()


def test_a_database_that_cant_be_used_is_a_storage_error_without_its_path(tmp_path):
    broken = JobStore(connect(f"sqlite:///{tmp_path / 'missing' / 'jobs.sqlite'}"))
    with pytest.raises(StorageError) as caught:
        broken.create_schema()
    assert str(tmp_path) not in caught.value.message
    broken.close()


def test_who_asked_for_a_job_comes_back_as_it_was_put_in(store, clock):
    caller = Caller("key_1", "inference-1", "client-1", "fal", "flux/kontext-pro/image-to-image", 7, "00-trace")
    store.enqueue(NewJob("j", REQUEST, "fake", (JobInput("d1"),), 2000.0, caller=caller), max_waiting=1)
    assert store.get("j").caller == caller


def test_the_same_idempotency_key_is_the_same_job(store, enqueue):
    first = enqueue(owner="a", idempotency=Idempotency("k", "digest"))
    again = enqueue(owner="a", idempotency=Idempotency("k", "digest"), max_waiting=1)
    other = enqueue(owner="b", idempotency=Idempotency("k", "another"))
    assert again == first
    assert other.id != first.id
    assert store.count(JobState.QUEUED) == 2
    assert store.find_accepted("a", Idempotency("k", "digest")) == first
    assert store.find_accepted("a", Idempotency("never", "digest")) is None


def test_an_idempotency_key_with_something_else_is_refused(store, enqueue):
    enqueue(idempotency=Idempotency("k", "digest"))
    with pytest.raises(IdempotencyConflictError):
        enqueue(idempotency=Idempotency("k", "another"))
    with pytest.raises(IdempotencyConflictError):
        store.find_accepted("anyone", Idempotency("k", "another"))
    assert store.count(JobState.QUEUED) == 1


def test_an_idempotency_key_is_remembered_as_long_as_its_job(store, enqueue, clock):
    first = enqueue(idempotency=Idempotency("k", "digest"))
    store.finish(claim(store).id, "w1", JobState.FAILED, Problem("engine_failed", "It failed."))
    assert enqueue(idempotency=Idempotency("k", "digest")).id == first.id
    store.delete_finished_before(clock.now + 1)
    assert enqueue(idempotency=Idempotency("k", "digest")).id != first.id


def test_what_was_refused_is_not_remembered(store, enqueue):
    enqueue()
    with pytest.raises(QueueFullError):
        enqueue(idempotency=Idempotency("k", "digest"), max_waiting=1)
    enqueue(idempotency=Idempotency("k", "another"))


def test_of_many_requests_with_one_idempotency_key_at_once_one_makes_a_job(store, enqueue, books):
    barrier = threading.Barrier(8)

    def send(_):
        barrier.wait()
        return enqueue(idempotency=Idempotency("k", "digest")).id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(send, range(8)))
    assert len(ids) == 1
    assert books.accepted_ids == list(ids)


def test_the_database_itself_refuses_an_idempotency_key_twice(store, enqueue, url):
    enqueue(idempotency=Idempotency("k", "digest"))
    enqueue()
    engine = connect(url)
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.update(JOBS).where(JOBS.c.id == "job-2").values(idempotency_key="k"))
    engine.dispose()


def test_a_queue_that_many_fill_at_once_never_has_more_than_it_may(store, enqueue):
    barrier = threading.Barrier(8)

    def send(_):
        barrier.wait()
        try:
            return enqueue(max_waiting=3).id
        except QueueFullError:
            return None

    with ThreadPoolExecutor(8) as pool:
        accepted = [job_id for job_id in pool.map(send, range(8)) if job_id is not None]
    assert len(accepted) == store.count(JobState.QUEUED) == 3


def test_observers_are_told_of_each_end_exactly_once(store, enqueue, clock, books):
    finished, cancelled, released, aborted, crashed = (enqueue().id for _ in range(5))
    overdue = enqueue(deadline=5.0).id
    store.cancel(cancelled)
    store.cancel(cancelled)
    for _ in range(4):
        claim(store)
    store.finish(finished, "w1", JobState.SUCCEEDED, RESULT)
    store.finish(finished, "w1", JobState.SUCCEEDED, RESULT)
    for each in (released, aborted):
        store.cancel(each)
    store.release(released, "w1")
    store.release(released, "w1")
    clock.now += LEASE + 1
    store.fail_overdue()
    store.requeue_stalled(max_attempts=1)
    store.requeue_stalled(max_attempts=1)
    store.fail_overdue()

    assert books.accepted_ids == [finished, cancelled, released, aborted, crashed, overdue]
    assert sorted(books.ended_jobs) == sorted(
        [
            (finished, JobState.SUCCEEDED),
            (cancelled, JobState.CANCELLED),
            (released, JobState.CANCELLED),
            (aborted, JobState.CANCELLED),
            (crashed, JobState.FAILED),
            (overdue, JobState.FAILED),
        ]
    )


def test_of_many_that_settle_stalled_jobs_at_once_one_tells_of_each(store, enqueue, clock, books):
    ids = [enqueue(owner=f"key_{number % 5}").id for number in range(30)]
    for _ in ids:
        claim(store)
    clock.now += LEASE + 1
    barrier = threading.Barrier(4)

    def settle(_):
        barrier.wait()
        return [job.id for job in store.requeue_stalled(max_attempts=1)]

    with ThreadPoolExecutor(4) as pool:
        settled = [job_id for each in pool.map(settle, range(4)) for job_id in each]
    assert sorted(settled) == sorted(ids)
    assert sorted(books.ended_jobs) == sorted((job_id, JobState.FAILED) for job_id in ids)


def test_a_cancellation_is_never_lost_to_a_worker_that_stops_at_the_same_moment(store, enqueue):
    for _ in range(25):
        job = enqueue()
        claim(store)
        barrier = threading.Barrier(2)

        def cancel(job_id=job.id, barrier=barrier):
            barrier.wait()
            store.cancel(job_id)

        canceller = threading.Thread(target=cancel)
        canceller.start()
        barrier.wait()
        store.release(job.id, "w1")
        canceller.join()
        assert store.get(job.id).state is JobState.CANCELLED


def test_observers_hear_nothing_of_a_job_that_only_goes_back(store, enqueue, clock, books):
    enqueue()
    store.release(claim(store).id, "w1")
    claim(store)
    clock.now += LEASE + 1
    store.requeue_stalled(max_attempts=2)
    assert books.ended_jobs == []


def test_a_job_that_an_observer_refuses_is_not_there(store, enqueue, books):
    books.refused = "a"
    with pytest.raises(QueueFullError, match="Not for you"):
        enqueue(owner="a", webhook=WebhookTarget("https://example.org", "fal", "http://x"))
    assert store.count(JobState.QUEUED) == 0
    with pytest.raises(NotFoundError):
        store.get("job-1")


def test_what_an_observer_could_not_write_down_has_not_happened(url, store, enqueue, clock):
    class Failing:
        def accepted(self, connection, new): ...

        def ended(self, connection, job):
            raise StorageError("The books are closed.")

    enqueue()
    job = claim(store)
    other = JobStore(connect(url), (Failing(),), clock=clock)
    with pytest.raises(StorageError):
        other.finish(job.id, "w1", JobState.SUCCEEDED, RESULT)
    other.close()
    assert store.get(job.id).state is JobState.RUNNING


def test_a_job_that_ends_its_worker_each_time_is_given_up_for_good(store, enqueue, clock):
    enqueue()
    for _ in range(3):
        claim(store)
        clock.now += LEASE + 1
        store.requeue_stalled(max_attempts=3)
    problem = store.get("job-1").problem
    assert problem is not None
    assert (problem.code, problem.retryable) == ("engine_crashed", False)
    assert "3 times" in problem.message


def test_a_job_whose_caller_went_away_is_cancelled(store, enqueue):
    waiting, running = enqueue().id, None
    assert store.abandon(waiting).state is JobState.CANCELLED
    enqueue()
    running = claim(store).id
    assert store.abandon(running).abort_requested


def test_a_job_that_somebody_will_ask_for_goes_on_without_its_caller(store, enqueue):
    told = enqueue(webhook=WebhookTarget("https://example.org", "fal", "http://x"))
    kept = enqueue(idempotency=Idempotency("k", "digest"))
    claim(store)
    assert not store.abandon(told.id).abort_requested
    assert store.abandon(kept.id).state is JobState.QUEUED
