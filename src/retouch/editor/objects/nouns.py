"""What things are called, what kind of thing they are, how big they are and where they belong."""

import functools
import re
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

__all__ = ["Noun", "Place", "all_nouns", "canonical", "kinds_of", "known_noun", "noun_of_name", "words_of"]

_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
_LINKS = frozenset({"of", "with", "in", "from", "on", "for", "at", "by", "resembles", "that", "which", "hatched"})
_ARTICLES = frozenset({"a", "an", "the", "some", "our", "your", "two", "another", "pair"})
_IRREGULAR = {
    "geese": "goose",
    "mice": "mouse",
    "men": "man",
    "women": "woman",
    "children": "child",
    "leaves": "leaf",
    "wolves": "wolf",
    "knives": "knife",
    "sheep": "sheep",
    "fish": "fish",
    "cherries": "cherry",
    "glasses": "glasses",
    "sunglasses": "sunglasses",
    "scissors": "scissors",
    "binoculars": "binoculars",
}


class Place(StrEnum):
    """Where a thing belongs."""

    GROUND = "ground"
    AIR = "air"
    WATER = "water"
    TABLE = "table"
    HEAD = "head"
    EYES = "eyes"


@dataclass(frozen=True, slots=True)
class Noun:
    """One line of the table.

    Attributes
    ----------
    name : str
        Canonical singular.
    kind : str or None
        Its hypernym.
    length_m : float or None
        Typical longest side in meters; None for what has no everyday size (the moon).
    places : tuple of Place
        Most usual first.
    synonyms : tuple of str
    """

    name: str
    kind: str | None
    length_m: float | None
    places: tuple[Place, ...]
    synonyms: tuple[str, ...]


@functools.cache
def _table() -> dict[str, Noun]:
    text = resources.files("retouch.editor.objects").joinpath("nouns.txt").read_text(encoding="utf-8")
    rows: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            cells = [cell.strip() for cell in line.split("|")]
            rows[cells[0]] = cells
    return {name: _read_row(name, rows) for name in rows}


def _read_row(name: str, rows: dict[str, list[str]]) -> Noun:
    cells = rows[name]
    source = cells
    while not source[3]:
        source = rows[source[1]]
    return Noun(
        name=name,
        kind=cells[1] or None,
        length_m=float(cells[2]) if cells[2] and float(cells[2]) > 0 else None,
        places=tuple(Place(word) for word in source[3].split()),
        synonyms=tuple(part.strip() for part in cells[4].split(",") if part.strip()) if len(cells) > 4 else (),
    )


@functools.cache
def _canonical_names() -> dict[str, str]:
    names = {name: name for name in _table()}
    for noun in _table().values():
        for synonym in noun.synonyms:
            names.setdefault(synonym, noun.name)
    return names


def all_nouns() -> tuple[Noun, ...]:
    """Return the whole table, in its order."""
    return tuple(_table().values())


def words_of(text: str) -> tuple[str, ...]:
    """Split a name into lower-case words: "A Silver Gull." is ``("a", "silver", "gull")``.

    >>> words_of("A snow-white T-shirt!")
    ('a', 'snow-white', 't-shirt')
    """
    return tuple(_WORD.findall(text.lower().replace("’", "'")))


def singular(word: str) -> str:
    """Return the singular of an English noun, as far as simple rules go; a singular stays as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _canonical_names() or len(word) < 4:
        return word
    for ending, replacement in (
        ("ies", "y"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("sses", "ss"),
        ("xes", "x"),
        ("oes", "o"),
    ):
        if word.endswith(ending):
            return word[: -len(ending)] + replacement
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def canonical(noun: str) -> str:
    """Return the table's name for a noun: synonyms and plurals resolved; an unknown noun comes back in the singular.

    >>> canonical("Birds"), canonical("seagull"), canonical("hot-air balloon")
    ('bird', 'gull', 'hot air balloon')
    """
    names = _canonical_names()
    words = [word for word in words_of(noun) if word not in _ARTICLES]
    joined = " ".join(words)
    if joined in names:
        return names[joined]
    joined = " ".join([*words[:-1], singular(words[-1])]) if words else ""
    return names.get(joined, joined)


def known_noun(noun: str) -> Noun | None:
    """Return the table's line for a noun, or None."""
    return _table().get(canonical(noun))


def noun_of_name(name: str) -> str:
    """Return what a named thing is: the longest known ending of its head phrase, or else the head word.

    "A crowned crane." is a crane, "hot air balloon" is no balloon of the party kind, "a pair of cherries" are cherries.

    >>> noun_of_name("A great blue heron."), noun_of_name("The baby of a gnu."), noun_of_name("catfish")
    ('heron', 'gnu', 'catfish')
    """
    words = list(words_of(re.split(r"[(,:—]", name)[0]))
    head = _head_words(words)
    names = _canonical_names()
    for start in range(len(head)):
        joined = canonical(" ".join(head[start:]))
        if joined in names:
            return names[joined]
    return singular(head[-1]) if head else ""


def _head_words(words: list[str]) -> list[str]:
    """The noun phrase that names the thing: before "of", unless what stands there only counts it ("a bunch of grapes")."""
    counters = {
        "pair",
        "bunch",
        "cluster",
        "head",
        "couple",
        "string",
        "baby",
        "quarter",
        "pile",
        "group",
        "slice",
        "bulb",
    }
    for position, word in enumerate(words):
        if word in _LINKS and position > 0:
            if word == "of" and words[position - 1] in counters:
                return _head_words(words[position + 1 :])
            return [each for each in words[:position] if each not in _ARTICLES]
    return [each for each in words if each not in _ARTICLES]


def kinds_of(noun: str) -> tuple[str, ...]:
    """Return the noun and all that it is a kind of, nearest first: lark, songbird, bird, animal, thing."""
    table = _table()
    chain = [canonical(noun)]
    while (entry := table.get(chain[-1])) is not None and entry.kind is not None:
        chain.append(entry.kind)
    return tuple(chain)
