"""The log of requests, what is counted by day, and how fast a key may ask."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from retouch.accounts.books import Books
from retouch.accounts.keys import KeyTerms
from retouch.accounts.prices import Prices
from retouch.accounts.rates import RequestRates
from retouch.accounts.requests import JoblessRequest, LogKeeper, RequestLog, RequestStatus
from retouch.errors import RateLimitedError, StorageError
from retouch.jobs.models import Caller, JobState
from retouch.jobs.store import JobStore

DAY = 86_400.0
MINUTE = 60.0


class Clock:
    now = 1000 * DAY

    def __call__(self):
        return self.now


def refused(number, moment=0.0, key_id="anyone"):
    return JoblessRequest(Caller(key_id, f"inference-{number}"), "invalid_value", moment, moment)


def test_a_row_follows_its_edit_and_counts_on_the_day_of_acceptance(either):
    either.accept("a", "key_1", num_images=3)
    (row,) = either.accounts.requests.page("key_1", limit=9)
    assert (row.status, row.images, row.credits, row.ended_at) == (RequestStatus.PENDING, 3, 0, None)
    either.end(JobState.SUCCEEDED, images=2)
    (row,) = either.accounts.requests.page("key_1", limit=9)
    assert (row.status, row.images, row.credits, row.job_id) == (RequestStatus.SUCCEEDED, 2, 10, "a")
    either.accept("b", "key_1", num_images=4)
    either.end(JobState.FAILED)
    (day,) = either.accounts.usage.page(limit=9)
    assert (day.edits, day.images, day.failed, day.credits) == (2, 2, 1, 10)


def test_a_name_that_is_too_long_for_the_column_is_cut_and_not_an_error(either):
    either.accept("a", "key_1", model="m" * 1000)
    assert either.accounts.requests.page("key_1", limit=1)[0].model == "m" * 128


def test_old_rows_go_and_those_of_unfinished_edits_stay(service):
    clock = Clock()
    log = RequestLog(service.database, clock=clock)
    books = Books(Prices(), clock=clock)
    service.store = JobStore(service.database, (books,))
    service.accept("ended", "key_1")
    service.end(JobState.SUCCEEDED)
    service.accept("waits", "key_1")
    log.add_jobless([refused(1, clock.now)])
    clock.now += 10 * DAY
    assert log.delete_older_than(11 * DAY) == 0
    assert log.delete_older_than(9 * DAY) == 2
    assert [row.job_id for row in log.page(None, limit=9)] == ["waits"]


def test_refused_requests_are_written_by_a_thread_and_all_of_them_at_its_end(service):
    keeper = LogKeeper(service.accounts.requests)
    keeper.start()
    for number in range(300):
        keeper.note(refused(number))
    keeper.stop()
    rows = service.accounts.requests.page("anyone", limit=999)
    assert [row.inference_id for row in rows] == [f"inference-{number}" for number in reversed(range(300))]
    assert {(row.status, row.error_code, row.credits) for row in rows} == {(RequestStatus.REFUSED, "invalid_value", 0)}


def test_what_comes_faster_than_it_is_written_is_left_out_and_said(service, caplog):
    keeper = LogKeeper(service.accounts.requests)
    for number in range(1500):
        keeper.note(refused(number, key_id=f"key_{number % 5}"))
    keeper.start()
    keeper.stop()
    assert len(service.accounts.requests.page(None, limit=9999)) == 1000
    assert "500 requests that did not become edits were left out" in caplog.text


def test_one_key_can_not_fill_the_log_with_what_costs_it_nothing(service):
    keeper = LogKeeper(service.accounts.requests)
    for number in range(700):
        keeper.note(refused(number, moment=10.0, key_id="key_1"))
    keeper.note(refused(1, moment=10.0, key_id="key_2"))
    keeper.write_waiting()
    keeper.note(refused(1, moment=61.0, key_id="key_1"))
    keeper.write_waiting()
    assert len(service.accounts.requests.page("key_1", limit=9999)) == 600 + 1
    assert len(service.accounts.requests.page("key_2", limit=9999)) == 1


def test_a_database_that_is_away_costs_rows_and_not_the_thread(service, monkeypatch, caplog):
    keeper = LogKeeper(service.accounts.requests)
    keeper.note(refused(1))

    def fail(self, rows):
        raise StorageError("away")

    with monkeypatch.context() as patched:
        patched.setattr(RequestLog, "add_jobless", fail)
        keeper.write_waiting()
    keeper.note(refused(2))
    keeper.start()
    keeper.stop()
    assert [row.inference_id for row in service.accounts.requests.page(None, limit=9)] == ["inference-2"]
    assert "1 requests that did not become edits were left out" in caplog.text


def test_of_edits_at_the_same_time_no_more_are_under_way_than_the_key_may_have(either):
    key = either.accounts.keys.create(KeyTerms("one", max_unfinished=3))[0].id
    start = threading.Barrier(4)

    def try_all(thread):
        start.wait()
        accepted = 0
        for number in range(3):
            try:
                either.accept(f"{thread}-{number}", key)
                accepted += 1
            except RateLimitedError:
                pass
        return accepted

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(try_all, range(4))) == 3
    either.end(JobState.SUCCEEDED)
    either.accept("again", key)


def test_waiting_edits_are_counted_without_those_that_run(either):
    key = either.accounts.keys.create(KeyTerms("one", max_waiting=1))[0].id
    either.accept("a", key)
    either.store.claim("worker", lease_seconds=60)
    either.accept("b", key)
    with pytest.raises(RateLimitedError, match="1 edits waiting"):
        either.accept("c", key)


def test_pictures_of_failed_edits_are_given_back_to_the_day(service):
    key = service.accounts.keys.create(KeyTerms("one", images_per_day=4))[0].id
    service.accept("a", key, num_images=3)
    with pytest.raises(
        RateLimitedError, match=r"may have 4 pictures a day .* has had 3; this request asks for 2"
    ) as caught:
        service.accept("b", key, num_images=2)
    assert 0 < caught.value.retry_after_seconds <= DAY
    service.end(JobState.FAILED)
    service.accept("c", key, num_images=4)


def test_a_bucket_holds_a_minutes_requests_and_fills_evenly(either):
    clock = Clock()
    rates = RequestRates(either.database, clock=clock)
    taken = [rates.take("key_1", 3) for _ in range(4)]
    assert [each.remaining for each in taken] == [2, 1, 0, 0]
    assert [each.reset_seconds for each in taken] == [20, 40, 60, 60]
    assert [each.retry_after_seconds for each in taken] == [None, None, None, pytest.approx(20)]
    clock.now += 19
    assert rates.take("key_1", 3).retry_after_seconds == pytest.approx(1)
    clock.now += 1
    assert rates.take("key_1", 3).retry_after_seconds is None
    assert rates.take("key_1", 3).retry_after_seconds is not None
    assert rates.take("key_2", 3).remaining == 2
    clock.now += 1000 * MINUTE
    assert rates.take("key_1", 3).remaining == 2  # it holds no more than a minute's


def test_many_processes_share_one_bucket(either):
    clock = Clock()
    both = [RequestRates(either.database, clock=clock) for _ in range(2)]

    def take(number):
        return both[number % 2].take("key_1", 10).retry_after_seconds is None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, range(40))) == 10
