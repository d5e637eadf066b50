import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from retouch.editor.instructions.articles import with_article
from retouch.editor.scene.classifier import class_heat, describe_labels
from retouch.editor.scene.nouns import CLASS_COUNT, PERSON_WORDS, is_person, noun_table
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.torch_weights import read_state_dict
from retouch.errors import ModelFileError
from retouch.models import ModelStore


def test_the_classifier_names_what_the_photos_show(cat: Scene, coffee: Scene, cameraman: Scene) -> None:
    assert cat.labels[0][0] == "cat"
    assert cat.labels[0][1] > 0.7
    assert coffee.labels[0][0] in ("coffee", "cup", "mug")
    assert cameraman.labels[0][0] == "tripod"


def test_the_helmet_is_located_on_the_right_of_the_astronaut(astronaut: Scene) -> None:
    located = astronaut.locate("helmet")
    assert located is not None
    heat, peak = located

    assert heat.shape == (512, 512)
    assert peak > 0.9
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert row > 300
    assert column > 280


def test_a_noun_without_classes_can_not_be_located(cat: Scene) -> None:
    assert cat.locate("lounge lizard's paradox") is None


def test_no_model_runs_until_a_noun_must_be_verified(store: ModelStore) -> None:
    code = (
        "import sys, pathlib, numpy as np; from retouch.models import ModelStore; "
        "from retouch.editor.scene.scene import Scene; "
        "Scene(np.zeros((64, 64, 3), np.uint8), ModelStore(pathlib.Path('nowhere'))).light if False else None; "
        "assert not {'onnx', 'onnxruntime'} & set(sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("noun", "label_index"),
    [
        ("dog", 207),
        ("Dogs", 207),
        ("cup", 968),
        ("coffee cup", 968),
        ("T-rex", 51),
        ("t rex", 51),
        ("puppy", 151),
        ("city bus", 779),
    ],
)
def test_everyday_words_lead_to_their_classes(noun: str, label_index: int) -> None:
    classes = noun_table().lookup(noun)

    assert classes is not None
    assert label_index in classes


def test_people_have_no_classes_but_are_known_as_people() -> None:
    for word in PERSON_WORDS - {"groom"}:
        assert is_person(word)
    assert noun_table().lookup("woman") is None
    assert is_person("young women") is False
    assert is_person("old man")


def test_every_class_can_be_reported_and_lies_in_range() -> None:
    covered = {index for _, classes in noun_table().reportable for index in classes}

    assert covered == set(range(CLASS_COUNT))


def test_heat_lies_where_the_class_is() -> None:
    window = np.full((CLASS_COUNT, 8, 8), 1e-6, np.float32)
    window[7, 2, 6] = 0.8
    maps = type("Maps", (), {"whole": window.mean(axis=(1, 2)), "windows": (window,)})()

    heat, peak = class_heat(maps, (7, 8), (80, 80))

    assert peak == pytest.approx(0.8, abs=1e-3)
    assert heat.max() == 1
    assert heat[:10, :30].max() < 0.05
    assert np.unravel_index(heat.argmax(), heat.shape) == pytest.approx((25, 65), abs=6)


def test_labels_are_put_into_words() -> None:
    assert describe_labels([("mug", 0.6), ("bowl", 0.2)]) == "a mug"
    assert describe_labels([("palace", 0.2), ("oven", 0.1), ("dog", 0.01)]) == "perhaps a palace or an oven"
    assert describe_labels([("dog", 0.02)]) == "nothing that I know by name"
    assert [with_article(n) for n in ("uniform", "apple", "coffee", "sunglasses")] == [
        "a uniform",
        "an apple",
        "coffee",
        "sunglasses",
    ]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("this must never run",))


@pytest.mark.parametrize("payload", [Evil(), OrderedDict(a=1), "text"], ids=["code", "no header", "text"])
def test_a_pickle_that_is_no_state_dict_is_refused_and_not_run(
    tmp_path: Path, payload: object, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(pickle.dumps(payload))

    with pytest.raises(ModelFileError, match="no PyTorch state dict"):
        read_state_dict(file)

    assert capsys.readouterr().out == ""


def test_code_hidden_behind_a_right_header_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, Evil()]
    file = tmp_path / "weights.pth"
    file.write_bytes(b"".join(pickle.dumps(part, protocol=2) for part in parts))

    with pytest.raises(ModelFileError):
        read_state_dict(file)

    assert capsys.readouterr().out == ""


def test_a_truncated_weight_file_is_refused(tmp_path: Path, store: ModelStore) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(store.path("efficientnet-lite2").read_bytes()[:-1000])

    with pytest.raises(ModelFileError):
        read_state_dict(file)
