"""The shape of fal's answers, for ``/docs``."""

from typing import Any, Final

from retouch.server.dialects.answers import ASKING, EDITING, EVENTS, IGNORED, SENDING, documented, json_body
from retouch.server.dialects.fal_input import FIELDS
from retouch.server.dialects.fields import json_schema

__all__ = ["BODY", "CANCELLED", "QUEUED", "RESERVED", "RESULT", "RUN", "STATUS", "STREAM", "UPLOADED", "UPLOAD_BODY"]

_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["message", "detail"],
    "properties": {
        "message": {"type": "string"},
        "detail": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {"loc": {"type": "array"}, "msg": {"type": "string"}, "type": {"type": "string"}},
            },
        },
    },
}
_IMAGE: Final = {
    "type": "object",
    "required": ["url", "content_type", "width", "height"],
    "properties": {
        "url": {"type": "string", "format": "uri", "description": "A data: URI with `sync_mode`."},
        "content_type": {"type": "string"},
        "file_name": {"type": "string"},
        "file_size": {"type": "integer"},
        "width": {"type": "integer"},
        "height": {"type": "integer"},
    },
}
_ANSWER: Final = {
    "type": "object",
    "required": ["images", "timings", "seed", "has_nsfw_concepts", "prompt"],
    "properties": {
        "images": {"type": "array", "items": _IMAGE},
        "timings": {"type": "object", "additionalProperties": {"type": "number"}},
        "seed": {"type": "integer"},
        "has_nsfw_concepts": {"type": "array", "items": {"type": "boolean"}},
        "prompt": {"type": "string"},
        "notes": {"type": "array", "items": {"type": "string"}},
        "ignored": IGNORED,
    },
}
_URI: Final = {"type": "string", "format": "uri"}
_STATUS: Final = {
    "type": "object",
    "required": ["status", "request_id", "response_url", "status_url", "cancel_url", "logs"],
    "properties": {
        "status": {"enum": ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]},
        "request_id": {"type": "string"},
        "response_url": _URI,
        "status_url": _URI,
        "cancel_url": _URI,
        "logs": {"type": "array", "items": {"type": "object"}},
        "queue_position": {"type": "integer", "minimum": 0},
        "metrics": {"type": "object"},
        "error": {"type": "string"},
        "error_type": {"type": "string"},
        "ignored": IGNORED,
    },
}
_CANCELLATION: Final = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": ["CANCELLATION_REQUESTED", "ALREADY_COMPLETED"]}},
}
_RESERVED: Final = {
    "type": "object",
    "required": ["upload_url", "file_url"],
    "properties": {"upload_url": _URI, "file_url": _URI},
}

BODY: Final = json_body(json_schema(FIELDS))
UPLOAD_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}

RUN: Final = documented({200: ("The edited pictures.", _ANSWER)}, *EDITING, 422, error=_ERROR)
QUEUED: Final = documented({200: ("Accepted.", _STATUS)}, *EDITING, 422, error=_ERROR)
STATUS: Final = documented(
    {200: ("It is completed.", _STATUS), 202: ("It waits or runs.", _STATUS)}, *ASKING, error=_ERROR
)
STREAM: Final = documented(
    {200: ("The status, whenever it changes.", EVENTS)}, *ASKING, error=_ERROR, media_type="text/event-stream"
)
RESULT: Final = documented({200: ("The edited pictures.", _ANSWER)}, *SENDING, 422, error=_ERROR)
CANCELLED: Final = documented(
    {202: ("It will stop.", _CANCELLATION)}, *ASKING, error={"anyOf": [_ERROR, _CANCELLATION]}
)
RESERVED: Final = documented({200: ("Where to send it.", _RESERVED)}, *ASKING, error=_ERROR)
UPLOADED: Final = documented({200: ("Kept.", {"type": "object"})}, *SENDING, error=_ERROR)
