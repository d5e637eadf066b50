"""The operator's page, the dashboard and the alert rules fit the metrics."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from retouch.server.errors import ERROR_TABLE
from retouch.settings.telemetry import TelemetrySettings
from retouch.telemetry.catalog import ALL_MEASURES, Kind

OPERATING = Path(__file__).resolve().parents[2] / "docs" / "operating"
PAGE = (OPERATING / "monitoring.md").read_text()
DASHBOARD = json.loads((OPERATING / "dashboards" / "grafana.json").read_text())
RULES = yaml.safe_load((OPERATING / "dashboards" / "alerts.yml").read_text())["groups"][0]["rules"]
OTHERS_LABELS = {"job", "instance", "le"}


def known_series() -> dict[str, set[str]]:
    """Every name that Prometheus stores, and its labels."""
    series = {}
    for measure in ALL_MEASURES:
        endings = ("_bucket", "_sum", "_count") if measure.kind is Kind.HISTOGRAM else ("",)
        for ending in endings:
            series[measure.shown_name + ending] = {*measure.labels, *OTHERS_LABELS}
    return series


def _expressions() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for rule in RULES:
        yield rule["alert"], rule["expr"]


def test_the_page_has_a_row_for_every_metric_and_for_no_other() -> None:
    rows = re.findall(r"^\| `(retouch_\w+)` \| (\w+) \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    expected = [
        (each.shown_name, each.kind.value, ", ".join(f"`{label}`" for label in each.labels) or "none", each.help)
        for each in ALL_MEASURES
    ]
    assert rows == expected


def test_every_setting_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`telemetry\.(\w+)", PAGE)) | set(re.findall(r"^(\w+) = ", PAGE, re.MULTILINE))
    assert named <= set(TelemetrySettings.model_fields)


EXPRESSIONS = list(_expressions())


@pytest.mark.parametrize("expression", [each for _, each in EXPRESSIONS], ids=[title for title, _ in EXPRESSIONS])
def test_every_expression_asks_for_metrics_and_labels_that_exist(expression: str) -> None:
    series = known_series()
    names = set(re.findall(r"\bretouch_\w+", expression))
    assert names <= set(series)
    assert names or expression.startswith("up{")
    labels = set(re.findall(r"(\w+)(?==~?\"|!=\")", expression))
    for group in re.findall(r"\bby \(([^)]*)\)", expression):
        labels |= {label.strip() for label in group.split(",")}
    allowed = set.union(OTHERS_LABELS, *(series[name] for name in names))
    assert labels <= allowed
    for opening, closing in ("()", "{}", "[]"):
        assert expression.count(opening) == expression.count(closing)
    # A histogram's buckets are the only thing that has quantiles, and a rate needs something that only grows.
    assert all(name.endswith("_bucket") for name in re.findall(r"histogram_quantile\([^r]*rate\((\w+)", expression))
    gauges = {each.name for each in ALL_MEASURES if each.kind is Kind.GAUGE}
    assert not gauges & set(re.findall(r"(?:rate|increase)\((\w+)", expression))


def test_codes_in_the_alert_rules_are_codes_of_the_api() -> None:
    codes = [
        code for rule in RULES for found in re.findall(r'code=~?"([^"]+)"', rule["expr"]) for code in found.split("|")
    ]
    assert codes
    assert set(codes) <= set(ERROR_TABLE)


def test_alert_rules_say_how_urgent_they_are_and_what_to_do() -> None:
    for rule in RULES:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_panels_do_not_lie_upon_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place: dict[str, Any] = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
