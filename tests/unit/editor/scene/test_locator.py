"""An open-vocabulary locator: asked where there is one, believed where it knows better, and never needed."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from retouch.editor.instructions.plan import ColorValue, Target, TargetKind
from retouch.editor.scene.locator import Sighting
from retouch.editor.scene.onnx_locator import LocatorDescription, OnnxLocator, examine_locator, load_locator
from retouch.editor.scene.scene import Scene
from retouch.editor.scene.values import Box
from retouch.errors import ModelFileError, UnsupportedInstructionError
from retouch.models import ModelStore

SIZE = 64
DOODAD = (slice(60, 120), slice(40, 100))


def noun(word: str, **more: object) -> Target:
    return Target(TargetKind.NOUN, f"the {word}", noun=word, **more)  # type: ignore[arg-type]


def picture(height: int = 240, width: int = 320) -> np.ndarray:
    """A gray wall with a little grain; on it a pure red square, DOODAD, and a green disc."""
    rng = np.random.default_rng(3)
    pixels = np.full((height, width, 3), 150, np.float32)
    pixels[DOODAD] = (255, 0, 0)
    cv2.circle(pixels, (230, 150), 40, (40, 160, 60), -1)
    grain = rng.normal(0, 3, (height, width, 1))
    grain[DOODAD] = 0
    return np.clip(pixels + grain, 0, 255).astype(np.uint8)


class Told:
    """A locator that answers from a table."""

    def __init__(self, **answers: Sighting) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def locate(self, pixels: np.ndarray, noun: str) -> Sighting | None:
        self.asked.append(noun)
        return self.answers.get(noun)


def boxed(rows: slice, cols: slice, confidence: float = 0.8) -> Sighting:
    return Sighting(confidence, boxes=(Box(cols.start, rows.start, cols.stop, rows.stop),))


# What the scene makes of a sighting -------------------------------------------------------------------------------------


def test_a_thing_that_no_class_stands_for_is_cut_out_along_its_edges(store: ModelStore) -> None:
    scene = Scene(picture(), store, Told(doodad=boxed(slice(54, 126), slice(34, 106))))

    found = scene.find(noun("doodad"))

    inside = np.zeros((240, 320), bool)
    inside[DOODAD] = True
    assert found.verified
    assert found.resolved_to == "the doodad"
    assert found.mask[inside].mean() > 0.95
    assert found.mask[~inside].sum() < 0.1 * inside.sum()


def test_a_heat_map_does_as_well_as_a_box(store: ModelStore) -> None:
    heat = np.zeros((30, 40), np.float32)
    heat[18, 29] = 0.7
    heat = cv2.GaussianBlur(heat, (0, 0), 3.5)
    heat *= 0.7 / heat.max()

    found = Scene(picture(), store, Told(doodad=Sighting(0.7, heat=heat))).find(noun("doodad"))

    disc = cv2.circle(np.zeros((240, 320), np.uint8), (230, 150), 40, 1, -1) > 0
    assert found.mask[disc].mean() > 0.9
    assert found.mask[~disc].sum() < 0.2 * disc.sum()


def test_what_the_picture_has_already_confirmed_becomes_surer(cat: Scene, store: ModelStore) -> None:
    alone = cat.find(noun("cat"))
    rows, cols = (np.flatnonzero((alone.mask > 0.5).any(axis=axis)) for axis in (1, 0))
    box = Box(float(cols[0]), float(rows[0]), float(cols[-1]), float(rows[-1]))

    both = Scene(cat.pixels, store, Told(cat=Sighting(0.6, boxes=(box,)))).find(noun("cat"))

    assert np.array_equal(both.mask, alone.mask)
    assert both.confidence > alone.confidence or alone.confidence == 1.0


def test_a_refusal_stays_one_where_the_locator_sees_nothing_either(cat: Scene, store: ModelStore) -> None:
    locator = Told()

    with pytest.raises(UnsupportedInstructionError, match="I see a cat"):
        Scene(cat.pixels, store, locator).find(noun("teapot"))
    assert locator.asked == ["teapot"]


def test_faces_answer_for_people_whatever_a_locator_says(astronaut: Scene, store: ModelStore) -> None:
    locator = Told(face=boxed(slice(300, 400), slice(100, 200)))

    found = Scene(astronaut.pixels, store, locator).find(noun("face"))

    assert np.array_equal(found.mask, astronaut.find(noun("face")).mask)


def test_a_color_still_decides_among_what_a_locator_saw(store: ModelStore) -> None:
    both = Sighting(0.8, boxes=(Box(34, 54, 106, 126), Box(186, 106, 274, 194)))
    green = ColorValue("green", (40, 160, 60))

    found = Scene(picture(), store, Told(doodad=both)).find(noun("doodad", color=green))

    assert found.mask[150, 230] > 0.9
    assert found.mask[DOODAD].mean() < 0.1


# The adapter ------------------------------------------------------------------------------------------------------------


def save_network(path: Path, *, boxes: bool) -> None:
    """Write a network of the real interface: where the picture is red it sees "doodad" (token 3), and nothing else anywhere.

    Boxes: one that is fixed, whose score says whether the picture has any red and the words have the token.
    """
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, SIZE, SIZE])
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])
    attention = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, [1, "tokens"])
    constants = [
        helper.make_tensor("three", TensorProto.INT64, [], [3]),
        helper.make_tensor("red_of_rgb", TensorProto.FLOAT, [1, 3, 1, 1], [20.0, -20.0, -20.0]),
        helper.make_tensor("channel", TensorProto.INT64, [1], [1]),
        helper.make_tensor("low", TensorProto.FLOAT, [], [-10.0]),
        helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
        helper.make_tensor("box", TensorProto.FLOAT, [1, 1, 4], [70 / 320, 90 / 240, 72 / 320, 72 / 240]),
        helper.make_tensor("none", TensorProto.FLOAT, [], [0.0]),
        helper.make_tensor("score_shape", TensorProto.INT64, [3], [1, 1, 1]),
    ]
    nodes = [
        helper.make_node("Equal", ["input_ids", "three"], ["same"]),
        helper.make_node("Cast", ["same"], ["hits"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["attention_mask"], ["attended"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["hits", "attended"], ["meant"]),
        helper.make_node("ReduceMax", ["meant"], ["asked"], keepdims=0),
        helper.make_node("Mul", ["pixel_values", "red_of_rgb"], ["weighed"]),
        helper.make_node("ReduceSum", ["weighed", "channel"], ["redness"], keepdims=0),
        helper.make_node("Sub", ["redness", "one"], ["red"]),
        helper.make_node("Mul", ["red", "asked"], ["red_if_asked"]),
        helper.make_node("Sub", ["one", "asked"], ["not_asked"]),
        helper.make_node("Mul", ["not_asked", "low"], ["lowered"]),
        helper.make_node("Add", ["red_if_asked", "lowered"], ["logits"]),
    ]
    shape = [1, SIZE, SIZE]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)]
    if boxes:
        nodes += [
            helper.make_node("ReduceMax", ["logits"], ["best"], keepdims=0),
            helper.make_node("Reshape", ["best", "score_shape"], ["scores"]),
            helper.make_node("Add", ["box", "none"], ["pred_boxes"]),
        ]
        outputs = [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, 1]),
            helper.make_tensor_value_info("pred_boxes", TensorProto.FLOAT, [1, 1, 4]),
        ]
    graph = helper.make_graph(nodes, "tiny", [pixels, ids, attention], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def save_tokenizer(path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    words = {"[UNK]": 0, "a": 1, "photo": 2, "doodad": 3}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(path))


def describe(**more: object) -> dict[str, object]:
    plain = {"size": [SIZE, SIZE], "mean": [0, 0, 0], "std": [1, 1, 1], "heat_output": "logits", "token_count": 8}
    return {**plain, **more}


BOXES = {"heat_output": None, "boxes_output": "pred_boxes", "scores_output": "scores"}


@pytest.fixture
def install(tmp_path: Path):
    def put(*, boxes: bool = False, **description: object) -> ModelStore:
        save_network(tmp_path / "locator.onnx", boxes=boxes)
        save_tokenizer(tmp_path / "locator.tokenizer.json")
        (tmp_path / "locator.json").write_text(json.dumps(describe(**(BOXES if boxes else {}), **description)))
        return ModelStore(tmp_path)

    return put


def test_a_network_with_a_heat_map_is_asked(install) -> None:
    locator = load_locator(install())
    assert isinstance(locator, OnnxLocator)

    seen = locator.locate(picture(), "doodad")

    assert seen is not None
    assert seen.heat is not None
    assert seen.confidence > 0.95
    full = cv2.resize(seen.heat, (320, 240))
    assert full[DOODAD].mean() > 0.85
    assert full[:40].max() < 0.4
    assert locator.locate(picture(), "teapot") is None


def test_padding_keeps_the_proportions_and_the_places(install) -> None:
    seen = load_locator(install(fit="pad")).locate(picture(), "doodad")  # type: ignore[union-attr]

    assert seen is not None
    assert seen.heat is not None
    assert seen.heat.shape == (48, 64)
    assert cv2.resize(seen.heat, (320, 240))[DOODAD].mean() > 0.85


def test_a_network_with_boxes_is_asked(install) -> None:
    locator = load_locator(install(boxes=True))

    seen = locator.locate(picture(), "doodad")  # type: ignore[union-attr]

    assert seen is not None
    (box,) = seen.boxes
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((34, 54, 106, 126), abs=0.01)
    assert locator.locate(picture(), "teapot") is None  # type: ignore[union-attr]


@pytest.mark.parametrize("boxes", [False, True])
def test_the_scene_uses_what_is_in_the_model_directory(install, boxes: bool) -> None:
    scene = Scene(picture(), install(boxes=boxes))

    found = scene.find(noun("doodad"))

    inside = np.zeros((240, 320), bool)
    inside[DOODAD] = True
    assert found.verified
    assert found.mask[inside].mean() > 0.95
    assert found.mask[~inside].sum() < 0.1 * inside.sum()


def test_without_files_there_is_no_locator_and_nothing_is_asked(tmp_path: Path, cat: Scene) -> None:
    assert load_locator(ModelStore(tmp_path)) is None
    assert examine_locator(tmp_path) == ("absent", "")
    assert cat.sight("cat") is None


def test_a_network_without_its_description_is_a_clear_error(install, tmp_path: Path) -> None:
    store = install()
    (tmp_path / "locator.json").unlink()

    with pytest.raises(ModelFileError, match=r"locator\.json that describes it"):
        Scene(picture(), store).find(noun("doodad"))
    assert examine_locator(tmp_path)[0] == "incomplete"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"size": "large"}, "size"),
        ({"heat_output": None}, "name either heat_output"),
        ({"prompt": "a photo"}, "must contain {noun}"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_description_that_is_wrong_says_where(install, tmp_path: Path, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        load_locator(install(**wrong))
    assert said in caught.value.message
    assert examine_locator(tmp_path) == ("incomplete", caught.value.message)


def test_a_network_that_answers_otherwise_than_described_is_a_clear_error(install) -> None:
    locator = load_locator(install(size=[32, 32]))

    with pytest.raises(ModelFileError, match=r"as its locator\.json says"):
        locator.locate(picture(), "doodad")  # type: ignore[union-attr]


def test_a_file_that_is_no_tokenizer_is_a_clear_error(install, tmp_path: Path) -> None:
    store = install()
    (tmp_path / "locator.tokenizer.json").write_text("{}")

    with pytest.raises(ModelFileError, match="no tokenizer"):
        load_locator(store)


def test_without_the_tokenizers_package_the_advice_says_how_to_get_it(install, monkeypatch: pytest.MonkeyPatch) -> None:
    store = install()
    monkeypatch.setattr("retouch.editor.scene.onnx_locator.find_spec", lambda name: None)

    with pytest.raises(ModelFileError, match=r"pip install 'retouch\[locator\]'"):
        load_locator(store)


def test_ids_are_padded_or_cut_to_the_count_and_the_rest_is_not_attended() -> None:
    class Recorder:
        fed: dict[str, np.ndarray]

        def run(self, names, feeds):
            self.fed = dict(feeds)
            return [np.full((1, 4, 4), 9.0, np.float32)]

    class Letters:
        def encode(self, text):
            return type("Encoding", (), {"ids": [ord(letter) for letter in text]})

    session = Recorder()
    known = LocatorDescription(
        size=(8, 8), heat_output="logits", token_count=4, padding_id=7, prompt="{noun}", token_types_input="kinds"
    )

    OnnxLocator(session, Letters(), known).locate(picture(), "ab")

    assert session.fed["input_ids"].tolist() == [[97, 98, 7, 7]]
    assert session.fed["attention_mask"].tolist() == [[1, 1, 0, 0]]
    assert session.fed["kinds"].tolist() == [[0, 0, 0, 0]]
    assert session.fed["pixel_values"].shape == (1, 3, 8, 8)


def test_looking_at_a_picture_does_not_import_the_tokenizer(cat: Scene) -> None:
    cat.find(noun("cat"))

    assert "tokenizers" not in sys.modules or cat.sight("cat") is None
