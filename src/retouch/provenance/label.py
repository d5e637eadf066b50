"""Write into a finished file how it was made."""

from typing import Final

from retouch._version import __version__
from retouch.provenance.container import find_xmp, insert_xmp
from retouch.provenance.source_type import DigitalSourceType
from retouch.provenance.xmp import Packet, XmpError, merge_packet, read_packet
from retouch.types import Making

__all__ = ["GENERATOR", "declared_source_type", "label_file", "read_packet_leniently"]

GENERATOR: Final = f"Retouch {'.'.join(__version__.split('.')[:2])}"
"""Who made it, without the last number of the version: a corrected release gives the same bytes."""


def label_file(data: bytes, making: Making, owners_xmp: bytes | None = None) -> bytes:
    """Return a finished JPEG or PNG with XMP that says how it was made; its pixels are not touched.

    Parameters
    ----------
    data : bytes
        Without XMP.
    making : Making
    owners_xmp : bytes, optional
        The packet of the input whose metadata the answer keeps. One that can't be read is left behind.

    Returns
    -------
    bytes
        The same for the same arguments.
    """
    ours = {
        "Iptc4xmpExt:DigitalSourceType": making.digital_source_type,
        "xmp:CreatorTool": f"{GENERATOR} ({making.engine})",
    }
    if DigitalSourceType(making.digital_source_type).is_generative:
        ours["Iptc4xmpExt:AISystemUsed"] = making.engine
    return insert_xmp(data, merge_packet(read_packet_leniently(owners_xmp), ours))


def declared_source_type(data: bytes) -> str | None:
    """Return the ``DigitalSourceType`` that a file's XMP declares, as it stands there; None when it says none."""
    packet = read_packet_leniently(find_xmp(data))
    return None if packet is None else packet.text("Iptc4xmpExt:DigitalSourceType")


def read_packet_leniently(data: bytes | None) -> Packet | None:
    """Return a packet, None for one that is not there or that is refused: a photo is edited whatever its metadata."""
    if data is None:
        return None
    try:
        return read_packet(data)
    except XmpError:
        return None
