import numpy as np
import pytest
from skimage import data

from retouch.images.color import to_float
from retouch.images.filters import box_blur, guided_filter, resize_float


def test_a_box_blur_of_a_constant_is_that_constant() -> None:
    image = np.full((20, 30, 3), 0.25, np.float32)

    assert np.allclose(box_blur(image, 4), 0.25, atol=1e-6)


def test_a_box_blur_averages_over_its_window() -> None:
    image = np.zeros((9, 9), np.float32)
    image[4, 4] = 1.0

    blurred = box_blur(image, 1)

    assert np.allclose(blurred[3:6, 3:6], 1 / 9)
    assert blurred[2, 4] == 0


@pytest.mark.parametrize("size_hw", [(7, 9), (40, 60), (20, 30)])
def test_resizing_keeps_the_range(size_hw: tuple[int, int]) -> None:
    image = np.random.default_rng(3).uniform(0, 1, (20, 30)).astype(np.float32)

    resized = resize_float(image, size_hw)

    assert resized.shape == size_hw
    assert resized.dtype == np.float32
    assert image.min() <= resized.min() <= resized.max() <= image.max()


def step_edge(*, at: int) -> np.ndarray:
    image = np.zeros((60, 80, 3), np.float32)
    image[:, at:] = [0.9, 0.5, 0.2]
    return image


def test_a_guided_filter_moves_a_blurred_mask_edge_to_the_picture_edge() -> None:
    guide = step_edge(at=40)
    blurred = box_blur((np.arange(80)[None] >= 42).astype(np.float32).repeat(60, axis=0), 4)

    filtered = guided_filter(guide, blurred, 8, 1e-4)

    assert filtered[30, 39] < 0.25
    assert filtered[30, 40] > 0.6
    assert filtered[30, 40] - filtered[30, 39] > 4 * (blurred[30, 40] - blurred[30, 39])


def test_a_guided_filter_leaves_a_mask_alone_that_is_a_linear_function_of_the_guide() -> None:
    guide = to_float(data.astronaut()[::4, ::4])
    mask = (0.2 * guide[..., 0] + 0.5 * guide[..., 1] + 0.1).astype(np.float32)

    assert np.abs(guided_filter(guide, mask, 6, 1e-4) - mask).max() < 0.02


def test_a_subsampled_guided_filter_is_close_to_the_exact_one() -> None:
    guide = to_float(data.coffee()[::2, ::2])
    mask = (guide[..., 0] > 0.6).astype(np.float32)

    exact, fast = guided_filter(guide, mask, 8, 1e-3), guided_filter(guide, mask, 8, 1e-3, subsample=2)

    assert np.abs(exact - fast).mean() < 0.03
