import runpy
from pathlib import Path

import pytest

from retouch.editor.instructions import parse
from retouch.errors import UnsupportedInstructionError

HERE = Path(__file__).parent
TABLES = sorted(HERE.glob("sentences*.py"))
SENTENCES = [sentence for table in TABLES for sentence in runpy.run_path(str(table))["SENTENCES"]]
compact = runpy.run_path(str(HERE / "compact.py"))["compact"]


@pytest.mark.parametrize(("prompt", "image_count", "expected"), SENTENCES)
def test_a_sentence_is_understood_as_its_author_meant_it(prompt, image_count, expected):
    if not expected[0].startswith("! "):
        assert compact(parse(prompt, image_count=image_count)) == expected
        return
    with pytest.raises(UnsupportedInstructionError) as refusal:
        parse(prompt, image_count=image_count)
    assert expected[0][2:].lower() in str(refusal.value).lower()


def test_the_table_is_large_and_has_no_doubles():
    prompts = [(prompt, image_count) for prompt, image_count, _ in SENTENCES]

    assert len(prompts) >= 200
    assert len(set(prompts)) == len(prompts)
