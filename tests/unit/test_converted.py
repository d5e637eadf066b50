import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from retouch import __version__, models
from retouch.converted import conversion_key, read_converted, write_converted
from retouch.editor.scene.efficientnet import EFFICIENTNET_CONVERTER, convert_efficientnet_lite
from retouch.errors import ModelFileError
from retouch.model_files import CATALOG
from retouch.models import ModelStore

GRAPH = b"a graph" * 100


def test_what_is_kept_under_a_key_is_read_back(tmp_path: Path) -> None:
    write_converted(tmp_path / "tiny", "key", GRAPH)

    assert read_converted(tmp_path / "tiny", "key") == GRAPH
    assert read_converted(tmp_path / "tiny", "another") is None


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + b"!", lambda data: data[:10]])
def test_a_graph_that_does_not_match_its_checksum_is_not_used(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    write_converted(tmp_path, "key", GRAPH)
    file = tmp_path / "key.graph"
    file.write_bytes(damage(file.read_bytes()))

    assert read_converted(tmp_path, "key") is None


def test_a_graph_takes_the_place_of_those_that_other_versions_have_made(tmp_path: Path) -> None:
    write_converted(tmp_path, "old", GRAPH)
    write_converted(tmp_path, "new", GRAPH)

    assert [file.name for file in tmp_path.iterdir()] == ["new.graph"]


def test_the_key_follows_from_the_files_the_converter_and_the_release() -> None:
    keys = {
        conversion_key(["a"], 1, "0.1"),
        conversion_key(["b"], 1, "0.1"),
        conversion_key(["a"], 2, "0.1"),
        conversion_key(["a"], 1, "0.2"),
        conversion_key(["a", "b"], 1, "0.1"),
    }

    assert len(keys) == 5


def test_a_folder_that_can_not_be_made_keeps_nothing_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    write_converted(tmp_path / "file" / "folder", "key", GRAPH)

    assert read_converted(tmp_path / "file" / "folder", "key") is None


def test_the_second_process_does_not_convert_a_model_again(tmp_path: Path) -> None:
    calls: list[Path] = []

    def convert(path: Path) -> bytes:
        calls.append(path)
        return convert_efficientnet_lite(path)

    for _ in range(2):
        ModelStore(tmp_path).converted_session("efficientnet-lite2", convert, version=EFFICIENTNET_CONVERTER)
    assert len(calls) == 1

    ModelStore(tmp_path).converted_session("efficientnet-lite2", convert, version=EFFICIENTNET_CONVERTER + 1)
    assert len(calls) == 2


def test_a_kept_graph_of_other_weights_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"weights of a new package"
    source = CATALOG["efficientnet-lite2"]
    changed = type(source)(
        name="tiny",
        purpose="tests things",
        license="Apache-2.0",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        package="a-package-that-nobody-has-installed",
        package_version="1.2.3",
        path_in_package="some_module/data/tiny.pth",
    )
    monkeypatch.setattr(models, "CATALOG", {"tiny": changed})
    (tmp_path / "tiny.pth").write_bytes(content)
    write_converted(tmp_path / "converted" / "tiny", conversion_key([source.sha256], 1, __version__), b"stale")
    seen: list[Path] = []

    def convert(path: Path) -> bytes:
        seen.append(path)
        raise OSError

    with pytest.raises(ModelFileError, match="can't be read"):
        ModelStore(tmp_path).converted_session("tiny", convert, version=1)
    assert seen == [tmp_path / "tiny.pth"]
