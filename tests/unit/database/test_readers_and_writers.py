"""On SQLite, whoever only reads waits for no writer and holds none up."""

import threading

import pytest
import sqlalchemy as sa

from retouch.database.connection import connect, reading
from retouch.jobs.measuring import read_queue
from retouch.jobs.store import JobStore

AT_ONCE_SECONDS = 10.0
"""Less than the 15 s for which a connection waits for the write lock, and far more than a look takes."""


@pytest.fixture
def database(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
    JobStore(engine).create_schema()
    yield engine
    engine.dispose()


def in_time(look) -> bool:
    """Whether a look at the database returns although somebody writes."""
    done = threading.Event()
    thread = threading.Thread(target=lambda: (look(), done.set()), daemon=True)
    thread.start()
    return done.wait(AT_ONCE_SECONDS)


@pytest.mark.parametrize("name", ["job store", "accounts", "metrics"])
def test_a_reader_does_not_wait_for_a_writer(database, name) -> None:
    def look_at_accounts() -> None:
        with reading(database) as connection:
            connection.execute(sa.text("SELECT count(*) FROM jobs")).one()

    looks = {
        "job store": lambda: JobStore(database).inputs_in_use(),
        "accounts": look_at_accounts,
        "metrics": lambda: read_queue(database),
    }
    with database.begin() as writer:
        writer.execute(sa.text("DELETE FROM jobs"))
        assert in_time(looks[name])


def test_a_writer_does_not_wait_for_a_reader(database) -> None:
    def write() -> None:
        with database.begin() as connection:
            connection.execute(sa.text("DELETE FROM jobs"))

    with reading(database) as connection:
        connection.execute(sa.text("SELECT count(*) FROM jobs")).one()
        assert in_time(write)


def test_transactions_after_a_read_on_the_same_connection_are_still_whole(database) -> None:
    with reading(database) as connection:
        connection.execute(sa.text("SELECT 1")).one()
    connection = database.connect()
    connection.begin()
    connection.execute(sa.text("CREATE TABLE half (x INTEGER)"))
    connection.rollback()
    connection.close()
    assert "half" not in sa.inspect(database).get_table_names()
