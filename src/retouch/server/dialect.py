"""What a wire protocol is to the rest of the server: its routes, and the shape of its errors."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request

from retouch.jobs.models import Job, Problem

if TYPE_CHECKING:
    from retouch.server.services import Services

__all__ = ["Dialect", "ErrorBody", "WebhookBody"]

ErrorBody = Callable[[Request, Problem, int], dict[str, Any]]
"""From a problem and its HTTP status to the JSON body that the dialect's clients read."""

WebhookBody = Callable[["Services", Job, str], Awaitable[dict[str, Any]]]
"""From the services, a job that has ended, and the base of this server's URLs to the JSON body of a webhook."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """A wire protocol.

    Attributes
    ----------
    name : str
        Short, such as "bfl".
    router : APIRouter
    prefixes : tuple of str
        Beginnings of the paths whose errors have this dialect's shape, wrong paths below them included.
    pattern : re.Pattern or None
        Of whole paths beside those, where another dialect has some that begin the same.
    error_body : callable or None
        None for the shape that the server has of its own.
    statuses : mapping of str to int
        Codes of problems that this dialect answers with another HTTP status than the server's table says.
    webhook_body : callable or None
        What is told when an edit has ended; None where the protocol has no webhooks.
    """

    name: str
    router: APIRouter
    prefixes: tuple[str, ...]
    error_body: ErrorBody | None = None
    statuses: Mapping[str, int] = field(default_factory=dict)
    pattern: re.Pattern[str] | None = None
    webhook_body: WebhookBody | None = None

    def owns(self, path: str) -> bool:
        """Whether an error at this path has this dialect's shape."""
        return path.startswith(self.prefixes) or (self.pattern is not None and self.pattern.fullmatch(path) is not None)
