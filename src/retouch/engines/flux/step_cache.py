"""Denoising steps that reuse what an earlier step of the same picture computed: cache-dit's DBCache and TaylorSeer.

The first blocks are computed at every step. Where what they add has hardly changed since the last full step, the other blocks'
part is extrapolated from the full steps before instead of computed.

References
----------
cache-dit: A PyTorch-native inference engine with hybrid cache acceleration for diffusion transformers, vipshop, 2025.
J. Liu et al., "From reusing to forecasting: accelerating diffusion models with TaylorSeers", ICCV 2025.
"""

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from retouch.errors import ConfigurationError

__all__ = ["CachedSteps", "StepCache", "StepCacheOptions", "require_cache_dit"]


@dataclass(frozen=True, slots=True)
class StepCacheOptions:
    """When a step may be extrapolated.

    The defaults are cache-dit's own for FLUX (eight blocks, eight first steps) with its published threshold of 0.12 and at most
    three extrapolated steps in a row.

    Attributes
    ----------
    first_blocks : int
        How many blocks are computed at every step; fewer where the model has fewer than twice as many.
    first_steps : int
        How many steps of a picture are always computed: they decide its layout.
    threshold : float
        The largest relative change of what the first blocks add, as a mean over all tokens.
    steps_in_a_row : int
        How many steps may be extrapolated one after another.
    taylor_order : int
        Of the extrapolation; 1 is a straight line through the last two full steps.
    """

    first_blocks: int = 8
    first_steps: int = 8
    threshold: float = 0.12
    steps_in_a_row: int = 3
    taylor_order: int = 1


@dataclass(slots=True)
class CachedSteps:
    """What one picture's steps leave for its next ones; one for each branch of guidance.

    Attributes
    ----------
    num_inference_steps : int
    contexts : dict
        cache-dit's, by name.
    """

    num_inference_steps: int
    contexts: dict[str, Any]

    @property
    def extrapolated(self) -> int:
        """How many steps were extrapolated so far."""
        return sum(len(each.get_cached_steps()) for each in self.contexts.values())


class StepCache:
    """Extrapolates steps of a transformer, with what it remembers kept apart for each picture.

    cache-dit decides once for a whole batch, by a mean over it. So that a picture never depends on its neighbors, a pass holds
    one picture, and each picture brings its own memory: pictures may take turns between any two steps.

    Parameters
    ----------
    transformer : FluxTransformer2DModel
        Its forward is replaced until ``close``.
    options : StepCacheOptions, optional

    Raises
    ------
    ConfigurationError
        cache-dit is not installed.
    """

    def __init__(self, transformer: Any, options: StepCacheOptions | None = None) -> None:
        cache_dit = require_cache_dit()
        _quiet_library()
        options = options or StepCacheOptions()
        self.options = replace(options, first_blocks=_fit_first_blocks(transformer, options.first_blocks))
        self._transformer = transformer
        self._config = cache_dit.DBCacheConfig(
            Fn_compute_blocks=self.options.first_blocks,
            max_warmup_steps=self.options.first_steps,
            residual_diff_threshold=self.options.threshold,
            max_continuous_cached_steps=self.options.steps_in_a_row,
            enable_separate_cfg=False,  # the loop keeps one memory for each branch
        )
        self._calibrator = cache_dit.TaylorSeerCalibratorConfig(taylorseer_order=self.options.taylor_order)
        cache_dit.enable_cache(transformer, cache_config=self._config, calibrator_config=self._calibrator)
        self._forget()

    def start(self, num_inference_steps: int) -> CachedSteps:
        """Return the empty memory of a picture that has not made a step."""
        config = copy.deepcopy(self._config)
        config.num_inference_steps = num_inference_steps
        manager = self._transformer._context_manager
        for name in self._transformer._context_names:
            manager.reset_context(name, cache_config=config, calibrator_config=self._calibrator)
        steps = CachedSteps(num_inference_steps, manager._cached_context_manager)
        self._forget()
        return steps

    @contextmanager
    def using(self, steps: CachedSteps) -> Iterator[None]:
        """Let the transformer read and write one picture's memory; it can't be run without one.

        A pass that fails has counted a step and written half of it: the memory is started anew, and the picture's next steps are
        computed in full.
        """
        self._transformer._context_manager._cached_context_manager = steps.contexts
        try:
            yield
        except BaseException:
            steps.contexts = self.start(steps.num_inference_steps).contexts
            raise
        finally:
            self._forget()

    def close(self) -> None:
        """Give the transformer its own forward back."""
        import cache_dit

        cache_dit.disable_cache(self._transformer)

    def _forget(self) -> None:
        """Let the library hold no picture's memory: a finished or aborted one's must be freed with it."""
        manager = self._transformer._context_manager
        manager._cached_context_manager = {}
        manager._current_context = None


def require_cache_dit() -> Any:
    """Return the library. Raises ``ConfigurationError`` where it is not installed."""
    try:
        import cache_dit
    except ImportError as exc:
        raise ConfigurationError(
            "The preset 'fast' needs cache-dit: pip install 'retouch[flux-fast]'. The preset 'balanced' does without."
        ) from exc
    return cache_dit


def _quiet_library() -> None:
    """Let cache-dit say errors alone: each of its modules prints every step of its own set-up."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("cache_dit"):
            logging.getLogger(name).setLevel(logging.ERROR)


def _fit_first_blocks(transformer: Any, wanted: int) -> int:
    """Return how many blocks to compute at every step: at most half of them, or caching has no use."""
    blocks = len(transformer.transformer_blocks) + len(transformer.single_transformer_blocks)
    return max(1, min(wanted, blocks // 2))
