"""The whole of a sky: clouds and what lies behind towers belong to it; balloons, masts, water and white walls do not."""

import cv2
import numpy as np
import pytest

from retouch.editor.scene.clouds import complete_sky, solve_rim

NOTHING = np.zeros((300, 400), np.float32)


def field_below_blue(*, skyline: int = 200) -> np.ndarray:
    rng = np.random.default_rng(3)
    pixels = np.linspace((70, 130, 220), (150, 190, 235), 300)[:, None].repeat(400, axis=1)
    pixels[skyline:] = np.array([60, 90, 40]) + rng.normal(0, 12, (300 - skyline, 400, 1))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def known(rows: slice = slice(0, 200), columns: slice = slice(0, 400)) -> np.ndarray:
    mask = NOTHING.copy()
    mask[rows, columns] = 1.0
    return mask


def drawn(pixels: np.ndarray, shape: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return np.rint(pixels + shape[..., None] * (np.array(color) - pixels)).astype(np.uint8)


def disc(center_xy: tuple[int, int], radius: int, *, blur: float) -> np.ndarray:
    shape = cv2.circle(NOTHING.copy(), center_xy, radius, 1.0, -1)
    return cv2.GaussianBlur(shape, (0, 0), blur)


def holed(shape: np.ndarray) -> np.ndarray:
    return known() * (shape < 0.3)


def test_a_soft_white_cloud_belongs_to_the_sky() -> None:
    cloud = disc((200, 90), 40, blur=6)

    sky = complete_sky(drawn(field_below_blue(), cloud, (250, 250, 250)), NOTHING, holed(cloud), beside_water=False)

    assert sky[cloud > 0.3].mean() > 0.98
    assert sky[205:].max() == 0.0


@pytest.mark.parametrize("color", [(200, 30, 30), (20, 20, 25)])
def test_a_balloon_with_a_crisp_outline_does_not(color: tuple[int, int, int]) -> None:
    balloon = disc((200, 90), 20, blur=0.6)

    sky = complete_sky(drawn(field_below_blue(), balloon, color), NOTHING, holed(balloon), beside_water=False)

    assert sky[balloon > 0.9].max() == 0.0


def field_below_a_sunset(*, skyline: int = 200) -> np.ndarray:
    pixels = field_below_blue(skyline=skyline).astype(np.float32)
    pixels[:skyline] = np.linspace((190, 130, 130), (245, 185, 110), skyline)[:, None]
    return pixels.astype(np.uint8)


def test_a_shaded_cloud_at_sunset_belongs_to_the_sky_and_a_crisp_black_kite_does_not() -> None:
    cloud, kite = disc((120, 80), 30, blur=7), disc((300, 80), 14, blur=0.6)
    pixels = drawn(drawn(field_below_a_sunset(), cloud, (150, 105, 125)), kite, (20, 20, 25))

    sky = complete_sky(pixels, NOTHING, holed(np.maximum(cloud, kite)), beside_water=False)

    assert sky[cloud > 0.3].mean() > 0.98
    assert sky[kite > 0.9].max() == 0.0


def test_the_sun_belongs_to_a_glowing_sky_and_a_white_balloon_to_no_blue_one() -> None:
    sun = disc((200, 120), 9, blur=0.6)
    glowing = drawn(field_below_a_sunset(), sun, (255, 252, 235))
    blue = drawn(field_below_blue(), sun, (255, 252, 235))

    assert complete_sky(glowing, NOTHING, holed(sun), beside_water=False)[sun > 0.9].min() == 1.0
    assert complete_sky(blue, NOTHING, holed(sun), beside_water=False)[sun > 0.9].max() == 0.0


def test_a_far_sun_is_no_narrow_thing_before_a_glowing_sky_as_a_white_gull_is_before_a_blue_one() -> None:
    spot = disc((200, 120), 2, blur=0.5)
    sunset, noon = (drawn(field(), spot, (255, 252, 235)) for field in (field_below_a_sunset, field_below_blue))

    assert solve_rim(sunset, known())[120, 200] > 0.95
    assert solve_rim(noon, known())[120, 200] < 0.05


def test_the_sky_on_the_other_side_of_a_tower_is_found() -> None:
    tower = known(slice(0, 300), slice(180, 210))
    pixels = drawn(field_below_blue(), tower, (90, 70, 50))

    sky = complete_sky(pixels, NOTHING, known(columns=slice(0, 180)), beside_water=False)

    assert sky[:190, 215:].mean() > 0.98
    assert sky[:, 184:206].max() == 0.0


def test_a_white_wall_below_the_sky_is_none() -> None:
    wall = known(slice(120, 200), slice(100, 300))
    pixels = drawn(field_below_blue(), wall, (245, 243, 240))

    sky = complete_sky(pixels, NOTHING, known() * (1 - wall), beside_water=False)

    assert sky[124:196, 104:296].mean() < 0.02


def test_a_lake_of_the_skys_color_is_none() -> None:
    pixels = field_below_blue(skyline=200)
    pixels[215:] = pixels[150:151, :1]

    sky = complete_sky(pixels, NOTHING, known(), beside_water=True)

    assert sky[202:].max() == 0.0


def test_a_thin_mast_is_kept_before_the_sky() -> None:
    mast = known(slice(60, 200), slice(199, 202))
    pixels = drawn(field_below_blue(), mast, (40, 40, 45))

    sky = solve_rim(pixels, known())

    assert sky[70:190, 200].max() < 0.2
    assert sky[20:180, :180].min() == 1.0


def test_gaps_between_twigs_have_the_sky_in_them() -> None:
    twigs = NOTHING.copy()
    for column in range(300, 320, 5):
        twigs[40:120, column : column + 2] = 1.0
    pixels = drawn(field_below_blue(), twigs, (30, 25, 20))
    coarse = known() - known(slice(40, 120), slice(300, 320))

    sky = solve_rim(pixels, coarse)

    gaps = (twigs == 0) & (known(slice(50, 110), slice(300, 319)) > 0)
    assert sky[gaps].mean() > 0.9
    assert sky[(twigs > 0) & (known(slice(50, 110)) > 0)].mean() < 0.15
