"""What the playground is made of: how heavy, in which words, and that the sentences it offers can be carried out."""

import json
import re

import pytest

from retouch.editor.instructions.parser import parse
from retouch.server.errors import ERROR_TABLE
from retouch.server.playground.pages import page_files

MOST_BYTES = 150_000
LANGUAGES = ("en", "de", "fr", "es", "zh")


def words(tag: str) -> dict[str, str]:
    return json.loads(page_files()[f"lang/{tag}.json"].plain)


def test_the_whole_page_weighs_less_than_150_kb_uncompressed():
    assert sum(len(file.plain) for file in page_files().values()) < MOST_BYTES


@pytest.mark.parametrize("tag", LANGUAGES[1:])
def test_every_language_has_the_same_words_with_the_same_gaps(tag):
    english, other = words("en"), words(tag)
    assert other.keys() == english.keys()
    gaps = {key: set(re.findall(r"\{\w+\}", text)) for key, text in english.items()}
    assert {key: set(re.findall(r"\{\w+\}", text)) for key, text in other.items()} == gaps


def test_the_page_asks_only_for_words_that_there_are():
    scripts = [file.plain.decode() for name, file in page_files().items() if name.endswith((".js", ".html"))]
    asked = {
        key for text in scripts for key in re.findall(r'\bt\("([\w.]+)"|data-(?:t|label|placeholder)="([\w.]+)"', text)
    }
    assert {first or second for first, second in asked} <= words("en").keys()


def test_every_error_that_has_words_is_one_that_the_server_answers():
    known = set(ERROR_TABLE) | {"other", "page", "unreachable"}
    assert {key.removeprefix("error.") for key in words("en") if key.startswith("error.")} <= known


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_sentence_that_the_page_offers_can_be_carried_out(tag):
    offered = {key: text for key, text in words(tag).items() if re.fullmatch(r"ideas\.(?!label|taken)\w+", key)}
    offered["prompt.placeholder"] = words(tag)["prompt.placeholder"]
    for key, text in offered.items():
        for sentence in text.split("\n"):
            assert parse(sentence, image_count=2 if key == "ideas.several" else 1).operations, sentence


def test_nothing_on_the_page_names_another_host():
    for name, file in page_files().items():
        found = set(re.findall(rb"https?://[\w.]+", file.plain)) - {b"http://www.w3.org"}
        assert not found, name
