"""The shape of Black Forest Labs' answers, for ``/docs``."""

from typing import Any, Final

from retouch.server.dialects.answers import ASKING, EDITING, IGNORED, documented

__all__ = ["RESULT", "STARTED"]

_WRONG: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["loc", "msg", "type"],
        "properties": {"loc": {"type": "array"}, "msg": {"type": "string"}, "type": {"type": "string"}},
    },
}
_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["message", "detail"],
    "properties": {
        "id": {"type": "string"},
        "status": {"type": "string"},
        "message": {"type": "string"},
        "detail": {"anyOf": [{"type": "string"}, _WRONG]},
    },
}
_STATES: Final = ("Pending", "Ready", "Request Moderated", "Content Moderated")
_STARTED: Final = {
    "type": "object",
    "required": ["id", "polling_url"],
    "properties": {
        "id": {"type": "string"},
        "polling_url": {"type": "string", "format": "uri"},
        "ignored": IGNORED,
    },
}
_RESULT: Final = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": {"type": "string"},
        "status": {"enum": list(_STATES)},
        "progress": {"type": "number", "minimum": 0, "maximum": 1},
        "details": {"type": "object"},
        "result": {
            "type": "object",
            "required": ["sample"],
            "properties": {
                "sample": {"type": "string", "format": "uri", "description": "The picture; needs no key."},
                "prompt": {"type": "string"},
                "seed": {"type": "integer"},
                "start_time": {"type": "number"},
                "end_time": {"type": "number"},
                "duration": {"type": "number"},
                "changed_share": {"type": "number"},
                "notes": {"type": "array", "items": {"type": "string"}},
            },
        },
    },
}

STARTED: Final = documented({200: ("Accepted.", _STARTED)}, *EDITING, 422, error=_ERROR)
"""Of the routes that start an edit."""
RESULT: Final = documented({200: ("Where the edit stands.", _RESULT)}, *ASKING, 413, 422, 502, 504, error=_ERROR)
"""Of the route that is polled; an edit that failed is answered with the status of its error."""
