"""A policy file is read as it stands, and what is wrong in it is named by line and key."""

from pathlib import Path

import pytest

from retouch.errors import ConfigurationError
from retouch.safety.pictures import THRESHOLDS
from retouch.safety.policy import Action, SafetyPolicy
from retouch.safety.policy_file import builtin_policy, builtin_policy_text, load_policy, parse_policy

RULE = '[[prompts.rules]]\nname = "a"\nrefused_up_to = 3\n[prompts.rules.words]\nen = ["x"]\n'


def test_the_built_in_policy_is_a_file_of_the_same_form(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(builtin_policy_text(), "utf-8")
    assert load_policy(path) == builtin_policy() == load_policy(None)
    assert [rule.name for rule in builtin_policy().prompt_rules] == [
        "sexual-minors",
        "undressing",
        "sexual",
        "nudity",
        "gore",
    ]


def test_the_built_in_thresholds_are_those_that_the_library_has() -> None:
    assert builtin_policy().without_prompt_rules() == SafetyPolicy()
    assert dict(builtin_policy().inputs.thresholds) == dict(THRESHOLDS)


def test_what_is_left_out_has_its_default() -> None:
    assert parse_policy("version = 1") == SafetyPolicy()


def test_everything_can_be_said() -> None:
    policy = parse_policy(
        'version = 1\n[tolerance]\nmax = 3\n[pictures.inputs]\naction = "log"\nthresholds = [0, 0, 0.5, 0.5, 0.9, 1]\n'
        f'[prompts]\naction = "flag"\n{RULE}'
    )
    assert (policy.max_tolerance, policy.inputs.action, policy.prompt_action) == (3, Action.LOG, Action.FLAG)
    assert policy.inputs.thresholds[3] == 0.5
    assert policy.outputs == SafetyPolicy().outputs
    assert policy.prompt_rules[0].refused_up_to == 3


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "version must be 1; it is not there"),
        ("version = 2", "line 1: version must be 1; received 2"),
        ("version = 1\nvresion = 1", "line 2: There is no key vresion. Known here: version, tolerance, pictures, prompts"),
        ("version = 1\nx = \ny = 3", "is not valid TOML: .*line 2"),
        ("version = 1\n[tolerance]\nmax = 1", "line 3: tolerance.max must be a whole number from 2 to 6, since .*; received 1"),
        ("version = 1\n[tolerance]\nmax = true", "line 3: tolerance.max"),
        ("version = 1\n[tolerance.keys]\na = 9", "line 3: tolerance.keys.a must be .*; received 9"),
        ("version = 1\n[tolerance]\nkeys = 3", "line 3: tolerance.keys must be a table of key ids"),
        ('version = 1\n[pictures.inputs]\naction = "no"', "line 3: pictures.inputs.action must be .moderate. or .flag. or .log."),
        ("version = 1\n[pictures.outputs]\n\nthresholds = [1, 0.5, 1, 1, 1, 1]", "line 4: pictures.outputs.thresholds must be"),
        ("version = 1\n[pictures.outputs]\nthresholds = [0.1]", "six numbers from 0 to 1"),
        ("version = 1\n[pictures.outputs]\nthresholds = [nan, nan, nan, nan, nan, nan]", "six numbers from 0 to 1"),
        ("version = 1\npictures = 1", "line 2: pictures must be a table; received 1"),
        (f"version = 1\n{RULE}{RULE}", r"line 8: prompts.rules\[2\].name must be a name that no other rule has"),
        (f"version = 1\n{RULE}fr = 3", r"line 7: prompts.rules\[1\].words.fr must be a list of phrases"),
        (f"version = 1\n{RULE}fr = ['(a']", r"line 7: The phrase '\(a' has brackets that don't fit"),
        ("version = 1\n[[prompts.rules]]\nname = 'A B'", r"line 3: prompts.rules\[1\].name must be small letters"),
        ("version = 1\n[[prompts.rules]]\nname = 'a'\nrefused_up_to = 0", r"prompts.rules\[1\].words must be a table of"),
        ("version = 1\n[prompts]\nrules = 3", "line 3: prompts.rules must be tables"),
        ("version = 1\n[prompts.exceptions]\nen = [3]", "line 3: prompts.exceptions.en must be a list of phrases"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_line_and_key(text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        parse_policy(text, "the safety policy p.toml")


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing\.toml can't be read"):
        load_policy(tmp_path / "missing.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_policy(tmp_path / "bytes.toml")
