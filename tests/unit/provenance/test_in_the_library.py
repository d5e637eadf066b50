"""The library's answers say how they came to be, and hide nothing that their inputs admit."""

import numpy as np
import pytest
from tests.unit.provenance.conftest import picture, pixels_of

from retouch.engines.registry import EngineRegistry
from retouch.library import Editor
from retouch.provenance.container import find_xmp, insert_xmp
from retouch.provenance.reading import read_provenance
from retouch.provenance.xmp import merge_packet
from retouch.testing import fake_registry

CV = "http://cv.iptc.org/newscodes/digitalsourcetype/"
PHOTO = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)


@pytest.fixture
def registry() -> EngineRegistry:
    return fake_registry()


def test_files_say_how_they_came_to_be_unless_that_is_turned_off(registry: EngineRegistry) -> None:
    said = Editor(registry=registry).edit(PHOTO, "anything", seed=1, output_format="png").images[0]
    silent = (
        Editor(registry=registry, embed_provenance=False).edit(PHOTO, "anything", seed=1, output_format="png").images[0]
    )
    assert find_xmp(said.data) is not None
    assert find_xmp(silent.data) is None
    assert said.making == silent.making
    assert np.array_equal(pixels_of(said.data), pixels_of(silent.data))


@pytest.mark.parametrize("output_format", ["png", "jpeg"])
def test_an_edit_of_a_generated_picture_stays_declared_as_such(output_format: str) -> None:
    generated = insert_xmp(
        picture("PNG"), merge_packet(None, {"Iptc4xmpExt:DigitalSourceType": f"{CV}trainedAlgorithmicMedia"})
    )
    editor = Editor()
    edited = editor.edit(generated, "make it black and white", output_format=output_format).images[0]
    assert edited.making is not None
    assert edited.making.digital_source_type == f"{CV}compositeWithTrainedAlgorithmicMedia"
    again = editor.edit(edited.data, "make it brighter").images[0]
    assert again.making == edited.making
    own = editor.edit(picture("PNG"), "make it black and white").images[0]
    assert own.making is not None
    assert own.making.digital_source_type == f"{CV}algorithmicallyEnhanced"


def test_a_photos_owner_is_kept_at_its_own_size() -> None:
    owned = insert_xmp(picture("JPEG"), merge_packet(None, {"dc:rights": "© Ann", "xmp:CreatorTool": "Darkroom 3"}))
    edited = Editor().edit(owned, "make it black and white", size="original").images[0]
    report = read_provenance(edited.data)
    assert report.xmp["copyright"] == "© Ann"
    assert report.xmp["creator_tool"].startswith("Retouch ")
    damaged = insert_xmp(picture("JPEG"), b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>")
    edited = Editor().edit(damaged, "make it black and white", size="original").images[0]
    assert read_provenance(edited.data).xmp["digital_source_type"] == f"{CV}algorithmicallyEnhanced"
