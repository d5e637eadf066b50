"""The one thread that runs the model: it admits pictures, steps them together, reports, and lets go of what was aborted."""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch

from retouch.engines.flux.loop import Denoising, DenoisingLoop, Order
from retouch.errors import EditAbortedError, EngineError
from retouch.images.array_types import Pixels
from retouch.types import Progress, ProgressCallback, ShouldAbort

__all__ = ["FluxWorker"]

POLL_SECONDS: Final = 0.05
"""How often a waiting caller asks whether it should abort: well under one step of the real model."""

_log = logging.getLogger(__name__)


@dataclass
class _Ticket:
    """A picture on its way through the worker; the two queues are its only contact with the caller's thread."""

    prepare: Callable[[], Order]
    progress: "queue.SimpleQueue[Progress]" = field(default_factory=queue.SimpleQueue)
    finished: threading.Event = field(default_factory=threading.Event)
    aborted: threading.Event = field(default_factory=threading.Event)
    picture: Denoising | None = None
    result: Pixels | None = None
    error: BaseException | None = None

    def fail(self, error: BaseException) -> None:
        self.error = error
        self.finished.set()


class FluxWorker:
    """Makes pictures for any number of threads on one device.

    Pictures of one shape share forward passes, joining and leaving between steps; shapes take turns, so that none waits for
    another to be empty.

    Parameters
    ----------
    loop : DenoisingLoop
    max_active : int
        The most pictures in the loop at a time, over all shapes; later ones wait in order. Bounds the memory for latents.
    """

    def __init__(self, loop: DenoisingLoop, *, max_active: int = 8) -> None:
        self._loop = loop
        self._max_active = max_active
        self._waiting: deque[_Ticket] = deque()
        self._active: deque[_Ticket] = deque()
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
            The device ran out of memory, the result is not finite, or the engine was closed.
        """
        ticket = _Ticket(prepare)
        with self._changed:
            if self._closing:
                raise EngineError("The FLUX engine is closed.")
            self._waiting.append(ticket)
            self._changed.notify()
        while not ticket.finished.wait(POLL_SECONDS):
            _report(ticket, on_step)
            if should_abort is not None and should_abort():
                ticket.aborted.set()
                raise EditAbortedError("The edit was stopped before it was finished.")
        _report(ticket, on_step)
        if ticket.error is not None:
            raise ticket.error
        assert ticket.result is not None
        return ticket.result

    def close(self) -> None:
        """Stop after the step in progress; pictures that are not finished fail."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    # The worker's thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._wait_for_work():
            self._admit()
            group = self._next_group()
            if group:
                self._step(group)
        for ticket in (*self._active, *self._waiting):
            ticket.fail(EngineError("The FLUX engine was closed before the picture was finished."))

    def _wait_for_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._waiting or self._active)
            return not self._closing

    def _admit(self) -> None:
        """Let aborted pictures go and fill free places in the order of arrival."""
        self._active = deque(ticket for ticket in self._active if not ticket.aborted.is_set())
        while len(self._active) < self._max_active:
            with self._changed:
                if not self._waiting:
                    return
                ticket = self._waiting.popleft()
            if ticket.aborted.is_set():
                continue
            if self._guard([ticket], lambda ticket=ticket: self._enter(ticket)):  # type: ignore[misc]
                self._active.append(ticket)

    def _enter(self, ticket: _Ticket) -> None:
        ticket.picture = self._loop.admit(ticket.prepare())

    def _next_group(self) -> list[_Ticket]:
        """Return the pictures of the shape that has waited longest, at most one pass full, and send them to the back."""
        if not self._active:
            return []
        key = _picture(self._active[0]).key
        group = [ticket for ticket in self._active if _picture(ticket).key == key][: self._loop.batch_size]
        self._active = deque(ticket for ticket in self._active if ticket not in group)
        self._active.extend(group)
        return group

    def _step(self, group: Sequence[_Ticket]) -> None:
        if not self._guard(group, lambda: self._loop.step([_picture(ticket) for ticket in group])):
            return
        for ticket in group:
            picture = _picture(ticket)
            total = len(picture.schedule.timesteps)
            ticket.progress.put(Progress(picture.step, total, "denoising"))
            if picture.done and self._guard([ticket], lambda ticket=ticket: self._leave(ticket)):  # type: ignore[misc]
                self._active.remove(ticket)
                ticket.finished.set()

    def _leave(self, ticket: _Ticket) -> None:
        ticket.result = self._loop.finish(_picture(ticket))

    def _guard(self, group: Sequence[_Ticket], act: Callable[[], None]) -> bool:
        """Run one act on the device; on failure the group's callers get the error, and the worker lives on."""
        try:
            act()
        except torch.OutOfMemoryError as exc:
            error: BaseException = EngineError(
                "The device ran out of memory. Send fewer requests at a time, or choose a smaller precision or offloading."
            )
            error.__cause__ = exc
        except Exception as exc:  # noqa: BLE001 - it belongs to the callers, and must not end the only worker
            _log.exception("a FLUX step failed")
            error = exc
        else:
            return True
        for ticket in group:
            if ticket in self._active:
                self._active.remove(ticket)
            ticket.picture = None
            ticket.fail(error)
        if isinstance(error, EngineError) and torch.cuda.is_available():
            torch.cuda.empty_cache()
        return False


def _picture(ticket: _Ticket) -> Denoising:
    assert ticket.picture is not None
    return ticket.picture


def _report(ticket: _Ticket, on_step: ProgressCallback | None) -> None:
    while not ticket.progress.empty():
        progress = ticket.progress.get()
        if on_step is not None:
            on_step(progress)
