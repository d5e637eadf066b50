"""From an engine's picture to the finished one: restore what it did not mean to touch, at the size asked for, and encode."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from retouch.confine import confine_to_mask
from retouch.engines.base import EditInputs, EngineOutput
from retouch.errors import InvalidValueError
from retouch.images.array_types import Mask, Pixels
from retouch.images.codec import encode
from retouch.images.geometry import fill_size, fit_pixels
from retouch.preserve.composite import Preserved, composite
from retouch.preserve.lineage import Ancestry, Lineage
from retouch.preserve.original import composite_into_original
from retouch.preserve.report import encode_mask_runs, psnr_db
from retouch.preserve.restore import preserve_fitted
from retouch.preserve.source_file import EncodedAnswer, SourceFile, encode_like, with_size
from retouch.provenance.label import label_file
from retouch.provenance.source_type import judge_source_type
from retouch.types import EditRequest, Making, OutputFormat

__all__ = [
    "encode_finished",
    "explain_preserved",
    "label_finished",
    "restore_untouched",
    "tell_making",
    "trace_ancestry",
]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file and what is to be said about it."""

    data: bytes
    notes: tuple[str, ...] = ()


def restore_untouched(request: EditRequest, inputs: EditInputs, output: EngineOutput) -> Preserved:
    """Return the answer's pixels, untouched ones exactly the input's.

    Parameters
    ----------
    request : EditRequest
        ``preserve`` and ``size`` decide.
    inputs : EditInputs
        As the engine got them.
    output : EngineOutput
        Where it tells its change mask, that is taken; where it doesn't, the change is found (``retouch.preserve.restore``). Of a
        reframed picture, or one from words alone, nothing is restored: no pixel lies where an input has it.

    Raises
    ------
    EngineError
        The engine's picture or mask has another size than the input.
    UnsupportedInstructionError
        The mask that came with the request can't confine the edit.
    """
    if inputs.mask is not None:
        return confine_to_mask(request, inputs, output)
    if output.is_reframed or not inputs.pictures:
        return Preserved(output.pixels, np.ones(output.pixels.shape[:2], np.float32), 1.0)
    base = inputs.fitted(output.base_index)
    original = inputs.originals[output.base_index]
    enlarge = request.size == "original" and base.shape != original.shape
    knows_change = output.change_mask is not None or output.is_global
    if request.preserve == "off":
        if enlarge:
            base, output = original, _enlarged(output, original)
        return composite(base, output.pixels, None, is_global=True)
    if enlarge:
        known = composite(base, output.pixels, output.change_mask, is_global=output.is_global).pixels
        return composite_into_original(original, known[..., :3], seed=output.seed)
    if knows_change or output.pixels.shape[2] == 4:
        return composite(base, output.pixels, output.change_mask, is_global=output.is_global)
    return preserve_fitted(base, output.pixels, source_fit=inputs.fit(output.base_index), seed=output.seed)


def _enlarged(output: EngineOutput, original: Pixels) -> EngineOutput:
    """Bring an engine's picture to the size of the original by a plain resize."""
    height, width = original.shape[:2]
    fit = fill_size(output.pixels.shape[1], output.pixels.shape[0], (width, height))
    return EngineOutput(fit_pixels(output.pixels, fit), output.seed, output.base_index, is_global=True)


def encode_finished(
    request: EditRequest, preserved: Preserved, source: SourceFile | None, *, is_reframed: bool = False
) -> Encoded:
    """Encode an answer; with ``size="original"`` it gets the EXIF data, color profile and JPEG tables of its input's file.

    Raises
    ------
    InvalidValueError
        A transparent picture was asked for as JPEG.
    """
    pixels, output_format = preserved.pixels, request.output_format
    if pixels.shape[2] == 4:
        if output_format is not OutputFormat.PNG:
            raise InvalidValueError("output_format", '"png" for a transparent picture', output_format.value)
        return Encoded(encode(pixels, output_format))
    if is_reframed and request.size == "original" and source is not None:
        whole = with_size(source, width=pixels.shape[1], height=pixels.shape[0])
        in_file_colors = pixels if source.to_native is None else source.to_native(pixels)
        written = encode_like(whole, in_file_colors, preserved.change_mask, output_format)
        return Encoded(written.data, written.notes)
    if request.size != "original" or source is None or source.pixels.shape != pixels.shape:
        return Encoded(encode(pixels, output_format))
    answer = encode_like(
        source, _in_native_colors(pixels, preserved.change_mask, source), preserved.change_mask, output_format
    )
    return Encoded(answer.data, (*answer.notes, *_loss_outside(answer)))


def _loss_outside(answer: EncodedAnswer) -> tuple[str, ...]:
    """Say what writing a JPEG cost outside of the edit."""
    if answer.psnr_outside_db is None:
        return ()
    levels = answer.max_difference_outside
    return (
        f"Outside of the edit the JPEG is at {answer.psnr_outside_db:.1f} dB, off by at most {levels} of 255 levels.",
    )


def _in_native_colors(pixels: Pixels, change_mask: Mask, source: SourceFile) -> Pixels:
    """Convert the edit to the file's own color space and keep every untouched pixel as it stands in the file."""
    if source.native is None or source.to_native is None:
        return pixels
    converted = source.to_native(pixels)
    untouched = change_mask == 0
    converted[untouched] = source.native[untouched]
    return converted


def tell_making(inputs: EditInputs, output: EngineOutput, engine: str) -> Making:
    """Return how an answer came to be; ``engine`` is the name and version of the one that was asked."""
    declared = (each.declared_source_type for each in inputs.pictures)
    source_type = judge_source_type(
        output.interpretation.plan,
        has_inputs=bool(inputs.pictures),
        fills_by_network=output.fills_by_network,
        declared=[each for each in declared if each is not None],
    )
    return Making(output.made_by or engine, source_type.value, output.base_index if inputs.pictures else None)


def label_finished(request: EditRequest, data: bytes, making: Making, source: SourceFile | None) -> bytes:
    """Write into an answer how it came to be; at the input's own size beside what its owner wrote into the input."""
    return label_file(data, making, source.xmp if source is not None and request.size == "original" else None)


def trace_ancestry(inputs: EditInputs, output: EngineOutput, preserved: Preserved) -> Ancestry | None:
    """Return what the answer descends from, for an edit that may follow; None when it was reframed or made from words alone."""
    if output.is_reframed or not inputs.pictures:
        return None
    index = output.base_index
    lineage = inputs.lineage(index)
    if preserved.change_mask.shape != lineage.touched.shape:  # the edit was brought into the original's resolution
        ancestry = inputs.pictures[index].ancestry
        height, width = inputs.originals[index].shape[:2]
        lineage = ancestry.lineage if ancestry else Lineage.start((width, height))
    return Ancestry(inputs.first_input(index), lineage.advance(preserved.change_mask))


def explain_preserved(inputs: EditInputs, output: EngineOutput, preserved: Preserved) -> Mapping[str, Any]:
    """Return what the preserve step found and did, JSON-ready, with the mask as runs."""
    if preserved.report is not None:
        return preserved.report.to_json(preserved.change_mask)
    if output.is_reframed:
        return _explain_reframed(output, preserved)
    if not inputs.pictures:
        return _explain_new("generated", "The picture was made from words alone: there was nothing to keep.", preserved)
    outside = preserved.change_mask == 0
    base = inputs.fitted(output.base_index)
    before = psnr_db(base, output.pixels[..., :3], outside) if base.shape[:2] == outside.shape else None
    kind, summary = "known", "The engine knew what it changed: every pixel outside the mask is the input's."
    if inputs.mask is not None:
        kind, summary = "masked", "The mask said where the edit may be: every pixel outside of it is the input's."
    elif output.is_global:
        kind, summary = "global", "The edit touches the whole picture."
    return {
        "kind": kind,
        "summary": summary,
        "changed_share": round(preserved.changed_share, 6),
        "confidence": 1.0,
        "alignment": {"model": "identity", "confidence": 1.0},
        "outside": {"psnr_before_db": None if before is None else round(before, 2), "exact_after": True},
        "mask": encode_mask_runs(np.asarray(~outside)),
    }


def _explain_reframed(output: EngineOutput, preserved: Preserved) -> Mapping[str, Any]:
    """Return the report of a reframed picture: how it lies on the input, and how much of it shows something else."""
    known = None if output.change_mask is None else float((output.change_mask > 0).mean())
    summary = "The picture was reframed: no pixel lies where the input has it, and nothing was restored."
    return {
        **_explain_new("reframed", summary, preserved),
        "edited_share": None if known is None else round(known, 6),
        "alignment": {**(output.frame.to_json() if output.frame else {"model": "none"}), "confidence": 1.0},
    }


def _explain_new(kind: str, summary: str, preserved: Preserved) -> dict[str, Any]:
    """Return the report of a picture none of whose pixels lies where an input has it."""
    return {
        "kind": kind,
        "summary": summary,
        "changed_share": round(preserved.changed_share, 6),
        "confidence": 1.0,
        "alignment": {"model": "none", "confidence": 1.0},
        "outside": {"psnr_before_db": None, "exact_after": False},
        "mask": encode_mask_runs(preserved.change_mask > 0),
    }
