"""From a checked body to a job: what every dialect does between reading a request and answering it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from starlette.requests import Request

from retouch.accounts.principal import Principal, Scope
from retouch.errors import ImageError, InvalidValueError, NotFoundError, RequestError
from retouch.images.codec import DecodeLimits
from retouch.isolation.decoder import Decoder
from retouch.jobs.models import NOBODY, Caller, Idempotency, Job, JobResult, Problem, WebhookTarget
from retouch.safety.policy import SafetyPolicy
from retouch.server.answer_headers import add_answer_header
from retouch.server.dialects.fields import invalid_body
from retouch.server.errors import ProblemError, dialect_name, rename_param
from retouch.server.idempotency import REPLAYED, digest_of, read_key
from retouch.server.public_urls import own_base_urls, public_base_url
from retouch.server.services import Services, services_of
from retouch.server.sources import PictureSources
from retouch.server.waiting import wait_for_result
from retouch.server.webhook_secrets import webhook_secret_of
from retouch.telemetry.context import hide
from retouch.telemetry.spans import span, traceparent
from retouch.types import EditRequest

__all__ = ["ParamNames", "Submission", "WebhookOrder", "accept", "caller_of", "engine_name", "find_job", "wait_for"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ParamNames:
    """What a dialect calls the fields that the lower layers complain about.

    Attributes
    ----------
    images : str or tuple of str
        The field with the input pictures; a tuple where each picture has a field of its own.
    others : mapping of str to str
        Further names of ours to the dialect's.
    """

    images: str | tuple[str, ...] = "image_url"
    others: Mapping[str, str] = field(default_factory=dict)

    def in_their_words(self, problem: Problem, *, with_parent: bool = False) -> Problem:
        """Return a problem of the lower layers as the dialect calls things.

        Parameters
        ----------
        problem : Problem
        with_parent : bool
            Whether an earlier answer, named in the field ``parent``, is the first of the input pictures.
        """
        leading = ("parent",) if with_parent else ()
        if isinstance(self.images, tuple):
            leading, first = (*leading, *self.images), self.images[0]
        else:
            first = self.images
        names = {"prompt": "prompt", "image": first, "images": first, **self.others}
        return rename_param(problem, names, leading=leading)


@dataclass(frozen=True, slots=True)
class WebhookOrder:
    """Whom a client wants to be told when its edit has ended.

    Attributes
    ----------
    url : str
    dialect : str
        Name of the dialect in whose words.
    secret : str or None
        What to sign the call with; None for the server's own.
    """

    url: str
    dialect: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """An edit as a dialect has read it.

    Attributes
    ----------
    request : EditRequest
    sources : tuple of str or bytes
        The input pictures: URLs, ``data:`` URIs, uploaded files.
    parent : str or None
        Name of a result that is edited again, before the other pictures.
    engine : str or None
        None for the server's default.
    names : ParamNames
    ignored : tuple of mapping
        ``field`` and ``reason`` of what was sent and has no effect.
    mask : str or bytes or None
        Confines the edit, on the first picture: white may change. A URL, a ``data:`` URI or a file.
    translate_mask : callable, optional
        From the file of a mask in the dialect's own sense, and what decodes it, to one whose white may change. Raises
        ``InvalidValueError``.
    webhook : WebhookOrder or None
    """

    request: EditRequest
    sources: tuple[str | bytes, ...]
    parent: str | None = None
    engine: str | None = None
    names: ParamNames = field(default_factory=ParamNames)
    ignored: tuple[Mapping[str, str], ...] = ()
    mask: str | bytes | None = None
    translate_mask: Callable[[bytes, Decoder, DecodeLimits], bytes] | None = None
    webhook: WebhookOrder | None = None

    def in_their_words(self, problem: Problem) -> Problem:
        """Return a problem of the lower layers as the dialect calls things."""
        return self.names.in_their_words(problem, with_parent=self.parent is not None)


SubmissionT = TypeVar("SubmissionT", bound=Submission)


async def accept(request: Request, read: Callable[[Request], Awaitable[SubmissionT]]) -> tuple[SubmissionT, Job]:
    """Let a request in, read it under the server's limits, and put it into the queue.

    Parameters
    ----------
    request : Request
    read : callable
        Reads and checks the body.

    Raises
    ------
    RetouchError, ProblemError
        It is not let in, or its body, a picture or the queue are not as they must be; in the dialect's words.
    """
    services = services_of(request)
    principal = await _let_in(request)
    # A Host that no answer could name is refused before the work, not after.
    base_url = public_base_url(request, services.public_url)
    idempotency_key = read_key(request)
    if services.jobs.was_full:
        await asyncio.to_thread(services.jobs.require_room, principal.key_id, idempotency_key)
    async with services.intake.place():
        submission = await read(request)
        hide(submission.request.prompt)
        _require_tolerance(submission, services.safety_policy, principal)
        request.state.caller = caller = replace(request.state.caller, model=submission.request.model)
        idempotency = await _idempotency(request, idempotency_key, submission)
        job = None
        if idempotency is not None:
            job = await asyncio.to_thread(services.jobs.find_accepted, caller.key_id, idempotency)
        if job is None:
            job = await _enqueue(request, submission, caller, idempotency, base_url)
    if job.caller.inference_id != caller.inference_id:
        request.state.is_replay = True
        add_answer_header(request, REPLAYED, "true")
        if job.problem is not None:  # which a further repetition would get as well
            add_answer_header(request, "x-should-retry", "false")
    request.state.job_id = job.id
    _log.info("%s is job %s", request.state.inference_id, job.id)
    return submission, job


async def _let_in(request: Request) -> Principal:
    """Return who sends a request for an edit; whoever it is finds it in the log, also when the key may not send it (now)."""
    try:
        return await services_of(request).authenticator.check(request, Scope.EDIT)
    finally:
        principal = getattr(request.state, "principal", None)
        if principal is not None:
            request.state.caller = caller_of(request, principal)


def _require_tolerance(submission: Submission, policy: SafetyPolicy, principal: Principal) -> None:
    """Raise when a request asks for more tolerance than the policy grants its key."""
    highest = policy.highest_for(principal.key_id)
    asked = submission.request.safety_tolerance
    if asked > highest:
        rule = f"at most {highest} for this key, by the server's safety policy"
        error = InvalidValueError("safety_tolerance", rule, asked)
        raise ProblemError(submission.in_their_words(Problem.from_error(error)))


async def _enqueue(
    request: Request, submission: Submission, caller: Caller, idempotency: Idempotency | None, base_url: str
) -> Job:
    """Gather the pictures of an edit and put it into the queue."""
    services = services_of(request)
    engine = engine_name(submission.engine, services)
    sources = PictureSources(services.results, services.fetch_policy, own_base_urls(request, services.public_url))
    try:
        with span("fetch", pictures=len(submission.sources)):
            pictures = await sources.collect(
                submission.sources, parent=submission.parent, field=submission.names.images
            )
    except ImageError as exc:
        raise ProblemError(submission.names.in_their_words(Problem.from_error(exc))) from exc
    mask = await _collect_mask(submission, sources, services)
    webhook = await _target(submission.webhook, base_url, services, caller)
    with span("enqueue", kind="producer", engine=engine):
        return await asyncio.to_thread(
            services.jobs.enqueue,
            submission.request,
            pictures,
            engine=engine,
            mask=mask,
            webhook=webhook,
            caller=replace(caller, traceparent=traceparent()),
            idempotency=idempotency,
        )


async def _idempotency(request: Request, key: str | None, submission: Submission) -> Idempotency | None:
    if key is None:
        return None
    return Idempotency(key, await asyncio.to_thread(digest_of, request.url.path, submission))


async def find_job(request: Request, job_id: str) -> Job:
    """Let a request in and return the job that it asks for.

    Raises
    ------
    AuthenticationError, ProblemError
        It is not let in.
    NotFoundError
        There is no such job (any more), or it is another key's.
    """
    services = services_of(request)
    principal = await services.authenticator.check(request, Scope.EDIT, Scope.READ)
    job = await asyncio.to_thread(services.jobs.get, job_id)
    # What was accepted before keys were told apart is anyone's who knows its id, as it was then.
    if job.caller.key_id not in (principal.key_id, NOBODY.key_id) and not principal.is_admin:
        raise NotFoundError("job", job_id)
    return job


def caller_of(request: Request, principal: Principal) -> Caller:
    """Return who sends a request, for the books; the model is not known before the body has been read."""
    return Caller(
        key_id=principal.key_id,
        inference_id=request.state.inference_id,
        client_request_id=request.state.client_request_id,
        dialect=dialect_name(request),
        priority=principal.priority,
    )


async def wait_for(request: Request, submission: Submission, job: Job) -> JobResult:
    """Wait for the result of a job; its problems come in the dialect's words. Raises as ``wait_for_result`` does."""
    try:
        return await wait_for_result(request, services_of(request).jobs, job)
    except ProblemError as exc:
        raise ProblemError(submission.in_their_words(exc.problem)) from exc


async def _target(
    order: WebhookOrder | None, base_url: str, services: Services, caller: Caller
) -> WebhookTarget | None:
    if order is None:
        return None
    secret = order.secret or await webhook_secret_of(services, caller.key_id)
    return WebhookTarget(order.url, order.dialect, base_url, secret)


async def _collect_mask(submission: Submission, sources: PictureSources, services: Services) -> bytes | None:
    """Return the file of the mask; a mask that is an answer of this server counts as a picture like any other."""
    if submission.mask is None:
        return None
    field = submission.names.others.get("mask", "mask")
    try:
        (found,) = await sources.collect([submission.mask], parent=None, field=[field])
        data = found if isinstance(found, bytes) else found.data
        if submission.translate_mask is None:
            return data
        return await asyncio.to_thread(submission.translate_mask, data, services.decoder, services.decode_limits)
    except RequestError as exc:
        names = ParamNames((field,), submission.names.others)
        raise ProblemError(names.in_their_words(Problem.from_error(exc))) from exc


def engine_name(named: str | None, services: Services) -> str:
    """Return the engine that a request names, or the server's default. Raises ``ProblemError``: there is none of that name."""
    if named is None:
        return services.default_engine
    if named not in services.registry.names:
        rule = f"one of {', '.join(json.dumps(name) for name in services.registry.names)}"
        raise invalid_body([{"field": "engine", "rule": rule, "received": named}])
    return named
