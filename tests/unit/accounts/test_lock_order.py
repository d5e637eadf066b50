"""Transactions that end edits and those that accept edits of the same keys never wait for each other in a circle."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from tests.unit.accounts.conftest import open_service

from retouch.accounts.audit import audit_ledger
from retouch.accounts.keys import KeyTerms
from retouch.accounts.prices import Prices
from retouch.jobs.models import JobState

FREE, PRICED = "free/model", "priced/model"
PATIENCE_SECONDS = 30.0


@pytest.fixture
def two_processes(postgres_url):
    """Two processes of a service on PostgreSQL, where one model is free and another is not."""
    made = [open_service(postgres_url, Prices(5, by_model={FREE: 0})) for _ in range(2)]
    yield made
    for each in made:
        each.store.close()


def test_one_that_settles_many_edits_and_one_that_accepts_an_edit_of_their_key_both_go_on(two_processes):
    housekeeper, server = two_processes
    key = server.accounts.keys.create(KeyTerms("one", max_unfinished=99))[0].id
    # The free one is settled first: it needs the row of the key's day, and not that of the key.
    for job_id, model in (("free", FREE), ("priced", PRICED)):
        server.accept(job_id, key, model=model)
        server.store.claim("dead", lease_seconds=-1)
    has_key, has_day = threading.Event(), threading.Event()

    @sa.event.listens_for(server.database, "before_cursor_execute")
    def _pause_between_key_and_day(connection, cursor, statement, *rest):
        if statement.startswith("INSERT INTO usage_days"):
            has_key.set()
            assert has_day.wait(PATIENCE_SECONDS)

    @sa.event.listens_for(housekeeper.database, "after_cursor_execute")
    def _pause_behind_day(connection, cursor, statement, *rest):
        if statement.startswith("INSERT INTO usage_days") and not has_day.is_set():
            assert has_key.wait(PATIENCE_SECONDS)
            has_day.set()
            time.sleep(0.5)  # until the other one waits for the row

    with ThreadPoolExecutor(2) as pool:
        accepted = pool.submit(server.accept, "new", key, model=PRICED)
        settled = pool.submit(housekeeper.store.requeue_stalled, max_attempts=1)
        assert accepted.result().state is JobState.QUEUED
        assert [job.id for job in settled.result()] == ["free", "priced"]
    assert audit_ledger(server.database).faults == ()


def test_two_that_settle_edits_of_the_same_keys_while_others_are_accepted_and_finished_do_not_stop_each_other(
    two_processes,
):
    one, other = two_processes
    keys = [one.accounts.keys.create(KeyTerms(name))[0].id for name in ("a", "b", "c")]
    for number in range(18):
        one.accept(f"old-{number}", keys[number % 3], model=(FREE, PRICED)[number % 2])
        one.store.claim("dead", lease_seconds=-1)
    start = threading.Barrier(4)

    def settle(service):
        start.wait()
        return [job.id for job in service.store.requeue_stalled(max_attempts=1)]

    def accept_and_finish(service, name):
        start.wait()
        for number in range(9):
            service.accept(f"{name}-{number}", keys[-number % 3], model=(PRICED, FREE)[number % 2])
            service.end(JobState.SUCCEEDED)
        return []

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(settle, each) for each in two_processes]
        futures += [pool.submit(accept_and_finish, each, name) for each, name in ((one, "x"), (other, "y"))]
        settled = [job_id for future in futures for job_id in future.result()]
    assert sorted(settled) == sorted(f"old-{number}" for number in range(18))
    found = audit_ledger(one.database)
    assert (found.faults, found.open_holds) == ((), 0)
