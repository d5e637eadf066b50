"""The tables of the job database, and how it is connected to."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from retouch.errors import StorageError

__all__ = ["JOBS", "WEBHOOKS", "connect", "metadata", "storage_errors"]

metadata: Final = sa.MetaData()

JOBS: Final = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("engine", sa.String(64), nullable=False),
    sa.Column("request", sa.JSON, nullable=False),
    sa.Column("input_digests", sa.JSON, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("deadline_at", sa.Float, nullable=False),
    sa.Column("started_at", sa.Float),
    sa.Column("finished_at", sa.Float),
    sa.Column("worker_id", sa.String(64)),
    sa.Column("lease_until", sa.Float),
    sa.Column("abort_requested", sa.Boolean, nullable=False),
    sa.Column("progress", sa.JSON(none_as_null=True)),
    sa.Column("result", sa.JSON(none_as_null=True)),
    sa.Column("problem", sa.JSON(none_as_null=True)),
    sa.Index("jobs_by_state", "state", "created_at"),
)

WEBHOOKS: Final = sa.Table(
    "webhooks",
    metadata,
    sa.Column("job_id", sa.String(64), primary_key=True),
    sa.Column("dialect", sa.String(32), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("secret", sa.Text),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", sa.Float, nullable=False),
    sa.Column("last_outcome", sa.Text),
    sa.Column("delivered_at", sa.Float),
    sa.Index("webhooks_by_state", "state", "next_attempt_at"),
)

_BUSY_TIMEOUT_SECONDS: Final = 15


def connect(url: str) -> sa.Engine:
    """Return a database engine for ``url``; a SQLite file gets the write-ahead log and real transactions."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions, not the driver
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = NORMAL",  # survives the death of any process; only a power cut may lose the last moments
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: sa.Connection) -> None:
    """Take the write lock at once: a transaction that reads first can't be refused it later."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """The one boundary where database errors become ours."""
    try:
        yield
    except SQLAlchemyError as exc:
        raise StorageError(
            "The job database can't be used at present. Its operator has to look at the data folder."
        ) from exc
