import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retouch.editor.objects import pack as pack_module
from retouch.editor.objects.folder_pack import add_folder, clean_name, slug
from retouch.editor.objects.library import ObjectLibrary
from retouch.editor.objects.pack import installed_packs, is_balanced, read_pack, tight_crop
from retouch.errors import ObjectPackError


def save_disc(path: Path, size: int = 80, color: tuple[int, int, int] = (200, 40, 40)) -> None:
    rows, cols = np.mgrid[:size, :size]
    inside = (rows - size / 2) ** 2 + (cols - size / 2) ** 2 < (size / 2 - 6) ** 2
    rgba = np.zeros((size, size, 4), np.uint8)
    rgba[inside] = (*color, 255)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgba).save(path)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    save_disc(tmp_path / "own" / "red_kite_2.png")
    save_disc(tmp_path / "own" / "more" / "img_0001.webp", 120)
    (tmp_path / "own" / "more" / "img_0001.txt").write_text("A barn owl.\nEine Schleiereule.\n", encoding="utf-8")
    return tmp_path / "own"


def test_a_folder_becomes_a_pack_named_by_its_files_and_sidecars(tmp_path: Path, own: Path) -> None:
    name, count, left_out = add_folder(tmp_path / "objects", own, name="mine")
    entries = read_pack(tmp_path / "objects" / "mine")
    assert (name, count, left_out) == ("mine", 2, ())
    assert sorted(entry.name for entry in entries) == ["barn owl", "red kite"]
    owl = next(entry for entry in entries if entry.name == "barn owl")
    assert owl.noun == "owl"
    assert "bird" in owl.kinds
    assert owl.license == "your own"


def test_a_loaded_cutout_is_cropped_tightly_and_knows_its_size(tmp_path: Path, own: Path) -> None:
    add_folder(tmp_path / "objects", own, name="mine")
    library = ObjectLibrary.in_directory(tmp_path / "objects")
    cutout = library.load(library.search("owl")[0])
    assert cutout.rgba[0, :, 3].max() > 0
    assert cutout.rgba[:, -1, 3].max() > 0
    assert cutout.height_m == pytest.approx(0.6, rel=0.05)
    assert cutout.pack == "mine"


def test_a_pack_that_is_there_is_replaced_only_when_asked_for(tmp_path: Path, own: Path) -> None:
    add_folder(tmp_path / "objects", own, name="mine")
    (own / "red_kite_2.png").unlink()
    with pytest.raises(ObjectPackError, match="--renew"):
        add_folder(tmp_path / "objects", own, name="mine")
    assert len(read_pack(tmp_path / "objects" / "mine")) == 2
    _, count, _ = add_folder(tmp_path / "objects", own, name="mine", renew=True)
    assert count == 1
    assert [path.name for path in (tmp_path / "objects").iterdir()] == ["mine"]


def test_opaque_damaged_and_tiny_pictures_are_left_out_with_a_reason(tmp_path: Path, own: Path) -> None:
    Image.new("RGB", (50, 50)).save(own / "opaque.png")
    (own / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"nonsense")
    save_disc(own / "tiny.png", 20)
    _, count, left_out = add_folder(tmp_path / "objects", own, name="mine")
    assert count == 2
    assert {line.split(":")[0] for line in left_out} == {"opaque.png", "broken.png", "tiny.png"}


def test_a_picture_of_too_many_pixels_is_left_out_before_it_is_decoded(tmp_path: Path, own: Path) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    body = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    (own / "bomb.png").write_bytes(bomb + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT")))
    _, count, left_out = add_folder(tmp_path / "objects", own, name="mine")
    assert count == 2
    assert left_out[0].startswith("bomb.png")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, own: Path) -> None:
    save_disc(tmp_path / "secret.png")
    (own / "link.png").symlink_to(tmp_path / "secret.png")
    (own / "folder").symlink_to(tmp_path, target_is_directory=True)
    _, count, left_out = add_folder(tmp_path / "objects", own, name="mine")
    assert count == 2
    assert left_out == ("link.png: a link that leads out of the folder",)


@pytest.mark.parametrize("name", ["../evil", "a/b", "built-in", "UPPER", ".hidden", "x" * 41])
def test_a_name_that_is_no_folder_name_is_refused(tmp_path: Path, own: Path, name: str) -> None:
    with pytest.raises(ObjectPackError, match="name"):
        add_folder(tmp_path / "objects", own, name=name)


def test_nothing_usable_is_an_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ObjectPackError, match="transparent"):
        add_folder(tmp_path / "objects", tmp_path / "empty")
    assert list((tmp_path / "objects").iterdir()) == []


def test_a_full_disk_leaves_the_old_pack_as_it_was(tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_folder(tmp_path / "objects", own, name="mine")

    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pack_module, "encode", full)
    with pytest.raises(ObjectPackError, match="No space left"):
        add_folder(tmp_path / "objects", own, name="mine", renew=True)
    assert len(read_pack(tmp_path / "objects" / "mine")) == 2
    assert [path.name for path in (tmp_path / "objects").iterdir()] == ["mine"]


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ObjectPackError, match="no folder"):
        add_folder(tmp_path / "objects", tmp_path / "nowhere")


@pytest.mark.parametrize(
    "index",
    [
        "not json",
        "[]",
        json.dumps({"format": 1, "name": "x", "license": "y", "objects": [{"name": "a"}]}),
        json.dumps({"format": 99, "name": "x", "license": "y", "objects": []}),
    ],
)
def test_a_damaged_index_is_a_clear_error(tmp_path: Path, index: str) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "index.json").write_text(index)
    with pytest.raises(ObjectPackError, match="bad"):
        read_pack(tmp_path / "bad")


def test_an_index_that_points_outside_its_pack_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    row = {"name": "a", "file": "../secret.png", "width": 9, "height": 9}
    body = {"format": 1, "name": "bad", "license": "x", "objects": [row]}
    (tmp_path / "bad" / "index.json").write_text(json.dumps(body))
    with pytest.raises(ObjectPackError, match="outside"):
        read_pack(tmp_path / "bad")


def test_a_picture_that_has_gone_is_a_clear_error(tmp_path: Path, own: Path) -> None:
    add_folder(tmp_path / "objects", own, name="mine")
    library = ObjectLibrary.in_directory(tmp_path / "objects")
    entry = library.search("owl")[0]
    assert entry.path is not None
    entry.path.unlink()
    with pytest.raises(ObjectPackError, match="can't be read"):
        library.load(entry)


def test_an_unfinished_pack_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / ".mine.123.part").mkdir()
    (tmp_path / ".mine.123.part" / "index.json").write_text("{}")
    assert installed_packs(tmp_path) == ()
    assert installed_packs(tmp_path / "nowhere") == ()


def test_names_and_slugs_are_cleaned() -> None:
    assert clean_name("  A great\x00 blue heron (flying).") == "great blue heron"
    assert slug("My Birds!") == "my-birds"
    assert slug("///") == "own"


def test_a_tight_crop_of_nothing_is_none() -> None:
    assert tight_crop(np.zeros((5, 5, 4), np.uint8)) is None


def test_a_thing_whose_foot_is_beside_its_weight_would_fall_over() -> None:
    leaning = np.zeros((60, 60, 4), np.uint8)
    leaning[5:25, 5:55] = 255
    leaning[25:60, 50:55] = 255
    standing = np.zeros((60, 60, 4), np.uint8)
    standing[5:25, 5:55] = 255
    standing[25:60, 28:32] = 255
    assert not is_balanced(leaning)
    assert is_balanced(standing)


def test_stored_pictures_are_written_anew(tmp_path: Path, own: Path) -> None:
    original = io.BytesIO()
    Image.open(own / "red_kite_2.png").save(original, "PNG")
    add_folder(tmp_path / "objects", own, name="mine")
    for entry in read_pack(tmp_path / "objects" / "mine"):
        assert entry.path is not None
        assert entry.path.suffix == ".png"
        assert not entry.path.is_symlink()
