"""The shape of Replicate's answers, for ``/docs``."""

from typing import Any, Final

from retouch.server.dialects.answers import ASKING, EDITING, EVENTS, IGNORED, SENDING, documented, json_body
from retouch.server.dialects.replicate_input import INPUT_SCHEMA

__all__ = ["BODY", "CREATED", "MODEL", "PREDICTION", "SECRET", "STREAM", "UPLOADED", "UPLOAD_BODY", "VERSION"]

_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["title", "detail", "status"],
    "properties": {
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "status": {"type": "integer"},
        "invalid_fields": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "type", "description"],
                "properties": {
                    "field": {"type": "string"},
                    "type": {"type": "string"},
                    "description": {"type": "string"},
                },
            },
        },
    },
}
_MAYBE_TIME: Final = {"type": ["string", "null"], "format": "date-time"}
_URI: Final = {"type": "string", "format": "uri"}
_PREDICTION: Final = {
    "type": "object",
    "required": ["id", "status", "output", "error", "urls"],
    "properties": {
        "id": {"type": "string"},
        "model": {"type": "string"},
        "version": {"type": "string"},
        "input": {"type": "object"},
        "status": {"enum": ["starting", "processing", "succeeded", "failed", "canceled"]},
        "output": {
            "anyOf": [_URI, {"type": "array", "items": _URI}, {"type": "null"}],
            "description": "Over plain http a data: URI: Replicate's clients make files only of `https:` and `data:`.",
        },
        "error": {"type": ["string", "null"]},
        "logs": {"type": "string"},
        "metrics": {"type": "object", "additionalProperties": {"type": "number"}},
        "created_at": _MAYBE_TIME,
        "started_at": _MAYBE_TIME,
        "completed_at": _MAYBE_TIME,
        "urls": {"type": "object", "properties": {"get": _URI, "cancel": _URI, "stream": _URI}},
        "ignored": IGNORED,
    },
}
_VERSION: Final = {
    "type": "object",
    "required": ["id", "openapi_schema"],
    "properties": {"id": {"type": "string"}, "openapi_schema": {"type": "object"}},
}
_MODEL: Final = {
    "type": "object",
    "required": ["owner", "name", "latest_version"],
    "properties": {"owner": {"type": "string"}, "name": {"type": "string"}, "latest_version": _VERSION},
}
_FILE: Final = {
    "type": "object",
    "required": ["id", "urls"],
    "properties": {"id": {"type": "string"}, "size": {"type": "integer"}, "urls": {"type": "object"}},
}

BODY: Final = json_body(
    {
        "type": "object",
        "required": ["input"],
        "properties": {
            "input": INPUT_SCHEMA,
            "version": {"type": "string", "description": "Any is taken: there is one of each model."},
        },
    }
)
UPLOAD_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["content"],
                    "properties": {"content": {"type": "string", "format": "binary"}},
                }
            }
        },
    },
    "security": [{"bearer": []}],
}

CREATED: Final = documented({201: ("Accepted, or done.", _PREDICTION)}, *EDITING, 422, error=_ERROR)
PREDICTION: Final = documented({200: ("Where the edit stands.", _PREDICTION)}, *ASKING, error=_ERROR)
STREAM: Final = documented(
    {200: ("`logs`, `output`, `error` and `done`.", EVENTS)}, *ASKING, error=_ERROR, media_type="text/event-stream"
)
MODEL: Final = documented({200: ("The model.", _MODEL)}, *ASKING, error=_ERROR)
VERSION: Final = documented({200: ("The version.", _VERSION)}, *ASKING, error=_ERROR)
SECRET: Final = documented(
    {200: ("The secret.", {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}}})},
    *ASKING,
    error=_ERROR,
)
UPLOADED: Final = documented({201: ("Kept.", _FILE)}, *SENDING, 422, error=_ERROR)
