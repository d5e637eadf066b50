"""News between two processes that share nothing but a database."""

import threading
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from tests.postgres import fresh_database, private_cluster

from retouch.database.connection import connect
from retouch.jobs.relays import news_by
from retouch.jobs.signals import JobSignals

_PATIENCE_SECONDS = 20.0


@pytest.fixture(scope="module")
def cluster():
    with private_cluster() as running:
        yield running


@pytest.fixture
def join():
    """Have processes take part in the news of a database: each call is one."""
    with ExitStack() as stack:

        def start(url: str) -> tuple[sa.Engine, JobSignals]:
            engine, signals = connect(url), JobSignals()
            stack.callback(engine.dispose)
            news = news_by(engine, signals, lambda: True)
            news.start()
            stack.callback(news.stop)
            return engine, signals

        yield start


def tell_until(heard: threading.Event, tell) -> None:
    """News may come before the other side listens; whoever waits would then look by itself."""
    for _ in range(int(_PATIENCE_SECONDS / 0.2)):
        tell()
        if heard.wait(0.2):
            return
    raise AssertionError("nothing was heard")


def test_postgresql_carries_news_of_a_job_to_another_process(cluster, join):
    with fresh_database(cluster.url) as url, ExitStack() as stack:
        _, here = join(url)
        _, there = join(url)
        heard = threading.Event()
        stack.enter_context(there.watching("a-job", heard.set))

        tell_until(heard, lambda: here.job_changed("a-job"))


def test_postgresql_carries_news_again_after_its_connections_were_ended(cluster, join):
    with fresh_database(cluster.url) as url, ExitStack() as stack:
        engine, here = join(url)
        _, there = join(url)
        heard = threading.Event()
        stack.enter_context(there.watching("a-job", heard.set))
        tell_until(heard, lambda: here.job_changed("a-job"))
        with engine.connect() as connection:
            connection.execute(
                sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            )
        heard.clear()

        tell_until(heard, lambda: here.job_changed("a-job"))


def test_sqlite_tells_that_another_process_has_written(tmp_path, join):
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    engine, _ = join(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE things (id INTEGER)"))
    _, there = join(url)
    heard = threading.Event()

    def write():
        with engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO things VALUES (1)"))

    with there.watching("a-job", heard.set):
        tell_until(heard, write)


def test_news_that_a_relay_brought_goes_to_all_others_and_not_back():
    class Relay:
        def __init__(self):
            self.told = []

        def job_changed(self, job_id):
            self.told.append(job_id)

        def work_arrived(self):
            self.told.append("work")

    signals, first, second = JobSignals(), Relay(), Relay()
    signals.relay_by(first)
    signals.relay_by(second)

    signals.job_changed("a-job", by=first)
    signals.work_arrived(by=second)

    assert (first.told, second.told) == (["work"], ["a-job"])


def test_work_that_arrives_before_somebody_waits_is_not_missed():
    signals = JobSignals()
    before = signals.arrivals
    signals.work_arrived()
    signals.wait_for_work(_PATIENCE_SECONDS, since=before)  # would run into the test's time limit
    assert signals.arrivals == before + 1
