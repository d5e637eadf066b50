"""Locks between all processes that share a database, held to the end of a transaction."""

import enum
from typing import Final

import sqlalchemy as sa

__all__ = ["Lock", "hold"]

_SPACE: Final = 0x52455431
"""Sets our advisory locks apart from those of other programs on the same database server."""


class Lock(enum.IntEnum):
    """What only one transaction at a time may do."""

    UPGRADE = 1
    """Change the shape of the database."""
    ACCEPT = 2
    """Put a job into the queue, after counting those that wait."""
    CLAIM = 3
    """Take a job from the queue, after working out whose turn it is."""
    SWEEP = 4
    """Change or delete many jobs at a time: two that lock the same rows in another order would wait for each other."""


def hold(connection: sa.Connection, lock: Lock) -> None:
    """Wait for a lock and hold it until the transaction ends. On SQLite a transaction that writes is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SPACE, lock.value)))
