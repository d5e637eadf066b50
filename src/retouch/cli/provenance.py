"""``retouch provenance``: what a file says about its own origin."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from retouch.cli.output import print_error, print_json, product

if TYPE_CHECKING:
    from retouch.provenance.reading import C2paReport, ProvenanceReport

__all__ = ["provenance"]

_MAX_BYTES = 256 << 20
_NAMES = {
    "digital_source_type": "source type",
    "creator_tool": "made with",
    "ai_system": "AI system",
    "creator": "creator",
    "copyright": "copyright",
    "credit": "credit",
    "usage_terms": "usage terms",
}
_STATES = {
    "valid": "valid: the file is as it was signed; whether the signer is who they say is not known",
    "trusted": "valid, and the signer is trusted",
    "invalid": "NOT valid: the file or its manifest was changed after it was signed",
    "unchecked": "present; to check it: pip install 'retouch[c2pa]'",
}


def provenance(
    file: Annotated[Path, typer.Argument(help="A JPEG, PNG or WebP picture.", metavar="FILE", dir_okay=False)],
    trust: Annotated[
        Path | None,
        typer.Option(help="Certificates in PEM whose holders are trusted to sign.", dir_okay=False, show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> int:
    """Tell what a picture says about its own origin: its XMP, and its C2PA manifest if it has one.

    XMP can be written by anybody; a C2PA manifest that is valid was signed by the one it names. No other host is asked.
    Exit code 0: read, whatever it says; 1: the C2PA manifest is not valid; 2: the file can't be read.
    """
    from retouch.errors import InvalidValueError, RetouchError
    from retouch.provenance.reading import read_provenance

    try:
        data = _read(file, "FILE")
        anchors = None if trust is None else _read(trust, "--trust").decode("ascii", "replace")
        report = read_provenance(data, trust_anchors=anchors)
        if report.media_type is None:
            raise InvalidValueError("FILE", "a JPEG, PNG or WebP picture", file.name)
    except RetouchError as exc:
        return print_error(exc, as_json=as_json)
    if as_json:
        print_json(asdict(report))
    else:
        _print(report)
    return 1 if report.c2pa is not None and report.c2pa.state == "invalid" else 0


def _read(path: Path, name: str) -> bytes:
    from retouch.errors import InvalidValueError

    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InvalidValueError(name, f"a file of at most {_MAX_BYTES >> 20} MiB", path.name)
        return path.read_bytes()
    except OSError as exc:
        raise InvalidValueError(name, "a file that can be read", path.name) from exc


def _print(report: "ProvenanceReport") -> None:
    if not report.xmp and report.xmp_problem is None:
        product.print("XMP: says nothing about its origin")
    if report.xmp_problem is not None:
        product.print(f"XMP: not read. {escape(report.xmp_problem)}")
    for key, value in report.xmp.items():
        product.print(f"XMP {_NAMES[key]}: {_plain(value)}", soft_wrap=True)
    if report.c2pa is None:
        product.print("C2PA: no manifest")
        return
    _print_c2pa(report.c2pa)


def _print_c2pa(found: "C2paReport") -> None:
    product.print(f"C2PA: {_STATES.get(found.state, found.state)}", soft_wrap=True)
    lines = {
        "signed by": found.signer,
        "made with": found.generator,
        "actions": ", ".join(found.actions),
        "source type": ", ".join(found.source_types),
        "problems": ", ".join(found.problems),
    }
    for name, value in lines.items():
        if value:
            product.print(f"C2PA {name}: {_plain(value)}", soft_wrap=True)


def _plain(text: str) -> str:
    """A text from a stranger's file, without what a terminal would obey."""
    return escape("".join(char if char.isprintable() else " " for char in text))
