"""The shape of the admin API, for ``/docs``."""

from dataclasses import replace
from typing import Any, Final

from retouch.jobs.models import JobState
from retouch.server.admin_fields import CREDITS, DISABLED, GRANT, NULLABLE, ROTATION, TERMS
from retouch.server.dialects.answers import ASKING, SECURED, documented, json_body
from retouch.server.dialects.fields import Field, json_schema
from retouch.server.paging import PAGE_PARAMETERS, list_schema, query_parameter

__all__ = [
    "CHANGED_KEY",
    "CHANGE_BODY",
    "GRANT_BODY",
    "JOB",
    "JOBS",
    "JOBS_QUERY",
    "KEY",
    "KEYS",
    "LIST_QUERY",
    "NEW_KEY",
    "NEW_KEY_BODY",
    "ROTATE_BODY",
    "SECURED",
    "USAGE",
    "USAGE_QUERY",
]

_WRITING: Final = (*ASKING, 408, 413, 415)
_TEXT: Final = {"type": "string"}
_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_WHOLE: Final = {"type": "integer"}
_TIME: Final = {"type": "string", "format": "date-time"}
_MAYBE_TIME: Final = {"type": ["string", "null"], "format": "date-time"}


def _body(*fields: Field, required: tuple[str, ...] = ()) -> dict[str, Any]:
    schema = json_schema([replace(each, required=each.required or each.name in required) for each in fields])
    for name in NULLABLE & set(schema["properties"]):
        schema["properties"][name]["type"] = [schema["properties"][name]["type"], "null"]
    return json_body({**schema, "additionalProperties": False})


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


_KEY: Final = _object(
    id=_TEXT,
    name=_TEXT,
    scopes={"type": "array", "items": _TEXT},
    priority=_WHOLE,
    unlimited={"type": "boolean"},
    credits={"type": "integer", "description": "Its balance; below zero, what an unlimited key has used."},
    requests_per_minute={"type": ["integer", "null"]},
    images_per_day={"type": ["integer", "null"]},
    max_unfinished={"type": ["integer", "null"]},
    max_waiting={"type": ["integer", "null"]},
    created_at=_TIME,
    expires_at=_MAYBE_TIME,
    disabled_at=_MAYBE_TIME,
    last_used_at=_MAYBE_TIME,
    begins_with={"type": "array", "items": _TEXT, "description": "Beginnings of its valid secrets, the newest first."},
)
_WITH_SECRET: Final = {
    **_KEY,
    "required": [*_KEY["required"], "secret"],
    "properties": {**_KEY["properties"], "secret": {"type": "string", "description": "What clients send. Shown once."}},
}
_JOB: Final = _object(
    id=_TEXT,
    state={"enum": [state.value for state in JobState]},
    key_id=_TEXT,
    inference_id=_TEXT,
    client_request_id=_MAYBE_TEXT,
    dialect=_TEXT,
    model=_TEXT,
    engine=_TEXT,
    priority=_WHOLE,
    images=_WHOLE,
    attempts=_WHOLE,
    error=_MAYBE_TEXT,
    created_at=_TIME,
    started_at=_MAYBE_TIME,
    ended_at=_MAYBE_TIME,
)
_USAGE_DAY: Final = _object(key_id=_TEXT, day=_TEXT, edits=_WHOLE, images=_WHOLE, failed=_WHOLE, credits=_WHOLE)
_KEY_ID: Final = query_parameter("key_id", "Only of this key.")

LIST_QUERY: Final[dict[str, Any]] = {"parameters": [*PAGE_PARAMETERS], **SECURED}
JOBS_QUERY: Final[dict[str, Any]] = {
    "parameters": [
        *PAGE_PARAMETERS,
        _KEY_ID,
        query_parameter(
            "state", "Only in this state.", {"type": "string", "enum": [state.value for state in JobState]}
        ),
    ],
    **SECURED,
}
USAGE_QUERY: Final[dict[str, Any]] = {
    "parameters": [
        *PAGE_PARAMETERS,
        _KEY_ID,
        query_parameter("since", "Only from this day (UTC) on.", {"type": "string", "format": "date"}),
    ],
    **SECURED,
}
NEW_KEY_BODY: Final = _body(*TERMS, CREDITS, required=("name",))
CHANGE_BODY: Final = _body(*TERMS, DISABLED)
ROTATE_BODY: Final = _body(*ROTATION)
GRANT_BODY: Final = _body(*GRANT)

KEYS: Final = documented({200: ("A page.", list_schema(_KEY))}, *ASKING)
KEY: Final = documented({200: ("The key.", _KEY)}, *ASKING)
CHANGED_KEY: Final = documented({200: ("The key.", _KEY)}, *_WRITING)
NEW_KEY: Final = documented({201: ("The key, with its secret.", _WITH_SECRET)}, *_WRITING)
JOBS: Final = documented({200: ("A page.", list_schema(_JOB))}, *ASKING)
JOB: Final = documented({200: ("The job, as it stands now.", _JOB)}, *ASKING)
USAGE: Final = documented({200: ("A page.", list_schema(_USAGE_DAY))}, *ASKING)
