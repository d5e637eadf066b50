import time

import pytest

from retouch.editor.instructions.literals import find_literals


def words(prompt):
    return [literal.text for literal in find_literals(prompt)]


@pytest.mark.parametrize(
    "quoted", ['"Hi you"', "'Hi you'", "“Hi you”", "„Hi you“", "‘Hi you’", "«Hi you»", "»Hi you«", "`Hi you`"]
)
def test_quotes_of_every_kind_mark_lettering(quoted):
    assert words(f"write {quoted} at the top") == ["Hi you"]


def test_an_apostrophe_is_no_quote():
    assert words("write the dog's and the cat's names") == ["the dog's and the cat's names"]
    assert words("make the dog's ball and the cats' toy red") == []


def test_quotes_around_a_thing_are_no_lettering():
    assert words('make the "mug" red') == []
    assert words('add "a red ball" on the left') == []


def test_a_quoted_prompt_is_read_as_if_it_were_not_quoted():
    assert words('"write hello at the top"') == ["hello"]


def test_words_without_quotes_end_before_place_style_and_the_next_instruction():
    assert words("write see you at the beach at the bottom in small white letters") == ["see you at the beach"]
    assert words("write Hello in red and then make it brighter") == ["Hello"]


def test_capitals_stand_for_themselves_only_in_a_prompt_that_has_small_letters():
    assert words("change OPEN to CLOSED") == ["OPEN", "CLOSED"]
    assert words("CHANGE THE MUG TO BLUE") == []


def test_where_a_literal_lies_leads_back_to_the_prompt():
    prompt = 'Add the title "Größe 7" now'
    literal = find_literals(prompt)[0]

    assert prompt[literal.start : literal.end] == '"Größe 7"'
    assert literal.quoted


@pytest.mark.parametrize(
    "piece", ["write ", '"', "'a ", "say x, in the ", "the word ", "change A to ", "in the very ", "really "]
)
@pytest.mark.parametrize("start", ["", "write x in "])
def test_the_longest_prompt_is_searched_in_bounded_time(start, piece):
    begin = time.perf_counter()

    find_literals(start + piece * (4000 // len(piece)))

    assert time.perf_counter() - begin < 2.0
