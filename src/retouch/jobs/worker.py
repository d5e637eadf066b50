"""The worker: claims a job, decodes its pictures, runs the edit, keeps the results, and says what came of it."""

import contextlib
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Protocol

from retouch.engines.base import InputPicture
from retouch.engines.registry import EngineRegistry
from retouch.errors import EditAbortedError, ModeratedError, RetouchError, StorageError
from retouch.images.array_types import Mask
from retouch.images.codec import DecodeLimits
from retouch.images.mask_file import read_mask
from retouch.isolation.decoder import Decoder, DirectDecoder
from retouch.jobs.manager import InputStore, QueuePolicy
from retouch.jobs.models import Job, JobResult, JobState, Problem, ResultImage
from retouch.jobs.pictures import PictureReader, lineage_of, trace_origin
from retouch.jobs.pulse import Overseer, Pulse, StopReason
from retouch.jobs.signals import JobSignals
from retouch.jobs.store import JobStore
from retouch.jobs.tracing import working_on
from retouch.jobs.workers import new_worker_id
from retouch.pipeline import run_edit
from retouch.provenance.signing import FileSigner
from retouch.safety.pictures import PictureCheck
from retouch.safety.policy import SafetyPolicy
from retouch.telemetry.spans import span
from retouch.types import EditedImage, EditResult

__all__ = ["ResultStore", "Worker", "WorkerPool", "Workshop"]

_POLL_SECONDS: Final = 1.0
"""How long an idle worker trusts the signals before it looks for jobs that another process put in."""
_RETRY_SECONDS: Final = 0.2
"""Between looks at a database that can't be reached."""

_log = logging.getLogger(__name__)


class ResultStore(Protocol):
    """Keeps finished pictures."""

    def save(self, data: bytes, suffix: str, origin: Mapping[str, Any] | None = None, /) -> str:
        """Store a picture, and privately what it descends from; return its public name."""

    def delete(self, name: str, /) -> None:
        """Delete a picture and what was stored with it."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every worker of a process uses."""

    store: JobStore
    signals: JobSignals
    inputs: InputStore
    results: ResultStore
    registry: EngineRegistry
    decode_limits: DecodeLimits
    decoder: Decoder = field(default_factory=DirectDecoder, kw_only=True)
    policy: QueuePolicy
    picture_check: PictureCheck | None = None
    safety_policy: SafetyPolicy | None = None
    embed_provenance: bool = True
    signer: FileSigner | None = None


class Worker:
    """Carries out one job after the other.

    Parameters
    ----------
    workshop : Workshop
    worker_id : str, optional
        Holds the leases of its jobs; drawn when left out. The threads of one process may share it, for they die together.
    overseer : Overseer, optional
    """

    def __init__(self, workshop: Workshop, worker_id: str | None = None, *, overseer: Overseer | None = None) -> None:
        self.id = worker_id or new_worker_id()
        self._shop = workshop
        self._overseer = overseer
        self._stopping = threading.Event()
        self._pulse: Pulse | None = None

    def run(self) -> None:
        """Work until ``stop`` is called."""
        while not self._stopping.is_set():
            arrivals = self._shop.signals.arrivals
            try:
                if not self.work_once():
                    self._shop.signals.wait_for_work(_POLL_SECONDS, since=arrivals)
            except Exception:  # noqa: BLE001 - whatever one job does, the next one must be served
                _log.exception("%s stumbled and goes on", self.id)
                self._stopping.wait(_POLL_SECONDS)

    def retire(self) -> None:
        """Take no more jobs, and finish the running one."""
        self._stopping.set()
        self._shop.signals.wake()

    def stop(self) -> None:
        """Take no more jobs, and put the running one back into the queue as soon as its engine lets go."""
        self.retire()
        pulse = self._pulse
        if pulse is not None:
            pulse.stop(StopReason.SHUTDOWN)

    def work_once(self) -> bool:
        """Carry out one job; False when none waits."""
        began_at = time.time()
        job = self._shop.store.claim(self.id, lease_seconds=self._shop.policy.lease_seconds)
        if job is None:
            return False
        with working_on(job, claim_began_at=began_at):
            self._work_on(job)
        return True

    def _work_on(self, job: Job) -> None:
        with Pulse(
            job,
            self.id,
            self._shop.store,
            self._shop.signals,
            lease_seconds=self._shop.policy.lease_seconds,
            overseer=self._overseer,
        ) as pulse:
            self._pulse = pulse
            if self._stopping.is_set():
                pulse.stop(StopReason.SHUTDOWN)
            try:
                outcome = self._carry_out(job, pulse)
            finally:
                self._pulse = None
        with span("finish"):
            self._settle(job, outcome, pulse.stop_reason)
        self._shop.signals.job_changed(job.id)

    def _carry_out(self, job: Job, pulse: Pulse) -> JobResult | Problem | None:
        """Return the result, the problem, or None when the job was told to stop."""
        try:
            return self._edit(job, pulse)
        except EditAbortedError as exc:
            return None if pulse.stop_reason is not None else Problem.from_error(exc)
        except RetouchError as exc:
            _log.info("job %s failed: %s", job.id, exc.code)
            return Problem.from_error(exc)
        except Exception:  # noqa: BLE001 - the client gets an id, the log gets the rest
            _log.exception("job %s failed unexpectedly", job.id)
            return Problem("internal_error", "The edit failed for a reason that the server did not expect.")

    def _edit(self, job: Job, pulse: Pulse) -> JobResult:
        started = time.perf_counter()
        if pulse.should_abort():
            raise EditAbortedError("The edit was stopped before it began.")
        engine = self._shop.registry.get(job.engine)
        with span("decode", pictures=len(job.inputs)):
            pictures, notes = self._read_pictures(job)
            mask = self._read_mask(job)
        decoded_at = time.perf_counter()
        edited = run_edit(
            job.request,
            pictures,
            engine,
            mask=mask,
            on_step=pulse.note_progress,
            should_abort=pulse.should_abort,
            notes=notes,
            picture_check=self._shop.picture_check,
            policy=self._shop.safety_policy,
            embed_provenance=self._shop.embed_provenance,
        )
        timings = {
            "queue": max(0.0, (job.started_at or job.created_at) - job.created_at),
            "decode": decoded_at - started,
            **edited.timings,
        }
        with span("save", pictures=len(edited.images)):
            images = self._save(self._sign(edited.images, job), job, pictures)
        return _result(edited, images, timings)

    def _read_pictures(self, job: Job) -> tuple[list[InputPicture], list[str]]:
        shop = self._shop
        reader = PictureReader(
            shop.inputs, shop.decode_limits, with_source=job.request.size == "original", decoder=shop.decoder
        )
        pictures: list[InputPicture] = []
        notes: list[str] = []
        for index, given in enumerate(job.inputs):
            picture, said = reader.read(given, index=index)
            pictures.append(picture)
            notes.extend(f"Picture {index + 1}: {note}" for note in said)
        return pictures, notes

    def _sign(self, images: Sequence[EditedImage], job: Job) -> list[EditedImage]:
        """Sign the pictures as the operator, where there is a certificate."""
        signer = self._shop.signer
        if signer is None:
            return list(images)
        given = [self._shop.inputs.get(each.picture) for each in job.inputs]
        return [
            image
            if image.making is None
            else replace(image, data=signer(image.data, image.format.media_type, image.making, given))
            for image in images
        ]

    def _read_mask(self, job: Job) -> Mask | None:
        digest = job.inputs[0].mask if job.inputs else None
        shop = self._shop
        if digest is None:
            return None
        return read_mask(shop.inputs.get(digest), shop.decode_limits, decode=shop.decoder.decode_rgba)

    def _save(
        self, images: Sequence[EditedImage], job: Job, pictures: Sequence[InputPicture]
    ) -> tuple[ResultImage, ...]:
        """Keep all pictures of a job, or none."""
        saved: list[str] = []

        def keep(data: bytes, suffix: str, origin: Mapping[str, Any] | None = None) -> str:
            saved.append(self._shop.results.save(data, suffix, origin))
            return saved[-1]

        try:
            return tuple(
                _result_image(
                    image,
                    name=keep(image.data, image.format.suffix, trace_origin(image, job.inputs, pictures)),
                    mask_name=None if image.change_mask_png is None else keep(image.change_mask_png, ".png"),
                )
                for image in images
            )
        except StorageError:
            self._discard(saved)
            raise

    def _settle(self, job: Job, outcome: JobResult | Problem | None, reason: StopReason | None) -> None:
        """Write down what came of the job, unless it is no longer ours; keep no picture that nobody will be told of."""
        saved = outcome.file_names if isinstance(outcome, JobResult) else ()
        try:
            settled = self._write_down_surely(job, outcome, reason)
        except StorageError:
            # Nobody knows whether it was written down, so its pictures stay; if not, the lease lapses and it runs again.
            _log.exception("what came of job %s can't be written down", job.id)
            return
        if settled is None:
            _log.warning("job %s was given to another worker; this attempt is dropped", job.id)
        if settled is None or settled.state is not JobState.SUCCEEDED:
            self._discard(saved)
        if settled is not None and settled.state is JobState.QUEUED:
            self._shop.signals.work_arrived()

    def _write_down_surely(
        self, job: Job, outcome: JobResult | Problem | None, reason: StopReason | None
    ) -> Job | None:
        """Write it down although the connection may break, even in the moment between the writing and its confirmation."""
        try:
            return self._write_down(job, outcome, reason)
        except StorageError as exc:
            current = self._look_up(job.id)
            if current.state.is_final:
                names = current.result.file_names if current.result is not None else ()
                mine = not isinstance(outcome, JobResult) or names == outcome.file_names
                return current if mine else None
            try:
                return self._write_down(job, outcome, reason)
            except StorageError:
                # It can be read and not written: without the pictures there may be room for a line that says so.
                self._discard(outcome.file_names if isinstance(outcome, JobResult) else ())
                return self._shop.store.finish(job.id, self.id, JobState.FAILED, Problem.from_error(exc))

    def _look_up(self, job_id: str) -> Job:
        """Return the job as it stands, once the database can be reached, for as long as the lease may last."""
        until = time.monotonic() + self._shop.policy.lease_seconds
        while True:
            try:
                return self._shop.store.get(job_id)
            except StorageError:
                if time.monotonic() > until:
                    raise
                self._stopping.wait(_RETRY_SECONDS)

    def _write_down(self, job: Job, outcome: JobResult | Problem | None, reason: StopReason | None) -> Job | None:
        store = self._shop.store
        if isinstance(outcome, JobResult):
            return store.finish(job.id, self.id, JobState.SUCCEEDED, outcome)
        if outcome is not None:
            state = JobState.MODERATED if outcome.code == ModeratedError.code else JobState.FAILED
            return store.finish(job.id, self.id, state, outcome)
        if reason is StopReason.SHUTDOWN:
            return store.release(job.id, self.id)
        if reason is StopReason.CANCELLED:
            return store.finish(job.id, self.id, JobState.CANCELLED, None)
        late = Problem("deadline_exceeded", "The edit was stopped because its time was over.", retryable=True)
        return store.finish(job.id, self.id, JobState.FAILED, late)

    def _discard(self, names: Sequence[str]) -> None:
        for name in names:
            with contextlib.suppress(StorageError):
                self._shop.results.delete(name)


class WorkerPool:
    """The worker threads of one process.

    Parameters
    ----------
    workshop : Workshop
    count : int
        How many edits run side by side.
    worker_id : str, optional
        For all of them; when left out each draws its own.
    overseer : Overseer, optional
    """

    def __init__(
        self, workshop: Workshop, count: int, worker_id: str | None = None, *, overseer: Overseer | None = None
    ) -> None:
        self._workers = [Worker(workshop, worker_id, overseer=overseer) for _ in range(count)]
        self._threads = [threading.Thread(target=worker.run, name=worker.id, daemon=True) for worker in self._workers]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    @property
    def is_working(self) -> bool:
        """Whether any of the threads still runs."""
        return any(thread.is_alive() for thread in self._threads)

    def retire(self) -> None:
        """Stop taking jobs, and let running ones finish."""
        for worker in self._workers:
            worker.retire()

    def stop(self, timeout_seconds: float) -> None:
        """Stop taking jobs, put running ones back, and wait for the threads, at most so long in all."""
        for worker in self._workers:
            worker.stop()
        self.wait(timeout_seconds)

    def wait(self, timeout_seconds: float) -> None:
        """Wait for the threads to end, at most so long in all."""
        until = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))


def _result_image(image: EditedImage, *, name: str, mask_name: str | None) -> ResultImage:
    lineage = lineage_of(image)
    return ResultImage(
        name=name,
        media_type=image.format.media_type,
        size_bytes=len(image.data),
        width=image.width,
        height=image.height,
        seed=image.seed,
        changed_share=image.changed_share,
        mask_name=mask_name,
        has_nsfw_concepts=image.has_nsfw_concepts,
        preserve_report=image.preserve_report,
        turns=1 if lineage is None else lineage.turns,
        touched_share=None if lineage is None else float(lineage.touched.mean()),
    )


def _result(edited: EditResult, images: tuple[ResultImage, ...], timings: dict[str, float]) -> JobResult:
    interpretation: dict[str, Any] = {
        "plan": [dict(operation) for operation in edited.interpretation.plan],
        "resolutions": [asdict(resolution) for resolution in edited.interpretation.resolutions],
        "notes": list(edited.interpretation.notes),
    }
    return JobResult(
        images=images,
        prompt=edited.prompt,
        seed=edited.seed,
        engine=edited.engine,
        interpretation=interpretation,
        timings={hop: round(seconds, 4) for hop, seconds in timings.items()},
        notes=tuple(edited.notes),
    )
