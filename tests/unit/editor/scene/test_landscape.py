import numpy as np
import pytest

from retouch.editor.scene.landscape import find_vegetation, find_water, is_sea_below_sky, judge_landscape
from retouch.editor.scene.regions import find_sky
from retouch.editor.scene.scene import Scene
from retouch.models import ModelStore

NOTHING = np.zeros((300, 400), np.float32)
LAKESIDE, ALP, CUP, DAISY = 975, 970, 968, 985


def scores(**classes: float) -> np.ndarray:
    windows = np.zeros((1000, 9, 9), np.float32)
    for name, value in classes.items():
        windows[{"lakeside": LAKESIDE, "alp": ALP, "cup": CUP, "daisy": DAISY}[name], 4, 4] = value
    return windows


def seascape(seed: int = 4) -> np.ndarray:
    """Sky to row 100, teal sea with level ripples to row 200, coarse sand below."""
    rng = np.random.default_rng(seed)
    sky = np.linspace((110, 170, 240), (200, 220, 240), 100)[:, None].repeat(400, axis=1)
    sea = np.array([40, 140, 160.0]) + rng.normal(0, 8, (100, 1, 1)).repeat(400, axis=1)
    sand = np.array([205, 180, 140.0]) + rng.normal(0, 25, (100, 400, 1))
    return np.clip(np.concatenate([sky, sea, sand]), 0, 255).astype(np.uint8)


def test_a_shore_shows_water_and_an_alp_only_the_open_air() -> None:
    assert judge_landscape(scores(lakeside=14)).shows_water
    assert judge_landscape(scores(alp=14)).is_open_air
    assert not judge_landscape(scores(alp=14)).shows_water
    assert not judge_landscape(scores(cup=14)).is_open_air


def test_the_sea_is_what_lies_between_sky_and_sand() -> None:
    pixels = seascape()

    water = find_water(pixels, NOTHING, find_sky(pixels, NOTHING), 100.0)

    assert water is not None
    assert water[110:190].mean() > 0.95
    assert water[:90].max() == 0
    assert water[215:].mean() < 0.02


def test_the_sea_reaches_up_to_a_subject_but_not_into_it() -> None:
    pixels, matte = seascape(), NOTHING.copy()
    pixels[60:280, 180:220] = (150, 60, 30)
    matte[60:280, 180:220] = 1

    water = find_water(pixels, matte, find_sky(pixels, matte), 100.0)

    assert water is not None
    assert water[120:190, 182:218].max() == 0
    assert water[120:190, 226:240].mean() > 0.8


def test_coarse_ground_is_no_water() -> None:
    rng = np.random.default_rng(1)
    pixels = seascape()
    pixels[100:] = np.clip(np.array([130, 135, 140]) + rng.normal(0, 30, (200, 400, 1)), 0, 255).astype(np.uint8)

    assert find_water(pixels, NOTHING, find_sky(pixels, NOTHING), 100.0) is None


def test_a_blue_band_that_meets_the_sky_in_a_level_line_is_the_sea() -> None:
    pixels = seascape()
    sky = find_sky(pixels, NOTHING)
    assert sky is not None
    water = find_water(pixels, NOTHING, sky, 100.0)
    assert water is not None

    assert is_sea_below_sky(pixels, water, sky, NOTHING)


def test_the_sea_may_be_hidden_for_a_part_by_the_subject() -> None:
    pixels, matte = seascape(), NOTHING.copy()
    pixels[60:280, 180:300] = (150, 60, 30)
    matte[60:280, 180:300] = 1
    sky = find_sky(pixels, matte)
    assert sky is not None
    water = find_water(pixels, matte, sky, 100.0)
    assert water is not None

    assert is_sea_below_sky(pixels, water, sky, matte)


def test_a_ridge_of_blue_mountains_is_no_sea() -> None:
    pixels = seascape()
    rows, cols = np.mgrid[:300, :400]
    ridge = rows > 100 + 25 * np.sin(cols / 40)
    sky, mountains = (~ridge & (rows < 130)).astype(np.float32), (ridge & (rows < 200)).astype(np.float32)

    assert not is_sea_below_sky(pixels, mountains, sky, NOTHING)


def test_a_level_field_that_is_not_blue_is_no_sea() -> None:
    pixels = seascape()
    pixels[100:200] = (130, 150, 60)
    rows = np.mgrid[:300, :400][0]
    sky, field = (rows < 100).astype(np.float32), ((rows >= 100) & (rows < 200)).astype(np.float32)

    assert not is_sea_below_sky(pixels, field, sky, NOTHING)


def test_a_pool_in_the_middle_of_a_level_meadow_does_not_meet_the_sky() -> None:
    pixels = seascape()
    rows, cols = np.mgrid[:300, :400]
    sky = (rows < 100).astype(np.float32)
    pool = ((rows >= 140) & (rows < 200) & (cols > 50) & (cols < 350)).astype(np.float32)

    assert not is_sea_below_sky(pixels, pool, sky, NOTHING)


def test_a_close_up_of_a_blossom_is_outdoors_without_being_a_landscape() -> None:
    daisy = judge_landscape(scores(daisy=14))

    assert daisy.shows_nature
    assert not daisy.is_open_air
    assert not judge_landscape(scores(cup=14)).shows_nature


@pytest.mark.parametrize("name", ["coffee", "cat", "astronaut", "plain", "cameraman"])
def test_indoors_and_on_lawns_there_is_no_water(name: str, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue(name).water is None


def lawn(hue_rgb: tuple[int, int, int], grain: float) -> np.ndarray:
    rng = np.random.default_rng(2)
    pixels = np.full((300, 400, 3), (150, 150, 160), np.float64)
    pixels[150:] = np.array(hue_rgb) * (1 + rng.normal(0, grain, (150, 400, 1)))
    return np.clip(pixels, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("green", [(70, 130, 40), (30, 70, 25), (120, 160, 60)])
def test_what_is_green_and_textured_is_vegetation(green: tuple[int, int, int]) -> None:
    found = find_vegetation(lawn(green, 0.2), None)

    assert found is not None
    assert found[165:].mean() > 0.9
    assert found[:135].max() < 0.05


def test_green_paint_and_brown_soil_are_no_vegetation() -> None:
    assert find_vegetation(lawn((70, 130, 40), 0.0), None) is None
    assert find_vegetation(lawn((130, 100, 70), 0.2), None) is None


def test_vegetation_leaves_the_subject_out() -> None:
    matte = NOTHING.copy()
    matte[180:260, 100:200] = 1

    found = find_vegetation(lawn((70, 130, 40), 0.2), matte)

    assert found is not None
    assert found[190:250, 110:190].max() == 0


@pytest.mark.parametrize("size_hw", [(1, 1), (64, 64), (20, 160), (160, 20)])
def test_tiny_and_narrow_pictures_have_neither(store: ModelStore, size_hw: tuple[int, int]) -> None:
    scene = Scene(np.full((*size_hw, 3), 120, np.uint8), store)

    assert scene.water is None
    assert scene.vegetation is None
    assert scene.faces == ()
    assert scene.sky is None


def test_a_smooth_lake_below_a_smooth_sky_is_not_the_sky() -> None:
    sky = np.linspace((80, 90, 170), (230, 190, 210), 180)[:, None].repeat(400, axis=1)
    lake = np.linspace((150, 120, 170), (70, 70, 130), 120)[:, None].repeat(400, axis=1)
    pixels = np.concatenate([sky, lake]).astype(np.uint8)

    found = find_sky(pixels, NOTHING, landscape=judge_landscape(scores(lakeside=14)))

    assert found is not None
    assert found[10:165].min() > 0.9
    assert found[200:].max() == 0


def test_a_tower_that_fills_the_picture_shows_a_building_and_one_in_a_corner_does_not() -> None:
    filled = np.zeros((1000, 9, 9), np.float32)
    filled[900] = 9.0
    corner = np.zeros((1000, 9, 9), np.float32)
    corner[900, 0, 0] = 9.0

    assert judge_landscape(filled).shows_building
    assert not judge_landscape(corner).shows_building
