"""The shape of the answers of ``/v1/edits`` and ``/v1/previews``, for ``/docs``."""

from typing import Any, Final

from retouch.server.dialects.aimlapi_reference import RESPONSES
from retouch.server.dialects.answers import ASKING, EDITING, EVENTS, IGNORED, SENDING, documented, json_body
from retouch.server.dialects.fields import Field, json_schema

__all__ = ["EDIT_ANSWERS", "PREVIEW_ANSWERS", "STARTED", "STREAM", "edit_body", "preview_body"]

_STRINGS: Final = {"type": "array", "items": {"type": "string"}}
_PROBLEM: Final = {
    "type": "object",
    "required": ["code", "message", "status"],
    "properties": {
        "code": {"type": "string", "description": "Stable, for programs."},
        "message": {"type": "string"},
        "status": {"type": "integer", "description": "What a synchronous route would have answered."},
        "retryable": {"type": "boolean"},
        "param": {"type": "string"},
        "understood": _STRINGS,
        "not_understood": _STRINGS,
        "hint": {"type": "string"},
        "problems": {"type": "array", "items": {"type": "object"}},
    },
}
_ERROR: Final = {
    "type": "object",
    "required": ["message", "path", "requestId", "statusCode", "timestamp", "error"],
    "properties": {
        "message": {"type": "string"},
        "path": {"type": "string"},
        "requestId": {"type": "string"},
        "statusCode": {"type": "integer"},
        "timestamp": {"type": "string", "format": "date-time"},
        "error": _PROBLEM,
    },
}
_RESULT: Final[dict[str, Any]] = RESPONSES[200]["content"]["application/json"]["schema"]
_EDIT: Final = {
    "type": "object",
    "required": ["id", "status", "urls"],
    "properties": {
        "id": {"type": "string"},
        "status": {"enum": ["queued", "running", "succeeded", "failed", "moderated", "cancelled"]},
        "queue_position": {
            "type": "integer",
            "description": "Edits that will be taken before this one, while it waits.",
        },
        "progress": {
            "type": "object",
            "properties": {
                "step": {"type": "integer"},
                "total": {"type": "integer"},
                "label": {"type": "string"},
                "seconds_left": {"type": "number"},
            },
        },
        "preview": {"type": "string", "description": "In events, where `previews` was asked for: a `data:` URI."},
        "result": {**_RESULT, "description": "Once it succeeded: the body that `/v1/images/generations` answers."},
        "error": _PROBLEM,
        "urls": {"type": "object", "properties": {name: {"type": "string"} for name in ("self", "events", "cancel")}},
        "ignored": IGNORED,
        "notes": _STRINGS,
    },
}
_PREVIEW: Final = {
    "type": "object",
    "required": ["width", "height", "format", "preview"],
    "properties": {
        "width": {"type": "integer", "description": "Of the picture itself, upright."},
        "height": {"type": "integer"},
        "format": {"type": "string", "description": "Of the file that was sent."},
        "notes": _STRINGS,
        "preview": {"type": "string", "description": "A `data:` URI of a JPEG."},
    },
}

STARTED: Final = documented({202: ("The edit was accepted.", _EDIT)}, *EDITING, error=_ERROR)
EDIT_ANSWERS: Final = documented({200: ("Where the edit stands.", _EDIT)}, *ASKING, error=_ERROR)
STREAM: Final = {
    **documented({}, *ASKING, error=_ERROR),
    200: {"description": "An event for every change.", "content": {"text/event-stream": {"schema": EVENTS}}},
}
PREVIEW_ANSWERS: Final = documented({200: ("The picture, small.", _PREVIEW)}, *SENDING, error=_ERROR)


def edit_body(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI description of what starts an edit."""
    return json_body(schema)


def preview_body(fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return the OpenAPI description of what asks for a preview."""
    return json_body(json_schema(fields), repeatable=False)
