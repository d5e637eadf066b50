"""A short and always equal piece of what ``python -m benchmarks.fuzz`` does for hours."""

import logging

import pytest
from benchmarks.fuzz.__main__ import fuzz
from benchmarks.fuzz.targets import TARGETS

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
