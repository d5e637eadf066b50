"""Lists in pages: ``limit`` and ``cursor`` in the query; ``data``, ``has_more`` and ``next_cursor`` in the answer."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from starlette.requests import Request

from retouch.server.dialects.fields import invalid_body

__all__ = [
    "PAGE_PARAMETERS",
    "Page",
    "check_key_id",
    "key_id_of",
    "list_schema",
    "page_answer",
    "page_of",
    "query_parameter",
]

T = TypeVar("T")

_USUAL: Final = 20
_MOST: Final = 100
_MOST_DIGITS: Final = 18
_MOST_CURSOR: Final = 100
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_]{1,64}")


class Page(NamedTuple):
    """Which part of a list is wanted: at most ``limit`` items after the one that ``cursor`` names."""

    limit: int
    cursor: str | None

    def number(self) -> int | None:
        """Return a cursor that is a number. Raises ``ProblemError``: it is none."""
        if self.cursor is None:
            return None
        if not (self.cursor.isascii() and self.cursor.isdecimal() and len(self.cursor) <= _MOST_DIGITS):
            raise _wrong("cursor", "the next_cursor of the page before", self.cursor)
        return int(self.cursor)


def page_of(request: Request) -> Page:
    """Return which page a request asks for. Raises ``ProblemError``."""
    limit = request.query_params.get("limit", str(_USUAL))
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= _MOST_DIGITS and 1 <= int(limit) <= _MOST):
        raise _wrong("limit", f"a whole number from 1 to {_MOST}", limit)
    cursor = request.query_params.get("cursor")
    if cursor is not None and not (0 < len(cursor) <= _MOST_CURSOR and cursor.isprintable()):
        raise _wrong("cursor", "the next_cursor of the page before", cursor)
    return Page(int(limit), cursor)


def key_id_of(request: Request) -> str | None:
    """Return the key that a query names in ``key_id``. Raises ``ProblemError``: it is none."""
    named = request.query_params.get("key_id")
    return None if named is None else check_key_id(named)


def check_key_id(named: str, field: str = "key_id") -> str:
    """Return what may be the id of a key. Raises ``ProblemError``: it can't be one."""
    if _KEY_ID.fullmatch(named) is None:
        raise _wrong(field, "the id of a key", named)
    return named


def _wrong(field: str, rule: str, received: str) -> Exception:
    return invalid_body([{"field": field, "rule": rule, "received": received}])


def page_answer(
    items: Sequence[T], page: Page, describe: Callable[[T], dict[str, Any]], cursor_of: Callable[[T], object]
) -> dict[str, Any]:
    """Return a page of a list of which one item more than wanted was read, where there was one."""
    shown = items[: page.limit]
    has_more = len(items) > page.limit
    answer: dict[str, Any] = {"data": [describe(item) for item in shown], "has_more": has_more}
    return {**answer, "next_cursor": str(cursor_of(shown[-1])) if has_more else None}


def query_parameter(name: str, description: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the OpenAPI description of a parameter in the query."""
    return {"name": name, "in": "query", "description": description, "schema": schema or {"type": "string"}}


PAGE_PARAMETERS: Final = [
    query_parameter(
        "limit", "Most items of a page.", {"type": "integer", "minimum": 1, "maximum": _MOST, "default": _USUAL}
    ),
    query_parameter("cursor", "The `next_cursor` of the page before; left out for the newest."),
]


def list_schema(item: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of a page of such items."""
    return {
        "type": "object",
        "required": ["data", "has_more", "next_cursor"],
        "properties": {
            "data": {"type": "array", "items": item},
            "has_more": {"type": "boolean"},
            "next_cursor": {"type": ["string", "null"], "description": "Of the next page, which is older."},
        },
    }
