import re

import pytest

from retouch.accounts.secret import digest_of, hint_of, is_well_formed, make_secret


def test_a_secret_has_256_random_bits_and_a_checksum():
    made = {make_secret() for _ in range(200)}
    assert len(made) == 200
    for secret in made:
        assert re.fullmatch(r"rt_[0-9A-Za-z]{49}", secret)
        assert is_well_formed(secret)


@pytest.mark.parametrize("position", [3, 20, 45, 51])
def test_one_wrong_character_is_found_without_any_lookup(position):
    secret = make_secret()
    other = "A" if secret[position] != "A" else "B"
    assert not is_well_formed(secret[:position] + other + secret[position + 1 :])


@pytest.mark.parametrize("text", ["", "rt_", "rt_short", "sk-" + "a" * 49, "rt_" + "é" * 49])
def test_other_texts_are_no_secrets(text):
    assert not is_well_formed(text)


def test_a_secret_with_something_behind_it_is_none():
    assert not is_well_formed(make_secret() + "\n")


def test_what_is_shown_and_kept_of_a_secret_is_not_the_secret():
    secret = make_secret()
    assert hint_of(secret) == secret[:7]
    assert re.fullmatch(r"[0-9a-f]{64}", digest_of(secret))
    assert digest_of("half a surrogate: \udc80") != digest_of("half a surrogate: ")
