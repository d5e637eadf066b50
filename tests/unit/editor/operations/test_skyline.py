import numpy as np
import pytest

from retouch.editor.operations.composition.skyline import agree, tilt_of_skyline
from retouch.editor.operations.composition.tilt import Tilt

NOTHING = np.zeros((300, 400), np.float32)


def sky_above(border) -> np.ndarray:
    """A sky that ends in each column at a row."""
    return (np.arange(300)[:, None] < np.asarray(border)[None]).astype(np.float32)


def sea(degrees: float) -> np.ndarray:
    return 140 + np.tan(np.radians(degrees)) * (np.arange(400) - 200)


@pytest.mark.parametrize("degrees", [-7.0, -1.5, 0.0, 4.0])
def test_a_sea_s_horizon_gives_the_tilt(degrees):
    tilt = tilt_of_skyline(sky_above(sea(degrees)), NOTHING)

    assert tilt is not None
    assert tilt.degrees == pytest.approx(degrees, abs=0.15)
    assert tilt.lines == "level"


def test_a_chair_before_the_horizon_does_not_count():
    border, chair = sea(3.0), NOTHING.copy()
    border[230:330] = np.linspace(60, 150, 100)
    chair[50:, 225:335] = 1

    tilt = tilt_of_skyline(sky_above(border), chair)

    assert tilt is not None
    assert tilt.degrees == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize(
    "border", [140 + 30 * np.sin(np.arange(400) / 25), sea(0.0) + np.abs(np.arange(400) - 200) / 3, sea(22.0)]
)
def test_hills_a_gable_and_a_steep_roof_are_no_horizon(border):
    assert tilt_of_skyline(sky_above(border), NOTHING) is None


def test_a_sky_that_is_hidden_along_most_of_its_end_says_nothing():
    crowd = NOTHING.copy()
    crowd[100:, 80:380] = 1

    assert tilt_of_skyline(np.minimum(sky_above(sea(2.0)), 1 - crowd), crowd) is None


def test_the_horizon_outweighs_level_lines_and_upright_ones_can_contradict_it():
    horizon, chair, walls = Tilt(4.0, 0.97, "level"), Tilt(-4.5, 0.6, "level"), Tilt(-3.0, 0.8, "level and upright")

    assert agree(chair, horizon) is horizon
    assert agree(Tilt(3.2, 0.8, "upright"), horizon) is horizon
    assert agree(walls, horizon) is None
    assert agree(walls, None) is walls
    assert agree(None, horizon) is horizon
