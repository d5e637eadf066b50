import numpy as np
import pytest

from retouch.editor.objects.drawn.catalog import DRAWN_NAMES, DrawRequest, draw, drawn_aspect
from retouch.images.color import srgb8_to_oklab


def request(seed: int = 1, **changes: object) -> DrawRequest:
    values: dict[str, object] = {"long_side_px": 72, "rng": np.random.default_rng(seed)} | changes
    return DrawRequest(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", DRAWN_NAMES)
def test_every_object_is_solid_cropped_and_of_the_size_asked_for(name: str) -> None:
    rgba = draw(name, request()).rgba
    assert rgba.dtype == np.uint8
    assert rgba.shape[2] == 4
    assert 0.6 * 72 <= max(rgba.shape[:2]) <= 1.1 * 72
    assert (rgba[..., 3] > 235).mean() > 0.04
    assert rgba[0, :, 3].max() > 0
    assert rgba[-1, :, 3].max() > 0
    assert rgba[:, 0, 3].max() > 0
    assert rgba[:, -1, 3].max() > 0


@pytest.mark.parametrize("name", ["bird", "tree", "cloud", "crown"])
def test_the_same_seed_draws_the_same_bytes_and_another_seed_something_else(name: str) -> None:
    first, again, other = draw(name, request(3)), draw(name, request(3)), draw(name, request(4))
    assert np.array_equal(first.rgba, again.rgba)
    assert first.rgba.shape != other.rgba.shape or not np.array_equal(first.rgba, other.rgba)


@pytest.mark.parametrize("name", ["ball", "balloon", "hat", "cup", "heart", "umbrella"])
def test_an_object_takes_the_color_that_was_asked_for(name: str) -> None:
    drawn = draw(name, request(color_rgb=(20, 60, 200)))
    lab = srgb8_to_oklab(drawn.rgba[..., :3])[drawn.rgba[..., 3] > 250]
    assert drawn.took_color
    assert np.quantile(lab[:, 2], 0.2) < -0.05


def test_light_from_the_left_and_from_the_right_shade_opposite_sides() -> None:
    def left_minus_right(light_x: float) -> float:
        rgba = draw("heart", request(light_x=light_x, hardness=1.0)).rgba.astype(np.float32)
        grey, weight = rgba[..., :3].mean(axis=2), rgba[..., 3] / 255
        half = rgba.shape[1] // 2
        left = (grey * weight)[:, :half].sum() / weight[:, :half].sum()
        right = (grey * weight)[:, half:].sum() / weight[:, half:].sum()
        return float(left - right)

    assert left_minus_right(-1.0) > left_minus_right(1.0) + 4


def test_colors_go_on_under_the_transparent_rim() -> None:
    rgba = draw("ball", request(color_rgb=(220, 30, 30))).rgba
    faint = (rgba[..., 3] > 0) & (rgba[..., 3] < 128)
    assert faint.any()
    assert rgba[faint][:, :3].max(axis=1).min() > 60


def test_an_aspect_is_known_before_drawing() -> None:
    rgba = draw("kite", DrawRequest(200, np.random.default_rng(9))).rgba
    assert drawn_aspect("kite", 9) == pytest.approx(rgba.shape[1] / rgba.shape[0], rel=0.15)
