"""Where XMP and C2PA lie in a file's bytes. Pixels are never decoded here, and never change.

JPEG keeps XMP in an APP1 segment and C2PA in APP11 segments, PNG in chunks named ``iTXt`` and ``caBX``, WebP in RIFF chunks named
``XMP `` and ``C2PA``. Whatever a file claims about its own lengths is checked before it is believed.

References
----------
Adobe, "XMP Specification Part 3: Storage in Files", 2020. C2PA, "Technical Specification 2.2", appendix A, 2025.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

__all__ = ["MAX_PACKET_BYTES", "find_xmp", "has_c2pa", "insert_xmp", "media_type_of"]

MAX_PACKET_BYTES: Final = 65_000
"""Of an XMP packet that is written: what one JPEG segment holds, with room to spare."""
MAX_READ_BYTES: Final = 1 << 20
"""Of an XMP packet that is read."""

_JPEG: Final = b"\xff\xd8"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_XMP_MARK: Final = b"http://ns.adobe.com/xap/1.0/\x00"
_ITXT_KEYWORD: Final = b"XML:com.adobe.xmp"
_APP0, _APP1, _APP11, _SOS, _EOI = 0xE0, 0xE1, 0xEB, 0xDA, 0xD9
_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""JPEG markers without a length."""
_MAX_PARTS: Final = 10_000
"""Segments or chunks that are looked at; more than that is no picture that anybody made."""


def media_type_of(data: bytes) -> str | None:
    """Return the MIME type of a JPEG, PNG or WebP file, None for anything else."""
    if data.startswith(_JPEG):
        return "image/jpeg"
    if data.startswith(_PNG):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def find_xmp(data: bytes) -> bytes | None:
    """Return the XMP packet of a JPEG, PNG or WebP file as it stands there; None when there is none of a bearable size."""
    kind = media_type_of(data)
    if kind == "image/jpeg":
        found = (part[len(_XMP_MARK) :] for marker, part in _segments(data) if _is_xmp_segment(marker, part))
    elif kind == "image/png":
        found = (text for name, part in _chunks(data) if name == b"iTXt" and (text := _itxt_packet(part)) is not None)
    elif kind == "image/webp":
        found = (part for name, part in _riff_chunks(data) if name == b"XMP ")
    else:
        return None
    packet = next(found, None)
    return packet if packet is not None and len(packet) <= MAX_READ_BYTES else None


def has_c2pa(data: bytes) -> bool:
    """Whether a JPEG, PNG or WebP file carries something that calls itself a C2PA manifest; it may be damaged."""
    kind = media_type_of(data)
    if kind == "image/jpeg":
        return any(marker == _APP11 and part[:2] == b"JP" and b"c2pa" in part[:256] for marker, part in _segments(data))
    if kind == "image/png":
        return any(name == b"caBX" for name, _ in _chunks(data))
    return kind == "image/webp" and any(name == b"C2PA" for name, _ in _riff_chunks(data))


def insert_xmp(data: bytes, packet: bytes) -> bytes:
    """Return a JPEG or PNG file that holds a packet; every other byte of it stays what it was.

    Parameters
    ----------
    data : bytes
        As ``retouch.images.codec`` writes it: without XMP.
    packet : bytes
        At most ``MAX_PACKET_BYTES``.

    Raises
    ------
    ValueError
        The file is neither, or the packet is too long: both are the caller's mistake.
    """
    if len(packet) > MAX_PACKET_BYTES:
        raise ValueError(f"an XMP packet of {len(packet)} bytes does not fit; at most {MAX_PACKET_BYTES}")
    if data.startswith(_PNG):
        end_of_header = len(_PNG) + 12 + 13
        return data[:end_of_header] + _itxt_chunk(packet) + data[end_of_header:]
    if data.startswith(_JPEG):
        place = _behind_jfif_and_exif(data)
        body = _XMP_MARK + packet
        return data[:place] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[place:]
    raise ValueError("XMP can be put into JPEG and PNG files")


def _itxt_chunk(packet: bytes) -> bytes:
    body = b"iTXt" + _ITXT_KEYWORD + b"\x00\x00\x00\x00\x00" + packet  # not compressed, no language, no translation
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _itxt_packet(part: bytes) -> bytes | None:
    """Return the text of an ``iTXt`` chunk that holds XMP."""
    keyword, _, rest = part.partition(b"\x00")
    if keyword != _ITXT_KEYWORD or len(rest) < 2:
        return None
    is_compressed = rest[0] == 1
    text = rest[2:].partition(b"\x00")[2].partition(b"\x00")[2]
    if not is_compressed:
        return text
    try:
        return zlib.decompressobj().decompress(text, MAX_READ_BYTES + 1)
    except zlib.error:
        return None


def _is_xmp_segment(marker: int, part: bytes) -> bool:
    return marker == _APP1 and part.startswith(_XMP_MARK)


def _behind_jfif_and_exif(data: bytes) -> int:
    """Where an XMP segment goes: JFIF has to come first, EXIF is looked for in front of XMP."""
    place = 2
    while (
        data[place : place + 1] == b"\xff"
        and (marker := data[place + 1]) in (_APP0, _APP1)
        and (marker == _APP0 or data[place + 4 : place + 10] == b"Exif\x00\x00")
    ):
        place += 2 + int(struct.unpack_from(">H", data, place + 2)[0])
    return place


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and content of the segments in front of a JPEG's pixels."""
    place = 2
    for _ in range(_MAX_PARTS):
        if place + 4 > len(data) or data[place] != 0xFF:
            return
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker in _BARE_MARKERS:
            place += 2
            continue
        if marker in (_SOS, _EOI):
            return
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if length < 2 or place + 2 + length > len(data):
            return
        yield marker, data[place + 4 : place + 2 + length]
        place += 2 + length


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of a PNG's chunks, pixels left out."""
    place = len(_PNG)
    for _ in range(_MAX_PARTS):
        if place + 12 > len(data):
            return
        length = int.from_bytes(data[place : place + 4], "big")
        name = data[place + 4 : place + 8]
        if name == b"IEND" or place + 12 + length > len(data):
            return
        if name != b"IDAT":
            yield name, data[place + 8 : place + 8 + length]
        place += 12 + length


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of a WebP's chunks."""
    place = 12
    for _ in range(_MAX_PARTS):
        if place + 8 > len(data):
            return
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        if place + 8 + length > len(data):
            return
        yield data[place : place + 4], data[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
