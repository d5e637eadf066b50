import re

import pytest

from retouch.editor.instructions import parse
from retouch.editor.instructions.clauses import split_clauses
from retouch.editor.instructions.context import Context
from retouch.editor.instructions.corrections import take_back
from retouch.editor.instructions.plan import AdjustLook
from retouch.editor.instructions.refusals.examples import EXAMPLES
from retouch.editor.instructions.rewording.patterns import fit, load_rules, read_rules
from retouch.editor.instructions.tokens import read
from retouch.errors import UnsupportedInstructionError

FILLINGS = {
    "x": "the cup",
    "y": "warmer",
    "c": "red",
    "d": "blue",
    "l": "warmer",
    "t": "sunset",
    "s": "on the left",
    "q": "",
    "r": "4:5",
    "m": "bluer",
}
RULES = [(name, rule) for name in ("turns", "goals") for rule in load_rules(name)]
SAID = sorted(
    {
        (name, ". ".join(" ".join(instruction) for instruction in rule.instructions))
        for name, rule in RULES
        if rule.instructions != (("{x}",),)
    }
)
UNUSUAL = {
    "replace {x} with {y}": "a vase",
    "replace the sky with {y}": "a sunset",
    "replace the sky with a {y} sky": "sunset",
    "remove the {x} on {y}": "the table",
}


SPECIAL = {
    "put snow on {x}": {"x": "the roof"},
    "reduce {x} by {z}": {"x": "the contrast", "z": "20 percent"},
    "increase {x} by {z}": {"x": "the contrast", "z": "20 percent"},
    "reduce the {x} slightly": {"x": "contrast"},
    "increase the {x} slightly": {"x": "contrast"},
    "pixelate the {q} {x} {s}": {"x": "face"},
    "pixelate the {x} {s}": {"x": "face"},
    "add a small {x} on {y}": {"x": "boat", "y": "the sea"},
    "make the {c} {q} {d}": {"q": "shirt"},
    "make {x} 's {q} {c}": {"q": "eyes"},
}


@pytest.mark.parametrize(("table", "said"), SAID)
def test_the_instructions_of_a_rule_can_be_carried_out(table, said):
    fillings = FILLINGS | ({"y": UNUSUAL[said]} if said in UNUSUAL else {})
    if said.startswith(("remove the {x}", "keep")):
        fillings["x"] = "cup"
    fillings |= SPECIAL.get(said, {})
    prompt = re.sub(r"\{(\w)\}", lambda gap: fillings[gap[1]], said)

    assert parse(f"{prompt}. Blur the background", image_count=1).operations


@pytest.mark.parametrize("reason", EXAMPLES)
def test_the_examples_of_a_refusal_can_be_carried_out(reason):
    for sentence in EXAMPLES[reason]:
        plan = parse(f"{sentence}. Blur the background", image_count=1)
        assert plan.operations


REFUSED = [
    "declutter the kitchen counter",
    "make the picture more zorky",
    "get rid of the bags under his eyes",
    "make him smile and look to the left",
    "put us on a beach instead of in the living room",
    "make it bigger 2000px",
    "can you turn it the right way round",
    "blur the other kids faces in the back",
    "make the water reflect the mountain",
    "add some steam coming off the coffee",
    "turn her head to the camera",
]


@pytest.mark.parametrize("prompt", REFUSED)
def test_a_refusal_shows_sentences_that_can_be_carried_out(prompt):
    with pytest.raises(UnsupportedInstructionError) as refusal:
        parse(prompt, image_count=1)

    shown = re.search(r"(?:this works: |such as )(\".*?\")\.(?: |$)", refusal.value.hint)
    assert shown is not None, refusal.value.hint
    for sentence in shown[1][1:-1].split('", "'):
        assert parse(sentence, image_count=1).operations


def test_a_refusal_names_the_words_that_it_does_not_know():
    with pytest.raises(UnsupportedInstructionError) as refusal:
        parse("zorkify the picture and make it warmer", image_count=1)

    assert 'It does not know "zorkify".' in refusal.value.hint
    assert refusal.value.understood == ("make the picture warmer",)


def test_the_answer_says_what_a_turn_of_speech_was_read_as():
    plan = parse("her face is in shadow", image_count=1)

    assert 'read "her face is in shadow" as "brighten her face"' in plan.assumptions


@pytest.mark.parametrize(("prompt", "strength"), [("make it cozy", 1.0), ("a bit cozier", 0.6), ("super cozy", 1.5)])
def test_a_degree_scales_the_recipe_of_a_goal(prompt, strength):
    first = parse(prompt, image_count=1).operations[0]

    assert isinstance(first, AdjustLook)
    assert first.strength == strength


@pytest.mark.parametrize(
    ("prompt", "left"),
    [
        ("make the mug red, no wait, make it green", ["make the mug green"]),
        ("make the mug red, no wait, green", ["make the mug green"]),
        ("crop it, no sorry, blur the background", ["blur the background"]),
        ("make it warmer, then wait for the sun", ["make it warmer", "wait for the sun"]),
    ],
)
def test_a_second_thought_takes_back_the_instruction_before_it(prompt, left):
    clauses = take_back(split_clauses(read(prompt)[0]), Context(prompt, 1))

    assert [" ".join(token.word for token in clause) for clause in clauses] == left


def test_a_pattern_fits_words_with_gaps_and_parts_that_may_be_missing():
    (rule,) = read_rules("@is = is looks\n{x} @is very? dark/dim {s:side}? => brighten {x}")

    def fills(kind, begin, end):
        return end - begin == 2

    assert fit(rule.pattern, ["her", "face", "looks", "dim"], fills) == {"x": (0, 2)}
    assert fit(rule.pattern, ["it", "is", "very", "dark", "far", "left"], fills) == {"x": (0, 1), "s": (4, 6)}
    assert fit(rule.pattern, ["her", "face", "looks", "bright"], fills) is None


def test_a_line_without_an_arrow_is_no_rule():
    with pytest.raises(ValueError, match="neither a class nor a rule"):
        read_rules("make it so")
