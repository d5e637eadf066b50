"""What a request has cost, as the ledger has it."""

import asyncio
from decimal import Decimal

from starlette.requests import Request

from retouch.server.answer_headers import add_answer_header
from retouch.server.services import Services, services_of

__all__ = ["credits_of", "money", "note_cost"]


async def credits_of(services: Services, job_id: str) -> int:
    """Return the credits that an edit was charged so far."""
    return await asyncio.to_thread(services.accounts.ledger.charged_for, job_id)


async def note_cost(request: Request, job_id: str) -> int:
    """Return the credits that a request's own edit was charged, and have the headers of its answer say so."""
    services = services_of(request)
    charged = await credits_of(services, job_id)
    if charged:
        add_answer_header(request, "x-aimlapi-credits-used", str(charged))
        add_answer_header(request, "x-aimlapi-usd-spent", money(services.accounts.prices.usd(charged)))
    return charged


def money(amount: Decimal) -> str:
    """Return an amount in digits, without an exponent or zeros at its end.

    >>> money(Decimal("0.0500")), money(Decimal("100")), money(Decimal("0.0000001"))
    ('0.05', '100', '0.0000001')
    """
    digits = format(amount, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
