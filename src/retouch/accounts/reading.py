"""How the tables of accounts are read."""

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from retouch.database.connection import storage_errors

__all__ = ["reading"]


@contextlib.contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection for reading, which takes no lock; its errors are ours."""
    with storage_errors(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
