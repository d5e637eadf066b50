"""Headers that a request's answer is to carry, whatever route or error makes it."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.types import Scope

__all__ = ["add_answer_header", "answer_headers"]

_STATE: str = "answer_headers"


def add_answer_header(request: Request, name: str, value: str) -> None:
    """Have the answer of a request carry a header."""
    request.scope["state"].setdefault(_STATE, {})[name] = value


def answer_headers(scope: Scope) -> Mapping[str, str]:
    """Return the headers that the answer to a request is to carry."""
    headers: Mapping[str, str] = scope["state"].get(_STATE, {})
    return headers
