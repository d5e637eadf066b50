"""From an error to an HTTP answer: one table of statuses, one shape of body.

The body has the hosted endpoint's keys, ``{"message", "path", "requestId", "statusCode", "timestamp"}``; where OpenAI has routes
also ``"error": {"message", "type", "param", "code"}``, without which OpenAI's own clients print "no body". A dialect may have a
shape of its own for its routes. A text that was not written for clients never gets into an answer: what is unexpected is answered
with the request's id, and the log has the rest.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

from retouch.errors import QueueFullError, RateLimitedError, RetouchError
from retouch.jobs.models import Problem
from retouch.server.dialect import Dialect
from retouch.server.json_response import SafeJSONResponse

__all__ = [
    "ERROR_TABLE",
    "ProblemError",
    "answer_http_exception",
    "answer_problem",
    "answer_retouch_error",
    "dialect_name",
    "error_body",
    "public_details",
    "rename_param",
    "unexpected_problem",
]

ERROR_TABLE: Final[Mapping[str, tuple[int, str]]] = {
    "invalid_request": (400, "invalid_request_error"),
    "invalid_value": (400, "invalid_request_error"),
    "invalid_json": (400, "invalid_request_error"),
    "invalid_form": (400, "invalid_request_error"),
    "invalid_host": (400, "invalid_request_error"),
    "invalid_image": (400, "image_error"),
    "image_decode_failed": (400, "image_error"),
    "image_fetch_failed": (400, "image_error"),
    "address_not_allowed": (400, "image_error"),
    "image_too_large": (413, "image_error"),
    "unsupported_instruction": (400, "unsupported_instruction"),
    "content_moderated": (400, "content_moderated"),
    "invalid_api_key": (401, "authentication_error"),
    "host_not_allowed": (403, "permission_error"),
    "permission_denied": (403, "permission_error"),
    "out_of_credits": (403, "out_of_credits"),
    "not_found": (404, "not_found_error"),
    "model_not_found": (404, "not_found_error"),
    "method_not_allowed": (405, "invalid_request_error"),
    "body_timeout": (408, "invalid_request_error"),
    "idempotency_conflict": (409, "invalid_request_error"),
    "body_too_large": (413, "invalid_request_error"),
    "unsupported_media_type": (415, "invalid_request_error"),
    "headers_too_large": (431, "invalid_request_error"),
    "queue_full": (429, "rate_limit_error"),
    "rate_limited": (429, "rate_limit_error"),
    "retouch_error": (500, "server_error"),
    "internal_error": (500, "server_error"),
    "engine_failed": (500, "server_error"),
    "engine_crashed": (500, "server_error"),
    "remote_refused": (502, "server_error"),
    "aborted": (503, "server_error"),
    "storage_failed": (503, "server_error"),
    "configuration_error": (503, "server_error"),
    "model_unavailable": (503, "server_error"),
    "object_pack_unavailable": (503, "server_error"),
    "deadline_exceeded": (504, "server_error"),
}
"""Status and type of every code, of our own errors and of those that only HTTP knows."""

_ABOUT_THE_PROMPT: Final = frozenset({"unsupported_instruction"})
_CODE_OF_STATUS: Final = {404: "not_found", 405: "method_not_allowed"}
_OPENAI_ROUTES: Final = ("/v1/images/", "/images/", "/v1/models", "/models", "/model/")
"""Where OpenAI's own clients look for ``error``."""
_RETRY_AFTER_SECONDS: Final = 5

_log = logging.getLogger(__name__)


class ProblemError(Exception):
    """A problem that arises in the server itself, or that a finished job reports.

    Attributes
    ----------
    problem : Problem
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def unexpected_problem() -> Problem:
    """Return what a client is told about an exception that nobody foresaw."""
    return Problem(
        "internal_error", "Something went wrong on the server. Its log has the details under the requestId.", True
    )


def answer_problem(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> SafeJSONResponse:
    """Return the HTTP answer to a problem, in the shape of the dialect that the path belongs to."""
    status, _ = ERROR_TABLE[problem.code]
    request.state.error_code = problem.code
    dialect = _dialect_of(request)
    if dialect is not None:
        status = dialect.statuses.get(problem.code, status)
    if dialect is None or dialect.error_body is None:
        body = error_body(request, problem, status)
    else:
        body = dialect.error_body(request, problem, status)
    return SafeJSONResponse(body, status, headers={**_headers(status, problem), **(headers or {})})


def dialect_name(request: Request) -> str:
    """Return the name of the dialect that the request's path belongs to; empty where it is no dialect's."""
    dialect = _dialect_of(request)
    return "" if dialect is None else dialect.name


def _dialect_of(request: Request) -> Dialect | None:
    dialects: Sequence[Dialect] = getattr(request.app.state, "dialects", ())
    # Not of the URL, whose path loses its control characters.
    return next((each for each in dialects if each.owns(request.scope["path"])), None)


def error_body(request: Request, problem: Problem, status: int) -> dict[str, Any]:
    """Return the JSON of a problem on a route whose dialect has no shape of its own."""
    _, kind = ERROR_TABLE[problem.code]
    body: dict[str, Any] = {
        "message": problem.message,
        "path": request.url.path,
        "requestId": request.state.inference_id,
        "statusCode": status,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    details = public_details(problem)
    if "problems" in details:
        body["details"] = details.pop("problems")
    if request.url.path.startswith(_OPENAI_ROUTES):
        param = details.pop("param", None)
        body["error"] = {"message": problem.message, "type": kind, "param": param, "code": problem.code, **details}
    return body


def answer_retouch_error(request: Request, error: Exception) -> SafeJSONResponse:
    """Return the HTTP answer to one of our own errors."""
    if isinstance(error, ProblemError):
        return answer_problem(request, error.problem)
    if isinstance(error, QueueFullError | RateLimitedError):
        return answer_problem(
            request, Problem.from_error(error), {"Retry-After": str(math.ceil(error.retry_after_seconds))}
        )
    if not isinstance(error, RetouchError):
        raise error
    problem = Problem.from_error(error)
    status, _ = ERROR_TABLE[problem.code]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s: %s", request.state.inference_id, error.message)
    if status == HTTPStatus.UNAUTHORIZED:
        return answer_problem(request, problem, {"WWW-Authenticate": "Bearer"})
    return answer_problem(request, problem)


def answer_http_exception(request: Request, error: Exception) -> SafeJSONResponse:
    """Return the HTTP answer to what the router raises: no such route, or not with this method."""
    assert isinstance(error, HTTPException)
    code = _CODE_OF_STATUS.get(error.status_code, "internal_error")
    if code == "not_found":
        message = f"There is nothing at {request.method[:20]} {request.url.path[:200]}. The routes are listed at /docs."
    elif code == "method_not_allowed":
        message = f"{request.url.path[:200]} can't be used with {request.method[:20]}."
    else:
        message = HTTPStatus(error.status_code).phrase
    return answer_problem(request, Problem(code, message), dict(error.headers or {}))


def rename_param(problem: Problem, names: Mapping[str, str], *, leading: Sequence[str] = ()) -> Problem:
    """Return a problem in a dialect's own words.

    Parameters
    ----------
    problem : Problem
        As the lower layers know it.
    names : mapping of str to str
        Their field names to the dialect's. ``image`` stands for the input pictures.
    leading : sequence of str
        Fields that the first input pictures came in, before those of ``image``.
    """
    details = dict(problem.details)
    message = problem.message
    if problem.code == "invalid_value":
        ours = str(details.pop("field", ""))
        param = names.get(ours, ours)
        message = param + message.removeprefix(ours) if message.startswith(ours) else message
        details["param"] = param
        details["problems"] = [
            {"field": param, "rule": details.pop("rule", ""), "received": details.pop("value", None)}
        ]
    elif problem.code in _ABOUT_THE_PROMPT or details.get("attempt") is not None or details.get("check") == "prompt":
        details["param"] = names["prompt"]
    elif "index" in details:
        details["param"] = _picture_param(details.pop("index"), names["image"], leading)
    return replace(problem, message=message, details=details)


def _picture_param(index: int | None, field: str, leading: Sequence[str]) -> str:
    if index is None:
        return field
    return leading[index] if index < len(leading) else f"{field}[{index - len(leading)}]"


def public_details(problem: Problem) -> dict[str, Any]:
    """The details that belong in a body: those that a dialect set, and what an engine understood of a prompt."""
    shown = ("param", "problems", "understood", "not_understood", "hint", "allowed_from")
    return {name: problem.details[name] for name in shown if name in problem.details}


def _headers(status: int, problem: Problem) -> dict[str, str]:
    """Tell clients whether to come again; OpenAI's retry 429 and 5xx unless they are told not to."""
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS:
        return {}
    if not problem.retryable:
        return {"x-should-retry": "false"}
    return {"Retry-After": str(_RETRY_AFTER_SECONDS)}
