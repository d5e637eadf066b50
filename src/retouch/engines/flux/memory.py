"""A denoising loop that outlives running out of memory: it frees what it can, tries again smaller, and refuses with numbers.

Each act has its own ladder. Encoding and decoding are tried again with all caches dropped, then with the VAE working in tiles. A
step is tried again with the caches dropped and, where a pass holds several samples, in halves down to one; only a picture that
does not fit alone is refused. What was made smaller stays so until the engine is loaded again: it would not fit the next time
either, and the same request should go on giving the same bytes.
"""

import gc
import logging
import os
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import torch

from retouch.engines.flux.loop import Denoising, DenoisingLoop, Order
from retouch.errors import EngineError, RetouchError
from retouch.images.array_types import Pixels

__all__ = ["CarefulLoop", "describe_memory", "free_memory", "is_out_of_memory"]

T = TypeVar("T")
_GB: Final = 1e9
_MESSAGES: Final = ("out of memory", "can't allocate memory", "not enough memory")
"""What devices without an error class of their own say: CPU, MPS."""

_log = logging.getLogger(__name__)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that the device, or the machine, has no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _MESSAGES)


def free_memory(device: torch.device) -> None:
    """Give the device the memory back that nothing holds any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def describe_memory(device: torch.device) -> str:
    """Return a sentence with the memory that the device has, and how much of it is free."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        own = torch.cuda.memory_allocated(device)
        return f"The device has {total / _GB:.1f} GB: {own / _GB:.1f} GB hold weights and pictures, {free / _GB:.1f} GB are free."
    if device.type == "mps":
        total = torch.mps.recommended_max_memory()
        return f"The device has {total / _GB:.1f} GB: {torch.mps.current_allocated_memory() / _GB:.1f} GB are taken."
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return f"The machine has {total / _GB:.1f} GB." if total else "How much memory the machine has is not known."


class CarefulLoop:
    """Does what a ``DenoisingLoop`` does, and survives what goes wrong in it.

    Parameters
    ----------
    loop : DenoisingLoop
        Its ``batch_size`` is halved when a pass does not fit.
    release : callable, optional
        Drops caches that lie on the device.

    Attributes
    ----------
    out_of_memory : int
        How often memory ran out.
    """

    def __init__(self, loop: DenoisingLoop, *, release: Callable[[], None] | None = None) -> None:
        self.loop = loop
        self.out_of_memory = 0
        self._release = release
        self._full_batch_size = loop.batch_size
        self._tiled = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What was made smaller since the start, for the interpretation of every picture that is made so."""
        notes = []
        if self.loop.batch_size < self._full_batch_size:
            notes.append(
                f"Memory ran out before: pictures share passes of {self.loop.batch_size} instead of {self._full_batch_size}, so "
                "the same request may give slightly other bytes than before."
            )
        if self._tiled:
            notes.append(
                "Memory ran out before: pictures are encoded and decoded in tiles, which may shift colors slightly."
            )
        return tuple(notes)

    def admit(self, prepare: Callable[[], Order]) -> Denoising:
        """Return a picture at its first step.

        Raises
        ------
        EngineError
            It does not fit, even in tiles.
        """
        return self._with_tiling("encoding its inputs", lambda: self.loop.admit(prepare()))

    def finish(self, picture: Denoising) -> Pixels:
        """Return the finished picture, (H, W, 3) uint8, sRGB.

        Raises
        ------
        EngineError
            It does not fit, even in tiles, or is not finite.
        """
        return self._with_tiling("decoding it", lambda: self.loop.finish(picture))

    def step(self, pictures: Sequence[Denoising]) -> list[tuple[Denoising, Exception]]:
        """Advance pictures of one ``key`` by one step each, and return those that failed, with what failed.

        A failure of a pass is not yet one of its pictures: they are tried again in smaller passes, and only who fails alone has
        failed. A picture that made its step before its neighbor failed does not make it twice.
        """
        if len(pictures) > self.loop.batch_size:
            return self._step_in_passes_of(self.loop.batch_size, pictures)
        before = [picture.step for picture in pictures]
        error = _attempt(lambda: self.loop.step(pictures))
        if error is None:
            return []
        left = [picture for picture, step in zip(pictures, before, strict=True) if picture.step == step]
        if not is_out_of_memory(error):
            return [(left[0], error)] if len(left) == 1 else self._step_in_passes_of(1, left)
        self._note_out_of_memory("making a step")
        samples = self.loop.batch_size if self.loop.reproducible else len(pictures)
        if samples > 1:
            self.loop.batch_size = samples // 2
            _log.warning("passes hold %d pictures from now on", self.loop.batch_size)
            return self._step_in_passes_of(self.loop.batch_size, left)
        return self._step_once_more(left)

    def _step_in_passes_of(self, size: int, pictures: Sequence[Denoising]) -> list[tuple[Denoising, Exception]]:
        """Step pictures in passes of at most ``size``, which shrink further on the way when they must."""
        failed, at = [], 0
        while at < len(pictures):
            size = min(size, self.loop.batch_size)
            failed += self.step(pictures[at : at + size])
            at += size
        return failed

    def _step_once_more(self, pictures: Sequence[Denoising]) -> list[tuple[Denoising, Exception]]:
        failed: list[tuple[Denoising, Exception]] = []
        for picture in pictures:
            error = _attempt(lambda picture=picture: self.loop.step([picture]))  # type: ignore[misc]
            if error is not None and is_out_of_memory(error):
                self._note_out_of_memory("making a step")
                error = self._refusal("making a step of it")
            if error is not None:
                failed.append((picture, error))
        return failed

    def _with_tiling(self, what: str, act: Callable[[], T]) -> T:
        """Do something with the VAE in it: as it is, with memory freed, in tiles."""
        results: list[T] = []
        for tile in (False, False, True):
            if tile and not self._tiled:
                self._tiled = True
                self.loop.model.pipeline.vae.enable_tiling()
                _log.warning("the VAE works in tiles from now on")
            error = _attempt(lambda: results.append(act()))
            if error is None:
                return results[0]
            if not is_out_of_memory(error):
                raise error
            self._note_out_of_memory(what)
        raise self._refusal(what)

    def _note_out_of_memory(self, what: str) -> None:
        self.out_of_memory += 1
        _log.warning("the device ran out of memory while %s; %s", what, describe_memory(self.loop.model.device))
        if self._release is not None:
            self._release()
        free_memory(self.loop.model.device)

    def _refusal(self, what: str) -> EngineError:
        return EngineError(
            f"The picture does not fit into memory, even alone: {what} failed. {describe_memory(self.loop.model.device)} "
            "Choose a smaller aspect_ratio, send fewer input pictures, or have the operator set a smaller precision or offload."
        )


def _attempt(act: Callable[[], None]) -> Exception | None:
    """Return what an act raises.

    Without its traceback if memory ran out: its frames hold the very tensors that have to be freed.
    """
    try:
        act()
    except Exception as exc:  # noqa: BLE001 - it belongs to a caller of the engine, and must not end the only worker
        if is_out_of_memory(exc):
            return exc.with_traceback(None)
        if not isinstance(exc, RetouchError):
            _log.exception("the FLUX engine failed")
        return exc
    return None
