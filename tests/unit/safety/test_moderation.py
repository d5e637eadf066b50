"""What each tolerance refuses, and what the refusal says."""

import numpy as np
import pytest

from retouch.errors import ModeratedError
from retouch.safety.moderation import find_nsfw, lowest_tolerance, require_inputs_allowed
from retouch.safety.pictures import DEFAULT_TOLERANCE, THRESHOLDS
from retouch.types import EditRequest


class BrightnessCheck:
    """Scores a picture by its first pixel: 0 is innocent, 255 explicit."""

    def __init__(self) -> None:
        self.count = 0

    def score(self, pixels: np.ndarray, /) -> float:
        self.count += 1
        return float(pixels[0, 0, 0]) / 255


def picture(score: float) -> np.ndarray:
    return np.full((4, 6, 3), round(score * 255), np.uint8)


def test_the_default_is_the_requests() -> None:
    assert EditRequest(prompt="anything").safety_tolerance == DEFAULT_TOLERANCE


@pytest.mark.parametrize("tolerance", THRESHOLDS)
def test_a_score_at_the_threshold_passes_and_one_above_it_does_not(tolerance: int) -> None:
    assert lowest_tolerance(THRESHOLDS[tolerance]) == tolerance
    if tolerance < 6:
        assert lowest_tolerance(THRESHOLDS[tolerance] + 1e-6) == tolerance + 1


@pytest.mark.parametrize(
    ("score", "lowest"), [(0.0, 1), (0.19, 1), (0.3, 2), (0.6, 3), (0.9, 4), (0.96, 5), (0.99, 6), (1.0, 6)]
)
@pytest.mark.parametrize("tolerance", THRESHOLDS)
def test_inputs_pass_from_their_lowest_tolerance_on(score: float, lowest: int, tolerance: int) -> None:
    if tolerance >= lowest:
        require_inputs_allowed([picture(score)], tolerance, BrightnessCheck())
    else:
        with pytest.raises(ModeratedError) as caught:
            require_inputs_allowed([picture(score)], tolerance, BrightnessCheck())
        assert caught.value.allowed_from == lowest


def test_a_refused_input_is_named_and_the_way_out_is_said() -> None:
    with pytest.raises(ModeratedError, match=r"input picture 2 .* at least 4") as caught:
        require_inputs_allowed([picture(0), picture(0.9), picture(1)], 2, BrightnessCheck())
    assert (caught.value.index, caught.value.attempt) == (1, None)
    assert (caught.value.code, caught.value.retryable) == ("content_moderated", False)


def test_the_highest_tolerance_does_not_even_look_at_inputs() -> None:
    check = BrightnessCheck()
    require_inputs_allowed([picture(1)], 6, check)
    assert check.count == 0


@pytest.mark.parametrize(
    ("score", "tolerance", "found"),
    [(0.4, 2, False), (0.4, 6, False), (0.6, 3, True), (0.99, 6, True), (0.1, 1, False)],
)
def test_an_allowed_picture_is_explicit_when_the_default_would_refuse_it(
    score: float, tolerance: int, found: bool
) -> None:
    assert find_nsfw(picture(score), tolerance, BrightnessCheck(), attempt=0) is found


def test_a_refused_answer_is_named() -> None:
    with pytest.raises(ModeratedError, match=r"finished picture 3 .* at least 3") as caught:
        find_nsfw(picture(0.6), 2, BrightnessCheck(), attempt=2)
    assert (caught.value.index, caught.value.attempt) == (None, 2)


def test_a_transparent_answer_is_scored_on_white() -> None:
    clear = np.zeros((4, 6, 4), np.uint8)
    assert find_nsfw(clear, 6, BrightnessCheck(), attempt=0) is True  # white to this check
    solid = clear.copy()
    solid[..., 3] = 255
    assert find_nsfw(solid, 6, BrightnessCheck(), attempt=0) is False
