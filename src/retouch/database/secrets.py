"""Secrets that all processes of a service share, on however many machines: made at first use, and kept in the database."""

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from retouch.database.connection import metadata, reading, storage_errors

__all__ = ["SHARED_SECRETS", "SharedSecret"]

SHARED_SECRETS: Final = sa.Table(
    "shared_secrets",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


class SharedSecret:
    """A secret by its name; every process that asks gets the same.

    Parameters
    ----------
    engine : sqlalchemy.Engine
    name : str
    make : callable
        Returns a new secret, for the first process that asks.
    file_of_old : Path, optional
        Where a version that kept it in a file of one machine may have left it.
    """

    def __init__(
        self, engine: sa.Engine, name: str, make: Callable[[], str], *, file_of_old: Path | None = None
    ) -> None:
        self._engine = engine
        self._name = name
        self._make = make
        self._file_of_old = file_of_old
        self._lock = threading.Lock()
        self._value: str | None = None

    def value(self) -> str:
        """Return the secret. The first call asks the database.

        Raises
        ------
        StorageError
            The database can't be used.
        """
        with self._lock:
            if self._value is None:
                self._value = self._read() or self._store(self._old() or self._make())
            return self._value

    def _read(self) -> str | None:
        stored = sa.select(SHARED_SECRETS.c.value).where(SHARED_SECRETS.c.name == self._name)
        with reading(self._engine) as connection:
            return connection.scalar(stored)

    def _store(self, value: str) -> str:
        """Store a secret, unless another process was faster; return the one that counts."""
        with storage_errors():
            try:
                with self._engine.begin() as connection:
                    connection.execute(sa.insert(SHARED_SECRETS).values(name=self._name, value=value))
            except IntegrityError:
                return self._read() or value
        return value

    def _old(self) -> str | None:
        if self._file_of_old is not None:
            with contextlib.suppress(OSError):
                return self._file_of_old.read_text("ascii")
        return None
