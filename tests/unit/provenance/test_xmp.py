"""Packets are read without trust, merged without loss of what an owner wrote, and written the same every time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retouch.provenance.container import MAX_PACKET_BYTES
from retouch.provenance.xmp import NAMESPACES, XmpError, merge_packet, read_packet

OWNERS = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
  xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:mine="https://example.org/mine/"
  xmp:CreatorTool="Darkroom 3" xmp:CreateDate="2020-01-01" xmp:ModifyDate="2021-01-01" photoshop:Credit="Ann &amp; Co"
  tiff:Orientation="6" mine:Shelf="B7"/>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
 <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Ann</rdf:li><rdf:li xml:lang="de">© Anna</rdf:li></rdf:Alt></dc:rights>
 <dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""
OURS = {"xmp:CreatorTool": "Retouch", "Iptc4xmpExt:DigitalSourceType": "http://example.org/<type>"}


def rdf(body: str) -> bytes:
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items() if prefix != "xml")
    return f"<rdf:RDF {declared}>{body}</rdf:RDF>".encode()


def test_an_owners_rights_stay_and_what_an_edit_makes_untrue_goes() -> None:
    merged = merge_packet(read_packet(OWNERS.encode()), OURS)
    packet = read_packet(merged)
    assert packet.text("dc:rights") == "© Ann"
    assert packet.text("dc:creator") == "Ann"
    assert packet.text("photoshop:Credit") == "Ann & Co"
    assert packet.text("xmp:CreateDate") == "2020-01-01"
    assert "© Anna".encode() in merged
    assert b"B7" in merged
    assert packet.text("xmp:CreatorTool") == "Retouch"
    assert packet.text("xmp:ModifyDate") is None
    assert packet.text("tiff:Orientation") is None


def test_merging_what_was_merged_changes_nothing() -> None:
    once = merge_packet(read_packet(OWNERS.encode()), OURS)
    assert merge_packet(read_packet(once), OURS) == once


def test_where_there_is_no_room_rights_are_kept_before_the_rest() -> None:
    long = "x" * MAX_PACKET_BYTES
    owners = read_packet(rdf(f'<rdf:Description xmp:Label="{long}" dc:rights="© Ann"/>'))
    merged = merge_packet(owners, OURS)
    assert len(merged) <= MAX_PACKET_BYTES
    assert read_packet(merged).text("dc:rights") == "© Ann"
    assert read_packet(merged).text("xmp:Label") is None
    rights_too_long = read_packet(rdf(f'<rdf:Description dc:rights="{long}"/>'))
    assert read_packet(merge_packet(rights_too_long, OURS)).text("xmp:CreatorTool") == "Retouch"


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/">]><x>&a;</x>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16"),
        b"<a>" * 1000 + b"</a>" * 1000,
        b"<a>" + b"<b/>" * 20_000 + b"</a>",
        b"<a" * 500_000,
        b"x" * (1 << 21),
        b"",
        b"\x00",
        b"<a>\xff</a>",
        b"<a>&undefined;</a>",
    ],
    ids=range(12),
)
def test_a_hostile_packet_is_refused_at_once(hostile: bytes) -> None:
    started = time.process_time()
    with pytest.raises(XmpError):
        read_packet(hostile)
    assert time.process_time() - started < 2


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        packet = read_packet(
            b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>" + data + b"</rdf:RDF>"
        )
    except XmpError:
        return
    read_packet(merge_packet(packet, OURS))


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=60
    )
)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    packet = read_packet(merge_packet(None, {"xmp:CreatorTool": f"a{text}a"}))
    assert packet.text("xmp:CreatorTool") == f"a{text}a".strip()
