"""The model's sizes, as measured on the hosted endpoint."""

import pytest

from retouch import kontext


@pytest.mark.parametrize(
    ("ratio", "size_wh"),
    [
        ("21:9", (1568, 672)),
        ("16:9", (1392, 752)),
        ("4:3", (1184, 880)),
        ("3:2", (1248, 832)),
        ("1:1", (1024, 1024)),
        ("2:3", (832, 1248)),
        ("3:4", (880, 1184)),
        ("9:16", (752, 1392)),
        ("9:21", (672, 1568)),
    ],
)
def test_presets(ratio: str, size_wh: tuple[int, int]) -> None:
    assert kontext.preset_size_wh(ratio) == size_wh


def test_the_documented_example_snaps_to_the_documented_size() -> None:
    assert kontext.snap_size_wh(1024, 768) == (1184, 880)


@pytest.mark.parametrize("size_wh", kontext.PREFERRED_SIZES_WH)
def test_every_preferred_size_is_a_multiple_of_sixteen_and_snaps_to_itself(size_wh: tuple[int, int]) -> None:
    assert size_wh[0] % kontext.SIZE_MULTIPLE == size_wh[1] % kontext.SIZE_MULTIPLE == 0
    assert kontext.snap_size_wh(*size_wh) == size_wh


def test_extreme_ratios_snap_to_the_ends() -> None:
    assert kontext.snap_size_wh(1, 1000) == (672, 1568)
    assert kontext.snap_size_wh(1000, 1) == (1568, 672)
