"""How the database is connected to, and the one boundary where its errors become ours."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from retouch.errors import StorageError

__all__ = ["connect", "metadata", "storage_errors"]

metadata: Final = sa.MetaData()
"""Every table of the service; each module that owns one adds it here."""

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
