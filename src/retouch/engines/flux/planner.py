"""How a checkpoint fits a machine: precision, offloading and tiling, chosen with the numbers that led there. Imports no torch.

``make_plan`` is a pure function of what the machine has free, what the checkpoint holds and what the operator pinned.
"""

from collections.abc import Iterator
from typing import Final

from retouch.engines.flux.checkpoint import CheckpointSizes
from retouch.engines.flux.needs import WIDTHS, device_need, picture_need, system_need
from retouch.engines.flux.plan import Candidate, DeviceFacts, Plan, Wants, gigabytes
from retouch.errors import ConfigurationError

__all__ = ["make_plan"]

BFLOAT16_CAPABILITY: Final = (8, 0)


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
                picture_need(candidate, sizes, wants),
                candidate.precision == "fp8" and device.multiplies_fp8,
                reasons + _notes(candidate, device),
            )
        rejected.append((candidate, needs, beside))
    raise ConfigurationError(_refusal(device, rejected, wants))


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
    eight = "fp8" if device.multiplies_fp8 else "int8"
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
    is_gguf = sizes.transformer.gguf_bytes is not None
    automatic = {"cuda": ("bfloat16", "fp8" if device.multiplies_fp8 else "int8"), "mps": ("bfloat16",)}
    if wants.rather_fp8 and device.multiplies_fp8 and not is_gguf:
        automatic["cuda"] = ("fp8",)
    allowed = automatic.get(device.kind, ("float32", "int8")) if wants.precision == "auto" else (wants.precision,)
    if precision not in allowed or (is_gguf and precision != allowed[0]):
        return ()
    compute = precision if precision in WIDTHS else natural
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
