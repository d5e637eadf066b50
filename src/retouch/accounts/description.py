"""Keys as JSON, the same on the command line and over HTTP."""

from datetime import UTC, datetime
from typing import Any

from retouch.accounts.keys import ApiKey

__all__ = ["described_key", "iso_time"]


def described_key(key: ApiKey) -> dict[str, Any]:
    """Return a key as JSON-ready values, without its secret."""
    terms = key.terms
    return {
        "id": key.id,
        "name": terms.name,
        "scopes": sorted(terms.scopes),
        "priority": terms.priority,
        "unlimited": terms.is_unlimited,
        "credits": key.balance,
        "requests_per_minute": terms.requests_per_minute,
        "images_per_day": terms.images_per_day,
        "max_unfinished": terms.max_unfinished,
        "max_waiting": terms.max_waiting,
        "created_at": iso_time(key.created_at),
        "expires_at": iso_time(terms.expires_at),
        "disabled_at": iso_time(key.disabled_at),
        "last_used_at": iso_time(key.last_used_at),
        "begins_with": list(key.hints),
    }


def iso_time(seconds: float | None) -> str | None:
    """Return a moment as ISO 8601 in UTC.

    >>> iso_time(0.25)
    '1970-01-01T00:00:00.250Z'
    """
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
