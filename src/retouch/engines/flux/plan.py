"""The values of planning: what a machine has, what is asked of it, one way to run the model, and the plan. Imports no torch."""

from dataclasses import dataclass
from typing import Any, Final

from retouch.engines.flux.options import FluxOptions, Offload, Precision, Preset, TextPrecision

__all__ = ["FP8_CAPABILITY", "PRESET_PIXELS", "Candidate", "DeviceFacts", "Plan", "Wants", "gigabytes"]

PRESET_PIXELS: Final = 1024 * 1024
FP8_CAPABILITY: Final = (8, 9)


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What a machine has.

    Attributes
    ----------
    kind : str
        "cuda", "mps" or "cpu".
    name : str
        For people.
    free_bytes : int
        Of the device's memory; of the system's, where the device has none of its own.
    system_free_bytes : int
    capability : (int, int) or None
        A CUDA card's compute capability.
    """

    kind: str
    name: str
    free_bytes: int
    system_free_bytes: int
    capability: tuple[int, int] | None = None

    @property
    def multiplies_fp8(self) -> bool:
        """Whether it is a card that multiplies float8."""
        return self.kind == "cuda" and self.capability is not None and self.capability >= FP8_CAPABILITY


@dataclass(frozen=True, slots=True)
class Wants:
    """What is asked of the machine, and what the operator pinned.

    Attributes
    ----------
    precision, text_precision, offload : str
        "auto" leaves the choice to the planner.
    vae_tiling : bool or None
        None leaves the choice to the planner.
    batch_size : int
    pictures : int
        Input pictures of one request.
    pixels : int
        Of the answer.
    rather_fp8 : bool
        Where the precision is not pinned, the card multiplies float8 and the file is no GGUF: that comes before bfloat16.
    """

    precision: Precision = "auto"
    text_precision: TextPrecision = "auto"
    offload: Offload = "auto"
    vae_tiling: bool | None = None
    batch_size: int = 1
    pictures: int = 1
    pixels: int = PRESET_PIXELS
    rather_fp8: bool = False

    @classmethod
    def of(cls, options: FluxOptions) -> "Wants":
        """Return what an engine's options ask for."""
        return cls(
            options.precision,
            options.text_precision,
            options.offload,
            options.vae_tiling,
            batch_size=options.batch_size,
            rather_fp8=options.preset is Preset.FAST,
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to run the model.

    Attributes
    ----------
    precision : str
        What the transformer's matrices are held in: "bfloat16", "float16", "float32", "fp8", "int8", "gguf".
    compute : str
        What is computed in.
    text_precision : str
        What the T5 encoder's matrices are held in: the ``compute`` type, "fp8" or "int8".
    offload : str
    vae_tiling : bool
    """

    precision: str
    compute: str
    text_precision: str
    offload: str
    vae_tiling: bool

    @property
    def streams_transformer(self) -> bool:
        """Whether parts of the transformer wait in system memory."""
        return self.offload in ("model", "group")

    def describe(self) -> str:
        """Return it in plain words."""
        text = "" if self.text_precision == self.compute else f", text encoder in {self.text_precision}"
        return f"{self.precision}{text}, {_PLACES[self.offload]}{', decoding in tiles' if self.vae_tiling else ''}"


_PLACES: Final = {
    "none": "without offloading",
    "encoders": "text encoders streamed from system memory",
    "model": "parts taking turns on the device",
    "group": "blocks streamed from system memory",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How the model is run here, and why.

    Attributes
    ----------
    choice : Candidate
    device : DeviceFacts
    device_bytes, system_bytes : int
        The most that it needs of the device's and of the system's memory.
    picture_bytes : int
        What each further input picture of a request needs more.
    dynamic_fp8 : bool
        Activations are quantized too, so that the card multiplies in 8 bits.
    reasons : tuple of str
        What was tried before and why it was not taken; what to know about the choice.
    """

    choice: Candidate
    device: DeviceFacts
    device_bytes: int
    system_bytes: int
    picture_bytes: int
    dynamic_fp8: bool
    reasons: tuple[str, ...]

    @property
    def summary(self) -> str:
        """One sentence with the choice and its numbers."""
        beside = "" if self.system_bytes == 0 else f" and {gigabytes(self.system_bytes)} of system memory"
        return (
            f"{self.choice.describe()}: needs {gigabytes(self.device_bytes)} of the {gigabytes(self.device.free_bytes)} free "
            f"on {self.device.name}{beside}; each further input picture takes {gigabytes(self.picture_bytes)} more."
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        choice = self.choice
        return {
            "precision": choice.precision,
            "compute": choice.compute,
            "text_precision": choice.text_precision,
            "offload": choice.offload,
            "vae_tiling": choice.vae_tiling,
            "device": self.device.name,
            "device_bytes": self.device_bytes,
            "device_free_bytes": self.device.free_bytes,
            "system_bytes": self.system_bytes,
            "summary": self.summary,
            "reasons": list(self.reasons),
        }


def gigabytes(count: int) -> str:
    """Return a number of bytes for people; a gigabyte has 10^9."""
    return f"{count / 1e9:.1f} GB" if count >= 50_000_000 else f"{count / 1e6:.1f} MB"
