import numpy as np

from retouch.editor.instructions.plan import ColorValue
from retouch.editor.scene.color_match import color_likelihood

RED = ColorValue("red", (204, 32, 36))


def test_an_orange_beetle_is_red_only_where_something_else_says_that_it_is_meant() -> None:
    beetle = np.full((16, 16, 3), (200, 90, 30), np.uint8)

    assert color_likelihood(beetle, RED).max() < 0.3
    assert color_likelihood(beetle, RED, loosely=True).min() > 0.45


def test_green_is_red_in_no_reading() -> None:
    leaf = np.full((16, 16, 3), (60, 140, 50), np.uint8)

    assert color_likelihood(leaf, RED, loosely=True).max() < 0.01
