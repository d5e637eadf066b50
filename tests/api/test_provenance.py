"""Every answer says how it came to be; where there is a certificate, in the operator's name."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut
from tests.authority import make_authority

from retouch.errors import ConfigurationError
from retouch.provenance.container import find_xmp, insert_xmp
from retouch.provenance.reading import read_provenance
from retouch.provenance.xmp import merge_packet

GENERATIONS = "/v1/images/generations"
CV = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def fetch(client, answer) -> bytes:
    return client.get(answer.json()["data"][0]["url"]).content


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.fixture
def edit(body):
    def send(client, **changes) -> bytes:
        answer = client.post(GENERATIONS, json=body(seed=3, **changes))
        assert answer.status_code == 200, answer.text
        return fetch(client, answer)

    return send


@pytest.fixture(scope="module")
def authority():
    return make_authority()


@pytest.mark.parametrize("output_format", ["png", "jpeg"])
def test_every_answer_says_that_it_was_edited_and_by_what(client, edit, output_format):
    data = edit(client, output_format=output_format)
    report = read_provenance(data)
    assert (
        report.xmp["digital_source_type"] == f"{CV}compositeWithTrainedAlgorithmicMedia"
    )  # the fake engine is not known
    assert report.xmp["creator_tool"].startswith("Retouch ")
    assert report.xmp["creator_tool"].endswith("(fake/1)")
    assert report.c2pa is None
    assert edit(client, output_format=output_format) == data


def test_the_setting_changes_no_pixel(client, edit, serve):
    labelled = edit(client, output_format="png")
    plain = edit(serve(provenance={"embed": False}), output_format="png")
    assert find_xmp(plain) is None
    assert np.array_equal(pixels(plain), pixels(labelled))


def test_an_answer_of_the_inputs_own_size_keeps_what_its_owner_wrote(client, edit):
    buffer = io.BytesIO()
    Image.fromarray(astronaut()).save(buffer, "JPEG")
    owned = insert_xmp(buffer.getvalue(), merge_packet(None, {"dc:rights": "© Ann", "photoshop:Credit": "NASA"}))
    uri = f"data:image/jpeg;base64,{base64.b64encode(owned).decode()}"
    for output_format in ("png", "jpeg"):
        kept = read_provenance(edit(client, image_url=uri, size="original", output_format=output_format)).xmp
        assert (kept["copyright"], kept["credit"]) == ("© Ann", "NASA")
    assert "copyright" not in read_provenance(edit(client, image_url=uri)).xmp


@pytest.mark.parametrize("output_format", ["png", "jpeg"])
def test_with_a_certificate_answers_are_signed_and_their_pixels_are_the_same(
    client, edit, serve, authority, tmp_path, output_format
):
    certificate, key = authority.write(tmp_path)
    signing = serve(provenance={"certificate": str(certificate), "private_key": str(key)})
    signed = edit(signing, output_format=output_format)
    report = read_provenance(signed, trust_anchors=authority.root)
    assert report.c2pa is not None
    assert (report.c2pa.state, report.c2pa.actions) == ("trusted", ("c2pa.opened", "c2pa.edited"))
    assert report.c2pa.source_types == (report.xmp["digital_source_type"],)
    assert np.array_equal(pixels(signed), pixels(edit(client, output_format=output_format)))
    changed = pixels(signed).copy()
    assert edit(signing, output_format=output_format) != signed
    assert np.array_equal(pixels(edit(signing, output_format=output_format)), changed)


def test_a_certificate_without_its_key_keeps_the_server_from_starting(serve, authority, tmp_path):
    certificate, key = authority.write(tmp_path)
    with pytest.raises(ConfigurationError, match="certificate and private_key are needed together"):
        serve(provenance={"certificate": str(certificate)})
    key.write_text(make_authority().key)
    with pytest.raises(ConfigurationError, match="does not belong to the first certificate"):
        serve(provenance={"certificate": str(certificate), "private_key": str(key)})
