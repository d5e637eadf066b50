"""Processes and connections of a real service are killed while clients edit: every edit is made once, and charged once."""

import pytest
from benchmarks.chaos.run import run
from tests.postgres import fresh_database, private_cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
JOBS = 24


def test_on_sqlite_nothing_is_lost_and_nothing_is_charged_twice(tmp_path):
    report = run(tmp_path, jobs=JOBS, seed=1)
    assert report.faults == []


def test_on_postgresql_nothing_is_lost_and_nothing_is_charged_twice(tmp_path):
    with private_cluster() as cluster, fresh_database(cluster.url) as url:
        report = run(tmp_path, jobs=JOBS, seed=2, database_url=url)
    assert report.faults == []
