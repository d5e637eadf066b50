import cv2
import numpy as np
import pytest
from skimage import data

from retouch.editor.instructions.plan import ColorValue, Target, TargetKind
from retouch.editor.scene.enlarge import MAX_ANALYZED_PIXELS, enlarge_layer, enlarge_mask, reduce_for_analysis
from retouch.editor.scene.scene import Scene
from retouch.models import ModelStore


@pytest.fixture(scope="module")
def large(store: ModelStore) -> Scene:
    """The astronaut at four times its size: 4 megapixels."""
    return Scene(cv2.resize(data.astronaut(), (2048, 2048), interpolation=cv2.INTER_CUBIC), store)


def disk(side: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:side, :side] / side
    mask = ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.3**2).astype(np.float32)
    return np.where(mask[..., None] > 0, (200, 60, 40), (60, 120, 180)).astype(np.uint8), mask


def test_a_mask_is_enlarged_along_the_pictures_edge() -> None:
    pixels, truth = disk(1200)
    small = cv2.resize(truth, (300, 300), interpolation=cv2.INTER_AREA)

    mask = enlarge_mask(pixels, small)

    assert mask.shape == (1200, 1200)
    assert mask.dtype == np.float32
    plain = cv2.resize(small, (1200, 1200), interpolation=cv2.INTER_LINEAR)
    assert np.abs(mask - truth).mean() < 0.5 * np.abs(plain - truth).mean()
    assert mask[truth < 1][:1000].max() == 0
    assert mask[550:650, 550:650].min() == 1


def test_a_picture_of_a_megapixel_is_analyzed_as_it_is() -> None:
    assert reduce_for_analysis(np.zeros((880, 1184, 3), np.uint8)) is None


@pytest.mark.parametrize("size_hw", [(1100, 1100), (4000, 6000), (300, 20000), (1073, 1073)])
def test_a_larger_picture_is_reduced_for_good(size_hw: tuple[int, int]) -> None:
    reduced = reduce_for_analysis(np.zeros((*size_hw, 3), np.uint8))

    assert reduced is not None
    assert reduced.shape[0] * reduced.shape[1] <= MAX_ANALYZED_PIXELS
    assert reduce_for_analysis(reduced) is None


def test_a_layer_keeps_the_pictures_own_pixels_where_it_is_opaque() -> None:
    pixels, alpha = disk(400)
    layer = enlarge_layer(pixels, np.zeros((100, 100, 3), np.float32), alpha)

    assert np.allclose(layer[200, 200] * 255, pixels[200, 200])
    assert layer[5, 5].max() == 0


def test_everything_that_is_found_in_a_large_picture_has_its_size(large: Scene, astronaut: Scene) -> None:
    jacket = Target(TargetKind.NOUN, "the jacket", noun="jacket")
    orange = Target(TargetKind.COLOR_PART, "the orange part", color=ColorValue("orange", (255, 165, 0)))

    for target in (jacket, orange, Target(TargetKind.SUBJECT, "it"), Target(TargetKind.BACKGROUND, "the background")):
        mask, small = large.find(target).mask, astronaut.find(target).mask
        assert mask.shape == (2048, 2048)
        assert np.abs(cv2.resize(mask, (512, 512), interpolation=cv2.INTER_AREA) - small).mean() < 0.04
    assert large.ground.shape == large.foreground.shape[:2] == (2048, 2048)
    assert large.faces[0].box.width == pytest.approx(4 * astronaut.faces[0].box.width, rel=0.1)
    assert large.head is not None
    assert astronaut.head is not None
    assert large.head.top == pytest.approx(4 * astronaut.head.top, abs=40)


def test_subject_and_background_of_a_large_picture_add_up(large: Scene) -> None:
    background = large.find(Target(TargetKind.BACKGROUND, "the background")).mask

    assert np.allclose(background + large.subject.matte, 1)
