"""What a key has, what it spent, and what became of its requests: ``/v2/billing``, ``/v2/logs``, as the AI/ML API has them.

Everything is the caller's own. An admin's key may name another one with ``key_id``, or ``all``.
"""

import asyncio
import time
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request

from retouch.accounts.description import iso_time
from retouch.accounts.keys import ApiKey
from retouch.accounts.ledger import Entry, EntryKind
from retouch.accounts.prices import Prices
from retouch.accounts.principal import Scope
from retouch.accounts.requests import LoggedRequest
from retouch.errors import NotFoundError, PermissionDeniedError
from retouch.server import billing_reference as reference
from retouch.server.json_response import SafeJSONResponse
from retouch.server.paging import key_id_of, page_answer, page_of
from retouch.server.services import services_of

__all__ = ["router"]

router = APIRouter()

_ALL: Final = "all"
_ENDLESS_USD: Final = 1_000_000.0
_ENDLESS_CREDITS: Final = 1_000_000_000
"""What a key without a limit has where a number must be said: enough for clients that stop when there is little left."""


@router.get(
    "/v2/billing",
    tags=["billing"],
    summary="Ask for the balance",
    openapi_extra=reference.BALANCE_QUERY,
    responses=reference.BALANCE,
)
async def balance(request: Request) -> SafeJSONResponse:
    """Return what the key has, in US dollars and in credits; edits that have not ended hold theirs already."""
    key = await _key(request)
    prices = services_of(request).accounts.prices
    body: dict[str, Any] = {"current_balance": _ENDLESS_USD, "currency": "USD", "unlimited": True}
    if key is not None and not key.terms.is_unlimited:
        usd = float(prices.usd(key.balance))
        body = {"current_balance": usd, "currency": "USD", "unlimited": False, "credits": key.balance}
    return SafeJSONResponse(body)


@router.get(
    "/v1/billing/balance",
    tags=["billing"],
    summary="Ask for the balance in credits",
    openapi_extra=reference.BALANCE_QUERY,
    responses=reference.LEGACY_BALANCE,
)
async def legacy_balance(request: Request) -> SafeJSONResponse:
    """Return what the key has in credits, in the API's older form."""
    key = await _key(request)
    threshold = services_of(request).low_balance_credits
    is_limited = key is not None and not key.terms.is_unlimited
    has = key.balance if key is not None and is_limited else _ENDLESS_CREDITS
    is_low = has < threshold
    explanation = "The balance is low: ask the server's operator for credits." if is_low else "The balance suffices."
    return SafeJSONResponse(
        {
            "balance": has,
            "lowBalance": is_low,
            "lowBalanceThreshold": threshold,
            "lastUpdated": iso_time(time.time()),
            "autoDebitStatus": "disabled",
            "status": "low" if is_low else "current",
            "statusExplanation": explanation if is_limited else "The key is not limited by credits.",
        }
    )


@router.get(
    "/v2/billing/transactions",
    tags=["billing"],
    summary="List what was charged and given",
    openapi_extra=reference.LIST_QUERY,
    responses=reference.TRANSACTIONS,
)
async def transactions(request: Request) -> SafeJSONResponse:
    """List charges and grants of credits, the newest first. A charge's ``reference_id`` is its request's inference id."""
    key_id, page = await _whose(request), page_of(request)
    accounts = services_of(request).accounts
    entries = await asyncio.to_thread(accounts.ledger.transactions, key_id, limit=page.limit + 1, before=page.number())

    def describe(entry: Entry) -> dict[str, Any]:
        return _transaction(entry, accounts.prices)

    return SafeJSONResponse(page_answer(entries, page, describe, lambda entry: entry.id))


@router.get(
    "/v2/logs",
    tags=["billing"],
    summary="List requests for edits",
    openapi_extra=reference.LIST_QUERY,
    responses=reference.LOGS,
)
async def logs(request: Request) -> SafeJSONResponse:
    """List requests, the newest first, with what became of each and what it cost; those that failed cost nothing."""
    key_id, page = await _whose(request), page_of(request)
    accounts = services_of(request).accounts
    rows = await asyncio.to_thread(accounts.requests.page, key_id, limit=page.limit + 1, before=page.number())

    def describe(row: LoggedRequest) -> dict[str, Any]:
        return _logged(row, accounts.prices)

    return SafeJSONResponse(page_answer(rows, page, describe, lambda row: row.id))


async def _whose(request: Request) -> str | None:
    """Let a request in and return the key whose rows it asks for; None for those of all keys."""
    principal = await services_of(request).authenticator.check(request, Scope.READ)
    named = key_id_of(request) or principal.key_id
    if named != principal.key_id and not principal.is_admin:
        raise PermissionDeniedError("Only a key with the scope admin may name another one in key_id.")
    return None if named == _ALL else named


async def _key(request: Request) -> ApiKey | None:
    """Return the key whose balance is asked for; None for one of the settings, which has none."""
    named = await _whose(request)
    if named is None:
        raise NotFoundError("key", _ALL, "Name one key in key_id.")
    keys = services_of(request).accounts.keys
    try:
        return await asyncio.to_thread(keys.get, named)
    except NotFoundError:
        if named == request.state.principal.key_id:
            return None
        raise


def _transaction(entry: Entry, prices: Prices) -> dict[str, Any]:
    credits = entry.amount if entry.kind is EntryKind.GRANT else -entry.charged
    kind = "charge" if entry.kind is not EntryKind.GRANT else "credit" if credits > 0 else "debit"
    return {
        "id": f"txn_{entry.id}",
        "type": kind,
        "amount": float(prices.usd(credits)),
        "currency": "USD",
        "credits": credits,
        "reference_id": entry.reference,
        "key_id": entry.key_id,
        "created_at": iso_time(entry.created_at),
    }


def _logged(row: LoggedRequest, prices: Prices) -> dict[str, Any]:
    return {
        "id": f"log_{row.id}",
        "inference_id": row.inference_id,
        "client_request_id": row.client_request_id,
        "status": row.status.value,
        "error": row.error_code,
        "cost": float(prices.usd(row.credits)),
        "credits": row.credits,
        "images": row.images,
        "model": row.model,
        "engine": row.engine,
        "dialect": row.dialect,
        "key_id": row.key_id,
        "created_at": iso_time(row.created_at),
        "ended_at": iso_time(row.ended_at),
    }
