import numpy as np
import pytest
from skimage import data

from retouch.editor.scene.landscape import Landscape
from retouch.editor.scene.places import draw_foreground
from retouch.editor.scene.regions import _is_bluer_below, find_ground, find_horizon, find_sky
from retouch.editor.scene.scene import Scene
from retouch.images.color import srgb8_to_oklab

NOTHING = np.zeros((300, 400), np.float32)


def seaside(*, horizon_row: int = 120, seed: int = 5) -> np.ndarray:
    """A blue sky that pales downwards, over rippled sand."""
    rng = np.random.default_rng(seed)
    sky = np.linspace((90, 150, 230), (190, 215, 240), horizon_row)[:, None].repeat(400, axis=1)
    sand = np.array([205, 180, 140]) + rng.normal(0, 14, (300 - horizon_row, 400, 1))
    return np.clip(np.concatenate([sky, sand]), 0, 255).astype(np.uint8)


def test_a_sky_above_sand_is_found_to_its_last_row() -> None:
    sky = find_sky(seaside(), NOTHING)

    assert sky is not None
    assert sky[:112].min() > 0.95
    assert sky[130:].max() == 0


@pytest.mark.parametrize(
    ("below", "is_sea"), [((50, 125, 195), True), ((150, 175, 205), False), ((60, 110, 50), False)]
)
def test_blue_that_is_bluer_and_darker_than_the_sky_above_it_is_a_sea(
    below: tuple[int, int, int], is_sea: bool
) -> None:
    pixels = np.full((240, 320, 3), (165, 185, 210), np.uint8)
    pixels[120:] = below

    assert _is_bluer_below(srgb8_to_oklab(pixels), np.ones((240, 320), bool), 120) is is_sea


def test_the_foreground_lies_below_the_horizon_and_never_in_the_sky() -> None:
    sky = np.zeros((100, 80), np.float32)
    sky[:50] = 1.0
    sky[50:80, :20] = 1.0

    near = draw_foreground(sky, 50.0, (100, 80))

    assert near[sky > 0].max() == 0
    assert near[70:, 20:].min() > 0.95
    assert 0 < near[55, 40] < 1


def test_a_level_skyline_is_a_sure_horizon() -> None:
    pixels = seaside(horizon_row=120)

    horizon = find_horizon(pixels, NOTHING, find_sky(pixels, NOTHING))

    assert horizon is not None
    assert horizon.row == pytest.approx(120, abs=3)
    assert horizon.confidence == 0.9


def test_the_ground_is_the_sand_and_not_the_sky() -> None:
    pixels = seaside()
    sky = find_sky(pixels, NOTHING)

    ground = find_ground(pixels, NOTHING, sky, find_horizon(pixels, NOTHING, sky))

    assert ground[150:].mean() > 0.9
    assert ground[:110].max() == 0


def test_a_tower_on_the_horizon_is_no_ground() -> None:
    pixels = seaside(horizon_row=200)
    pixels[40:200, 180:200] = pixels[230:231, 180:200]  # as sandy as the ground that it stands on
    sky = find_sky(pixels, NOTHING)

    ground = find_ground(pixels, NOTHING, sky, find_horizon(pixels, NOTHING, sky))

    assert ground[:185].max() == 0
    assert ground[230:].mean() > 0.9


def above_a_table(*, wall: tuple[int, int, int]) -> np.ndarray:
    """A plain wall, a little unevenly lit, above a table top of wood."""
    rng = np.random.default_rng(6)
    plaster = np.linspace(0.93, 1.0, 130)[:, None, None] * np.array(wall)
    wood = np.array([130, 88, 58]) + rng.normal(0, 9, (170, 1, 1))
    rows = np.concatenate([plaster, wood]).repeat(400, axis=1)
    return np.clip(rows + rng.normal(0, 1, rows.shape), 0, 255).astype(np.uint8)


UNKNOWN = Landscape(water=0.03, open_air=0.05, nature=0.05, building=0.01, household=0.1)


def test_a_pale_warm_wall_above_a_table_is_no_sky() -> None:
    assert find_sky(above_a_table(wall=(196, 190, 178)), NOTHING, landscape=UNKNOWN) is None


def test_a_gray_wall_behind_things_of_a_room_is_no_sky() -> None:
    pixels = above_a_table(wall=(190, 191, 192))
    room = Landscape(water=0.03, open_air=0.05, household=0.9)

    assert find_sky(pixels, NOTHING, landscape=room) is None
    assert find_sky(pixels, NOTHING, landscape=UNKNOWN) is not None


@pytest.mark.parametrize("landscape", [UNKNOWN, Landscape(water=0.03, open_air=0.05, household=0.9)])
def test_a_blue_sky_is_one_whatever_lies_below_it(landscape: Landscape) -> None:
    assert find_sky(seaside(), NOTHING, landscape=landscape) is not None


def test_a_pale_warm_sky_above_a_meadow_is_one() -> None:
    pixels = above_a_table(wall=(226, 221, 208))
    pixels[130:] = (pixels[130:] * np.array([0.55, 1.1, 0.6])).astype(np.uint8)

    assert find_sky(pixels, NOTHING, landscape=UNKNOWN) is not None


def test_a_strip_of_sky_is_believed_only_where_it_is_known_to_be_outdoors() -> None:
    pixels = seaside(horizon_row=24)

    assert find_sky(pixels, NOTHING, landscape=UNKNOWN) is None
    assert find_sky(pixels, NOTHING, landscape=Landscape(water=0.7, open_air=0.8)) is not None


def test_the_dark_behind_a_blossom_is_no_night_sky() -> None:
    dark = (seaside() * 0.12).astype(np.uint8)
    blossom = Landscape(water=0.02, open_air=0.04, nature=0.95)

    assert find_sky(dark, NOTHING, landscape=blossom) is None
    assert find_sky(seaside(), NOTHING, landscape=blossom) is not None


def test_a_red_dusk_is_a_sky_in_a_landscape_beyond_doubt() -> None:
    rows = np.linspace((82, 22, 66), (150, 34, 44), 150)[:, None].repeat(400, axis=1)
    pixels = np.concatenate([rows, np.full((150, 400, 3), (46, 12, 38))]).astype(np.uint8)

    assert find_sky(pixels, NOTHING, landscape=Landscape(water=0.5, open_air=0.97)) is not None
    assert find_sky(pixels, NOTHING, landscape=Landscape(water=0.5, open_air=0.7)) is None


def orange(rows: int) -> np.ndarray:
    return np.linspace((214, 142, 104), (236, 170, 98), rows)[:, None].repeat(400, axis=1)


def test_an_orange_sky_is_one_outdoors_only() -> None:
    pixels = np.concatenate([orange(150), np.full((150, 400, 3), (66, 52, 46))]).astype(np.uint8)

    assert find_sky(pixels, NOTHING, landscape=Landscape(water=0.7, open_air=0.8)) is not None
    assert find_sky(pixels, NOTHING, landscape=Landscape(0.1, 0.2, building=0.4)) is not None
    assert find_sky(pixels, NOTHING, landscape=UNKNOWN) is None


@pytest.mark.parametrize("name", ["coffee", "cat", "astronaut", "plain"])
def test_indoors_and_close_ups_have_no_sky(name: str, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue(name).sky is None


@pytest.mark.parametrize("name", ["rocket", "cameraman"])
def test_outdoors_has_a_sky_that_leaves_the_subject_out(name: str, request: pytest.FixtureRequest) -> None:
    scene = request.getfixturevalue(name)

    assert scene.sky is not None
    assert scene.sky.mean() > 0.2
    assert np.minimum(scene.sky, scene.subject.matte).max() <= 0.5


def test_the_ground_never_lies_under_the_subject(cameraman: Scene) -> None:
    assert (cameraman.ground + cameraman.subject.matte).max() <= 1.0 + 1e-6
    assert cameraman.ground[400:, 440:].mean() > 0.9  # the lawn beside the tripod


def lit_ball(*, from_right: bool, size: int = 240) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:size, :size].astype(np.float32)
    dx, dy = (x - size / 2) / (size / 3), (y - size / 2) / (size / 3)
    inside = dx**2 + dy**2 < 1
    shade = 0.25 + 0.6 * np.clip(dx if from_right else -dx, 0, 1)
    gray = np.where(inside, shade, 0.5)
    return (gray[..., None].repeat(3, axis=2) * 255).astype(np.uint8), inside.astype(np.float32)


@pytest.mark.parametrize("from_right", [True, False])
def test_light_is_told_from_the_side_that_is_lit(from_right: bool) -> None:
    from retouch.editor.scene.light import estimate_light

    light = estimate_light(*lit_ball(from_right=from_right))

    assert light.direction_x * (1 if from_right else -1) > 0.5
    assert light.direction_confidence > 0.5


def test_the_color_of_the_light_is_warm_in_a_warm_picture_and_has_mean_one() -> None:
    from retouch.editor.scene.light import estimate_light

    light = estimate_light((data.chelsea() * [1.0, 0.85, 0.6]).astype(np.uint8), np.zeros((300, 451), np.float32))

    assert light.color[0] > 1 > light.color[2]
    assert light.color.mean() == pytest.approx(1, abs=1e-5)
    assert light.direction_x == 0
    assert light.direction_confidence == 0


def test_a_face_gives_the_head(astronaut: Scene) -> None:
    head = astronaut.head

    assert head is not None
    assert head.found_by == "face"
    assert head.left < 225 < head.right
    assert head.top < 100 < 150 < head.bottom < 230


def test_without_a_face_the_knob_above_the_neck_is_the_head() -> None:
    from retouch.editor.scene.head import find_head

    y, x = np.mgrid[:400, :300]
    figure = (
        ((x - 150) ** 2 + (y - 80) ** 2 < 40**2)
        | ((abs(x - 150) < 15) & (y > 80) & (y < 150))
        | ((abs(x - 150) < 90) & (y >= 150))
    )
    matte = figure.astype(np.float32)

    head = find_head(np.full((400, 300, 3), 128, np.uint8), matte)

    assert head is not None
    assert head.found_by == "silhouette"
    assert (head.left, head.top, head.right) == pytest.approx((110, 40, 190), abs=6)
    assert 105 < head.bottom < 150
    assert head.confidence <= 0.5
