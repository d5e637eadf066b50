import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from retouch.telemetry import catalog
from retouch.telemetry.catalog import ALL_MEASURES, MOST_SERIES, Kind
from retouch.telemetry.exposition import expose, readings_of
from retouch.telemetry.ledger import Ledger, read_snapshot
from retouch.telemetry.measures import change, count, listening, observe
from retouch.telemetry.processes import Colleague


def samples_of(ledger: Ledger) -> dict[str, float]:
    """The samples as Prometheus' own parser reads them: ``name{label=value}`` to number."""
    text = expose(ledger.series(), readings_of([Colleague("api", 0, 1000)])).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_what_is_told_while_nobody_listens_is_lost() -> None:
    ledger = Ledger()
    count(catalog.JOBS_ACCEPTED, "fake")
    with listening(ledger):
        count(catalog.JOBS_ACCEPTED, "fake")
    count(catalog.JOBS_ACCEPTED, "fake")
    assert samples_of(ledger)["retouch_jobs_accepted_total{engine=fake}"] == 1


def test_counts_gauges_and_seconds_reach_prometheus_as_they_were_told() -> None:
    ledger = Ledger()
    with listening(ledger):
        count(catalog.JOB_ATTEMPTS, "fake", amount=3)
        change(catalog.UPLOADS, 2)
        change(catalog.UPLOADS, -1)
        for seconds in (0.002, 0.3, 0.3, 1000.0):
            observe(catalog.WAIT_SECONDS, seconds, "fake")
    found = samples_of(ledger)
    assert found["retouch_job_attempts_total{engine=fake}"] == 3
    assert found["retouch_uploads_in_flight{}"] == 1
    assert found["retouch_job_wait_seconds_bucket{engine=fake,le=0.01}"] == 1
    assert found["retouch_job_wait_seconds_bucket{engine=fake,le=0.5}"] == 3
    assert found["retouch_job_wait_seconds_bucket{engine=fake,le=300.0}"] == 3
    assert found["retouch_job_wait_seconds_bucket{engine=fake,le=+Inf}"] == 4
    assert found["retouch_job_wait_seconds_count{engine=fake}"] == 4
    assert found["retouch_job_wait_seconds_sum{engine=fake}"] == pytest.approx(1000.602)


def test_a_value_on_a_bound_belongs_below_it() -> None:
    ledger = Ledger()
    ledger.observe(catalog.WAIT_SECONDS, ("fake",), 0.5)
    found = samples_of(ledger)
    assert found["retouch_job_wait_seconds_bucket{engine=fake,le=0.25}"] == 0
    assert found["retouch_job_wait_seconds_bucket{engine=fake,le=0.5}"] == 1


def test_a_measure_without_labels_is_zero_before_anything_happened() -> None:
    assert samples_of(Ledger())["retouch_http_requests_in_flight{}"] == 0


def test_the_series_of_a_measure_are_bounded_whatever_labels_come() -> None:
    ledger = Ledger()
    for number in range(MOST_SERIES + 50):
        ledger.add(catalog.FETCHES, (f"reason {number}",), 1)
    series = {labels: numbers for (name, labels), numbers in ledger.series().items() if name == catalog.FETCHES.name}
    assert len(series) == MOST_SERIES + 1
    assert series["other",] == [50]


def test_a_long_label_is_cut_and_still_counted_in_one_series() -> None:
    ledger = Ledger()
    ledger.add(catalog.FETCHES, ("x" * 10_000,), 1)
    ledger.add(catalog.FETCHES, ("x" * 10_000,), 1)
    series = {labels: numbers for (name, labels), numbers in ledger.series().items() if name == catalog.FETCHES.name}
    assert series == {("x" * 100,): [2]}


def test_labels_that_a_measure_does_not_have_are_an_error() -> None:
    with pytest.raises(ValueError, match="labels"):
        Ledger().add(catalog.FETCHES, ("ok", "again"), 1)


def test_threads_lose_no_counts() -> None:
    ledger = Ledger()

    def tell() -> None:
        for _ in range(2000):
            ledger.add(catalog.FETCHES, ("ok",), 1)

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert samples_of(ledger)["retouch_fetches_total{outcome=ok}"] == 8000


def test_a_successor_goes_on_from_the_counts_but_not_from_the_gauges() -> None:
    before, after = Ledger(), Ledger()
    before.add(catalog.FETCHES, ("ok",), 5)
    before.add(catalog.UPLOADS, (), 3)
    after.take_over(before.snapshot())
    after.add(catalog.FETCHES, ("ok",), 1)
    found = samples_of(after)
    assert found["retouch_fetches_total{outcome=ok}"] == 6
    assert found["retouch_uploads_in_flight{}"] == 0


def test_what_another_version_wrote_is_left_out_where_it_does_not_fit() -> None:
    snapshot = (
        b'[["retouch_gone", [], [1]], ["retouch_fetches", ["ok"], [2]], ["retouch_job_wait_seconds", ["fake"], [1, 2]]]'
    )
    assert read_snapshot(snapshot) == {("retouch_fetches", ("ok",)): [2.0]}


@pytest.mark.parametrize("damaged", [b"", b"{", b"[1]", b'[["retouch_fetches", ["ok"], 3]]', b'[["a", "b"]]'])
def test_a_damaged_snapshot_is_a_value_error(damaged: bytes) -> None:
    with pytest.raises(ValueError):
        read_snapshot(damaged)


@pytest.mark.parametrize("measure", ALL_MEASURES, ids=lambda measure: measure.name)
def test_every_measure_is_named_as_prometheus_asks(measure: catalog.Measure) -> None:
    assert measure.name.startswith("retouch_")
    assert not measure.name.endswith(("_total", "_count", "_bucket"))
    assert (measure.kind is Kind.HISTOGRAM) == bool(measure.buckets)
    if measure.kind is Kind.HISTOGRAM:
        assert measure.name.endswith("_seconds")
        assert list(measure.buckets) == sorted(set(measure.buckets))
    assert measure.help.endswith(".")
