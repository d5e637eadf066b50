import pytest

from retouch.server.attempts import FailedAttempts, network_of


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_an_address_may_fail_so_often_and_again_after_a_while():
    clock = Clock()
    attempts = FailedAttempts(3, clock=clock)
    for _ in range(3):
        assert attempts.wait_seconds("a") == 0
        attempts.note("a")
    assert attempts.wait_seconds("a") == pytest.approx(20)
    assert attempts.wait_seconds("b") == 0
    clock.now += 20
    assert attempts.wait_seconds("a") == 0


def test_addresses_without_end_take_bounded_memory():
    attempts = FailedAttempts(3, clock=Clock())
    for number in range(12_000):
        attempts.note(str(number))
    assert len(attempts) == 10_000


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_what_counts_as_one_address(host, network):
    assert network_of(host) == network
