"""Requests are valid once they exist; files are written wholly or not at all."""

from pathlib import Path

import pytest

from retouch import EditedImage, EditRequest, EditResult, InvalidValueError, OutputFormat, StorageError


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", "  \n"),
        ("prompt", "x" * 4001),
        ("prompt", 7),
        ("num_images", 0),
        ("num_images", 5),
        ("num_images", True),
        ("num_images", 1.0),
        ("seed", 0),
        ("seed", -1),
        ("seed", 2**63),
        ("seed", "7"),
        ("aspect_ratio", "5:4"),
        ("size", "huge"),
        ("output_format", "jpeg"),
        ("guidance_scale", 0.99),
        ("guidance_scale", 20.01),
        ("guidance_scale", float("nan")),
        ("guidance_scale", True),
        ("safety_tolerance", 0),
        ("safety_tolerance", 7),
        ("preserve", "on"),
    ],
)
def test_a_wrong_value_names_field_rule_and_value(field: str, value: object) -> None:
    with pytest.raises(InvalidValueError) as caught:
        EditRequest(**{"prompt": "make it blue", field: value})
    assert caught.value.field == field
    assert caught.value.value is value
    assert field in caught.value.message
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "options",
    [
        {"prompt": "x" * 4000},
        {"num_images": 4, "seed": 1},
        {"seed": 2**63 - 1},
        {"guidance_scale": 1},
        {"guidance_scale": 20.0},
        {"safety_tolerance": 6},
        {"aspect_ratio": "9:21"},
        {"size": "original"},
    ],
)
def test_the_limits_themselves_are_allowed(options: dict) -> None:
    EditRequest(**{"prompt": "make it blue", **options})


def test_original_size_and_a_ratio_contradict_each_other() -> None:
    with pytest.raises(InvalidValueError, match="left out"):
        EditRequest(prompt="make it blue", size="original", aspect_ratio="1:1")


def image(data: bytes = b"picture") -> EditedImage:
    return EditedImage(data=data, format=OutputFormat.PNG, width=1, height=1, seed=1, changed_share=0.0)


def result(count: int) -> EditResult:
    pictures = tuple(image(b"%d" % number) for number in range(count))
    return EditResult(images=pictures, prompt="p", seed=1, engine="e/1")


def test_one_picture_keeps_its_name_and_several_are_numbered(tmp_path: Path) -> None:
    assert result(1).save(tmp_path / "out.png") == [tmp_path / "out.png"]
    paths = result(3).save(tmp_path / "many.png")
    assert [path.name for path in paths] == ["many-1.png", "many-2.png", "many-3.png"]
    assert paths[2].read_bytes() == b"2"


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.png"
    target.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="disk is full"):
        image().save(target)
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
    assert target.read_bytes() == b"old"


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="folder does not exist"):
        image().save(tmp_path / "no" / "out.png")
