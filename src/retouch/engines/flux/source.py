"""Where a checkpoint is: a folder, the hub's local cache, and a single file for the transformer. Imports no torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from retouch.engines.flux.checkpoint import read_config, read_json
from retouch.engines.flux.options import KONTEXT_REPOSITORY, FluxOptions
from retouch.errors import ModelFileError

__all__ = ["NEEDED_FILES", "FluxSource", "find_source"]

NEEDED_FILES: Final = (
    "model_index.json",
    "LICENSE*",
    "scheduler/*.json",
    *(
        f"{part}/*.{kind}"
        for part in ("transformer", "text_encoder", "text_encoder_2", "vae")
        for kind in ("json", "safetensors")
    ),
    *(f"{part}/*" for part in ("tokenizer", "tokenizer_2")),
)
"""What an engine reads of a checkpoint's folder: no second copy of the weights in one file, no pictures."""

_PIPELINES: Final = ("FluxKontextPipeline", "FluxKontextInpaintPipeline", "FluxPipeline")
_PARTS: Final = {
    "scheduler": ("FlowMatchEulerDiscreteScheduler",),
    "text_encoder": ("CLIPTextModel",),
    "text_encoder_2": ("T5EncoderModel",),
    "tokenizer": ("CLIPTokenizer", "CLIPTokenizerFast"),
    "tokenizer_2": ("T5Tokenizer", "T5TokenizerFast"),
    "transformer": ("FluxTransformer2DModel",),
    "vae": ("AutoencoderKL",),
}
_CHANNEL_MODELS: Final = {
    384: "FLUX.1 Fill [dev]",
    128: "FLUX.1 Canny or Depth [dev]",
    196: "FLUX.1 Canny or Depth [dev]",
}


@dataclass(frozen=True, slots=True)
class FluxSource:
    """Where a checkpoint's files are.

    Attributes
    ----------
    folder : Path
        In the diffusers layout.
    transformer_file : Path or None
        A single file with the transformer's weights, in place of the folder's.
    """

    folder: Path
    transformer_file: Path | None = None

    def check(self) -> None:
        """Check what can be checked without reading weights: that every part is what FLUX.1 Kontext has in its place.

        Nothing is imported that a file names: a part of another class is refused here.

        Raises
        ------
        ModelFileError
        """
        index = read_json(self.folder / "model_index.json", "model_index.json")
        if index.get("_class_name") not in _PIPELINES:
            raise ModelFileError(
                f"The checkpoint is made for {str(index.get('_class_name'))[:60]!r}, not for FLUX.1 Kontext. Give a folder such "
                f"as a download of {KONTEXT_REPOSITORY}."
            )
        for part, classes in _PARTS.items():
            _check_part(part, index.get(part), classes)
        config = read_config(self.folder / "transformer")
        for part in ("transformer", "vae", "text_encoder", "text_encoder_2"):
            if "quantization_config" in read_config(self.folder / part):
                raise ModelFileError(
                    f"The checkpoint's {part} is quantized already, in a way that is not read. Give the bfloat16 checkpoint, "
                    "or a GGUF file as flux.transformer_file."
                )
        _check_channels(config, read_config(self.folder / "vae"))


def find_source(folder: Path, options: FluxOptions) -> FluxSource:
    """Return where the checkpoint is: in ``folder``, or in the hub's local cache. Nothing is fetched.

    Raises
    ------
    ModelFileError
        It is in neither, or the file of the transformer is missing.
    """
    file = options.transformer_file
    if file is not None and not file.is_file():
        raise ModelFileError(f"There is no file {file.name!r} to take the transformer from (flux.transformer_file).")
    if (folder / "model_index.json").is_file():
        return FluxSource(folder, file)
    cached = _cached_snapshot(options)
    if cached is None:
        raise ModelFileError(
            f"There are no weights: the FLUX folder has no model_index.json, and {options.repository} is not in the hub's local "
            "cache. Run `retouch models pull flux`, or give a folder in the diffusers layout."
        )
    return FluxSource(cached, file)


def _cached_snapshot(options: FluxOptions) -> Path | None:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ImportError:
        return None
    try:
        folder = snapshot_download(
            options.repository, revision=options.revision, allow_patterns=list(NEEDED_FILES), local_files_only=True
        )
    except (LocalEntryNotFoundError, HFValidationError, OSError):
        return None
    return Path(folder) if (Path(folder) / "model_index.json").is_file() else None


def _check_part(part: str, said: Any, classes: tuple[str, ...]) -> None:
    named = said[1] if isinstance(said, list) and len(said) == 2 else None
    if named not in classes:
        raise ModelFileError(
            f"The checkpoint's {part} is {'missing' if named is None else f'a {str(named)[:60]}'}, where FLUX.1 Kontext has a "
            f"{classes[0]}. Give a folder such as a download of {KONTEXT_REPOSITORY}."
        )


def _check_channels(transformer: dict[str, Any], vae: dict[str, Any]) -> None:
    channels, latent = transformer.get("in_channels"), vae.get("latent_channels")
    if not isinstance(channels, int) or not isinstance(latent, int) or channels != 4 * latent:
        known = _CHANNEL_MODELS.get(channels, "another model") if isinstance(channels, int) else "another model"
        raise ModelFileError(
            f"The transformer takes {channels} channels, FLUX.1 Kontext takes {4 * latent if isinstance(latent, int) else 64}: "
            f"this is {known}, which can't edit by a sentence alone."
        )
