"""A signed answer validates, names its input, and no longer validates once a pixel was changed."""

import http.server
import io
import sys
import threading

import numpy as np
import pytest
from PIL import Image
from tests.authority import Authority, make_authority
from tests.unit.provenance.conftest import picture, pixels_of

from retouch.errors import ConfigurationError
from retouch.provenance.container import find_xmp, has_c2pa, insert_xmp
from retouch.provenance.identity import load_identity
from retouch.provenance.reading import read_provenance
from retouch.provenance.signing import C2paSigner
from retouch.provenance.xmp import merge_packet
from retouch.types import Making

CV = "http://cv.iptc.org/newscodes/digitalsourcetype/"
EDITED = Making("builtin/2", f"{CV}humanEdits")
MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg"}


@pytest.fixture(scope="module")
def signer(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> C2paSigner:
    return C2paSigner(load_identity(*authority.write(tmp_path_factory.mktemp("pem"))))


@pytest.mark.parametrize("format_", MEDIA_TYPES)
def test_a_signed_answer_validates_and_says_what_was_done(
    format_: str, signer: C2paSigner, authority: Authority
) -> None:
    answer = insert_xmp(picture(format_), merge_packet(None, {"xmp:CreatorTool": "Retouch"}))
    signed = signer(answer, MEDIA_TYPES[format_], EDITED, [picture("JPEG", seed=1), picture("WEBP", seed=2)])
    report = read_provenance(signed, trust_anchors=authority.root)
    assert report.c2pa is not None
    assert (report.c2pa.state, report.c2pa.problems) == ("trusted", ())
    assert report.c2pa.actions == ("c2pa.opened", "c2pa.placed", "c2pa.edited")
    assert report.c2pa.source_types == (EDITED.digital_source_type,)
    assert (report.c2pa.signer, report.c2pa.generator.split()[0]) == ("A signer", "Retouch")
    assert report.xmp["creator_tool"] == "Retouch"
    assert find_xmp(signed) == find_xmp(answer)
    assert np.array_equal(pixels_of(signed), pixels_of(answer))


def test_a_signer_whom_nobody_knows_is_valid_and_not_trusted(signer: C2paSigner) -> None:
    report = read_provenance(signer(picture("PNG"), "image/png", EDITED, [picture("PNG", seed=1)]))
    assert report.c2pa is not None
    assert report.c2pa.state == "valid"


@pytest.mark.parametrize("format_", MEDIA_TYPES)
def test_a_changed_pixel_is_found(format_: str, signer: C2paSigner, authority: Authority) -> None:
    signed = bytearray(signer(picture(format_), MEDIA_TYPES[format_], EDITED, [picture("JPEG")]))
    pixels = signed.rindex(b"IDAT") + 40 if format_ == "PNG" else len(signed) - 60
    signed[pixels] ^= 1
    report = read_provenance(bytes(signed), trust_anchors=authority.root)
    assert report.c2pa is not None
    assert (report.c2pa.state, report.c2pa.problems) == ("invalid", ("assertion.dataHash.mismatch",))


def test_changed_metadata_is_found_too(signer: C2paSigner) -> None:
    answer = insert_xmp(picture("PNG"), merge_packet(None, {"xmp:CreatorTool": "Retouch"}))
    signed = signer(answer, "image/png", EDITED, [picture("JPEG")])
    report = read_provenance(signed.replace(b"Retouch</xmp", b"Picasso</xmp"))
    assert report.c2pa is not None
    assert report.c2pa.state == "invalid"


def test_a_picture_from_words_alone_was_created_and_has_no_parent(signer: C2paSigner) -> None:
    made = Making("flux/1", f"{CV}trainedAlgorithmicMedia", None)
    report = read_provenance(signer(picture("PNG"), "image/png", made, []))
    assert report.c2pa is not None
    assert report.c2pa.actions == ("c2pa.created",)
    assert report.c2pa.state == "valid"


def test_the_answers_of_a_chain_name_each_other(signer: C2paSigner) -> None:
    first = signer(picture("PNG"), "image/png", EDITED, [picture("JPEG")])
    second = signer(picture("PNG", seed=2), "image/png", EDITED, [first])
    report = read_provenance(second)
    assert report.c2pa is not None
    assert report.c2pa.state == "valid"
    assert len(second) > len(first) > len(picture("PNG"))


@pytest.mark.parametrize("format_", ["BMP", "GIF", "TIFF", "AVIF"])
def test_inputs_in_every_format_can_be_named(format_: str, signer: C2paSigner) -> None:
    report = read_provenance(signer(picture("PNG"), "image/png", EDITED, [picture(format_)]))
    assert report.c2pa is not None
    assert (report.c2pa.state, report.c2pa.actions) == ("valid", ("c2pa.opened", "c2pa.edited"))


@pytest.mark.parametrize("cut", [40, 400, -1])
def test_a_damaged_input_does_not_keep_an_answer_from_being_signed(cut: int, signer: C2paSigner) -> None:
    damaged = signer(picture("JPEG"), "image/jpeg", EDITED, [picture("PNG")])[:cut]
    report = read_provenance(signer(picture("PNG"), "image/png", EDITED, [damaged]))
    assert report.c2pa is not None
    assert report.c2pa.state == "valid"


def test_the_owner_of_the_certificate_is_told_once_the_library_refuses_it(tmp_path, monkeypatch) -> None:
    identity = load_identity(*make_authority().write(tmp_path))
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(ConfigurationError, match=r"retouch\[c2pa\]"):
        C2paSigner(identity)


def test_no_address_that_an_input_names_is_fetched(signer: C2paSigner) -> None:
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/manifest.c2pa"
        luring = insert_xmp(picture("JPEG"), merge_packet(None, {"dcterms:provenance": address}))
        assert address.encode() in luring
        signer(picture("PNG"), "image/png", EDITED, [luring])
        read_provenance(luring)
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


def test_without_the_extra_a_manifest_is_seen_and_not_judged(signer: C2paSigner, monkeypatch) -> None:
    from retouch.provenance import reading

    def missing(_: object) -> None:
        raise ConfigurationError("not installed")

    signed = signer(picture("PNG"), "image/png", EDITED, [picture("JPEG")])
    assert has_c2pa(signed)
    monkeypatch.setattr(reading, "library_context", missing)
    report = read_provenance(signed)
    assert report.c2pa is not None
    assert report.c2pa.state == "unchecked"


def test_a_signed_answer_is_a_picture_for_everybody(signer: C2paSigner) -> None:
    signed = signer(picture("JPEG"), "image/jpeg", EDITED, [picture("JPEG")])
    opened = Image.open(io.BytesIO(signed))
    opened.load()
    assert opened.size == (32, 24)
