"""What ``exact``, ``balanced`` and ``fast`` switch on in a loaded model, and what they leave out where a machine can't do it.

========  ====================================================  ======================================================
preset    what it does                                          what it may cost
========  ====================================================  ======================================================
exact     diffusers' own computation, to the bit                nothing
balanced  compiled blocks, fused projections, the fastest       low bits: about as much as another card would change
          attention that proves itself
fast      balanced, steps extrapolated by cache-dit, float8     small details and textures; lettering first
          where the card multiplies it
========  ====================================================  ======================================================

A preset belongs to the deployment, never to a request: modes never mix in a pass, and what is compiled is compiled once.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import torch

from retouch.engines.flux.attention import DEFAULT_BACKEND, choose_attention
from retouch.engines.flux.model import FluxModel
from retouch.engines.flux.options import Precision, Preset
from retouch.engines.flux.step_cache import StepCache, StepCacheOptions, require_cache_dit
from retouch.errors import ConfigurationError

__all__ = ["Techniques", "apply_preset", "check_preset", "fuse_projections", "undo_compilation", "without_fp8"]

_PROJECTIONS: Final = ("to_q", "to_k", "to_v", "add_q_proj", "add_k_proj", "add_v_proj")

Compiler = str | Callable[..., Any]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Techniques:
    """What a preset came to on this machine.

    Attributes
    ----------
    preset : Preset
    attention : str
        The attention backend.
    compiled, fused : bool
    step_cache : StepCache or None
    left_out : tuple of str
        What the preset has and this machine or set-up can't do, with the reason, for people.
    """

    preset: Preset
    attention: str = DEFAULT_BACKEND
    compiled: bool = False
    fused: bool = False
    step_cache: StepCache | None = None
    left_out: tuple[str, ...] = ()

    @property
    def takes_loras(self) -> bool:
        """Whether LoRAs can be loaded later: fused projections have no layers for them, and compiled blocks would change."""
        return not (self.compiled or self.fused)

    @property
    def notes(self) -> tuple[str, ...]:
        """For the interpretation of every picture: which preset made it, and what it did without. Empty for ``exact``."""
        if self.preset is Preset.EXACT:
            return ()
        return (f'Made by the preset "{self.preset}"{_COSTS[self.preset]}.', *self.left_out)


_COSTS: Final = {
    Preset.BALANCED: ", which may differ from the exact one in low bits",
    Preset.FAST: ", which extrapolates some steps: small details may differ from the exact one",
}


def apply_preset(
    model: FluxModel,
    preset: Preset,
    *,
    batch_size: int = 1,
    has_loras: bool = False,
    is_offloaded: bool = False,
    compiler: Compiler = "inductor",
    step_cache: StepCacheOptions | None = None,
    left_out: tuple[str, ...] = (),
) -> Techniques:
    """Switch on what a preset has, as far as this machine and set-up can do it.

    Parameters
    ----------
    model : FluxModel
        Changed in place.
    preset : Preset
    batch_size : int
        The most pictures of one pass.
    has_loras : bool
        There are LoRAs that requests may name.
    is_offloaded : bool
        Parts of the transformer wait in system memory, by hooks that no compiler can see through.
    compiler : str or callable
        The backend of ``torch.compile``.
    step_cache : StepCacheOptions, optional
    left_out : tuple of str
        What was left out before, when the weights were loaded.

    Returns
    -------
    Techniques
        With what was left out and why; it is in the log too.

    Raises
    ------
    ConfigurationError
        ``fast`` lacks cache-dit, or has a batch size or offloading that it can't take; no attention backend works.
    """
    if preset is Preset.EXACT:
        return Techniques(preset)
    check_preset(preset, batch_size, is_offloaded=is_offloaded)
    transformer = model.pipeline.transformer
    made = Techniques(preset, attention=choose_attention(model), left_out=left_out)
    made = _fuse(made, transformer, has_loras=has_loras, is_offloaded=is_offloaded)
    if preset is Preset.FAST:
        made = replace(made, step_cache=StepCache(transformer, step_cache))
    made = _compile(made, transformer, has_loras=has_loras, is_offloaded=is_offloaded, compiler=compiler)
    for reason in made.left_out:
        _log.warning("preset %s: %s", preset, reason)
    return made


def without_fp8(preset: Preset, precision: Precision, *, dynamic_fp8: bool) -> tuple[str, ...]:
    """Return why ``fast`` does not multiply in float8, for ``apply_preset``'s ``left_out``; nothing when it does."""
    if preset is not Preset.FAST or dynamic_fp8:
        return ()
    reason = (
        "the card, or the file's format, can't." if precision == "auto" else f"the precision is set to {precision}."
    )
    return (f"Nothing is multiplied in float8: {reason}",)


def check_preset(preset: Preset, batch_size: int, *, is_offloaded: bool) -> None:
    """Refuse what a preset can't do here, before minutes are spent on loading the weights; ``apply_preset`` asks again.

    Raises
    ------
    ConfigurationError
        ``fast`` lacks cache-dit, or has a batch size or offloading that it can't take.
    """
    if preset is not Preset.FAST:
        return
    require_cache_dit()
    if batch_size > 1:
        raise ConfigurationError(
            f"The preset 'fast' decides for each picture by itself which steps to extrapolate, so a pass holds one: set "
            f"flux.batch_size to 1, not {batch_size}, or the preset to 'balanced'."
        )
    if is_offloaded:
        raise ConfigurationError(
            "The preset 'fast' needs the whole transformer on the device, and here parts of it wait in system memory: set "
            "flux.offload to 'encoders' with a smaller flux.precision, or the preset to 'balanced'."
        )


def undo_compilation(techniques: Techniques, transformer: Any, reason: str) -> Techniques:
    """Run the blocks as they are again, after the compiler failed."""
    for module in transformer.modules():
        module._compiled_call_impl = None
    torch.compiler.reset()
    text = f"The blocks are not compiled: {reason}"
    _log.warning("preset %s: %s", techniques.preset, text)
    return replace(techniques, compiled=False, left_out=(*techniques.left_out, text))


def fuse_projections(transformer: Any) -> None:
    """Compute queries, keys and values of every attention by one matrix product, and let go of the three that it replaces."""
    for module in list(transformer.modules()):
        if hasattr(module, "fuse_projections"):
            module.fuse_projections()
            for name in _PROJECTIONS:
                if getattr(module, name, None) is not None:
                    delattr(module, name)


def _fuse(made: Techniques, transformer: Any, *, has_loras: bool, is_offloaded: bool) -> Techniques:
    if has_loras:
        reason = "LoRAs are laid ready, and need the layers apart."
    elif is_offloaded:
        reason = "parts of the model wait in system memory."
    elif not all(_is_plain(each) for each in transformer.parameters()):
        reason = "the weights are quantized."
    else:
        fuse_projections(transformer)
        return replace(made, fused=True)
    return replace(made, left_out=(*made.left_out, f"The projections are not fused: {reason}"))


def _compile(
    made: Techniques, transformer: Any, *, has_loras: bool, is_offloaded: bool, compiler: Compiler
) -> Techniques:
    if has_loras:
        reason = "LoRAs are laid ready, and each would have them compiled anew on a user's request."
    elif is_offloaded:
        reason = "parts of the model wait in system memory."
    elif torch._dynamo.config.disable:
        reason = "TORCH_COMPILE_DISABLE switches the compiler off."
    else:
        transformer.compile_repeated_blocks(fullgraph=True, backend=compiler)
        return replace(made, compiled=True)
    return replace(made, left_out=(*made.left_out, f"The blocks are not compiled: {reason}"))


def _is_plain(parameter: torch.Tensor) -> bool:
    return type(parameter.data) is torch.Tensor and parameter.is_floating_point()
