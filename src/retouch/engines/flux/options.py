"""How the model is run. Imports no torch, so that settings and the command line can name the choices."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

__all__ = ["KONTEXT_REPOSITORY", "FluxOptions", "Offload", "Precision", "Preset", "ReferenceMode", "TextPrecision"]

KONTEXT_REPOSITORY: Final = "black-forest-labs/FLUX.1-Kontext-dev"

Precision = Literal["auto", "bfloat16", "float16", "float32", "fp8", "int8"]
TextPrecision = Literal["auto", "full", "fp8", "int8"]
Offload = Literal["auto", "none", "encoders", "model", "group"]


class Preset(StrEnum):
    """What fidelity is given for speed; see ``presets``."""

    EXACT = "exact"
    """The computation of diffusers, to the bit."""
    BALANCED = "balanced"
    """Compiled blocks, fused projections and the fastest attention that proves itself: may differ in low bits."""
    FAST = "fast"
    """That, and some steps are extrapolated, and weights are in float8 where the card multiplies it: details may differ."""


class ReferenceMode(StrEnum):
    """How several input pictures are shown to a model that was trained on one."""

    STITCH = "stitch"
    """Side by side in one picture, as in training with one."""
    TOKENS = "tokens"
    """Each a token set of its own, on its own plane ("index" in the field's words)."""
    OFFSET = "offset"
    """Each a token set of its own, all on one plane, each to the right of the one before."""


@dataclass(frozen=True, slots=True)
class FluxOptions:
    """How the model is run.

    Attributes
    ----------
    device : str
        "cuda", "cpu", "mps".
    precision : str
        What the transformer's weights are held in; "auto" leaves it to ``planner.make_plan``, as for the next three.
    text_precision : str
        What the T5 encoder's weights are held in; "full" is what is computed in.
    offload : str
        What waits in system memory: "none", the text "encoders", each "model" while another works, or every "group" of blocks.
    vae_tiling : bool or None
        Whether pictures are encoded and decoded in tiles; None leaves it to the planner.
    transformer_file : Path or None
        A single file with the transformer's weights, safetensors or GGUF, in place of the folder's.
    repository : str
        Of the hub; looked for in the hub's local cache where no folder holds a checkpoint. Never fetched on its own.
    revision : str or None
        Of the repository: a branch, a tag or a commit.
    num_inference_steps : int
        28 is what the model's authors use.
    guidance_scale : float
        For requests that name none; 2.5 is what the model's authors use.
    max_sequence_length : int
        T5 tokens of a prompt, at most 512; a longer prompt is refused, not cut.
    batch_size : int
        The most pictures of one forward pass.
    reproducible : bool
        See ``DenoisingLoop``: the same request gives the same bytes, alone or in a batch. False is faster under partial load and
        promises that no more.
    reference_mode : ReferenceMode
        How several input pictures are shown to the model.
    preset : Preset
        What fidelity is given for speed.
    warm_up : tuple of str or None
        Aspect ratios that are run once at the start; None is the square one on a card, and none on a CPU.
    """

    device: str = "cuda"
    precision: Precision = "auto"
    text_precision: TextPrecision = "auto"
    offload: Offload = "auto"
    vae_tiling: bool | None = None
    transformer_file: Path | None = None
    repository: str = KONTEXT_REPOSITORY
    revision: str | None = None
    num_inference_steps: int = 28
    guidance_scale: float = 2.5
    max_sequence_length: int = 512
    batch_size: int = 1
    reproducible: bool = True
    reference_mode: ReferenceMode = ReferenceMode.STITCH
    preset: Preset = Preset.EXACT
    warm_up: tuple[str, ...] | None = None
