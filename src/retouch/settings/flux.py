"""The settings of the FLUX engine."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from retouch.engines.flux.options import (
    KONTEXT_REPOSITORY,
    FluxOptions,
    Offload,
    Precision,
    Preset,
    ReferenceMode,
    TextPrecision,
)
from retouch.kontext import ASPECT_RATIOS
from retouch.settings.groups import Group, split_commas

__all__ = ["FluxSettings"]


class FluxSettings(Group):
    """How the engine "flux" runs FLUX.1 Kontext. Needs the extra `retouch[flux]`."""

    folder: Path | None = Field(
        default=None,
        description="The checkpoint, a folder in the diffusers layout; `models/flux` in the data folder when not set.",
    )
    lora_folder: Path | None = Field(
        default=None,
        description="LoRAs that requests may name: `.safetensors` files, by their names without the ending; `models/loras` in "
        "the data folder when not set.",
    )
    device: str = Field(default="cuda", min_length=1, description='Where it runs: "cuda", "cuda:1", "mps", "cpu".')
    precision: Precision = Field(
        default="auto",
        description='What the transformer\'s weights are held in: "bfloat16" is what they were trained in, "fp8" and "int8" take '
        'half of that. "auto" takes the most faithful that fits the memory that is free, and says why.',
    )
    text_precision: TextPrecision = Field(
        default="auto",
        description='What the weights of the text encoder are held in: "full", "fp8" or "int8". "auto" means full unless it does '
        "not fit.",
    )
    offload: Offload = Field(
        default="auto",
        description='What waits in system memory: "none", the text "encoders", each "model" while another works, or all blocks, '
        '"group" by group. "auto" takes the first that fits.',
    )
    vae_tiling: bool | None = Field(
        default=None,
        description="Whether pictures are encoded and decoded in tiles, which takes less memory and can differ a little. Left "
        "out: only where it is needed.",
    )
    transformer_file: Path | None = Field(
        default=None,
        description="A single file with the transformer's weights, `.safetensors` or `.gguf`, in place of the folder's.",
    )
    repository: str = Field(
        default=KONTEXT_REPOSITORY,
        pattern=r"^[A-Za-z0-9][\w.\-]*/[\w.\-]+$",
        description="Name of the checkpoint on the hub, looked for in the hub's local cache where no folder holds one. It is "
        "fetched by `retouch models pull flux` alone.",
    )
    revision: str | None = Field(default=None, description="Branch, tag or commit of the repository.")
    num_inference_steps: int = Field(
        default=28, ge=1, le=100, description="Denoising steps of a picture; 28 is what the model's authors use."
    )
    max_sequence_length: int = Field(
        default=512,
        ge=16,
        le=512,
        description="Tokens of a prompt; a longer one is refused. 512 is the most the model reads.",
    )
    batch_size: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Pictures of one forward pass. A megapixel fills most cards alone. "
        "More than `queue.workers` never meet, and then cost time for nothing.",
    )
    reproducible: bool = Field(
        default=True,
        description="Whether every pass is padded to `batch_size`, so that a picture's bytes don't depend on what shares its "
        "passes. False is faster under partial load.",
    )
    reference_mode: ReferenceMode = Field(
        default=ReferenceMode.STITCH,
        description="How several input pictures are shown to the model: side by side (`stitch`), or each as tokens of its own, "
        "on a plane of its own (`tokens`) or on one plane side by side (`offset`).",
    )

    preset: Preset = Field(
        default=Preset.EXACT,
        description='What fidelity is given for speed. "exact" computes as diffusers does, to the bit. "balanced" compiles and '
        'takes the fastest attention that proves itself: low bits may differ. "fast" also extrapolates steps (needs '
        "`retouch[flux-fast]`) and multiplies in float8 where the card does: small details may differ.",
    )
    warm_up: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        default=None,
        description='Aspect ratios, such as "1:1" and "16:9", that are run once at the start, so that no request pays for it; '
        "the server is ready after that. Left out: the square one on a card, none on a CPU.",
    )

    _split = field_validator("warm_up", mode="before")(split_commas)

    @field_validator("warm_up")
    @classmethod
    def _check_warm_up(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        unknown = [name for name in names or () if name not in ASPECT_RATIOS]
        if unknown:
            raise ValueError(f"there is no aspect ratio {unknown[0]!r}; known: {', '.join(ASPECT_RATIOS)}")
        return names

    def options(self) -> FluxOptions:
        """Return what the engine is built with."""
        return FluxOptions(**self.model_dump(exclude={"lora_folder", "folder"}))
