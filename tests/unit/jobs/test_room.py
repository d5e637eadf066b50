"""Asking for room before an edit's body is read."""

import pytest

from retouch.errors import QueueFullError
from retouch.jobs import manager
from retouch.jobs.manager import JobManager, QueuePolicy
from retouch.jobs.signals import JobSignals


class Store:
    """Knows how many edits wait, and one that was accepted."""

    def __init__(self, waiting):
        self.waiting = waiting

    def count(self, state):
        return self.waiting

    def is_accepted(self, owner, idempotency_key):
        return (owner, idempotency_key) == ("mine", "known")


def asked(jobs, times, **named):
    """How many of so many callers are let in."""
    let_in = 0
    for _ in range(times):
        try:
            jobs.require_room(**named)
            let_in += 1
        except QueueFullError:
            pass
    return let_in


@pytest.fixture
def jobs():
    return JobManager(Store(waiting=14), None, JobSignals(), QueuePolicy(max_waiting=16))


def test_as_many_are_let_in_at_once_as_there_are_places(jobs):
    assert asked(jobs, 10, key_id="mine", idempotency_key=None) == 2


def test_who_was_let_in_and_never_came_takes_a_place_for_a_moment_only(jobs, monkeypatch):
    monkeypatch.setattr(manager, "_ARRIVING_SECONDS", -1.0)
    assert asked(jobs, 10, key_id="mine", idempotency_key=None) == 10


def test_what_was_accepted_already_needs_no_place(jobs):
    jobs._store.waiting = 16
    assert asked(jobs, 3, key_id="mine", idempotency_key="known") == 3
    assert asked(jobs, 3, key_id="theirs", idempotency_key="known") == 0
