"""Damage done to good input: what a file fuzzer does, in a few lines, and the same for the same seed."""

import random
from collections.abc import Callable, Sequence

__all__ = ["mutate"]

_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_MAX_BYTES = 200_000


def mutate(seeds: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    """Return a seed after one to eight damages.

    Parameters
    ----------
    seeds : sequence of bytes
        Good input.
    words : sequence of bytes
        What the format's readers look for.
    rng : random.Random
    """
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        rng.choice(_DAMAGES)(data, seeds, words, rng)
        del data[_MAX_BYTES:]
    return bytes(data)


def _at(data: bytearray, rng: random.Random) -> int:
    """A place; half of them near the beginning, where headers are."""
    end = len(data) if rng.random() < 0.5 else min(len(data), 256)
    return rng.randrange(end + 1)


def _flip(data: bytearray, _seeds: Sequence[bytes], _words: Sequence[bytes], rng: random.Random) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, _seeds: Sequence[bytes], _words: Sequence[bytes], rng: random.Random) -> None:
    place = _at(data, rng)
    data[place : place + 4] = rng.randbytes(rng.randint(1, 8))


def _number(data: bytearray, _seeds: Sequence[bytes], _words: Sequence[bytes], rng: random.Random) -> None:
    width = rng.choice((1, 2, 4, 8))
    value = rng.choice(_INTERESTING) & ((1 << 8 * width) - 1)
    place = _at(data, rng)
    data[place : place + width] = value.to_bytes(width, rng.choice(("big", "little")))


def _cut(data: bytearray, _seeds: Sequence[bytes], _words: Sequence[bytes], rng: random.Random) -> None:
    del data[_at(data, rng) :]


def _delete(data: bytearray, _seeds: Sequence[bytes], _words: Sequence[bytes], rng: random.Random) -> None:
    place = _at(data, rng)
    del data[place : place + rng.choice((1, 2, 4, 16, 64, 512))]


def _repeat(data: bytearray, _seeds: Sequence[bytes], _words: Sequence[bytes], rng: random.Random) -> None:
    place = _at(data, rng)
    part = bytes(data[place : place + rng.choice((1, 4, 16, 64, 512))])
    data[place:place] = part * rng.choice((1, 2, 16, 256))


def _word(data: bytearray, _seeds: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> None:
    if words:
        place, word = _at(data, rng), rng.choice(words)
        data[place : place + rng.choice((0, len(word)))] = word


def _splice(data: bytearray, seeds: Sequence[bytes], _words: Sequence[bytes], rng: random.Random) -> None:
    other = rng.choice(seeds)
    start = rng.randrange(len(other) + 1)
    place = _at(data, rng)
    data[place : place + rng.choice((0, 64, 4096))] = other[start : start + rng.choice((4, 64, 4096))]


_DAMAGES: tuple[Callable[[bytearray, Sequence[bytes], Sequence[bytes], random.Random], None], ...] = (
    _flip,
    _overwrite,
    _number,
    _number,
    _cut,
    _delete,
    _repeat,
    _word,
    _splice,
)
