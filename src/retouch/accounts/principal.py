"""Who makes a request, as the layers below the server know it."""

import enum
from dataclasses import dataclass
from typing import Final

__all__ = ["ANYONE", "Principal", "Scope"]


class Scope(enum.StrEnum):
    """What a key may be used for."""

    EDIT = "edit"
    """Ask for edits, and see, fetch and cancel its own."""
    READ = "read"
    """See its own jobs, balance and logs."""
    ADMIN = "admin"
    """Everything, of every key, and the keys themselves."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of the key that a request came with.

    Attributes
    ----------
    key_id : str
        Public and stable, never the key itself: ``key_...`` of the database, ``configured_...`` of the settings, ``anyone`` on
        an open server.
    name : str
        What the operator calls the key.
    scopes : frozenset of Scope
    priority : int
        Of its jobs among waiting ones; higher is sooner. 0 is usual.
    """

    key_id: str
    name: str
    scopes: frozenset[Scope]
    priority: int = 0

    @property
    def is_admin(self) -> bool:
        """Whether the holder may see and do what belongs to others."""
        return Scope.ADMIN in self.scopes


ANYONE: Final = Principal("anyone", "anyone on this machine", frozenset(Scope))
"""Whoever asks an open server, which only its own machine reaches."""
