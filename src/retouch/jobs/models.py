"""What a job is, and which way it may go.

::

    queued ──► running ──► succeeded
      │  ▲        │ ├────► failed
      │  └────────┘ ├────► moderated      back to queued: its worker died or stops, and attempts are left
      │   stalled,  └────► cancelled
      │   released
      ├──► cancelled
      └──► failed                         its deadline passed while it waited

The four on the right are final: a job that reached one of them never changes again.
"""

import base64
import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from retouch.errors import RetouchError
from retouch.generation import GenerationOptions
from retouch.types import EditRequest, OutputFormat, Progress

__all__ = [
    "LEGAL_TRANSITIONS",
    "NOBODY",
    "Caller",
    "Idempotency",
    "Job",
    "JobInput",
    "JobResult",
    "JobState",
    "NewJob",
    "Problem",
    "ResultImage",
    "WebhookTarget",
    "progress_from_json",
    "progress_to_json",
    "request_from_json",
    "request_to_json",
]


class JobState(enum.StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    MODERATED = "moderated"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the job will never change again."""
        return not LEGAL_TRANSITIONS[self]


LEGAL_TRANSITIONS: Final[Mapping[JobState, frozenset[JobState]]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED, JobState.FAILED}),
    JobState.RUNNING: frozenset(
        {JobState.SUCCEEDED, JobState.FAILED, JobState.MODERATED, JobState.CANCELLED, JobState.QUEUED}
    ),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.MODERATED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something failed, as values that can be stored and that a client may see.

    Attributes
    ----------
    code : str
        Stable, for programs; ``RetouchError.code`` where there is one.
    message : str
        For people.
    retryable : bool
        Whether the same request may succeed later.
    details : mapping
        The context of the error: ``field``, ``index``, ``not_understood``, ...
    """

    code: str
    message: str
    retryable: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_error(cls, error: RetouchError) -> "Problem":
        """Return the problem that an error stands for, its public attributes as details."""
        details = {name: _json_ready(value) for name, value in vars(error).items() if name != "message"}
        return cls(error.code, error.message, error.retryable, details)


def _json_ready(value: Any) -> Any:
    """Values of an error's attributes as JSON can hold them; an odd one as its text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, tuple | list):
        return [_json_ready(item) for item in value]
    return repr(value)


@dataclass(frozen=True, slots=True)
class JobInput:
    """An input picture of a job, as SHA-256 of byte strings in the input store.

    Attributes
    ----------
    picture : str
        The picture's file.
    first : str or None
        Of a picture that is itself an answer: the file of the first input of its chain of edits.
    lineage : str or None
        Given together with ``first``: how the two belong together, as the JSON of ``retouch.preserve.lineage.Lineage``.
    mask : str or None
        Of the first picture: the file of the mask that confines the edit.
    """

    picture: str
    first: str | None = None
    lineage: str | None = None
    mask: str | None = None

    @property
    def digests(self) -> tuple[str, ...]:
        """Everything that the input store has to keep for it."""
        return tuple(digest for digest in (self.picture, self.first, self.lineage, self.mask) if digest is not None)

    def to_json(self) -> str | dict[str, str | None]:
        """Return a JSON-ready value; of a picture that is no answer and has no mask, only its digest."""
        return self.picture if self.first is None and self.mask is None else asdict(self)

    @classmethod
    def from_json(cls, body: str | Mapping[str, Any]) -> "JobInput":
        """Return the input that ``to_json`` described."""
        return cls(body) if isinstance(body, str) else cls(**body)


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """Whom to tell.

    Attributes
    ----------
    url : str
        http(s).
    dialect : str
        In whose words.
    base_url : str
        Under which the client knows this server, for the URLs in the call's body.
    secret : str or None
        What the call is signed with.
    """

    url: str
    dialect: str
    base_url: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked for a job, and how.

    Attributes
    ----------
    key_id : str
        Of the key that the request came with (``retouch.accounts.principal.Principal.key_id``).
    inference_id : str
        The id of the request, which its answer carries as ``x-inference-id``.
    client_request_id : str or None
        The id that the client gave its request.
    dialect : str
        The wire protocol.
    model : str
        As the client named it.
    priority : int
        Among waiting jobs; higher is sooner.
    traceparent : str or None
        Where the trace of the request goes on, as W3C Trace Context writes it; None where nothing is traced.
    """

    key_id: str
    inference_id: str = ""
    client_request_id: str | None = None
    dialect: str = ""
    model: str = ""
    priority: int = 0
    traceparent: str | None = None


NOBODY: Final = Caller("anyone")
"""Where nobody is told apart."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """How a request that is sent twice is known to be the same.

    Attributes
    ----------
    key : str
        Of the client's choice; it counts among the jobs of one key.
    digest : str
        SHA-256 of what was asked for, in hexadecimal.
    """

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is put into the queue.

    Attributes
    ----------
    id : str
        Unguessable; the client may see it.
    request : EditRequest
        With a seed, so that every attempt makes the same bytes.
    engine : str
        Name of the engine.
    inputs : tuple of JobInput
        The input pictures, in order.
    deadline_at : float
        Seconds since the epoch.
    webhook : WebhookTarget or None
        Whom to tell when it has ended.
    caller : Caller
        Who asked for it.
    idempotency : Idempotency or None
        What a second request for the same job is known by.
    """

    id: str
    request: EditRequest
    engine: str
    inputs: tuple[JobInput, ...]
    deadline_at: float
    webhook: WebhookTarget | None = None
    caller: Caller = NOBODY
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True)
class ResultImage:
    """A finished picture that is in the file store.

    Attributes
    ----------
    name : str
        In the file store.
    media_type : str
    size_bytes, width, height, seed : int
    changed_share : float
        0 to 1.
    mask_name : str or None
        The change mask in the file store, with ``explain``.
    has_nsfw_concepts : bool
    preserve_report : mapping or None
        What the preserve step found and did, with ``explain``.
    turns : int
        Edits between the first input and this picture.
    touched_share : float or None
        Share of pixels that any of these turns touched, 0 to 1; None where the descent is not known.
    """

    name: str
    media_type: str
    size_bytes: int
    width: int
    height: int
    seed: int
    changed_share: float
    mask_name: str | None = None
    has_nsfw_concepts: bool = False
    preserve_report: Mapping[str, Any] | None = None
    turns: int = 1
    touched_share: float | None = None


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job made. ``interpretation`` has the keys ``plan``, ``resolutions`` and ``notes``; ``timings`` are seconds."""

    images: tuple[ResultImage, ...]
    prompt: str
    seed: int
    engine: str
    interpretation: Mapping[str, Any]
    timings: Mapping[str, float]
    notes: tuple[str, ...] = ()

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names of all its files, pictures and masks."""
        return tuple(name for image in self.images for name in (image.name, image.mask_name) if name is not None)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "JobResult":
        """Return the result that ``to_json`` described."""
        images = tuple(ResultImage(**image) for image in body["images"])
        return cls(**{**body, "images": images, "notes": tuple(body["notes"])})


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the store knows it. Times are seconds since the epoch.

    Attributes
    ----------
    id, engine : str
    state : JobState
    request : EditRequest
    inputs : tuple of JobInput
    attempts : int
        How often it was started.
    created_at, deadline_at : float
    started_at, finished_at : float or None
        Of the last attempt.
    abort_requested : bool
        Its worker has been asked to stop.
    progress : Progress or None
    result : JobResult or None
        Once it succeeded.
    problem : Problem or None
        Once it failed or was moderated.
    caller : Caller
        Who asked for it.
    """

    id: str
    engine: str
    state: JobState
    request: EditRequest
    inputs: tuple[JobInput, ...]
    attempts: int
    created_at: float
    deadline_at: float
    started_at: float | None = None
    finished_at: float | None = None
    abort_requested: bool = False
    progress: Progress | None = None
    result: JobResult | None = None
    problem: Problem | None = None
    caller: Caller = NOBODY


def request_to_json(request: EditRequest) -> dict[str, Any]:
    """Return a request as JSON-ready values."""
    return {**asdict(request), "output_format": request.output_format.value}


def request_from_json(body: Mapping[str, Any]) -> EditRequest:
    """Return the request that ``request_to_json`` described; a field added since then takes its default."""
    generation = GenerationOptions.from_json(body.get("generation", {}))
    return EditRequest(**{**body, "output_format": OutputFormat(body["output_format"]), "generation": generation})


def progress_to_json(progress: Progress) -> dict[str, Any]:
    """Return a progress as JSON-ready values, its preview as base64."""
    preview = progress.preview_png
    return {**asdict(progress), "preview_png": None if preview is None else base64.b64encode(preview).decode("ascii")}


def progress_from_json(body: Mapping[str, Any]) -> Progress:
    """Return the progress that ``progress_to_json`` described; a field added since then takes its default."""
    preview = body.get("preview_png")
    return Progress(**{**body, "preview_png": None if preview is None else base64.b64decode(preview)})
