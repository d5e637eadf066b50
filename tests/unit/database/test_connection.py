"""How databases are reached: which URLs, what is said when one can't be, and what happens when a connection is lost."""

import importlib.util
import logging

import pytest
import sqlalchemy as sa
from tests.postgres import private_cluster

from retouch.database.connection import check_url, connect, storage_errors
from retouch.errors import ConfigurationError, StorageError
from retouch.jobs.models import JobInput, JobState, NewJob
from retouch.jobs.store import JobStore
from retouch.types import EditRequest

POSTGRES = "postgresql://me:hunter2@db.example.org:5432/retouch"


def new_job(number: int) -> NewJob:
    return NewJob(f"job-{number}", EditRequest("Add a bird", seed=1), "fake", (JobInput("d"),), 2e9)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_usual_spellings_of_postgresql_get_our_driver(scheme):
    assert check_url(POSTGRES.replace("postgresql", scheme)).drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://me:hunter2@h/db", "kind 'mysql'"),
        ("hunter2", "can't be read"),
        ("", "can't be read"),
        ("sqlite://", "absolute path"),
        ("sqlite:///:memory:", "absolute path"),
        ("sqlite:///relative.sqlite", "absolute path"),
    ],
)
def test_other_urls_are_refused_without_showing_a_password(url, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        connect(url)
    assert "hunter2" not in caught.value.message


def test_without_the_driver_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'retouch\[postgres\]'"):
        connect(POSTGRES)


def test_neither_the_password_nor_values_get_into_the_log_or_the_error(caplog, tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    store = JobStore(engine)
    with caplog.at_level(logging.ERROR), pytest.raises(StorageError) as caught:
        store.enqueue(new_job(1), max_waiting=1)  # there are no tables yet
    assert "Add a bird" not in str(caught.value.__cause__)
    assert "Add a bird" not in caplog.text
    assert "no such table" in caplog.text
    store.close()


def test_a_server_that_is_not_there_is_a_storage_error_without_its_address(caplog):
    engine = connect("postgresql://me:hunter2@127.0.0.1:9/retouch?connect_timeout=2")
    with caplog.at_level(logging.ERROR), pytest.raises(StorageError) as caught, storage_errors():
        engine.connect()
    assert "127.0.0.1" not in caught.value.message
    assert "hunter2" not in caplog.text
    engine.dispose()


def test_options_of_the_url_win_over_ours():
    engine = connect(f"{POSTGRES}?connect_timeout=3")
    arguments = engine.dialect.create_connect_args(engine.url)[1]
    assert arguments["connect_timeout"] == "3"


def cut_connections(url: str, server: sa.URL) -> None:
    """End every connection to a database, as a restart of its server does."""
    name = sa.make_url(url).database
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
        )


def test_connections_that_were_lost_while_idle_are_made_anew_without_a_word(postgres_url, postgres_server):
    store = JobStore(connect(postgres_url))
    store.create_schema()
    store.enqueue(new_job(1), max_waiting=9)
    cut_connections(postgres_url, postgres_server)
    store.enqueue(new_job(2), max_waiting=9)
    assert store.count(JobState.QUEUED) == 2
    store.close()


def test_a_connection_that_is_lost_in_a_transaction_undoes_it_and_the_next_works(postgres_url, postgres_server):
    class CuttingOff:
        def accepted(self, connection, new):
            if new.id == "job-2":
                cut_connections(postgres_url, postgres_server)

        def ended(self, connection, job): ...

    store = JobStore(connect(postgres_url), (CuttingOff(),))
    store.create_schema()
    store.enqueue(new_job(1), max_waiting=9)
    with pytest.raises(StorageError):
        store.enqueue(new_job(2), max_waiting=9)
    store.enqueue(new_job(3), max_waiting=9)
    assert store.count(JobState.QUEUED) == 2
    store.close()


@pytest.mark.slow
def test_a_server_that_crashes_and_comes_back_is_used_again(tmp_path):
    with private_cluster() as cluster:
        store = JobStore(connect(cluster.url.render_as_string()))
        store.create_schema()
        store.enqueue(new_job(1), max_waiting=9)
        cluster.stop()
        with pytest.raises(StorageError):
            store.claim("w", lease_seconds=30)
        cluster.start()
        job = store.claim("w", lease_seconds=30)
        assert job is not None
        assert job.id == "job-1"
        store.close()
