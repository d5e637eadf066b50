import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retouch.editor.instructions import parse
from retouch.editor.instructions.lexicon import lexicon
from retouch.editor.instructions.plan import AddObject, EditPlan, as_json
from retouch.errors import UnsupportedInstructionError


def phrases(value):
    """Yield every phrase of a plan, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "phrase":
                yield item
            yield from phrases(item)
    elif isinstance(value, list):
        for item in value:
            yield from phrases(item)


def parse_or_refuse(prompt, image_count):
    try:
        return parse(prompt, image_count=image_count)
    except UnsupportedInstructionError as error:
        return error


WORDS = sorted(word for word in lexicon().senses if " " not in word)
PROMPTS = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from([*WORDS, ",", ".", "and", "then", "the", "a", "'s", "image 2", "make", "add", "\n", "’"]),
        max_size=30,
    ).map(" ".join),
)


@settings(max_examples=400, deadline=None)
@given(prompt=PROMPTS, image_count=st.integers(1, 4))
def test_any_prompt_is_either_planned_or_refused(prompt, image_count):
    answer = parse_or_refuse(prompt, image_count)

    if isinstance(answer, EditPlan):
        assert answer.operations
        assert all(phrase in prompt for phrase in phrases(as_json(answer)))
        assert all(operation.describe() for operation in answer.operations)
    else:
        assert answer.hint
        assert len(answer.message) < 4000


ADVERSARIAL = {
    "one letter": "a" * 4000,
    "letters": "a " * 2000,
    "articles": "the " * 1000,
    "verbs": "make " * 800,
    "verb pairs": "make the add a " * 266,
    "ands": "and " * 1000,
    "commas": "," * 4000,
    "near misses": "blakk " * 660,
    "birds": "add a bird and " * 266,
    "negations": "don't " * 660,
    "hyphens": "-a" * 2000,
    "quotes": "'s" * 2000,
    "parentheses": "rgb(" * 1000,
    "numbers": "1. " * 1300,
    "adjectives": "add a " + "red " * 990,
    "sides": "add a bird " + "top left, " * 390,
    "lights": "make the cup " + "light " * 660,
    "owners": "add a hat on the " + "cat's " * 660,
    "of": "the color of " * 300,
    "natural": "and natural " * 330,
    "sentences": "Make the cup blue. " * 210,
    "unknown nouns": "add a " + "zork " * 790,
    "unicode": "ß" * 4000,
    "dotted capital i": "İ" * 4000,
    "more": "more " * 800,
    "too": "too " * 1000,
    "images": "image 2 " * 500,
    "emoji": "🦖" * 4000,
    "first words": "in front " * 440,
    "with": "this image with " * 250,
    "from": "from red " * 440,
}


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_a_long_hostile_prompt_is_answered_quickly(name):
    parse_or_refuse("warm up", 1)
    prompt = ADVERSARIAL[name][:4000]

    begin = time.process_time()
    parse_or_refuse(prompt, 2)

    assert time.process_time() - begin < 2.0, "a parser that backtracks needs minutes for these"


def test_a_refusal_names_what_is_refused_and_describes_what_would_have_worked():
    with pytest.raises(UnsupportedInstructionError) as refusal:
        parse("Make the cup blue and make her smile, please!", image_count=1)

    assert refusal.value.understood == ('recolor "the cup" to blue',)
    assert refusal.value.not_understood == ("make her smile",)
    assert "does not change expressions" in refusal.value.hint


def test_a_corrected_typing_error_is_told():
    plan = parse("make the cup blakc", image_count=1)

    assert 'took "blakc" for "black"' in plan.assumptions


def test_a_word_that_may_name_a_thing_is_not_corrected():
    (operation,) = parse("add a gnome", image_count=1).operations

    assert isinstance(operation, AddObject)
    assert operation.noun == "gnome"


def test_two_pictures_cannot_both_be_edited():
    with pytest.raises(UnsupportedInstructionError, match="picture 1"):
        parse("make the cup in image 1 red and the cup in image 2 blue", image_count=2)


def test_a_plan_becomes_json():
    body = as_json(parse("add a red bird in the sky", image_count=1))

    assert body["operations"][0]["operation"] == "AddObject"
    assert body["operations"][0]["placement"]["relation"] == "sky"


def test_a_word_of_praise_alone_is_refused():
    with pytest.raises(UnsupportedInstructionError):
        parse("AMAZIG", image_count=1)
