"""What a noun means to the detector: everyday words, and the kinds that they stand for."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from retouch.editor.scene.nouns import is_person, noun_forms

__all__ = ["KINDS", "Meaning", "detector_meaning"]

_NO_PEOPLE: Final = frozenset({"face", "portrait", "model"})
"""Words of people that also mean something else, or less than the whole of them."""
_GENERAL_PEOPLE: Final = frozenset(
    "person people human everyone everybody crowd group someone anyone anybody adult him her them".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a noun stands for.

    Attributes
    ----------
    kinds : frozenset of str
        Any of them will do.
    exact : bool
        The detector tells all that the noun says. "Gull" says more than "bird", "woman" more than "person".
    """

    kinds: frozenset[str]
    exact: bool


def detector_meaning(noun: str) -> Meaning | None:
    """Return what a noun, singular or plural, or its last word means to the detector; None where that is nothing."""
    if noun.endswith("glasses") and not noun.startswith("wine"):
        return None
    meanings = _table().meanings
    for form in noun_forms(noun):
        if form in meanings:
            return meanings[form]
        if form in _GENERAL_PEOPLE:
            return Meaning(frozenset({"person"}), exact=True)
    if is_person(noun) and noun not in _NO_PEOPLE:
        return Meaning(frozenset({"person"}), exact=False)
    return None


@dataclass(frozen=True, slots=True)
class _Table:
    kinds: tuple[str, ...]
    meanings: dict[str, Meaning]


@cache
def _table() -> _Table:
    """Return the data file's content, read once."""
    kinds: list[str] = []
    meanings: dict[str, Meaning] = {}
    for line in _read_lines():
        if line.startswith("> "):
            words, meant = line[2:].split(" = ")
            meanings.update(dict.fromkeys(words.split(", "), Meaning(frozenset(meant.split(", ")), exact=True)))
            continue
        same, _, narrower = line.partition(" < ")
        kind, _, others = same.partition(" = ")
        kinds.append(kind)
        names = [kind, *(word for word in others.split(", ") if word)]
        meanings.update(dict.fromkeys(names, Meaning(frozenset({kind}), exact=True)))
        said = [word for word in narrower.split(", ") if word]
        meanings.update(dict.fromkeys(said, Meaning(frozenset({kind}), exact=False)))
    return _Table(tuple(kinds), meanings)


def _read_lines() -> Iterator[str]:
    text = resources.files("retouch.editor.scene").joinpath("detector_nouns.txt").read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line.strip() and not line.startswith("#"))


KINDS: Final = _table().kinds
"""COCO's kinds, in the order of the network's classes."""
