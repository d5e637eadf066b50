"""The one thread that runs the model: it admits pictures, steps them together, reports, and lets go of what was aborted."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from retouch.engines.flux.loop import Denoising, DenoisingLoop, Order
from retouch.engines.flux.memory import CarefulLoop
from retouch.engines.flux.previews import Report
from retouch.engines.flux.statistics import WorkerStatistics
from retouch.errors import EditAbortedError, EngineError
from retouch.images.array_types import Pixels
from retouch.types import ProgressCallback, ShouldAbort

__all__ = ["FluxWorker"]

POLL_SECONDS: Final = 0.05
"""How often a waiting caller asks whether it should abort: well under one step of the real model."""


@dataclass(eq=False)
class _Ticket:
    """A picture on its way through the worker; the queue and the events are its only contact with the caller's thread."""

    prepare: Callable[[], Order]
    arrived: float = field(default_factory=time.monotonic)
    progress: "queue.SimpleQueue[Report]" = field(default_factory=queue.SimpleQueue)
    finished: threading.Event = field(default_factory=threading.Event)
    aborted: threading.Event = field(default_factory=threading.Event)
    picture: Denoising | None = None
    result: Pixels | None = None
    error: BaseException | None = None


@dataclass
class _Counts:
    """What the worker's thread counts; others only read."""

    finished: int = 0
    failed: int = 0
    aborted: int = 0
    steps: int = 0
    extrapolated_steps: int = 0
    busy_seconds: float = 0.0
    queue_seconds: float = 0.0
    longest_queue_seconds: float = 0.0


class FluxWorker:
    """Makes pictures for any number of threads on one device.

    Pictures of one shape share forward passes, joining and leaving between steps; shapes take turns, so that none waits for
    another to be empty.

    Parameters
    ----------
    loop : CarefulLoop or DenoisingLoop
    max_active : int
        The most pictures in the loop at a time, over all shapes; later ones wait in order. Bounds the memory for latents.
    """

    def __init__(self, loop: CarefulLoop | DenoisingLoop, *, max_active: int = 8) -> None:
        self._loop = loop if isinstance(loop, CarefulLoop) else CarefulLoop(loop)
        self._max_active = max_active
        self._waiting: deque[_Ticket] = deque()
        self._active: deque[_Ticket] = deque()
        self._counts = _Counts()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="flux", daemon=True)
        self._thread.start()

    def make(
        self, prepare: Callable[[], Order], *, on_step: ProgressCallback | None, should_abort: ShouldAbort | None
    ) -> Pixels:
        """Make one picture and return it, (H, W, 3) uint8, sRGB. Blocks; the callbacks run in the caller's thread.

        Parameters
        ----------
        prepare : callable
            Returns the order; run in the worker's thread, since it encodes on the device.

        Raises
        ------
        EditAbortedError
            ``should_abort`` said so; the picture's place is free within one step.
        EngineError
            The picture does not fit into memory even alone, it is not finite, or the engine was closed.
        """
        _stop_if_asked(should_abort)
        ticket = _Ticket(prepare)
        with self._changed:
            if self._closing:
                raise EngineError("The FLUX engine is closed.")
            self._waiting.append(ticket)
            self._changed.notify()
        while not ticket.finished.wait(POLL_SECONDS):
            _report(ticket, on_step)
            try:
                _stop_if_asked(should_abort)
            except EditAbortedError:
                ticket.aborted.set()
                raise
        _report(ticket, on_step)
        if ticket.error is not None:
            raise ticket.error
        _stop_if_asked(should_abort)  # a small picture may be done between two looks
        assert ticket.result is not None
        return ticket.result

    def close(self) -> None:
        """Stop after the step in progress; pictures that are not finished fail."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is made otherwise than it was set, since memory ran out."""
        return self._loop.notes

    def statistics(self) -> WorkerStatistics:
        """Return what was done since the start, and what is being done."""
        counts = self._counts
        return WorkerStatistics(
            waiting=len(self._waiting),
            active=len(self._active),
            finished=counts.finished,
            failed=counts.failed,
            aborted=counts.aborted,
            steps=counts.steps,
            passes=self._loop.loop.passes,
            extrapolated_steps=counts.extrapolated_steps,
            busy_seconds=counts.busy_seconds,
            queue_seconds=counts.queue_seconds,
            longest_queue_seconds=counts.longest_queue_seconds,
            out_of_memory=self._loop.out_of_memory,
            batch_size=self._loop.loop.batch_size,
        )

    # The worker's thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._wait_for_work():
            started = time.monotonic()
            self._admit()
            group = self._next_group()
            if group:
                self._step(group)
            self._counts.busy_seconds += time.monotonic() - started
        for ticket in (*self._active, *self._waiting):
            self._fail(ticket, EngineError("The FLUX engine was closed before the picture was finished."))

    def _wait_for_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._waiting or self._active)
            return not self._closing

    def _admit(self) -> None:
        """Let aborted pictures go and fill free places in the order of arrival."""
        for ticket in [ticket for ticket in self._active if ticket.aborted.is_set()]:
            self._active.remove(ticket)
            self._counts.aborted += 1
        while len(self._active) < self._max_active:
            with self._changed:
                if not self._waiting:
                    return
                ticket = self._waiting.popleft()
            if ticket.aborted.is_set():
                self._counts.aborted += 1
            else:
                self._enter(ticket)

    def _enter(self, ticket: _Ticket) -> None:
        waited = time.monotonic() - ticket.arrived
        self._counts.queue_seconds += waited
        self._counts.longest_queue_seconds = max(self._counts.longest_queue_seconds, waited)
        try:
            ticket.picture = self._loop.admit(ticket.prepare)
        except Exception as exc:  # noqa: BLE001 - it belongs to the caller, and must not end the only worker
            self._fail(ticket, exc)
        else:
            self._active.append(ticket)

    def _next_group(self) -> list[_Ticket]:
        """Return the pictures of the shape that has waited longest, at most one pass full, and send them to the back."""
        if not self._active:
            return []
        key = _picture(self._active[0]).key
        group = [ticket for ticket in self._active if _picture(ticket).key == key][: self._loop.loop.batch_size]
        for ticket in group:
            self._active.remove(ticket)
        self._active.extend(group)
        return group

    def _step(self, group: Sequence[_Ticket]) -> None:
        failures = self._loop.step([_picture(ticket) for ticket in group])
        errors = {id(picture): error for picture, error in failures}
        for ticket in group:
            picture = _picture(ticket)
            error = errors.get(id(picture))
            if error is not None:
                self._active.remove(ticket)
                self._fail(ticket, error)
                continue
            self._counts.steps += 1
            ticket.progress.put(self._loop.loop.report(picture))
            if picture.done and not ticket.aborted.is_set():
                self._active.remove(ticket)
                self._leave(ticket)

    def _leave(self, ticket: _Ticket) -> None:
        picture = _picture(ticket)
        try:
            ticket.result = self._loop.finish(picture)
        except Exception as exc:  # noqa: BLE001 - it belongs to the caller, and must not end the only worker
            self._fail(ticket, exc)
            return
        self._counts.finished += 1
        self._counts.extrapolated_steps += picture.extrapolated_steps
        ticket.picture = None
        ticket.finished.set()

    def _fail(self, ticket: _Ticket, error: Exception) -> None:
        self._counts.failed += 1
        ticket.picture = None
        ticket.error = error
        ticket.finished.set()


def _picture(ticket: _Ticket) -> Denoising:
    assert ticket.picture is not None
    return ticket.picture


def _stop_if_asked(should_abort: ShouldAbort | None) -> None:
    if should_abort is not None and should_abort():
        raise EditAbortedError("The edit was stopped before it was finished.")


def _report(ticket: _Ticket, on_step: ProgressCallback | None) -> None:
    while not ticket.progress.empty():
        report = ticket.progress.get()
        if on_step is not None:
            on_step(report.progress())
