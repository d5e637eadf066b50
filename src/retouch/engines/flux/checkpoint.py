"""What a checkpoint holds, read from its files' headers alone. Imports no torch and loads no weights.

A safetensors file starts with the length of a JSON text (8 bytes, little-endian), then the text: name, dtype, shape and place of
every tensor. A GGUF file starts with the same facts in a form of its own. Both are data: nothing in them is ever run.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from retouch.errors import ModelFileError

__all__ = [
    "KONTEXT_DEV",
    "CheckpointSizes",
    "PartSizes",
    "TensorFile",
    "TransformerSizes",
    "is_quantizable",
    "read_checkpoint_sizes",
    "read_config",
    "read_tensor_file",
    "transformer_sizes",
]

MAX_HEADER_BYTES: Final = 100_000_000
"""As the safetensors format allows; the real model's headers have less than a megabyte."""
GGUF_MAGIC: Final = b"GGUF"
_BYTES: Final = {
    "F64": 8,
    "F32": 4,
    "F16": 2,
    "BF16": 2,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "I64": 8,
    "I32": 4,
    "I8": 1,
    "U8": 1,
}
_BLOCK: Final = re.compile(r"(?:^|\.)((?:single_)?(?:transformer_blocks|blocks)|double_blocks|encoder\.block)\.(\d+)\.")
_NOT_PER_TOKEN: Final = re.compile(r"norm|mod|context|add_|txt_")


@dataclass(frozen=True, slots=True)
class TensorFile:
    """The header of a file of tensors, or of several that belong together.

    Attributes
    ----------
    kind : {"safetensors", "gguf"}
    shapes : mapping of str to tuple of int
        As torch has them: rows first.
    stored_bytes : int
        Of all tensors, as they are stored.
    """

    kind: Literal["safetensors", "gguf"]
    shapes: Mapping[str, tuple[int, ...]]
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class PartSizes:
    """How large a network is.

    Attributes
    ----------
    matrix_elements : int
        Values in the matrices of its blocks, which can be held in 8 bits.
    other_elements : int
        All other values: biases, norms, embeddings.
    largest_elements : int
        Values of the largest single tensor.
    """

    matrix_elements: int
    other_elements: int
    largest_elements: int

    @property
    def elements(self) -> int:
        """All values."""
        return self.matrix_elements + self.other_elements


@dataclass(frozen=True, slots=True)
class TransformerSizes:
    """How large the transformer is.

    Attributes
    ----------
    part : PartSizes
    width : int
        Values of one token.
    largest_block_elements : int
        Matrix values of its largest block.
    blocks : int
    token_elements : int
        Matrix values that every token is multiplied by: not those of the text's own stream in a double block (its tokens count as
        the picture's), nor those that only the timestep passes.
    gguf_bytes : int or None
        What its tensors take as stored, for a GGUF file; None for another.
    """

    part: PartSizes
    width: int
    largest_block_elements: int
    blocks: int
    token_elements: int
    gguf_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CheckpointSizes:
    """How large every part of a checkpoint is.

    Attributes
    ----------
    transformer : TransformerSizes
    t5, clip : PartSizes
        The text encoders.
    vae_elements : int
    vae_channels : int
        Of the decoder's widest layer at full resolution.
    pixels_a_token : int
        Side of the square of pixels that one token stands for.
    text_tokens : int
        The most tokens of a prompt.
    """

    transformer: TransformerSizes
    t5: PartSizes
    clip: PartSizes
    vae_elements: int
    vae_channels: int
    pixels_a_token: int = 16
    text_tokens: int = 512


KONTEXT_DEV: Final = CheckpointSizes(
    transformer=TransformerSizes(
        part=PartSizes(11_834_228_736, 67_179_584, 56_623_104),
        width=3072,
        largest_block_elements=339_738_624,
        blocks=57,
        token_elements=6_455_033_856,
    ),
    t5=PartSizes(4_630_511_616, 131_799_040, 131_596_288),
    clip=PartSizes(0, 123_060_480, 37_945_344),
    vae_elements=83_819_683,
    vae_channels=256,
)
"""FLUX.1 Kontext [dev], counted from the architecture that its configuration describes."""


def is_quantizable(name: str, shape: tuple[int, ...]) -> bool:
    """Whether a tensor is a matrix of a block. Everything else stays at full precision: it is small, or sensitive."""
    return len(shape) == 2 and name.endswith("weight") and _BLOCK.search(name) is not None and "relative" not in name


def part_sizes(shapes: Mapping[str, tuple[int, ...]]) -> PartSizes:
    """Count a network's values from its tensors' names and shapes."""
    matrices = sum(math.prod(shape) for name, shape in shapes.items() if is_quantizable(name, shape))
    everything = sum(math.prod(shape) for shape in shapes.values())
    return PartSizes(matrices, everything - matrices, max((math.prod(shape) for shape in shapes.values()), default=0))


def transformer_sizes(file: TensorFile, width: int) -> TransformerSizes:
    """Count a transformer's values and blocks, in either layout of its names."""
    blocks: dict[tuple[str, str], int] = {}
    for name, shape in file.shapes.items():
        if (found := _BLOCK.search(name)) and is_quantizable(name, shape):
            blocks[found.groups()] = blocks.get(found.groups(), 0) + math.prod(shape)  # type: ignore[index,arg-type]
    return TransformerSizes(
        part=part_sizes(file.shapes),
        width=width,
        largest_block_elements=max(blocks.values(), default=0),
        blocks=len(blocks),
        token_elements=sum(
            math.prod(shape)
            for name, shape in file.shapes.items()
            if is_quantizable(name, shape) and not _NOT_PER_TOKEN.search(name)
        ),
        gguf_bytes=file.stored_bytes if file.kind == "gguf" else None,
    )


def read_checkpoint_sizes(folder: Path, transformer_file: Path | None = None) -> CheckpointSizes:
    """Count every part of a checkpoint.

    Parameters
    ----------
    folder : Path
        In the diffusers layout. Its transformer's weights may be missing when there is a ``transformer_file``.
    transformer_file : Path, optional
        A single file with the transformer's weights: safetensors or GGUF.

    Raises
    ------
    ModelFileError
        A file is missing, cut off, or not what its place says.
    """
    transformer, vae = read_config(folder / "transformer"), read_config(folder / "vae")
    width = _integer(transformer, "num_attention_heads") * _integer(transformer, "attention_head_dim")
    file = read_tensor_file(transformer_file) if transformer_file else _read_part(folder / "transformer")
    channels = [int(each) for each in vae.get("block_out_channels", (128, 256, 512, 512))]
    return CheckpointSizes(
        transformer=transformer_sizes(file, width),
        t5=part_sizes(_read_part(folder / "text_encoder_2").shapes),
        clip=part_sizes(_read_part(folder / "text_encoder").shapes),
        vae_elements=part_sizes(_read_part(folder / "vae").shapes).elements,
        vae_channels=channels[min(1, len(channels) - 1)],
        pixels_a_token=2 ** len(channels),
    )


def read_config(folder: Path) -> dict[str, Any]:
    """Return the ``config.json`` of one part of a checkpoint. Raises ``ModelFileError`` when it can't be read."""
    return read_json(folder / "config.json", f"{folder.name}/config.json")


def read_json(path: Path, label: str) -> dict[str, Any]:
    """Return a JSON object from a file; ``label`` is what the error calls it, since errors name no paths."""
    try:
        if path.stat().st_size > MAX_HEADER_BYTES:
            raise ModelFileError(f"The FLUX checkpoint's {label} is far too large to be what its name says.")
        value = json.loads(path.read_bytes())
    except OSError as exc:
        raise ModelFileError(
            f"The FLUX checkpoint has no {label}. Fetch it again: `retouch models pull flux`."
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise ModelFileError(f"The FLUX checkpoint's {label} is damaged: it is not JSON. Fetch it again.") from exc
    if not isinstance(value, dict):
        raise ModelFileError(f"The FLUX checkpoint's {label} is damaged: it holds no settings. Fetch it again.")
    return value


def read_tensor_file(path: Path) -> TensorFile:
    """Read the header of a safetensors or GGUF file.

    Raises
    ------
    ModelFileError
        It is missing, cut off, damaged, or of another kind (pickled checkpoints, ``.ckpt``, ``.pt``, ``.bin``, are never opened:
        loading one runs the code in it).
    """
    if path.suffix.lower() not in (".safetensors", ".gguf"):
        raise ModelFileError(
            f"The file {path.name!r} is neither .safetensors nor .gguf, the two kinds that are read. Other checkpoints "
            "(.ckpt, .pt, .bin) can run code when they are loaded; convert the file, or take another download."
        )
    try:
        with path.open("rb") as file:
            start = file.read(8)
            size = path.stat().st_size
            if path.suffix.lower() == ".gguf":
                if start[:4] != GGUF_MAGIC:
                    raise ModelFileError(f"The file {path.name!r} is no GGUF file: it does not start with GGUF.")
                return _read_gguf(path)
            length = int.from_bytes(start, "little")
            if len(start) < 8 or not 2 <= length <= MAX_HEADER_BYTES:
                raise ModelFileError(f"The file {path.name!r} is no safetensors file: it does not start with a header.")
            header = file.read(length)
    except OSError as exc:
        raise ModelFileError(f"The weight file {path.name!r} is missing or can't be read.") from exc
    return _parse_safetensors(path.name, header, size - 8, length)


def _parse_safetensors(name: str, header: bytes, available: int, length: int) -> TensorFile:
    try:
        entries = json.loads(header)
        tensors = {key: entry for key, entry in entries.items() if key != "__metadata__"}
        shapes = {key: tuple(int(side) for side in entry["shape"]) for key, entry in tensors.items()}
        sizes = {key: entry["data_offsets"][1] - entry["data_offsets"][0] for key, entry in tensors.items()}
        end = max((int(entry["data_offsets"][1]) for entry in tensors.values()), default=0)
        sound = all(
            sizes[key] == math.prod(shapes[key]) * _BYTES[entry["dtype"]] and min(shapes[key], default=1) >= 0
            for key, entry in tensors.items()
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as exc:
        raise ModelFileError(f"The weight file {name!r} is damaged: its header can't be read. Fetch it again.") from exc
    if end + length > available:
        raise ModelFileError(
            f"The weight file {name!r} is damaged: it was cut off, {_gigabytes(available + 8)} of "
            f"{_gigabytes(end + length + 8)} are there. Fetch it again."
        )
    if not sound or end + length < available:
        raise ModelFileError(f"The weight file {name!r} is damaged: its header and its size disagree. Fetch it again.")
    return TensorFile("safetensors", shapes, sum(sizes.values()))


def _read_gguf(path: Path) -> TensorFile:
    try:
        import gguf
    except ImportError as exc:
        raise ModelFileError("A GGUF file needs the package gguf: pip install 'retouch[flux]'.") from exc
    try:
        reader = gguf.GGUFReader(str(path))
        shapes = {tensor.name: tuple(int(side) for side in reversed(tensor.shape)) for tensor in reader.tensors}
        stored = sum(int(tensor.n_bytes) for tensor in reader.tensors)
    except Exception as exc:  # the reader has no exceptions of its own: numpy's, struct's and Unicode's reach us
        raise ModelFileError(
            f"The GGUF file {path.name!r} is damaged or cut off: its header can't be read. Fetch it again."
        ) from exc
    return TensorFile("gguf", shapes, stored)


def _read_part(folder: Path) -> TensorFile:
    """Read the headers of one part of a checkpoint, whichever of the two usual names its files have."""
    files: list[Path] = []
    for stem in ("diffusion_pytorch_model", "model"):
        index = folder / f"{stem}.safetensors.index.json"
        if index.is_file():
            named = read_json(index, f"{folder.name}/{index.name}").get("weight_map")
            if not isinstance(named, dict) or not all(isinstance(each, str) for each in named.values()):
                raise ModelFileError(f"The FLUX checkpoint's {folder.name}/{index.name} is damaged. Fetch it again.")
            files = [folder / Path(each).name for each in sorted(set(named.values()))]
        elif (folder / f"{stem}.safetensors").is_file():
            files = [folder / f"{stem}.safetensors"]
    if not files:
        raise ModelFileError(
            f"The FLUX checkpoint has no weights in {folder.name} (a .safetensors file is looked for). Fetch it again: "
            "`retouch models pull flux`."
        )
    parts = [read_tensor_file(file) for file in files]
    shapes = {name: shape for part in parts for name, shape in part.shapes.items()}
    return TensorFile("safetensors", shapes, sum(part.stored_bytes for part in parts))


def _integer(config: Mapping[str, Any], name: str) -> int:
    value = config.get(name)
    if not isinstance(value, int) or value < 1:
        raise ModelFileError(f"The transformer's configuration has no {name}: this is no FLUX checkpoint.")
    return value


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 10_000_000 else f"{count:,} bytes"
