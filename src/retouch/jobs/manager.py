"""What can be done with jobs: put one in, look at it, cancel it. The seam between the server and the queue."""

import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from retouch.errors import QueueFullError
from retouch.generation import draw_seed
from retouch.jobs.models import NOBODY, Caller, Idempotency, Job, JobInput, JobState, NewJob, WebhookTarget
from retouch.jobs.signals import JobSignals
from retouch.jobs.store import JobStore
from retouch.types import EditRequest

__all__ = ["Answer", "InputStore", "JobManager", "QueuePolicy"]

_ID_BYTES: Final = 24
_ARRIVING_SECONDS: Final = 0.05
"""For so long who was told that there is room counts as waiting: else all who ask in that time would be told so."""
_FULL_SECONDS: Final = 0.2
"""For so long after an edit was refused for want of room, others are asked for it before anything is read or stored for them."""


class InputStore(Protocol):
    """Keeps the input pictures of waiting jobs and of results."""

    def put(self, data: bytes, /) -> str:
        """Store the bytes and return their SHA-256."""

    def get(self, digest: str, /) -> bytes:
        """Return the bytes with that SHA-256."""

    def keep(self, digest: str, /) -> bool:
        """Spare the bytes from a clean-up that runs now; False when they are gone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An input picture that is itself an answer of this server.

    Attributes
    ----------
    data : bytes
        Its file.
    first : str
        SHA-256 of the first input of its chain of edits.
    lineage : mapping
        JSON of its ``Lineage``.
    """

    data: bytes
    first: str
    lineage: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """How jobs wait and run.

    Attributes
    ----------
    max_waiting : int
        Jobs that may wait.
    deadline_seconds : float
        From acceptance to the end.
    lease_seconds : float
        Without a sign of life for so long, a running job counts as stalled.
    max_attempts : int
        Starts of one job in all.
    max_waiting_per_key : int
        Jobs of one key that may wait; 0 for no limit of its own.
    abort_on_disconnect : bool
        Whether a job ends when its caller, who waited for it, goes away.
    """

    max_waiting: int = 32
    deadline_seconds: float = 300.0
    lease_seconds: float = 30.0
    max_attempts: int = 2
    max_waiting_per_key: int = 0
    abort_on_disconnect: bool = True


class JobManager:
    """Operations on jobs. Every method may block on the disk; an event loop calls them in a thread.

    Parameters
    ----------
    store : JobStore
    inputs : InputStore
    signals : JobSignals
    policy : QueuePolicy
    """

    def __init__(self, store: JobStore, inputs: InputStore, signals: JobSignals, policy: QueuePolicy) -> None:
        self._store = store
        self._inputs = inputs
        self._signals = signals
        self.policy = policy
        self._full_until = float("-inf")
        self._retry_after_seconds = 0.0
        self._arriving: deque[float] = deque()
        self._counting = threading.Lock()

    def enqueue(
        self,
        request: EditRequest,
        pictures: Sequence[bytes | Answer],
        *,
        engine: str,
        mask: bytes | None = None,
        webhook: WebhookTarget | None = None,
        caller: Caller = NOBODY,
        idempotency: Idempotency | None = None,
    ) -> Job:
        """Accept an edit, or return the one that was accepted before under the same idempotency key.

        Parameters
        ----------
        request : EditRequest
            Without a seed it gets one here, so that a second attempt makes the same bytes as the first.
        pictures : sequence of bytes or Answer
            The input files. Whatever an answer descends from is noted with the job, so that a second attempt finds it too.
        engine : str
            Name of the engine.
        mask : bytes, optional
            The file of the mask that confines the edit, on the first picture.
        webhook : WebhookTarget, optional
            Whom to tell when it has ended.
        caller : Caller
            Who asks for it.
        idempotency : Idempotency, optional
            What a second request for the same edit is known by.

        Raises
        ------
        QueueFullError
            Too many edits wait, in all or of the caller's key.
        IdempotencyConflictError
            The idempotency key was used for something else.
        StorageError
            The inputs or the job could not be stored; nothing was accepted.
        """
        seeded = request if request.seed is not None else replace(request, seed=draw_seed())
        inputs = tuple(self._store_input(picture) for picture in pictures)
        if mask is not None:
            inputs = (replace(inputs[0], mask=self._inputs.put(mask)), *inputs[1:])
        new = NewJob(
            id=secrets.token_urlsafe(_ID_BYTES),
            request=seeded,
            engine=engine,
            inputs=inputs,
            deadline_at=time.time() + self.policy.deadline_seconds,
            webhook=webhook,
            caller=caller,
            idempotency=idempotency,
        )
        try:
            job = self._store.enqueue(
                new, max_waiting=self.policy.max_waiting, max_waiting_per_key=self.policy.max_waiting_per_key
            )
        except QueueFullError as exc:
            self._retry_after_seconds = exc.retry_after_seconds
            self._full_until = time.monotonic() + _FULL_SECONDS
            raise
        self._signals.work_arrived()
        return job

    @property
    def was_full(self) -> bool:
        """Whether an edit was refused for want of room a moment ago: then ``require_room`` is worth asking."""
        return time.monotonic() < self._full_until

    def require_room(self, key_id: str, idempotency_key: str | None) -> None:
        """Refuse an edit before its body is read, if it would be refused afterwards; what was accepted already passes.

        Parameters
        ----------
        key_id : str
            Of the caller.
        idempotency_key : str or None

        Raises
        ------
        QueueFullError
            Too many edits wait in all.
        """
        is_replay = idempotency_key is not None and self._store.is_accepted(key_id, idempotency_key)
        if is_replay or self._is_let_in():
            return
        seconds = self._retry_after_seconds
        raise QueueFullError(
            f"{self.policy.max_waiting} edits are waiting already. Try again in about {seconds:.0f} s.",
            retry_after_seconds=seconds,
        )

    def _is_let_in(self) -> bool:
        """Whether there is room for one more beside those who wait and those who were let in a moment ago."""
        waiting = self._store.count(JobState.QUEUED)
        with self._counting:
            now = time.monotonic()
            while self._arriving and self._arriving[0] < now - _ARRIVING_SECONDS:
                self._arriving.popleft()
            is_let_in = waiting + len(self._arriving) < self.policy.max_waiting
            if is_let_in:
                self._arriving.append(now)
        return is_let_in

    def _store_input(self, picture: bytes | Answer) -> JobInput:
        if isinstance(picture, bytes):
            return JobInput(self._inputs.put(picture))
        self._inputs.keep(picture.first)  # when it is gone the edit goes on without it, and says so
        lineage = self._inputs.put(json.dumps(picture.lineage).encode("ascii"))
        return JobInput(self._inputs.put(picture.data), picture.first, lineage)

    def find_accepted(self, key_id: str, idempotency: Idempotency) -> Job | None:
        """Return the job that was accepted under an idempotency key; None when there is none (any more).

        Raises
        ------
        IdempotencyConflictError
            It was accepted for something else.
        """
        return self._store.find_accepted(key_id, idempotency)

    def get(self, job_id: str) -> Job:
        """Return a job; ``NotFoundError`` when there is none."""
        return self._store.get(job_id)

    def cancel(self, job_id: str) -> Job:
        """Cancel a waiting job, or ask a running one to abort; a finished one stays as it is."""
        job = self._store.cancel(job_id)
        self._signals.job_changed(job_id)
        return job

    def abandon(self, job_id: str) -> None:
        """Cancel a job whose caller, who waited for it, went away; unless it is to go on all the same.

        That is where the policy says so, and where its end still reaches somebody: by a webhook, or by its idempotency key.
        """
        if self.policy.abort_on_disconnect:
            self._store.abandon(job_id)
            self._signals.job_changed(job_id)

    def watching(self, job_id: str, callback: Callable[[], None]) -> AbstractContextManager[None]:
        """Call ``callback``, from any thread, whenever the job may have changed; only a hint, so look again now and then."""
        return self._signals.watching(job_id, callback)

    def place_in_queue(self, job: Job) -> int:
        """Return how many waiting jobs will be taken before this one, as far as can be said."""
        return self._store.places_ahead(job)

    def has_room(self) -> bool:
        """Whether one more edit would be accepted at present."""
        return self._store.count(JobState.QUEUED) < self.policy.max_waiting
