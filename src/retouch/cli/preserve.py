"""``retouch preserve``: an edit from any editor in, the same edit out with every untouched pixel of the input restored."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retouch.cli.output import print_error, print_json, product
from retouch.errors import ImageDecodeError, ImageError, RetouchError, StorageError
from retouch.types import OutputFormat

if TYPE_CHECKING:
    from retouch.images.array_types import Mask, Pixels
    from retouch.preserve.composite import Preserved
    from retouch.preserve.source_file import EncodedAnswer, SourceFile

__all__ = ["preserve"]


class SizeChoice(StrEnum):
    """Whose resolution the answer has."""

    EDITED = "edited"
    ORIGINAL = "original"


def preserve(
    original: Annotated[
        Path, typer.Argument(metavar="ORIGINAL", help="The picture before the edit.", show_default=False)
    ],
    edited: Annotated[
        Path, typer.Argument(metavar="EDITED", help="The picture after it, from any editor.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Where the picture goes; its ending (.jpg, .png) chooses the format.",
            show_default=False,
        ),
    ],
    mask: Annotated[
        Path | None,
        typer.Option(
            "--mask",
            help="White where the edit is, black where nothing may change. Found when left out.",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        SizeChoice, typer.Option(help='"original" brings the edit into ORIGINAL at its own resolution.')
    ] = SizeChoice.EDITED,
    save_mask: Annotated[
        Path | None, typer.Option("--save-mask", help="Save the mask of the change as a PNG.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, errors too.")] = False,
) -> int:
    """Restore every pixel that an edit did not mean to touch.

    Exit code 0: done; 1: a picture can't be read or written; 2: wrong usage.
    """
    from retouch.cli.edit import choose_format
    from retouch.images.codec import encode_mask

    try:
        output_format = choose_format(out, None)
        source, result = _restore(original, edited, mask, size)
        _require_alignment(result)
        answer = _encode(source, result, size, output_format)
        _write(out, answer.data)
        if save_mask is not None:
            _write(save_mask, encode_mask(result.change_mask))
    except RetouchError as exc:
        return print_error(exc, as_json=as_json)
    if as_json:
        print_json(report_body(result, answer, out))
    else:
        product.print(_in_words(result, answer, out), soft_wrap=True, markup=False)
    return 0


def _restore(original: Path, edited: Path, mask: Path | None, size: SizeChoice) -> "tuple[SourceFile, Preserved]":
    from retouch.images.codec import decode
    from retouch.preserve.facade import preserve as restore
    from retouch.preserve.original import composite_into_original
    from retouch.preserve.source_file import read_source_file

    source = read_source_file(_read(original))
    edit = decode(_read(edited), index=1).pixels
    if size is SizeChoice.ORIGINAL:
        wanted = None if mask is None else _read_mask(mask, source.pixels.shape[:2])
        result = composite_into_original(
            source.pixels, edit, mask=wanted, native=source.native, to_native=source.to_native
        )
    else:
        result = restore(source.pixels, edit, mask=None if mask is None else _read_mask(mask, edit.shape[:2]))
    return source, result


def _require_alignment(result: "Preserved") -> None:
    """Raise ``ImageError`` for pictures that have too little in common: nothing could be restored."""
    if result.report is not None and result.report.kind == "global" and not result.report.alignment.found:
        raise ImageError(
            "The pictures could not be aligned, so nothing can be restored. Is EDITED made from ORIGINAL? A --mask says where "
            "the edit is."
        )


def _encode(
    source: "SourceFile", result: "Preserved", size: SizeChoice, output_format: OutputFormat
) -> "EncodedAnswer":
    from retouch.images.codec import encode
    from retouch.preserve.source_file import EncodedAnswer, encode_like

    if size is SizeChoice.ORIGINAL:
        return encode_like(source, result.pixels, result.change_mask, output_format)
    lossless = output_format is OutputFormat.PNG
    notes = () if lossless else ("A JPEG loses a little everywhere: PNG is exact.",)
    return EncodedAnswer(encode(result.pixels, output_format), lossless, None, 0, notes)


def report_body(result: "Preserved", answer: "EncodedAnswer", out: Path) -> dict[str, Any]:
    """Return the report as JSON-ready values, the mask as runs."""
    assert result.report is not None
    body = result.report.to_json(result.change_mask)
    body["file"] = {
        "path": str(out),
        "lossless": answer.lossless,
        "psnr_outside_db": None if answer.psnr_outside_db is None else round(answer.psnr_outside_db, 2),
        "max_difference_outside": answer.max_difference_outside,
        "notes": list(answer.notes),
    }
    return body


def _in_words(result: "Preserved", answer: "EncodedAnswer", out: Path) -> str:
    report = result.report
    assert report is not None
    lines = [report.summary, f"Changed: {report.changed_share:.1%} of the pixels. Confidence: {report.confidence:.2f}."]
    if report.psnr_outside_before_db is not None and report.kind != "global":
        lines.append(
            f"Outside of the edit the edited picture was at {report.psnr_outside_before_db:.1f} dB; now it is exact."
        )
    lines += [*answer.notes, f"Saved {out}"]
    return "\n".join(lines)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise ImageError(f"{path} can't be read: {exc.strerror}.") from exc


def _write(path: Path, data: bytes) -> None:
    from retouch.atomic import write_atomically

    try:
        write_atomically(path, data)
    except OSError as exc:
        raise StorageError(f"{path} can't be written: {exc.strerror}.") from exc


def _read_mask(path: Path, size_hw: tuple[int, ...]) -> "Mask":
    """Return a mask picture at the answer's size: 1 where it is brighter than middle gray."""
    import cv2
    import numpy as np

    from retouch.images.codec import decode

    pixels: Pixels = decode(_read(path)).pixels
    ratio_off = abs(pixels.shape[1] * size_hw[0] - pixels.shape[0] * size_hw[1]) / (pixels.shape[0] * size_hw[1])
    if ratio_off > 0.02:
        raise ImageDecodeError(
            f"The mask has {pixels.shape[1]}x{pixels.shape[0]} pixels; the answer has {size_hw[1]}x{size_hw[0]}. "
            "Make a mask of the answer's size."
        )
    bright = (pixels.max(axis=2) > 127).astype(np.uint8)
    scaled = cv2.resize(bright, (size_hw[1], size_hw[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(scaled, dtype=np.float32)
