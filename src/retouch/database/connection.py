"""How the database is connected to, and the one boundary where its errors become ours."""

import contextlib
import importlib.util
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from retouch.errors import ConfigurationError, StorageError
from retouch.telemetry.catalog import DATABASE_ERRORS
from retouch.telemetry.measures import count

__all__ = ["POOL_SIZE", "check_url", "connect", "metadata", "reading", "storage_errors"]

metadata: Final = sa.MetaData()
"""Every table of the service; each module that owns one adds it here."""

POOL_SIZE: Final = 10
"""Connections of one process to a PostgreSQL server, where nothing else is said."""

_BUSY_TIMEOUT_SECONDS: Final = 15
_POSTGRESQL: Final = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_POSTGRESQL_OPTIONS: Final[dict[str, Any]] = {
    "fallback_application_name": "retouch",
    "connect_timeout": 10,
    # A server that vanished without a word is noticed within a minute, not after hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    # A process that is frozen in the middle of a transaction must not hold up all others.
    "options": "-c idle_in_transaction_session_timeout=60s -c lock_timeout=15s",
}

_EXAMPLES: Final = "Allowed are postgresql://USER:PASSWORD@HOST:PORT/NAME and sqlite:////absolute/path/of/file."

_log = logging.getLogger(__name__)


def check_url(url: str) -> sa.URL:
    """Return the parsed URL of a database that can be used, with its driver.

    Raises
    ------
    ConfigurationError
        It is no URL, or names another kind of database. Never shows the URL, which may have a password.
    """
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError) as exc:
        raise ConfigurationError(f"The database URL can't be read. {_EXAMPLES}") from exc
    if parsed.drivername in _POSTGRESQL:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise ConfigurationError(f"Databases of the kind {parsed.drivername[:40]!r} can't be used. {_EXAMPLES}")
    if not Path(parsed.database or "").is_absolute():
        raise ConfigurationError(f"A SQLite database has to be a file, named by its absolute path. {_EXAMPLES}")
    return parsed


def connect(url: str, *, pool_size: int = POOL_SIZE) -> sa.Engine:
    """Return a database engine; the connections themselves are made when they are needed, and again when they were lost.

    Parameters
    ----------
    url : str
        ``sqlite:///FILE``, which gets the write-ahead log and real transactions, or ``postgresql://...``.
    pool_size : int
        PostgreSQL: most connections of this process at a time.

    Raises
    ------
    ConfigurationError
        The URL can't be used, or the driver of PostgreSQL is not installed.
    """
    parsed = check_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _connect_postgresql(parsed, pool_size)
    engine = sa.create_engine(parsed, hide_parameters=True)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def _connect_postgresql(url: sa.URL, pool_size: int) -> sa.Engine:
    if importlib.util.find_spec("psycopg") is None:
        raise ConfigurationError(
            "PostgreSQL needs its driver, which is not installed. Install it with: pip install 'retouch[postgres]'"
        )
    given = {name for name in _POSTGRESQL_OPTIONS if name in url.query}
    options = {name: value for name, value in _POSTGRESQL_OPTIONS.items() if name not in given}
    return sa.create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=0,
        connect_args=options,
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions, not the driver
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = NORMAL",  # survives the death of any process; only a power cut may lose the last moments
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: sa.Connection) -> None:
    """Take the write lock at once: a transaction that reads first can't be refused it later. A mere reader needs none."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextlib.contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection for reading, which takes no lock; its errors are ours."""
    with storage_errors(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """The one boundary where database errors become ours. The log gets the database's own words, without any value."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as exc:
        _log.error("the database failed: %s", _in_short(exc))
        count(DATABASE_ERRORS, type(exc).__name__)
        raise StorageError("The database can't be used at present. Its operator finds the reason in the log.") from exc


def _in_short(error: Exception) -> str:
    """What the driver says, in one line; further lines may quote values."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    first_line = str(cause).strip().partition("\n")[0]
    return f"{type(cause).__name__}: {first_line[:300]}"
