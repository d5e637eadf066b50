"""The fields in which clients say whom to tell when an edit has ended."""

from dataclasses import dataclass
from typing import Any

from retouch.errors import ImageFetchError
from retouch.fetch import check_url
from retouch.server.dialects.fields import RuleBrokenError

__all__ = ["CallbackURL", "EventFilter"]


@dataclass(frozen=True, slots=True)
class CallbackURL:
    """An http(s) URL. Whether it leads inside is found out when the call is made."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return "an http(s) URL without a user name or password in it"

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        return {"type": "string", "format": "uri"}

    def read(self, value: Any) -> str:
        """See ``Rule``."""
        if not isinstance(value, str):
            raise RuleBrokenError(self.text)
        try:
            check_url(value)
        except ImageFetchError as exc:
            raise RuleBrokenError(self.text) from exc
        return value


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A list of Replicate's events; read as whether the one that is told, ``completed``, is among them."""

    @property
    def text(self) -> str:
        """See ``Rule``."""
        return 'a list with "completed" in it: the other events are not told here'

    @property
    def schema(self) -> dict[str, Any]:
        """See ``Rule``."""
        events = {"type": "string", "enum": ["start", "output", "logs", "completed"]}
        return {"type": "array", "items": events, "contains": {"const": "completed"}}

    def read(self, value: Any) -> bool:
        """See ``Rule``."""
        if not isinstance(value, list) or "completed" not in value:
            raise RuleBrokenError(self.text)
        return True
