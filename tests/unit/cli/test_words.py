"""What an edit did is told in the past tense, with how sure each reading is."""

import pytest

from retouch.cli.words import in_past, what_was_done
from retouch.editor.instructions import parse
from retouch.types import EditResult, Interpretation, Resolution


@pytest.mark.parametrize(
    ("description", "past"),
    [
        ("make the picture brighter", "made the picture brighter"),
        ("slightly give the sky more contrast", "slightly gave the sky more contrast"),
        ('recolor "the cup" to blue', 'recolored "the cup" to blue'),
        ("light: night, rain", "changed the light: night, rain"),
        ("loosely crop to 4:5", "loosely cropped to 4:5"),
        ("rotate by 90 degrees to the right", "rotated by 90 degrees to the right"),
        ('replace "the cup" with a bird', 'replaced "the cup" with a bird'),
    ],
)
def test_a_description_is_put_in_the_past(description: str, past: str) -> None:
    assert in_past(description) == past


def result_of(*resolutions: Resolution) -> EditResult:
    from retouch.editor.instructions.plan import as_json

    plan = parse("make the cup blue and make it pop", image_count=1)
    interpretation = Interpretation(tuple(as_json(operation) for operation in plan.operations), resolutions)
    return EditResult((), "make the cup blue", 1, "builtin", interpretation)


def test_an_unverified_reading_is_said_to_be_one() -> None:
    lines = what_was_done(result_of(Resolution("the cup", "the mug", 0.6, verified=False)))

    assert lines[0].startswith('recolored "the cup" to blue: 60 % sure, not verified')


def test_a_reading_of_no_operation_has_its_own_line() -> None:
    lines = what_was_done(result_of(Resolution("her", "the person", 0.9, verified=True)))

    assert lines[-1] == '"her" is the person: 90 % sure'


def test_a_reading_without_words_is_told_without_quotes() -> None:
    lines = what_was_done(result_of(Resolution("", "the main subject, kept", 1.0, verified=True)))

    assert lines[-1] == "the main subject, kept: 100 % sure"
