import numpy as np
import pytest

from retouch.images import remember
from retouch.images.remember import forget_all, remembered


class Counting:
    """A slow function of a picture that counts how often it is carried out."""

    def __init__(self):
        self.count = 0

        @remembered()
        def darkened(pixels, share, *, floor=0):
            self.count += 1
            return np.maximum((pixels * share).astype(np.uint8), floor)

        self.darkened = darkened


@pytest.fixture(autouse=True)
def nothing_kept():
    forget_all()
    yield
    forget_all()


def picture(seed, side=32):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def test_the_same_content_is_computed_once():
    counting = Counting()

    first = counting.darkened(picture(1), 0.5)
    second = counting.darkened(picture(1), 0.5, floor=0)

    assert counting.count == 1
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    "other", [(picture(2), 0.5), (picture(1), 0.25), (picture(1)[:, :16], 0.5), (picture(1).astype(np.int16), 0.5)]
)
def test_another_content_number_shape_or_type_is_computed_anew(other):
    counting = Counting()
    counting.darkened(picture(1), 0.5)

    assert np.array_equal(counting.darkened(*other), (other[0] * other[1]).astype(np.uint8))
    assert counting.count == 2


def test_what_is_shared_can_not_be_written_into():
    with pytest.raises(ValueError, match="read-only"):
        Counting().darkened(picture(1), 0.5)[0, 0] = 7


def test_what_was_not_used_for_the_longest_time_goes_when_there_is_too_much(monkeypatch):
    counting = Counting()
    monkeypatch.setattr(remember, "MOST_BYTES", 5 * picture(0).nbytes)
    for seed in range(5):
        counting.darkened(picture(seed), 0.5)
    counting.darkened(picture(0), 0.5)
    counting.darkened(picture(5), 0.5)
    assert counting.count == 6

    counting.darkened(picture(0), 0.5)
    assert counting.count == 6
    counting.darkened(picture(1), 0.5)
    assert counting.count == 7


def test_what_would_fill_the_memory_alone_is_not_kept(monkeypatch):
    counting = Counting()
    monkeypatch.setattr(remember, "MOST_BYTES", 2 * picture(0).nbytes)

    counting.darkened(picture(1), 0.5)
    counting.darkened(picture(1), 0.5)

    assert counting.count == 2


def test_an_argument_without_content_is_an_error():
    with pytest.raises(TypeError, match="Generator"):
        Counting().darkened(picture(1), np.random.default_rng(1))


def test_an_argument_that_does_not_decide_is_left_out_of_the_key():
    calls = []

    @remembered(but_for=("checkpoint",))
    def halved(pixels, checkpoint):
        checkpoint()
        return pixels // 2

    halved(picture(1), lambda: calls.append("first"))
    halved(picture(1), lambda: calls.append("second"))

    assert calls == ["first"]
