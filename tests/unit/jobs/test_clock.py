"""The wall clock is set while edits wait and run."""

import pytest

from retouch.jobs.housekeeping import Housekeeper
from retouch.jobs.models import JobState
from retouch.types import EditRequest

HOUR = 3600.0


class Clock:
    """A wall clock that somebody sets."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_running_job_is_neither_run_twice_nor_lost_when_the_clock_is_set(bench, photo, jump):
    b, wall, steady = bench(lease_seconds=30.0), Clock(), Clock()
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    wall.now = job.deadline_at - 300.0
    b.store._clock = wall
    housekeeper = Housekeeper(
        b.store,
        b.shop.signals,
        b.results,
        b.shop.inputs,
        b.register,
        policy=b.shop.policy,
        retention_seconds=0.0,
        clock=wall,
        monotonic=steady,
    )
    b.store.claim("a worker that lives", lease_seconds=30.0)

    wall.now += jump
    housekeeper.settle_jobs()
    assert b.manager.get(job.id).state is JobState.RUNNING, "its worker lives"

    for clock in (wall, steady):
        clock.now += 31.0
    housekeeper.settle_jobs()
    assert b.manager.get(job.id).state is JobState.QUEUED, "its worker gave no sign of life for a whole lease"


def test_a_waiting_job_loses_no_time_when_the_clock_is_set_forward(bench, photo):
    b, wall, steady = bench(deadline_seconds=300.0), Clock(), Clock()
    job = b.manager.enqueue(EditRequest("Add a bird"), [photo], engine="fake")
    wall.now = job.deadline_at - 300.0
    b.store._clock = wall
    housekeeper = Housekeeper(
        b.store,
        b.shop.signals,
        b.results,
        b.shop.inputs,
        b.register,
        policy=b.shop.policy,
        retention_seconds=0.0,
        clock=wall,
        monotonic=steady,
    )

    wall.now += HOUR
    housekeeper.settle_jobs()

    waiting = b.manager.get(job.id)
    assert waiting.state is JobState.QUEUED
    assert waiting.deadline_at == pytest.approx(wall.now + 300.0)
