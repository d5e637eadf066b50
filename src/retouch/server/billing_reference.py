"""The shape of the answers about credits and requests, for ``/docs``."""

from typing import Any, Final

from retouch.server.dialects.answers import ASKING, SECURED, documented
from retouch.server.paging import PAGE_PARAMETERS, list_schema, query_parameter

__all__ = ["BALANCE", "BALANCE_QUERY", "LEGACY_BALANCE", "LIST_QUERY", "LOGS", "TRANSACTIONS"]

_TEXT: Final = {"type": "string"}
_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_TIME: Final = {"type": "string", "format": "date-time"}
_MAYBE_TIME: Final = {"type": ["string", "null"], "format": "date-time"}
_WHOLE: Final = {"type": "integer"}
_USD: Final = {"type": "number", "description": "US dollars, as `accounts.usd_per_credit` has it."}

_WHOSE: Final = query_parameter("key_id", "Of another key: only with an admin's key.")
BALANCE_QUERY: Final[dict[str, Any]] = {"parameters": [_WHOSE], **SECURED}
LIST_QUERY: Final[dict[str, Any]] = {
    "parameters": [
        *PAGE_PARAMETERS,
        query_parameter("key_id", "Of another key, or of `all`: only with an admin's key."),
    ],
    **SECURED,
}


def _object(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties}


_BALANCE: Final = _object(
    {
        "current_balance": {**_USD, "description": "US dollars; a million where the key is not limited by credits."},
        "currency": {"const": "USD"},
        "unlimited": {"type": "boolean", "description": "Whether the key is not limited by credits."},
        "credits": _WHOLE,
    },
    "credits",
)
_LEGACY: Final = _object(
    {
        "balance": {
            "type": "integer",
            "description": "Credits; a thousand million where the key is not limited by them.",
        },
        "lowBalance": {"type": "boolean"},
        "lowBalanceThreshold": _WHOLE,
        "lastUpdated": _TIME,
        "autoDebitStatus": {"const": "disabled"},
        "status": {"enum": ["current", "low"]},
        "statusExplanation": _TEXT,
    }
)
_TRANSACTION: Final = _object(
    {
        "id": _TEXT,
        "type": {"enum": ["charge", "credit", "debit"]},
        "amount": {**_USD, "description": "US dollars, below zero where the balance fell."},
        "currency": {"const": "USD"},
        "credits": _WHOLE,
        "reference_id": {"type": "string", "description": "Of a charge the inference id; else the operator's note."},
        "key_id": _TEXT,
        "created_at": _TIME,
    }
)
_LOGGED: Final = _object(
    {
        "id": _TEXT,
        "inference_id": _TEXT,
        "client_request_id": _MAYBE_TEXT,
        "status": {"enum": ["pending", "succeeded", "failed", "moderated", "cancelled", "refused", "replayed"]},
        "error": {"type": ["string", "null"], "description": "Code of the error; null where there is none."},
        "cost": _USD,
        "credits": _WHOLE,
        "images": {"type": "integer", "description": "Made; while pending, asked for."},
        "model": _TEXT,
        "engine": _TEXT,
        "dialect": _TEXT,
        "key_id": _TEXT,
        "created_at": _TIME,
        "ended_at": _MAYBE_TIME,
    }
)

BALANCE: Final = documented({200: ("The balance.", _BALANCE)}, *ASKING)
LEGACY_BALANCE: Final = documented({200: ("The balance.", _LEGACY)}, *ASKING)
TRANSACTIONS: Final = documented({200: ("A page.", list_schema(_TRANSACTION))}, *ASKING)
LOGS: Final = documented({200: ("A page.", list_schema(_LOGGED))}, *ASKING)
