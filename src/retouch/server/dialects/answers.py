"""How a route's answers are described in the API's reference: its bodies, and each error in the dialect's own shape."""

from collections.abc import Mapping
from typing import Any, Final

from retouch.server.idempotency import HEADER

__all__ = [
    "ASKING",
    "EDITING",
    "ERROR",
    "EVENTS",
    "IGNORED",
    "REPEATABLE",
    "SECURED",
    "SENDING",
    "documented",
    "json_body",
]

ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["message", "path", "requestId", "statusCode", "timestamp"],
    "properties": {
        "message": {"type": "string"},
        "path": {"type": "string"},
        "requestId": {"type": "string"},
        "statusCode": {"type": "integer"},
        "timestamp": {"type": "string", "format": "date-time"},
        "details": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "rule": {"type": "string"}, "received": {}},
            },
        },
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": "string"},
            },
        },
    },
}
"""The shape of errors that the server has of its own."""

IGNORED: Final[dict[str, Any]] = {
    "type": "array",
    "description": "What was sent and has no effect, and why.",
    "items": {"type": "object", "properties": {"field": {"type": "string"}, "reason": {"type": "string"}}},
}

_SITUATIONS: Final = {
    400: "The request is wrong, a picture can't be used, or the instruction can't be carried out.",
    401: "No key, an unknown one, or one that is disabled or has expired.",
    403: "The key may not be used for this, or has no credits left; without keys: the request names another machine.",
    404: "There is no such model, edit or result (any more).",
    408: "The body did not arrive in time.",
    409: "The `Idempotency-Key` came before with another request.",
    413: "The body or a picture is too large.",
    415: "The body is not of the right type.",
    422: "A field has a wrong value.",
    429: "Too many edits are waiting, or the key has asked for as much as it may; `Retry-After` says when to come again.",
    500: "The edit failed.",
    502: "A remote server that makes the edits refuses what it was sent.",
    503: "The disk is full, a model file is missing, or the edit was cancelled.",
    504: "The edit was not finished in time.",
}

SENDING: Final = (400, 401, 403, 404, 408, 413, 415, 429, 500, 502, 503, 504)
"""Statuses of errors where something else than an edit is sent, or where an edit is waited for."""
EDITING: Final = (*SENDING, 409)
"""Statuses of errors where an edit is sent."""
ASKING: Final = (400, 401, 403, 404, 429, 500, 503)
"""Statuses of errors where something that is there is asked for."""

SECURED: Final[dict[str, Any]] = {"security": [{"bearer": []}]}
"""A key is needed."""

REPEATABLE: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "description": "Makes the request safe to send again: the same key with the same request gets the same edit, and an "
            "answer with `idempotent-replayed: true`. It is remembered as long as the edit.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        }
    ]
}
"""An edit is sent, which may have an ``Idempotency-Key``."""

EVENTS: Final[dict[str, Any]] = {"type": "string", "description": "Server-sent events."}


def json_body(schema: Mapping[str, Any], *, repeatable: bool = True, **more: Any) -> dict[str, Any]:
    """Return the OpenAPI description of a route that needs a key and takes a JSON body.

    Parameters
    ----------
    schema : mapping
        JSON schema of the body.
    repeatable : bool
        Whether an edit is sent, which may have an ``Idempotency-Key``.
    **more
        Goes beside the schema.
    """
    content = {"application/json": {"schema": dict(schema), **more}}
    return {"requestBody": {"required": True, "content": content}, **SECURED, **(REPEATABLE if repeatable else {})}


def documented(
    answers: Mapping[int, tuple[str, Mapping[str, Any] | None]],
    *statuses: int,
    error: Mapping[str, Any] = ERROR,
    media_type: str = "application/json",
) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a route for OpenAPI.

    Parameters
    ----------
    answers : mapping of int to (str, mapping or None)
        What it is, and its JSON schema, by status; None for an answer without a body.
    *statuses : int
        Of the errors.
    error : mapping
        JSON schema of the dialect's errors.
    media_type : str
        Of the answers that are no errors.
    """

    def described(description: str, kind: str, schema: Mapping[str, Any] | None) -> dict[str, Any]:
        content = {} if schema is None else {"content": {kind: {"schema": dict(schema)}}}
        return {"description": description, **content}

    good: dict[int | str, dict[str, Any]] = {
        status: described(said, media_type, schema) for status, (said, schema) in answers.items()
    }
    return {**good, **{status: described(_SITUATIONS[status], "application/json", error) for status in statuses}}
