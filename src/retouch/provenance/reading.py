"""What a file says about its own origin: its XMP, and its C2PA manifest if that holds."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from retouch.errors import ConfigurationError
from retouch.provenance.container import find_xmp, has_c2pa, media_type_of
from retouch.provenance.signing import library_context
from retouch.provenance.xmp import XmpError, read_packet

__all__ = ["C2paReport", "ProvenanceReport", "read_provenance"]

_SHOWN: Final[Mapping[str, str]] = {
    "digital_source_type": "Iptc4xmpExt:DigitalSourceType",
    "creator_tool": "xmp:CreatorTool",
    "ai_system": "Iptc4xmpExt:AISystemUsed",
    "creator": "dc:creator",
    "copyright": "dc:rights",
    "credit": "photoshop:Credit",
    "usage_terms": "xmpRights:UsageTerms",
}
_MAX_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class C2paReport:
    """What the C2PA library found.

    Attributes
    ----------
    state : str
        "valid" (the file is as it was signed), "trusted" (and the signer is known to be who they say), "invalid" (the file or the
        manifest was changed, or the signature is wrong), or "unchecked" (the extra is not installed).
    signer : str or None
    generator : str or None
    actions : tuple of str
        In order: "c2pa.opened", "c2pa.edited".
    source_types : tuple of str
        That the actions declare, as URIs.
    problems : tuple of str
        Codes of the C2PA specification: "assertion.dataHash.mismatch".
    """

    state: str
    signer: str | None = None
    generator: str | None = None
    actions: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProvenanceReport:
    """What a file says.

    Attributes
    ----------
    media_type : str or None
        None for a format whose metadata is not read.
    xmp : mapping of str to str
        The properties of ``_SHOWN`` that it has, each cut to 500 characters. Anybody can write anything there.
    xmp_problem : str or None
        Why its packet was not read.
    c2pa : C2paReport or None
        None where there is no manifest.
    """

    media_type: str | None
    xmp: Mapping[str, str] = field(default_factory=dict)
    xmp_problem: str | None = None
    c2pa: C2paReport | None = None


def read_provenance(data: bytes, *, trust_anchors: str | None = None) -> ProvenanceReport:
    """Return what a JPEG, PNG or WebP file says about its origin. No other host is asked, whatever the file names.

    Parameters
    ----------
    data : bytes
    trust_anchors : str, optional
        Certificates in PEM whose holders are trusted to sign.
    """
    media_type = media_type_of(data)
    if media_type is None:
        return ProvenanceReport(None)
    found, problem = _read_xmp(data)
    manifest = _read_c2pa(data, media_type, trust_anchors) if has_c2pa(data) else None
    return ProvenanceReport(media_type, found, problem, manifest)


def _read_xmp(data: bytes) -> tuple[dict[str, str], str | None]:
    packet_bytes = find_xmp(data)
    if packet_bytes is None:
        return {}, None
    try:
        packet = read_packet(packet_bytes)
    except XmpError as exc:
        return {}, str(exc)
    texts = {key: packet.text(name) for key, name in _SHOWN.items()}
    return {key: text[:_MAX_TEXT] for key, text in texts.items() if text}, None


def _read_c2pa(data: bytes, media_type: str, trust_anchors: str | None) -> C2paReport:
    try:
        context = library_context(trust_anchors)
    except ConfigurationError:
        return C2paReport("unchecked")
    import c2pa

    try:
        with c2pa.Reader(media_type, io.BytesIO(data), context=context) as reader:
            state = str(reader.get_validation_state() or "Invalid").lower()
            store = json.loads(reader.json())
    except (c2pa.C2paError, ValueError):
        return C2paReport("invalid", problems=("manifest.unreadable",))
    return _summarize(state, store)


def _summarize(state: str, store: Mapping[str, Any]) -> C2paReport:
    manifest = store.get("manifests", {}).get(store.get("active_manifest"), {})
    signature = manifest.get("signature_info") or {}
    generators = manifest.get("claim_generator_info") or [{}]
    actions = [
        action
        for assertion in manifest.get("assertions", ())
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in assertion.get("data", {}).get("actions", ())
    ]
    failures = (store.get("validation_results") or {}).get("activeManifest", {}).get("failure", ())
    named = (str(part) for part in (generators[0].get("name"), generators[0].get("version")) if part)
    return C2paReport(
        state,
        signer=signature.get("common_name") or signature.get("issuer"),
        generator=" ".join(named) or None,
        actions=tuple(str(action.get("action")) for action in actions),
        source_types=tuple(str(each["digitalSourceType"]) for each in actions if "digitalSourceType" in each),
        problems=tuple(dict.fromkeys(str(each.get("code")) for each in failures)),
    )
