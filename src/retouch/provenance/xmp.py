"""XMP packets: read one that may be hostile, merge what an owner wrote with what is true of an answer, write one.

A packet is RDF in XML. Read are the properties of all ``rdf:Description`` elements, each as its XML, so that what is not known
here is kept as it is. No document type, no entity, no other encoding than UTF-8, a cap on bytes, depth and elements: what
breaks one of these is not read at all.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from retouch.provenance.container import MAX_PACKET_BYTES, MAX_READ_BYTES

__all__ = ["Packet", "XmpError", "merge_packet", "read_packet", "write_packet"]

_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_MAX_DEPTH: Final = 24
_MAX_ELEMENTS: Final = 4_000
_DECLARATION: Final = re.compile(r"<!(?!--|\[CDATA\[)")

NAMESPACES: Final[Mapping[str, str]] = {
    "xml": "http://www.w3.org/XML/1998/namespace",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "dcterms": "http://purl.org/dc/terms/",
    "cc": "http://creativecommons.org/ns#",
}
_PREFIXES: Final = {uri: prefix for prefix, uri in NAMESPACES.items()}

_RIGHTS: Final = frozenset(("dc", "xmpRights", "plus", "cc", "Iptc4xmpCore"))
_ALSO_RIGHTS: Final = frozenset(
    ("photoshop:Credit", "photoshop:Source", "photoshop:AuthorsPosition", "photoshop:Instructions")
)
"""With the namespaces of ``_RIGHTS``: who owns the picture. Kept even where the rest has no room."""
_NO_LONGER_TRUE: Final = frozenset(
    (
        "tiff:Orientation",  # is applied
        "tiff:ImageWidth",
        "tiff:ImageLength",
        "exif:PixelXDimension",
        "exif:PixelYDimension",
        "xmp:ModifyDate",
        "xmp:MetadataDate",
        "xmp:Thumbnails",  # show the picture before the edit
        "xmpMM:InstanceID",
        "xmpMM:History",
        "xmpMM:DerivedFrom",
        "dcterms:provenance",  # leads to a C2PA manifest of the picture before the edit
        "photoshop:DocumentAncestors",
    )
)
_GONE_WITH_THE_FILE: Final = (
    "http://ns.google.com/photos/1.0/",  # depth maps, motion photos, panoramas: appended data that an answer does not have
    "http://ns.adobe.com/xmp/note/",
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.apple.com/HDRGainMap/1.0/",
)


class XmpError(ValueError):
    """A packet can't be read: damaged, too large, or of a form that is refused."""


@dataclass(frozen=True, slots=True)
class Packet:
    """The properties of a packet.

    Attributes
    ----------
    properties : tuple of Element
        In order, one element a property, its tag in ElementTree's form ``{namespace}name``.
    """

    properties: tuple[ET.Element, ...] = ()

    def text(self, name: str) -> str | None:
        """Return a property's value as text, None where it is not there. Of several items or languages the first is taken.

        Parameters
        ----------
        name : str
            With one of the prefixes of ``NAMESPACES``: "xmp:CreatorTool".
        """
        tag = _tag(name)
        for element in self.properties:
            if element.tag == tag:
                resource = element.get(f"{_RDF}resource")
                return resource or next((text for each in element.iter() if (text := (each.text or "").strip())), None)
        return None


def read_packet(data: bytes) -> Packet:
    """Read a packet.

    Parameters
    ----------
    data : bytes
        With or without the ``<?xpacket?>`` around it.

    Raises
    ------
    XmpError
        See the module's own words.
    """
    if len(data) > MAX_READ_BYTES:
        raise XmpError(f"The XMP packet has {len(data)} bytes; at most {MAX_READ_BYTES} are read.")
    try:
        text = data.decode("utf-8").strip("\ufeff\x00 \r\n\t")
    except UnicodeDecodeError as exc:
        raise XmpError("The XMP packet is not in UTF-8.") from exc
    if _DECLARATION.search(text):
        raise XmpError("The XMP packet declares a document type or entities, which is refused.")
    root = _parse(text)
    properties: list[ET.Element] = []
    for description in (each for rdf in root.iter(f"{_RDF}RDF") for each in rdf.findall(f"{_RDF}Description")):
        properties.extend(_from_attributes(description))
        properties.extend(description)
    return Packet(tuple(properties))


def _parse(text: str) -> ET.Element:
    """Build the tree while counting, so that a deep or a long one is given up before it is complete."""
    parser: ET.XMLPullParser[ET.Element] = ET.XMLPullParser(("start", "end"))
    depth = count = 0
    root: ET.Element | None = None
    try:
        for start in range(0, len(text), 65_536):
            parser.feed(text[start : start + 65_536])
            for event, element in cast("Iterator[tuple[str, ET.Element]]", parser.read_events()):
                root = element if root is None else root
                depth += 1 if event == "start" else -1
                count += event == "start"
                if depth > _MAX_DEPTH or count > _MAX_ELEMENTS:
                    raise XmpError(
                        f"The XMP packet is deeper than {_MAX_DEPTH} or longer than {_MAX_ELEMENTS} elements."
                    )
        parser.close()
    except ET.ParseError as exc:
        raise XmpError("The XMP packet is not well-formed XML.") from exc
    if root is None:
        raise XmpError("The XMP packet is empty.")
    return root


def _from_attributes(description: ET.Element) -> list[ET.Element]:
    """Return the properties that are written as attributes, as elements."""
    found = []
    for name, value in description.attrib.items():
        if name.startswith((_RDF, _XML)) or not name.startswith("{"):
            continue
        element = ET.Element(name)
        element.text = value
        found.append(element)
    return found


def merge_packet(owners: Packet | None, ours: Mapping[str, str]) -> bytes:
    """Return a packet with what is true of an answer and what the input's owner wrote.

    Parameters
    ----------
    owners : Packet or None
        Of the input. Kept whole but for what an edit makes untrue (dates of change, sizes, previews, references to data that is
        not in the answer). Where that is more than a file holds, who owns the picture is kept and the rest is not.
    ours : mapping of str to str
        Simple properties by prefixed name. They replace the owner's of the same name.

    Returns
    -------
    bytes
        The same for the same arguments: no date is in it.
    """
    replaced = {_tag(name) for name in ours}
    mine = [_simple(name, value) for name, value in ours.items()]
    kept = [each for each in (owners.properties if owners else ()) if each.tag not in replaced and _still_true(each)]
    packet = write_packet([*mine, *kept])
    if len(packet) <= MAX_PACKET_BYTES:
        return packet
    packet = write_packet([*mine, *(each for each in kept if _is_about_rights(each))])
    return packet if len(packet) <= MAX_PACKET_BYTES else write_packet(mine)


def write_packet(properties: Sequence[ET.Element]) -> bytes:
    """Write properties as a packet; namespaces that are not known get the prefixes ns0, ns1, ..."""
    prefixes = _prefixes_for(properties)
    declared = "".join(f" xmlns:{prefix}={quoteattr(uri)}" for uri, prefix in prefixes.items() if prefix != "xml")
    body = "".join(f"\n   {_to_text(each, prefixes)}" for each in properties)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        f'  <rdf:Description rdf:about=""{declared}>{body}\n  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n'
        '<?xpacket end="w"?>'
    ).encode()


def _prefixes_for(properties: Sequence[ET.Element]) -> dict[str, str]:
    names = [name for each in properties for inner in each.iter() for name in (inner.tag, *inner.attrib)]
    uris = dict.fromkeys(_split(str(name))[0] for name in names)
    unknown = [uri for uri in uris if uri and uri not in _PREFIXES]
    numbered = {uri: f"ns{number}" for number, uri in enumerate(unknown)}
    return {uri: _PREFIXES.get(uri) or numbered[uri] for uri in uris if uri and _PREFIXES.get(uri) != "rdf"}


def _to_text(element: ET.Element, prefixes: Mapping[str, str]) -> str:
    """Write an element; ``_MAX_DEPTH`` bounds the recursion."""
    name = _qualified(element.tag, prefixes)
    attributes = "".join(f" {_qualified(key, prefixes)}={quoteattr(value)}" for key, value in element.attrib.items())
    inner = "".join(_to_text(child, prefixes) for child in element)
    text = escape((element.text or "").strip() if len(element) else element.text or "")
    return f"<{name}{attributes}>{text}{inner}</{name}>" if text or inner else f"<{name}{attributes}/>"


def _qualified(name: str, prefixes: Mapping[str, str]) -> str:
    uri, local = _split(name)
    return local if not uri else f"{'rdf' if uri == NAMESPACES['rdf'] else prefixes[uri]}:{local}"


def _split(name: str) -> tuple[str, str]:
    """Return namespace and local name of ``{namespace}name``."""
    if not name.startswith("{"):
        return "", name
    uri, _, local = name[1:].partition("}")
    return uri, local


def _tag(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _simple(name: str, value: str) -> ET.Element:
    element = ET.Element(_tag(name))
    element.text = value
    return element


def _prefixed(element: ET.Element) -> tuple[str, str]:
    """Return a known prefix ("" for none) and the prefixed name of a property."""
    uri, local = _split(element.tag)
    prefix = _PREFIXES.get(uri, "")
    return prefix, f"{prefix}:{local}"


def _still_true(element: ET.Element) -> bool:
    return _prefixed(element)[1] not in _NO_LONGER_TRUE and not _split(element.tag)[0].startswith(_GONE_WITH_THE_FILE)


def _is_about_rights(element: ET.Element) -> bool:
    prefix, name = _prefixed(element)
    return prefix in _RIGHTS or name in _ALSO_RIGHTS
