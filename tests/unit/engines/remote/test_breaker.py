import pytest

from retouch.engines.remote.breaker import CircuitBreaker
from retouch.errors import EngineError


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return CircuitBreaker(2, 30.0, clock=clock)


def fail(breaker, times):
    for _ in range(times):
        breaker.admit()
        breaker.failed()


def test_it_opens_after_failures_in_a_row(breaker):
    fail(breaker, 2)
    assert breaker.state == "open"
    with pytest.raises(EngineError, match="another 30 s"):
        breaker.admit()


def test_a_success_in_between_starts_the_count_anew(breaker):
    fail(breaker, 1)
    breaker.succeeded()
    fail(breaker, 1)
    assert breaker.state == "closed"


def test_half_open_lets_one_request_try(breaker, clock):
    fail(breaker, 2)
    clock.now += 30
    assert breaker.state == "half-open"
    breaker.admit()
    with pytest.raises(EngineError):
        breaker.admit()
    breaker.succeeded()
    breaker.admit()
    assert breaker.state == "closed"


def test_a_failed_try_opens_it_again_at_once(breaker, clock):
    fail(breaker, 2)
    clock.now += 30
    fail(breaker, 1)
    assert breaker.state == "open"


def test_a_try_that_was_given_up_leaves_room_for_the_next(breaker, clock):
    fail(breaker, 2)
    clock.now += 30
    breaker.admit()
    breaker.released()
    breaker.admit()
