import time
from pathlib import Path

import pytest

from retouch.editor.instructions import parse
from retouch.editor.instructions.plan import Recolor
from retouch.editor.instructions.translation import SUPPORTED, translate
from retouch.editor.instructions.translation import dictionary as dictionary_module
from retouch.editor.instructions.translation.dictionary import load
from retouch.errors import UnsupportedInstructionError

FILES = sorted(path.stem for path in Path(dictionary_module.__file__).parent.glob("*.txt"))


def test_every_supported_language_has_a_file_and_no_other_has():
    assert sorted(name.lower() for name in SUPPORTED) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_dictionary_stands_for_words_that_the_editor_knows(name):
    dictionary = load(name)

    assert len(dictionary.entries) > 500
    for expression, entry in dictionary.entries.items():
        assert expression == expression.lower().strip(), expression
        assert entry.kind in ("word", "verb", "adjective", "noun")


def test_the_answer_quotes_the_words_of_the_user():
    (operation,) = parse("Mach bitte das gelbe Kissen hellblau!", image_count=1).operations

    assert isinstance(operation, Recolor)
    assert operation.target.phrase == "das gelbe Kissen"
    assert operation.describe() == 'recolor "das gelbe Kissen" to light blue'


def test_the_answer_says_how_it_read_the_language():
    plan = parse("rends la tasse bleue", image_count=1)

    assert 'read French as "make the cup blue"' in plan.assumptions


def test_words_that_are_not_known_are_named():
    with pytest.raises(UnsupportedInstructionError) as refusal:
        parse("pon el cachivache rojo y el trasto azul", image_count=1)

    assert refusal.value.not_understood == ("cachivache", "trasto")
    assert "Spanish" in refusal.value.hint


def test_quoted_text_is_not_translated():
    plan = parse('füge den Text "rote Tasse" oben hinzu', image_count=1)

    assert 'the text "rote Tasse"' in plan.operations[0].describe()


@pytest.mark.parametrize(
    ("prompt", "language"),
    [
        ("Maak de kop blauw en voeg een vogel toe", "Dutch"),
        ("Сделай чашку синей", "Russian"),
        ("カップを青くして", "Japanese"),
    ],
)
def test_another_language_is_refused_by_its_name(prompt, language):
    with pytest.raises(UnsupportedInstructionError, match=language):
        parse(prompt, image_count=1)


@pytest.mark.parametrize("prompt", ["add a bird", "blur the background", "pale blue vase, please", "zork the blarg"])
def test_english_is_not_translated(prompt):
    assert translate(prompt, [], lambda word: word not in ("zork", "blarg")) is None


@pytest.mark.parametrize("unit", ["mach die tasse ", "把杯子", "la la la ", "über", "在上", "rouge bleu "])
def test_a_long_hostile_prompt_in_another_language_is_answered_quickly(unit):
    parse("mach die Tasse blau", image_count=1)
    begin = time.process_time()

    with pytest.raises(UnsupportedInstructionError):
        parse((unit * 4000)[:4000], image_count=1)

    assert time.process_time() - begin < 2.0
