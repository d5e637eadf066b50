"""The numbers of one process, in memory, and as a snapshot that another process can add to its own."""

import json
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from retouch.telemetry.catalog import ALL_MEASURES, MOST_SERIES, Kind, Measure

__all__ = ["Ledger", "Series"]

Series = dict[tuple[str, tuple[str, ...]], list[float]]
"""Name and labels to the numbers: one, or of a histogram those of its buckets (not summed up), of those beyond, and the sum."""

_OTHER: Final = "other"
_LABEL_CHARACTERS: Final = 100
_BY_NAME: Final[Mapping[str, Measure]] = {measure.name: measure for measure in ALL_MEASURES}


class Ledger:
    """Counts and histograms. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._series: Series = {}
        self._sizes: Counter[str] = Counter()
        self.changes = 0
        for measure in ALL_MEASURES:
            if not measure.labels and measure.is_observed:
                self._numbers(measure, ())

    def add(self, measure: Measure, labels: tuple[str, ...], amount: float) -> None:
        """Add to a counter or a gauge."""
        with self._lock:
            self._numbers(measure, labels)[0] += amount
            self.changes += 1

    def observe(self, measure: Measure, labels: tuple[str, ...], value: float) -> None:
        """Put a value into a histogram."""
        with self._lock:
            numbers = self._numbers(measure, labels)
            numbers[bisect_left(measure.buckets, value)] += 1
            numbers[-1] += value
            self.changes += 1

    def series(self) -> Series:
        """Return a copy of all numbers."""
        with self._lock:
            return {key: list(numbers) for key, numbers in self._series.items()}

    def take_over(self, snapshot: bytes) -> None:
        """Go on from the snapshot of a process that has ended; its gauges ended with it."""
        with self._lock:
            past = read_snapshot(snapshot).items()
            merge_into(self._series, {key: numbers for key, numbers in past if _BY_NAME[key[0]].kind is not Kind.GAUGE})
            self._sizes = Counter(name for name, _ in self._series)

    def snapshot(self) -> bytes:
        """Return all numbers in a form that ``read_snapshot`` reads."""
        return json.dumps([[*key, numbers] for key, numbers in self.series().items()]).encode()

    def _numbers(self, measure: Measure, labels: tuple[str, ...]) -> list[float]:
        """Return the numbers of a series, which the caller may change under the lock."""
        found = self._series.get((measure.name, labels))
        if found is not None:
            return found
        if len(labels) != len(measure.labels):
            raise ValueError(f"{measure.name} has the labels {measure.labels}, not {len(labels)} values")
        size = self._sizes[measure.name]
        cut = tuple(label[:_LABEL_CHARACTERS] for label in labels)
        key = (measure.name, cut if size < MOST_SERIES else (_OTHER,) * len(labels))
        if key not in self._series:
            self._series[key] = [0.0] * measure.width
            self._sizes[measure.name] += 1
        return self._series[key]


def read_snapshot(snapshot: bytes) -> Series:
    """Return the numbers of a snapshot. What another version wrote and this one does not know in that shape is left out.

    Raises
    ------
    ValueError
        It is none.
    """
    series: Series = {}
    try:
        for name, labels, numbers in json.loads(snapshot):
            measure = _BY_NAME.get(name)
            if measure is not None and len(labels) == len(measure.labels) and len(numbers) == measure.width:
                series[name, tuple(map(str, labels))] = [float(number) for number in numbers]
    except (TypeError, KeyError) as exc:
        raise ValueError("not a snapshot of measures") from exc
    return series


def merge_into(total: Series, further: Mapping[Any, Iterable[float]]) -> None:
    """Add series to others, number by number."""
    for key, numbers in further.items():
        known = total.get(key)
        total[key] = list(numbers) if known is None else [a + b for a, b in zip(known, numbers, strict=True)]
