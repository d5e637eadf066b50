"""A short and always equal piece of what ``python -m benchmarks.fuzz`` does for hours."""

import contextlib
import logging

import pytest
from benchmarks.fuzz.__main__ import fuzz
from benchmarks.fuzz.targets import TARGETS

from retouch.editor.instructions.parser import parse
from retouch.errors import UnsupportedInstructionError

SEED = 20
COUNTS = {"instructions": 25, "XMP in files": 150}


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_damaged_input_raises_only_what_it_may(target):
    tally = fuzz(target, seed=SEED, count=COUNTS.get(target.name, 400))
    assert tally.findings == {}
    assert 0 < tally.accepted < tally.tried  # good input is read, and some of the damaged is not


@pytest.mark.parametrize("prompt", ["a?\n", "a?\n(\n)", "?\n", "make it blue.\n\n", "a. \n, b", "\u2028?\n\x1f"])
def test_a_line_break_behind_the_end_of_a_sentence_is_no_word(prompt):
    """Found by fuzzing: an empty word, whose first part was asked for."""
    with contextlib.suppress(UnsupportedInstructionError):
        parse(prompt, image_count=1)
