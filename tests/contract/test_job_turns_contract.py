"""Whose turn it is, how many may wait, and when to come again: on every database that the queue can be kept in."""

import pytest
from tests.contract.queue_samples import LEASE, RESULT, claim

from retouch.errors import QueueFullError
from retouch.jobs.models import JobState


def test_a_higher_priority_is_taken_first_and_equal_ones_in_their_order(store, enqueue):
    ids = [enqueue(priority=priority).id for priority in (0, -5, 10, 0, 10)]
    assert [claim(store).id for _ in range(5)] == [ids[at] for at in (2, 4, 0, 3, 1)]


def test_a_key_with_many_waiting_jobs_delays_the_first_of_another_by_at_most_one(store, enqueue):
    for _ in range(30):
        enqueue(owner="greedy")
    for _ in range(3):
        claim(store)

    modest = enqueue(owner="modest")

    assert claim(store).id == modest.id


def test_keys_take_turns_when_nothing_runs_beside(store, enqueue, clock):
    for owner in ("a", "a", "a", "a", "b", "b", "c"):
        enqueue(owner=owner)
    served = []
    while (job := store.claim("w1", lease_seconds=LEASE)) is not None:
        served.append(job.caller.key_id)
        clock.now += 1
        store.finish(job.id, "w1", JobState.SUCCEEDED, RESULT)
    assert served == ["a", "b", "c", "a", "b", "a", "a"]


def test_the_key_with_fewer_running_jobs_is_served_even_if_it_was_served_last(store, enqueue, clock):
    for owner in ("a", "a", "b", "b"):
        enqueue(owner=owner)
    first, second = claim(store), claim(store)
    assert (first.caller.key_id, second.caller.key_id) == ("a", "b")
    store.finish(second.id, "w1", JobState.SUCCEEDED, RESULT)
    assert claim(store).caller.key_id == "b"


def test_a_place_in_the_queue_is_how_many_are_taken_before(store, enqueue, clock):
    jobs = [
        enqueue(owner=owner, priority=priority)
        for owner, priority in [("a", 0)] * 4 + [("b", 0)] * 2 + [("c", 1), ("b", 0), ("a", 1)]
    ]
    foreseen = {job.id: store.places_ahead(job) for job in jobs}
    taken = []
    while (job := store.claim("w1", lease_seconds=LEASE)) is not None:
        clock.now += 1
        taken.append(job.id)
    assert sorted(foreseen, key=foreseen.get) == taken
    assert [foreseen[job_id] for job_id in taken] == list(range(9))


def test_a_key_has_a_limit_of_its_own_which_others_do_not_feel(store, enqueue):
    enqueue(owner="a", max_waiting_per_key=1)
    with pytest.raises(QueueFullError, match="of this key"):
        enqueue(owner="a", max_waiting_per_key=1)
    enqueue(owner="b", max_waiting_per_key=1)
    enqueue(owner="a")


def test_a_refusal_says_to_come_again_when_the_edit_would_have_begun(store, enqueue, clock):
    enqueue()
    running = claim(store)
    clock.now += 8
    store.finish(running.id, "w1", JobState.SUCCEEDED, RESULT)
    for _ in range(4):
        enqueue(owner="greedy")
    claim(store)

    with pytest.raises(QueueFullError) as greedy:
        enqueue(owner="greedy", max_waiting=3)
    with pytest.raises(QueueFullError) as modest:
        enqueue(owner="modest", max_waiting=3)

    assert greedy.value.retry_after_seconds == pytest.approx(8 * 4)
    assert modest.value.retry_after_seconds == pytest.approx(8)


def test_a_refusal_never_says_to_stay_away_for_more_than_two_minutes(store, enqueue, clock):
    enqueue()
    running = claim(store)
    clock.now += 3000
    store.finish(running.id, "w1", JobState.SUCCEEDED, RESULT)
    enqueue()
    with pytest.raises(QueueFullError) as caught:
        enqueue(max_waiting=1)
    assert caught.value.retry_after_seconds == 120
