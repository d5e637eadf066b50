"""What the engine counts, for a metrics endpoint to read."""

from collections.abc import Mapping
from dataclasses import dataclass

from retouch.engines.flux.conditioning import CacheStatistics

__all__ = ["FluxStatistics", "WorkerStatistics"]


@dataclass(frozen=True, slots=True)
class WorkerStatistics:
    """What the worker has done since it was started, and what it does now.

    Attributes
    ----------
    waiting, active : int
        Pictures that wait for a place, and pictures in the loop, now.
    finished, failed, aborted : int
        Pictures, by how they ended.
    steps : int
        Denoising steps, summed over pictures.
    passes : int
        How often the transformer was run; fewer than ``steps`` where pictures shared passes, twice as often for negative prompts.
    extrapolated_steps : int
        Steps of finished pictures that the step cache spared.
    busy_seconds : float
        How long the device had work, as the worker's clock saw it.
    queue_seconds, longest_queue_seconds : float
        How long pictures waited for a place in the loop: in sum, and the longest.
    out_of_memory : int
        How often memory ran out.
    batch_size : int
        The most pictures of a pass now; smaller than the setting after memory ran out.
    """

    waiting: int
    active: int
    finished: int
    failed: int
    aborted: int
    steps: int
    passes: int
    extrapolated_steps: int
    busy_seconds: float
    queue_seconds: float
    longest_queue_seconds: float
    out_of_memory: int
    batch_size: int


@dataclass(frozen=True, slots=True)
class FluxStatistics:
    """One look at the engine.

    Attributes
    ----------
    preset : str
    attention : str
        The attention backend that was proven at the start.
    notes : tuple of str
        What runs other than it was set, and why.
    warm_up_seconds : float
    worker : WorkerStatistics
    caches : mapping of str to CacheStatistics
        By name: hits and misses.
    """

    preset: str
    attention: str
    notes: tuple[str, ...]
    warm_up_seconds: float
    worker: WorkerStatistics
    caches: Mapping[str, CacheStatistics]
