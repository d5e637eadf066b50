"""A packet goes into a file and comes out again, and no other byte of the file changes."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.unit.provenance.conftest import picture, pixels_of

from retouch.provenance.container import MAX_PACKET_BYTES, find_xmp, has_c2pa, insert_xmp, media_type_of

PACKET = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
def test_what_was_inserted_is_found_by_us_and_by_pillow(format_: str) -> None:
    plain = picture(format_)
    labelled = insert_xmp(plain, PACKET)
    assert find_xmp(plain) is None
    assert find_xmp(labelled) == PACKET
    info = Image.open(io.BytesIO(labelled)).info
    assert info["XML:com.adobe.xmp" if format_ == "PNG" else "xmp"] in (PACKET, PACKET.decode())
    assert np.array_equal(pixels_of(labelled), pixels_of(plain))
    place = labelled.index(PACKET)
    assert len(labelled) > len(plain)
    assert plain[-200:] == labelled[-200:]
    assert place < 500


def test_a_jpegs_exif_stays_in_front() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description"
    labelled = insert_xmp(picture("JPEG", exif=exif), PACKET)
    assert labelled.index(b"Exif\x00") < labelled.index(PACKET)
    assert Image.open(io.BytesIO(labelled)).getexif()[0x010E] == "a description"


@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
def test_the_longest_packet_fits_and_a_longer_one_is_a_mistake(format_: str) -> None:
    longest = b"x" * MAX_PACKET_BYTES
    labelled = insert_xmp(picture(format_), longest)
    assert find_xmp(labelled) == longest
    Image.open(io.BytesIO(labelled)).load()
    with pytest.raises(ValueError, match="does not fit"):
        insert_xmp(picture(format_), longest + b"x")


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_packets_that_other_programs_wrote_are_found(format_: str) -> None:
    if format_ == "PNG":
        from PIL.PngImagePlugin import PngInfo

        notes = PngInfo()
        notes.add_itxt("XML:com.adobe.xmp", PACKET.decode(), zip=True)
        data = picture("PNG", pnginfo=notes)
    else:
        data = picture(format_, xmp=PACKET)
    assert find_xmp(data) == PACKET


def test_a_compressed_packet_that_unfolds_to_gigabytes_is_not_unfolded() -> None:
    body = b"iTXtXML:com.adobe.xmp\x00\x01\x00\x00\x00" + zlib.compress(b"x" * (64 << 20), 9)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    plain = picture("PNG")
    assert find_xmp(plain[:33] + chunk + plain[33:]) is None


@given(st.binary(max_size=300), st.sampled_from([b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP"]))
def test_any_bytes_behind_a_magic_number_are_read_without_an_error(data: bytes, magic: bytes) -> None:
    assert media_type_of(magic + data) is not None
    find_xmp(magic + data)
    has_c2pa(magic + data)


@given(st.integers(0, 2**32), st.integers(0, 255))
def test_a_damaged_picture_is_read_without_an_error(place: int, value: int) -> None:
    for format_ in ("PNG", "JPEG", "WEBP"):
        data = bytearray(_LABELLED[format_])
        data[place % len(data)] = value
        find_xmp(bytes(data))
        has_c2pa(bytes(data[: place % len(data)]))


_LABELLED = {"PNG": insert_xmp(picture("PNG"), PACKET), "JPEG": insert_xmp(picture("JPEG"), PACKET)}
_LABELLED["WEBP"] = picture("WEBP", xmp=PACKET)
