"""The numbers as Prometheus reads them."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from retouch._version import __version__
from retouch.telemetry.catalog import ALL_MEASURES, BUILD, MEMORY, PROCESSES, Kind, Measure
from retouch.telemetry.ledger import Series
from retouch.telemetry.processes import Colleague

__all__ = ["CONTENT_TYPE", "expose", "readings_of"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Readings = Mapping[Measure, Mapping[tuple[str, ...], float]]
"""Gauges that were read for this answer: labels to value."""


def expose(series: Series, readings: Readings) -> bytes:
    """Return the text that Prometheus reads.

    Parameters
    ----------
    series : Series
        Of all processes together.
    readings : mapping of Measure to mapping of labels to float
        What was looked up for this answer.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Page(series, readings))
    return generate_latest(registry)


def readings_of(colleagues: Sequence[Colleague]) -> Readings:
    """Return the gauges about the processes themselves."""
    roles = Counter(each.role for each in colleagues)
    memory: dict[tuple[str, ...], float] = {
        (f"{each.role}-{each.place}",): float(each.memory) for each in colleagues if each.memory is not None
    }
    return {
        BUILD: {(__version__,): 1.0},
        PROCESSES: {(role,): float(number) for role, number in roles.items()},
        MEMORY: memory,
    }


class _Page:
    """What prometheus_client asks for its families."""

    def __init__(self, series: Series, readings: Readings) -> None:
        self._by_name: dict[str, list[tuple[tuple[str, ...], Sequence[float]]]] = {}
        for (name, labels), numbers in series.items():
            self._by_name.setdefault(name, []).append((labels, numbers))
        for measure, values in readings.items():
            self._by_name[measure.name] = [(labels, [value]) for labels, value in values.items()]

    def collect(self) -> Iterator[Metric]:
        """Yield every measure that has numbers."""
        for measure in ALL_MEASURES:
            rows = self._by_name.get(measure.name)
            if rows:
                yield _family(measure, sorted(rows))


def _family(measure: Measure, rows: Iterable[tuple[tuple[str, ...], Sequence[float]]]) -> Metric:
    if measure.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(measure.name, measure.help, labels=measure.labels)
        bounds = [*(str(bound) for bound in measure.buckets), "+Inf"]
        for labels, numbers in rows:
            below = itertools.accumulate(numbers[:-1])
            histogram.add_metric(labels, list(zip(bounds, below, strict=True)), numbers[-1])
        return histogram
    made = CounterMetricFamily if measure.kind is Kind.COUNTER else GaugeMetricFamily
    family = made(measure.name, measure.help, labels=measure.labels)
    for labels, (value,) in rows:
        family.add_metric(labels, value)
    return family
