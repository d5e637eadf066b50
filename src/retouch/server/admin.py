"""``/admin/v1``: keys, jobs and usage, for keys with the scope ``admin``.

A server without any key does not answer here: whoever reaches it could make the key that shuts its owner out. The first key is
made on the command line, or named in ``server.admin_key_hashes``.
"""

import asyncio
from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from retouch.accounts.accounts import Accounts
from retouch.accounts.description import described_key, iso_time
from retouch.accounts.keys import KeyTerms
from retouch.accounts.principal import ANYONE, Scope
from retouch.accounts.usage import UsageDay
from retouch.errors import NotFoundError, PermissionDeniedError
from retouch.jobs.models import Job, JobState
from retouch.server import admin_reference as reference
from retouch.server.admin_fields import CREDITS, DISABLED, GRANT, ROTATION, TERMS, read_body
from retouch.server.dialects.fields import Field, invalid_body
from retouch.server.json_response import SafeJSONResponse
from retouch.server.paging import Page, check_key_id, key_id_of, page_answer, page_of
from retouch.server.services import services_of

__all__ = ["router"]

router = APIRouter(prefix="/admin/v1", tags=["admin"])


@router.get("/keys", summary="List keys", openapi_extra=reference.LIST_QUERY, responses=reference.KEYS)
async def list_keys(request: Request) -> SafeJSONResponse:
    """List the keys of the database, the newest first. Those of the settings are not among them."""
    accounts, page = await _admitted(request), page_of(request)
    after = None if page.cursor is None else check_key_id(page.cursor, "cursor")
    keys = await asyncio.to_thread(accounts.keys.page, limit=page.limit + 1, after=after)
    return SafeJSONResponse(page_answer(keys, page, described_key, lambda key: key.id))


@router.post(
    "/keys",
    summary="Make a key",
    status_code=HTTPStatus.CREATED,
    openapi_extra=reference.NEW_KEY_BODY,
    responses=reference.NEW_KEY,
)
async def create_key(request: Request) -> SafeJSONResponse:
    """Make a key. The answer has its secret, which can't be had again."""
    accounts = await _admitted(request)
    values = await _read(request, (*(_required(each, "name") for each in TERMS), CREDITS))
    credits = values.pop("credits", None)
    limited = {} if credits is None else {"is_unlimited": False}
    key, secret = await asyncio.to_thread(accounts.keys.create, KeyTerms(**{**values, **limited}), credits or 0)
    services_of(request).authenticator.forget()
    return SafeJSONResponse({**described_key(key), "secret": secret}, HTTPStatus.CREATED)


@router.get("/keys/{key_id}", summary="Show a key", openapi_extra=reference.SECURED, responses=reference.KEY)
async def show_key(request: Request, key_id: str) -> SafeJSONResponse:
    """Show a key, without its secret."""
    accounts = await _admitted(request)
    return SafeJSONResponse(described_key(await asyncio.to_thread(accounts.keys.get, check_key_id(key_id))))


@router.patch(
    "/keys/{key_id}", summary="Change a key", openapi_extra=reference.CHANGE_BODY, responses=reference.CHANGED_KEY
)
async def change_key(request: Request, key_id: str) -> SafeJSONResponse:
    """Change what the body names; ``null`` takes a limit or the expiry away. Other processes heed it within a few seconds."""
    accounts = await _admitted(request)
    values = await _read(request, (*TERMS, DISABLED))
    disabled = values.pop("disabled", None)
    key = await asyncio.to_thread(accounts.keys.change, check_key_id(key_id), **values)
    if disabled is not None:
        key = await asyncio.to_thread(accounts.keys.disable if disabled else accounts.keys.enable, key_id)
    services_of(request).authenticator.forget()
    return SafeJSONResponse(described_key(key))


@router.post(
    "/keys/{key_id}/rotate",
    summary="Give a key a new secret",
    status_code=HTTPStatus.CREATED,
    openapi_extra=reference.ROTATE_BODY,
    responses=reference.NEW_KEY,
)
async def rotate_key(request: Request, key_id: str) -> SafeJSONResponse:
    """Give a key a new secret; what it had until now stays valid for ``grace_seconds``."""
    accounts = await _admitted(request)
    values = await _read(request, ROTATION)
    grace_seconds = values.get("grace_seconds", ROTATION[0].default)
    key, secret = await asyncio.to_thread(accounts.keys.rotate, check_key_id(key_id), grace_seconds=grace_seconds)
    services_of(request).authenticator.forget()
    return SafeJSONResponse({**described_key(key), "secret": secret}, HTTPStatus.CREATED)


@router.post(
    "/keys/{key_id}/credits",
    summary="Give a key credits",
    openapi_extra=reference.GRANT_BODY,
    responses=reference.CHANGED_KEY,
)
async def grant_credits(request: Request, key_id: str) -> SafeJSONResponse:
    """Give a key credits, or take some back with a number below zero."""
    accounts = await _admitted(request)
    values = await _read(request, GRANT)
    await asyncio.to_thread(
        accounts.ledger.grant, check_key_id(key_id), values["credits"], reference=values.get("reference", "")
    )
    return SafeJSONResponse(described_key(await asyncio.to_thread(accounts.keys.get, key_id)))


@router.get("/jobs", summary="List edits", openapi_extra=reference.JOBS_QUERY, responses=reference.JOBS)
async def list_jobs(request: Request) -> SafeJSONResponse:
    """List the edits of all keys, the newest first. What they ask for is not shown."""
    accounts, page = await _admitted(request), page_of(request)
    state = _choice(request, "state", [state.value for state in JobState])
    jobs = await asyncio.to_thread(
        accounts.jobs.page,
        limit=page.limit + 1,
        key_id=key_id_of(request),
        state=None if state is None else JobState(state),
        after=page.cursor,
    )
    return SafeJSONResponse(page_answer(jobs, page, _described_job, lambda job: job.id))


@router.post(
    "/jobs/{job_id}/cancel", summary="Cancel an edit", openapi_extra=reference.SECURED, responses=reference.JOB
)
async def cancel_job(request: Request, job_id: str) -> SafeJSONResponse:
    """Cancel a waiting edit of any key, or ask a running one to stop; a finished one stays as it is."""
    await _admitted(request)
    if not job_id.isprintable():
        raise NotFoundError("job", job_id)
    job = await asyncio.to_thread(services_of(request).jobs.cancel, job_id)
    return SafeJSONResponse(_described_job(job))


@router.get("/usage", summary="List usage by day", openapi_extra=reference.USAGE_QUERY, responses=reference.USAGE)
async def list_usage(request: Request) -> SafeJSONResponse:
    """List what each key used on each day, the newest day first."""
    accounts, page = await _admitted(request), page_of(request)
    days = await asyncio.to_thread(
        accounts.usage.page,
        limit=page.limit + 1,
        key_id=key_id_of(request),
        since=_day("since", request.query_params.get("since")),
        after=_usage_cursor(page),
    )
    return SafeJSONResponse(page_answer(days, page, _described_day, lambda day: f"{day.day}.{day.key_id}"))


async def _admitted(request: Request) -> Accounts:
    """Let an admin's request in."""
    services = services_of(request)
    principal = await services.authenticator.check(request, Scope.ADMIN)
    if principal is ANYONE:
        raise PermissionDeniedError(
            "A server without keys has no admin API. Make the first key with `retouch keys create --scope admin`."
        )
    return services.accounts


async def _read(request: Request, fields: Sequence[Field]) -> dict[str, Any]:
    services = services_of(request)
    async with services.intake.place():
        return read_body(await services.intake.read_json_object(request), fields)


def _required(field: Field, name: str) -> Field:
    return Field(field.name, field.rule, field.description, required=field.name == name, default=field.default)


def _choice(request: Request, name: str, values: Sequence[str]) -> str | None:
    given = request.query_params.get(name)
    if given is not None and given not in values:
        raise invalid_body([{"field": name, "rule": f"one of {', '.join(values)}", "received": given}])
    return given


def _day(field: str, given: str | None) -> str | None:
    """Return a day as ``2026-11-22``, as given."""
    try:
        # Weeks and the like don't sort with days.
        if given is not None and date.fromisoformat(given).isoformat() != given:
            raise ValueError(given)
    except ValueError as exc:
        raise invalid_body([{"field": field, "rule": "a day such as 2026-11-22", "received": given}]) from exc
    return given


def _usage_cursor(page: Page) -> tuple[str, str] | None:
    if page.cursor is None:
        return None
    day, _, key_id = page.cursor.partition(".")
    _day("cursor", day)
    return day, check_key_id(key_id, "cursor")


def _described_job(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": job.state.value,
        "key_id": job.caller.key_id,
        "inference_id": job.caller.inference_id,
        "client_request_id": job.caller.client_request_id,
        "dialect": job.caller.dialect,
        "model": job.request.model,
        "engine": job.engine,
        "priority": job.caller.priority,
        "images": job.request.num_images,
        "attempts": job.attempts,
        "error": None if job.problem is None else job.problem.code,
        "created_at": iso_time(job.created_at),
        "started_at": iso_time(job.started_at),
        "ended_at": iso_time(job.finished_at),
    }


def _described_day(day: UsageDay) -> dict[str, Any]:
    return {
        "key_id": day.key_id,
        "day": day.day,
        "edits": day.edits,
        "images": day.images,
        "failed": day.failed,
        "credits": day.credits,
    }
