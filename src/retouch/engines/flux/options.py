"""How the model is run. Imports no torch, so that settings and the command line can name the choices."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = ["FluxOptions", "Precision", "ReferenceMode"]

Precision = Literal["bfloat16", "float16", "float32"]


class ReferenceMode(StrEnum):
    """How several input pictures are shown to a model that was trained on one."""

    STITCH = "stitch"
    """Side by side in one picture, as in training with one."""
    TOKENS = "tokens"
    """Each a token set of its own, on its own plane."""


@dataclass(frozen=True, slots=True)
class FluxOptions:
    """How the model is run.

    Attributes
    ----------
    device : str
        "cuda", "cpu", "mps".
    precision : str
        What the weights are held and computed in.
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
    """

    device: str = "cuda"
    precision: Precision = "bfloat16"
    num_inference_steps: int = 28
    guidance_scale: float = 2.5
    max_sequence_length: int = 512
    batch_size: int = 1
    reproducible: bool = True
    reference_mode: ReferenceMode = ReferenceMode.STITCH
