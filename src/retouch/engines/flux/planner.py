"""How a checkpoint fits a machine: precision, offloading and tiling, chosen with the numbers that led there. Imports no torch.

``make_plan`` is a pure function of what the machine has free, what the checkpoint holds and what the operator pinned.

Notes
-----
Bytes of activations in one pass of the transformer: ``20 * batch * tokens * width * 2``. A token is kept about twenty times over
at the widest moment of a block: residual and normed stream (2), queries, keys and values (3) with their rotated float32 copies
(6), the output of attention (1), and the four-fold hidden layer before and behind its nonlinearity (8). Attention itself
runs under SDPA, which never holds the tokens x tokens matrix. Measured with torch's memory profiler on the real class on a CPU:
16.3 in float32, 19.3 in bfloat16.

Bytes of decoding a picture: ``8 * pixels * channels * 2`` with the decoder's 256 channels at full resolution; 3.8 was measured on
a CPU in float32, the rest is room for a card's convolution workspaces. Tiles of 512 x 512 pixels cut that to a tile's and the
picture.

A margin of 0.5 GB and 5 % stands on top, for the allocator's gaps and the libraries' workspaces.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from retouch.engines.flux.checkpoint import CheckpointSizes, PartSizes
from retouch.engines.flux.options import FluxOptions, Offload, Precision, TextPrecision
from retouch.errors import ConfigurationError

__all__ = ["Candidate", "DeviceFacts", "Plan", "Wants", "gigabytes", "make_plan"]

ACTIVATION_COPIES: Final = 20
DECODE_COPIES: Final = 8
TILE_PX: Final = 512
EIGHT_BIT_OVERHEAD: Final = 1.005
"""A float32 scale and an int8 zero point for each row of a matrix."""
STREAMED_BLOCKS: Final = 3
"""Blocks on the card at a time when they are streamed: one at work, one arriving, one leaving."""
MARGIN_BYTES: Final = 500_000_000
MARGIN_SHARE: Final = 0.05
HOST_MARGIN_BYTES: Final = 2_000_000_000
PRESET_PIXELS: Final = 1024 * 1024
FP8_CAPABILITY: Final = (8, 9)
BFLOAT16_CAPABILITY: Final = (8, 0)

_WIDTHS: Final = {"float32": 4, "bfloat16": 2, "float16": 2}


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
    """

    precision: Precision = "auto"
    text_precision: TextPrecision = "auto"
    offload: Offload = "auto"
    vae_tiling: bool | None = None
    batch_size: int = 1
    pictures: int = 1
    pixels: int = PRESET_PIXELS

    @classmethod
    def of(cls, options: FluxOptions) -> "Wants":
        """Return what an engine's options ask for."""
        return cls(
            options.precision,
            options.text_precision,
            options.offload,
            options.vae_tiling,
            batch_size=options.batch_size,
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


def make_plan(device: DeviceFacts, sizes: CheckpointSizes, wants: Wants | None = None) -> Plan:
    """Choose how to run a checkpoint on a machine: the first way that fits, the most faithful first.

    Raises
    ------
    ConfigurationError
        Nothing fits, or what was pinned doesn't: says what would be needed and what is free.
    """
    wants = wants or Wants()
    _check_pins(device, sizes, wants)
    rejected: list[tuple[Candidate, int, int]] = []
    for candidate in _candidates(device, sizes, wants):
        needs = device_need(candidate, sizes, wants)
        beside = 0 if device.kind != "cuda" else system_need(candidate, sizes)
        if needs <= device.free_bytes and beside <= device.system_free_bytes:
            reasons = tuple(_why_not(each, device) for each in rejected[:3])
            return Plan(
                candidate,
                device,
                needs,
                beside,
                _activation_bytes(sizes, wants.batch_size, wants.pixels // sizes.pixels_a_token**2)
                * _WIDTHS[candidate.compute]
                // 2,
                candidate.precision == "fp8" and _multiplies_fp8(device),
                reasons + _notes(candidate, device),
            )
        rejected.append((candidate, needs, beside))
    raise ConfigurationError(_refusal(device, rejected, wants))


def device_need(candidate: Candidate, sizes: CheckpointSizes, wants: Wants) -> int:
    """Return the most bytes of the device's memory that a way of running takes."""
    transformer, vae = _transformer_bytes(candidate, sizes), sizes.vae_elements * _WIDTHS[candidate.compute]
    texts = _text_bytes(candidate, sizes)
    tokens = wants.pixels // sizes.pixels_a_token**2
    denoising = _activation_bytes(sizes, wants.batch_size, sizes.text_tokens + (1 + wants.pictures) * tokens)
    denoising = denoising * _WIDTHS[candidate.compute] // 2 + _unpacked_bytes(candidate, sizes)
    decoding = _decode_bytes(candidate, sizes, wants.pixels)
    match candidate.offload:
        case "none":
            total = transformer + texts + vae + max(denoising, decoding)
        case "encoders":
            total = transformer + vae + max(denoising, decoding, _streamed_text_bytes(candidate, sizes))
        case "model":
            total = max(transformer + denoising, texts, vae + decoding)
        case _:
            total = vae + max(
                _streamed_transformer_bytes(candidate, sizes) + denoising,
                decoding,
                _streamed_text_bytes(candidate, sizes),
            )
    return int(total * (1 + MARGIN_SHARE)) + MARGIN_BYTES


def system_need(candidate: Candidate, sizes: CheckpointSizes) -> int:
    """Return the bytes of system memory that parts off the device take; 0 when there are none."""
    texts, transformer = _text_bytes(candidate, sizes), _transformer_bytes(candidate, sizes)
    vae = sizes.vae_elements * _WIDTHS[candidate.compute]
    held = {"none": 0, "encoders": texts, "model": texts + transformer + vae, "group": texts + transformer}
    parked = held[candidate.offload]
    return parked + HOST_MARGIN_BYTES if parked else 0


def gigabytes(count: int) -> str:
    """Return a number of bytes for people; a gigabyte has 10^9."""
    return f"{count / 1e9:.1f} GB" if count >= 50_000_000 else f"{count / 1e6:.1f} MB"


def _candidates(device: DeviceFacts, sizes: CheckpointSizes, wants: Wants) -> Iterator[Candidate]:
    """Yield every way that the pins allow, the preferred ones first."""
    open_ways = [
        (held, compute, offload, tiling)
        for precision, offload, tiling in _ways(device)
        for held, compute in _resolve(precision, device, sizes, wants)
        if wants.offload in ("auto", offload) and wants.vae_tiling in (None, tiling)
    ]
    for k in range(2):  # every way with the text encoder at full precision comes before any without
        for held, compute, offload, tiling in open_ways:
            for text in _text_choices(compute, wants)[k : k + 1]:
                yield Candidate(held, compute, text, offload, tiling)


def _ways(device: DeviceFacts) -> list[tuple[str, str, bool]]:
    """Return (precision, offload, tiling), the most faithful first.

    Streaming the text encoders costs time for a new prompt and no bit; tiles change the decoded pixels a little; 8 bits change
    the picture a little more; streaming the blocks costs time at every step.
    """
    eight = "fp8" if _multiplies_fp8(device) else "int8"
    if device.kind != "cuda":
        full = "float32" if device.kind == "cpu" else "bfloat16"
        precisions = (full,) if device.kind == "mps" else (full, eight)
        return [(each, "none", tiling) for each in (*precisions, *_PINNED) for tiling in (False, True)]
    order = [("bfloat16", "none", False), ("bfloat16", "encoders", False), ("bfloat16", "encoders", True)]
    order += [(eight, "none", False), (eight, "encoders", False), (eight, "encoders", True)]
    order += [(eight, "group", False), (eight, "group", True)]
    everything = [
        (each, offload, tiling)
        for each in ("bfloat16", eight, *_PINNED)
        for tiling in (False, True)
        for offload in ("none", "encoders", "model", "group")
    ]
    return order + [each for each in everything if each not in order]


_PINNED: Final = ("float16", "bfloat16", "float32", "fp8", "int8")
"""Precisions that are used only when they are pinned, where ``_ways`` does not list them before."""


def _resolve(precision: str, device: DeviceFacts, sizes: CheckpointSizes, wants: Wants) -> tuple[tuple[str, str], ...]:
    """Return what a way holds the matrices in and computes in; nothing when the pins rule it out."""
    natural = "float32" if device.kind == "cpu" else "bfloat16"
    automatic = {"cuda": ("bfloat16", "fp8" if _multiplies_fp8(device) else "int8"), "mps": ("bfloat16",)}
    allowed = automatic.get(device.kind, ("float32", "int8")) if wants.precision == "auto" else (wants.precision,)
    is_gguf = sizes.transformer.gguf_bytes is not None
    if precision not in allowed or (is_gguf and precision != allowed[0]):
        return ()
    compute = precision if precision in _WIDTHS else natural
    return (("gguf" if is_gguf else precision, compute),)


def _text_choices(compute: str, wants: Wants) -> tuple[str, ...]:
    if wants.text_precision == "auto":
        return (compute, "int8")
    return (compute,) if wants.text_precision == "full" else (wants.text_precision,)


def _check_pins(device: DeviceFacts, sizes: CheckpointSizes, wants: Wants) -> None:
    """Refuse pins that contradict the machine or the file, whatever its memory."""
    if device.kind != "cuda" and wants.offload not in ("auto", "none"):
        raise ConfigurationError(
            f"Offloading ({wants.offload!r}) moves weights between a CUDA card and the system's memory; the device is "
            f'{device.kind!r}. Set flux.offload to "auto" or "none".'
        )
    if sizes.transformer.gguf_bytes is not None and wants.precision in ("fp8", "int8"):
        raise ConfigurationError(
            f"A GGUF file brings its own precision, so {wants.precision!r} can't be had from it. Set flux.precision to "
            '"auto", or give the transformer as safetensors.'
        )
    if device.kind == "mps" and "int8" in (wants.precision, wants.text_precision):
        raise ConfigurationError('int8 is not available on "mps". Use bfloat16, or a GGUF file of the transformer.')
    if device.kind == "mps" and "fp8" in (wants.precision, wants.text_precision):
        raise ConfigurationError('fp8 is not available on "mps". Use bfloat16, or a GGUF file of the transformer.')


def _multiplies_fp8(device: DeviceFacts) -> bool:
    return device.kind == "cuda" and device.capability is not None and device.capability >= FP8_CAPABILITY


def _held_bytes(part: PartSizes, precision: str, compute: str) -> int:
    full = _WIDTHS[compute]
    if precision in _WIDTHS:
        return part.elements * _WIDTHS[precision]
    return int(part.matrix_elements * EIGHT_BIT_OVERHEAD) + part.other_elements * full


def _transformer_bytes(candidate: Candidate, sizes: CheckpointSizes) -> int:
    if sizes.transformer.gguf_bytes is not None:
        return sizes.transformer.gguf_bytes
    return _held_bytes(sizes.transformer.part, candidate.precision, candidate.compute)


def _text_bytes(candidate: Candidate, sizes: CheckpointSizes) -> int:
    t5 = _held_bytes(sizes.t5, candidate.text_precision, candidate.compute)
    return t5 + sizes.clip.elements * _WIDTHS[candidate.compute]


def _streamed_text_bytes(candidate: Candidate, sizes: CheckpointSizes) -> int:
    """The text encoders move leaf by leaf: the largest (the table of words), the one behind it, and a prompt's values."""
    largest = max(sizes.t5.largest_elements, sizes.clip.largest_elements)
    return 2 * largest * _WIDTHS[candidate.compute] + 200 * sizes.text_tokens * sizes.transformer.width


def _streamed_transformer_bytes(candidate: Candidate, sizes: CheckpointSizes) -> int:
    transformer = sizes.transformer
    share = min(1.0, STREAMED_BLOCKS * transformer.largest_block_elements / max(transformer.part.matrix_elements, 1))
    other = transformer.part.other_elements * _WIDTHS[candidate.compute]
    return int(share * max(_transformer_bytes(candidate, sizes) - other, 0)) + other


def _unpacked_bytes(candidate: Candidate, sizes: CheckpointSizes) -> int:
    """A matrix in 8 bits or GGUF is unpacked when it is used: the largest one, with the float32 values between."""
    if candidate.precision in _WIDTHS:
        return 0
    return 3 * 4 * sizes.transformer.part.largest_elements // 2


def _activation_bytes(sizes: CheckpointSizes, batch_size: int, tokens: int) -> int:
    """In a type of two bytes."""
    return ACTIVATION_COPIES * batch_size * tokens * sizes.transformer.width * 2


def _decode_bytes(candidate: Candidate, sizes: CheckpointSizes, pixels: int) -> int:
    width = _WIDTHS[candidate.compute]
    at_a_time = min(pixels, TILE_PX * TILE_PX) if candidate.vae_tiling else pixels
    kept = 3 * 3 * pixels * width if candidate.vae_tiling else 0
    return DECODE_COPIES * at_a_time * sizes.vae_channels * width + kept


def _why_not(rejected: tuple[Candidate, int, int], device: DeviceFacts) -> str:
    candidate, needs, beside = rejected
    if needs > device.free_bytes:
        return f"Not {candidate.describe()}: needs {gigabytes(needs)}, {gigabytes(device.free_bytes)} are free."
    free = gigabytes(device.system_free_bytes)
    return f"Not {candidate.describe()}: needs {gigabytes(beside)} of system memory, {free} are free."


def _notes(candidate: Candidate, device: DeviceFacts) -> tuple[str, ...]:
    notes = []
    if candidate.precision in ("fp8", "int8", "gguf"):
        notes.append("Weights of fewer bits change the picture a little against bfloat16, the same way every time.")
    if candidate.vae_tiling:
        notes.append("Pictures are decoded in overlapping tiles, which can differ a little from decoding at once.")
    if device.capability is not None and device.capability < BFLOAT16_CAPABILITY:
        notes.append("This card has no bfloat16 of its own: expect it to be slow.")
    if device.kind == "cpu":
        notes.append(
            "A processor takes minutes to hours for one picture; the time is estimated when the engine starts."
        )
    return tuple(notes)


def _refusal(device: DeviceFacts, rejected: list[tuple[Candidate, int, int]], wants: Wants) -> str:
    where = device.name
    if not rejected:
        return (
            f"No way of running FLUX.1 Kontext on {where} has all that was pinned. Set precision, offload and vae_tiling to "
            '"auto", or fewer of them.'
        )
    fits = [each for each in rejected if each[1] <= device.free_bytes]
    candidate, needs, beside = min(fits, key=lambda each: each[2]) if fits else min(rejected, key=lambda each: each[1])
    pinned = (
        wants.precision != "auto"
        or wants.offload != "auto"
        or wants.vae_tiling is not None
        or wants.text_precision != "auto"
    )
    if needs <= device.free_bytes:
        lack = f"needs {gigabytes(beside)} of system memory beside the card, {gigabytes(device.system_free_bytes)} are free"
    else:
        lack = f"needs {gigabytes(needs)} at {candidate.describe()}, {where} has {gigabytes(device.free_bytes)} free"
    ways = (
        ["close what else uses the memory", "lower flux.batch_size"]
        if wants.batch_size > 1
        else ["close what else uses the memory"]
    )
    ways += ["leave the choice to the planner" if pinned else "give a smaller GGUF file of the transformer"]
    return f"FLUX.1 Kontext does not fit: it {lack}. You can {', '.join(ways[:-1])} or {ways[-1]}."
