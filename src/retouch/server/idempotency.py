"""The header ``Idempotency-Key``: a request that is sent again, because its answer got lost, is not carried out again."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final

from starlette.requests import Request

from retouch.errors import shorten
from retouch.jobs.models import Problem
from retouch.server.errors import ProblemError

__all__ = ["HEADER", "REPLAYED", "digest_of", "read_key"]

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "idempotent-replayed"
"""The header of an answer that an earlier request got already."""

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_OURS: Final = frozenset({"names", "translate_mask"})
"""Of a submission, what the client did not send."""


def read_key(request: Request) -> str | None:
    """Return the idempotency key of a request; None when it has none.

    Raises
    ------
    ProblemError
        It is too long, empty, has other characters, or there are several.
    """
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    if len(given) > 1 or _KEY.fullmatch(given[0]) is None:
        received = shorten(given[0]) if len(given) == 1 else f"{len(given)} of them"
        message = f"The header {HEADER} must be 1 to 255 visible ASCII characters, sent once; received {received}."
        raise ProblemError(Problem("invalid_request", message, details={"param": HEADER}))
    return given[0]


def digest_of(path: str, submission: object) -> str:
    """Return the SHA-256 of what a client asks for.

    It is made of what was read, not of the bytes that came: a form that is sent again has other boundaries.

    Parameters
    ----------
    path : str
        Of the route.
    submission : dataclass
        The body as its dialect read it.
    """
    text = json.dumps([path, _canonical(submission)], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _canonical(value: Any) -> Any:
    """A value as JSON can hold it, no two different ones the same; pictures by their digest."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return ["text", hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()]
    if isinstance(value, bytes):
        return ["bytes", hashlib.sha256(value).hexdigest()]
    if isinstance(value, Enum):
        return ["enum", value.name]
    if isinstance(value, Mapping):
        return ["mapping", [[_canonical(name), _canonical(value[name])] for name in sorted(value)]]
    if isinstance(value, tuple | list):
        return ["list", [_canonical(each) for each in value]]
    if is_dataclass(value):
        sent = [field.name for field in fields(value) if field.name not in _OURS]
        return [type(value).__name__, {name: _canonical(getattr(value, name)) for name in sent}]
    raise TypeError(f"{type(value).__name__} is not part of a submission")
