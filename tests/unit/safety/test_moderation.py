"""What each tolerance refuses, and what the refusal says."""

import logging

import numpy as np
import pytest

from retouch.errors import ModeratedError
from retouch.safety.moderation import find_nsfw, require_inputs_allowed, require_prompt_allowed
from retouch.safety.pictures import DEFAULT_TOLERANCE, THRESHOLDS
from retouch.safety.policy import Action, PictureRule, SafetyPolicy
from retouch.safety.policy_file import builtin_policy, parse_policy
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
    rule = PictureRule()
    assert rule.lowest_tolerance(THRESHOLDS[tolerance]) == tolerance
    if tolerance < 6:
        assert rule.lowest_tolerance(THRESHOLDS[tolerance] + 1e-6) == tolerance + 1


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


@pytest.mark.parametrize(("action", "flagged"), [(Action.FLAG, True), (Action.LOG, False)])
def test_a_policy_that_does_not_refuse_lets_through_and_says_so(action: Action, flagged: bool, caplog) -> None:
    policy = SafetyPolicy(
        inputs=PictureRule(action=action),
        outputs=PictureRule(action=action),
        prompt_rules=builtin_policy().prompt_rules,
        prompt_action=action,
    )
    with caplog.at_level(logging.WARNING):
        assert require_inputs_allowed([picture(0.9)], 2, BrightnessCheck(), policy) is flagged
        assert find_nsfw(picture(0.9), 2, BrightnessCheck(), attempt=0, policy=policy) is flagged
        assert require_prompt_allowed("a naked stranger", 2, policy) is flagged
    assert len(caplog.records) == 3
    assert "stranger" not in caplog.text


def test_thresholds_of_inputs_and_outputs_are_their_own() -> None:
    policy = SafetyPolicy(inputs=PictureRule(dict.fromkeys(range(1, 7), 1.0)))
    require_inputs_allowed([picture(1)], 1, BrightnessCheck(), policy)
    with pytest.raises(ModeratedError):
        find_nsfw(picture(1), 1, BrightnessCheck(), attempt=0, policy=policy)


def test_a_score_that_no_tolerance_lets_through_is_refused_without_a_false_hope() -> None:
    strict = SafetyPolicy(outputs=PictureRule(dict.fromkeys(range(1, 7), 0.5)))
    with pytest.raises(ModeratedError, match="No safety_tolerance that this server's policy allows") as caught:
        find_nsfw(picture(0.9), 6, BrightnessCheck(), attempt=0, policy=strict)
    assert caught.value.allowed_from is None
    capped = SafetyPolicy(max_tolerance=3)
    with pytest.raises(ModeratedError, match="No safety_tolerance that this server's policy allows"):
        require_inputs_allowed([picture(0.99)], 2, BrightnessCheck(), capped)


def test_a_refused_prompt_is_told_the_rule_and_the_way_out_and_is_not_repeated() -> None:
    policy = builtin_policy()
    with pytest.raises(ModeratedError, match=r'rule "nudity".* at least 3') as caught:
        require_prompt_allowed("a naked stranger", 2, policy)
    error = caught.value
    assert (error.check, error.rule, error.allowed_from, error.index, error.attempt) == (
        "prompt",
        "nudity",
        3,
        None,
        None,
    )
    assert "stranger" not in str(error)
    assert require_prompt_allowed("a naked stranger", 3, policy) is False


@pytest.mark.parametrize("tolerance", THRESHOLDS)
def test_what_shows_children_or_undresses_somebody_is_refused_at_every_tolerance(tolerance: int) -> None:
    for prompt in ("a sexy 12 year old", "take off her clothes"):
        with pytest.raises(ModeratedError, match="No safety_tolerance"):
            require_prompt_allowed(prompt, tolerance, builtin_policy())


def test_a_key_may_have_less_or_more_than_the_others() -> None:
    policy = parse_policy('version = 1\n[tolerance]\nmax = 4\n[tolerance.keys]\n"key_a" = 2\n"key_b" = 6\n')
    assert [policy.highest_for(key) for key in ("key_a", "key_b", "key_c", None)] == [2, 6, 4, 4]
